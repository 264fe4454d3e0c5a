"""Nothing private gets out: not into logs, not into errors, not into diagnostics."""

from contextlib import suppress
import json
import logging
import re
import traceback

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .conftest import end_call, make_account, pass_time, place_call, set_up
from .simulator import ACCOUNT, Reply, Simulator

SECRET = "000777-s3cr3t"
ORIGIN = "+55 41 98765-4321"
DESTINATION = "+55 41 91234-8765"
LINK = "http://www.directdial.com.br/extrato/gravacao/id/0123456789abcdef0123456789abcdef01234567"
END = "voz/end"
PLACE_CALL = "voz/call"
STATUS = "voz/status"
REQUEST_TOKEN = "request_token"


def leaks(text: str, tokens: list[str]) -> set[str]:
    """Return the private things in a text, numbers also where they are written apart."""
    digits = re.sub(r"[ ().+\-/]", "", text)
    return {
        private
        for private in (SECRET, "98765-4321", "91234-8765", "extrato/gravacao", *tokens)
        if private in text
    } | {number for number in ("41987654321", "41912348765") if number in digits}


def echo(token: str) -> Reply:
    """Return a refusal of a provider that repeats all that it was told."""
    message = f"{SECRET} {token} 5541987654321 para (41) 91234-8765 {LINK}?access_token={token}"
    return Reply(json.dumps({"status": "erro", "codigo": "999", "msg": message}).encode())


def chain(error: BaseException) -> str:
    """Return all that an error and its causes say, as a log would print them."""
    texts = ["".join(traceback.format_exception(error))]
    link: BaseException | None = error
    while link is not None:
        texts += [str(link), repr(link)]
        link = link.__cause__ or link.__context__
    return "\n".join(texts)


@pytest.mark.freeze_time(tick=True)
async def test_nothing_private_gets_out(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Whatever goes wrong, and whatever the provider echoes, nobody gets to read it."""
    for logger in ("custom_components.directcall", "aiohttp"):
        caplog.set_level(logging.DEBUG, logger)
    simulator.secrets[ACCOUNT.client_id] = SECRET
    account = make_account(simulator, data={"client_secret": SECRET}, options={"origin": ORIGIN})
    # Refused at first, by a provider that repeats the secret.
    simulator.reply(
        REQUEST_TOKEN,
        Reply(json.dumps({"access_token": False, "msg": f"{SECRET} 5541987654321"}).encode()),
    )
    await set_up(hass, account)
    await hass.config_entries.async_reload(account.entry_id)
    await place_call(hass, destination=DESTINATION)
    token = account.runtime_data.data.value

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
    riddle = json.dumps({"status": "ok", "msg": [{"telefone": "1", "status": word}]})
    for reply in (
        Reply(riddle.encode(), 404),
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
    assert "Directcall says" in caplog.text

    await simulator.stop()
    for act in (place_call, end_call):
        with pytest.raises(HomeAssistantError) as caught:
            await act(hass, destination=DESTINATION, origin="+55 41 3060-0398")
        said.append(chain(caught.value))

    said += [
        str(state.as_dict()) for state in hass.states.async_all() if "directcall" in state.entity_id
    ]
    said.append(json.dumps(await get_diagnostics_for_config_entry(hass, hass_client, account)))
    said.append(repr(account.runtime_data.data))
    records = [
        r for r in caplog.records if r.name.startswith(("custom_components.directcall", "aiohttp"))
    ]
    assert any(r.levelno == logging.DEBUG and "HTTP 200" in r.getMessage() for r in records)
    said += [logging.Formatter().format(record) for record in records]
    assert len(simulator.tokens) == 1
    assert leaks("\n".join(said), simulator.tokens) == set()


def test_leaks_are_found() -> None:
    """The search above finds what it looks for."""
    assert leaks("x +55 (41) 98765.4321 y", []) == {"41987654321"}
    assert leaks(f"{SECRET} {LINK} tok", ["tok"]) == {SECRET, "extrato/gravacao", "tok"}
