"""Alert updates: events and statuses of runs, for listeners in Home Assistant."""

from dataclasses import dataclass, field
from enum import StrEnum

from homeassistant.core import Context, callback
from homeassistant.helpers.dispatcher import SignalType

from ..const import DOMAIN
from .alert import AlertStatus, Channel, Run


class AlertEventType(StrEnum):
    """Type of an event of an alert."""

    RAISED = "raised"
    REPEATED = "repeated"
    TOLD = "told"
    UNDELIVERED = "undelivered"
    ANSWERED = "answered"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
    """Something that happened to an alert."""

    type: AlertEventType
    contact: str | None = field(default=None, repr=False)
    """The name of the contact."""
    channel: Channel | None = None
    round: int | None = None
    reason: str | None = field(default=None, repr=False)
    """Why a contact was not told, or why nobody acknowledged, in the home's language."""
    by: str | None = field(default=None, repr=False)
    """The name of the person, contact or entity that acknowledged or cancelled."""


@dataclass(frozen=True, slots=True)
class AlertUpdate:
    """A run as it is now, and what happened to it, if anything that is an event."""

    run: Run
    status: AlertStatus
    contact: str | None = field(repr=False)
    """The names of the contacts whose turn it is, separated by commas."""
    event: AlertEvent | None = None
    context: Context = field(default_factory=Context, compare=False)
    """The context of the action that raised, acknowledged or cancelled the alert."""


@callback
def async_alert_signal(subentry_id: str) -> SignalType[AlertUpdate]:
    """Return the signal of an alert. Each has its own, because there may be many."""
    return SignalType(f"{DOMAIN}_alert_{subentry_id}")
