"""Blueprint of the script that calls until the alarm was seen."""

from datetime import timedelta

import pytest

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.util import dt as dt_util

from tests.blueprints.common import ONCE, SEEN, SHORT, TELEPHONES, Caller, at_rest, see
from tests.simulator import Reply, Simulator

# `test_both_languages_do_the_same` shows that the steps are the same in both.
IN_ONE_LANGUAGE = pytest.mark.parametrize("language", ["en"])
ENTITIES = [
    SEEN,
    "input_boolean.seen",
    "switch.seen",
    "button.seen",
    "input_button.seen",
    "event.seen",
]


@IN_ONE_LANGUAGE
@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize("entity_id", ENTITIES)
async def test_seen_while_it_rings(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall], entity_id: str
) -> None:
    """The confirmation ends the list, and hangs up the call that rings."""
    at_rest(caller.hass, entity_id)
    await caller.start("never answers", "answers", seen_entity=entity_id)
    await caller.pass_time(10)
    assert simulator.calls[0].line.legs() is not None
    see(caller.hass, entity_id)
    await caller.finish(5)
    assert caller.called == ["7002"]
    assert simulator.calls[0].line.ended
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
async def test_seen_and_not_hung_up_at_once(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """A telephone that cannot be made to stop at once does not let the list go on."""
    at_rest(caller.hass, SEEN)
    simulator.reply("voz/end", Reply(b"", 500))
    await caller.start("never answers", "answers", seen_entity=SEEN, ring_time=SHORT)
    await caller.pass_time(5)
    see(caller.hass, SEEN)
    await caller.finish(20)
    assert caller.called == ["7002"]
    assert simulator.calls[0].line.ended
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
async def test_pressed_between_two_steps(caller: Caller, notifications: list[ServiceCall]) -> None:
    """A press between two calls, while nothing waits for it, counts, too."""
    at_rest(caller.hass, "button.seen")
    caller.hass.bus.async_listen_once(
        "call_down_the_list_next", callback(lambda _: see(caller.hass, "button.seen"))
    )
    await caller.start("busy", "answers", seen_entity="button.seen")
    await caller.finish(20)
    assert caller.called == ["7001"]
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize("entity_id", [SEEN, "event.seen"])
async def test_seen_after_an_answer(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall], entity_id: str
) -> None:
    """The confirmation after an answer ends the list, and the conversation goes on."""
    at_rest(caller.hass, entity_id)
    await caller.start("answers", "answers too", seen_entity=entity_id)
    await caller.pass_time(60)
    assert not caller.is_over
    see(caller.hass, entity_id)
    await caller.finish(5)
    assert caller.called == ["0000"]
    assert simulator.calls[0].line.legs() is not None
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize("entity_id", [SEEN, "input_button.seen"])
async def test_seen_in_the_pause(
    caller: Caller, notifications: list[ServiceCall], entity_id: str
) -> None:
    """The confirmation between two rounds ends the list."""
    at_rest(caller.hass, entity_id)
    await caller.start("busy", "no credit", seen_entity=entity_id)
    await caller.pass_time(40)
    assert not caller.is_over
    see(caller.hass, entity_id)
    await caller.finish(5)
    assert caller.called == ["7001"]
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize("entity_id", [SEEN, "button.seen"])
async def test_seen_before_the_next_call(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall], entity_id: str
) -> None:
    """After the confirmation during a hang-up no other contact is called."""
    at_rest(caller.hass, entity_id)
    simulator.quirks.end_delay = 0.4
    await caller.start("never answers", "answers", seen_entity=entity_id, **ONCE)
    await caller.pass_time(30, until=lambda: simulator.requests["voz/end"] > 0)
    assert simulator.requests["voz/end"] == 1
    see(caller.hass, entity_id)
    await caller.finish(5)
    assert caller.called == ["7002"]
    assert simulator.calls[0].line.ended
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
async def test_other_list_does_not_end_the_wait(caller: Caller, simulator: Simulator) -> None:
    """Another script of the blueprint does not end the wait."""
    at_rest(caller.hass, SEEN)
    await caller.start("never answers", "answers", seen_entity=SEEN)
    await caller.pass_time(5)
    caller.hass.bus.async_fire("call_down_the_list_next", {"script": "script.another"})
    await caller.pass_time(5)
    see(caller.hass, SEEN)
    await caller.finish(5)
    assert caller.called == ["7002"]
    assert simulator.calls[0].line.ended


@pytest.mark.freeze_time(tick=True)
async def test_mailbox_does_not_end_the_list(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """An answer without confirmation is hung up, and the next contact is called."""
    at_rest(caller.hass, SEEN)
    await caller.start("answers", "hangs up", "busy", seen_entity=SEEN, rounds=1)
    await caller.pass_time(100)
    assert caller.called == ["0000"]
    assert [call.line.ended for call in simulator.calls] == [False]
    await caller.pass_time(40, until=lambda: len(caller.called) == 2)
    assert [call.line.ended for call in simulator.calls] == [True, False]
    assert 120 <= caller.rang_at[1] - caller.rang_at[0] < 145
    await caller.finish(180)
    assert caller.called == ["0000", "7004", "7001"]
    assert caller.still_up == 0
    assert len(notifications) == 1


@pytest.mark.freeze_time(tick=True)
async def test_confirmation_is_waited_for_as_long_as_one_wants(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """Another time than the usual one counts, and the last on the list is hung up, too."""
    at_rest(caller.hass, SEEN)
    await caller.start(
        "answers", seen_entity=SEEN, rounds=1, confirmation_time={"minutes": 0, "seconds": 20}
    )
    await caller.finish(45)
    assert simulator.calls[0].line.ended
    assert len(notifications) == 1


AN_HOUR = timedelta(hours=1)
# What an entity is when the script begins, and then comes to: none of it says that it was seen.
IN_DOUBT = {
    "on all the time": (SEEN, ["on"]),
    "unavailable at first": (SEEN, [STATE_UNAVAILABLE, "on"]),
    "unknown at first": (SEEN, [STATE_UNKNOWN, "on"]),
    "unavailable meanwhile": (SEEN, ["off", STATE_UNAVAILABLE, "on"]),
    "unknown meanwhile": (SEEN, ["off", STATE_UNKNOWN, "on"]),
    "switched off": (SEEN, ["on", "off"]),
    "not there": (SEEN, []),
    "pressed before": ("event.seen", ["PAST"]),
    "back with what was before": ("event.seen", [STATE_UNAVAILABLE, "PAST"]),
    "away and back": ("button.seen", ["PAST", STATE_UNAVAILABLE, "PAST"]),
    "never pressed": ("input_button.seen", [STATE_UNKNOWN, STATE_UNAVAILABLE, STATE_UNKNOWN]),
}


@IN_ONE_LANGUAGE
@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize(("entity_id", "states"), IN_DOUBT.values(), ids=IN_DOUBT)
async def test_unchanged_entity_does_not_end_the_list(
    hass: HomeAssistant,
    caller: Caller,
    notifications: list[ServiceCall],
    entity_id: str,
    states: list[str],
) -> None:
    """An entity that returns or was on before does not end the list."""
    past = (dt_util.utcnow() - AN_HOUR).isoformat()
    states = [past if state == "PAST" else state for state in states]
    for state in states[:1]:
        hass.states.async_set(entity_id, state)
    await caller.start(
        "never answers", "busy", seen_entity=entity_id, ring_time=SHORT, pause={"seconds": 20}
    )
    await caller.pass_time(5)
    for state in states[1:]:
        hass.states.async_set(entity_id, state)
        await caller.pass_time(2)
    await caller.finish(80)
    assert caller.called == ["7002", "7001"] * 2
    assert len(notifications) == 1


@IN_ONE_LANGUAGE
@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize("while_waiting", ["answers", "busy"])
async def test_returning_entity_does_not_end_the_wait(
    hass: HomeAssistant, caller: Caller, notifications: list[ServiceCall], while_waiting: str
) -> None:
    """An entity that returns after an answer or in a pause does not end the list."""
    at_rest(hass, SEEN)
    await caller.start(
        while_waiting, seen_entity=SEEN, confirmation_time=SHORT, pause={"seconds": 30}
    )
    await caller.pass_time(12)
    for state in (STATE_UNAVAILABLE, "on"):
        hass.states.async_set(SEEN, state)
        await caller.pass_time(2)
    await caller.finish(120)
    assert caller.called == [TELEPHONES[while_waiting]] * 2
    assert len(notifications) == 1


@pytest.mark.freeze_time(tick=True)
async def test_seen_after_it_came_back(
    hass: HomeAssistant, caller: Caller, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """An entity that is available again and then switched on is a confirmation."""
    hass.states.async_set(SEEN, STATE_UNAVAILABLE)
    await caller.start("never answers", "answers", seen_entity=SEEN)
    for state in ("on", "off", "on"):
        await caller.pass_time(3)
        assert not caller.is_over
        hass.states.async_set(SEEN, state)
    await caller.finish(5)
    assert caller.called == ["7002"]
    assert simulator.calls[0].line.ended
    assert notifications == []
