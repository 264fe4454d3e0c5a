"""Alert acknowledgement: what has to happen to an entity so that it means "I have seen it"."""

from typing import Final

from homeassistant.const import STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import State

# The state of entities of other domains is the time when they were used last.
_STATES: Final = {
    "alarm_control_panel": "disarmed",
    "lock": "unlocked",
}
_STATELESS: Final = {"button", "event", "input_button", "scene"}


def is_acknowledgement(old: State | None, new: State | None) -> bool:
    """Return if a new state of an entity acknowledges an alert.

    That is a button pressed, something switched on, an alarm disarmed or a lock unlocked. A state
    that is only known again is none.
    """
    if old is None or new is None or STATE_UNAVAILABLE in {old.state, new.state}:
        return False
    if new.domain in _STATELESS:
        # A button that was never pressed is unknown.
        return new.state not in {old.state, STATE_UNKNOWN}
    meant = _STATES.get(new.domain, STATE_ON)
    return old.state not in {meant, STATE_UNKNOWN} and new.state == meant
