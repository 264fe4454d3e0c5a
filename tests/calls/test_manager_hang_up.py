"""Hang-ups: of one call, of all, twice, and of calls that are not up yet."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from tests.calls.common import IN_VAIN, UNAVAILABLE
from tests.common import (
    CALL_IN_PROGRESS,
    END,
    NUMBER,
    PLACE_CALL,
    STATUS,
    Events,
    begin,
    end_call,
    hurry,
    make_account,
    place_call,
    set_up,
    state_of,
    until,
)
from tests.simulator import Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


async def press_hang_up(hass: HomeAssistant) -> None:
    """Press the button."""
    await hass.services.async_call(
        "button", "press", {"entity_id": "button.directcall_hang_up"}, blocking=True
    )


async def test_hang_up(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """Hanging up ends the call at once, and another call can be placed."""
    await place_call(hass)
    await flow_on(3)
    assert await end_call(hass) == {"code": "000", "message": "Chamada finalizada."}
    assert simulator.calls[0].line.ended
    assert events.types == ["placed", "ringing", "origin_no_answer"]
    await place_call(hass)
    await flow_on(15)
    await end_call(hass)
    assert events.types[3:] == ["placed", "ringing", "answered", "ended"]
    assert len(simulator.calls) == 2
    assert state_of(hass, CALL_IN_PROGRESS) == "off"
    asked = simulator.requests[STATUS]
    await flow_on(10)
    assert simulator.requests[STATUS] == asked


async def test_hang_up_ends_a_wait(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A script that waits for the outcome gets the hang-up as the outcome."""
    waiting = await begin(hass, place_call(hass, wait_for_outcome=True))
    await flow_on(8)
    await press_hang_up(hass)
    assert (await waiting)["outcome"] == "no_answer"


async def test_hang_up_without_a_call(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Hanging up without a call is an error that says so."""
    with pytest.raises(ServiceValidationError, match="no call to hang up"):
        await end_call(hass)
    assert simulator.requests[END] == 1
    with pytest.raises(ServiceValidationError, match="no call to hang up"):
        await press_hang_up(hass)
    assert simulator.requests[END] == 1


async def test_hang_up_an_ended_call(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A hang-up of a call that has ended is an error, and the call is over."""
    await place_call(hass)
    await flow_on(15)
    simulator.calls[0].line.ended = True
    with pytest.raises(ServiceValidationError, match="no call to hang up"):
        await end_call(hass)
    assert events.types[-1] == "ended"


async def test_hang_up_an_unknown_call(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A call that is not tracked can be hung up."""
    await place_call(hass)
    await flow_on(5)
    # As it was given up, say.
    await hass.config_entries.async_remove(account.entry_id)
    await set_up(hass, make_account(simulator))
    assert (await end_call(hass))["code"] == "000"
    assert simulator.calls[0].line.ended


async def test_hang_up_twice_sends_once(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """Two hang-ups at the same moment send one request, and both get its result."""
    await place_call(hass)
    await flow_on(5)
    answer = simulator.hold(END)
    stopped = asyncio.create_task(end_call(hass))
    others = [asyncio.create_task(end_call(hass)), asyncio.create_task(press_hang_up(hass))]
    await until(lambda: simulator.requests[END] == 1)
    stopped.cancel()
    answer.set()
    results = await asyncio.gather(*others)
    assert results == [{"code": "000", "message": "Chamada finalizada."}, None]
    assert simulator.requests[END] == 1


async def test_hang_up_that_fails(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call is still tracked after a hang-up that failed or is unclear."""
    await place_call(hass, destination=f"{NUMBER}9006")
    await flow_on(15)
    with pytest.raises(
        HomeAssistantError, match=r"refused .*Chamada não finalizada.* \(code 004\)"
    ):
        await end_call(hass, destination=f"{NUMBER}9006")
    simulator.reply(END, Reply(drop=True))
    with pytest.raises(HomeAssistantError, match="may or may not have ended"):
        await press_hang_up(hass)
    assert simulator.requests[END] == 2
    await flow_on(15)
    assert events.types == ["placed", "ringing", "answered"]


async def test_hang_up_after_a_gap_is_unknown(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call that was not observed before its hang-up has an unknown outcome."""
    await place_call(hass)
    await flow_on(8)
    simulator.reply(STATUS, *[UNAVAILABLE] * 10)
    await flow_on(18)
    await end_call(hass)
    assert events.types == [*IN_VAIN, "unknown"]


async def test_hang_up_of_an_unclear_call(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """An unclear call that could be hung up was placed, and its action succeeds."""
    waiting = await begin(
        hass, place_call(hass, destination=f"{NUMBER}9001", wait_for_outcome=True)
    )
    simulator.reply(STATUS, *[UNAVAILABLE] * 3)
    await flow_on(3)
    await press_hang_up(hass)
    assert (await waiting)["outcome"] == "unknown"
    assert events.types == ["placed", "unknown"]


async def test_hang_up_of_a_new_call_while_an_old_one_is_hung_up(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A hang-up of the new call does not get the result for the old one."""
    await place_call(hass)
    await flow_on(30)
    answer = simulator.hold(END)
    simulator.calls[0].line.ended = True
    old = asyncio.create_task(end_call(hass))
    await until(lambda: simulator.requests[END] == 1)
    with patch("custom_components.directcall.calls.manager._POLL_TIMEOUT", 0.1):
        await place_call(hass)
    simulator.calls[1].line.started -= 3
    simulator.held.clear()
    assert (await end_call(hass))["code"] == "000"
    answer.set()
    with pytest.raises(ServiceValidationError):
        await old
    assert simulator.requests[END] == 2


async def test_hang_up_during_the_request(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A hang-up while the call is being placed ends the call as soon as it rings."""
    answer = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: len(simulator.calls) == 1)
    with patch("custom_components.directcall.calls.hang_up._RETRY_INTERVAL", 0.2):
        hanging_up = asyncio.create_task(press_hang_up(hass))
        await until(lambda: simulator.requests[END] == 1)
        answer.set()
        await hanging_up
    assert placing.done()
    assert simulator.calls[0].line.ended
    assert simulator.requests[END] > 2
    assert state_of(hass, CALL_IN_PROGRESS) == "off"


async def test_hang_up_of_a_call_that_never_comes_up(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A hang-up is repeated every 2 s, until 20 s after the call was placed."""
    await place_call(hass)
    simulator.calls[0].line.ended = True
    with pytest.raises(ServiceValidationError, match="no call to hang up"):
        await hurry(freezer, end_call(hass), 0.1)
    assert 8 <= simulator.requests[END] <= 11


async def test_hang_up_of_all(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """The button ends every call, also one that may have been placed."""
    await place_call(hass)
    with pytest.raises(HomeAssistantError):
        await place_call(hass, destination=f"{NUMBER}9001")
    await flow_on(1)
    await press_hang_up(hass)
    assert [call.line.ended for call in simulator.calls] == [True, True]
    assert state_of(hass, CALL_IN_PROGRESS) == "off"


async def test_hang_up_of_all_when_all_have_ended(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """Hanging up all is an error if all calls have ended."""
    await place_call(hass)
    await flow_on(25)
    simulator.calls[0].line.ended = True
    with pytest.raises(ServiceValidationError, match="no call to hang up"):
        await press_hang_up(hass)
    assert events.types[-1] == "ended"


async def test_hang_up_of_all_when_one_has_ended(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A call that has ended is not an error, a failing hang-up is."""
    for ending in ("0000", "1111", "9006"):
        await place_call(hass, destination=f"{NUMBER}{ending}")
    await flow_on(25)
    simulator.calls[2].line.ended = True
    simulator.calls[1].line.ended = True
    await press_hang_up(hass)
    assert simulator.calls[0].line.ended

    for ending in ("0000", "1111", "9006"):
        await place_call(hass, destination=f"{NUMBER}{ending}")
    await flow_on(25)
    simulator.calls[3].line.ended = True
    with pytest.raises(HomeAssistantError, match="004"):
        await press_hang_up(hass)
