"""Texts: complete in both languages, and none that nobody uses."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
import tomllib
from typing import Any

import pytest

from homeassistant.util.yaml import load_yaml_dict

from custom_components.directcall.api import NumberProblem
from custom_components.directcall.services import PLACE_CALL_SCHEMA

ROOT = Path(__file__).parent.parent
INTEGRATION = ROOT / "custom_components" / "directcall"
LANGUAGES = ["en", "pt-BR"]


def load(language: str) -> dict[str, Any]:
    """Return the texts of a language."""
    texts: dict[str, Any] = json.loads(
        (INTEGRATION / "translations" / f"{language}.json").read_text(encoding="utf-8")
    )
    return texts


def flatten(texts: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text with the path of its key."""
    for key, value in texts.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def placeholders(text: str) -> set[str]:
    """Return the placeholders of a text."""
    return set(re.findall(r"{(\w+)}", text))


def source() -> str:
    """Return the whole of the integration's code."""
    return "\n".join(p.read_text(encoding="utf-8") for p in INTEGRATION.rglob("*.py"))


def test_languages_are_equal() -> None:
    """Every text has its counterpart, with the same placeholders."""
    english, portuguese = (dict(flatten(load(language))) for language in LANGUAGES)
    assert english.keys() == portuguese.keys()
    for key, text in english.items():
        assert placeholders(text) == placeholders(portuguese[key]), key
        assert text.strip() == text
        assert portuguese[key].strip() == portuguese[key]
        assert "://" not in re.sub(r"https?:// ", "", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_exceptions_are_those_that_are_raised(language: str) -> None:
    """Every error that the code raises has a text, and every text is raised."""
    texts = set(load(language)["exceptions"])
    assert texts >= set(NumberProblem) | set(
        re.findall(r'translation_domain=DOMAIN, translation_key="(\w+)"', source())
    )
    assert {text for text in texts if f'"{text}"' not in source()} == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("flow", ["config", "options"])
def test_number_errors_are_in_every_form_with_a_number(language: str, flow: str) -> None:
    """Each thing that can be wrong with a number is told in the forms, too.

    But for missing quotes: what is typed into a form is text.
    """
    assert set(NumberProblem) - set(load(language)[flow]["error"]) == {NumberProblem.UNQUOTED}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_is_described(language: str) -> None:
    """No field of a form is left without its plain words."""
    steps = [
        step for flow in ("config", "options") for step in load(language)[flow]["step"].values()
    ]
    steps += [section for step in steps for section in step.get("sections", {}).values()]
    for step in steps:
        assert step["data"].keys() == step["data_description"].keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_action_fields_are_those_of_the_schema(language: str) -> None:
    """What the form of an action shows is what the action takes."""
    action = load(language)["services"]["place_call"]
    described = load_yaml_dict(str(INTEGRATION / "services.yaml"))["place_call"]["fields"]
    sections = {name for name, field in described.items() if "fields" in field}
    fields = (described.keys() - sections).union(*(described[s]["fields"] for s in sections))
    assert fields == {str(key) for key in PLACE_CALL_SCHEMA.schema} == action["fields"].keys()
    assert action["sections"].keys() == sections


def test_pins_are_the_same() -> None:
    """What is tested is what is installed."""
    manifest = json.loads((INTEGRATION / "manifest.json").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(manifest["requirements"]) <= set(project["dependency-groups"]["dev"])
    assert manifest["version"] == project["project"]["version"]
