"""Spool: a temporary file with audio of unknown length, of which parts can be sent."""

import asyncio
from contextlib import ExitStack
import os
from tempfile import TemporaryFile
from typing import Final
import zlib

from .audio_download import deadline
from .audio_stream import GZIP_OR_ZLIB, AudioStream, cut_part
from .byte_range import ByteRange
from .exceptions import DirectcallConnectionFailedError, DirectcallSpoolError

# Bytes of a recording.
LARGEST: Final = 100_000_000
# Bytes that are decompressed or read at once.
_BLOCK: Final = 65536


class Spool:
    """A temporary file with the whole audio of a recording. It has no name in any folder."""

    def __init__(self, resources: ExitStack, descriptor: int, size: int, media_type: str) -> None:
        """Own a file."""
        self._resources = resources
        self._descriptor = descriptor
        self._size = size
        self._media_type = media_type

    def open(self, byte_range: ByteRange | None) -> AudioStream:
        """Return the audio, or a part of it. It stays readable after the spool is closed."""
        start = 0 if byte_range is None else byte_range.of(self._size).start
        reader = _Reader(os.dup(self._descriptor), start)
        return cut_part(reader, self._media_type, self._size, byte_range, start)

    def close(self) -> None:
        """Close the file, which is deleted with its last reader. This blocks."""
        self._resources.close()


class _Reader:
    def __init__(self, descriptor: int, position: int) -> None:
        self._descriptor = descriptor
        self._position = position

    async def read(self) -> bytes:
        block = await asyncio.to_thread(os.pread, self._descriptor, _BLOCK, self._position)
        self._position += len(block)
        return block

    async def close(self) -> None:
        closing = asyncio.get_running_loop().run_in_executor(None, os.close, self._descriptor)
        # Players often leave with the last byte. The file is closed even so.
        await asyncio.shield(closing)


class _Writer:
    """Writer of decompressed audio into a temporary file. Its methods block."""

    def __init__(self, *, is_packed: bool) -> None:
        with ExitStack() as resources:
            self._file = resources.enter_context(TemporaryFile())
            self._resources = resources.pop_all()
        self._unpacker = zlib.decompressobj(GZIP_OR_ZLIB) if is_packed else None
        self._size = 0

    def write(self, chunk: bytes) -> None:
        if self._unpacker is None:
            self._write(chunk)
            return
        try:
            # Data behind the end is not read, because the decompressor keeps it in memory.
            while chunk and not self._unpacker.eof:
                self._write(self._unpacker.decompress(chunk, _BLOCK))
                chunk = self._unpacker.unconsumed_tail
        except zlib.error:
            error = "the audio cannot be unpacked"
            raise DirectcallConnectionFailedError(error) from None

    def _write(self, block: bytes) -> None:
        self._size += len(block)
        if self._size > LARGEST:
            error = "the audio is too large"
            raise DirectcallSpoolError(error)
        self._file.write(block)

    def finish(self, media_type: str) -> Spool:
        if self._unpacker and not self._unpacker.eof:
            error = "the audio ends too early"
            raise DirectcallConnectionFailedError(error)
        self._file.flush()
        return Spool(self._resources, self._file.fileno(), self._size, media_type)

    def close(self) -> None:
        self._resources.close()


async def spool_audio(audio: AudioStream) -> Spool:
    """Return the whole audio in a temporary file. The caller has to close it."""
    try:
        return await _spool(audio)
    except OSError as err:
        failure = DirectcallSpoolError(type(err).__name__)
    raise failure


async def _spool(audio: AudioStream) -> Spool:
    writer = await asyncio.to_thread(_Writer, is_packed=audio.is_packed)
    try:
        async with deadline():
            async for chunk in audio.chunks():
                await asyncio.to_thread(writer.write, chunk)
        return await asyncio.to_thread(writer.finish, audio.media_type)
    except BaseException:
        await asyncio.to_thread(writer.close)
        raise
