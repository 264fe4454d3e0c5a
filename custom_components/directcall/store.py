"""Store: saved items of an account, in a file that never keeps the account from loading."""

from collections.abc import Callable, Iterable
from contextlib import suppress
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

_VERSION: Final = 1
# Seconds in which changes are saved that may be saved later.
_SAVE_DELAY: Final = 0.5
# What cannot be read is kept in one file with this ending.
_ASIDE: Final = ".corrupt"


class Storable(Protocol):
    """An item that can be saved."""

    def as_dict(self) -> dict[str, Any]:
        """Return what is saved of it."""


class AccountStore[ItemT: Storable]:
    """Items of one kind, saved in a file of their own."""

    def __init__(
        self,
        hass: HomeAssistant,
        key: str,
        section: str,
        read_item: Callable[[object], ItemT],
        items: Callable[[], Iterable[ItemT]],
    ) -> None:
        """Save what `items` returns. `read_item` raises vol.Invalid where it cannot read one."""
        self._hass = hass
        self._store: Store[dict[str, Any]] = Store(
            hass, _VERSION, f"{DOMAIN}.{key}", private=True, atomic_writes=True
        )
        self._section = section
        self._file = vol.Schema(
            {
                vol.Required("version"): _VERSION,
                vol.Required("data"): vol.Schema({vol.Optional(section, default=list): [object]}),
            },
            extra=vol.ALLOW_EXTRA,
        )
        self._read_item = read_item
        self._items = items
        self._delay = inf
        self._is_removed = False

    @property
    def _path(self) -> Path:
        """Return where the items are saved."""
        return Path(self._store.path)

    async def async_load(self) -> list[ItemT]:
        """Return the saved items. Put the file aside if anything in it cannot be read."""
        items: list[ItemT] = []
        saved: list[object] = []
        failure: Exception | None = None
        try:
            if (content := await self._hass.async_add_executor_job(self._read_file)) is not None:
                saved = self._file(json_loads(content))["data"][self._section]
        except (OSError, ValueError, vol.Invalid) as err:
            failure = err
        for each in saved:
            try:
                items.append(self._read_item(each))
            except vol.Invalid as err:
                failure = err
        if failure:
            await self._async_put_aside(failure)
        if failure or [item.as_dict() for item in items] != saved:
            self.async_save(at_once=True)
        return items

    def _read_file(self) -> bytes | None:
        """Return the content of the file, or nothing if there is none."""
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    async def _async_put_aside(self, failure: Exception) -> None:
        """Rename a file that cannot be read, so that people can look at it, and log that once."""
        aside = self._path.with_name(self._path.name + _ASIDE)
        with suppress(OSError):
            await self._hass.async_add_executor_job(self._path.replace, aside)
        _LOGGER.warning(
            "What was saved in %s could not be read (%s), and is kept in %s",
            self._path.name,
            type(failure).__name__,
            aside.name,
        )

    @callback
    def async_save(self, *, at_once: bool = False) -> None:
        """Save the items soon, or at once. Nothing waits for the disk."""
        delay = 0 if at_once else _SAVE_DELAY
        # Asking again would put the writing off.
        if self._is_removed or self._delay <= delay:
            return
        self._delay = delay
        self._store.async_delay_save(self._data_to_save, delay)

    @callback
    def _data_to_save(self) -> dict[str, Any]:
        """Return the content of the file."""
        self._delay = inf
        return {self._section: [item.as_dict() for item in self._items()]}

    async def async_remove(self) -> None:
        """Remove the file and what was put aside, and save nothing from now on."""
        self._is_removed = True
        with suppress(OSError, HomeAssistantError):
            # A write that is under way would bring the file back. This one waits for it.
            await self._store.async_save({})
            await self._store.async_remove()
        await self._hass.async_add_executor_job(self._remove_aside)

    def _remove_aside(self) -> None:
        """Remove what was put aside, also by Home Assistant's own store."""
        for aside in self._path.parent.glob(f"{escape(self._path.name)}{_ASIDE}*"):
            with suppress(OSError):
                aside.unlink()


def with_own_call_id(saved: object) -> object:
    """Return a saved item with our id of its call, where the provider's was saved as the call's."""
    if not isinstance(saved, dict) or "provider_id" in saved:
        return saved
    values = {**saved}
    # The oldest files do not say whose id it is. The provider's is the one that is a secret.
    if not values.pop("has_provider_id", True):
        return {**values, "provider_id": None}
    return {**values, "call_id": ulid_now(), "provider_id": values.get("call_id")}
