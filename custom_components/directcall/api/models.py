"""What goes to the provider and what comes back."""

from dataclasses import dataclass, field
from enum import Enum, auto
import time

from .numbers import PhoneNumber


@dataclass(frozen=True, slots=True)
class Token:
    """An access token. Its life is measured on the monotonic clock, in seconds."""

    value: str = field(repr=False)
    lifetime: float
    requested_at: float

    @property
    def age(self) -> float:
        """Return the seconds since it was asked for."""
        return time.monotonic() - self.requested_at

    @property
    def seconds_left(self) -> float:
        """Return the seconds that it still lives; negative once it is over."""
        return self.lifetime - self.age


@dataclass(frozen=True, slots=True)
class NumberPair:
    """The two telephones of a call, by which the provider knows one that is in progress."""

    origin: PhoneNumber
    destination: PhoneNumber


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call to be placed. It joins two telephones and speaks nothing."""

    pair: NumberPair
    record: bool
    """Record the call, which costs extra."""
    show_caller_id: bool
    """Show the origin's number to the destination, guaranteed and dearer."""
    ring_destination_first: bool
    """Ring the destination before the origin instead of after it."""


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """The provider's word that it accepted a call, not that anybody answered."""

    call_id: str | None = field(repr=False)
    """The provider's id of the call, where it gave one."""
    code: str
    """Three digits, or empty."""
    message: str
    """The provider's text, with all that is private masked."""


class LegState(Enum):
    """What one telephone of a call does."""

    RINGING = auto()
    ANSWERED = auto()
    BUSY = auto()
    """Also where somebody declined: nobody can tell the two apart for sure."""
    NO_ANSWER = auto()
    ENDED = auto()
    FAILED = auto()

    @property
    def is_live(self) -> bool:
        """Return if the telephone rings, or somebody speaks."""
        return self in {LegState.RINGING, LegState.ANSWERED}


@dataclass(frozen=True, slots=True)
class CallLeg:
    """One telephone of a call in progress."""

    word: str
    """The provider's word for what it does, with all that is private masked."""
    state: LegState | None
    """What the word means; nothing where that is not known."""


@dataclass(frozen=True, slots=True)
class CallStatus:
    """What the provider knows of the call in progress between two telephones."""

    legs: tuple[CallLeg, ...]
    """All of them, also those whose number is neither of the two."""
    origin: CallLeg | None
    destination: CallLeg | None

    @property
    def is_live(self) -> bool:
        """Return if one of the two telephones surely rings, or somebody speaks there."""
        return any(leg and leg.state and leg.state.is_live for leg in self._pair)

    @property
    def is_ringing(self) -> bool:
        """Return if one of the two telephones surely rings."""
        return any(leg and leg.state is LegState.RINGING for leg in self._pair)

    @property
    def is_clear(self) -> bool:
        """Return if all of it is understood: whose the legs are, and what they do."""
        known = [leg for leg in self._pair if leg and leg.state]
        return bool(known) and all(any(leg is one for one in known) for leg in self.legs)

    @property
    def _pair(self) -> tuple[CallLeg | None, CallLeg | None]:
        """Return the legs of the two telephones."""
        return self.origin, self.destination


@dataclass(frozen=True, slots=True)
class EndedCall:
    """The provider's word that it ended a call."""

    code: str
    """Three digits, or empty."""
    message: str
    """The provider's text, with all that is private masked."""
