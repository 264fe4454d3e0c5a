"""The icons: those that there are, for what there is."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Final

import hass_frontend
import probatio

from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.icon import convert_shorthand_service_icon
from homeassistant.helpers.translation import recursive_flatten

from .actions import sections_of
from .integration import Integration, explain

_ICON: Final = cv.matches_regex(r"mdi:[a-z0-9-]+$")
_STATES: Final = {str: _ICON}
_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional("entity"): {
            cv.slug: {
                cv.slug: {
                    probatio.Optional("default"): _ICON,
                    probatio.Optional("state"): _STATES,
                    probatio.Optional("state_attributes"): {
                        cv.slug: {
                            probatio.Optional("default"): _ICON,
                            probatio.Optional("state"): _STATES,
                        }
                    },
                }
            }
        },
        probatio.Optional("services"): {
            cv.slug: probatio.Any(
                _ICON,
                {
                    probatio.Required("service"): _ICON,
                    probatio.Optional("sections"): {cv.slug: _ICON},
                },
            )
        },
    }
)


def check_icons(integration: Integration) -> Iterator[str]:
    """Yield what is wrong with the icons."""
    icons = integration.icons
    if problem := explain("icons.json", _SCHEMA, icons):
        yield problem
        return
    known = _known_icons()
    for path, icon in recursive_flatten("", icons).items():
        if icon not in known:
            yield f"icons.json: {path}: there is no {icon}"

    entities = {
        f"{platform}.{key}" for platform, keys in icons.get("entity", {}).items() for key in keys
    }
    named = {
        f"{platform}.{key}"
        for platform, keys in integration.texts["en"].get("entity", {}).items()
        for key in keys
    }
    for entity in entities - named:
        yield f"icons.json: {entity} has an icon and no name"

    actions = icons.get("services", {})
    for name in actions.keys() ^ integration.actions.keys():
        yield f"icons.json: {name} has an icon and is no action, or the other way round"
    for name in actions.keys() & integration.actions.keys():
        sections = convert_shorthand_service_icon(actions[name]).get("sections", {})
        for section in set(sections) ^ sections_of(integration.actions[name]).keys():
            yield f"icons.json: {section} has an icon and is no section, or the other way round"


def _known_icons() -> set[str]:
    """Return the names of the icons that Home Assistant's frontend has."""
    file = Path(hass_frontend.__file__).parent / "static" / "mdi" / "iconList.json"
    return {f"mdi:{icon['name']}" for icon in json.loads(file.read_text(encoding="utf-8"))}
