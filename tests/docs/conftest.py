"""Fixtures: a home with the contacts and alerts of the documentation."""

from collections.abc import AsyncIterator

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from tests.common import CONTACTS, alert_data, make_account, set_up
from tests.simulator import Simulator

from .house import House

# A form can choose it as what ends an alert.
ALARM_PANEL = "alarm_control_panel.alarmo"
ALERTS = {
    name: alert_data(acknowledgement={"acknowledge_entities": [ALARM_PANEL]})
    for name in ("Smoke", "Fumaça", "Burglary", "Invasão", "Garage door", "Portão")
}


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with the contacts and alerts of the examples."""
    return await set_up(home, make_account(simulator, contacts=CONTACTS, alerts=ALERTS))


@pytest.fixture
async def account_in(home: HomeAssistant, simulator: Simulator, language: str) -> MockConfigEntry:
    """Return the same account in a home of a language, on which the IDs of entities depend."""
    await home.config.async_update(language=language)
    return await set_up(home, make_account(simulator, contacts=CONTACTS, alerts=ALERTS))


@pytest.fixture
async def house(hass: HomeAssistant, account_in: MockConfigEntry) -> AsyncIterator[House]:
    """Return a house with the account."""
    house = House(hass)
    yield house
    await house.tear_down()
