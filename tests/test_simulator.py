"""Simulator: as strict as the real provider is known to be."""

from collections.abc import AsyncIterator
import subprocess
import sys
import time
from typing import Any

import aiohttp
import pytest

from tests.simulator import ACCOUNT, Simulator
from tests.simulator.telephones import Line

CREDENTIALS = {"client_id": ACCOUNT.client_id, "client_secret": ACCOUNT.client_secret}
CALL = {"origem": "554130600300", "destino": "5541999990000"}


@pytest.fixture
async def session(simulator: Simulator) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a session at the simulator."""
    async with aiohttp.ClientSession(simulator.url) as session:
        yield session


async def post(session: aiohttp.ClientSession, path: str, **body: Any) -> dict[str, Any]:
    """Send a request and return the answer."""
    async with session.post(path, **body) as response:
        answer: dict[str, Any] = await response.json(content_type=None)
        return answer


@pytest.fixture
async def token(session: aiohttp.ClientSession) -> str:
    """Return a token."""
    answer = await post(session, "/request_token", data=CREDENTIALS)
    token: str = answer["access_token"]
    return token


async def test_call_is_accepted(
    session: aiohttp.ClientSession, simulator: Simulator, token: str
) -> None:
    """A call with all that is required is placed."""
    answer = await post(session, "/voz/call", data={"access_token": token, **CALL})
    assert (answer["status"], answer["codigo"]) == ("ok", "000")
    assert [call.rings_first for call in simulator.calls] == [CALL["origem"]]


@pytest.mark.parametrize(
    ("path", "credentials"),
    [
        ("/request_token", {"json": CREDENTIALS}),
        ("/request_token", {"params": CREDENTIALS}),
        ("/request_token", {"data": {**CREDENTIALS, "client_secret": "12345"}}),
        ("/request_token", {"data": {"client_id": "", "client_secret": ""}}),
        ("/request_token", {}),
    ],
)
async def test_credentials_have_to_be_right(
    session: aiohttp.ClientSession, path: str, credentials: dict[str, Any]
) -> None:
    """Only a form with the right credentials gets a token."""
    assert (await post(session, path, **credentials))["access_token"] is False


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"access_token": ""}, "001"),
        ({"access_token": "another"}, "006"),
        ({"origem": ""}, "001"),
        ({"destino": "+5541999990000"}, "001"),
        ({"destino": "(41) 99999-0000"}, "001"),
        ({"destino": "5541999990000;5541999991111"}, "001"),
        ({"gravar": "sim"}, "001"),
        ({"destino": "5541999990201"}, "201"),
    ],
)
async def test_call_has_to_be_right(
    session: aiohttp.ClientSession,
    simulator: Simulator,
    token: str,
    changes: dict[str, str],
    code: str,
) -> None:
    """A call with anything wrong is refused."""
    answer = await post(session, "/voz/call", data={"access_token": token, **CALL, **changes})
    assert (answer["status"], answer["codigo"]) == ("erro", code)
    assert simulator.calls == []


async def test_json_is_not_read(
    session: aiohttp.ClientSession, simulator: Simulator, token: str
) -> None:
    """The provider reads forms only, and refuses JSON in its own form."""
    answer = await post(session, "/voz/call", json={"access_token": token, **CALL})
    assert answer["msg"] == "token não informado"
    assert simulator.calls == []


MESSAGE = {**CALL, "tipo": "voz", "texto": "Fumaça"}
AUDIO = {**CALL, "tipo": "voz"}


def audio_form(fields: dict[str, str], audio: bytes) -> aiohttp.FormData:
    """Return a form of several parts."""
    form = aiohttp.FormData(fields)
    form.add_field("audio", audio, filename="a.mp3", content_type="audio/mpeg")
    return form


@pytest.mark.parametrize(
    "changes",
    [
        {"texto": ""},
        {"texto": "x" * 701},
        {"tipo": "fax"},
        {"destino": ""},
        {"destino": "5541999990000;"},
        {"destino": ";".join(["5541999990000"] * 11)},
        {"origem": "+554130600300"},
        {"cron": "2026-12-31 08:30:00"},
        {"cron": "01-01-2020-00-00-00"},
        {"enviar_de": "24"},
        {"enviar_ate": "08:00"},
        {"num_tentativas": "0"},
        {"num_tentativas": "11"},
    ],
)
async def test_message_has_to_be_right(
    session: aiohttp.ClientSession, simulator: Simulator, token: str, changes: dict[str, str]
) -> None:
    """A message that the documentation does not allow is refused."""
    good = {"access_token": token, **MESSAGE}
    answer = await post(session, "/sms/send", data={**good, **changes})
    assert (answer["status"], answer["codigo"]) == ("erro", "001")
    answer = await post(session, "/sms/send", data=good)
    assert answer["msg"].startswith("001 - ")
    assert (answer["status"], answer["callerid"]) == ("ok", simulator.messages[0].message_id)


@pytest.mark.parametrize(
    ("fields", "audio"),
    [
        (AUDIO, b"RIFF"),
        (AUDIO, b"ID3" + bytes(4_000_000)),
        (MESSAGE, b"ID3"),
        ({**AUDIO, "tipo": "texto"}, b"ID3"),
    ],
)
async def test_audio_has_to_be_right(
    session: aiohttp.ClientSession,
    simulator: Simulator,
    token: str,
    fields: dict[str, str],
    audio: bytes,
) -> None:
    """Audio is an MP3 of 4 MB at most, instead of a text, for who is called."""
    form = audio_form({"access_token": token, **fields}, audio)
    assert (await post(session, "/sms/send", data=form))["codigo"] == "001"
    form = audio_form({"access_token": token, **AUDIO}, b"ID3x")
    assert (await post(session, "/sms/send", data=form))["status"] == "ok"
    assert simulator.messages[0].audio == b"ID3x"


async def ask(session: aiohttp.ClientSession, path: str, **fields: str) -> dict[str, Any]:
    """Ask for a call in progress."""
    async with session.get(path, params=fields) as response:
        answer: dict[str, Any] = await response.json(content_type=None)
        return answer


async def test_status_and_end(
    session: aiohttp.ClientSession, simulator: Simulator, token: str
) -> None:
    """A call in progress has a leg a telephone, with the documentation's blanks, until it ends."""
    fields = {"access_token": token, **CALL}
    assert (await ask(session, "/voz/status", **fields))["codigo"] == "003"
    await post(session, "/voz/call", data=fields)
    assert (await ask(session, "/voz/end", **fields))["codigo"] == "003"
    simulator.calls[0].line.started -= 20
    legs = (await ask(session, "/voz/status", **fields))["msg"]
    assert [(leg["telefone"], leg["status"]) for leg in legs] == [
        (" 55 41  3060 0300", "atendida"),
        ("  41  99999 0000", "atendida"),
    ]
    assert (await ask(session, "/voz/end", **fields))["status"] == "ok"
    assert (await ask(session, "/voz/status", **fields))["codigo"] == "003"


@pytest.mark.parametrize("path", ["/voz/status", "/voz/end"])
async def test_query_has_to_be_right(
    session: aiohttp.ClientSession, simulator: Simulator, token: str, path: str
) -> None:
    """A poll and a hang-up need their fields in the URL, with a token."""
    assert (await ask(session, path, **CALL))["msg"] == "token não informado"
    assert (await ask(session, path, access_token="x", **CALL))["codigo"] == "006"
    answer = await post(session, path, data={"access_token": token, **CALL})
    assert answer["msg"] == "token não informado"


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("0300", "0000", [None, ["chamando"], ["atendida", "chamando"], ["atendida", "atendida"]]),
        ("7001", "0000", [None, ["OCUPADO"], None, None]),
        ("0300", "7001", [None, ["chamando"], ["atendida", "OCUPADO"], None]),
        ("0300", "7002", [None, ["chamando"], *[["atendida", "chamando"]] * 2]),
        (
            "0300",
            "7003",
            [None, ["chamando"], *[["atendida", w] for w in ("chamando", "Rejeitada")]],
        ),
        ("0300", "7005", [None, ["chamando"], *[["atendida", "redirecionada"]] * 2]),
        ("0300", "7006", [None, ["chamando"], ["atendida", "falha"], None]),
    ],
)
def test_telephones(first: str, second: str, words: list[list[str] | None]) -> None:
    """Telephones ring in turn, and behave by their last digits."""
    line = Line(f"41{first}", f"42{second}", time.monotonic())
    said = []
    for _ in words:
        legs = line.legs()
        said.append(legs and list(legs.values()))
        line.started -= 4
    assert said == words


def test_it_runs_alone() -> None:
    """A newcomer can start it."""
    process = subprocess.run(
        [sys.executable, "-m", "tests.simulator", "--help"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert "--port" in process.stdout
