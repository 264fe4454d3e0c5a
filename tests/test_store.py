"""Store of an account: one file with sections, and the two files of earlier versions."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
import json
import logging
from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import patch

import pytest
import voluptuous as vol

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR, Store
from homeassistant.util.file import WriteError, write_utf8_file_atomic

from custom_components.directcall.const import DOMAIN
from custom_components.directcall.store import AccountStore, Section
from tests.common import ENTRY_ID, until
from tests.disk import hass_config_dir, hass_storage

__all__ = ["hass_config_dir", "hass_storage"]

WRITE = "homeassistant.helpers.storage.write_utf8_file_atomic"
MAIN = f"{DOMAIN}.{ENTRY_ID}"
OLD = f"{MAIN}.recordings"
CALL = {"call_id": "a-call", "provider_id": None}
RECORDING = {"call_id": "a-recorded-call", "provider_id": "a-secret"}
BAD = {"call_id": 1, "provider_id": None}


@dataclass
class Item:
    """An item that is saved."""

    values: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return the item as JSON."""
        return self.values


def read_item(saved: object) -> Item:
    """Return a saved item."""
    return Item(vol.Schema({"call_id": str, "provider_id": vol.Any(None, str)})(saved))


class Home:
    """An account's sections, and its files on disk."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with an empty folder."""
        self._hass = hass
        self.folder = Path(hass.config.path(STORAGE_DIR))
        self.folder.mkdir(exist_ok=True)
        self.sections: dict[str, list[Item]] = {}

    def write(self, name: str, content: object) -> None:
        """Write a file."""
        (self.folder / name).write_text(json.dumps(content))

    @property
    def files(self) -> list[str]:
        """Return the names of the files."""
        return sorted(file.name for file in self.folder.iterdir())

    def read(self, name: str = MAIN) -> Any:
        """Return what is in a file."""
        return json.loads((self.folder / name).read_text())

    async def load(self) -> AccountStore:
        """Load the account as after a start of Home Assistant."""
        store = AccountStore(self._hass, ENTRY_ID)
        self.sections = {}
        for key in ("calls", "recordings"):
            items = self.sections[key] = []
            store.async_add_section(Section(key, read_item, items.extend, items.copy))
        await store.async_load()
        return store

    @property
    def loaded(self) -> dict[str, list[dict[str, Any]]]:
        """Return the items of the sections."""
        return {key: [item.values for item in items] for key, items in self.sections.items()}


@pytest.fixture
def home(hass: HomeAssistant) -> Home:
    """Return an account without a file."""
    return Home(hass)


def old_calls(*calls: object) -> dict[str, Any]:
    """Return the content of the file of calls of version 1."""
    return {"version": 1, "minor_version": 1, "key": MAIN, "data": {"calls": [*calls]}}


def old_recordings(*recordings: object) -> dict[str, Any]:
    """Return the content of the file of recordings of version 1."""
    return {"version": 1, "minor_version": 1, "key": OLD, "data": {"awaited": [*recordings]}}


def current(**sections: list[Any]) -> dict[str, Any]:
    """Return the content of a file of this version."""
    return {"version": 2, "minor_version": 1, "key": MAIN, "data": sections}


async def test_no_file(home: Home) -> None:
    """An account that has nothing to save has no file."""
    await home.load()
    assert home.loaded == {"calls": [], "recordings": []}
    assert home.files == []


async def test_file_is_read_and_left_alone(home: Home) -> None:
    """A file that says what is loaded is not written again."""
    home.write(MAIN, current(calls=[CALL], recordings=[RECORDING]))
    with patch.object(AccountStore, "async_save") as save:
        await home.load()
    assert home.loaded == {"calls": [CALL], "recordings": [RECORDING]}
    save.assert_not_called()
    assert home.files == [MAIN]


async def test_section_that_is_not_in_the_file(home: Home) -> None:
    """A section that the file does not have is empty, and is saved from then on."""
    home.write(MAIN, current(calls=[CALL]))
    await home.load()
    assert home.loaded == {"calls": [CALL], "recordings": []}
    await until(lambda: home.read()["data"] == {"calls": [CALL], "recordings": []})


async def test_two_items_that_cannot_be_read(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """The rest is loaded and saved, and the file is kept once."""
    content = current(calls=[BAD, CALL], recordings=[RECORDING, BAD])
    home.write(MAIN, content)
    await home.load()
    assert home.loaded == {"calls": [CALL], "recordings": [RECORDING]}
    await until(lambda: MAIN in home.files)
    assert home.read()["data"] == {"calls": [CALL], "recordings": [RECORDING]}
    assert home.read(f"{MAIN}.corrupt") == content
    assert caplog.text.count("could not be read") == 1


async def test_both_old_files_become_one(home: Home) -> None:
    """Calls and recordings of version 1 are in one file before anything else happens."""
    home.write(MAIN, old_calls(CALL))
    home.write(OLD, old_recordings(RECORDING))
    await home.load()
    assert home.loaded == {"calls": [CALL], "recordings": [RECORDING]}
    assert home.files == [MAIN]
    assert home.read()["version"] == 2
    assert home.read()["data"] == {"calls": [CALL], "recordings": [RECORDING]}
    await home.load()
    assert home.loaded == {"calls": [CALL], "recordings": [RECORDING]}


@pytest.mark.parametrize(
    ("name", "content", "loaded"),
    [
        (MAIN, old_calls(CALL), {"calls": [CALL], "recordings": []}),
        (MAIN, old_calls(), {"calls": [], "recordings": []}),
        (OLD, old_recordings(RECORDING), {"calls": [], "recordings": [RECORDING]}),
        (OLD, old_recordings(), {"calls": [], "recordings": []}),
    ],
)
async def test_only_one_old_file(
    home: Home, name: str, content: dict[str, Any], loaded: dict[str, Any]
) -> None:
    """An account that had one of the two files has the one file, too."""
    home.write(name, content)
    await home.load()
    assert home.loaded == loaded
    assert home.files == [MAIN]
    assert home.read()["version"] == 2
    assert home.read()["data"] == loaded


async def test_old_file_without_its_list(home: Home) -> None:
    """A file of version 1 that lists nothing says nothing."""
    home.write(MAIN, {"version": 1, "data": {}})
    await home.load()
    assert home.loaded == {"calls": [], "recordings": []}


@pytest.mark.parametrize("version", [0, 3, "1", None])
@pytest.mark.parametrize(("name", "kept"), [(MAIN, "recordings"), (OLD, "calls")])
async def test_one_old_file_that_cannot_be_read(
    home: Home, caplog: pytest.LogCaptureFixture, version: object, name: str, kept: str
) -> None:
    """The other one is taken over, and this one is kept beside it."""
    contents = {MAIN: old_calls(CALL), OLD: old_recordings(RECORDING)}
    contents[name]["version"] = version
    for each, content in contents.items():
        home.write(each, content)
    await home.load()
    expected = {"calls": [CALL], "recordings": [RECORDING]}
    assert home.loaded == {"calls": [], "recordings": []} | {kept: expected[kept]}
    assert home.files == [MAIN, f"{name}.corrupt"]
    assert home.read(f"{name}.corrupt") == contents[name]
    assert home.read()["data"] == home.loaded
    assert caplog.text.count("could not be read") == 1
    assert f"{name} could not be read (" in caplog.text


@pytest.mark.parametrize("names", [{MAIN}, {OLD}, {MAIN, OLD}])
async def test_item_of_an_old_file_that_cannot_be_read(
    home: Home, caplog: pytest.LogCaptureFixture, names: set[str]
) -> None:
    """The rest is taken over, and the file that it is from is kept."""
    contents = {
        MAIN: old_calls(*[BAD] * (MAIN in names), CALL),
        OLD: old_recordings(RECORDING, *[BAD] * (OLD in names)),
    }
    for name, content in contents.items():
        home.write(name, content)
    await home.load()
    assert home.loaded == {"calls": [CALL], "recordings": [RECORDING]}
    assert home.read()["data"] == home.loaded
    assert home.files == sorted([MAIN, *(f"{name}.corrupt" for name in names)])
    for name in names:
        assert home.read(f"{name}.corrupt") == contents[name]
        assert f"{name} could not be read (" in caplog.text
    assert caplog.text.count("could not be read") == len(names)


@pytest.mark.parametrize("failure", [WriteError("no space"), OSError("no space")])
async def test_new_file_that_cannot_be_written(home: Home, failure: Exception) -> None:
    """The old files stay until the new one is written, and are taken over at the next start."""
    home.write(MAIN, old_calls(CALL))
    home.write(OLD, old_recordings(RECORDING))
    with patch(WRITE, side_effect=failure):
        await home.load()
    assert home.loaded == {"calls": [CALL], "recordings": [RECORDING]}
    assert home.files == [MAIN, OLD]
    await home.load()
    assert home.loaded == {"calls": [CALL], "recordings": [RECORDING]}
    assert home.files == [MAIN]


async def test_old_file_that_cannot_be_removed(home: Home) -> None:
    """It is not taken over a second time."""
    home.write(MAIN, old_calls(CALL))
    home.write(OLD, old_recordings(RECORDING))
    with patch.object(Path, "unlink", side_effect=OSError):
        await home.load()
    assert home.files == [MAIN, OLD]
    home.write(MAIN, current(calls=[], recordings=[]))
    await home.load()
    assert home.loaded == {"calls": [], "recordings": []}
    assert home.files == [MAIN]


@pytest.mark.parametrize(
    ("saved", "provider_id", "is_ours"),
    [
        ({"call_id": "x", "provider_id": "y"}, "y", True),
        ({"call_id": "x", "provider_id": None}, None, True),
        ({"call_id": "x", "has_provider_id": False}, None, True),
        ({"call_id": "x", "has_provider_id": True}, "x", False),
        # The oldest version does not say whose it is.
        ({"call_id": "x"}, "x", False),
    ],
)
@pytest.mark.parametrize("key", ["calls", "recordings"])
async def test_ids_of_older_versions(
    home: Home, key: str, saved: dict[str, Any], provider_id: str | None, is_ours: bool
) -> None:
    """An ID that may be the provider's is kept as that, and the item has one of ours."""
    home.write(MAIN, old_calls(*[saved] * (key == "calls")))
    home.write(OLD, old_recordings(*[saved] * (key == "recordings")))
    await home.load()
    [item] = home.loaded[key]
    assert item["provider_id"] == provider_id
    assert (item["call_id"] == "x") is is_ours
    assert home.read()["data"][key] == [item]


async def test_ids_of_this_version_are_not_changed(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """An item of an older version in a file of this version cannot be read."""
    home.write(MAIN, current(calls=[{"call_id": "x", "has_provider_id": True}], recordings=[]))
    await home.load()
    assert home.loaded == {"calls": [], "recordings": []}
    assert caplog.text.count("could not be read") == 1


async def test_removal_leaves_no_file(home: Home) -> None:
    """Everything goes with the account, and nothing is saved after that."""
    home.write(MAIN, current(calls=[CALL], recordings=[RECORDING]))
    store = await home.load()
    for name in (OLD, f"{MAIN}.corrupt", f"{OLD}.corrupt", f"{MAIN}.corrupt.2026-11-01"):
        home.write(name, {})
    home.write(f"{MAIN}X", {})
    store.async_save()
    await store.async_remove()
    assert home.files == [f"{MAIN}X"]
    store.async_save(at_once=True)
    with patch(WRITE) as write:
        await store.async_remove()
    assert home.files == [f"{MAIN}X"]
    assert write.call_count <= 1


async def test_removal_where_the_disk_fails(home: Home) -> None:
    """An account can be removed although its files cannot."""
    home.write(MAIN, current(calls=[CALL], recordings=[RECORDING]))
    store = await home.load()
    with patch("os.unlink", side_effect=OSError), patch.object(Path, "unlink", side_effect=OSError):
        await store.async_remove()
    assert home.files == [MAIN]


async def test_changes_are_saved_soon_or_at_once(home: Home) -> None:
    """Delayed changes are saved with urgent ones, and later changes do not delay them."""
    store = await home.load()
    with patch.object(Store, "async_delay_save") as delay_save:
        store.async_save()
        store.async_save()
        store.async_save(at_once=True)
        store.async_save(at_once=True)
        store.async_save()
    soon, at_once = (call.args[1] for call in delay_save.call_args_list)
    assert at_once < 0.1 < soon < 1
    home.sections["calls"].append(Item(CALL))
    assert delay_save.call_args_list[0].args[0]() == {"calls": [CALL], "recordings": []}
    # Once it was written, the next change is saved, too.
    store.async_save()
    await until(lambda: home.files == [MAIN])
    assert home.read()["data"]["calls"] == [CALL]


class Disk:
    """A disk that hangs until it is released."""

    def __init__(self) -> None:
        """Start without a write."""
        self.writes = 0
        self.released = Event()

    def write(self, *args: Any, **kwargs: Any) -> None:
        """Write a file once the disk goes on."""
        self.writes += 1
        self.released.wait(10)
        write_utf8_file_atomic(*args, **kwargs)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Return a disk that hangs until the end of the test at most."""
    disk = Disk()
    with patch(WRITE, disk.write):
        yield disk
        disk.released.set()


async def test_saved_when_it_returns(home: Home) -> None:
    """A change is on disk after the wait, and the next one is saved, too."""
    store = await home.load()
    home.sections["calls"].append(Item(CALL))
    await store.async_save_and_wait(5)
    assert home.read()["data"] == {"calls": [CALL], "recordings": []}
    home.sections["calls"].clear()
    await store.async_save_and_wait(5)
    assert home.read()["data"] == {"calls": [], "recordings": []}


@pytest.mark.parametrize("at_once", [False, True])
async def test_saved_in_place_of_a_delayed_write(home: Home, *, at_once: bool) -> None:
    """A delayed write is done at once, and the next delayed one is not forgotten."""
    store = await home.load()
    home.sections["calls"].append(Item(CALL))
    store.async_save(at_once=at_once)
    await store.async_save_and_wait(5)
    assert home.read()["data"]["calls"] == [CALL]
    home.sections["calls"].clear()
    store.async_save(at_once=at_once)
    await until(lambda: home.read()["data"]["calls"] == [])


async def test_disk_that_hangs(home: Home, disk: Disk) -> None:
    """The wait ends, the write goes on, and what changed meanwhile is saved after it."""
    store = await home.load()
    home.sections["calls"].append(Item(CALL))
    await store.async_save_and_wait(0.05)
    await until(lambda: disk.writes == 1)
    home.sections["calls"].append(Item(RECORDING))
    await store.async_save_and_wait(0.05)
    home.sections["calls"].pop(0)
    store.async_save(at_once=True)
    await store.async_save_and_wait(0)
    assert home.files == []
    disk.released.set()
    await store.async_save_and_wait(5)
    await until(lambda: home.read()["data"]["calls"] == [RECORDING])


async def test_wait_that_is_cancelled(home: Home, disk: Disk) -> None:
    """A stopped script takes no write of others with it."""
    store = await home.load()
    home.sections["calls"].append(Item(CALL))
    stopped, waiting = (asyncio.create_task(store.async_save_and_wait(5)) for _ in range(2))
    await until(lambda: disk.writes == 1)
    stopped.cancel()
    disk.released.set()
    await waiting
    assert home.read()["data"]["calls"] == [CALL]


async def test_many_save_at_once(home: Home, disk: Disk) -> None:
    """Callers share a write, and those who come while it is under way share the next one."""
    store = await home.load()

    async def save(number: int) -> list[str]:
        home.sections["calls"].append(Item({"call_id": str(number), "provider_id": None}))
        await store.async_save_and_wait(5)
        return [item["call_id"] for item in home.read()["data"]["calls"]]

    first = [asyncio.create_task(save(number)) for number in range(10)]
    await until(lambda: disk.writes == 1)
    second = [asyncio.create_task(save(number)) for number in range(10, 20)]
    await asyncio.sleep(0)
    disk.released.set()
    for number, saved in enumerate(await asyncio.gather(*first, *second)):
        assert str(number) in saved
    assert disk.writes == 2


@pytest.mark.parametrize("failure", [WriteError("no space"), OSError("no space")])
async def test_write_that_fails(
    home: Home, caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    """It is logged, holds nothing back, and the next change is saved with this one."""
    store = await home.load()
    home.sections["calls"].append(Item(CALL))
    with patch(WRITE, side_effect=failure):
        await store.async_save_and_wait(5)
    [record] = (each for each in caplog.records if each.levelno >= logging.WARNING)
    assert MAIN in record.getMessage()
    await store.async_save_and_wait(5)
    assert home.read()["data"]["calls"] == [CALL]


async def test_removal_while_others_save(home: Home, disk: Disk) -> None:
    """No write that is under way or waiting brings the file back."""
    store = await home.load()
    home.sections["calls"].append(Item(CALL))
    await store.async_save_and_wait(0)
    await until(lambda: disk.writes == 1)
    waiting = asyncio.create_task(store.async_save_and_wait(5))
    await asyncio.sleep(0)
    removal = asyncio.create_task(store.async_remove())
    await asyncio.sleep(0)
    disk.released.set()
    await removal
    await waiting
    await store.async_save_and_wait(5)
    assert home.files == []


async def test_saved_while_home_assistant_stops(hass: HomeAssistant, home: Home) -> None:
    """The change is saved with everything else at the end."""
    store = await home.load()
    home.sections["calls"].append(Item(CALL))
    hass.set_state(CoreState.stopping)
    await store.async_save_and_wait(5)
    assert home.files == []
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await until(lambda: home.files == [MAIN])
    await until(lambda: home.read()["data"]["calls"] == [CALL])
