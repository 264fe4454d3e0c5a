"""Entities of alerts: statuses, events, buttons and the notify entity, as people see them."""

from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
    snapshot_platform,
)
from syrupy.assertion import SnapshotAssertion

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import Context, HomeAssistant, State
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.translation import async_get_translations

from custom_components.directcall.alerts import (
    Alert,
    AlertEvent,
    AlertEventType,
    AlertStatus,
    AlertUpdate,
    Channel,
    Run,
    async_alert_signal,
)
from custom_components.directcall.const import DOMAIN, SUBENTRY_ALERT
from tests.common import (
    CALL,
    CONTACTS,
    ENTRY_ID,
    TEXT,
    alert_data,
    device_of,
    make_account,
    perform,
    save_before_start,
    set_up,
    set_ups_of,
    state_of,
    states_of,
)
from tests.simulator import Simulator

STATUS = "sensor.fogo_status"
ALERT = "event.fogo_alert"
SEEN = "button.fogo_i_have_seen_it"
TEST = "button.fogo_test"
RAISE = "notify.fogo_raise"
ALERTS = {"Fogo": alert_data(), "Água": alert_data()}
RAISED_AT = 1764000000.0
IDLE = ["friendly_name", "device_class", "options"]


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with two alerts."""
    return await set_up(
        home, make_account(simulator, contacts=CONTACTS, alerts=ALERTS, entry_id=ENTRY_ID)
    )


def alert_of(account: MockConfigEntry, name: str = "Fogo") -> ConfigSubentry:
    """Return an alert's subentry."""
    [alert] = [
        s
        for s in account.subentries.values()
        if s.title == name and s.subentry_type == SUBENTRY_ALERT
    ]
    return alert


def run_of(account: MockConfigEntry, **values: Any) -> Run:
    """Return a run of the first alert."""
    alert = Alert.from_subentry(alert_of(account))
    given: dict[str, Any] = {"alert_id": "01RUN", "message": TEXT, "raised_at": RAISED_AT}
    return Run(alert=alert, begun_at=0, **given | values)


async def update(hass: HomeAssistant, *args: Any, **values: Any) -> None:
    """Publish an update of an alert, as the manager does."""
    update = AlertUpdate(*args, **values)
    async_dispatcher_send(hass, async_alert_signal(update.run.alert.subentry_id), update)
    await hass.async_block_till_done()


def shown(hass: HomeAssistant, entity_id: str) -> dict[str, Any]:
    """Return the attributes of an entity that people read."""
    state = hass.states.get(entity_id)
    assert state is not None
    hidden = {*IDLE, "event_types"}
    return {name: value for name, value in state.attributes.items() if name not in hidden}


@pytest.mark.parametrize(
    "platform", [Platform.BUTTON, Platform.EVENT, Platform.NOTIFY, Platform.SENSOR]
)
async def test_entities(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    platform: Platform,
) -> None:
    """An alert has a status, an event, two buttons, and an entity that raises it."""
    alert = {"Fogo": ALERTS["Fogo"]}
    with patch("custom_components.directcall.PLATFORMS", [platform]):
        account = await set_up(hass, make_account(simulator, alerts=alert, entry_id=ENTRY_ID))
    for entity in er.async_entries_for_config_entry(entity_registry, ENTRY_ID):
        if entity.config_subentry_id is None:
            entity_registry.async_remove(entity.entity_id)
    await snapshot_platform(hass, entity_registry, snapshot, account.entry_id)


async def test_device(
    hass: HomeAssistant, account: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    """An alert is a device below the account's."""
    device = device_registry.async_get(device_of(hass, account, "Fogo"))
    assert isinstance(device, dr.DeviceEntry)
    assert (device.name, device.manufacturer, device.model) == ("Fogo", "Directcall", "Alert")
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.config_subentry_id == alert_of(account).subentry_id
    assert device.via_device_id is not None
    above = device_registry.async_get(device.via_device_id)
    assert above is not None
    assert above.identifiers == {(DOMAIN, ENTRY_ID)}


async def test_alerts_come_and_go_without_a_reload(
    hass: HomeAssistant, account: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """An alert that is added, renamed or deleted touches nothing of others."""
    set_ups, before = set_ups_of(account), hass.states.get(CALL)
    added = ConfigSubentry(
        data=MappingProxyType(alert_data()),
        subentry_type=SUBENTRY_ALERT,
        title="Porta",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(account, added)
    await hass.async_block_till_done()
    assert state_of(hass, "sensor.porta_status") == "idle"
    hass.config_entries.async_update_subentry(account, added, title="Portão\nda  rua")
    await hass.async_block_till_done()
    device = dr.async_get(hass).async_get(device_of(hass, account, "Portão\nda  rua"))
    assert device is not None
    assert device.name == "Portão da rua"
    hass.config_entries.async_remove_subentry(account, alert_of(account).subentry_id)
    await hass.async_block_till_done()
    assert hass.states.get(STATUS) is None
    assert entity_registry.async_get(STATUS) is None
    assert hass.states.get(CALL) is before
    assert state_of(hass, "sensor.agua_status") == "idle"
    assert set_ups == []


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [("en", "I have seen it", "Test"), ("pt-BR", "Eu vi", "Testar")],
)
async def test_seen_is_the_first_button(
    hass: HomeAssistant, account: MockConfigEntry, language: str, first: str, second: str
) -> None:
    """The page of a device sorts by name, and a test stands apart from the controls."""
    texts = await async_get_translations(hass, language, "entity", {DOMAIN})
    names = [
        texts[f"component.{DOMAIN}.entity.button.{name}.name"] for name in ("acknowledge", "test")
    ]
    assert names == sorted(names) == [first, second]


async def test_status(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The status says what happens now, to whom, and who has seen the alert."""
    await hass.config.async_update(time_zone="America/Sao_Paulo")
    assert state_of(hass, STATUS) == "idle"
    assert shown(hass, STATUS) == {}
    context = Context()
    run = run_of(account, round=2)
    await update(hass, run, AlertStatus.ALERTING, "Maria, João", context=context)
    state = hass.states.get(STATUS)
    assert state is not None
    assert (state.state, state.context) == ("alerting", context)
    seen = {
        "alert_id": "01RUN",
        "contact": "Maria, João",
        "round": 2,
        "raised_at": "2025-11-24T13:00:00-03:00",
        "acknowledged_by": None,
    }
    assert shown(hass, STATUS) == seen
    run = run_of(account, round=2, end=AlertStatus.ACKNOWLEDGED, ended_by="Ana")
    await update(hass, run, AlertStatus.ACKNOWLEDGED, None)
    assert state_of(hass, STATUS) == "acknowledged"
    assert shown(hass, STATUS) == seen | {"contact": None, "acknowledged_by": "Ana"}
    run = run_of(account, end=AlertStatus.CANCELLED, ended_by="Ana")
    await update(hass, run, AlertStatus.CANCELLED, None)
    assert state_of(hass, STATUS) == "cancelled"
    assert shown(hass, STATUS)["acknowledged_by"] is None
    run = run_of(account, end=AlertStatus.ACKNOWLEDGED, ended_by="")
    await update(hass, run, AlertStatus.ACKNOWLEDGED, None)
    assert shown(hass, STATUS)["acknowledged_by"] is None
    assert state_of(hass, "sensor.agua_status") == "idle"


async def test_events(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """An event has the attributes that apply, and the context of who brought it about."""
    history = async_capture_events(hass, EVENT_STATE_CHANGED)
    run, context = run_of(account), Context()
    told = AlertEvent(
        type=AlertEventType.TOLD, contact="Maria", channel=Channel.VOICE_MESSAGE, round=1
    )
    refused = AlertEvent(
        type=AlertEventType.UNDELIVERED,
        contact="João",
        channel=Channel.SMS,
        round=2,
        reason="Sem crédito",
    )
    seen = AlertEvent(type=AlertEventType.ACKNOWLEDGED, by="Ana")
    for event in (AlertEvent(type=AlertEventType.RAISED), told, None, refused):
        await update(hass, run, AlertStatus.ALERTING, None, event)
    await update(hass, run, AlertStatus.ACKNOWLEDGED, None, seen, context)
    states = states_of(history, ALERT)
    assert states[-1].context is context
    assert len({state.context.id for state in states}) == 4
    assert [
        {k: v for k, v in state.attributes.items() if k not in {"event_types", "friendly_name"}}
        for state in states
    ] == [
        {"alert_id": "01RUN", "message": TEXT, **more}
        for more in (
            {"event_type": "raised"},
            {"event_type": "told", "contact": "Maria", "channel": "voice_message", "round": 1},
            {
                "event_type": "undelivered",
                "contact": "João",
                "channel": "sms",
                "round": 2,
                "reason": "Sem crédito",
            },
            {"event_type": "acknowledged", "by": "Ana"},
        )
    ]
    assert state_of(hass, "event.agua_alert") == STATE_UNKNOWN


async def test_text_of_the_all_clear(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Who was told that all is clear was not told the alarm again."""
    run = run_of(account, end=AlertStatus.CANCELLED, all_clear="Tudo bem.")
    cancelled = AlertEvent(type=AlertEventType.CANCELLED)
    await update(hass, run, AlertStatus.CANCELLED, None, cancelled)
    assert shown(hass, ALERT)["message"] == TEXT
    told = AlertEvent(type=AlertEventType.TOLD, contact="Maria", channel=Channel.SMS)
    await update(hass, run, AlertStatus.CANCELLED, None, told)
    assert shown(hass, ALERT)["message"] == "Tudo bem."


async def test_no_whole_number(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Attributes have no whole number, whatever people write into names and texts."""
    number = "41 99999-0000"
    event = AlertEvent(
        type=AlertEventType.UNDELIVERED, contact=number, reason=f"Ruim: {number}", by=number
    )
    run = run_of(account, message=f"Ligue {number}", end=AlertStatus.ACKNOWLEDGED, ended_by=number)
    await update(hass, run, AlertStatus.ACKNOWLEDGED, "41 99999, 0000, Maria", event)
    assert shown(hass, ALERT) == {
        "event_type": "undelivered",
        "alert_id": "01RUN",
        "message": "Ligue …0000",
        "contact": "…0000",
        "reason": "Ruim: …0000",
        "by": "…0000",
    }
    assert shown(hass, STATUS)["contact"] == "…0000, Maria"
    assert shown(hass, STATUS)["acknowledged_by"] == "…0000"


ATTRIBUTES = {
    "alert_id": "01RUN",
    "round": 2,
    "raised_at": "2025-11-24T13:00:00-03:00",
    "acknowledged_by": None,
}


@pytest.mark.parametrize(
    ("saved", "status"),
    [
        ("idle", "idle"),
        ("acknowledged", "acknowledged"),
        ("unacknowledged", "unacknowledged"),
        ("cancelled", "cancelled"),
        # Nothing says how these ended.
        ("alerting", STATE_UNKNOWN),
        ("pausing", STATE_UNKNOWN),
        ("waiting_for_connection", STATE_UNKNOWN),
        (STATE_UNKNOWN, STATE_UNKNOWN),
    ],
)
async def test_status_after_a_restart(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, saved: str, status: str
) -> None:
    """The last status is restored, but no alert that is gone seems to go on."""
    state = State(STATUS, saved, {"contact": "Maria", **ATTRIBUTES})
    await save_before_start(hass, state, {"subentry_id": "01ALERT0"})
    await set_up(home, make_account(simulator, alerts=ALERTS, entry_id=ENTRY_ID))
    assert state_of(hass, STATUS) == status
    assert shown(hass, STATUS) == ATTRIBUTES


@pytest.mark.parametrize("extra", [{}, {"subentry_id": "01DELETED"}])
async def test_status_of_a_deleted_alert_is_not_restored(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, extra: dict[str, Any]
) -> None:
    """An alert with the name of one that was deleted was never raised."""
    await save_before_start(hass, State(STATUS, "unacknowledged", ATTRIBUTES), extra)
    await set_up(home, make_account(simulator, alerts=ALERTS, entry_id=ENTRY_ID))
    assert state_of(hass, STATUS) == "idle"
    assert shown(hass, STATUS) == {}


async def test_status_after_a_reload(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A reload keeps the status of an alert that has ended."""
    run = run_of(account, end=AlertStatus.ACKNOWLEDGED, ended_by="Ana")
    await update(hass, run, AlertStatus.ACKNOWLEDGED, None)
    await hass.config_entries.async_unload(ENTRY_ID)
    assert state_of(hass, STATUS) == STATE_UNAVAILABLE
    await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, STATUS) == "acknowledged"
    assert shown(hass, STATUS)["acknowledged_by"] == "Ana"


async def press(hass: HomeAssistant, entity_id: str, context: Context | None = None) -> None:
    """Press a button, and wait until what it sends is answered."""
    await hass.services.async_call(
        "button", "press", {"entity_id": entity_id}, blocking=True, context=context
    )
    await hass.async_block_till_done(wait_background_tasks=True)


async def notify(hass: HomeAssistant, **data: Any) -> None:
    """Raise the first alert with a text, and wait until its first contact is told."""
    await hass.services.async_call(
        "notify", "send_message", {"entity_id": RAISE, **data}, blocking=True
    )
    await hass.async_block_till_done(wait_background_tasks=True)


def texts(simulator: Simulator) -> list[str]:
    """Return what was spoken, with the last digits of the telephone."""
    return [f"{m.destinations[0][-4:]} {m.text}" for m in simulator.messages]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"message": "Porta aberta"}, "Porta aberta"),
        ({"message": "Porta aberta", "title": "Alarme"}, "Alarme. Porta aberta"),
        ({"message": ""}, TEXT),
        ({"message": "x" * 800}, "x" * 700),
    ],
)
async def test_raise(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    data: dict[str, str],
    text: str,
) -> None:
    """A notification raises the alert with its text, however long, or the alert's own."""
    await notify(hass, **data)
    assert state_of(hass, STATUS) == "alerting"
    assert shown(hass, STATUS)["contact"] == "Maria"
    assert texts(simulator) == [f"0000 {text}"]
    assert state_of(hass, RAISE) != STATE_UNKNOWN


@pytest.mark.parametrize(("name", "by"), [("Ana", "Ana"), ("41 99999-0000", "…0000"), ("", None)])
async def test_seen(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    hass_admin_user: MockUser,
    name: str,
    by: str | None,
) -> None:
    """The button acknowledges this alert alone, and its user has seen it."""
    await perform(hass, "raise_alert", {"name": "Água"})
    await notify(hass, message="Porta aberta")
    hass_admin_user.name = name
    context = Context(user_id=hass_admin_user.id)
    await press(hass, SEEN, context)
    assert state_of(hass, STATUS) == "acknowledged"
    assert shown(hass, STATUS)["acknowledged_by"] == by
    assert shown(hass, ALERT)["event_type"] == "acknowledged"
    assert shown(hass, ALERT).get("by") == by
    for entity_id in (STATUS, ALERT):
        state = hass.states.get(entity_id)
        assert state is not None
        assert state.context == context
    assert state_of(hass, "sensor.agua_status") == "alerting"


async def test_seen_by_an_automation(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Nobody is named as having seen an alert that an automation acknowledges."""
    await notify(hass, message="Porta aberta")
    await press(hass, SEEN)
    assert state_of(hass, STATUS) == "acknowledged"
    assert shown(hass, STATUS)["acknowledged_by"] is None


@pytest.mark.parametrize("raised", [None, "Água"])
async def test_nothing_to_see(
    hass: HomeAssistant, account: MockConfigEntry, raised: str | None
) -> None:
    """The button says that its alert is not active, whether or not another one is."""
    if raised:
        await perform(hass, "raise_alert", {"name": raised})
    with pytest.raises(ServiceValidationError) as caught:
        await press(hass, SEEN)
    assert caught.value.translation_key == "no_active_alert"


async def test_test(hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator) -> None:
    """A test tells the contacts that it is one, and not while the alert is active."""
    await press(hass, TEST)
    assert texts(simulator) == [f"0000 This is a test. {TEXT}"]
    assert shown(hass, ALERT)["message"] == f"This is a test. {TEXT}"
    with pytest.raises(ServiceValidationError) as caught:
        await press(hass, TEST)
    assert caught.value.translation_key == "alert_is_active"
    for language in ("en", "pt-BR"):
        errors = await async_get_translations(hass, language, "exceptions", {DOMAIN})
        assert f"component.{DOMAIN}.exceptions.alert_is_active.message" in errors
    assert len(simulator.messages) == 1


async def test_buttons_of_the_device(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Pressing the buttons of an alert's device acknowledges the alert, and raises nothing."""
    await notify(hass, message="Porta aberta")
    target = {"device_id": device_of(hass, account, "Fogo")}
    await hass.services.async_call("button", "press", target, blocking=True)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, STATUS) == "acknowledged"
    assert len(simulator.messages) == 1


async def test_active_alert_after_a_reload(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A reload keeps the status of an alert that goes on."""
    await notify(hass, message="Porta aberta")
    before = shown(hass, STATUS)
    await hass.config_entries.async_unload(ENTRY_ID)
    history = async_capture_events(hass, EVENT_STATE_CHANGED)
    await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert {state.state for state in states_of(history, STATUS)} == {"alerting"}
    assert shown(hass, STATUS) == before
    assert len(simulator.messages) == 1
