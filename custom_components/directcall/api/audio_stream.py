"""Audio stream: audio or a part of it, read from the provider or from a file."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Protocol, Self
import zlib

from .byte_range import ByteRange
from .exceptions import DirectcallConnectionFailedError

# The argument with which zlib reads either.
GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32


class AudioSource(Protocol):
    """A source of bytes of audio."""

    async def read(self) -> bytes:
        """Return the next bytes, none at the end."""

    async def close(self) -> None:
        """Release the connection or the file."""


@dataclass(slots=True)
class AudioStream:
    """Audio, or a part of it, that is read as it arrives. Leaving its context closes its source."""

    # OK, PARTIAL_CONTENT or REQUESTED_RANGE_NOT_SATISFIABLE.
    status: HTTPStatus
    media_type: str
    # The number of bytes that arrive, if it is known.
    length: int | None
    # The part of the whole, as the HTTP header names it.
    content_range: str | None
    _source: AudioSource = field(repr=False)
    # The number of bytes that the source gives before the requested ones.
    _left_out: int = 0
    # True if the bytes are compressed with gzip or zlib.
    is_packed: bool = False

    async def __aenter__(self) -> Self:
        """Enter."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the source."""
        await self.close()

    async def close(self) -> None:
        """Close the source, also before its end."""
        await self._source.close()

    @property
    def has_known_size(self) -> bool:
        """Return if the length of this part, and of the whole, is known."""
        # Some players, such as those of iPhones, play nothing else.
        return self.length is not None and not (self.content_range or "").endswith("/*")

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the bytes. Raise DirectcallConnectionFailedError if they end too early."""
        left_out, left = self._left_out, self.length
        while left is None or left > 0:
            chunk = await self._source.read()
            if not chunk and left:
                error = "the audio ends too early"
                raise DirectcallConnectionFailedError(error)
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
    """Return the requested part of a whole, whose source begins at `start`."""
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
