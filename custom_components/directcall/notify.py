"""Notify platform: voice messages and SMS to contacts, and alerts."""

from typing import Final, override

from homeassistant.components.notify import (
    NotifyEntity,
    NotifyEntityDescription,
    NotifyEntityFeature,
)
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import DirectcallConfigEntry
from .api import PhoneNumber, Sms, VoiceMessage
from .const import SUBENTRY_ALERT, SUBENTRY_CONTACT
from .contacts import AddressBook
from .entity import DirectcallAlertEntity, DirectcallContactEntity, async_add_subentry_entities
from .errors import translated_errors
from .messages import (
    SentMessage,
    async_check_outcomes,
    async_send_message,
    async_sent_message_signal,
)
from .validation import alert_text, spoken_text, written_text

PARALLEL_UPDATES = 0

RAISE: Final = NotifyEntityDescription(key="raise", translation_key="raise")
SMS: Final = NotifyEntityDescription(
    key="sms",
    translation_key="sms",
    # *Send a notification message* to the device of a contact would send and bill both.
    entity_registry_enabled_default=False,
)
VOICE_MESSAGE: Final = NotifyEntityDescription(key="voice_message", translation_key="voice_message")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: DirectcallConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the entities of each contact and each alert."""
    async_add_subentry_entities(
        entry,
        SUBENTRY_CONTACT,
        async_add_entities,
        lambda contact: [
            DirectcallVoiceMessageNotifyEntity(hass, entry, contact, VOICE_MESSAGE),
            DirectcallSmsNotifyEntity(hass, entry, contact, SMS),
        ],
    )
    async_add_subentry_entities(
        entry,
        SUBENTRY_ALERT,
        async_add_entities,
        lambda alert: [DirectcallRaiseNotifyEntity(hass, entry, alert, RAISE)],
    )


class DirectcallNotifyEntity(DirectcallContactEntity, NotifyEntity):
    """An entity that sends messages to a contact."""

    _attr_supported_features = NotifyEntityFeature.TITLE
    _message_type: type[VoiceMessage | Sms]

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        signal = async_sent_message_signal(self._entry.entry_id)
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self._async_message_sent))

    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Do nothing, because nothing depends on the entity's ID."""

    @callback
    def _async_message_sent(self, sent: SentMessage) -> None:
        """Show the time of a message that an action sent to the contact."""
        numbers = {recipient.number for recipient in sent.recipients}
        if isinstance(sent.message, self._message_type) and self._recipient.number in numbers:
            self.async_set_context(sent.context)
            self._async_record_notification()

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

    _message_type = VoiceMessage

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        await self._async_send(VoiceMessage(self._origin, (), spoken_text(message, title)))


class DirectcallSmsNotifyEntity(DirectcallNotifyEntity):
    """The entity that sends a text to the telephone."""

    _message_type = Sms

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        await self._async_send(Sms(self._origin, (), written_text(message, title)))


class DirectcallRaiseNotifyEntity(DirectcallAlertEntity, NotifyEntity):
    """The entity that raises an alert with a text."""

    _attr_supported_features = NotifyEntityFeature.TITLE

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        alert = self._alert
        text = alert_text(message, title, alert.message)
        self._alerts.async_raise(alert, text, self._context or Context())
