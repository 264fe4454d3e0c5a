"""Audio stream: whole recordings, parts, and their lengths."""

import asyncio
from unittest.mock import patch

import aiohttp
from aiohttp import web
import pytest

from custom_components.directcall.api import (
    ByteRange,
    DirectcallClient,
    DirectcallConnectionFailedError,
    DirectcallError,
    audio_download as audio_download_module,
)
from tests.api.audio_stream.common import Server, at, link_of, whole
from tests.api.common import read
from tests.common import until
from tests.simulator import Recording as RecordedCall, Simulator

SIZE = 44 + 3 * 8000


async def test_whole(
    simulator: Simulator, client: DirectcallClient, recorded: RecordedCall
) -> None:
    """The whole audio arrives with the provider's media type, without a token."""
    audio = await client.open_recording(at(link_of(simulator, recorded)))
    assert (audio.status, audio.media_type, audio.length) == (200, "audio/x-wav", SIZE)
    assert audio.content_range is None
    assert await read(audio) == whole(recorded)
    assert client.statistics.requests == {"recording": 1}


@pytest.mark.parametrize("knows_ranges", [True, False])
@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", (0, 0)),
        ("bytes=0-1", (0, 1)),
        ("bytes=0-", (0, SIZE - 1)),
        ("bytes=44-99", (44, 99)),
        ("bytes=20000-", (20000, SIZE - 1)),
        ("bytes=20000-99999", (20000, SIZE - 1)),
        (f"bytes={SIZE - 1}-", (SIZE - 1, SIZE - 1)),
        ("bytes=-100", (SIZE - 100, SIZE - 1)),
        ("bytes=-99999", (0, SIZE - 1)),
    ],
)
async def test_part(
    simulator: Simulator,
    client: DirectcallClient,
    recorded: RecordedCall,
    header: str,
    part: tuple[int, int],
    *,
    knows_ranges: bool,
) -> None:
    """A part comes, whether or not the provider can send one."""
    simulator.quirks.knows_ranges = knows_ranges
    audio = await client.open_recording(at(link_of(simulator, recorded)), ByteRange.parse(header))
    first, last = part
    assert (audio.status, audio.media_type) == (206, "audio/x-wav")
    assert audio.content_range == f"bytes {first}-{last}/{SIZE}"
    assert audio.length == last - first + 1
    assert await read(audio) == whole(recorded)[first : last + 1]


async def test_part_of_something_long(
    simulator: Simulator, client: DirectcallClient, recorded: RecordedCall
) -> None:
    """The bytes before a part, and the part itself, may be longer than one chunk."""
    simulator.quirks.knows_ranges = False
    recorded.seconds = 250
    audio = await client.open_recording(
        at(link_of(simulator, recorded)), ByteRange(1_000_000, 1_600_000)
    )
    assert await read(audio) == b"".join(recorded.blocks(1_000_000, 1_600_001))


@pytest.mark.parametrize("knows_ranges", [True, False])
@pytest.mark.parametrize("header", [f"bytes={SIZE}-", f"bytes={SIZE + 1}-{SIZE + 2}"])
async def test_part_that_is_not_there(
    simulator: Simulator,
    client: DirectcallClient,
    recorded: RecordedCall,
    header: str,
    *,
    knows_ranges: bool,
) -> None:
    """A request for a part after the end gets the length of the audio."""
    simulator.quirks.knows_ranges = knows_ranges
    audio = await client.open_recording(at(link_of(simulator, recorded)), ByteRange.parse(header))
    assert (audio.status, audio.length) == (416, 0)
    assert audio.content_range == f"bytes */{SIZE}"
    assert audio.media_type.startswith("audio/")
    assert await read(audio) == b""


async def test_part_of_no_length(
    simulator: Simulator, client: DirectcallClient, recorded: RecordedCall
) -> None:
    """The last bytes of which there are none are not there."""
    simulator.quirks.knows_ranges = False
    audio = await client.open_recording(
        at(link_of(simulator, recorded)), ByteRange.parse("bytes=-0")
    )
    assert (audio.status, audio.content_range) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "items=0-1"),
        *("bytes=0-1,3-4", "bytes=-1-2", "bytes=0-1\r\nX: y", f"bytes={'9' * 19}-"),
    ],
)
def test_no_range(header: str | None) -> None:
    """A header that is not one range requests the whole audio."""
    assert ByteRange.parse(header) is None


@pytest.mark.parametrize(
    ("content_range", "asked"),
    [
        (None, True),
        ("bytes 0-1/3", False),
        ("bytes 5-1/3", True),
        ("bytes */3", True),
        ("bytes 0-1/" + "9" * 19, True),
        ("items 0-1/3", True),
        # Not as long as what came.
        ("bytes 0-2/3", True),
    ],
)
async def test_invalid_part_is_an_error(
    client: DirectcallClient, server: Server, content_range: str | None, *, asked: bool
) -> None:
    """A part with an invalid or unexpected range is an error."""
    headers = {"Content-Range": content_range} if content_range else {}
    server.answers(
        lambda: web.Response(body=b"ID", status=206, content_type="audio/mpeg", headers=headers)
    )
    with pytest.raises(DirectcallConnectionFailedError, match="HTTP 206"):
        await client.open_recording(
            at(f"http://directcall.com.br:{server.port}/1"), ByteRange(0, 1) if asked else None
        )


@pytest.mark.parametrize("content_range", [None, "bytes */" + "9" * 19, "bytes 0-1/3"])
async def test_invalid_end_is_not_passed_on(
    client: DirectcallClient, server: Server, content_range: str | None
) -> None:
    """The total size is passed on only if it is stated."""
    headers = {"Content-Range": content_range} if content_range else {}
    server.answers(lambda: web.Response(status=416, headers=headers))
    audio = await client.open_recording(
        at(f"http://directcall.com.br:{server.port}/1"), ByteRange(9, None)
    )
    assert (audio.status, audio.content_range) == (416, None)


async def test_bytes_after_the_part_are_not_read(client: DirectcallClient, server: Server) -> None:
    """Bytes after the requested part are not waited for."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "audio/mpeg"})
        response.content_length = 100
        await response.prepare(request)
        await response.write(b"ID3")
        await server.over.wait()
        return response

    server.answer = answer
    link = f"http://directcall.com.br:{server.port}/1"
    with patch.object(audio_download_module, "TIMEOUT", aiohttp.ClientTimeout(sock_read=0.5)):
        assert await read(await client.open_recording(at(link), ByteRange(0, 2))) == b"ID3"
    assert [request.headers["Range"] for request in server.requests] == ["bytes=0-2"]


async def test_unknown_length_returns_the_whole(client: DirectcallClient, server: Server) -> None:
    """Audio of unknown length is returned whole, and not as a part."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "audio/mpeg"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        for _ in range(3):
            await response.write(b"ID3")
        return response

    server.answer = answer
    link = f"http://directcall.com.br:{server.port}/1"
    audio = await client.open_recording(at(link), ByteRange(0, 1))
    assert (audio.status, audio.length, audio.has_known_size) == (200, None, False)
    assert await read(audio) == b"ID3" * 3


@pytest.mark.parametrize(
    ("content_range", "body", "length", "has_known_size"),
    [
        ("bytes 0-2/9", b"ID3", 3, True),
        ("bytes 0-2/*", b"ID3", 3, False),
    ],
)
async def test_part_without_a_length(
    client: DirectcallClient,
    server: Server,
    content_range: str,
    body: bytes,
    length: int,
    *,
    has_known_size: bool,
) -> None:
    """The range in a response gives the length of its part."""

    async def answer(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": "audio/mpeg", "Content-Range": content_range}
        response = web.StreamResponse(status=206, headers=headers)
        await response.prepare(request)
        await response.write(body)
        return response

    server.answer = answer
    link = f"http://directcall.com.br:{server.port}/1"
    audio = await client.open_recording(at(link), ByteRange(0, 2))
    assert (audio.status, audio.length, audio.has_known_size) == (206, length, has_known_size)
    assert await read(audio) == body


async def test_part_that_ends_too_early(client: DirectcallClient, server: Server) -> None:
    """A part that is shorter than stated is not complete."""

    async def answer(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": "audio/mpeg", "Content-Range": "bytes 0-9/10"}
        response = web.StreamResponse(status=206, headers=headers)
        await response.prepare(request)
        await response.write(b"ID3")
        return response

    server.answer = answer
    link = f"http://directcall.com.br:{server.port}/1"
    audio = await client.open_recording(at(link), ByteRange(0, 9))
    with pytest.raises(DirectcallConnectionFailedError, match=r"^the audio ends too early$"):
        await read(audio)


async def test_slow_listener(client: DirectcallClient, server: Server) -> None:
    """A slow listener is not mistaken for a provider that is stuck."""
    server.answers(lambda: web.Response(body=bytes(4_000_000), content_type="audio/mpeg"))
    with patch.object(audio_download_module, "TIMEOUT", aiohttp.ClientTimeout(sock_read=0.2)):
        audio = await client.open_recording(at(f"http://directcall.com.br:{server.port}/1"))
        # Nothing shows that the buffers are full, and that the time-out stands still.
        await asyncio.sleep(0.5)
        assert len(await read(audio)) == 4_000_000


async def test_connections_are_closed(client: DirectcallClient, server: Server) -> None:
    """No connection is left behind, whether or not all was read, or there was anything to read."""

    def response() -> web.Response:
        return web.Response(body=bytes(1_000_000), content_type="audio/mpeg")

    server.answers(response)
    link = f"http://directcall.com.br:{server.port}/1"
    await read(await client.open_recording(at(link)))
    async with await client.open_recording(at(link)):
        pass
    for path in ("302", "404", "500"):

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(
                body=bytes(1_000_000),
                status=int(request.path[1:]),
                headers={"Location": "http://192.168.0.1/"},
            )

        server.answer = answer
        with pytest.raises(DirectcallError):
            await client.open_recording(at(f"http://directcall.com.br:{server.port}/{path}"))
    await until(lambda: not server.connections)
