"""Alerts of an account that goes on after the clock on the wall was set."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest

from homeassistant.core import HomeAssistant

from tests.alerts.common import VOICE, raise_alert
from tests.alerts.house import House, reload, restart
from tests.disk import hass_config_dir, hass_storage
from tests.hard_days.common import WallClock

__all__ = ["hass_config_dir", "hass_storage"]

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = [pytest.mark.freeze_time(tick=True), pytest.mark.usefixtures("no_pauses")]

HOUR = timedelta(hours=1)
EVERYBODY = [(VOICE, "Maria"), (VOICE, "João")]


@pytest.mark.parametrize("change", [HOUR, -HOUR], ids=["forward", "back"])
@pytest.mark.parametrize("happen", [reload, restart])
async def test_clock_is_set_before_a_restart(
    home: HomeAssistant,
    house: House,
    wall_clock: WallClock,
    happen: Callable[[House], AbstractAsyncContextManager[None]],
    change: timedelta,
) -> None:
    """The run is no older for that: it goes on at the same moment, and repeats no step."""
    how = {"rounds": 1, "time_each": {"minutes": 5}}
    await house.start(home, how, keep_trying={"seconds": 0})
    await raise_alert(home)
    await house.wait(120)
    wall_clock.set_by(change)
    await house.wait(120)
    async with happen(house):
        await house.wait(30)
        assert house.told == EVERYBODY[:1]
        await house.wait(40)
        assert house.told == EVERYBODY
        await house.wait(330)
        assert house.told == EVERYBODY
        assert house.events == ["raised", "told Maria", "told João", "unacknowledged"]
