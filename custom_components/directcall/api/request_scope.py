"""Request scope: deadline and cancellation of a request that cannot be undone."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
import time
from typing import Final

from .exceptions import DirectcallConnectionFailedError

# Seconds that an attempt needs to connect and get a response.
_SHORTEST_ATTEMPT: Final = 6
# Seconds before each further attempt.
_PAUSES: Final = (1, 3)


class RequestScope:
    """Deadline of all attempts of a request, and their cancellation."""

    # An attempt in progress is never cancelled, because it may ring already. The pauses between
    # attempts and the wait for a token can be.

    def __init__(self, seconds: float, on_attempt: Callable[[], object] = lambda: None) -> None:
        """Start the time. `on_attempt` is called right before each attempt."""
        self._on_attempt = on_attempt
        self._deadline = time.monotonic() + seconds
        self._attempts = 0
        self._is_cancelled = False
        # True after an attempt was stopped with Home Assistant. It may have arrived.
        self.is_interrupted = False

    @property
    def seconds_left(self) -> float:
        """Return the seconds until the deadline, 0 after it."""
        return max(0, self._deadline - time.monotonic())

    @property
    def is_sending(self) -> bool:
        """Return if an attempt is in progress."""
        return self._attempts > 0

    def cancel(self) -> None:
        """Begin no further attempt."""
        self._is_cancelled = True

    async def retry[ResultT](self, attempt: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Return the result of an attempt, repeated after a pause as long as nothing was sent."""
        for pause in _PAUSES:
            try:
                return await attempt()
            except DirectcallConnectionFailedError:
                if self.seconds_left <= pause:
                    raise
                await asyncio.sleep(pause)
        return await attempt()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Mark an attempt in progress. Raise CancelledError or DirectcallConnectionFailedError."""
        if self._is_cancelled:
            raise asyncio.CancelledError
        if self.seconds_left < _SHORTEST_ATTEMPT:
            error = "no time is left for an attempt"
            raise DirectcallConnectionFailedError(error)
        self._on_attempt()
        self._attempts += 1
        try:
            yield
        except asyncio.CancelledError:
            self.is_interrupted = True
            raise
        finally:
            self._attempts -= 1
