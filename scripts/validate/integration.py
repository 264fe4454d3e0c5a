"""Integration: its files, as the checks read them."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from homeassistant.util.json import load_json_object
from homeassistant.util.yaml import load_yaml_dict


@dataclass(frozen=True)
class Integration:
    """The content of the integration's folder: texts by language, modules by name."""

    manifest: dict[str, Any]
    icons: dict[str, Any]
    actions: dict[str, Any]
    triggers: dict[str, Any]
    texts: dict[str, dict[str, Any]]
    modules: dict[str, ast.Module]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the files. Raise HomeAssistantError if one cannot be read."""
        return cls(
            manifest=load_json_object(path / "manifest.json"),
            icons=load_json_object(path / "icons.json"),
            actions=load_yaml_dict(str(path / "services.yaml")),
            triggers=load_yaml_dict(str(path / "triggers.yaml")),
            texts={file.stem: load_json_object(file) for file in path.glob("translations/*.json")},
            modules={
                ".".join(file.relative_to(path).with_suffix("").parts): ast.parse(file.read_bytes())
                for file in sorted(path.rglob("*.py"))
            },
        )


def sections_of(action: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the sections of an action."""
    return {name: field for name, field in action.get("fields", {}).items() if "fields" in field}


def fields_of(action: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the fields of an action, with those of its sections, each with its name."""
    groups = (action, *sections_of(action).values())
    items = [item for group in groups for item in group.get("fields", {}).items()]
    return [(name, field) for name, field in items if "fields" not in field]
