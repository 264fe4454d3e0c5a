"""Alerts while the account is reloaded, changed or disabled, or Home Assistant restarts."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.setup import async_setup_component

from tests.alerts.common import ALERT, CALL, EVENT, NAMES, STATUS, VOICE, raise_alert
from tests.alerts.house import House, reload, restart
from tests.common import ENTRY_ID, REQUEST_TOKEN, SEND, alert_data, perform, restarted, skip, until
from tests.disk import hass_config_dir, hass_storage

__all__ = ["hass_config_dir", "hass_storage"]

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = [pytest.mark.freeze_time(tick=True), pytest.mark.usefixtures("no_pauses")]

RINGS_IN_VAIN = "+55 41 99999-7002"
CLEAR = "All is clear."
VOICES = [(VOICE, name) for name in NAMES]
CALLS = [(CALL, name) for name in NAMES]
MINUTE = 60


# The states of a run.


async def before_the_reply(house: House) -> None:
    """Raise the alert, and hold the reply to the first message back."""
    house.release = house.simulator.hold(SEND).set
    await perform(house.hass, "raise_alert", {"name": ALERT})
    await until(lambda: bool(house.simulator.messages))


async def time_to_acknowledge(house: House) -> None:
    """Raise the alert, and let the first contact have time."""
    await raise_alert(house.hass)
    await house.wait(10)


async def pausing(house: House) -> None:
    """Raise the alert, and let the first round be over."""
    await raise_alert(house.hass)
    await house.wait(80)


async def waiting(house: House) -> None:
    """Raise the alert while the line is down."""
    await house.line.stop()
    await raise_alert(house.hass)
    await house.wait(20)


async def all_clear(house: House) -> None:
    """Cancel the alert while the line is down."""
    await raise_alert(house.hass)
    await house.line.stop()
    await perform(house.hass, "cancel_alert", {"message": CLEAR})
    await house.wait(20)


# What the alert is like, how the state is reached, the status in it, and who is told in all.
STATES: dict[str, tuple[dict[str, Any], Callable[[House], Awaitable[None]], str, Any]] = {
    "before the reply": ({}, before_the_reply, "alerting", VOICES),
    "time to acknowledge": ({}, time_to_acknowledge, "alerting", VOICES),
    "call": ({"channels": [CALL]}, time_to_acknowledge, "alerting", CALLS),
    "pausing": ({"rounds": 2}, pausing, "pausing", VOICES * 2),
    "waiting": ({}, waiting, "waiting_for_connection", VOICES),
    "all-clear": ({}, all_clear, "cancelled", [VOICES[0], VOICES[0]]),
}


# What happens to the account.


@asynccontextmanager
async def disable(house: House) -> AsyncIterator[None]:
    """Disable the account for some seconds, and enable it."""
    entries = house.hass.config_entries
    await entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    house.release()
    await house.wait(10)
    await entries.async_set_disabled_by(ENTRY_ID, None)
    yield


@asynccontextmanager
async def change_options(house: House) -> AsyncIterator[None]:
    """Change the options of the account."""
    house.hass.config_entries.async_update_entry(
        house.account, options={**house.account.options, "show_caller_id": False}
    )
    house.release()
    yield


HAPPENINGS = [reload, disable, change_options, restart]


@pytest.mark.parametrize("happen", HAPPENINGS)
@pytest.mark.parametrize("state", STATES)
async def test_run_goes_on(
    home: HomeAssistant, house: House, state: str, happen: Callable[[House], Any]
) -> None:
    """The run goes on where it stood, nobody is told twice, and the status says so at once."""
    how, reach, status, told = STATES[state]
    await house.start(home, how=how)
    await reach(house)
    before = house.status
    async with happen(house):
        await house.hass.async_block_till_done(wait_background_tasks=True)
        after = house.status
        await house.mend_line()
        await house.wait(3 * MINUTE)
        assert house.told == told
        assert [before, after] == [status, status]
        assert house.status == ("cancelled" if status == "cancelled" else "unacknowledged")


@pytest.mark.parametrize("happen", HAPPENINGS)
@pytest.mark.parametrize(("number", "is_hung_up"), [(RINGS_IN_VAIN, True), (NAMES["Maria"], False)])
async def test_call_in_the_middle(
    home: HomeAssistant,
    house: House,
    number: str,
    is_hung_up: bool,
    happen: Callable[[House], Any],
) -> None:
    """A call that rings in vain is hung up after its time, and who talks may talk."""
    house.contacts["Maria"] = number
    await house.start(home, how={"channels": [CALL]})
    await raise_alert(home)
    # It rings longer than a contact has time.
    house.simulator.calls[0].line.haste = 0.5
    await house.wait(10)
    async with happen(house):
        await house.wait(3 * MINUTE)
        assert house.told == CALLS
        assert house.simulator.calls[0].line.ended == is_hung_up
        assert house.events.count("answered Maria") == (not is_hung_up)


@pytest.mark.parametrize("channel", [VOICE, CALL])
async def test_acknowledged_while_disabled(home: HomeAssistant, house: House, channel: str) -> None:
    """An entity that acknowledges an alert is heard while the account is not loaded."""
    house.contacts["Maria"] = RINGS_IN_VAIN
    await house.start(
        home,
        how={"channels": [channel]},
        acknowledgement={"acknowledge_entities": ["switch.kitchen"]},
    )
    home.states.async_set("switch.kitchen", "off")
    await raise_alert(home)
    await home.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    home.states.async_set("switch.kitchen", "on")
    await house.wait(10)
    await home.config_entries.async_set_disabled_by(ENTRY_ID, None)
    await house.wait(3 * MINUTE)
    assert house.told == [(channel, "Maria")]
    assert house.events == ["raised", "told Maria", "acknowledged"]
    assert house.status == "acknowledged"


async def test_disabled_before_anything_was_sent(home: HomeAssistant, house: House) -> None:
    """A contact of whose message nothing was sent is told once the account is enabled."""
    await house.start(home)
    house.simulator.end_tokens()
    answer = house.simulator.hold(REQUEST_TOKEN)
    asked = house.simulator.requests[REQUEST_TOKEN]
    await perform(home, "raise_alert", {"name": ALERT})
    await until(lambda: house.simulator.requests[REQUEST_TOKEN] > asked)
    await home.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    answer.set()
    await house.wait(10)
    assert house.told == []
    await home.config_entries.async_set_disabled_by(ENTRY_ID, None)
    await house.wait(3 * MINUTE)
    assert house.told == VOICES


async def test_raised_while_home_assistant_stops(home: HomeAssistant, house: House) -> None:
    """An alert that is raised too late to tell anybody tells everybody after the restart."""
    await house.start(home)
    home.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await raise_alert(home)
    await home.async_stop(force=True)
    assert house.told == []
    async with restarted(home) as again:
        await house.start(again)
        await house.wait(3 * MINUTE)
        assert house.told == VOICES


@pytest.mark.parametrize(("at_once", "turn"), [(False, "Rosa"), (True, "Maria, João, Rosa")])
async def test_whose_turn_it_still_is(
    home: HomeAssistant, house: House, at_once: bool, turn: str
) -> None:
    """The status names the contacts who were told last, also after a restart."""
    await house.start(home, how={"at_once": at_once, "time_each": {"minutes": 2}})
    await raise_alert(home)
    await house.wait(1 * MINUTE if at_once else 5 * MINUTE)
    await home.async_stop(force=True)
    async with restarted(home) as again:
        await house.start(again)
        state = again.states.get(STATUS)
        assert state is not None
        assert (state.state, state.attributes["contact"]) == ("alerting", turn)


async def test_call_goes_on_before_that_of_another_alert(home: HomeAssistant, house: House) -> None:
    """A call that rings keeps the origin's telephone from other alerts, also after a restart."""
    house.contacts["Maria"] = RINGS_IN_VAIN
    how = {"channels": [CALL], "rounds": 1, "time_each": {"seconds": 25}}
    house.more_alerts = {"Water": alert_data(contacts=["01CONTACT2"], how=how)}
    await house.start(home, how=how)
    await raise_alert(home)
    await house.wait(10)
    await home.async_stop(force=True)
    async with restarted(home) as again:
        await house.start(again)
        await raise_alert(again, name="Water")
        assert house.told == CALLS[:1]
        await house.wait(MINUTE)
        assert house.told == [(CALL, "Maria"), (CALL, "Rosa"), (CALL, "João")]


async def test_call_of_which_nothing_is_known(home: HomeAssistant, house: House) -> None:
    """A call that ended while nobody looked does not hold the next contact back."""
    house.contacts["Maria"] = RINGS_IN_VAIN
    await house.start(home, how={"channels": [CALL], "time_each": {"minutes": 10}})
    await raise_alert(home)
    await house.wait(10)
    await home.async_stop(force=True)
    house.change_file(calls=[])
    async with restarted(home) as again:
        await house.start(again)
        assert house.told == CALLS[:2]


async def test_slept_through(home: HomeAssistant, house: House) -> None:
    """An alert that nobody could go on with ends, and says so once automations listen."""
    await house.start(home)
    await raise_alert(home)
    await home.async_stop(force=True)
    skip(house.freezer, 3 * 60 * MINUTE)
    async with restarted(home) as again:
        again.set_state(CoreState.starting)
        await house.start(again)
        # The power fails before anybody could hear of it.
        assert house.events == ["raised", "told Maria"]
        await again.async_stop(force=True)
    async with restarted(again) as last:
        last.set_state(CoreState.not_running)
        told = async_capture_events(last, "told")
        trigger = {"trigger": "directcall.alert_not_acknowledged", "target": {"entity_id": EVENT}}
        config = {"triggers": trigger, "actions": {"event": "told"}}
        assert await async_setup_component(last, "automation", {"automation": config})
        await house.start(last)
        await last.async_start()
        await house.wait(MINUTE)
        assert len(told) == 1
        assert house.events == ["raised", "told Maria", "unacknowledged"]
        assert house.status == "unacknowledged"
        assert house.told == VOICES[:1]
        assert house.saved() == []


async def test_reason_of_an_alert_that_was_slept_through(home: HomeAssistant, house: House) -> None:
    """The event says that Home Assistant was away for too long."""
    await house.start(home)
    await raise_alert(home)
    await home.async_stop(force=True)
    skip(house.freezer, 3 * 60 * MINUTE)
    async with restarted(home) as again:
        await house.start(again)
        assert house.events == ["raised", "told Maria", "unacknowledged"]
        assert house.watches[-1].reasons == ["Home Assistant was stopped for too long."]


async def test_short_restart_of_an_alert_that_tries_once(home: HomeAssistant, house: House) -> None:
    """A restart that takes some minutes is no reason to end an alert."""
    await house.start(home, keep_trying={"seconds": 0})
    await raise_alert(home)
    await home.async_stop(force=True)
    skip(house.freezer, 9 * MINUTE)
    async with restarted(home) as again:
        await house.start(again)
        await house.wait(3 * MINUTE)
        assert house.told == VOICES


async def test_all_clear_that_is_too_late(home: HomeAssistant, house: House) -> None:
    """Nobody is told hours later that all is clear."""
    await house.start(home)
    await all_clear(house)
    await home.async_stop(force=True)
    await house.mend_line()
    skip(house.freezer, 3 * 60 * MINUTE)
    async with restarted(home) as again:
        await house.start(again)
        await house.wait(MINUTE)
        assert house.told == VOICES[:1]
        assert house.saved() == []


async def test_run_that_cannot_be_read(home: HomeAssistant, house: House) -> None:
    """The account loads, the file is put aside, and the other runs go on."""
    await house.start(home)
    await raise_alert(home)
    await home.async_stop(force=True)
    house.change_file(alerts=[{"alert_id": "1"}, *house.saved()])
    async with restarted(home) as again:
        await house.start(again)
        assert house.account.state is ConfigEntryState.LOADED
        assert house.file.with_name(f"{house.file.name}.corrupt").exists()
        await house.wait(3 * MINUTE)
        assert house.told == VOICES
