"""What ends an account's calls."""

from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .calls import Calls, async_get_calls
from .coordinator import DirectcallConfigEntry, DirectcallCoordinator
from .entity import DirectcallEntity

PARALLEL_UPDATES = 0

HANG_UP: Final = ButtonEntityDescription(key="hang_up", translation_key="hang_up")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: DirectcallConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the button of an account."""
    calls = async_get_calls(hass, entry.entry_id)
    async_add_entities([DirectcallHangUp(entry.runtime_data, calls)])


class DirectcallHangUp(DirectcallEntity, ButtonEntity):
    """Hangs up every call of the account."""

    def __init__(self, coordinator: DirectcallCoordinator, calls: Calls) -> None:
        """Belong to the account whose calls it hangs up."""
        super().__init__(coordinator.config_entry.entry_id, HANG_UP)
        self._coordinator = coordinator
        self._calls = calls

    @override
    async def async_press(self) -> None:
        """Hang up, or raise where there is nothing to hang up."""
        await self._calls.async_hang_up_all(self._coordinator)
