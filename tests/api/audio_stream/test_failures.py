"""Audio stream: compressed audio, and providers that break off or hang."""

import asyncio
from contextlib import suppress
import gzip
import traceback
from unittest.mock import patch

import aiohttp
from aiohttp import web
import pytest

from custom_components.directcall.api import (
    ByteRange,
    DirectcallClient,
    DirectcallConnectionFailedError,
    DirectcallRecordingGoneError,
    Sessions,
    audio_download as audio_download_module,
)
from tests.api.audio_stream.common import Server, at
from tests.api.common import read
from tests.simulator import Simulator


@pytest.mark.parametrize("asked", [True, False])
async def test_compressed(client: DirectcallClient, server: Server, *, asked: bool) -> None:
    """A response that is compressed unasked is neither unpacked nor cut here."""

    def response() -> web.Response:
        response = web.Response(body=b"ID3" * 1000, content_type="audio/mpeg")
        response.enable_compression(web.ContentCoding.gzip)
        return response

    server.answers(response)
    link = f"http://directcall.com.br:{server.port}/1"
    audio = await client.open_recording(at(link), ByteRange(0, 1) if asked else None)
    assert (audio.length, audio.is_packed, audio.has_known_size) == (None, True, False)
    assert gzip.decompress(await read(audio)) == b"ID3" * 1000


async def test_compressed_part(client: DirectcallClient, server: Server) -> None:
    """A part of compressed audio cannot be used, and has no known size."""
    headers = {
        "Content-Type": "audio/mpeg",
        "Content-Encoding": "gzip",
        "Content-Range": "bytes 0-1/9",
    }
    server.answers(lambda: web.Response(body=b"\x1f\x8b", status=206, headers=headers))
    link = f"http://directcall.com.br:{server.port}/1"
    async with await client.open_recording(at(link), ByteRange(0, 1)) as audio:
        assert not audio.has_known_size


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
async def test_unknown_encoding(client: DirectcallClient, server: Server, encoding: str) -> None:
    """A body in an unknown encoding is refused as no audio."""
    headers = {"Content-Type": "audio/mpeg", "Content-Encoding": encoding}
    server.answers(lambda: web.Response(body=b"ID3", headers=headers))
    with pytest.raises(DirectcallRecordingGoneError):
        await client.open_recording(at(f"http://directcall.com.br:{server.port}/1"))


async def test_no_encoding(client: DirectcallClient, server: Server) -> None:
    """The encoding `identity` changes nothing."""
    headers = {"Content-Type": "audio/mpeg", "Content-Encoding": "Identity"}
    server.answers(lambda: web.Response(body=b"ID3", headers=headers))
    audio = await client.open_recording(at(f"http://directcall.com.br:{server.port}/1"))
    assert audio.length == 3
    assert await read(audio) == b"ID3"


async def test_provider_that_hangs_up(client: DirectcallClient, server: Server) -> None:
    """A connection that closes without a response is an error that permits another try."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    server.answer = answer
    with pytest.raises(DirectcallConnectionFailedError, match=r"^ServerDisconnectedError$"):
        await client.open_recording(at(f"http://directcall.com.br:{server.port}/1"))


async def test_audio_that_breaks_off(client: DirectcallClient, server: Server) -> None:
    """Audio that ends too early is an error."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "audio/mpeg"})
        response.content_length = 100
        await response.prepare(request)
        await response.write(b"ID3")
        assert request.transport is not None
        request.transport.close()
        return response

    server.answer = answer
    audio = await client.open_recording(at(f"http://directcall.com.br:{server.port}/secret"))
    with pytest.raises(DirectcallConnectionFailedError, match=r"^ClientPayloadError$") as caught:
        await read(audio)
    assert "secret" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


@pytest.mark.parametrize("after", [0, 3])
async def test_stuck_provider_times_out(
    client: DirectcallClient, server: Server, after: int
) -> None:
    """A provider that stops sending causes a time-out."""
    assert audio_download_module.TIMEOUT.sock_read == 4 * 60
    assert audio_download_module.TIMEOUT.total is None

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "audio/mpeg"})
        if after:
            await response.prepare(request)
            await response.write(b"ID3")
        await server.over.wait()
        return response

    server.answer = answer
    with (
        patch.object(audio_download_module, "TIMEOUT", aiohttp.ClientTimeout(sock_read=0.2)),
        pytest.raises(DirectcallConnectionFailedError),
    ):
        await read(await client.open_recording(at(f"http://directcall.com.br:{server.port}/1")))


async def test_slow_headers_time_out(client: DirectcallClient) -> None:
    """Headers that arrive byte by byte end with a time-out."""
    assert audio_download_module.STUCK == 4 * 60

    has_ended = asyncio.Event()

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        with suppress(ConnectionError):
            while True:
                writer.write(b"x")
                await writer.drain()
                # Headers that come at once would be too long.
                await asyncio.sleep(0.05)
        has_ended.set()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as slow:
        port = slow.sockets[0].getsockname()[1]
        with (
            patch.object(audio_download_module, "STUCK", 0.3),
            pytest.raises(DirectcallConnectionFailedError, match=r"^the provider takes too long$"),
        ):
            await client.open_recording(at(f"http://directcall.com.br:{port}/1"))
        await has_ended.wait()


async def test_no_connection(
    simulator: Simulator, client: DirectcallClient, sessions: Sessions
) -> None:
    """The error of a missing connection has no link in any part."""
    await simulator.stop()
    recording = at(f"{simulator.url}/secret")
    with pytest.raises(DirectcallConnectionFailedError) as caught:
        await client.open_recording(recording)
    assert "secret" not in "".join(traceback.format_exception(caught.value))
    await sessions.close()
    with pytest.raises(DirectcallConnectionFailedError, match=r"^the session is closed$"):
        await client.open_recording(recording)
