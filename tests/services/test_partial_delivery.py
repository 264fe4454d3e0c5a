"""Messages to several: one fault never silences the rest."""

import asyncio
import json
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from custom_components.directcall.api import (
    AcceptedRequest,
    DirectcallClient,
    RedactedText,
    RequestScope,
    Sms,
)
from tests.common import CONTACTS, SEND, TEXT, device_of, make_account, perform, set_up
from tests.simulator import ACCOUNT, Reply, Simulator

ACTIONS = ["send_voice_message", "send_sms"]
MANY = [f"+55 41 99999-{number:04}" for number in range(1000, 1025)]
UNKNOWN = Reply(b"", 502)


def sent_to(simulator: Simulator) -> list[str]:
    """Return the last digits of the telephones that got a message, as often as they did."""
    return sorted(number[-4:] for message in simulator.messages for number in message.destinations)


async def partly_sent(
    hass: HomeAssistant, destinations: list[Any], action: str = "send_sms", **data: Any
) -> dict[str, str]:
    """Send a message that reaches only some recipients, and return the text of the error."""
    data = {"destination": destinations, "message": TEXT, **data}
    with pytest.raises(HomeAssistantError) as caught:
        await perform(hass, action, data)
    assert caught.value.translation_key == "partly_sent"
    assert caught.value.translation_placeholders is not None
    return caught.value.translation_placeholders


@pytest.mark.parametrize("action", ACTIONS)
async def test_valid_recipients_are_reached(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str
) -> None:
    """An invalid recipient fails alone."""
    gone = device_of(hass, account, "João")
    maria = device_of(hass, account, "Maria")
    [subentry_id] = [s.subentry_id for s in account.subentries.values() if s.title == "João"]
    hass.config_entries.async_remove_subentry(account, subentry_id)
    await hass.async_block_till_done()
    said = await partly_sent(
        hass,
        ["3060-0300", "Mario", "(41) 98888-7777", ""],
        action,
        contact=[gone, maria, gone],
    )
    assert sent_to(simulator) == ["0000", "7777"]
    assert simulator.requests[SEND] == 1
    assert said["sent"] == "Maria, …7777"
    deleted, bad_number, unknown = said["failed"].split("; ", 2)[0], said["failed"], said["failed"]
    assert deleted.startswith("A chosen contact was deleted")
    assert "all of them must belong to one account; The area code of …0300 is missing" in bad_number
    assert 'no contact called "Mario"' in unknown
    assert said["failed"].count("was deleted") == 1


async def test_error_gives_no_number_away(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """People write numbers into names: the error shows four digits of them, as of a number."""
    contacts = {"Ana (41) 98765-4321": "+55 41 98765-4321"}
    await set_up(hass, make_account(simulator, contacts=contacts))
    simulator.reply(SEND, UNKNOWN)
    said = await partly_sent(hass, ["41 98765-4321", "Bia 41 91234-8765", "41 3344-55"])
    assert said["failed"].startswith("…4321: The request was sent")
    assert '"…8765"' in said["failed"]
    assert "4455" not in said["failed"].replace("…4455", "")


async def test_telephone_with_two_numbers_gets_one_message(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A telephone that is named by its number and by its number in the SIP network is one."""
    for numbers in (["ip4130600301", "+55 41 3060-0301"], ["+55 41 3060-0301", "ip4130600301"]):
        simulator.messages.clear()
        await perform(hass, "send_sms", {"destination": numbers, "message": TEXT})
        assert sent_to(simulator) == ["0301"]


@pytest.mark.parametrize("status", [404, 413, 429])
async def test_refusal_of_a_server_alone_is_not_tried_again(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, status: int
) -> None:
    """Only the provider's own no to a group is a reason to send to each alone."""
    simulator.reply(SEND, Reply(b"", status))
    with pytest.raises(HomeAssistantError) as caught:
        await perform(hass, "send_sms", {"destination": MANY[:3], "message": TEXT})
    assert caught.value.translation_key == "refused"
    assert simulator.requests[SEND] == 1


async def test_fault_of_ours_in_one_request(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """The results of the other requests are reported after an unexpected exception, too."""
    send_sms = DirectcallClient.send_sms

    async def fail(client: DirectcallClient, sms: Sms, scope: RequestScope) -> Any:
        if len(sms.recipients) < 10:
            raise RuntimeError
        return await send_sms(client, sms, scope)

    with patch.object(DirectcallClient, "send_sms", fail):
        said = await partly_sent(hass, MANY, "send_sms")
    assert len(simulator.messages) == 2
    assert said["failed"].count("The request was sent to Directcall") == 1


async def test_refusal_with_a_message_id_is_not_repeated(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A refusal with a message ID is of unknown outcome."""
    body = {"status": "erro", "codigo": "008", "detalhe": [{"id_mensagem": 1}, {}]}
    simulator.reply(SEND, Reply(json.dumps(body).encode()))
    with pytest.raises(HomeAssistantError) as caught:
        await perform(hass, "send_sms", {"destination": MANY[:2], "message": TEXT})
    assert caught.value.translation_key == "outcome_unknown"
    assert simulator.requests[SEND] == 1


async def test_reasons_are_in_the_language_of_the_home(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """Placeholders of a translated error are translated, too."""
    await hass.config.async_update(language="pt-BR")
    await set_up(hass, make_account(simulator, contacts=CONTACTS))
    said = await partly_sent(hass, ["Maria", "Mario"])
    assert said["failed"].startswith('Não há contato chamado "Mario"')


@pytest.mark.parametrize("action", ACTIONS)
async def test_more_than_ten(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str
) -> None:
    """More recipients than a request takes are several requests, each sent once."""
    response = await perform(hass, action, {"destination": MANY, "message": TEXT})
    assert simulator.requests[SEND] == 3
    assert [len(message.destinations) for message in simulator.messages].count(10) == 2
    assert sent_to(simulator) == [number[-4:] for number in MANY]
    assert set(response["message_ids"]) == {m.message_id for m in simulator.messages}
    assert response["message_id"] == response["message_ids"][0]
    assert response["recipients"] == [number.replace(" ", "").replace("-", "") for number in MANY]


async def test_requests_are_sent_at_the_same_time(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """No recipient waits for the answer that concerns another."""
    simulator.quirks.call_delay = 0.5
    all_there = asyncio.Event()
    simulator.on_message = lambda _: all_there.set() if len(simulator.messages) == 3 else None
    task = asyncio.create_task(perform(hass, "send_sms", {"destination": MANY, "message": TEXT}))
    await all_there.wait()
    assert not task.done()
    await task


@pytest.mark.parametrize("action", ACTIONS)
async def test_refused_because_of_one(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str
) -> None:
    """After a refused request for several recipients, each of them gets one request."""
    refused = "+55 41 99999-0002"
    said = await partly_sent(hass, ["Maria", refused, *MANY[:9]], action)
    assert simulator.requests[SEND] == 1 + 10 + 1
    assert sent_to(simulator) == ["0000", *(number[-4:] for number in MANY[:9])]
    assert said["failed"].startswith("…0002: Directcall refused the request. It answered: ")
    assert said["failed"].endswith("(code 002)")


@pytest.mark.parametrize("action", ACTIONS)
async def test_several_contacts_are_refused(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str
) -> None:
    """An error about contacts alone names all of them."""
    simulator.reply(SEND, Reply(b"", 429))
    with pytest.raises(HomeAssistantError, match="for Maria, João") as caught:
        await perform(hass, action, {"destination": ["Maria", "João"], "message": TEXT})
    assert caught.value.translation_key == "contact_refused"


async def test_refused_for_everybody(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """If no recipient is reached, the error is the provider's first reason."""
    destinations = ["Mario", "+55 41 99999-0002", "+55 41 99999-0100"]
    with pytest.raises(HomeAssistantError, match=r"\(code 002\)") as caught:
        await perform(hass, "send_sms", {"destination": destinations, "message": TEXT})
    assert caught.value.translation_key == "refused"
    assert simulator.requests[SEND] == 3


@pytest.mark.parametrize(
    ("last_digits", "key"), [("0102", "no_credit"), ("0200", "authentication_failed")]
)
async def test_account_errors_are_not_retried_for_each_recipient(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    last_digits: str,
    key: str,
) -> None:
    """An error of the account is not repeated for each recipient."""
    destinations = ["Maria", f"+55 41 99999-{last_digits}"]
    with pytest.raises(HomeAssistantError) as caught:
        await perform(hass, "send_sms", {"destination": destinations, "message": TEXT})
    assert caught.value.translation_key == key
    assert simulator.requests[SEND] == 1


async def test_request_of_unknown_outcome_is_not_repeated(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An unclear request is sent once and reported, and the other requests count."""
    simulator.reply(SEND, UNKNOWN)
    said = await partly_sent(hass, MANY[:11])
    assert simulator.requests[SEND] == 2
    names = said["failed"].partition(": ")[0].split(", ") + said["sent"].split(", ")
    assert sorted(names) == [f"…{number[-4:]}" for number in MANY[:11]]
    assert "may or may not have been carried out" in said["failed"]


async def test_unknown_outcome_comes_before_refusals(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """The error says that a message may have arrived."""
    simulator.reply(SEND, UNKNOWN)
    said = await partly_sent(hass, ["Mario", "Maria"])
    assert said["sent"] == "-"
    assert said["failed"].startswith("Maria: The request was sent")
    assert simulator.requests[SEND] == 1


async def test_telephone_that_is_named_twice(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A contact who is also named by number gets one message."""
    maria = device_of(hass, account, "Maria")
    data = {"contact": [maria, maria], "destination": ["041 99999-0000", "maria"], "message": TEXT}
    assert (await perform(hass, "send_sms", data))["recipients"] == ["+5541999990000"]
    assert sent_to(simulator) == ["0000"]


async def test_deleted_contact_hides_no_account(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """With several accounts, it is the one of the first contact that is still there."""
    simulator.secrets["other@example.com"] = ACCOUNT.client_secret
    options = {"origin": "ip4130600300"}
    contacts = {"Ana": "+55 41 99999-2222"}
    other = make_account(simulator, "other@example.com", options=options, contacts=contacts)
    await set_up(hass, other)
    chosen = ["nobody", device_of(hass, other, "Ana"), device_of(hass, account, "Maria")]
    said = await partly_sent(hass, [], contact=chosen)
    assert said["sent"] == "Ana"
    assert [message.origin for message in simulator.messages] == ["ip4130600300"]
    with pytest.raises(ServiceValidationError, match="was deleted"):
        await perform(
            hass, "send_sms", {"contact": "nobody", "destination": "Maria", "message": TEXT}
        )


async def test_account_is_removed_in_the_middle(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Accepted recipients are reported, and recipients that still waited get no request.

    No simulator can keep one request of two in the pause between its attempts.
    """
    accepted = asyncio.Event()

    async def send_sms(sms: Sms, scope: RequestScope) -> AcceptedRequest:
        if len(sms.recipients) > 1:
            accepted.set()
            return AcceptedRequest("1", "000", RedactedText("OK"))
        await asyncio.Event().wait()
        raise AssertionError

    client = account.runtime_data.client
    with patch.object(client, "send_sms", send_sms):
        task = asyncio.create_task(partly_sent(hass, MANY[:11]))
        await accepted.wait()
        await asyncio.sleep(0)
        await hass.config_entries.async_remove(account.entry_id)
        said = await task
    assert said["sent"].startswith("…1000")
    assert said["failed"].startswith("…1010: Nothing was sent, because the request was cancelled")
