"""Alert book: the alerts of an account, found by device or name."""

from functools import cached_property
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError

from ..api import redact_name
from ..const import DOMAIN, SUBENTRY_ALERT
from ..contacts import (
    async_find_by_device,
    group_by_name,
    normalize_name,
    shown_names,
    subentry_identifier,
)
from .alert import Alert

ATTR_ALERT: Final = "alert"


def alert_not_found() -> ServiceValidationError:
    """Return the error that a device is not an alert's."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key="alert_not_found")


class AlertBook:
    """Alerts of an account, as they are now."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Read the alerts."""
        self._hass = hass
        self._alerts = {
            subentry_identifier(entry.entry_id, alert.subentry_id): alert
            for alert in entry.get_subentries_of_type(SUBENTRY_ALERT)
        }

    @cached_property
    def _by_name(self) -> dict[str, list[ConfigSubentry]]:
        return group_by_name((alert.title, alert) for alert in self._alerts.values())

    @callback
    def async_get_alert(self, device_id: object) -> Alert:
        """Return the alert of a device. Raise ServiceValidationError if there is none."""
        if alert := async_find_by_device(self._hass, self._alerts, device_id):
            return Alert.from_subentry(alert)
        raise alert_not_found()

    def get_named(self, name: object) -> Alert:
        """Return the only alert with a name, or raise ServiceValidationError."""
        # A template may render a name as a number.
        text = str(name)
        named = self._by_name.get(normalize_name(text), [])
        if len(named) == 1:
            return Alert.from_subentry(named[0])
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="ambiguous_alert" if named else "unknown_alert",
            translation_placeholders={
                "name": redact_name(text),
                "alerts": shown_names(alert.title for alert in self._alerts.values()),
            },
        )

    def has_name(self, name: str) -> bool:
        """Return if an alert has this name."""
        return normalize_name(name) in self._by_name
