"""Actions of messages: send, look up and cancel them."""

from collections.abc import Mapping
from functools import partial
import logging
from typing import Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ..account import DirectcallConfigEntry, DirectcallData
from ..api import Delivery, PhoneNumber, RequestScope, Sms, VoiceMessage
from ..audio import async_get_audio
from ..billing import DEADLINE
from ..const import CONF_ORIGIN
from ..contacts import ATTR_CONTACT, ATTR_DESTINATION, AddressBook, Addressees
from ..messages import async_check_outcomes, async_publish_sent_message, async_send_message
from ..validation import ActionFields, spoken_text, written_text
from .recipients import async_get_addressees
from .responses import Respond, message_response, reply_response

_LOGGER = logging.getLogger(__name__)

ATTR_ATTEMPTS: Final = "attempts"
ATTR_EARLIEST_HOUR: Final = "earliest_hour"
ATTR_LATEST_HOUR: Final = "latest_hour"
ATTR_MEDIA: Final = "media"
ATTR_MEDIA_CONTENT_ID: Final = "media_content_id"
ATTR_MESSAGE: Final = "message"
ATTR_MESSAGE_ID: Final = "message_id"
ATTR_SEND_AT: Final = "send_at"
ATTR_TITLE: Final = "title"

MESSAGE_FIELDS: Final = frozenset({ATTR_CONFIG_ENTRY_ID, ATTR_MESSAGE_ID})
SEND_SMS_FIELDS: Final = frozenset(
    {
        ATTR_CONFIG_ENTRY_ID,
        ATTR_CONTACT,
        ATTR_DESTINATION,
        CONF_ORIGIN,
        ATTR_TITLE,
        ATTR_MESSAGE,
        ATTR_SEND_AT,
        ATTR_EARLIEST_HOUR,
        ATTR_LATEST_HOUR,
    }
)
SEND_VOICE_MESSAGE_FIELDS: Final = SEND_SMS_FIELDS | {ATTR_MEDIA, ATTR_ATTEMPTS}


async def async_send_voice_message(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> Respond:
    """Have a text spoken, or audio played."""
    # The account may be reloaded while the audio is made.
    data = entry.runtime_data
    attempts = fields.get_attempts(ATTR_ATTEMPTS)
    # Errors are raised before the audio is made.
    _async_get_parties(hass, entry, fields)
    _get_delivery(fields)
    content = await _async_get_content(hass, fields)
    # Contacts may have changed meanwhile, and the time to send may have passed.
    origin, addressees = _async_get_parties(hass, entry, fields)
    delivery = _get_delivery(fields)
    message = VoiceMessage(origin, (), content, attempts, delivery)
    return await _async_send(fields, data, addressees, message)


async def async_send_sms(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> Respond:
    """Have a text written."""
    origin, addressees = _async_get_parties(hass, entry, fields)
    delivery = _get_delivery(fields)
    text = written_text(fields.get_text(ATTR_MESSAGE), fields.get_text(ATTR_TITLE))
    sms = Sms(origin, (), text, delivery)
    return await _async_send(fields, entry.runtime_data, addressees, sms)


async def async_get_message_status(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> Respond:
    """Return the provider's reply about the status of a message."""
    message_id = fields.get_message_id(ATTR_MESSAGE_ID)
    reply = await entry.runtime_data.client.message_status(message_id, RequestScope(DEADLINE))
    return partial(reply_response, reply)


async def async_cancel_message(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> Respond:
    """Cancel a message that is scheduled."""
    message_id = fields.get_message_id(ATTR_MESSAGE_ID)
    reply = await entry.runtime_data.client.cancel_message(message_id, RequestScope(DEADLINE))
    return partial(reply_response, reply)


@callback
def _async_get_parties(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> tuple[PhoneNumber, Addressees]:
    book = AddressBook(hass, entry)
    return book.get_origin(fields.get_item(CONF_ORIGIN)), async_get_addressees(fields, book)


def _get_delivery(fields: ActionFields) -> Delivery:
    return fields.get_delivery(ATTR_SEND_AT, ATTR_EARLIEST_HOUR, ATTR_LATEST_HOUR)


async def _async_get_content(hass: HomeAssistant, fields: ActionFields) -> str | bytes:
    """Return the text that is spoken, or audio. With both, the text replaces audio that fails."""
    message, title = fields.get_text(ATTR_MESSAGE), fields.get_text(ATTR_TITLE)
    media = fields.get(ATTR_MEDIA)
    if media is None:
        return spoken_text(message, title)
    content_id = media.get(ATTR_MEDIA_CONTENT_ID) if isinstance(media, Mapping) else media
    has_text = bool(message or title)
    try:
        return await async_get_audio(hass, content_id, waits_for_others=not has_text)
    except HomeAssistantError as err:
        if not has_text:
            raise
        _LOGGER.warning("The text is spoken instead of the audio: %s", err.translation_key)
        return spoken_text(message, title)


async def _async_send(
    fields: ActionFields, data: DirectcallData, addressees: Addressees, message: VoiceMessage | Sms
) -> Respond:
    hass = fields.hass
    recipients = addressees.recipients
    outcomes = await async_send_message(data.account.requests, data.client, recipients, message)
    entry = data.coordinator.config_entry
    async_publish_sent_message(hass, entry, message, outcomes, fields.context)
    accepted = async_check_outcomes(hass, outcomes, addressees.errors)
    return partial(message_response, accepted, recipients, message)
