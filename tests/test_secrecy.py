"""Secrets and private data: in no log, error or diagnostics."""

from contextlib import suppress
import json
import logging
import re
from typing import Any
from unittest.mock import patch

from aiohttp import ClientPayloadError
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from homeassistant.components.media_source import async_browse_media
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from tests.common import (
    BALANCE,
    END,
    PLACE_CALL,
    REQUEST_TOKEN,
    SECRET,
    SEND,
    STATUS,
    alert_data,
    chain,
    end_call,
    make_account,
    pass_time,
    perform,
    place_call,
    set_up,
)
from tests.simulator import ACCOUNT, Reply, Simulator

ORIGIN = "+55 41 98765-4321"
DESTINATION = "+55 41 91234-8765"
LINK = "http://www.directdial.com.br/extrato/gravacao/id/0123456789abcdef0123456789abcdef01234567"
MESSAGES = ("send_voice_message", "send_sms", "get_message_status", "cancel_message")


def leaks(text: str, tokens: list[str]) -> set[str]:
    """Return the private things in a text, numbers also where they are written apart."""
    digits = re.sub(r"[ ().+\-/]", "", text)
    return {
        private
        for private in (SECRET, "98765-4321", "91234-8765", "extrato/gravacao", *tokens)
        if private in text
    } | {number for number in ("41987654321", "41912348765") if number in digits}


def echo(token: str) -> Reply:
    """Return a refusal of a provider that repeats the whole request."""
    message = f"{SECRET} {token} 5541987654321 para (41) 91234-8765 {LINK}?access_token={token}"
    return Reply(json.dumps({"status": "erro", "codigo": "999", "msg": message}).encode())


def private_account(
    simulator: Simulator, caplog: pytest.LogCaptureFixture, **more: Any
) -> MockConfigEntry:
    """Return an account with what must not get out, and have all that is logged kept."""
    for logger in ("custom_components.directcall", "aiohttp"):
        caplog.set_level(logging.DEBUG, logger)
    simulator.secrets[ACCOUNT.client_id] = SECRET
    return make_account(
        simulator, data={"client_secret": SECRET}, options={"origin": ORIGIN}, **more
    )


async def overheard(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    account: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> list[str]:
    """Return the texts of entities, diagnostics and logs."""
    records = [
        r for r in caplog.records if r.name.startswith(("custom_components.directcall", "aiohttp"))
    ]
    assert any(r.levelno == logging.DEBUG and "HTTP 200" in r.getMessage() for r in records)
    return [
        *(str(s.as_dict()) for s in hass.states.async_all() if "directcall" in s.entity_id),
        *(str(s.as_dict()) for s in hass.states.async_all() if "maria" in s.entity_id),
        json.dumps(await get_diagnostics_for_config_entry(hass, hass_client, account)),
        repr(account.runtime_data),
        repr(account.runtime_data.coordinator.data),
        *(logging.Formatter().format(record) for record in records),
    ]


@pytest.mark.freeze_time(tick=True)
async def test_nothing_private_gets_out(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    freezer: FrozenDateTimeFactory,
) -> None:
    """No private value is visible after any failure, although the provider repeats it."""
    account = private_account(simulator, caplog)
    # Refused at first, by a provider that repeats the secret.
    simulator.reply(
        REQUEST_TOKEN,
        Reply(json.dumps({"access_token": False, "msg": f"{SECRET} 5541987654321"}).encode()),
    )
    await set_up(hass, account)
    await hass.config_entries.async_reload(account.entry_id)
    await place_call(hass, destination=DESTINATION)
    token = account.runtime_data.coordinator.data.value

    said = []
    for number, reply in enumerate(
        (
            echo(token),
            Reply(f"{SECRET} {token} {LINK} 5541987654321".encode()),
            Reply(f"{SECRET} {token} {LINK}".encode(), 500),
            Reply(b"", 302, location=f"/voz/call?access_token={token}"),
            Reply(drop=True),
        )
    ):
        simulator.reply(PLACE_CALL, reply)
        with pytest.raises(HomeAssistantError) as caught:
            await place_call(hass, destination=DESTINATION, origin=f"+55 41 3060-030{number}")
        said.append(chain(caught.value))
    assert simulator.requests[PLACE_CALL] == 6
    for bad in ("91234-8765", "41 1234-8765 x", "41 41 91234-8765", 41912348765):
        with pytest.raises(HomeAssistantError) as caught:
            await place_call(hass, destination=bad)
        said.append(chain(caught.value))
    with pytest.raises(HomeAssistantError, match="already") as caught:
        await place_call(hass, destination=DESTINATION)
    said.append(chain(caught.value))

    # What is asked for in a URL, which holds the token.
    word = f"{SECRET} {token} 5541987654321 {LINK}"
    ambiguous = json.dumps({"status": "ok", "msg": [{"telefone": "1", "status": word}]})
    for reply in (
        Reply(ambiguous.encode(), 404),
        echo(token),
        Reply(b"", 302, location=f"/voz/status?access_token={token}"),
        Reply(b"", 999),
        Reply(drop=True),
    ):
        simulator.reply(STATUS, *[reply] * 10)
        simulator.reply(END, reply)
        await pass_time(hass, freezer, 3)
        with suppress(HomeAssistantError):
            await end_call(hass, destination=DESTINATION, origin="+55 41 3060-0399")
    for reply in (echo(token), Reply(drop=True)):
        simulator.reply(END, reply)
        with pytest.raises(HomeAssistantError) as caught:
            await end_call(hass, destination=DESTINATION)
        said.append(chain(caught.value))
    assert simulator.requests[STATUS] > 10
    assert simulator.requests[END] == 7
    assert "Directcall describes a telephone as" in caplog.text

    await simulator.stop()
    for act in (place_call, end_call):
        with pytest.raises(HomeAssistantError) as caught:
            await act(hass, destination=DESTINATION, origin="+55 41 3060-0398")
        said.append(chain(caught.value))

    said += await overheard(hass, hass_client, account, caplog)
    assert len(simulator.tokens) == 1
    assert leaks("\n".join(said), simulator.tokens) == set()


async def test_nothing_private_gets_out_of_messages(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No private value of a message is visible after any failure."""
    account = private_account(simulator, caplog, contacts={"Maria": DESTINATION})
    await set_up(hass, account)
    token = account.runtime_data.coordinator.data.value
    said: list[str] = []
    message = {"destination": DESTINATION, "message": f"{SECRET} liga para {DESTINATION}"}
    by_id = {"message_id": "12345678900001"}
    asked: dict[str, dict[str, str]] = dict(
        zip(MESSAGES, (message, message, by_id, by_id), strict=True)
    )
    await perform(hass, "send_sms", message)
    for reply in (echo(token), Reply(f"{token} {LINK}".encode(), 500), Reply(drop=True)):
        for action, endpoint in zip(
            MESSAGES, (SEND, SEND, "sms/status", "sms/remove"), strict=True
        ):
            simulator.reply(endpoint, reply)
            with pytest.raises(HomeAssistantError) as caught:
                await perform(hass, action, asked[action])
            said.append(chain(caught.value))
    status = json.dumps({"status": "ok", "msg": [{"para": DESTINATION, "t": token, "l": LINK}]})
    simulator.reply("sms/status", Reply(status.encode()))
    said.append(str(await perform(hass, "get_message_status", by_id)))
    with pytest.raises(HomeAssistantError, match="could not be prepared") as caught:
        await perform(
            hass,
            "send_voice_message",
            {
                "destination": "Maria",
                "media": {"media_content_id": f"media-source://media_source/x/{LINK}?t={token}"},
            },
        )
    said.append(chain(caught.value))
    for unknown in (f"Maria {DESTINATION}", f"Maria?access_token={token}"):
        with pytest.raises(HomeAssistantError, match="names: Maria") as caught:
            await perform(hass, "send_sms", {**message, "destination": unknown})
        said.append(chain(caught.value))

    await simulator.stop()
    with patch("custom_components.directcall.api.request_scope.asyncio.sleep"):
        for action in MESSAGES:
            with pytest.raises(HomeAssistantError) as caught:
                await perform(hass, action, asked[action])
            said.append(chain(caught.value))

    said += await overheard(hass, hass_client, account, caplog)
    assert leaks("\n".join(said), simulator.tokens) == set()


async def test_nothing_private_gets_out_of_alerts(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    freezer: FrozenDateTimeFactory,
) -> None:
    """No private value is in a state of an alert, in its texts and errors, or in a response."""
    name = "Fogo"
    how = {"channels": ["sms", "voice_message", "call"], "rounds": 20, "pause": {"seconds": 0}}
    data = alert_data(contacts=["01CONTACT0"], how=how)
    account = private_account(
        simulator, caplog, contacts={"Maria": DESTINATION}, alerts={name: data}
    )
    states = async_capture_events(hass, "state_changed")
    await set_up(hass, account)
    token = account.runtime_data.coordinator.data.value
    replies = (
        echo(token),
        Reply(f"{SECRET} {token} {LINK} 5541987654321".encode(), 500),
        Reply(b"", 302, location=f"/sms/send?access_token={token}"),
        Reply(drop=True),
    )
    for endpoint in (SEND, PLACE_CALL):
        simulator.reply(endpoint, *replies)
    text = f"Ligue para {DESTINATION}, ou {LINK}?access_token={token}"
    await perform(hass, "raise_alert", {"name": name, "message": text})
    said: list[str] = []
    await pass_time(hass, freezer, 30, times=60)
    by = {"by": f"João {DESTINATION}"}
    await perform(hass, "acknowledge_alert", by)
    for action in ("acknowledge_alert", "raise_alert"):
        with pytest.raises(HomeAssistantError) as caught:
            await perform(hass, action, {**by, "name": f"Fogo 2 {DESTINATION}"})
        said.append(chain(caught.value))
    said += [str(event.data["new_state"]) for event in states]
    assert sum("undelivered" in each for each in said) > 1
    said += await overheard(hass, hass_client, account, caplog)
    shown = [str(issue.to_json()) for issue in ir.async_get(hass).issues.values()]
    assert leaks("\n".join([*said, *shown]), simulator.tokens) == set()


async def look_and_listen(ws: Any, client: Any, content_id: str) -> list[str]:
    """Return all responses of the server to browsing and playing a recording."""
    seen: list[str] = []
    account, _, _ = content_id.rpartition("/")
    today = f"{account}/{dt_util.now().date()}"
    for command, item in (("browse", account), ("browse", today), ("resolve", content_id)):
        await ws.send_json_auto_id(
            {"type": f"media_source/{command}_media", "media_content_id": item}
        )
        seen.append(str(await ws.receive_json()))
    path = content_id.replace("media-source://directcall", "/api/directcall/recordings")
    async with client.get(path) as response:
        with suppress(ClientPayloadError):
            seen.append(repr(await response.read()))
        seen.append(f"{response.status} {response.raw_headers!r}")
    return seen


@pytest.mark.freeze_time(tick=True)
async def test_nothing_private_gets_out_of_recordings(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    home: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    freezer: FrozenDateTimeFactory,
) -> None:
    """No link leaves the server while recordings are browsed, played or listed, or that fails."""
    for component in ("diagnostics", "media_source", "websocket_api"):
        assert await async_setup_component(hass, component, {})
    account = private_account(simulator, caplog, contacts={"Maria": DESTINATION})
    await set_up(hass, account)
    await async_browse_media(hass, "media-source://directcall")
    await place_call(hass, destination="Maria", record=True)
    await pass_time(hass, freezer, 1, times=13)
    await end_call(hass, destination="Maria")
    await pass_time(hass, freezer, 121)
    event = hass.states.get("event.directcall_call")
    assert event is not None
    content_id = event.attributes["media_content_id"]
    [recording] = simulator.recordings
    link = f"extrato/gravacao/id/{recording.key}"
    token = account.runtime_data.coordinator.data.value

    # What people see and hear; the numbers are theirs.
    ws = await hass_ws_client(hass)
    client = await hass_client()
    seen = [str(await perform(hass, "list_recordings", {}))]

    async def look() -> None:
        seen.extend(await look_and_listen(ws, client, content_id))

    await look()
    assert "'RIFF" in "".join(seen)
    for reply in (
        Reply(f"{SECRET} {token} {LINK}".encode(), content_type="text/html"),
        Reply(f"{SECRET} {token} {LINK}".encode(), 404),
        Reply(f"{SECRET} {token} {LINK}".encode(), 503),
        Reply(b"", 302, location=f"http://192.168.0.1/{link}?access_token={token}"),
        Reply(b"", 302, location=f"{simulator.url}/{link}"),
        Reply(b"RIFF" * 100, content_type="audio/wav", drop=True),
        Reply(drop=True),
    ):
        simulator.reply(link, *[reply] * 10)
        await look()
        simulator.forget_replies(link)
    for reply in (echo(token), Reply(drop=True), Reply(f"{token} {LINK}".encode(), 500)):
        simulator.reply("extrato/list-recordings", *[reply] * 4)
        await look()
        with pytest.raises(HomeAssistantError) as caught:
            await perform(hass, "list_recordings", {})
        seen.append(chain(caught.value))
    invalid = {**recording.entry(simulator.url), "inicio": f"{SECRET} {token}", "origem": LINK}
    answer = json.dumps({"status": "ok", "msg": [invalid, LINK], "paginas": LINK})
    simulator.reply("extrato/list-recordings", *[Reply(answer.encode())] * 4)
    await look()
    await simulator.stop()
    await look()
    private = {SECRET, recording.key, "extrato/gravacao", *simulator.tokens}
    assert {text for text in private if text in "".join(seen)} == set()
    assert "leads away from Directcall" in "".join(seen)

    said = "\n".join(await overheard(hass, hass_client, account, caplog))
    assert leaks(said, [*simulator.tokens, recording.key]) == set()


@pytest.mark.freeze_time(tick=True)
async def test_nothing_private_gets_out_of_the_balance(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
) -> None:
    """No private value of a response is visible, and the amount only on the sensor."""
    simulator.quirks.token_lifetime = 10**7
    account = private_account(simulator, caplog)
    await async_setup_component(hass, "diagnostics", {})
    await set_up(hass, account)
    hass.config_entries.async_update_entry(
        account, options={**account.options, "low_balance": 9876.54}
    )
    token = account.runtime_data.coordinator.data.value
    private = f"{SECRET} {token} 5541912348765 {LINK}"
    fields = {"saldo": "7654,32", "moeda": private, "msg": private, "callerid": private}
    simulator.reply(
        BALANCE,
        Reply(json.dumps({"status": "ok", **fields}).encode()),
        echo(token),
        Reply(f"<d><saldo>{private}</saldo><moeda>{private}</moeda></d>".encode()),
        Reply(f"<d>{private}".encode(), 500),
        Reply(b"", 302, location=f"/extrato/saldo?access_token={token}"),
        Reply(drop=True),
    )
    await pass_time(hass, freezer, 6)
    said = await overheard(hass, hass_client, account, caplog)
    await pass_time(hass, freezer, 6 * 60 * 60, times=5)
    assert simulator.requests[BALANCE] == 6
    said += [
        *(str(state.as_dict()) for state in hass.states.async_all()),
        *(logging.Formatter().format(record) for record in caplog.records),
        str(issue_registry.issues),
    ]
    assert "low_balance" in said[-1]
    assert leaks("\n".join(said), simulator.tokens) == set()
    amounts = [text for text in said if re.search("7654[.,]32|9876[.,]54", text)]
    assert amounts != []
    assert [text for text in amounts if "sensor.directcall_balance" not in text] == []


def test_leaks_are_found() -> None:
    """The search for leaks finds planted ones."""
    assert leaks("x +55 (41) 98765.4321 y", []) == {"41987654321"}
    assert leaks(f"{SECRET} {LINK} tok", ["tok"]) == {SECRET, "extrato/gravacao", "tok"}


@pytest.mark.parametrize("disabled_by", [None, ConfigEntryDisabler.USER])
async def test_downloaded_diagnostics_name_no_account(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: HomeAssistant,
    simulator: Simulator,
    issue_registry: ir.IssueRegistry,
    disabled_by: ConfigEntryDisabler | None,
) -> None:
    """Home Assistant adds the repairs of all accounts, also those that an earlier version made."""
    other = make_account(simulator, "other@example.com", disabled_by=disabled_by)
    simulator.secrets["other@example.com"] = ACCOUNT.client_secret
    account = await set_up(hass, make_account(simulator))
    with pytest.raises(HomeAssistantError, match="no credit"):
        await place_call(hass, destination="+55 41 99999-0201")
    for kind in ("no_credit", "no_credit_sms"):
        ir.async_create_issue(
            hass,
            "directcall",
            f"{kind}_{other.entry_id}",
            is_fixable=False,
            is_persistent=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key=kind,
            translation_placeholders={"account": "other@example.com"},
        )
    other.add_to_hass(hass)
    await hass.config_entries.async_reload(account.entry_id)
    await async_setup_component(hass, "diagnostics", {})
    client = await hass_client()
    async with client.get(f"/api/diagnostics/config_entry/{account.entry_id}") as response:
        diagnostics = await response.text()
    issues = json.loads(diagnostics)["issues"]
    assert [issue["translation_placeholders"] for issue in issues] == [{"origin": "…0300"}] * 3
    assert "@example.com" not in diagnostics
