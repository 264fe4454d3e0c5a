"""States of calls as automations and people see them: when they are published, and what is not."""

import asyncio
import json
import logging
from pathlib import Path
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, MATCH_ALL
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import restore_state
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.setup import async_setup_component

from custom_components.directcall.diagnostics import async_get_config_entry_diagnostics
from custom_components.directcall.event import DirectcallCallEvent
from tests.common import (
    CALL_IN_PROGRESS,
    ENTRY_ID,
    STATUS,
    end_call,
    last_event,
    listen,
    make_account,
    pass_time,
    place_call,
    restarted,
    set_up,
    state_of,
    until,
)
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


AUTOMATION = {
    "automation": {
        "alias": "Nobody answered",
        "triggers": {"trigger": "state", "entity_id": "event.directcall_call"},
        "actions": {"event": "automation_heard"},
    }
}


async def test_states_are_published_once_home_assistant_has_started(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """The state of a call after a restart is polled at once, and automations receive it."""
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    await place_call(hass)
    await pass_time(hass, freezer, 1, times=15)
    simulator.calls[0].line.ended = True
    await hass.async_stop(force=True)
    async with restarted(hass) as again:
        again.set_state(CoreState.starting)
        heard = async_capture_events(again, "automation_heard")
        # Before the automations are up, as in a real start.
        asked = simulator.requests[STATUS]
        events = listen(again)
        await set_up(again, make_account(simulator, entry_id=ENTRY_ID))
        assert simulator.requests[STATUS] == asked + 1
        assert await async_setup_component(again, "automation", AUTOMATION)
        assert events.types == []
        assert last_event(again) is None

        again.set_state(CoreState.running)
        again.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
        await again.async_block_till_done()
        assert events.types == ["ended"]
        assert last_event(again) == "ended"
        await until(lambda: len(heard) == 1)


async def test_home_assistant_is_killed_before_it_has_started(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A state that no automation received is published after the next start."""
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    await place_call(hass)
    await pass_time(hass, freezer, 1, times=15)
    simulator.calls[0].line.ended = True
    await hass.async_stop(force=True)
    async with restarted(hass) as killed:
        killed.set_state(CoreState.starting)
        await set_up(killed, make_account(simulator, entry_id=ENTRY_ID))
        await pass_time(killed, freezer, 1)
    async with restarted(hass) as again:
        events = listen(again)
        await set_up(again, make_account(simulator, entry_id=ENTRY_ID))
        await again.async_block_till_done(wait_background_tasks=True)
        assert events.types == ["ended"]
    async with restarted(hass) as last:
        events = listen(last)
        await set_up(last, make_account(simulator, entry_id=ENTRY_ID))
        await last.async_block_till_done(wait_background_tasks=True)
        assert events.types == []


async def test_states_wait_for_the_start_across_a_reload(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """An account that is unloaded before Home Assistant has started publishes nothing."""
    hass.set_state(CoreState.starting)
    events = listen(hass)
    account = await set_up(hass, make_account(simulator))
    await place_call(hass)
    await hass.config_entries.async_unload(account.entry_id)
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert events.types == []
    await hass.config_entries.async_setup(account.entry_id)
    await until(lambda: events.types[:1] == ["placed"])


async def test_listener_that_raises_fails_no_action(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The action succeeds after its call was placed, although an entity's listener raises."""
    with patch.object(DirectcallCallEvent, "_trigger_event", side_effect=RuntimeError("boom")):
        response = await place_call(hass)
    assert response["code"] == "000"
    assert "boom" in caplog.text
    # The others heard of it, and the call is followed.
    assert state_of(hass, CALL_IN_PROGRESS) == "on"
    with pytest.raises(ServiceValidationError, match="already"):
        await place_call(hass)
    assert simulator.calls[0].call_id not in caplog.text


def saved_files(hass: HomeAssistant, secret: str) -> list[str]:
    """Return the names of the saved files in which a secret is."""
    folder = Path(hass.config.path(STORAGE_DIR))
    return sorted(file.name for file in folder.iterdir() if secret in file.read_text())


async def test_providers_id_of_a_call_stays_inside(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The provider's ID, of which a recording's link may be made, is in the account's file only."""
    for logger in ("custom_components.directcall", "aiohttp", "homeassistant"):
        caplog.set_level(logging.DEBUG, logger)
    fired = async_capture_events(hass, MATCH_ALL)
    account = await set_up(
        hass, make_account(simulator, entry_id=ENTRY_ID, contacts={"Maria": "+55 41 99999-0000"})
    )
    response = await place_call(hass, destination="Maria", record=True, wait_for_outcome=False)
    await pass_time(hass, freezer, 1, times=15)
    secret = simulator.calls[0].call_id
    assert saved_files(hass, secret) == [f"directcall.{ENTRY_ID}"]
    ended = await end_call(hass, destination="Maria")
    await pass_time(hass, freezer, 121)
    states = hass.states.async_all()
    events = [state for state in states if state.attributes.get("call_id")]
    assert [state.attributes["event_type"] for state in events] == ["recording_ready"]
    assert [state.attributes["call_id"] for state in events] == [response["call_id"]]
    assert simulator.searches[0]["callerid"] == secret
    diagnostics = await async_get_config_entry_diagnostics(hass, account)
    seen = [response, ended, diagnostics, *states, *(event.as_dict() for event in fired)]
    assert secret not in json.dumps(seen, default=repr)
    await restore_state.async_get(hass).async_dump_states()
    await hass.async_stop(force=True)
    assert secret not in caplog.text
    assert set(saved_files(hass, secret)) <= {
        f"directcall.{ENTRY_ID}",
        f"directcall.{ENTRY_ID}.recordings",
    }
    assert saved_files(hass, response["call_id"]) == ["core.restore_state"]


@pytest.mark.parametrize(
    ("numbers", "same"),
    [
        ({"destination": "+55 41 3060-0308"}, True),
        ({"destination": "ip4130600308"}, True),
        ({"destination": "ip4130600308", "origin": "ip4130600300"}, True),
        ({"destination": "+55 41 3060-0308", "origin": "+55 41 3060-0301"}, False),
        ({"destination": "ip4130600309"}, False),
        ({"destination": "+55 11 3060-0308"}, False),
    ],
)
async def test_telephone_with_two_numbers_rings_once(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    numbers: dict[str, str],
    same: bool,
) -> None:
    """A telephone that is called by its number and by its SIP number at once rings once."""
    answer = simulator.hold("voz/call")
    calls = [
        asyncio.create_task(place_call(hass, destination="ip4130600308")),
        asyncio.create_task(place_call(hass, **numbers)),
    ]
    await until(lambda: len(simulator.calls) == (1 if same else 2))
    answer.set()
    first, second = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(first, dict)
    assert len(simulator.calls) == (1 if same else 2)
    assert isinstance(second, ServiceValidationError) is same
    # What was placed stays as it was written then.
    assert simulator.calls[0].destination == "ip4130600308"


async def test_telephone_with_two_numbers_is_hung_up_by_either(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call is hung up as it was placed, however the telephone is named then."""
    await place_call(hass, destination="ip4130600308")
    await pass_time(hass, freezer, 1, times=5)
    assert (await end_call(hass, destination="+55 41 3060-0308"))["code"] == "000"
    assert simulator.calls[0].line.ended
    assert simulator.queries[-1]["destino"] == "ip4130600308"
    # And what rings is not taken for over by the second one.
    await place_call(hass, destination="+55 41 3060-0308")
    await pass_time(hass, freezer, 1, times=25)
    with pytest.raises(ServiceValidationError, match="already"):
        await place_call(hass, destination="ip4130600308")
