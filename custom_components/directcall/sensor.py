"""Sensor platform: calls and the token of an account."""

from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .account import DirectcallConfigEntry
from .calls import Call, CallState
from .entity import DirectcallCallEntity, DirectcallTokenEntity

PARALLEL_UPDATES = 0

ACTIVE_CALLS: Final = SensorEntityDescription(
    key="active_calls",
    translation_key="active_calls",
    state_class=SensorStateClass.MEASUREMENT,
)
LAST_CALL: Final = SensorEntityDescription(
    key="last_call",
    translation_key="last_call",
    device_class=SensorDeviceClass.ENUM,
    options=[str(state) for state in CallState],
)
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
    """Add the sensors of an account."""
    tracker = entry.runtime_data.account.calls.tracker
    async_add_entities(
        [
            DirectcallActiveCallsSensor(tracker, ACTIVE_CALLS),
            DirectcallLastCallSensor(tracker, LAST_CALL),
            DirectcallTokenExpiresSensor(entry.runtime_data.coordinator, TOKEN_EXPIRES),
        ]
    )


class DirectcallActiveCallsSensor(DirectcallCallEntity, SensorEntity):
    """The sensor of the number of calls that are not over."""

    @property
    @override
    def native_value(self) -> int:
        return self._tracker.active


class DirectcallLastCallSensor(DirectcallCallEntity, RestoreSensor):
    """The sensor of the latest state of any call."""

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        if (last := await self.async_get_last_sensor_data()) and last.native_value in CallState:
            self._attr_native_value = str(last.native_value)

    @callback
    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Do nothing, because nothing depends on the entity's ID."""

    @callback
    @override
    def _async_call_changed(self, call: Call, state: CallState) -> None:
        # Of calls at the same time, several enter the same state.
        if self._attr_native_value != state:
            self._attr_native_value = state
            super()._async_call_changed(call, state)


class DirectcallTokenExpiresSensor(DirectcallTokenEntity, SensorEntity):
    """The sensor of the time at which the token expires."""

    @property
    @override
    def native_value(self) -> datetime | None:
        if (token := self.coordinator.data) is None:
            return None
        # A token counts on the monotonic clock, which does not keep pace with this one exactly.
        end = dt_util.utcnow() + timedelta(seconds=token.seconds_left)
        return (end + timedelta(milliseconds=500)).replace(microsecond=0)
