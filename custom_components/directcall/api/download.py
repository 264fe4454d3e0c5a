"""Fetching the audio of a recording: from where it may come, and as what it is handed on."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
import re
from typing import Final, Self

import aiohttp
from aiohttp import hdrs
from yarl import URL

from .errors import (
    ConnectionFailedError,
    DirectcallError,
    LinkRefusedError,
    OutcomeUnknownError,
    RecordingGoneError,
)
from .transport import CONNECT_TIMEOUT, map_errors, parse_link

# The provider's own (provider's documentation). What an answer contains must not make anybody fetch
# from elsewhere, least of all from inside the network that this runs in.
_DOMAINS: Final = ("directcallsoft.com", "directcall.com.br", "directdial.com.br")
# Whatever else may stand in a host's name, resolvers may read as another one.
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?:{_LABEL}\.)*(?:{'|'.join(map(re.escape, _DOMAINS))})")
# Seconds after which a provider that says nothing, or does not come to the point, is stuck. A
# listener may be as slow as they like.
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
# No XML, which `+xml` at the end would be, and in which a browser may run scripts.
_AUDIO: Final = re.compile(r"audio/[a-z0-9.-]{1,40}")
# What servers say of files of which they know nothing. A guess: it is most likely an MP3.
_ANY_FILE: Final = {
    "",
    "application/download",
    "application/force-download",
    "application/octet-stream",
    "application/x-download",
    "binary/octet-stream",
}
_DEFAULT_TYPE: Final = "audio/mpeg"
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_PART: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/(?:[0-9]{1,18}|\*)")
_NO_PART: Final = re.compile(r"bytes \*/[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A part of a file, as HTTP asks for it (RFC 9110): the last bytes if there is no first."""

    first: int | None
    last: int | None

    @classmethod
    def parse(cls, header: str | None) -> Self | None:
        """Return the range that a header asks for; nothing where it is none, or several.

        Those may be ignored: then it is the whole file that is asked for.
        """
        match = _RANGE.fullmatch((header or "").strip())
        if match is None or not any(match.groups()):
            return None
        first, last = (int(digits) if digits else None for digits in match.groups())
        if first is not None and last is not None and last < first:
            return None
        return cls(first, last)

    @property
    def header(self) -> str:
        """Return the range as the header that asks for it."""
        first, last = ("" if value is None else value for value in (self.first, self.last))
        return f"bytes={first}-{last}"

    def of(self, length: int) -> range:
        """Return which bytes of a file of some length these are."""
        if self.first is None:
            return range(max(0, length - (self.last or 0)), length)
        return range(self.first, length if self.last is None else min(self.last + 1, length))


@dataclass(slots=True)
class Audio:
    """Audio that is on its way, or a part of it. Leaving its context closes the connection."""

    status: HTTPStatus
    """OK, PARTIAL_CONTENT or REQUESTED_RANGE_NOT_SATISFIABLE."""
    media_type: str
    length: int | None
    """How many bytes come, if that is known."""
    content_range: str | None
    """Which part it is, as the header says it."""
    _response: aiohttp.ClientResponse = field(repr=False)
    _left_out: int = 0
    """How many bytes come before those that were asked for."""

    async def __aenter__(self) -> Self:
        """Enter."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection, whether or not all of it was read."""
        self._response.close()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they come. Raise ConnectionFailedError if they end too early."""
        left_out, left = self._left_out, self.length
        while left is None or left > 0:
            chunk = await _read(self._response)
            if not chunk:
                return
            skipped = min(left_out, len(chunk))
            left_out -= skipped
            chunk = chunk[skipped:]
            if left is not None:
                chunk = chunk[:left]
                left -= len(chunk)
            if chunk:
                yield chunk


async def open_audio(
    session: aiohttp.ClientSession, api_url: URL, link: URL, byte_range: ByteRange | None
) -> Audio:
    """Return the audio where a link leads, which may be on the provider's hosts, or the API's own.

    Raise LinkRefusedError, RecordingGoneError or ConnectionFailedError.
    """
    try:
        async with asyncio.timeout(STUCK):
            return await _follow(session, api_url, link, byte_range)
    except TimeoutError:
        error = "the provider does not come to the point"
        raise ConnectionFailedError(error) from None


async def _follow(
    session: aiohttp.ClientSession, api_url: URL, link: URL, byte_range: ByteRange | None
) -> Audio:
    """Follow a link, and whatever it leads to, as far as that is allowed."""
    target: URL | None = link
    for _ in range(_MOST_REDIRECTS + 1):
        if target is None or not _is_allowed(target, api_url):
            error = "a recording's link leads elsewhere"
            raise LinkRefusedError(error)
        response = await _request(session, target, byte_range)
        location = response.headers.get(hdrs.LOCATION)
        if response.status not in _REDIRECTS or location is None:
            return _as_audio(response, byte_range)
        response.close()
        target = parse_link(location, target)
    error = "a recording's link leads around in circles"
    raise LinkRefusedError(error)


def _is_allowed(link: URL, api_url: URL) -> bool:
    """Return if something may be fetched from where a link leads."""
    if link.scheme not in {"http", "https"} or link.user or link.password:
        return False
    if (link.raw_host, link.port) == (api_url.raw_host, api_url.port):
        return True
    return _HOST.fullmatch(link.raw_host or "") is not None


async def _request(
    session: aiohttp.ClientSession, link: URL, byte_range: ByteRange | None
) -> aiohttp.ClientResponse:
    """Request what is at a link."""
    if session.closed:
        error = "the session is closed"
        raise ConnectionFailedError(error)
    try:
        return await session.get(
            link,
            headers={hdrs.RANGE: byte_range.header} if byte_range else None,
            allow_redirects=False,
            timeout=TIMEOUT,
            middlewares=[map_errors],
        )
    except OutcomeUnknownError as err:
        raise ConnectionFailedError(str(err)) from None


def _as_audio(response: aiohttp.ClientResponse, byte_range: ByteRange | None) -> Audio:
    """Return a response as audio. Raise what it means where it is none."""
    try:
        return _read_head(response, byte_range)
    except DirectcallError:
        response.close()
        raise


def _read_head(response: aiohttp.ClientResponse, byte_range: ByteRange | None) -> Audio:
    """Return what a response says of the audio that follows."""
    status = response.status
    what = f"HTTP {status}"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TRY_AGAIN:
        raise ConnectionFailedError(what)
    content_range = response.headers.get(hdrs.CONTENT_RANGE, "")
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        total = content_range if _NO_PART.fullmatch(content_range) else None
        return Audio(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, _DEFAULT_TYPE, 0, total, response)
    media_type = _media_type(response)
    if status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT} or media_type is None:
        # A page that says so counts, too, and would be no audio.
        raise RecordingGoneError(what)
    length = None if hdrs.CONTENT_ENCODING in response.headers else response.content_length
    if status == HTTPStatus.PARTIAL_CONTENT:
        part = _PART.fullmatch(content_range)
        if byte_range is None or part is None or int(part[1]) > int(part[2]):
            raise ConnectionFailedError(what)
        return Audio(HTTPStatus.PARTIAL_CONTENT, media_type, length, content_range, response)
    if byte_range is None or length is None:
        return Audio(HTTPStatus.OK, media_type, length, None, response)
    return _part(response, media_type, length, byte_range)


def _media_type(response: aiohttp.ClientResponse) -> str | None:
    """Return which audio a response says it is, if it is any.

    aiohttp's own reading of that header takes minutes where somebody wants it to.
    """
    said = response.headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower()
    if said in _ANY_FILE:
        return _DEFAULT_TYPE
    return said if _AUDIO.fullmatch(said) else None


def _part(
    response: aiohttp.ClientResponse, media_type: str, length: int, byte_range: ByteRange
) -> Audio:
    """Return the part that was asked for, where the provider sends the whole.

    Some players, those of iPhones among them, play nothing without.
    """
    wanted = byte_range.of(length)
    if not wanted:
        return Audio(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            media_type,
            0,
            f"bytes */{length}",
            response,
        )
    return Audio(
        HTTPStatus.PARTIAL_CONTENT,
        media_type,
        len(wanted),
        f"bytes {wanted.start}-{wanted.stop - 1}/{length}",
        response,
        wanted.start,
    )


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Return the next bytes of a body, none at its end."""
    try:
        return await response.content.readany()
    except (aiohttp.ClientError, TimeoutError, OSError) as err:
        failure = ConnectionFailedError(type(err).__name__)
    # Raised here, so that what aiohttp raised is not its context.
    raise failure
