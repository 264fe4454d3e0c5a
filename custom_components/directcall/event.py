"""What becomes of an account's calls, as events."""

from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import DirectcallConfigEntry
from .calls import Call, CallState, CallTracker
from .contacts import redact_name
from .entity import DirectcallCallEntity
from .recordings import PendingRecording, async_recording_signal

PARALLEL_UPDATES = 0

RECORDING_READY: Final = "recording_ready"
CALL: Final = EventEntityDescription(
    key="call",
    translation_key="call",
    event_types=[*(str(state) for state in CallState), RECORDING_READY],
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: DirectcallConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event of an account."""
    tracker = entry.runtime_data.account.calls.tracker
    async_add_entities([DirectcallCallEvent(tracker)])


class DirectcallCallEvent(DirectcallCallEntity, EventEntity):
    """Fires with each state that a call enters, and once its recording is there."""

    def __init__(self, tracker: CallTracker) -> None:
        """Belong to the account whose calls and recordings they are."""
        super().__init__(tracker, CALL)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to what becomes of the calls, and of their recordings."""
        await super().async_added_to_hass()
        signal = async_recording_signal(self._tracker.entry_id)
        self.async_on_remove(
            async_dispatcher_connect(self.hass, signal, self._async_recording_ready)
        )

    @callback
    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Stay as it is: nothing here depends on the entity's id."""

    @callback
    @override
    def _async_call_changed(self, call: Call, state: CallState) -> None:
        """Fire."""
        self._trigger_event(
            state,
            {
                **_whom(call),
                "recorded": call.recorded,
                "duration": None if call.duration is None else round(call.duration),
            },
        )
        super()._async_call_changed(call, state)

    @callback
    def _async_recording_ready(self, awaited: PendingRecording, content_id: str) -> None:
        """Fire. What is played by that id has to be looked up again: it is no link."""
        self._trigger_event(RECORDING_READY, {**_whom(awaited), "media_content_id": content_id})
        self.async_write_ha_state()


def _whom(call: Call | PendingRecording) -> dict[str, str | None]:
    """Return which call it is, and whom it was for.

    The attributes end up on disk and in backups: no whole number is in them.
    """
    return {
        "call_id": call.call_id,
        "contact": call.contact and redact_name(call.contact),
        "last_digits": call.pair.destination.last_digits,
    }
