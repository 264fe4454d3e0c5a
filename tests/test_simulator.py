"""The simulated provider is as strict as the real one is known to be."""

from collections.abc import AsyncIterator
import subprocess
import sys
from typing import Any

import aiohttp
import pytest

from .simulator import ACCOUNT, Simulator

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
    """The provider reads forms only, and says so in its own way."""
    answer = await post(session, "/voz/call", json={"access_token": token, **CALL})
    assert answer["msg"] == "token não informado"
    assert simulator.calls == []


def test_it_runs_alone() -> None:
    """A newcomer can start it."""
    process = subprocess.run(
        [sys.executable, "-m", "tests.simulator", "--help"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert "--port" in process.stdout
