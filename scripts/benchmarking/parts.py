"""Parts of a call's time, where one thing is done at a time."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from inspect import iscoroutinefunction
import time
from typing import Final
from unittest.mock import patch

_OURS: Final = "custom_components.directcall"
_OUTSIDE: Final = "Home Assistant performs an action"
_TASK: Final = "The request is allowed, and starts as a task, with a token"
_RESPONSE: Final = "The response is read"
# The functions in which a part passes, apart from the time in others of them.
_PARTS: Final = {
    "homeassistant.core.ServiceRegistry._execute_service": "Fields are read, or templates rendered",
    f"{_OURS}.api.phone_numbers.parse_number": "The number is parsed",
    f"{_OURS}.calls.manager.CallManager.async_place": _TASK,
    f"{_OURS}.api.client.DirectcallClient.place_call": _TASK,
    f"{_OURS}.api.transport.Transport.send": "The form is written",
    "aiohttp.TCPConnector.connect": "A connection is opened",
    "aiohttp.ClientSession._request": "The request is sent, and the response awaited",
    f"{_OURS}.api.transport._read_body": _RESPONSE,
    f"{_OURS}.api.responses.read_object": _RESPONSE,
    f"{_OURS}.api.client.read_accepted": _RESPONSE,
    f"{_OURS}.calls.tracker.CallTracker.async_track": "The call is tracked, and its event fired",
    "homeassistant.helpers.entity.Entity.async_write_ha_state": "States are written",
    f"{_OURS}.store.AccountStore.async_save": "A save is scheduled",
}


@contextmanager
def watching_parts() -> Iterator[Callable[[object], defaultdict[str, float]]]:
    """Yield a watch that shows the seconds of each part."""
    seconds: defaultdict[str, float] = defaultdict(float)
    part, since = _OUTSIDE, 0.0

    def switch(to: str) -> str:
        nonlocal part, since
        now = time.perf_counter()
        seconds[part] += now - since
        before, part, since = part, to, now
        return before

    @contextmanager
    def during(name: str) -> Iterator[None]:
        before = switch(name)
        try:
            yield
        finally:
            switch(before)

    @asynccontextmanager
    async def awaiting(name: str) -> AsyncIterator[None]:
        with during(name):
            yield

    def read(_: object) -> defaultdict[str, float]:
        nonlocal seconds
        switch(_OUTSIDE)
        result, seconds = seconds, defaultdict(float)
        result["All"] = sum(result.values())
        return result

    with ExitStack() as stack:
        for target, name in _PARTS.items():
            function, _ = patch(target).get_original()
            wrap = awaiting(name) if iscoroutinefunction(function) else during(name)
            stack.enter_context(patch(target, wrap(function)))
        yield read
