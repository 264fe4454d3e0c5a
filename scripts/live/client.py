"""Client: requests as the questions have them, through the integration's sessions."""

from collections.abc import Mapping
import re
import ssl
from types import SimpleNamespace
from typing import Final

import aiohttp
from yarl import URL

from custom_components.directcall import api
from custom_components.directcall.api.audio_download import open_audio
from custom_components.directcall.api.responses import ApiResponse, decode_body, read_json
from custom_components.directcall.api.transport import map_errors

from .masking import shown_host, shown_media_type
from .report import Exchange, Report

# The report contains the names of these headers only, without their values.
_HEADERS: Final = ("Accept-Ranges", "Retry-After", "Set-Cookie", "WWW-Authenticate")
_ROOT_ELEMENT: Final = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<([a-z]{1,20}[1-6]?)\b")
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30, connect=5)


async def open_sessions(report: Report) -> api.Sessions:
    """Return sessions that add the head of each response to a report."""

    async def add_head(
        _: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams
    ) -> None:
        headers = end.response.headers
        media_type = shown_media_type(headers.get("Content-Type", ""))
        parts = [f"HTTP {end.response.status}", media_type]
        parts += [f"has `{name}`" for name in _HEADERS if name in headers]
        if any("ratelimit" in name.lower() for name in headers):
            parts.append("has a rate limit")
        if location := headers.get("Location"):
            parts.append(f"redirects: {shown_host(location)}")
        report.exchanges[-1].heads.append(", ".join(parts))

    tracing = aiohttp.TraceConfig()
    tracing.on_request_end.append(add_head)
    tracing.freeze()
    sessions = api.Sessions.open(ssl.create_default_context())
    sessions.background.trace_configs.append(tracing)
    return sessions


async def send(
    session: aiohttp.ClientSession, url: URL, fields: Mapping[str, str], exchange: Exchange
) -> ApiResponse:
    """Send a request once. Raise DirectcallError if no response comes."""
    method, endpoint, *_ = exchange.request.split()
    query, form = (None, fields) if method == "POST" else (fields, None)
    try:
        async with session.request(
            *(method, url / endpoint),
            params=query,
            data=form,
            allow_redirects=False,
            timeout=_TIMEOUT,
            middlewares=[map_errors],
        ) as response:
            body = await response.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as err:
        raise api.DirectcallOutcomeUnknownError(type(err).__name__) from None
    root = _ROOT_ELEMENT.match(decode_body(body))
    kind = f"an element `{root[1]}`" if root else "neither JSON nor XML"
    if isinstance(value := read_json(body), dict | list):
        exchange.body, kind = value, "JSON"
    exchange.heads[-1] += f", {kind}"
    return ApiResponse.read(response.status, body, [])


async def open_recording(session: aiohttp.ClientSession, url: URL, link: str, part: str) -> str:
    """Return the media type of a recording, of which nothing is kept."""
    byte_range = api.ByteRange(0, 99) if part else None
    async with await open_audio(session, url, URL(link), byte_range, "unknown") as audio:
        return audio.media_type
