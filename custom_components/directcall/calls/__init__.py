"""Calls: placed once, tracked to their outcome, hung up."""

from .call import DIGITS, Call, CallState
from .manager import CallManager
from .options import PlaceCallOptions
from .tracker import CallTracker

__all__ = [
    "DIGITS",
    "Call",
    "CallManager",
    "CallState",
    "CallTracker",
    "PlaceCallOptions",
]
