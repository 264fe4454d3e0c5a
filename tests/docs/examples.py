"""Examples: the YAML in the documentation, by names that tests take."""

import re
from typing import Any, Final

from homeassistant.util.yaml import parse_yaml

from tests.common import READMES

from .common import documents

# The examples of each page, in their order. A test runs each of them in both languages.
EXAMPLES: Final = {
    "automations": (
        "smoke",
        "door",
        "panic button",
        "telephone",
        "voice",
        "not answered",
        "recording",
        "call button",
        "hang up button",
        "tablet",
        "alarmo",
        "alert",
        "alert2",
    ),
    "recordings": ("play",),
}


def blocks(language: str) -> dict[str, list[str]]:
    """Return the YAML of each page that has some."""
    found = {
        file.stem: re.findall(
            r"^ *```ya?ml\n(.*?)^ *```",
            file.read_text(encoding="utf-8"),
            re.DOTALL | re.MULTILINE,
        )
        for file in documents(language)
    }
    return {page: texts for page, texts in found.items() if texts}


def examples(language: str) -> dict[str, Any]:
    """Return the examples in a language by their names."""
    found = blocks(language)
    return {
        name: parse_yaml(text)
        for page, names in EXAMPLES.items()
        # Another test says if there are too many or too few.
        for name, text in zip(names, found.get(page, ()), strict=False)
    }


def in_each_language(name: str) -> list[tuple[str, Any]]:
    """Return an example for a test in both languages, each with its language."""
    found = [(language, examples(language).get(name)) for language in READMES]
    return [(language, example) for language, example in found if example]


def name_of(value: Any) -> str:
    """Return the language or the name of an example, for the name of a test."""
    return str(value.get("alias", value.get("title", ""))) if isinstance(value, dict) else value
