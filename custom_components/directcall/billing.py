"""Billing: requests that are sent once, and survive a stopped script."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
import logging
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import SignalType, async_dispatcher_send

from .api import (
    DirectcallError,
    DirectcallNoCreditError,
    DirectcallOutcomeUnknownError,
    RequestScope,
)
from .const import DOMAIN
from .issues import BilledService, Budget, async_clear_no_credit, async_show_no_credit
from .spending import Reservation, SpendingLimit
from .store import AccountStore

_LOGGER = logging.getLogger(__name__)

# Seconds for all that a request does in the network, also where it uploads audio.
DEADLINE: Final = 45
UPLOAD_DEADLINE: Final = 90


@callback
def async_billed_signal(entry_id: str) -> SignalType[()]:
    """Return the signal that a request of an account may have been billed."""
    return SignalType(f"{DOMAIN}_billed_{entry_id}")


class DetachedRequest[ResultT]:
    """A request in a task of its own.

    An attempt that is under way is never cancelled, because it may ring already. The pauses
    between attempts and the wait for a token can be.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        send: Callable[[RequestScope], Awaitable[ResultT]],
        scope: RequestScope,
    ) -> None:
        """Start a request."""
        self._scope = scope
        self._send = send
        # A caller that waited for the task itself would resume a turn of the event loop later.
        self._ended = asyncio.Event()
        self._done_callbacks: list[Callable[[], object]] = []
        self._task = hass.async_create_background_task(self._async_run(), f"{DOMAIN} request")

    async def _async_run(self) -> ResultT | DirectcallError | HomeAssistantError:
        try:
            return await self._async_send()
        finally:
            self._ended.set()
            for done in self._done_callbacks:
                done()

    async def _async_send(self) -> ResultT | DirectcallError | HomeAssistantError:
        """Send the request. Return an error, because the caller may be gone."""
        try:
            return await self._send(self._scope)
        except (DirectcallError, HomeAssistantError) as err:
            return err
        except Exception as err:
            # A fault of ours must not hide that something may have been sent.
            _LOGGER.exception("Unexpected error during a request")
            return DirectcallOutcomeUnknownError(type(err).__name__)

    @callback
    def add_done_callback(self, done: Callable[[], object]) -> None:
        """Call a function once the request has ended, before the callers that wait for it."""
        if self._ended.is_set():
            done()
        else:
            self._done_callbacks.append(done)

    @property
    def was_prevented(self) -> bool:
        """Return if the request ended because it was cancelled before anything was sent."""
        return self._task.cancelled() and not self._scope.is_interrupted

    @property
    def has_ended(self) -> bool:
        """Return if the request has ended, however it ended."""
        return self._ended.is_set()

    async def async_wait_for_end(self, seconds: float | None = None) -> None:
        """Wait until the request has ended. It goes on if the waiting is cancelled or too short."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()

    def result(self) -> ResultT:
        """Return the result of a request that has ended.

        Raise what the request raised, or HomeAssistantError if it was cancelled.
        """
        if self.was_prevented:
            raise request_cancelled()
        if self._task.cancelled():
            error = "the request was interrupted"
            raise DirectcallOutcomeUnknownError(error)
        result = self._task.result()
        if isinstance(result, DirectcallError | HomeAssistantError):
            raise result
        return result

    async def async_wait(self) -> ResultT:
        """Return the result. If the waiting is cancelled, cancel the request, too.

        Raise what `result` raises.
        """
        try:
            await self._ended.wait()
        except asyncio.CancelledError:
            self.cancel()
            raise
        return self.result()

    @callback
    def cancel(self) -> bool:
        """Send nothing from now on, but process the response to what was sent.

        Return if nothing was sent, and nothing will be.
        """
        self._scope.cancel()
        return not self._scope.is_sending and self._task.cancel()


class BilledRequest[ResultT](DetachedRequest[ResultT]):
    """A request that is billed. It has to be within a spending limit."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry_id: str,
        service: BilledService,
        send: Callable[[RequestScope], Awaitable[ResultT]],
        scope: RequestScope,
        reserve: Callable[[ConfigEntry], Reservation],
    ) -> None:
        """Start a request of an account. `reserve` raises an error if it must not be sent."""
        self._reserve = reserve
        self._hass = hass
        self._entry_id = entry_id
        self._service = service
        super().__init__(hass, send, scope)

    @override
    async def _async_send(self) -> ResultT | DirectcallError | HomeAssistantError:
        """Send the request if that is allowed, and handle what it costs and missing credit."""
        entries = self._hass.config_entries
        entry = entries.async_get_entry(self._entry_id)
        if entry is None or entry.disabled_by:
            # The account was removed or disabled while the request was prepared.
            return request_cancelled()
        try:
            reservation = self._reserve(entry)
        except HomeAssistantError as err:
            return err
        is_accepted = may_be_billed = False
        try:
            result = await super()._async_send()
            is_accepted = not isinstance(result, DirectcallError | HomeAssistantError)
            may_be_billed = is_accepted or isinstance(result, DirectcallOutcomeUnknownError)
        finally:
            if may_be_billed or self._scope.is_interrupted:
                reservation.async_spend(is_accepted=is_accepted)
            else:
                reservation.async_release()
        if isinstance(result, DirectcallNoCreditError):
            if entry := entries.async_get_entry(self._entry_id):
                async_show_no_credit(self._hass, entry, self._service)
        elif is_accepted:
            async_clear_no_credit(self._hass, self._entry_id, self._service)
        if may_be_billed:
            async_dispatcher_send(self._hass, async_billed_signal(self._entry_id))
        return result


class RequestManager:
    """The requests of an account that are under way."""

    def __init__(self, hass: HomeAssistant, entry_id: str, store: AccountStore) -> None:
        """Start without a request."""
        self.spending_limit: Final = SpendingLimit(hass, entry_id, store)
        self._hass = hass
        self._entry_id = entry_id
        self._requests: set[DetachedRequest[Any]] = set()

    @callback
    def async_start_billed[ResultT](
        self,
        service: BilledService,
        send: Callable[[RequestScope], Awaitable[ResultT]],
        scope: RequestScope,
        budget: Budget = Budget.ACTIONS,
    ) -> BilledRequest[ResultT]:
        """Start a request that is billed.

        Its result is HomeAssistantError if its budget is used up.
        """
        reserve = partial(self.spending_limit.async_reserve, budget)
        request = BilledRequest(self._hass, self._entry_id, service, send, scope, reserve)
        self._async_add(request)
        return request

    @callback
    def async_start[ResultT](
        self, send: Callable[[RequestScope], Awaitable[ResultT]], scope: RequestScope
    ) -> DetachedRequest[ResultT]:
        """Start a request that bills nothing, but must not be cut off."""
        request = DetachedRequest(self._hass, send, scope)
        self._async_add(request)
        return request

    @callback
    def _async_add(self, request: DetachedRequest[Any]) -> None:
        self._requests.add(request)
        request.add_done_callback(lambda: self._requests.discard(request))

    @callback
    def async_cancel_billed(self) -> None:
        """Cancel the billed requests of which nothing was sent."""
        for request in list(self._requests):
            if isinstance(request, BilledRequest):
                request.cancel()

    async def async_wait_for_all(self) -> None:
        """Wait until all requests have ended."""
        for request in list(self._requests):
            await request.async_wait_for_end()


def request_cancelled() -> HomeAssistantError:
    """Return the error that a request was cancelled before anything was sent."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="request_cancelled")
