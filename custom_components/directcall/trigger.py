"""Trigger platform: outcomes of calls, recordings that are ready, and alerts."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Final, override

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN, EventEntityStateAttribute
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.trigger import (
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
)

from .alerts import AlertEventType
from .calls import CallState
from .const import ATTR_DURATION, DOMAIN, SUBENTRY_ALERT
from .event import ALERT, CALL, RECORDING_READY


class DirectcallTrigger(StatelessEntityTriggerBase):
    """A trigger on some event types of event entities."""

    _event_types: ClassVar[frozenset[str]]

    # Automations are set up before the entities are, so only the registry knows them then.
    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        registry = er.async_get(self._hass)
        return entities & {
            registry.async_get_entity_id(EVENT_DOMAIN, DOMAIN, unique_id)
            for entry in self._hass.config_entries.async_entries(DOMAIN)
            for unique_id in self._unique_ids(entry)
        }

    @abstractmethod
    def _unique_ids(self, entry: ConfigEntry) -> Iterable[str]:
        """Return the unique IDs of the account's entities that may trigger."""

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        return self._event_type(state) in self._event_types

    def _event_type(self, state: State) -> str | None:
        event_type: str | None = state.attributes.get(EventEntityStateAttribute.EVENT_TYPE)
        return event_type


class CallTrigger(DirectcallTrigger):
    """A trigger on the accounts' entity Call."""

    @override
    def _unique_ids(self, entry: ConfigEntry) -> Iterable[str]:
        return [f"{entry.entry_id}_{CALL.key}"]

    @override
    def _event_type(self, state: State) -> str | None:
        event_type = super()._event_type(state)
        # A final state with a duration is that of a call that was answered.
        if event_type == CallState.UNKNOWN and state.attributes.get(ATTR_DURATION) is not None:
            return CallState.ENDED
        return event_type


class AlertTrigger(DirectcallTrigger):
    """A trigger on the alerts' entity Alert."""

    @override
    def _unique_ids(self, entry: ConfigEntry) -> Iterable[str]:
        alerts = entry.get_subentries_of_type(SUBENTRY_ALERT)
        return [f"{entry.entry_id}_{alert.subentry_id}_{ALERT.key}" for alert in alerts]


class CallAnsweredTrigger(CallTrigger):
    """A trigger on calls that are answered."""

    _event_types = frozenset({CallState.ANSWERED})


class CallNotAnsweredTrigger(CallTrigger):
    """A trigger on calls that are over without an answer."""

    _event_types = frozenset(
        state for state in CallState if state.is_over and state is not CallState.ENDED
    )


class CallEndedTrigger(CallTrigger):
    """A trigger on answered calls that are over."""

    _event_types = frozenset({CallState.ENDED})


class RecordingReadyTrigger(CallTrigger):
    """A trigger on recordings that are ready."""

    _event_types = frozenset({RECORDING_READY})


class AlertRaisedTrigger(AlertTrigger):
    """A trigger on alerts that are raised."""

    _event_types = frozenset({AlertEventType.RAISED})


class AlertAcknowledgedTrigger(AlertTrigger):
    """A trigger on alerts that are acknowledged."""

    _event_types = frozenset({AlertEventType.ACKNOWLEDGED})


class AlertNotAcknowledgedTrigger(AlertTrigger):
    """A trigger on alerts that end without an acknowledgement."""

    _event_types = frozenset({AlertEventType.UNACKNOWLEDGED})


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "alert_acknowledged": AlertAcknowledgedTrigger,
    "alert_not_acknowledged": AlertNotAcknowledgedTrigger,
    "alert_raised": AlertRaisedTrigger,
    "call_answered": CallAnsweredTrigger,
    "call_ended": CallEndedTrigger,
    "call_not_answered": CallNotAnsweredTrigger,
    "recording_ready": RecordingReadyTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers, by their keys."""
    return TRIGGERS
