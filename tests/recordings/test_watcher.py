"""After a recorded call its recording is looked for, and told of once it is there."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
import json
import logging
from pathlib import Path
import threading
import time
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from homeassistant.components.media_source import async_resolve_media
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.file import write_utf8_file_atomic

from custom_components.directcall.announcing import async_recording_signal
from custom_components.directcall.api import DirectcallClient, RecordingList
from custom_components.directcall.const import DOMAIN
from tests.common import (
    CALL,
    Events,
    end_call,
    listen,
    make_account,
    pass_time,
    place_call,
    restarted,
    set_up,
)
from tests.simulator import Recording, Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)

LIST = "extrato/list-recordings"
READY = "recording_ready"
CONTACTS = {"Maria": "+55 41 99999-0000"}
ENTRY_ID = "01DIRECTCALL"
NUMBER = "+55 41 99999-"


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give each test a folder of its own."""
    return hass_tmp_config_dir


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let what is saved be really written, and read again."""
    return {}


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with a contact."""
    return await set_up(home, make_account(simulator, contacts=CONTACTS, entry_id=ENTRY_ID))


@pytest.fixture
def events(hass: HomeAssistant, account: MockConfigEntry) -> Events:
    """Return what the entity Call fires."""
    return listen(hass)


def file_of(hass: HomeAssistant) -> Path:
    """Return where what is awaited is saved."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{ENTRY_ID}.recordings"))


def saved(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return what is saved of what is awaited."""
    awaited: list[dict[str, Any]] = json.loads(file_of(hass).read_text())["data"]["awaited"]
    return awaited


async def talk(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, *, record: bool = True, **data: Any
) -> dict[str, Any]:
    """Place a call, talk, and hang up."""
    response = await place_call(hass, **{"destination": "Maria", "record": record, **data})
    await pass_time(hass, freezer, 1, times=15)
    await end_call(hass, **{"destination": "Maria", **data})
    return response


async def test_recording_is_ready(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Two minutes after a recorded call the house is told, and it can be played."""
    call = await talk(hass, freezer)
    assert events.types[-1] == "ended"
    await pass_time(hass, freezer, 118)
    assert simulator.requests[LIST] == 0
    await pass_time(hass, freezer, 3)
    assert events.types[-1] == READY
    attributes = events[-1].attributes
    assert attributes["call_id"] == call["call_id"]
    assert attributes["contact"] == "Maria"
    assert attributes["last_digits"] == "0000"
    [search] = simulator.searches
    assert search["callerid"] == simulator.calls[0].call_id

    assert await async_setup_component(hass, "media_source", {})
    media = await async_resolve_media(hass, attributes["media_content_id"], None)
    assert media.mime_type == "audio/x-wav"

    # Once, and no further asking.
    await pass_time(hass, freezer, 60, times=20)
    assert events.types.count(READY) == 1
    assert simulator.requests[LIST] == 2


async def test_recording_takes_its_time(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What is not there after 2 minutes is looked for once more, 15 minutes after the end."""
    await talk(hass, freezer)
    recording = simulator.recordings.pop()
    await pass_time(hass, freezer, 121)
    assert simulator.requests[LIST] == 1
    simulator.recordings.append(recording)
    await pass_time(hass, freezer, 776)
    assert simulator.requests[LIST] == 1
    await pass_time(hass, freezer, 5)
    assert events.types[-1] == READY
    assert await saved_soon(hass, freezer) == []


async def test_two_calls_in_a_row(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Each of two calls of the same two telephones gets its own recording, whatever is ignored."""
    simulator.quirks.ignores_call_id = True
    ids = [(await talk(hass, freezer))["call_id"] for _ in range(2)]
    await pass_time(hass, freezer, 60, times=5)
    ready = [e.attributes for e in events if e.attributes["event_type"] == READY]
    assert [attributes["call_id"] for attributes in ready] == ids
    for attributes, recording in zip(ready, simulator.recordings, strict=True):
        moment = recording.started.astimezone(dt_util.UTC).strftime("%Y%m%dT%H%M%SZ")
        assert f"/{moment}-" in attributes["media_content_id"]


async def test_recording_of_the_next_call(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call without a recording is not given that of the next one."""
    simulator.quirks.ignores_call_id = True
    await talk(hass, freezer)
    simulator.recordings.clear()
    await pass_time(hass, freezer, 2)
    second = await talk(hass, freezer)
    await pass_time(hass, freezer, 60, times=20)
    ready = [e.attributes for e in events if e.attributes["event_type"] == READY]
    assert [attributes["call_id"] for attributes in ready] == [second["call_id"]]


async def test_call_of_which_nobody_knows_the_end(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What became of a call may not be known, and its recording be there all the same."""
    simulator.reply("voz/status", *[Reply(b"", 503)] * 100)
    await place_call(hass, destination="Maria", record=True)
    await pass_time(hass, freezer, 1, times=200)
    assert events.types == ["placed", "unknown"]
    simulator.calls[0].line.ended = True
    await pass_time(hass, freezer, 121)
    assert events.types[-1] == READY


async def saved_soon(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> list[dict[str, Any]]:
    """Return what is saved a moment later."""
    await pass_time(hass, freezer, 1)
    return saved(hass)


async def test_no_recording(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What is not there after 15 minutes either is not looked for any more."""
    await talk(hass, freezer)
    simulator.recordings.clear()
    await pass_time(hass, freezer, 60, times=40)
    assert READY not in events.types
    assert simulator.requests[LIST] == 2
    assert await saved_soon(hass, freezer) == []


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"", 404),
        Reply(b"", 302, location="http://192.168.0.1/"),
        Reply(b"<h1>Aguarde</h1>", content_type="text/html"),
        Reply(drop=True),
    ],
)
async def test_recording_that_cannot_be_heard_yet(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
    reply: Reply,
) -> None:
    """What is listed, and cannot be played, is not ready: it may be after 15 minutes."""
    await talk(hass, freezer)
    simulator.reply(f"extrato/gravacao/id/{simulator.recordings[0].key}", reply)
    await pass_time(hass, freezer, 121)
    assert simulator.requests[LIST] == 1
    assert READY not in events.types
    await pass_time(hass, freezer, 781)
    assert events.types[-1] == READY


@pytest.mark.parametrize(
    "reply",
    [
        Reply(drop=True),
        Reply(b"", 503),
        Reply(b'{"status": "erro", "codigo": "011", "msg": "Problema"}'),
        Reply(b'{"status": "ok", "msg": [{"origem": 1}], "paginas": 1}'),
    ],
)
async def test_look_that_fails(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    reply: Reply,
) -> None:
    """A look that fails is no reason to give up, or to say anything."""
    await talk(hass, freezer)
    simulator.reply(LIST, reply)
    await pass_time(hass, freezer, 121)
    assert READY not in events.types
    await pass_time(hass, freezer, 781)
    assert events.types[-1] == READY
    assert not [r for r in caplog.records if r.levelno > logging.INFO and DOMAIN in r.name]


async def test_fault_of_ours(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A fault is in the log, and does not end the awaiting."""
    await talk(hass, freezer)
    with patch(
        "custom_components.directcall.api.DirectcallClient.list_recordings", side_effect=KeyError
    ):
        await pass_time(hass, freezer, 121)
    assert "Unexpected error while looking for a recording" in caplog.text
    await pass_time(hass, freezer, 781)
    assert events.types[-1] == READY


@pytest.mark.parametrize(
    ("last_digits", "searches"),
    [("0000", 1), ("7001", 0), ("7002", 0), ("7003", 0), ("7006", 0)],
)
async def test_only_calls_that_may_have_one(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
    last_digits: str,
    searches: int,
) -> None:
    """Where nobody talked there is nothing to look for."""
    await place_call(hass, destination=f"{NUMBER}{last_digits}", record=True)
    await pass_time(hass, freezer, 1, times=60)
    simulator.calls[0].line.ended = True
    await pass_time(hass, freezer, 60, times=20)
    assert simulator.requests[LIST] == searches


async def test_not_recorded(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Nothing is asked after a call that was not to be recorded."""
    await talk(hass, freezer, record=False)
    await pass_time(hass, freezer, 60, times=20)
    assert simulator.requests[LIST] == 0


async def test_call_without_an_id(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """An id of ours means nothing to the provider: the numbers and the time tell."""
    await talk(hass, freezer, destination=f"{NUMBER}9004")
    await pass_time(hass, freezer, 121)
    assert events.types[-1] == READY
    [search] = simulator.searches
    assert "callerid" not in search


async def test_number_in_the_providers_network(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A number in the provider's own network is known also where it is listed as any other."""
    await talk(hass, freezer, origin="ip4130600300")
    simulator.recordings[0].origin = "554130600300"
    await pass_time(hass, freezer, 121)
    assert events.types[-1] == READY


async def test_provider_that_ignores_the_id(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A recording of another call is never taken for this one's."""
    simulator.quirks.ignores_call_id = True
    await talk(hass, freezer)
    [mine] = simulator.recordings
    simulator.recordings = [
        Recording("554130600300", "5541999991111", "x", mine.started),
        Recording("5541988887777", "5541999990000", "x", mine.started),
        Recording("5541999990000", "554130600300", "x", mine.started),
        Recording("554130600300", "5541999990000", "x", mine.started - timedelta(minutes=2)),
        Recording("554130600300", "5541999990000", "x", dt_util.utcnow() + timedelta(minutes=1)),
    ]
    await pass_time(hass, freezer, 121)
    assert simulator.requests[LIST] == 1
    assert READY not in events.types
    simulator.recordings.insert(2, mine)
    await pass_time(hass, freezer, 781)
    assert events.types[-1] == READY
    moment = mine.started.astimezone(dt_util.UTC).strftime("%Y%m%dT%H%M%SZ")
    assert f"/{moment}-" in events[-1].attributes["media_content_id"]


async def test_credentials_are_refused_meanwhile(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Nothing is asked while the account is refused, and what was due is done after that."""
    await talk(hass, freezer)
    simulator.secrets.clear()
    simulator.end_tokens()
    await account.runtime_data.async_refresh()
    await pass_time(hass, freezer, 60, times=30)
    assert simulator.requests[LIST] == 0
    simulator.secrets["demo@example.com"] = "012345"
    await account.runtime_data.async_refresh()
    await pass_time(hass, freezer, 61)
    assert events.types[-1] == READY


async def test_reload_in_the_middle(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A reload loses nothing, and what came due meanwhile is done then."""
    await talk(hass, freezer)
    await hass.config_entries.async_reload(account.entry_id)
    await pass_time(hass, freezer, 60)
    assert READY not in events.types
    await hass.config_entries.async_unload(account.entry_id)
    await pass_time(hass, freezer, 200)
    assert simulator.requests[LIST] == 0
    await hass.config_entries.async_setup(account.entry_id)
    await pass_time(hass, freezer, 1)
    assert events.types[-1] == READY
    await pass_time(hass, freezer, 60, times=20)
    assert events.types.count(READY) == 1


async def test_call_that_ends_during_a_reload(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Its recording is awaited, too."""
    await place_call(hass, destination="Maria", record=True)
    await pass_time(hass, freezer, 1, times=15)
    simulator.quirks.end_delay = 0.2
    ending = asyncio.create_task(end_call(hass, destination="Maria"))
    await asyncio.sleep(0.1)
    await hass.config_entries.async_unload(account.entry_id)
    await ending
    await hass.config_entries.async_setup(account.entry_id)
    assert events.types[-1] == "ended"
    await pass_time(hass, freezer, 121)
    assert events.types[-1] == READY


class SlowList:
    """Lists of recordings that are answered when a test wants it."""

    def __init__(self) -> None:
        """Start without having been asked."""
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def begin(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
        """Let a look be due, and wait until it is under way."""
        freezer.tick(121)
        async_fire_time_changed(hass)
        async with asyncio.timeout(5):
            await self.is_asked.wait()

    async def end(self, hass: HomeAssistant) -> None:
        """Let everything begin that is due, and answer then."""
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
        self.may_answer.set()
        await hass.async_block_till_done(wait_background_tasks=True)


@pytest.fixture
def slow_list() -> Iterator[SlowList]:
    """Let lists wait for the test."""
    slow = SlowList()
    list_recordings = DirectcallClient.list_recordings

    async def list_slowly(client: DirectcallClient, *arguments: Any) -> RecordingList:
        slow.is_asked.set()
        await slow.may_answer.wait()
        return await list_recordings(client, *arguments)

    with patch.object(DirectcallClient, "list_recordings", list_slowly):
        yield slow


@pytest.mark.parametrize("is_there", [True, False])
async def test_call_ends_while_home_assistant_starts(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    *,
    is_there: bool,
) -> None:
    """A recording is searched once Home Assistant has started, one search at a time."""
    hass.set_state(CoreState.starting)
    await set_up(hass, make_account(simulator, contacts=CONTACTS, entry_id=ENTRY_ID))
    events = listen(hass)
    await talk(hass, freezer)
    recordings = [] if is_there else [simulator.recordings.pop()]
    await pass_time(hass, freezer, 121)
    assert simulator.requests[LIST] == 0
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await pass_time(hass, freezer, 121)
    assert simulator.requests[LIST] == 1
    simulator.recordings += recordings
    await pass_time(hass, freezer, 781)
    await pass_time(hass, freezer, 60, times=20)
    assert events.types.count(READY) == 1
    assert simulator.requests[LIST] == (1 if is_there else 2)
    assert "Traceback" not in caplog.text


async def test_unload_that_fails_while_it_is_looked_for(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
    slow_list: SlowList,
) -> None:
    """The look goes on, and no second one begins beside it."""
    await talk(hass, freezer)
    await slow_list.begin(hass, freezer)
    with patch.object(hass.config_entries, "async_unload_platforms", return_value=False):
        assert not await hass.config_entries.async_unload(account.entry_id)
    await slow_list.end(hass)
    assert simulator.requests[LIST] == 1
    assert events.types.count(READY) == 1


@pytest.mark.no_fail_on_log_exception
async def test_listener_that_fails(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A listener that fails takes nothing from the others, and gives nothing away."""
    heard: list[str] = []

    def fail(_: object, content_id: str) -> None:
        heard.append(content_id)
        raise KeyError

    # It hears of it first.
    async_dispatcher_connect(hass, async_recording_signal(ENTRY_ID), callback(fail))
    await set_up(hass, make_account(simulator, contacts=CONTACTS, entry_id=ENTRY_ID))
    events = listen(hass)
    await talk(hass, freezer)
    await pass_time(hass, freezer, 121)
    assert len(heard) == 1
    assert events.types[-1] == READY
    assert "KeyError" in caplog.text
    told = [r.getMessage() for r in caplog.records if "when dispatching" in r.getMessage()]
    assert len(told) == 1
    assert simulator.calls[0].call_id not in told[0]
    assert "99999" not in told[0]
    await pass_time(hass, freezer, 60, times=20)
    assert simulator.requests[LIST] == 1
    assert await saved_soon(hass, freezer) == []


async def test_providers_id_is_nowhere(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What the link of a recording may be made from is in the account's file, and only there."""
    caplog.set_level(logging.DEBUG, f"custom_components.{DOMAIN}")
    caplog.set_level(logging.DEBUG, "aiohttp")
    response = await talk(hass, freezer)
    assert [awaited["provider_id"] for awaited in await saved_soon(hass, freezer)] == [
        simulator.calls[0].call_id
    ]
    await pass_time(hass, freezer, 121)
    assert events.types[-1] == READY
    assert {event.attributes["call_id"] for event in events} == {response["call_id"]}
    shown = [response, *(state.as_dict() for state in [*events, *hass.states.async_all()])]
    ours = [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith((f"custom_components.{DOMAIN}", "aiohttp"))
    ]
    assert simulator.calls[0].call_id not in f"{shown} {ours}"


@pytest.mark.parametrize("is_there", [True, False])
async def test_reload_while_it_is_looked_for(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    *,
    is_there: bool,
) -> None:
    """What comes of a look while nobody is there to be told is looked for again."""
    await talk(hass, freezer)
    recordings = [] if is_there else [simulator.recordings.pop()]
    unload = hass.config_entries.async_unload_platforms

    async def unload_slowly(*arguments: Any) -> bool:
        is_unloaded = await unload(*arguments)
        await asyncio.sleep(0.4)
        return is_unloaded

    simulator.quirks.list_delay = 0.2
    freezer.tick(121)
    async_fire_time_changed(hass)
    await asyncio.sleep(0.1)
    with patch.object(hass.config_entries, "async_unload_platforms", unload_slowly):
        await hass.config_entries.async_reload(account.entry_id)
    assert simulator.requests[LIST] == 1
    simulator.recordings += recordings
    await pass_time(hass, freezer, 1)
    assert events.types.count(READY) == 1
    await pass_time(hass, freezer, 60, times=20)
    assert events.types.count(READY) == 1
    assert simulator.requests[LIST] == 2
    assert "Traceback" not in caplog.text


async def test_unload_that_fails(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What an account awaits that could not be unloaded is awaited on."""
    await talk(hass, freezer)
    with patch.object(hass.config_entries, "async_unload_platforms", return_value=False):
        assert not await hass.config_entries.async_unload(account.entry_id)
    await pass_time(hass, freezer, 121)
    assert events.types[-1] == READY


async def test_call_after_a_reload(
    hass: HomeAssistant,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A recording is awaited once, however often the account was set up anew."""
    await hass.config_entries.async_reload(account.entry_id)
    await talk(hass, freezer)
    assert len(await saved_soon(hass, freezer)) == 1


async def test_call_while_home_assistant_starts(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its recording is looked for once."""
    hass.set_state(CoreState.starting)
    await set_up(hass, make_account(simulator, contacts=CONTACTS, entry_id=ENTRY_ID))
    events = listen(hass)
    await talk(hass, freezer)
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    await pass_time(hass, freezer, 121)
    assert events.types.count(READY) == 1
    assert simulator.requests[LIST] == 1
    assert "Traceback" not in caplog.text


async def test_name_gives_no_number_away(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What people write into a name does not get into the event."""
    name = "Maria 41 99999-0000"
    await set_up(hass, make_account(simulator, contacts={name: CONTACTS["Maria"]}))
    events = listen(hass)
    await talk(hass, freezer, destination=f"{NUMBER}0000")
    await pass_time(hass, freezer, 121)
    assert events.types[-1] == READY
    assert "99999" not in str(events[-1].attributes)


async def test_automations_hear_what_came_due_while_away(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Where Home Assistant was away when a look was due, it waits until automations are ready."""
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    await talk(hass, freezer, destination=f"{NUMBER}0000")
    await pass_time(hass, freezer, 1)
    await hass.async_stop(force=True)
    freezer.tick(300)
    async with restarted(hass) as again:
        again.set_state(CoreState.not_running)
        told = async_mock_service(again, "notify", "phone")
        trigger = {
            "trigger": "event.received",
            "target": {"entity_id": CALL},
            "options": {"event_type": [READY]},
        }
        config = {"triggers": trigger, "actions": {"action": "notify.phone"}}
        assert await async_setup_component(again, "automation", {"automation": config})
        await set_up(again, make_account(simulator, entry_id=ENTRY_ID))
        await pass_time(again, freezer, 5)
        assert simulator.requests[LIST] == 0
        await again.async_start()
        await pass_time(again, freezer, 1)
        assert len(told) == 1


async def test_restart_during_a_call(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call that is followed on after a restart is still known by the provider's id."""
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    await place_call(hass, record=True)
    await pass_time(hass, freezer, 2)
    await hass.async_stop(force=True)
    async with restarted(hass) as again:
        await set_up(again, make_account(simulator, entry_id=ENTRY_ID))
        await pass_time(again, freezer, 1, times=15)
        await end_call(again)
        await pass_time(again, freezer, 121)
        [search] = simulator.searches
        assert search["callerid"] == simulator.calls[0].call_id


@pytest.mark.parametrize("looks", [0, 1])
@pytest.mark.parametrize("away", [5, 100_000])
async def test_restart_in_the_middle(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    looks: int,
    away: int,
) -> None:
    """What is awaited survives a restart, however long that takes, and looks count on."""
    await set_up(hass, make_account(simulator, contacts=CONTACTS, entry_id=ENTRY_ID))
    call = await talk(hass, freezer)
    recording = simulator.recordings.pop()
    await pass_time(hass, freezer, 121 * looks + 1)
    assert simulator.requests[LIST] == looks
    await hass.async_stop(force=True)
    [awaited] = saved(hass)
    assert awaited["looks"] == looks
    assert awaited["contact"] == "Maria"
    assert file_of(hass).stat().st_mode & 0o077 == 0

    freezer.tick(away)
    simulator.recordings.append(recording)
    async with restarted(hass) as again:
        events = listen(again)
        await set_up(again, make_account(simulator, contacts=CONTACTS, entry_id=ENTRY_ID))
        for seconds in (1, *[61] * 15):
            await pass_time(again, freezer, seconds)
        assert events.types == [READY]
        assert events[0].attributes["call_id"] == call["call_id"]
        assert events[0].attributes["contact"] == "Maria"
        assert simulator.requests[LIST] == looks + 1
    assert saved(again) == []


async def test_look_that_is_due_while_home_assistant_ends(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """There is no connection any more then: it is no look, and the next start has it done."""
    caplog.set_level(logging.DEBUG, f"custom_components.{DOMAIN}")
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    await talk(hass, freezer, destination=f"{NUMBER}0000")
    await hass.async_stop(force=True)
    for seconds in (121, 1, 1):
        freezer.tick(seconds)
        async_fire_time_changed(hass)
        await asyncio.sleep(0.1)
    [awaited] = saved(hass)
    assert awaited["looks"] == 0
    assert "cannot be looked for" not in caplog.text


async def test_clock_that_was_set_back(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A clock that was wrong does not put the look off for ever."""
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    await talk(hass, freezer, destination=f"{NUMBER}0000")
    await pass_time(hass, freezer, 1)
    await hass.async_stop(force=True)
    freezer.move_to(dt_util.utcnow() - timedelta(days=1))
    async with restarted(hass) as again:
        await set_up(again, make_account(simulator, entry_id=ENTRY_ID))
        await pass_time(again, freezer, 121)
        assert simulator.requests[LIST] == 1


GOOD = {
    "call_id": "a-call",
    "provider_id": "a-secret",
    "origin": "554130600300",
    "destination": "5541999990000",
    "contact": None,
    "placed_at": 1,
    "ended_at": 2,
    "looks": 0,
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        json.dumps({"version": 1, "data": {}}),
        json.dumps({"version": 99, "data": {"awaited": []}}),
        *(
            json.dumps({"version": 1, "data": {"awaited": [GOOD | change]}})
            for change in (
                {"looks": 2},
                {"looks": -1},
                {"ended_at": "x"},
                {"ended_at": 1e30},
                {"origin": "x"},
                {"more": 1},
                {"provider_id": 1},
            )
        ),
    ],
)
async def test_broken_file_keeps_nobody_from_calling(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, text: str
) -> None:
    """What cannot be read is lost then, and nothing else."""
    file_of(hass).parent.mkdir(exist_ok=True)
    file_of(hass).write_text(text)
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    assert (await place_call(hass))["code"] == "000"


async def test_broken_item(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One item that cannot be read takes no other with it."""
    good = {**GOOD, "ended_at": time.time(), "contact": "Maria"}
    data = {"awaited": [{**good, "looks": 2}, good]}
    file_of(hass).parent.mkdir(exist_ok=True)
    file_of(hass).write_text(json.dumps({"version": 1, "data": data}))
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    assert caplog.text.count("could not be read") == 1
    await pass_time(hass, freezer, 121)
    assert [search["callerid"] for search in simulator.searches] == ["a-secret"]


async def test_account_is_removed(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Nothing is left of an account that is gone."""
    await talk(hass, freezer)
    assert len(await saved_soon(hass, freezer)) == 1
    await hass.config_entries.async_remove(account.entry_id)
    await pass_time(hass, freezer, 60, times=20)
    assert simulator.requests[LIST] == 0
    assert not file_of(hass).exists()


async def test_removal_while_it_is_saved(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """No file is left of an account that is removed while one is written."""
    await talk(hass, freezer)
    begun = threading.Event()

    def write_slowly(path: str, *arguments: Any, **more: Any) -> None:
        if path.endswith(".recordings"):
            begun.set()
            time.sleep(0.3)
        write_utf8_file_atomic(path, *arguments, **more)

    with patch("homeassistant.helpers.storage.write_utf8_file_atomic", write_slowly):
        assert await hass.async_add_executor_job(begun.wait, 5)
        await hass.config_entries.async_remove(account.entry_id)
        await asyncio.sleep(0.5)
    assert not file_of(hass).exists()


async def test_removal_after_an_unload_that_failed(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Nothing is looked for, or written, for an account that is gone, however it went."""
    await talk(hass, freezer)
    with patch.object(hass.config_entries, "async_unload_platforms", return_value=False):
        await hass.config_entries.async_remove(account.entry_id)
    await pass_time(hass, freezer, 121)
    assert simulator.requests[LIST] == 0
    assert not file_of(hass).exists()


async def test_removal_of_an_account_that_was_never_loaded(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """What is saved goes with the account in any case."""
    account = make_account(simulator, entry_id=ENTRY_ID)
    account.add_to_hass(hass)
    file_of(hass).parent.mkdir(exist_ok=True)
    file_of(hass).write_text("{}")
    await hass.config_entries.async_remove(account.entry_id)
    assert not file_of(hass).exists()
