"""Client: status and cancellation of messages."""

import asyncio
from collections.abc import Awaitable, Callable
import json
import time
from unittest.mock import patch

import pytest
from yarl import URL

from custom_components.directcall.api import (
    DirectcallCancellationUnknownError,
    DirectcallClient,
    DirectcallConnectionFailedError,
    DirectcallError,
    DirectcallOutcomeUnknownError,
    DirectcallRefusedError,
    DirectcallTokenRejectedError,
    ProviderReply,
    Sessions,
    Token,
    transport as transport_module,
)
from tests.api.common import BROKEN, GARBAGE, chain, in_time
from tests.api.messages.common import ALL, IN_A_MOMENT, RECIPIENT, YES, speak
from tests.common import REQUEST_TOKEN
from tests.simulator import ACCOUNT, Rejection, Reply, Simulator

STATUS = "sms/status"
REMOVE = "sms/remove"
MESSAGE_ID = "98765.4321"
type Ask = Callable[[DirectcallClient, Token, str], Awaitable[ProviderReply]]


def shown(reply: ProviderReply) -> tuple[str, str]:
    """Return the code and the text of a reply, as people see them."""
    return reply.code, str(reply.message)


async def look(client: DirectcallClient, token: Token, message_id: str) -> ProviderReply:
    """Request the status of a message."""
    client.auth.token = token
    return await client.message_status(message_id, in_time())


async def cancel(client: DirectcallClient, token: Token, message_id: str) -> ProviderReply:
    """Cancel a message."""
    client.auth.token = token
    return await client.cancel_message(message_id, in_time())


# Each question about a message, where it goes to, and the error that a lost answer is.
ENDPOINTS: list[tuple[Ask, str]] = [(look, STATUS), (cancel, REMOVE)]
LOST: list[tuple[Ask, str, type[DirectcallError]]] = [
    (look, STATUS, DirectcallConnectionFailedError),
    (cancel, REMOVE, DirectcallCancellationUnknownError),
]


async def test_status_of_a_message(
    client: DirectcallClient, simulator: Simulator, token: Token, message_id: str
) -> None:
    """The provider's reply about a message is returned."""
    assert shown(await look(client, token, message_id)) == ("000", "Agendada")
    sent = await speak(client, token)
    assert shown(await look(client, token, str(sent.provider_id))) == ("000", "Entregue")
    await cancel(client, token, message_id)
    assert shown(await look(client, token, message_id)) == ("000", "Cancelada")
    assert simulator.requests[STATUS] == 3
    assert client.statistics.errors == {}


async def test_status_of_no_message(
    client: DirectcallClient, simulator: Simulator, token: Token, message_id: str
) -> None:
    """An id that is not known is refused, and not asked for again."""
    with pytest.raises(DirectcallRefusedError) as caught:
        await look(client, token, "1")
    assert (caught.value.code, caught.value.message) == ("009", 'Campo code "" inexistente.')
    assert simulator.requests[STATUS] == 1
    assert client.statistics.errors == {"RefusedError 009": 1}


async def test_message_is_cancelled(
    client: DirectcallClient, simulator: Simulator, token: Token, message_id: str
) -> None:
    """A message that is scheduled is cancelled, once."""
    assert shown(await cancel(client, token, message_id)) == ("000", "Mensagem cancelada.")
    assert [message.cancelled for message in simulator.messages] == [True]
    with pytest.raises(DirectcallRefusedError) as caught:
        await cancel(client, token, message_id)
    assert caught.value.code == "010"
    assert simulator.requests[REMOVE] == 2
    assert client.statistics.errors == {"RefusedError 010": 1}


async def test_message_that_was_sent_is_not_cancelled(
    client: DirectcallClient, simulator: Simulator, token: Token
) -> None:
    """A message that is not scheduled, or unknown, cannot be cancelled."""
    sent = await speak(client, token)
    for message_id in (str(sent.provider_id), "1"):
        with pytest.raises(DirectcallRefusedError) as caught:
            await cancel(client, token, message_id)
        assert caught.value.code == "010"
    assert [message.cancelled for message in simulator.messages] == [False]
    assert simulator.requests[REMOVE] == 2


@pytest.mark.parametrize(("ask", "endpoint"), ENDPOINTS)
async def test_query(
    sessions: Sessions,
    simulator: Simulator,
    ask: Ask,
    endpoint: str,
) -> None:
    """A token and an id are in the URL of a GET, and nothing of them is lost."""
    client = DirectcallClient(sessions, URL(simulator.url), *ACCOUNT)
    token = Token("a+b/c=d&e%20f#g?~", 3600, time.monotonic())
    simulator.accept(token.value)
    with pytest.raises(DirectcallRefusedError):
        await ask(client, token, "a:b@c._-1&d=e+f%20")
    assert simulator.requests == {endpoint: 1}
    assert simulator.queries == [
        {"access_token": token.value, "code": "a:b@c._-1&d=e+f%20", "format": "JSON"}
    ]


@pytest.mark.parametrize(("ask", "endpoint"), ENDPOINTS)
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Entregue", "Entregue"),
        (f"Entregue a {RECIPIENT}", "Entregue a …0000"),
        ([{"destino": RECIPIENT, "status": "ok"}], "destino …0000 status ok"),
        ([{"destino": int(RECIPIENT)}], "destino …0000"),
        ([{"ddi": "55", "x": "41"}, "99999", "0000"], "ddi 55 x …0000"),
        ({"a": "55\t41\t99999\n0000"}, "a …0000"),
        ({"situação": "Não entregue 🔥"}, "situação Não entregue 🔥"),
        ({"senha": "012345"}, "senha …"),
        ({"token": "{token}"}, "token …"),
        (["{token}", "ok"], "… ok"),
        ({"ver": "http://x.br/?a=1", "ok": 1}, "ver … ok 1"),
        (["uma\nlinha"], "uma linha"),
        ([1, None, True], "1 None True"),
        (["x " * 400], "x " * 150 + "…"),
        (3, "3"),
        (True, "True"),
        ([], ""),
        ({}, ""),
        ("", ""),
        (None, ""),
    ],
)
async def test_reply_text_in_any_shape(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    ask: Ask,
    endpoint: str,
    said: object,
    expected: str,
) -> None:
    """The text of a reply is read in any shape, and masked."""
    answer = json.dumps({"status": "ok", "codigo": "001", "msg": said})
    simulator.reply(endpoint, Reply(answer.replace("{token}", token.value).encode()))
    assert shown(await ask(client, token, "1")) == ("001", expected)


@pytest.mark.parametrize(("ask", "endpoint"), ENDPOINTS)
async def test_deeply_nested_reply_is_a_success(
    client: DirectcallClient, simulator: Simulator, token: Token, ask: Ask, endpoint: str
) -> None:
    """A success counts even if its text is nested too deeply."""
    deep = b"[" * 5000 + b"]" * 5000
    simulator.reply(endpoint, Reply(b'{"status": "ok", "codigo": "000", "msg": ' + deep + b"}"))
    assert shown(await ask(client, token, "1")) == ("000", "")


@pytest.mark.parametrize(("ask", "endpoint"), ENDPOINTS)
@pytest.mark.parametrize("said", [["um-token!"], {"um-token!": "ok"}, "um-token!"])
async def test_reply_text_masks_a_short_token(
    client: DirectcallClient, simulator: Simulator, ask: Ask, endpoint: str, said: object
) -> None:
    """A token in the text of a reply is masked, even a short one."""
    simulator.reply(endpoint, Reply(json.dumps({"status": "ok", "msg": said}).encode()))
    answer = await ask(client, Token("um-token!", 3600, time.monotonic()), MESSAGE_ID)
    assert "…" in str(answer.message)
    assert "token" not in str(answer.message)


@pytest.mark.parametrize(("ask", "endpoint"), ENDPOINTS)
async def test_reply_without_a_text(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    ask: Ask,
    endpoint: str,
) -> None:
    """A success needs no text."""
    simulator.reply(endpoint, Reply(b'{"status": "ok"}'))
    assert shown(await ask(client, token, "1")) == ("", "")


@pytest.mark.parametrize(("ask", "endpoint"), ENDPOINTS)
@pytest.mark.parametrize("rejection", Rejection)
async def test_rejected_token_in_a_query(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    message_id: str,
    ask: Ask,
    endpoint: str,
    rejection: Rejection,
) -> None:
    """A rejected token is also recognized if it was in the URL."""
    simulator.quirks.rejection = rejection
    simulator.end_tokens()
    simulator.quirks.token_lifetime = 0
    with pytest.raises(DirectcallTokenRejectedError) as caught:
        await ask(client, token, message_id)
    text = chain(caught.value)
    assert not any(each in text for each in simulator.tokens)
    assert (simulator.requests[endpoint], len(simulator.tokens)) == (2, 2)
    assert not simulator.messages[0].cancelled


@pytest.mark.parametrize(("ask", "endpoint"), ENDPOINTS)
@pytest.mark.parametrize("status", [307, 308, 400, 404, 429])
async def test_http_error_of_a_query(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    ask: Ask,
    endpoint: str,
    status: int,
) -> None:
    """An HTTP error of a query is a refusal."""
    simulator.reply(endpoint, Reply(b"", status, location=f"/{endpoint}"))
    with pytest.raises(DirectcallRefusedError) as caught:
        await ask(client, token, "1")
    assert caught.value.code == f"HTTP {status}"
    assert simulator.requests[endpoint] == 1


@pytest.mark.parametrize(("ask", "endpoint", "error"), LOST)
@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
async def test_no_readable_answer_to_a_query(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    ask: Ask,
    endpoint: str,
    error: type[DirectcallError],
    reply: Reply,
) -> None:
    """A lost answer is asked for once, also by the HTTP client below."""
    simulator.reply(endpoint, reply)
    with pytest.raises(
        error, match=r"a readable result|too long|ServerDisconnectedError|ClientPayloadError"
    ) as caught:
        await ask(client, token, MESSAGE_ID)
    assert type(caught.value) is error
    assert token.value not in chain(caught.value)
    assert MESSAGE_ID not in chain(caught.value)
    assert simulator.requests == {REQUEST_TOKEN: 1, endpoint: 1}
    assert client.statistics.errors == {error.__name__.removeprefix("Directcall"): 1}


async def test_each_request_has_its_own_connection(sessions: Sessions, token: Token) -> None:
    """No request goes out on a connection that served another, even if that is left open."""
    connections = 0
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(YES), YES)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await reader.read(65536):
            writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = DirectcallClient(sessions, URL(f"http://127.0.0.1:{port}"), *ACCOUNT)
        for send in ALL:
            await send(client, token)
        for ask, _ in ENDPOINTS:
            await ask(client, token, MESSAGE_ID)
    assert connections == 5


def test_cancellation_of_unknown_outcome_is_of_unknown_outcome() -> None:
    """The error is also caught as the general error of an unknown outcome."""
    assert issubclass(DirectcallCancellationUnknownError, DirectcallOutcomeUnknownError)


@pytest.mark.parametrize(
    ("ask", "endpoint", "waited"), [(look, STATUS, []), (cancel, REMOVE, [1, 3])]
)
async def test_query_without_connection(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    pauses: list[float],
    ask: Ask,
    endpoint: str,
    waited: list[float],
) -> None:
    """Cancelling is tried three times without a connection, polling once."""
    await simulator.stop()
    with pytest.raises(DirectcallConnectionFailedError) as caught:
        await ask(client, token, MESSAGE_ID)
    assert pauses == waited
    assert client.statistics.requests[endpoint] == len(waited) + 1
    assert token.value not in chain(caught.value)
    assert MESSAGE_ID not in chain(caught.value)


async def test_cancelling_waits_for_the_connection(
    client: DirectcallClient, simulator: Simulator, token: Token, message_id: str
) -> None:
    """A message is cancelled once there is a connection again."""
    await simulator.stop()

    async def sleep(_: float) -> None:
        await simulator.start()

    with patch("custom_components.directcall.api.request_scope.asyncio.sleep", sleep):
        assert (await cancel(client, token, message_id)).code == "000"
    assert simulator.messages[0].cancelled
    assert simulator.requests[REMOVE] == 1


@pytest.mark.parametrize(("ask", "endpoint", "error"), LOST)
@pytest.mark.parametrize("answer", [b"", GARBAGE, None], ids=["none", "garbage", "late"])
async def test_url_with_the_token_is_in_no_error(
    sessions: Sessions,
    token: Token,
    ask: Ask,
    endpoint: str,
    error: type[DirectcallError],
    answer: bytes | None,
) -> None:
    """Neither an error, nor what led to it, shows the URL of a question."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        head = await reader.readuntil(b"\r\n\r\n")
        assert token.value.encode() in head
        if answer is None:
            await reader.read()
        writer.write(answer or b"")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = DirectcallClient(sessions, URL(f"http://127.0.0.1:{port}"), *ACCOUNT)
        with (
            patch.object(transport_module, "TIMEOUT", IN_A_MOMENT),
            pytest.raises(error) as caught,
        ):
            async with asyncio.timeout(30):
                await ask(client, token, MESSAGE_ID)
    assert type(caught.value) is error
    assert connections == 1
    text = chain(caught.value)
    assert token.value not in text
    assert MESSAGE_ID not in text
