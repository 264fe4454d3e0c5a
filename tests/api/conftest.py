"""What the tests of the wire share: a client of the simulated provider, and no pauses."""

from collections.abc import AsyncIterator, Iterator
from unittest.mock import patch

import aiohttp
import pytest
from yarl import URL

from custom_components.directcall.api import DirectcallClient, Token
from tests.simulator import ACCOUNT, Simulator


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a session."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(session: aiohttp.ClientSession, simulator: Simulator) -> DirectcallClient:
    """Return a client of the simulated provider."""
    return DirectcallClient(session, URL(simulator.url), *ACCOUNT)


@pytest.fixture
async def token(client: DirectcallClient) -> Token:
    """Return a token."""
    return await client.request_token()


@pytest.fixture
def pauses() -> Iterator[list[float]]:
    """Collect the pauses instead of waiting for them."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        if seconds:
            pauses.append(seconds)

    with patch("custom_components.directcall.api.transport.asyncio.sleep", sleep):
        yield pauses
