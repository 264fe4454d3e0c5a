"""Billing: requests that Directcall bills are sent once, and survive a stopped script."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from .api import DirectcallNoCreditError, DirectcallOutcomeUnknownError, RequestScope, Token
from .const import DOMAIN
from .coordinator import DirectcallCoordinator, translated
from .issues import BilledService, async_clear_no_credit, async_show_no_credit

# Seconds for all that a request does on the wire, also where it uploads audio.
DEADLINE: Final = 45
UPLOAD_DEADLINE: Final = 90

_DATA_REQUESTS: Final[HassKey[set[BilledRequest[Any]]]] = HassKey(f"{DOMAIN}_requests")


class BilledRequest[ResultT]:
    """A billed request in a task of its own.

    The waiting can be cancelled: then nothing more is sent, but the answer to what was sent is
    still processed.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry_id: str,
        make: Callable[[RequestScope], Coroutine[Any, Any, ResultT]],
        seconds: float = DEADLINE,
    ) -> None:
        """Start the request of an account, with a deadline in seconds."""
        self.scope: Final = RequestScope(seconds)
        self.entry_id: Final = entry_id
        self._hass = hass
        # Not started eagerly: it must be registered before it can end.
        self._task = hass.async_create_background_task(
            self._async_make(make), f"{DOMAIN} request", eager_start=False
        )
        requests = hass.data.setdefault(_DATA_REQUESTS, set())
        requests.add(self)
        self._task.add_done_callback(lambda _: requests.discard(self))

    async def _async_make(
        self, make: Callable[[RequestScope], Coroutine[Any, Any, ResultT]]
    ) -> ResultT | HomeAssistantError:
        """Make the request. Return an error, because the caller may have been cancelled."""
        entry = self._hass.config_entries.async_get_entry(self.entry_id)
        if entry is None or entry.disabled_by:
            # The account was removed or disabled while the request was prepared.
            return request_cancelled()
        try:
            return await make(self.scope)
        except HomeAssistantError as err:
            return err

    @callback
    def add_done_callback(self, done: Callable[[], object]) -> None:
        """Call something once the request has ended, in whatever way."""
        self._task.add_done_callback(lambda _: done())

    @property
    def is_cancelled(self) -> bool:
        """Return if the request has ended because it was cancelled before anything was sent."""
        return self._task.cancelled() and not self.scope.is_interrupted

    @property
    def has_ended(self) -> bool:
        """Return if the request has ended, in whatever way."""
        return self._task.done()

    async def async_wait_for_end(self, seconds: float | None = None) -> None:
        """Wait until the request has ended, in whatever way. It goes on if the waiting ends."""
        await asyncio.wait([self._task], timeout=seconds)

    async def async_wait(self) -> ResultT:
        """Return the result. If the waiting is cancelled, cancel the request, too.

        Raise HomeAssistantError if the request fails, or is cancelled by somebody else.
        """
        try:
            await asyncio.wait([self._task])
        except asyncio.CancelledError:
            self.cancel()
            raise
        if self._task.cancelled():
            raise cancellation_error(self.scope)
        result = self._task.result()
        if isinstance(result, HomeAssistantError):
            raise result
        return result

    @callback
    def cancel(self) -> bool:
        """Send nothing from now on. An attempt that is under way goes on, and is the last one.

        Return if nothing was sent, and nothing will be.
        """
        self.scope.cancel()
        return not self.scope.is_sending and self._task.cancel()


async def async_execute_billed[ResultT](
    coordinator: DirectcallCoordinator,
    service: BilledService,
    scope: RequestScope,
    operation: Callable[[Token], Awaitable[ResultT]],
) -> ResultT:
    """Run a billed operation, and show or clear the issue that there is no credit for it.

    Raise HomeAssistantError, translated, where it fails; its cause is the error of the API.
    """
    hass, entry = coordinator.hass, coordinator.config_entry
    try:
        result = await coordinator.async_execute(operation, scope)
    except HomeAssistantError as err:
        is_there = hass.config_entries.async_get_entry(entry.entry_id) is not None
        if isinstance(err.__cause__, DirectcallNoCreditError) and is_there:
            async_show_no_credit(hass, entry, service)
        raise
    async_clear_no_credit(hass, entry.entry_id, service)
    return result


def request_cancelled() -> HomeAssistantError:
    """Return the error that a request was cancelled before anything was sent."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="request_cancelled")


def outcome_unknown() -> HomeAssistantError:
    """Return the error that a request may have been done."""
    return translated(DirectcallOutcomeUnknownError(), HomeAssistantError)


def cancellation_error(scope: RequestScope) -> HomeAssistantError:
    """Return the error of a request that was cancelled, perhaps in the middle of an attempt."""
    return outcome_unknown() if scope.is_interrupted else request_cancelled()


@callback
def async_cancel_requests(hass: HomeAssistant, entry_id: str) -> None:
    """Cancel the requests of an account that is removed or disabled, where nothing was sent."""
    for request in _requests_of(hass, entry_id):
        request.cancel()


async def async_wait_for_requests(hass: HomeAssistant, entry_id: str) -> None:
    """Wait until the requests of an account that are under way have ended."""
    for request in _requests_of(hass, entry_id):
        await request.async_wait_for_end()


def _requests_of(hass: HomeAssistant, entry_id: str) -> list[BilledRequest[Any]]:
    """Return the requests of an account that are under way."""
    requests = hass.data.get(_DATA_REQUESTS, set())
    return [request for request in requests if request.entry_id == entry_id]
