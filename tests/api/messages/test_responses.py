"""Client: answers to voice messages and SMS."""

import json

import pytest

from custom_components.directcall.api import (
    AcceptedRequest,
    DirectcallAuthenticationError,
    DirectcallClient,
    DirectcallNoCreditError,
    DirectcallOutcomeUnknownError,
    DirectcallRefusedError,
    DirectcallTokenRejectedError,
    Token,
)
from tests.api.common import BROKEN, chain
from tests.api.messages.common import ALL, ORIGIN, RECIPIENT, Send, write
from tests.common import REQUEST_TOKEN, SEND
from tests.simulator import Rejection, Reply, Simulator


def shown(sent: AcceptedRequest) -> tuple[str | None, str, str]:
    """Return the parts of a confirmation, its text as people see it."""
    return sent.provider_id, sent.code, str(sent.message)


@pytest.mark.parametrize("send", ALL)
async def test_success_is_read(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """A success has the provider's text and a masked message ID."""
    sent = await send(client, token)
    message_id = simulator.messages[0].message_id
    text = f"001 - Mensagem enviada com sucessso - CALLER-ID: …{message_id[-4:]}"
    assert shown(sent) == (message_id, "000", text)
    assert client.statistics.requests == {REQUEST_TOKEN: 1, SEND: 1}
    assert client.statistics.errors == {}


async def scripted(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send, **answer: object
) -> AcceptedRequest:
    """Send a message to two telephones, and get an answer."""
    simulator.reply(SEND, Reply(json.dumps({"status": "ok", **answer}).encode()))
    return await send(client, token, RECIPIENT, "5511988887777")


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        ({"codigo": "001", "msg": "001 - Ok"}, (None, "001", "001 - Ok")),
        ({"codigo": 1, "callerid": "a"}, ("a", "001", "")),
        ({"callerid": 12345678900001}, ("12345678900001", "", "")),
        ({"msg": "41 99999-0000 ok"}, (None, "", "…0000 ok")),
        ({"msg": "segredo 012345 http://x.br/?a=1"}, (None, "", "segredo … …")),
        ({"msg": ["5541999990000"]}, (None, "", "")),
    ],
)
async def test_success_with_any_code(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    answer: dict[str, object],
    sent: tuple[str | None, str, str],
) -> None:
    """A success counts with any code, and its text is masked."""
    assert shown(await scripted(client, simulator, token, send, **answer)) == sent


@pytest.mark.parametrize("send", ALL)
async def test_text_without_the_token(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """A token that the provider quotes is in no text."""
    sent = await scripted(client, simulator, token, send, msg=f"Ok: {token.value[:30]}")
    assert str(sent.message) == "Ok: …"
    sent = await scripted(client, simulator, token, send, msg=f"Ok {' '.join(token.value)}")
    assert str(sent.message) == "…"


@pytest.mark.parametrize("send", ALL)
async def test_message_without_id(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """A message without an ID is still accepted."""
    sent = await send(client, token, "5541999999004")
    assert (sent.provider_id, sent.code) == (None, "000")
    assert len(simulator.messages) == simulator.requests[SEND] == 1


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize(
    "message_id",
    [
        "{token}",
        "id-{token}.1",
        "012345",
        "a012345b",
        "99990000",
        RECIPIENT,
        "41-99999-0000.7",
        "9_9a9@9b0.0:0-0",
        "id.1188887777",
        ORIGIN,
        "30600300",
        int(RECIPIENT),
        True,
        None,
        12.5,
        ["a"],
        "",
        "x y",
        "http://x.br/?a=1",
    ],
)
async def test_id_gives_nothing_away(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    message_id: object,
) -> None:
    """An invalid ID, or one with a secret or eight digits of a number, is dropped."""
    answer = json.dumps({"status": "ok", "codigo": "000", "callerid": message_id})
    answer = answer.replace("{token}", token.value)
    simulator.reply(SEND, Reply(answer.encode()))
    sent = await send(client, token, RECIPIENT, "5511988887777")
    assert shown(sent) == (None, "000", "")


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize(
    "message_id",
    ["6f7c10f9-06de-4bee-8eba-7fe141e5b635", "9990000", "01234", "x" * 64],
)
async def test_id_is_kept_unchanged(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send, message_id: str
) -> None:
    """A valid ID is kept as it came."""
    sent = await scripted(client, simulator, token, send, callerid=message_id)
    assert sent.provider_id == message_id


REFUSALS = {
    "201": (DirectcallNoCreditError, "NoCreditError 201", "Saldo insuficiente!"),
    "102": (
        DirectcallNoCreditError,
        "NoCreditError 102",
        "Não restam mais chamadas do tipo",
    ),
    "001": (
        DirectcallRefusedError,
        "RefusedError 001",
        "Erro no envio de parâmetros, inválido ou faltando",
    ),
    "007": (
        DirectcallRefusedError,
        "RefusedError 007",
        "Falha ao conectar no servidor de SMS",
    ),
    "008": (DirectcallRefusedError, "RefusedError 008", "Erro ao enviar a mensagem"),
    "011": (
        DirectcallRefusedError,
        "RefusedError 011",
        "Problema no serviço de tarifação",
    ),
    "100": (DirectcallRefusedError, "RefusedError 100", "Problema na tarifação"),
}


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize(("code", "no"), REFUSALS.items(), ids=REFUSALS)
@pytest.mark.parametrize("status", [200, 400])
async def test_refusal_is_not_repeated(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    code: str,
    no: tuple[type[DirectcallRefusedError], str, str],
    status: int,
) -> None:
    """A refusal is raised with the provider's words, and not repeated."""
    error, counted, text = no
    simulator.quirks.error_status = status
    with pytest.raises(DirectcallRefusedError) as caught:
        await send(client, token, RECIPIENT, f"554199999{code:0>4}")
    assert type(caught.value) is error
    assert (caught.value.code, caught.value.message) == (code, text)
    assert simulator.requests[SEND] == 1
    assert simulator.messages == []
    assert client.statistics.errors == {counted: 1}


async def test_no_such_user(client: DirectcallClient, simulator: Simulator, token: Token) -> None:
    """An unknown account is an authentication error."""
    with pytest.raises(DirectcallAuthenticationError):
        await write(client, token, "5541999990200")
    assert simulator.requests[SEND] == 1


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize("rejection", Rejection)
@pytest.mark.parametrize("status", [200, 400])
async def test_rejected_token(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    rejection: Rejection,
    status: int,
) -> None:
    """A rejected token is renewed once, in each form of the rejection."""
    simulator.quirks.rejection = rejection
    simulator.quirks.error_status = status
    simulator.end_tokens()
    simulator.quirks.token_lifetime = 0
    with pytest.raises(DirectcallTokenRejectedError) as caught:
        await send(client, token)
    text = chain(caught.value)
    assert not any(each in text for each in simulator.tokens)
    assert (simulator.requests[SEND], len(simulator.tokens), simulator.messages) == (2, 2, [])


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize("status", [307, 308, 400, 403, 404, 413, 429])
async def test_http_error_is_not_repeated(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    status: int,
) -> None:
    """An HTTP error is a refusal. It is not repeated, and redirects are not followed."""
    simulator.reply(SEND, Reply(b"x", status, location="/sms/send"))
    with pytest.raises(DirectcallRefusedError) as caught:
        await send(client, token)
    assert caught.value.code == f"HTTP {status}"
    assert (simulator.requests[SEND], simulator.messages) == (1, [])


@pytest.mark.parametrize("send", ALL)
async def test_refusal_is_masked(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """A refusal contains no token, secret or whole number."""
    text = f"{token.value} negado: destino {RECIPIENT}, senha 012345"
    with pytest.raises(DirectcallRefusedError) as caught:
        await scripted(client, simulator, token, send, status="erro", codigo="001", msg=text)
    assert caught.value.message == "… negado: destino …0000, senha …"
    assert token.value not in chain(caught.value)
    assert RECIPIENT not in chain(caught.value)


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
async def test_no_readable_answer(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send, reply: Reply
) -> None:
    """A request without a readable response has an unknown outcome, and is never repeated."""
    simulator.reply(SEND, reply)
    with pytest.raises(DirectcallOutcomeUnknownError) as caught:
        await send(client, token)
    assert type(caught.value) is DirectcallOutcomeUnknownError
    assert token.value not in chain(caught.value)
    assert RECIPIENT not in chain(caught.value)
    assert simulator.requests == {REQUEST_TOKEN: 1, SEND: 1}
    assert client.statistics.requests == {REQUEST_TOKEN: 1, SEND: 1}
    assert client.statistics.errors == {"OutcomeUnknownError": 1}


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize(
    "answer",
    [
        {"codigo": "000", "callerid": "a"},
        {"codigo": "001", "msg": "001 - Mensagem enviada com sucessso"},
        {"status": "success", "codigo": "000"},
        {"status": True, "callerid": "a"},
    ],
)
async def test_ambiguous_reply_is_of_unknown_outcome(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    answer: dict[str, object],
) -> None:
    """A reply that states neither success nor refusal is of unknown outcome."""
    simulator.reply(SEND, Reply(json.dumps(answer).encode()))
    with pytest.raises(DirectcallOutcomeUnknownError):
        await send(client, token)
    assert simulator.requests[SEND] == 1
