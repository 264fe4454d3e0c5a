"""Second calls between two numbers while the first is in progress."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from custom_components.directcall.api import DirectcallClient
from tests.calls.common import (
    ANSWERED,
    IN_VAIN,
    OVER,
    RINGS,
    UNAVAILABLE,
    file_of_calls,
    legs_reply,
    saved_calls,
)
from tests.common import (
    CALL_IN_PROGRESS,
    NUMBER,
    PLACE_CALL,
    STATUS,
    Events,
    make_account,
    place_call,
    set_up,
    state_of,
    until,
)
from tests.simulator import Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


async def test_second_call_of_same_pair_is_refused(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """One of two simultaneous calls of a pair is placed, the other is refused."""
    simulator.quirks.call_delay = 0.1
    results = await asyncio.gather(place_call(hass), place_call(hass), return_exceptions=True)
    assert [type(result) for result in results] == [dict, ServiceValidationError]
    assert len(simulator.calls) == 1
    # The other way round, and another destination, are other pairs.
    await place_call(hass, origin=f"{NUMBER}0000", destination="+55 41 3060-0300")
    await place_call(hass, destination=f"{NUMBER}1111")
    assert len(simulator.calls) == 3


async def test_second_call_after_a_first_that_failed(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A call that waited for a failed request of the same pair is placed."""
    simulator.quirks.call_delay = 0.1
    simulator.reply(PLACE_CALL, Reply(b'{"status": "erro", "codigo": "002"}'))
    results = await asyncio.gather(place_call(hass), place_call(hass), return_exceptions=True)
    assert [type(result) for result in results] == [HomeAssistantError, dict]
    assert len(simulator.calls) == 1


async def test_call_that_was_refused_is_not_saved(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """A call is saved from when it is sent on, and no longer once it surely was not placed."""
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    answer = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass, destination=f"{NUMBER}0201"))
    await until(lambda: file_of_calls(hass).exists() and len(saved_calls(hass)) == 1)
    answer.set()
    with pytest.raises(HomeAssistantError, match="no credit"):
        await placing
    await until(lambda: saved_calls(hass) == [])


async def test_second_call_is_refused_while_the_first_is_live(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A second call polls the first, and is refused if that is live."""
    await place_call(hass)
    await flow_on(30)
    asked = simulator.requests[STATUS]
    with pytest.raises(ServiceValidationError) as caught:
        await place_call(hass)
    assert caught.value.translation_key == "call_in_progress"
    assert simulator.requests[STATUS] == asked + 1
    # The call ends before the first poll.
    simulator.calls[0].line.ended = True
    await place_call(hass)
    assert len(simulator.calls) == 2


async def test_slow_acceptance_counts_from_its_end(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call that was accepted just now is there, however long that took."""
    answer = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: len(simulator.calls) == 1)
    freezer.tick(22)
    answer.set()
    await placing
    with pytest.raises(ServiceValidationError, match="already"):
        await place_call(hass)
    assert len(simulator.calls) == 1


async def test_status_of_the_first_call_does_not_end_the_second(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A late status of the first call does not end the second."""
    await place_call(hass)
    await flow_on(30)
    simulator.reply(STATUS, UNAVAILABLE)
    await place_call(hass)
    refused = legs_reply(origin="não atendida")
    simulator.reply(STATUS, refused, ANSWERED, RINGS, OVER, RINGS, ANSWERED, OVER)
    await flow_on(12)
    assert events.types[3:] == ["unknown", "placed"]
    await flow_on(3)
    assert events.types[3:] == ["unknown", "placed", "ringing"]
    await flow_on(6)
    assert events.types[6:] == ["answered", "ended"]


async def test_unclear_second_call_beside_a_live_one(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """An unclear call is not mistaken for the live one of its pair."""
    first = await place_call(hass)
    await flow_on(30)
    simulator.reply(STATUS, UNAVAILABLE)
    simulator.reply(PLACE_CALL, Reply(drop=True))
    with pytest.raises(HomeAssistantError, match="may or may not have been carried out"):
        await place_call(hass, wait_for_outcome=True)
    assert len(simulator.calls) == 1
    # It counts: no other call is placed in the next 20 s, with any status.
    simulator.reply(STATUS, UNAVAILABLE)
    with pytest.raises(ServiceValidationError, match=r"again in (20|19) s"):
        await place_call(hass)
    await flow_on(1)
    [saved] = saved_calls(hass, account.entry_id)
    assert saved["call_id"] == first["call_id"]
    simulator.calls[0].line.ended = True
    await flow_on(5)
    published = [
        (e.attributes["event_type"], e.attributes["call_id"] == first["call_id"]) for e in events
    ]
    assert published[3:] == [("unknown", False), ("ended", True)]


async def test_call_is_tracked_after_an_unexpected_error(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A call that may have been sent before an unexpected error is tracked."""
    place = DirectcallClient.place_call

    async def break_after(*arguments: Any) -> None:
        await place(*arguments)
        error = "boom"
        raise RuntimeError(error)

    with (
        patch.object(DirectcallClient, "place_call", break_after),
        pytest.raises(HomeAssistantError, match="may or may not have been carried out"),
    ):
        await place_call(hass)
    assert "RuntimeError: boom" in caplog.text
    await flow_on(15)
    assert events.types == [*IN_VAIN, "answered"]


async def test_unexpected_error_does_not_end_the_tracking(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An unexpected error is logged, and polling continues."""
    await place_call(hass)
    with patch.object(DirectcallClient, "call_status", side_effect=RuntimeError("boom")):
        await flow_on(3)
    assert "Unexpected error while polling a call" in caplog.messages
    await flow_on(15)
    assert events.types[-1] == "answered"


async def test_refused_second_call_keeps_the_first(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A refused second call does not change the first."""
    await place_call(hass)
    await flow_on(30)
    simulator.reply(STATUS, UNAVAILABLE)
    simulator.reply(PLACE_CALL, Reply(b'{"status": "erro", "codigo": "002"}'))
    with pytest.raises(HomeAssistantError, match="refused"):
        await place_call(hass)
    simulator.calls[0].line.ended = True
    await flow_on(5)
    assert events.types == ["placed", "ringing", "answered", "ended"]


async def test_ten_calls_at_once(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """Calls are tracked independently of each other."""
    endings = ["7001", "7002", "7003", "7004", "7006"]
    numbers = [f"+55 41 9999{n}-{ending}" for n in range(2) for ending in endings]
    responses = await asyncio.gather(*(place_call(hass, destination=n) for n in numbers))
    assert state_of(hass, CALL_IN_PROGRESS) == "on"
    await flow_on(60)
    last = {e.attributes["call_id"]: e.attributes["event_type"] for e in events}
    assert [last[response["call_id"]] for response in responses] == 2 * [
        "busy",
        "no_answer",
        "busy",
        "ended",
        "failed",
    ]
    assert state_of(hass, CALL_IN_PROGRESS) == "off"
    assert len(simulator.calls) == 10
