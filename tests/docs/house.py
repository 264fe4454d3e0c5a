"""House: what people paste into Home Assistant, and what happens there."""

from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components import automation
from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from tests.common import settle, stop_automations


def delete_alert(hass: HomeAssistant, account: MockConfigEntry, name: str) -> None:
    """Delete an alert."""
    [alert] = [each for each in account.subentries.values() if each.title == name]
    hass.config_entries.async_remove_subentry(account, alert.subentry_id)


class House:
    """A house with an automation, as it was pasted."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Remember Home Assistant."""
        self.hass = hass

    async def paste(self, config: dict[str, Any]) -> None:
        """Paste an automation."""
        assert await async_setup_component(
            self.hass, automation.DOMAIN, {automation.DOMAIN: config}
        )
        [state] = self.hass.states.async_all(automation.DOMAIN)
        assert state.state == STATE_ON
        assert state.name == config["alias"]

    async def tear_down(self) -> None:
        """End what still waits."""
        await stop_automations(self.hass)

    async def shows(self, entity_id: str, state: str, **attributes: Any) -> None:
        """Give an entity a state, and wait until what follows is done."""
        self.hass.states.async_set(entity_id, state, attributes)
        await settle()

    async def perform(self, action: str, **data: Any) -> None:
        """Perform an action, and wait until what follows is done."""
        domain, service = action.split(".")
        await self.hass.services.async_call(domain, service, data, blocking=True)
        await settle()
