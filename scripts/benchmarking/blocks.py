"""The longest time for which an event loop does one thing, and so nothing else."""

from asyncio import Handle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import gc
import time
from unittest.mock import patch


@dataclass
class LongestBlock:
    """The longest blocks that were seen, in seconds. They need not be the same one."""

    wall: float = 0
    """On the clock: with what else the machine did meanwhile."""
    cpu: float = 0
    """Of the processor, for the event loop's own thread."""
    own: float = 0
    """Of the processor, without what Python took to collect garbage, anybody's."""


class _Collections:
    """What Python takes to collect garbage."""

    def __init__(self) -> None:
        """Start with nothing collected."""
        self.seconds: float = 0
        self._started: float = 0

    def note(self, phase: str, _info: object) -> None:
        """Note that a collection starts or stops."""
        if phase == "start":
            self._started = time.thread_time()
        else:
            self.seconds += time.thread_time() - self._started


@contextmanager
def watching() -> Iterator[LongestBlock]:
    """Time each thing that an event loop does, whoever asked for it."""
    longest = LongestBlock()
    collections = _Collections()

    def timed(handle: Handle) -> None:
        collected, cpu, wall = collections.seconds, time.thread_time(), time.perf_counter()
        run(handle)
        if collections.note not in gc.callbacks:
            # It goes on with what nobody watches any more.
            return
        wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
        longest.wall = max(longest.wall, wall)
        longest.cpu = max(longest.cpu, cpu)
        longest.own = max(longest.own, cpu - (collections.seconds - collected))

    patcher = patch.object(Handle, "_run", timed)
    run, _ = patcher.get_original()
    gc.callbacks.append(collections.note)
    try:
        with patcher:
            yield longest
    finally:
        gc.callbacks.remove(collections.note)
