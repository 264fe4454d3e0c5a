"""What helps to find a fault, picked one by one: nothing private can get in."""

from typing import Any

import phonenumbers

from homeassistant.const import CONF_URL, __version__
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from .api import DEFAULT_URL
from .calls import async_get_calls
from .const import (
    CONF_RECORD,
    CONF_RING_DESTINATION_FIRST,
    CONF_SHOW_CALLER_ID,
    DOMAIN,
    SUBENTRY_CONTACT,
)
from .coordinator import DirectcallConfigEntry
from .recordings import async_get_recording_watcher


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: DirectcallConfigEntry
) -> dict[str, Any]:
    """Return the diagnostics of an account."""
    coordinator = entry.runtime_data
    integration = await async_get_integration(hass, DOMAIN)
    statistics = coordinator.client.statistics
    token = coordinator.data
    followed = async_get_calls(hass, entry.entry_id).followed
    return {
        "versions": {
            "home_assistant": __version__,
            "directcall": str(integration.version),
            "phonenumbers": phonenumbers.__version__,
        },
        "default_url": entry.data[CONF_URL] == DEFAULT_URL,
        "polling": not entry.pref_disable_polling,
        "options": {
            key: entry.options[key]
            for key in (CONF_RECORD, CONF_SHOW_CALLER_ID, CONF_RING_DESTINATION_FIRST)
        },
        "contacts": len(entry.get_subentries_of_type(SUBENTRY_CONTACT)),
        "token": token
        and {
            "age": round(token.age),
            "lifetime": round(token.lifetime),
        },
        "calls": {
            "active": followed.active,
            "unclear": followed.unclear,
            "over": dict(followed.final_states),
            "unknown_words": dict(followed.unknown_words),
        },
        "recordings": {
            "awaited": async_get_recording_watcher(hass, entry.entry_id).awaited,
            "left_out": dict(statistics.invalid_recordings),
        },
        "requests": dict(statistics.requests),
        "errors": dict(statistics.errors),
        "last_success": statistics.last_success and statistics.last_success.isoformat(),
    }
