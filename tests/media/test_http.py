"""View that streams recordings: whole, in parts, and to the player alone."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
import json
import re
from typing import Any
from unittest.mock import patch

from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from homeassistant.components.media_source import Unresolvable
from homeassistant.core import HomeAssistant

from custom_components.directcall.api import spool as spool_module
from tests.common import LIST, open_files, pass_time, until
from tests.media.common import NOW, ROOT, SIZE, browse, only, play, record, resolve
from tests.simulator import Quirks, Reply, Simulator

pytestmark = pytest.mark.freeze_time(NOW, tick=True)


@pytest.fixture
async def player(hass_client_no_auth: ClientSessionGenerator) -> Any:
    """Return a player that is not logged in."""
    return await hass_client_no_auth()


async def signed(ws: Any, content_id: str) -> str:
    """Return the path at which a player plays something."""
    await ws.send_json_auto_id(
        {"type": "media_source/resolve_media", "media_content_id": content_id}
    )
    answer = await ws.receive_json()
    assert answer["success"], answer
    path: str = answer["result"]["url"]
    return path


async def test_play(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    player: Any,
    simulator: Simulator,
) -> None:
    """A recording that is clicked plays, with a signed path without a query of its own."""
    recording = record(simulator)
    path = await signed(await hass_ws_client(hass), await only(hass))
    assert re.fullmatch(
        r"/api/directcall/recordings/01DIRECTCALL/[0-9A-Za-z-]+\?authSig=[\w.-]+", path
    )
    asked = simulator.requests[LIST]
    async with player.get(path) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "audio/x-wav"
        assert response.headers["Content-Length"] == str(SIZE)
        assert response.headers["Accept-Ranges"] == "bytes"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert await response.read() == b"".join(recording.blocks(0, SIZE))
    # What was found a moment ago is not looked for again.
    assert simulator.requests[LIST] == asked


PARTS: list[tuple[str | None, int, tuple[int, int]]] = [
    (None, 200, (0, SIZE)),
    ("bytes=0-1", 206, (0, 2)),
    ("bytes=1000-", 206, (1000, SIZE)),
    ("bytes=-44", 206, (SIZE - 44, SIZE)),
    ("bytes=1-2,4-5", 200, (0, SIZE)),
    (f"bytes={SIZE}-", 416, (0, 0)),
]


@pytest.mark.parametrize(
    "quirks",
    [
        {},
        {"knows_ranges": False},
        {"knows_length": False},
        {"packs_audio": True},
        {"packs_audio": True, "audio_type": None},
    ],
)
async def test_play_a_part(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    quirks: dict[str, Any],
) -> None:
    """A player that skips through a recording gets the part that it requests."""
    simulator.quirks = Quirks(**quirks)
    recording = record(simulator)
    path = (await resolve(hass, await only(hass))).url
    client = await hass_client()
    for header, status, (start, stop) in PARTS:
        async with client.get(path, headers={"Range": header} if header else {}) as response:
            body = await response.read()
            assert response.status == status, header
            assert response.headers["Accept-Ranges"] == "bytes"
            assert "Content-Encoding" not in response.headers
            assert body == b"".join(recording.blocks(start, stop))
            assert response.headers["Content-Length"] == str(stop - start)
            assert (
                response.headers.get("Content-Range")
                == {
                    200: None,
                    206: f"bytes {start}-{stop - 1}/{SIZE}",
                    416: f"bytes */{SIZE}",
                }[status]
            )


@pytest.mark.parametrize("quirks", [{}, {"knows_length": False}, {"packs_audio": True}])
async def test_head_request(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    quirks: dict[str, Any],
) -> None:
    """A player can ask for the media type first."""
    simulator.quirks = Quirks(**quirks)
    record(simulator)
    path = (await resolve(hass, await only(hass))).url
    client = await hass_client()
    async with client.head(path) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "audio/x-wav"
        assert response.headers["Content-Length"] == str(SIZE)
        assert response.headers["Accept-Ranges"] == "bytes"
        assert await response.read() == b""


async def test_player_that_asks_in_parts(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Audio of unknown length is fetched once for all of its parts, and kept for 5 minutes."""
    simulator.quirks.knows_length = False
    recording = record(simulator)
    endpoint = f"extrato/gravacao/id/{recording.key}"
    before = open_files()
    content_id = await only(hass)
    path = (await resolve(hass, content_id)).url
    # No file is made for a look.
    assert (simulator.requests[endpoint], open_files()) == (1, before)
    client = await hass_client()
    parts = [play(client, path, f"bytes={start}-{start + 99}") for start in (0, 100, 200)]
    assert b"".join(await asyncio.gather(*parts)) == b"".join(recording.blocks(0, 300))
    asked = simulator.requests[endpoint]
    # Each of them saw that the length is unknown, and one fetched all of it.
    assert asked <= 1 + 3 + 1
    assert len(await play(client, path)) == SIZE
    assert (await resolve(hass, content_id)).mime_type == "audio/x-wav"
    assert simulator.requests[endpoint] == asked + 1
    await until(lambda: open_files() == before + 1)
    for _ in range(2):
        await pass_time(hass, freezer, 240)
        assert await play(client, path, "bytes=0-1") == b"RI"
    assert simulator.requests[endpoint] == asked + 1
    await pass_time(hass, freezer, 301)
    await until(lambda: open_files() == before)
    assert len(await play(client, path)) == SIZE
    assert simulator.requests[endpoint] == asked + 3
    await until(lambda: open_files() == before + 1)
    await hass.config_entries.async_unload(account.entry_id)
    await hass.async_block_till_done()
    await until(lambda: open_files() == before)


async def test_one_file_at_a_time(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """Playing one recording after the other leaves one file at most."""
    simulator.quirks.knows_length = False
    record(simulator)
    record(simulator, before=timedelta(minutes=1), seconds=1)
    before = open_files()
    client = await hass_client()
    ids = list((await browse(hass, f"{ROOT}/01DIRECTCALL/2026-11-25")).values())
    for content_id, size in zip(ids, (SIZE, 44 + 8000), strict=True):
        assert len(await play(client, path_of(content_id))) == size
        await hass.async_block_till_done()
        await until(lambda: open_files() == before + 1)


async def test_too_large_to_be_kept(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """Audio of unknown length that is too large is an error with its reason."""
    simulator.quirks.knows_length = False
    record(simulator)
    path = path_of(await only(hass))
    before = open_files()
    client = await hass_client()
    with patch.object(spool_module, "LARGEST", SIZE - 1):
        async with client.get(path, headers={"Range": "bytes=0-1"}) as response:
            assert response.status == 502
            assert "more than 100 MB" in await response.text()
    await until(lambda: open_files() == before)


@pytest.mark.parametrize("audio_type", [None, "application/octet-stream"])
@pytest.mark.parametrize("knows_length", [True, False])
async def test_media_type_is_recognized(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    account: MockConfigEntry,
    audio_type: str | None,
    *,
    knows_length: bool,
) -> None:
    """The first bytes give the media type, also for later parts."""
    simulator.quirks.audio_type = audio_type
    simulator.quirks.knows_length = knows_length
    record(simulator)
    content_id = await only(hass)
    media = await resolve(hass, content_id)
    assert media.mime_type == "audio/wav"
    client = await hass_client()
    # Also where nothing is in mind any more.
    for _ in range(2):
        async with client.get(media.url, headers={"Range": "bytes=1000-1001"}) as response:
            assert response.status == 206
            assert response.headers["Content-Type"] == "audio/wav"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
        await hass.config_entries.async_reload(account.entry_id)
        await hass.async_block_till_done()


async def test_recording_needs_authentication(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    player: Any,
    simulator: Simulator,
) -> None:
    """A recording needs a login or its own signature."""
    record(simulator)
    record(simulator, before=timedelta(minutes=1))
    [day] = (await browse(hass)).values()
    one, other = (await browse(hass, day)).values()
    path = (await resolve(hass, one)).url
    signature = (await signed(await hass_ws_client(hass), other)).partition("?")[2]
    for wrong in (path, f"{path}?{signature}", f"{path}?authSig=x"):
        async with player.get(wrong) as response:
            assert response.status == 401
            assert b"RIFF" not in await response.read()


@pytest.mark.parametrize(
    ("last_digits", "text", "status"),
    [
        ("8002", "leads away from Directcall", 502),
        ("8003", "leads away from Directcall", 502),
        ("8004", "was deleted, or its link has expired", 410),
    ],
)
async def test_cannot_be_played(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    last_digits: str,
    text: str,
    status: int,
) -> None:
    """The error has its reason, in the browser and for the player."""
    recording = record(simulator, destination=f"554199999{last_digits}")
    content_id = await only(hass)
    ws = await hass_ws_client(hass)
    await ws.send_json_auto_id(
        {"type": "media_source/resolve_media", "media_content_id": content_id}
    )
    error = (await ws.receive_json())["error"]
    assert error["code"] == "resolve_media_failed"
    assert text in error["message"]
    client = await hass_client()
    async with client.get(path_of(content_id)) as response:
        body = await response.text()
        assert response.status == status
        assert text in body
    assert recording.key not in body + str(error)
    assert "192.168" not in body + str(error)


def path_of(content_id: str) -> str:
    """Return the path of a recording."""
    return content_id.replace("media-source://directcall/", "/api/directcall/recordings/")


@pytest.fixture
async def neighbour(socket_enabled: None) -> AsyncIterator[list[str]]:
    """Return what is asked of another server in the house, which has audio, too."""
    asked: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(body=b"RIFF", content_type="audio/wav")

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    asked.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
    yield asked
    await runner.cleanup()


@pytest.mark.parametrize("by", ["link", "redirect"])
async def test_nothing_is_fetched_inside_the_house(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    neighbour: list[str],
    by: str,
) -> None:
    """Another port of this very machine is elsewhere, too, by a link as well as by a redirect."""
    recording = record(simulator)
    link = f"extrato/gravacao/id/{recording.key}"
    [url] = neighbour
    content_id = await only(hass)
    if by == "redirect":
        simulator.reply(link, *[Reply(b"", 302, location=f"{url}/{link}")] * 2)
    else:
        entry = {**recording.entry(simulator.url), "gravacao_link": f"{url}/{link}"}
        answer = {"status": "ok", "msg": [entry], "paginas": 1}
        simulator.reply(LIST, *[Reply(json.dumps(answer).encode())] * 2)
    with pytest.raises(Unresolvable, match="leads away from Directcall"):
        await resolve(hass, content_id)
    client = await hass_client()
    async with client.get(path_of(content_id)) as response:
        assert response.status == 502
    assert neighbour == [url]


async def test_new_link(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """A link that changed during playback is looked up again."""
    recording = record(simulator)
    path = (await resolve(hass, await only(hass))).url
    recording.key = "f" * 40
    asked = simulator.requests[LIST]
    client = await hass_client()
    async with client.get(path) as response:
        assert len(await response.read()) == SIZE
    assert simulator.requests[LIST] == asked + 1


async def test_no_connection(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """Without a connection the error asks to try again."""
    record(simulator)
    content_id = await only(hass)
    await simulator.stop()
    with pytest.raises(Unresolvable, match="cannot be reached"):
        await resolve(hass, content_id)
    client = await hass_client()
    async with client.get(path_of(content_id)) as response:
        assert response.status == 502


async def test_account_is_gone(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    account: MockConfigEntry,
) -> None:
    """A recording of a removed account cannot be played, also right after it was played."""
    record(simulator)
    path = (await resolve(hass, await only(hass))).url
    await hass.config_entries.async_remove(account.entry_id)
    client = await hass_client()
    async with client.get(path) as response:
        assert response.status == 404
