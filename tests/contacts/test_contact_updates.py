"""Contacts and options that change while the account is loaded: nothing else is touched."""

from collections.abc import Awaitable, Callable
import logging
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import SOURCE_USER, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from custom_components.directcall.const import CONF_NUMBER, CONF_ORIGIN, SUBENTRY_CONTACT
from tests.common import (
    ORIGIN,
    REQUEST_TOKEN,
    Events,
    begin,
    device_of,
    end_call,
    make_account,
    pass_time,
    perform,
    place_call,
    set_up,
    set_ups_of,
    state_of,
)
from tests.contacts.common import CONTACTS, id_of, submit
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)

type Change = Callable[[HomeAssistant, MockConfigEntry], Awaitable[None]]

MARIA_CALL = "button.maria_call"


async def add_ana(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Add a contact in the UI."""
    form = await hass.config_entries.subentries.async_init(
        (account.entry_id, SUBENTRY_CONTACT), context={"source": SOURCE_USER}
    )
    await submit(hass, form, {CONF_NAME: "Ana", CONF_NUMBER: "(41) 99999-2222"})


async def change(
    hass: HomeAssistant, account: MockConfigEntry, name: str, values: dict[str, str]
) -> None:
    """Change a contact in the UI."""
    form = await account.start_subentry_reconfigure_flow(hass, id_of(account, name))
    await submit(hass, form, values)


async def change_joao(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Give a contact that is not called another name and number."""
    values = {CONF_NAME: "Avô", CONF_NUMBER: "(41) 99999-3333"}
    await change(hass, account, "João da Silva", values)


async def change_maria(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Give the contact that is called another name and number."""
    await change(hass, account, "Maria", {CONF_NAME: "Mãe", CONF_NUMBER: "(41) 99999-3333"})


async def delete(hass: HomeAssistant, account: MockConfigEntry, name: str) -> None:
    """Delete a contact."""
    hass.config_entries.async_remove_subentry(account, id_of(account, name))
    await hass.async_block_till_done()


async def delete_joao(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Delete a contact that is not called."""
    await delete(hass, account, "João da Silva")


async def delete_maria(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Delete the contact that is called."""
    await delete(hass, account, "Maria")


async def change_options(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Change the options in the UI."""
    form = await hass.config_entries.options.async_init(account.entry_id)
    await hass.config_entries.options.async_configure(
        form["flow_id"],
        {
            CONF_ORIGIN: "41 3060-0309",
            "record": True,
            "show_caller_id": False,
            "ring_destination_first": True,
        },
    )
    await hass.async_block_till_done()


async def rename_account(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Give the account another name."""
    hass.config_entries.async_update_entry(account, title="Casa")
    await hass.async_block_till_done()


def entities_of(hass: HomeAssistant, account: MockConfigEntry, name: str) -> set[str]:
    """Return the entities of a contact."""
    registry = er.async_get(hass)
    device_id = device_of(hass, account, name)
    entities = er.async_entries_for_device(registry, device_id, include_disabled_entities=True)
    return {entity.entity_id for entity in entities}


def states_without(hass: HomeAssistant, entity_ids: set[str]) -> dict[str, Any]:
    """Return all other states, with each time at which they were written."""
    return {
        state.entity_id: (
            state.as_dict(),
            state.last_changed,
            state.last_updated,
            state.last_reported,
        )
        for state in hass.states.async_all()
        if state.entity_id not in entity_ids
    }


def record_states(hass: HomeAssistant) -> list[str]:
    """Return a list that grows with each state that is written from now on."""
    states: list[str] = []

    @callback
    def record(event: Event[EventStateChangedData]) -> None:
        if state := event.data["new_state"]:
            states.append(state.state)

    hass.bus.async_listen("state_changed", record)
    return states


async def set_origin(hass: HomeAssistant, account: MockConfigEntry, origin: str) -> None:
    """Change the account's origin."""
    options = {**account.options, CONF_ORIGIN: origin}
    hass.config_entries.async_update_entry(account, options=options)
    await hass.async_block_till_done()


async def press(hass: HomeAssistant, entity_id: str) -> None:
    """Press a button."""
    await hass.services.async_call("button", "press", {"entity_id": entity_id}, blocking=True)


CHANGES = pytest.mark.parametrize(
    ("make_change", "names"),
    [
        (add_ana, []),
        (change_joao, ["João da Silva"]),
        (change_maria, ["Maria"]),
        (delete_joao, ["João da Silva"]),
        (delete_maria, ["Maria"]),
        (change_options, []),
        (rename_account, []),
    ],
)


@CHANGES
async def test_change_in_the_middle_of_a_wait(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
    make_change: Change,
    names: list[str],
) -> None:
    """A change touches no other entity, and neither the call nor the action that waits for it."""
    waiting = await begin(hass, place_call(hass, destination="Maria", wait_for_outcome=True))
    await pass_time(hass, freezer, 1, times=5)
    changed = {each for name in names for each in entities_of(hass, account, name)}
    before = states_without(hass, changed)
    set_ups = set_ups_of(account)

    await make_change(hass, account)

    after = states_without(hass, changed)
    assert {entity_id: after.get(entity_id) for entity_id in before} == before
    assert not waiting.done()
    await pass_time(hass, freezer, 1, times=10)
    response = await waiting
    assert (response["outcome"], response["contact"]) == ("answered", "Maria")
    assert events.types == ["placed", "ringing", "answered"]
    assert simulator.requests[REQUEST_TOKEN] == 1
    assert len(simulator.calls) == 1
    assert set_ups == []


async def test_changes_in_the_middle_of_a_call(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call is tracked to its end while contacts come, change and go."""
    await place_call(hass, destination="Maria")
    await pass_time(hass, freezer, 1, times=15)
    assert events.types[-1] == "answered"
    names = ("Maria", "João da Silva")
    changed = {each for name in names for each in entities_of(hass, account, name)}
    before = states_without(hass, changed)
    for make_change in (add_ana, change_joao, change_options, rename_account, delete_maria):
        await make_change(hass, account)
    after = states_without(hass, changed)
    assert {entity_id: after.get(entity_id) for entity_id in before} == before
    await end_call(hass, destination=CONTACTS["Maria"], origin=ORIGIN)
    assert events.types == ["placed", "ringing", "answered", "ended"]
    assert events[-1].attributes["contact"] == "Maria"
    assert simulator.requests[REQUEST_TOKEN] == 1


async def test_added_contact_is_reached_at_once(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """The entities of a contact that was added reach it, without another token."""
    simulator.quirks.token_delay = 60
    await add_ana(hass, account)
    await press(hass, "button.ana_call")
    data = {"entity_id": "notify.ana_voice_message", "message": "x"}
    await hass.services.async_call("notify", "send_message", data, blocking=True)
    await perform(hass, "send_voice_message", {"destination": "Ana", "message": "x"})
    assert [call.destination for call in simulator.calls] == ["5541999992222"]
    assert len(simulator.messages) == 2
    assert simulator.requests[REQUEST_TOKEN] == 1


async def test_changed_contact_stays_available(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """The entities of a contact show its new name, keep their states, and call its new number."""
    await press(hass, MARIA_CALL)
    pressed = state_of(hass, MARIA_CALL)
    states = record_states(hass)
    await change_maria(hass, account)
    state = hass.states.get(MARIA_CALL)
    assert state is not None
    assert state.name == "Mãe Call"
    assert state.state == pressed
    assert "unavailable" not in states
    await press(hass, MARIA_CALL)
    assert [call.destination for call in simulator.calls] == ["5541999990000", "5541999993333"]


async def test_what_a_person_set_stays(
    hass: HomeAssistant,
    account: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    """A person's name for a device, entity IDs and disabled entities outlive a change."""
    device_id = device_of(hass, account, "Maria")
    device_registry.async_update_device(device_id, name_by_user="Vovó")
    entity_registry.async_update_entity(MARIA_CALL, new_entity_id="button.ligar")
    entity_registry.async_update_entity(
        "notify.maria_sms", disabled_by=er.RegistryEntryDisabler.USER
    )
    await hass.async_block_till_done()
    await change_maria(hass, account)
    assert entities_of(hass, account, "Mãe") == {
        "button.ligar",
        "button.maria_hang_up",
        "notify.maria_sms",
        "notify.maria_voice_message",
        "sensor.maria_last_call",
    }
    assert hass.states.get("notify.maria_sms") is None
    state = hass.states.get("button.ligar")
    assert state is not None
    assert state.name == "Vovó Call"
    # The device of an entity whose ID changes is registered again before Home Assistant 2026.11.
    entity_registry.async_update_entity("button.ligar", new_entity_id="button.mae")
    await hass.async_block_till_done()
    device = device_registry.async_get(device_id)
    assert device is not None
    assert (device.name, device.name_by_user) == ("Mãe", "Vovó")


async def test_origin_cannot_be_called(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    """The button of a contact is gone while the origin has its number, and then back as it was."""
    entity_registry.async_update_entity(MARIA_CALL, new_entity_id="button.ligar")
    await hass.async_block_till_done()
    maria = entities_of(hass, account, "Maria")
    before = states_without(hass, {"button.ligar"})
    await set_origin(hass, account, CONTACTS["Maria"])
    assert entity_registry.async_get("button.ligar") is None
    assert hass.states.get("button.ligar") is None
    await set_origin(hass, account, ORIGIN)
    assert entities_of(hass, account, "Maria") == maria
    assert states_without(hass, {"button.ligar"}) == before
    await press(hass, "button.ligar")
    assert len(simulator.calls) == 1


async def test_contact_gets_the_number_of_the_origin(
    hass: HomeAssistant, account: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """The button of a contact goes and comes with its number, however that is written."""
    for number in (ORIGIN, "ip4130600300"):
        await change(hass, account, "Maria", {CONF_NAME: "Maria", CONF_NUMBER: number})
        assert entity_registry.async_get(MARIA_CALL) is None
        assert entity_registry.async_get("notify.maria_voice_message") is not None
    values = {CONF_NAME: "Maria", CONF_NUMBER: CONTACTS["Maria"]}
    await change(hass, account, "Maria", values)
    assert state_of(hass, MARIA_CALL) == "unknown"


async def test_button_of_before_is_removed_at_set_up(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    """The button goes if the origin was changed while the account was not loaded."""
    await hass.config_entries.async_unload(account.entry_id)
    await set_origin(hass, account, CONTACTS["Maria"])
    await hass.config_entries.async_setup(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entity_registry.async_get(MARIA_CALL) is None
    assert entity_registry.async_get("button.joao_da_silva_call") is not None


@pytest.mark.parametrize("step", ["async_forward_entry_setups", "async_unload_platforms"])
async def test_contact_is_added_during_a_reload(
    hass: HomeAssistant,
    account: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    step: str,
) -> None:
    """A contact that is added while the account is set up or unloaded is there once."""
    original = getattr(hass.config_entries, step)
    ana = ConfigSubentry(
        data=MappingProxyType({CONF_NUMBER: "+55 41 99999-2222"}),
        subentry_type=SUBENTRY_CONTACT,
        title="Ana",
        unique_id=None,
    )

    async def add_first(*arguments: Any) -> Any:
        result = await original(*arguments)
        hass.config_entries.async_add_subentry(account, ana)
        return result

    caplog.clear()
    with patch.object(hass.config_entries, step, add_first):
        await hass.config_entries.async_reload(account.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, "button.ana_call") == "unknown"
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_first_contact_is_abroad(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """The first contact of an account is reached at once, also abroad."""
    account = await set_up(hass, make_account(simulator))
    form = await hass.config_entries.subentries.async_init(
        (account.entry_id, SUBENTRY_CONTACT), context={"source": SOURCE_USER}
    )
    await submit(hass, form, {CONF_NAME: "Lisboa", CONF_NUMBER: "+351 912 345 678"})
    await press(hass, "button.lisboa_call")
    assert [call.destination for call in simulator.calls] == ["351912345678"]
