"""Button platform: calling a contact, hanging up."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import DirectcallConfigEntry
from .calls import PlaceCallOptions
from .const import DOMAIN, SUBENTRY_CONTACT
from .contacts import AddressBook
from .entity import DirectcallContactEntity, DirectcallEntity
from .errors import translated_errors

PARALLEL_UPDATES = 0

CALL: Final = ButtonEntityDescription(key="call", translation_key="call")
HANG_UP: Final = ButtonEntityDescription(key="hang_up", translation_key="hang_up")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: DirectcallConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the button of an account, and one for each contact."""
    async_add_entities([DirectcallHangUpButton(entry)])
    for contact in entry.get_subentries_of_type(SUBENTRY_CONTACT):
        async_add_entities(
            [DirectcallCallButton(hass, entry, contact, CALL)],
            config_subentry_id=contact.subentry_id,
        )


@contextmanager
def _hang_up_errors() -> Iterator[None]:
    """Raise errors of a hang-up for a button, which has no fields to be changed."""
    try:
        with translated_errors():
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
        with translated_errors():
            await data.account.calls.async_place(data.client, request, recipient.contact)
