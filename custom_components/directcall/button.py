"""Button platform: calling a contact, hanging up, acknowledging and testing an alert."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import DirectcallConfigEntry
from .alerts import async_get_person
from .calls import CallOrder, PlaceCallOptions
from .const import DOMAIN, SUBENTRY_ALERT, SUBENTRY_CONTACT
from .contacts import AddressBook, is_origin
from .entity import (
    DirectcallAlertEntity,
    DirectcallContactEntity,
    DirectcallEntity,
    async_add_subentry_entities,
)
from .errors import translated_errors

PARALLEL_UPDATES = 0

ACKNOWLEDGE: Final = ButtonEntityDescription(key="acknowledge", translation_key="acknowledge")
CALL: Final = ButtonEntityDescription(key="call", translation_key="call")
HANG_UP: Final = ButtonEntityDescription(key="hang_up", translation_key="hang_up")
HANG_UP_CONTACT: Final = ButtonEntityDescription(key="hang_up", translation_key="hang_up_contact")
TEST: Final = ButtonEntityDescription(
    key="test",
    translation_key="test",
    # *Press button* with the device of an alert as target would acknowledge it, and raise it.
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: DirectcallConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the button of an account, and those of each contact and each alert."""
    async_add_entities([DirectcallHangUpButton(entry)])
    async_add_subentry_entities(
        entry,
        SUBENTRY_CONTACT,
        async_add_entities,
        lambda contact: [
            *_async_create_call_button(hass, entry, contact),
            DirectcallContactHangUpButton(hass, entry, contact, HANG_UP_CONTACT),
        ],
    )
    async_add_subentry_entities(
        entry,
        SUBENTRY_ALERT,
        async_add_entities,
        lambda alert: [
            DirectcallAcknowledgeButton(hass, entry, alert, ACKNOWLEDGE),
            DirectcallTestButton(hass, entry, alert, TEST),
        ],
    )


@callback
def _async_create_call_button(
    hass: HomeAssistant, entry: DirectcallConfigEntry, contact: ConfigSubentry
) -> list[ButtonEntity]:
    """Return the button that calls a contact. Remove it if the contact has the origin's number."""
    button = DirectcallCallButton(hass, entry, contact, CALL)
    if not is_origin(entry, contact):
        return [button]
    registry = er.async_get(hass)
    if entity_id := registry.async_get_entity_id(Platform.BUTTON, DOMAIN, str(button.unique_id)):
        registry.async_remove(entity_id)
    return []


@contextmanager
def _hang_up_errors(contact: str | None = None) -> Iterator[None]:
    """Raise errors of a hang-up for a button, which has no fields to be changed."""
    try:
        with translated_errors(contact):
            yield
    except ServiceValidationError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="nothing_to_hang_up"
        ) from err


class DirectcallHangUpButton(DirectcallEntity, ButtonEntity):
    """The button that hangs up every call of the account."""

    def __init__(self, entry: DirectcallConfigEntry) -> None:
        """Belong to the account."""
        super().__init__(entry.entry_id, HANG_UP)
        self._data = entry.runtime_data

    @override
    async def async_press(self) -> None:
        with _hang_up_errors():
            await self._data.account.calls.async_hang_up_all(self._data.client)


class DirectcallCallButton(DirectcallContactEntity, ButtonEntity):
    """The button that calls a contact with the account's options."""

    @override
    async def async_press(self) -> None:
        recipient = self._recipient
        pair = AddressBook(self.hass, self._entry).get_pair(None, recipient)
        request = PlaceCallOptions.from_entry(self._entry).request(pair)
        data = self._entry.runtime_data
        with translated_errors(recipient.contact):
            await data.account.calls.async_place(
                data.client, CallOrder(request, recipient.contact, self._context or Context())
            )


class DirectcallContactHangUpButton(DirectcallContactEntity, ButtonEntity):
    """The button that hangs up every call of a contact."""

    @override
    async def async_press(self) -> None:
        data, recipient = self._entry.runtime_data, self._recipient
        with _hang_up_errors(recipient.contact):
            await data.account.calls.async_hang_up_all(data.client, recipient.number)


class DirectcallAcknowledgeButton(DirectcallAlertEntity, ButtonEntity):
    """The button that says that somebody has seen an alert."""

    @override
    async def async_press(self) -> None:
        context = self._context or Context()
        by = await async_get_person(self.hass, context)
        self._alerts.async_acknowledge(by, context, self._subentry.subentry_id)


class DirectcallTestButton(DirectcallAlertEntity, ButtonEntity):
    """The button that raises an alert to test it, which really tells the contacts."""

    @override
    async def async_press(self) -> None:
        alert = self._alert
        self._alerts.async_raise(alert, alert.message, self._context or Context(), is_test=True)
