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
from tests.calls.common import SAVED, UNAVAILABLE, file_of_calls, told, write
from tests.common import (
    ACTIVE_CALLS,
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
async def test_alarm_rings_when_in_doubt(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    replies: list[Reply],
) -> None:
    """A second alarm for the same pair while the status cannot be had rings."""
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
    assert state_of(hass, ACTIVE_CALLS) == "1"


async def test_alarm_rings_when_the_look_takes_long(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """An alarm does not wait for a status that does not come."""
    await place_call(hass)
    await flow_on(30)
    status = simulator.hold(STATUS)
    with patch("custom_components.directcall.calls.manager._POLL_TIMEOUT", 0.2):
        await place_call(hass)
    assert len(simulator.calls) == 2
    status.set()


async def test_alarm_rings_if_its_own_look_shows_the_end(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A telephone that lingers in a call that is over holds no alarm back."""
    await place_call(hass)
    await flow_on(30)
    simulator.reply(STATUS, told(origin="atendida", destination="encerrada"))
    await place_call(hass)
    assert len(simulator.calls) == 2
    assert events.types[-2:] == ["ended", "placed"]


async def test_alarm_rings_whatever_somebody_elses_telephone_does(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """Only what the two telephones themselves do holds an alarm back."""
    await place_call(hass)
    await flow_on(30)
    simulator.reply(STATUS, told(other="chamando"))
    await place_call(hass)
    assert len(simulator.calls) == 2


async def test_alarm_rings_despite_a_fault_of_ours(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What nobody thought of is logged, and the alarm rings."""
    await place_call(hass)
    await flow_on(30)
    with patch.object(DirectcallClient, "call_status", side_effect=RuntimeError("boom")):
        await place_call(hass)
    assert len(simulator.calls) == 2
    assert "boom" in caplog.text


@pytest.mark.parametrize("is_slow", [False, True])
async def test_alarm_during_a_hang_up(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    *,
    is_slow: bool,
) -> None:
    """An alarm rings though somebody is hanging up a call of the same pair just now."""
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


async def test_alarms_during_a_slow_hang_up(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """Of two alarms that find a call being hung up, one rings, and it is not hung up as well."""
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


async def test_alarm_while_a_call_that_is_not_up_is_hung_up(
    hass: HomeAssistant, simulator: Simulator, events: Events, skip: Callable[[float], None]
) -> None:
    """Who hangs up a call that is not up yet does not hang up the alarm that rings meanwhile."""
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
    assert state_of(hass, ACTIVE_CALLS) == "1"


@pytest.mark.freeze_time("2026-11-24 07:00:00", tick=True)
async def test_clock_that_is_behind_holds_no_alarm_back(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """A house whose clock was set back by a power failure looks before it refuses to ring."""
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
