"""The simulated provider, in a process of its own: none of its time is taken for the house's."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import socket
import sys
from typing import Final, cast

from tests.simulator import Quirks, Simulator

ROOT: Final = Path(__file__).parents[2]
# Telephones this much faster: a call can be hung up a millisecond after it was placed.
_HASTE: Final = 1000


@dataclass(frozen=True)
class Tally:
    """What reached the provider."""

    requests: Counter[str]
    """How many requests came to each endpoint."""
    destinations: Counter[str]
    """How many calls each telephone got."""

    def since(self, earlier: Tally) -> Tally:
        """Return what came after an earlier tally."""
        return Tally(self.requests - earlier.requests, self.destinations - earlier.destinations)


class Provider:
    """The process in which the provider is simulated."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Talk to a process line by line."""
        self._process = process

    async def tally(self) -> Tally:
        """Return what reached the provider so far."""
        # Both are there, as both were asked for.
        cast(asyncio.StreamWriter, self._process.stdin).write(b"\n")
        line = await cast(asyncio.StreamReader, self._process.stdout).readline()
        told = json.loads(line)
        return Tally(Counter(told["requests"]), Counter(told["destinations"]))


def free_port() -> int:
    """Return a port on which nobody listens yet."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@asynccontextmanager
async def running_provider(port: int) -> AsyncIterator[Provider]:
    """Simulate the provider on a port of loopback."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", __name__, str(port)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # A line tells of thousands of calls.
        limit=2**24,
    )
    provider = Provider(process)
    try:
        await provider.tally()
        yield provider
    finally:
        # It ends once nobody talks to it any more.
        await process.communicate()


async def _serve(port: int) -> None:
    """Simulate the provider, and tell what reached it for each line of standard input."""
    simulator = Simulator(Quirks(haste=_HASTE), port=port)
    await simulator.start()
    while await asyncio.to_thread(sys.stdin.readline):
        tally = {
            "requests": simulator.requests,
            "destinations": Counter(call.destination for call in simulator.calls),
        }
        print(json.dumps(tally), flush=True)
    await simulator.stop()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
