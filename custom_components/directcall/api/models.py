"""Models of requests and responses."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum, StrEnum, auto
import time
from typing import Final
from zoneinfo import ZoneInfo

from yarl import URL

from .phone_numbers import PhoneNumber
from .redaction import RedactedText

# The provider's times have no zone (a guess).
ZONE: Final = ZoneInfo("America/Sao_Paulo")

# Limits of one request (provider's documentation). A megabyte has a million bytes (a guess).
MOST_RECIPIENTS: Final = 10
LONGEST_TEXT: Final = 700
LARGEST_AUDIO: Final = 4_000_000
ATTEMPTS: Final = range(1, 11)
DEFAULT_ATTEMPTS: Final = 3
# Characters of a part of an SMS, including the origin's number (provider's documentation).
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
        """Return the seconds since the token was requested."""
        return time.monotonic() - self.requested_at

    @property
    def seconds_left(self) -> float:
        """Return the remaining seconds, negative after the token expired."""
        return self.lifetime - self.age


@dataclass(frozen=True, slots=True)
class NumberPair:
    """The two telephones of a call, which identify it at the provider while it is in progress."""

    origin: PhoneNumber
    destination: PhoneNumber

    @property
    def line_keys(self) -> tuple[str, str]:
        """Return the line keys of both, which are the same for all pairs that could match."""
        return self.origin.line_key, self.destination.line_key

    def includes(self, number: PhoneNumber) -> bool:
        """Return if a number may be one of the two telephones."""
        return self.origin.could_match(number) or self.destination.could_match(number)

    def could_match(self, other: NumberPair) -> bool:
        """Return if another pair may be the same two telephones."""
        # Most calls of an account have one origin.
        return self.destination.could_match(other.destination) and self.origin.could_match(
            other.origin
        )


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call to be placed. It connects two telephones and speaks nothing."""

    pair: NumberPair
    # Record the call, which costs extra.
    record: bool
    # Guarantee that the destination sees the origin's number, which costs extra.
    show_caller_id: bool
    ring_destination_first: bool


@dataclass(frozen=True, slots=True)
class AcceptedRequest:
    """The provider's confirmation that it accepted a call or a message, not that it arrived."""

    provider_id: str | None = field(repr=False)
    # Three digits, or empty.
    code: str
    message: RedactedText


class LegState(Enum):
    """State of one telephone of a call."""

    RINGING = auto()
    ANSWERED = auto()
    # Busy or declined, which cannot be told apart.
    BUSY = auto()
    NO_ANSWER = auto()
    ENDED = auto()
    FAILED = auto()

    @property
    def is_live(self) -> bool:
        """Return if the telephone rings or is answered."""
        return self in {LegState.RINGING, LegState.ANSWERED}


@dataclass(frozen=True, slots=True)
class CallLeg:
    """One telephone of a call in progress."""

    # The provider's word for its state, redacted.
    word: str
    # The meaning of the word, if it is known.
    state: LegState | None


@dataclass(frozen=True, slots=True)
class CallStatus:
    """Status of the call in progress between two telephones."""

    # All legs, also those with another number.
    legs: tuple[CallLeg, ...]
    origin: CallLeg | None
    destination: CallLeg | None

    @property
    def is_live(self) -> bool:
        """Return if one of the two telephones surely rings or is answered."""
        return any(leg and leg.state and leg.state.is_live for leg in self._pair)

    @property
    def is_ringing(self) -> bool:
        """Return if one of the two telephones surely rings."""
        return any(leg and leg.state is LegState.RINGING for leg in self._pair)

    @property
    def is_clear(self) -> bool:
        """Return if the telephone and the state of each leg are known."""
        known = [leg for leg in self._pair if leg and leg.state]
        return bool(known) and all(any(leg is one for one in known) for leg in self.legs)

    @property
    def _pair(self) -> tuple[CallLeg | None, CallLeg | None]:
        return self.origin, self.destination


@dataclass(frozen=True, slots=True)
class PolledStatus:
    """Status of a call, and the time of the request for it."""

    # None if no call is active.
    status: CallStatus | None
    # Seconds on the monotonic clock.
    asked_at: float


@dataclass(frozen=True, slots=True)
class ProviderReply:
    """A reply of the provider to a request that bills nothing."""

    # Three digits, or empty.
    code: str
    # Its words are not documented.
    message: RedactedText


@dataclass(frozen=True, slots=True)
class Delivery:
    """Times of the delivery of a message. The default is at once and at any time."""

    # The time of sending, with its time zone.
    send_at: datetime | None = None
    # The hour of the day from which on it is delivered, on the day of sending.
    earliest: datetime | None = None
    # The hour of the day until which it is delivered, on the day of sending.
    latest: datetime | None = None


@dataclass(frozen=True, slots=True)
class VoiceMessage:
    """A text that is spoken on telephones, or an MP3 that is played there."""

    origin: PhoneNumber
    recipients: tuple[PhoneNumber, ...]
    content: str | bytes = field(repr=False)
    # The number of times that each telephone is called until it is answered.
    attempts: int = DEFAULT_ATTEMPTS
    delivery: Delivery = Delivery()


@dataclass(frozen=True, slots=True)
class Sms:
    """A text that is sent to telephones."""

    origin: PhoneNumber
    recipients: tuple[PhoneNumber, ...]
    text: str = field(repr=False)
    delivery: Delivery = Delivery()

    @property
    def parts(self) -> int:
        """Return the number of parts for each recipient, each of which is billed."""
        part, sizes = _measure(self.text)
        # In each part (a guess).
        part -= len(self.origin.digits)
        parts, free = 1, part
        for size in sizes:
            if size > free:
                parts, free = parts + 1, part
            free -= size
        return parts


def _measure(text: str) -> tuple[int, list[int]]:
    if set(text) <= _GSM_BASIC | _GSM_EXTENSION:
        return _SMS_PART, [2 if character in _GSM_EXTENSION else 1 for character in text]
    # Any other text is sent as UCS-2 (a guess).
    # A character beyond the basic plane, such as an emoji, takes two units of UTF-16.
    return _UCS2_SMS_PART, [2 if character > "\uffff" else 1 for character in text]


class BalanceShape(StrEnum):
    """Shape in which a balance came. Only the last one was ever seen."""

    JSON_NUMBER = "json_number"
    JSON_TEXT = "json_text"
    XML = "xml"


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance of an account."""

    # Rounded to cents.
    amount: Decimal = field(repr=False)
    # ISO 4217 code.
    currency: str
    shape: BalanceShape


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded call."""

    origin: PhoneNumber
    destination: PhoneNumber
    # The beginning of the call, to the second, with its time zone.
    started: datetime
    # The link to the audio, which is secret, because it needs no token (a guess).
    link: URL = field(repr=False)


@dataclass(frozen=True, slots=True)
class RecordingQuery:
    """Query for recordings."""

    # The earliest beginning of a call, with its time zone.
    start: datetime
    # The latest beginning, inclusive, with its time zone.
    end: datetime
    destination: PhoneNumber | None = None
    call_id: str | None = field(default=None, repr=False)

    def includes(self, recording: Recording) -> bool:
        """Return if a recording matches, except for its call ID, which it does not have."""
        return self.start <= recording.started <= self.end and (
            self.destination is None or self.destination.could_match(recording.destination)
        )


@dataclass(frozen=True, slots=True)
class RecordingList:
    """The recordings that match a query."""

    recordings: tuple[Recording, ...]
    # False for a list that is too long to be read to its end.
    is_complete: bool
