"""Audio stream: the hosts that it may come from, and redirects."""

import logging
import traceback
from unittest.mock import patch

import aiohttp
from aiohttp import web
import pytest
from yarl import URL

from custom_components.directcall.api import (
    ByteRange,
    DirectcallClient,
    DirectcallConnectionFailedError,
    DirectcallError,
    DirectcallLinkRefusedError,
    DirectcallRecordingGoneError,
    Sessions,
)
from tests.api.audio_stream.common import Resolver, Server, at, link_of, whole
from tests.api.common import read
from tests.simulator import ACCOUNT, Recording as RecordedCall, Simulator


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
    with pytest.raises(
        DirectcallLinkRefusedError, match=r"^a recording's link leads elsewhere$"
    ) as caught:
        await client.open_recording(at(first))
    assert [request.path for request in server.requests] == ["/"] * in_redirect
    assert resolver.hosts == ["www.directcall.com.br"] * in_redirect
    assert client.statistics.errors == {"LinkRefusedError": 1}
    assert "/1" not in "".join(traceback.format_exception(caught.value)).replace(__file__, "")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1%1"])
async def test_name_that_ends_early(
    client: DirectcallClient, server: Server, resolver: Resolver, host: str
) -> None:
    """A host that some resolvers would cut short is not one of the provider's."""
    end = "]" if host.startswith("[") else ""
    recording = at(f"http://{host}\0.directcall.com.br{end}:{server.port}/1")
    with pytest.raises(DirectcallLinkRefusedError):
        await client.open_recording(recording)
    assert (server.requests, resolver.hosts) == ([], [])


async def test_own_api_over_https(sessions: Sessions, server: Server, resolver: Resolver) -> None:
    """The account's own API address counts, and only with its port."""
    client = DirectcallClient(sessions, URL("https://calls.example.com"), *ACCOUNT)
    with pytest.raises(DirectcallConnectionFailedError):
        await client.open_recording(at("https://calls.example.com:443/1"))
    assert resolver.hosts == ["calls.example.com"]
    for link in ("http://calls.example.com/1", f"http://calls.example.com:{server.port}/1"):
        with pytest.raises(DirectcallLinkRefusedError):
            await client.open_recording(at(link))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect(
    simulator: Simulator,
    client: DirectcallClient,
    server: Server,
    recorded: RecordedCall,
    status: int,
) -> None:
    """A redirect between the provider's hosts is followed, with the requested part."""
    location = link_of(simulator, recorded)
    server.answers(lambda: web.Response(status=status, headers={"Location": location}))
    audio = await client.open_recording(
        at(f"http://www.directdial.com.br:{server.port}/1"), ByteRange(44, 49)
    )
    assert await read(audio) == whole(recorded)[44:50]


async def test_redirect_on_the_same_host(client: DirectcallClient, server: Server) -> None:
    """The target of a redirect may be a relative link."""

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
    with pytest.raises(
        DirectcallLinkRefusedError, match=r"^a recording's link leads around in circles$"
    ):
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
    """Redirects that form a circle are refused."""
    server.answers(lambda: web.Response(status=302, headers={"Location": location}))
    with pytest.raises(DirectcallLinkRefusedError):
        await client.open_recording(at(f"http://directcall.com.br:{server.port}/"))
    assert len(server.requests) <= 6


@pytest.mark.parametrize(
    ("status", "media_type", "error"),
    [
        (404, "text/html", DirectcallRecordingGoneError),
        (403, "text/html", DirectcallRecordingGoneError),
        (410, "audio/mpeg", DirectcallRecordingGoneError),
        (302, "text/html", DirectcallRecordingGoneError),
        (204, "audio/mpeg", DirectcallRecordingGoneError),
        # A page that is shown instead, which must never be: it would be one of this house's own.
        (200, "text/html", DirectcallRecordingGoneError),
        (200, "application/json", DirectcallRecordingGoneError),
        (200, "application/xhtml+xml", DirectcallRecordingGoneError),
        (200, "image/svg+xml", DirectcallRecordingGoneError),
        (200, "text/javascript", DirectcallRecordingGoneError),
        (200, "audio/x+xml", DirectcallRecordingGoneError),
        (200, "audio/", DirectcallRecordingGoneError),
        (206, "text/html", DirectcallRecordingGoneError),
        (408, "text/html", DirectcallConnectionFailedError),
        (429, "text/html", DirectcallConnectionFailedError),
        (500, "audio/mpeg", DirectcallConnectionFailedError),
        (503, "text/html", DirectcallConnectionFailedError),
    ],
)
async def test_no_audio(
    client: DirectcallClient,
    server: Server,
    status: int,
    media_type: str,
    error: type[DirectcallError],
) -> None:
    """A body that is no audio is an error that says if trying again may help."""
    server.answers(lambda: web.Response(body=b"", status=status, content_type=media_type))
    with pytest.raises(error, match=f"HTTP {status}") as caught:
        await client.open_recording(at(f"http://directcall.com.br:{server.port}/1"))
    assert type(caught.value) is error


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


@pytest.mark.parametrize(
    "error",
    [aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, aiohttp.ClientPayloadError, ValueError],
)
async def test_link_is_in_no_error(
    client: DirectcallClient, sessions: Sessions, error: type[Exception]
) -> None:
    """Errors of aiohttp about an invalid link do not quote the link."""
    link = "http://directcall.com.br/secret"
    with (
        patch.object(sessions.background, "get", side_effect=error(link)),
        pytest.raises(DirectcallConnectionFailedError, match=f"^{error.__name__}$") as caught,
    ):
        await client.open_recording(at(link))
    assert caught.value.__context__ is None
    assert "secret" not in "".join(traceback.format_exception(caught.value)).replace(__file__, "")
