"""Waiting for the outcome of a call."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from tests.common import NUMBER, PLACE_CALL, Events, begin, place_call, until
from tests.simulator import Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


@pytest.mark.parametrize(
    ("destination", "outcome", "seconds"),
    [
        ("0000", "answered", 12),
        ("7001", "busy", None),
        ("7002", "no_answer", None),
        ("7006", "failed", None),
        ("7005", "unknown", None),
    ],
)
async def test_wait_for_outcome(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    destination: str,
    outcome: str,
    seconds: int | None,
) -> None:
    """An action that waits continues as soon as the outcome is decided."""
    waiting = await begin(
        hass, place_call(hass, destination=f"{NUMBER}{destination}", wait_for_outcome=True)
    )
    await flow_on(2)
    assert not waiting.done()
    await flow_on(53)
    response = await waiting
    assert response["outcome"] == outcome
    assert response["seconds_to_answer"] == (
        None if seconds is None else pytest.approx(seconds, abs=3)
    )
    assert response["code"] == "000"


async def test_wait_times_out(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A wait that is over leaves the call to go on."""
    response = await place_call(hass, wait_for_outcome=True, timeout={"seconds": 1})
    assert response["outcome"] == "unknown"
    assert response["seconds_to_answer"] is None
    await flow_on(15)
    assert events.types[-1] == "answered"


@pytest.mark.parametrize("wait", [{"seconds": 0}, "00:10:01", -5])
async def test_bad_timeout(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, wait: Any
) -> None:
    """An invalid time-out is refused before anything rings."""
    with pytest.raises(ServiceValidationError, match="from 1 second to 10 minutes"):
        await place_call(hass, wait_for_outcome=True, timeout=wait)
    assert simulator.requests[PLACE_CALL] == 0
    # Who does not wait needs no time-out, and an alarm is not held back by one.
    await place_call(hass, timeout=wait)
    assert len(simulator.calls) == 1


async def test_stopped_script_does_not_end_the_call(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A script that is stopped while it waits ends neither the call nor its tracking."""
    waiting = await begin(hass, place_call(hass, wait_for_outcome=True))
    waiting.cancel()
    await flow_on(15)
    assert events.types == ["placed", "ringing", "answered"]


async def test_stopped_script_does_not_cancel_a_sent_request(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A request that was sent is completed after its script was stopped."""
    answer = simulator.hold(PLACE_CALL)
    first = asyncio.create_task(place_call(hass))
    await until(lambda: len(simulator.calls) == 1)
    first.cancel()
    # The script is started again, as one of `mode: restart` is.
    second = asyncio.create_task(place_call(hass))
    answer.set()
    with pytest.raises(ServiceValidationError, match=r"between the origin and …0000 is already"):
        await second
    await flow_on(15)
    assert len(simulator.calls) == 1
    assert events.types == ["placed", "ringing", "answered"]


async def test_wait_for_an_ambiguous_call(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A wait for the outcome includes a call whose reply was lost."""
    waiting = await begin(
        hass, place_call(hass, destination=f"{NUMBER}9001", wait_for_outcome=True)
    )
    await flow_on(15)
    response = await waiting
    assert (response["outcome"], response["code"], response["message"]) == ("answered", "", "")
    assert len(response["call_id"]) == 26


@pytest.mark.parametrize("seconds", [30, 3])
async def test_wait_for_a_call_that_was_not_placed(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    seconds: int,
) -> None:
    """A wait ends with an error if the call does not turn up."""
    simulator.reply(PLACE_CALL, Reply(drop=True))
    timeout = {"seconds": 1 if seconds == 3 else 100}
    waiting = await begin(hass, place_call(hass, wait_for_outcome=True, timeout=timeout))
    await flow_on(seconds)
    with pytest.raises(HomeAssistantError, match="may or may not have been carried out"):
        await waiting
    await flow_on(30)
    assert events.types == ["unknown"]
    assert simulator.requests[PLACE_CALL] == 1
