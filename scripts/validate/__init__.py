"""Checks of the integration's files that Home Assistant's validator, hassfest, does not make."""

import ast
from collections.abc import Iterator
from pathlib import Path

from homeassistant.const import Platform

from .integration import Integration
from .texts import check_texts


def find_problems(path: Path) -> Iterator[str]:
    """Yield the problems of an integration. Raise HomeAssistantError if a file cannot be read."""
    integration = Integration.read(path)
    manifest = integration.manifest
    named = {*manifest.get("dependencies", []), *manifest.get("after_dependencies", [])}
    for module, component in sorted(set(_imported_components(integration))):
        # Home Assistant itself brings the platforms, and loads a module that is named after a
        # component, such as `diagnostics`, together with that component.
        if component not in {*named, *Platform, module}:
            yield f"manifest.json: {component}, which {module} imports, is not a dependency"
    yield from check_texts(integration)


def _imported_components(integration: Integration) -> Iterator[tuple[str, str]]:
    for module, code in integration.modules.items():
        for node in ast.walk(code):
            prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
                match f"{prefix}{alias.name}".split("."):
                    case ["homeassistant", "components", component, *_]:
                        yield module, component
