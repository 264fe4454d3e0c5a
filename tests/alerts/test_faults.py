"""Faults of alerts: reloads, deletions and answers in the wrong moment."""

import asyncio
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import CONF_URL
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.setup import async_setup_component

from tests.alerts.common import (
    ALERT,
    CALL,
    EVENT,
    NAMES,
    SMS,
    VOICE,
    Watch,
    alarm,
    raise_alert,
    watch_for,
    words,
)
from tests.common import (
    CALL as CALL_EVENT,
    END,
    SEND,
    STATUS,
    TEXT,
    alert_data,
    make_account,
    perform,
    place_call,
    set_up,
    until,
)
from tests.proxy import Proxy
from tests.simulator import Reply, Simulator

RINGS_IN_VAIN = "+55 41 99999-7002"
CLEAR = "All is clear."
MINUTE = 60


async def until_requested(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    endpoint: str,
    seconds: float,
) -> None:
    """Let seconds pass, and wait until a request comes in that is not answered."""
    before = simulator.requests[endpoint]
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await until(lambda: simulator.requests[endpoint] > before)


# Held answers need real time.
@pytest.mark.freeze_time(tick=True)
async def test_reload_during_a_hang_up(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """The next contact is told once if the account is reloaded while a call is hung up."""
    contacts = NAMES | {"Maria": RINGS_IN_VAIN}
    watch = Watch(home, simulator, contacts)
    how = {"channels": [SMS, CALL], "rounds": 1, "time_each": {"seconds": 20}}
    account = await alarm(home, simulator, how, contacts)
    await raise_alert(home)
    await watch_for(home, freezer, 20)
    answer = simulator.hold(END)
    await until_requested(home, simulator, freezer, END, 20)
    await home.config_entries.async_reload(account.entry_id)
    answer.set()
    await home.async_block_till_done(wait_background_tasks=True)
    assert [turn[1:] for turn in watch.told] == [(SMS, "Maria"), (CALL, "Maria"), (SMS, "João")]


@pytest.mark.parametrize("counts", [True, False])
async def test_answer_during_start(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, counts: bool
) -> None:
    """Who answers while Home Assistant still starts is not hung up on, and may acknowledge."""
    home.set_state(CoreState.starting)
    watch = Watch(home, simulator)
    how = {"channels": [CALL], "rounds": 1, "time_each": {"seconds": 20}}
    await alarm(home, simulator, how, acknowledgement={"answer_acknowledges": counts})
    await raise_alert(home)
    await watch_for(home, freezer, 30)
    assert [name for _, _, name in watch.told] == (["Maria"] if counts else ["Maria", "João"])
    assert not any(call.line.ended for call in simulator.calls)


async def test_alert_deleted_while_its_account_is_disabled(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """An alert that is not there any more tells nobody once its account is enabled again."""
    watch = Watch(home, simulator)
    account = await alarm(home, simulator)
    await raise_alert(home)
    entries = home.config_entries
    await entries.async_set_disabled_by(account.entry_id, ConfigEntryDisabler.USER)
    entries.async_remove_subentry(account, "01ALERT0")
    await entries.async_set_disabled_by(account.entry_id, None)
    await watch_for(home, freezer, 5 * MINUTE)
    assert watch.told == [(0, VOICE, "Maria")]


@pytest.mark.usefixtures("no_pauses")
async def test_raised_again_before_the_all_clear(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, line: Proxy
) -> None:
    """Nobody hears after a new alarm that all is clear because the line was down before it."""
    watch = Watch(home, simulator)
    alerts = {ALERT: alert_data()}
    await set_up(
        home, make_account(simulator, data={CONF_URL: line.url}, contacts=NAMES, alerts=alerts)
    )
    await raise_alert(home)
    await line.stop()
    await perform(home, "cancel_alert", {"message": CLEAR})
    await watch_for(home, freezer, 30)
    await line.start()
    await raise_alert(home, message="Fire again")
    await watch_for(home, freezer, 90)
    assert watch.texts == [TEXT, "Fire again"]


async def test_automation_acknowledges_an_answer(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """An alert is acknowledged once where an automation and the answer itself do so."""
    watch = Watch(home, simulator)
    how = {"channels": [CALL], "time_each": {"seconds": 20}}
    await alarm(home, simulator, how, acknowledgement={"answer_acknowledges": True})
    automation = {
        "triggers": {"trigger": "state", "entity_id": EVENT},
        "conditions": "{{ trigger.to_state.attributes.event_type == 'answered' }}",
        "actions": {"action": "directcall.acknowledge_alert"},
    }
    assert await async_setup_component(home, "automation", {"automation": automation})
    await raise_alert(home)
    await watch_for(home, freezer, MINUTE)
    assert words(watch.events).count("acknowledged") == 1


@pytest.mark.freeze_time(tick=True)
async def test_raised_again_during_the_all_clear(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """The all-clear ends with the request that is under way when the alert is raised again."""
    watch = Watch(home, simulator)
    await alarm(home, simulator, {"channels": [SMS, VOICE]})
    await raise_alert(home)
    answer = simulator.hold(SEND)
    await perform(home, "cancel_alert", {"message": CLEAR})
    await until(lambda: simulator.requests[SEND] == 3)
    await perform(home, "raise_alert", {"name": ALERT})
    answer.set()
    await watch_for(home, freezer, 10)
    assert watch.texts == [TEXT, TEXT, CLEAR, TEXT, TEXT]


async def test_cancelled_before_a_call_is_placed(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """The all-clear does not wait for a call that was not placed."""
    watch = Watch(home, simulator)
    await alarm(home, simulator, {"channels": [SMS, CALL], "time_each": {"seconds": 20}})
    await raise_alert(home)
    placing = asyncio.Event()

    async def wait(*_: object) -> None:
        placing.set()
        await asyncio.get_running_loop().create_future()

    with patch("custom_components.directcall.calls.manager.CallManager._async_guard", wait):
        freezer.tick(20)
        async_fire_time_changed(home)
        await placing.wait()
        await perform(home, "cancel_alert", {"message": CLEAR})
        await watch_for(home, freezer, 10)
    assert watch.texts == [TEXT, CLEAR]
    assert not simulator.calls


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.freeze_time(tick=True)
async def test_answer_between_two_polls(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, counts: bool
) -> None:
    """Who answers a moment before the next contact's turn is not hung up on."""
    contacts = {name: NAMES[name] for name in ("Maria", "João")}
    watch = Watch(home, simulator, contacts)
    how = {"channels": [CALL], "rounds": 1, "time_each": {"seconds": 10}}
    acknowledgement = {"answer_acknowledges": counts}
    await alarm(home, simulator, how, contacts, acknowledgement=acknowledgement)
    # A poll that is late.
    simulator.reply(STATUS, *[Reply(b"", 502)] * 2)
    await raise_alert(home)
    await watch_for(home, freezer, 4, step=2)
    await watch_for(home, freezer, 20)
    assert not simulator.calls[0].line.ended
    assert ("acknowledged" in words(watch.events)) == counts


@pytest.mark.parametrize("entity_id", [EVENT, CALL_EVENT])
async def test_alert_does_not_acknowledge_itself(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, entity_id: str
) -> None:
    """An event of what the alert itself does is no acknowledgement, even if the form has it."""
    watch = Watch(home, simulator)
    acknowledgement = {"acknowledge_entities": [entity_id]}
    await alarm(home, simulator, {"channels": [CALL], "rounds": 1}, acknowledgement=acknowledgement)
    await raise_alert(home)
    await watch_for(home, freezer, 3 * MINUTE)
    assert watch.told == [(0, CALL, "Maria"), (120, CALL, "João")]


async def test_call_that_is_not_of_the_alert(
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Calls that others place during an alert bring it no news."""
    watch = Watch(home, simulator)
    await alarm(home, simulator, {"channels": [VOICE], "rounds": 1})
    await raise_alert(home)
    await place_call(home)
    await watch_for(home, freezer, MINUTE)
    assert watch.events == [(0, "raised"), (0, "told Maria")]
    assert "Traceback" not in caplog.text
