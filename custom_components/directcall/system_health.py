"""System health: the provider and the accounts in Home Assistant's system information."""

from typing import Any, Final

import aiohttp

from homeassistant.components import system_health
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .account import DirectcallConfigEntry
from .api import DEFAULT_URL
from .const import DOMAIN

_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)
_TIMED_OUT: Final = {"type": "failed", "error": "timeout"}
_UNREACHABLE: Final = {"type": "failed", "error": "unreachable"}


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register the information."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    entries: list[DirectcallConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    loaded: list[DirectcallConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    url = entries[0].data[CONF_URL] if entries else DEFAULT_URL
    return {
        "can_reach_server": _async_check_reachable(hass, url),
        "accounts": len(entries),
        "connected_accounts": sum(e.runtime_data.coordinator.is_connected for e in loaded),
    }


async def _async_check_reachable(hass: HomeAssistant, url: str) -> str | dict[str, str]:
    """Return if an address can be reached, in the form of `async_check_can_reach_url`."""
    # That function follows redirects, so the provider could send requests into the home's network.
    session = async_get_clientsession(hass)
    try:
        async with session.get(url, allow_redirects=False, timeout=_TIMEOUT):
            return "ok"
    except TimeoutError:
        return _TIMED_OUT
    except aiohttp.ClientError:
        return _UNREACHABLE
