"""Surface: names for automations, dashboards and reports, as in version 0.1.0."""

from collections.abc import Awaitable, Iterable, Iterator
from contextlib import suppress
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    get_system_health_info,
)
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.components.media_source import Unresolvable, async_resolve_media
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml

from .common import (
    alert_data,
    device_of,
    end_call,
    listen,
    make_account,
    pass_time,
    perform,
    place_call,
    set_up,
    states_of,
)
from .simulator import ACCOUNT, Recording, Reply, Simulator

pytestmark = pytest.mark.freeze_time("2026-11-24 12:00:00", tick=True)

# A new name is added to this file. A line that changes or disappears breaks existing homes.
BEFORE = json.loads((Path(__file__).parent / "fixtures" / "surface_of_before.json").read_text())
INTEGRATION = Path(__file__).parents[1] / "custom_components" / "directcall"
DOMAIN = "directcall"
ENTRY_ID = "01DIRECTCALL"
NUMBER = "+55 41 99999-"
DROPPED = Reply(drop=True)


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator, no_pauses: None) -> MockConfigEntry:
    """Return an account with a contact."""
    contacts = {"Maria": f"{NUMBER}0000"}
    return await set_up(home, make_account(simulator, contacts=contacts, entry_id=ENTRY_ID))


def flat(value: Any, path: str = "") -> Iterator[str]:
    """Yield a line for each leaf of nested mappings: its path and its value."""
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from flat(each, f"{path}.{key}" if path else str(key))
    else:
        yield f"{path}: {json.dumps(value, ensure_ascii=False, default=str)}"


def paths(value: Any) -> list[str]:
    """Return the path of each leaf of nested mappings."""
    return sorted(line.partition(": ")[0] for line in flat(value))


def read(name: str) -> Any:
    """Return what is in a file of the integration."""
    return json.loads((INTEGRATION / name).read_text())


async def fails(action: Awaitable[object]) -> None:
    """Assert that an action fails."""
    with pytest.raises(HomeAssistantError):
        await action


def test_forms_of_actions() -> None:
    """Each action has the same form: fields, sections, defaults and selectors."""
    assert sorted(flat(load_yaml(str(INTEGRATION / "services.yaml")))) == BEFORE["forms"]


def test_triggers() -> None:
    """Each trigger has the same key and takes the same targets."""
    assert sorted(flat(load_yaml(str(INTEGRATION / "triggers.yaml")))) == BEFORE["triggers"]


async def test_fields_of_actions(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Each action takes the same fields, and answers or must be asked for an answer as before."""
    actions = hass.services.async_services_for_domain(DOMAIN)
    names = {name for fields in BEFORE["fields"].values() for name in fields} | {"unknown"}
    accepted = {
        action: [name for name in sorted(names) if await takes(hass, action, name)]
        for action in sorted(actions)
    }
    assert accepted == BEFORE["fields"]
    responses = {
        action: str(hass.services.supports_response(DOMAIN, action)) for action in sorted(actions)
    }
    assert responses == BEFORE["supports_response"]


async def takes(hass: HomeAssistant, action: str, field: str) -> bool:
    """Return if an action has a field."""
    error: str | None = None
    try:
        await perform(hass, action, {field: "x y"})
    except HomeAssistantError as err:
        error = err.translation_key
    return error != "unknown_field"


async def test_responses_of_actions(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Each action answers with the same keys."""
    simulator.recordings.append(Recording("554130600300", "5541999990000", ""))
    message = {"destination": "Maria", "message": "Fumaça na cozinha!"}
    later = {**message, "send_at": "2026-11-25 12:00:00"}
    sent = await perform(hass, "send_sms", later)
    responses = {
        "send_sms": sent,
        "send_voice_message": await perform(hass, "send_voice_message", message),
        "get_message_status": await perform(
            hass, "get_message_status", {"message_id": sent["message_id"]}
        ),
        "cancel_message": await perform(hass, "cancel_message", {"message_id": sent["message_id"]}),
        "place_call": await place_call(hass, destination="Maria"),
        "place_call, waiting": await place_call(
            hass, destination=f"{NUMBER}7001", wait_for_outcome=True, timeout=1
        ),
    }
    simulator.calls[0].line.started -= 20
    responses["end_call"] = await end_call(hass, destination="Maria")
    alert = MappingProxyType(alert_data(contacts=["01CONTACT0"]))
    hass.config_entries.async_add_subentry(
        account,
        ConfigSubentry(data=alert, subentry_type="alert", title="Fumaça", unique_id=None),
    )
    for action in ("acknowledge_alert", "cancel_alert"):
        await perform(hass, "raise_alert", {"name": "Fumaça"})
        await hass.async_block_till_done(wait_background_tasks=True)
        raised = await perform(hass, "raise_alert", {"name": "Fumaça"})
        responses["raise_alert"] = {**raised, "told": raised["told"][0]}
        responses[action] = await perform(hass, action, {})
    listed = await perform(hass, "list_recordings", {})
    responses["list_recordings"] = {**listed, "recordings": listed["recordings"][0]}
    assert {action: paths(response) for action, response in responses.items()} == BEFORE[
        "responses"
    ]


async def test_entities(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Each entity has the same unique ID, translation key, category and options."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), ENTRY_ID)
    assert sorted(flat(entity_rows(entities))) == BEFORE["entities"]


def entity_rows(entities: Iterable[er.RegistryEntry]) -> dict[str, dict[str, Any]]:
    """Return what people rely on of each entity."""
    return {
        f"{entity.domain} {entity.unique_id}": {
            "translation_key": entity.translation_key,
            "category": entity.entity_category,
            "disabled_by": entity.disabled_by,
            "capabilities": entity.capabilities,
            "device_class": entity.original_device_class,
            "features": entity.supported_features,
        }
        for entity in entities
    }


async def test_alert(hass: HomeAssistant, home: HomeAssistant, simulator: Simulator) -> None:
    """An alert has the same device, entities, events and attributes."""
    contacts, alerts = {"Maria": f"{NUMBER}0000"}, {"Fogo": alert_data(contacts=["01CONTACT0"])}
    account = make_account(simulator, contacts=contacts, alerts=alerts, entry_id=ENTRY_ID)
    await set_up(home, account)
    history = async_capture_events(hass, "state_changed")
    await perform(hass, "raise_alert", {"name": "Fogo"})
    await hass.async_block_till_done(wait_background_tasks=True)
    await perform(hass, "acknowledge_alert", {"by": "Maria"})
    await hass.async_block_till_done()
    [status] = [state for state in hass.states.async_all("sensor") if "status" in state.entity_id]
    device = dr.async_get(hass).async_get(device_of(hass, account, "Fogo"))
    assert isinstance(device, dr.DeviceEntry)
    assert {
        "device": [str(identifier) for identifier in device.identifiers],
        "model": device.model,
        "entities": sorted(
            flat(entity_rows(er.async_entries_for_device(er.async_get(hass), device.id)))
        ),
        "events": {
            state.attributes["event_type"]: sorted(state.attributes)
            for state in states_of(history, "event.fogo_alert")
        },
        "status": sorted(status.attributes),
    } == BEFORE["alert"]


async def test_devices(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The account and each contact have a device with the same identifiers."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), ENTRY_ID)
    assert (
        sorted(str(identifier) for d in devices for identifier in d.identifiers)
        == BEFORE["devices"]
    )


async def test_attributes_of_events(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The entity Call fires the same attributes for a call and for its recording."""
    events = listen(hass)
    await place_call(hass, destination="Maria", record=True)
    await pass_time(hass, freezer, 3, times=5)
    await end_call(hass, destination="Maria")
    await pass_time(hass, freezer, 120)
    attributes = {event.attributes["event_type"]: sorted(event.attributes) for event in events}
    assert attributes == BEFORE["events"]


async def test_issues(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A missing credit has the same issue for each service."""
    for action in ("place_call", "send_sms", "send_voice_message"):
        data = {"destination": f"{NUMBER}0201"}
        if action != "place_call":
            data["message"] = "Fumaça na cozinha!"
        await fails(perform(hass, action, data))
    issues = {
        issue.issue_id: {
            "translation_key": issue.translation_key,
            "placeholders": issue.translation_placeholders,
            "persistent": issue.is_persistent,
            "severity": issue.severity,
        }
        for issue in ir.async_get(hass).issues.values()
    }
    assert sorted(flat(issues)) == BEFORE["issues"]


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_translation_keys(language: str) -> None:
    """No text's key went or changed."""
    assert paths(read(f"translations/{language}.json")) == BEFORE["translations"]


def test_icons() -> None:
    """Entities and actions have the same icons."""
    assert sorted(flat(read("icons.json"))) == BEFORE["icons"]


async def test_config_entry(hass: HomeAssistant, home: HomeAssistant, simulator: Simulator) -> None:
    """An account and a contact are saved with the same keys."""
    flows = hass.config_entries.flow
    form = await flows.async_init(DOMAIN, context={"source": "user"})
    credentials = {"client_id": ACCOUNT.client_id, "client_secret": ACCOUNT.client_secret}
    result = await flows.async_configure(
        form["flow_id"],
        {**credentials, "origin": "(41) 3060-0300", "advanced": {"url": simulator.url}},
    )
    entry = result["result"]
    await hass.config_entries.subentries.async_configure(
        result["next_flow"][1], {"name": "Maria", "number": f"{NUMBER}0000"}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    [contact] = entry.subentries.values()
    assert {
        "version": f"{entry.version}.{entry.minor_version}",
        "data": sorted(entry.data),
        "options": dict(entry.options),
        "unique_id": entry.unique_id,
        "title": entry.title,
        "contact": {
            "type": contact.subentry_type,
            "data": dict(contact.data),
            "title": contact.title,
            "unique_id": contact.unique_id,
        },
    } == BEFORE["entry"]


async def test_diagnostics(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Diagnostics have the same keys, also for what is counted."""
    # The balance is asked for once.
    await pass_time(hass, freezer, 6)
    assert await async_setup_component(hass, "media_source", {})
    for digits in ("0000", "8001", "8002", "8003", "8004"):
        simulator.recordings.append(Recording("554130600300", f"554199999{digits}", ""))
    listed = await perform(hass, "list_recordings", {})
    for recording in listed["recordings"]:
        with suppress(Unresolvable):
            await async_resolve_media(hass, recording["media_content_id"], None)
    await perform(hass, "send_sms", {"destination": "Maria", "message": "Fumaça!"})
    await place_call(hass, destination="Maria")
    await fails(place_call(hass, destination=f"{NUMBER}0201"))
    await fails(place_call(hass, destination=f"{NUMBER}0002"))
    await fails(place_call(hass, destination=f"{NUMBER}9001"))
    simulator.reply("voz/end", *[DROPPED] * 3)
    await fails(end_call(hass, destination="Maria"))
    await fails(end_call(hass, destination=f"{NUMBER}1111"))
    simulator.reply("sms/remove", *[DROPPED] * 3)
    await fails(perform(hass, "cancel_message", {"message_id": "1"}))
    await fails(perform(hass, "get_message_status", {"message_id": "1"}))
    await simulator.stop()
    await fails(perform(hass, "list_recordings", {}))
    await simulator.start()
    # Not earlier: once a client has come, no view can be registered, such as that of recordings.
    connected: Any = await get_diagnostics_for_config_entry(hass, hass_client, account)
    simulator.end_tokens()
    await perform(hass, "list_recordings", {})
    simulator.end_tokens()
    simulator.secrets.clear()
    await fails(perform(hass, "list_recordings", {}))
    diagnostics: Any = await get_diagnostics_for_config_entry(hass, hass_client, account)
    assert diagnostics["token"] is None
    assert paths({**diagnostics, "token": connected["token"]}) == BEFORE["diagnostics"]


async def test_system_health(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """System information has the same keys."""
    assert await async_setup_component(hass, "system_health", {})
    info = await get_system_health_info(hass, DOMAIN)
    await info["can_reach_server"]
    assert sorted(info) == BEFORE["system_health"]
