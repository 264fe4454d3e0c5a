"""Contact flow: contacts added, changed and removed."""

import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er

from custom_components.directcall.const import CONF_NUMBER, DOMAIN, SUBENTRY_CONTACT
from tests.common import (
    OTHER,
    PLACE_CALL,
    device_of,
    end_call,
    make_account,
    place_call,
    set_up,
    set_ups_of,
    suggestions,
)
from tests.contacts.common import CONTACTS, id_of, submit
from tests.simulator import ACCOUNT, Simulator


async def add(hass: HomeAssistant, account: MockConfigEntry, name: str, number: str) -> Any:
    """Add a contact in the UI."""
    form = await hass.config_entries.subentries.async_init(
        (account.entry_id, SUBENTRY_CONTACT), context={"source": SOURCE_USER}
    )
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "user"
    return await submit(hass, form, {CONF_NAME: name, CONF_NUMBER: number})


async def change(hass: HomeAssistant, account: MockConfigEntry, name: str) -> Any:
    """Open the form that changes a contact."""
    return await account.start_subentry_reconfigure_flow(hass, id_of(account, name))


def entities_of(hass: HomeAssistant, account: MockConfigEntry, name: str) -> dict[str, str]:
    """Return the unique ids of a contact's entities with the ids they have."""
    registry = er.async_get(hass)
    return {
        entity.unique_id: entity.entity_id
        for entity in er.async_entries_for_device(registry, device_of(hass, account, name))
    }


async def test_contact_is_added(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A name and a number make a device below the account's, with what reaches the contact."""
    set_ups = set_ups_of(account)
    result = await add(hass, account, " Vizinha ", "041 3333-4444")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    contact = account.subentries[id_of(account, "Vizinha")]
    assert contact.data == {CONF_NUMBER: "+55 41 3333-4444"}
    registry = dr.async_get(hass)
    device = registry.async_get(device_of(hass, account, "Vizinha"))
    assert isinstance(device, dr.DeviceEntry)
    above = registry.async_get_device_by_identifier((DOMAIN, account.entry_id), account.entry_id)
    assert above is not None
    assert device.via_device_id == above.id
    assert device.name == "Vizinha"
    assert sorted(entities_of(hass, account, "Vizinha").values()) == [
        "button.vizinha_call",
        "button.vizinha_hang_up",
        "notify.vizinha_voice_message",
        "sensor.vizinha_last_call",
    ]
    assert set_ups == []
    assert not simulator.calls
    assert not simulator.messages


BAD_NUMBERS = [
    ("3060-0300", "number_without_area_code"),
    ("(41) 9999-0000", "mobile_without_ninth_digit"),
    ("190", "short_number"),
    ("4004-0001", "nationwide_number"),
    ("0900 123 456", "premium_rate_number"),
    ("005541999990000", "number_with_international_prefix"),
    ("41 3060-0300 ramal 12", "number_with_extension"),
    ("Maria", "invalid_number"),
    ("(41) 99999-0000", "number_in_use"),
]


async def test_bad_number(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A number that cannot be called, or is another contact's, is named; nothing typed is lost."""
    for number, error in BAD_NUMBERS:
        result = await add(hass, account, "Ana", number)
        assert result["errors"] == {CONF_NUMBER: error}, number
        assert suggestions(result["data_schema"]) == {CONF_NAME: "Ana", CONF_NUMBER: number}
    result = await submit(hass, result, {CONF_NAME: "Ana", CONF_NUMBER: "(41) 99999-2222"})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_number_in_use_names_the_contact(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """The error names the contact that has the number."""
    result = await add(hass, account, "Ana", CONTACTS["João da Silva"])
    assert result["description_placeholders"] == {"other": "João da Silva"}


BAD_NAMES = [
    ("", "invalid_name"),
    (" \t", "invalid_name"),
    ("192", "invalid_name"),
    ("+55 (41) 3333-4444", "invalid_name"),
    ("ip 41 3060 0300", "invalid_name"),
    ("ïp4130600300", "invalid_name"),
    ("Maria 41 99999-1111", "invalid_name"),
    ("Maria", "name_in_use"),
    (" MÁRIA", "name_in_use"),
    ("joao  da silva", "name_in_use"),
    ("Mar\u200dia", "name_in_use"),
    ("Ana\u0000", "unprintable_name"),
    ("\u001b[31mAna", "unprintable_name"),
    ("Ana\nBia", "unprintable_name"),
    ("Ana\u2028Bia", "unprintable_name"),
    ("Ana\tBia", "unprintable_name"),
    ("\u202eanA", "unprintable_name"),
    ("Ana\u2066", "unprintable_name"),
    ("Mar\u200bia", "unprintable_name"),
    ("Ana\ue000", "unprintable_name"),
    ("Ana" * 20 + "a", "long_name"),
    ("Ana" * 2000, "long_name"),
]


async def test_bad_name(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A name that could not be found, or is another contact's, is refused."""
    for name, error in BAD_NAMES:
        result = await add(hass, account, name, "190")
        assert result["errors"] == {CONF_NAME: error, CONF_NUMBER: "short_number"}, name
        assert len(account.subentries) == 2


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Vó Lúcia 👵🏽", "Vó Lúcia 👵🏽"),
        ("Família 👨\u200d👩\u200d👧", "Família 👨\u200d👩\u200d👧"),
        (" Ana\u00a0 Bia\n", "Ana Bia"),
        ("Ana" * 20, "Ana" * 20),
    ],
)
async def test_good_name(
    hass: HomeAssistant, account: MockConfigEntry, typed: str, name: str
) -> None:
    """Emoji belong in names, joined ones too, and blanks at the ends or in a row do not."""
    result = await add(hass, account, typed, "(41) 99999-2222")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == name
    assert (await place_call(hass, destination=typed))["contact"] == name


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Ana\u0000\u001b[31m\r\n\u202eBia\u2069", "Ana[31m Bia"),
        pytest.param("Ana Beatriz " * 400, "Ana Beatriz " * 4 + "Ana Beatriz", id="long"),
    ],
)
async def test_name_of_before(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, title: str, name: str
) -> None:
    """A contact with an invalid title works, and is shown on one short line everywhere."""
    contact = account.subentries[id_of(account, "Maria")]
    hass.config_entries.async_update_subentry(account, contact, title=title)
    await hass.async_block_till_done()
    device = dr.async_get(hass).async_get(device_of(hass, account, title))
    assert device is not None
    assert device.name == name
    form = await change(hass, account, title)
    assert suggestions(form["data_schema"])[CONF_NAME] == name
    assert form["description_placeholders"]["contact"] == name
    result = await add(hass, account, "Bia", CONTACTS["Maria"])
    assert result["description_placeholders"] == {"other": name}
    for destination in (title, name):
        response = await place_call(hass, destination=destination, origin="+55 41 3060-0301")
        assert response["contact"] == name
        simulator.calls[-1].line.started -= 3
        await end_call(hass, destination=destination, origin="+55 41 3060-0301")
    state = hass.states.get("event.directcall_call")
    assert state is not None
    assert state.attributes["contact"] == name
    with pytest.raises(ServiceValidationError) as caught:
        await place_call(hass, destination="Mario")
    assert str(caught.value).endswith(f"names: {name}, João da Silva")


async def test_contact_is_changed(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Another name and number keep the entities, and are what counts from then on."""
    before = entities_of(hass, account, "Maria")
    set_ups = set_ups_of(account)
    form = await change(hass, account, "Maria")
    assert form["step_id"] == "reconfigure"
    assert suggestions(form["data_schema"]) == {
        CONF_NAME: "Maria",
        CONF_NUMBER: "+55 41 99999-0000",
    }
    result = await submit(hass, form, {CONF_NAME: "Mãe", CONF_NUMBER: "(41) 99999-3333"})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "contact_changed"
    assert set_ups == []
    assert entities_of(hass, account, "Mãe") == before
    device = dr.async_get(hass).async_get(device_of(hass, account, "Mãe"))
    assert device is not None
    assert device.name == "Mãe"
    await place_call(hass, destination="mae")
    [call] = simulator.calls
    assert call.destination == "5541999993333"
    with pytest.raises(ServiceValidationError, match='no contact called "Maria"'):
        await place_call(hass, destination="Maria")


async def test_contact_that_stays_the_same(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A contact can keep its name and number, and then nothing is reloaded."""
    set_ups = set_ups_of(account)
    result = await submit(
        hass,
        await change(hass, account, "Maria"),
        {CONF_NAME: "Maria", CONF_NUMBER: "41 99999-0000"},
    )
    assert result["type"] is FlowResultType.ABORT
    assert set_ups == []


async def test_bad_change(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A value of another contact is refused, and shown again as it was typed."""
    values = {CONF_NAME: "joão da silva", CONF_NUMBER: CONTACTS["João da Silva"]}
    result = await submit(hass, await change(hass, account, "Maria"), values)
    assert result["errors"] == {CONF_NAME: "name_in_use", CONF_NUMBER: "number_in_use"}
    assert suggestions(result["data_schema"]) == values
    assert result["description_placeholders"] == {"contact": "Maria", "other": "João da Silva"}


async def test_contact_is_removed(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A removed contact leaves no entity, and a call to it is refused."""
    device_id = device_of(hass, account, "Maria")
    set_ups = set_ups_of(account)
    hass.config_entries.async_remove_subentry(account, id_of(account, "Maria"))
    await hass.async_block_till_done()
    assert dr.async_get(hass).async_get(device_id) is None
    assert hass.states.get("button.maria_call") is None
    assert er.async_get(hass).async_get("notify.maria_sms") is None
    assert set_ups == []
    with pytest.raises(ServiceValidationError, match="was deleted"):
        await place_call(hass, contact=device_id)
    with pytest.raises(ServiceValidationError, match="names: João da Silva"):
        await place_call(hass, destination="Maria")
    assert simulator.requests[PLACE_CALL] == 0


async def test_many_contacts_take_no_time(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """Fifty contacts make an account's set-up hardly longer.

    What they add is work, and no waiting: measured so that no other process is in the way.
    """
    few = await set_up(hass, make_account(simulator))
    simulator.secrets[OTHER] = ACCOUNT.client_secret
    contacts = {f"Pessoa {n}": f"+55 41 99999-{n:04}" for n in range(1000, 1050)}
    many = await set_up(hass, make_account(simulator, OTHER, contacts=contacts))
    seconds = {few: [0.0] * 5, many: [0.0] * 5}
    for account, measured in seconds.items():
        for number in range(len(measured)):
            await hass.config_entries.async_unload(account.entry_id)
            start = time.process_time()
            await hass.config_entries.async_setup(account.entry_id)
            measured[number] = time.process_time() - start
    assert len(er.async_entries_for_config_entry(er.async_get(hass), many.entry_id)) == 255
    assert min(seconds[many]) - min(seconds[few]) < 0.1
