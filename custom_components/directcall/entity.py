"""What entities share."""

from typing import override

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import DirectcallCoordinator


class DirectcallEntity(CoordinatorEntity[DirectcallCoordinator]):
    """An entity of an account."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: DirectcallCoordinator, description: EntityDescription) -> None:
        """Belong to the account's device."""
        super().__init__(coordinator)
        entry_id = coordinator.config_entry.entry_id
        self.entity_description = description
        self._attr_unique_id = f"{entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, entry_id)},
            manufacturer="Directcall",
            name="Directcall",
        )

    @property
    @override
    def available(self) -> bool:
        """Stay available: what an entity says about the connection holds without one."""
        return True
