"""Entities that acknowledge alerts, and whose IDs people change."""

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from tests.alerts.common import ALERT, NAMES, STATUS, VOICE, Watch, alarm, raise_alert, watch_for
from tests.alerts.house import House
from tests.common import alert_data, make_account, restarted, set_up, state_of
from tests.disk import hass_config_dir, hass_storage
from tests.simulator import Simulator

__all__ = ["hass_config_dir", "hass_storage"]

MINUTE = 60
OLD, NEW = "input_button.kitchen", "input_button.hall"
BY_HELPER = {"acknowledge_entities": [OLD]}


async def add_helpers(hass: HomeAssistant) -> None:
    """Add buttons that people can press."""
    helpers = {"kitchen": {"name": "Kitchen"}, "bedroom": {"name": "Bedroom"}}
    assert await async_setup_component(hass, "input_button", {"input_button": helpers})
    await hass.async_block_till_done()


async def rename(hass: HomeAssistant, old: str = OLD, new: str = NEW) -> None:
    """Change the ID of an entity, as people do in its settings."""
    er.async_get(hass).async_update_entity(old, new_entity_id=new)
    await hass.async_block_till_done(wait_background_tasks=True)


async def press_helper(hass: HomeAssistant, entity_id: str = NEW) -> None:
    """Press a button."""
    await hass.services.async_call("input_button", "press", {"entity_id": entity_id}, blocking=True)
    await hass.async_block_till_done(wait_background_tasks=True)


def entities_of(account: MockConfigEntry) -> list[str]:
    """Return the entities that the form of the alert shows."""
    entities: list[str] = account.subentries["01ALERT0"].data["acknowledgement"][
        "acknowledge_entities"
    ]
    return entities


async def test_renamed_before_the_alert(home: HomeAssistant, simulator: Simulator) -> None:
    """A button acknowledges the next alert under its new ID, which the form shows."""
    await add_helpers(home)
    account = await alarm(home, simulator, acknowledgement=BY_HELPER)
    await rename(home)
    assert entities_of(account) == [NEW]
    await raise_alert(home)
    await press_helper(home)
    assert state_of(home, STATUS) == "acknowledged"


async def test_renamed_during_the_alert(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """The alert goes on undisturbed, and its button ends it under the new ID."""
    await add_helpers(home)
    watch = Watch(home, simulator)
    await alarm(home, simulator, acknowledgement=BY_HELPER)
    await raise_alert(home)
    await watch_for(home, freezer, MINUTE)
    await rename(home)
    await watch_for(home, freezer, 2 * MINUTE)
    assert watch.told == [(0, VOICE, "Maria"), (120, VOICE, "João")]
    await press_helper(home)
    assert state_of(home, STATUS) == "acknowledged"


async def test_ids_that_are_swapped(home: HomeAssistant, simulator: Simulator) -> None:
    """Each alert keeps its own button, also where the other's takes its ID."""
    await add_helpers(home)
    alerts = {
        name: alert_data(acknowledgement={"acknowledge_entities": [f"input_button.{entity}"]})
        for name, entity in ((ALERT, "kitchen"), ("Water", "bedroom"))
    }
    await set_up(home, make_account(simulator, contacts=NAMES, alerts=alerts))
    for name in alerts:
        await raise_alert(home, name=name)
    await rename(home)
    await rename(home, "input_button.bedroom", OLD)
    await press_helper(home, OLD)
    assert state_of(home, STATUS) == "alerting"
    assert state_of(home, "sensor.water_status") == "acknowledged"


async def test_renamed_while_the_account_is_not_loaded(
    home: HomeAssistant, simulator: Simulator
) -> None:
    """The alert knows the new ID once the account is loaded again."""
    await add_helpers(home)
    account = await alarm(home, simulator, acknowledgement=BY_HELPER)
    await raise_alert(home)
    await home.config_entries.async_unload(account.entry_id)
    await rename(home)
    await home.config_entries.async_setup(account.entry_id)
    assert entities_of(account) == [NEW]
    await press_helper(home)
    assert state_of(home, STATUS) == "acknowledged"


@pytest.mark.freeze_time(tick=True)
async def test_renamed_before_a_restart(home: HomeAssistant, house: House) -> None:
    """The alert that is active knows the new ID after a restart, also after a power cut."""
    await add_helpers(home)
    await house.start(home, how={"time_each": {"minutes": 10}}, acknowledgement=BY_HELPER)
    await raise_alert(home)
    await house.wait(20)
    await rename(home)
    await house.wait(20)
    file = house.file.read_text()
    await home.async_stop(force=True)
    house.file.write_text(file)
    async with restarted(home) as again:
        await house.start(again)
        again.states.async_set(NEW, "unknown")
        again.states.async_set(NEW, "2026-11-24T12:00:00+00:00")
        await again.async_block_till_done(wait_background_tasks=True)
        assert house.status == "acknowledged"


async def test_renamed_after_the_account_was_removed(
    home: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """An account that is removed leaves nothing behind that follows IDs."""
    await add_helpers(home)
    listeners = []
    for _ in range(2):
        account = await alarm(home, simulator, acknowledgement=BY_HELPER)
        await home.config_entries.async_remove(account.entry_id)
        listeners.append(home.bus.async_listeners()[er.EVENT_ENTITY_REGISTRY_UPDATED])
    assert listeners[0] == listeners[1]
    await rename(home)
    assert "Error" not in caplog.text
