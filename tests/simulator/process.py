"""The simulator in a process of its own, which tells when something reached it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
import multiprocessing
from multiprocessing.connection import Connection
import time
from typing import Final, NamedTuple

from .certificate import self_signed
from .messages import Message
from .models import NetworkCall
from .server import Simulator
from .telephones import DIALLING, RINGING

TOKEN: Final = "0123456789" * 4
"""A token that is always accepted, for clients other than the integration."""


class Reached(NamedTuple):
    """What reached the simulator. Times are on the monotonic clock, which all processes share."""

    requests: defaultdict[str, int]
    """Their number by endpoint."""
    calls: Counter[str]
    """Their number by destination."""
    messages: list[float]
    """When they were accepted."""
    answers: dict[str, float]
    """When the destinations of calls answered, by their last four digits."""


class Process(NamedTuple):
    """A simulator that runs."""

    url: str
    certificate: str
    """Its certificate as PEM, or an empty text without TLS."""
    ask: Callable[[], Awaitable[Reached]]
    """Return what reached it since it was asked before."""


@asynccontextmanager
async def running_process(*, has_tls: bool = False) -> AsyncIterator[Process]:
    """Run a simulator whose telephones answer after as many milliseconds as four digits say."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    serve = _serve_with_tls if has_tls else _serve
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()

    async def ask() -> Reached:
        ours.send(None)
        reached: Reached = await asyncio.to_thread(ours.recv)
        return reached

    url, certificate = await asyncio.to_thread(ours.recv)
    yield Process(url, certificate, ask)
    # The process ends when the pipe is closed.
    ours.close()
    await asyncio.to_thread(process.join)


def _serve(pipe: Connection) -> None:
    asyncio.run(_answer(pipe, Simulator()))


def _serve_with_tls(pipe: Connection) -> None:
    context, certificate = self_signed()
    asyncio.run(_answer(pipe, Simulator(ssl_context=context), certificate))


async def _answer(pipe: Connection, simulator: Simulator, certificate: str = "") -> None:
    reached = Reached(simulator.requests, Counter(), [], {})

    def note_message(_: Message) -> None:
        reached.messages.append(time.monotonic())

    def note_call(call: NetworkCall) -> None:
        reached.calls[call.destination] += 1
        digits = call.destination[-4:]
        call.line.haste = (DIALLING + 2 * RINGING) / int(digits) * 1000
        reached.answers[digits] = call.line.started + int(digits) / 1000

    simulator.on_message, simulator.on_call = note_message, note_call
    simulator.accept(TOKEN)
    await simulator.start()
    pipe.send((simulator.url, certificate))
    with suppress(EOFError):
        while True:
            await asyncio.to_thread(pipe.recv)
            pipe.send(reached)
            for each in reached:
                each.clear()
    await simulator.stop()
