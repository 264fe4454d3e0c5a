"""Fields of actions: any result of a template is read, or is a translated error."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component

from custom_components.directcall.const import DOMAIN
from custom_components.directcall.services import (
    ACKNOWLEDGE_ALERT_FIELDS,
    CANCEL_ALERT_FIELDS,
    END_CALL_FIELDS,
    LIST_RECORDINGS_FIELDS,
    MESSAGE_FIELDS,
    PLACE_CALL_FIELDS,
    RAISE_ALERT_FIELDS,
    SEND_SMS_FIELDS,
    SEND_VOICE_MESSAGE_FIELDS,
)
from custom_components.directcall.validation import alert_text
from tests.common import (
    NUMBER,
    PLACE_CALL,
    SEND,
    alert_data,
    make_account,
    perform,
    place_call,
    set_up,
)
from tests.simulator import Simulator

CONTACTS = {
    "Maria": "+55 41 99999-0000",
    "João": "+55 41 99999-1111",
    "Silva, Ana": "+55 41 99999-2222",
}
LEFT_BEHIND = ["", " \n", None, "None", "none", "unknown", "Unavailable"]
UNUSUAL = [
    *LEFT_BEHIND,
    True,
    False,
    0,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    10**30,
    "maybe",
    "1e999",
    "\x00",
    "\ud83d",
    "x" * 5000,
    "Maria,João",
    [],
    [None, ""],
    [[["Maria"]]],
    (5541999990000, "João", None),
    {"Maria"},
    {},
    {"media_content_id": 5},
    {"hours": float("inf")},
    b"\xff",
    date(2026, 11, 24),
    datetime(2026, 11, 24, tzinfo=UTC),
    timedelta(days=10**6),
    object(),
]
# The fields of each action, and what makes it do something.
ACTIONS: dict[str, tuple[frozenset[str], dict[str, Any]]] = {
    "acknowledge_alert": (ACKNOWLEDGE_ALERT_FIELDS, {}),
    "cancel_alert": (CANCEL_ALERT_FIELDS, {}),
    "cancel_message": (MESSAGE_FIELDS, {"message_id": "12345678900000"}),
    "end_call": (END_CALL_FIELDS, {"destination": "Maria"}),
    "get_message_status": (MESSAGE_FIELDS, {"message_id": "12345678900000"}),
    "list_recordings": (LIST_RECORDINGS_FIELDS, {}),
    "place_call": (PLACE_CALL_FIELDS, {"destination": "Maria", "timeout": 1}),
    "raise_alert": (RAISE_ALERT_FIELDS, {"name": "Fumaça", "timeout": 1}),
    "send_sms": (SEND_SMS_FIELDS, {"destination": "Maria", "message": "Fumaça"}),
    "send_voice_message": (
        SEND_VOICE_MESSAGE_FIELDS,
        {"destination": "Maria", "message": "Fumaça"},
    ),
}


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with contacts and an alert."""
    alerts = {"Fumaça": alert_data()}
    return await set_up(home, make_account(simulator, contacts=CONTACTS, alerts=alerts))


async def is_answered(hass: HomeAssistant, action: str, data: dict[str, Any]) -> bool:
    """Return if an action succeeds, or raises an error with a translated text."""
    try:
        await perform(hass, action, data)
    except HomeAssistantError as err:
        return err.translation_domain == DOMAIN and str(err) != err.translation_key
    return True


@pytest.mark.parametrize("action", ACTIONS)
async def test_invalid_values_do_not_end_a_script(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    action: str,
) -> None:
    """An invalid value does not end a script with `continue_on_error`."""
    fields, valid = ACTIONS[action]
    for field, value in product(sorted(fields), UNUSUAL):
        assert await is_answered(hass, action, {**valid, field: value}), (field, value)


@pytest.mark.parametrize("left", LEFT_BEHIND)
async def test_empty_values_of_optional_fields(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, left: Any
) -> None:
    """Empty values of optional fields count as left out."""
    response = await perform(
        hass, "place_call", {**dict.fromkeys(PLACE_CALL_FIELDS, left), "destination": "Maria"}
    )
    assert response["origin"] == "+554130600300"
    assert response["recorded"] is False
    assert "outcome" not in response
    await perform(
        hass,
        "send_voice_message",
        {
            **dict.fromkeys(SEND_VOICE_MESSAGE_FIELDS, left),
            "destination": "Maria",
            "message": "Fumaça",
        },
    )
    [message] = simulator.messages
    assert message.text == "Fumaça"
    assert message.form["num_tentativas"] == "3"
    await perform(hass, "list_recordings", dict.fromkeys(LIST_RECORDINGS_FIELDS, left))


@pytest.mark.parametrize(
    ("action", "field", "key"),
    [
        ("place_call", "destination", "one_destination"),
        ("end_call", "destination", "one_destination"),
        ("send_sms", "destination", "no_recipient"),
        ("send_sms", "message", "message_empty"),
        ("send_voice_message", "message", "message_empty"),
        ("cancel_message", "message_id", "invalid_message_id"),
        ("raise_alert", "name", "alert_required"),
    ],
)
async def test_empty_values_of_required_fields(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    action: str,
    field: str,
    key: str,
) -> None:
    """Empty values of required fields are an error."""
    for value in LEFT_BEHIND:
        with pytest.raises(ServiceValidationError) as caught:
            await perform(hass, action, {**ACTIONS[action][1], field: value})
        assert caught.value.translation_key == key, value
    assert simulator.requests[PLACE_CALL] == simulator.requests[SEND] == 0


@pytest.mark.parametrize(
    "destination",
    [
        "Maria,joão , (41) 3333-4444",
        "Maria; João;\n(41) 3333-4444\r\n",
        ("Maria", "João", "(41) 3333-4444"),
        # As a template makes it of a helper with two numbers.
        (5541999990000, 5541999991111, "(41) 3333-4444"),
        [["Maria"], "João; (41) 3333-4444", None, "", "unknown"],
        ["Maria", "+55 41 99999-0000", "João", "(41) 3333-4444", "041 3333 4444"],
    ],
)
async def test_list_of_destinations(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, destination: Any
) -> None:
    """A list may be written in many ways, and calls each telephone once."""
    response = await perform(hass, "send_sms", {"destination": destination, "message": "x"})
    assert response["recipients"] == ["+5541999990000", "+5541999991111", "+554133334444"]
    [message] = simulator.messages
    assert message.destinations == ["5541999990000", "5541999991111", "554133334444"]


async def test_name_with_a_comma(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A contact's name is not taken apart."""
    response = await perform(hass, "send_sms", {"destination": "silva, ana", "message": "x"})
    assert response["recipients"] == ["+5541999992222"]
    assert (await place_call(hass, destination="Silva, Ana"))["contact"] == "Silva, Ana"


@pytest.mark.parametrize("destination", [["Maria"], ("", "Maria"), "Maria,", {"Maria"}])
async def test_list_of_one(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, destination: Any
) -> None:
    """A list with one telephone in it is that telephone."""
    response = await place_call(hass, destination=destination, origin=["João"])
    assert response["contact"] == "Maria"
    assert response["origin"] == "+5541999991111"


@pytest.mark.parametrize(
    ("value", "is_on"),
    [("yes", True), ("On", True), (1, True), ("off", False), (0, False), ("false", False)],
)
async def test_boolean(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    value: Any,
    is_on: bool,
) -> None:
    """A boolean is read as Home Assistant reads it."""
    assert (await place_call(hass, record=value))["recorded"] is is_on


@pytest.mark.parametrize("value", ["maybe", "2026-11-24", [True], {}])
async def test_bad_boolean(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, value: Any
) -> None:
    """An invalid boolean is an error with the field's name as in the UI."""
    await hass.config.async_update(language="pt-BR")
    await set_up(hass, make_account(simulator))
    with pytest.raises(ServiceValidationError) as caught:
        await place_call(hass, show_caller_id=value)
    assert caught.value.translation_key == "invalid_boolean"
    assert caught.value.translation_placeholders == {"field": "Mostrar o número de origem"}
    assert simulator.requests[PLACE_CALL] == 0


async def test_bad_timeout(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A timeout that cannot be waited for is an error, but only to who waits."""
    durations: list[Any] = ["soon", 0, 601, -1, "nan", float("inf"), [1], {"hours": 10**30}]
    for n, duration in enumerate([*durations, {"weeks": 1}]):
        with pytest.raises(ServiceValidationError, match="from 1 second to 10 minutes"):
            await place_call(hass, wait_for_outcome=True, timeout=duration)
        assert simulator.requests[PLACE_CALL] == n, duration
        await place_call(hass, destination=f"{NUMBER}111{n}", timeout=duration)
        assert simulator.requests[PLACE_CALL] == n + 1


async def test_timeout(hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry) -> None:
    """A duration is read as Home Assistant reads it."""
    durations: list[Any] = [1, "1", "00:00:01", {"seconds": 1}]
    responses = await asyncio.gather(
        *(
            place_call(
                hass, destination=f"{NUMBER}111{n}", wait_for_outcome="yes", timeout=duration
            )
            for n, duration in enumerate(durations)
        )
    )
    assert [response["outcome"] for response in responses] == ["unknown"] * 4


@pytest.mark.parametrize("send_at", [1795000000, 1795000000.5, True, ["2027-01-01 08:00:00"]])
async def test_moment_that_is_a_number(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, send_at: Any
) -> None:
    """A number is not accepted as a date and time."""
    with pytest.raises(ServiceValidationError, match="a date and time"):
        await perform(
            hass, "send_sms", {"destination": "Maria", "message": "x", "send_at": send_at}
        )
    assert simulator.requests[SEND] == 0


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (42, "42"),
        (True, "True"),
        (["Fumaça", "fogo"], "['Fumaça', 'fogo']"),
        (date(2026, 11, 24), "2026-11-24"),
    ],
)
async def test_message_that_is_no_text(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, message: Any, text: str
) -> None:
    """Any result of a template is accepted as a message."""
    await perform(hass, "send_voice_message", {"destination": "Maria", "message": message})
    assert [message.text for message in simulator.messages] == [text]


@pytest.mark.parametrize("title", ["Alarme", 7])
@pytest.mark.parametrize(
    ("action", "text"), [("send_voice_message", "{}. Fumaça"), ("send_sms", "{}\nFumaça")]
)
async def test_title(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    action: str,
    text: str,
    title: Any,
) -> None:
    """A title is spoken before the text, or written above it, as in notify."""
    data = {"destination": "Maria", "message": "Fumaça", "title": title}
    await perform(hass, action, data)
    assert [message.text for message in simulator.messages] == [text.format(title)]


async def test_title_alone(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A title without a text is spoken alone."""
    data = {"destination": "Maria", "message": "", "title": "Fumaça"}
    await perform(hass, "send_voice_message", data)
    assert [message.text for message in simulator.messages] == ["Fumaça"]


# Fields, and how an error shows them.
UNKNOWN_FIELDS: dict[Any, str] = {
    "speak": "speak",
    "41999990000": "…",
    "to_41 99999-0000": "to_… …-…",
    "a" * 50: "a" * 40,
    "\x1b\n": "……",
    5541999990000: "…",
}


@pytest.mark.parametrize("action", ACTIONS)
async def test_unknown_field(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    action: str,
) -> None:
    """A field that an action does not have is an error, and nothing is done."""
    for field, shown in UNKNOWN_FIELDS.items():
        with pytest.raises(ServiceValidationError, match="has no field called") as caught:
            await perform(hass, action, {**ACTIONS[action][1], field: "x"})
        assert caught.value.translation_placeholders == {"field": shown}
    assert simulator.requests[PLACE_CALL] == simulator.requests[SEND] == 0


TEMPLATES: dict[str, dict[str, Any]] = {
    "two numbers": {"destination": "{{ '5541999990000,5541999991111' }}"},
    "timeout": {"timeout": "{{ states('input_number.nowhere') }}"},
    "wait": {"wait_for_outcome": "{{ '' }}"},
    "record": {"record": "{{ '' }}"},
    "record maybe": {"record": "{{ 'maybe' }}"},
    "account": {"config_entry_id": "{{ none }}"},
    "list": {"destination": ["Maria", "João"]},
    "title": {"title": "Fogo"},
    "nothing": {"destination": "{{ '' }}"},
}


@pytest.mark.parametrize("data", TEMPLATES.values(), ids=TEMPLATES)
async def test_fallback_runs(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, data: dict[str, Any]
) -> None:
    """A script with `continue_on_error` reaches its next step after any value of a template."""
    fallbacks = async_capture_events(hass, "fallback")
    place = {
        "action": "directcall.place_call",
        "continue_on_error": True,
        "data": {"destination": "Maria", **data},
        "response_variable": "call",
    }
    fallback = {"event": "fallback", "event_data": {"placed": "{{ call is defined }}"}}
    config = {"script": {"alarm": {"sequence": [place, fallback]}}}
    assert await async_setup_component(hass, "script", config)
    await hass.services.async_call("script", "alarm", blocking=True)
    [event] = fallbacks
    assert event.data["placed"] is bool(simulator.calls)


@pytest.mark.parametrize(
    ("message", "title", "text"),
    [
        ("Porta aberta", None, "Porta aberta"),
        ("Porta aberta ", "Alarme", "Alarme. Porta aberta"),
        ("", "Alarme", "Alarme"),
        ("Porta aberta", "unknown", "Porta aberta"),
        ("\ud83d\udd25", None, "🔥"),
        ("\u200b\x00", "\u2060", "Fumaça!"),
        ("x" * 701, None, "x" * 700),
        (f"{'x' * 699} y", None, "x" * 699),
        *((left, None, "Fumaça!") for left in LEFT_BEHIND),
        *((left, left, "Fumaça!") for left in LEFT_BEHIND),
    ],
)
def test_text_of_alert(message: str | None, title: str | None, text: str) -> None:
    """An alert says what is given, as far as it fits, or its own message."""
    assert alert_text(message, title, "Fumaça!") == text
    assert len(alert_text(message, title, "x" * 701)) <= 700
