"""The actions' fields and sections, as services.yaml describes them."""

from itertools import chain
from typing import Any


def sections_of(action: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the sections of an action."""
    return {name: field for name, field in action.get("fields", {}).items() if "fields" in field}


def fields_of(action: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the fields of an action, with those of its sections, each with its name."""
    sections = sections_of(action)
    return [
        *(item for item in action.get("fields", {}).items() if item[0] not in sections),
        *chain.from_iterable(section["fields"].items() for section in sections.values()),
    ]
