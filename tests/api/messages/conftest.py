"""Fixtures of the tests of messages."""

import pytest

from custom_components.directcall.api import Delivery, DirectcallClient, Token
from tests.api.messages.common import at, write


@pytest.fixture
async def message_id(client: DirectcallClient, token: Token) -> str:
    """Return the id of a message that is scheduled."""
    sent = await write(client, token, delivery=Delivery(at("UTC", "2090-01-01")))
    assert sent.provider_id is not None
    return sent.provider_id
