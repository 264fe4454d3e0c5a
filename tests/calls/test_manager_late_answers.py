"""Calls whose answers come late: statuses, hang-ups, and answers to the call's own request."""

import asyncio
from collections.abc import Callable
import json
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from custom_components.directcall.api import CallLeg, CallStatus, LegState, NumberPair, PhoneNumber
from custom_components.directcall.progress import Call, CallState
from tests.common import (
    Events,
    end_call,
    listen,
    make_account,
    pass_time,
    place_call,
    set_up,
    state_of,
    until,
)
from tests.simulator import Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)

ACTIVE_CALLS = "sensor.directcall_active_calls"
PLACE_CALL = "voz/call"
STATUS = "voz/status"
END = "voz/end"
NOT_ACTIVE = Reply(json.dumps({"status": "erro", "codigo": "003", "msg": "Não ativa"}).encode())
ENDED = Reply(json.dumps({"status": "ok", "codigo": "000", "msg": "Finalizada"}).encode())
NO = Reply(json.dumps({"status": "erro", "codigo": "002", "msg": "Falha"}).encode())
LOST = Reply(drop=True)
UNAVAILABLE = Reply(b"", 503)
REJECTED = Reply(json.dumps({"status": "erro", "codigo": "006", "msg": "Token"}).encode())
UNCLEAR = "may or may not have been carried out"


@pytest.fixture
def events(hass: HomeAssistant, account: MockConfigEntry) -> Events:
    """Return what the entity Call fires."""
    return listen(hass)


@pytest.fixture
def skip(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Callable[[float], None]:
    """Move the clocks on, without waiting for what that sets off."""

    def skip(seconds: float) -> None:
        freezer.tick(seconds)
        async_fire_time_changed(hass)

    return skip


def new_call() -> Call:
    """Return a call that was placed just now."""
    pair = NumberPair(PhoneNumber("554130600300"), PhoneNumber("5541999990000"))
    call = Call(pair, recorded=False, ring_destination_first=False, call_id="1")
    call.start()
    call.reach(CallState.PLACED)
    return call


RINGING = CallLeg("chamando", LegState.RINGING)
LIVE = CallStatus((RINGING,), RINGING, None)
BUSY_LEG = CallLeg("ocupado", LegState.BUSY)
BUSY = CallStatus((BUSY_LEG,), None, BUSY_LEG)


@pytest.mark.parametrize("late", [None, BUSY])
@pytest.mark.parametrize(("asked_before", "ends"), [(1, False), (-1, True)])
def test_status_counts_as_of_when_it_was_asked(
    late: CallStatus | None, asked_before: float, ends: bool
) -> None:
    """Only what was asked after a call was seen live can end it, in whatever order answers come."""
    call = new_call()
    seen_live = time.monotonic() + 5
    assert list(call.observe(LIVE, seen_live)) == [CallState.RINGING]
    list(call.observe(late, seen_live - asked_before))
    assert call.is_over is ends


def test_status_that_was_asked_before_the_call_can_be_up() -> None:
    """A call is not over because an early status, which knew nothing of it, came late."""
    call = new_call()
    asked_at = time.monotonic()
    assert list(call.observe(None, asked_at + 19)) == []
    assert list(call.observe(None, asked_at + 21)) == [CallState.UNKNOWN]


async def test_late_hang_up_ends_no_call_that_rings(
    hass: HomeAssistant, simulator: Simulator, events: Events, skip: Callable[[float], None]
) -> None:
    """Who hung up before it rang is not told that there is no call while it does ring."""
    held = simulator.hold(END)
    await place_call(hass)
    hanging_up = asyncio.create_task(end_call(hass))
    await until(lambda: simulator.requests[END] == 1)
    skip(2.1)
    await until(lambda: events.types == ["placed", "ringing"])
    held.set()
    await asyncio.sleep(0.1)
    assert state_of(hass, ACTIVE_CALLS) == "1"
    skip(2.1)
    assert (await hanging_up)["code"] == "000"
    assert simulator.calls[0].line.ended
    assert events.types == ["placed", "ringing", "origin_no_answer"]
    assert simulator.requests[END] == 2


async def test_late_status_ends_no_call_that_rings(
    hass: HomeAssistant, simulator: Simulator, events: Events, skip: Callable[[float], None]
) -> None:
    """A call goes on if "not active" was asked before another status showed it ring."""
    await place_call(hass)
    held = simulator.hold(STATUS)
    simulator.reply(STATUS, NOT_ACTIVE)
    skip(21)
    await until(lambda: simulator.requests[STATUS] == 1)
    simulator.held.clear()
    second = asyncio.create_task(place_call(hass))
    with pytest.raises(ServiceValidationError, match="already"):
        await second
    assert events.types[:1] == ["placed"]
    held.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, ACTIVE_CALLS) == "1"
    assert "unknown" not in events.types


async def test_hang_up_does_not_wait_for_the_answer_of_the_request(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
    skip: Callable[[float], None],
) -> None:
    """What rings is hung up while its request is not answered yet, and its late answer ends."""
    answer = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: len(simulator.calls) == 1)
    hanging_up = asyncio.create_task(end_call(hass))
    await until(lambda: simulator.requests[END] == 1)
    # By then it rings.
    skip(2.1)
    assert (await hanging_up)["code"] == "000"
    assert simulator.calls[0].line.ended
    assert not placing.done()
    assert events.types == []

    answer.set()
    await placing
    assert events.types == ["placed"]
    await pass_time(hass, freezer, 1, times=4)
    assert events.types == ["placed", "unknown"]
    assert state_of(hass, ACTIVE_CALLS) == "0"
    await place_call(hass)
    assert len(simulator.calls) == 2


async def test_alarm_after_a_hang_up_that_was_faster_than_the_answer(
    hass: HomeAssistant, simulator: Simulator, events: Events, skip: Callable[[float], None]
) -> None:
    """A call that was hung up before it was answered for holds back no alarm."""
    answer = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: len(simulator.calls) == 1)
    simulator.calls[0].line.started -= 2
    await end_call(hass)
    answer.set()
    await placing
    await place_call(hass)
    assert len(simulator.calls) == 2
    assert events.types == ["placed", "unknown", "placed"]


async def test_hang_up_of_a_call_whose_answer_is_lost(
    hass: HomeAssistant, simulator: Simulator, events: Events, freezer: FrozenDateTimeFactory
) -> None:
    """A call that could be hung up was placed, though its own answer was lost afterwards."""
    simulator.reply(PLACE_CALL, LOST)
    answer = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: simulator.requests[PLACE_CALL] == 1)
    simulator.reply(END, ENDED)
    assert (await end_call(hass))["code"] == "000"
    answer.set()
    assert (await placing)["code"] == ""
    assert events.types == ["placed"]
    await pass_time(hass, freezer, 3)
    assert events.types == ["placed", "unknown"]


async def test_hang_up_while_the_token_is_renewed(
    hass: HomeAssistant, simulator: Simulator, events: Events
) -> None:
    """Who hangs up before anything was sent prevents the call, and both are told."""
    simulator.end_tokens()
    token = simulator.hold("request_token")
    placing = asyncio.create_task(place_call(hass))
    behind = asyncio.create_task(place_call(hass))
    await until(lambda: simulator.requests["request_token"] == 2)
    assert await end_call(hass) == {"code": "", "message": ""}
    for each in (placing, behind):
        with pytest.raises(HomeAssistantError) as caught:
            await each
        assert caught.value.translation_key == "request_cancelled"
    token.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (simulator.calls, simulator.requests[END], events.types) == ([], 0, [])


async def test_hang_up_during_an_attempt_that_comes_to_nothing(
    hass: HomeAssistant, simulator: Simulator, events: Events
) -> None:
    """An attempt that was under way when somebody hung up is the last one."""
    simulator.reply(PLACE_CALL, REJECTED)
    answer = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: simulator.requests[PLACE_CALL] == 1)
    hanging_up = [asyncio.create_task(end_call(hass)) for _ in range(2)]
    await until(lambda: simulator.requests[END] == 1)
    answer.set()
    assert await asyncio.gather(*hanging_up) == [{"code": "", "message": ""}] * 2
    with pytest.raises(HomeAssistantError) as caught:
        await placing
    assert caught.value.translation_key == "request_cancelled"
    assert (simulator.calls, simulator.requests[END], events.types) == ([], 1, [])


async def test_hang_up_of_a_call_that_is_refused_meanwhile(
    hass: HomeAssistant, simulator: Simulator, events: Events
) -> None:
    """Where the call was not placed after all, there is nothing to hang up."""
    simulator.reply(PLACE_CALL, NO)
    answer = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: simulator.requests[PLACE_CALL] == 1)
    hanging_up = asyncio.create_task(end_call(hass))
    await until(lambda: simulator.requests[END] == 1)
    answer.set()
    with pytest.raises(ServiceValidationError, match="no call to hang up"):
        await hanging_up
    with pytest.raises(HomeAssistantError, match="refused"):
        await placing
    assert events.types == []


async def test_hang_up_whose_answer_is_later_than_that_of_the_request(
    hass: HomeAssistant, simulator: Simulator, events: Events
) -> None:
    """A call that is hung up while its request is answered is over."""
    placed, ended = simulator.hold(PLACE_CALL), simulator.hold(END)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: len(simulator.calls) == 1)
    simulator.calls[0].line.started -= 2
    hanging_up = asyncio.create_task(end_call(hass))
    await until(lambda: simulator.requests[END] == 1)
    placed.set()
    await placing
    ended.set()
    assert (await hanging_up)["code"] == "000"
    assert events.types[0] == "placed"
    assert state_of(hass, ACTIVE_CALLS) == "0"


async def test_hang_up_ends_with_its_deadline(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    skip: Callable[[float], None],
) -> None:
    """Nobody waits longer than 45 seconds to hear that there is no call."""
    answer = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: len(simulator.calls) == 1)
    simulator.calls[0].line.ended = True
    hanging_up = asyncio.create_task(end_call(hass))
    errors = account.runtime_data.client.statistics.errors
    await until(lambda: errors["NotActiveError 003"] == 1)
    skip(40)
    with pytest.raises(ServiceValidationError, match="no call to hang up"):
        await hanging_up
    with pytest.raises(HomeAssistantError, match=UNCLEAR):
        await placing
    answer.set()


async def test_hang_up_leaves_a_new_call_alone(
    hass: HomeAssistant, simulator: Simulator, events: Events, freezer: FrozenDateTimeFactory
) -> None:
    """A call whose request is answered no better than refused is not mistaken for the older one."""
    await place_call(hass)
    await pass_time(hass, freezer, 25)
    simulator.reply(STATUS, UNAVAILABLE)
    simulator.reply(PLACE_CALL, LOST)
    lost = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: simulator.requests[PLACE_CALL] == 2)
    ended = simulator.hold(END)
    hanging_up = asyncio.create_task(end_call(hass))
    await until(lambda: simulator.requests[END] == 1)
    lost.set()
    with pytest.raises(HomeAssistantError, match=UNCLEAR):
        await placing
    ended.set()
    assert (await hanging_up)["code"] == "000"
    assert events.types[-1] == "ended"
    assert state_of(hass, ACTIVE_CALLS) == "0"


async def test_hang_up_leaves_an_alarm_alone_that_is_being_placed(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    monkeypatch: pytest.MonkeyPatch,
    skip: Callable[[float], None],
) -> None:
    """Who hangs up a call that is not up does not hang up what is asked for meanwhile."""
    monkeypatch.setattr("custom_components.directcall.calls._PATIENCE", 0.1)
    await place_call(hass)
    simulator.calls[0].line.ended = True
    hanging_up = asyncio.create_task(end_call(hass))
    await until(lambda: simulator.requests[END] == 1)
    answer = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: len(simulator.calls) == 2)
    simulator.calls[1].line.started -= 3
    skip(2.1)
    with pytest.raises(ServiceValidationError, match="no call to hang up"):
        await hanging_up
    answer.set()
    await placing
    assert not simulator.calls[1].line.ended
    assert state_of(hass, ACTIVE_CALLS) == "1"


async def test_button_hangs_up_what_is_only_asked_for(
    hass: HomeAssistant, simulator: Simulator, events: Events
) -> None:
    """The button prevents a call that waits for a token, too."""
    simulator.end_tokens()
    token = simulator.hold("request_token")
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: simulator.requests["request_token"] == 2)
    await hass.services.async_call(
        "button", "press", {"entity_id": "button.directcall_hang_up"}, blocking=True
    )
    token.set()
    with pytest.raises(HomeAssistantError, match="cancelled"):
        await placing
    assert simulator.calls == []


async def test_unclear_call_is_decided_as_soon_as_it_can_be(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
    skip: Callable[[float], None],
) -> None:
    """Where no call turns up, that is said 20 seconds later, however the looks are spaced."""
    simulator.reply(PLACE_CALL, LOST)
    waiting = asyncio.create_task(place_call(hass, wait_for_outcome=True))
    await until(lambda: simulator.requests[PLACE_CALL] == 1)
    held = simulator.hold(STATUS)
    await asyncio.sleep(0.1)
    skip(2)
    await until(lambda: simulator.requests[STATUS] == 1)
    # The first look takes a while, so that the others are later, too.
    skip(1.5)
    held.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    await pass_time(hass, freezer, 0.5, times=30)
    assert not waiting.done()
    await pass_time(hass, freezer, 0.5, times=4)
    assert waiting.done()
    with pytest.raises(HomeAssistantError, match=UNCLEAR):
        await waiting
    assert events.types == ["unknown"]


async def test_unclear_call_without_any_status(
    hass: HomeAssistant, simulator: Simulator, events: Events, freezer: FrozenDateTimeFactory
) -> None:
    """Where no status is available, that is said 45 seconds later, and the call is followed on."""
    simulator.reply(PLACE_CALL, LOST)
    simulator.reply(STATUS, *[UNAVAILABLE] * 100)
    waiting = asyncio.create_task(place_call(hass, wait_for_outcome=True))
    await until(lambda: simulator.requests[PLACE_CALL] == 1)
    await pass_time(hass, freezer, 1, times=43)
    assert not waiting.done()
    await pass_time(hass, freezer, 1, times=3)
    assert waiting.done()
    with pytest.raises(HomeAssistantError, match=UNCLEAR):
        await waiting
    assert events.types == []
    simulator.forget_replies(STATUS)
    simulator.reply(STATUS, status("chamando"))
    await pass_time(hass, freezer, 1, times=10)
    assert events.types[:2] == ["placed", "ringing"]


def status(word: str) -> Reply:
    """Return an answer with the provider's word for what the origin does."""
    legs = [{"telefone": "554130600300", "status": word}]
    return Reply(json.dumps({"status": "ok", "codigo": "000", "msg": legs}).encode())


async def test_unclear_call_is_adopted_only_if_it_is_live(
    hass: HomeAssistant, simulator: Simulator, events: Events, freezer: FrozenDateTimeFactory
) -> None:
    """A word that a telephone was busy may be about another call, so that it proves nothing."""
    simulator.reply(PLACE_CALL, LOST)
    with pytest.raises(HomeAssistantError, match=UNCLEAR):
        await place_call(hass)
    simulator.reply(STATUS, status("ocupado"), status("chamando"))
    await pass_time(hass, freezer, 2.5)
    assert (simulator.requests[STATUS], events.types) == (1, [])
    await pass_time(hass, freezer, 3.5)
    assert events.types == ["placed", "ringing"]


async def test_error_after_an_unclear_call(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Who calls after an unclear call hears that it may ring, and when the next is possible."""
    await set_up(hass, make_account(simulator, contacts={"Maria": "+55 41 99999-0000"}))
    simulator.reply(PLACE_CALL, LOST)
    simulator.reply(STATUS, *[UNAVAILABLE] * 100)
    with pytest.raises(HomeAssistantError, match=UNCLEAR):
        await place_call(hass)
    await pass_time(hass, freezer, 5)
    with pytest.raises(ServiceValidationError) as caught:
        await place_call(hass, destination="Maria")
    assert caught.value.translation_key == "call_may_be_in_progress"
    placeholders = caught.value.translation_placeholders
    assert placeholders is not None
    assert placeholders["name"] == "Maria"
    seconds = int(placeholders["seconds"])
    assert 10 <= seconds <= 15
    await pass_time(hass, freezer, seconds)
    await place_call(hass)
    assert len(simulator.calls) == 1


@pytest.mark.parametrize(
    ("data", "name"),
    [({"destination": "Maria"}, "Maria"), ({"destination": "+55 41 99999-1111"}, "…1111")],
)
async def test_error_says_who_is_being_called(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, data: Any, name: str
) -> None:
    """The error of a second call names the contact, or the end of the number."""
    await set_up(hass, make_account(simulator, contacts={"Maria": "+55 41 99999-0000"}))
    await place_call(hass, **data)
    with pytest.raises(ServiceValidationError, match=rf"the origin and {name} already"):
        await place_call(hass, **data)
