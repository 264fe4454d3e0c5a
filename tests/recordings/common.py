"""Helpers of the recordings' tests."""

import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR

from custom_components.directcall.const import DOMAIN
from tests.common import ENTRY_ID, end_call, pass_time, place_call

READY = "recording_ready"
CONTACTS = {"Maria": "+55 41 99999-0000"}


def file_of(hass: HomeAssistant) -> Path:
    """Return the file of the account."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{ENTRY_ID}"))


def old_file_of(hass: HomeAssistant) -> Path:
    """Return the file in which pending recordings were saved before."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{ENTRY_ID}.recordings"))


def saved(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return the pending recordings that are saved."""
    pending: list[dict[str, Any]] = json.loads(file_of(hass).read_text())["data"]["recordings"]
    return pending


async def talk(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, *, record: bool = True, **data: Any
) -> dict[str, Any]:
    """Place a call, talk, and hang up."""
    response = await place_call(hass, **{"destination": "Maria", "record": record, **data})
    await pass_time(hass, freezer, 1, times=15)
    await end_call(hass, **{"destination": "Maria", **data})
    return response


async def saved_soon(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> list[dict[str, Any]]:
    """Return what is saved a moment later."""
    await pass_time(hass, freezer, 1)
    return saved(hass)
