"""Client: tokens and calls, over real HTTP on loopback."""

from contextlib import nullcontext
import json
import time

import pytest
from yarl import URL

from custom_components.directcall.api import (
    DirectcallAuthenticationError,
    DirectcallClient,
    DirectcallInvalidUrlError,
    DirectcallNoCreditError,
    DirectcallNotActiveError,
    DirectcallRefusedError,
    DirectcallTokenRejectedError,
    LegState,
    Sessions,
    Token,
    parse_url,
    transport as transport_module,
)
from tests.api.common import PAIR, a_call, in_time, signed_in
from tests.common import END, PLACE_CALL
from tests.simulator import ACCOUNT, Rejection, Reply, Simulator, TokenShape


@pytest.mark.parametrize(
    ("shape", "expires_in", "given", "lifetime"),
    [
        (TokenShape.OPAQUE, False, 600, 3600),
        (TokenShape.OPAQUE, True, 600, 600),
        (TokenShape.JWT, False, 600, 600),
        (TokenShape.JWT, False, 100_000, 3600),
    ],
)
async def test_token(
    client: DirectcallClient,
    simulator: Simulator,
    shape: TokenShape,
    expires_in: bool,
    given: float,
    lifetime: float,
) -> None:
    """A token comes in any shape and lives from before it was asked for."""
    simulator.quirks.token_shape = shape
    simulator.quirks.expires_in = expires_in
    simulator.quirks.token_lifetime = given
    simulator.quirks.token_delay = 0.2
    before = time.monotonic()
    token = await client.sign_in()
    assert token.lifetime == lifetime
    assert before <= token.requested_at <= time.monotonic() - 0.2
    assert lifetime - 10 < token.seconds_left <= lifetime - 0.2


@pytest.mark.parametrize("rejection", Rejection)
async def test_wrong_secret(
    client: DirectcallClient, simulator: Simulator, rejection: Rejection
) -> None:
    """Refused credentials are recognized in each form of the refusal."""
    simulator.quirks.rejection = rejection
    simulator.secrets[ACCOUNT.client_id] = "another"
    with pytest.raises(DirectcallAuthenticationError):
        await client.sign_in()


async def test_secret_is_text(sessions: Sessions, simulator: Simulator) -> None:
    """Leading zeros of the secret count, and nothing in it is lost in the form."""
    simulator.secrets["a&b=c@example.com"] = "00 1+2&ç"
    client = DirectcallClient(sessions, URL(simulator.url), "a&b=c@example.com", "00 1+2&ç")
    await client.sign_in()
    client = DirectcallClient(sessions, URL(simulator.url), ACCOUNT.client_id, "12345")
    with pytest.raises(DirectcallAuthenticationError):
        await client.sign_in()


@pytest.mark.parametrize(("yes", "word"), [(True, "s"), (False, "n")])
async def test_call_form(
    client: DirectcallClient, simulator: Simulator, token: Token, yes: bool, word: str
) -> None:
    """Every field is always sent, as the documentation writes it."""
    placed = await client.place_call(a_call("ip4130600300", yes=yes), in_time())
    assert placed.code == "000"
    assert placed.provider_id
    assert str(placed.message) == "Completando a sua ligação, por favor aguarde!"
    [call] = simulator.calls
    assert call.form == {
        "access_token": token.value,
        "origem": "554130600300",
        "destino": "ip4130600300",
        "gravar": word,
        "cli": word,
        "inverter_discagem": word,
        "format": "JSON",
    }


async def test_call_without_id(
    client: DirectcallClient, simulator: Simulator, token: Token
) -> None:
    """The documentation's list of fields has no `callerid`: it may be missing."""
    assert (await client.place_call(a_call("5541999999004"), in_time())).provider_id is None
    assert len(simulator.calls) == 1


@pytest.mark.parametrize("rejection", Rejection)
@pytest.mark.parametrize("status", [200, 400])
async def test_rejected_token(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    rejection: Rejection,
    status: int,
) -> None:
    """A rejected token is renewed once, in each form of the rejection."""
    simulator.quirks.rejection = rejection
    simulator.quirks.error_status = status
    simulator.end_tokens()
    simulator.quirks.token_lifetime = 0
    with pytest.raises(DirectcallTokenRejectedError):
        await client.place_call(a_call(), in_time())
    assert (simulator.requests[PLACE_CALL], len(simulator.tokens), simulator.calls) == (2, 2, [])


@pytest.mark.parametrize("status", [200, 400])
async def test_refusal_is_not_repeated(
    client: DirectcallClient, simulator: Simulator, token: Token, status: int
) -> None:
    """A refusal is raised with the provider's words, and not repeated."""
    simulator.quirks.error_status = status
    with pytest.raises(DirectcallNoCreditError) as caught:
        await client.place_call(a_call("5541999990201"), in_time())
    assert (caught.value.code, caught.value.message) == ("201", "Saldo insuficiente!")
    assert simulator.requests[PLACE_CALL] == 1
    assert client.statistics.errors == {"NoCreditError 201": 1}


async def test_time_outs() -> None:
    """An attempt takes at most 30 seconds, 5 of them to connect."""
    assert transport_module.TIMEOUT == 30
    assert transport_module.CONNECT_TIMEOUT == 5


async def test_status_of_a_call(
    client: DirectcallClient, simulator: Simulator, token: Token
) -> None:
    """A call in progress is found by its two numbers."""
    assert (await client.call_status(PAIR)).status is None
    await client.place_call(a_call(), in_time())
    simulator.calls[0].line.started -= 3
    status = (await client.call_status(PAIR)).status
    assert status is not None
    assert status.is_live
    assert status.is_clear
    assert status.origin is not None
    assert status.origin.state is LegState.RINGING
    simulator.calls[0].line.started -= 10
    status = (await client.call_status(PAIR)).status
    assert status is not None
    assert status.destination is not None
    assert status.destination.state is LegState.ANSWERED
    assert (await client.call_status(a_call("5541999991111").pair)).status is None
    assert client.statistics.errors == {}


async def test_end_of_a_call(client: DirectcallClient, simulator: Simulator, token: Token) -> None:
    """A call in progress is ended by its two numbers."""
    await client.place_call(a_call(), in_time())
    with pytest.raises(DirectcallNotActiveError):
        await client.end_call(PAIR, in_time())
    simulator.calls[0].line.started -= 3
    ended = await client.end_call(PAIR, in_time())
    assert (ended.code, str(ended.message)) == ("000", "Chamada finalizada.")
    with pytest.raises(DirectcallNotActiveError):
        await client.end_call(PAIR, in_time())
    assert simulator.requests[END] == 3


@pytest.mark.parametrize(
    ("code", "error"),
    [("003", DirectcallNotActiveError), ("004", DirectcallRefusedError), ("001", None), ("", None)],
)
async def test_success_with_not_ended_code(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    code: str,
    error: type[Exception] | None,
) -> None:
    """A success with the code of a call that was not ended is an error."""
    simulator.reply(END, Reply(f'{{"status": "ok", "codigo": "{code}"}}'.encode()))
    with pytest.raises(error) if error else nullcontext():
        await client.end_call(PAIR, in_time())


@pytest.mark.parametrize(
    "call_id",
    ["{token}", "012345", "5541999990000", "41-99999-0000", "041999990000.1", "http://x.br/?a=1"],
)
async def test_id_gives_nothing_away(
    client: DirectcallClient, simulator: Simulator, token: Token, call_id: str
) -> None:
    """An ID that contains a secret, a number or a link is dropped."""
    answer = {"status": "ok", "codigo": "000", "callerid": call_id.format(token=token.value)}
    simulator.reply(PLACE_CALL, Reply(json.dumps(answer).encode()))
    assert (await client.place_call(a_call(), in_time())).provider_id is None


async def test_query_is_written_as_it_should_be(sessions: Sessions, simulator: Simulator) -> None:
    """A token with any characters arrives unchanged in a URL."""
    token = Token("a+b/c=d&e%20f#g?~", 3600, time.monotonic())
    client = signed_in(sessions, simulator.url, token)
    simulator.accept(token.value)
    await client.call_status(PAIR)
    assert simulator.queries == [
        {
            "access_token": token.value,
            "origem": "554130600300",
            "destino": "5541999990000",
            "format": "JSON",
        }
    ]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.directcallsoft.com", "https://api.directcallsoft.com"),
        (" https://api.directcallsoft.com/ ", "https://api.directcallsoft.com"),
        ("HTTPS://api.example.com:8443/v2/", "https://api.example.com:8443/v2"),
        ("https://example.com/X//", "https://example.com/X"),
        ("http://127.0.0.1:8124", "http://127.0.0.1:8124"),
        ("http://127.1.2.3", "http://127.1.2.3"),
        ("http://[::1]:8124", "http://[::1]:8124"),
        ("http://localhost:8124/", "http://localhost:8124"),
    ],
)
def test_url(text: str, url: str) -> None:
    """Credentials go to https, or to this very machine."""
    assert str(parse_url(text)) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.directcallsoft.com",
        "https://",
        "ftp://api.directcallsoft.com",
        "http://api.directcallsoft.com",
        "http://192.168.0.2",
        "http://localhost.example.com",
        "https://user@api.directcallsoft.com",
        "https://user:word@api.directcallsoft.com",
        "https://api.directcallsoft.com?access_token=1",
        "https://api.directcallsoft.com#x",
        "https://[::1",
        "https://xn--/",
        "https://api.directcallsoft.com:99999",
    ],
)
def test_bad_url(text: str) -> None:
    """Credentials are not sent to an unsafe URL."""
    with pytest.raises(DirectcallInvalidUrlError):
        parse_url(text)
