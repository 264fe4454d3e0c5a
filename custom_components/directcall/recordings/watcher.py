"""Recording watcher: the recording of a finished call is searched for, and announced.

What is pending outlives the account's entry, and is kept through reloads and restarts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
import logging
import time
from typing import Any, Final, Self

import voluptuous as vol

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import SignalType, async_dispatcher_send
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from ..api import DirectcallError, NumberPair, PhoneNumber, RecordingQuery
from ..calls import DIGITS, CallState, CallTracker, CallUpdate
from ..const import DOMAIN, SECONDS
from ..coordinator import DirectcallCoordinator
from ..poll_scheduler import PollScheduler
from ..store import AccountStore, Section
from .library import RecordingLibrary, media_content_id

_LOGGER = logging.getLogger(__name__)

# Seconds from the end of a call to each search for its recording.
SEARCH_DELAYS: Final = (2 * 60, 15 * 60)
# Seconds until the next attempt while background requests are not allowed.
_RETRY_INTERVAL: Final = 60
# The provider's clock may be behind this one by so much. Where it is ahead, the length of the call
# is enough.
_CLOCK_TOLERANCE: Final = timedelta(seconds=60)

_SAVED: Final = vol.Schema(
    {
        vol.Required("call_id"): str,
        vol.Required("provider_id"): vol.Any(None, str),
        vol.Required("origin"): DIGITS,
        vol.Required("destination"): DIGITS,
        vol.Required("contact"): vol.Any(None, str),
        vol.Required("placed_at"): SECONDS,
        vol.Required("ended_at"): SECONDS,
        vol.Required("looks"): vol.All(int, vol.Range(min=0, max=len(SEARCH_DELAYS) - 1)),
    }
)


@dataclass(frozen=True, slots=True)
class PendingRecording:
    """A recorded call that is over. Times are in seconds since 1970, on the wall clock."""

    call_id: str
    """Our ID of the call."""
    provider_id: str | None = field(repr=False)
    """The provider's ID of the call, where it gave one."""
    pair: NumberPair
    contact: str | None = field(repr=False)
    """The name of the contact that was called."""
    placed_at: float
    ended_at: float
    searches: int = 0
    """How many searches were made."""

    def seconds_left(self, wall_now: float) -> float:
        """Return the seconds until the next search."""
        delay = SEARCH_DELAYS[self.searches]
        return min(delay, max(0, self.ended_at + delay - wall_now))

    @property
    def query(self) -> RecordingQuery:
        """Return the query with which the recording is searched for."""
        return RecordingQuery(
            dt_util.utc_from_timestamp(self.placed_at) - _CLOCK_TOLERANCE,
            dt_util.utc_from_timestamp(self.ended_at),
            call_id=self.provider_id,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the item as JSON."""
        return {
            "call_id": self.call_id,
            "provider_id": self.provider_id,
            "origin": self.pair.origin.digits,
            "destination": self.pair.destination.digits,
            "contact": self.contact,
            "placed_at": self.placed_at,
            "ended_at": self.ended_at,
            "looks": self.searches,
        }

    @classmethod
    def from_dict(cls, saved: object) -> Self:
        """Return a saved item. Raise vol.Invalid if it cannot be read."""
        values: dict[str, Any] = _SAVED(saved)
        return cls(
            values["call_id"],
            values["provider_id"],
            NumberPair(PhoneNumber(values["origin"]), PhoneNumber(values["destination"])),
            values["contact"],
            values["placed_at"],
            values["ended_at"],
            values["looks"],
        )


@callback
def async_recording_signal(entry_id: str) -> SignalType[PendingRecording, str]:
    """Return the signal that a recording of an account is there, with its media content ID."""
    return SignalType(f"{DOMAIN}_recording_{entry_id}")


class RecordingWatcher:
    """The pending recordings of an account."""

    def __init__(
        self, hass: HomeAssistant, entry_id: str, store: AccountStore, tracker: CallTracker
    ) -> None:
        """Start without a pending recording."""
        self._hass = hass
        self._entry_id = entry_id
        self._tracker = tracker
        self._store = store
        store.async_add_section(
            Section("recordings", PendingRecording.from_dict, self._restore, self._to_save)
        )
        self._pending: dict[str, PendingRecording] = {}
        # The calls for whose recordings a search is running.
        self._searched: set[str] = set()
        self._searches = PollScheduler(hass, self._async_search)
        self._attached: tuple[DirectcallCoordinator, RecordingLibrary] | None = None
        self._unsubscribe: CALLBACK_TYPE | None = None

    @property
    def pending(self) -> int:
        """Return how many recordings are pending."""
        return len(self._pending)

    @callback
    def _restore(self, pending: list[PendingRecording]) -> None:
        self._pending.update({each.call_id: each for each in pending})

    def _to_save(self) -> Iterable[PendingRecording]:
        return self._pending.values()

    @callback
    def async_attach(self, coordinator: DirectcallCoordinator, library: RecordingLibrary) -> None:
        """Search for the recordings of the account's calls from now on."""
        entry = coordinator.config_entry
        self._attached = coordinator, library
        self._searches.async_start(entry)
        self._unsubscribe = self._tracker.async_subscribe(self._async_call_changed)
        # Before Home Assistant has started, no automation would be triggered.
        entry.async_on_unload(async_at_started(self._hass, self._async_resume))

    @callback
    def _async_resume(self, _: HomeAssistant) -> None:
        """Schedule the searches that were pending before."""
        now = time.time()
        for call_id in self._pending.keys() - self._searched:
            self._searches.async_schedule(call_id, self._pending[call_id].seconds_left(now))

    @callback
    def async_detach(self) -> None:
        """Pause the searches. Those that are due meanwhile are made later."""
        self._attached = None
        if self._unsubscribe:
            self._unsubscribe()
            self._unsubscribe = None
        self._searches.async_pause()

    @callback
    def _async_call_changed(self, update: CallUpdate) -> None:
        """Wait for the recording of a call that is over, if there may be one."""
        call = update.call
        if not call.recorded or update.state not in {CallState.ENDED, CallState.UNKNOWN}:
            return
        now = time.time()
        pending = PendingRecording(
            call.call_id,
            call.provider_id,
            call.pair,
            call.contact,
            # Not the saved moment, because the wall clock may have been set since.
            now - call.age(time.monotonic()),
            now,
        )
        self._pending[call.call_id] = pending
        self._store.async_save()
        self._searches.async_schedule(call.call_id, pending.seconds_left(now))

    async def _async_search(self, call_id: str) -> None:
        """Search for a recording, if that is allowed now."""
        attached = self._attached
        if attached is None or not self._hass.is_running:
            # When Home Assistant stops, there is no connection any more, and the search must not
            # count.
            return
        if not attached[0].allows_background_requests:
            self._searches.async_schedule(call_id, _RETRY_INTERVAL)
            return
        self._searched.add(call_id)
        try:
            content_id = await self._async_try_to_find(attached[1], self._pending[call_id])
        finally:
            self._searched.discard(call_id)
        # After an unload the search is repeated, because nothing listened. One that failed left
        # the account as it was.
        if self._attached == attached:
            self._async_searched(self._pending[call_id], content_id)

    async def _async_try_to_find(
        self, library: RecordingLibrary, pending: PendingRecording
    ) -> str | None:
        try:
            return await self._async_find(library, pending)
        except DirectcallError as err:
            _LOGGER.debug("A recording could not be searched for: %s", type(err).__name__)
        except Exception:
            # A fault of ours must not end the searches.
            _LOGGER.exception("Unexpected error while searching for a recording")
        return None

    async def _async_find(self, library: RecordingLibrary, pending: PendingRecording) -> str | None:
        """Return the media content ID of a recording that has audio, or None.

        The provider may ignore the ID, or know none: then the numbers and the time decide. There
        may be another call of the two right before or after, so the nearest one counts.
        """
        listing = await library.async_list(pending.query)
        distances = {
            recording_id: abs(recording.started.timestamp() - pending.placed_at)
            for recording_id, recording in listing.recordings.items()
            if pending.pair.origin.could_match(recording.origin)
            and pending.pair.destination.could_match(recording.destination)
        }
        if not distances:
            return None
        nearest = min(distances, key=distances.__getitem__)
        if not await library.async_has_audio(listing.recordings[nearest]):
            return None
        return media_content_id(self._entry_id, nearest)

    @callback
    def _async_searched(self, pending: PendingRecording, content_id: str | None) -> None:
        """Announce a recording, or schedule the next search, if there is one."""
        searched = replace(pending, searches=pending.searches + 1)
        if content_id or searched.searches == len(SEARCH_DELAYS):
            del self._pending[pending.call_id]
        else:
            self._pending[pending.call_id] = searched
            # Not by the wall clock, which may have been set since.
            delay = SEARCH_DELAYS[searched.searches] - SEARCH_DELAYS[pending.searches]
            self._searches.async_schedule(pending.call_id, delay)
        self._store.async_save()
        if content_id:
            signal = async_recording_signal(self._entry_id)
            async_dispatcher_send(self._hass, signal, searched, content_id)
