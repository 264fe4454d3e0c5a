"""A line between the house and the provider, on loopback, on which anything may go wrong."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
import re
import socket
import struct
import time
from typing import Final

_CONTENT_LENGTH: Final = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)
# Closes with a reset: nothing lingers.
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class End(Enum):
    """End of a connection."""

    CLOSED = auto()
    RESET = auto()
    NEVER = auto()
    """The connection stays open without a byte."""


class Reach(Enum):
    """Point that a request reaches."""

    NOWHERE = auto()
    """The request is not read."""
    LINE = auto()
    """The request is read, and not forwarded."""
    PROVIDER = auto()


def as_it_is(answer: bytes) -> bytes:
    """Return an answer as the provider gave it."""
    return answer


@dataclass(frozen=True, slots=True)
class Fault:
    """Fault of a connection."""

    reach: Reach = Reach.PROVIDER
    answer: Callable[[bytes], bytes] = as_it_is
    """Change of the provider's response."""
    takes: float | None = None
    """Seconds for the response, byte by byte. None sends it in one piece."""
    end: End = End.CLOSED


SOUND: Final = Fault()


@dataclass
class Proxy:
    """A line to the provider's port."""

    provider: int
    faults: deque[Fault] = field(default_factory=deque)
    """Faults of the next connections."""
    always: Fault = SOUND
    """Fault of the connections after them."""
    connections: int = 0
    """Number of accepted connections."""
    port: int = 0

    def __post_init__(self) -> None:
        """Start without a connection."""
        self._server: asyncio.Server | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._slow = asyncio.Event()

    @property
    def url(self) -> str:
        """Return the address of the API on this line."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen on loopback, on a free port the first time."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening, and cut all connections."""
        if self._server:
            self._server.close()
            self._server = None
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def until_slow(self) -> None:
        """Wait until nothing but time brings a connection on."""
        await self._slow.wait()
        self._slow.clear()

    async def until_closed(self) -> None:
        """Wait until no connection is open, for some seconds at most."""
        if self._under_way:
            _, open_still = await asyncio.wait(self._under_way, timeout=5)
            assert not open_still

    @asynccontextmanager
    async def deaf(self) -> AsyncIterator[None]:
        """Keep the port for a while, and accept no connection: as many as may wait do so."""
        await self.stop()
        with socket.socket() as server, socket.socket() as first, socket.socket() as second:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("127.0.0.1", self.port))
            server.listen(0)
            for waiting in (first, second):
                waiting.settimeout(0)
                waiting.connect_ex(server.getsockname())
            yield
        await self.start()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection, and see to its end."""
        self.connections += 1
        fault = self.faults.popleft() if self.faults else self.always
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            # The other side may have enough, or the line be cut.
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._answer(fault, reader, writer)
                if fault.end is End.NEVER:
                    self._slow.set()
                    await reader.read()
        finally:
            self._under_way.discard(task)
            if fault.end is End.RESET:
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER
                )
                writer.transport.abort()
            writer.close()

    async def _answer(
        self, fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Forward a request as far as the fault allows, and return its response."""
        if fault.reach is Reach.NOWHERE:
            return
        request = await _read_request(reader)
        if fault.reach is Reach.LINE:
            return
        answer = fault.answer(await self._ask_provider(request))
        if fault.takes is None:
            writer.write(answer)
        else:
            self._slow.set()
            await _dribble(writer, answer, fault.takes)
        await writer.drain()

    async def _ask_provider(self, request: bytes) -> bytes:
        """Return the provider's answer, which closes the connection after it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.provider)
        try:
            writer.write(request)
            return await reader.read()
        finally:
            writer.close()


async def _dribble(writer: asyncio.StreamWriter, answer: bytes, seconds: float) -> None:
    """Write an answer byte by byte, at an even pace."""
    start = time.monotonic()
    for number in range(len(answer)):
        due = start + seconds * (number + 1) / len(answer)
        # Tests of slow answers move the clock on.
        await asyncio.sleep(max(0, due - time.monotonic()))
        writer.write(answer[number : number + 1])
        await writer.drain()


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    """Return a whole request."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _CONTENT_LENGTH.search(head)
    return head + await reader.readexactly(int(length[1]) if length else 0)
