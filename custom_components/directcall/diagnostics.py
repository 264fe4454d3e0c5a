"""Diagnostics of an account, listed key by key, so that nothing private gets in."""

from dataclasses import asdict
from typing import Any

import phonenumbers

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_URL, __version__
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from .account import DirectcallConfigEntry
from .api import DEFAULT_URL
from .calls import PlaceCallOptions
from .const import DOMAIN, SUBENTRY_ALERT, SUBENTRY_CONTACT
from .issues import Budget
from .spending import limit_of


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: DirectcallConfigEntry
) -> dict[str, Any]:
    """Return the diagnostics of an account."""
    integration = await async_get_integration(hass, DOMAIN)
    settings: dict[str, Any] = {
        "versions": {
            "home_assistant": __version__,
            "directcall": str(integration.version),
            "phonenumbers": phonenumbers.__version__,
        },
        "state": entry.state.value,
        "default_url": entry.data[CONF_URL] == DEFAULT_URL,
        "polling": not entry.pref_disable_polling,
        "options": asdict(PlaceCallOptions.from_entry(entry)),
        "contacts": len(entry.get_subentries_of_type(SUBENTRY_CONTACT)),
        "alerts": {"set_up": len(entry.get_subentries_of_type(SUBENTRY_ALERT))},
        "spending": {"limit": limit_of(entry)},
    }
    if entry.state is not ConfigEntryState.LOADED:
        return settings
    data = entry.runtime_data
    statistics = data.client.statistics
    token = data.coordinator.data
    balance = data.balance.balance
    tracker = data.account.calls.tracker
    alerts = data.account.alerts
    spending = data.account.requests.spending_limit
    steps: dict[str, dict[str, int]] = {}
    for (channel, step_result), number in alerts.steps.items():
        steps.setdefault(channel.value, {})[step_result.value] = number
    return {
        **settings,
        "token": token
        and {
            "age": round(token.age),
            "lifetime": round(token.lifetime),
        },
        "calls": {
            "active": len(tracker.placed),
            "unclear": tracker.ambiguous,
            "over": dict(tracker.final_states),
            "unknown_words": dict(tracker.unknown_words),
        },
        "alerts": {
            **settings["alerts"],
            "active": alerts.active,
            "ends": dict(alerts.ends),
            "steps": steps,
        },
        "spending": {
            **settings["spending"],
            "last_hour": {budget.name.lower(): spending.used(budget) for budget in Budget},
        },
        "balance": {
            "shape": data.balance.shape,
            "currency": balance and balance.currency,
        },
        "recordings": {
            "awaited": data.account.recording_watcher.pending,
            "left_out": dict(statistics.invalid_recordings),
        },
        "requests": dict(statistics.requests),
        "errors": dict(statistics.errors),
        "last_success": statistics.last_success and statistics.last_success.isoformat(),
    }
