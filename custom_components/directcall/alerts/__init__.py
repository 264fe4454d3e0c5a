"""Alerts: raised, told contact by contact, acknowledged or cancelled."""

from .acknowledgement import ACKNOWLEDGING_DOMAINS
from .alert import Alert, AlertStatus, Channel, Run, StepResult
from .book import ATTR_ALERT, AlertBook, alert_not_found
from .manager import AlertManager
from .person import async_get_person
from .updates import AlertEvent, AlertEventType, AlertUpdate, async_alert_signal

__all__ = [
    "ACKNOWLEDGING_DOMAINS",
    "ATTR_ALERT",
    "Alert",
    "AlertBook",
    "AlertEvent",
    "AlertEventType",
    "AlertManager",
    "AlertStatus",
    "AlertUpdate",
    "Channel",
    "Run",
    "StepResult",
    "alert_not_found",
    "async_alert_signal",
    "async_get_person",
]
