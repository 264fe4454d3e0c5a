"""Calls: placed once, tracked to their outcome, hung up."""

from .call import DIGITS, Call, CallState
from .hang_up import HangUpResult, PreventedCall
from .manager import CallManager, PlacedCall, request_call
from .tracker import CallTracker

__all__ = [
    "DIGITS",
    "Call",
    "CallManager",
    "CallState",
    "CallTracker",
    "HangUpResult",
    "PlacedCall",
    "PreventedCall",
    "request_call",
]
