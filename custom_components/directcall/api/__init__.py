"""Directcall's REST API, independent of Home Assistant.

Forms go out and JSON comes back. Portuguese names of fields stay inside this package.
"""

from .client import DEFAULT_URL, DirectcallClient
from .errors import (
    AuthenticationError,
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
    CallLeg,
    CallRequest,
    CallStatus,
    EndedCall,
    LegState,
    NumberPair,
    PlacedCall,
    Token,
)
from .numbers import PhoneNumber, mask
from .transport import parse_url

__all__ = [
    "DEFAULT_URL",
    "AuthenticationError",
    "CallLeg",
    "CallRequest",
    "CallStatus",
    "ConnectionFailedError",
    "DirectcallClient",
    "DirectcallError",
    "EndedCall",
    "HangUpUnknownError",
    "InvalidNumberError",
    "InvalidUrlError",
    "LegState",
    "NoCreditError",
    "NotActiveError",
    "NumberPair",
    "NumberProblem",
    "OutcomeUnknownError",
    "PhoneNumber",
    "PlacedCall",
    "RefusedError",
    "Token",
    "TokenRejectedError",
    "mask",
    "parse_url",
]
