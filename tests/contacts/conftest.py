"""Fixtures of the contacts' tests: accounts with contacts."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from tests.common import make_account, set_up
from tests.contacts.common import CONTACTS
from tests.simulator import Simulator


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with two contacts."""
    return await set_up(home, make_account(simulator, contacts=CONTACTS))
