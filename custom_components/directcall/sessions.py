"""HTTP sessions of accounts: they outlive a reload, and end with the account or Home Assistant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.ssl import get_default_context

from .api import Sessions
from .const import DOMAIN

_DATA_SESSIONS: Final[HassKey[dict[str, Sessions]]] = HassKey(f"{DOMAIN}_sessions")


@callback
def async_get_sessions(hass: HomeAssistant, entry_id: str) -> Sessions:
    """Return the sessions of an account. Open them the first time."""
    if _DATA_SESSIONS not in hass.data:
        hass.data[_DATA_SESSIONS] = {}

        async def async_close_all(_: Event) -> None:
            for sessions in hass.data[_DATA_SESSIONS].values():
                await sessions.close()

        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, async_close_all)
    accounts = hass.data[_DATA_SESSIONS]
    if entry_id not in accounts:
        accounts[entry_id] = Sessions.open(get_default_context())
    return accounts[entry_id]


@callback
def async_take_sessions(hass: HomeAssistant, entry_id: str) -> Sessions | None:
    """Return the sessions of an account that is removed, if there are any, to be closed."""
    return hass.data.get(_DATA_SESSIONS, {}).pop(entry_id, None)


@asynccontextmanager
async def temporary_sessions() -> AsyncIterator[Sessions]:
    """Open sessions for as long as the context lasts."""
    sessions = Sessions.open(get_default_context())
    try:
        yield sessions
    finally:
        await sessions.close()
