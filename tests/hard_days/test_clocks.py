"""Clocks that jump, and a home that sleeps."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from tests.common import (
    CALL_IN_PROGRESS,
    CONNECTION,
    PLACE_CALL,
    REQUEST_TOKEN,
    listen,
    pass_time,
    place_call,
    set_up,
    state_of,
)
from tests.hard_days.common import NUMBER, SILENT, Said, WallClock, done, the_account
from tests.proxy import Proxy
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


# Clocks that jump.


YEAR: Final = timedelta(days=365)


@pytest.mark.parametrize("change", [YEAR, -YEAR], ids=["forward", "back"])
async def test_wall_clock_is_set(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    wall_clock: WallClock,
    freezer: FrozenDateTimeFactory,
    change: timedelta,
) -> None:
    """Neither a call nor the token is older for that, and its recording is found."""
    account = await set_up(home, the_account(simulator, simulator.url))
    events = listen(hass)
    await place_call(hass, destination=f"{NUMBER}7004", record=True)
    await pass_time(hass, freezer, 1, times=9)
    assert events.types == ["placed", "ringing"]

    wall_clock.set_by(change)
    # The provider's clock was right before.
    [recording] = simulator.recordings
    recording.started += change
    await pass_time(hass, freezer, 1, times=20)
    assert events.types == ["placed", "ringing", "answered", "ended"]
    assert 5 <= events[-1].attributes["duration"] <= 15
    assert state_of(hass, CONNECTION) == "on"
    assert simulator.requests[REQUEST_TOKEN] == 1
    await pass_time(hass, freezer, 121)
    assert events.types[4:] == ["recording_ready"]
    [search] = simulator.searches
    assert int(search["dataFinal"]) - int(search["dataInicial"]) < 2_000_000  # Two days

    assert account.runtime_data.coordinator.data.seconds_left > 3300
    await pass_time(hass, freezer, 3240 - 150)
    assert simulator.requests[REQUEST_TOKEN] == 2
    wall_clock.set_by(-change)
    await pass_time(hass, freezer, 3200)
    assert simulator.requests[REQUEST_TOKEN] == 2
    await pass_time(hass, freezer, 41)
    assert simulator.requests[REQUEST_TOKEN] == 3
    assert state_of(hass, CONNECTION) == "on"


@pytest.mark.parametrize("change", [YEAR, -YEAR], ids=["forward", "back"])
async def test_wall_clock_is_set_while_a_recording_is_awaited(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    wall_clock: WallClock,
    freezer: FrozenDateTimeFactory,
    change: timedelta,
) -> None:
    """Its time to be there is as long as ever."""
    await set_up(home, the_account(simulator, simulator.url))
    events = listen(hass)
    await place_call(hass, destination=f"{NUMBER}7004", record=True)
    await pass_time(hass, freezer, 1, times=30)
    assert events.types[-1] == "ended"

    wall_clock.set_by(change)
    late = simulator.recordings.pop()
    await pass_time(hass, freezer, 130)
    await pass_time(hass, freezer, 1)
    assert len(simulator.searches) == 1
    simulator.recordings.append(late)
    await pass_time(hass, freezer, 15 * 60)
    assert events.types[-1] == "recording_ready"


async def test_suspended_while_a_call_rings(
    hass: HomeAssistant,
    simulator: Simulator,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The outcome of a call that rang during a suspension is unknown."""
    events = listen(hass)
    await place_call(hass, destination=f"{NUMBER}5607")
    await pass_time(hass, freezer, 1, times=5)
    simulator.calls[-1].line.ended = True
    await pass_time(hass, freezer, 6 * 3600)
    assert events.types == ["placed", "ringing", "unknown"]
    assert state_of(hass, CALL_IN_PROGRESS) == "off"
    assert state_of(hass, CONNECTION) == "on"
    assert simulator.requests[REQUEST_TOKEN] == 2
    await place_call(hass, destination=f"{NUMBER}5607")
    assert simulator.requests[PLACE_CALL] == 2


async def test_suspended_while_a_call_is_answered(
    hass: HomeAssistant,
    simulator: Simulator,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """An answered call has ended after a suspension."""
    events = listen(hass)
    await place_call(hass, destination=f"{NUMBER}5607")
    await pass_time(hass, freezer, 1, times=16)
    simulator.calls[-1].line.ended = True
    await pass_time(hass, freezer, 3600)
    assert events.types == ["placed", "ringing", "answered", "ended"]


async def test_suspended_before_the_reply(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    said: Said,
) -> None:
    """A call that was sent before a suspension is ambiguous, and placed once."""
    before = done(simulator)
    line.faults.append(SILENT["silence after it was done"])
    asking = said.error_of(place_call(hass, destination=f"{NUMBER}5607"))
    call = asyncio.ensure_future(asking)
    await line.until_slow()
    await pass_time(hass, freezer, 6 * 3600)
    assert await call == "outcome_unknown"
    await pass_time(hass, freezer, 3)
    assert done(simulator) - before == Counter(placed=1)
    assert state_of(hass, CONNECTION) == "on"
    # It is up still, after all that time.
    assert state_of(hass, CALL_IN_PROGRESS) == "on"
