"""Messages that are spoken or written: what people say, checked, and sent once."""

from collections.abc import Collection
from datetime import datetime, time
import re
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .api import (
    ATTEMPTS,
    LONGEST_TEXT,
    MOST_RECIPIENTS,
    Delivery,
    NoCreditError,
    PhoneNumber,
    SentMessage,
    Sms,
    VoiceMessage,
)
from .const import DOMAIN
from .contacts import Recipient
from .coordinator import DirectcallCoordinator
from .credit import Billed, async_clear_no_credit, async_show_no_credit

_HOURS: Final = range(24)


async def async_send(
    hass: HomeAssistant, coordinator: DirectcallCoordinator, message: VoiceMessage | Sms
) -> SentMessage:
    """Send a message. Raise HomeAssistantError if it was not, or may not have been, accepted."""
    entry, client = coordinator.config_entry, coordinator.client
    try:
        if isinstance(message, VoiceMessage):
            sent = await coordinator.async_execute(
                lambda token: client.send_voice_message(token, message)
            )
        else:
            sent = await coordinator.async_execute(lambda token: client.send_sms(token, message))
    except HomeAssistantError as err:
        is_there = hass.config_entries.async_get_entry(entry.entry_id) is not None
        if isinstance(err.__cause__, NoCreditError) and is_there:
            async_show_no_credit(hass, entry, Billed.MESSAGES)
        raise
    async_clear_no_credit(hass, entry.entry_id, Billed.MESSAGES)
    return sent


def check_text(text: str) -> str:
    """Return a text without blanks around it.

    Raise ServiceValidationError if it is empty, or longer than the provider takes: a text is never
    cut.
    """
    text = text.strip()
    if not text:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="message_empty")
    if len(text) > LONGEST_TEXT:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="message_too_long",
            translation_placeholders={"length": str(len(text))},
        )
    return text


def check_recipients(recipients: Collection[Recipient]) -> tuple[PhoneNumber, ...]:
    """Return the numbers of recipients.

    Raise ServiceValidationError if there is none, or more than the provider takes in a request.
    """
    if not recipients:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_recipient")
    if len(recipients) > MOST_RECIPIENTS:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="too_many_recipients",
            translation_placeholders={"count": str(len(recipients))},
        )
    return tuple(recipient.number for recipient in recipients)


def check_attempts(attempts: float) -> int:
    """Return how often a telephone is called. Raise ServiceValidationError if it cannot be."""
    if attempts not in ATTEMPTS:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="invalid_attempts")
    return int(attempts)


def check_delivery(
    send_at: datetime | str | None, earliest_hour: float | None, latest_hour: float | None
) -> Delivery:
    """Return when a message is delivered. Times without a zone, and hours, are the home's.

    Raise ServiceValidationError if that is no time, in the past, or no hour of a day.
    """
    moment = None if send_at is None else _check_moment(send_at)
    day = moment or dt_util.now()
    return Delivery(
        send_at=moment,
        earliest=_check_hour(day, earliest_hour),
        latest=_check_hour(day, latest_hour),
    )


def _check_moment(send_at: datetime | str) -> datetime:
    """Return a moment in the future, to the second."""
    moment = dt_util.parse_datetime(send_at) if isinstance(send_at, str) else send_at
    if moment is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="invalid_send_at")
    moment = moment.replace(microsecond=0)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt_util.get_default_time_zone())
    if moment <= dt_util.utcnow():
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="send_at_in_past")
    return dt_util.as_local(moment)


def _check_hour(day: datetime, hour: float | None) -> datetime | None:
    """Return an hour of a day at home."""
    if hour is None:
        return None
    if hour not in _HOURS:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="invalid_hour")
    return datetime.combine(day, time(int(hour)), dt_util.get_default_time_zone())


def check_message_id(message_id: str | int) -> str:
    """Return the id of a message, which a template makes a number.

    Raise ServiceValidationError if none can look like that.
    """
    text = str(message_id).strip()
    if not re.fullmatch(r"[A-Za-z0-9._:@-]{1,64}", text):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="invalid_message_id"
        )
    return text
