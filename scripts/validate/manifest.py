"""The manifest: known keys in their order, with values that Home Assistant takes."""

import ast
from collections.abc import Iterator
from typing import Any, Final, get_args

from awesomeversion import AwesomeVersion, AwesomeVersionException, AwesomeVersionStrategy
import probatio

from homeassistant.const import Platform
from homeassistant.helpers import config_validation as cv
from homeassistant.loader import Manifest

from .integration import Integration, explain

# Integrations may have them from Home Assistant 2026.11 on.
_NEWER_KEYS: Final = {"categories", "connectivity"}
_IOT_CLASSES: Final = [
    "assumed_state",
    "calculated",
    "cloud_polling",
    "cloud_push",
    "local_polling",
    "local_push",
]


def _https(value: str) -> str:
    """Validate an address on the web."""
    if cv.url(value).startswith("https://"):
        return value
    error = "not an https address"
    raise probatio.Invalid(error)


def _own_documentation(value: str) -> str:
    """Validate that documentation is where a custom integration has it."""
    if "home-assistant.io" not in value:
        return value
    error = "that is where the integrations of Home Assistant itself are documented"
    raise probatio.Invalid(error)


def _version(value: str) -> str:
    """Validate a version as this project counts them."""
    try:
        AwesomeVersion(value, ensure_strategy=AwesomeVersionStrategy.SEMVER)
    except AwesomeVersionException as err:
        raise probatio.Invalid(str(err)) from err
    return value


_KEYS: Final = {
    "domain": cv.slug,
    "name": str,
    "codeowners": probatio.All([cv.matches_regex(r"@[\w-]+$")], probatio.Length(min=1)),
    "config_flow": bool,
    "documentation": probatio.All(_https, _own_documentation),
    "integration_type": probatio.In(get_args(Manifest.__annotations__["integration_type"])),
    "iot_class": probatio.In(_IOT_CLASSES),
    "issue_tracker": _https,
    "requirements": [cv.matches_regex(r"[\w.-]+==[\w.]+$")],
    "version": probatio.All(str, _version),
}
_OTHER_KEYS: Final = (Manifest.__annotations__.keys() | _NEWER_KEYS) - _KEYS.keys()
_SCHEMA: Final = probatio.Schema(
    {probatio.Required(key): value for key, value in _KEYS.items()}
    | {probatio.Optional(key): object for key in _OTHER_KEYS}
)


def check_manifest(integration: Integration) -> Iterator[str]:
    """Yield what is wrong with the manifest."""
    manifest = integration.manifest
    if problem := explain("manifest.json", _SCHEMA, manifest):
        yield problem
    if manifest.get("domain") != integration.path.name:
        yield "manifest.json: the domain is not the folder's name"
    if manifest.get("config_flow") != ("config_flow" in integration.modules):
        yield "manifest.json: config_flow does not say whether there is a config_flow.py"
    first = ["domain", "name"]
    if list(manifest) != first + sorted(manifest.keys() - first):
        yield "manifest.json: the order is domain, name, then alphabetical"
    for module, component in sorted(_imported_components(integration)):
        # Home Assistant brings the kinds of entities, and loads a file named after a component, as
        # `diagnostics.py`, together with that component.
        if component not in {*_named_components(manifest), *Platform, module}:
            yield f"manifest.json: {component}, which {module} imports, is no dependency"


def _named_components(manifest: dict[str, Any]) -> list[str]:
    """Return the components that have to be set up before the integration."""
    return [*manifest.get("dependencies", []), *manifest.get("after_dependencies", [])]


def _imported_components(integration: Integration) -> set[tuple[str, str]]:
    """Return the modules that import one of Home Assistant's components, each with that one."""
    return {
        (module, name.split(".")[2])
        for module, code in integration.modules.items()
        for node in ast.walk(code)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _imported_names(node)
        if name.startswith("homeassistant.components.")
    }


def _imported_names(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Yield the whole names of what is imported."""
    prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
    yield from (f"{prefix}{alias.name}" for alias in node.names)
