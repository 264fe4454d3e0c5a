"""Base entities of an account, its contacts, its alerts, its calls and its token."""

from collections.abc import Callable, Collection
from typing import ClassVar, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .account import DirectcallConfigEntry
from .alerts import Alert, AlertManager, AlertUpdate, async_alert_signal
from .calls import CallTracker, CallUpdate
from .const import DOMAIN, MODEL_ALERT
from .contacts import Recipient, async_entry_signal, clean_name, recipient_of, subentry_identifier
from .coordinator import DirectcallCoordinator


@callback
def async_create_account_device(hass: HomeAssistant, entry_id: str) -> None:
    """Create the device of an account, which those of its contacts refer to."""
    dr.async_get(hass).async_get_or_create(config_entry_id=entry_id, **_account_device(entry_id))


def _account_device(entry_id: str) -> DeviceInfo:
    return DeviceInfo(
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, entry_id)},
        manufacturer="Directcall",
        model="Account",
        name="Directcall",
    )


@callback
def async_rename_devices(hass: HomeAssistant, entry: DirectcallConfigEntry) -> None:
    """Give the devices of contacts and alerts, as far as there are any yet, their names."""
    registry = dr.async_get(hass)
    for subentry in entry.subentries.values():
        identifier = subentry_identifier(entry.entry_id, subentry.subentry_id)
        if device := registry.async_get_device_by_identifier(identifier, entry.entry_id):
            registry.async_update_device(device.id, name=clean_name(subentry.title))


@callback
def async_add_subentry_entities(
    entry: DirectcallConfigEntry,
    subentry_type: str,
    async_add_entities: AddConfigEntryEntitiesCallback,
    create: Callable[[ConfigSubentry], Collection[Entity]],
) -> None:
    """Add the entities of each subentry now, and those that are missing after each change."""
    added: set[str | None] = set()

    @callback
    def async_add() -> None:
        nonlocal added
        before, added = added, set()
        for subentry in entry.get_subentries_of_type(subentry_type):
            entities = create(subentry)
            async_add_entities(
                [entity for entity in entities if entity.unique_id not in before],
                config_subentry_id=subentry.subentry_id,
            )
            added |= {entity.unique_id for entity in entities}

    async_add()
    hass = entry.runtime_data.coordinator.hass
    signal = async_entry_signal(entry.entry_id)
    entry.async_on_unload(async_dispatcher_connect(hass, signal, async_add))


class DirectcallEntity(Entity):
    """An entity of an account."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry_id: str, description: EntityDescription) -> None:
        """Initialize the entity on the device of the account."""
        self.entity_description = description
        self._attr_unique_id = f"{entry_id}_{description.key}"
        self._attr_device_info = _account_device(entry_id)


class DirectcallSubentryEntity(Entity):
    """An entity of a contact or an alert."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _model: ClassVar[str]

    def __init__(
        self,
        hass: HomeAssistant,
        entry: DirectcallConfigEntry,
        subentry: ConfigSubentry,
        description: EntityDescription,
    ) -> None:
        """Initialize the entity on the device of the subentry."""
        self.entity_description = description
        self._entry = entry
        # Home Assistant changes a subentry in place.
        self._subentry = subentry
        self._attr_unique_id = f"{entry.entry_id}_{subentry.subentry_id}_{description.key}"
        self._via_device_id = dr.async_get_device_id_by_identifier(
            hass, (DOMAIN, entry.entry_id), config_entry_id=entry.entry_id
        )

    @property
    @override
    def device_info(self) -> DeviceInfo:
        # Not an attribute, because an entity whose ID changes may be added again, and its subentry
        # may have another name by then.
        return DeviceInfo(
            entry_type=DeviceEntryType.SERVICE,
            identifiers={subentry_identifier(self._entry.entry_id, self._subentry.subentry_id)},
            manufacturer="Directcall",
            model=self._model,
            name=clean_name(self._subentry.title),
            via_device_id=self._via_device_id,
        )


class DirectcallContactEntity(DirectcallSubentryEntity):
    """An entity of a contact."""

    _model = "Contact"

    @property
    def _recipient(self) -> Recipient:
        return recipient_of(self._subentry)


class DirectcallAlertEntity(DirectcallSubentryEntity):
    """An entity of an alert."""

    _model = MODEL_ALERT

    @property
    def _alert(self) -> Alert:
        return Alert.from_subentry(self._subentry)

    @property
    def _alerts(self) -> AlertManager:
        return self._entry.runtime_data.account.alerts


class DirectcallAlertUpdateEntity(DirectcallAlertEntity):
    """An entity that shows the runs of an alert."""

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        signal = async_alert_signal(self._subentry.subentry_id)
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self._async_alert_changed))

    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Do nothing, because nothing depends on the entity's ID."""

    @callback
    def _async_alert_changed(self, update: AlertUpdate) -> None:
        self.async_set_context(update.context)
        self.async_write_ha_state()


class DirectcallTokenEntity(CoordinatorEntity[DirectcallCoordinator], DirectcallEntity):
    """An entity that shows the token of an account."""

    def __init__(self, coordinator: DirectcallCoordinator, description: EntityDescription) -> None:
        """Initialize the entity of the coordinator's account."""
        CoordinatorEntity.__init__(self, coordinator)
        DirectcallEntity.__init__(self, coordinator.config_entry.entry_id, description)

    @property
    @override
    def available(self) -> bool:
        """Return True, because the state also holds without a connection."""
        return True


class DirectcallCallEntity(DirectcallEntity):
    """An entity that shows the calls of an account."""

    def __init__(self, tracker: CallTracker, description: EntityDescription) -> None:
        """Initialize the entity of the tracker's account."""
        super().__init__(tracker.entry_id, description)
        self._tracker = tracker

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self._tracker.async_subscribe(self._async_call_changed))

    # From 2026.11, Home Assistant removes an entity whose ID changes and adds it again, unless each
    # class that defines `async_added_to_hass` defines this method, too.
    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Do nothing, because nothing depends on the entity's ID."""

    @callback
    def _async_call_changed(self, update: CallUpdate) -> None:
        self.async_set_context(update.context)
        self.async_write_ha_state()
