"""Recordings in the media browser, and played, through Home Assistant and real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import gzip
import json
from pathlib import Path
import re
import tracemalloc
from typing import Any
from unittest.mock import patch

import aiohttp
from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from homeassistant.components.media_source import (
    PlayMedia,
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from custom_components.directcall import (
    media_source as media_source_module,
    recordings as recordings_module,
)
from custom_components.directcall.api import spool as spool_module
from tests.common import make_account, pass_time, place_call, restarted, set_up
from tests.simulator import Quirks, Recording, Reply, Simulator

LIST = "extrato/list-recordings"
ROOT = "media-source://directcall"
# 14:05 in São Paulo.
NOW = datetime(2026, 11, 25, 17, 5, 30, tzinfo=UTC)
CONTACTS = {"Maria": "+55 41 99999-0000", "João": "+55 41 99999-1111"}
SIZE = 44 + 3 * 8000

pytestmark = pytest.mark.freeze_time(NOW, tick=True)


@pytest.fixture(autouse=True)
async def account(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> MockConfigEntry:
    """Return an account with contacts, in a home with a media browser."""
    for component in ("media_source", "websocket_api"):
        assert await async_setup_component(hass, component, {})
    account = make_account(simulator, contacts=CONTACTS, entry_id="01DIRECTCALL")
    await set_up(home, account)
    # The first look loads it. Clients of the tests cannot see what is loaded after them.
    await browse(hass)
    return account


def record(
    simulator: Simulator,
    origin: str = "5541999990000",
    destination: str = "554130600300",
    before: timedelta = timedelta(0),
    **more: Any,
) -> Recording:
    """Have a recording of a call, which began some time before."""
    recording = Recording(origin, destination, "a-call", NOW - before, **more)
    simulator.recordings.append(recording)
    return recording


async def browse(hass: HomeAssistant, content_id: str = ROOT) -> dict[str, str]:
    """Return what is in a folder: the titles and ids of all, in their order."""
    folder = await async_browse_media(hass, content_id)
    assert folder.children is not None
    return {child.title: child.media_content_id for child in folder.children}


async def only(hass: HomeAssistant) -> str:
    """Return the id of the only recording, found as people find it."""
    content_id = ROOT
    for _ in range(3):
        [content_id] = (await browse(hass, content_id)).values()
    return content_id


async def resolve(hass: HomeAssistant, content_id: str) -> PlayMedia:
    """Return where something is played."""
    return await async_resolve_media(hass, content_id, None)


@pytest.fixture
async def player(hass_client_no_auth: ClientSessionGenerator) -> Any:
    """Return a player, which nobody logged in."""
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


async def test_browse(hass: HomeAssistant, simulator: Simulator) -> None:
    """The account, the day, the call; the newest first, contacts by name."""
    record(simulator)
    record(simulator, "554130600300", "5541999991111", timedelta(minutes=64))
    record(simulator, "ip4130600300", "12125551234", timedelta(minutes=65))
    record(simulator, "554133334444", "5541988887777", timedelta(days=1))
    record(simulator, "554133334444", "190", timedelta(days=1, minutes=1))
    record(simulator, "40041234", "0000000", timedelta(days=1, minutes=2))
    record(simulator, before=timedelta(days=89))
    record(simulator, before=timedelta(days=91))

    accounts = await browse(hass)
    assert list(accounts) == ["demo@example.com"]
    days = await browse(hass, accounts["demo@example.com"])
    assert list(days) == ["2026-11-25", "2026-11-24", "2026-08-28"]
    assert list(await browse(hass, days["2026-11-25"])) == [
        "14:05 Maria → (41) 3060-0300",
        "13:01 (41) 3060-0300 → João",
        "13:00 ip4130600300 → +1 212-555-1234",
    ]
    assert list(await browse(hass, days["2026-11-24"])) == [
        "14:05 (41) 3333-4444 → (41) 98888-7777",
        "14:04 (41) 3333-4444 → 190",
        "14:03 40041234 → 0000000",
    ]


async def test_browse_as_a_browser_does(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, simulator: Simulator
) -> None:
    """A recording is something to be played, and all that holds others can be opened."""
    record(simulator)
    ws = await hass_ws_client(hass)
    item: dict[str, Any] = {"media_content_id": ROOT}
    folders = []
    for _ in range(3):
        content_id = item["media_content_id"]
        await ws.send_json_auto_id(
            {"type": "media_source/browse_media", "media_content_id": content_id}
        )
        result = (await ws.receive_json())["result"]
        assert (result["can_play"], result["can_expand"]) == (False, True)
        folders.append(result["title"])
        [item] = result["children"]
    assert folders == ["Directcall", "demo@example.com", "2026-11-25"]
    assert (item["can_play"], item["can_expand"]) == (True, False)
    assert item["media_content_type"] == "audio/mpeg"


async def test_days_are_those_of_the_house(hass: HomeAssistant, simulator: Simulator) -> None:
    """Days and hours are the home's, and days are written as people there write them."""
    await hass.config.async_update(time_zone="Asia/Tokyo", language="pt-BR")
    # 02:05 on the next day there.
    record(simulator)
    record(simulator, before=timedelta(hours=2, minutes=6))
    [root] = (await browse(hass)).values()
    days = await browse(hass, root)
    assert list(days) == ["26/11/2026", "25/11/2026"]
    assert list(await browse(hass, days["26/11/2026"])) == ["02:05 Maria → (41) 3060-0300"]
    assert list(await browse(hass, days["25/11/2026"])) == ["23:59 Maria → (41) 3060-0300"]


async def test_numbers_are_those_of_the_house(hass: HomeAssistant, simulator: Simulator) -> None:
    """Elsewhere, a Brazilian number is one abroad."""
    await hass.config.async_update(country="PT")
    record(simulator, "351212345678", "554130600300")
    assert list(await browse(hass, f"{ROOT}/01DIRECTCALL/2026-11-25")) == [
        "14:05 21 234 5678 → +55 41 3060-0300"
    ]


async def test_day_ends_at_midnight(hass: HomeAssistant, simulator: Simulator) -> None:
    """A recording is on one day, also where it begins with it, or ends with it."""
    midnight = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
    for moment in (midnight, midnight - timedelta(seconds=1)):
        simulator.recordings.append(Recording("5541999990000", "554130600300", "", moment))
    for day, hour in (("2026-11-24", "23:59"), ("2026-11-25", "00:00")):
        [title] = await browse(hass, f"{ROOT}/01DIRECTCALL/{day}")
        assert title.startswith(hour)


async def test_day_with_an_hour_more(hass: HomeAssistant, simulator: Simulator) -> None:
    """An hour that the clock shows twice at the end of a day is on that day, both times."""
    await hass.config.async_update(time_zone="America/Santiago")
    for hour in (1, 2, 3, 4):
        simulator.recordings.append(
            Recording(
                "554130600300", "554133334444", "", datetime(2026, 4, 5, hour, 30, tzinfo=UTC)
            )
        )
    titles = list(await browse(hass, f"{ROOT}/01DIRECTCALL/2026-04-04"))
    folder = await async_browse_media(hass, f"{ROOT}/01DIRECTCALL/2026-04-04")
    assert folder.children is not None
    assert [child.title[:5] for child in folder.children] == ["23:30", "23:30", "22:30"]
    assert len(titles) == 2
    [after] = await browse(hass, f"{ROOT}/01DIRECTCALL/2026-04-05")
    assert after.startswith("00:30")


async def test_too_many_to_read(hass: HomeAssistant, simulator: Simulator) -> None:
    """Where not all can be read, each day is there to be opened."""
    simulator.quirks.page_size = 1
    for minutes in range(51):
        record(simulator, before=timedelta(minutes=minutes))
    [root] = (await browse(hass)).values()
    days = await browse(hass, root)
    assert list(days)[::90] == ["2026-11-25", "2026-08-27"]
    assert len(await browse(hass, days["2026-11-20"])) == 0


async def test_contact_in_the_providers_network(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A contact is known by name also where the provider writes the number in another way."""
    [maria, _] = account.subentries.values()
    hass.config_entries.async_update_subentry(account, maria, data={"number": "ip4130600300"})
    await hass.async_block_till_done()
    record(simulator, "554130600300", "5541999991111")
    assert list(await browse(hass, f"{ROOT}/01DIRECTCALL/2026-11-25")) == ["14:05 Maria → João"]


async def test_several_accounts(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Each account has its recordings, and one that is not set up is not there."""
    simulator.secrets["other@example.com"] = "012345"
    await set_up(hass, make_account(simulator, "other@example.com"))
    assert list(await browse(hass)) == ["demo@example.com", "other@example.com"]
    await hass.config_entries.async_unload(account.entry_id)
    assert list(await browse(hass)) == ["other@example.com"]


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        ("nobody", "account is not there"),
        ("nobody/2026-11-25", "account is not there"),
        ("01DIRECTCALL/x", "no such recording"),
        ("01DIRECTCALL/0001-01-01", "no such recording"),
        ("01DIRECTCALL/9999-12-31", "no such recording"),
        ("01DIRECTCALL/20261125T170530Z-0123456789abcdef", "no such recording"),
    ],
)
async def test_nothing_to_browse(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    simulator: Simulator,
    identifier: str,
    text: str,
) -> None:
    """What is not there is said not to be."""
    ws = await hass_ws_client(hass)
    await ws.send_json_auto_id(
        {"type": "media_source/browse_media", "media_content_id": f"{ROOT}/{identifier}"}
    )
    error = (await ws.receive_json())["error"]
    assert error["code"] == "browse_media_failed"
    assert text in error["message"]
    assert simulator.requests[LIST] == 0


async def test_errors_are_in_the_homes_language(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, simulator: Simulator
) -> None:
    """The media browser shows an error as it is, and so it is in the language of the house."""
    await hass.config.async_update(language="pt-BR")
    await hass.async_block_till_done()
    simulator.reply(LIST, Reply(b'{"status": "erro", "codigo": "101", "msg": "Conta de teste"}'))
    ws = await hass_ws_client(hass)
    for command, item in (("browse", ""), ("resolve", "/20261125T170530Z-0123456789abcdef")):
        await ws.send_json_auto_id(
            {
                "type": f"media_source/{command}_media",
                "media_content_id": f"{ROOT}/01DIRECTCALL{item}",
            }
        )
    errors = [(await ws.receive_json())["error"]["message"] for _ in range(2)]
    assert errors == [
        "A Directcall recusou a solicitação. Ela respondeu: Conta de teste (código 101)",
        (
            "Esta gravação não existe. A Directcall guarda as gravações por 90 dias, e uma nova"
            " pode aparecer só alguns minutos depois da ligação"
        ),
    ]


async def test_provider_says_no(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, simulator: Simulator
) -> None:
    """Why there is nothing to see is said in the provider's words."""
    simulator.reply(LIST, Reply(b'{"status": "erro", "codigo": "101", "msg": "Conta de teste"}'))
    ws = await hass_ws_client(hass)
    await ws.send_json_auto_id(
        {"type": "media_source/browse_media", "media_content_id": f"{ROOT}/01DIRECTCALL"}
    )
    error = (await ws.receive_json())["error"]
    assert "Conta de teste (code 101)" in error["message"]


async def test_play(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    player: Any,
    simulator: Simulator,
) -> None:
    """What is clicked is heard, with a path that is signed and has no query of its own."""
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
@pytest.mark.parametrize(
    ("header", "status", "part"),
    [
        (None, 200, (0, SIZE)),
        ("bytes=0-1", 206, (0, 2)),
        ("bytes=1000-", 206, (1000, SIZE)),
        ("bytes=-44", 206, (SIZE - 44, SIZE)),
        ("bytes=1-2,4-5", 200, (0, SIZE)),
        (f"bytes={SIZE}-", 416, (0, 0)),
    ],
)
async def test_play_a_part(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    quirks: dict[str, Any],
    header: str | None,
    status: int,
    part: tuple[int, int],
) -> None:
    """Who skips through a recording gets the part that was asked for, as players want it."""
    simulator.quirks = Quirks(**quirks)
    recording = record(simulator)
    path = (await resolve(hass, await only(hass))).url
    client = await hass_client()
    async with client.get(path, headers={"Range": header} if header else {}) as response:
        body = await response.read()
        assert response.status == status
        start, stop = part
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
async def test_look_before_playing(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    quirks: dict[str, Any],
) -> None:
    """Some players ask first what it is."""
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


def open_files() -> int:
    """Return how many files are open that are in no folder."""
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            links.append(str(descriptor.readlink()))
    return sum(link.endswith("(deleted)") for link in links)


async def play(client: Any, path: str, header: str | None = None) -> bytes:
    """Play a recording, or a part of it."""
    async with client.get(path, headers={"Range": header} if header else {}) as response:
        assert response.status in {200, 206}
        return bytes(await response.read())


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
    assert open_files() == before + 1
    for _ in range(2):
        await pass_time(hass, freezer, 299)
        assert await play(client, path, "bytes=0-1") == b"RI"
    assert simulator.requests[endpoint] == asked + 1
    await pass_time(hass, freezer, 301)
    assert open_files() == before
    assert len(await play(client, path)) == SIZE
    assert simulator.requests[endpoint] == asked + 3
    assert open_files() == before + 1
    await hass.config_entries.async_unload(account.entry_id)
    await hass.async_block_till_done()
    assert open_files() == before


async def test_one_file_at_a_time(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """Who listens to one recording after the other leaves one file at most."""
    simulator.quirks.knows_length = False
    record(simulator)
    record(simulator, before=timedelta(minutes=1), seconds=1)
    before = open_files()
    client = await hass_client()
    ids = list((await browse(hass, f"{ROOT}/01DIRECTCALL/2026-11-25")).values())
    for content_id, size in zip(ids, (SIZE, 44 + 8000), strict=True):
        assert len(await play(client, path_of(content_id))) == size
        await hass.async_block_till_done()
        assert open_files() == before + 1


async def test_too_large_to_be_kept(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """It is said why something of unknown length that is too large is not played."""
    simulator.quirks.knows_length = False
    record(simulator)
    path = path_of(await only(hass))
    before = open_files()
    client = await hass_client()
    with patch.object(spool_module, "LARGEST", SIZE - 1):
        async with client.get(path, headers={"Range": "bytes=0-1"}) as response:
            assert response.status == 502
            assert "more than 100 MB" in await response.text()
    assert open_files() == before


@pytest.mark.parametrize("audio_type", [None, "application/octet-stream"])
@pytest.mark.parametrize("knows_length", [True, False])
async def test_audio_of_which_nobody_says_what_it_is(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    account: MockConfigEntry,
    audio_type: str | None,
    *,
    knows_length: bool,
) -> None:
    """Its first bytes tell, also who asks for others."""
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


async def hang(client: Any, path: str, count: int) -> list[asyncio.Task[bytes]]:
    """Have a recording played several times by a provider that hangs."""
    tasks = [asyncio.create_task(play(client, path)) for _ in range(count)]
    await asyncio.sleep(0.2)
    return tasks


async def leave(tasks: list[asyncio.Task[bytes]]) -> None:
    """Have listeners leave."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_listeners_hold_nothing_back(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """However many recordings hang, calls, polls and lists go on, and who waits is told why."""
    record(simulator)
    content_id = await only(hass)
    path = (await resolve(hass, content_id)).url
    client = await hass_client()
    simulator.quirks.audio_delay = 100
    with patch.object(recordings_module, "PATIENCE", 0.3):
        tasks = await hang(client, path, 4)
        assert simulator.connections == 4
        async with asyncio.timeout(3):
            answers = await asyncio.gather(*(client.get(path) for _ in range(10)))
        for answer in answers:
            assert answer.status == 503
            assert "Four recordings" in await answer.text()
        with pytest.raises(Unresolvable, match="Four recordings"):
            await resolve(hass, content_id)
        async with asyncio.timeout(3):
            await place_call(hass, destination="Maria")
            assert len(await browse(hass, f"{ROOT}/01DIRECTCALL/2026-11-25")) == 1
        await pass_time(hass, freezer, 3)
        assert simulator.requests["voz/status"] == 1
        # A reload of the account adds no further four.
        await hass.config_entries.async_reload(account.entry_id)
        async with asyncio.timeout(3), client.get(path) as response:
            assert response.status == 503
        await leave(tasks)
        simulator.quirks.audio_delay = 0
        assert len(await play(client, path)) == SIZE


async def test_listener_who_waits_a_little(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """Who comes while four listen gets a turn once one of them is done."""
    record(simulator)
    path = (await resolve(hass, await only(hass))).url
    client = await hass_client()
    simulator.quirks.audio_delay = 0.3
    sizes = [len(sound) for sound in await asyncio.gather(*(play(client, path) for _ in range(8)))]
    assert sizes == [SIZE] * 8


async def test_listener_who_takes_nothing(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A player that takes nothing for minutes makes room for others."""
    assert media_source_module.LISTENER_STUCK == 4 * 60
    record(simulator, seconds=2_500)
    path = (await resolve(hass, await only(hass))).url
    client = await hass_client()
    with patch.object(media_source_module, "LISTENER_STUCK", 0.3):
        stuck = [await client.get(path) for _ in range(4)]
        assert await play(client, path, "bytes=0-3") == b"RIFF"
        ends = await asyncio.gather(*(each.read() for each in stuck), return_exceptions=True)
    # Who made room is not made to believe that this was all.
    assert aiohttp.ClientPayloadError in map(type, ends)
    assert "TimeoutError" not in caplog.text


async def test_nobody_listens_in(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    player: Any,
    simulator: Simulator,
) -> None:
    """Without a login or a signature nothing is played, nor with that of another recording."""
    record(simulator)
    record(simulator, before=timedelta(minutes=1))
    [root] = (await browse(hass)).values()
    [day] = (await browse(hass, root)).values()
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
    """It is said why, where people see it, and to the player."""
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
    """A link that changed while somebody listened is looked up again."""
    recording = record(simulator)
    path = (await resolve(hass, await only(hass))).url
    recording.key = "f" * 40
    asked = simulator.requests[LIST]
    client = await hass_client()
    async with client.get(path) as response:
        assert len(await response.read()) == SIZE
    assert simulator.requests[LIST] == asked + 1


async def test_several_listeners(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """A player that asks for several parts at once gets them all, also where the link changed."""
    recording = record(simulator)
    path = (await resolve(hass, await only(hass))).url
    recording.key = "f" * 40
    client = await hass_client()

    async def play() -> int:
        async with client.get(path) as response:
            return len(await response.read())

    assert await asyncio.gather(*(play() for _ in range(4))) == [SIZE] * 4


async def test_gone_meanwhile(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """What was there a moment ago and is not any more is said not to be."""
    record(simulator)
    path = (await resolve(hass, await only(hass))).url
    simulator.recordings.clear()
    client = await hass_client()
    async with client.get(path) as response:
        assert response.status == 404
        assert "There is no such recording" in await response.text()


@pytest.mark.parametrize(
    "path",
    [
        "nobody/20261125T170530Z-0123456789abcdef",
        "01DIRECTCALL/20261125T170530Z-0123456789abcdef",
        "01DIRECTCALL/20261325T170530Z-0123456789abcdef",
        "01DIRECTCALL/2026-11-25",
    ],
)
async def test_no_such_recording(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, path: str
) -> None:
    """What is not there is not found, whatever is asked for."""
    await browse(hass)
    client = await hass_client()
    async with client.get(f"/api/directcall/recordings/{path}") as response:
        assert response.status == 404
    with pytest.raises(Unresolvable, match=r"(is not there|no such recording)"):
        await resolve(hass, f"{ROOT}/{path}")


async def test_no_connection(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """Without a connection people are told to try again."""
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
    """Nothing of an account that was removed can be heard, however recently it was played."""
    record(simulator)
    path = (await resolve(hass, await only(hass))).url
    await hass.config_entries.async_remove(account.entry_id)
    client = await hass_client()
    async with client.get(path) as response:
        assert response.status == 404


async def test_ids_survive_a_restart(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """What an automation or a dashboard has kept plays on, also with a new secret and link."""
    recording = record(simulator)
    content_id = await only(hass)
    await hass.async_stop(force=True)
    simulator.secrets["demo@example.com"] = "543210"
    recording.key = "f" * 40
    async with restarted(hass) as again:
        assert await async_setup_component(again, "media_source", {})
        secret = {"client_secret": "543210"}
        await set_up(again, make_account(simulator, data=secret, entry_id="01DIRECTCALL"))
        assert await only(again) == content_id
        assert (await resolve(again, content_id)).mime_type == "audio/x-wav"


async def test_ids_tell_recordings_apart(hass: HomeAssistant, simulator: Simulator) -> None:
    """Two calls of the same second are two recordings, and so are two recordings of a call."""
    for destination in ("5541999990000", "5541999991111", "5541999991111", "5541999991111"):
        record(simulator, "554130600300", destination)
    folder = await async_browse_media(hass, f"{ROOT}/01DIRECTCALL/2026-11-25")
    assert folder.children is not None
    ids = [child.media_content_id for child in folder.children]
    assert len(set(ids)) == 4
    # The one that was there first stays what it is when others come.
    first = ids[-1]
    record(simulator, "554130600300", "5541900000000")
    folder = await async_browse_media(hass, f"{ROOT}/01DIRECTCALL/2026-11-25")
    assert folder.children is not None
    assert {*ids} <= {child.media_content_id for child in folder.children}
    assert first in ids


async def test_ids_give_nothing_away(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """No number or link is in an id, and without the account's key nobody can guess one."""
    recording = record(simulator)
    content_id = await only(hass)
    assert re.fullmatch(rf"{ROOT}/01DIRECTCALL/20261125T170530Z-[0-9a-f]{{16}}", content_id)
    assert recording.key[:8] not in content_id
    hass.config_entries.async_update_entry(account, data={**account.data, "media_key": "f" * 32})
    await hass.async_block_till_done()
    assert await only(hass) != content_id


async def test_many_in_mind(hass: HomeAssistant, simulator: Simulator) -> None:
    """The links of the last twenty are kept, not those of all that were ever played."""
    simulator.quirks.page_size = 50
    for minutes in range(21):
        record(simulator, before=timedelta(minutes=minutes))
    ids = list((await browse(hass, f"{ROOT}/01DIRECTCALL/2026-11-25")).values())
    for content_id in ids:
        await resolve(hass, content_id)
    asked = simulator.requests[LIST]
    for content_id in ids[1:]:
        await resolve(hass, content_id)
    assert simulator.requests[LIST] == asked
    await resolve(hass, ids[0])
    assert simulator.requests[LIST] == asked + 1


async def test_audio_that_breaks_off(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """A player is not made to believe that a recording ended where its connection did."""
    recording = record(simulator)
    path = (await resolve(hass, await only(hass))).url
    link = f"extrato/gravacao/id/{recording.key}"
    simulator.reply(link, Reply(b"RIFF" * 1000, content_type="audio/wav", drop=True))
    client = await hass_client()
    async with client.get(path) as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_audio_of_unknown_length_that_breaks_off(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """Where nobody said how long it would be, that is seen before anything is played."""
    recording = record(simulator)
    path = (await resolve(hass, await only(hass))).url
    link = f"extrato/gravacao/id/{recording.key}"
    audio = gzip.compress(b"RIFF" * 10_000)[:-20]
    simulator.reply(link, *[Reply(audio, content_type="audio/wav", encoding="gzip", drop=True)] * 2)
    before = open_files()
    client = await hass_client()
    async with client.get(path) as response:
        assert response.status == 502
        assert "cannot be reached" in await response.text()
    assert open_files() == before


async def test_listener_who_leaves(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """Nothing more is fetched for somebody who closed the page."""
    record(simulator, seconds=12_500)
    path = (await resolve(hass, await only(hass))).url
    client = await hass_client()
    async with client.get(path) as response:
        await response.content.read(1000)
        assert simulator.connections == 1
    await asyncio.sleep(0.3)
    assert simulator.connections == 0


async def test_long_recording(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A recording of 100 MB takes less than 5 MB of memory, all that is in between counted."""
    recording = record(simulator, seconds=12_500)
    assert recording.size > 100_000_000
    path = (await resolve(hass, await only(hass))).url
    client = await hass_client()
    received = 0
    tracemalloc.start()
    async with client.get(path) as response:
        async for chunk in response.content.iter_any():
            received += len(chunk)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert received == recording.size
    assert peak < 5_000_000
