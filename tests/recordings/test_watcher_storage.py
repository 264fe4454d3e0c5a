"""Saved searches for recordings: files that are broken, and the account's removal."""

from collections.abc import Callable
import json
from pathlib import Path
import time
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from tests.common import ENTRY_ID, LIST, Events, make_account, pass_time, place_call, set_up
from tests.recordings.common import file_of, old_file_of, saved_soon, talk
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)
# They stand for what each of the two files has there.
VERSION = 12345
SECTION = "section"
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
UNREADABLE = [
    "",
    "{",
    json.dumps({"version": VERSION, "data": {}}),
    json.dumps({"version": 99, "data": {SECTION: []}}),
    *(
        json.dumps({"version": VERSION, "data": {SECTION: [GOOD | change]}})
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
]


@pytest.mark.parametrize(
    ("file", "version", "section"), [(file_of, 2, "recordings"), (old_file_of, 1, "awaited")]
)
async def test_corrupt_file_does_not_block_calls(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    file: Callable[[HomeAssistant], Path],
    version: int,
    section: str,
) -> None:
    """Only the data that cannot be read is lost."""
    file(hass).parent.mkdir(exist_ok=True)
    for text in UNREADABLE:
        file(hass).write_text(text.replace(str(VERSION), str(version)).replace(SECTION, section))
        account = await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
        assert (await place_call(hass))["code"] == "000", text
        await hass.config_entries.async_remove(account.entry_id)


@pytest.mark.parametrize(
    ("file", "version", "section"), [(file_of, 2, "recordings"), (old_file_of, 1, "awaited")]
)
async def test_broken_item(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    file: Callable[[HomeAssistant], Path],
    version: int,
    section: str,
) -> None:
    """One item that cannot be read takes no other with it, and its file is kept."""
    good = {**GOOD, "ended_at": time.time(), "contact": "Maria"}
    text = json.dumps({"version": version, "data": {section: [{**good, "looks": 2}, good]}})
    file(hass).parent.mkdir(exist_ok=True)
    file(hass).write_text(text)
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    assert caplog.text.count("could not be read") == 1
    assert f"{file(hass).name} could not be read" in caplog.text
    assert file(hass).with_name(f"{file(hass).name}.corrupt").read_text() == text
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


async def test_removal_after_an_unload_that_failed(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A removed account causes no look-up and no file, also after a failed unload."""
    await talk(hass, freezer)
    with patch.object(hass.config_entries, "async_unload_platforms", return_value=False):
        await hass.config_entries.async_remove(account.entry_id)
    await pass_time(hass, freezer, 121)
    assert simulator.requests[LIST] == 0
    assert not file_of(hass).exists()


async def test_removal_of_an_account_that_was_never_loaded(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """The saved data is removed with an account that was never loaded."""
    account = make_account(simulator, entry_id=ENTRY_ID)
    account.add_to_hass(hass)
    file_of(hass).parent.mkdir(exist_ok=True)
    for file in (file_of(hass), old_file_of(hass)):
        file.write_text("{}")
    await hass.config_entries.async_remove(account.entry_id)
    assert not file_of(hass).exists()
    assert not old_file_of(hass).exists()
