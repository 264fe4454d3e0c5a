"""Place calls, once each, and hang them up."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
import logging
from math import ceil
import time
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util.ulid import ulid_now

from ..api import (
    AcceptedRequest,
    CallRequest,
    DirectcallAuthenticationError,
    DirectcallClient,
    DirectcallConnectionError,
    DirectcallError,
    DirectcallNotActiveError,
    DirectcallOutcomeUnknownError,
    DirectcallTokenRejectedError,
    NumberPair,
    ProviderReply,
    RequestScope,
)
from ..billing import DEADLINE, BilledRequest, DetachedRequest, RequestManager, request_cancelled
from ..const import DOMAIN
from ..contacts import redact_name
from ..issues import BilledService
from ..store import AccountStore
from .call import Call
from .tracker import CallTracker

_LOGGER = logging.getLogger(__name__)

# Seconds that an alarm waits to hear whether its pair is live. If that cannot be had, it rings.
_PATIENCE: Final = 5
# Seconds until a call that may not be up yet is asked to be ended again.
_UNTIL_UP: Final = 2
# It is not asked again with fewer seconds left.
_TIME_TO_END: Final = 10


@dataclass(eq=False)
class Placing:
    """A call that was asked for, and what came of that."""

    call: Call
    request: BilledRequest[AcceptedRequest] = field(init=False)
    placed: AcceptedRequest | None = None
    """The provider's word that it accepted the call."""
    doubt: DirectcallError | None = None
    """Why it is not known whether it was placed."""
    error: DirectcallError | None = None
    """Why it surely was not placed."""
    is_hung_up: bool = False
    """Whether somebody hung up before the answer came."""

    async def async_wait(self, seconds: float) -> None:
        """Wait until the destination answers or can no longer, at most for so long.

        The wait ends before if it can no longer be confirmed that the call was placed.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async with asyncio.timeout(self.call.seconds_ambiguous):
                    await self.call.accepted_or_over.wait()
                await self.call.decided.wait()

    def check(self) -> None:
        """Raise DirectcallError as long as it is not known whether the call was placed."""
        if self.doubt and not self.call.is_accepted:
            raise self.doubt

    @callback
    def async_cancel(self) -> bool:
        """Send nothing from now on. Return if nothing was sent, and nothing will be."""
        self.is_hung_up = True
        return self.request.cancel()

    def check_for_others(self, *, shares_any: bool) -> None:
        """Raise the error of this call for others that wait for the same telephones.

        They share it if the line is down, the account is refused, or somebody hung up before
        anything was sent. `shares_any` shares any refusal.
        """
        if self.is_hung_up and self.request.was_prevented:
            raise request_cancelled()
        is_shared = isinstance(
            self.error,
            DirectcallAuthenticationError
            | DirectcallConnectionError
            | DirectcallTokenRejectedError,
        )
        if self.error and (shares_any or is_shared):
            raise self.error


@dataclass(eq=False)
class HangUp:
    """A call between two telephones that is being hung up."""

    pair: NumberPair
    """The two telephones, as their numbers were written when it was placed."""
    call: Call | None
    """The call, once it is followed."""
    placing: Placing | None
    """The call whose request is under way."""
    is_prevented: bool = False
    """Whether its request was cancelled before anything was sent."""
    request: DetachedRequest[ProviderReply] = field(init=False)

    def is_of(self, call: Call | None) -> bool:
        """Return if it is this call that is hung up."""
        return self.call is call or (self.placing is not None and self.placing.call is call)

    @callback
    def async_take_up_answer(self) -> None:
        """Take up the call if its request has ended meanwhile, and it may ring."""
        if self.placing and self.placing.request.has_ended:
            self.is_prevented = self.placing.request.was_prevented
            if not (self.is_prevented or self.placing.error or self.placing.call.is_over):
                self.call = self.placing.call
            self.placing = None


class CallManager:
    """What places and ends the calls of an account."""

    def __init__(
        self, hass: HomeAssistant, entry_id: str, store: AccountStore, requests: RequestManager
    ) -> None:
        """Start without a call."""
        self.tracker: Final = CallTracker(hass, entry_id, store)
        self._requests = requests
        self._under_way: list[Placing] = []
        self._hang_ups: list[HangUp] = []

    async def async_place(
        self, client: DirectcallClient, request: CallRequest, contact: str | None
    ) -> Placing:
        """Place a call to a contact or somebody else, and follow it.

        It is also followed where it is not known whether it was placed.

        Raise ServiceValidationError if there is a call between the two telephones already, and
        HomeAssistantError if this one surely was not placed.
        """
        await self._async_guard(client, request.pair, contact)
        placing = Placing(
            Call(request.pair, request.record, request.ring_destination_first, ulid_now(), contact)
        )
        placing.request = self._requests.async_start_billed(
            BilledService.CALLS,
            partial(self._async_request, client, request, placing),
            RequestScope(DEADLINE, partial(self.tracker.async_expect, placing.call)),
        )
        self._under_way.append(placing)
        placing.request.add_done_callback(partial(self._under_way.remove, placing))
        with suppress(DirectcallOutcomeUnknownError):
            await placing.request.async_wait()
        return placing

    def _find_under_way(self, pair: NumberPair) -> Placing | None:
        """Return the call between two telephones whose request is under way."""
        return next(
            (
                each
                for each in self._under_way
                if each.call.pair.could_match(pair) and not each.request.has_ended
            ),
            None,
        )

    def _find_hang_up(self, pair: NumberPair, call: Call | None) -> HangUp | None:
        """Return what hangs up a call between two telephones."""
        return next((h for h in self._hang_ups if h.pair.could_match(pair) and h.is_of(call)), None)

    async def _async_guard(
        self, client: DirectcallClient, pair: NumberPair, contact: str | None
    ) -> None:
        """Raise if there surely is a call between two telephones. When in doubt, ring."""
        looked_at: Call | None = None
        requests = 0
        has_waited_for_hang_up = False
        while True:
            while placing := self._find_under_way(pair):
                await placing.request.async_wait_for_end()
                requests += 1
                # Whoever waited for two of them does not queue up behind a third.
                placing.check_for_others(shares_any=requests > 1)
            call = self.tracker.find(pair)
            hang_up = self._find_hang_up(pair, call)
            if hang_up and not has_waited_for_hang_up:
                await hang_up.request.async_wait_for_end(_PATIENCE)
                has_waited_for_hang_up = True
                continue
            # A call that is being hung up may be over any moment: it is none that surely is there.
            if hang_up or call is None or call is looked_at:
                return
            if call.is_new or await self._async_is_live(client, call):
                raise _call_in_progress(call, contact)
            looked_at = call

    async def _async_is_live(self, client: DirectcallClient, call: Call) -> bool:
        """Look now whether a call is live."""
        try:
            async with asyncio.timeout(_PATIENCE):
                status = await self.tracker.async_poll(client, call)
        except DirectcallError, TimeoutError:
            return False
        except Exception:
            # A fault of ours must not hold back an alarm.
            _LOGGER.exception("Unexpected error while looking at a call")
            return False
        # A telephone may linger in a call that the look showed to be over.
        return status is not None and status.is_live and not call.is_over

    async def _async_request(
        self,
        client: DirectcallClient,
        request: CallRequest,
        placing: Placing,
        scope: RequestScope,
    ) -> AcceptedRequest:
        """Request a call, and record the response.

        Raise DirectcallOutcomeUnknownError if it may have been placed, or another DirectcallError.
        """
        try:
            placing.placed = await client.place_call(request, scope)
        except asyncio.CancelledError:
            if not scope.is_interrupted:
                self.tracker.async_give_up(placing.call)
            raise
        except DirectcallOutcomeUnknownError as err:
            placing.doubt = err
            # What was hung up meanwhile was placed, whatever the response.
            self.tracker.async_follow(placing.call, accepted=placing.call.was_hung_up)
            raise
        except DirectcallError as err:
            self.tracker.async_give_up(placing.call)
            placing.error = err
            raise
        except Exception as err:
            # A fault of ours: it may ring.
            placing.doubt = DirectcallOutcomeUnknownError(type(err).__name__)
            self.tracker.async_follow(placing.call, accepted=False)
            raise
        placing.call.provider_id = placing.placed.provider_id
        self.tracker.async_follow(placing.call, accepted=True)
        return placing.placed

    async def async_hang_up(self, client: DirectcallClient, pair: NumberPair) -> ProviderReply:
        """Hang up the call between two telephones, whoever placed it.

        Raise ServiceValidationError if there is none, DirectcallError if it fails.
        """
        call = self.tracker.find(pair)
        placing = self._find_under_way(pair)
        if placing and placing.async_cancel() and call is None:
            return ProviderReply("", "")
        hang_up = self._find_hang_up(pair, placing.call if placing else call)
        if hang_up is None:
            placed = placing.call if placing else call
            hang_up = HangUp(placed.pair if placed else pair, call, placing)
            hang_up.request = self._requests.async_start(
                partial(self._async_hang_up, client, hang_up), RequestScope(DEADLINE)
            )
            self._hang_ups.append(hang_up)
            hang_up.request.add_done_callback(partial(self._hang_ups.remove, hang_up))
        # It goes on if the caller is cancelled.
        await hang_up.request.async_wait_for_end()
        return hang_up.request.result()

    async def _async_hang_up(
        self, client: DirectcallClient, hang_up: HangUp, scope: RequestScope
    ) -> ProviderReply:
        """Hang up, also what is not up yet, and record the response."""
        while True:
            asked_at = time.monotonic()
            ended: ProviderReply | None = None
            with suppress(DirectcallNotActiveError):
                ended = await client.end_call(hang_up.pair, scope)
            hang_up.async_take_up_answer()
            if ended:
                self._async_note_ended(hang_up)
                return ended
            if hang_up.call:
                self.tracker.async_observe(hang_up.call, None, asked_at)
            # It may not be up yet, and would ring though somebody hung up.
            if hang_up.placing:
                await hang_up.placing.request.async_wait_for_end(_UNTIL_UP)
                hang_up.async_take_up_answer()
            elif hang_up.call and not hang_up.call.is_over:
                await asyncio.sleep(_UNTIL_UP)
            if hang_up.is_prevented and not hang_up.call:
                return ProviderReply("", "")
            if not self._may_come_up(hang_up) or scope.seconds_left < _TIME_TO_END:
                raise _no_active_call()

    def _may_come_up(self, hang_up: HangUp) -> bool:
        """Return if there may soon be something to hang up, and it is no other call."""
        if self._find_under_way(hang_up.pair) not in {None, hang_up.placing}:
            return False
        return hang_up.placing is not None or (
            hang_up.call is not None and not hang_up.call.is_over
        )

    @callback
    def _async_note_ended(self, hang_up: HangUp) -> None:
        """Record that the provider ended a call."""
        if hang_up.call:
            self.tracker.async_hung_up(hang_up.call)
        elif hang_up.placing:
            hang_up.placing.call.was_hung_up = True

    async def async_hang_up_all(self, client: DirectcallClient) -> None:
        """Hang up every call that was placed here and is not over, or may have been placed.

        Raise ServiceValidationError if there is none, HomeAssistantError if one fails.
        """
        pairs = {*self.tracker.pairs, *(each.call.pair for each in self._under_way)}
        if not pairs:
            raise _no_active_call()
        results = await asyncio.gather(
            *(self.async_hang_up(client, pair) for pair in pairs), return_exceptions=True
        )
        errors = [result for result in results if isinstance(result, BaseException)]
        # What was over before it could be hung up is no matter, unless all of it was.
        if serious := [err for err in errors if not isinstance(err, ServiceValidationError)]:
            raise serious[0]
        if len(errors) == len(pairs):
            raise errors[0]


def _call_in_progress(call: Call, contact: str | None) -> ServiceValidationError:
    """Return the error that there is a call already, or that there may be one."""
    name = contact or call.contact
    placeholders = {"name": redact_name(name) if name else str(call.pair.destination)}
    key = "call_in_progress"
    if call.is_new and (call.may_hide_another_call or not call.is_accepted):
        key = "call_may_be_in_progress"
        placeholders["seconds"] = str(ceil(call.seconds_new))
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def _no_active_call() -> ServiceValidationError:
    """Return the error that there is nothing to hang up."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key="no_active_call")
