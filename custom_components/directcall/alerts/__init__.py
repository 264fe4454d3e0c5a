"""Alerts: raised, told contact by contact, acknowledged or cancelled."""

from .alert import Alert, AlertStatus, Channel, Run, StepResult
from .manager import AlertManager
from .updates import AlertEvent, AlertEventType, AlertUpdate, async_alert_signal

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertEventType",
    "AlertManager",
    "AlertStatus",
    "AlertUpdate",
    "Channel",
    "Run",
    "StepResult",
    "async_alert_signal",
]
