"""Address book: contacts found by name, device and number."""

import time
from typing import Any
from unittest.mock import Mock

from freezegun.api import FrozenDateTimeFactory
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

from custom_components.directcall.api import PhoneNumber
from custom_components.directcall.const import CONF_NUMBER, DOMAIN
from custom_components.directcall.contacts import AddressBook, Recipient
from tests.common import (
    OTHER,
    PLACE_CALL,
    device_of,
    end_call,
    make_account,
    pass_time,
    perform,
    place_call,
    set_up,
)
from tests.contacts.common import id_of, submit
from tests.simulator import ACCOUNT, Simulator


@pytest.fixture
async def other_account(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> MockConfigEntry:
    """Return another account that is set up."""
    simulator.secrets[OTHER] = ACCOUNT.client_secret
    contacts = {"Ana": "+55 41 99999-2222"}
    options = {"origin": "ip4130600300"}
    return await set_up(hass, make_account(simulator, OTHER, options=options, contacts=contacts))


async def test_name_that_two_contacts_have(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    simulator: Simulator,
    account: MockConfigEntry,
) -> None:
    """A name that two contacts have after a rename in the UI selects neither."""
    assert await async_setup_component(hass, "config", {})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {
            "type": "config_entries/subentries/update",
            "entry_id": account.entry_id,
            "subentry_id": id_of(account, "João da Silva"),
            "title": "MARÍA",
        }
    )
    assert (await client.receive_json())["success"]
    await hass.async_block_till_done()
    for field in ("destination", "origin"):
        with pytest.raises(ServiceValidationError, match="Several contacts are called") as caught:
            await place_call(hass, **{field: "maria"})
        assert caught.value.translation_key == "ambiguous_contact"
    assert simulator.requests[PLACE_CALL] == 0
    await place_call(hass, contact=device_of(hass, account, "MARÍA"))
    assert [call.destination for call in simulator.calls] == ["5541999991111"]


async def test_first_contact_is_offered(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """The form of the first contact follows that of the account, and says that it was added."""
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"],
        {
            "client_id": ACCOUNT.client_id,
            "client_secret": ACCOUNT.client_secret,
            "origin": "(41) 3060-0300",
            "advanced": {"url": simulator.url},
        },
    )
    await hass.async_block_till_done()
    account = result["result"]
    _, flow_id = result["next_flow"]
    assert hass.config_entries.subentries.async_get(flow_id)["step_id"] == "first"
    result = await submit(hass, {"flow_id": flow_id}, {CONF_NAME: "Maria", CONF_NUMBER: "190"})
    assert result["errors"] == {CONF_NUMBER: "short_number"}
    await submit(hass, {"flow_id": flow_id}, {CONF_NAME: "Maria", CONF_NUMBER: "41 99999-0000"})
    assert account.state is ConfigEntryState.LOADED
    response = await place_call(hass, destination="Maria")
    assert response["contact"] == "Maria"


@pytest.mark.parametrize("name", ["Maria", " maria\n", "MÁRIA"])
async def test_contact_is_called_by_name(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, name: str
) -> None:
    """A name calls the contact's telephone, and the response and the event name the contact."""
    response = await place_call(hass, destination=name)
    assert response["destination"] == "+5541999990000"
    assert response["contact"] == "Maria"
    state = hass.states.get("event.directcall_call")
    assert state is not None
    assert state.attributes["contact"] == "Maria"


async def test_contact_is_chosen(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A contact's device is called, as an origin too, and hung up."""
    contact = device_of(hass, account, "Maria")
    response = await place_call(hass, contact=contact, origin="joão da silva")
    assert response["origin"] == "+5541999991111"
    assert response["destination"] == "+5541999990000"
    assert response["contact"] == "Maria"
    await pass_time(hass, freezer, 2)
    await end_call(hass, contact=contact, origin="João da Silva")
    [call] = simulator.calls
    assert call.line.ended


async def test_number_of_a_contact(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """The number of a contact gives the contact's name, and other numbers give none."""
    assert (await place_call(hass, destination=5541999990000))["contact"] == "Maria"
    assert (await place_call(hass, destination="041 3333-4444"))["contact"] is None


@pytest.mark.parametrize("field", ["destination", "origin"])
async def test_unknown_name(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, field: str
) -> None:
    """An unknown name is an error that lists the existing names, and names no field."""
    with pytest.raises(ServiceValidationError) as caught:
        await place_call(hass, **{field: "Mario"})
    assert caught.value.translation_key == "unknown_contact"
    assert 'called "Mario", and' in str(caught.value)
    assert field not in str(caught.value)
    assert str(caught.value).endswith("names: João da Silva, Maria")
    assert simulator.requests[PLACE_CALL] == 0


async def test_unknown_name_without_contacts(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """An unknown name is an error without any contacts, too."""
    await set_up(hass, make_account(simulator))
    with pytest.raises(ServiceValidationError, match=r"names: -$"):
        await place_call(hass, destination="Maria")


async def test_names_give_no_number_away(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """People write numbers into names: errors and events show four digits of them."""
    contacts = {"Ana (41) 98765-4321": "+55 41 98765-4321"}
    await set_up(hass, make_account(simulator, contacts=contacts))
    for name in ("Bia 41 91234-8765", "4191234O8765", "41 9a1b2c3 Bia 48765"):
        with pytest.raises(ServiceValidationError) as caught:
            await place_call(hass, destination=name)
        assert '"…8765"' in str(caught.value)
        assert str(caught.value).endswith("…4321")
    await place_call(hass, destination="Ana (41) 98765-4321")
    state = hass.states.get("event.directcall_call")
    assert state is not None
    assert state.attributes["contact"] == "…4321"


async def test_number_means_itself(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A number calls that telephone, also if a contact has it as a name."""
    for name, title in (("Maria", "+55 41 3060-0300"), ("João da Silva", "+55 41 3333-4444")):
        subentry = account.subentries[id_of(account, name)]
        hass.config_entries.async_update_subentry(account, subentry, title=title)
    await hass.async_block_till_done()
    response = await place_call(hass, destination="+55 41 3333-4444")
    assert response["contact"] is None
    [call] = simulator.calls
    assert (call.origin, call.destination) == ("554130600300", "554133334444")


@pytest.mark.parametrize("name", ["\N{ACUTE ACCENT}", "\N{ZERO WIDTH JOINER}"])
async def test_empty_name_is_an_error(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, name: str
) -> None:
    """A template that renders an empty name calls no contact."""
    subentry = account.subentries[id_of(account, "Maria")]
    hass.config_entries.async_update_subentry(account, subentry, title="\N{ACUTE ACCENT}")
    await hass.async_block_till_done()
    with pytest.raises(ServiceValidationError) as caught:
        await place_call(hass, destination=name)
    assert caught.value.translation_key == "invalid_number"


@pytest.mark.parametrize("action", ["place_call", "end_call"])
async def test_destination_and_contact_exclude_each_other(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str
) -> None:
    """Neither a missing recipient nor two of them are accepted."""
    contact = device_of(hass, account, "Maria")
    for data in (
        {},
        {"contact": contact, "destination": "Maria"},
        {"destination": ""},
        {"contact": None, "destination": " "},
        {"destination": ["Maria", "João da Silva"]},
        {"destination": "Maria; João da Silva"},
    ):
        with pytest.raises(ServiceValidationError, match="either a contact or a destination"):
            await perform(hass, action, data)
    assert simulator.calls == []


async def test_contact_selects_the_account(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    other_account: MockConfigEntry,
) -> None:
    """A contact is called through its own account."""
    device_id = device_of(hass, other_account, "Ana")
    await place_call(hass, contact=device_id)
    assert [call.origin for call in simulator.calls] == ["ip4130600300"]
    with pytest.raises(ServiceValidationError, match="several Directcall accounts"):
        await place_call(hass, destination="Ana")
    hass.config_entries.async_remove_subentry(other_account, id_of(other_account, "Ana"))
    await hass.async_block_till_done()
    with pytest.raises(ServiceValidationError, match="was deleted"):
        await place_call(hass, contact=device_id)


@pytest.mark.parametrize("whose", ["other contact", "account", "nobody", "no text"])
async def test_device_that_is_no_contact(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    other_account: MockConfigEntry,
    whose: str,
) -> None:
    """A device that is not a contact of the account is an error."""
    registry = dr.async_get(hass)
    above = registry.async_get_device_by_identifier((DOMAIN, account.entry_id), account.entry_id)
    assert above is not None
    devices: dict[str, Any] = {
        "other contact": device_of(hass, other_account, "Ana"),
        "account": above.id,
        "nobody": "nobody",
        "no text": {"id": "nobody"},
    }
    with pytest.raises(ServiceValidationError, match="belongs to another account"):
        await place_call(hass, contact=devices[whose], config_entry_id=account.entry_id)
    assert simulator.requests[PLACE_CALL] == 0


async def test_contact_that_is_the_origin(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A contact cannot be connected with itself."""
    with pytest.raises(ServiceValidationError, match="the same number"):
        await place_call(hass, destination="Maria", origin="+55 41 99999-0000")
    assert simulator.requests[PLACE_CALL] == 0


def book_of(numbers: list[str]) -> AddressBook:
    """Return the contacts of an account."""
    account = make_account(
        Mock(Simulator, url="http://127.0.0.1"),
        contacts={f"Pessoa {position}": number for position, number in enumerate(numbers)},
    )
    return AddressBook(Mock(HomeAssistant), account)


WIRES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "ip"]),
    st.sampled_from(["", "1", "55", "0055", "5541"]),
    st.sampled_from(["4130600300", "41999990000", "999990000", "30600300", "060300", "190"]),
)


@given(st.lists(WIRES, max_size=8), WIRES)
def test_number_is_found_as_by_a_search(wires: list[str], digits: str) -> None:
    """The contact is the one with the number, else the first whose number may match, else none."""
    number = PhoneNumber(digits)
    contacts = [
        Recipient(PhoneNumber(digits), f"Pessoa {position}")
        for position, digits in enumerate(wires)
    ]
    exact = [contact for contact in contacts if contact.number == number]
    maybe = [contact for contact in contacts if contact.number.could_match(number)]
    book = book_of(wires)
    assert book.get_by_number(number) == [*exact, Recipient(number)][0]
    assert book.guess_by_number(number) == [*exact, *maybe, Recipient(number)][0]


def test_many_numbers_are_found_among_many_contacts() -> None:
    """5,000 recordings and 1,000 contacts block nothing, although a search would take seconds."""
    book = book_of([f"+55 41 99999-{number}" for number in range(1000, 2000)])
    numbers = [PhoneNumber(f"55118{number:08}") for number in range(5000)]
    start = time.process_time()
    assert not any(book.guess_by_number(number).contact for number in numbers)
    assert book.guess_by_number(PhoneNumber("41999991999")).contact == "Pessoa 999"
    assert time.process_time() - start < 0.5
