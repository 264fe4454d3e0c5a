"""Fixtures of the media tests: an account with contacts, in a home with a media browser."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components.media_source import async_browse_media
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from tests.common import CONTACTS, make_account, set_up
from tests.simulator import Simulator


@pytest.fixture(autouse=True)
async def account(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> MockConfigEntry:
    """Return an account with contacts, in a home with a media browser."""
    for component in ("media_source", "websocket_api"):
        assert await async_setup_component(hass, component, {})
    account = make_account(simulator, contacts=CONTACTS, entry_id="01DIRECTCALL")
    await set_up(home, account)
    # The first look loads it. Clients of the tests cannot see what is loaded after them.
    await async_browse_media(hass, None)
    return account
