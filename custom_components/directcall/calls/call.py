"""Call: a call between two telephones, as far as it is known, and its saved form."""

from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import Any, Final, Self

import voluptuous as vol

from ..api import NumberPair, PhoneNumber
from ..const import SECONDS

# Seconds for which the status may not list a new call yet.
STATUS_DELAY: Final = 20
# A call that is restored is at most so many seconds old. Otherwise a clock was set.
_OLDEST: Final = 24 * 3600


class CallState(StrEnum):
    """State of a call, and the type of the event that it fires."""

    PLACED = "placed"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    ORIGIN_NO_ANSWER = "origin_no_answer"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def is_over(self) -> bool:
        """Return if it is a final state."""
        return self not in {CallState.PLACED, CallState.RINGING, CallState.ANSWERED}


class Telephone(StrEnum):
    """One of the two telephones of a call."""

    ORIGIN = "origin"
    DESTINATION = "destination"


DIGITS: Final = vol.All(str, vol.Match(r"^(?:ip)?[0-9]{4,20}$"))
_SAVED: Final = vol.Schema(
    {
        vol.Required("origin"): DIGITS,
        vol.Required("destination"): DIGITS,
        vol.Required("recorded"): bool,
        vol.Required("ring_destination_first"): bool,
        vol.Required("call_id"): str,
        # The oldest version did not save this.
        vol.Optional("contact", default=None): vol.Any(None, str),
        vol.Required("provider_id"): vol.Any(None, str),
        vol.Required("state"): vol.Any(
            None, vol.In([state for state in CallState if not state.is_over])
        ),
        vol.Required("placed_at"): SECONDS,
        vol.Required("answered_after"): vol.Any(None, SECONDS),
        vol.Required("origin_answered"): bool,
        vol.Required("was_live"): bool,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call at one moment. Times are on the monotonic clock, in seconds, except `placed_at`."""

    call_id: str
    """Our ID, by which the call is known outside of the API."""
    pair: NumberPair
    recorded: bool
    ring_destination_first: bool
    contact: str | None = field(default=None, repr=False)
    provider_id: str | None = field(default=None, repr=False)
    """The provider's ID, where it gave one. The link of the recording may be made from it."""
    state: CallState | None = None
    """None as long as it is not known whether the call was placed."""
    is_accepted: bool = False
    """Whether the call surely was placed: the provider said so, or it turned up."""
    origin_answered: bool = False
    ringing: Telephone | None = None
    """The telephone that rang in the last status, the first one if both did."""
    answered_after: float | None = None
    """Seconds from the end of the request until the destination answered."""
    duration: float | None = None
    """Seconds from the answer until the call was over."""
    was_live: bool = False
    was_hung_up: bool = False
    """Whether the call was hung up before its request was answered."""
    may_hide_another_call: bool = False
    """Whether another call of the pair, which is not tracked, may have been placed."""
    may_show_another_call: bool = False
    """Whether a status may show another call of the pair, which is over or not tracked."""
    is_continuously_observed: bool = True
    """Whether nothing can have been missed: polls without a gap, and no ambiguous status."""
    placed_at: float = 0
    """When the request was sent, and then when it ended: seconds since 1970, on the wall clock."""
    started_at: float = -inf
    """When the request ended: the call was accepted, or it is not known whether it was placed."""
    newest_started_at: float = -inf
    """The same of the newest call of the pair that this one may hide."""
    tracked_since: float = -inf
    observed_at: float = -inf
    """When the last status that was observed was asked for. At first, when the request was sent."""
    seen_live_at: float = -inf
    """When the last status that showed the call live was asked for."""

    @property
    def is_requested(self) -> bool:
        """Return if the request has not ended yet."""
        return self.started_at == -inf

    @property
    def is_over(self) -> bool:
        """Return if the call entered its final state."""
        return self.state is not None and self.state.is_over

    @property
    def is_answered_or_over(self) -> bool:
        """Return if the destination answered, or no longer can."""
        return self.answered_after is not None or self.is_over

    @property
    def outcome(self) -> CallState:
        """Return the state that says if the destination was reached."""
        if self.answered_after is not None:
            return CallState.ANSWERED
        return self.state if self.state and self.state.is_over else CallState.UNKNOWN

    def age(self, now: float) -> float:
        """Return the seconds since the request ended."""
        return now - self.started_at

    @property
    def _state_to_save(self) -> CallState | None:
        # Instead of the final state, which a poll after the restart finds again.
        if not self.is_over:
            return self.state
        return CallState.PLACED if self.answered_after is None else CallState.ANSWERED

    def as_dict(self) -> dict[str, Any]:
        """Return the saved form."""
        return {
            "origin": self.pair.origin.digits,
            "destination": self.pair.destination.digits,
            "recorded": self.recorded,
            "ring_destination_first": self.ring_destination_first,
            "call_id": self.call_id,
            "contact": self.contact,
            "provider_id": self.provider_id,
            "state": self._state_to_save,
            "placed_at": self.placed_at,
            "answered_after": self.answered_after,
            "origin_answered": self.origin_answered,
            "was_live": self.was_live,
        }

    @classmethod
    def from_dict(cls, saved: object, now: float, wall_now: float) -> Self:
        """Return a call from its saved form. Raise vol.Invalid if that is another one."""
        values: dict[str, Any] = _SAVED(saved)
        origin, destination = values.pop("origin"), values.pop("destination")
        state = None if values["state"] is None else CallState(values["state"])
        age = min(wall_now - values["placed_at"], _OLDEST)
        if age < 0:
            # The clock is behind, so that the age is not known: this must not hold an alarm back.
            age = STATUS_DELAY
        return cls(
            **values | {"state": state},
            pair=NumberPair(PhoneNumber(origin), PhoneNumber(destination)),
            is_accepted=state is not None,
            is_continuously_observed=False,
            started_at=now - age,
            newest_started_at=now - age,
            tracked_since=now,
            observed_at=now,
        )
