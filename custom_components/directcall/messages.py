"""Messages that are spoken or written: each request is sent once."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import batched, chain
from time import monotonic

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import SignalType, async_dispatcher_send

from .api import (
    MOST_RECIPIENTS,
    AcceptedRequest,
    DirectcallClient,
    DirectcallError,
    DirectcallNoCreditError,
    DirectcallOutcomeUnknownError,
    DirectcallRefusedError,
    RequestScope,
    Sms,
    VoiceMessage,
    redact_name,
)
from .billing import DEADLINE, UPLOAD_DEADLINE, BilledRequest, RequestManager
from .const import DOMAIN
from .contacts import Recipient
from .errors import async_describe, translated_errors
from .issues import BilledService, Budget


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one request for a message."""

    recipients: tuple[Recipient, ...]
    result: AcceptedRequest | DirectcallError | HomeAssistantError
    """The provider's confirmation, or the reason that there is none."""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that the provider accepted for its recipients."""

    message: VoiceMessage | Sms
    recipients: tuple[Recipient, ...]
    context: Context
    """The context of the action or the alert that sent it."""


@callback
def async_sent_message_signal(entry_id: str) -> SignalType[SentMessage]:
    """Return the signal that an action or an alert of an account has sent a message."""
    return SignalType(f"{DOMAIN}_sent_message_{entry_id}")


class _Sender:
    """A message on its way to its recipients, with one deadline for all its requests."""

    def __init__(
        self,
        requests: RequestManager,
        client: DirectcallClient,
        message: VoiceMessage | Sms,
        budget: Budget,
    ) -> None:
        """Start the time."""
        self._budget = budget
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
        message = replace(self._message, recipients=tuple(each.number for each in group))
        scope = RequestScope(self._deadline - monotonic())
        if isinstance(message, VoiceMessage):
            service, send = (
                BilledService.VOICE_MESSAGES,
                partial(self._client.send_voice_message, message),
            )
        else:
            service, send = BilledService.SMS, partial(self._client.send_sms, message)
        return self._requests.async_start_billed(service, send, scope, self._budget)


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
    budget: Budget = Budget.ACTIONS,
) -> list[Outcome]:
    """Send a message to any number of recipients, each request once."""
    groups = batched(recipients, MOST_RECIPIENTS, strict=False)
    return await _Sender(requests, client, message, budget).async_send(groups)


@callback
def async_publish_sent_message(
    hass: HomeAssistant,
    entry: ConfigEntry,
    message: VoiceMessage | Sms,
    outcomes: Iterable[Outcome],
    context: Context,
) -> None:
    """Publish a message that an action or an alert has sent."""
    reached = (each.recipients for each in outcomes if isinstance(each.result, AcceptedRequest))
    async_dispatcher_send(
        hass,
        async_sent_message_signal(entry.entry_id),
        SentMessage(message, tuple(chain.from_iterable(reached)), context),
    )


@callback
def async_check_outcomes(
    hass: HomeAssistant, outcomes: Iterable[Outcome], unreachable: Iterable[HomeAssistantError] = ()
) -> list[AcceptedRequest]:
    """Return what was accepted. Raise an error if anything was not, or may not have been."""
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
        recipients, err = failed[0]
        with translated_errors(*(recipient.contact for recipient in recipients)):
            raise err
    names_by_text: dict[str, list[str]] = {}
    for recipients, err in failed:
        names_by_text.setdefault(async_describe(hass, err), []).extend(map(_name_of, recipients))
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
    return redact_name(recipient.contact) if recipient.contact else str(recipient.number)
