"""The longest time for which an event loop does one thing, and so nothing else."""

from asyncio import Handle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import time
from unittest.mock import patch


@dataclass
class LongestBlock:
    """The longest blocks that were seen, in seconds. They need not be the same one."""

    wall: float = 0
    """On the clock: with what else the machine did meanwhile."""
    cpu: float = 0
    """Of the processor, for the event loop's own thread."""


@contextmanager
def watching() -> Iterator[LongestBlock]:
    """Time each thing that an event loop does, whoever asked for it."""
    longest = LongestBlock()

    def timed(handle: Handle) -> None:
        cpu, wall = time.thread_time(), time.perf_counter()
        run(handle)
        longest.wall = max(longest.wall, time.perf_counter() - wall)
        longest.cpu = max(longest.cpu, time.thread_time() - cpu)

    patcher = patch.object(Handle, "_run", timed)
    run, _ = patcher.get_original()
    with patcher:
        yield longest
