"""What entities share."""

from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import DirectcallCoordinator
from .following import FollowedCalls
from .progress import Call, CallState


class DirectcallEntity(Entity):
    """An entity of an account."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry_id: str, description: EntityDescription) -> None:
        """Belong to the account's device."""
        self.entity_description = description
        self._attr_unique_id = f"{entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, entry_id)},
            manufacturer="Directcall",
            name="Directcall",
        )


class DirectcallTokenEntity(CoordinatorEntity[DirectcallCoordinator], DirectcallEntity):
    """An entity that tells of an account's token."""

    def __init__(self, coordinator: DirectcallCoordinator, description: EntityDescription) -> None:
        """Follow the token."""
        CoordinatorEntity.__init__(self, coordinator)
        DirectcallEntity.__init__(self, coordinator.config_entry.entry_id, description)

    @property
    @override
    def available(self) -> bool:
        """Stay available: what an entity says about the connection holds without one."""
        return True


class DirectcallCallEntity(DirectcallEntity):
    """An entity that tells of an account's calls."""

    def __init__(self, followed: FollowedCalls, description: EntityDescription) -> None:
        """Belong to the account whose calls they are."""
        super().__init__(followed.entry_id, description)
        self._followed = followed

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to what becomes of the calls."""
        await super().async_added_to_hass()
        self.async_on_remove(self._followed.async_subscribe(self._async_call_changed))

    @callback
    def _async_call_changed(self, call: Call, state: CallState) -> None:
        """Show a state that a call entered."""
        self.async_write_ha_state()
