"""Texts, as Home Assistant shows them. What they have to be is scripts/validate's to say."""

import json
from pathlib import Path
from typing import Any

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations, recursive_flatten
from homeassistant.util.yaml import load_yaml_dict

from custom_components.directcall.const import DOMAIN
from custom_components.directcall.services import PLACE_CALL_SCHEMA

INTEGRATION = Path(__file__).parent.parent / "custom_components" / DOMAIN


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


def test_action_fields_are_those_of_the_schema() -> None:
    """What the form of an action shows is what the action takes."""
    described = load_yaml_dict(str(INTEGRATION / "services.yaml"))["place_call"]["fields"]
    sections = {name for name, field in described.items() if "fields" in field}
    fields = (described.keys() - sections).union(*(described[s]["fields"] for s in sections))
    assert fields == {str(key) for key in PLACE_CALL_SCHEMA.schema}
