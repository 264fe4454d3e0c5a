"""Fixtures: a home with the contacts and alerts of the documentation."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from tests.common import CONTACTS, alert_data, make_account, set_up
from tests.simulator import Simulator

ALERTS = {"Smoke": alert_data(), "Fumaça": alert_data()}


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with the contacts and alerts of the examples."""
    return await set_up(home, make_account(simulator, contacts=CONTACTS, alerts=ALERTS))
