"""After a recorded call, its recording is looked for, and told of once it is there.

What is awaited lives beside an account's entry, and is kept through reloads and restarts.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
import logging
import time
from typing import Any, Final, Self

import voluptuous as vol

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import SignalType, async_dispatcher_send
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from ..api import DirectcallError, NumberPair, PhoneNumber, RecordingQuery
from ..calls import DIGITS, Call, CallState, CallTracker
from ..const import DOMAIN
from ..coordinator import DirectcallCoordinator
from ..store import AccountStore, Section
from .library import RecordingLibrary, media_content_id

_LOGGER = logging.getLogger(__name__)

# Seconds after the end of a call at which its recording is looked for. Nobody looks any more then.
LOOKS: Final = (2 * 60, 15 * 60)
# Seconds until it is seen again whether the provider may be asked.
_PATIENCE: Final = 60
# What the provider's clock may be behind this one. Ahead of it, the length of the call is enough.
_CLOCKS: Final = timedelta(seconds=60)

_MOMENT: Final = vol.All(vol.Any(int, float), vol.Range(min=0, max=2**40))
_SAVED: Final = vol.Schema(
    {
        vol.Required("call_id"): str,
        vol.Required("provider_id"): vol.Any(None, str),
        vol.Required("origin"): DIGITS,
        vol.Required("destination"): DIGITS,
        vol.Required("contact"): vol.Any(None, str),
        vol.Required("placed_at"): _MOMENT,
        vol.Required("ended_at"): _MOMENT,
        vol.Required("looks"): vol.All(int, vol.Range(min=0, max=len(LOOKS) - 1)),
    }
)


@dataclass(slots=True, eq=False)
class PendingRecording:
    """A recorded call that is over. Times are in seconds since 1970, on the wall clock."""

    call_id: str
    """Our id of the call."""
    provider_id: str | None = field(repr=False)
    """The provider's id of the call, where it gave one."""
    pair: NumberPair
    contact: str | None = field(repr=False)
    """The name of the contact that was called."""
    placed_at: float
    ended_at: float
    looks: int = 0
    """How often it was looked for."""

    @property
    def seconds_left(self) -> float:
        """Return the seconds until it is looked for again."""
        return min(LOOKS[self.looks], max(0, self.ended_at + LOOKS[self.looks] - time.time()))

    @property
    def query(self) -> RecordingQuery:
        """Return what the provider is asked for."""
        return RecordingQuery(
            dt_util.utc_from_timestamp(self.placed_at) - _CLOCKS,
            dt_util.utc_from_timestamp(self.ended_at),
            call_id=self.provider_id,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {
            "call_id": self.call_id,
            "provider_id": self.provider_id,
            "origin": self.pair.origin.digits,
            "destination": self.pair.destination.digits,
            "contact": self.contact,
            "placed_at": self.placed_at,
            "ended_at": self.ended_at,
            "looks": self.looks,
        }

    @classmethod
    def from_dict(cls, saved: object) -> Self:
        """Return it as it was before a restart. Raise vol.Invalid if that is not what was saved."""
        values: dict[str, Any] = _SAVED(saved)
        origin, destination = values.pop("origin"), values.pop("destination")
        return cls(pair=NumberPair(PhoneNumber(origin), PhoneNumber(destination)), **values)


@callback
def async_recording_signal(entry_id: str) -> SignalType[PendingRecording, str]:
    """Return the signal that a recording of an account is there, with its media content ID."""
    return SignalType(f"{DOMAIN}_recording_{entry_id}")


class RecordingWatcher:
    """The recordings of an account that are awaited."""

    def __init__(
        self, hass: HomeAssistant, entry_id: str, store: AccountStore, tracker: CallTracker
    ) -> None:
        """Start without a pending recording."""
        self._hass = hass
        self._entry_id = entry_id
        self._tracker = tracker
        self._store = store
        self._awaited: set[PendingRecording] = set()
        store.async_add_section(
            Section(
                "recordings",
                PendingRecording.from_dict,
                self._awaited.update,
                lambda: self._awaited,
            )
        )
        self._coordinator: DirectcallCoordinator | None = None
        self._library: RecordingLibrary | None = None
        self._timers: dict[PendingRecording, CALLBACK_TYPE] = {}
        self._searched: set[PendingRecording] = set()
        self._unsubscribe: CALLBACK_TYPE | None = None

    @property
    def awaited(self) -> int:
        """Return how many recordings are awaited."""
        return len(self._awaited)

    @callback
    def async_attach(self, coordinator: DirectcallCoordinator, library: RecordingLibrary) -> None:
        """Look for recordings of the account's calls from now on."""
        self._coordinator = coordinator
        self._library = library
        self._unsubscribe = self._tracker.async_subscribe(self._async_call_changed)
        # Before that no automation would hear what came due while Home Assistant was away.
        coordinator.config_entry.async_on_unload(async_at_started(self._hass, self._async_resume))

    @callback
    def _async_resume(self, _: HomeAssistant) -> None:
        """Look for what is awaited since before, each in its time."""
        for awaited in self._awaited - self._timers.keys() - self._searched:
            self._async_schedule(awaited, awaited.seconds_left)

    @callback
    def async_detach(self) -> None:
        """Pause. What is due meanwhile is looked for later."""
        self._coordinator = None
        if self._unsubscribe:
            self._unsubscribe()
            self._unsubscribe = None
        while self._timers:
            self._timers.popitem()[1]()

    @callback
    def _async_call_changed(self, call: Call, state: CallState) -> None:
        """Await the recording of a call that is over, if there may be one."""
        if not call.recorded or state not in {CallState.ENDED, CallState.UNKNOWN}:
            return
        now = time.time()
        awaited = PendingRecording(
            call.call_id,
            call.provider_id,
            call.pair,
            call.contact,
            # Not what was noted then: the clock on the wall may have been set since.
            now - call.age(time.monotonic()),
            now,
        )
        self._awaited.add(awaited)
        self._store.async_save()
        self._async_schedule(awaited, awaited.seconds_left)

    @callback
    def _async_schedule(self, awaited: PendingRecording, delay: float) -> None:
        """Look for a recording after a while."""
        look = partial(self._async_look_is_due, awaited)
        self._timers[awaited] = async_call_later(
            self._hass, delay, HassJob(look, cancel_on_shutdown=True)
        )

    @callback
    def _async_look_is_due(self, awaited: PendingRecording, _now: object) -> None:
        """Look for a recording, if the provider may be asked now."""
        del self._timers[awaited]
        coordinator, library = self._coordinator, self._library
        if coordinator is None or library is None or not self._hass.is_running:
            # Once Home Assistant stops there is no connection any more, and no search is to be
            # lost.
            return
        if coordinator.allows_background_requests:
            self._searched.add(awaited)
            task = coordinator.config_entry.async_create_background_task(
                self._hass,
                self._async_look(coordinator, library, awaited),
                f"{DOMAIN} recording",
                eager_start=False,
            )
            # However it ends: an unload may cancel it before it starts.
            task.add_done_callback(lambda _: self._searched.discard(awaited))
        else:
            self._async_schedule(awaited, _PATIENCE)

    async def _async_look(
        self,
        coordinator: DirectcallCoordinator,
        library: RecordingLibrary,
        awaited: PendingRecording,
    ) -> None:
        """Look for a recording, then tell of it, or schedule the next look."""
        content_id: str | None = None
        try:
            content_id = await self._async_find(library, awaited)
        except DirectcallError as err:
            _LOGGER.debug("A recording cannot be looked for: %s", type(err).__name__)
        except Exception:
            # A fault of ours must not end the awaiting.
            _LOGGER.exception("Unexpected error while looking for a recording")
        if self._coordinator is not coordinator:
            # The account was unloaded meanwhile. The search is repeated after it is loaded again.
            return
        awaited.looks += 1
        if content_id or awaited.looks == len(LOOKS):
            self._awaited.discard(awaited)
        else:
            # Not by the clock on the wall, which may have been set since.
            self._async_schedule(awaited, LOOKS[awaited.looks] - LOOKS[awaited.looks - 1])
        self._store.async_save()
        if content_id:
            signal = async_recording_signal(self._entry_id)
            async_dispatcher_send(self._hass, signal, awaited, content_id)

    async def _async_find(self, library: RecordingLibrary, awaited: PendingRecording) -> str | None:
        """Return what the recording of a call is known by, if it is there, and can be heard.

        The provider may ignore the id, or know none: then the numbers and the time tell. There may
        be another call of the two right before or after, so the nearest one counts.
        """
        listing = await library.async_list(awaited.query)
        distances = {
            recording_id: abs(recording.started.timestamp() - awaited.placed_at)
            for recording_id, recording in listing.recordings.items()
            if awaited.pair.origin.could_match(recording.origin)
            and awaited.pair.destination.could_match(recording.destination)
        }
        if not distances:
            return None
        nearest = min(distances, key=distances.__getitem__)
        if not await library.async_has_audio(listing.recordings[nearest]):
            return None
        return media_content_id(self._entry_id, nearest)
