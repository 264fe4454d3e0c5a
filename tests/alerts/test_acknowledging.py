"""Ends of alerts: somebody has seen it, or calls it off."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from tests.alerts.common import (
    ALERT,
    CALL,
    EVENT,
    NAMES,
    SEEN,
    SMS,
    STATUS,
    VOICE,
    Watch,
    alarm,
    press,
    raise_alert,
    watch_for,
)
from tests.common import PLACE_CALL, alert_data, make_account, perform, set_up, state_of, until
from tests.simulator import Simulator

MINUTE = 60
RINGS_IN_VAIN = "+55 41 99999-7002"
CLEAR = "All is clear."


def set_state(entity_id: str, *states: str) -> Callable[[HomeAssistant], Awaitable[None]]:
    """Return what gives an entity states, one after the other."""

    async def set_states(hass: HomeAssistant) -> None:
        for state in states:
            hass.states.async_set(entity_id, state, {"friendly_name": "Kitchen"})
            await hass.async_block_till_done()

    return set_states


async def act(hass: HomeAssistant) -> None:
    """Acknowledge with the action."""
    await perform(hass, "acknowledge_alert", {"by": "João"})


# What happens, and who has seen the alert.
ACKNOWLEDGEMENTS: dict[str, tuple[Callable[[HomeAssistant], Awaitable[None]], str | None]] = {
    "button of the alert": (press, None),
    "action": (act, "João"),
    "button": (set_state("button.kitchen", "2026-11-24T12:00:00+00:00"), "Kitchen"),
    "helper": (set_state("input_button.kitchen", "2026-11-24T12:00:00+00:00"), "Kitchen"),
    "switch": (set_state("switch.kitchen", "on"), "Kitchen"),
    "alarm": (set_state("alarm_control_panel.kitchen", "disarmed"), "Kitchen"),
    "lock": (set_state("lock.kitchen", "unlocked"), "Kitchen"),
}
# States that say nothing of a person.
NOTHING_SEEN = {
    "switched off": set_state("light.kitchen", "off"),
    "already on": set_state("light.kitchen", "on"),
    "available again": set_state("switch.kitchen", "unavailable", "on"),
    "known again": set_state("switch.kitchen", "unknown", "on"),
    "button available again": set_state(
        "button.kitchen", "unavailable", "2026-11-24T12:00:00+00:00"
    ),
    "button gone": set_state("button.kitchen", "unavailable"),
    "locked": set_state("lock.kitchen", "locked"),
    "armed": set_state("alarm_control_panel.kitchen", "armed_away"),
    "another switch": set_state("switch.bedroom", "off", "on"),
}
BEFORE = {
    "button.kitchen": "unknown",
    "input_button.kitchen": "unknown",
    "switch.kitchen": "off",
    "light.kitchen": "on",
    "alarm_control_panel.kitchen": "armed_home",
    "lock.kitchen": "locked",
}


async def alarm_with_entities(hass: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Set up an alert that entities acknowledge."""
    for entity_id, state in BEFORE.items():
        await set_state(entity_id, state)(hass)
    return await alarm(hass, simulator, acknowledgement={"acknowledge_entities": list(BEFORE)})


@pytest.mark.parametrize("way", ACKNOWLEDGEMENTS)
async def test_acknowledged(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, way: str
) -> None:
    """After somebody has seen it, nobody further is told."""
    watch = Watch(home, simulator)
    await alarm_with_entities(home, simulator)
    await raise_alert(home)
    await watch_for(home, freezer, 30)
    happen, by = ACKNOWLEDGEMENTS[way]
    await happen(home)
    await watch_for(home, freezer, 20 * MINUTE)
    assert watch.told == [(0, VOICE, "Maria")]
    assert watch.events[-1] == (30, "acknowledged")
    state = home.states.get(STATUS)
    assert state is not None
    assert state.state == "acknowledged"
    if by:
        assert state.attributes["acknowledged_by"] == by


@pytest.mark.parametrize("happening", NOTHING_SEEN)
async def test_not_acknowledged(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, happening: str
) -> None:
    """The alert goes on where an entity changes in a way that says nothing of a person."""
    watch = Watch(home, simulator)
    await alarm_with_entities(home, simulator)
    await raise_alert(home)
    await NOTHING_SEEN[happening](home)
    await watch_for(home, freezer, 2 * MINUTE)
    assert watch.told == [(0, VOICE, "Maria"), (120, VOICE, "João")]


async def test_entity_of_another_alert(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """An entity acknowledges the alerts that name it, and no other."""
    await set_state("switch.kitchen", "off")(home)
    alerts = {
        name: alert_data(acknowledgement={"acknowledge_entities": entities})
        for name, entities in ((ALERT, []), ("Water", ["switch.kitchen"]))
    }
    await set_up(home, make_account(simulator, contacts=NAMES, alerts=alerts))
    for name in alerts:
        await raise_alert(home, name=name)
    await set_state("switch.kitchen", "on")(home)
    assert state_of(home, STATUS) == "alerting"
    assert state_of(home, "sensor.water_status") == "acknowledged"


async def test_alert_that_waits_for_a_call_of_another(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """An alert that somebody has seen lets the next one call, and places no call itself."""
    contacts = {name: f"+55 41 9999{number}-7002" for number, name in enumerate(NAMES)}
    watch = Watch(home, simulator, contacts)
    how = {"channels": [CALL], "rounds": 1, "time_each": {"seconds": 20}}
    alerts = {
        name: alert_data(contacts=[f"01CONTACT{number}"], how=how)
        for number, name in enumerate((ALERT, "Water", "Gas"))
    }
    await set_up(home, make_account(simulator, contacts=contacts, alerts=alerts))
    for name in alerts:
        await raise_alert(home, name=name)
    await perform(home, "acknowledge_alert", {"name": "Water"})
    await watch_for(home, freezer, MINUTE)
    assert watch.told == [(0, CALL, "Maria"), (20, CALL, "Rosa")]


async def test_entity_of_one_of_two_alerts(home: HomeAssistant, simulator: Simulator) -> None:
    """An entity acknowledges its own alert, and the logbook tells who used it."""
    own = alert_data(acknowledgement={"acknowledge_entities": ["switch.kitchen"]})
    alerts = {ALERT: own, "Water": alert_data()}
    await set_up(home, make_account(simulator, contacts=NAMES, alerts=alerts))
    home.states.async_set("switch.kitchen", "off")
    await raise_alert(home)
    await raise_alert(home, name="Water")
    context = Context()
    home.states.async_set("switch.kitchen", "on", context=context)
    await home.async_block_till_done(wait_background_tasks=True)
    assert [state_of(home, each) for each in (STATUS, "sensor.water_status")] == [
        "acknowledged",
        "alerting",
    ]
    state = home.states.get(STATUS)
    assert state is not None
    assert state.context is context


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        (True, [(0, VOICE, "Maria"), (20, CALL, "Maria")]),
        (
            False,
            [(0, VOICE, "Maria"), (20, CALL, "Maria"), (40, VOICE, "João"), (60, CALL, "João")],
        ),
    ],
)
async def test_answered_call(
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    counts: bool,
    told: list[Any],
) -> None:
    """A call that is answered acknowledges the alert only where its form says so."""
    watch = Watch(home, simulator)
    changes = async_capture_events(home, EVENT_STATE_CHANGED)
    await alarm(
        home,
        simulator,
        {"channels": [VOICE, CALL], "rounds": 1, "time_each": {"seconds": 20}},
        acknowledgement={"answer_acknowledges": counts},
        contacts={name: NAMES[name] for name in ("Maria", "João")},
    )
    await raise_alert(home)
    await watch_for(home, freezer, 5 * MINUTE)
    assert watch.told == told
    assert (30, "answered Maria") in watch.events
    attributes = [state.attributes for change in changes if (state := change.data["new_state"])]
    answered = next(
        each for each in attributes if "contact" in each and each.get("event_type") == "answered"
    )
    assert (answered["channel"], answered["round"]) == (CALL, 1)
    # They talk.
    assert not simulator.calls[0].line.ended
    assert state_of(home, STATUS) == ("acknowledged" if counts else "unacknowledged")
    status = home.states.get(STATUS)
    assert status is not None
    assert status.attributes["acknowledged_by"] == ("Maria" if counts else None)


@pytest.mark.parametrize(
    ("action", "event"),
    [("acknowledge_alert", "acknowledged"), ("cancel_alert", "cancelled")],
)
async def test_who_it_was(
    home: HomeAssistant, simulator: Simulator, action: str, event: str
) -> None:
    """The house says who ended the alert, and the logbook whose automation did each thing."""
    await alarm(home, simulator)
    actions: list[tuple[str, dict[str, str], str]] = [
        ("raise_alert", {"name": ALERT}, "told"),
        ("raise_alert", {"name": ALERT}, "repeated"),
        (action, {"by": "João"}, event),
    ]
    by = None
    for each, data, happened in actions:
        context = Context()
        await home.services.async_call("directcall", each, data, blocking=True, context=context)
        await home.async_block_till_done(wait_background_tasks=True)
        state = home.states.get(EVENT)
        assert state is not None
        assert (state.attributes["event_type"], state.context) == (happened, context)
        if happened == "told":
            assert (state.attributes["channel"], state.attributes["round"]) == (VOICE, 1)
            message = home.states.get("notify.maria_voice_message")
            assert message is not None
            assert message.context is context
        by = state.attributes.get("by")
    assert by == "João"


async def test_call_that_rings_is_hung_up(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A telephone stops ringing when somebody else has seen the alert."""
    contacts = NAMES | {"Maria": RINGS_IN_VAIN}
    await alarm(home, simulator, {"channels": [CALL]}, contacts)
    await raise_alert(home)
    await watch_for(home, freezer, 10)
    await press(home)
    await watch_for(home, freezer, 20)
    assert [call.line.ended for call in simulator.calls] == [True]


# Hanging up again takes its time.
@pytest.mark.freeze_time(tick=True)
async def test_call_that_is_requested_is_hung_up(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A call that was asked for a moment before does not go on ringing."""
    contacts = NAMES | {"Maria": RINGS_IN_VAIN}
    await alarm(home, simulator, {"channels": [CALL]}, contacts)
    answer = simulator.hold(PLACE_CALL)
    await perform(home, "raise_alert", {"name": ALERT})
    await until(lambda: bool(simulator.calls))
    await home.services.async_call("button", "press", {"entity_id": SEEN}, blocking=True)
    answer.set()
    await watch_for(home, freezer, 40, step=2)
    assert [call.line.ended for call in simulator.calls] == [True]


async def test_cancelled_with_all_clear(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Who was told is told that all is clear, and nobody else."""
    contacts = NAMES | {"Maria": RINGS_IN_VAIN}
    watch = Watch(home, simulator, contacts)
    how = {"channels": [SMS, VOICE, CALL], "time_each": {"seconds": 30}}
    await alarm(home, simulator, how, contacts)
    await raise_alert(home)
    await watch_for(home, freezer, MINUTE)
    before = len(watch.told)
    response = await perform(home, "cancel_alert", {"name": ALERT, "message": CLEAR})
    await home.async_block_till_done(wait_background_tasks=True)
    await watch_for(home, freezer, 20 * MINUTE)
    assert len(response["alert_ids"]) == 1
    assert watch.told[before:] == [
        (60, SMS, "Maria"),
        (60, SMS, "João"),
        (60, VOICE, "Maria"),
        (60, VOICE, "João"),
    ]
    assert watch.texts[-1] == CLEAR
    assert (60, "cancelled") in watch.events
    told = home.states.get(EVENT)
    assert told is not None
    assert (told.attributes["event_type"], told.attributes.get("round")) == ("told", None)
    assert state_of(home, STATUS) == "cancelled"


async def test_cancelled_without_text(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Nobody further is told, and nobody that all is clear."""
    watch = Watch(home, simulator)
    await alarm(home, simulator)
    await raise_alert(home)
    await perform(home, "cancel_alert", {})
    await watch_for(home, freezer, 20 * MINUTE)
    assert watch.told == [(0, VOICE, "Maria")]


async def test_nothing_is_active(home: HomeAssistant, simulator: Simulator) -> None:
    """There is nothing to be seen or called off."""
    await alarm(home, simulator)
    for action in ("acknowledge_alert", "cancel_alert"):
        with pytest.raises(ServiceValidationError, match="no active alert"):
            await perform(home, action, {})


async def test_waiting_for_an_acknowledgement(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A script can wait until somebody has seen the alert."""
    await alarm(home, simulator)
    # The task is none of Home Assistant's, which would wait for it in each step of time.
    waiting = asyncio.create_task(
        perform(
            home,
            "raise_alert",
            {"name": ALERT, "wait_for_acknowledgement": True, "timeout": {"minutes": 30}},
        )
    )
    await watch_for(home, freezer, 3 * MINUTE)
    assert not waiting.done()
    await act(home)
    response = await waiting
    assert response["status"] == "acknowledged"
    assert response["acknowledged_by"] == "João"
    assert response["told"] == [
        {"contact": "Maria", "channel": VOICE, "accepted": True},
        {"contact": "João", "channel": VOICE, "accepted": True},
    ]


async def test_acknowledged_while_the_account_is_not_loaded(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A telephone that rings is hung up once the account is loaded again."""
    await set_state("switch.kitchen", "off")(home)
    account = await alarm(
        home,
        simulator,
        {"channels": [CALL]},
        NAMES | {"Maria": RINGS_IN_VAIN},
        acknowledgement={"acknowledge_entities": ["switch.kitchen"]},
    )
    await raise_alert(home)
    await home.config_entries.async_unload(account.entry_id)
    await set_state("switch.kitchen", "on")(home)
    assert [call.line.ended for call in simulator.calls] == [False]
    await home.config_entries.async_setup(account.entry_id)
    await watch_for(home, freezer, MINUTE)
    assert [call.line.ended for call in simulator.calls] == [True]
    assert state_of(home, STATUS) == "acknowledged"
