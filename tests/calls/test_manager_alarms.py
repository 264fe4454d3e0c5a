"""Alarms that ring although another call seems to be in progress."""

import asyncio
from collections.abc import Callable
import json
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from custom_components.directcall.api import DirectcallClient
from tests.calls.common import SAVED, UNAVAILABLE, file_of_calls, legs_reply, write
from tests.common import (
    CALL_IN_PROGRESS,
    END,
    STATUS,
    Events,
    end_call,
    listen,
    make_account,
    place_call,
    set_up,
    state_of,
    until,
)
from tests.simulator import Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


@pytest.mark.parametrize(
    "replies",
    [
        [UNAVAILABLE],
        [Reply(drop=True)],
        [Reply(b"{}")],
        [Reply(b'{"status": "ok", "msg": [{"telefone": "?", "status": "em fila"}]}')],
    ],
)
async def test_second_call_is_placed_if_the_status_is_unavailable(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    replies: list[Reply],
) -> None:
    """A second call of a pair is placed while the status is unavailable."""
    first = await place_call(hass)
    await flow_on(30)
    simulator.reply(STATUS, *replies)
    second = await place_call(hass)
    assert len(simulator.calls) == 2
    # The two cannot be told apart: only of the second anything is said from here on.
    assert [(e.attributes["event_type"], e.attributes["call_id"]) for e in events[-2:]] == [
        ("unknown", first["call_id"]),
        ("placed", second["call_id"]),
    ]
    assert state_of(hass, CALL_IN_PROGRESS) == "on"


async def test_second_call_is_placed_if_the_status_is_late(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A second call does not wait for a status that does not come."""
    await place_call(hass)
    await flow_on(30)
    status = simulator.hold(STATUS)
    with patch("custom_components.directcall.calls.manager._POLL_TIMEOUT", 0.2):
        # A request for a status takes twice as long.
        async with asyncio.timeout(15):
            await place_call(hass)
    assert len(simulator.calls) == 2
    status.set()


async def test_second_call_is_placed_after_the_first_ended(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A leg that lingers after the end does not block a second call."""
    await place_call(hass)
    await flow_on(30)
    simulator.reply(STATUS, legs_reply(origin="atendida", destination="encerrada"))
    await place_call(hass)
    assert len(simulator.calls) == 2
    assert events.types[-2:] == ["ended", "placed"]


async def test_other_numbers_do_not_block_a_call(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """Only the pair's own legs block a second call."""
    await place_call(hass)
    await flow_on(30)
    simulator.reply(STATUS, legs_reply(other="chamando"))
    await place_call(hass)
    assert len(simulator.calls) == 2


async def test_unexpected_error_does_not_block_a_call(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An unexpected error is logged, and the second call is placed."""
    await place_call(hass)
    await flow_on(30)
    with patch.object(DirectcallClient, "call_status", side_effect=RuntimeError("boom")):
        await place_call(hass)
    assert len(simulator.calls) == 2
    assert "Unexpected error while polling a call" in caplog.messages


@pytest.mark.parametrize("is_slow", [False, True])
async def test_second_call_is_placed_during_a_hang_up(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    *,
    is_slow: bool,
) -> None:
    """A second call is placed while the first is being hung up."""
    await place_call(hass)
    await flow_on(5)
    answer = simulator.hold(END)
    hanging_up = asyncio.create_task(end_call(hass))
    await until(lambda: simulator.requests[END] == 1)
    with patch("custom_components.directcall.calls.manager._POLL_TIMEOUT", 0.1 if is_slow else 30):
        placing = asyncio.create_task(place_call(hass))
        if not is_slow:
            answer.set()
        await placing
    assert hanging_up.done() is not is_slow
    answer.set()
    await hanging_up
    assert [call.line.ended for call in simulator.calls] == [True, False]


async def test_two_calls_during_a_slow_hang_up(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """One of two calls during a hang-up is placed, and not hung up."""
    await place_call(hass)
    await flow_on(5)
    answer = simulator.hold(END)
    hanging_up = asyncio.create_task(end_call(hass))
    await until(lambda: simulator.requests[END] == 1)
    with patch("custom_components.directcall.calls.manager._POLL_TIMEOUT", 0.1):
        results = await asyncio.gather(place_call(hass), place_call(hass), return_exceptions=True)
    assert [type(result) for result in results] == [dict, ServiceValidationError]
    assert len(simulator.calls) == 2
    answer.set()
    await hanging_up
    assert [call.line.ended for call in simulator.calls] == [True, False]


async def test_hang_up_before_ringing_leaves_the_next_call_alone(
    hass: HomeAssistant, simulator: Simulator, events: Events, skip: Callable[[float], None]
) -> None:
    """A hang-up of a call that does not ring yet leaves the next call alone."""
    await place_call(hass)
    simulator.calls[0].line.ended = True
    hanging_up = asyncio.create_task(end_call(hass))
    await until(lambda: simulator.requests[END] == 1)
    with patch("custom_components.directcall.calls.manager._POLL_TIMEOUT", 0.1):
        await place_call(hass)
    # The alarm rings by the time at which the hang-up is repeated.
    skip(2.1)
    with pytest.raises(ServiceValidationError, match="no call to hang up"):
        await hanging_up
    assert [call.line.ended for call in simulator.calls] == [True, False]
    assert state_of(hass, CALL_IN_PROGRESS) == "on"


@pytest.mark.freeze_time("2026-11-24 07:00:00", tick=True)
async def test_clock_set_back_does_not_block_a_call(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """A restored call in the future is polled before a call is refused."""
    saved = {**SAVED, "answered_after": 170}
    file = {"version": 1, "minor_version": 1, "data": {"calls": [saved]}}
    write(file_of_calls(hass), json.dumps(file))
    events = listen(hass)
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await place_call(hass)
    assert simulator.requests[STATUS] > 0
    assert len(simulator.calls) == 1
    assert events.types == ["ended", "placed"]
    assert events[0].attributes["duration"] >= 0
