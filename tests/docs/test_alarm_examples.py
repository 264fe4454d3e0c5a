"""Examples of alerts in the documentation: telephones, voice, a tablet and other alarms."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components.conversation import async_converse
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import Context, HomeAssistant, ServiceCall, State
from homeassistant.setup import async_setup_component
from homeassistant.util import slugify

from tests.blueprints.telephones import Telephones
from tests.common import CONTACTS, pass_time, settle
from tests.simulator import Simulator

from .conftest import ALARM_PANEL
from .examples import in_each_language, name_of
from .house import House, delete_alert

TELEPHONES = in_each_language("telephone")
VOICE = in_each_language("voice")
TABLETS = in_each_language("tablet")
ALARMO = in_each_language("alarmo")
ALERT = in_each_language("alert")
ALERT2 = in_each_language("alert2")
# What is said, and how the answer begins with and without an active alert.
SAID = {
    "en": (("I have seen it", "i saw the alert."), "All right", "No alert"),
    "pt-BR": (("Eu vi", "já vi o alerta."), "Certo", "Nenhum alerta"),
}
DOOR = "binary_sensor.garage_door"
PRESS = "button.press"
NOTIFY = "notify.mobile_app_"

type Happens = Callable[[], Awaitable[None]]


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values in an example, each with its key."""
    match value:
        case dict():
            for name, item in value.items():
                yield from leaves(item, name)
        case list():
            for item in value:
                yield from leaves(item, key)
        case _:
            yield key, value


def alert_in(config: dict[str, Any]) -> str:
    """Return the name of the only alert in an automation."""
    [name] = {value for key, value in leaves(config) if key == "name"}
    return str(name)


def status(hass: HomeAssistant, alert: str) -> State:
    """Return the status of an alert."""
    state = hass.states.get(f"sensor.{slugify(alert)}_status")
    assert state is not None
    return state


@pytest.fixture
async def telephones(hass: HomeAssistant, account_in: MockConfigEntry) -> AsyncIterator[Telephones]:
    """Return the telephones with the companion app."""
    telephones = Telephones(hass)
    await telephones.set_up()
    yield telephones
    await telephones.tear_down()


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize("owner", ["Maria", None])
@pytest.mark.parametrize(("language", "config"), TELEPHONES, ids=name_of)
async def test_button_on_a_telephone(
    house: House, telephones: Telephones, config: dict[str, Any], owner: str | None
) -> None:
    """The button in a notification acknowledges the alert, and says whose telephone it is."""
    actions = [value for key, value in leaves(config) if key == "action"]
    [phone] = [each.removeprefix(NOTIFY) for each in actions if each.startswith(NOTIFY)]
    await telephones.add(phone, owner)
    await house.shows("person.nobody", "home")
    await house.paste(config)
    alert = alert_in(config)
    await house.perform("directcall.raise_alert", name=alert, message="In the attic.")
    [notification] = [each for _, each in telephones.received]
    assert notification["message"] == "In the attic."
    [button] = notification["data"]["actions"]
    telephones.press(phone, "another")
    await settle()
    assert status(house.hass, alert).state == "alerting"
    telephones.press(phone, button["action"])
    await settle()
    assert status(house.hass, alert).state == "acknowledged"
    assert status(house.hass, alert).attributes["acknowledged_by"] == owner


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize(("language", "config"), VOICE, ids=name_of)
async def test_acknowledge_by_voice(
    house: House, simulator: Simulator, language: str, config: dict[str, Any]
) -> None:
    """A sentence acknowledges all alerts, and the answer says if there was one."""

    async def hears(sentence: str) -> str:
        result = await async_converse(house.hass, sentence, None, Context(), language)
        speech: str = result.response.speech["plain"]["speech"]
        return speech

    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(house.hass, component, {})
    await house.paste(config)
    sentences, answer, none_active = SAID[language]
    for sentence in sentences:
        for alert in ("Smoke", "Portão"):
            await house.perform("directcall.raise_alert", name=alert)
        assert (await hears(sentence)).startswith(answer)
        assert status(house.hass, "Smoke").state == "acknowledged"
        assert status(house.hass, "Portão").state == "acknowledged"
        assert (await hears(sentence)).startswith(none_active)


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize(("language", "view"), TABLETS, ids=name_of)
async def test_view_for_a_tablet(
    house: House, simulator: Simulator, freezer: FrozenDateTimeFactory, view: dict[str, Any]
) -> None:
    """Its entities exist, its buttons do what they say, and the one that costs asks first."""
    hass = house.hass
    cards = [card for section in view["sections"] for card in section["cards"]]
    shown = [card["entity"] for card in cards if "entity" in card]
    assert len(shown) == 2 + len(CONTACTS)
    assert [entity_id for entity_id in shown if not hass.states.get(entity_id)] == []
    # The icon of a tile would press it, without a question.
    assert [entity_id for entity_id in shown if entity_id.startswith("button.")] == []
    seen, call, hang_up = (card["tap_action"] for card in cards if "tap_action" in card)
    assert {each["perform_action"] for each in (seen, call, hang_up)} == {PRESS}

    [tile] = [card for card in cards if "state_content" in card]
    alert = cards[0]["heading"]
    await house.perform("directcall.raise_alert", name=alert)
    assert hass.states.get(tile["entity"]) == status(hass, alert)
    assert {"state", *status(hass, alert).attributes} > {*tile["state_content"]}
    before = len(simulator.messages)
    await house.perform(PRESS, **seen["target"])
    assert status(hass, alert).state == "acknowledged"

    assert simulator.calls == []
    await house.perform(PRESS, **call["target"])
    await pass_time(hass, freezer, 2)
    [placed] = simulator.calls
    await house.perform(PRESS, **hang_up["target"])
    assert placed.line.ended
    assert len(simulator.calls) == 1
    assert len(simulator.messages) == before
    assert [each for each in (seen, call, hang_up) if "confirmation" in each] == [call]
    assert call["confirmation"]["text"]


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize(("language", "config"), ALARMO, ids=name_of)
async def test_alarmo(
    house: House,
    account_in: MockConfigEntry,
    simulator: Simulator,
    notifications: list[ServiceCall],
    config: dict[str, Any],
) -> None:
    """The alarm raises the alert with the sensor's name, and disarming acknowledges it."""
    hass = house.hass
    alert = alert_in(config)
    await house.shows("binary_sensor.window", STATE_ON, friendly_name="Window")
    await house.shows(ALARM_PANEL, "armed_away", open_sensors=None)
    await house.paste(config)
    await house.shows(ALARM_PANEL, "pending", open_sensors={"binary_sensor.window": STATE_ON})
    assert simulator.messages == []
    await house.shows(ALARM_PANEL, "triggered", open_sensors={"binary_sensor.window": STATE_ON})
    [message] = simulator.messages
    assert message.text.endswith(". Window")
    await house.shows(ALARM_PANEL, "disarmed", open_sensors=None)
    assert status(hass, alert).state == "acknowledged"
    # Another panel has no such attribute.
    await house.shows(ALARM_PANEL, "triggered")
    assert simulator.messages[-1].text == message.text.removesuffix(" Window")

    await house.shows(ALARM_PANEL, "disarmed")
    assert notifications == []
    delete_alert(hass, account_in, alert)
    await house.shows(ALARM_PANEL, "triggered")
    assert len(notifications) == 1


async def runs_along(
    house: House, alert: str, *, begins: Happens, is_seen: Happens, ends: Happens
) -> None:
    """Let another alarm begin, be seen and end, and check the status of the alert."""
    for step, expected in (
        (ends, "idle"),
        (begins, "alerting"),
        (is_seen, "acknowledged"),
        (ends, "acknowledged"),
        (begins, "alerting"),
        (ends, "cancelled"),
    ):
        await step()
        await settle()
        assert status(house.hass, alert).state == expected


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize(("language", "config"), ALERT, ids=name_of)
async def test_alert_of_home_assistant(
    house: House,
    account_in: MockConfigEntry,
    notifications: list[ServiceCall],
    caplog: pytest.LogCaptureFixture,
    config: dict[str, Any],
) -> None:
    """Home Assistant's alert raises ours, and acknowledges it or calls it off."""
    [entity_id] = {trigger["entity_id"] for trigger in config["triggers"]}
    settings = {"name": "Door", "entity_id": DOOR, "repeat": 30}
    await house.shows(DOOR, STATE_OFF)
    assert await async_setup_component(
        house.hass, "alert", {"alert": {entity_id.removeprefix("alert."): settings}}
    )
    await house.paste(config)
    alert = alert_in(config)
    await runs_along(
        house,
        alert,
        begins=lambda: house.shows(DOOR, STATE_ON),
        is_seen=lambda: house.perform("alert.turn_off", entity_id=entity_id),
        ends=lambda: house.shows(DOOR, STATE_OFF),
    )
    assert notifications == []
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]

    delete_alert(house.hass, account_in, alert)
    await house.shows(DOOR, STATE_ON)
    assert len(notifications) == 1
    # Nothing repeats it any more.
    await house.shows(DOOR, STATE_OFF)


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize("begin", ["alert2_alert_on", "alert2_alert_fire"])
@pytest.mark.parametrize(("language", "config"), ALERT2, ids=name_of)
async def test_alert2(
    house: House,
    account_in: MockConfigEntry,
    notifications: list[ServiceCall],
    caplog: pytest.LogCaptureFixture,
    config: dict[str, Any],
    begin: str,
) -> None:
    """An event of Alert2 raises ours, and other ones acknowledge it or call it off."""
    [entity_id] = {trigger["event_data"]["entity_id"] for trigger in config["triggers"]}
    assert entity_id.startswith("alert2.")

    async def fire(event_type: str, entity_id: str = entity_id) -> None:
        domain, _, name = entity_id.removeprefix("alert2.").partition("_")
        data = {"entity_id": entity_id, "domain": domain, "name": name}
        house.hass.bus.async_fire(event_type, data)
        await settle()

    await house.paste(config)
    alert = alert_in(config)
    await fire(begin, "alert2.another_one")
    await runs_along(
        house,
        alert,
        begins=lambda: fire(begin),
        is_seen=lambda: fire("alert2_alert_ack"),
        ends=lambda: fire("alert2_alert_off"),
    )
    assert notifications == []
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]

    delete_alert(house.hass, account_in, alert)
    await fire(begin)
    assert len(notifications) == 1
