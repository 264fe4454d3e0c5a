"""Hang-up: the end of a call, also of one that does not ring yet."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
import time
from typing import Final

from homeassistant.core import callback
from homeassistant.exceptions import ServiceValidationError

from ..api import (
    DirectcallClient,
    DirectcallNotActiveError,
    NumberPair,
    ProviderReply,
    RequestScope,
)
from ..billing import DEADLINE, RequestManager
from ..const import DOMAIN
from .requested_call import RequestedCall, RequestedCalls
from .tracker import CallTracker, TrackedCall

# Seconds until a call that the provider may not list yet is hung up again.
_RETRY_INTERVAL: Final = 2
# With fewer seconds left, it is not.
_TIME_TO_END: Final = 10


@dataclass(frozen=True, slots=True)
class PreventedCall:
    """A call whose request was cancelled before anything was sent."""


type HangUpResult = ProviderReply | PreventedCall


class HangUp:
    """A hang-up that is under way."""

    def __init__(
        self,
        tracker: CallTracker,
        requested_calls: RequestedCalls,
        pair: NumberPair,
        tracked: TrackedCall | None,
        requested: RequestedCall | None,
    ) -> None:
        """Prepare to hang up a tracked or a requested call, or one of another system."""
        self.pair: Final = pair
        self._tracker = tracker
        self._requested_calls = requested_calls
        self._tracked = tracked
        self._requested = requested
        self._prevented: PreventedCall | None = None

    @callback
    def async_start(self, requests: RequestManager, client: DirectcallClient) -> None:
        """Start the request, which goes on if the caller is cancelled."""
        self.request = requests.async_start(
            partial(self._async_send, client), RequestScope(DEADLINE)
        )

    def is_of(self, tracked: TrackedCall | None) -> bool:
        """Return if this is the hang-up of a call. None is a call of another system."""
        return self._tracked is tracked or (
            self._requested is not None and self._requested.tracked is tracked
        )

    async def _async_send(self, client: DirectcallClient, scope: RequestScope) -> HangUpResult:
        """Hang up, and again as long as the call may not be up yet."""
        while True:
            asked_at = time.monotonic()
            reply: ProviderReply | None = None
            with suppress(DirectcallNotActiveError):
                reply = await client.end_call(self.pair, scope)
            self._async_take_up()
            if reply:
                self._async_record_end()
                return reply
            if self._tracked:
                self._tracker.async_observe(self._tracked, None, asked_at)
            await self._async_wait_to_retry()
            if self._prevented and self._tracked is None:
                return self._prevented
            if not self._may_ring_later or scope.seconds_left < _TIME_TO_END:
                raise no_active_call()

    @callback
    def _async_take_up(self) -> None:
        """Take up the call whose request has ended meanwhile, if it may ring."""
        requested = self._requested
        if requested is None or not requested.request.has_ended:
            return
        self._requested = None
        if self._tracker.is_tracked(requested.tracked):
            self._tracked = requested.tracked
        elif requested.request.was_prevented:
            self._prevented = PreventedCall()

    @callback
    def _async_record_end(self) -> None:
        tracked = self._tracked or (self._requested and self._requested.tracked)
        if tracked:
            self._tracker.async_hung_up(tracked)

    async def _async_wait_to_retry(self) -> None:
        # A call that is not listed yet would ring later, although it was hung up.
        if self._requested:
            await self._requested.request.async_wait_for_end(_RETRY_INTERVAL)
            self._async_take_up()
        elif self._is_live:
            await asyncio.sleep(_RETRY_INTERVAL)

    @property
    def _is_live(self) -> bool:
        return self._tracked is not None and not self._tracked.call.is_over

    @property
    def _may_ring_later(self) -> bool:
        # Another call that is requested meanwhile must not be hung up.
        other = self._requested_calls.find(self.pair)
        return other in {None, self._requested} and (self._requested is not None or self._is_live)


def no_active_call() -> ServiceValidationError:
    """Return the error that there is nothing to hang up."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key="no_active_call")
