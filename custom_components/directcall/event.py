"""Event platform: states of calls, recordings that are ready, and events of alerts."""

from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import DirectcallConfigEntry
from .alerts import AlertEvent, AlertEventType, AlertUpdate, Run
from .api import redact_name, redact_text
from .calls import Call, CallState, CallTracker, CallUpdate
from .const import ATTR_DURATION, SUBENTRY_ALERT
from .entity import DirectcallAlertUpdateEntity, DirectcallCallEntity, async_add_subentry_entities
from .recordings import PendingRecording, async_recording_signal

PARALLEL_UPDATES = 0

RECORDING_READY: Final = "recording_ready"
ALERT: Final = EventEntityDescription(
    key="alert",
    translation_key="alert",
    event_types=[str(event_type) for event_type in AlertEventType],
)
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
    """Add the event of an account, and that of each alert."""
    tracker = entry.runtime_data.account.calls.tracker
    async_add_entities([DirectcallCallEvent(tracker)])
    async_add_subentry_entities(
        entry,
        SUBENTRY_ALERT,
        async_add_entities,
        lambda alert: [DirectcallAlertEvent(hass, entry, alert, ALERT)],
    )


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


class DirectcallAlertEvent(DirectcallAlertUpdateEntity, EventEntity):
    """The event that is triggered by what happens to an alert."""

    @callback
    @override
    def _async_alert_changed(self, update: AlertUpdate) -> None:
        if (event := update.event) is None:
            return
        # Backups hold the attributes, so they must not have a whole number.
        attributes = {
            "alert_id": update.run.alert_id,
            "message": redact_text(_text_of(update.run, event), []),
            "contact": event.contact and redact_name(event.contact),
            "channel": event.channel,
            "round": event.round,
            "reason": event.reason and redact_text(event.reason, []),
            "by": event.by and redact_name(event.by),
        }
        self._trigger_event(
            event.type, {name: value for name, value in attributes.items() if value}
        )
        super()._async_alert_changed(update)


def _text_of(run: Run, event: AlertEvent) -> str:
    # After the end, contacts are told only that all is clear.
    return run.all_clear if run.all_clear is not None and event.channel else run.message


def _identity(call: Call | PendingRecording) -> dict[str, str | None]:
    # Backups hold the attributes, so they must not have a whole number.
    return {
        "call_id": call.call_id,
        "contact": call.contact and redact_name(call.contact),
        "last_digits": call.pair.destination.last_digits,
    }
