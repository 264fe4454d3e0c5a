"""Alert flow: alerts added, changed, and offered after an account's first contact."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.directcall.alerts import ACKNOWLEDGING_DOMAINS, Alert, Channel
from custom_components.directcall.const import DOMAIN, SUBENTRY_ALERT, SUBENTRY_CONTACT
from tests.common import TEXT, alert_data, device_of, make_account, set_up, set_ups_of, suggestions
from tests.simulator import ACCOUNT, Simulator

MARIA, JOAO = "01CONTACT0", "01CONTACT1"
CONTACTS = {"Maria": "+55 41 99999-0000", "João": "+55 41 99999-1111"}
HOW: dict[str, Any] = {
    "channels": ["voice_message"],
    "at_once": False,
    "time_each": {"hours": 0, "minutes": 2, "seconds": 0},
    "rounds": 3,
    "pause": {"hours": 0, "minutes": 2, "seconds": 0},
}
ACKNOWLEDGEMENT: dict[str, Any] = {"acknowledge_entities": [], "answer_acknowledges": False}
DELIVERY: dict[str, Any] = {"keep_trying": {"hours": 1, "minutes": 0, "seconds": 0}}


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with two contacts and an alert."""
    alerts = {"Fire": alert_data()}
    return await set_up(home, make_account(simulator, contacts=CONTACTS, alerts=alerts))


def filled(
    how: Mapping[str, Any] | None = None,
    acknowledgement: Mapping[str, Any] | None = None,
    delivery: Mapping[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Return what a person sends with the form."""
    return {
        "name": "Smoke",
        "message": TEXT,
        "contacts": [JOAO, MARIA],
        "how": {**HOW, **(how or {})},
        "acknowledgement": {**ACKNOWLEDGEMENT, **(acknowledgement or {})},
        "delivery": {**DELIVERY, **(delivery or {})},
        **fields,
    }


async def submit(hass: HomeAssistant, form: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """Submit a form."""
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"], deepcopy(dict(values))
    )
    await hass.async_block_till_done()
    return result


async def start(hass: HomeAssistant, account: MockConfigEntry) -> Any:
    """Open the form of a new alert."""
    return await hass.config_entries.subentries.async_init(
        (account.entry_id, SUBENTRY_ALERT), context={"source": SOURCE_USER}
    )


async def add(hass: HomeAssistant, account: MockConfigEntry, **changes: Any) -> Any:
    """Add an alert in the UI."""
    return await submit(hass, await start(hass, account), filled(**changes))


async def change(hass: HomeAssistant, account: MockConfigEntry, name: str = "Fire") -> Any:
    """Open the form that changes an alert."""
    return await account.start_subentry_reconfigure_flow(hass, alert_of(account, name).subentry_id)


def alert_of(account: ConfigEntry, name: str) -> ConfigSubentry:
    """Return an alert."""
    [alert] = [a for a in account.get_subentries_of_type(SUBENTRY_ALERT) if a.title == name]
    return alert


def field_of(form: Mapping[str, Any], name: str) -> Any:
    """Return the field of a form, or its section."""
    return form["data_schema"].schema[name]


def open_sections(form: Mapping[str, Any]) -> list[str]:
    """Return the sections of a form that are open."""
    sections = ("how", "acknowledgement", "delivery")
    return [name for name in sections if not field_of(form, name).options["collapsed"]]


async def test_alert_is_added(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An alert is saved as it was filled in, without a reload, and tells nobody."""
    set_ups = set_ups_of(account)
    how = {"channels": ["call", "sms"], "at_once": True, "rounds": 5.0}
    acknowledgement = {"acknowledge_entities": ["lock.door"], "answer_acknowledges": True}
    result = await add(
        hass, account, name=" Fumaça  na cozinha ", how=how, acknowledgement=acknowledgement
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    alert = Alert.from_subentry(alert_of(account, "Fumaça na cozinha"))
    assert alert == Alert(
        subentry_id=alert.subentry_id,
        name="Fumaça na cozinha",
        message=TEXT,
        contacts=(JOAO, MARIA),
        channels=frozenset({Channel.CALL, Channel.SMS}),
        at_once=True,
        time_each=120,
        rounds=5,
        pause=120,
        acknowledge_entities=("lock.door",),
        answer_acknowledges=True,
        keep_trying=3600,
    )
    assert device_of(hass, account, "Fumaça na cozinha")
    assert set_ups == []
    assert not simulator.calls
    assert not simulator.messages


async def test_new_form(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The form suggests what most people need, and shows how contacts are told."""
    form = await start(hass, account)
    assert suggestions(form["data_schema"]) == {
        "message": "",
        "contacts": [],
        "how": HOW,
        "acknowledgement": ACKNOWLEDGEMENT,
        "delivery": DELIVERY,
    }
    assert open_sections(form) == []
    contacts = field_of(form, "contacts").config
    assert {option["value"]: option["label"] for option in contacts["options"]} == {
        MARIA: "Maria",
        JOAO: "João",
    }
    # Check boxes do not show in which order they were ticked.
    assert contacts["mode"] == "dropdown"
    assert not contacts["sort"]
    entities = field_of(form, "acknowledgement").schema.schema["acknowledge_entities"].config
    assert entities["filter"] == [{"domain": ACKNOWLEDGING_DOMAINS}]


async def test_only_contact_is_chosen(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """Where there is only one contact, nobody has to choose it."""
    account = await set_up(hass, make_account(simulator, contacts={"Maria": CONTACTS["Maria"]}))
    form = await start(hass, account)
    assert suggestions(form["data_schema"])["contacts"] == [MARIA]


async def test_fields_that_may_be_left_out(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A call needs no text, and entities are optional."""
    values = filled(how={"channels": ["call"]})
    del values["message"], values["acknowledgement"]["acknowledge_entities"]
    result = await submit(hass, await start(hass, account), values)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    alert = alert_of(account, "Smoke")
    assert alert.data["message"] == ""
    assert alert.data["acknowledgement"]["acknowledge_entities"] == []


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"contacts": []}, {"contacts": "no_contact"}),
        ({"how": {"channels": []}}, {"how": "no_channel"}),
        ({"message": " \n"}, {"message": "message_empty"}),
        ({"message": "", "how": {"channels": ["call", "sms"]}}, {"message": "message_empty"}),
        ({"message": "a" * 701}, {"message": "message_too_long"}),
        ({"how": {"time_each": {"seconds": 9}}}, {"how": "time_each_out_of_range"}),
        ({"how": {"time_each": {"minutes": 30, "seconds": 1}}}, {"how": "time_each_out_of_range"}),
        ({"how": {"rounds": 0}}, {"how": "rounds_out_of_range"}),
        ({"how": {"rounds": 21}}, {"how": "rounds_out_of_range"}),
        ({"how": {"rounds": 2.5}}, {"how": "rounds_out_of_range"}),
        ({"how": {"pause": {"hours": 2, "seconds": 1}}}, {"how": "pause_out_of_range"}),
        (
            {"acknowledgement": {"answer_acknowledges": True}},
            {"acknowledgement": "answer_without_call"},
        ),
        (
            {"delivery": {"keep_trying": {"hours": 24, "seconds": 1}}},
            {"delivery": "keep_trying_out_of_range"},
        ),
    ],
)
async def test_field_that_is_wrong(
    hass: HomeAssistant,
    account: MockConfigEntry,
    changes: Mapping[str, Any],
    errors: Mapping[str, str],
) -> None:
    """A wrong field is named, in its section, which is open then. Corrected, it is taken."""
    form = await add(hass, account, **changes)
    assert form["errors"] == errors
    assert set(open_sections(form)) == errors.keys() - {"contacts", "message"}
    result = await submit(hass, form, filled())
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "changes",
    [
        {"how": {"time_each": {"seconds": 10}, "rounds": 1, "pause": {"seconds": 0}}},
        {"how": {"time_each": {"minutes": 30}, "rounds": 20, "pause": {"hours": 2}}},
        {"delivery": {"keep_trying": {"seconds": 0}}},
        {"delivery": {"keep_trying": {"hours": 24}}},
        {"message": "a" * 700},
    ],
)
async def test_limits(
    hass: HomeAssistant, account: MockConfigEntry, changes: Mapping[str, Any]
) -> None:
    """A limit itself is allowed."""
    result = await add(hass, account, **changes)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_all_that_is_wrong(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Everything that is wrong is said at once, and what was typed stays."""
    values = filled(
        name="fire",
        message="a" * 701,
        contacts=[],
        how={
            "channels": [],
            "time_each": {"hours": 0, "minutes": 0, "seconds": 0},
            "rounds": 0,
            "pause": {"hours": 3, "minutes": 0, "seconds": 0},
        },
        acknowledgement={"acknowledge_entities": ["lock.door"], "answer_acknowledges": True},
        delivery={"keep_trying": {"hours": 25, "minutes": 0, "seconds": 0}},
    )
    form = await submit(hass, await start(hass, account), values)
    # The UI shows a list of errors as a list.
    assert form["errors"] == {
        "name": "name_in_use",
        "message": "message_too_long",
        "contacts": "no_contact",
        "how": [
            "no_channel",
            "time_each_out_of_range",
            "rounds_out_of_range",
            "pause_out_of_range",
        ],
        "acknowledgement": "answer_without_call",
        "delivery": "keep_trying_out_of_range",
    }
    assert form["description_placeholders"]["length"] == "701"
    assert suggestions(form["data_schema"]) == values
    assert open_sections(form) == ["how", "acknowledgement", "delivery"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (" FÍRE", "name_in_use"),
        ("193", "invalid_name"),
        ("Call 41 99999-1111", "invalid_name"),
        ("", "invalid_name"),
        ("Smo\u200bke", "unprintable_name"),
        ("Smoke" * 12 + "e", "long_name"),
    ],
)
async def test_bad_name(
    hass: HomeAssistant, account: MockConfigEntry, name: str, error: str
) -> None:
    """A name by which actions could not find the alert is refused."""
    form = await add(hass, account, name=name)
    assert form["errors"] == {"name": error}


async def test_name_of_a_contact(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """An alert may have a contact's name."""
    result = await add(hass, account, name="Maria")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_surrogates(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """An emoji that JSON wrote as a pair of surrogates is saved as one character."""
    await add(hass, account, message=" Fire \ud83d\udd25\n")
    assert alert_of(account, "Smoke").data["message"] == "Fire \N{FIRE}"


async def test_alert_is_changed(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The form shows the alert as it is, and saves what was changed without a reload."""
    set_ups = set_ups_of(account)
    device = device_of(hass, account, "Fire")
    form = await change(hass, account)
    assert form["step_id"] == "reconfigure"
    assert form["description_placeholders"]["alert"] == "Fire"
    assert suggestions(form["data_schema"]) == {"name": "Fire", **alert_data()}
    form = await submit(hass, form, filled(contacts=[]))
    assert form["errors"] == {"contacts": "no_contact"}
    assert suggestions(form["data_schema"]) == filled(contacts=[])
    result = await submit(hass, form, filled(name="FIRE", contacts=[JOAO]))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "alert_changed"
    alert = alert_of(account, "FIRE")
    assert alert.data["contacts"] == [JOAO]
    assert device_of(hass, account, "FIRE") == device
    assert set_ups == []


async def test_title_of_any_kind(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """An alert that was renamed in its menu is changed under its name on one line."""
    title = "Fire\r\n\u202ehere"
    hass.config_entries.async_update_subentry(account, alert_of(account, "Fire"), title=title)
    form = await change(hass, account, title)
    assert suggestions(form["data_schema"])["name"] == "Fire here"
    assert form["description_placeholders"]["alert"] == "Fire here"


async def test_contact_that_was_deleted(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A contact that is gone is not shown, also where it went while the form was open."""
    form = await start(hass, account)
    hass.config_entries.async_remove_subentry(account, MARIA)
    result = await submit(hass, form, filled())
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert alert_of(account, "Smoke").data["contacts"] == [JOAO]
    form = await change(hass, account)
    assert suggestions(form["data_schema"])["contacts"] == [JOAO]


async def test_no_contacts(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Without contacts, the form says that one has to be added, and what to do then."""
    for contact in (MARIA, JOAO):
        hass.config_entries.async_remove_subentry(account, contact)
    forms = [await start(hass, account), await change(hass, account)]
    assert [form["type"] for form in forms] == 2 * [FlowResultType.ABORT]
    assert [form["reason"] for form in forms] == ["no_contacts", "no_contacts_left"]


async def test_first_alert(hass: HomeAssistant, home: HomeAssistant, simulator: Simulator) -> None:
    """A new account asks for the first contact, and then for the first alert that tells it."""
    flows = hass.config_entries.flow
    form: Any = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    credentials = {"client_id": ACCOUNT.client_id, "client_secret": ACCOUNT.client_secret}
    result = await flows.async_configure(
        form["flow_id"],
        {**credentials, "origin": "(41) 3060-0300", "advanced": {"url": simulator.url}},
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    account = result["result"]
    typed = {"name": "Maria", "number": "190"}
    form = await submit(hass, {"flow_id": result["next_flow"][1]}, typed)
    assert form["step_id"] == "first"
    assert form["errors"] == {"number": "short_number"}
    assert suggestions(form["data_schema"]) == typed
    form = await submit(hass, form, {**typed, "number": "41 99999-0000"})
    assert form["step_id"] == "user"
    # It is there from now on, also if no alert is added.
    [contact] = account.get_subentries_of_type(SUBENTRY_CONTACT)
    assert contact.title == "Maria"
    assert suggestions(form["data_schema"])["contacts"] == [contact.subentry_id]
    assert hass.states.get("button.maria_call")
    result = await submit(hass, form, filled(contacts=[contact.subentry_id]))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert alert_of(account, "Smoke").data["contacts"] == [contact.subentry_id]
