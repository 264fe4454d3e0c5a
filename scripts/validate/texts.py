"""Texts and icons: the same in every language, and exactly those that the code uses."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
import string
from typing import Final

import hass_frontend

from homeassistant.helpers.translation import recursive_flatten

from .integration import Integration, fields_of, sections_of
from .uses import find_uses

# hassfest refuses these in English alone: HTML, URLs, and placeholders in single quotes.
_UNFIT: Final = re.compile(r"<[a-z/!]|\w+://\w|www\.|'\{\w+\}'", re.IGNORECASE)
# The parts of a form's texts that belong to its fields.
_LABEL: Final = re.compile(r"(sections\.\w+\.)?(data|data_description)\.\w+|sections\.\w+\.name")


def check_texts(integration: Integration) -> Iterator[str]:
    """Yield the problems of the texts and the icons."""
    english = recursive_flatten("", integration.texts["en"])
    for language, nested in integration.texts.items():
        yield from _check_language(language, recursive_flatten("", nested), english)
    uses = find_uses(integration)
    for place in sorted(uses.unclear):
        yield f"{place}: cannot tell which text this is"
    used = uses.texts | set(_described_texts(integration))
    for path in sorted(used):
        if not any(_is_below(text, path) for text in english):
            yield f"translations: {path} is used and has no text"
    for text in sorted(english):
        if not any(_is_below(text, path) for path in used):
            yield f"translations: {text} is not used"
    for form, labels in uses.forms.items():
        shown = {text.removeprefix(f"{form}.") for text in english if _is_below(text, form)}
        for label in sorted(labels ^ {path for path in shown if _LABEL.fullmatch(path)}):
            problem = "is in the form and has no text" if label in labels else "is not in the form"
            yield f"translations: {form}.{label} {problem}"
    yield from _check_icons(integration, uses.texts)


def _check_language(language: str, texts: dict[str, str], english: dict[str, str]) -> Iterator[str]:
    for path in texts.keys() ^ english.keys():
        yield f"translations/{language}.json: {path} is not in every language"
    for path, text in texts.items():
        if not text or text != text.strip() or _UNFIT.search(text):
            yield f"translations/{language}.json: {path} is empty, or not fit to be shown"
        try:
            if _placeholders(text) != _placeholders(english.get(path, text)):
                yield f"translations/{language}.json: {path} has other placeholders in English"
        except ValueError as err:
            yield f"translations/{language}.json: {path}: {err}"


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _check_icons(integration: Integration, used: set[str]) -> Iterator[str]:
    file = Path(hass_frontend.__file__).parent / "static" / "mdi" / "iconList.json"
    known = {f"mdi:{icon['name']}" for icon in json.loads(file.read_text(encoding="utf-8"))}
    for path, icon in recursive_flatten("", integration.icons).items():
        if icon not in known:
            yield f"icons.json: {path}: there is no {icon}"
    for platform, keys in integration.icons["entity"].items():
        for key in keys:
            if f"entity.{platform}.{key}" not in used:
                yield f"icons.json: entity.{platform}.{key} is not used"
    services = integration.icons["services"].items()
    icons = {(name, *sorted(icon.get("sections", {}))) for name, icon in services}
    actions = {(name, *sorted(sections_of(action))) for name, action in integration.actions.items()}
    for name, *_ in icons ^ actions:
        yield f"icons.json: {name} and its sections are not those of services.yaml"
    for name in integration.icons["triggers"].keys() ^ integration.triggers.keys():
        yield f"icons.json: {name} is not a trigger in triggers.yaml, or has no icon"


def _described_texts(integration: Integration) -> Iterator[str]:
    for name in integration.triggers:
        yield from (f"triggers.{name}.name", f"triggers.{name}.description")
    for name, action in integration.actions.items():
        yield from (f"services.{name}.name", f"services.{name}.description")
        for field, description in fields_of(action):
            yield f"services.{name}.fields.{field}"
            for options in description["selector"].values():
                if isinstance(options, dict) and (key := options.get("translation_key")):
                    yield f"selector.{key}"
        for section in sections_of(action):
            yield f"services.{name}.sections.{section}"


def _is_below(text: str, path: str) -> bool:
    return text == path or text.startswith(f"{path}.")
