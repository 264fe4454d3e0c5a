"""Place calls, once each, and hang them up."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
import logging
from math import ceil
import time
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.ulid import ulid_now

from ..api import (
    AcceptedRequest,
    CallRequest,
    DirectcallAuthenticationError,
    DirectcallConnectionError,
    DirectcallError,
    DirectcallNotActiveError,
    DirectcallOutcomeUnknownError,
    DirectcallTokenRejectedError,
    NumberPair,
    ProviderReply,
    RequestScope,
    Token,
)
from ..billing import DEADLINE, BilledRequest, async_execute_billed, request_cancelled
from ..const import CONF_RECORD, CONF_RING_DESTINATION_FIRST, CONF_SHOW_CALLER_ID, DOMAIN
from ..contacts import redact_name
from ..coordinator import DirectcallCoordinator, translated
from ..issues import BilledService, async_clear_no_credit
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
    request: BilledRequest[None] = field(init=False)
    placed: AcceptedRequest | None = None
    """The provider's word that it accepted the call."""
    doubt: HomeAssistantError | None = None
    """Why it is not known whether it was placed."""
    error: HomeAssistantError | None = None
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
        """Raise HomeAssistantError as long as it is not known whether the call was placed."""
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
        if self.is_hung_up and self.request.is_cancelled:
            raise request_cancelled()
        cause = self.error and self.error.__cause__
        is_shared = isinstance(
            cause,
            DirectcallAuthenticationError
            | DirectcallConnectionError
            | DirectcallTokenRejectedError,
        )
        if isinstance(cause, DirectcallError) and (shares_any or is_shared):
            raise translated(cause, HomeAssistantError) from cause


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
    task: asyncio.Task[ProviderReply | HomeAssistantError] = field(init=False)

    def is_of(self, call: Call | None) -> bool:
        """Return if it is this call that is hung up."""
        return self.call is call or (self.placing is not None and self.placing.call is call)

    @callback
    def async_take_up_answer(self) -> None:
        """Take up the call if its request has ended meanwhile, and it may ring."""
        if self.placing and self.placing.request.has_ended:
            self.is_prevented = self.placing.request.is_cancelled
            if not (self.is_prevented or self.placing.error or self.placing.call.is_over):
                self.call = self.placing.call
            self.placing = None


class CallManager:
    """What places and ends the calls of an account."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Start without a call."""
        self._hass = hass
        self.followed: Final = CallTracker(hass, entry_id)
        self._under_way: list[Placing] = []
        self._hang_ups: list[HangUp] = []

    async def async_place(
        self, coordinator: DirectcallCoordinator, request: CallRequest, contact: str | None
    ) -> Placing:
        """Place a call to a contact or somebody else, and follow it.

        It is also followed where it is not known whether it was placed.

        Raise ServiceValidationError if there is a call between the two telephones already, and
        HomeAssistantError if this one surely was not placed.
        """
        await self._async_guard(coordinator, request.pair, contact)
        placing = Placing(
            Call(request.pair, request.record, request.ring_destination_first, ulid_now(), contact)
        )
        placing.request = BilledRequest(
            self._hass,
            self.followed.entry_id,
            partial(self._async_request, coordinator, request, placing),
        )
        self._under_way.append(placing)
        placing.request.add_done_callback(partial(self._under_way.remove, placing))
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
        self, coordinator: DirectcallCoordinator, pair: NumberPair, contact: str | None
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
            call = self.followed.find(pair)
            hang_up = self._find_hang_up(pair, call)
            if hang_up and not has_waited_for_hang_up:
                await asyncio.wait([hang_up.task], timeout=_PATIENCE)
                has_waited_for_hang_up = True
                continue
            # A call that is being hung up may be over any moment: it is none that surely is there.
            if hang_up or call is None or call is looked_at:
                return
            if call.is_new or await self._async_is_live(coordinator, call):
                raise _call_in_progress(call, contact)
            looked_at = call

    async def _async_is_live(self, coordinator: DirectcallCoordinator, call: Call) -> bool:
        """Look now whether a call is live."""
        try:
            async with asyncio.timeout(_PATIENCE):
                status = await self.followed.async_look(coordinator, call)
        except HomeAssistantError, TimeoutError:
            return False
        except Exception:
            # A fault of ours must not hold back an alarm.
            _LOGGER.exception("Unexpected error while looking at a call")
            return False
        # A telephone may linger in a call that the look showed to be over.
        return status is not None and status.is_live and not call.is_over

    async def _async_request(
        self,
        coordinator: DirectcallCoordinator,
        request: CallRequest,
        placing: Placing,
        scope: RequestScope,
    ) -> None:
        """Request a call, and record the answer.

        Raise HomeAssistantError if it surely was not placed.
        """

        async def operation(token: Token) -> AcceptedRequest:
            self.followed.async_expect(placing.call)
            return await coordinator.client.place_call(token, request, scope)

        try:
            placing.placed = await async_execute_billed(
                coordinator, BilledService.CALLS, scope, operation
            )
        except asyncio.CancelledError:
            if not scope.is_interrupted:
                self.followed.async_give_up(placing.call)
            raise
        except HomeAssistantError as err:
            if not isinstance(err.__cause__, DirectcallOutcomeUnknownError):
                self.followed.async_give_up(placing.call)
                placing.error = err
                raise
            placing.doubt = err
        except Exception:
            # A fault of ours: it may ring.
            self.followed.async_follow(placing.call, accepted=False)
            raise
        else:
            placing.call.provider_id = placing.placed.provider_id
        # What was hung up meanwhile was placed, whatever the answer.
        self.followed.async_follow(
            placing.call, accepted=placing.placed is not None or placing.call.was_hung_up
        )

    async def async_hang_up(
        self, coordinator: DirectcallCoordinator, pair: NumberPair
    ) -> ProviderReply:
        """Hang up the call between two telephones, whoever placed it.

        Raise ServiceValidationError if there is none, HomeAssistantError if it fails.
        """
        call = self.followed.find(pair)
        placing = self._find_under_way(pair)
        if placing and placing.async_cancel() and call is None:
            return ProviderReply("", "")
        hang_up = self._find_hang_up(pair, placing.call if placing else call)
        if hang_up is None:
            placed = placing.call if placing else call
            hang_up = HangUp(placed.pair if placed else pair, call, placing)
            hang_up.task = self._hass.async_create_background_task(
                self._async_hang_up(coordinator, hang_up), f"{DOMAIN} hang up", eager_start=False
            )
            self._hang_ups.append(hang_up)
            hang_up.task.add_done_callback(lambda _: self._hang_ups.remove(hang_up))
        await asyncio.wait([hang_up.task])
        result = hang_up.task.result()
        if isinstance(result, HomeAssistantError):
            raise result
        return result

    async def _async_hang_up(
        self, coordinator: DirectcallCoordinator, hang_up: HangUp
    ) -> ProviderReply | HomeAssistantError:
        """Hang up, also what is not up yet, and record the answer.

        An error is returned, not raised, because the caller may have been cancelled.
        """
        scope = RequestScope(DEADLINE)
        while True:
            asked_at = time.monotonic()
            try:
                ended = await coordinator.async_execute(
                    lambda token: coordinator.client.end_call(token, hang_up.pair, scope), scope
                )
            except HomeAssistantError as err:
                if not isinstance(err.__cause__, DirectcallNotActiveError):
                    return err
                ended = None
            hang_up.async_take_up_answer()
            if ended:
                self._async_note_ended(hang_up)
                return ended
            if hang_up.call:
                self.followed.async_observe(hang_up.call, None, asked_at)
            # It may not be up yet, and would ring though somebody hung up.
            if hang_up.placing:
                await hang_up.placing.request.async_wait_for_end(_UNTIL_UP)
                hang_up.async_take_up_answer()
            elif hang_up.call and not hang_up.call.is_over:
                await asyncio.sleep(_UNTIL_UP)
            if hang_up.is_prevented and not hang_up.call:
                return ProviderReply("", "")
            if not self._may_come_up(hang_up) or scope.seconds_left < _TIME_TO_END:
                return _no_active_call()

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
            self.followed.async_hung_up(hang_up.call)
        elif hang_up.placing:
            hang_up.placing.call.was_hung_up = True

    async def async_wait_for_hang_ups(self) -> None:
        """Wait until the calls that are being hung up have ended."""
        for hang_up in list(self._hang_ups):
            await asyncio.wait([hang_up.task])

    async def async_hang_up_all(self, coordinator: DirectcallCoordinator) -> None:
        """Hang up every call that was placed here and is not over, or may have been placed.

        Raise ServiceValidationError if there is none, HomeAssistantError if one fails.
        """
        pairs = {*self.followed.pairs, *(each.call.pair for each in self._under_way)}
        if not pairs:
            raise _no_active_call()
        results = await asyncio.gather(
            *(self.async_hang_up(coordinator, pair) for pair in pairs), return_exceptions=True
        )
        errors = [result for result in results if isinstance(result, BaseException)]
        # What was over before it could be hung up is no matter, unless all of it was.
        if serious := [err for err in errors if not isinstance(err, ServiceValidationError)]:
            raise serious[0]
        if len(errors) == len(pairs):
            raise errors[0]


DATA_CALLS: Final[HassKey[dict[str, CallManager]]] = HassKey(f"{DOMAIN}_calls")


@callback
def async_get_calls(hass: HomeAssistant, entry_id: str) -> CallManager:
    """Return the calls of an account, which outlive its reloads."""
    accounts = hass.data.setdefault(DATA_CALLS, {})
    if entry_id not in accounts:
        accounts[entry_id] = CallManager(hass, entry_id)
    return accounts[entry_id]


async def async_remove_calls(hass: HomeAssistant, entry_id: str) -> None:
    """Forget the calls of an account that is gone."""
    followed = async_get_calls(hass, entry_id).followed
    del hass.data[DATA_CALLS][entry_id]
    for billed in BilledService:
        async_clear_no_credit(hass, entry_id, billed)
    await followed.async_remove()


def request_call(pair: NumberPair, preferences: Mapping[str, Any]) -> CallRequest:
    """Return a request for a call between two telephones, with an account's options or others."""
    return CallRequest(
        pair=pair,
        record=preferences[CONF_RECORD],
        show_caller_id=preferences[CONF_SHOW_CALLER_ID],
        ring_destination_first=preferences[CONF_RING_DESTINATION_FIRST],
    )


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
