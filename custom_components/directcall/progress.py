"""One call: from what the provider says of it to where it stands. Nothing is ever guessed."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import time
from typing import Any, Final, Self

from .api import CallStatus, LegState, NumberPair, PhoneNumber

# Seconds in which a call that was just placed may not be known to the status yet.
NOT_UP_YET: Final = 20
# Seconds after which nobody looks any more: in any case, and while no leg was ever answered.
LONGEST: Final = 2 * 3600
LONGEST_RINGING: Final = 180
# Seconds between two looks, with which nothing was missed that lasts: half again of the slow pace.
_LONGEST_GAP: Final = 15
# Seconds until the first look, and between looks in a call's first minute and after it.
FIRST_LOOK: Final = 2
_FIRST_MINUTE: Final = 60
_PACE_AT_FIRST: Final = 3
_PACE_LATER: Final = 10


class CallState(StrEnum):
    """Where a call stands."""

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
        """Return if nothing comes after it."""
        return self not in {CallState.PLACED, CallState.RINGING, CallState.ANSWERED}


_OUTCOMES: Final = {
    LegState.BUSY: CallState.BUSY,
    LegState.NO_ANSWER: CallState.NO_ANSWER,
    LegState.FAILED: CallState.FAILED,
}


@dataclass(slots=True, eq=False)
class Call:
    """A call, as far as it is known. Times are on the monotonic clock, in seconds."""

    pair: NumberPair
    recorded: bool
    ring_destination_first: bool
    call_id: str = field(repr=False)
    """The provider's id, or ours."""
    state: CallState | None = None
    """Nothing as long as it is not known whether it was placed."""
    placed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When its placing was accepted, or became unclear."""
    answered_after: float | None = None
    """Seconds until the destination answered."""
    duration: float | None = None
    """Seconds from there until it was over."""
    origin_answered: bool = False
    was_live: bool = False
    """Whether the status knew it at any time."""
    is_accepted: bool = False
    """Whether it surely was placed: the provider said so, or it turned up."""
    watched: bool = True
    """Whether nothing can have been missed: no gap between the looks, and no riddle in them."""
    decided: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the destination answered or can no longer."""
    _started: float = field(default_factory=time.monotonic)
    _last_look: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        """Return the seconds since it was placed."""
        return time.monotonic() - self._started

    @property
    def is_over(self) -> bool:
        """Return if nothing more will be heard of it."""
        return self.state is not None and self.state.is_over

    @property
    def is_given_up(self) -> bool:
        """Return if looking on is no use."""
        ever_answered = self.origin_answered or self.answered_after is not None
        return self.age >= (LONGEST if ever_answered else LONGEST_RINGING)

    @property
    def outcome(self) -> CallState:
        """Return what became of the wish to reach the destination, as far as is known."""
        if self.answered_after is not None:
            return CallState.ANSWERED
        return self.state if self.state and self.state.is_over else CallState.UNKNOWN

    @property
    def pace(self) -> float:
        """Return the seconds until the next look."""
        return _PACE_AT_FIRST if self.age < _FIRST_MINUTE else _PACE_LATER

    def send(self) -> None:
        """Note that its request goes out now: from here on it may ring."""
        self._last_look = time.monotonic()

    def start(self) -> None:
        """Note that its request is over, and its life begins."""
        self.placed_at = datetime.now(UTC)
        self._started = time.monotonic()

    def reach(self, state: CallState) -> CallState:
        """Enter a state, and return it."""
        self.state = state
        if state is CallState.PLACED:
            self.is_accepted = True
        elif state is CallState.ANSWERED:
            self.answered_after = self.age
        elif state.is_over and self.answered_after is not None:
            self.duration = self.age - self.answered_after
        if state is CallState.ANSWERED or state.is_over:
            self.decided.set()
        return state

    def observe(self, status: CallStatus | None) -> Iterator[CallState]:
        """Take in a look at it, nothing where no call is active, and yield each state it enters."""
        if self.is_over:
            return
        now = time.monotonic()
        if now - self._last_look > _LONGEST_GAP:
            self.watched = False
        self._last_look = now
        if status is None:
            if self.was_live or self.age >= NOT_UP_YET:
                yield self.reach(self.over)
            return
        if not status.is_clear:
            self.watched = False
        if status.is_live:
            self.was_live = True
            if self.state is None:
                yield self.reach(CallState.PLACED)
        if self.state is not None:
            yield from self._progress(status)

    def _progress(self, status: CallStatus) -> Iterator[CallState]:
        """Yield the states that the legs of a call that was placed lead to."""
        origin = status.origin and status.origin.state
        destination = status.destination and status.destination.state
        if origin is LegState.ANSWERED:
            self.origin_answered = True
        if destination is LegState.ANSWERED:
            if self.answered_after is None:
                yield self.reach(CallState.ANSWERED)
        elif destination and not destination.is_live:
            yield self.reach(self._outcome_of(destination))
        elif origin and not origin.is_live and not status.is_live and status.is_clear:
            yield self.reach(self._outcome_at_origin(origin))
        elif self.state is CallState.PLACED and LegState.RINGING in {origin, destination}:
            yield self.reach(CallState.RINGING)

    def _outcome_of(self, destination: LegState) -> CallState:
        """Return what a destination's leg that is over makes of the call."""
        if self.answered_after is None:
            return _OUTCOMES.get(destination, self.over)
        return CallState.ENDED

    def _outcome_at_origin(self, origin: LegState) -> CallState:
        """Return what an origin's leg that is over makes of the call."""
        if self.answered_after is not None:
            return CallState.ENDED
        if origin is LegState.FAILED:
            return CallState.FAILED
        if origin is LegState.ENDED or self.origin_answered or self.ring_destination_first:
            return self.over
        return CallState.ORIGIN_NO_ANSWER

    @property
    def over(self) -> CallState:
        """Return what it has come to if it is over now, and nobody said why."""
        if self.answered_after is not None:
            return CallState.ENDED
        if not (self.watched and self.was_live):
            return CallState.UNKNOWN
        if self.ring_destination_first or self.origin_answered:
            return CallState.NO_ANSWER
        return CallState.ORIGIN_NO_ANSWER

    def as_dict(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {
            "origin": self.pair.origin.wire,
            "destination": self.pair.destination.wire,
            "recorded": self.recorded,
            "ring_destination_first": self.ring_destination_first,
            "call_id": self.call_id,
            "state": self.state,
            "placed_at": self.placed_at.isoformat(),
            "answered_after": self.answered_after,
            "origin_answered": self.origin_answered,
            "was_live": self.was_live,
            "is_accepted": self.is_accepted,
        }

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Self:
        """Return a call as it was before a restart, in which it was not watched.

        Raise KeyError, TypeError or ValueError if that is not what was saved.
        """
        placed_at = datetime.fromisoformat(saved["placed_at"])
        # A clock that was set meanwhile makes no call younger than it can be.
        age = max(datetime.now(UTC) - placed_at, timedelta()).total_seconds()
        call = cls(
            pair=NumberPair(PhoneNumber(saved["origin"]), PhoneNumber(saved["destination"])),
            recorded=saved["recorded"],
            ring_destination_first=saved["ring_destination_first"],
            call_id=saved["call_id"],
            state=None if saved["state"] is None else CallState(saved["state"]),
            placed_at=placed_at,
            answered_after=saved["answered_after"],
            origin_answered=saved["origin_answered"],
            was_live=saved["was_live"],
            is_accepted=saved["is_accepted"],
            watched=False,
            _started=time.monotonic() - age,
        )
        if call.answered_after is not None:
            call.decided.set()
        return call
