"""The integration's files, as the checks read them."""

import ast
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any, Self

from homeassistant.util.yaml import load_yaml_dict


@dataclass(frozen=True)
class Integration:
    """The content of the integration's folder: texts by language, modules by name."""

    manifest: dict[str, Any]
    icons: dict[str, Any]
    actions: dict[str, Any]
    texts: dict[str, dict[str, Any]]
    modules: dict[str, ast.Module]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the files.

        Raises ValueError or HomeAssistantError if one cannot be read.
        """
        return cls(
            manifest=_read_json(path / "manifest.json"),
            icons=_read_json(path / "icons.json"),
            actions=load_yaml_dict(str(path / "services.yaml")),
            texts={file.stem: _read_json(file) for file in path.glob("translations/*.json")},
            modules={
                ".".join(file.relative_to(path).with_suffix("").parts): ast.parse(file.read_bytes())
                for file in sorted(path.rglob("*.py"))
            },
        )


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as err:
        error = f"{file.name}: {err}"
        raise ValueError(error) from err
    return content
