"""Plugin that fits the newest Home Assistant to the harness of the one before: scripts/test."""

from importlib import import_module

# Home Assistant replaces httpx before anything imports it, and the harness replaces functions of
# Home Assistant before anything imports those. So these are the first modules of all.
for name in ("patch_json", "patch_recorder", "patch_time"):
    import_module(f"pytest_homeassistant_custom_component.{name}")

# The harness imports a function where Home Assistant 2026.11 no longer has it.
logger = import_module("homeassistant.components.logger")
helpers = import_module("homeassistant.components.logger.helpers")
vars(logger).setdefault("_clear_logger_overwrites", vars(helpers)["_clear_logger_overwrites"])
