"""Event platform: states of calls, and recordings that are ready."""

from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import DirectcallConfigEntry
from .api import redact_name
from .calls import Call, CallState, CallTracker, CallUpdate
from .const import ATTR_DURATION
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
    """The event that is triggered by each state of a call, and by its recording."""

    def __init__(self, tracker: CallTracker) -> None:
        """Initialize the event of the tracker's account."""
        super().__init__(tracker, CALL)

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        signal = async_recording_signal(self._tracker.entry_id)
        self.async_on_remove(
            async_dispatcher_connect(self.hass, signal, self._async_recording_ready)
        )

    @callback
    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Do nothing, because nothing depends on the entity's ID."""

    @callback
    @override
    def _async_call_changed(self, update: CallUpdate) -> None:
        call = update.call
        self._trigger_event(
            update.state,
            {
                **_identity(call),
                "recorded": call.recorded,
                ATTR_DURATION: None if call.duration is None else round(call.duration),
                "telephone": call.ringing if update.state is CallState.RINGING else None,
            },
        )
        super()._async_call_changed(update)

    @callback
    def _async_recording_ready(self, pending: PendingRecording, content_id: str) -> None:
        # Home Assistant would name who asked for another call that changed a moment ago.
        self.async_set_context(Context())
        self._trigger_event(RECORDING_READY, {**_identity(pending), "media_content_id": content_id})
        self.async_write_ha_state()


def _identity(call: Call | PendingRecording) -> dict[str, str | None]:
    # Backups hold the attributes, so they must not have a whole number.
    return {
        "call_id": call.call_id,
        "contact": call.contact and redact_name(call.contact),
        "last_digits": call.pair.destination.last_digits,
    }
