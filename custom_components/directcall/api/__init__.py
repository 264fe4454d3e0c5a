"""Directcall's REST API, independent of Home Assistant.

Forms go out and JSON comes back. Portuguese names of fields stay inside this package.
"""

from .answers import mask_text
from .client import DEFAULT_URL, DirectcallClient
from .errors import (
    AuthenticationError,
    CancellationUnknownError,
    ConnectionFailedError,
    DirectcallError,
    HangUpUnknownError,
    InvalidNumberError,
    InvalidUrlError,
    NoCreditError,
    NotActiveError,
    NumberProblem,
    OutcomeUnknownError,
    RefusedError,
    TokenRejectedError,
)
from .models import (
    ATTEMPTS,
    DEFAULT_ATTEMPTS,
    LARGEST_AUDIO,
    LONGEST_TEXT,
    MOST_RECIPIENTS,
    CallLeg,
    CallRequest,
    CallStatus,
    Delivery,
    EndedCall,
    LegState,
    MessageAnswer,
    NumberPair,
    PlacedCall,
    SentMessage,
    Sms,
    Token,
    VoiceMessage,
)
from .numbers import PhoneNumber, mask
from .transport import parse_url

__all__ = [
    "ATTEMPTS",
    "DEFAULT_ATTEMPTS",
    "DEFAULT_URL",
    "LARGEST_AUDIO",
    "LONGEST_TEXT",
    "MOST_RECIPIENTS",
    "AuthenticationError",
    "CallLeg",
    "CallRequest",
    "CallStatus",
    "CancellationUnknownError",
    "ConnectionFailedError",
    "Delivery",
    "DirectcallClient",
    "DirectcallError",
    "EndedCall",
    "HangUpUnknownError",
    "InvalidNumberError",
    "InvalidUrlError",
    "LegState",
    "MessageAnswer",
    "NoCreditError",
    "NotActiveError",
    "NumberPair",
    "NumberProblem",
    "OutcomeUnknownError",
    "PhoneNumber",
    "PlacedCall",
    "RefusedError",
    "SentMessage",
    "Sms",
    "Token",
    "TokenRejectedError",
    "VoiceMessage",
    "mask",
    "mask_text",
    "parse_url",
]
