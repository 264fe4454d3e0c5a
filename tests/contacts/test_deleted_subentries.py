"""Repair issues of deleted contacts and alerts that automations, alerts or others still name."""

from collections.abc import Mapping
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component

from custom_components.directcall.const import CONF_CONTACTS, CONF_NUMBER, DOMAIN, SUBENTRY_CONTACT
from tests.common import (
    alert_data,
    device_of,
    make_account,
    pass_time,
    restarted,
    running_home,
    set_up,
)
from tests.contacts.common import CONTACTS, id_of
from tests.simulator import Simulator

pytestmark = pytest.mark.freeze_time(tick=True)

CALL = "directcall.place_call"


def steps(*actions: Mapping[str, Any]) -> dict[str, Any]:
    """Return an automation that runs actions."""
    return {
        "id": "night",
        "alias": "At night",
        "triggers": {"trigger": "event", "event_type": "test"},
        "actions": list(actions),
    }


def entity_of(hass: HomeAssistant, account: MockConfigEntry, name: str, domain: str) -> str:
    """Return the ID of an entity of a contact."""
    entities = er.async_entries_for_device(er.async_get(hass), device_of(hass, account, name))
    return next(entity.entity_id for entity in entities if entity.domain == domain)


async def delete(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory, name: str
) -> None:
    """Delete a contact as its menu does."""
    hass.config_entries.async_remove_subentry(account, id_of(account, name))
    await hass.async_block_till_done()
    await pass_time(hass, freezer, 2)


async def reload(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, domain: str, config: object
) -> None:
    """Save automations or scripts in the editor."""
    with patch("homeassistant.config.load_yaml_config_file", return_value={domain: config}):
        await hass.services.async_call(domain, "reload", blocking=True)
    await pass_time(hass, freezer, 2)


def issues(hass: HomeAssistant, kind: str = "contact") -> dict[str, str]:
    """Return whose deletion is shown, and what still names them."""
    shown = {}
    for issue in ir.async_get(hass).issues.values():
        if issue.domain == DOMAIN and issue.active:
            assert issue.translation_key == f"deleted_{kind}"
            assert issue.severity is ir.IssueSeverity.WARNING
            assert not issue.is_fixable
            placeholders = issue.translation_placeholders
            assert placeholders is not None
            shown[placeholders[kind]] = placeholders["names"]
    return shown


def named_by_contact(device: str, button: str) -> dict[str, Any]:
    """Return an action of ours."""
    return {"action": CALL, "data": {"contact": device}}


def named_among_contacts(device: str, button: str) -> dict[str, Any]:
    """Return an action of ours, within other steps."""
    sent = {"contact": [device], "message": "Smoke"}
    return {"if": "{{ true }}", "then": [{"action": "directcall.send_sms", "data": sent}]}


def named_as_target(device: str, button: str) -> dict[str, Any]:
    """Return an action of Home Assistant with a device."""
    return {"action": "button.press", "target": {"device_id": device}}


def named_by_entity(device: str, button: str) -> dict[str, Any]:
    """Return an action of Home Assistant with an entity."""
    return {"action": "button.press", "target": {"entity_id": button}}


def named_in_template(device: str, button: str) -> dict[str, Any]:
    """Return a condition with an entity in its template."""
    return {"condition": "template", "value_template": f"{{{{ states.{button}.state == 'on' }}}}"}


@pytest.mark.parametrize(
    "action",
    [
        named_by_contact,
        named_among_contacts,
        named_as_target,
        named_by_entity,
        named_in_template,
    ],
)
async def test_automation_names_a_deleted_contact(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory, action: Any
) -> None:
    """The issue names contact and automation until the automation names another contact."""
    ids = {name: device_of(hass, account, name) for name in CONTACTS}
    buttons = {name: entity_of(hass, account, name, "button") for name in CONTACTS}
    before, after = (steps(action(ids[name], buttons[name])) for name in CONTACTS)
    assert await async_setup_component(hass, "automation", {"automation": [before]})
    await delete(hass, account, freezer, "Maria")
    assert issues(hass) == {"Maria": "- At night"}
    # It is invalid where it names a device that is gone, but still does.
    await reload(hass, freezer, "automation", [{**before, "mode": "restart"}])
    assert issues(hass) == {"Maria": "- At night"}
    await reload(hass, freezer, "automation", [after])
    assert issues(hass) == {}
    # An older automation is back, for example from a backup.
    await reload(hass, freezer, "automation", [before])
    assert issues(hass) == {"Maria": "- At night"}


async def test_ignored_issue_stays_ignored(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Nobody has to ignore an issue again because the automations were reloaded."""
    device = device_of(hass, account, "Maria")
    automation = steps(named_by_contact(device, ""))
    # Home Assistant does not keep the state of an automation without ID.
    del automation["id"]
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await delete(hass, account, freezer, "Maria")
    registry = ir.async_get(hass)
    [(domain, issue_id)] = registry.issues
    registry.async_ignore(domain, issue_id, ignore=True)
    await reload(hass, freezer, "automation", [{**automation, "mode": "restart"}])
    issue = registry.async_get_issue(domain, issue_id)
    assert issue is not None
    assert issue.dismissed_version


async def test_contact_that_nothing_names(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Without automations or scripts that name the contact, there is no issue."""
    other = device_of(hass, account, "João da Silva")
    automation = steps(named_by_contact(other, ""), named_by_entity("", "button.maria_call_2"))
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await delete(hass, account, freezer, "Maria")
    assert issues(hass) == {}


async def test_scripts_groups_and_scenes(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """All that name the contact are listed. One that is gone is not listed any more."""
    device = device_of(hass, account, "Maria")
    notify = entity_of(hass, account, "Maria", "notify")
    button = entity_of(hass, account, "Maria", "button")
    script = {"alias": "Call 41999990000", "sequence": [named_by_contact(device, button)]}
    group = {"name": "Family", "entities": [notify]}
    scene = {"name": "Evening", "entities": {button: "unknown"}}
    assert await async_setup_component(hass, "script", {"script": {"call": script}})
    assert await async_setup_component(hass, "group", {"group": {"family": group}})
    assert await async_setup_component(
        hass, "scene", {"scene": [{"platform": "homeassistant", "states": [scene]}]}
    )
    await delete(hass, account, freezer, "Maria")
    # People may write whole numbers into a name.
    assert issues(hass) == {"Maria": "- Evening\n- Family\n- …0000"}
    hass.states.async_remove("group.family")
    hass.states.async_remove("scene.evening")
    await pass_time(hass, freezer, 2)
    assert issues(hass) == {"Maria": "- …0000"}
    await reload(hass, freezer, "script", {})
    assert issues(hass) == {}


async def test_attributes_of_any_type(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Attributes that other integrations or people make up do not stop the search."""
    button = entity_of(hass, account, "Maria", "button")
    hass.states.async_set("sensor.odd", "1", {"entity_id": [{"a": button}, [button]]})
    hass.states.async_set("group.5", "on", {"entity_id": [button], "friendly_name": 5})
    await delete(hass, account, freezer, "Maria")
    assert issues(hass) == {"Maria": "- 5"}


async def test_contact_that_is_added_again(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """What names entities works again with them, but not what names the device."""
    device = device_of(hass, account, "Maria")
    button = entity_of(hass, account, "Maria", "button")
    by_entity = {**steps(named_by_entity(device, button)), "id": "day", "alias": "By day"}
    by_device = steps(named_by_contact(device, button))
    config = {"automation": [by_entity, by_device]}
    assert await async_setup_component(hass, "automation", config)
    await delete(hass, account, freezer, "Maria")
    assert issues(hass) == {"Maria": "- At night\n- By day"}
    contact = ConfigSubentry(
        data=MappingProxyType({CONF_NUMBER: CONTACTS["Maria"]}),
        subentry_type=SUBENTRY_CONTACT,
        title="Maria",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(account, contact)
    await hass.async_block_till_done()
    await pass_time(hass, freezer, 2)
    assert entity_of(hass, account, "Maria", "button") == button
    assert issues(hass) == {"Maria": "- At night"}


async def test_name_that_people_gave_the_device(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """The issue calls the contact as its page did."""
    device = device_of(hass, account, "Maria")
    dr.async_get(hass).async_update_device(device, name_by_user="Grandmother")
    automation = steps(named_by_contact(device, ""))
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await delete(hass, account, freezer, "Maria")
    assert issues(hass) == {"Grandmother": "- At night"}


async def test_diagnostics_have_no_names(
    hass: HomeAssistant,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    hass_client: ClientSessionGenerator,
) -> None:
    """People publish diagnostics, which contain issues."""
    automation = steps(named_by_contact(device_of(hass, account, "Maria"), ""))
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    assert await async_setup_component(hass, "diagnostics", {})
    await delete(hass, account, freezer, "Maria")
    assert "Maria" not in str(await get_diagnostics_for_config_entry(hass, hass_client, account))


async def test_issues_go_with_the_account(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A removed account leaves no issue behind, not even of contacts that go with it."""
    automation = steps(*(named_by_contact(device_of(hass, account, name), "") for name in CONTACTS))
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await delete(hass, account, freezer, "Maria")
    assert len(issues(hass)) == 1
    # A check is due.
    hass.states.async_set("group.family", "on")
    await hass.config_entries.async_remove(account.entry_id)
    await pass_time(hass, freezer, 2)
    assert issues(hass) == {}


async def test_other_accounts_and_devices(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """The deletion of a device that is no contact is not shown."""
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("other", "1")}, name="Lamp"
    )
    automation = steps(named_by_contact(device.id, ""))
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    dr.async_get(hass).async_remove_device(device.id)
    await pass_time(hass, freezer, 2)
    assert issues(hass) == {}


async def test_contact_that_is_deleted_early(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """While Home Assistant starts, not all automations are there: it is looked for after that."""
    device = device_of(hass, account, "Maria")
    await hass.config_entries.async_unload(account.entry_id)
    hass.set_state(CoreState.starting)
    await delete(hass, account, freezer, "Maria")
    automation = steps(named_by_contact(device, ""))
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await pass_time(hass, freezer, 2)
    assert issues(hass) == {}
    hass.set_state(CoreState.running)
    hass.states.async_set("group.family", "on")
    await pass_time(hass, freezer, 2)
    assert issues(hass) == {"Maria": "- At night"}


async def test_deleted_contact_after_a_restart(
    tmp_path: Path, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A contact that was deleted earlier is looked for once Home Assistant has started."""
    async with running_home(str(tmp_path)) as stopped:
        account = await set_up(stopped, make_account(simulator, contacts=CONTACTS))
        device = device_of(stopped, account, "Maria")
        await delete(stopped, account, freezer, "Maria")
        assert issues(stopped) == {}
    async with restarted(stopped) as hass:
        hass.set_state(CoreState.starting)
        automation = steps(named_by_contact(device, ""))
        assert await async_setup_component(hass, "automation", {"automation": [automation]})
        account = await set_up(hass, make_account(simulator, entry_id=account.entry_id))
        await pass_time(hass, freezer, 2)
        assert issues(hass) == {}
        hass.set_state(CoreState.running)
        hass.bus.async_fire("homeassistant_started")
        await hass.async_block_till_done()
        assert issues(hass) == {"Maria": "- At night"}


@pytest.fixture
async def house(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with two contacts and two alerts, of which one tells João alone."""
    alerts = {
        "Fire": alert_data(),
        "Water": alert_data(
            contacts=["01CONTACT1"],
            acknowledgement={"acknowledge_entities": ["button.maria_call"]},
        ),
    }
    return await set_up(home, make_account(simulator, contacts=CONTACTS, alerts=alerts))


async def test_alerts_name_a_deleted_contact(
    hass: HomeAssistant, house: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """An alert is listed until it tells others, or is ended by other entities."""
    await delete(hass, house, freezer, "Maria")
    assert issues(hass) == {"Maria": "- Fire\n- Water"}
    fire = house.subentries[id_of(house, "Fire")]
    data = {**fire.data, CONF_CONTACTS: ["01CONTACT1"]}
    hass.config_entries.async_update_subentry(house, fire, data=data)
    await hass.async_block_till_done()
    await pass_time(hass, freezer, 2)
    assert issues(hass) == {"Maria": "- Water"}
    await delete(hass, house, freezer, "Water")
    assert issues(hass) == {}


@pytest.mark.parametrize("action", [named_by_contact, named_as_target, named_by_entity])
async def test_automation_names_a_deleted_alert(
    hass: HomeAssistant, house: MockConfigEntry, freezer: FrozenDateTimeFactory, action: Any
) -> None:
    """The issue calls it an alert, also after a reload of the account, until it is not named."""
    button = entity_of(hass, house, "Fire", "button")
    automation = steps(action(device_of(hass, house, "Fire"), button))
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await delete(hass, house, freezer, "Fire")
    assert issues(hass, "alert") == {"Fire": "- At night"}
    await hass.config_entries.async_reload(house.entry_id)
    assert issues(hass, "alert") == {"Fire": "- At night"}
    await reload(hass, freezer, "automation", [])
    assert issues(hass, "alert") == {}


async def test_alert_that_nothing_names(
    hass: HomeAssistant, house: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Most alerts are deleted without a trace."""
    await delete(hass, house, freezer, "Fire")
    assert issues(hass, "alert") == {}


async def test_deleted_alert_after_a_restart(
    tmp_path: Path, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """An alert that was deleted earlier is still one, and not a contact."""
    async with running_home(str(tmp_path)) as stopped:
        alerts = {"Fire": alert_data()}
        account = make_account(simulator, contacts=CONTACTS, alerts=alerts)
        await set_up(stopped, account)
        device = device_of(stopped, account, "Fire")
        await delete(stopped, account, freezer, "Fire")
    async with restarted(stopped) as hass:
        automation = steps(named_by_contact(device, ""))
        assert await async_setup_component(hass, "automation", {"automation": [automation]})
        await set_up(hass, make_account(simulator, entry_id=account.entry_id))
        await pass_time(hass, freezer, 2)
        assert issues(hass, "alert") == {"Fire": "- At night"}


async def test_contact_that_was_deleted_before_there_were_alerts(
    tmp_path: Path,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What an earlier version saved of a deleted contact is still read."""
    account = make_account(simulator)
    saved = {"device_id": "maria", "name": "Maria", "entity_ids": ["button.maria_call"]}
    file = tmp_path / ".storage" / f"{DOMAIN}.{account.entry_id}"
    file.parent.mkdir()
    file.write_text(
        json.dumps({"version": 2, "key": file.name, "data": {"deleted_contacts": [saved]}}),
        encoding="utf-8",
    )
    async with running_home(str(tmp_path)) as hass:
        automation = steps(named_by_entity("", "button.maria_call"))
        assert await async_setup_component(hass, "automation", {"automation": [automation]})
        await set_up(hass, account)
        await pass_time(hass, freezer, 2)
        assert issues(hass) == {"Maria": "- At night"}
    assert "could not be read" not in caplog.text
