"""Store: one file an account, with a section for each owner of saved items.

The file never keeps the account from loading.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from glob import escape
import logging
from math import inf
from pathlib import Path
from typing import Any, Final, Protocol

import voluptuous as vol

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util.json import json_loads
from homeassistant.util.ulid import ulid_now

from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

_VERSION: Final = 2
# Seconds after which a change is saved at once: the request goes out first, and its response takes
# longer than the writing.
_REQUEST_FIRST: Final = 0.01
# Seconds within which changes are saved that can wait.
_SAVE_DELAY: Final = 0.5
# The ending of a copy of a file that cannot be read.
_ASIDE: Final = ".corrupt"
# Version 1 kept the pending recordings in a file and a list of their own.
_OLD_FILE: Final = "recordings"
_OLD_LIST: Final = "awaited"

_FILE: Final = vol.Schema(
    {vol.Required("version"): vol.In([1, _VERSION]), vol.Required("data"): {str: [object]}},
    extra=vol.ALLOW_EXTRA,
)

type _Sections = dict[str, list[object]]


class Storable(Protocol):
    """An item that can be saved."""

    def as_dict(self) -> dict[str, Any]:
        """Return the item as JSON."""


@dataclass(frozen=True, slots=True)
class Section[ItemT: Storable]:
    """The saved items of one owner."""

    key: str
    read_item: Callable[[object], ItemT]
    """Return a saved item. Raise vol.Invalid where it cannot be read."""
    restore: Callable[[list[ItemT]], None]
    """Take over the items that were saved."""
    items: Callable[[], Iterable[ItemT]]
    """Return the items to save."""

    def load(self, saved: list[object]) -> vol.Invalid | None:
        """Restore the items, and return the error of one that cannot be read."""
        items: list[ItemT] = []
        failure: vol.Invalid | None = None
        for each in saved:
            try:
                items.append(self.read_item(each))
            except vol.Invalid as err:
                failure = err
        self.restore(items)
        return failure

    def as_list(self) -> list[object]:
        """Return the items as JSON."""
        return [item.as_dict() for item in self.items()]


class AccountStore:
    """The file of an account."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Start without a section."""
        self._hass = hass
        self._store: Store[_Sections] = Store(
            hass, _VERSION, f"{DOMAIN}.{entry_id}", private=True, atomic_writes=True
        )
        self._path = Path(self._store.path)
        self._old_path = self._path.with_name(f"{self._path.name}.{_OLD_FILE}")
        self._sections: list[Section[Any]] = []
        self._delay = inf
        self._write_lock = asyncio.Lock()
        self._next_write: asyncio.Task[None] | None = None
        self._is_removed = False

    @callback
    def async_add_section(self, section: Section[Any]) -> None:
        """Save and restore a section, too."""
        self._sections.append(section)

    async def async_load(self) -> None:
        """Restore all sections. Put the file aside if anything in it cannot be read."""
        saved, version = await self._async_read(self._path)
        if version == _VERSION:
            # It is left where Home Assistant stopped right after the migration.
            await self._hass.async_add_executor_job(_remove, self._old_path)
        else:
            saved = await self.async_migrate(saved)
        failures: dict[Path, vol.Invalid] = {}
        for section in self._sections:
            if failure := section.load(saved.get(section.key, [])):
                is_old = version != _VERSION and section.key == _OLD_FILE
                failures[self._old_path if is_old else self._path] = failure
        for path, failure in failures.items():
            await self._async_put_aside(path, failure)
        data = self._as_data()
        if version == _VERSION and (failures or data != saved):
            self.async_save(at_once=True)
        elif version != _VERSION and saved:
            await self._async_replace_old_files(data)

    async def async_migrate(self, saved: _Sections) -> _Sections:
        """Return the sections of the two files of version 1, of which one is read already."""
        recordings, _ = await self._async_read(self._old_path)
        sections = {"calls": saved.get("calls"), "recordings": recordings.get(_OLD_LIST)}
        return {
            key: [_with_own_call_id(item) for item in items]
            for key, items in sections.items()
            if items is not None
        }

    async def _async_replace_old_files(self, data: _Sections) -> None:
        """Save what was migrated, then remove the file that is no longer used."""
        # This write replaces one that was requested meanwhile.
        self._delay = inf
        with suppress(OSError):
            await self._store.async_save(data)
        # The store only logs a write that fails.
        _, version = await self._async_read(self._path)
        if version == _VERSION:
            await self._hass.async_add_executor_job(_remove, self._old_path)

    async def _async_read(self, path: Path) -> tuple[_Sections, int | None]:
        """Return the sections and the version of a file, if it is there and can be read."""
        # Home Assistant's own Store raises errors for files that it cannot read.
        try:
            content = await self._hass.async_add_executor_job(_read, path)
            if content is None:
                return {}, None
            file = _FILE(json_loads(content))
        except (OSError, ValueError, vol.Invalid) as err:
            await self._async_put_aside(path, err)
            return {}, None
        return file["data"], file["version"]

    async def _async_put_aside(self, path: Path, failure: Exception) -> None:
        """Rename a file that cannot be read, so that people can look at it, and log that once."""
        aside = path.with_name(path.name + _ASIDE)
        with suppress(OSError):
            await self._hass.async_add_executor_job(path.replace, aside)
        _LOGGER.warning(
            "%s could not be read (%s), and is kept as %s",
            path.name,
            type(failure).__name__,
            aside.name,
        )

    @callback
    def async_save(self, *, at_once: bool = False) -> None:
        """Save all sections soon, or at once. The caller does not wait for the disk."""
        delay = _REQUEST_FIRST if at_once else _SAVE_DELAY
        # Another request would put the writing off.
        if self._is_removed or self._delay <= delay:
            return
        self._delay = delay
        self._store.async_delay_save(self._data_to_save, delay)

    async def async_save_and_wait(self, seconds: float) -> None:
        """Save all sections now, and wait for the disk for some seconds at most.

        The write goes on after that. A write that fails is only logged.
        """
        if self._is_removed:
            return
        if self._next_write is None:
            # Callers share the next write. Home Assistant waits for it before it stops.
            self._next_write = self._hass.async_create_task(
                self._async_write(), f"{DOMAIN} write", eager_start=False
            )
        await asyncio.wait([self._next_write], timeout=seconds)

    async def _async_write(self) -> None:
        async with self._write_lock:
            # What changes from now on needs another write.
            self._next_write = None
            if self._is_removed:
                return
            # This write replaces one that was requested meanwhile.
            self._delay = inf
            try:
                await self._store.async_save(self._as_data())
            except OSError as err:
                # The store logs other errors itself.
                _LOGGER.warning("%s could not be written (%s)", self._path.name, type(err).__name__)

    @callback
    def _data_to_save(self) -> _Sections:
        self._delay = inf
        return self._as_data()

    def _as_data(self) -> _Sections:
        return {section.key: section.as_list() for section in self._sections}

    async def async_remove(self) -> None:
        """Remove the files, and save nothing from now on."""
        self._is_removed = True
        with suppress(OSError, HomeAssistantError):
            # A write that is under way would bring the file back. This one waits for it.
            await self._store.async_save({})
            await self._store.async_remove()
        await self._hass.async_add_executor_job(self._remove_others)

    def _remove_others(self) -> None:
        """Remove what was put aside, also by Home Assistant's own store, and old files."""
        _remove(self._old_path)
        for path in (self._path, self._old_path):
            for aside in path.parent.glob(f"{escape(path.name)}{_ASIDE}*"):
                _remove(aside)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _with_own_call_id(saved: object) -> object:
    """Return a saved item with our ID of its call, where the provider's was saved as the call's."""
    if not isinstance(saved, dict) or "provider_id" in saved:
        return saved
    values = {**saved}
    # The oldest files do not say whose ID it is. The provider's is the one that is a secret.
    if not values.pop("has_provider_id", True):
        return {**values, "provider_id": None}
    return {**values, "call_id": ulid_now(), "provider_id": values.get("call_id")}
