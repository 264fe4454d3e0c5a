"""Event platform: states of calls, as people see them."""

from unittest.mock import patch

from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from tests.common import make_account, set_up
from tests.simulator import Simulator


async def test_entities(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    """An account has an event entity for the states of its calls."""
    with patch("custom_components.directcall.PLATFORMS", [Platform.EVENT]):
        account = await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await snapshot_platform(hass, entity_registry, snapshot, account.entry_id)
