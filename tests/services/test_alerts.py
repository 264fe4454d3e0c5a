"""Actions of alerts: raise, acknowledge and cancel them, through real HTTP."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util.ulid import ulid_to_bytes

from custom_components.directcall.const import DOMAIN
from tests.common import (
    CONTACTS,
    OTHER,
    SEND,
    TEXT,
    alert_data,
    begin,
    device_of,
    make_account,
    perform,
    set_up,
    until,
)
from tests.simulator import ACCOUNT, Reply, Simulator

ALERTS = {
    "Fumaça": alert_data(),
    "Água": alert_data(message="Vazamento!"),
    "Porta, fundos": alert_data(),
}
REFUSED = Reply(b'{"status": "erro", "codigo": "002"}')
UNKNOWN = Reply(b"", 502)


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with contacts and alerts."""
    return await set_up(home, make_account(simulator, contacts=CONTACTS, alerts=ALERTS))


async def raise_alert(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    """Raise an alert, and wait until its first contact is told."""
    response = await perform(hass, "raise_alert", data)
    await hass.async_block_till_done(wait_background_tasks=True)
    return response


async def begin_alert(hass: HomeAssistant, **data: Any) -> asyncio.Task[dict[str, Any]]:
    """Raise an alert, and return the action, which waits for the end of the alert."""
    waiting = {"name": "Fumaça", "wait_for_acknowledgement": True, **data}
    return await begin(hass, perform(hass, "raise_alert", waiting))


async def error_of(hass: HomeAssistant, action: str, **data: Any) -> ServiceValidationError:
    """Return the error of an action."""
    with pytest.raises(ServiceValidationError) as caught:
        await perform(hass, action, data)
    return caught.value


async def active_alerts(hass: HomeAssistant) -> list[str]:
    """Return the IDs of the active alerts, which this ends."""
    alert_ids: list[str] = []
    with suppress(ServiceValidationError):
        alert_ids += (await perform(hass, "acknowledge_alert", {}))["alert_ids"]
    return alert_ids


def texts(simulator: Simulator) -> list[str]:
    """Return what was spoken or written, with the last digits of each telephone."""
    return [
        f"{number[-4:]} {message.text}"
        for message in simulator.messages
        for number in message.destinations
    ]


@pytest.mark.parametrize("name", ["Fumaça", "  FUMACA ", ["fumaça"]])
async def test_raise_by_name(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, name: Any
) -> None:
    """An alert is found by name as a contact is, and the action does not wait for its contacts."""
    response = await raise_alert(hass, name=name)
    assert response == {
        "alert_id": response["alert_id"],
        "status": "alerting",
        "repeated": False,
        "acknowledged_by": None,
        "told": [],
    }
    assert len(ulid_to_bytes(response["alert_id"])) == 16
    assert texts(simulator) == [f"0000 {TEXT}"]


async def test_raise_by_device(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An alert is found by its device."""
    await raise_alert(hass, alert=device_of(hass, account, "Água"))
    assert texts(simulator) == ["0000 Vazamento!"]


async def test_raise_by_name_with_a_comma(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A name with a comma is one name."""
    await raise_alert(hass, name="porta, fundos")
    assert texts(simulator) == [f"0000 {TEXT}"]


async def test_name_that_is_a_number(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """A template may render a name as a number."""
    await set_up(home, make_account(simulator, contacts=CONTACTS, alerts={"42": alert_data()}))
    await raise_alert(hass, name=42)
    assert texts(simulator) == [f"0000 {TEXT}"]


async def test_raise_again(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An alert that is active is not raised twice."""
    first = await raise_alert(hass, name="Fumaça")
    second = await raise_alert(hass, name="Fumaça", message="Fogo!")
    assert (first["repeated"], second["repeated"]) == (False, True)
    assert second["alert_id"] == first["alert_id"]
    assert second["told"] == [{"contact": "Maria", "channel": "voice_message", "accepted": True}]
    assert texts(simulator) == [f"0000 {TEXT}"]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("Fogo!", "Fogo!"),
        (42, "42"),
        (["Fumaça", "fogo"], "['Fumaça', 'fogo']"),
        ("x" * 701, "x" * 700),
        ("", TEXT),
        ("unavailable", TEXT),
        (None, TEXT),
    ],
)
async def test_message(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, message: Any, text: str
) -> None:
    """No message keeps an alert from being raised."""
    await raise_alert(hass, name="Fumaça", message=message)
    assert texts(simulator) == [f"0000 {text}"]


async def test_alert_of_calls_alone_needs_no_message(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """An alert that only calls has nothing to say."""
    alert = alert_data(message="", how={"channels": ["call"]})
    await set_up(home, make_account(simulator, contacts=CONTACTS, alerts={"Queda": alert}))
    await raise_alert(hass, name="Queda")
    assert len(simulator.calls) == 1


async def test_wait_for_acknowledgement(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An automation goes on once a person has seen the alert, and knows who was told."""
    simulator.reply(SEND, REFUSED)
    waiting = await begin_alert(hass, timeout="24:00:00")
    assert not waiting.done()
    response = await perform(hass, "acknowledge_alert", {"by": "Avó"})
    raised = await waiting
    assert response == {"alert_ids": [raised["alert_id"]]}
    assert raised["status"] == "acknowledged"
    assert raised["acknowledged_by"] == "Avó"
    assert raised["told"] == [
        {"contact": "Maria", "channel": "voice_message", "accepted": False},
        {"contact": "João", "channel": "voice_message", "accepted": True},
    ]


async def test_contact_of_unknown_outcome(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """The response does not guess if a contact was told, nor the name of one that was deleted."""
    simulator.reply(SEND, UNKNOWN)
    waiting = await begin_alert(hass)
    hass.config_entries.async_remove_subentry(account, "01CONTACT0")
    await hass.async_block_till_done()
    await active_alerts(hass)
    told = (await waiting)["told"]
    assert told[0] == {"contact": None, "channel": "voice_message", "accepted": None}


async def test_contact_that_is_being_told(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """The response leaves out a contact while the provider has not replied."""
    release = simulator.hold(SEND)
    await perform(hass, "raise_alert", {"name": "Fumaça"})
    await until(lambda: simulator.requests[SEND] == 1)
    raised = await perform(hass, "raise_alert", {"name": "Fumaça"})
    assert raised["repeated"]
    assert raised["told"] == []
    release.set()


async def test_timeout_ends_the_wait_only(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An alert goes on after the action has waited in vain."""
    waiting = await begin_alert(hass, timeout=1)
    raised = await waiting
    assert raised["status"] == "alerting"
    assert raised["told"] == [{"contact": "Maria", "channel": "voice_message", "accepted": True}]
    assert await active_alerts(hass) == [raised["alert_id"]]


async def test_script_that_is_stopped_leaves_the_alert(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An alert does not end with the script that waits for it."""
    waiting = await begin_alert(hass)
    waiting.cancel()
    assert len(await active_alerts(hass)) == 1


async def test_seen_before_the_wait(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An alert that is acknowledged in the moment in which it is raised is not waited for."""

    @callback
    def acknowledge(_: object) -> None:
        stop()
        account.runtime_data.account.alerts.async_acknowledge("Maria", Context())

    stop = async_track_state_change_event(hass, "event.fumaca_alert", acknowledge)
    raised = await raise_alert(hass, name="Fumaça", wait_for_acknowledgement=True)
    assert raised["status"] == "acknowledged"


async def test_wait_over_a_reload(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An action that waits hears of an acknowledgement after a reload."""
    waiting = await begin_alert(hass)
    await hass.config_entries.async_reload(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not waiting.done()
    await active_alerts(hass)
    assert (await waiting)["status"] == "acknowledged"


async def test_wait_ends_with_the_account(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An action does not wait for an alert of an account that was removed."""
    waiting = await begin_alert(hass)
    await hass.config_entries.async_remove(account.entry_id)
    raised = await waiting
    assert raised["status"] == "cancelled"
    assert raised["told"] == [{"contact": "Maria", "channel": "voice_message", "accepted": True}]


@pytest.mark.parametrize("duration", ["soon", 0, -1, "24:00:01", {"days": 2}, [1]])
async def test_bad_timeout(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, duration: Any
) -> None:
    """A timeout that cannot be waited for is an error, but only to who waits."""
    error = await error_of(
        hass, "raise_alert", name="Fumaça", wait_for_acknowledgement=True, timeout=duration
    )
    assert error.translation_key == "invalid_alert_timeout"
    assert await active_alerts(hass) == []
    await raise_alert(hass, name="Fumaça", timeout=duration)
    assert texts(simulator) == [f"0000 {TEXT}"]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "alert_required"),
        ({"name": "", "alert": "unknown"}, "alert_required"),
        ({"name": ["Fumaça", "Água"]}, "one_alert"),
        ({"name": "Fumaça", "alert": "device"}, "one_alert"),
        ({"name": "Fumaça", "wait_for_acknowledgement": "maybe"}, "invalid_boolean"),
        ({"name": "Fumaça", "channel": "sms"}, "unknown_field"),
        ({"alert": "device"}, "alert_not_found"),
        ({"alert": 42}, "alert_not_found"),
        ({"name": "Enchente"}, "unknown_alert"),
        ({"name": "..."}, "unknown_alert"),
        ({"name": {"a": 1}}, "unknown_alert"),
    ],
)
async def test_errors(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    data: dict[str, Any],
    key: str,
) -> None:
    """An error is raised before an alert is."""
    assert (await error_of(hass, "raise_alert", **data)).translation_key == key
    assert await active_alerts(hass) == []


async def test_error_names_the_alerts(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """An error says which names there are, without the numbers in them."""
    alerts = {"Fumaça": alert_data(), "Ligar 41 99999-0000": alert_data()}
    await set_up(home, make_account(simulator, contacts=CONTACTS, alerts=alerts))
    error = await error_of(hass, "raise_alert", name="41 99999-1111 caiu")
    text = str(error)
    assert "Fumaça" in text
    assert "99999" not in text


async def test_account_without_alerts(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """An error says that there are no names."""
    await set_up(home, make_account(simulator))
    error = await error_of(hass, "raise_alert", name="Fumaça")
    assert error.translation_placeholders == {"name": "Fumaça", "alerts": "-"}


async def test_same_name_twice(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """A name that two alerts have is an error, not a guess."""
    alerts = {"Fumaça": alert_data(), "fumaca": alert_data()}
    await set_up(home, make_account(simulator, contacts=CONTACTS, alerts=alerts))
    error = await error_of(hass, "raise_alert", name="Fumaça")
    assert error.translation_key == "ambiguous_alert"
    assert texts(simulator) == []


async def test_device_of_a_contact(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The device of a contact is no alert."""
    error = await error_of(hass, "raise_alert", alert=device_of(hass, account, "Maria"))
    assert error.translation_key == "alert_not_found"


@pytest.fixture
async def others_alert(hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator) -> str:
    """Return the device of an alert of a second account."""
    simulator.secrets[OTHER] = ACCOUNT.client_secret
    other = make_account(simulator, OTHER, contacts=CONTACTS, alerts={"Gás": alert_data()})
    return device_of(hass, await set_up(hass, other), "Gás")


async def test_alert_chooses_the_account(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, others_alert: str
) -> None:
    """The account is that of the alert that is chosen."""
    raised = await raise_alert(hass, alert=others_alert)
    response = await perform(hass, "cancel_alert", {"alert": [others_alert]})
    assert response == {"alert_ids": [raised["alert_id"]]}
    error = await error_of(
        hass, "raise_alert", alert=others_alert, config_entry_id=account.entry_id
    )
    assert error.translation_key == "alert_not_found"


async def test_account_that_is_not_clear(hass: HomeAssistant, others_alert: str) -> None:
    """With several accounts, an alert that was deleted tells no account, nor does a name."""
    for action in ("raise_alert", "acknowledge_alert", "cancel_alert"):
        assert (await error_of(hass, action, alert="gone")).translation_key == "alert_not_found"
        assert (await error_of(hass, action, name="Gás")).translation_key == "account_required"
    assert (await error_of(hass, "acknowledge_alert")).translation_key == "account_required"


@pytest.mark.parametrize("action", ["acknowledge_alert", "cancel_alert"])
async def test_end_of_all(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str
) -> None:
    """Without an alert, all that are active end."""
    raised = [await raise_alert(hass, name=name) for name in ("Fumaça", "Água")]
    response = await perform(hass, action, {"alert": "", "name": None})
    assert sorted(response["alert_ids"]) == sorted(each["alert_id"] for each in raised)
    assert (await error_of(hass, action)).translation_key == "no_active_alert"


@pytest.mark.parametrize("action", ["acknowledge_alert", "cancel_alert"])
@pytest.mark.parametrize("name", ["fumaca; água", ["Fumaça", "Água", "Fumaça"]])
async def test_end_of_chosen(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str, name: Any
) -> None:
    """The chosen alerts end, each once, and no other."""
    raised = [await raise_alert(hass, name=[each]) for each in ALERTS]
    water = device_of(hass, account, "Água")
    response = await perform(hass, action, {"name": name, "alert": water})
    assert sorted(response["alert_ids"]) == sorted(each["alert_id"] for each in raised[:2])
    assert await active_alerts(hass) == [raised[2]["alert_id"]]


@pytest.mark.parametrize("action", ["acknowledge_alert", "cancel_alert"])
async def test_end_of_alert_that_does_not_exist(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str
) -> None:
    """An alert that was deleted does not keep others going, nor does it end all."""
    raised = await raise_alert(hass, name="Fumaça")
    assert (await error_of(hass, action, alert="gone")).translation_key == "alert_not_found"
    again = await raise_alert(hass, name="Fumaça")
    assert again["alert_id"] == raised["alert_id"]
    error = await error_of(hass, action, alert="gone", name="Fumaça")
    assert error.translation_key == "alert_not_found"
    assert await active_alerts(hass) == []


@pytest.mark.parametrize(
    ("by", "name"),
    [
        ("Avó", "Avó"),
        (" Zé\n\u202eda Silva ", "Zé da Silva"),
        (7, "7"),
        ("x y " * 50, ("x y " * 15).strip()),
        ("unknown", "Maria"),
        ("\u202e", "Maria"),
        (None, "Maria"),
    ],
)
async def test_acknowledged_by(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, by: Any, name: str
) -> None:
    """The name is the action's, on one line, else that of the user who performs it."""
    waiting = await begin_alert(hass)
    user = MockUser(name="Maria", is_owner=True).add_to_hass(hass)
    await hass.services.async_call(
        DOMAIN, "acknowledge_alert", {"by": by}, blocking=True, context=Context(user_id=user.id)
    )
    assert (await waiting)["acknowledged_by"] == name


async def test_number_as_the_name(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A number is not shown whole."""
    waiting = await begin_alert(hass)
    await perform(hass, "acknowledge_alert", {"by": "+55 41 99999-0000"})
    acknowledged_by = (await waiting)["acknowledged_by"]
    assert acknowledged_by.endswith("0000")
    assert "99999" not in acknowledged_by


async def test_acknowledged_by_an_automation(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An automation has no name, and no user."""
    waiting = await begin_alert(hass)
    await active_alerts(hass)
    raised = await waiting
    assert (raised["status"], raised["acknowledged_by"]) == ("acknowledged", None)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Está tudo bem.", ["0000 Está tudo bem."]),
        ("x" * 701, [f"0000 {'x' * 700}"]),
        ("", []),
        ("unknown", []),
    ],
)
async def test_all_clear(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    message: str,
    said: list[str],
) -> None:
    """An all-clear goes to those who were told, if there is a text."""
    waiting = await begin_alert(hass)
    await perform(hass, "cancel_alert", {"by": "Avó", "message": message})
    raised = await waiting
    assert (raised["status"], raised["acknowledged_by"]) == ("cancelled", None)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert texts(simulator)[1:] == said
    assert simulator.requests[SEND] == 1 + len(said)
