"""Notify platform: voice messages and SMS to contacts."""

from typing import Final, override

from homeassistant.components.notify import (
    NotifyEntity,
    NotifyEntityDescription,
    NotifyEntityFeature,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import DirectcallConfigEntry
from .api import PhoneNumber, Sms, VoiceMessage
from .contacts import AddressBook
from .entity import DirectcallContactEntity, async_add_contact_entities
from .errors import translated_errors
from .messages import async_check_outcomes, async_send_message
from .validation import spoken_text, written_text

PARALLEL_UPDATES = 0

SMS: Final = NotifyEntityDescription(key="sms", translation_key="sms")
VOICE_MESSAGE: Final = NotifyEntityDescription(key="voice_message", translation_key="voice_message")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: DirectcallConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the entities of each contact."""
    async_add_contact_entities(
        entry,
        async_add_entities,
        lambda contact: [
            DirectcallVoiceMessageNotifyEntity(hass, entry, contact, VOICE_MESSAGE),
            DirectcallSmsNotifyEntity(hass, entry, contact, SMS),
        ],
    )


class DirectcallNotifyEntity(DirectcallContactEntity, NotifyEntity):
    """An entity that sends messages to a contact."""

    _attr_supported_features = NotifyEntityFeature.TITLE

    @property
    def _origin(self) -> PhoneNumber:
        return AddressBook(self.hass, self._entry).get_origin(None)

    async def _async_send(self, message: VoiceMessage | Sms) -> None:
        data = self._entry.runtime_data
        with translated_errors():
            outcomes = await async_send_message(
                data.account.requests, data.client, [self._recipient], message
            )
            async_check_outcomes(self.hass, outcomes)


class DirectcallVoiceMessageNotifyEntity(DirectcallNotifyEntity):
    """The entity that speaks a text on the telephone."""

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        await self._async_send(VoiceMessage(self._origin, (), spoken_text(message, title)))


class DirectcallSmsNotifyEntity(DirectcallNotifyEntity):
    """The entity that sends a text to the telephone."""

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        await self._async_send(Sms(self._origin, (), written_text(message, title)))
