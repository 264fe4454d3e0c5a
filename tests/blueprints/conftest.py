"""Fixtures of the blueprints' tests: a language, an account, and a home."""

from collections.abc import Mapping
from pathlib import Path
import shutil
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from tests.blueprints.common import BLUEPRINTS, CONTACTS, FILES
from tests.common import make_account, set_up
from tests.simulator import Simulator


@pytest.fixture(params=FILES)
def language(request: pytest.FixtureRequest) -> str:
    """Return each language in turn."""
    return str(request.param)


@pytest.fixture
def contacts() -> dict[str, str]:
    """Return the names and numbers of the account's contacts."""
    return CONTACTS


@pytest.fixture
def alerts() -> Mapping[str, Mapping[str, Any]]:
    """Return the names and data of the account's alerts."""
    return {}


@pytest.fixture
async def account(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    tmp_path: Path,
    contacts: dict[str, str],
    alerts: Mapping[str, Mapping[str, Any]],
) -> MockConfigEntry:
    """Return an account with contacts, in a home that has the blueprints."""
    await hass.async_add_executor_job(shutil.copytree, BLUEPRINTS, tmp_path / "blueprints")
    hass.config.config_dir = str(tmp_path)
    return await set_up(home, make_account(simulator, contacts=contacts, alerts=alerts))
