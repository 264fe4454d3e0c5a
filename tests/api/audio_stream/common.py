"""Helpers of the audio stream's tests: a resolver, and a server."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
import socket
from typing import override

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from custom_components.directcall.api import PhoneNumber, Recording
from tests.simulator import Recording as RecordedCall, Simulator

NUMBER = PhoneNumber("554130600300")


class Resolver(AbstractResolver):
    """Finds every host on this machine."""

    def __init__(self) -> None:
        """Start without having been asked."""
        self.hosts: list[str] = []

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Find a host."""
        self.hosts.append(host)
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    @override
    async def close(self) -> None:
        """End."""


class Server:
    """A server that answers as a test wants it."""

    def __init__(self) -> None:
        """Start without having been asked."""
        self.requests: list[web.Request] = []
        self.runner: web.AppRunner | None = None
        self.answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
        self.over = asyncio.Event()
        self.port = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer."""
        self.requests.append(request)
        assert self.answer is not None
        return await self.answer(request)

    @property
    def connections(self) -> int:
        """Return how many connections are open."""
        assert self.runner is not None
        assert self.runner.server is not None
        return len(self.runner.server.connections)

    def answers(self, response: Callable[[], web.StreamResponse]) -> None:
        """Answer so from now on."""

        async def answer(_: web.Request) -> web.StreamResponse:
            return response()

        self.answer = answer


def at(link: str | URL) -> Recording:
    """Return a recording with a link."""
    return Recording(NUMBER, NUMBER, datetime.now(UTC), URL(link))


def link_of(simulator: Simulator, recorded: RecordedCall) -> str:
    """Return the link to a recording at the simulator."""
    return f"{simulator.url}/extrato/gravacao/id/{recorded.key}"


def whole(recorded: RecordedCall) -> bytes:
    """Return all the audio of a recording."""
    return b"".join(recorded.blocks(0, recorded.size))
