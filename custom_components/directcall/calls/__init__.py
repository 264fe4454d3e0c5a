"""Calls: placed once, tracked to their outcome, hung up."""

from .call import DIGITS, Call, CallState
from .manager import CallManager, async_get_calls, async_remove_calls, request_call
from .tracker import CallTracker

__all__ = [
    "DIGITS",
    "Call",
    "CallManager",
    "CallState",
    "CallTracker",
    "async_get_calls",
    "async_remove_calls",
    "request_call",
]
