"""Calls whose answers come late: statuses, hang-ups, and answers to the call's own request."""

import asyncio
from collections.abc import Callable
import json

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from tests.calls.common import LOST, UNAVAILABLE, UNCLEAR
from tests.common import (
    CALL_IN_PROGRESS,
    END,
    PLACE_CALL,
    STATUS,
    Events,
    end_call,
    pass_time,
    place_call,
    state_of,
    until,
)
from tests.simulator import Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)
NOT_ACTIVE = Reply(json.dumps({"status": "erro", "codigo": "003", "msg": "Não ativa"}).encode())
ENDED = Reply(json.dumps({"status": "ok", "codigo": "000", "msg": "Finalizada"}).encode())
NO = Reply(json.dumps({"status": "erro", "codigo": "002", "msg": "Falha"}).encode())
REJECTED = Reply(json.dumps({"status": "erro", "codigo": "006", "msg": "Token"}).encode())


async def test_late_hang_up_ends_no_call_that_rings(
    hass: HomeAssistant, simulator: Simulator, events: Events, skip: Callable[[float], None]
) -> None:
    """A hang-up before the ringing does not report that there is no call while it rings."""
    held = simulator.hold(END)
    await place_call(hass)
    hanging_up = asyncio.create_task(end_call(hass))
    await until(lambda: simulator.requests[END] == 1)
    skip(2.1)
    await until(lambda: events.types == ["placed", "ringing"])
    held.set()
    # The provider closes the connection after its answer.
    await until(lambda: simulator.connections == 0)
    assert state_of(hass, CALL_IN_PROGRESS) == "on"
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
    assert state_of(hass, CALL_IN_PROGRESS) == "on"
    assert "unknown" not in events.types


async def test_hang_up_does_not_wait_for_the_answer_of_the_request(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
    skip: Callable[[float], None],
) -> None:
    """A call is hung up before the response to its request, and is over after that response."""
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
    assert state_of(hass, CALL_IN_PROGRESS) == "off"
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
    """A hang-up before anything was sent prevents the call, and both actions report it."""
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
    """An attempt that is in progress at a hang-up is the last one."""
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
    """A hang-up of a call that is refused meanwhile finds nothing to hang up."""
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
    assert state_of(hass, CALL_IN_PROGRESS) == "off"


async def test_hang_up_ends_with_its_deadline(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    skip: Callable[[float], None],
) -> None:
    """A hang-up reports after at most 45 seconds that there is no call."""
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
    assert state_of(hass, CALL_IN_PROGRESS) == "off"


async def test_hang_up_leaves_an_alarm_alone_that_is_being_placed(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    monkeypatch: pytest.MonkeyPatch,
    skip: Callable[[float], None],
) -> None:
    """A hang-up of a call that is not up does not end a call that is requested meanwhile."""
    monkeypatch.setattr("custom_components.directcall.calls.manager._POLL_TIMEOUT", 0.1)
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
    assert state_of(hass, CALL_IN_PROGRESS) == "on"


async def test_button_cancels_a_call_that_waits_for_a_token(
    hass: HomeAssistant, simulator: Simulator, events: Events
) -> None:
    """The button cancels a call that waits for a token."""
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
