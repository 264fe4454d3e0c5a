"""What calls a contact, and what ends an account's calls."""

from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .calls import CallManager, async_get_calls, request_call
from .const import SUBENTRY_CONTACT
from .contacts import AddressBook
from .coordinator import DirectcallConfigEntry, DirectcallCoordinator
from .entity import DirectcallContactEntity, DirectcallEntity

PARALLEL_UPDATES = 0

CALL: Final = ButtonEntityDescription(key="call", translation_key="call")
HANG_UP: Final = ButtonEntityDescription(key="hang_up", translation_key="hang_up")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: DirectcallConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the button of an account, and one for each contact."""
    calls = async_get_calls(hass, entry.entry_id)
    async_add_entities([DirectcallHangUpButton(entry.runtime_data, calls)])
    for contact in entry.get_subentries_of_type(SUBENTRY_CONTACT):
        async_add_entities(
            [DirectcallCallButton(hass, entry, contact, calls)],
            config_subentry_id=contact.subentry_id,
        )


class DirectcallHangUpButton(DirectcallEntity, ButtonEntity):
    """Hangs up every call of the account."""

    def __init__(self, coordinator: DirectcallCoordinator, calls: CallManager) -> None:
        """Belong to the account whose calls it hangs up."""
        super().__init__(coordinator.config_entry.entry_id, HANG_UP)
        self._coordinator = coordinator
        self._calls = calls

    @override
    async def async_press(self) -> None:
        """Hang up, or raise where there is nothing to hang up."""
        await self._calls.async_hang_up_all(self._coordinator)


class DirectcallCallButton(DirectcallContactEntity, ButtonEntity):
    """Calls a contact as the account's options say."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: DirectcallConfigEntry,
        contact: ConfigSubentry,
        calls: CallManager,
    ) -> None:
        """Call through the account to which the contact belongs."""
        super().__init__(hass, entry, contact, CALL)
        self._calls = calls

    @override
    async def async_press(self) -> None:
        """Call, or raise where that fails."""
        recipient = self._recipient
        pair = AddressBook(self.hass, self._entry).get_pair(None, recipient)
        request = request_call(pair, self._entry.options)
        placing = await self._calls.async_place(
            self._entry.runtime_data, request, recipient.contact
        )
        placing.check()
