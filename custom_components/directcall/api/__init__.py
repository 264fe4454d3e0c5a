"""Directcall's REST API, independent of Home Assistant.

Forms go out and JSON comes back. Portuguese names of fields stay inside this package.
"""

from .audio_stream import AudioStream
from .auth import AuthListener
from .byte_range import ByteRange
from .client import DEFAULT_URL, DirectcallClient
from .exceptions import (
    DirectcallAuthenticationError,
    DirectcallCancellationUnknownError,
    DirectcallConnectionError,
    DirectcallError,
    DirectcallHangUpUnknownError,
    DirectcallInvalidNumberError,
    DirectcallInvalidUrlError,
    DirectcallLinkRefusedError,
    DirectcallNoCreditError,
    DirectcallNotActiveError,
    DirectcallOutcomeUnknownError,
    DirectcallRecordingGoneError,
    DirectcallRefusedError,
    DirectcallSpoolError,
    DirectcallTokenRejectedError,
    DirectcallTokenUncertainError,
    NumberProblem,
)
from .models import (
    ATTEMPTS,
    DEFAULT_ATTEMPTS,
    LARGEST_AUDIO,
    LONGEST_TEXT,
    MOST_RECIPIENTS,
    AcceptedRequest,
    CallLeg,
    CallRequest,
    CallStatus,
    Delivery,
    LegState,
    NumberPair,
    PolledStatus,
    ProviderReply,
    Recording,
    RecordingList,
    RecordingQuery,
    Sms,
    Token,
    VoiceMessage,
)
from .number_metadata import load_number_data, missing_calling_codes
from .phone_numbers import PhoneNumber
from .redaction import redact_number, redact_text
from .request_scope import RequestScope
from .sessions import Sessions
from .spool import Spool
from .transport import parse_url

__all__ = [
    "ATTEMPTS",
    "DEFAULT_ATTEMPTS",
    "DEFAULT_URL",
    "LARGEST_AUDIO",
    "LONGEST_TEXT",
    "MOST_RECIPIENTS",
    "AcceptedRequest",
    "AudioStream",
    "AuthListener",
    "ByteRange",
    "CallLeg",
    "CallRequest",
    "CallStatus",
    "Delivery",
    "DirectcallAuthenticationError",
    "DirectcallCancellationUnknownError",
    "DirectcallClient",
    "DirectcallConnectionError",
    "DirectcallError",
    "DirectcallHangUpUnknownError",
    "DirectcallInvalidNumberError",
    "DirectcallInvalidUrlError",
    "DirectcallLinkRefusedError",
    "DirectcallNoCreditError",
    "DirectcallNotActiveError",
    "DirectcallOutcomeUnknownError",
    "DirectcallRecordingGoneError",
    "DirectcallRefusedError",
    "DirectcallSpoolError",
    "DirectcallTokenRejectedError",
    "DirectcallTokenUncertainError",
    "LegState",
    "NumberPair",
    "NumberProblem",
    "PhoneNumber",
    "PolledStatus",
    "ProviderReply",
    "Recording",
    "RecordingList",
    "RecordingQuery",
    "RequestScope",
    "Sessions",
    "Sms",
    "Spool",
    "Token",
    "VoiceMessage",
    "load_number_data",
    "missing_calling_codes",
    "parse_url",
    "redact_number",
    "redact_text",
]
