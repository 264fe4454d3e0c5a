"""A client that keeps what the provider answers, as it came."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
import ssl
from types import SimpleNamespace
from typing import Final, override

import aiohttp
from aiohttp import hdrs
from yarl import URL

from custom_components.directcall.api import (
    ByteRange,
    DirectcallClient,
    DirectcallError,
    Recording,
    RecordingQuery,
    Sessions,
    Token,
)
from custom_components.directcall.api.models import ZONE
from custom_components.directcall.api.recordings import Page
from custom_components.directcall.api.responses import ApiResponse
from custom_components.directcall.api.transport import Transport


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the body of an answer."""

    status: int
    headers: Mapping[str, str] = field(repr=False)


@dataclass(slots=True)
class Exchange:
    """A request, and what came of it."""

    request: str
    """Method and endpoint, without any field."""
    heads: list[Head] = field(default_factory=list)
    """One, or none where no answer came; several where redirects were followed."""
    fields: Mapping[str, object] = field(default_factory=dict, repr=False)
    """The JSON object that was answered, empty where there was none."""
    is_json_due: bool = True
    failure: str = ""
    """Why there was no answer, by the name of an error."""
    reading: str = ""
    """What the integration takes the answer for."""


class Listener:
    """Keeps each exchange. One request at a time, so that each answer is that of the last one."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.exchanges: Final[list[Exchange]] = []
        self._tracing = aiohttp.TraceConfig()
        self._tracing.on_request_end.append(self._note)

    async def open_sessions(self) -> Sessions:
        """Return sessions that are listened to. They have to be closed."""
        sessions = Sessions.open(ssl.create_default_context())
        self._tracing.freeze()
        for session in (sessions.priority, sessions.background):
            session.trace_configs.append(self._tracing)
        return sessions

    @contextmanager
    def exchange(self, request: str) -> Iterator[Exchange]:
        """Keep what comes of a request."""
        exchange = Exchange(request)
        self.exchanges.append(exchange)
        try:
            yield exchange
        except DirectcallError as err:
            exchange.failure = f"{type(err).__name__}, {err}"
            raise

    async def _note(
        self, _: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams
    ) -> None:
        """Keep the head of an answer."""
        self.exchanges[-1].heads.append(Head(end.response.status, end.response.headers))


class _ListeningTransport(Transport):
    """The way to the provider, listened to."""

    def __init__(
        self, sessions: Sessions, url: URL, client_secret: str, listener: Listener
    ) -> None:
        """Use the sessions of a listener."""
        super().__init__(sessions, url, client_secret)
        self._listener = listener

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
        """Send a request once, and keep the answer."""
        with self._listener.exchange(f"{method} {endpoint}") as exchange:
            answer = await super().send(session, method, endpoint, fields, seconds, audio)
            exchange.fields = answer.fields
        return answer


class ListeningClient(DirectcallClient):
    """The integration's own client, so that what is asked is what the integration asks."""

    def __init__(
        self,
        sessions: Sessions,
        url: URL,
        client_id: str,
        client_secret: str,
        listener: Listener,
    ) -> None:
        """Use the sessions of a listener for an account."""
        super().__init__(sessions, url, client_id, client_secret)
        self._listener = listener
        self._transport = _ListeningTransport(sessions, url, client_secret, listener)

    async def list_first_page(self, token: Token, query: RecordingQuery) -> Page:
        """Return the first page of a list of recordings. Raise what `list_recordings` raises."""
        return await self._list_page(token, query, 1)

    async def list_calls(self, token: Token, start: datetime, end: datetime) -> ApiResponse:
        """Return a list of calls. Raise what `list_recordings` raises."""
        form = {
            "access_token": token.value,
            "dataInicial": f"{start.astimezone(ZONE):%Y%m%d%H%M%S}",
            "dataFinal": f"{end.astimezone(ZONE):%Y%m%d%H%M%S}",
            # Here, it is not `format` (provider's documentation).
            "formato": "JSON",
        }
        return await self._ask("POST", "extrato/list", form)

    async def read_beginning(self, recording: Recording, byte_range: ByteRange | None) -> bytes:
        """Return the first bytes of a recording. Raise what `open_recording` raises."""
        with self._listener.exchange("GET a recording") as exchange:
            exchange.is_json_due = False
            async with await self.open_recording(recording, byte_range) as audio:
                return await anext(audio.chunks(), b"")


def media_type(head: Head) -> str:
    """Return what an answer says it is."""
    return head.headers.get(hdrs.CONTENT_TYPE, "")
