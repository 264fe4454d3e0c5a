"""Sensor platform: the calls and the token's end, as people see them."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    mock_restore_cache_with_extra_data,
    snapshot_platform,
)
from syrupy.assertion import SnapshotAssertion

from homeassistant.const import STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er

from custom_components.directcall.const import DOMAIN
from tests.common import LAST_CALL, make_account, set_up, state_of
from tests.simulator import Simulator

TOKEN_EXPIRES = "sensor.directcall_token_expires"


@pytest.fixture
def account(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
) -> MockConfigEntry:
    """Return an account whose sensor is enabled."""
    account = make_account(simulator, entry_id="01DIRECTCALL")
    account.add_to_hass(hass)
    entity_registry.async_get_or_create(
        Platform.SENSOR,
        DOMAIN,
        f"{account.entry_id}_token_expires",
        config_entry=account,
        suggested_object_id="directcall_token_expires",
    )
    return account


@pytest.mark.freeze_time("2026-11-23 12:00:00")
async def test_entities(
    hass: HomeAssistant,
    account: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    """An account has sensors for its calls and for the expiry of its token."""
    with patch("custom_components.directcall.PLATFORMS", [Platform.SENSOR]):
        await hass.config_entries.async_setup(account.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    await snapshot_platform(hass, entity_registry, snapshot, account.entry_id)


@pytest.mark.parametrize(
    ("saved", "shown"), [("no_answer", "no_answer"), ("?", STATE_UNKNOWN), (None, STATE_UNKNOWN)]
)
async def test_last_call_is_restored(
    hass: HomeAssistant, account: MockConfigEntry, saved: str | None, shown: str
) -> None:
    """The state of the last call is restored after a restart."""
    data = {"native_value": saved, "native_unit_of_measurement": None}
    mock_restore_cache_with_extra_data(hass, [(State(LAST_CALL, str(saved)), data)])
    await hass.config_entries.async_setup(account.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass, LAST_CALL) == shown


@pytest.mark.freeze_time(tick=True)
async def test_end_follows_the_token(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The end is unknown without a token, and moves with each new one."""
    await simulator.stop()
    await hass.config_entries.async_setup(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, TOKEN_EXPIRES) == STATE_UNKNOWN

    await simulator.start()
    for wait in (17, 3600 * 0.9):
        freezer.tick(wait)
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)
        end = datetime.fromisoformat(state_of(hass, TOKEN_EXPIRES))
        assert abs(end - datetime.now(UTC) - timedelta(hours=1)) < timedelta(seconds=5)


async def test_disabled_by_default(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
) -> None:
    """Few people want to know: it is there for those who do."""
    await set_up(hass, make_account(simulator))
    entry = entity_registry.async_get(TOKEN_EXPIRES)
    assert entry is not None
    assert entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert hass.states.get(TOKEN_EXPIRES) is None
