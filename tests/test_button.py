"""Hanging up, as people see it."""

from unittest.mock import patch

from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .conftest import make_account, set_up
from .simulator import Simulator


async def test_entities(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    """An account can be told to hang up."""
    with patch("custom_components.directcall.PLATFORMS", [Platform.BUTTON]):
        account = await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await snapshot_platform(hass, entity_registry, snapshot, account.entry_id)
