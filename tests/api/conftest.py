"""Fixtures of the API's tests: a client of the simulated provider, and pauses."""

from collections.abc import AsyncIterator, Iterator
import ssl
from unittest.mock import patch

import pytest
from yarl import URL

from custom_components.directcall.api import DirectcallClient, Sessions, Token
from tests.simulator import ACCOUNT, Simulator


@pytest.fixture
async def sessions(socket_enabled: None) -> AsyncIterator[Sessions]:
    """Return the sessions of a client."""
    sessions = Sessions.open(ssl.create_default_context())
    yield sessions
    await sessions.close()


@pytest.fixture
def client(sessions: Sessions, simulator: Simulator) -> DirectcallClient:
    """Return a client of the simulated provider."""
    return DirectcallClient(sessions, URL(simulator.url), *ACCOUNT)


@pytest.fixture
async def token(client: DirectcallClient) -> Token:
    """Return a token."""
    return await client.sign_in()


@pytest.fixture
def pauses() -> Iterator[list[float]]:
    """Collect the pauses instead of waiting for them."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        if seconds:
            pauses.append(seconds)

    with patch("custom_components.directcall.api.request_scope.asyncio.sleep", sleep):
        yield pauses
