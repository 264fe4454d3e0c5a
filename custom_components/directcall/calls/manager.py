"""Call manager: calls are placed once each, and hung up."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
import logging
from math import ceil
import time
from typing import Final

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util.ulid import ulid_now

from ..api import (
    AcceptedRequest,
    CallRequest,
    DirectcallClient,
    DirectcallError,
    DirectcallOutcomeUnknownError,
    NumberPair,
    PhoneNumber,
    RequestScope,
    redact_name,
)
from ..billing import DEADLINE, RequestManager
from ..const import DOMAIN
from ..issues import BilledService, Budget
from ..store import AccountStore
from . import state_machine
from .call import Call
from .hang_up import HangUp, HangUpResult, PreventedCall, no_active_call
from .requested_call import RequestedCall, RequestedCalls
from .tracker import CallTracker, TrackedCall

_LOGGER = logging.getLogger(__name__)

# Seconds that an alarm waits to hear whether its pair is live. Without an answer, it rings.
_POLL_TIMEOUT: Final = 5


@dataclass(frozen=True, slots=True)
class CallOrder:
    """A call that is to be placed, and for whom."""

    request: CallRequest
    contact: str | None = field(repr=False)
    """The name of the contact that is called."""
    context: Context
    """The context of the action that asks for the call."""
    call_id: str = field(default_factory=ulid_now)
    budget: Budget = Budget.ACTIONS


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A call that surely was placed, as it was when the waiting ended."""

    call: Call
    reply: AcceptedRequest | None
    """None where the reply was lost, and the call turned up."""


class CallManager:
    """The manager of an account's calls."""

    def __init__(
        self, hass: HomeAssistant, entry_id: str, store: AccountStore, requests: RequestManager
    ) -> None:
        """Start without a call."""
        self.tracker: Final = CallTracker(hass, entry_id, store)
        self._requests = requests
        self._requested = RequestedCalls()
        self._hang_ups: list[HangUp] = []

    async def async_place(
        self,
        client: DirectcallClient,
        order: CallOrder,
        outcome_timeout: float | None = None,
    ) -> PlacedCall:
        """Place a call, and wait for its outcome for some seconds at most, if any are given.

        Raise ServiceValidationError if there is a call between the two telephones already,
        HomeAssistantError if the request was cancelled, DirectcallOutcomeUnknownError if it is
        not known whether the call was placed, or another DirectcallError if it was not.
        """
        request = order.request
        await self._async_guard(client, request.pair, order.contact)
        tracked = TrackedCall(
            Call(
                call_id=order.call_id,
                pair=request.pair,
                recorded=request.record,
                ring_destination_first=request.ring_destination_first,
                contact=order.contact,
            ),
            order.context,
        )
        billed = self._requests.async_start_billed(
            BilledService.CALLS,
            partial(self._async_request, client, request, tracked),
            RequestScope(DEADLINE, partial(self.tracker.async_request_sent, tracked)),
            order.budget,
        )
        self._requested.async_add(RequestedCall(tracked, billed))
        reply: AcceptedRequest | None = None
        error: DirectcallError | None = None
        try:
            reply = await billed.async_wait()
        except DirectcallOutcomeUnknownError as err:
            error = err
        if outcome_timeout is not None:
            await tracked.async_wait_for_outcome(outcome_timeout)
        if error and not tracked.call.is_accepted:
            raise error
        return PlacedCall(tracked.call, reply)

    async def _async_request(
        self,
        client: DirectcallClient,
        request: CallRequest,
        tracked: TrackedCall,
        scope: RequestScope,
    ) -> AcceptedRequest:
        try:
            reply = await client.place_call(request, scope)
        except asyncio.CancelledError:
            if not scope.is_interrupted:
                self.tracker.async_request_failed(tracked)
            raise
        except DirectcallOutcomeUnknownError:
            self.tracker.async_track(tracked, None)
            raise
        except DirectcallError:
            self.tracker.async_request_failed(tracked)
            raise
        except Exception:
            # An error of ours says nothing about the call: it may ring.
            self.tracker.async_track(tracked, None)
            raise
        self.tracker.async_track(tracked, reply)
        return reply

    def _find_hang_up(self, pair: NumberPair, tracked: TrackedCall | None) -> HangUp | None:
        return next(
            (
                each
                for each in self._hang_ups
                if each.pair.could_match(pair) and each.is_of(tracked)
            ),
            None,
        )

    async def _async_guard(
        self, client: DirectcallClient, pair: NumberPair, contact: str | None
    ) -> None:
        """Raise an error if there surely is a call between two telephones. When in doubt, ring."""
        polled: TrackedCall | None = None
        requests = 0
        has_waited_for_hang_up = False
        while True:
            while requested := self._requested.find(pair):
                await requested.request.async_wait_for_end()
                requests += 1
                # A call that waited for two of them does not queue up behind a third.
                requested.raise_shared_error(shares_any=requests > 1)
            tracked = self.tracker.find(pair)
            hang_up = self._find_hang_up(pair, tracked)
            if hang_up and not has_waited_for_hang_up:
                await hang_up.request.async_wait_for_end(_POLL_TIMEOUT)
                has_waited_for_hang_up = True
                continue
            # A call that is being hung up may be over any moment.
            if hang_up or tracked is None or tracked is polled:
                return
            is_new = state_machine.seconds_until_status(tracked.call, time.monotonic()) > 0
            if is_new or await self._async_is_live(client, tracked):
                raise _call_in_progress(tracked.call, contact)
            polled = tracked

    async def _async_is_live(self, client: DirectcallClient, tracked: TrackedCall) -> bool:
        try:
            async with asyncio.timeout(_POLL_TIMEOUT):
                status = await self.tracker.async_poll(client, tracked)
        except DirectcallError, TimeoutError:
            return False
        except Exception:
            # An error of ours must not hold back an alarm.
            _LOGGER.exception("Unexpected error while polling a call")
            return False
        # A telephone may linger in a call that is over.
        return status is not None and status.is_live and not tracked.call.is_over

    async def async_hang_up(self, client: DirectcallClient, pair: NumberPair) -> HangUpResult:
        """Hang up the call between two telephones, also one that was not placed here.

        Raise ServiceValidationError if there is none, DirectcallError if it fails.
        """
        tracked = self.tracker.find(pair)
        requested = self._requested.find(pair)
        if requested and requested.async_cancel() and tracked is None:
            return PreventedCall()
        newest = requested.tracked if requested else tracked
        hang_up = self._find_hang_up(pair, newest)
        if hang_up is None:
            hang_up = HangUp(
                self.tracker,
                self._requested,
                newest.call.pair if newest else pair,
                tracked,
                requested,
            )
            hang_up.async_start(self._requests, client)
            self._hang_ups.append(hang_up)
            hang_up.request.add_done_callback(partial(self._hang_ups.remove, hang_up))
        await hang_up.request.async_wait_for_end()
        return hang_up.request.result()

    async def async_is_answered(self, client: DirectcallClient, call_id: str) -> bool:
        """Return if a call that was placed here is answered, as far as a poll now can say."""
        tracked = self.tracker.get(call_id)
        if tracked is None:
            return False
        await self._async_is_live(client, tracked)
        return tracked.call.answered_after is not None

    async def async_hang_up_call(self, client: DirectcallClient, call_id: str) -> None:
        """Hang up a call that was placed here, unless it is over.

        Raise what `async_hang_up` raises.
        """
        if pair := self.find_pair(call_id):
            await self.async_hang_up(client, pair)

    def find_pair(self, call_id: str) -> NumberPair | None:
        """Return the telephones of a call that was requested or placed here, and is not over."""
        tracked = self.tracker.get(call_id) or self._requested.get(call_id)
        return tracked.call.pair if tracked else None

    async def async_hang_up_all(
        self, client: DirectcallClient, telephone: PhoneNumber | None = None
    ) -> None:
        """Hang up every call that was placed here, or every one of a telephone.

        Raise what `async_hang_up` raises.
        """
        pairs = {
            pair
            for pair in (*self.tracker.pairs, *self._requested.pairs)
            if telephone is None or pair.includes(telephone)
        }
        if not pairs:
            raise no_active_call()
        results = await asyncio.gather(
            *(self.async_hang_up(client, pair) for pair in pairs), return_exceptions=True
        )
        errors = [result for result in results if isinstance(result, BaseException)]
        # That one was over before does not matter, unless all of them were.
        if serious := [err for err in errors if not isinstance(err, ServiceValidationError)]:
            raise serious[0]
        if len(errors) == len(pairs):
            raise errors[0]


def _call_in_progress(call: Call, contact: str | None) -> ServiceValidationError:
    name = contact or call.contact
    placeholders = {"name": redact_name(name) if name else str(call.pair.destination)}
    key = "call_in_progress"
    seconds = state_machine.seconds_until_status(call, time.monotonic())
    if seconds and (call.may_hide_another_call or not call.is_accepted):
        key = "call_may_be_in_progress"
        placeholders["seconds"] = str(ceil(seconds))
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
