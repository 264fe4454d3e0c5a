"""Imports of Home Assistant's components, against the dependencies in the manifest."""

import ast
from collections.abc import Iterator

from homeassistant.const import Platform

from .integration import Integration


def check_imports(integration: Integration) -> Iterator[str]:
    """Yield the components that a module imports and the manifest does not name."""
    manifest = integration.manifest
    named = {*manifest.get("dependencies", []), *manifest.get("after_dependencies", [])}
    for module, component in sorted(set(_imported_components(integration))):
        # Home Assistant itself brings the platforms, and loads a module that is named after a
        # component, such as `diagnostics`, together with that component.
        if component not in {*named, *Platform, module}:
            yield f"manifest.json: {component}, which {module} imports, is not a dependency"


def _imported_components(integration: Integration) -> Iterator[tuple[str, str]]:
    """Yield modules, each with a component that it imports."""
    for module, code in integration.modules.items():
        for node in ast.walk(code):
            prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
                match f"{prefix}{alias.name}".split("."):
                    case ["homeassistant", "components", component, *_]:
                        yield module, component
