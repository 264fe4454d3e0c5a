"""Examples in the documentation: what people paste works."""

from datetime import timedelta
from itertools import chain
from pathlib import Path
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

from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.media_source import async_browse_media
from homeassistant.const import (
    EVENT_HOMEASSISTANT_STARTED,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import CoreState, HomeAssistant, ServiceCall, State
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from tests.common import CONTACTS, PLACE_CALL, READMES, pass_time, perform, place_call, settle
from tests.simulator import Recording, Reply, Simulator

from .common import read
from .examples import EXAMPLES, blocks, examples, in_each_language, name_of
from .house import House, delete_alert

NIGHT = "2026-11-24 02:00:00-03:00"
NOON = "2026-11-24 12:00:00-03:00"
SMOKE = in_each_language("smoke")
DOORS = in_each_language("door")
PANIC_BUTTONS = in_each_language("panic button")
NOT_ANSWERED = in_each_language("not answered")
RECORDINGS = in_each_language("recording")
PLAY = in_each_language("play")
BUTTONS = [
    (language, call, hang_up)
    for (language, call), (_, hang_up) in zip(
        in_each_language("call button"), in_each_language("hang up button"), strict=True
    )
]


class Event:
    """What starts an automation: a detector, a door or a button."""

    def __init__(self, house: House, config: dict[str, Any]) -> None:
        """Read the trigger of the automation."""
        self._house = house
        self.entity_id: str = config["triggers"][-1]["entity_id"]
        smoke = {"device_class": BinarySensorDeviceClass.SMOKE}
        self._attributes = smoke if config["triggers"][1:] else {}

    async def is_over(self) -> None:
        """Let nothing happen."""
        at_rest = STATE_UNKNOWN if self.entity_id.startswith("event.") else STATE_OFF
        await self._house.shows(self.entity_id, at_rest, **self._attributes)

    async def is_unavailable(self) -> None:
        """Put it out of reach."""
        await self._house.shows(self.entity_id, STATE_UNAVAILABLE, **self._attributes)

    async def comes(self) -> None:
        """Let it happen, whatever was before."""
        now = dt_util.utcnow().isoformat()
        state = now if self.entity_id.startswith("event.") else STATE_ON
        await self._house.shows(self.entity_id, state, **self._attributes)

    async def comes_again(self) -> None:
        """Let it happen once more, after nothing happened."""
        if not self.entity_id.startswith("event."):
            await self.is_over()
        await self.comes()

    async def comes_later(self, freezer: FrozenDateTimeFactory) -> None:
        """Let it happen again when no cool-down lasts any more."""
        freezer.move_to(dt_util.utcnow() + timedelta(minutes=10))
        async_fire_time_changed(self._house.hass)
        await settle()
        await self.comes_again()


@pytest.fixture
async def event(house: House, config: dict[str, Any]) -> Event:
    """Return what starts the automation, which is pasted."""
    event = Event(house, config)
    await event.is_over()
    await house.paste(config)
    return event


@pytest.mark.parametrize("language", READMES)
def test_every_example_is_run(language: str) -> None:
    """The pages have the examples that tests take, and no other ones."""
    assert {page: len(texts) for page, texts in blocks(language).items()} == {
        page: len(names) for page, names in EXAMPLES.items()
    }
    tests = [file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py")]
    taken = re.findall(r'in_each_language\("([\w ]+)"\)', "".join(tests))
    assert {*taken} == {*chain.from_iterable(EXAMPLES.values())}


def test_both_languages_have_the_same_examples() -> None:
    """The examples of both languages differ in their language alone."""
    english, portuguese = (examples(language) for language in READMES)
    for one, other in zip(english.values(), portuguese.values(), strict=True):
        assert shape(one) == shape(other)
        for part in ("mode", "icon"):
            assert one.get(part) == other.get(part)


def shape(value: Any) -> Any:
    """Return the keys of an example, without its values."""
    match value:
        case dict():
            return {key: shape(item) for key, item in value.items() if key != "message"}
        case list():
            return [shape(item) for item in value]
    return type(value)


@pytest.mark.parametrize("language", READMES)
def test_numbers_are_quoted(language: str) -> None:
    """The numbers in all examples are quoted."""
    values = re.findall(
        r"^ +(?:destination: |origin: |- )(.*\d{4}.*)$", read(language), re.MULTILINE
    )
    assert len(values) == 2
    assert [value for value in values if not re.fullmatch(r'"\+55 [\d -]+"', value)] == []


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize(("language", "config"), SMOKE, ids=name_of)
async def test_smoke(
    hass: HomeAssistant,
    event: Event,
    config: dict[str, Any],
    simulator: Simulator,
    notifications: list[ServiceCall],
) -> None:
    """Smoke that repeats is told once, and smoke after the acknowledgement is told, too."""
    await event.comes()
    await event.comes_again()
    wanted = config["actions"][0]["data"]
    [message] = simulator.messages
    assert message.is_spoken
    assert message.destinations == ["5541999990000"]
    assert message.text == wanted["message"]

    await perform(hass, "acknowledge_alert", {"name": wanted["name"]})
    await event.comes_again()
    assert len(simulator.messages) == 2
    assert notifications == []


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize(("language", "config"), SMOKE, ids=name_of)
async def test_detector_that_comes_back(event: Event, simulator: Simulator) -> None:
    """Smoke is told if the detector was out of reach when it began."""
    await event.is_unavailable()
    await event.is_over()
    assert simulator.messages == []
    await event.is_unavailable()
    await event.comes()
    assert len(simulator.messages) == 1


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize("is_smoke", [False, True])
@pytest.mark.parametrize(("language", "config"), SMOKE, ids=name_of)
async def test_smoke_while_home_assistant_starts(
    hass: HomeAssistant,
    house: House,
    config: dict[str, Any],
    simulator: Simulator,
    is_smoke: bool,
) -> None:
    """Smoke that is there when Home Assistant starts is told, and a start alone is not."""
    event = Event(house, config)
    hass.set_state(CoreState.starting)
    await (event.comes() if is_smoke else event.is_over())
    await house.paste(config)
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await settle()
    assert len(simulator.messages) == is_smoke


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize(("language", "config"), SMOKE, ids=name_of)
async def test_own_trigger_of_smoke(
    house: House, config: dict[str, Any], simulator: Simulator
) -> None:
    """Home Assistant's own trigger raises the alert by itself, and needs the other one."""
    event = Event(house, config)
    await event.is_over()
    await house.paste({**config, "triggers": config["triggers"][:1]})
    await event.is_unavailable()
    await event.comes()
    assert simulator.messages == []
    await event.comes_again()
    assert len(simulator.messages) == 1


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize(("language", "config"), SMOKE, ids=name_of)
async def test_smoke_without_its_alert(
    hass: HomeAssistant,
    event: Event,
    config: dict[str, Any],
    account_in: MockConfigEntry,
    simulator: Simulator,
    notifications: list[ServiceCall],
) -> None:
    """If the alert was deleted, a notification says that nobody is called."""
    delete_alert(hass, account_in, config["actions"][0]["data"]["name"])
    await event.comes()
    assert simulator.messages == []
    [notification] = notifications
    assert notification.data["title"]
    assert notification.data["message"]


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize(("language", "config"), DOORS + PANIC_BUTTONS, ids=name_of)
async def test_example_calls_once(
    event: Event,
    config: dict[str, Any],
    simulator: Simulator,
    notifications: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    """An event that repeats at once places one call, and a later one another."""
    await event.comes()
    assert len(simulator.calls) == 1
    await event.comes_again()
    [call] = simulator.calls
    wanted = config["actions"][0]["data"]
    assert call.destination == re.sub(r"\D", "", CONTACTS[wanted["destination"]])
    assert call.origin == re.sub(r"\D", "", wanted.get("origin", "+55 41 3060-0300"))
    first = "destination" if wanted.get("ring_destination_first") else "origin"
    assert call.rings_first == getattr(call, first)

    call.line.ended = True
    await event.comes_later(freezer)
    assert len(simulator.calls) == 2
    assert notifications == []


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize(("language", "config"), DOORS + PANIC_BUTTONS, ids=name_of)
async def test_example_falls_back(
    event: Event, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """After a failure a notification is sent, and the request is not repeated at once."""
    simulator.reply(PLACE_CALL, Reply(b"", 500))
    await event.comes()
    await event.comes_again()
    assert simulator.requests[PLACE_CALL] == 1
    [notification] = notifications
    assert notification.data["title"]
    assert notification.data["message"]


@pytest.mark.freeze_time(NOON, tick=True)
@pytest.mark.parametrize(("language", "config"), DOORS, ids=name_of)
async def test_door_opens_by_day(event: Event, simulator: Simulator) -> None:
    """A door that opens by day places no call."""
    await event.comes()
    assert simulator.requests[PLACE_CALL] == 0


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize(("language", "config"), PANIC_BUTTONS, ids=name_of)
async def test_panic_button(event: Event, simulator: Simulator) -> None:
    """A button that becomes available places no call, and a press rings the neighbour first."""
    await event.is_unavailable()
    await event.comes()
    assert simulator.requests[PLACE_CALL] == 0
    await event.comes()
    [call] = simulator.calls
    assert call.rings_first == call.destination


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize(("language", "config"), NOT_ANSWERED, ids=name_of)
async def test_call_without_an_answer(
    house: House,
    simulator: Simulator,
    notifications: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
    config: dict[str, Any],
) -> None:
    """The notification is sent for a call without an answer, and not for one with an answer."""
    await house.paste(config)
    for destination in ("7004", "7001", "7002"):
        await place_call(house.hass, destination=f"+55 41 99999-{destination}")
    await pass_time(house.hass, freezer, 1, times=50)
    messages = [notification.data["message"] for notification in notifications]
    assert [re.findall(r"\d{4}", message) for message in messages] == [["7001"], ["7002"]]


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize(("language", "config"), RECORDINGS, ids=name_of)
async def test_recording_is_ready(
    house: House, simulator: Simulator, freezer: FrozenDateTimeFactory, config: dict[str, Any]
) -> None:
    """A notification announces a recording, and a tap opens it in the media browser."""
    hass = house.hass
    [action] = config["actions"]
    notifications = async_mock_service(hass, *action["action"].split("."))
    await house.paste(config)
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


@pytest.mark.parametrize(("language", "script"), PLAY, ids=name_of)
@pytest.mark.freeze_time(tick=True)
async def test_script_plays_the_newest_recording(
    hass: HomeAssistant,
    account_in: MockConfigEntry,
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
@pytest.mark.parametrize(("language", "call", "hang_up"), BUTTONS, ids=name_of)
async def test_buttons_on_a_dashboard(
    house: House,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    call: dict[str, Any],
    hang_up: dict[str, Any],
) -> None:
    """One button places a call, once it was confirmed, and the other hangs it up."""
    tap = call["tap_action"]
    assert tap["confirmation"]["text"]
    await house.perform(tap["perform_action"], **tap["data"])
    assert [call.destination for call in simulator.calls] == ["554133334444"]
    await pass_time(house.hass, freezer, 2)
    tap = hang_up["tap_action"]
    await house.perform(tap["perform_action"], **tap["target"])
    assert simulator.calls[0].line.ended
