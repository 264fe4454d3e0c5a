"""Examples in the documentation: what people paste works."""

from collections.abc import AsyncIterator
from datetime import timedelta
import re
from typing import Any
from urllib.parse import unquote

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from homeassistant.components import automation
from homeassistant.components.media_source import async_browse_media
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, ServiceCall, State
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml

from tests.common import (
    CONTACTS,
    READMES,
    make_account,
    pass_time,
    perform,
    place_call,
    set_up,
    settle,
)
from tests.simulator import Recording, Reply, Simulator

from .common import read

# Where what the examples do arrives.
ENDPOINTS = {"directcall.place_call": "voz/call", "directcall.raise_alert": "sms/send"}
NIGHT = "2026-11-24 02:00:00-03:00"
NOON = "2026-11-24 12:00:00-03:00"


def examples(language: str) -> list[dict[str, Any]]:
    """Return the examples in a language, in their order."""
    content: Any = [
        parse_yaml(example)
        for example in re.findall(r"^```ya?ml\n(.*?)^```", read(language), re.DOTALL | re.MULTILINE)
    ]
    return list(content)


EXAMPLES = [example for language in READMES for example in examples(language)]
ON_EVENTS = [
    (language, example)
    for language in READMES
    for example in examples(language)
    if example.get("triggers", [{}])[0].get("trigger", "").startswith("directcall.")
]
UNANSWERED, ON_RECORDINGS = ON_EVENTS[::2], ON_EVENTS[1::2]
AUTOMATIONS = [
    example
    for example in EXAMPLES
    if "triggers" in example and example["triggers"][0]["trigger"] == "state"
]
PLAYING = [example for example in EXAMPLES if "action" in example.get("sequence", [{}])[0]]
CALLING = [e for e in AUTOMATIONS if e["actions"][0]["action"] == "directcall.place_call"]
RAISING = [e for e in AUTOMATIONS if e not in CALLING]
CARDS = [example for example in EXAMPLES if example.get("type") == "button"]
DOORS = [config for config in AUTOMATIONS if "conditions" in config]
PANIC_BUTTONS = [config for config in AUTOMATIONS if "not_from" in config["triggers"][0]]


def name_of(example: dict[str, Any]) -> str:
    """Return the name of an example."""
    return str(example.get("alias", example.get("name")))


class House:
    """A house with one automation, as it was pasted."""

    def __init__(self, hass: HomeAssistant, config: dict[str, Any]) -> None:
        """Read the trigger of the automation."""
        self.hass = hass
        self.config = config
        [trigger] = config["triggers"]
        self.entity_id: str = trigger["entity_id"]
        self.call = config["actions"][0]
        self.endpoint = ENDPOINTS[self.call["action"]]

    async def set_up(self) -> None:
        """Paste the automation."""
        self.rest()
        assert await async_setup_component(
            self.hass, automation.DOMAIN, {automation.DOMAIN: self.config}
        )
        [state] = self.hass.states.async_all(automation.DOMAIN)
        assert state.state == "on"
        assert state.name == self.config["alias"]

    async def tear_down(self) -> None:
        """End what still waits."""
        await self.hass.services.async_call(
            automation.DOMAIN, "turn_off", {"entity_id": "all"}, blocking=True
        )

    def rest(self) -> None:
        """Nothing happens."""
        at_rest = "unknown" if self.entity_id.startswith("event.") else "off"
        self.hass.states.async_set(self.entity_id, at_rest)

    async def happens(self) -> None:
        """Let it happen, and give the house and the provider a moment."""
        if self.entity_id.startswith("event."):
            self.hass.states.async_set(self.entity_id, dt_util.utcnow().isoformat())
        else:
            self.rest()
            self.hass.states.async_set(self.entity_id, "on")
        await settle()

    async def happens_later(self, freezer: FrozenDateTimeFactory) -> None:
        """Let it happen again when no cool-down lasts any more."""
        freezer.move_to(dt_util.utcnow() + timedelta(minutes=10))
        async_fire_time_changed(self.hass)
        await settle()
        await self.happens()


@pytest.fixture
async def house(
    hass: HomeAssistant, account: MockConfigEntry, config: dict[str, Any]
) -> AsyncIterator[House]:
    """Return a house with an account and the automation."""
    house = House(hass, config)
    await house.set_up()
    yield house
    await house.tear_down()


def test_both_languages_have_the_same_examples() -> None:
    """The examples of both languages differ in their language alone."""
    english, portuguese = (examples(language) for language in READMES)
    kinds = (CALLING, RAISING, PLAYING, UNANSWERED, ON_RECORDINGS, CARDS)
    assert [len(each) for each in kinds] == [4, 2, 2, 2, 2, 4]
    assert [len(each) for each in (DOORS, PANIC_BUTTONS)] == [2, 2]
    assert english[0] in RAISING
    assert len(EXAMPLES) == 16
    assert [list(e) for e in english] == [list(p) for p in portuguese]
    for one, other in zip(english, portuguese, strict=True):
        for part in ("mode", "conditions", "icon"):
            assert one.get(part) == other.get(part)


@pytest.mark.parametrize("language", READMES)
def test_numbers_are_quoted(language: str) -> None:
    """The numbers in all examples are quoted."""
    values = re.findall(
        r"^ +(?:destination: |origin: |- )(.*\d{4}.*)$", read(language), re.MULTILINE
    )
    assert len(values) == 2
    assert all(re.fullmatch(r'"\+55 [\d -]+"', value) for value in values)


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize("config", RAISING, ids=name_of)
async def test_example_raises_the_alert(
    hass: HomeAssistant,
    house: House,
    simulator: Simulator,
    notifications: list[ServiceCall],
) -> None:
    """An event that repeats is told once, and one after the acknowledgement is told, too."""
    await house.happens()
    await house.happens()
    [message] = simulator.messages
    assert message.is_spoken
    assert message.destinations == ["5541999990000"]
    assert message.text == house.call["data"]["message"]

    await perform(hass, "acknowledge_alert", {"name": house.call["data"]["name"]})
    await house.happens()
    assert len(simulator.messages) == 2
    assert notifications == []


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize("config", RAISING, ids=name_of)
async def test_example_without_its_alert(
    hass: HomeAssistant,
    house: House,
    account: MockConfigEntry,
    simulator: Simulator,
    notifications: list[ServiceCall],
) -> None:
    """If the alert was deleted, a notification says that nobody is called."""
    name = house.call["data"]["name"]
    [alert] = [each for each in account.subentries.values() if each.title == name]
    hass.config_entries.async_remove_subentry(account, alert.subentry_id)
    await house.happens()
    assert simulator.messages == []
    [notification] = notifications
    assert notification.data["title"]
    assert notification.data["message"]


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize("config", CALLING, ids=name_of)
async def test_example_calls_once(
    hass: HomeAssistant,
    house: House,
    simulator: Simulator,
    notifications: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    """An event that repeats at once places one call, and a later one another."""
    await house.happens()
    assert len(simulator.calls) == 1
    await house.happens()
    [call] = simulator.calls
    wanted = house.call["data"]
    assert call.destination == re.sub(r"\D", "", CONTACTS[wanted["destination"]])
    assert call.origin == re.sub(r"\D", "", wanted.get("origin", "+55 41 3060-0300"))
    first = "destination" if wanted.get("ring_destination_first") else "origin"
    assert call.rings_first == getattr(call, first)

    call.line.ended = True
    await house.happens_later(freezer)
    assert len(simulator.calls) == 2
    assert notifications == []


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize("config", CALLING, ids=name_of)
async def test_example_falls_back(
    house: House, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """After a failure a notification is sent, and the request is not repeated at once."""
    simulator.reply(house.endpoint, Reply(b"", 500))
    await house.happens()
    await house.happens()
    assert simulator.requests[house.endpoint] == 1
    [notification] = notifications
    assert notification.data["title"]
    assert notification.data["message"]


@pytest.mark.freeze_time(NOON, tick=True)
@pytest.mark.parametrize("config", DOORS, ids=name_of)
async def test_door_opens_by_day(house: House, simulator: Simulator) -> None:
    """A door that opens by day places no call."""
    await house.happens()
    assert simulator.requests["voz/call"] == 0


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize("config", PANIC_BUTTONS, ids=name_of)
async def test_panic_button(hass: HomeAssistant, house: House, simulator: Simulator) -> None:
    """A button that becomes available places no call, and a press rings the helper first."""
    hass.states.async_set(house.entity_id, STATE_UNAVAILABLE)
    await house.happens()
    assert simulator.requests["voz/call"] == 0
    await house.happens()
    [call] = simulator.calls
    assert call.rings_first == call.destination


@pytest.fixture
async def account_in(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, language: str
) -> MockConfigEntry:
    """Return an account in a home of this language, on which the entities' ids depend."""
    await hass.config.async_update(language=language)
    return await set_up(hass, make_account(simulator))


async def run_to_its_end(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, script: dict[str, Any], seconds: int
) -> State:
    """Paste a script, start it, and let time pass until it is over."""
    assert await async_setup_component(hass, "script", {"script": {"pasted": script}})
    await hass.services.async_call("script", "turn_on", {"entity_id": "script.pasted"})
    for _ in range(seconds):
        await settle()
        freezer.move_to(dt_util.utcnow() + timedelta(seconds=1))
        async_fire_time_changed(hass)
    await settle()
    state = hass.states.get("script.pasted")
    assert state is not None
    assert state.name == script["alias"]
    return state


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize(("language", "config"), UNANSWERED)
async def test_automation_on_an_event(
    hass: HomeAssistant,
    account_in: MockConfigEntry,
    simulator: Simulator,
    notifications: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
    config: dict[str, Any],
) -> None:
    """The notification is sent for a call without an answer, and not for one with an answer."""
    assert await async_setup_component(hass, automation.DOMAIN, {automation.DOMAIN: config})
    for destination in ("7004", "7001", "7002"):
        await place_call(hass, destination=f"+55 41 99999-{destination}")
    await pass_time(hass, freezer, 1, times=50)
    messages = [notification.data["message"] for notification in notifications]
    assert [re.findall(r"\d{4}", message) for message in messages] == [["7001"], ["7002"]]


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize(("language", "config"), ON_RECORDINGS)
async def test_automation_on_a_recording(
    hass: HomeAssistant,
    account_in: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    config: dict[str, Any],
) -> None:
    """A notification announces a recording, and a tap opens it in the media browser."""
    [action] = config["actions"]
    notifications = async_mock_service(hass, *action["action"].split("."))
    assert await async_setup_component(hass, automation.DOMAIN, {automation.DOMAIN: config})
    await place_call(hass, destination="+55 41 99999-7004", record=True)
    await pass_time(hass, freezer, 1, times=30)
    assert notifications == []
    await pass_time(hass, freezer, 120)
    [notification] = notifications
    assert "7004" in notification.data["message"]

    links = notification.data["data"]
    assert links["clickAction"] == links["url"]
    path, _, item = links["url"].rpartition("/")
    media_type, _, content_id = unquote(item).partition(",")
    assert await async_setup_component(hass, "media_source", {})
    [recordings] = [
        child
        for child in (await async_browse_media(hass, None)).children or ()
        if child.media_content_id == content_id
    ]
    assert (path, media_type) == ("/media-browser/browser", recordings.media_content_type)


@pytest.mark.parametrize("script", PLAYING, ids=name_of)
@pytest.mark.freeze_time(tick=True)
async def test_script_plays_the_newest_recording(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    script: dict[str, Any],
) -> None:
    """The newest recording is played, and nothing without a recording."""
    played = async_mock_service(hass, "media_player", "play_media")
    await run_to_its_end(hass, freezer, script, 2)
    assert played == []
    now = dt_util.utcnow()
    for minutes in (1, 0, 2):
        started = now - timedelta(minutes=minutes)
        simulator.recordings.append(
            Recording("554130600300", "5541999990000", "", started.replace(microsecond=0))
        )
    await hass.services.async_call("script", "turn_on", {"entity_id": "script.pasted"})
    await settle()
    [call] = played
    assert f"{now:%Y%m%dT%H%M%SZ}" in call.data["media"]["media_content_id"]


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize("language", READMES)
async def test_buttons_on_a_dashboard(
    hass: HomeAssistant,
    account_in: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    language: str,
) -> None:
    """One button places a call, once it was confirmed, and the other hangs it up."""
    call, hang_up = [card["tap_action"] for card in examples(language) if card in CARDS]
    assert call["confirmation"]["text"]
    domain, action = call["perform_action"].split(".")
    await hass.services.async_call(domain, action, call["data"], blocking=True)
    assert [call.destination for call in simulator.calls] == ["554133334444"]
    await pass_time(hass, freezer, 2)
    domain, action = hang_up["perform_action"].split(".")
    await hass.services.async_call(domain, action, target=hang_up["target"], blocking=True)
    assert simulator.calls[0].line.ended
