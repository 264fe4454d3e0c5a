"""Fixtures of the calls' tests: storage on disk, and the clock."""

from collections.abc import Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from homeassistant.core import HomeAssistant

from tests.common import pass_time
from tests.disk import hass_config_dir, hass_storage

__all__ = ["hass_config_dir", "hass_storage"]


@pytest.fixture
def flow_on(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Callable[[int], Any]:
    """Let some seconds pass, one by one."""

    async def flow_on(seconds: int) -> None:
        await pass_time(hass, freezer, 1, times=seconds)

    return flow_on


@pytest.fixture
def skip(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Callable[[float], None]:
    """Move the clocks on, without waiting for what that sets off."""

    def skip(seconds: float) -> None:
        freezer.tick(seconds)
        async_fire_time_changed(hass)

    return skip
