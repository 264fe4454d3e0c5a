"""What becomes of an account's calls, as events."""

from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .calls import async_get_calls
from .contacts import without_number
from .coordinator import DirectcallConfigEntry
from .entity import DirectcallCallEntity
from .progress import Call, CallState

PARALLEL_UPDATES = 0

CALL: Final = EventEntityDescription(
    key="call", translation_key="call", event_types=[str(state) for state in CallState]
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: DirectcallConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event of an account."""
    followed = async_get_calls(hass, entry.entry_id).followed
    async_add_entities([DirectcallCallEvent(followed, CALL)])


class DirectcallCallEvent(DirectcallCallEntity, EventEntity):
    """Fires with each state that a call enters."""

    @callback
    @override
    def _async_call_changed(self, call: Call, state: CallState) -> None:
        """Fire. The attributes end up on disk and in backups: no whole number is in them."""
        self._trigger_event(
            state,
            {
                "call_id": call.call_id,
                "contact": call.contact and without_number(call.contact),
                "last_digits": call.pair.destination.last_digits,
                "recorded": call.recorded,
                "duration": None if call.duration is None else round(call.duration),
            },
        )
        super()._async_call_changed(call, state)
