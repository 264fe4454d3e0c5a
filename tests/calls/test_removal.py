"""Removal of an account that has calls."""

import asyncio
from collections.abc import Callable
from pathlib import Path
import threading
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util.file import write_utf8_file_atomic

from tests.calls.common import file_of_calls, start_poll, timers, write
from tests.common import NUMBER, PLACE_CALL, STATUS, begin, make_account, place_call, set_up, until
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


async def test_removal_in_the_middle_leaves_nothing(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    flow_on: Callable[[int], Any],
    freezer: FrozenDateTimeFactory,
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
    waiting = await begin(hass, place_call(hass, wait_for_outcome=True))
    await flow_on(4)
    assert file_of_calls(hass).exists()
    status = simulator.hold(STATUS)
    await start_poll(hass, freezer, simulator)
    await hass.config_entries.async_remove(account.entry_id)
    assert (await waiting)["outcome"] == "unknown"
    status.set()
    assert not file_of_calls(hass).exists()
    asked = simulator.requests[STATUS]
    # Home Assistant's own files have to be written, too.
    await flow_on(20)
    assert left() == before
    assert simulator.requests[STATUS] == asked
    assert not file_of_calls(hass).exists()


@pytest.mark.parametrize("is_writing", [False, True])
async def test_removal_while_the_calls_are_saved(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    flow_on: Callable[[int], Any],
    *,
    is_writing: bool,
) -> None:
    """No file is left of an account that is removed before or while its calls are written."""
    account = await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    begun, may_end = threading.Event(), threading.Event()

    def write_slowly(path: str, *arguments: Any, **more: Any) -> None:
        if Path(path) == file_of_calls(hass) and not begun.is_set():
            begun.set()
            may_end.wait(30)
        write_utf8_file_atomic(path, *arguments, **more)

    with patch("homeassistant.helpers.storage.write_utf8_file_atomic", write_slowly):
        await place_call(hass)
        if is_writing:
            await until(begun.is_set)
        removal = asyncio.create_task(hass.config_entries.async_remove(account.entry_id))
        may_end.set()
        await removal
        await flow_on(1)
    assert not file_of_calls(hass).exists()


async def test_removal_while_a_call_is_placed(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    issue_registry: ir.IssueRegistry,
) -> None:
    """A call that was sent before its account was removed is placed, and not tracked."""
    answer = simulator.hold(PLACE_CALL)
    waiting = asyncio.create_task(place_call(hass, wait_for_outcome=True))
    refused = asyncio.create_task(place_call(hass, destination=f"{NUMBER}0201"))
    await until(lambda: simulator.requests[PLACE_CALL] == 2)
    await hass.config_entries.async_remove(account.entry_id)
    answer.set()
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
    """The saved calls are removed with an account that was never loaded."""
    account = make_account(simulator, entry_id="01DIRECTCALL")
    account.add_to_hass(hass)
    write(file_of_calls(hass), "{}")
    await hass.config_entries.async_remove(account.entry_id)
    assert not file_of_calls(hass).exists()
