"""The actions: as Home Assistant reads them, and those that are registered."""

import ast
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

import probatio

from homeassistant.const import CONF_SELECTOR
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import TargetSelector, validate_selector
from homeassistant.helpers.service import _SERVICES_SCHEMA

from .integration import Integration, explain
from .uses import resolve_constant

# Stricter than what Home Assistant itself reads them with: names and descriptions stand in the
# translations, and every field has a way to fill it in.
_FIELD: Final = {
    probatio.Optional("required"): bool,
    probatio.Optional("example"): probatio.Any(str, int, float, bool, list, dict),
    probatio.Optional("default"): probatio.Any(str, int, float, bool, list, dict),
    probatio.Required(CONF_SELECTOR): validate_selector,
}
_SECTION: Final = {
    probatio.Optional("collapsed"): bool,
    probatio.Required("fields"): cv.schema_with_slug_keys(probatio.Schema(_FIELD)),
}
_SCHEMA: Final = probatio.Schema(
    {
        cv.slug: {
            probatio.Optional("target"): TargetSelector.CONFIG_SCHEMA,
            probatio.Optional("fields"): {cv.slug: probatio.Any(_SECTION, _FIELD)},
        }
    }
)


def sections_of(action: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the sections of an action."""
    return {name: field for name, field in action.get("fields", {}).items() if "fields" in field}


def fields_of(action: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the fields of an action, those in its sections, too, each with its name."""
    sections = sections_of(action)
    return [
        *(item for item in action.get("fields", {}).items() if item[0] not in sections),
        *chain.from_iterable(section["fields"].items() for section in sections.values()),
    ]


def check_actions(integration: Integration) -> Iterator[str]:
    """Yield what is wrong with the actions."""
    for schema in (_SERVICES_SCHEMA, _SCHEMA):
        if problem := explain("services.yaml", schema, integration.actions):
            yield problem
            return
    for name, action in integration.actions.items():
        fields = [field for field, _ in fields_of(action)]
        for field in {field for field in fields if fields.count(field) > 1}:
            yield f"services.yaml: {name} has the field {field} twice"
    registered = {
        str(resolve_constant(integration, call.args[1]))
        for call in ast.walk(integration.modules["services"])
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "_async_register"
    }
    for name in registered ^ integration.actions.keys():
        yield f"services.yaml: {name} is described and not registered, or the other way round"
