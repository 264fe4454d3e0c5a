"""The blueprints: what people fill in and start calls whom it should, and nobody else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
import json
from pathlib import Path
import re
import shutil
from typing import Any, Final
from urllib.parse import quote

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

from homeassistant.components import automation, script
from homeassistant.components.automation.helpers import (
    async_get_blueprints as async_get_automations,
)
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.blueprint.importer import fetch_blueprint_from_url
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.components.script.helpers import async_get_blueprints as async_get_scripts
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceNotFound
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict, parse_yaml

from custom_components.directcall.const import DOMAIN
from tests.common import ROOT, device_of, make_account, place_call, set_up, state_of
from tests.simulator import NetworkCall, Reply, Simulator

BLUEPRINTS = ROOT / "blueprints"
READMES = {"en": "README.md", "pt-BR": "LEIAME.md"}
# The files of each language, by what they make.
FILES = {
    "en": {
        "automation": "directcall/call_and_speak.yaml",
        "script": "directcall/call_down_the_list.yaml",
    },
    "pt-BR": {
        "automation": "directcall/ligar_e_falar.yaml",
        "script": "directcall/ligar_ate_alguem_atender.yaml",
    },
}
DOMAINS = ("automation", "script")
ALL = [(domain, path) for files in FILES.values() for domain, path in files.items()]
# What is there to be read: it differs with the language.
READ = ("name", "description", "alias", "title", "message", "stop")

SMOKE: Final = "binary_sensor.smoke"
SEEN: Final = "binary_sensor.seen"
SEND: Final = "sms/send"
NIGHT = "2026-11-24 02:00:00-03:00"
MORNING = "2026-11-24 07:00:00-03:00"
NOON = "2026-11-24 12:00:00-03:00"
EVENING = "2026-11-24 23:00:00-03:00"

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


@pytest.fixture(params=FILES)
def language(request: pytest.FixtureRequest) -> str:
    """Return each language in turn."""
    return str(request.param)


@pytest.fixture
async def account(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, tmp_path: Path
) -> MockConfigEntry:
    """Return an account with contacts, in a home that has the blueprints."""
    await hass.async_add_executor_job(shutil.copytree, BLUEPRINTS, tmp_path / "blueprints")
    hass.config.config_dir = str(tmp_path)
    return await set_up(home, make_account(simulator, contacts=CONTACTS))


@pytest.fixture
def notifications(hass: HomeAssistant) -> list[ServiceCall]:
    """Collect what the house shows on its screens."""
    return async_mock_service(hass, "persistent_notification", "create")


class House:
    """A house in which time passes, with what was made of a blueprint."""

    def __init__(
        self,
        hass: HomeAssistant,
        account: MockConfigEntry,
        freezer: FrozenDateTimeFactory,
        language: str,
    ) -> None:
        """Stand there."""
        self.hass = hass
        self._account = account
        self._freezer = freezer
        self._language = language

    async def make(self, domain: str, *contacts: str, **inputs: Any) -> None:
        """Make an automation or a script of the blueprint."""
        devices = [device_of(self.hass, self._account, name) for name in contacts]
        made = {
            "alias": "Made of it",
            "use_blueprint": {
                "path": FILES[self._language][domain],
                "input": {"contacts": devices, **inputs},
            },
        }
        config = made if domain == automation.DOMAIN else {"made_of_it": made}
        assert await async_setup_component(self.hass, domain, {domain: config})
        [state] = self.hass.states.async_all(domain)
        assert state.entity_id == f"{domain}.made_of_it"
        assert state.state == ("on" if domain == automation.DOMAIN else "off")

    async def settle(self, until: Callable[[], bool] = lambda: False) -> None:
        """Let what is under way at the provider come to its end, while hardly any time passes."""
        for _ in range(1000):
            await asyncio.sleep(0.002)
            names = [task.get_name() for task in asyncio.all_tasks()]
            if until() or not any(name.startswith(f"{DOMAIN} ") for name in names):
                return

    async def pass_time(
        self, seconds: int, *, step: int = 1, until: Callable[[], bool] = lambda: False
    ) -> None:
        """Let time pass, at most until something is so."""
        for _ in range(0, seconds, step):
            await self.settle(until)
            if until():
                return
            self._freezer.move_to(dt_util.utcnow() + timedelta(seconds=step))
            async_fire_time_changed(self.hass)
        await self.settle(until)

    async def tear_down(self) -> None:
        """End what still waits."""
        for domain in (automation.DOMAIN, script.DOMAIN):
            if self.hass.services.has_service(domain, "turn_off"):
                await self.hass.services.async_call(
                    domain, "turn_off", {"entity_id": "all"}, blocking=True
                )


@pytest.fixture
async def house(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory, language: str
) -> AsyncIterator[House]:
    """Return a house."""
    house = House(hass, account, freezer, language)
    yield house
    await house.tear_down()


def texts(value: Any, key: str = "") -> Iterator[str]:
    """Yield what there is to read in a blueprint."""
    match value:
        case str() if key in READ:
            yield value
        case dict():
            for name, item in value.items():
                yield from texts(item, name)
        case list():
            for item in value:
                yield from texts(item)


def without_texts(value: Any) -> Any:
    """Return a blueprint without what there is to read in it."""
    match value:
        case dict():
            return {
                name: without_texts(item)
                for name, item in value.items()
                if not (isinstance(item, str) and name in (*READ, "source_url"))
            }
        case list():
            return [without_texts(item) for item in value]
    return value


def load(domain: str, path: str) -> dict[str, Any]:
    """Return what is in a file."""
    return load_yaml_dict(str(BLUEPRINTS / domain / path))


def test_every_file_is_tested() -> None:
    """No blueprint is there but those that are tested here."""
    files = {file for file in BLUEPRINTS.rglob("*") if file.is_file()}
    assert files == {BLUEPRINTS / domain / path for domain, path in ALL}


@pytest.mark.parametrize("domain", DOMAINS)
def test_both_languages_do_the_same(domain: str) -> None:
    """What differs between the languages is what there is to read, and all of that does."""
    english, portuguese = (load(domain, files[domain]) for files in FILES.values())
    assert without_texts(english) == without_texts(portuguese)
    pairs = list(zip(texts(english), texts(portuguese), strict=True))
    assert len(pairs) > 20
    # The title of a notification is the name that people gave.
    same = {one for one, other in pairs if one == other}
    assert same == {"{{ this.attributes.friendly_name }}"}


@pytest.mark.parametrize(("domain", "path"), ALL)
def test_every_input_is_explained(domain: str, path: str) -> None:
    """Each input has a name and a selector, and what can be left out has a default."""
    blueprint = Blueprint(load(domain, path), expected_domain=domain, schema=BLUEPRINT_SCHEMA)
    required = {"automation": {"triggers", "contacts", "message"}, "script": {"contacts"}}[domain]
    assert {k for k, v in blueprint.inputs.items() if "default" not in v} == required
    assert all(v["name"] and v["selector"] for v in blueprint.inputs.values())
    for section in blueprint.metadata["input"].values():
        assert "selector" in section or section["collapsed"]


@pytest.mark.parametrize(("domain", "path"), ALL)
async def test_imports(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, domain: str, path: str
) -> None:
    """Home Assistant finds each file at the address that stands in it, and can save it."""
    text = (BLUEPRINTS / domain / path).read_text(encoding="utf-8")
    manifest = json.loads((ROOT / "custom_components/directcall/manifest.json").read_text())
    repository = manifest["documentation"].removesuffix("#readme")
    url = load(domain, path)["blueprint"]["source_url"]
    assert url == f"{repository}/blob/main/blueprints/{domain}/{path}"

    owner = repository.removeprefix("https://github.com/")
    raw = f"https://raw.githubusercontent.com/{owner}/main/blueprints/{domain}/{path}"
    aioclient_mock.get(raw, text=text)
    imported = await fetch_blueprint_from_url(hass, url)
    assert imported.suggested_filename == f"directcall-ha/{Path(path).stem}"
    assert imported.blueprint.domain == domain
    assert imported.blueprint.validate() is None
    assert parse_yaml(imported.blueprint.yaml()) == imported.blueprint.data


@pytest.mark.parametrize(("domain", "path"), ALL)
def test_metadata(domain: str, path: str) -> None:
    """Each asks for the Home Assistant that the integration asks for, and is ours."""
    metadata = load(domain, path)["blueprint"]
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert metadata["homeassistant"]["min_version"] == hacs["homeassistant"]
    assert metadata["author"] == "directcall-ha"
    assert metadata["domain"] == domain


def test_readmes_link_to_the_blueprints(language: str) -> None:
    """Each README has the links that import the blueprints of its language."""
    readme = (ROOT / READMES[language]).read_text(encoding="utf-8")
    for domain, path in FILES[language].items():
        metadata = load(domain, path)["blueprint"]
        assert f"blueprint_url={quote(metadata['source_url'], safe='')})" in readme
        assert f"**{metadata['name']}**" in readme


async def test_home_assistant_loads_them(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Home Assistant finds all of them, and nothing is wrong with any."""
    for domain, blueprints in (
        ("automation", async_get_automations(hass)),
        ("script", async_get_scripts(hass)),
    ):
        loaded = await blueprints.async_get_blueprints()
        assert set(loaded) == {files[domain] for files in FILES.values()}
        assert all(isinstance(blueprint, Blueprint) for blueprint in loaded.values())


class Speaker(House):
    """A house that speaks when there is smoke."""

    async def set_up(self, *contacts: str, **inputs: Any) -> None:
        """Make the automation."""
        self.hass.states.async_set(SMOKE, "off")
        smoke = {"trigger": "state", "entity_id": SMOKE, "to": "on"}
        inputs = {"message": "{{ trigger.to_state.name }}: fumaça!", **inputs}
        await self.make("automation", *contacts, triggers=[smoke], **inputs)

    async def happens(self) -> None:
        """Let there be smoke, and give the house and the provider a moment."""
        for state in ("off", "on"):
            self.hass.states.async_set(SMOKE, state, {"friendly_name": "Cozinha"})
        await asyncio.sleep(0.1)


@pytest.fixture
async def speaker(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory, language: str
) -> AsyncIterator[Speaker]:
    """Return a house that speaks."""
    speaker = Speaker(hass, account, freezer, language)
    yield speaker
    await speaker.tear_down()


@pytest.mark.freeze_time(NIGHT, tick=True)
async def test_speaks_once(
    speaker: Speaker, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """What happens is said once to all, nothing more is in the cool-down, and then it is again."""
    await speaker.set_up("answers", "answers too")
    await speaker.happens()
    [message] = simulator.messages
    assert message.is_spoken
    assert message.destinations == ["5541999990000", "5541999991111"]
    assert message.text == "Cozinha: fumaça!"

    await speaker.happens()
    await speaker.pass_time(280, step=10)
    await speaker.happens()
    assert simulator.requests[SEND] == 1
    await speaker.pass_time(40, step=10)
    assert simulator.requests[SEND] == 1
    await speaker.happens()
    assert simulator.requests[SEND] == len(simulator.messages) == 2
    assert simulator.calls == []
    assert notifications == []


def proposed_text(language: str) -> str:
    """Return the template that the form proposes."""
    blueprint = load("automation", FILES[language]["automation"])["blueprint"]
    [template] = re.findall(r"`({{.*?}})`", blueprint["input"]["message"]["description"])
    return str(template)


@pytest.mark.freeze_time(NIGHT, tick=True)
async def test_proposed_text_names_the_entity(
    hass: HomeAssistant, speaker: Speaker, simulator: Simulator, language: str
) -> None:
    """What the form proposes is the name of what happened, or else of the automation."""
    smoke = {"trigger": "state", "entity_id": SMOKE}
    await speaker.make(
        "automation",
        "answers",
        triggers=[smoke],
        message=proposed_text(language),
        cool_down={"seconds": 0},
    )
    hass.states.async_set(SMOKE, "on", {"friendly_name": "Cozinha"})
    await asyncio.sleep(0.1)
    hass.states.async_remove(SMOKE)
    await asyncio.sleep(0.1)
    assert [message.text for message in simulator.messages] == ["Cozinha", "Made of it"]


@pytest.mark.freeze_time(NIGHT, tick=True)
async def test_proposed_text_needs_no_entity(
    hass: HomeAssistant,
    speaker: Speaker,
    simulator: Simulator,
    notifications: list[ServiceCall],
    language: str,
) -> None:
    """What the form proposes is spoken at a time, by an event, and with *Run actions*."""
    time = {"trigger": "time", "at": "02:00:05"}
    event = {"trigger": "event", "event_type": "fumaca"}
    await speaker.make(
        "automation",
        "answers",
        triggers=[time, event],
        message=proposed_text(language),
        cool_down={"seconds": 0},
    )
    await hass.services.async_call(
        "automation", "trigger", {"entity_id": "automation.made_of_it"}, blocking=True
    )
    hass.bus.async_fire("fumaca")
    await asyncio.sleep(0.1)
    await speaker.pass_time(10)
    assert [message.text for message in simulator.messages] == ["Made of it"] * 3
    assert notifications == []


@pytest.mark.freeze_time(NIGHT, tick=True)
async def test_cool_down_is_as_long_as_one_wants(speaker: Speaker, simulator: Simulator) -> None:
    """Another cool-down than the usual one counts."""
    await speaker.set_up("answers", cool_down={"hours": 0, "minutes": 0, "seconds": 30})
    await speaker.happens()
    await speaker.pass_time(20, step=5)
    await speaker.happens()
    assert len(simulator.messages) == 1
    await speaker.pass_time(20, step=5)
    await speaker.happens()
    assert len(simulator.messages) == 2


AT_NIGHT = ("22:00:00", "07:00:00")
AT_NOON = ("11:30:00", "13:00:00")
HOURS = [
    pytest.param(AT_NIGHT, False, marks=pytest.mark.freeze_time(EVENING, tick=True)),
    pytest.param(AT_NIGHT, False, marks=pytest.mark.freeze_time(NIGHT, tick=True)),
    pytest.param(AT_NIGHT, True, marks=pytest.mark.freeze_time(MORNING, tick=True)),
    pytest.param(AT_NIGHT, True, marks=pytest.mark.freeze_time(NOON, tick=True)),
    pytest.param(AT_NOON, False, marks=pytest.mark.freeze_time(NOON, tick=True)),
    pytest.param(AT_NOON, True, marks=pytest.mark.freeze_time(NIGHT, tick=True)),
    pytest.param(("02:00:00", "02:00:00"), True, marks=pytest.mark.freeze_time(NIGHT, tick=True)),
    pytest.param(("12:00:00", "12:00:00"), True, marks=pytest.mark.freeze_time(NIGHT, tick=True)),
]


@pytest.mark.parametrize(("hours", "speaks"), HOURS)
async def test_quiet_hours(
    speaker: Speaker,
    simulator: Simulator,
    notifications: list[ServiceCall],
    hours: tuple[str, str],
    speaks: bool,
) -> None:
    """Nobody is called between two times, also across midnight; the same time twice is none."""
    await speaker.set_up("answers", quiet_from=hours[0], quiet_to=hours[1])
    await speaker.happens()
    assert simulator.requests[SEND] == speaks
    assert notifications == []


@pytest.mark.freeze_time(NIGHT, tick=True)
async def test_quiet_hours_begin_no_cool_down(speaker: Speaker, simulator: Simulator) -> None:
    """What happens in quiet hours does not hold back what happens after them."""
    await speaker.set_up("answers", quiet_from="22:00:00", quiet_to="02:00:10")
    await speaker.happens()
    assert simulator.messages == []
    await speaker.pass_time(12)
    await speaker.happens()
    assert len(simulator.messages) == 1


OF_GAS = {"condition": "state", "entity_id": "binary_sensor.gas", "state": "on"}
OF_WATER = {"condition": "state", "entity_id": "binary_sensor.water", "state": "on"}


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize(
    ("emergency", "speaks"),
    [
        ([OF_GAS], True),
        ([OF_WATER], False),
        ([OF_WATER, OF_GAS], True),
        ([{**OF_WATER, "entity_id": "binary_sensor.gone"}, OF_GAS], True),
        (["{{ trigger.to_state.state == 'on' }}"], True),
    ],
)
async def test_emergencies(
    hass: HomeAssistant, speaker: Speaker, simulator: Simulator, emergency: list[Any], speaks: bool
) -> None:
    """One condition that is true is enough to call in quiet hours."""
    hass.states.async_set("binary_sensor.gas", "on")
    hass.states.async_set("binary_sensor.water", "off")
    hours = {"quiet_from": "22:00:00", "quiet_to": "07:00:00"}
    await speaker.set_up("answers", emergency=emergency, **hours)
    await speaker.happens()
    assert simulator.requests[SEND] == speaks


@pytest.mark.freeze_time(NOON, tick=True)
async def test_emergencies_are_asked_for_in_quiet_hours_alone(
    speaker: Speaker, simulator: Simulator
) -> None:
    """A condition that cannot be told holds nothing back outside of quiet hours."""
    broken = {**OF_GAS, "entity_id": "binary_sensor.gone"}
    hours = {"quiet_from": "22:00:00", "quiet_to": "07:00:00"}
    await speaker.set_up("answers", emergency=[broken], **hours)
    await speaker.happens()
    assert len(simulator.messages) == 1


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize("telephone", ["no credit", "lost"])
async def test_tells_what_failed(
    speaker: Speaker, simulator: Simulator, notifications: list[ServiceCall], telephone: str
) -> None:
    """What was not accepted, or may not have been, is told, and is not done again on the spot."""
    await speaker.set_up(telephone)
    await speaker.happens()
    await speaker.happens()
    [notification] = notifications
    assert notification.data["title"] == "Made of it"
    assert notification.data["message"]

    await speaker.pass_time(50, step=5)
    await speaker.happens()
    assert simulator.requests[SEND] == len(notifications) == 1
    await speaker.pass_time(20, step=5)
    await speaker.happens()
    assert simulator.requests[SEND] == len(notifications) == 2


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize("cool_down", [{"seconds": 20}, "00:00:20", 20])
async def test_cool_down_is_no_longer_after_a_failure(
    speaker: Speaker, simulator: Simulator, notifications: list[ServiceCall], cool_down: Any
) -> None:
    """A cool-down of less than a minute is not longer where it failed."""
    await speaker.set_up("answers", cool_down=cool_down)
    simulator.reply(SEND, Reply(b"", 500))
    await speaker.happens()
    await speaker.pass_time(15, step=5)
    await speaker.happens()
    assert simulator.requests[SEND] == len(notifications) == 1
    await speaker.pass_time(10, step=5)
    await speaker.happens()
    assert len(simulator.messages) == len(notifications) == 1


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize(
    "then",
    [
        [],
        [{"stop": "Enough"}],
        [{"stop": "Enough", "error": True}],
        [{"action": "notify.gone"}],
        [{"condition": "template", "value_template": "{{ false }}"}],
    ],
)
async def test_a_failure_of_what_was_to_tell_it_is_no_second_message(
    speaker: Speaker, simulator: Simulator, then: list[dict[str, Any]]
) -> None:
    """The cool-down holds whatever becomes of the actions that tell of a failure."""
    await speaker.set_up("no credit", failed=then)
    await speaker.happens()
    await speaker.pass_time(50, step=5)
    await speaker.happens()
    assert simulator.requests[SEND] == 1
    await speaker.pass_time(20, step=5)
    await speaker.happens()
    assert simulator.requests[SEND] == 2
    # Were it ended in the middle, Home Assistant would complain of what `stop` raises.
    await speaker.pass_time(70, step=5)


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize("message", ["{{ trigger.event.data.who }}", "", "x" * 701])
async def test_message_that_cannot_be_said_is_told(
    speaker: Speaker, simulator: Simulator, notifications: list[ServiceCall], message: str
) -> None:
    """A template that fails, an empty text and one that is too long do not pass in silence."""
    await speaker.set_up("answers", message=message)
    await speaker.happens()
    assert simulator.requests[SEND] == 0
    assert len(notifications) == 1


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


@pytest.fixture
async def caller(
    hass: HomeAssistant,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    language: str,
) -> AsyncIterator[Caller]:
    """Return a house that calls down a list."""
    caller = Caller(hass, account, freezer, language, simulator)
    yield caller
    await caller.tear_down()


SHORT = {"seconds": 15}
ONCE = {"rounds": 1, "ring_time": SHORT}


@pytest.mark.freeze_time(tick=True)
async def test_calls_until_somebody_answers(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """No credit, a busy line, nobody there: the next is called, until somebody answers."""
    await caller.start(
        "no credit", "busy", "never answers", "answers", "answers too", ring_time=SHORT
    )
    await caller.finish(60)
    assert caller.called == ["7001", "7002", "0000"]
    assert caller.still_up == 0
    assert [call.line.ended for call in simulator.calls] == [False, True, False]
    assert all(call.rings_first == call.destination for call in simulator.calls)
    await caller.pass_time(10)
    assert simulator.calls[-1].line.legs() is not None
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
async def test_nobody_answers(caller: Caller, notifications: list[ServiceCall]) -> None:
    """The list is called twice, a minute apart, and then it is told that nobody answered."""
    await caller.start("busy", "declines")
    await caller.finish(120)
    assert caller.called == ["7001", "7003"] * 2
    assert 60 <= caller.rang_at[2] - caller.rang_at[1] < 90
    [notification] = notifications
    assert notification.data["title"] == "Made of it"
    assert notification.data["message"]


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize(("rounds", "pause"), [(1, {"minutes": 1}), (3, "00:01:00"), (2, 0)])
async def test_rounds(
    caller: Caller, notifications: list[ServiceCall], rounds: int, pause: Any
) -> None:
    """The whole list is called as often as one wants, with pauses between, and none after."""
    await caller.start("busy", "no credit", rounds=rounds, pause=pause)
    await caller.finish(200)
    assert caller.called == ["7001"] * rounds
    pauses = [later - one for one, later in zip(caller.rang_at, caller.rang_at[1:], strict=False)]
    assert all(60 <= each < 75 if pause else each < 15 for each in pauses)
    assert dt_util.utcnow().timestamp() - caller.rang_at[-1] < 45
    assert len(notifications) == 1


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize(
    ("ring_time", "at_least", "at_most"), [({"seconds": 0}, 9, 20), ({"hours": 1}, 25, 45)]
)
async def test_ring_time_is_one_that_the_action_takes(
    caller: Caller,
    simulator: Simulator,
    notifications: list[ServiceCall],
    ring_time: dict[str, int],
    at_least: int,
    at_most: int,
) -> None:
    """Whoever asks for less or more than there can be gets the nearest, and not nobody called."""
    await caller.start("never answers", rounds=1, ring_time=ring_time)
    await caller.finish(60)
    assert caller.called == ["7002"]
    assert at_least < dt_util.utcnow().timestamp() - caller.rang_at[0] < at_most
    assert len(notifications) == 1


@pytest.mark.freeze_time(tick=True)
async def test_leaves_a_conversation_alone(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """A call that was there before is not hung up by who could place none beside it."""
    caller.hass.states.async_set(SEEN, "off")
    await place_call(caller.hass, destination=CONTACTS["answers"])
    await caller.start("answers", seen_entity=SEEN, **ONCE)
    await caller.finish(20)
    assert [call.line.ended for call in simulator.calls] == [False]
    assert len(notifications) == 1


@pytest.mark.freeze_time(tick=True)
async def test_leaves_a_conversation_alone_in_the_pause(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """Whoever has seen it lets nothing be hung up that the list did not call."""
    at_rest(caller.hass, SEEN)
    await place_call(caller.hass, destination=CONTACTS["answers"])
    await caller.start("answers", seen_entity=SEEN)
    await caller.pass_time(10)
    see(caller.hass, SEEN)
    await caller.finish(5)
    assert [call.line.ended for call in simulator.calls] == [False]
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
async def test_goes_on_after_a_lost_answer(caller: Caller, simulator: Simulator) -> None:
    """A call of which it is not known at first whether it was placed counts once it turns up."""
    await caller.start("lost", "answers", **ONCE)
    await caller.finish(60)
    assert caller.called == ["9002"]
    assert simulator.requests["voz/call"] == 1


@pytest.mark.freeze_time(tick=True)
async def test_what_was_written_in_yaml(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall], account: MockConfigEntry
) -> None:
    """Durations as text or numbers are understood, and so is one contact that is no list."""
    at_rest(caller.hass, SEEN)
    contact = device_of(caller.hass, account, "answers")
    await caller.start(
        contacts=contact, ring_time="00:00:30", pause=10, confirmation_time=20, seen_entity=SEEN
    )
    await caller.finish(120)
    assert caller.called == ["0000"] * 2
    assert 30 <= caller.rang_at[1] - caller.rang_at[0] < 50
    assert len(notifications) == 1


@pytest.mark.freeze_time(tick=True)
async def test_ends_without_the_action(caller: Caller) -> None:
    """A list that cannot be called because the integration is gone does not go on for ever."""
    caller.hass.services.async_remove(DOMAIN, "place_call")
    await caller.make("script", "answers")
    run = caller.hass.async_create_task(
        caller.hass.services.async_call("script", "made_of_it", blocking=True)
    )
    await caller.pass_time(400, step=10, until=run.done)
    assert caller.is_over
    with pytest.raises(ServiceNotFound):
        await run


@pytest.mark.freeze_time(tick=True)
async def test_another_start_is_ignored(
    caller: Caller, notifications: list[ServiceCall], caplog: pytest.LogCaptureFixture
) -> None:
    """What happens again and again does not begin from the first contact again and again."""
    await caller.start("never answers", "busy", **ONCE)
    for _ in range(3):
        await caller.pass_time(5)
        await caller.start_again()
    await caller.finish(40)
    assert caller.called == ["7002", "7001"]
    assert len(notifications) == 1
    assert "Already running" not in caplog.text


def at_rest(hass: HomeAssistant, entity_id: str) -> None:
    """Nobody has seen it."""
    is_switch = entity_id.split(".", maxsplit=1)[0] in {"binary_sensor", "input_boolean", "switch"}
    before = (dt_util.utcnow() - timedelta(hours=1)).isoformat()
    hass.states.async_set(entity_id, "off" if is_switch else before)


def see(hass: HomeAssistant, entity_id: str) -> None:
    """Somebody has seen it."""
    is_switch = hass.states.is_state(entity_id, "off")
    now = dt_util.utcnow().isoformat(timespec="milliseconds")
    hass.states.async_set(entity_id, "on" if is_switch else now)


ENTITIES = [
    SEEN,
    "input_boolean.seen",
    "switch.seen",
    "button.seen",
    "input_button.seen",
    "event.seen",
]


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize("entity_id", ENTITIES)
async def test_seen_while_it_rings(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall], entity_id: str
) -> None:
    """Whoever has seen it ends the list, and the telephone that rings stops."""
    at_rest(caller.hass, entity_id)
    await caller.start("never answers", "answers", seen_entity=entity_id)
    await caller.pass_time(10)
    assert simulator.calls[0].line.legs() is not None
    see(caller.hass, entity_id)
    await caller.finish(5)
    assert caller.called == ["7002"]
    assert simulator.calls[0].line.ended
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
async def test_seen_and_not_hung_up_at_once(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """A telephone that cannot be made to stop at once does not let the list go on."""
    at_rest(caller.hass, SEEN)
    simulator.reply("voz/end", Reply(b"", 500))
    await caller.start("never answers", "answers", seen_entity=SEEN, ring_time=SHORT)
    await caller.pass_time(5)
    see(caller.hass, SEEN)
    await caller.finish(20)
    assert caller.called == ["7002"]
    assert simulator.calls[0].line.ended
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
async def test_pressed_between_two_steps(caller: Caller, notifications: list[ServiceCall]) -> None:
    """What is pressed while nobody watches, between one call and the next, counts, too."""
    at_rest(caller.hass, "button.seen")
    caller.hass.bus.async_listen_once(
        "call_down_the_list_next", callback(lambda _: see(caller.hass, "button.seen"))
    )
    await caller.start("busy", "answers", seen_entity="button.seen")
    await caller.finish(20)
    assert caller.called == ["7001"]
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize("entity_id", [SEEN, "event.seen"])
async def test_seen_after_an_answer(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall], entity_id: str
) -> None:
    """Whoever answers and has seen it ends the list, and may go on talking."""
    at_rest(caller.hass, entity_id)
    await caller.start("answers", "answers too", seen_entity=entity_id)
    await caller.pass_time(60)
    assert not caller.is_over
    see(caller.hass, entity_id)
    await caller.finish(5)
    assert caller.called == ["0000"]
    assert simulator.calls[0].line.legs() is not None
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize("entity_id", [SEEN, "input_button.seen"])
async def test_seen_in_the_pause(
    caller: Caller, notifications: list[ServiceCall], entity_id: str
) -> None:
    """Whoever has seen it between two rounds ends the list."""
    at_rest(caller.hass, entity_id)
    await caller.start("busy", "no credit", seen_entity=entity_id)
    await caller.pass_time(40)
    assert not caller.is_over
    see(caller.hass, entity_id)
    await caller.finish(5)
    assert caller.called == ["7001"]
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize("entity_id", [SEEN, "button.seen"])
async def test_seen_before_the_next_call(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall], entity_id: str
) -> None:
    """Whoever has seen it while the house hangs up lets nobody else be called."""
    at_rest(caller.hass, entity_id)
    simulator.quirks.end_delay = 0.4
    await caller.start("never answers", "answers", seen_entity=entity_id, **ONCE)
    await caller.pass_time(30, until=lambda: simulator.requests["voz/end"] > 0)
    assert simulator.requests["voz/end"] == 1
    see(caller.hass, entity_id)
    await caller.finish(5)
    assert caller.called == ["7002"]
    assert simulator.calls[0].line.ended
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
async def test_another_list_ends_no_watching(caller: Caller, simulator: Simulator) -> None:
    """What another script of the blueprint says to itself is nothing to this one."""
    at_rest(caller.hass, SEEN)
    await caller.start("never answers", "answers", seen_entity=SEEN)
    await caller.pass_time(5)
    caller.hass.bus.async_fire("call_down_the_list_next", {"script": "script.another"})
    await caller.pass_time(5)
    see(caller.hass, SEEN)
    await caller.finish(5)
    assert caller.called == ["7002"]
    assert simulator.calls[0].line.ended


@pytest.mark.freeze_time(tick=True)
async def test_mailbox_does_not_end_the_list(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """Who answers and does not say so is hung up, and the next is called."""
    at_rest(caller.hass, SEEN)
    await caller.start("answers", "hangs up", "busy", seen_entity=SEEN, rounds=1)
    await caller.pass_time(100)
    assert caller.called == ["0000"]
    assert [call.line.ended for call in simulator.calls] == [False]
    await caller.pass_time(40, until=lambda: len(caller.called) == 2)
    assert [call.line.ended for call in simulator.calls] == [True, False]
    assert 120 <= caller.rang_at[1] - caller.rang_at[0] < 145
    await caller.finish(180)
    assert caller.called == ["0000", "7004", "7001"]
    assert caller.still_up == 0
    assert len(notifications) == 1


@pytest.mark.freeze_time(tick=True)
async def test_confirmation_is_waited_for_as_long_as_one_wants(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """Another time than the usual one counts, and the last on the list is hung up, too."""
    at_rest(caller.hass, SEEN)
    await caller.start(
        "answers", seen_entity=SEEN, rounds=1, confirmation_time={"minutes": 0, "seconds": 20}
    )
    await caller.finish(45)
    assert simulator.calls[0].line.ended
    assert len(notifications) == 1


AN_HOUR = timedelta(hours=1)
# What an entity is when the script begins, and then comes to: none of it says that it was seen.
IN_DOUBT = {
    "on all the time": (SEEN, ["on"]),
    "unavailable at first": (SEEN, [STATE_UNAVAILABLE, "on"]),
    "unknown at first": (SEEN, [STATE_UNKNOWN, "on"]),
    "unavailable meanwhile": (SEEN, ["off", STATE_UNAVAILABLE, "on"]),
    "unknown meanwhile": (SEEN, ["off", STATE_UNKNOWN, "on"]),
    "switched off": (SEEN, ["on", "off"]),
    "not there": (SEEN, []),
    "pressed before": ("event.seen", ["PAST"]),
    "back with what was before": ("event.seen", [STATE_UNAVAILABLE, "PAST"]),
    "away and back": ("button.seen", ["PAST", STATE_UNAVAILABLE, "PAST"]),
    "never pressed": ("input_button.seen", [STATE_UNKNOWN, STATE_UNAVAILABLE, STATE_UNKNOWN]),
}


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize(("entity_id", "states"), IN_DOUBT.values(), ids=IN_DOUBT)
async def test_in_doubt_it_goes_on_ringing(
    hass: HomeAssistant,
    caller: Caller,
    notifications: list[ServiceCall],
    entity_id: str,
    states: list[str],
) -> None:
    """What only comes back, or was so before, is nobody who has seen it."""
    past = (dt_util.utcnow() - AN_HOUR).isoformat()
    states = [past if state == "PAST" else state for state in states]
    for state in states[:1]:
        hass.states.async_set(entity_id, state)
    await caller.start(
        "never answers", "busy", seen_entity=entity_id, ring_time=SHORT, pause={"seconds": 20}
    )
    await caller.pass_time(5)
    for state in states[1:]:
        hass.states.async_set(entity_id, state)
        await caller.pass_time(2)
    await caller.finish(80)
    assert caller.called == ["7002", "7001"] * 2
    assert len(notifications) == 1


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize("while_waiting", ["answers", "busy"])
async def test_in_doubt_it_goes_on_waiting(
    hass: HomeAssistant, caller: Caller, notifications: list[ServiceCall], while_waiting: str
) -> None:
    """What comes back after an answer, or in a pause, is nobody who has seen it, either."""
    at_rest(hass, SEEN)
    await caller.start(
        while_waiting, seen_entity=SEEN, confirmation_time=SHORT, pause={"seconds": 30}
    )
    await caller.pass_time(12)
    for state in (STATE_UNAVAILABLE, "on"):
        hass.states.async_set(SEEN, state)
        await caller.pass_time(2)
    await caller.finish(120)
    assert caller.called == [TELEPHONES[while_waiting]] * 2
    assert len(notifications) == 1


@pytest.mark.freeze_time(tick=True)
async def test_seen_after_it_came_back(
    hass: HomeAssistant, caller: Caller, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """What came back, and is then switched on, is somebody who has seen it."""
    hass.states.async_set(SEEN, STATE_UNAVAILABLE)
    await caller.start("never answers", "answers", seen_entity=SEEN)
    for state in ("on", "off", "on"):
        await caller.pass_time(3)
        assert not caller.is_over
        hass.states.async_set(SEEN, state)
    await caller.finish(5)
    assert caller.called == ["7002"]
    assert simulator.calls[0].line.ended
    assert notifications == []
