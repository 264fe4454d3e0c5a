"""Where the time of a call goes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import batched, islice, pairwise
import time
from typing import Any, Final
from unittest.mock import patch

from aiohttp import TCPConnector

from homeassistant.core import HomeAssistant

from custom_components.directcall.api import DirectcallClient
from custom_components.directcall.api.responses import ApiResponse
from custom_components.directcall.calls.tracker import CallTracker

from .calls import BATCH, hang_up, place_call

# Each ends where the next one begins.
STEPS: Final = (
    "Read the action and the number, and start a task",
    "Prepare the request",
    "Open a connection",
    "Send it, and wait for the answer",
    "Read the answer",
    "Take note of the call, and show it",
    "Return to who asked for it",
)


async def time_steps(
    hass: HomeAssistant, destinations: Iterator[str], rounds: int
) -> dict[str, list[float]]:
    """Return the seconds that each step of placing a call took."""
    seconds: dict[str, list[float]] = {step: [] for step in STEPS}
    for batch in batched(islice(destinations, rounds), BATCH, strict=False):
        for destination in batch:
            await hass.async_block_till_done()
            with _noting() as moments:
                await place_call(hass, destination)
            for step, (start, end) in zip(STEPS, pairwise(moments), strict=True):
                seconds[step].append(end - start)
        await hang_up(hass)
    return seconds


@contextmanager
def _noting() -> Iterator[list[float]]:
    """Note when one step of a call ends and the next begins."""
    moments: list[float] = []

    def note() -> None:
        moments.append(time.perf_counter())

    with ExitStack() as patches:
        for owner, name in (
            (DirectcallClient, "place_call"),
            (TCPConnector, "connect"),
            (ApiResponse, "read"),
            (CallTracker, "async_track"),
        ):
            patches.enter_context(_before(owner, name, note))
        patches.enter_context(_after_connecting(note))
        patches.enter_context(_after_following(note))
        note()
        yield moments
        note()


@contextmanager
def _before(owner: type, name: str, note: Callable[[], None]) -> Iterator[None]:
    """Do something before a function of a class."""
    function = getattr(owner, name)

    def noted(*args: Any, **kwargs: Any) -> Any:
        note()
        return function(*args, **kwargs)

    with patch.object(owner, name, noted):
        yield


@contextmanager
def _after_connecting(note: Callable[[], None]) -> Iterator[None]:
    """Do something after a connection is there."""
    function = TCPConnector.connect

    async def noted(*args: Any, **kwargs: Any) -> Any:
        connection = await function(*args, **kwargs)
        note()
        return connection

    with patch.object(TCPConnector, "connect", noted):
        yield


@contextmanager
def _after_following(note: Callable[[], None]) -> Iterator[None]:
    """Do something after it was noted that a call is there."""
    function = CallTracker.async_track

    def noted(*args: Any, **kwargs: Any) -> None:
        function(*args, **kwargs)
        note()

    with patch.object(CallTracker, "async_track", noted):
        yield
