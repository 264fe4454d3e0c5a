"""The integration's files, as the checks read them."""

import ast
from dataclasses import dataclass
from functools import cached_property
import json
from pathlib import Path
from typing import Any, Self

import probatio
from probatio.humanize import humanize_error

from homeassistant.util.yaml import load_yaml_dict


@dataclass(frozen=True)
class Integration:
    """What stands in the integration's folder."""

    path: Path
    manifest: dict[str, Any]
    icons: dict[str, Any]
    actions: dict[str, Any]
    texts: dict[str, dict[str, Any]]
    """By language."""
    modules: dict[str, ast.Module]
    """By name: `services`, `api.client`."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the files.

        Raises ValueError or HomeAssistantError if one cannot be read.
        """
        return cls(
            path=path,
            manifest=_read_json(path / "manifest.json"),
            icons=_read_json(path / "icons.json"),
            actions=load_yaml_dict(str(path / "services.yaml")),
            texts={file.stem: _read_json(file) for file in path.glob("translations/*.json")},
            modules={
                ".".join(file.relative_to(path).with_suffix("").parts): ast.parse(
                    file.read_text(encoding="utf-8"), file.name
                )
                for file in path.rglob("*.py")
            },
        )

    @cached_property
    def constants(self) -> dict[str, str]:
        """The constants that are texts, by their names."""
        return {
            node.target.id: node.value.value
            for module in self.modules.values()
            for node in module.body
            if isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        }


def _read_json(file: Path) -> dict[str, Any]:
    """Read an object from a file."""
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as err:
        error = f"{file.name}: {err}"
        raise ValueError(error) from err
    return content


def explain(name: str, schema: probatio.Schema, content: object) -> str | None:
    """Return why a file's content is not as a schema says, if it is not."""
    try:
        schema(content)
    except probatio.Invalid as err:
        return f"{name}: {humanize_error(content, err)}"
    return None
