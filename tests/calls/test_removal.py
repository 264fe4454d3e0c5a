"""Removal of an account that has calls."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from tests.calls.common import file_of_calls, timers, write
from tests.common import NUMBER, STATUS, make_account, place_call, set_up
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


async def test_removal_in_the_middle_leaves_nothing(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    flow_on: Callable[[int], Any],
) -> None:
    """An account that is removed in the middle of a call leaves no task, timer or listener."""

    def left() -> tuple[set[str], int, dict[Any, int]]:
        tasks = [t for t in asyncio.all_tasks() if "directcall" in t.get_name()]
        return timers(hass), len(tasks), dict(hass.bus.async_listeners())

    account = await set_up(hass, make_account(simulator))
    await hass.config_entries.async_remove(account.entry_id)
    await flow_on(20)
    before = left()

    account = await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    waiting = asyncio.create_task(place_call(hass, wait_for_outcome=True))
    await asyncio.sleep(0.2)
    await flow_on(4)
    assert file_of_calls(hass).exists()
    simulator.quirks.status_delay = 0.2
    looking = hass.async_create_task(flow_on(3))
    await asyncio.sleep(0.1)
    await hass.config_entries.async_remove(account.entry_id)
    assert (await waiting)["outcome"] == "unknown"
    await looking
    assert not file_of_calls(hass).exists()
    asked = simulator.requests[STATUS]
    # Home Assistant's own files have to be written, too.
    await flow_on(20)
    assert left() == before
    assert simulator.requests[STATUS] == asked
    assert not file_of_calls(hass).exists()


@pytest.mark.parametrize("delay", [0.45, 0.5, 0.505, 0.51, 0.55])
async def test_removal_while_the_calls_are_saved(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, delay: float
) -> None:
    """No file is left of an account that is removed, whenever that is."""
    account = await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await place_call(hass)
    await asyncio.sleep(delay)
    await hass.config_entries.async_remove(account.entry_id)
    await asyncio.sleep(0.1)
    await hass.async_block_till_done()
    assert not file_of_calls(hass).exists()


async def test_removal_while_a_call_is_placed(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    issue_registry: ir.IssueRegistry,
) -> None:
    """A call that was sent before its account was removed is placed, and not followed."""
    simulator.quirks.call_delay = 0.2
    waiting = asyncio.create_task(place_call(hass, wait_for_outcome=True))
    refused = asyncio.create_task(place_call(hass, destination=f"{NUMBER}0201"))
    await asyncio.sleep(0.1)
    await hass.config_entries.async_remove(account.entry_id)
    assert (await waiting)["outcome"] == "unknown"
    with pytest.raises(HomeAssistantError, match="no credit"):
        await refused
    await flow_on(10)
    assert simulator.requests[STATUS] == 0
    assert not file_of_calls(hass, account.entry_id).exists()
    assert issue_registry.issues == {}


async def test_removal_of_an_account_that_was_never_loaded(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """What is saved of calls goes with the account in any case."""
    account = make_account(simulator, entry_id="01DIRECTCALL")
    account.add_to_hass(hass)
    write(file_of_calls(hass), "{}")
    await hass.config_entries.async_remove(account.entry_id)
    assert not file_of_calls(hass).exists()
