"""When an account's token ends."""

from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .coordinator import DirectcallConfigEntry
from .entity import DirectcallEntity

PARALLEL_UPDATES = 0

TOKEN_EXPIRES: Final = SensorEntityDescription(
    key="token_expires",
    translation_key="token_expires",
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: DirectcallConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensor of an account."""
    async_add_entities([DirectcallTokenExpires(entry.runtime_data, TOKEN_EXPIRES)])


class DirectcallTokenExpires(DirectcallEntity, SensorEntity):
    """The moment at which the token ends, if no other comes before."""

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return the end on the wall clock, to the second: it is derived from another clock."""
        if (token := self.coordinator.data) is None:
            return None
        end = dt_util.utcnow() + timedelta(seconds=token.seconds_left)
        return (end + timedelta(milliseconds=500)).replace(microsecond=0)
