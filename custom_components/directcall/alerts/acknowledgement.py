"""Alert acknowledgement: the changes of an entity that mean "I have seen it"."""

from collections.abc import Callable, Iterable
from typing import Final

from homeassistant.const import STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er

from ..const import CONF_ACKNOWLEDGE_ENTITIES, CONF_ACKNOWLEDGEMENT, DOMAIN, SUBENTRY_ALERT

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


def rename_entity(entity_ids: Iterable[str], old: str, new: str) -> list[str]:
    """Return entity IDs after one was changed."""
    return list(dict.fromkeys(new if each == old else each for each in entity_ids))


@callback
def async_track_renames(
    hass: HomeAssistant, entry_id: str, async_renamed: Callable[[str, str], None]
) -> CALLBACK_TYPE:
    """Change an entity's ID in the alerts of an account when it changes, and call back with it."""

    @callback
    def async_registry_updated(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if event.data["action"] == "update" and "old_entity_id" in event.data:
            old, new = event.data["old_entity_id"], event.data["entity_id"]
            _async_rename_in_alerts(hass, entry_id, old, new)
            async_renamed(old, new)

    return hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, async_registry_updated)


@callback
def _async_rename_in_alerts(hass: HomeAssistant, entry_id: str, old: str, new: str) -> None:
    entry = hass.config_entries.async_get_known_entry(entry_id)
    for alert in entry.get_subentries_of_type(SUBENTRY_ALERT):
        acknowledgement = alert.data[CONF_ACKNOWLEDGEMENT]
        before = acknowledgement.get(CONF_ACKNOWLEDGE_ENTITIES, ())
        if old in before:
            after = {CONF_ACKNOWLEDGE_ENTITIES: rename_entity(before, old, new)}
            hass.config_entries.async_update_subentry(
                entry, alert, data={**alert.data, CONF_ACKNOWLEDGEMENT: acknowledgement | after}
            )
