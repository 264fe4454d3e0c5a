"""Trigger platform: automations on calls and recordings, by each kind of target."""

from collections.abc import Sequence
from datetime import timedelta
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.components import automation
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from custom_components.directcall.const import DOMAIN, SUBENTRY_ALERT
from tests.common import (
    CALL,
    CONTACTS,
    ENTRY_ID,
    NUMBER,
    alert_data,
    device_of,
    end_call,
    make_account,
    pass_time,
    perform,
    place_call,
    set_up,
    state_of,
)
from tests.disk import hass_config_dir, hass_storage
from tests.home_of_before import folder, line, started
from tests.simulator import ACCOUNT, Simulator
from tests.simulator.telephones import Line

__all__ = ["folder", "hass_config_dir", "hass_storage", "line"]

pytestmark = pytest.mark.freeze_time(tick=True)

FIRED = "fired"
TRIGGERS = [
    "alert_acknowledged",
    "alert_not_acknowledged",
    "alert_raised",
    "call_answered",
    "call_ended",
    "call_not_answered",
    "recording_ready",
]
ALERT = "event.fogo_alert"
ENTITY = {"entity_id": CALL}
DEVICE = {"device_id": "device of the account"}
AREA = {"area_id": "hall"}
LABEL = {"label_id": "alarm"}


def targets(*them: dict[str, str]) -> pytest.MarkDecorator:
    """Run a test with each of some targets."""
    return pytest.mark.parametrize("target", them, ids=[kind for target in them for kind in target])


TARGETS = targets(ENTITY, DEVICE, AREA, LABEL)


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with contacts, whose device is in the hall and has the label Alarm."""
    account = await set_up(home, make_account(simulator, contacts=CONTACTS, entry_id=ENTRY_ID))
    furnish(home)
    return account


@pytest.fixture
def fired(hass: HomeAssistant) -> list[Event]:
    """Collect the events of the automations."""
    return async_capture_events(hass, FIRED)


def account_device(hass: HomeAssistant) -> str:
    """Return the ID of the account's device."""
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, ENTRY_ID), ENTRY_ID)
    assert device is not None
    return device.id


def furnish(hass: HomeAssistant) -> None:
    """Put the account's device into the hall, and give it the label Alarm."""
    ar.async_get(hass).async_get_or_create("Hall")
    lr.async_get(hass).async_create("Alarm")
    dr.async_get(hass).async_update_device(account_device(hass), area_id="hall", labels={"alarm"})


def resolve(hass: HomeAssistant, target: dict[str, str]) -> dict[str, str]:
    """Return a target with the ID of the account's device, where it is one."""
    return {"device_id": account_device(hass)} if target is DEVICE else target


def automations(target: dict[str, str]) -> list[dict[str, Any]]:
    """Return an automation for each trigger, each of which fires an event."""
    return [
        {
            "alias": trigger,
            "mode": "queued",
            "triggers": [{"trigger": f"{DOMAIN}.{trigger}", "target": target}],
            "actions": [
                {
                    "event": FIRED,
                    "event_data": {
                        "trigger": trigger,
                        "called": "{{ trigger.to_state.attributes.contact }} "
                        "({{ trigger.to_state.attributes.last_digits }})",
                        "type": "{{ trigger.to_state.attributes.event_type }}",
                        "duration": "{{ trigger.to_state.attributes.duration }}",
                        "media": "{{ trigger.to_state.attributes.media_content_id }}",
                        "call_id": "{{ trigger.to_state.attributes.call_id }}",
                    },
                }
            ],
        }
        for trigger in TRIGGERS
    ]


async def automate(hass: HomeAssistant, target: dict[str, str]) -> None:
    """Set an automation up for each trigger."""
    config = {automation.DOMAIN: automations(target)}
    assert await async_setup_component(hass, automation.DOMAIN, config)
    await hass.async_block_till_done()
    states = hass.states.async_all(automation.DOMAIN)
    assert [state.state for state in states] == ["on"] * len(TRIGGERS)


def of(fired: Sequence[Event[Any]]) -> list[tuple[str, str]]:
    """Return which triggers fired, and on which event types."""
    return [(event.data["trigger"], event.data["type"]) for event in fired]


async def talk(hass: HomeAssistant, freezer: FrozenDateTimeFactory, **data: Any) -> None:
    """Call Maria, talk, and hang up."""
    await place_call(hass, destination="Maria", **data)
    await pass_time(hass, freezer, 1, times=15)
    await end_call(hass, destination="Maria")
    await hass.async_block_till_done(wait_background_tasks=True)


@TARGETS
async def test_conversation(
    hass: HomeAssistant,
    account: MockConfigEntry,
    fired: list[Event],
    freezer: FrozenDateTimeFactory,
    target: dict[str, str],
) -> None:
    """A call that is answered, hung up and recorded triggers each of its triggers once."""
    await automate(hass, resolve(hass, target))
    await talk(hass, freezer, record=True)
    assert of(fired) == [("call_answered", "answered"), ("call_ended", "ended")]
    await pass_time(hass, freezer, 120)
    assert of(fired)[2:] == [("recording_ready", "recording_ready")]
    assert {event.data["called"] for event in fired} == {"Maria (0000)"}
    assert len({event.data["call_id"] for event in fired}) == 1
    answered, ended, ready = fired
    assert answered.data["duration"] is None
    assert ended.data["duration"] > 0
    assert ready.data["media"].startswith("media-source://directcall/")


@TARGETS
@pytest.mark.parametrize(
    ("destination", "origin", "outcome"),
    [
        ("7001", "0300", "busy"),
        ("7002", "0300", "no_answer"),
        ("0000", "7002", "origin_no_answer"),
        ("7006", "0300", "failed"),
        ("7005", "0300", "unknown"),
    ],
)
async def test_call_without_an_answer(
    hass: HomeAssistant,
    account: MockConfigEntry,
    fired: list[Event],
    freezer: FrozenDateTimeFactory,
    target: dict[str, str],
    destination: str,
    origin: str,
    outcome: str,
) -> None:
    """A call without an answer triggers Call not answered once, and nothing else."""
    await automate(hass, resolve(hass, target))
    await place_call(
        hass, destination=f"{NUMBER}{destination}", origin=f"{NUMBER}{origin}", record=True
    )
    await pass_time(hass, freezer, 3, times=25)
    assert of(fired) == [("call_not_answered", outcome)]


async def test_answered_call_with_an_unknown_end(
    hass: HomeAssistant,
    account: MockConfigEntry,
    fired: list[Event],
    freezer: FrozenDateTimeFactory,
) -> None:
    """An answered call that is no longer followed triggers Call ended."""
    await automate(hass, AREA)
    await place_call(hass, destination="Maria")
    await pass_time(hass, freezer, 1, times=15)
    await pass_time(hass, freezer, 2 * 3600)
    assert of(fired) == [("call_answered", "answered"), ("call_ended", "unknown")]


@targets(ENTITY, AREA, LABEL)
@pytest.mark.parametrize("platform", ["doorbell", DOMAIN])
async def test_events_of_other_entities(
    hass: HomeAssistant,
    account: MockConfigEntry,
    fired: list[Event],
    freezer: FrozenDateTimeFactory,
    entity_registry: er.EntityRegistry,
    target: dict[str, str],
    platform: str,
) -> None:
    """Only the entity Call triggers, and no other event entity with the same target."""
    entry = entity_registry.async_get_or_create("event", platform, f"{ENTRY_ID}_other")
    entity_registry.async_update_entity(entry.entity_id, area_id="hall", labels={"alarm"})
    other = entry.entity_id
    await automate(hass, {"entity_id": other} if target is ENTITY else target)
    hass.states.async_set(other, STATE_UNKNOWN)
    for event_type in ("answered", "ended", "busy", "unknown", "recording_ready"):
        hass.states.async_set(other, dt_util.utcnow().isoformat(), {"event_type": event_type})
        await pass_time(hass, freezer, 1)
    assert fired == []
    await talk(hass, freezer)
    assert of(fired) == (
        [] if target is ENTITY else [("call_answered", "answered"), ("call_ended", "ended")]
    )


@TARGETS
async def test_reload(
    hass: HomeAssistant,
    account: MockConfigEntry,
    fired: list[Event],
    freezer: FrozenDateTimeFactory,
    target: dict[str, str],
) -> None:
    """A reload triggers nothing, and the next call does."""
    await automate(hass, resolve(hass, target))
    await talk(hass, freezer)
    last = state_of(hass, CALL)
    await hass.config_entries.async_unload(account.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass, CALL) == STATE_UNAVAILABLE
    await hass.config_entries.async_setup(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, CALL) == last
    assert of(fired) == [("call_answered", "answered"), ("call_ended", "ended")]
    await pass_time(hass, freezer, 30)
    await talk(hass, freezer)
    assert of(fired)[2:] == of(fired)[:2]


@TARGETS
async def test_automations_before_the_entities(
    hass: HomeAssistant,
    account: MockConfigEntry,
    fired: list[Event],
    freezer: FrozenDateTimeFactory,
    target: dict[str, str],
) -> None:
    """An automation that is set up while only the registry has the entity hears of the call."""
    await place_call(hass, destination="Maria")
    await pass_time(hass, freezer, 1, times=15)
    await hass.config_entries.async_unload(account.entry_id)
    await automate(hass, resolve(hass, target))
    await hass.config_entries.async_setup(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert fired == []
    await end_call(hass, destination="Maria")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert of(fired) == [("call_ended", "ended")]


@TARGETS
@pytest.mark.freeze_time("2026-11-24 12:01:00", tick=True)
async def test_start_in_the_middle_of_a_call(
    folder: Path, line: Line, freezer: FrozenDateTimeFactory, target: dict[str, str]
) -> None:
    """A start triggers nothing by what is restored, and then by the end of the call."""
    devices = folder / STORAGE_DIR / "core.device_registry"
    registry = json.loads(devices.read_text())
    [device] = [d for d in registry["data"]["devices"] if d["identifiers"] == [[DOMAIN, ENTRY_ID]]]
    device.update(area_id="hall", labels=["alarm"])
    devices.write_text(json.dumps(registry))
    target = {"device_id": device["id"]} if target is DEVICE else target
    async with started(folder, automations(target)) as (hass, _):
        fired = async_capture_events(hass, FIRED)
        assert state_of(hass, CALL) == "2026-11-24T12:00:26.570+00:00"
        await pass_time(hass, freezer, 10, times=2)
        assert [s.attributes["last_triggered"] for s in hass.states.async_all("automation")] == [
            None
        ] * len(TRIGGERS)
        line.ended = True
        await pass_time(hass, freezer, 10)
        assert of(fired) == [("call_ended", "ended")]


@targets(ENTITY, AREA, LABEL)
async def test_automations_before_the_account(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    fired: list[Event],
    freezer: FrozenDateTimeFactory,
    target: dict[str, str],
) -> None:
    """An automation that is older than the account triggers as soon as its target fits."""
    await automate(home, target)
    await set_up(home, make_account(simulator, contacts=CONTACTS, entry_id=ENTRY_ID))
    furnish(hass)
    await hass.async_block_till_done()
    await talk(hass, freezer)
    assert of(fired) == [("call_answered", "answered"), ("call_ended", "ended")]


@targets(DEVICE, AREA, LABEL)
async def test_renamed_entity(
    hass: HomeAssistant,
    account: MockConfigEntry,
    fired: list[Event],
    freezer: FrozenDateTimeFactory,
    entity_registry: er.EntityRegistry,
    target: dict[str, str],
) -> None:
    """An entity whose ID changes triggers nothing by that, and then as before."""
    await automate(hass, resolve(hass, target))
    await talk(hass, freezer)
    fired.clear()
    entity_registry.async_update_entity(CALL, new_entity_id="event.telephone")
    await pass_time(hass, freezer, 30)
    assert fired == []
    await talk(hass, freezer)
    assert of(fired) == [("call_answered", "answered"), ("call_ended", "ended")]


async def test_entity_under_another_id(
    hass: HomeAssistant,
    account: MockConfigEntry,
    fired: list[Event],
    freezer: FrozenDateTimeFactory,
    entity_registry: er.EntityRegistry,
) -> None:
    """An entity that was renamed can be a target."""
    entity_registry.async_update_entity(CALL, new_entity_id="event.telephone")
    await hass.async_block_till_done()
    await automate(hass, {"entity_id": "event.telephone"})
    await talk(hass, freezer)
    assert of(fired) == [("call_answered", "answered"), ("call_ended", "ended")]


async def test_two_accounts(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    fired: list[Event],
    freezer: FrozenDateTimeFactory,
) -> None:
    """The device of one account as target leaves out the calls of another."""
    simulator.secrets["other@example.com"] = ACCOUNT.client_secret
    other = await set_up(hass, make_account(simulator, "other@example.com"))
    await automate(hass, resolve(hass, DEVICE))
    await place_call(hass, destination=f"{NUMBER}7001", config_entry_id=other.entry_id)
    await pass_time(hass, freezer, 1, times=15)
    assert state_of(hass, "event.directcall_call_2") != STATE_UNKNOWN
    assert fired == []
    await place_call(hass, destination=f"{NUMBER}7003", config_entry_id=account.entry_id)
    await pass_time(hass, freezer, 1, times=15)
    assert of(fired) == [("call_not_answered", "busy")]


@pytest.fixture
async def with_alerts(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with alerts. Its device and the first one's are in the hall."""
    how = {"rounds": 1, "channels": ["sms"]}
    alerts = {name: alert_data(contacts=["01CONTACT0"], how=how) for name in ("Fogo", "Água")}
    account = make_account(simulator, contacts=CONTACTS, alerts=alerts, entry_id=ENTRY_ID)
    await set_up(home, account)
    furnish(home)
    device = device_of(home, account, "Fogo")
    dr.async_get(home).async_update_device(device, area_id="hall", labels={"alarm"})
    return account


async def raise_alert(hass: HomeAssistant, name: str = "Fogo") -> None:
    """Raise an alert, and wait until its contact is told."""
    await perform(hass, "raise_alert", {"name": name})
    await hass.async_block_till_done(wait_background_tasks=True)


@targets({"entity_id": ALERT}, AREA, LABEL)
async def test_alert(
    hass: HomeAssistant,
    with_alerts: MockConfigEntry,
    fired: list[Event],
    freezer: FrozenDateTimeFactory,
    target: dict[str, str],
) -> None:
    """An alert triggers when it is raised, and when it ends, and by nothing else."""
    await automate(hass, target)
    await raise_alert(hass)
    assert of(fired) == [("alert_raised", "raised")]
    await raise_alert(hass)
    await perform(hass, "acknowledge_alert", {"name": "Fogo"})
    await hass.async_block_till_done()
    assert of(fired)[1:] == [("alert_acknowledged", "acknowledged")]
    await raise_alert(hass)
    await perform(hass, "cancel_alert", {"name": "Fogo"})
    await hass.async_block_till_done()
    assert of(fired)[2:] == [("alert_raised", "raised")]
    await raise_alert(hass)
    await pass_time(hass, freezer, 130)
    assert of(fired)[3:] == [
        ("alert_raised", "raised"),
        ("alert_not_acknowledged", "unacknowledged"),
    ]


@pytest.mark.parametrize("name", ["Fogo", "Água"])
async def test_device_of_alert(
    hass: HomeAssistant, with_alerts: MockConfigEntry, fired: list[Event], name: str
) -> None:
    """The device of an alert as target leaves out other alerts, and calls."""
    await automate(hass, {"device_id": device_of(hass, with_alerts, "Fogo")})
    await raise_alert(hass, name)
    await place_call(hass, destination=f"{NUMBER}7001")
    assert of(fired) == [("alert_raised", "raised")] * (name == "Fogo")


@TARGETS
async def test_call_is_no_alert(
    hass: HomeAssistant,
    with_alerts: MockConfigEntry,
    fired: list[Event],
    freezer: FrozenDateTimeFactory,
    target: dict[str, str],
) -> None:
    """A call triggers none of the triggers of alerts that have the same target."""
    await automate(hass, resolve(hass, target))
    await talk(hass, freezer)
    assert of(fired) == [("call_answered", "answered"), ("call_ended", "ended")]


@pytest.mark.parametrize("event_type", ["raised", "answered", "acknowledged", "unacknowledged"])
async def test_answer_of_alert_is_no_call(
    hass: HomeAssistant, with_alerts: MockConfigEntry, fired: list[Event], event_type: str
) -> None:
    """Each entity triggers by its own events alone, also where both have a type."""
    await automate(hass, AREA)
    for number, entity_id in enumerate((ALERT, CALL)):
        time = (dt_util.utcnow() + timedelta(seconds=number)).isoformat()
        hass.states.async_set(entity_id, time, {"event_type": event_type})
        await hass.async_block_till_done()
    expected = {
        "raised": "alert_raised",
        "answered": "call_answered",
        "acknowledged": "alert_acknowledged",
        "unacknowledged": "alert_not_acknowledged",
    }
    assert of(fired) == [(expected[event_type], event_type)]


async def test_automation_before_the_alert(
    hass: HomeAssistant, account: MockConfigEntry, fired: list[Event]
) -> None:
    """An automation that is older than the alert triggers once the alert is there."""
    await automate(hass, {"entity_id": ALERT})
    added = ConfigSubentry(
        data=MappingProxyType(alert_data()),
        subentry_type=SUBENTRY_ALERT,
        title="Fogo",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(account, added)
    await hass.async_block_till_done()
    await raise_alert(hass)
    assert of(fired) == [("alert_raised", "raised")]


async def ask(client: Any, message: dict[str, Any]) -> Any:
    """Return Home Assistant's answer to its frontend."""
    await client.send_json_auto_id(message)
    answer = await client.receive_json()
    assert answer["success"]
    return answer["result"]


@TARGETS
async def test_editor_offers_the_triggers_for_a_target(
    hass: HomeAssistant,
    account: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    target: dict[str, str],
) -> None:
    """The automation editor offers each trigger for the account, its area and its label."""
    client = await hass_ws_client(hass)
    offered = await ask(
        client, {"type": "get_triggers_for_target", "target": resolve(hass, target)}
    )
    assert sorted(t for t in offered if t.startswith("directcall.")) == [
        f"directcall.{trigger}" for trigger in TRIGGERS
    ]


async def test_editor_does_not_offer_the_triggers_for_others(
    hass: HomeAssistant,
    account: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """The automation editor does not offer triggers that could not fire."""
    client = await hass_ws_client(hass)
    contact = {"device_id": device_of(hass, account, "Maria")}
    for target in (contact, {"entity_id": "binary_sensor.directcall_connection"}):
        offered = await ask(client, {"type": "get_triggers_for_target", "target": target})
        assert [t for t in offered if t.startswith("directcall.")] == []


async def test_editor_lists_the_triggers(
    hass: HomeAssistant, account: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    """The automation editor lists each trigger, with the entities that it takes."""
    client = await hass_ws_client(hass)
    await ask(client, {"type": "trigger_platforms/subscribe"})
    listed = (await client.receive_json())["event"]
    entity = [{"integration": "directcall", "domain": ["event"]}]
    models = {t: "Alert" if t.startswith("alert_") else "Account" for t in TRIGGERS}
    assert {t: d for t, d in listed.items() if t.startswith("directcall.")} == {
        f"directcall.{trigger}": {
            "fields": {},
            "target": {
                "entity": entity,
                "device": [{"integration": "directcall", "model": model}],
            },
        }
        for trigger, model in models.items()
    }
