"""Helpers of the hard days' tests of alerts: time, outages, and what became known."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from typing import Final

from tests.alerts.house import House
from tests.hard_days.common import Names

# More turns of the event loop than a request takes.
TURNS: Final = 100


async def settle(house: House) -> None:
    """Let the clock go on for as long as something waits for nothing else."""
    quiet = asyncio.ensure_future(house.hass.async_block_till_done(wait_background_tasks=True))
    while True:
        for _ in range(TURNS):
            if quiet.done():
                return await quiet
            await asyncio.sleep(0)
        house.freezer.tick(1)


async def hop(house: House, seconds: float) -> None:
    """Let seconds pass at once."""
    house.freezer.tick(seconds)
    await settle(house)


# Nothing reaches the provider.


@asynccontextmanager
async def refuses(house: House, names: Names) -> AsyncIterator[None]:
    """Refuse all connections."""
    await house.line.stop()
    yield
    await house.line.start()


@asynccontextmanager
async def accepts_nothing(house: House, names: Names) -> AsyncIterator[None]:
    """Accept no connection."""
    async with house.line.deaf():
        yield


@asynccontextmanager
async def has_no_name(house: House, names: Names) -> AsyncIterator[None]:
    """Let the name not be found."""
    names.failures = inf
    yield
    names.failures = 0
