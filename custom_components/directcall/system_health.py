"""The integration's part of the system information."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant, callback

from .api import DEFAULT_URL
from .const import DOMAIN
from .coordinator import DirectcallConfigEntry


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register what the integration has to tell."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return whether the provider can be reached, and how the accounts are."""
    entries: list[DirectcallConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    loaded: list[DirectcallConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    url = entries[0].data[CONF_URL] if entries else DEFAULT_URL
    return {
        "can_reach_server": system_health.async_check_can_reach_url(hass, url),
        "accounts": len(entries),
        "connected_accounts": sum(e.runtime_data.is_connected for e in loaded),
    }
