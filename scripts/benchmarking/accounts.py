"""What an account and its contacts cost: time to set up, memory, and requests while idle."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
import gc
import time
import tracemalloc
from typing import Final
from unittest.mock import patch

from pytest_homeassistant_custom_component.common import async_fire_time_changed

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from tests.common import set_up

from .house import new_account
from .provider import Provider, Tally

CONTACTS: Final = 50
_DAY: Final = timedelta(days=1)
# The steps in which a day passes.
_STEP: Final = timedelta(minutes=1)


async def time_set_ups(hass: HomeAssistant, port: int, rounds: int) -> dict[int, list[float]]:
    """Return the seconds that accounts took to be set up, by how many contacts they have."""
    return await _set_up_often(hass, port, rounds, time.perf_counter)


async def weigh(hass: HomeAssistant, port: int, rounds: int) -> dict[int, list[float]]:
    """Return the bytes that accounts take, by how many contacts they have."""
    tracemalloc.start()
    try:
        return await _set_up_often(hass, port, rounds, _traced_bytes)
    finally:
        tracemalloc.stop()


async def _set_up_often(
    hass: HomeAssistant, port: int, rounds: int, read: Callable[[], float]
) -> dict[int, list[float]]:
    """Return by how much a meter rises while accounts are set up; the first time does not count."""
    rises: dict[int, list[float]] = {0: [], CONTACTS: []}
    for _ in range(1 + rounds):
        for contacts, measured in rises.items():
            before = read()
            account = await set_up(hass, new_account(port, contacts))
            measured.append(read() - before)
            await hass.config_entries.async_remove(account.entry_id)
            await hass.async_block_till_done()
    return {contacts: measured[1:] for contacts, measured in rises.items()}


def _traced_bytes() -> int:
    """Return how much memory is in use, without what nobody needs any more."""
    gc.collect()
    used, _ = tracemalloc.get_traced_memory()
    return used


async def idle(hass: HomeAssistant, provider: Provider) -> Tally:
    """Return what reaches the provider in a day in which nothing happens."""
    before = await provider.tally()
    with _leaping_clock() as leap:
        start = dt_util.utcnow()
        for step in range(1, _DAY // _STEP + 1):
            leap(_STEP)
            async_fire_time_changed(hass, start + step * _STEP)
            await hass.async_block_till_done(wait_background_tasks=True)
    return (await provider.tally()).since(before)


@contextmanager
def _leaping_clock() -> Iterator[Callable[[timedelta], None]]:
    """Yield what puts the clocks forward, the event loop's among them."""
    ahead = timedelta()
    clock, wall_clock = time.monotonic, time.time

    def leap(by: timedelta) -> None:
        nonlocal ahead
        ahead += by

    with (
        patch("time.monotonic", lambda: clock() + ahead.total_seconds()),
        patch("time.time", lambda: wall_clock() + ahead.total_seconds()),
    ):
        yield leap
