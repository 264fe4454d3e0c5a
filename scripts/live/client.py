"""Client: the integration's own, with each response kept as it came."""

from collections.abc import Mapping
from datetime import datetime
import ssl
from types import SimpleNamespace
from typing import override

import aiohttp
from yarl import URL

from custom_components.directcall import api
from custom_components.directcall.api.forms import pair_form
from custom_components.directcall.api.models import ZONE
from custom_components.directcall.api.recordings import Page
from custom_components.directcall.api.responses import ApiResponse
from custom_components.directcall.api.transport import Transport

from .report import Report, shown_head


class _LiveTransport(Transport):
    def __init__(
        self, sessions: api.Sessions, url: URL, client_secret: str, report: Report
    ) -> None:
        super().__init__(sessions, url, client_secret)
        self._report = report

    @override
    async def send(
        self,
        session: aiohttp.ClientSession,
        method: str,
        endpoint: str,
        fields: Mapping[str, str],
        seconds: float,
        audio: bytes | None = None,
    ) -> ApiResponse:
        """Send a request once, and keep the response."""
        with self._report.exchange(f"{method} {endpoint}") as exchange:
            exchange.fields = {}
            response = await super().send(session, method, endpoint, fields, seconds, audio)
            exchange.fields = response.fields
        if isinstance(token := response.fields.get("access_token"), str):
            self._report.masker.hide(token, *token.split("."))
        return response


class LiveClient(api.DirectcallClient):
    """The integration's client, and requests that the integration does not send."""

    def __init__(
        self, sessions: api.Sessions, url: URL, client_id: str, client_secret: str, report: Report
    ) -> None:
        """Use sessions, which have to be closed, for an account."""
        super().__init__(sessions, url, client_id, client_secret)
        self._report = report
        self._transport = _LiveTransport(sessions, url, client_secret, report)

    async def try_token(self, token: api.Token, pair: api.NumberPair) -> ApiResponse:
        """Poll a call with this token. Raise DirectcallError unless there is a call."""
        return await self._ask(token, "GET", "voz/status", pair_form(pair))

    async def list_first_page(self, query: api.RecordingQuery) -> Page:
        """Return the first page of a list of recordings. Raise what `list_recordings` raises."""
        return await self.auth.execute(lambda token: self._list_page(token, query, 1))

    async def list_calls(self, start: datetime, end: datetime) -> ApiResponse:
        """Return a list of calls. Raise what `list_recordings` raises."""
        form = {
            "dataInicial": f"{start.astimezone(ZONE):%Y%m%d%H%M%S}",
            "dataFinal": f"{end.astimezone(ZONE):%Y%m%d%H%M%S}",
            # Not `format`, as elsewhere (provider's documentation).
            "formato": "JSON",
        }
        return await self.auth.execute(lambda token: self._ask(token, "POST", "extrato/list", form))

    async def media_type(self, recording: api.Recording, byte_range: api.ByteRange | None) -> str:
        """Return the media type of a recording. Raise what `open_recording` raises."""
        with self._report.exchange("GET a recording"):
            async with await self.open_recording(recording, byte_range, "unknown") as audio:
                return audio.media_type


async def open_sessions(report: Report) -> api.Sessions:
    """Return sessions that add the head of each response to a report."""

    async def add_head(
        _: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams
    ) -> None:
        report.exchanges[-1].heads.append(shown_head(end.response.status, end.response.headers))

    tracing = aiohttp.TraceConfig()
    tracing.on_request_end.append(add_head)
    tracing.freeze()
    sessions = api.Sessions.open(ssl.create_default_context())
    for session in (sessions.priority, sessions.background):
        session.trace_configs.append(tracing)
    return sessions
