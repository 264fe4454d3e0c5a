"""Spool cache: the audio of the last recording that had to be spooled."""

import asyncio
from datetime import datetime
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from ..api import Spool

# Seconds for which a spool is kept after it was last used: players ask for the first bytes, then
# for the rest, and again after each skip.
SPOOL_KEPT: Final = 5 * 60


class SpoolCache:
    """The spool of one recording."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without a spool."""
        self._hass = hass
        self._kept: tuple[str, Spool] | None = None
        self._cancel_timer: CALLBACK_TYPE | None = None
        # Held while a recording is spooled.
        self.lock: Final = asyncio.Lock()

    @callback
    def async_get(self, recording_id: str) -> Spool | None:
        """Return the spool of a recording, if it is kept."""
        if self._kept is None or self._kept[0] != recording_id:
            return None
        self._async_restart_timer()
        return self._kept[1]

    @callback
    def async_keep(self, recording_id: str, spool: Spool) -> None:
        """Keep the spool of a recording instead of the last one."""
        self.async_clear()
        self._kept = recording_id, spool
        self._async_restart_timer()

    @callback
    def _async_restart_timer(self) -> None:
        if self._cancel_timer:
            self._cancel_timer()
        self._cancel_timer = async_call_later(
            self._hass, SPOOL_KEPT, HassJob(self._async_expire, cancel_on_shutdown=True)
        )

    @callback
    def _async_expire(self, _now: datetime) -> None:
        self._cancel_timer = None
        self.async_clear()

    @callback
    def async_clear(self) -> None:
        """Close the spool, if there is one."""
        if self._cancel_timer:
            self._cancel_timer()
            self._cancel_timer = None
        if self._kept:
            self._hass.async_add_executor_job(self._kept[1].close)
            self._kept = None
