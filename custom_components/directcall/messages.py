"""Messages that are spoken or written: what people say, checked, and sent once."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time
from functools import partial
from itertools import batched
import re
from time import monotonic
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from .api import (
    ATTEMPTS,
    DEFAULT_ATTEMPTS,
    LONGEST_TEXT,
    MOST_RECIPIENTS,
    AcceptedRequest,
    Delivery,
    DirectcallClient,
    DirectcallError,
    DirectcallNoCreditError,
    DirectcallOutcomeUnknownError,
    DirectcallRefusedError,
    RequestScope,
    Sms,
    VoiceMessage,
)
from .billing import DEADLINE, UPLOAD_DEADLINE, BilledRequest, RequestManager
from .const import DOMAIN
from .contacts import Recipient, redact_name
from .errors import as_home_assistant_error
from .issues import BilledService
from .times import read_moment

_HOURS: Final = range(24)
# Values that a template renders when there is no message ID.
_NO_IDS: Final = {"None", "True", "False"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one request for a message."""

    recipients: tuple[Recipient, ...]
    result: AcceptedRequest | DirectcallError | HomeAssistantError
    """The provider's confirmation, or the reason that there is none."""


class _Sender:
    """A message on its way to its recipients, with one deadline for all its requests."""

    def __init__(
        self, requests: RequestManager, client: DirectcallClient, message: VoiceMessage | Sms
    ) -> None:
        """Start the time."""
        self._requests = requests
        self._client = client
        self._message = message
        uploads = isinstance(message, VoiceMessage) and isinstance(message.content, bytes)
        self._deadline = monotonic() + (UPLOAD_DEADLINE if uploads else DEADLINE)

    async def async_send(self, groups: Iterable[tuple[Recipient, ...]]) -> list[Outcome]:
        """Send to groups of recipients, one request each, at the same time."""
        outcomes = await asyncio.gather(*(self._async_send_to_group(group) for group in groups))
        return [outcome for each in outcomes for outcome in each]

    async def _async_send_to_group(self, group: tuple[Recipient, ...]) -> list[Outcome]:
        """Send one request. If it is refused because of one recipient, send to each alone."""
        try:
            return [Outcome(group, await self._async_start(group).async_wait())]
        except (DirectcallError, HomeAssistantError) as err:
            if len(group) > 1 and _concerns_one_recipient(err):
                return await self.async_send((recipient,) for recipient in group)
            return [Outcome(group, err)]

    @callback
    def _async_start(self, group: tuple[Recipient, ...]) -> BilledRequest[AcceptedRequest]:
        """Start one request."""
        message = replace(self._message, recipients=tuple(each.number for each in group))
        scope = RequestScope(self._deadline - monotonic())
        if isinstance(message, VoiceMessage):
            service, send = (
                BilledService.VOICE_MESSAGES,
                partial(self._client.send_voice_message, message),
            )
        else:
            service, send = BilledService.SMS, partial(self._client.send_sms, message)
        return self._requests.async_start_billed(service, send, scope)


def _concerns_one_recipient(err: Exception) -> bool:
    """Return if a request may be refused because of one of its recipients."""
    return (
        isinstance(err, DirectcallRefusedError)
        and err.is_readable
        and not isinstance(err, DirectcallNoCreditError)
    )


async def async_send_message(
    requests: RequestManager,
    client: DirectcallClient,
    recipients: Iterable[Recipient],
    message: VoiceMessage | Sms,
) -> list[Outcome]:
    """Send a message to any number of recipients, each request once."""
    groups = batched(recipients, MOST_RECIPIENTS, strict=False)
    return await _Sender(requests, client, message).async_send(groups)


@callback
def async_check_outcomes(
    hass: HomeAssistant, outcomes: Iterable[Outcome], unreachable: Iterable[HomeAssistantError] = ()
) -> list[AcceptedRequest]:
    """Return what was accepted.

    Raise DirectcallError or HomeAssistantError if the message was not accepted, or may not have
    been, for each recipient.
    """
    failed: list[tuple[tuple[Recipient, ...], DirectcallError | HomeAssistantError]] = []
    accepted: list[AcceptedRequest] = []
    reached: list[Recipient] = []
    for outcome in outcomes:
        if isinstance(outcome.result, AcceptedRequest):
            accepted.append(outcome.result)
            reached += outcome.recipients
        else:
            failed.append((outcome.recipients, outcome.result))
    failed += [((), err) for err in unreachable]
    if not failed:
        return accepted
    unknown = [err for _, err in failed if isinstance(err, DirectcallOutcomeUnknownError)]
    if not accepted and len(unknown) in {0, len(failed)}:
        raise failed[0][1]
    names_by_text: dict[str, list[str]] = {}
    for recipients, err in failed:
        names_by_text.setdefault(_text_of(hass, err), []).extend(map(_name_of, recipients))
    raise HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="partly_sent",
        translation_placeholders={
            "sent": ", ".join(map(_name_of, reached)) or "-",
            "failed": "; ".join(
                f"{', '.join(names)}: {text}" if names else text
                for text, names in names_by_text.items()
            ),
        },
    )


def _name_of(recipient: Recipient) -> str:
    """Return a name for a recipient that gives no number away."""
    return redact_name(recipient.contact) if recipient.contact else str(recipient.number)


def _text_of(hass: HomeAssistant, err: DirectcallError | HomeAssistantError) -> str:
    """Return the text of an error in the home's language. Its own is English."""
    if isinstance(err, DirectcallError):
        err = as_home_assistant_error(err, HomeAssistantError)
    texts = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    text = texts.get(f"component.{DOMAIN}.exceptions.{err.translation_key}.message", "{err}")
    return text.format(**(err.translation_placeholders or {}), err=err)


def spoken_text(message: str | None, title: str | None) -> str:
    """Return a text as it is spoken, after its title. Raise what `check_text` raises."""
    return check_text(_join(". ", title, message))


def written_text(message: str | None, title: str | None) -> str:
    """Return a text as it is written, below its title. Raise what `check_text` raises."""
    return check_text(_join("\n", title, message))


def _join(separator: str, *texts: str | None) -> str:
    """Return texts one after the other, without those that are empty."""
    return separator.join(text for text in texts if text and text.strip())


def check_text(text: str) -> str:
    """Return a text without blanks around it.

    Raise ServiceValidationError if it is empty, or longer than the provider takes: a text is never
    cut.
    """
    # Pairs of surrogates are how JSON writes an emoji, and also YAML that was pasted from there.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()
    if not text:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="message_empty")
    if len(text) > LONGEST_TEXT:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="message_too_long",
            translation_placeholders={"length": str(len(text))},
        )
    return text


def check_attempts(attempts: object) -> int:
    """Return how often a telephone is called. Raise ServiceValidationError if it cannot be."""
    if attempts is None:
        return DEFAULT_ATTEMPTS
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
