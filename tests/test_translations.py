"""Texts as Home Assistant shows them. scripts/validate checks the files."""

import json
from typing import Any

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations, recursive_flatten
from homeassistant.util.yaml import load_yaml_dict

from custom_components.directcall.const import DOMAIN
from custom_components.directcall.event import CALL, RECORDING_READY
from custom_components.directcall.sensor import LAST_CALL
from custom_components.directcall.services import (
    END_CALL_FIELDS,
    LIST_RECORDINGS_FIELDS,
    MESSAGE_FIELDS,
    PLACE_CALL_FIELDS,
    SEND_SMS_FIELDS,
    SEND_VOICE_MESSAGE_FIELDS,
)
from scripts.validate.integration import fields_of
from tests.common import ROOT

INTEGRATION = ROOT / "custom_components" / DOMAIN


def load(language: str) -> dict[str, Any]:
    """Return the texts of a language."""
    texts: dict[str, Any] = json.loads(
        (INTEGRATION / "translations" / f"{language}.json").read_text(encoding="utf-8")
    )
    return texts


@pytest.mark.parametrize("language", ["en", "pt-BR"])
async def test_home_assistant_shows_every_text(hass: HomeAssistant, language: str) -> None:
    """No text falls back to English, or to nothing."""
    for category, texts in load(language).items():
        shown = await async_get_translations(hass, language, category, {DOMAIN})
        assert shown == recursive_flatten(f"component.{DOMAIN}.{category}.", texts)


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("cancel_message", MESSAGE_FIELDS),
        ("end_call", END_CALL_FIELDS),
        ("get_message_status", MESSAGE_FIELDS),
        ("list_recordings", LIST_RECORDINGS_FIELDS),
        ("place_call", PLACE_CALL_FIELDS),
        ("send_sms", SEND_SMS_FIELDS),
        ("send_voice_message", SEND_VOICE_MESSAGE_FIELDS),
    ],
)
def test_action_takes_the_fields_of_its_form(action: str, fields: frozenset[str]) -> None:
    """The form of an action has exactly the fields that the action accepts."""
    described = load_yaml_dict(str(INTEGRATION / "services.yaml"))[action]
    assert {field for field, _ in fields_of(described)} == fields


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_every_state_of_a_call_has_a_text(language: str) -> None:
    """Each state of a call has one text, the same in all places."""
    entities = load(language)["entity"]
    event_types = entities["event"]["call"]["state_attributes"]["event_type"]["state"]
    assert event_types.keys() == set(CALL.event_types or ())
    del event_types[RECORDING_READY]
    assert event_types.keys() == set(LAST_CALL.options or ())
    assert event_types == entities["sensor"]["last_call"]["state"]


def test_every_state_of_a_call_has_an_icon() -> None:
    """Every state but the unknown one is known by its icon."""
    entities = json.loads((INTEGRATION / "icons.json").read_text("utf-8"))["entity"]
    icons = entities["event"]["call"]["state_attributes"]["event_type"]["state"]
    assert {*icons, "unknown"} == set(CALL.event_types or ())
    del icons[RECORDING_READY]
    assert icons == entities["sensor"]["last_call"]["state"]
