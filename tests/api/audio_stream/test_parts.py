"""The audio of recordings: where it may come from, and which part of it comes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
import gzip
import logging
import socket
import ssl
import time
import traceback
from typing import override
from unittest.mock import patch

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
import pytest
from yarl import URL

from custom_components.directcall.api import (
    Audio,
    ByteRange,
    ConnectionFailedError,
    DirectcallClient,
    DirectcallError,
    LinkRefusedError,
    PhoneNumber,
    Recording,
    RecordingGoneError,
    Sessions,
    download as download_module,
)
from tests.simulator import ACCOUNT, Recording as RecordedCall, Simulator

NUMBER = PhoneNumber("554130600300")
SIZE = 44 + 3 * 8000


class Resolver(AbstractResolver):
    """Finds every host on this machine."""

    def __init__(self) -> None:
        """Start without having been asked."""
        self.hosts: list[str] = []

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Find a host."""
        self.hosts.append(host)
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    @override
    async def close(self) -> None:
        """End."""


class Server:
    """A server that answers as a test wants it."""

    def __init__(self) -> None:
        """Start without having been asked."""
        self.requests: list[web.Request] = []
        self.runner: web.AppRunner | None = None
        self.answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
        self.over = asyncio.Event()
        self.port = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer."""
        self.requests.append(request)
        assert self.answer is not None
        return await self.answer(request)

    @property
    def connections(self) -> int:
        """Return how many connections are open."""
        assert self.runner is not None
        assert self.runner.server is not None
        return len(self.runner.server.connections)

    def answers(self, response: Callable[[], web.StreamResponse]) -> None:
        """Answer so from now on."""

        async def answer(_: web.Request) -> web.StreamResponse:
            return response()

        self.answer = answer


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[Server]:
    """Return another server on loopback."""
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    server.runner = runner
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    yield server
    server.over.set()
    await runner.cleanup()


@pytest.fixture
def resolver() -> Resolver:
    """Return what finds every host on this machine."""
    return Resolver()


@pytest.fixture
async def sessions(socket_enabled: None, resolver: Resolver) -> AsyncIterator[Sessions]:
    """Return sessions for which every host is on this machine."""
    with patch("aiohttp.connector.DefaultResolver", return_value=resolver):
        sessions = Sessions.open(ssl.create_default_context())
    yield sessions
    await sessions.close()


@pytest.fixture
def recorded(simulator: Simulator) -> RecordedCall:
    """Return a recording at the provider's."""
    recording = RecordedCall("554130600300", "5541999990000", "a-call")
    simulator.recordings.append(recording)
    return recording


def at(link: str | URL) -> Recording:
    """Return a recording with a link."""
    return Recording(NUMBER, NUMBER, datetime.now(UTC), URL(link))


def link_of(simulator: Simulator, recorded: RecordedCall) -> str:
    """Return the link to a recording at the simulator."""
    return f"{simulator.url}/extrato/gravacao/id/{recorded.key}"


def whole(recorded: RecordedCall) -> bytes:
    """Return all the audio of a recording."""
    return b"".join(recorded.blocks(0, recorded.size))


async def read(audio: Audio) -> bytes:
    """Return what comes of audio."""
    async with audio:
        return b"".join([chunk async for chunk in audio.chunks()])


async def test_whole(
    simulator: Simulator, client: DirectcallClient, recorded: RecordedCall
) -> None:
    """All of it comes, as what the provider says it is, and nobody needs a token for it."""
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
    """What is left out may be more than comes at once, and so may be what is wanted."""
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
    """Who asks for what comes after the end is told where that is."""
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
    """What is no single range asks for the whole."""
    assert ByteRange.parse(header) is None


@pytest.mark.parametrize(
    "host",
    [
        "directcallsoft.com",
        "api.directcallsoft.com",
        "directcall.com.br",
        "www.directcall.com.br",
        "www.directdial.com.br",
        "a.b.directdial.com.br",
        "WWW.DirectDial.com.br",
    ],
)
async def test_provider(
    client: DirectcallClient, server: Server, resolver: Resolver, host: str
) -> None:
    """The provider's hosts and those below them are where recordings are."""
    server.answers(lambda: web.Response(body=b"RIFF", content_type="audio/wav"))
    audio = await client.open_recording(at(f"http://{host}:{server.port}/gravacao?id=1&b=a%20c"))
    assert await read(audio) == b"RIFF"
    assert resolver.hosts == [host.lower()]
    [request] = server.requests
    assert request.raw_path == "/gravacao?id=1&b=a%20c"
    assert request.headers["Host"] == f"{host.lower()}:{server.port}"
    assert request.headers["Accept-Encoding"] == "identity"
    assert not {"Authorization", "Range"} & set(request.headers)


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:{port}/1",
        "http://localhost:{port}/1",
        "http://localhost:{api_port}/1",
        "http://[::1]:{port}/1",
        "http://0.0.0.0:{port}/1",
        "http://192.168.0.1:{port}/1",
        "http://homeassistant.local:{port}/1",
        "http://example.com:{port}/1",
        "http://directcall.com.br.example.com:{port}/1",
        "http://evildirectcall.com.br:{port}/1",
        "http://directcall.com.br.:{port}/1",
        "http://com.br:{port}/1",
        "http://localhost;.directcall.com.br:{port}/1",
        "http://localhost%20.directcall.com.br:{port}/1",
        "http://localhost%00.directcall.com.br:{port}/1",
        "http://[::1%25.directcall.com.br]:{port}/1",
        "http://a..directcall.com.br:{port}/1",
        "http://-a.directcall.com.br:{port}/1",
        f"http://{'a' * 64}.directcall.com.br:{{port}}/1",
        "http://á.directcall.com.br.example.com:{port}/1",
        "http://directcall.com.br@127.0.0.1:{port}/1",
        "http://user:secret@www.directcall.com.br:{port}/1",
        "http://:secret@www.directcall.com.br:{port}/1",
        "http://user@www.directcall.com.br:{port}/1",
        "http://127.0.0.1:{port}#@www.directcall.com.br/1",
        "ftp://www.directcall.com.br:{port}/1",
    ],
)
@pytest.mark.parametrize("in_redirect", [False, True])
async def test_elsewhere(
    simulator: Simulator,
    client: DirectcallClient,
    server: Server,
    resolver: Resolver,
    link: str,
    *,
    in_redirect: bool,
) -> None:
    """Nothing is fetched from elsewhere, not even when it is the provider that leads there."""
    target = link.format(port=server.port, api_port=simulator.port)
    server.answers(lambda: web.Response(status=302, headers={"Location": target}))
    first = f"http://www.directcall.com.br:{server.port}/" if in_redirect else target
    with pytest.raises(LinkRefusedError, match=r"^a recording's link leads elsewhere$") as caught:
        await client.open_recording(at(first))
    assert [request.path for request in server.requests] == ["/"] * in_redirect
    assert resolver.hosts == ["www.directcall.com.br"] * in_redirect
    assert client.statistics.errors == {"LinkRefusedError": 1}
    assert "/1" not in "".join(traceback.format_exception(caught.value)).replace(__file__, "")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1%1"])
async def test_name_that_ends_early(
    client: DirectcallClient, server: Server, resolver: Resolver, host: str
) -> None:
    """What some resolvers would read only in part is none of the provider's hosts."""
    end = "]" if host.startswith("[") else ""
    recording = at(f"http://{host}\0.directcall.com.br{end}:{server.port}/1")
    with pytest.raises(LinkRefusedError):
        await client.open_recording(recording)
    assert (server.requests, resolver.hosts) == ([], [])


async def test_own_api_over_https(sessions: Sessions, server: Server, resolver: Resolver) -> None:
    """The account's own API address counts, and only with its port."""
    client = DirectcallClient(sessions, URL("https://calls.example.com"), *ACCOUNT)
    with pytest.raises(ConnectionFailedError):
        await client.open_recording(at("https://calls.example.com:443/1"))
    assert resolver.hosts == ["calls.example.com"]
    for link in ("http://calls.example.com/1", f"http://calls.example.com:{server.port}/1"):
        with pytest.raises(LinkRefusedError):
            await client.open_recording(at(link))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect(
    simulator: Simulator,
    client: DirectcallClient,
    server: Server,
    recorded: RecordedCall,
    status: int,
) -> None:
    """From one of the provider's hosts to another the way is followed, with the part asked for."""
    location = link_of(simulator, recorded)
    server.answers(lambda: web.Response(status=status, headers={"Location": location}))
    audio = await client.open_recording(
        at(f"http://www.directdial.com.br:{server.port}/1"), ByteRange(44, 49)
    )
    assert await read(audio) == whole(recorded)[44:50]


async def test_redirect_on_the_same_host(client: DirectcallClient, server: Server) -> None:
    """Where it leads may be said in short."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/a/b":
            return web.Response(status=302, headers={"Location": "c?d=e"})
        return web.Response(body=request.path_qs.encode(), content_type="audio/mpeg")

    server.answer = answer
    audio = await client.open_recording(at(f"http://directcall.com.br:{server.port}/a/b"))
    assert await read(audio) == b"/a/c?d=e"


async def test_long_way(client: DirectcallClient, server: Server) -> None:
    """Five times one may be sent on, and not once more."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if left := int(request.path[1:]):
            return web.Response(status=302, headers={"Location": f"/{left - 1}"})
        return web.Response(body=b"ID3", content_type="audio/mpeg")

    server.answer = answer
    host = f"http://directcall.com.br:{server.port}"
    assert await read(await client.open_recording(at(f"{host}/5"))) == b"ID3"
    with pytest.raises(LinkRefusedError, match=r"^a recording's link leads around in circles$"):
        await client.open_recording(at(f"{host}/6"))
    assert len(server.requests) == 6 + 6
    assert client.statistics.requests == {"recording": 2}


@pytest.mark.parametrize(
    "location",
    [
        *("/again", "http:///again", "http://[::1/", "https://][@", "/" + "a" * 2001),
        r"http://127.0.0.1\@directcall.com.br/",
    ],
)
async def test_redirect_that_leads_nowhere(
    client: DirectcallClient, server: Server, location: str
) -> None:
    """Nobody is sent around in circles."""
    server.answers(lambda: web.Response(status=302, headers={"Location": location}))
    with pytest.raises(LinkRefusedError):
        await client.open_recording(at(f"http://directcall.com.br:{server.port}/"))
    assert len(server.requests) <= 6


@pytest.mark.parametrize(
    ("status", "media_type", "error"),
    [
        (404, "text/html", RecordingGoneError),
        (403, "text/html", RecordingGoneError),
        (410, "audio/mpeg", RecordingGoneError),
        (302, "text/html", RecordingGoneError),
        (204, "audio/mpeg", RecordingGoneError),
        # A page that is shown instead, which must never be: it would be one of this house's own.
        (200, "text/html", RecordingGoneError),
        (200, "application/json", RecordingGoneError),
        (200, "application/xhtml+xml", RecordingGoneError),
        (200, "image/svg+xml", RecordingGoneError),
        (200, "text/javascript", RecordingGoneError),
        (200, "audio/x+xml", RecordingGoneError),
        (200, "audio/", RecordingGoneError),
        (206, "text/html", RecordingGoneError),
        (408, "text/html", ConnectionFailedError),
        (429, "text/html", ConnectionFailedError),
        (500, "audio/mpeg", ConnectionFailedError),
        (503, "text/html", ConnectionFailedError),
    ],
)
async def test_no_audio(
    client: DirectcallClient,
    server: Server,
    status: int,
    media_type: str,
    error: type[DirectcallError],
) -> None:
    """What is no audio is an error that says whether trying again may help."""
    server.answers(lambda: web.Response(body=b"", status=status, content_type=media_type))
    with pytest.raises(error, match=f"HTTP {status}") as caught:
        await client.open_recording(at(f"http://directcall.com.br:{server.port}/1"))
    assert type(caught.value) is error


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
async def test_odd_part(
    client: DirectcallClient, server: Server, content_range: str | None, *, asked: bool
) -> None:
    """A part of which nobody knows which one it is, or for which nobody asked, is none."""
    headers = {"Content-Range": content_range} if content_range else {}
    server.answers(
        lambda: web.Response(body=b"ID", status=206, content_type="audio/mpeg", headers=headers)
    )
    with pytest.raises(ConnectionFailedError, match="HTTP 206"):
        await client.open_recording(
            at(f"http://directcall.com.br:{server.port}/1"), ByteRange(0, 1) if asked else None
        )


@pytest.mark.parametrize("content_range", [None, "bytes */" + "9" * 19, "bytes 0-1/3"])
async def test_odd_end(client: DirectcallClient, server: Server, content_range: str | None) -> None:
    """Where the end is is handed on only if it is said."""
    headers = {"Content-Range": content_range} if content_range else {}
    server.answers(lambda: web.Response(status=416, headers=headers))
    audio = await client.open_recording(
        at(f"http://directcall.com.br:{server.port}/1"), ByteRange(9, None)
    )
    assert (audio.status, audio.content_range) == (416, None)


async def test_hostile_media_type_takes_no_time(client: DirectcallClient, server: Server) -> None:
    """What a header says can be as long as it likes."""
    said = "audio/mpeg" + ";" * 7000

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"ID3", headers={"Content-Type": said})

    server.answer = answer
    started = time.perf_counter()
    audio = await client.open_recording(at(f"http://directcall.com.br:{server.port}/1"))
    assert audio.media_type == "audio/mpeg"
    assert time.perf_counter() - started < 0.2


@pytest.mark.parametrize("said", ["audio/mpeg;é*", f"audio/mpeg;a*{'1' * 5000}"])
async def test_odd_media_type(client: DirectcallClient, server: Server, said: str) -> None:
    """What follows the type does not matter, however odd it is."""
    server.answers(lambda: web.Response(body=b"ID3", headers={"Content-Type": said}))
    audio = await client.open_recording(at(f"http://directcall.com.br:{server.port}/1"))
    assert audio.media_type == "audio/mpeg"


async def test_cookies_stay_out(
    client: DirectcallClient, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing that one account was given goes along with another's request, or is logged."""
    caplog.set_level(logging.DEBUG)

    def response() -> web.Response:
        response = web.Response(body=b"ID3", content_type="audio/mpeg")
        response.headers["Set-Cookie"] = "PHPSESSID=1"
        response.headers.add("Set-Cookie", "a,secret=1")
        return response

    server.answers(response)
    for _ in range(2):
        link = f"http://directcall.com.br:{server.port}/1"
        await read(await client.open_recording(at(link)))
    assert ["Cookie" in request.headers for request in server.requests] == [False, False]
    assert "secret" not in caplog.text


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
    """Where the provider does not say what audio is, its first bytes do."""
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
    """It counts where the provider does not say any, whichever part is asked for."""
    server.answers(lambda: web.Response(body=b"12345", content_type=said))
    recording = at(f"http://directcall.com.br:{server.port}/1")
    audio = await client.open_recording(recording, ByteRange(3, 4), "audio/wav")
    assert audio.media_type == media_type
    assert await read(audio) == b"45"


async def test_nothing_is_read_for_a_look(client: DirectcallClient, server: Server) -> None:
    """A look at audio of which the provider says what it is does not wait for its bytes."""

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
    """A file without a byte is no audio: the provider may still write it."""
    server.answers(lambda: web.Response(body=b"", status=status, content_type="audio/mpeg"))
    with pytest.raises(RecordingGoneError, match=r"^the audio is empty$"):
        await client.probe_recording(at(f"http://directcall.com.br:{server.port}/1"))


async def test_look_at_what_cannot_be_unpacked(client: DirectcallClient, server: Server) -> None:
    """What says that it is compressed, and is not, is no audio."""
    headers = {"Content-Type": "application/octet-stream", "Content-Encoding": "gzip"}
    server.answers(lambda: web.Response(body=b"ID3" * 10, headers=headers))
    with pytest.raises(ConnectionFailedError, match=r"^the audio cannot be unpacked$"):
        await client.probe_recording(at(f"http://directcall.com.br:{server.port}/1"))


async def test_look_at_a_provider_that_is_stuck(client: DirectcallClient, server: Server) -> None:
    """Nobody waits forever for the first bytes, either."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await response.prepare(request)
        await response.write(b"R")
        await server.over.wait()
        return response

    server.answer = answer
    with (
        patch.object(download_module, "STUCK", 0.3),
        pytest.raises(ConnectionFailedError, match=r"^the provider does not come to the point$"),
    ):
        await client.probe_recording(at(f"http://directcall.com.br:{server.port}/1"))


async def test_media_type_that_nobody_says(client: DirectcallClient) -> None:
    """Without a word of what it is, its first bytes tell, too."""

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


async def test_rest_that_nobody_asked_for(client: DirectcallClient, server: Server) -> None:
    """Who has the part that they asked for does not wait for what comes after it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "audio/mpeg"})
        response.content_length = 100
        await response.prepare(request)
        await response.write(b"ID3")
        await server.over.wait()
        return response

    server.answer = answer
    link = f"http://directcall.com.br:{server.port}/1"
    with patch.object(download_module, "TIMEOUT", aiohttp.ClientTimeout(sock_read=0.5)):
        assert await read(await client.open_recording(at(link), ByteRange(0, 2))) == b"ID3"
    assert [request.headers["Range"] for request in server.requests] == ["bytes=0-2"]


async def test_length_that_nobody_says(client: DirectcallClient, server: Server) -> None:
    """All of it comes, even if a part was asked for, and it is said that this is no part."""

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
    """How long a part is, is said by which part it is."""

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
    """A part is not taken for complete where it is shorter than was said."""

    async def answer(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": "audio/mpeg", "Content-Range": "bytes 0-9/10"}
        response = web.StreamResponse(status=206, headers=headers)
        await response.prepare(request)
        await response.write(b"ID3")
        return response

    server.answer = answer
    link = f"http://directcall.com.br:{server.port}/1"
    audio = await client.open_recording(at(link), ByteRange(0, 9))
    with pytest.raises(ConnectionFailedError, match=r"^the audio ends too early$"):
        await read(audio)


@pytest.mark.parametrize("asked", [True, False])
async def test_compressed(client: DirectcallClient, server: Server, *, asked: bool) -> None:
    """What is compressed all the same is not unpacked here, and no part is cut from it."""

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
    """A part of something compressed is of no use, and so said not to have a known size."""
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
    """What cannot be unpacked is no audio."""
    headers = {"Content-Type": "audio/mpeg", "Content-Encoding": encoding}
    server.answers(lambda: web.Response(body=b"ID3", headers=headers))
    with pytest.raises(RecordingGoneError):
        await client.open_recording(at(f"http://directcall.com.br:{server.port}/1"))


async def test_no_encoding(client: DirectcallClient, server: Server) -> None:
    """An encoding that is none changes nothing."""
    headers = {"Content-Type": "audio/mpeg", "Content-Encoding": "Identity"}
    server.answers(lambda: web.Response(body=b"ID3", headers=headers))
    audio = await client.open_recording(at(f"http://directcall.com.br:{server.port}/1"))
    assert audio.length == 3
    assert await read(audio) == b"ID3"


async def test_provider_that_hangs_up(client: DirectcallClient, server: Server) -> None:
    """Who closes the connection instead of answering may be asked again."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    server.answer = answer
    with pytest.raises(ConnectionFailedError, match=r"^ServerDisconnectedError$"):
        await client.open_recording(at(f"http://directcall.com.br:{server.port}/1"))


async def test_audio_that_breaks_off(client: DirectcallClient, server: Server) -> None:
    """An end that comes too early is none."""

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
    with pytest.raises(ConnectionFailedError, match=r"^ClientPayloadError$") as caught:
        await read(audio)
    assert "secret" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


@pytest.mark.parametrize("after", [0, 3])
async def test_provider_that_is_stuck(client: DirectcallClient, server: Server, after: int) -> None:
    """Nobody waits forever, neither for the first byte nor for the next."""
    assert download_module.TIMEOUT.sock_read == 4 * 60
    assert download_module.TIMEOUT.total is None

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "audio/mpeg"})
        if after:
            await response.prepare(request)
            await response.write(b"ID3")
        await server.over.wait()
        return response

    server.answer = answer
    with (
        patch.object(download_module, "TIMEOUT", aiohttp.ClientTimeout(sock_read=0.2)),
        pytest.raises(ConnectionFailedError),
    ):
        await read(await client.open_recording(at(f"http://directcall.com.br:{server.port}/1")))


async def test_provider_that_does_not_come_to_the_point(client: DirectcallClient) -> None:
    """Nor does anybody wait for a provider that says a little now and then."""
    assert download_module.STUCK == 4 * 60

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        with suppress(ConnectionError):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as slow:
        port = slow.sockets[0].getsockname()[1]
        with (
            patch.object(download_module, "STUCK", 0.3),
            pytest.raises(
                ConnectionFailedError, match=r"^the provider does not come to the point$"
            ),
        ):
            await client.open_recording(at(f"http://directcall.com.br:{port}/1"))
        await asyncio.sleep(0.1)


async def test_slow_listener(client: DirectcallClient, server: Server) -> None:
    """Who takes their time is not taken for a provider that is stuck."""
    server.answers(lambda: web.Response(body=bytes(4_000_000), content_type="audio/mpeg"))
    with patch.object(download_module, "TIMEOUT", aiohttp.ClientTimeout(sock_read=0.2)):
        audio = await client.open_recording(at(f"http://directcall.com.br:{server.port}/1"))
        await asyncio.sleep(0.5)
        assert len(await read(audio)) == 4_000_000


async def test_no_connection(
    simulator: Simulator, client: DirectcallClient, sessions: Sessions
) -> None:
    """Without a connection it is said so, and the link is in no part of the error."""
    await simulator.stop()
    recording = at(f"{simulator.url}/secret")
    with pytest.raises(ConnectionFailedError) as caught:
        await client.open_recording(recording)
    assert "secret" not in "".join(traceback.format_exception(caught.value))
    await sessions.close()
    with pytest.raises(ConnectionFailedError, match=r"^the session is closed$"):
        await client.open_recording(recording)


@pytest.mark.parametrize(
    "error",
    [aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, aiohttp.ClientPayloadError, ValueError],
)
async def test_link_is_in_no_error(
    client: DirectcallClient, sessions: Sessions, error: type[Exception]
) -> None:
    """What aiohttp has against a link before it asks for it does not quote it, either."""
    link = "http://directcall.com.br/secret"
    with (
        patch.object(sessions.background, "get", side_effect=error(link)),
        pytest.raises(ConnectionFailedError, match=f"^{error.__name__}$") as caught,
    ):
        await client.open_recording(at(link))
    assert caught.value.__context__ is None
    assert "secret" not in "".join(traceback.format_exception(caught.value)).replace(__file__, "")


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
    # What the other side still has open, a moment later.
    await asyncio.sleep(0.1)
    assert not server.connections
