"""Fixtures of the recordings' tests: storage on disk, and an account with a contact."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from tests.common import ENTRY_ID, make_account, set_up
from tests.disk import hass_config_dir, hass_storage
from tests.recordings.common import CONTACTS
from tests.simulator import Simulator

__all__ = ["hass_config_dir", "hass_storage"]


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with a contact."""
    return await set_up(home, make_account(simulator, contacts=CONTACTS, entry_id=ENTRY_ID))
