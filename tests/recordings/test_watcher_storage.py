"""Saved searches for recordings: files that are broken, and the account's removal."""

import asyncio
import json
import threading
import time
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.util.file import write_utf8_file_atomic

from tests.common import ENTRY_ID, LIST, Events, make_account, pass_time, place_call, set_up
from tests.recordings.common import file_of, saved_soon, talk
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)
GOOD = {
    "call_id": "a-call",
    "provider_id": "a-secret",
    "origin": "554130600300",
    "destination": "5541999990000",
    "contact": None,
    "placed_at": 1,
    "ended_at": 2,
    "looks": 0,
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        json.dumps({"version": 1, "data": {}}),
        json.dumps({"version": 99, "data": {"awaited": []}}),
        *(
            json.dumps({"version": 1, "data": {"awaited": [GOOD | change]}})
            for change in (
                {"looks": 2},
                {"looks": -1},
                {"ended_at": "x"},
                {"ended_at": 1e30},
                {"origin": "x"},
                {"more": 1},
                {"provider_id": 1},
            )
        ),
    ],
)
async def test_broken_file_keeps_nobody_from_calling(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, text: str
) -> None:
    """What cannot be read is lost then, and nothing else."""
    file_of(hass).parent.mkdir(exist_ok=True)
    file_of(hass).write_text(text)
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    assert (await place_call(hass))["code"] == "000"


async def test_broken_item(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One item that cannot be read takes no other with it."""
    good = {**GOOD, "ended_at": time.time(), "contact": "Maria"}
    data = {"awaited": [{**good, "looks": 2}, good]}
    file_of(hass).parent.mkdir(exist_ok=True)
    file_of(hass).write_text(json.dumps({"version": 1, "data": data}))
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    assert caplog.text.count("could not be read") == 1
    await pass_time(hass, freezer, 121)
    assert [search["callerid"] for search in simulator.searches] == ["a-secret"]


async def test_account_is_removed(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Nothing is left of an account that is gone."""
    await talk(hass, freezer)
    assert len(await saved_soon(hass, freezer)) == 1
    await hass.config_entries.async_remove(account.entry_id)
    await pass_time(hass, freezer, 60, times=20)
    assert simulator.requests[LIST] == 0
    assert not file_of(hass).exists()


async def test_removal_while_it_is_saved(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """No file is left of an account that is removed while one is written."""
    await talk(hass, freezer)
    begun = threading.Event()

    def write_slowly(path: str, *arguments: Any, **more: Any) -> None:
        if path.endswith(".recordings"):
            begun.set()
            time.sleep(0.3)
        write_utf8_file_atomic(path, *arguments, **more)

    with patch("homeassistant.helpers.storage.write_utf8_file_atomic", write_slowly):
        assert await hass.async_add_executor_job(begun.wait, 5)
        await hass.config_entries.async_remove(account.entry_id)
        await asyncio.sleep(0.5)
    assert not file_of(hass).exists()


async def test_removal_after_an_unload_that_failed(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Nothing is looked for, or written, for an account that is gone, however it went."""
    await talk(hass, freezer)
    with patch.object(hass.config_entries, "async_unload_platforms", return_value=False):
        await hass.config_entries.async_remove(account.entry_id)
    await pass_time(hass, freezer, 121)
    assert simulator.requests[LIST] == 0
    assert not file_of(hass).exists()


async def test_removal_of_an_account_that_was_never_loaded(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """What is saved goes with the account in any case."""
    account = make_account(simulator, entry_id=ENTRY_ID)
    account.add_to_hass(hass)
    file_of(hass).parent.mkdir(exist_ok=True)
    file_of(hass).write_text("{}")
    await hass.config_entries.async_remove(account.entry_id)
    assert not file_of(hass).exists()
