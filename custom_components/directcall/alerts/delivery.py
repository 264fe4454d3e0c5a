"""Alert delivery: messages and calls to contacts, and what came of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from ..api import (
    AcceptedRequest,
    DirectcallAuthenticationError,
    DirectcallClient,
    DirectcallConnectionFailedError,
    DirectcallError,
    DirectcallOutcomeUnknownError,
    DirectcallTokenRejectedError,
    Sms,
    VoiceMessage,
)
from ..billing import RequestManager
from ..calls import CallManager, CallOrder, PlaceCallOptions
from ..contacts import AddressBook, Recipient
from ..errors import async_describe
from ..issues import Budget
from ..messages import async_publish_sent_message, async_send_message
from .alert import Channel, StepResult

_LOGGER = logging.getLogger(__name__)

# The provider's own attempts cannot be stopped. They would go on after an acknowledgement, and with
# an all-clear into the next alarm.
_ATTEMPTS: Final = 1


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """A text that is sent through a channel."""

    channel: Channel
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """What came of telling a contact."""

    result: StepResult | None
    """None where nothing was sent, so that it is safe to try again."""
    reason: str | None = field(default=None, repr=False)
    """Why the contact was not told, in the home's language."""


class AlertDelivery:
    """Tells contacts of an account, each request once. No method raises an error."""

    def __init__(
        self, hass: HomeAssistant, entry_id: str, calls: CallManager, requests: RequestManager
    ) -> None:
        """Prepare to tell contacts of an account."""
        self._hass = hass
        self._entry_id = entry_id
        self._calls = calls
        self._requests = requests

    @property
    def _entry(self) -> ConfigEntry:
        return self._hass.config_entries.async_get_known_entry(self._entry_id)

    async def async_send(
        self,
        client: DirectcallClient,
        alert_message: AlertMessage,
        recipients: Mapping[str, Recipient],
        context: Context,
    ) -> dict[str, DeliveryResult]:
        """Send a text to contacts, and return the result of each."""
        try:
            entry = self._entry
            origin = AddressBook(self._hass, entry).get_origin(None)
            message: VoiceMessage | Sms = (
                Sms(origin, (), alert_message.text)
                if alert_message.channel is Channel.SMS
                else VoiceMessage(origin, (), alert_message.text, _ATTEMPTS)
            )
            outcomes = await async_send_message(
                self._requests, client, recipients.values(), message, Budget.ALERTS
            )
        except Exception:
            # A fault of ours must silence neither these contacts nor the next.
            _LOGGER.exception("Unexpected error while sending the message of an alert")
            return dict.fromkeys(recipients, DeliveryResult(StepResult.UNKNOWN))
        async_publish_sent_message(self._hass, entry, message, outcomes, context)
        results = {
            recipient: self._result_of(outcome.result)
            for outcome in outcomes
            for recipient in outcome.recipients
        }
        return {contact: results[recipient] for contact, recipient in recipients.items()}

    async def async_call(
        self, client: DirectcallClient, recipient: Recipient, call_id: str, context: Context
    ) -> DeliveryResult:
        """Place a call that rings the contact first."""
        try:
            pair = AddressBook(self._hass, self._entry).get_pair(None, recipient)
            # A telephone that rings in vain at home would keep the contact from being called.
            options = replace(PlaceCallOptions.from_entry(self._entry), ring_destination_first=True)
            order = CallOrder(
                options.request(pair), recipient.contact, context, call_id, Budget.ALERTS
            )
            await self._calls.async_place(client, order)
        except (DirectcallError, HomeAssistantError) as err:
            return self._result_of(err)
        except Exception:
            _LOGGER.exception("Unexpected error while placing the call of an alert")
            return DeliveryResult(StepResult.UNKNOWN)
        return DeliveryResult(StepResult.ACCEPTED)

    async def async_hang_up(self, client: DirectcallClient, call_id: str) -> None:
        """Hang up a call, unless somebody talks or it is over."""
        try:
            # Up to ten seconds pass between two polls.
            if not await self._calls.async_is_answered(client, call_id):
                await self._calls.async_hang_up_call(client, call_id)
        except (DirectcallError, HomeAssistantError) as err:
            # It may have ended in this moment. Otherwise the telephone stops ringing by itself.
            _LOGGER.debug("The call of an alert was not hung up: %s", type(err).__name__)
        except Exception:
            _LOGGER.exception("Unexpected error while hanging up the call of an alert")

    def _result_of(
        self, result: AcceptedRequest | DirectcallError | HomeAssistantError
    ) -> DeliveryResult:
        if isinstance(result, AcceptedRequest):
            return DeliveryResult(StepResult.ACCEPTED)
        return DeliveryResult(_result_of_error(result), async_describe(self._hass, result))


def _result_of_error(err: DirectcallError | HomeAssistantError) -> StepResult | None:
    """Return the result of a request that failed, or None where nothing was sent."""
    match err:
        case (
            DirectcallConnectionFailedError()
            | DirectcallAuthenticationError()
            | DirectcallTokenRejectedError()
            | HomeAssistantError(translation_key="request_cancelled")
        ):
            return None
        case DirectcallOutcomeUnknownError():
            return StepResult.UNKNOWN
        case _:
            return StepResult.REFUSED
