"""Fixtures of the recordings' tests: storage on disk, and an account with a contact."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from tests.common import ENTRY_ID, make_account, set_up
from tests.recordings.common import CONTACTS
from tests.simulator import Simulator


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give each test a folder of its own."""
    return hass_tmp_config_dir


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let what is saved be really written, and read again."""
    return {}


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with a contact."""
    return await set_up(home, make_account(simulator, contacts=CONTACTS, entry_id=ENTRY_ID))
