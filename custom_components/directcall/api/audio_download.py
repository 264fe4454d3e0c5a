"""Audio download: the audio of a recording, fetched from the provider's own hosts alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from http import HTTPStatus
import re
from typing import Final
import zlib

import aiohttp
from aiohttp import hdrs
from yarl import URL

from .audio_stream import GZIP_OR_ZLIB, AudioStream, cut_part
from .byte_range import ByteRange
from .exceptions import (
    DirectcallConnectionFailedError,
    DirectcallError,
    DirectcallLinkRefusedError,
    DirectcallRecordingGoneError,
)
from .media_types import DEFAULT_TYPE, MOST_FIRST_BYTES, read_media_type, recognize_media_type
from .transport import CONNECT_TIMEOUT, map_errors, parse_link

# The provider's domains (provider's documentation). A link in a response must not lead anywhere
# else, least of all into the local network.
_DOMAINS: Final = ("directcallsoft.com", "directcall.com.br", "directdial.com.br")
# Resolvers may read any other character in a host's name as something else.
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?:{_LABEL}\.)*(?:{'|'.join(map(re.escape, _DOMAINS))})")
# Seconds without a byte, or without a complete response, after which the provider is stuck.
STUCK: Final = 240
TIMEOUT: Final = aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT, sock_read=STUCK)
_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = {
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
}
_TRY_AGAIN: Final = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
# The requests do not ask for these.
_PACKED: Final = {"deflate", "gzip", "x-gzip"}
_ENCODINGS: Final = {"", "identity", *_PACKED}
_PART: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/(?:[0-9]{1,18}|\*)")
_NO_PART: Final = re.compile(r"bytes \*/[0-9]{1,18}")


async def open_audio(
    session: aiohttp.ClientSession,
    api_url: URL,
    link: URL,
    byte_range: ByteRange | None,
    default_type: str = DEFAULT_TYPE,
) -> AudioStream:
    """Return the audio behind a link to the provider's hosts or the API's own."""
    async with deadline():
        response = await _follow(session, api_url, link, byte_range)
    return _as_audio(response, byte_range, default_type)


async def probe_audio(session: aiohttp.ClientSession, api_url: URL, link: URL) -> str:
    """Return the media type of the audio behind a link, by its first bytes if necessary."""
    byte_range = ByteRange(0, MOST_FIRST_BYTES - 1)
    async with deadline():
        response = await _follow(session, api_url, link, byte_range)
        async with _as_audio(response, byte_range, "") as audio:
            if audio.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                error = "the audio is empty"
                raise DirectcallRecordingGoneError(error)
            return audio.media_type or recognize_media_type(await _first_bytes(audio))


@asynccontextmanager
async def deadline() -> AsyncIterator[None]:
    """Raise DirectcallConnectionFailedError if the provider takes too long."""
    try:
        async with asyncio.timeout(STUCK):
            yield
    except TimeoutError:
        error = "the provider takes too long"
        raise DirectcallConnectionFailedError(error) from None


async def _first_bytes(audio: AudioStream) -> bytes:
    unpacker = zlib.decompressobj(GZIP_OR_ZLIB) if audio.is_packed else None
    first = b""
    async with aclosing(audio.chunks()) as chunks:
        async for chunk in chunks:
            try:
                first += unpacker.decompress(chunk, MOST_FIRST_BYTES) if unpacker else chunk
            except zlib.error:
                error = "the audio cannot be unpacked"
                raise DirectcallConnectionFailedError(error) from None
            if len(first) >= MOST_FIRST_BYTES:
                break
    return first


async def _follow(
    session: aiohttp.ClientSession, api_url: URL, link: URL, byte_range: ByteRange | None
) -> aiohttp.ClientResponse:
    target: URL | None = link
    for _ in range(_MOST_REDIRECTS + 1):
        if target is None or not _is_allowed(target, api_url):
            error = "a recording's link leads elsewhere"
            raise DirectcallLinkRefusedError(error)
        response = await _request(session, target, byte_range)
        location = response.headers.get(hdrs.LOCATION)
        if response.status not in _REDIRECTS or location is None:
            return response
        response.close()
        target = parse_link(location, target)
    error = "a recording's link leads around in circles"
    raise DirectcallLinkRefusedError(error)


def _is_allowed(link: URL, api_url: URL) -> bool:
    if link.scheme not in {"http", "https"} or link.user or link.password:
        return False
    if (link.raw_host, link.port) == (api_url.raw_host, api_url.port):
        return True
    return _HOST.fullmatch(link.raw_host or "") is not None


async def _request(
    session: aiohttp.ClientSession, link: URL, byte_range: ByteRange | None
) -> aiohttp.ClientResponse:
    if session.closed:
        error = "the session is closed"
        raise DirectcallConnectionFailedError(error)
    try:
        return await session.get(
            link,
            headers={hdrs.RANGE: byte_range.header} if byte_range else None,
            allow_redirects=False,
            timeout=TIMEOUT,
            middlewares=[map_errors],
        )
    except DirectcallError as err:
        failure = str(err)
    except (aiohttp.ClientError, ValueError, OSError) as err:
        failure = type(err).__name__
    # Raised here, because the error of aiohttp may quote the link and must not be the context.
    raise DirectcallConnectionFailedError(failure)


def _as_audio(
    response: aiohttp.ClientResponse, byte_range: ByteRange | None, default_type: str
) -> AudioStream:
    try:
        return _read_head(response, byte_range, default_type)
    except DirectcallError:
        response.close()
        raise


def _read_head(
    response: aiohttp.ClientResponse, byte_range: ByteRange | None, default_type: str
) -> AudioStream:
    status, source = response.status, _Download(response)
    what = f"HTTP {status}"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TRY_AGAIN:
        raise DirectcallConnectionFailedError(what)
    content_range = response.headers.get(hdrs.CONTENT_RANGE, "")
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        end = content_range if _NO_PART.fullmatch(content_range) else None
        return AudioStream(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, DEFAULT_TYPE, 0, end, source)
    media_type = read_media_type(response.headers.get(hdrs.CONTENT_TYPE, ""), default_type)
    encoding = response.headers.get(hdrs.CONTENT_ENCODING, "").strip().lower()
    if (
        status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}
        or media_type is None
        or encoding not in _ENCODINGS
    ):
        # An error page with the status 200 is no audio either.
        raise DirectcallRecordingGoneError(what)
    is_packed = encoding in _PACKED
    length = None if is_packed else response.content_length
    if status == HTTPStatus.PARTIAL_CONTENT:
        part = _PART.fullmatch(content_range)
        size = int(part[2]) - int(part[1]) + 1 if part else 0
        if byte_range is None or size < 1 or length not in {None, size}:
            raise DirectcallConnectionFailedError(what)
        length = None if is_packed else size
        return AudioStream(
            HTTPStatus.PARTIAL_CONTENT, media_type, length, content_range, source, 0, is_packed
        )
    if length is None:
        return AudioStream(HTTPStatus.OK, media_type, None, None, source, 0, is_packed)
    return cut_part(source, media_type, length, byte_range)


class _Download:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def read(self) -> bytes:
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, TimeoutError, OSError) as err:
            failure = DirectcallConnectionFailedError(type(err).__name__)
        # Raised here, so that the error of aiohttp is not the context.
        raise failure

    async def close(self) -> None:
        self._response.close()
