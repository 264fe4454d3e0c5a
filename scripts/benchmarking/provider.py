"""The simulated provider, in a process of its own, so that its time is not counted."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
import multiprocessing
from multiprocessing.connection import Connection
from typing import Final
from zoneinfo import ZoneInfo

from tests.simulator import Quirks, Recording, Simulator

RECORDINGS: Final = 1000

type Tally = Counter[str]
"""Requests by endpoint, and calls by number."""


@asynccontextmanager
async def running_provider() -> AsyncIterator[tuple[int, Callable[[], Awaitable[Tally]]]]:
    """Run the provider, and yield its port and a function that asks what reached it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs,), daemon=True)
    process.start()
    theirs.close()

    async def ask() -> Tally:
        ours.send(None)
        tally: Tally = await asyncio.to_thread(ours.recv)
        return tally

    yield await asyncio.to_thread(ours.recv), ask
    # The process ends when the pipe is closed.
    ours.close()
    await asyncio.to_thread(process.join)


def _run(pipe: Connection) -> None:
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    # Telephones are so fast that a call can be hung up a millisecond after it was placed.
    simulator = Simulator(Quirks(haste=1000))
    yesterday = datetime.now(ZoneInfo("America/Sao_Paulo")) - timedelta(days=1)
    simulator.recordings += [
        Recording("554130600300", f"5541{number}", str(number), yesterday)
        for number in range(30600000, 30600000 + RECORDINGS)
    ]
    await simulator.start()
    pipe.send(simulator.port)
    with suppress(EOFError):
        while True:
            await asyncio.to_thread(pipe.recv)
            pipe.send(Counter(simulator.requests) + Counter(c.destination for c in simulator.calls))
    await simulator.stop()
