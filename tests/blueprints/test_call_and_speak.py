"""Blueprint of the automation that speaks on the telephone."""

from collections.abc import AsyncIterator
import re
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant, ServiceCall

from tests.blueprints.common import FILES, House, load
from tests.common import SEND, settle
from tests.simulator import Reply, Simulator

SMOKE: Final = "binary_sensor.smoke"
NIGHT = "2026-11-24 02:00:00-03:00"
MORNING = "2026-11-24 07:00:00-03:00"
NOON = "2026-11-24 12:00:00-03:00"
EVENING = "2026-11-24 23:00:00-03:00"


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
        await settle()


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
    """An event is spoken once to all, not again in the cool-down, and again after it."""
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
    """The default text is the name of the entity that triggered, or of the automation."""
    smoke = {"trigger": "state", "entity_id": SMOKE}
    await speaker.make(
        "automation",
        "answers",
        triggers=[smoke],
        message=proposed_text(language),
        cool_down={"seconds": 0},
    )
    hass.states.async_set(SMOKE, "on", {"friendly_name": "Cozinha"})
    await settle()
    hass.states.async_remove(SMOKE)
    await settle()
    assert [message.text for message in simulator.messages] == ["Cozinha", "Made of it"]


@pytest.mark.freeze_time(NIGHT, tick=True)
async def test_proposed_text_needs_no_entity(
    hass: HomeAssistant,
    speaker: Speaker,
    simulator: Simulator,
    notifications: list[ServiceCall],
    language: str,
) -> None:
    """The default text also works for a time, an event and *Run actions*."""
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
    await settle()
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
    """No call is made between two times, also across midnight. Equal times mean no quiet hours."""
    await speaker.set_up("answers", quiet_from=hours[0], quiet_to=hours[1])
    await speaker.happens()
    assert simulator.requests[SEND] == speaks
    assert notifications == []


@pytest.mark.freeze_time(NIGHT, tick=True)
async def test_quiet_hours_begin_no_cool_down(speaker: Speaker, simulator: Simulator) -> None:
    """An event in quiet hours does not suppress the next one after them."""
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
    """An invalid condition suppresses nothing outside of quiet hours."""
    broken = {**OF_GAS, "entity_id": "binary_sensor.gone"}
    hours = {"quiet_from": "22:00:00", "quiet_to": "07:00:00"}
    await speaker.set_up("answers", emergency=[broken], **hours)
    await speaker.happens()
    assert len(simulator.messages) == 1


@pytest.mark.freeze_time(NIGHT, tick=True)
@pytest.mark.parametrize("telephone", ["no credit", "lost"])
async def test_failure_is_notified_once(
    speaker: Speaker, simulator: Simulator, notifications: list[ServiceCall], telephone: str
) -> None:
    """A failure is notified, and not repeated at once."""
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
@pytest.mark.parametrize("cool_down", [{"seconds": 40}, "00:00:40", 40])
async def test_cool_down_is_no_longer_after_a_failure(
    speaker: Speaker, simulator: Simulator, notifications: list[ServiceCall], cool_down: Any
) -> None:
    """A cool-down of less than a minute is not longer where it failed."""
    await speaker.set_up("answers", cool_down=cool_down)
    simulator.reply(SEND, Reply(b"", 500))
    await speaker.happens()
    await speaker.pass_time(25, step=5)
    await speaker.happens()
    assert simulator.requests[SEND] == len(notifications) == 1
    await speaker.pass_time(20, step=5)
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
async def test_failing_notification_does_not_end_the_cool_down(
    speaker: Speaker, simulator: Simulator, then: list[dict[str, Any]]
) -> None:
    """The cool-down holds even if the actions for failures fail."""
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
async def test_invalid_message_is_notified(
    speaker: Speaker, simulator: Simulator, notifications: list[ServiceCall], message: str
) -> None:
    """An invalid message is notified, and nothing is sent."""
    await speaker.set_up("answers", message=message)
    await speaker.happens()
    assert simulator.requests[SEND] == 0
    assert len(notifications) == 1
