"""What speaks to a contact, and what writes to one."""

from typing import Final, override

from homeassistant.components.notify import (
    NotifyEntity,
    NotifyEntityDescription,
    NotifyEntityFeature,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import PhoneNumber, Sms, VoiceMessage
from .const import SUBENTRY_CONTACT
from .contacts import AddressBook
from .coordinator import DirectcallConfigEntry
from .entity import DirectcallContactEntity
from .messages import MessageFor, async_check_sent, async_send, spoken_text, written_text

PARALLEL_UPDATES = 0

SMS: Final = NotifyEntityDescription(key="sms", translation_key="sms")
VOICE_MESSAGE: Final = NotifyEntityDescription(key="voice_message", translation_key="voice_message")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: DirectcallConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add what reaches each contact."""
    for contact in entry.get_subentries_of_type(SUBENTRY_CONTACT):
        async_add_entities(
            [
                DirectcallVoiceMessageNotifyEntity(hass, entry, contact, VOICE_MESSAGE),
                DirectcallSmsNotifyEntity(hass, entry, contact, SMS),
            ],
            config_subentry_id=contact.subentry_id,
        )


class DirectcallNotifyEntity(DirectcallContactEntity, NotifyEntity):
    """Sends messages to a contact."""

    _attr_supported_features = NotifyEntityFeature.TITLE

    @property
    def _origin(self) -> PhoneNumber:
        """Return the account's origin number."""
        return AddressBook(self.hass, self._entry).get_origin(None)

    async def _async_send(self, message_for: MessageFor) -> None:
        """Send a message, or raise where that fails."""
        outcomes = await async_send(self._entry.runtime_data, [self._recipient], message_for)
        async_check_sent(self.hass, outcomes)


class DirectcallVoiceMessageNotifyEntity(DirectcallNotifyEntity):
    """Has a text spoken on the telephone."""

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Speak a text, after its title, or raise where that fails."""
        text, origin = spoken_text(message, title), self._origin
        await self._async_send(lambda numbers: VoiceMessage(origin, numbers, text))


class DirectcallSmsNotifyEntity(DirectcallNotifyEntity):
    """Has a text written on the telephone."""

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Send a text, below its title, or raise where that fails."""
        text, origin = written_text(message, title), self._origin
        await self._async_send(lambda numbers: Sms(origin, numbers, text))
