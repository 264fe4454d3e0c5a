"""What goes to the provider and what comes back."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
import time
from typing import Final
from zoneinfo import ZoneInfo

from yarl import URL

from .phone_numbers import PhoneNumber

# A guess: the provider's times have no zone.
ZONE: Final = ZoneInfo("America/Sao_Paulo")

# What one request takes (provider's documentation). A megabyte is the smaller one of the two.
MOST_RECIPIENTS: Final = 10
LONGEST_TEXT: Final = 700
LARGEST_AUDIO: Final = 4_000_000
ATTEMPTS: Final = range(1, 11)
DEFAULT_ATTEMPTS: Final = 3
# Characters that a part of an SMS holds, the origin's number among them (provider's documentation).
_SMS_PART: Final = 140
# The same 140 bytes hold half as many of UCS-2.
_UCS2_SMS_PART: Final = 70
# GSM 03.38, the alphabet of SMS. A character of the extension table is written as two.
_GSM_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION: Final = frozenset("\f^{}\\[~]|€")


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

    def could_match(self, other: NumberPair) -> bool:
        """Return if another pair may be the same two telephones, written in another way."""
        # Most calls of an account have one origin.
        return self.destination.could_match(other.destination) and self.origin.could_match(
            other.origin
        )


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
class AcceptedRequest:
    """The provider's confirmation that it accepted a call or a message, not that it arrived."""

    provider_id: str | None = field(repr=False)
    """The provider's ID of the call or the message, where it gave one."""
    code: str
    """Three digits, or empty."""
    message: str
    """The provider's text, redacted."""


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
class PolledStatus:
    """A status of a call, as of when it was asked for."""

    status: CallStatus | None
    """Nothing where no call is active."""
    asked_at: float
    """Seconds on the monotonic clock."""


@dataclass(frozen=True, slots=True)
class ProviderReply:
    """A reply of the provider to a request that bills nothing."""

    code: str
    """Three digits, or empty."""
    message: str
    """The provider's text, redacted. Its words are not documented."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """When a message is delivered, where that is not at once and at any time."""

    send_at: datetime | None = None
    """When it is sent, with its time zone."""
    earliest: datetime | None = None
    """The hour of the day from which on it is delivered, on the day on which it is sent."""
    latest: datetime | None = None
    """The hour of the day until which it is delivered, likewise."""


@dataclass(frozen=True, slots=True)
class VoiceMessage:
    """A text that is spoken on the telephone, or an MP3 that is played there."""

    origin: PhoneNumber
    recipients: tuple[PhoneNumber, ...]
    content: str | bytes = field(repr=False)
    attempts: int = DEFAULT_ATTEMPTS
    """How often each telephone is called until somebody answers."""
    delivery: Delivery = Delivery()


@dataclass(frozen=True, slots=True)
class Sms:
    """A text that is written on the telephone."""

    origin: PhoneNumber
    recipients: tuple[PhoneNumber, ...]
    text: str = field(repr=False)
    delivery: Delivery = Delivery()

    @property
    def parts(self) -> int:
        """Return of how many parts it is, for each recipient. Each is billed.

        That the origin counts in each of them, and that a text beyond GSM 03.38 is sent as UCS-2,
        are guesses, on the dear side.
        """
        part, sizes = _measure(self.text)
        part -= len(self.origin.digits)
        parts, free = 1, part
        for size in sizes:
            if size > free:
                parts, free = parts + 1, part
            free -= size
        return parts


def _measure(text: str) -> tuple[int, list[int]]:
    """Return how much a part of an SMS holds, and how much of it each character takes."""
    if set(text) <= _GSM_BASIC | _GSM_EXTENSION:
        return _SMS_PART, [2 if character in _GSM_EXTENSION else 1 for character in text]
    # A character beyond the basic plane, such as an emoji, takes two units of UTF-16.
    return _UCS2_SMS_PART, [2 if character > "\uffff" else 1 for character in text]


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded call, as the provider lists it."""

    origin: PhoneNumber
    destination: PhoneNumber
    started: datetime
    """When the call began, to the second, with its time zone."""
    link: URL = field(repr=False)
    """Where the audio is. It opens without a token (a guess), and so is a secret."""


@dataclass(frozen=True, slots=True)
class RecordingQuery:
    """Which recordings are asked for."""

    start: datetime
    """The earliest beginning of a call, with its time zone."""
    end: datetime
    """The latest beginning, likewise; it is one of those that are asked for."""
    destination: PhoneNumber | None = None
    call_id: str | None = field(default=None, repr=False)
    """The provider's id of the call."""

    def includes(self, recording: Recording) -> bool:
        """Return if a recording is asked for, as far as one can tell from it."""
        return self.start <= recording.started <= self.end and (
            self.destination is None or self.destination.could_match(recording.destination)
        )


@dataclass(frozen=True, slots=True)
class RecordingList:
    """The recordings that were found."""

    recordings: tuple[Recording, ...]
    is_complete: bool
    """Whether there are no more: a list that is too long is not read to its end."""
