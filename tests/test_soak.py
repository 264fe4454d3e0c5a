"""A soak: thousands of calls in one process, which leave nothing behind."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
import gc
import json
import logging
from pathlib import Path
import resource
import sys
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import STORAGE_DIR

from custom_components.directcall.account import async_get_account
from custom_components.directcall.calls import CallState
from custom_components.directcall.const import DOMAIN
from tests.calls.common import timers
from tests.common import CALL, end_call, make_account, pass_time, place_call, set_up, state_of
from tests.disk import hass_config_dir, hass_storage
from tests.simulator import Reply, Simulator

__all__ = ["hass_config_dir", "hass_storage"]

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = [pytest.mark.freeze_time(tick=True), pytest.mark.slow]

AT_ONCE: Final = 100
WARM: Final = 1000
CALLS: Final = 3000
# What the telephones do, by the last digits of the destination, of ten calls in a row.
TELEPHONES: Final = (
    "7001",  # Is busy
    "7004",  # Hangs up by itself
    "7004",
    "7004",
    "7006",  # Cannot be reached
    "9001",  # Placed, and the answer is lost
    "9002",
    "0002",  # The provider says no
    "0201",  # No credit
    "0000",  # Talks until it is hung up
)
RECORDED: Final = 2
HUNG_UP: Final = 9
# How many requests of those at once are lost before the provider does anything: the first ones.
LOST: Final = 4


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account without a spending limit."""
    return await set_up(home, make_account(simulator, options={"spending_limit": 0}))


def saved(hass: HomeAssistant, file: str) -> dict[str, Any]:
    """Return what is saved in a file."""
    data: dict[str, Any] = json.loads(Path(hass.config.path(STORAGE_DIR, file)).read_text())["data"]
    return data


def left_over(hass: HomeAssistant) -> tuple[int, int]:
    """Return how many tasks there are, and how many timers of the integration."""
    return len(asyncio.all_tasks()), len(timers(hass))


def blocks() -> int:
    """Return how many objects there are in memory, or nearly: each takes a block or two."""
    gc.collect()
    return sys.getallocatedblocks()


def memory() -> int:
    """Return how much memory the process has, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def count_events(hass: HomeAssistant) -> Counter[str]:
    """Return how often the entity Call fires what from now on."""
    published: Counter[str] = Counter()

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"] == CALL and (state := event.data["new_state"]):
            published[state.attributes["event_type"]] += 1

    hass.bus.async_listen("state_changed", note)
    return published


async def call_many(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, first: int
) -> int:
    """Place some calls, follow them to their ends, and return how many reached the network."""

    async def call(number: int) -> None:
        kind = number % len(TELEPHONES)
        destination = f"+55 41 9{number:04}-{TELEPHONES[kind]}"
        with suppress(HomeAssistantError):
            await place_call(hass, destination=destination, record=kind == RECORDED)

    numbers = range(first, first + AT_ONCE)
    simulator.reply("voz/call", *[Reply(drop=True)] * LOST)
    await asyncio.gather(*(call(number) for number in numbers[:LOST]))
    await asyncio.gather(*(call(number) for number in numbers[LOST:]))
    await pass_time(hass, freezer, 3, times=4)
    for number in numbers[HUNG_UP :: len(TELEPHONES)]:
        await end_call(hass, destination=f"+55 41 9{number:04}-{TELEPHONES[HUNG_UP]}")
    for placed in simulator.calls:
        placed.line.ended = True
    await pass_time(hass, freezer, 3, times=5)
    # Until its recording is there.
    await pass_time(hass, freezer, 121)
    reached = len(simulator.calls)
    for kept in (simulator.calls, simulator.queries, simulator.searches, simulator.recordings):
        kept.clear()
    return reached


async def test_thousands_of_calls(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, object], None],
) -> None:
    """Memory stays as it is, and no task, timer, connection or call is left."""
    # Both keep much, and take most of the time.
    caplog.set_level(logging.ERROR)
    hass.loop.set_debug(False)
    simulator.quirks.haste = 2
    published = count_events(hass)
    before = left_over(hass)

    reached = 0
    for first in range(0, WARM, AT_ONCE):
        reached += await call_many(hass, simulator, freezer, first)
    warm_blocks, warm_memory = blocks(), memory()
    for first in range(WARM, CALLS, AT_ONCE):
        reached += await call_many(hass, simulator, freezer, first)
    blocks_each = (blocks() - warm_blocks) / (CALLS - WARM)
    bytes_each = (memory() - warm_memory) / (CALLS - WARM)
    record_property("blocks of memory for each call", blocks_each)
    record_property("bytes for each call", bytes_each)
    # Both were less than half of that when this was written. What is bigger than half a kilobyte
    # has no block of its own, and shows in the process alone.
    assert blocks_each < 1
    assert bytes_each < 1024

    # The last look for a recording is after a quarter of an hour.
    await pass_time(hass, freezer, 450, times=3)
    batches = CALLS // AT_ONCE
    assert reached == 76 * batches
    assert async_get_account(hass, account.entry_id).calls.tracker.final_states == {
        CallState.BUSY: 9 * batches,
        CallState.ENDED: 57 * batches,
        CallState.FAILED: 10 * batches,
        CallState.UNKNOWN: LOST * batches,
    }
    assert published["recording_ready"] == 9 * batches
    assert state_of(hass, "binary_sensor.directcall_call_in_progress") == "off"
    sections = saved(hass, f"{DOMAIN}.{account.entry_id}")
    [billed] = sections.pop("billed")
    assert len(billed["times"]) <= 1000
    assert sections == {
        "alerts": [],
        "calls": [],
        "deleted_contacts": [],
        "recordings": [],
    }
    assert simulator.connections == 0
    assert left_over(hass) == before

    await hass.config_entries.async_remove(account.entry_id)
    ours = {str(key): kept for key, kept in hass.data.items() if str(key).startswith(DOMAIN)}
    assert {name for name, kept in ours.items() if kept} == set()
