"""Helpers of the blueprints' tests: the files, and a home that they run in."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from homeassistant.components import automation, script
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict

from tests.common import ROOT, device_of, settle, state_of
from tests.simulator import NetworkCall, Simulator

BLUEPRINTS = ROOT / "blueprints"
# The files of each language, by what they make.
FILES = {
    "en": {
        "automation": "directcall/call_and_speak.yaml",
        "script": "directcall/call_down_the_list.yaml",
        "voice": "directcall/call_by_voice.yaml",
    },
    "pt-BR": {
        "automation": "directcall/ligar_e_falar.yaml",
        "script": "directcall/ligar_ate_alguem_atender.yaml",
        "voice": "directcall/ligar_por_voz.yaml",
    },
}
DOMAINS = {"automation": "automation", "script": "script", "voice": "automation"}
SEEN: Final = "binary_sensor.seen"
# Each contact is called as its telephone does.
TELEPHONES = {
    "no credit": "0201",
    "busy": "7001",
    "never answers": "7002",
    "declines": "7003",
    "hangs up": "7004",
    "lost": "9002",
    "answers": "0000",
    "answers too": "1111",
}
CONTACTS = {name: f"+55 41 99999-{digits}" for name, digits in TELEPHONES.items()}


class House:
    """A house in which time passes, with what was made of a blueprint."""

    def __init__(
        self,
        hass: HomeAssistant,
        account: MockConfigEntry,
        freezer: FrozenDateTimeFactory,
        language: str,
    ) -> None:
        """Create the entities of the blueprint."""
        self.hass = hass
        self._account = account
        self._freezer = freezer
        self._language = language

    async def make(self, kind: str, *contacts: str, **inputs: Any) -> None:
        """Make an automation or a script of the blueprint."""
        domain = DOMAINS[kind]
        if contacts:
            inputs["contacts"] = [device_of(self.hass, self._account, name) for name in contacts]
        made = {
            "alias": "Made of it",
            "use_blueprint": {
                "path": FILES[self._language][kind],
                "input": inputs,
            },
        }
        config = made if domain == automation.DOMAIN else {"made_of_it": made}
        assert await async_setup_component(self.hass, domain, {domain: config})
        [state] = self.hass.states.async_all(domain)
        assert state.entity_id == f"{domain}.made_of_it"
        assert state.state == ("on" if domain == automation.DOMAIN else "off")

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
        for domain in (automation.DOMAIN, script.DOMAIN):
            if self.hass.services.has_service(domain, "turn_off"):
                await self.hass.services.async_call(
                    domain, "turn_off", {"entity_id": "all"}, blocking=True
                )


def load(domain: str, path: str) -> dict[str, Any]:
    """Return what is in a file."""
    return load_yaml_dict(str(BLUEPRINTS / domain / path))


class Caller(House):
    """A house that calls down a list."""

    def __init__(
        self,
        hass: HomeAssistant,
        account: MockConfigEntry,
        freezer: FrozenDateTimeFactory,
        language: str,
        simulator: Simulator,
    ) -> None:
        """Listen to the telephones."""
        super().__init__(hass, account, freezer, language)
        self.simulator = simulator
        simulator.on_call = self._rings
        self.called: list[str] = []
        """The last digits of who was called."""
        self.rang_at: list[float] = []
        self.still_up = 0
        """How many calls still rang, or talked, when the next was placed."""

    def _rings(self, call: NetworkCall) -> None:
        """Take note of a call, and of what still rings or talks."""
        self.called.append(call.destination[-4:])
        self.rang_at.append(dt_util.utcnow().timestamp())
        for other in self.simulator.calls:
            legs = other.line.legs() or {}
            self.still_up += any(word in {"chamando", "atendida"} for word in legs.values())

    async def start(self, *contacts: str, **inputs: Any) -> None:
        """Make the script of the blueprint, and start it."""
        await self.make("script", *contacts, **inputs)
        await self.start_again()

    async def start_again(self) -> None:
        """Start the script."""
        await self.hass.services.async_call("script", "turn_on", {"entity_id": "script.made_of_it"})

    @property
    def is_over(self) -> bool:
        """Return if the script is over."""
        return state_of(self.hass, "script.made_of_it") == "off"

    async def finish(self, seconds: int) -> None:
        """Let time pass until the script is over, which it must be by then."""
        await self.pass_time(seconds, until=lambda: self.is_over)
        assert self.is_over


SHORT = {"seconds": 15}
ONCE = {"rounds": 1, "ring_time": SHORT}


def at_rest(hass: HomeAssistant, entity_id: str) -> None:
    """Set the state of the confirmation entity before its use."""
    is_switch = entity_id.split(".", maxsplit=1)[0] in {"binary_sensor", "input_boolean", "switch"}
    before = (dt_util.utcnow() - timedelta(hours=1)).isoformat()
    hass.states.async_set(entity_id, "off" if is_switch else before)


def see(hass: HomeAssistant, entity_id: str) -> None:
    """Use the confirmation entity."""
    is_switch = hass.states.is_state(entity_id, "off")
    now = dt_util.utcnow().isoformat(timespec="milliseconds")
    hass.states.async_set(entity_id, "on" if is_switch else now)
