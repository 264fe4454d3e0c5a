"""Helpers of the contacts' tests."""

from collections.abc import Mapping
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

CONTACTS = {"Maria": "+55 41 99999-0000", "João da Silva": "+55 41 99999-1111"}


async def submit(hass: HomeAssistant, form: Mapping[str, Any], values: dict[str, str]) -> Any:
    """Submit a form."""
    result = await hass.config_entries.subentries.async_configure(form["flow_id"], values)
    await hass.async_block_till_done()
    return result


def id_of(account: MockConfigEntry, name: str) -> str:
    """Return the id of a contact."""
    [contact] = [s for s in account.subentries.values() if s.title == name]
    return contact.subentry_id
