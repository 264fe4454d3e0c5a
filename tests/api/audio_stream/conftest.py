"""Fixtures of the audio stream's tests: a resolver, a server, and sessions."""

from collections.abc import AsyncIterator
import ssl
from unittest.mock import patch

from aiohttp import web
import pytest

from custom_components.directcall.api import Sessions
from tests.api.audio_stream.common import Resolver, Server
from tests.simulator import Recording as RecordedCall, Simulator


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[Server]:
    """Return another server on loopback."""
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    server.runner = runner
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    yield server
    server.over.set()
    await runner.cleanup()


@pytest.fixture
def resolver() -> Resolver:
    """Return what finds every host on this machine."""
    return Resolver()


@pytest.fixture
async def sessions(socket_enabled: None, resolver: Resolver) -> AsyncIterator[Sessions]:
    """Return sessions for which every host is on this machine."""
    with patch("aiohttp.connector.DefaultResolver", return_value=resolver):
        sessions = Sessions.open(ssl.create_default_context())
    yield sessions
    await sessions.close()


@pytest.fixture
def recorded(simulator: Simulator) -> RecordedCall:
    """Return a recording at the provider's."""
    recording = RecordedCall("554130600300", "5541999990000", "a-call")
    simulator.recordings.append(recording)
    return recording
