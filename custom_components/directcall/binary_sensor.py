"""Binary sensor platform: the connection of an account."""

from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later

from .account import DirectcallConfigEntry
from .entity import DirectcallTokenEntity

PARALLEL_UPDATES = 0

CONNECTION: Final = BinarySensorEntityDescription(
    key="connection",
    translation_key="connection",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: DirectcallConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensor of an account."""
    async_add_entities(
        [DirectcallConnectionBinarySensor(entry.runtime_data.coordinator, CONNECTION)]
    )


class DirectcallConnectionBinarySensor(DirectcallTokenEntity, BinarySensorEntity):
    """The sensor that is on while the account has a valid token."""

    _cancel_expiry: CALLBACK_TYPE | None = None

    @property
    @override
    def is_on(self) -> bool:
        return self.coordinator.is_connected

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self._async_cancel_expiry)
        self._async_schedule_expiry()

    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Do nothing, because nothing depends on the entity's ID."""

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._async_schedule_expiry()
        super()._handle_coordinator_update()

    @callback
    def _async_schedule_expiry(self) -> None:
        self._async_cancel_expiry()
        token = self.coordinator.data
        if token is not None and token.seconds_left > 0:
            self._cancel_expiry = async_call_later(
                self.hass,
                token.seconds_left,
                HassJob(self._async_expired, cancel_on_shutdown=True),
            )

    @callback
    def _async_expired(self, _now: object) -> None:
        self._cancel_expiry = None
        self.async_write_ha_state()

    @callback
    def _async_cancel_expiry(self) -> None:
        if self._cancel_expiry:
            self._cancel_expiry()
            self._cancel_expiry = None
