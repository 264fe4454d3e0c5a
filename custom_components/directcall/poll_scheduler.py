"""Poll scheduler: the next request about each item, while an account is loaded."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .const import DOMAIN


class PollScheduler[ItemT]:
    """The next poll of each item. It runs in a background task, which ends with the entry."""

    def __init__(
        self, hass: HomeAssistant, poll: Callable[[ItemT], Coroutine[Any, Any, None]]
    ) -> None:
        """Start paused."""
        self._hass = hass
        self._poll = poll
        self._entry: ConfigEntry | None = None
        self._timers: dict[ItemT, CALLBACK_TYPE] = {}

    @callback
    def async_start(self, entry: ConfigEntry) -> None:
        """Allow polls while the entry is loaded."""
        self._entry = entry

    @callback
    def async_pause(self) -> None:
        """Cancel the polls that are not due yet, and schedule none."""
        self._entry = None
        while self._timers:
            self._timers.popitem()[1]()

    @callback
    def async_schedule(self, item: ItemT, seconds: float) -> None:
        """Poll an item after some seconds, instead of when it was due before."""
        self.async_cancel(item)
        if self._entry is not None:
            start = partial(self._async_start_poll, self._entry, item)
            self._timers[item] = async_call_later(
                self._hass, seconds, HassJob(start, f"{DOMAIN} poll", cancel_on_shutdown=True)
            )

    @callback
    def async_cancel(self, item: ItemT) -> None:
        """Cancel the next poll of an item, unless it is running."""
        if cancel := self._timers.pop(item, None):
            cancel()

    @callback
    def _async_start_poll(self, entry: ConfigEntry, item: ItemT, _now: object) -> None:
        del self._timers[item]
        entry.async_create_background_task(self._hass, self._poll(item), f"{DOMAIN} poll")
