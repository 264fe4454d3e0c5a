"""Calls: placed once, tracked to their outcome, hung up."""

from .call import DIGITS, Call, CallState, Telephone
from .hang_up import HangUpResult, PreventedCall
from .manager import CallManager, CallOrder, PlacedCall
from .options import PlaceCallOptions
from .tracker import CallTracker, CallUpdate

__all__ = [
    "DIGITS",
    "Call",
    "CallManager",
    "CallOrder",
    "CallState",
    "CallTracker",
    "CallUpdate",
    "HangUpResult",
    "PlaceCallOptions",
    "PlacedCall",
    "PreventedCall",
    "Telephone",
]
