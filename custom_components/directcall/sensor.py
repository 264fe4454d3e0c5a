"""Sensor platform: calls, the balance and the token of an account."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, override

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .account import DirectcallConfigEntry
from .api import Balance
from .balance import BalanceManager, async_balance_signal
from .calls import Call, CallState
from .const import DOMAIN
from .entity import DirectcallCallEntity, DirectcallEntity, DirectcallTokenEntity

PARALLEL_UPDATES = 0

ACTIVE_CALLS: Final = SensorEntityDescription(
    key="active_calls",
    translation_key="active_calls",
    state_class=SensorStateClass.MEASUREMENT,
)
BALANCE: Final = SensorEntityDescription(
    key="balance",
    translation_key="balance",
    device_class=SensorDeviceClass.MONETARY,
    native_unit_of_measurement="BRL",
    state_class=SensorStateClass.TOTAL,
    suggested_display_precision=2,
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
    _async_add_balance(hass, entry, async_add_entities)


@callback
def _async_add_balance(
    hass: HomeAssistant,
    entry: DirectcallConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensor of the balance now if it was there before, or with the first balance."""
    registry = er.async_get(hass)
    unique_id = f"{entry.entry_id}_{BALANCE.key}"

    def is_registered() -> bool:
        return bool(registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id))

    @callback
    def add() -> None:
        manager = entry.runtime_data.balance
        async_add_entities([DirectcallBalanceSensor(entry.entry_id, manager)])

    @callback
    def add_first(_: Balance) -> None:
        if not is_registered():
            add()

    if is_registered():
        add()
    signal = async_balance_signal(entry.entry_id)
    entry.async_on_unload(async_dispatcher_connect(hass, signal, add_first))


class DirectcallBalanceSensor(DirectcallEntity, RestoreSensor):
    """The sensor of the balance, which keeps the last one that was told."""

    def __init__(self, entry_id: str, manager: BalanceManager) -> None:
        """Initialize the sensor of the manager's account."""
        super().__init__(entry_id, BALANCE)
        self._signal = async_balance_signal(entry_id)
        self._manager = manager

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(
            async_dispatcher_connect(self.hass, self._signal, self._async_balance_changed)
        )
        if balance := self._manager.balance:
            self._async_set(balance)
        elif (last := await self.async_get_last_sensor_data()) and isinstance(
            last.native_value, Decimal
        ):
            self._attr_native_value = last.native_value
            self._attr_native_unit_of_measurement = last.native_unit_of_measurement

    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Do nothing, because nothing depends on the entity's ID."""

    async def async_update(self) -> None:
        """Ask for the balance, where a person or an automation wants it updated."""
        await self._manager.async_update()

    @callback
    def _async_balance_changed(self, balance: Balance) -> None:
        self._async_set(balance)
        self.async_write_ha_state()

    @callback
    def _async_set(self, balance: Balance) -> None:
        self._attr_native_value = balance.amount
        self._attr_native_unit_of_measurement = balance.currency


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
