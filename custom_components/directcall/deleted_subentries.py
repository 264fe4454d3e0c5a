"""Deleted subentries: repair issues while automations, alerts or groups name them."""

from collections.abc import Iterator
from dataclasses import dataclass
import re
from typing import Any, Final, Self

import voluptuous as vol

from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE
from homeassistant.core import (
    CALLBACK_TYPE,
    CoreState,
    Event,
    EventStateChangedData,
    HassJob,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_component import DATA_INSTANCES
from homeassistant.helpers.event import (
    TrackStates,
    async_call_later,
    async_track_state_change_filtered,
)
from homeassistant.helpers.start import async_at_started

from .const import (
    CONF_ACKNOWLEDGE_ENTITIES,
    CONF_ACKNOWLEDGEMENT,
    CONF_CONTACTS,
    DOMAIN,
    MODEL_ALERT,
    SUBENTRY_ALERT,
)
from .contacts import async_entry_signal
from .issues import async_clear_deleted, async_show_deleted
from .store import AccountStore, Section

# Domains of entities with steps, and of others that can name entities.
_WITH_STEPS: Final = ("automation", "script")
_NAMING: Final = {*_WITH_STEPS, "group", "notify", "scene"}
_MOST: Final = 50
# Seconds within which a reload replaces all automations or scripts.
_RELOAD: Final = 1
# A template may have `states.` before an entity's ID.
_IDS: Final = re.compile(r"(?:\bstates\.)?\b(\w+(?:\.\w+)?)")
_SAVED: Final = vol.Schema(
    {
        vol.Required("device_id"): str,
        vol.Required("name"): str,
        vol.Required("entity_ids"): [str],
        # Earlier versions had contacts alone, and no alerts that could name them.
        vol.Optional("subentry_id", default=None): vol.Any(None, str),
        vol.Optional("is_alert", default=False): bool,
    }
)


@dataclass(frozen=True, slots=True)
class DeletedSubentry:
    """The IDs by which something may still name a contact, or an alert, that was deleted."""

    device_id: str
    name: str
    entity_ids: list[str]
    subentry_id: str | None
    is_alert: bool

    @classmethod
    def from_dict(cls, saved: object) -> Self:
        """Return a saved item. Raise vol.Invalid if it cannot be read."""
        return cls(**_SAVED(saved))

    def as_dict(self) -> dict[str, Any]:
        """Return the item as JSON."""
        return {
            "device_id": self.device_id,
            "name": self.name,
            "entity_ids": self.entity_ids,
            "subentry_id": self.subentry_id,
            "is_alert": self.is_alert,
        }


class DeletedSubentries:
    """The deleted contacts and alerts of an account."""

    def __init__(self, hass: HomeAssistant, entry_id: str, store: AccountStore) -> None:
        """Start without any."""
        self._hass = hass
        self._entry_id = entry_id
        self._store = store
        self._deleted: list[DeletedSubentry] = []
        self._cancel_check: CALLBACK_TYPE | None = None
        self._unsubscribe: list[CALLBACK_TYPE] = []
        store.async_add_section(
            Section("deleted_contacts", DeletedSubentry.from_dict, self._restore, self._to_save)
        )

    def _restore(self, deleted: list[DeletedSubentry]) -> None:
        self._deleted = deleted

    def _to_save(self) -> list[DeletedSubentry]:
        return self._deleted

    @callback
    def async_start(self) -> None:
        """Note what is deleted from now on, and check all at Home Assistant's start."""
        self._unsubscribe = [
            self._hass.bus.async_listen(
                dr.EVENT_DEVICE_REGISTRY_UPDATED, self._async_device_updated
            ),
            # Before, not all automations are there.
            async_at_started(self._hass, self._async_started),
            async_dispatcher_connect(
                self._hass, async_entry_signal(self._entry_id), self._async_check_soon
            ),
        ]

    @callback
    def async_remove(self) -> None:
        """Forget all, and clear their issues."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        if self._cancel_check:
            self._cancel_check()
        for deleted in self._deleted:
            async_clear_deleted(self._hass, deleted.device_id)

    @callback
    def _async_started(self, hass: HomeAssistant) -> None:
        tracker = async_track_state_change_filtered(
            hass,
            TrackStates(all_states=False, entities=set(), domains=_NAMING),
            self._async_changed,
        )
        self._unsubscribe.append(tracker.async_remove)
        self._async_check()

    @callback
    def _async_device_updated(self, event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        if event.data["action"] != "remove":
            return
        device = event.data["device"]
        subentry_id = device["config_subentry_id"]
        # The account's own device has no subentry.
        if device["config_entry_id"] != self._entry_id or subentry_id is None:
            return
        # The registry has removed them already.
        entity_ids = [
            entity.entity_id
            for entity in er.async_get(self._hass).deleted_entities.values()
            if entity.config_subentry_id == subentry_id
        ]
        name = device["name_by_user"] or device["name"]
        deleted = DeletedSubentry(
            event.data["device_id"],
            name,
            entity_ids,
            subentry_id,
            is_alert=device["model"] == MODEL_ALERT,
        )
        self._deleted = [*self._deleted, deleted][-_MOST:]
        self._store.async_save()
        self._async_check_soon()

    @callback
    def _async_changed(self, event: Event[EventStateChangedData]) -> None:
        """Check after what may name contacts or alerts was added, removed or reloaded."""
        states = event.data["old_state"], event.data["new_state"]
        if any(state is None or state.state == STATE_UNAVAILABLE for state in states):
            self._async_check_soon()

    @callback
    def _async_check_soon(self) -> None:
        if self._deleted and not self._cancel_check and self._hass.state is CoreState.running:
            self._cancel_check = async_call_later(
                self._hass, _RELOAD, HassJob(self._async_check, cancel_on_shutdown=True)
            )

    @callback
    def _async_check(self, _now: object = None) -> None:
        self._cancel_check = None
        naming = list(_references(self._hass)) if self._deleted else []
        registered = er.async_get(self._hass).entities
        for deleted in self._deleted:
            # A contact that is added again has the same entity IDs.
            ids = {deleted.device_id, deleted.subentry_id, *deleted.entity_ids} - registered.keys()
            if names := {name for name, named in naming if not ids.isdisjoint(named)}:
                async_show_deleted(
                    self._hass, deleted.device_id, deleted.name, names, is_alert=deleted.is_alert
                )
            else:
                async_clear_deleted(self._hass, deleted.device_id)


def _references(hass: HomeAssistant) -> Iterator[tuple[str, set[str]]]:
    """Yield the name of each automation, script, group, scene and alert, and the IDs in it."""
    for domain in _WITH_STEPS:
        component = hass.data.get(DATA_INSTANCES, {}).get(domain)
        for entity in component.entities if component else ():
            # Home Assistant's own search finds devices in `device_id` only, not in `contact`, and
            # nothing in an automation that is invalid because a device is gone.
            config = getattr(entity, "raw_config", None)
            state = hass.states.get(entity.entity_id)
            yield _name_of(state) if state else entity.entity_id, set(_IDS.findall(str(config)))
    for state in hass.states.async_all():
        members = state.attributes.get(ATTR_ENTITY_ID)
        if isinstance(members, (list, tuple)):
            yield _name_of(state), {member for member in members if isinstance(member, str)}
    for entry in hass.config_entries.async_entries(DOMAIN):
        for alert in entry.get_subentries_of_type(SUBENTRY_ALERT):
            entities = alert.data[CONF_ACKNOWLEDGEMENT][CONF_ACKNOWLEDGE_ENTITIES]
            yield alert.title, {*alert.data[CONF_CONTACTS], *entities}


def _name_of(state: State) -> str:
    # `customize:` and other integrations set attributes of any type.
    return str(state.name)
