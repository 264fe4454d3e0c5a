"""Audio stream: its media type, and how it is recognised."""

import asyncio
import time
from unittest.mock import patch

from aiohttp import web
import pytest

from custom_components.directcall.api import (
    ByteRange,
    DirectcallClient,
    DirectcallConnectionFailedError,
    DirectcallRecordingGoneError,
    audio_download as audio_download_module,
)
from tests.api.audio_stream.common import Server, at
from tests.api.common import read


async def test_long_media_type_is_parsed_fast(client: DirectcallClient, server: Server) -> None:
    """A media type with thousands of parameters is parsed fast."""
    said = "audio/mpeg" + ";" * 7000

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"ID3", headers={"Content-Type": said})

    server.answer = answer
    started = time.process_time()
    audio = await client.open_recording(at(f"http://directcall.com.br:{server.port}/1"))
    assert audio.media_type == "audio/mpeg"
    assert time.process_time() - started < 2


@pytest.mark.parametrize("said", ["audio/mpeg;é*", f"audio/mpeg;a*{'1' * 5000}"])
async def test_parameters_of_a_media_type_are_ignored(
    client: DirectcallClient, server: Server, said: str
) -> None:
    """Invalid parameters after a media type are ignored."""
    server.answers(lambda: web.Response(body=b"ID3", headers={"Content-Type": said}))
    audio = await client.open_recording(at(f"http://directcall.com.br:{server.port}/1"))
    assert audio.media_type == "audio/mpeg"


WAV = b"RIFF\x0a\r\n\x00WAVEfmt "


@pytest.mark.parametrize("sends", ["part", "whole", "stream", "packed"])
@pytest.mark.parametrize(
    ("said", "first", "media_type"),
    [
        ("audio/mpeg", WAV, "audio/mpeg"),
        ("Audio/X-WAV; codec=1", b"ID3", "audio/x-wav"),
        ("application/octet-stream", WAV, "audio/wav"),
        ("application/octet-stream", b"OggS\x00\x02", "audio/ogg"),
        ("binary/octet-stream", b"fLaC\x00\x00", "audio/flac"),
        ("application/x-download", b"#!AMR\n\x3c", "audio/amr"),
        ("application/force-download", b"#!AMR-WB\n", "audio/amr"),
        ("application/octet-stream", b"ID3\x03\x00", "audio/mpeg"),
        ("application/octet-stream", b"\xff\xfb\x90\x64", "audio/mpeg"),
        ("application/octet-stream", b"RIFF\x00\x00\x00\x00AVI ", "audio/mpeg"),
        ("application/octet-stream", b"<html><script>", "audio/mpeg"),
        ("application/octet-stream", b"R", "audio/mpeg"),
    ],
)
async def test_media_type(
    client: DirectcallClient, server: Server, said: str, first: bytes, media_type: str, sends: str
) -> None:
    """The first bytes of audio give its media type if no header does."""
    body = first.ljust(1000, b"\xff") if len(first) > 1 else first

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.headers["Range"] == "bytes=0-15"
        part = body[:16] if sends == "part" else body
        response = web.StreamResponse(headers={"Content-Type": said})
        if sends == "part":
            response.set_status(206)
            response.headers["Content-Range"] = f"bytes 0-{len(part) - 1}/{len(body)}"
        if sends == "packed":
            response.enable_compression(web.ContentCoding.deflate)
        if sends in {"part", "whole"}:
            response.content_length = len(part)
        await response.prepare(request)
        for byte in part:
            await response.write(bytes([byte]))
        return response

    server.answer = answer
    recording = at(f"http://directcall.com.br:{server.port}/1")
    assert await client.probe_recording(recording) == media_type
    assert client.statistics.requests == {"recording": 1}


@pytest.mark.parametrize(
    ("said", "media_type"),
    [("application/octet-stream", "audio/wav"), ("audio/mpeg", "audio/mpeg")],
)
async def test_media_type_that_is_known_already(
    client: DirectcallClient, server: Server, said: str, media_type: str
) -> None:
    """The known media type is used if the header names no audio, also for a part."""
    server.answers(lambda: web.Response(body=b"12345", content_type=said))
    recording = at(f"http://directcall.com.br:{server.port}/1")
    audio = await client.open_recording(recording, ByteRange(3, 4), "audio/wav")
    assert audio.media_type == media_type
    assert await read(audio) == b"45"


async def test_known_media_type_needs_no_bytes(client: DirectcallClient, server: Server) -> None:
    """A stated media type is returned without reading audio."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "audio/mpeg"})
        await response.prepare(request)
        await server.over.wait()
        return response

    server.answer = answer
    recording = at(f"http://directcall.com.br:{server.port}/1")
    assert await client.probe_recording(recording) == "audio/mpeg"


@pytest.mark.parametrize("status", [200, 416])
async def test_empty_audio(client: DirectcallClient, server: Server, status: int) -> None:
    """An empty file is no audio, because the provider may still write it."""
    server.answers(lambda: web.Response(body=b"", status=status, content_type="audio/mpeg"))
    with pytest.raises(DirectcallRecordingGoneError, match=r"^the audio is empty$"):
        await client.probe_recording(at(f"http://directcall.com.br:{server.port}/1"))


async def test_media_type_of_corrupt_compression_is_an_error(
    client: DirectcallClient, server: Server
) -> None:
    """Audio with a wrong content encoding is an error."""
    headers = {"Content-Type": "application/octet-stream", "Content-Encoding": "gzip"}
    server.answers(lambda: web.Response(body=b"ID3" * 10, headers=headers))
    with pytest.raises(DirectcallConnectionFailedError, match=r"^the audio cannot be unpacked$"):
        await client.probe_recording(at(f"http://directcall.com.br:{server.port}/1"))


async def test_stuck_provider_times_out_before_the_media_type(
    client: DirectcallClient, server: Server
) -> None:
    """Waiting for the first bytes ends with a time-out."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await response.prepare(request)
        await response.write(b"R")
        await server.over.wait()
        return response

    server.answer = answer
    with (
        patch.object(audio_download_module, "STUCK", 0.3),
        pytest.raises(DirectcallConnectionFailedError, match=r"^the provider takes too long$"),
    ):
        await client.probe_recording(at(f"http://directcall.com.br:{server.port}/1"))


async def test_media_type_is_recognized_without_a_header(client: DirectcallClient) -> None:
    """The first bytes give the media type if the header is missing."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nOggS")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as terse:
        port = terse.sockets[0].getsockname()[1]
        recording = at(f"http://directcall.com.br:{port}/1")
        assert await client.probe_recording(recording) == "audio/ogg"
        audio = await client.open_recording(recording)
        assert audio.media_type == "audio/mpeg"
        assert await read(audio) == b"OggS"
