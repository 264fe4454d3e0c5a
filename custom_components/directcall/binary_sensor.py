"""Binary sensor platform: calls in progress, and the connection of an account."""

from typing import Any, Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later

from .account import DirectcallConfigEntry
from .api import redact_name
from .calls import CallTracker, CallUpdate
from .entity import DirectcallCallEntity, DirectcallTokenEntity

PARALLEL_UPDATES = 0

CALL_IN_PROGRESS: Final = BinarySensorEntityDescription(
    key="call_in_progress", translation_key="call_in_progress"
)
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
    """Add the binary sensors of an account."""
    data = entry.runtime_data
    async_add_entities(
        [
            DirectcallCallInProgressBinarySensor(data.account.calls.tracker, CALL_IN_PROGRESS),
            DirectcallConnectionBinarySensor(data.coordinator, CONNECTION),
        ]
    )


class DirectcallCallInProgressBinarySensor(DirectcallCallEntity, BinarySensorEntity):
    """The sensor that is on while the account has a call that is not over."""

    def __init__(self, tracker: CallTracker, description: EntityDescription) -> None:
        """Begin with the calls that were tracked before."""
        super().__init__(tracker, description)
        self._calls = tracker.placed

    @property
    @override
    def is_on(self) -> bool:
        return bool(self._calls)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        return {"contacts": [redact_name(call.contact) for call in self._calls if call.contact]}

    @callback
    @override
    def _async_call_changed(self, update: CallUpdate) -> None:
        shown = self.is_on, self.extra_state_attributes
        self._calls = self._tracker.placed
        if (self.is_on, self.extra_state_attributes) != shown:
            super()._async_call_changed(update)


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
