"""Data of the simulator: accounts, quirks, scripted answers, and calls."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, NamedTuple, override

from .telephones import Line


class Account(NamedTuple):
    """Invented credentials."""

    client_id: str
    client_secret: str


ACCOUNT: Final = Account("demo@example.com", "012345")


class TokenShape(Enum):
    """Shape of tokens: 40 hexadecimal digits in 2013, a JWT later."""

    OPAQUE = auto()
    JWT = auto()


class Rejection(Enum):
    """Form of a rejection of credentials or a token. The real one is unknown."""

    CODE = auto()
    OAUTH = auto()
    HTTP_401 = auto()


class BalanceShape(Enum):
    """Shape of the balance. One client reads XML; the others, and the refusals, are a guess."""

    UNKNOWN_METHOD = auto()
    REFUSED = auto()
    PAGE = auto()
    XML = auto()
    NUMBER = auto()
    TEXT = auto()
    COMMA = auto()
    LIST = auto()
    WITHOUT_ENVELOPE = auto()


@dataclass
class Quirks:
    """Behaviour that is unknown of the real provider, and can be chosen."""

    token_shape: TokenShape = TokenShape.OPAQUE
    token_lifetime: float = 3600
    """Seconds."""
    expires_in: bool = False
    """True if a token response states the lifetime. No real one was seen to do so."""
    rejection: Rejection = Rejection.CODE
    error_status: int = 200
    """HTTP status of a refusal."""
    haste: float = 1
    """Seconds of the telephones in one real second, for faster tests."""
    token_delay: float = 0
    """Seconds until a token is given."""
    call_delay: float = 0
    """Seconds until the response to a request for a call."""
    status_delay: float = 0
    """Seconds until a status is given."""
    end_delay: float = 0
    """Seconds until a call is ended."""
    list_delay: float = 0
    """Seconds until a page of recordings is given."""
    audio_delay: float = 0
    """Seconds until audio is sent."""
    page_size: int = 20
    """Number of recordings on a page."""
    says_pages: bool = True
    """True if a list states its number of pages."""
    searches_by_end: bool = False
    """True if the times in a query for recordings are ends of calls."""
    ignores_call_id: bool = False
    """True if a query for recordings ignores the call ID."""
    knows_ranges: bool = True
    """True if a part of a recording can be requested."""
    knows_length: bool = True
    """True if the length of a recording is stated. Otherwise no part of it can be requested."""
    packs_audio: bool = False
    """True if audio is compressed without a request for it."""
    audio_type: str | None = "audio/x-wav"
    """Content type of the audio. The real one, and the format of the audio, are unknown."""
    balance_shape: BalanceShape = BalanceShape.UNKNOWN_METHOD
    balance: float = 1234.56
    """What is left on the account."""
    ends_older_tokens: bool = False
    """True if a new token ends those before."""
    format_names: tuple[str, ...] = ("format", "formato")
    """The names with which a request for a list or the balance chooses XML."""
    links_by_call_id: bool = False
    """True if the link of a recording is made from the call ID. Two links were seen to be."""
    lists_calls: bool = False
    """True if `/extrato/list` and `/sms/recebimento` exist. Their fields are a guess."""
    rejection_delays: deque[float] = field(default_factory=deque)
    """Seconds until each of the next tokens is rejected."""


@dataclass(frozen=True)
class Reply:
    """An answer that a test puts in the place of the provider's own."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    encoding: str | None = None
    location: str | None = None
    blanks: int = 0
    """Bytes of white space that follow the body."""
    drop: bool = False
    """Close the connection instead of answering, or in the middle of the body."""


@dataclass(frozen=True)
class NetworkCall:
    """A call as the telephone network saw it."""

    origin: str
    destination: str
    rings_first: str
    recorded: bool
    form: Mapping[str, str]
    line: Line
    call_id: str

    @override
    def __str__(self) -> str:
        """Return the call in one line."""
        recorded = "recorded" if self.recorded else "not recorded"
        return f"{self.origin} calls {self.destination}: {self.rings_first} rings first, {recorded}"
