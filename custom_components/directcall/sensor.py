"""Sensor platform: statuses of alerts, last calls, and the balance and the token of an account."""

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
from homeassistant.helpers.restore_state import RestoredExtraData, RestoreEntity
from homeassistant.util import dt as dt_util

from .account import DirectcallConfigEntry
from .alerts import AlertStatus, AlertUpdate
from .api import Balance, redact_name, redact_text
from .balance import BalanceManager, async_balance_signal
from .calls import CallState, CallUpdate
from .const import ATTR_DURATION, DOMAIN, SUBENTRY_ALERT, SUBENTRY_CONTACT
from .contacts import ATTR_CONTACT
from .entity import (
    DirectcallAlertUpdateEntity,
    DirectcallContactEntity,
    DirectcallEntity,
    DirectcallTokenEntity,
    async_add_subentry_entities,
)

PARALLEL_UPDATES = 0

ATTR_ACKNOWLEDGED_BY: Final = "acknowledged_by"
ATTR_ALERT_ID: Final = "alert_id"
ATTR_NUMBER: Final = "number"
ATTR_RAISED_AT: Final = "raised_at"
ATTR_ROUND: Final = "round"
ATTR_SINCE: Final = "since"
_CALL_ATTRIBUTES: Final = (ATTR_SINCE, ATTR_DURATION, ATTR_NUMBER)
# A contact has its turn only while the alert is active.
_ALERT_ATTRIBUTES: Final = (ATTR_ALERT_ID, ATTR_ROUND, ATTR_RAISED_AT, ATTR_ACKNOWLEDGED_BY)

ALERT_STATUS: Final = SensorEntityDescription(
    key="status",
    translation_key="alert_status",
    device_class=SensorDeviceClass.ENUM,
    options=[str(status) for status in AlertStatus],
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
    """Add the sensors of an account, and one for each contact and each alert."""
    async_add_entities(
        [DirectcallTokenExpiresSensor(entry.runtime_data.coordinator, TOKEN_EXPIRES)]
    )
    async_add_subentry_entities(
        entry,
        SUBENTRY_CONTACT,
        async_add_entities,
        lambda contact: [DirectcallLastCallSensor(hass, entry, contact, LAST_CALL)],
    )
    async_add_subentry_entities(
        entry,
        SUBENTRY_ALERT,
        async_add_entities,
        lambda alert: [DirectcallAlertStatusSensor(hass, entry, alert, ALERT_STATUS)],
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


class DirectcallLastCallSensor(DirectcallContactEntity, SensorEntity, RestoreEntity):
    """The sensor of the latest state of any call to a contact."""

    _call_id: str | None = None

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        tracker = self._entry.runtime_data.account.calls.tracker
        last = await self.async_get_last_state()
        number = str(self._recipient.number)
        # The entity's ID may have been that of a contact that was deleted.
        if last and last.state in CallState and last.attributes.get(ATTR_NUMBER) == number:
            # Home Assistant saves states now and then. After a power cut, the call may be over.
            is_known = CallState(last.state).is_over or tracker.has_call_to(self._recipient.number)
            self._attr_native_value = last.state if is_known else CallState.UNKNOWN
            self._attr_extra_state_attributes = {
                name: last.attributes[name] for name in _CALL_ATTRIBUTES if name in last.attributes
            }
        self.async_on_remove(tracker.async_subscribe(self._async_call_changed))

    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Do nothing, because nothing depends on the entity's ID."""

    @callback
    def _async_call_changed(self, update: CallUpdate) -> None:
        call = update.call
        is_to_contact = call.pair.destination.could_match(self._recipient.number)
        # The contact's number may change in the middle of a call.
        if not is_to_contact and call.call_id != self._call_id:
            return
        self._call_id = call.call_id
        self._attr_native_value = update.state
        self._attr_extra_state_attributes = {
            ATTR_SINCE: dt_util.now().isoformat(timespec="seconds"),
            ATTR_DURATION: None if call.duration is None else round(call.duration),
            # Backups hold the attributes, so they must not have a whole number.
            ATTR_NUMBER: str(call.pair.destination),
        }
        self.async_set_context(update.context)
        self.async_write_ha_state()


class DirectcallAlertStatusSensor(DirectcallAlertUpdateEntity, SensorEntity, RestoreEntity):
    """The sensor of the status of an alert's latest run."""

    _attr_native_value: str | None = AlertStatus.IDLE
    _shown: tuple[str | int | None, ...] = ()

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        if update := self._alerts.current(self._subentry.subentry_id):
            self._async_set(update)
            return
        last, extra = await self.async_get_last_state(), await self.async_get_last_extra_data()
        # The entity's ID may have been that of an alert that was deleted.
        if last and extra and extra.as_dict() == self.extra_restore_state_data.as_dict():
            # Home Assistant saves states now and then. After a power cut, an alert that has ended
            # may seem to be active, and nothing says by then how it ended.
            is_over = last.state in AlertStatus and not AlertStatus(last.state).is_active
            self._attr_native_value = last.state if is_over else None
            self._attr_extra_state_attributes = {
                name: last.attributes[name] for name in _ALERT_ATTRIBUTES if name in last.attributes
            }

    @callback
    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Do nothing, because nothing depends on the entity's ID."""

    @property
    @override
    def extra_restore_state_data(self) -> RestoredExtraData:
        return RestoredExtraData({"subentry_id": self._subentry.subentry_id})

    @callback
    @override
    def _async_alert_changed(self, update: AlertUpdate) -> None:
        run = update.run
        shown = update.status, update.contact, run.alert_id, run.round
        # Many contacts may be told at once, and names take their time.
        if shown != self._shown:
            self._shown = shown
            self._async_set(update)
            super()._async_alert_changed(update)

    @callback
    def _async_set(self, update: AlertUpdate) -> None:
        run = update.run
        is_acknowledged = run.end is AlertStatus.ACKNOWLEDGED
        self._attr_native_value = update.status
        self._attr_extra_state_attributes = {
            ATTR_ALERT_ID: run.alert_id,
            ATTR_CONTACT: _redact_names(update.contact) if update.contact else None,
            ATTR_ROUND: run.round,
            ATTR_RAISED_AT: dt_util.as_local(dt_util.utc_from_timestamp(run.raised_at)).isoformat(
                timespec="seconds"
            ),
            ATTR_ACKNOWLEDGED_BY: redact_name(run.ended_by)
            if is_acknowledged and run.ended_by
            else None,
        }


def _redact_names(names: str) -> str:
    # A number in a name may have a comma, too.
    return redact_text(", ".join(redact_name(name) for name in names.split(", ")), [])


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
