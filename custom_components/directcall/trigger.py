"""Trigger platform: outcomes of calls, and recordings that are ready."""

from typing import ClassVar, Final, override

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN, EventEntityStateAttribute
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.trigger import (
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
)

from .calls import CallState
from .const import ATTR_DURATION, DOMAIN
from .event import CALL, RECORDING_READY


class DirectcallTrigger(StatelessEntityTriggerBase):
    """A trigger on some event types of the accounts' entity Call."""

    _event_types: ClassVar[frozenset[str]]

    # Automations are set up before the entities are, so only the registry knows them then.
    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        registry = er.async_get(self._hass)
        return entities & {
            registry.async_get_entity_id(EVENT_DOMAIN, DOMAIN, f"{entry.entry_id}_{CALL.key}")
            for entry in self._hass.config_entries.async_entries(DOMAIN)
        }

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        event_type = state.attributes.get(EventEntityStateAttribute.EVENT_TYPE)
        # A final state with a duration is that of a call that was answered.
        if event_type == CallState.UNKNOWN and state.attributes.get(ATTR_DURATION) is not None:
            event_type = CallState.ENDED
        return event_type in self._event_types


class CallAnsweredTrigger(DirectcallTrigger):
    """A trigger on calls that are answered."""

    _event_types = frozenset({CallState.ANSWERED})


class CallNotAnsweredTrigger(DirectcallTrigger):
    """A trigger on calls that are over without an answer."""

    _event_types = frozenset(
        state for state in CallState if state.is_over and state is not CallState.ENDED
    )


class CallEndedTrigger(DirectcallTrigger):
    """A trigger on answered calls that are over."""

    _event_types = frozenset({CallState.ENDED})


class RecordingReadyTrigger(DirectcallTrigger):
    """A trigger on recordings that are ready."""

    _event_types = frozenset({RECORDING_READY})


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "call_answered": CallAnsweredTrigger,
    "call_ended": CallEndedTrigger,
    "call_not_answered": CallNotAnsweredTrigger,
    "recording_ready": RecordingReadyTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers, by their keys."""
    return TRIGGERS
