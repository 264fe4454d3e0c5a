"""Helpers of the blueprints' tests: the files, and a home that they run in."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from homeassistant.components import automation
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict

from tests.common import ROOT, settle, stop_automations

BLUEPRINTS = ROOT / "blueprints"
# The automations' files of each language.
FILES = {
    "en": {
        "alert": "directcall/alert_until_seen.yaml",
        "voice": "directcall/call_by_voice.yaml",
    },
    "pt-BR": {
        "alert": "directcall/alertar_ate_alguem_ver.yaml",
        "voice": "directcall/ligar_por_voz.yaml",
    },
}
KINDS = tuple(FILES["en"])
CONTACTS = {"Maria": "+55 41 99999-0000", "João": "+55 41 99999-1111"}


class House:
    """A house in which time passes, with what was made of a blueprint."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, language: str) -> None:
        """Remember the language of the blueprint."""
        self.hass = hass
        self.language = language
        self._freezer = freezer

    async def make(self, kind: str, **inputs: Any) -> None:
        """Make an automation of the blueprint."""
        path = FILES[self.language][kind]
        config = {"alias": "Made of it", "use_blueprint": {"path": path, "input": inputs}}
        assert await async_setup_component(
            self.hass, automation.DOMAIN, {automation.DOMAIN: config}
        )
        [state] = self.hass.states.async_all(automation.DOMAIN)
        assert state.entity_id == "automation.made_of_it"
        assert state.state == "on"

    async def pass_time(
        self, seconds: int, *, step: int = 1, until: Callable[[], bool] = lambda: False
    ) -> None:
        """Let time pass, at most until something is so."""
        start = dt_util.utcnow()
        for passed in range(step, seconds + step, step):
            await settle(until)
            if until():
                return
            # Real time that a busy machine takes meanwhile does not add up.
            then = start + timedelta(seconds=passed)
            self._freezer.move_to(max(dt_util.utcnow(), then))
            async_fire_time_changed(self.hass)
        await settle(until)

    async def tear_down(self) -> None:
        """End what still waits."""
        await stop_automations(self.hass)


def load(path: str) -> dict[str, Any]:
    """Return what is in a file."""
    return load_yaml_dict(str(BLUEPRINTS / automation.DOMAIN / path))
