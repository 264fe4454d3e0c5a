"""Alert acknowledgement: the changes of an entity that mean "I have seen it"."""

from typing import Final

from homeassistant.const import STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN

# Domains whose entities have the time when they were used last as their state.
_USED: Final = {"button", "event", "input_button", "scene", "tag"}
_STATES: Final = {
    "alarm_control_panel": "disarmed",
    "binary_sensor": STATE_ON,
    "input_boolean": STATE_ON,
    "light": STATE_ON,
    "lock": "unlocked",
    "switch": STATE_ON,
}
# Of other entities it would not be clear.
ACKNOWLEDGING_DOMAINS: Final = sorted(_USED | _STATES.keys())


def is_acknowledgement(old: State | None, new: State) -> bool:
    """Return if a new state of an entity acknowledges an alert.

    That is a button pressed, something switched on, an alarm disarmed or a lock unlocked. A state
    that is only known again does not.
    """
    if old is None or STATE_UNAVAILABLE in {old.state, new.state}:
        return False
    if new.domain in _USED:
        # A button that was never pressed is unknown.
        return new.state not in {old.state, STATE_UNKNOWN}
    return old.state not in {new.state, STATE_UNKNOWN} and new.state == _STATES.get(new.domain)


@callback
def async_shows_alert(hass: HomeAssistant, entity_id: str) -> bool:
    """Return if an entity shows what an alert itself does, so that no person is behind it."""
    entity = er.async_get(hass).async_get(entity_id)
    return bool(entity and entity.platform == DOMAIN and entity.domain != Platform.BUTTON)
