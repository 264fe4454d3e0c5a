"""Fetching the audio of a recording: from where it may come, and as what it is handed on."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
import re
from typing import Final, Protocol, Self
import zlib

import aiohttp
from aiohttp import hdrs
from yarl import URL

from .exceptions import (
    DirectcallConnectionError,
    DirectcallError,
    DirectcallLinkRefusedError,
    DirectcallRecordingGoneError,
)
from .transport import CONNECT_TIMEOUT, map_errors, parse_link

# The provider's own (provider's documentation). What an answer contains must not make anybody fetch
# from elsewhere, least of all from inside the network that this runs in.
_DOMAINS: Final = ("directcallsoft.com", "directcall.com.br", "directdial.com.br")
# Whatever else may stand in a host's name, resolvers may read as another one.
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?:{_LABEL}\.)*(?:{'|'.join(map(re.escape, _DOMAINS))})")
# Seconds after which a provider that says nothing, or does not come to the point, is stuck.
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
# What servers say of files of which they know nothing.
_ANY_FILE: Final = {
    "",
    "application/download",
    "application/force-download",
    "application/octet-stream",
    "application/x-download",
    "binary/octet-stream",
}
# Where the first bytes tell nothing, either. A guess: it is most likely an MP3.
DEFAULT_TYPE: Final = "audio/mpeg"
_BEGINNINGS: Final = (
    (re.compile(rb"RIFF.{4}WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb"#!AMR"), "audio/amr"),
)
_MOST_FIRST_BYTES: Final = 16
# Nobody asked for these two.
_PACKED: Final = {"deflate", "gzip", "x-gzip"}
_ENCODINGS: Final = {"", "identity", *_PACKED}
# The argument with which zlib reads either.
GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32
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


class AudioSource(Protocol):
    """What the bytes of audio are read from."""

    async def read(self) -> bytes:
        """Return the next bytes, none at the end."""

    async def close(self) -> None:
        """Release the connection or the file."""


@dataclass(slots=True)
class AudioStream:
    """Audio, or a part of it, that is read as it comes. Leaving its context closes its source."""

    status: HTTPStatus
    """OK, PARTIAL_CONTENT or REQUESTED_RANGE_NOT_SATISFIABLE."""
    media_type: str
    length: int | None
    """How many bytes come, if that is known."""
    content_range: str | None
    """Which part it is, as the header says it."""
    _source: AudioSource = field(repr=False)
    _left_out: int = 0
    """How many bytes come before those that were asked for."""
    is_packed: bool = False
    """Whether the bytes are compressed, with gzip or zlib."""

    async def __aenter__(self) -> Self:
        """Enter."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the source."""
        await self.close()

    async def close(self) -> None:
        """Close the source, whether or not all of it was read."""
        await self._source.close()

    @property
    def has_known_size(self) -> bool:
        """Return if the length of this part, and of the whole, is known.

        Some players, those of iPhones among them, play nothing else.
        """
        return self.length is not None and not (self.content_range or "").endswith("/*")

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the bytes as they come. Raise DirectcallConnectionError if they end too early."""
        left_out, left = self._left_out, self.length
        while left is None or left > 0:
            chunk = await self._source.read()
            if not chunk and left:
                error = "the audio ends too early"
                raise DirectcallConnectionError(error)
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


def cut_part(
    source: AudioSource, media_type: str, length: int, byte_range: ByteRange | None, start: int = 0
) -> AudioStream:
    """Return the part that is asked for of a whole whose length is known.

    `start` is the byte of the whole at which the source begins.
    """
    if byte_range is None:
        return AudioStream(HTTPStatus.OK, media_type, length, None, source)
    wanted = byte_range.of(length)
    if not wanted:
        end = f"bytes */{length}"
        return AudioStream(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, media_type, 0, end, source)
    return AudioStream(
        HTTPStatus.PARTIAL_CONTENT,
        media_type,
        len(wanted),
        f"bytes {wanted.start}-{wanted.stop - 1}/{length}",
        source,
        wanted.start - start,
    )


async def open_audio(
    session: aiohttp.ClientSession,
    api_url: URL,
    link: URL,
    byte_range: ByteRange | None,
    default_type: str = DEFAULT_TYPE,
) -> AudioStream:
    """Return the audio where a link leads, which may be on the provider's hosts, or the API's own.

    The default type counts where the provider does not say any. Raise DirectcallLinkRefusedError,
    DirectcallRecordingGoneError or DirectcallConnectionError.
    """
    async with deadline():
        response = await _follow(session, api_url, link, byte_range)
    return _as_audio(response, byte_range, default_type)


async def probe_audio(session: aiohttp.ClientSession, api_url: URL, link: URL) -> str:
    """Return the media type of the audio where a link leads, by its first bytes if need be.

    Raise what `open_audio` raises, and DirectcallRecordingGoneError where the audio is empty.
    """
    byte_range = ByteRange(0, _MOST_FIRST_BYTES - 1)
    async with deadline():
        response = await _follow(session, api_url, link, byte_range)
        async with _as_audio(response, byte_range, "") as audio:
            if audio.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                error = "the audio is empty"
                raise DirectcallRecordingGoneError(error)
            return audio.media_type or _recognize(await _first_bytes(audio))


@asynccontextmanager
async def deadline() -> AsyncIterator[None]:
    """Raise DirectcallConnectionError if the provider needs too long."""
    try:
        async with asyncio.timeout(STUCK):
            yield
    except TimeoutError:
        error = "the provider does not come to the point"
        raise DirectcallConnectionError(error) from None


async def _first_bytes(audio: AudioStream) -> bytes:
    """Return the first bytes of audio, unpacked."""
    unpacker = zlib.decompressobj(GZIP_OR_ZLIB) if audio.is_packed else None
    first = b""
    async with aclosing(audio.chunks()) as chunks:
        async for chunk in chunks:
            try:
                first += unpacker.decompress(chunk, _MOST_FIRST_BYTES) if unpacker else chunk
            except zlib.error:
                error = "the audio cannot be unpacked"
                raise DirectcallConnectionError(error) from None
            if len(first) >= _MOST_FIRST_BYTES:
                break
    return first


def _recognize(first: bytes) -> str:
    """Return the media type of audio by its first bytes."""
    return next(
        (media_type for beginning, media_type in _BEGINNINGS if beginning.match(first)),
        DEFAULT_TYPE,
    )


async def _follow(
    session: aiohttp.ClientSession, api_url: URL, link: URL, byte_range: ByteRange | None
) -> aiohttp.ClientResponse:
    """Follow a link, and whatever it leads to, as far as that is allowed."""
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
        raise DirectcallConnectionError(error)
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
    # Raised here, so that the error of aiohttp is not its context: that one may quote the link.
    raise DirectcallConnectionError(failure)


def _as_audio(
    response: aiohttp.ClientResponse, byte_range: ByteRange | None, default_type: str
) -> AudioStream:
    """Return a response as audio. Raise what it means where it is none."""
    try:
        return _read_head(response, byte_range, default_type)
    except DirectcallError:
        response.close()
        raise


def _read_head(
    response: aiohttp.ClientResponse, byte_range: ByteRange | None, default_type: str
) -> AudioStream:
    """Return what a response says of the audio that follows."""
    status, source = response.status, _Download(response)
    what = f"HTTP {status}"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TRY_AGAIN:
        raise DirectcallConnectionError(what)
    content_range = response.headers.get(hdrs.CONTENT_RANGE, "")
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        end = content_range if _NO_PART.fullmatch(content_range) else None
        return AudioStream(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, DEFAULT_TYPE, 0, end, source)
    media_type, encoding = _media_type(response, default_type), _encoding(response)
    if (
        status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}
        or media_type is None
        or encoding not in _ENCODINGS
    ):
        # A page that says so counts, too, and would be no audio.
        raise DirectcallRecordingGoneError(what)
    is_packed = encoding in _PACKED
    length = None if is_packed else response.content_length
    if status == HTTPStatus.PARTIAL_CONTENT:
        part = _PART.fullmatch(content_range)
        size = int(part[2]) - int(part[1]) + 1 if part else 0
        if byte_range is None or size < 1 or length not in {None, size}:
            raise DirectcallConnectionError(what)
        length = None if is_packed else size
        return AudioStream(
            HTTPStatus.PARTIAL_CONTENT, media_type, length, content_range, source, 0, is_packed
        )
    if length is None:
        return AudioStream(HTTPStatus.OK, media_type, None, None, source, 0, is_packed)
    return cut_part(source, media_type, length, byte_range)


def _media_type(response: aiohttp.ClientResponse, default_type: str) -> str | None:
    """Return which audio a response says it is, if it may be any.

    aiohttp's own reading of that header takes minutes where somebody wants it to.
    """
    said = response.headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower()
    if said in _ANY_FILE:
        return default_type
    return said if _AUDIO.fullmatch(said) else None


def _encoding(response: aiohttp.ClientResponse) -> str:
    """Return how a response says that its body is encoded."""
    return response.headers.get(hdrs.CONTENT_ENCODING, "").strip().lower()


class _Download:
    """The body of a response."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        """Read from a response."""
        self._response = response

    async def read(self) -> bytes:
        """Return the next bytes, none at the end."""
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, TimeoutError, OSError) as err:
            failure = DirectcallConnectionError(type(err).__name__)
        # Raised here, so that what aiohttp raised is not its context.
        raise failure

    async def close(self) -> None:
        """Close the connection."""
        self._response.close()
