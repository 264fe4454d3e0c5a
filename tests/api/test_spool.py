"""Audio of unknown length in a temporary file: what comes out of it, and what it may take."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
import errno
import gzip
from http import HTTPStatus
from pathlib import Path
import threading
import tracemalloc
from typing import Self
from unittest.mock import patch
import zlib

import pytest

from custom_components.directcall.api import (
    AudioStream,
    ByteRange,
    DirectcallConnectionFailedError,
    DirectcallSpoolError,
    audio_download as audio_download_module,
    spool as spool_module,
)
from custom_components.directcall.api.spool import spool_audio
from tests.api.common import read
from tests.common import open_files

SOUND = bytes(range(256)) * 1000


class Source:
    """Audio as it comes from the provider."""

    def __init__(self, chunks: Iterable[bytes], *, ends: bool = True) -> None:
        """Come in chunks, and end or get stuck then."""
        self._chunks = iter(chunks)
        self._ends = ends
        self.is_stuck = asyncio.Event()

    async def read(self) -> bytes:
        """Return the next bytes."""
        chunk = next(self._chunks, b"")
        if not chunk and not self._ends:
            self.is_stuck.set()
            await asyncio.Event().wait()
        return chunk

    async def close(self) -> None:
        """End."""


class FullDisk:
    """A file on a disk that is full."""

    def __init__(self) -> None:
        """Start without having been written to."""
        self.threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.threads.append(threading.current_thread())

    def write(self, _: bytes) -> None:
        """Fail."""
        self.threads.append(threading.current_thread())
        raise OSError(errno.ENOSPC, "No space left on device")


def audio_of(source: Source, *, is_packed: bool = False) -> AudioStream:
    """Return audio of unknown length."""
    return AudioStream(HTTPStatus.OK, "audio/wav", None, None, source, is_packed=is_packed)


def in_chunks(sound: bytes, size: int = 7000) -> list[bytes]:
    """Return audio in chunks."""
    return [sound[start : start + size] for start in range(0, len(sound), size)]


@pytest.fixture(autouse=True)
def _no_file_is_left() -> Iterator[None]:
    """See that no file is left open."""
    before = open_files()
    yield
    assert open_files() == before


@pytest.mark.parametrize("packed", [None, gzip.compress, zlib.compress])
@pytest.mark.parametrize(
    ("header", "status", "first", "stop"),
    [
        (None, 200, 0, len(SOUND)),
        ("bytes=0-1", 206, 0, 2),
        ("bytes=0-", 206, 0, len(SOUND)),
        ("bytes=70000-200000", 206, 70000, 200001),
        ("bytes=-100", 206, len(SOUND) - 100, len(SOUND)),
        (f"bytes={len(SOUND)}-", 416, 0, 0),
    ],
)
async def test_part(
    packed: Callable[[bytes], bytes] | None,
    header: str | None,
    status: int,
    first: int,
    stop: int,
) -> None:
    """Each part of a spool can be read, also if the audio was compressed."""
    sound = packed(SOUND) if packed else SOUND
    source = Source(in_chunks(sound))
    spool = await spool_audio(audio_of(source, is_packed=packed is not None))
    audio = spool.open(ByteRange.parse(header))
    assert (audio.status, audio.media_type) == (status, "audio/wav")
    assert audio.length == stop - first
    assert audio.has_known_size
    assert (
        audio.content_range
        == {
            200: None,
            206: f"bytes {first}-{stop - 1}/{len(SOUND)}",
            416: f"bytes */{len(SOUND)}",
        }[status]
    )
    assert await read(audio) == SOUND[first:stop]
    spool.close()


async def test_file_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can open the temporary file, and it goes with Home Assistant, however that ends."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = open_files()
    spool = await spool_audio(audio_of(Source(in_chunks(SOUND))))
    assert open_files() == before + 1
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []
    assert await read(spool.open(None)) == SOUND
    spool.close()


async def test_several_readers() -> None:
    """Each reader has a place of their own, and reads on also once the spool is closed."""
    spool = await spool_audio(audio_of(Source(in_chunks(SOUND))))
    one, other = spool.open(ByteRange(0, 99_999)), spool.open(None)
    spool.close()
    part, whole = await asyncio.gather(read(one), read(other))
    assert part == SOUND[:100_000]
    assert whole == SOUND


async def test_empty() -> None:
    """Nothing at all is a whole of no length."""
    spool = await spool_audio(audio_of(Source([])))
    assert await read(spool.open(None)) == b""
    async with spool.open(ByteRange(0, 1)) as audio:
        assert audio.status == 416
    spool.close()


@pytest.mark.parametrize("is_packed", [True, False])
async def test_too_large(*, is_packed: bool) -> None:
    """No more is kept than there is room for."""
    assert spool_module.LARGEST == 100_000_000
    chunks = in_chunks(gzip.compress(SOUND) if is_packed else SOUND)
    with patch.object(spool_module, "LARGEST", len(SOUND)):
        spool = await spool_audio(audio_of(Source(chunks), is_packed=is_packed))
    spool.close()
    with (
        patch.object(spool_module, "LARGEST", len(SOUND) - 1),
        pytest.raises(DirectcallSpoolError, match=r"^the audio is too large$"),
    ):
        await spool_audio(audio_of(Source(chunks, ends=False), is_packed=is_packed))


async def test_bomb() -> None:
    """Little that unpacks to very much takes hardly any memory."""
    bomb = gzip.compress(bytes(200_000_000), compresslevel=1)
    tracemalloc.start()
    with (
        patch.object(spool_module, "LARGEST", 20_000_000),
        pytest.raises(DirectcallSpoolError, match=r"^the audio is too large$"),
    ):
        await spool_audio(audio_of(Source([bomb]), is_packed=True))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(
    ("packed", "text"),
    [
        (SOUND, "the audio cannot be unpacked"),
        (gzip.compress(SOUND)[:-5], "the audio ends too early"),
        (gzip.compress(SOUND)[:500], "the audio ends too early"),
        (b"", "the audio ends too early"),
    ],
)
async def test_cannot_be_unpacked(packed: bytes, text: str) -> None:
    """Compressed data that is incomplete or invalid is refused as no audio."""
    with pytest.raises(DirectcallConnectionFailedError, match=f"^{text}$") as caught:
        await spool_audio(audio_of(Source(in_chunks(packed)), is_packed=True))
    assert type(caught.value) is DirectcallConnectionFailedError


async def test_more_than_was_packed() -> None:
    """Bytes after the end of compressed audio are ignored, and take no memory."""

    def chunks() -> Iterator[bytes]:
        yield gzip.compress(SOUND) + b"x"
        for _ in range(20):
            yield bytes(1_000_000)

    tracemalloc.start()
    spool = await spool_audio(audio_of(Source(chunks()), is_packed=True))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000
    assert await read(spool.open(None)) == SOUND
    spool.close()


async def test_no_room() -> None:
    """A full disk is an error of the package, and does not block the event loop."""
    disk = FullDisk()
    with (
        patch.object(spool_module, "TemporaryFile", return_value=disk),
        pytest.raises(DirectcallSpoolError, match=r"^OSError$") as caught,
    ):
        await spool_audio(audio_of(Source([SOUND])))
    assert caught.value.__context__ is None
    assert len(disk.threads) == 2
    assert threading.main_thread() not in disk.threads


async def test_listener_who_leaves() -> None:
    """Nothing is kept for who does not want it any more."""
    source = Source([SOUND], ends=False)
    before = open_files()
    task = asyncio.create_task(spool_audio(audio_of(source)))
    await source.is_stuck.wait()
    assert open_files() == before + 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert open_files() == before


async def test_listener_who_leaves_at_the_end() -> None:
    """A file is closed for a listener who leaves while it is closed."""
    spool = await spool_audio(audio_of(Source([SOUND])))
    before = open_files()
    loop = asyncio.get_running_loop()
    run = loop.run_in_executor
    may_go_on = threading.Event()
    with (
        ThreadPoolExecutor(max_workers=1) as thread,
        patch.object(loop, "run_in_executor", lambda _, *job: run(thread, *job)),
    ):
        # The only thread is busy, so the file is not closed at once.
        thread.submit(may_go_on.wait, 30)
        listener = asyncio.create_task(spool.open(None).close())
        await asyncio.sleep(0)
        assert open_files() == before + 1
        listener.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listener
        may_go_on.set()
        await asyncio.to_thread(spool.close)
    assert open_files() == before - 1


async def test_stuck_provider_times_out() -> None:
    """A provider that stops sending causes a time-out."""
    with (
        patch.object(audio_download_module, "STUCK", 0.2),
        pytest.raises(DirectcallConnectionFailedError, match=r"^the provider takes too long$"),
    ):
        async with asyncio.timeout(30):
            await spool_audio(audio_of(Source([SOUND], ends=False)))
