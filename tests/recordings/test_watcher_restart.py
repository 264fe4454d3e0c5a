"""Search for recordings while the account is reloaded or Home Assistant restarts."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
import logging
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from custom_components.directcall.api import DirectcallClient, RecordingList
from custom_components.directcall.const import DOMAIN
from tests.common import (
    CALL,
    END,
    ENTRY_ID,
    LIST,
    NUMBER,
    Events,
    end_call,
    listen,
    make_account,
    pass_time,
    place_call,
    restarted,
    set_up,
    until,
)
from tests.recordings.common import CONTACTS, READY, file_of, saved, saved_soon, talk
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


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
    answer = simulator.hold(END)
    ending = asyncio.create_task(end_call(hass, destination="Maria"))
    await until(lambda: simulator.requests[END] == 1)
    await hass.config_entries.async_unload(account.entry_id)
    answer.set()
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
        """Let a look-up be due, and wait until it is in progress."""
        freezer.tick(121)
        async_fire_time_changed(hass)
        await until(self.is_asked.is_set)

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


async def test_unload_that_fails_during_a_search(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
    slow_list: SlowList,
) -> None:
    """A search continues after a failed unload, and no second one starts."""
    await talk(hass, freezer)
    await slow_list.begin(hass, freezer)
    with patch.object(hass.config_entries, "async_unload_platforms", return_value=False):
        assert not await hass.config_entries.async_unload(account.entry_id)
    await slow_list.end(hass)
    assert simulator.requests[LIST] == 1
    assert events.types.count(READY) == 1


@pytest.mark.parametrize("is_there", [True, False])
async def test_reload_during_a_search(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
    slow_list: SlowList,
    caplog: pytest.LogCaptureFixture,
    *,
    is_there: bool,
) -> None:
    """A search that ends while the account is unloaded is repeated."""
    await talk(hass, freezer)
    recordings = [] if is_there else [simulator.recordings.pop()]
    unload = hass.config_entries.async_unload_platforms

    async def unload_slowly(*arguments: Any) -> bool:
        is_unloaded = await unload(*arguments)
        await slow_list.end(hass)
        return is_unloaded

    await slow_list.begin(hass, freezer)
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
    """An account that cannot be unloaded still finds its pending recordings."""
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
    """A recording is awaited once, after any number of reloads."""
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
    """The recording of a call during the start is looked up once."""
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


async def test_search_waits_for_the_automations(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A search that was due during a restart waits for the start of Home Assistant."""
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    await talk(hass, freezer, destination=f"{NUMBER}0000")
    await pass_time(hass, freezer, 1)
    await hass.async_stop(force=True)
    freezer.tick(300)
    async with restarted(hass) as again:
        again.set_state(CoreState.not_running)
        notifications = async_mock_service(again, "notify", "phone")
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
        assert len(notifications) == 1


async def test_restart_during_a_call(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call that is tracked after a restart keeps the provider's ID."""
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
    """A pending recording survives a restart of any length, and its look-ups continue."""
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


async def test_search_due_during_the_stop_does_not_count(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A search that is due while Home Assistant stops is made after the start."""
    caplog.set_level(logging.DEBUG, f"custom_components.{DOMAIN}")
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    await talk(hass, freezer, destination=f"{NUMBER}0000")
    await hass.async_stop(force=True)
    for seconds in (121, 1, 1):
        freezer.tick(seconds)
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)
    [awaited] = saved(hass)
    assert awaited["looks"] == 0
    assert "could not be searched for" not in caplog.text


async def test_clock_that_was_set_back(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A clock that was wrong does not delay a look-up forever."""
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    await talk(hass, freezer, destination=f"{NUMBER}0000")
    await pass_time(hass, freezer, 1)
    await hass.async_stop(force=True)
    freezer.move_to(dt_util.utcnow() - timedelta(days=1))
    async with restarted(hass) as again:
        await set_up(again, make_account(simulator, entry_id=ENTRY_ID))
        await pass_time(again, freezer, 121)
        assert simulator.requests[LIST] == 1
