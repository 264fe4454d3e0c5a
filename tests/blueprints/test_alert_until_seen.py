"""Blueprint of the automation that raises an alert."""

from collections.abc import AsyncIterator, Mapping
import re
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr, entity_registry as er

from custom_components.directcall.const import DOMAIN
from tests.blueprints.common import FILES, House, load
from tests.blueprints.telephones import Telephones
from tests.common import TEXT, alert_data, device_of, perform, settle, state_of
from tests.simulator import Simulator

pytestmark = pytest.mark.freeze_time("2026-11-24 02:00:00-03:00", tick=True)

SMOKE: Final = "binary_sensor.smoke"
DETECTED: Final = {"trigger": "state", "entity_id": SMOKE, "to": "on"}
CLEAR: Final = {"trigger": "state", "entity_id": SMOKE, "from": "on", "to": "off"}
SEEN_BY = {"en": "{} has seen it.", "pt-BR": "{} viu."}
SOMEBODY = {"en": "Somebody", "pt-BR": "Alguém"}


class Alarm(House):
    """A house that raises an alert when there is smoke."""

    def __init__(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        language: str,
        account: MockConfigEntry,
    ) -> None:
        """Find the alert."""
        super().__init__(hass, freezer, language)
        self.alert = device_of(hass, account, "Fire")

    async def set_up(self, **inputs: Any) -> None:
        """Make the automation."""
        self.hass.states.async_set(SMOKE, "off", {"friendly_name": "Cozinha"})
        await self.make("alert", **{"triggers": [DETECTED], "alert": self.alert, **inputs})

    async def smoke(self, state: str = "on") -> None:
        """Let there be smoke, or none, and give the house and the provider a moment."""
        self.hass.states.async_set(SMOKE, state, {"friendly_name": "Cozinha"})
        await settle()

    async def run_actions(self) -> None:
        """Try the automation."""
        await self.hass.services.async_call(
            "automation", "trigger", {"entity_id": "automation.made_of_it"}, blocking=True
        )
        await settle()

    @property
    def status(self) -> str:
        """Return the status of the alert."""
        return state_of(self.hass, "sensor.fire_status")

    @property
    def by(self) -> str | None:
        """Return who acknowledged the alert."""
        state = self.hass.states.get("sensor.fire_status")
        assert state is not None
        by: str | None = state.attributes["acknowledged_by"]
        return by


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the errors of the automation."""
    return [
        record.message
        for record in caplog.records
        if record.name.startswith("homeassistant.components.automation")
        and record.levelname == "ERROR"
    ]


@pytest.fixture
def alerts() -> Mapping[str, Mapping[str, Any]]:
    """Return the account's alerts."""
    return {"Fire": alert_data(how={"rounds": 1, "time_each": {"seconds": 30}})}


@pytest.fixture
async def alarm(
    hass: HomeAssistant,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    language: str,
) -> AsyncIterator[Alarm]:
    """Return a house that raises an alert."""
    alarm = Alarm(hass, freezer, language, account)
    yield alarm
    await alarm.tear_down()


@pytest.fixture
async def telephones(hass: HomeAssistant, account: MockConfigEntry) -> AsyncIterator[Telephones]:
    """Return the telephones with the app."""
    telephones = Telephones(hass)
    await telephones.set_up()
    yield telephones
    await telephones.tear_down()


async def test_smoke_raises_the_alert(
    alarm: Alarm, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """The first contact hears of it, and once, although the detector reports it twice."""
    await alarm.set_up(message="{{ trigger.to_state.name }}: fumaça!")
    await alarm.smoke()
    await alarm.smoke("off")
    await alarm.smoke()
    assert [message.text for message in simulator.messages] == ["Cozinha: fumaça!"]
    assert alarm.status == "alerting"
    assert notifications == []


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("", TEXT),
        ("Fumaça", "Fumaça"),
        ("190", "190"),
        ("{{ trigger.event.data.who }}", TEXT),
        ("{{ 1 / 0 }}", TEXT),
        ("{{ states('sensor.gone') | float }}", TEXT),
        ("{{ 'x' * 800 }}", re.compile("x{690,700}.*")),
    ],
)
async def test_no_text_keeps_the_alert_back(
    alarm: Alarm, simulator: Simulator, message: str, text: str | re.Pattern[str]
) -> None:
    """The alert's own text is said where a template fails, or there is none."""
    await alarm.set_up(message=message)
    await alarm.smoke()
    [sent] = simulator.messages
    assert re.fullmatch(text, sent.text)
    assert len(sent.text) <= 700


async def test_proposed_text(
    hass: HomeAssistant, alarm: Alarm, simulator: Simulator, language: str
) -> None:
    """The template that the form proposes works with *Run actions*, too."""
    blueprint = load(FILES[language]["alert"])["blueprint"]
    [template] = re.findall(r"`({{.*?}})`", blueprint["input"]["message"]["description"])
    await alarm.set_up(message=template)
    await alarm.smoke()
    await perform(hass, "cancel_alert", {"alert": alarm.alert})
    await alarm.run_actions()
    assert [message.text for message in simulator.messages] == ["Cozinha", "Made of it"]


async def test_conditions(hass: HomeAssistant, alarm: Alarm, simulator: Simulator) -> None:
    """The alert is raised if the conditions are true, and else not."""
    night = {"condition": "state", "entity_id": "input_boolean.night", "state": "on"}
    await alarm.set_up(conditions=[night])
    for state in ("gone", "off"):
        await alarm.smoke()
        await alarm.smoke("off")
        assert simulator.messages == [], state
        hass.states.async_set("input_boolean.night", "off")
    hass.states.async_set("input_boolean.night", "on")
    await alarm.smoke()
    assert len(simulator.messages) == 1


async def test_telephones_are_notified(alarm: Alarm, telephones: Telephones) -> None:
    """Every telephone gets the text and the button, and sounds although it is silent."""
    phones = [await telephones.add(name) for name in ("Maria's phone", "Vó Lúcia 2")]
    await alarm.set_up(message="Fumaça", telephones=phones)
    await alarm.smoke()
    assert [name for name, _ in telephones.received] == ["Maria's phone", "Vó Lúcia 2"]
    for _, notification in telephones.received:
        assert (notification["title"], notification["message"]) == ("Fire", "Fumaça")
        [button] = notification["data"]["actions"]
        assert button["title"] == {"en": "I have seen it", "pt-BR": "Eu vi"}[alarm.language]
        assert notification["data"]["ttl"] == 0
        assert notification["data"]["priority"] == "high"
        assert notification["data"]["channel"] == "alarm_stream"
        assert notification["data"]["push"] == {
            "interruption-level": "critical",
            "sound": {"name": "default", "critical": 1, "volume": 1},
        }


@pytest.mark.parametrize(("owner", "by"), [("Maria", "Maria"), (None, "phone")])
async def test_button_on_a_telephone(
    alarm: Alarm,
    telephones: Telephones,
    simulator: Simulator,
    notifications: list[ServiceCall],
    owner: str | None,
    by: str,
) -> None:
    """The button acknowledges the alert, and all telephones then say who has seen it."""
    phones = [await telephones.add("phone", owner), await telephones.add("other")]
    await alarm.set_up(telephones=phones)
    await alarm.smoke()
    before = telephones.last("other")
    telephones.press("phone", before["data"]["actions"][0]["action"])
    await settle()
    assert (alarm.status, alarm.by) == ("acknowledged", by)
    for name in ("phone", "other"):
        after = telephones.last(name)
        assert after["message"] == SEEN_BY[alarm.language].format(by)
        # It takes the place of the other, without a sound.
        assert after["data"]["tag"] == before["data"]["tag"]
        assert after["data"]["actions"] == []
        assert after["data"]["push"] == {"interruption-level": "passive", "sound": "none"}
        assert after["data"]["channel"] != "alarm_stream"
    await alarm.pass_time(120, step=10)
    assert len(simulator.messages) == 1
    assert notifications == []


async def test_other_buttons(alarm: Alarm, telephones: Telephones) -> None:
    """The button of another notification acknowledges nothing."""
    phone = await telephones.add("phone")
    await alarm.set_up(telephones=[phone])
    await alarm.smoke()
    telephones.press("phone", "directcall_seen_another")
    await settle()
    assert alarm.status == "alerting"


async def test_button_of_an_alert_that_has_ended(alarm: Alarm, telephones: Telephones) -> None:
    """A late press changes nothing, and the automation goes on working."""
    phone = await telephones.add("phone")
    await alarm.set_up(telephones=[phone])
    await alarm.smoke()
    [button] = telephones.last("phone")["data"]["actions"]
    for _ in range(2):
        telephones.press("phone", button["action"])
        await settle()
    assert alarm.status == "acknowledged"
    await alarm.smoke("off")
    await alarm.smoke()
    assert alarm.status == "alerting"


async def test_seen_elsewhere(hass: HomeAssistant, alarm: Alarm, telephones: Telephones) -> None:
    """The telephones hear of an acknowledgement without a name, too."""
    phone = await telephones.add("phone")
    await alarm.set_up(telephones=[phone])
    await alarm.smoke()
    await perform(hass, "acknowledge_alert", {})
    await settle()
    text = SEEN_BY[alarm.language].format(SOMEBODY[alarm.language])
    assert telephones.last("phone")["message"] == text


async def test_alert_that_somebody_else_raised(
    hass: HomeAssistant, alarm: Alarm, telephones: Telephones
) -> None:
    """The telephones hear of an alert that another automation raised, or the button Test."""
    phone = await telephones.add("phone")
    await alarm.set_up(telephones=[phone])
    await perform(hass, "raise_alert", {"alert": alarm.alert, "message": "Água"})
    await settle()
    assert telephones.texts("phone") == ["Água"]


async def test_all_clear(
    alarm: Alarm, telephones: Telephones, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """The all-clear cancels the alert, and who was told hears of it."""
    phone = await telephones.add("phone")
    await alarm.set_up(
        telephones=[phone],
        all_clear_triggers=[CLEAR],
        all_clear_message="{{ states('sensor.gone') }}: sem fumaça",
    )
    await alarm.smoke()
    await alarm.smoke("off")
    assert alarm.status == "cancelled"
    assert [message.text for message in simulator.messages] == [TEXT, "unknown: sem fumaça"]
    first, second = telephones.texts("phone")
    assert first == TEXT
    assert second != TEXT
    assert telephones.last("phone")["data"]["actions"] == []
    await alarm.pass_time(120, step=10)
    assert len(simulator.messages) == 2

    await alarm.smoke()
    await alarm.smoke("off")
    assert alarm.status == "cancelled"
    assert notifications == []


@pytest.mark.parametrize("message", ["", "{{ 1 / 0 }}"])
async def test_all_clear_without_a_text(alarm: Alarm, simulator: Simulator, message: str) -> None:
    """The alert is cancelled where there is no text, or its template fails."""
    await alarm.set_up(all_clear_triggers=[CLEAR], all_clear_message=message)
    await alarm.smoke()
    await alarm.smoke("off")
    assert alarm.status == "cancelled"
    assert len(simulator.messages) == 1


async def test_all_clear_without_an_alert(
    hass: HomeAssistant, alarm: Alarm, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """An all-clear after the alert has ended is ignored."""
    await alarm.set_up(all_clear_triggers=[CLEAR])
    await alarm.smoke()
    await perform(hass, "acknowledge_alert", {"by": "Maria"})
    await settle()
    await alarm.smoke("off")
    assert alarm.status == "acknowledged"
    assert errors(caplog) == []


async def test_raised_again_at_once(
    hass: HomeAssistant, alarm: Alarm, telephones: Telephones, simulator: Simulator
) -> None:
    """Only an all-clear cancels an alert, not the end of the alert before."""
    phone = await telephones.add("phone")
    await alarm.set_up(telephones=[phone], all_clear_triggers=[CLEAR])
    await alarm.smoke()
    await perform(hass, "cancel_alert", {"alert": alarm.alert})
    await alarm.run_actions()
    assert alarm.status == "alerting"
    assert len(simulator.messages) == 2
    await alarm.smoke("off")
    assert alarm.status == "cancelled"


async def test_nobody_has_seen_it(
    alarm: Alarm, telephones: Telephones, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """After the last round the house and the telephones say that nobody has seen it."""
    phone = await telephones.add("phone")
    await alarm.set_up(telephones=[phone])
    await alarm.smoke()
    await alarm.pass_time(120, step=5, until=lambda: alarm.status == "unacknowledged")
    await settle()
    assert len(simulator.messages) == 2
    [notification] = notifications
    assert notification.data["title"] == "Fire"
    assert notification.data["message"].endswith(TEXT)
    assert telephones.last("phone")["message"] == notification.data["message"]
    assert telephones.last("phone")["data"]["channel"] == "alarm_stream"


async def test_telephones_that_cannot_be_notified(
    alarm: Alarm, telephones: Telephones, simulator: Simulator
) -> None:
    """A telephone that is gone, or gets no notifications, keeps nothing from the others."""
    phones = [
        "gone",
        await telephones.add("tablet", push=False),
        await telephones.add("phone"),
    ]
    await alarm.set_up(telephones=phones)
    await alarm.smoke()
    assert len(simulator.messages) == 1
    assert telephones.texts("phone") == [TEXT]


async def test_alert_that_is_gone(
    hass: HomeAssistant,
    alarm: Alarm,
    telephones: Telephones,
    account: MockConfigEntry,
    notifications: list[ServiceCall],
) -> None:
    """The house and the telephones say that nobody is called."""
    phone = await telephones.add("phone")
    await alarm.set_up(telephones=[phone])
    [alert] = [each for each in account.subentries.values() if each.title == "Fire"]
    hass.config_entries.async_remove_subentry(account, alert.subentry_id)
    await hass.async_block_till_done()
    assert dr.async_get(hass).async_get(alarm.alert) is None
    await alarm.smoke()
    [notification] = notifications
    assert telephones.texts("phone") == [notification.data["message"]]


async def test_account_that_is_disabled(
    hass: HomeAssistant,
    alarm: Alarm,
    telephones: Telephones,
    account: MockConfigEntry,
    notifications: list[ServiceCall],
) -> None:
    """The house and the telephones say that nobody is called, also without the action."""
    phone = await telephones.add("phone")
    await alarm.set_up(telephones=[phone])
    await hass.config_entries.async_set_disabled_by(account.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()
    # As after a restart.
    hass.services.async_remove(DOMAIN, "raise_alert")
    await alarm.smoke()
    [notification] = notifications
    assert telephones.texts("phone") == [notification.data["message"]]


async def test_alert_without_entities(
    hass: HomeAssistant, alarm: Alarm, simulator: Simulator
) -> None:
    """An alert is raised even if a person disabled all of its entities."""
    await alarm.set_up()
    registry = er.async_get(hass)
    for entity in er.async_entries_for_device(registry, alarm.alert):
        registry.async_update_entity(entity.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    await alarm.smoke()
    assert len(simulator.messages) == 1


@pytest.mark.parametrize("is_restart", [True, False])
async def test_goes_on_after_a_restart(
    hass: HomeAssistant, alarm: Alarm, telephones: Telephones, is_restart: bool
) -> None:
    """An alert from before a restart, or from before the automation was saved, is cancelled."""
    phone = await telephones.add("phone")
    await perform(hass, "raise_alert", {"alert": alarm.alert})
    await settle()
    if is_restart:
        hass.set_state(CoreState.starting)
    await alarm.set_up(telephones=[phone], all_clear_triggers=[CLEAR])
    if is_restart:
        hass.set_state(CoreState.running)
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    else:
        hass.bus.async_fire("automation_reloaded")
    await alarm.smoke()
    # It was told before.
    assert telephones.received == []
    await alarm.smoke("off")
    assert alarm.status == "cancelled"
    assert len(telephones.received) == 1


async def test_another_automation_is_saved(
    hass: HomeAssistant, alarm: Alarm, telephones: Telephones, caplog: pytest.LogCaptureFixture
) -> None:
    """The alert is cancelled once, although the all-clear is waited for twice."""
    phone = await telephones.add("phone")
    await alarm.set_up(telephones=[phone], all_clear_triggers=[CLEAR])
    await alarm.smoke()
    hass.bus.async_fire("automation_reloaded")
    await settle()
    await alarm.smoke("off")
    assert alarm.status == "cancelled"
    # The second notification about its end takes the place of the first.
    assert len(set(telephones.texts("phone"))) == 2
    assert errors(caplog) == []


async def test_start_without_an_alert(hass: HomeAssistant, alarm: Alarm) -> None:
    """Without an active alert the automation does not run at the start."""
    hass.set_state(CoreState.starting)
    await alarm.set_up(all_clear_triggers=[CLEAR])
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await settle()
    state = hass.states.get("automation.made_of_it")
    assert state is not None
    assert state.attributes["last_triggered"] is None
