"""Requested calls: calls whose requests are under way."""

from dataclasses import dataclass, field

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from ..api import (
    AcceptedRequest,
    DirectcallAuthenticationError,
    DirectcallConnectionFailedError,
    DirectcallError,
    DirectcallOutcomeUnknownError,
    DirectcallTokenRejectedError,
    NumberPair,
)
from ..billing import BilledRequest
from .tracker import TrackedCall


@dataclass(slots=True, eq=False)
class RequestedCall:
    """A call whose request is under way."""

    tracked: TrackedCall
    request: BilledRequest[AcceptedRequest]
    is_hung_up: bool = False
    """Whether the call was hung up before its request was answered."""

    @callback
    def async_cancel(self) -> bool:
        """Send nothing from now on. Return if nothing was sent, and nothing will be."""
        self.is_hung_up = True
        return self.request.cancel()

    def raise_shared_error(self, *, shares_any: bool) -> None:
        """Raise the error of a request that ended if it counts for others that waited for it."""
        try:
            self.request.result()
        except HomeAssistantError:
            # A script that was stopped cancels its own request alone.
            if self.is_hung_up:
                raise
        except DirectcallError as err:
            # The line is down, or the account is refused.
            is_shared = isinstance(
                err,
                DirectcallAuthenticationError
                | DirectcallConnectionFailedError
                | DirectcallTokenRejectedError,
            )
            # A call that may have been placed is tracked instead.
            is_unknown = isinstance(err, DirectcallOutcomeUnknownError)
            if is_shared or (shares_any and not is_unknown):
                raise


@dataclass(slots=True, eq=False)
class RequestedCalls:
    """The calls of an account whose requests are under way."""

    _calls: list[RequestedCall] = field(init=False, default_factory=list)

    @property
    def pairs(self) -> list[NumberPair]:
        """Return the pairs of the requested calls."""
        return [each.tracked.call.pair for each in self._calls]

    @callback
    def async_add(self, requested: RequestedCall) -> None:
        """Add a call until its request has ended."""
        self._calls.append(requested)
        requested.request.add_done_callback(lambda: self._calls.remove(requested))

    def find(self, pair: NumberPair) -> RequestedCall | None:
        """Return the call between two telephones, however their numbers are written."""
        return next(
            (each for each in self._calls if each.tracked.call.pair.could_match(pair)),
            None,
        )

    def get(self, call_id: str) -> TrackedCall | None:
        """Return the requested call with our ID, or None once its request has ended."""
        return next(
            (each.tracked for each in self._calls if each.tracked.call.call_id == call_id), None
        )
