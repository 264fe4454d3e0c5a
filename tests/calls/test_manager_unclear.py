"""Calls whose request got no answer: adopted, busy, or given up."""

import asyncio
from collections.abc import Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from tests.calls.common import LOST, UNAVAILABLE, UNCLEAR, status
from tests.common import (
    CALL_IN_PROGRESS,
    NUMBER,
    PLACE_CALL,
    STATUS,
    Events,
    make_account,
    pass_time,
    place_call,
    set_up,
    state_of,
    until,
)
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


async def test_ambiguous_call_is_tracked_once_it_is_live(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
) -> None:
    """A call with an ambiguous reply is tracked once the status shows it."""
    with pytest.raises(HomeAssistantError, match="may or may not have been carried out"):
        await place_call(hass, destination=f"{NUMBER}9001")
    assert events.types == []
    assert state_of(hass, CALL_IN_PROGRESS) == "off"
    with pytest.raises(ServiceValidationError):
        await place_call(hass, destination=f"{NUMBER}9001")
    await flow_on(15)
    assert events.types == ["placed", "ringing", "answered"]
    assert state_of(hass, CALL_IN_PROGRESS) == "on"
    assert simulator.requests[PLACE_CALL] == 1


async def test_ambiguous_call_is_unknown_after_20_s(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
    skip: Callable[[float], None],
) -> None:
    """A call that does not turn up is unknown after 20 s."""
    simulator.reply(PLACE_CALL, LOST)
    waiting = asyncio.create_task(place_call(hass, wait_for_outcome=True))
    await until(lambda: simulator.requests[PLACE_CALL] == 1)
    held = simulator.hold(STATUS)
    await hass.async_block_till_done(wait_background_tasks=True)
    skip(2)
    await until(lambda: simulator.requests[STATUS] == 1)
    # The first look takes a while, so that the others are later, too.
    skip(1.5)
    held.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    await pass_time(hass, freezer, 0.5, times=20)
    assert not waiting.done()
    await pass_time(hass, freezer, 0.5, times=14)
    await until(waiting.done)
    with pytest.raises(HomeAssistantError, match=UNCLEAR):
        await waiting
    assert events.types == ["unknown"]


async def test_unclear_call_without_any_status(
    hass: HomeAssistant, simulator: Simulator, events: Events, freezer: FrozenDateTimeFactory
) -> None:
    """Without any status an unclear call is an error after 45 seconds, and is still tracked."""
    simulator.reply(PLACE_CALL, LOST)
    simulator.reply(STATUS, *[UNAVAILABLE] * 100)
    waiting = asyncio.create_task(place_call(hass, wait_for_outcome=True))
    await until(lambda: simulator.requests[PLACE_CALL] == 1)
    await pass_time(hass, freezer, 1, times=35)
    assert not waiting.done()
    await pass_time(hass, freezer, 1, times=11)
    assert waiting.done()
    with pytest.raises(HomeAssistantError, match=UNCLEAR):
        await waiting
    assert events.types == []
    simulator.forget_replies(STATUS)
    simulator.reply(STATUS, status("chamando"))
    await pass_time(hass, freezer, 1, times=10)
    assert events.types[:2] == ["placed", "ringing"]


async def test_error_after_an_unclear_call(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """The error after an unclear call says that it may ring, and when the next is possible."""
    await set_up(hass, make_account(simulator, contacts={"Maria": "+55 41 99999-0000"}))
    simulator.reply(PLACE_CALL, LOST)
    simulator.reply(STATUS, *[UNAVAILABLE] * 100)
    with pytest.raises(HomeAssistantError, match="not known whether Maria got the call"):
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
async def test_error_names_the_contact(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, data: Any, name: str
) -> None:
    """The error of a second call names the contact, or the end of the number."""
    await set_up(hass, make_account(simulator, contacts={"Maria": "+55 41 99999-0000"}))
    await place_call(hass, **data)
    with pytest.raises(ServiceValidationError, match=rf"the origin and {name} is already"):
        await place_call(hass, **data)
