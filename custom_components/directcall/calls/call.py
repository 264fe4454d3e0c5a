"""Call: its state, from what the provider says of it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
import time
from typing import Any, Final, Self

import voluptuous as vol

from ..api import CallStatus, LegState, NumberPair, PhoneNumber

# Seconds in which a call that was just placed may not be known to the status yet.
NOT_UP_YET: Final = 20
# Seconds in which a placing stays unclear at most, where the provider does not tell its status.
LONGEST_UNCLEAR: Final = 45
# Seconds after which a call is given up: in any case, and if no leg was ever answered.
LONGEST: Final = 2 * 3600
LONGEST_RINGING: Final = 180
# Seconds that a call of before a restart is old at most. Beyond that, a clock was set.
_OLDEST: Final = 24 * 3600
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


def _now() -> float:
    """Return the monotonic clock's time, in seconds."""
    return time.monotonic()


_OUTCOMES: Final = {
    LegState.BUSY: CallState.BUSY,
    LegState.NO_ANSWER: CallState.NO_ANSWER,
    LegState.FAILED: CallState.FAILED,
}
DIGITS: Final = vol.All(str, vol.Match(r"^(?:ip)?[0-9]{4,20}$"))
_SECONDS: Final = vol.All(vol.Any(int, float), vol.Range(min=0, max=2**40))
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
        vol.Required("placed_at"): _SECONDS,
        vol.Required("answered_after"): vol.Any(None, _SECONDS),
        vol.Required("origin_answered"): bool,
        vol.Required("was_live"): bool,
    }
)


@dataclass(slots=True, eq=False)
class Call:
    """A call, as far as it is known. Times are on the monotonic clock, in seconds."""

    pair: NumberPair
    recorded: bool
    ring_destination_first: bool
    call_id: str
    """Our id, by which the call is known outside of the API."""
    contact: str | None = field(default=None, repr=False)
    """The name of the contact that is called."""
    provider_id: str | None = field(default=None, repr=False)
    """The provider's id, where it gave one. The link of the recording may be made from it."""
    state: CallState | None = None
    """Nothing as long as it is not known whether it was placed."""
    placed_at: float = 0
    """When it was sent, and then accepted or unclear: seconds since 1970, on the wall clock."""
    answered_after: float | None = None
    """Seconds until the destination answered."""
    duration: float | None = None
    """Seconds from there until it was over."""
    origin_answered: bool = False
    was_live: bool = False
    """Whether the status knew it at any time."""
    was_hung_up: bool = False
    """Whether it was hung up before its request was answered."""
    is_accepted: bool = False
    """Whether it surely was placed: the provider said so, or it turned up."""
    may_hide_another_call: bool = False
    """Whether another call of its pair may have been placed that is not followed."""
    watched: bool = True
    """Whether nothing can have been missed: no gap between the looks, and no riddle in them."""
    may_show_another_call: bool = False
    """Whether what a look shows may be left of another call of the pair, over or not."""
    accepted_or_over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it surely was placed, or is over."""
    decided: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the destination answered or can no longer."""
    _started: float = field(default_factory=_now)
    _placed: float = field(default_factory=_now)
    _tracked_since: float = field(default_factory=_now)
    """When it was started, or taken up after a restart."""
    _last_look: float = field(default_factory=_now)
    """When the last status that was taken in was asked for."""
    _seen_live: float = -inf
    """When the last status that showed it live was asked for."""

    @property
    def age(self) -> float:
        """Return the seconds since its placing was accepted, or became unclear."""
        return _now() - self._started

    @property
    def seconds_new(self) -> float:
        """Return for how many seconds it, or one that it hides, may not be up yet. 0 if it is."""
        return max(0, NOT_UP_YET - (_now() - self._placed))

    @property
    def is_new(self) -> bool:
        """Return if it, or one that it hides, may not be up yet, so that no status tells of it."""
        return self.seconds_new > 0 and not self.was_hung_up

    @property
    def is_over(self) -> bool:
        """Return if it has entered its final state."""
        return self.state is not None and self.state.is_over

    @property
    def is_given_up(self) -> bool:
        """Return if it was followed long enough.

        That counts from when this process began to follow it: what was saved of its age depends on
        a clock that may have been set.
        """
        ever_answered = self.origin_answered or self.answered_after is not None
        followed_for = _now() - self._tracked_since
        return followed_for >= (LONGEST if ever_answered else LONGEST_RINGING)

    @property
    def outcome(self) -> CallState:
        """Return whether the destination was reached, as far as is known."""
        if self.answered_after is not None:
            return CallState.ANSWERED
        return self.state if self.state and self.state.is_over else CallState.UNKNOWN

    @property
    def pace(self) -> float:
        """Return the seconds until the next look."""
        pace = _PACE_AT_FIRST if self.age < _FIRST_MINUTE else _PACE_LATER
        # A placing that is unclear is decided as soon as it can be.
        until_up = NOT_UP_YET - self.age
        return min(pace, until_up) if until_up > 0 else pace

    @property
    def seconds_ambiguous(self) -> float:
        """Return for how many seconds it may still turn out whether it was placed."""
        return max(0, LONGEST_UNCLEAR - self.age)

    def send(self) -> None:
        """Note that its request goes out now: from here on it may ring."""
        self.placed_at = time.time()
        self._last_look = _now()

    def start(self) -> None:
        """Note that its request is over, and its life begins."""
        self.placed_at = time.time()
        self._started = self._placed = self._tracked_since = _now()

    def note_another(self) -> None:
        """Note that another call of its pair may have been placed just now."""
        self._placed = _now()
        self.may_hide_another_call = True
        self.watched = False

    def reach(self, state: CallState) -> CallState:
        """Enter a state, and return it."""
        self.state = state
        if state is CallState.PLACED:
            self.is_accepted = True
        elif state is CallState.ANSWERED:
            self.answered_after = self.age
        elif state.is_over and self.answered_after is not None:
            self.duration = max(0, self.age - self.answered_after)
        self.accepted_or_over.set()
        if state is CallState.ANSWERED or state.is_over:
            self.decided.set()
        return state

    def observe(self, status: CallStatus | None, asked_at: float) -> Iterator[CallState]:
        """Take in a status, nothing where no call is active, and yield each state it enters.

        It counts as of when it was asked for, on the monotonic clock, however late it comes.
        """
        # What came late says nothing new of a call that was live afterwards.
        if self.is_over or asked_at < self._seen_live:
            return
        may_be_up = asked_at - self._started >= NOT_UP_YET
        if self.may_show_another_call:
            # A ring is a sign of this call only where the other one was over.
            is_sign = status is None or (status.is_ringing and self.watched)
            if not is_sign and not may_be_up:
                return
            self.may_show_another_call = False
        self.watched = self._is_watched_until(asked_at)
        self._last_look = max(self._last_look, asked_at)
        if status is None:
            if self.was_live or self.was_hung_up or may_be_up:
                yield self.reach(self._over_at(asked_at))
            return
        if not status.is_clear:
            self.watched = False
        if status.is_live:
            self.was_live = True
            self._seen_live = asked_at
            if self.state is None:
                yield self.reach(CallState.PLACED)
        if self.state is not None:
            yield from self._progress(status, asked_at)

    def _progress(self, status: CallStatus, asked_at: float) -> Iterator[CallState]:
        """Yield the states that the legs of a call that was placed lead to."""
        origin = status.origin and status.origin.state
        destination = status.destination and status.destination.state
        if origin is LegState.ANSWERED:
            self.origin_answered = True
        first, second = origin, destination
        if self.ring_destination_first:
            first, second = second, first
        if second and second.is_live and first is not LegState.ANSWERED:
            # The second telephone rings once the first is answered: here something is missing.
            self.watched = False
        if destination is LegState.ANSWERED:
            if self.answered_after is None:
                yield self.reach(CallState.ANSWERED)
        elif destination and not destination.is_live and not status.is_ringing:
            yield self.reach(self._outcome_of(destination, asked_at))
        elif origin and not origin.is_live and not status.is_live and status.is_clear:
            yield self.reach(self._outcome_at_origin(origin, asked_at))
        elif self.state is CallState.PLACED and LegState.RINGING in {origin, destination}:
            yield self.reach(CallState.RINGING)

    def _outcome_of(self, destination: LegState, asked_at: float) -> CallState:
        """Return what a destination's leg that is over makes of the call."""
        if self.answered_after is None:
            return _OUTCOMES.get(destination, self._over_at(asked_at))
        return CallState.ENDED

    def _outcome_at_origin(self, origin: LegState, asked_at: float) -> CallState:
        """Return what an origin's leg that is over makes of the call."""
        if self.answered_after is not None:
            return CallState.ENDED
        if origin is LegState.FAILED:
            return CallState.FAILED
        if origin is LegState.ENDED or self.origin_answered or self.ring_destination_first:
            return self._over_at(asked_at)
        return CallState.ORIGIN_NO_ANSWER

    def _is_watched_until(self, moment: float) -> bool:
        """Return if nothing can have been missed until a moment."""
        return self.watched and moment - self._last_look <= _LONGEST_GAP

    @property
    def over(self) -> CallState:
        """Return the final state to assume if it is over now."""
        return self._over_at(_now())

    def _over_at(self, moment: float) -> CallState:
        """Return the final state to assume when the provider no longer lists the call."""
        if self.answered_after is not None:
            return CallState.ENDED
        if not (self._is_watched_until(moment) and self.was_live):
            return CallState.UNKNOWN
        if self.ring_destination_first or self.origin_answered:
            return CallState.NO_ANSWER
        return CallState.ORIGIN_NO_ANSWER

    @property
    def _state_to_save(self) -> CallState | None:
        """Return the last state before the final one: after a restart, that is found again."""
        if self.state is None or not self.state.is_over:
            return self.state
        return CallState.PLACED if self.answered_after is None else CallState.ANSWERED

    def as_dict(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
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
    def from_dict(cls, saved: object) -> Self:
        """Return a call as it was before a restart, in which it was not watched.

        Raise vol.Invalid if that is not what was saved.
        """
        values: dict[str, Any] = _SAVED(saved)
        age = min(time.time() - values["placed_at"], _OLDEST)
        if age < 0:
            # The clock is behind: nobody knows how old it is, and no alarm is held back for that.
            age = NOT_UP_YET
        started = _now() - age
        return cls(
            pair=NumberPair(PhoneNumber(values["origin"]), PhoneNumber(values["destination"])),
            recorded=values["recorded"],
            ring_destination_first=values["ring_destination_first"],
            call_id=values["call_id"],
            contact=values["contact"],
            provider_id=values["provider_id"],
            state=None if values["state"] is None else CallState(values["state"]),
            placed_at=values["placed_at"],
            answered_after=values["answered_after"],
            origin_answered=values["origin_answered"],
            was_live=values["was_live"],
            # It entered the first of its states when it was accepted, or turned up.
            is_accepted=values["state"] is not None,
            watched=False,
            _started=started,
            _placed=started,
        )
