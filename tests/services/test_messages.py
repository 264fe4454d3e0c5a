"""Voice messages and SMS, through Home Assistant and real HTTP."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from custom_components.directcall.api import transport as transport_module
from custom_components.directcall.const import DOMAIN
from custom_components.directcall.services import messages as messages_module
from tests.common import (
    CONTACTS,
    NEVER_TWICE,
    REQUEST_TOKEN,
    SEND,
    TEXT,
    device_of,
    perform,
    place_call,
    until,
)
from tests.simulator import Reply, Simulator

NOON = "2026-11-24T15:00:00+00:00"
ACTIONS = ["send_voice_message", "send_sms"]


def form(simulator: Simulator) -> dict[str, str]:
    """Return the fields of the only message, without its token."""
    [message] = simulator.messages
    return {k: v for k, v in message.form.items() if k != "access_token"}


async def test_voice_message(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A text is spoken to a contact, from the account's origin number, up to three times."""
    maria = device_of(hass, account, "Maria")
    response = await perform(hass, "send_voice_message", {"contact": maria, "message": TEXT})
    assert response == {
        "message_id": simulator.messages[0].message_id,
        "message_ids": [simulator.messages[0].message_id],
        "code": "000",
        "message": "001 - Mensagem enviada com sucessso - CALLER-ID: …"
        + simulator.messages[0].message_id[-4:],
        "recipients": ["+5541999990000"],
    }
    assert form(simulator) == {
        "tipo": "voz",
        "origem": "554130600300",
        "destino": "5541999990000",
        "texto": TEXT,
        "num_tentativas": "3",
        "format": "JSON",
    }


async def test_sms(hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry) -> None:
    """A text is sent to a contact, and the response has the number of its parts."""
    response = await perform(hass, "send_sms", {"destination": "Maria", "message": "x" * 129})
    assert response["message_id"] == simulator.messages[0].message_id
    assert response["parts"] == 2
    assert form(simulator) == {
        "tipo": "texto",
        "origem": "554130600300",
        "destino": "5541999990000",
        "texto": "x" * 129,
        "format": "JSON",
    }


@pytest.mark.freeze_time(NOON, tick=True)
@pytest.mark.parametrize("action", ACTIONS)
async def test_all_fields_of_a_message(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str
) -> None:
    """Contacts, numbers, an origin and a time reach the provider."""
    await hass.config.async_update(time_zone="America/Manaus")
    await perform(
        hass,
        action,
        {
            "config_entry_id": account.entry_id,
            "contact": [device_of(hass, account, name) for name in CONTACTS],
            "destination": ["(41) 3333-4444", 5541988887777, "maria"],
            "origin": "João",
            "message": f"  {TEXT}\n",
            "send_at": "2026-12-31 23:30:00",
            "earliest_hour": 7,
            "latest_hour": 21.0,
        },
    )
    arrived = form(simulator)
    arrived.pop("num_tentativas", None)
    arrived.pop("tipo")
    assert arrived == {
        "origem": "5541999991111",
        "destino": "5541999990000;5541999991111;554133334444;5541988887777",
        "texto": TEXT,
        "cron": "01-01-2027-00-30-00",
        "enviar_de": "8",
        "enviar_ate": "22",
        "format": "JSON",
    }


@pytest.mark.parametrize("attempts", [1, "10"])
async def test_attempts(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, attempts: Any
) -> None:
    """The number of attempts for each telephone can be chosen."""
    data = {"destination": "Maria", "message": TEXT, "attempts": attempts}
    await perform(hass, "send_voice_message", data)
    assert form(simulator)["num_tentativas"] == str(attempts)


@pytest.mark.freeze_time(NOON, tick=True)
@pytest.mark.parametrize(
    ("send_at", "cron"),
    [
        ("2026-11-24 12:00:05", "24-11-2026-12-00-05"),
        ("2026-11-24T16:00:00+00:00", "24-11-2026-13-00-00"),
        (datetime.fromisoformat("2026-11-25 00:00:00.000999"), "25-11-2026-00-00-00"),
        (datetime(2026, 11, 25, tzinfo=UTC), "24-11-2026-21-00-00"),
    ],
)
async def test_moment(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, send_at: Any, cron: str
) -> None:
    """A moment without a zone is the home's; one with a zone is not."""
    data = {"destination": "Maria", "message": TEXT, "send_at": send_at}
    await perform(hass, "send_sms", data)
    assert form(simulator)["cron"] == cron


# What is wrong, the key of its error, and words of it.
ELEVEN = [f"+55 41 99999-{number:04}" for number in range(1000, 1011)]
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "too long": ({"message": "x" * 701}, "message_too_long", "has 701 characters"),
    "empty": ({"message": " \n"}, "message_empty", "message is empty"),
    "invisible": ({"message": "\u200b"}, "message_empty", "message is empty"),
    "nothing": ({"message": ""}, "message_empty", "message is empty"),
    "none": ({"message": None}, "message_empty", "message is empty"),
    "in the past": (
        {"send_at": "2026-11-24 12:00:00"},
        "send_at_in_past",
        "is in the past",
    ),
    "no time": ({"send_at": "tomorrow"}, "invalid_send_at", "a date and time"),
    "no such day": ({"send_at": "2027-02-30 08:00:00"}, "invalid_send_at", "a date and time"),
    "no such hour": ({"send_at": "2027-02-20 25:00:00"}, "invalid_send_at", "a date and time"),
    "end of time": (
        {"send_at": "9999-12-31 23:59:59-12:00"},
        "invalid_send_at",
        "a date and time",
    ),
    "last year": ({"send_at": "9999-12-31 23:59:59+00:00"}, "invalid_send_at", "a date and time"),
    "a day alone": ({"send_at": "2027-02-20"}, "invalid_send_at", "a date and time"),
    "a day of YAML": ({"send_at": date(2027, 2, 20)}, "invalid_send_at", "a date and time"),
    "hour of no day": ({"earliest_hour": 24}, "invalid_hour", "from 0 to 23"),
    "half an hour": ({"latest_hour": 8.5}, "invalid_hour", "from 0 to 23"),
    "some hour": ({"latest_hour": "late"}, "invalid_hour", "from 0 to 23"),
    "hour before midnight": ({"latest_hour": -1}, "invalid_hour", "from 0 to 23"),
    "nobody": ({"destination": []}, "no_recipient", "Choose who gets the message"),
    "unknown name": ({"destination": "Mario"}, "unknown_contact", "names: João, Maria"),
    "unknown origin": ({"origin": "Mario"}, "unknown_contact", "names: João, Maria"),
    "no destination": ({"destination": None}, "no_recipient", "Choose who gets the message"),
    "nothing but remains": ({"destination": ["", None, " "]}, "no_recipient", "Choose who gets"),
    "bad number": ({"destination": ["190", "Mario"]}, "short_number", "is a short number"),
    "unquoted": ({"destination": 18900090880}, "number_unquoted", "…0880 may have lost"),
    "no contact": (
        {"contact": "nobody", "destination": None},
        "contact_not_found",
        "belongs to another account",
    ),
}


@pytest.mark.freeze_time(NOON)
@pytest.mark.parametrize("action", ACTIONS)
async def test_invalid_message_is_an_error(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    action: str,
) -> None:
    """Each invalid field is an error of its own, and nothing is sent."""
    for case, (data, key, text) in BAD.items():
        with pytest.raises(ServiceValidationError, match=text) as caught:
            await perform(hass, action, {"destination": "Maria", "message": TEXT, **data})
        assert caught.value.translation_key == key, case
    assert simulator.requests[SEND] == 0


@pytest.mark.parametrize("attempts", [0, 11, 2.5, "often", [3]])
async def test_bad_attempts(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, attempts: Any
) -> None:
    """A telephone is called once to ten times."""
    data = {"destination": "Maria", "message": TEXT, "attempts": attempts}
    with pytest.raises(ServiceValidationError, match="from 1 to 10"):
        await perform(hass, "send_voice_message", data)
    assert simulator.requests[SEND] == 0


@pytest.mark.parametrize("data", [{"attempts": 3}, {"media": {"media_content_id": "x"}}])
async def test_sms_is_not_spoken(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, data: dict[str, Any]
) -> None:
    """An SMS does not accept the fields of a voice message."""
    with pytest.raises(ServiceValidationError, match="has no field called"):
        await perform(hass, "send_sms", {"destination": "Maria", "message": TEXT, **data})
    assert simulator.requests[SEND] == 0


async def test_longest_message(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """700 characters and ten recipients are just right."""
    data = {"destination": ELEVEN[:10], "message": "ã" * 700}
    response = await perform(hass, "send_sms", data)
    assert response["parts"] == 13
    assert form(simulator)["texto"] == "ã" * 700


@pytest.mark.parametrize("action", ACTIONS)
async def test_without_asking_for_the_response(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str
) -> None:
    """The response is optional."""
    data = {"destination": "Maria", "message": TEXT}
    assert await hass.services.async_call(DOMAIN, action, data, blocking=True) is None
    assert len(simulator.messages) == 1


@pytest.mark.parametrize("action", ACTIONS)
async def test_never_twice(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str
) -> None:
    """A message that was sent is not repeated automatically."""
    for sent, (case, (reply, key)) in enumerate(NEVER_TWICE.items(), 1):
        simulator.reply(SEND, reply)
        with pytest.raises(HomeAssistantError) as caught:
            await perform(hass, action, {"destination": "Maria", "message": TEXT})
        assert caught.value.translation_key == f"contact_{key}", case
        assert "Maria" in str(caught.value), case
        assert simulator.requests[SEND] == sent, case


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("last_digits", ["9001", "9002", "9003"])
async def test_sent_without_an_answer(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    action: str,
    last_digits: str,
) -> None:
    """A message whose response was lost is reported as unclear, and sent once."""
    data = {"destination": f"+55 41 99999-{last_digits}", "message": TEXT}
    with (
        patch.object(transport_module, "TIMEOUT", 0.5),
        pytest.raises(HomeAssistantError, match="may or may not have been carried out"),
    ):
        await perform(hass, action, data)
    assert len(simulator.messages) == simulator.requests[SEND] == 1


@pytest.mark.parametrize("action", ACTIONS)
async def test_rejected_token_is_renewed_once(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str
) -> None:
    """A rejected token causes a second request, and no second message."""
    simulator.end_tokens()
    await perform(hass, action, {"destination": "Maria", "message": TEXT})
    assert simulator.requests[SEND] == 2
    assert len(simulator.messages) == 1


@pytest.mark.parametrize("action", ACTIONS)
async def test_no_credit(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
    action: str,
) -> None:
    """The issue of missing credit stays until a message of the same kind is accepted."""
    key = {"send_voice_message": "no_credit_voice_messages", "send_sms": "no_credit_sms"}[action]
    [other] = {*ACTIONS} - {action}
    issue_id = f"{key}_{account.entry_id}"
    data = {"destination": "+55 41 99999-0102", "message": TEXT}
    with pytest.raises(HomeAssistantError, match=r"no credit .* \(code 102\)"):
        await perform(hass, action, data)
    issue = issue_registry.async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert issue.translation_key == key
    assert issue.translation_placeholders == {"origin": "…0300"}
    await place_call(hass, destination="Maria")
    await perform(hass, other, {**data, "destination": "Maria"})
    assert issue_registry.async_get_issue(DOMAIN, issue_id)
    await perform(hass, action, {**data, "destination": "Maria"})
    assert issue_registry.issues == {}


async def test_no_credit_for_calls(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    """An accepted message does not clear the missing credit for calls."""
    with pytest.raises(HomeAssistantError, match="no credit"):
        await place_call(hass, destination="+55 41 99999-0102")
    await perform(hass, "send_sms", {"destination": "Maria", "message": TEXT})
    assert issue_registry.async_get_issue(DOMAIN, f"no_credit_{account.entry_id}")


async def test_no_credit_of_an_account_that_is_gone(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    """Nothing is left to repair of an account that is removed."""
    data = {"destination": "+55 41 99999-0201", "message": TEXT}
    with pytest.raises(HomeAssistantError, match="no credit"):
        await perform(hass, "send_sms", data)
    late = hass.async_create_task(perform(hass, "send_sms", data), eager_start=True)
    await asyncio.sleep(0)
    await hass.config_entries.async_remove(account.entry_id)
    with pytest.raises(HomeAssistantError):
        await late
    assert issue_registry.issues == {}


async def test_stopped_script_does_not_cancel_a_sent_request(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    """A request that was sent is completed after its script was stopped."""
    simulator.quirks.call_delay = 0.2
    sent = asyncio.Event()
    simulator.on_message = lambda _: sent.set()
    script = asyncio.create_task(
        perform(hass, "send_sms", {"destination": "Maria", "message": TEXT})
    )
    refused = asyncio.create_task(
        perform(hass, "send_sms", {"destination": "+55 41 99999-0102", "message": TEXT})
    )
    await sent.wait()
    for task in (script, refused):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await hass.async_block_till_done(wait_background_tasks=True)
    assert account.runtime_data.client.statistics.requests[SEND] == 2
    assert account.runtime_data.client.statistics.last_success is not None
    assert issue_registry.async_get_issue(DOMAIN, f"no_credit_sms_{account.entry_id}") is None


async def test_stopped_script_sends_nothing_later(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A message that waits for a token when its script is stopped is not sent."""
    account.runtime_data.client.auth.token = None
    token = simulator.hold(REQUEST_TOKEN)
    script = asyncio.create_task(
        perform(hass, "send_sms", {"destination": "Maria", "message": TEXT})
    )
    await until(lambda: simulator.requests[REQUEST_TOKEN] == 2)
    script.cancel()
    with pytest.raises(asyncio.CancelledError):
        await script
    token.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.requests[REQUEST_TOKEN] == 2
    assert simulator.requests[SEND] == 0


@pytest.mark.parametrize("text", ["\ud83d\udd25 Fogo", "🔥 Fogo"])
async def test_emoji_as_json_writes_it(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, text: str
) -> None:
    """An emoji with escaped surrogates is spoken as the emoji."""
    await perform(hass, "send_voice_message", {"destination": "Maria", "message": text})
    assert form(simulator)["texto"] == "🔥 Fogo"


async def test_sms_abroad(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A number abroad has its prefix where it is written to, and none where it is called."""
    data = {"destination": ["Maria", "+351 912 345 678"], "message": TEXT}
    await perform(hass, "send_sms", data)
    await perform(hass, "send_voice_message", data)
    assert [message.form["destino"] for message in simulator.messages] == [
        "5541999990000;00351912345678",
        "5541999990000;351912345678",
    ]


@pytest.mark.freeze_time(NOON, tick=True)
async def test_scheduled_message_is_cancelled(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A message that is sent later can be asked for, and cancelled before."""
    data = {"destination": "Maria", "message": TEXT, "send_at": "2026-12-24 08:00:00"}
    sent = await perform(hass, "send_voice_message", data)
    by_id = {"message_id": sent["message_id"]}
    status = await perform(hass, "get_message_status", {"message_id": f" {sent['message_id']}\n"})
    assert status == {"code": "000", "message": "Agendada"}
    # As a template hands it on.
    cancelled = await perform(hass, "cancel_message", {"message_id": int(sent["message_id"])})
    assert cancelled == {"code": "000", "message": "Mensagem cancelada."}
    status = await perform(hass, "get_message_status", by_id)
    assert status["message"] == "Cancelada"
    with pytest.raises(HomeAssistantError, match=r"previamente cancelado \(code 010\)"):
        await perform(hass, "cancel_message", by_id)
    with pytest.raises(HomeAssistantError, match=r"\(code 010\)"):
        await hass.services.async_call(DOMAIN, "cancel_message", by_id, blocking=True)


@pytest.mark.freeze_time(NOON, tick=True)
async def test_message_is_cancelled_without_asking_for_the_response(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """The response is optional."""
    data = {"destination": "Maria", "message": TEXT, "send_at": "2026-12-24 08:00:00"}
    sent = await perform(hass, "send_sms", data)
    by_id = {"message_id": sent["message_id"]}
    assert await hass.services.async_call(DOMAIN, "cancel_message", by_id, blocking=True) is None
    assert simulator.messages[0].cancelled


@pytest.mark.parametrize("action", ["get_message_status", "cancel_message"])
async def test_bad_message_id(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str
) -> None:
    """An invalid message ID sends no request."""
    for message_id in ("", "../voz/end", "a b", "x" * 65, None, True, "None"):
        with pytest.raises(ServiceValidationError, match="not the ID of a message"):
            await perform(hass, action, {"message_id": message_id})
        assert simulator.queries == [], message_id


async def test_unknown_message(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A message that the provider does not know is its own no."""
    with pytest.raises(HomeAssistantError, match=r"inexistente.* \(code 009\)"):
        await perform(hass, "get_message_status", {"message_id": "12345678900000"})


@pytest.mark.parametrize(
    ("action", "endpoint", "text"),
    [
        ("get_message_status", "sms/status", "cannot be reached"),
        ("cancel_message", "sms/remove", "may or may not have been cancelled. Try again"),
    ],
)
async def test_answer_about_a_message_is_lost(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    action: str,
    endpoint: str,
    text: str,
) -> None:
    """A lost response about a message is an error, with its own text for each action."""
    simulator.reply(endpoint, Reply(drop=True))
    with pytest.raises(HomeAssistantError, match=text):
        await perform(hass, action, {"message_id": "12345678900001"})
    assert simulator.requests[endpoint] == 1


@pytest.mark.parametrize("action", ["get_message_status", "cancel_message"])
async def test_question_about_a_message_has_a_deadline(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str
) -> None:
    """A token that never comes does not keep an automation waiting."""
    account.runtime_data.client.auth.token = None
    simulator.quirks.token_delay = 60
    async with asyncio.timeout(30):
        with (
            patch.object(messages_module, "DEADLINE", 0.1),
            pytest.raises(HomeAssistantError, match="cannot be reached"),
        ):
            await perform(hass, action, {"message_id": "12345678900001"})


async def test_last_evening_of_the_calendar(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A time that is in no year any more where the provider is, is an error."""
    await hass.config.async_update(time_zone="America/Los_Angeles")
    data = {"destination": "Maria", "message": TEXT, "send_at": "9999-12-31 23:59:59"}
    with pytest.raises(ServiceValidationError, match="a date and time"):
        await perform(hass, "send_sms", data)
    assert simulator.requests[SEND] == 0


@pytest.mark.parametrize("action", ["cancel_message", "get_message_status"])
@pytest.mark.parametrize("message_id", [float("nan"), 12345678900001.0, date(2026, 11, 24)])
async def test_value_that_only_looks_like_a_message_id(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    action: str,
    message_id: Any,
) -> None:
    """The ID of a message is a text or an integer, and nothing else is asked for."""
    before = dict(simulator.requests)
    with pytest.raises(ServiceValidationError) as caught:
        await perform(hass, action, {"message_id": message_id})
    assert caught.value.translation_key == "invalid_message_id"
    assert simulator.requests == before


@pytest.mark.freeze_time(NOON)
async def test_hours_of_the_day_on_which_it_is_sent(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
) -> None:
    """Hours use the UTC offset of the delivery day, also across a clock change."""
    await hass.config.async_update(time_zone="Europe/Lisbon")
    for send_at, hour in (
        ("2027-01-15 12:00:00", "5"),
        ("2027-07-15 12:00:00", "4"),
        # The next day at home, on which the clocks change.
        ("2027-03-27 23:30:00-03:00", "4"),
    ):
        data = {"destination": "Maria", "message": TEXT, "send_at": send_at}
        await perform(hass, "send_sms", {**data, "earliest_hour": 8})
        assert simulator.messages[-1].form["enviar_de"] == hour
