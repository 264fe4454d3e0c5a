"""Sensor platform: the last call to a contact, and the token of an account."""

from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoreEntity
from homeassistant.util import dt as dt_util

from .account import DirectcallConfigEntry
from .calls import CallState, CallUpdate
from .entity import DirectcallContactEntity, DirectcallTokenEntity, async_add_contact_entities

PARALLEL_UPDATES = 0

ATTR_DURATION: Final = "duration"
ATTR_NUMBER: Final = "number"
ATTR_SINCE: Final = "since"
_ATTRIBUTES: Final = (ATTR_SINCE, ATTR_DURATION, ATTR_NUMBER)

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
    """Add the sensor of an account, and one for each contact."""
    async_add_entities(
        [DirectcallTokenExpiresSensor(entry.runtime_data.coordinator, TOKEN_EXPIRES)]
    )
    async_add_contact_entities(
        entry,
        async_add_entities,
        lambda contact: [DirectcallLastCallSensor(hass, entry, contact, LAST_CALL)],
    )


class DirectcallLastCallSensor(DirectcallContactEntity, SensorEntity, RestoreEntity):
    """The sensor of the latest state of any call to a contact."""

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        if (last := await self.async_get_last_state()) and last.state in CallState:
            self._attr_native_value = last.state
            self._attr_extra_state_attributes = {
                name: last.attributes[name] for name in _ATTRIBUTES if name in last.attributes
            }
        tracker = self._entry.runtime_data.account.calls.tracker
        self.async_on_remove(tracker.async_subscribe(self._async_call_changed))

    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Do nothing, because nothing depends on the entity's ID."""

    @callback
    def _async_call_changed(self, update: CallUpdate) -> None:
        call = update.call
        if call.pair.destination != self._recipient.number:
            return
        self._attr_native_value = update.state
        self._attr_extra_state_attributes = {
            ATTR_SINCE: dt_util.now().isoformat(timespec="seconds"),
            ATTR_DURATION: None if call.duration is None else round(call.duration),
            # Backups hold the attributes, so they must not have a whole number.
            ATTR_NUMBER: str(call.pair.destination),
        }
        if update.context:
            self.async_set_context(update.context)
        self.async_write_ha_state()


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
