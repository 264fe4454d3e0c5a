"""Messages that are spoken or written: what people say, checked, and sent once."""

from collections.abc import Collection
from datetime import datetime, time
import re
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from .api import (
    ATTEMPTS,
    LONGEST_TEXT,
    MOST_RECIPIENTS,
    Delivery,
    PhoneNumber,
    RequestScope,
    SentMessage,
    Sms,
    VoiceMessage,
)
from .billing import DEADLINE, UPLOAD_DEADLINE, BilledRequest, async_execute_billed
from .const import DOMAIN
from .contacts import Recipient
from .coordinator import DirectcallCoordinator
from .credit import Billed
from .times import read_moment

_HOURS: Final = range(24)
# What becomes of an id that there is not, or of a condition, where a template hands it on.
_NO_IDS: Final = {"None", "True", "False"}


async def async_send(
    hass: HomeAssistant, coordinator: DirectcallCoordinator, message: VoiceMessage | Sms
) -> SentMessage:
    """Send a message. Raise HomeAssistantError if it was not, or may not have been, accepted."""
    client = coordinator.client

    async def make(scope: RequestScope) -> SentMessage:
        if isinstance(message, VoiceMessage):
            return await async_execute_billed(
                coordinator,
                Billed.VOICE_MESSAGES,
                scope,
                lambda token: client.send_voice_message(token, message, scope),
            )
        return await async_execute_billed(
            coordinator, Billed.SMS, scope, lambda token: client.send_sms(token, message, scope)
        )

    uploads = isinstance(message, VoiceMessage) and isinstance(message.content, bytes)
    request = BilledRequest(
        hass,
        coordinator.config_entry.entry_id,
        make,
        UPLOAD_DEADLINE if uploads else DEADLINE,
    )
    return await request.async_wait()


def check_text(text: str | None) -> str:
    """Return a text without blanks around it.

    Raise ServiceValidationError if it is empty, or longer than the provider takes: a text is never
    cut.
    """
    # Pairs of surrogates are how JSON writes an emoji, and also YAML that was pasted from there.
    text = (text or "").encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()
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


def check_attempts(attempts: object) -> int:
    """Return how often a telephone is called. Raise ServiceValidationError if it cannot be."""
    try:
        return _whole(attempts, ATTEMPTS)
    except ValueError:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="invalid_attempts"
        ) from None


def _whole(value: object, allowed: range) -> int:
    """Return a whole number, which may be written as text. Raise ValueError if it is none."""
    number = float(str(value))
    if number not in allowed:
        raise ValueError
    return int(number)


def check_delivery(send_at: object, earliest_hour: object, latest_hour: object) -> Delivery:
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


def _check_moment(send_at: object) -> datetime:
    """Return a moment in the future, to the second."""
    try:
        moment = read_moment(send_at)
    except TypeError, ValueError, OverflowError:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="invalid_send_at"
        ) from None
    if moment <= dt_util.utcnow():
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="send_at_in_past")
    return moment


def _check_hour(day: datetime, hour: object) -> datetime | None:
    """Return an hour of a day at home."""
    if hour is None:
        return None
    try:
        whole = _whole(hour, _HOURS)
    except ValueError:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="invalid_hour"
        ) from None
    return datetime.combine(day, time(whole), dt_util.get_default_time_zone())


def check_message_id(message_id: object) -> str:
    """Return the id of a message, which a template makes a number.

    Raise ServiceValidationError if none can look like that.
    """
    text = str(message_id).strip()
    if text in _NO_IDS or not re.fullmatch(r"[A-Za-z0-9._:@-]{1,64}", text):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="invalid_message_id"
        )
    return text
