"""Transport: answers that cannot be read, lost connections, certificates, and time-outs."""

import asyncio
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC
import gzip
import json
import logging
import resource
import socket
from unittest.mock import patch

import pytest
from yarl import URL

from custom_components.directcall.api import (
    DirectcallClient,
    DirectcallConnectionFailedError,
    DirectcallError,
    DirectcallHangUpUnknownError,
    DirectcallOutcomeUnknownError,
    DirectcallRefusedError,
    DirectcallTokenRejectedError,
    Sessions,
    Token,
    transport as transport_module,
)
from tests.api.common import BROKEN, GARBAGE, PAIR, a_call, chain, deaf_server, in_time, signed_in
from tests.common import END, PLACE_CALL, REQUEST_TOKEN, STATUS
from tests.simulator import Rejection, Reply, Simulator
from tests.simulator.certificate import self_signed


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
async def test_no_readable_answer(
    client: DirectcallClient, simulator: Simulator, token: Token, reply: Reply
) -> None:
    """A request without a readable response has an unknown outcome, and is never repeated."""
    simulator.reply(PLACE_CALL, reply)
    with pytest.raises(DirectcallOutcomeUnknownError):
        await client.place_call(a_call(), in_time())
    simulator.reply(REQUEST_TOKEN, reply)
    with pytest.raises(DirectcallConnectionFailedError):
        await client.sign_in()
    assert simulator.requests == {REQUEST_TOKEN: 2, PLACE_CALL: 1}


@pytest.mark.parametrize("status", [307, 308, 400, 404, 429])
async def test_http_error_is_not_repeated(
    client: DirectcallClient, simulator: Simulator, token: Token, status: int
) -> None:
    """An HTTP error is a refusal. It is not repeated, and redirects are not followed."""
    simulator.reply(PLACE_CALL, Reply(b"", status, location="/voz/call"))
    with pytest.raises(DirectcallRefusedError) as caught:
        await client.place_call(a_call(), in_time())
    assert caught.value.code == f"HTTP {status}"
    assert simulator.requests[PLACE_CALL] == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_cut_refusal(
    client: DirectcallClient, simulator: Simulator, token: Token, status: int
) -> None:
    """A refusal in a body that is cut off is not trusted, so nothing is repeated."""
    simulator.reply(PLACE_CALL, Reply(b'{"callerid": "a-1"', status, drop=True))
    with pytest.raises(DirectcallOutcomeUnknownError):
        await client.place_call(a_call(), in_time())
    assert simulator.requests[PLACE_CALL] == 1


@pytest.mark.parametrize("destination", ["5541999999001", "5541999999002"])
async def test_call_of_unknown_outcome_is_not_repeated(
    client: DirectcallClient, simulator: Simulator, token: Token, destination: str
) -> None:
    """A call that was placed before the answer was lost is placed once."""
    with pytest.raises(DirectcallOutcomeUnknownError):
        await client.place_call(a_call(destination), in_time())
    assert len(simulator.calls) == 1
    assert simulator.requests[PLACE_CALL] == 1


async def test_call_that_times_out_is_not_repeated(
    client: DirectcallClient, simulator: Simulator, token: Token
) -> None:
    """A call whose answer does not come in time is placed once."""
    with (
        patch.object(transport_module, "TIMEOUT", 0.5),
        pytest.raises(DirectcallOutcomeUnknownError, match=r"Timeout"),
    ):
        await client.place_call(a_call("5541999999003"), in_time())
    assert len(simulator.calls) == 1
    assert simulator.requests[PLACE_CALL] == 1


async def test_memory_does_not_grow_with_the_answer(
    client: DirectcallClient, simulator: Simulator, token: Token
) -> None:
    """An answer without end is not read to its end, packed or not."""
    bomb = gzip.compress(b" " * 64 * 1024 * 1024)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for reply in (BROKEN["blanks"], Reply(bomb, encoding="gzip")):
        simulator.reply(PLACE_CALL, reply)
        with pytest.raises(DirectcallOutcomeUnknownError):
            await client.place_call(a_call(), in_time())
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 32 * 1024  # KiB


@pytest.mark.parametrize(
    ("length", "result"),
    [
        (1024 * 1024, nullcontext()),
        (1024 * 1024 + 1, pytest.raises(DirectcallOutcomeUnknownError)),
    ],
)
async def test_longest_answer(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    length: int,
    result: AbstractContextManager[object],
) -> None:
    """An answer may be as long as a megabyte."""
    body = b'{"status": "ok"}'
    simulator.reply(PLACE_CALL, Reply(body, blanks=length - len(body)))
    with result:
        await client.place_call(a_call(), in_time())


async def test_nothing_listens(
    client: DirectcallClient, simulator: Simulator, token: Token, pauses: list[float]
) -> None:
    """A refused connection is tried three times, and then it is an error."""
    await simulator.stop()
    with pytest.raises(DirectcallConnectionFailedError):
        await client.place_call(a_call(), in_time())
    assert pauses == [1, 3]
    assert client.statistics.requests[PLACE_CALL] == 3
    with pytest.raises(DirectcallConnectionFailedError):
        await client.sign_in()
    assert client.statistics.requests[REQUEST_TOKEN] == 2


async def test_connection_comes_back(
    client: DirectcallClient, simulator: Simulator, token: Token
) -> None:
    """A call for which nothing could be sent at first is placed once."""
    await simulator.stop()

    async def sleep(_: float) -> None:
        await simulator.start()

    with patch("custom_components.directcall.api.request_scope.asyncio.sleep", sleep):
        assert (await client.place_call(a_call(), in_time())).code == "000"
    assert len(simulator.calls) == 1
    assert client.statistics.requests[PLACE_CALL] == 2


async def test_tls_fails(
    sessions: Sessions, simulator: Simulator, token: Token, pauses: list[float]
) -> None:
    """Nothing is sent without TLS."""
    url = URL(simulator.url).with_scheme("https")
    client = signed_in(sessions, url, token)
    with pytest.raises(DirectcallConnectionFailedError):
        await client.place_call(a_call(), in_time())
    assert len(pauses) == 2
    assert simulator.requests[PLACE_CALL] == 0


async def test_invalid_certificate_is_rejected(
    sessions: Sessions, token: Token, pauses: list[float]
) -> None:
    """Nothing is sent to a server with an invalid certificate."""
    context, _ = self_signed()
    told: list[bytes] = []

    def listen(server: socket.socket) -> None:
        for _ in range(3):
            with suppress(OSError):
                connection, _ = server.accept()
                with context.wrap_socket(connection, server_side=True) as private:
                    told.append(private.recv(1024))

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(1)
        listening = asyncio.create_task(asyncio.to_thread(listen, server))
        url = URL.build(scheme="https", host="127.0.0.1", port=server.getsockname()[1])
        client = signed_in(sessions, url, token)
        with pytest.raises(DirectcallConnectionFailedError):
            await client.place_call(a_call(), in_time())
        await listening
    assert len(pauses) == 2
    assert told == []


async def test_name_is_not_found(sessions: Sessions, token: Token, pauses: list[float]) -> None:
    """Nothing is sent if the host's name is not found."""
    client = signed_in(sessions, "https://directcall.invalid", token)
    with pytest.raises(DirectcallConnectionFailedError):
        await client.place_call(a_call(), in_time())
    assert len(pauses) == 2


async def test_no_connection_in_time(sessions: Sessions, token: Token, pauses: list[float]) -> None:
    """Nothing is sent if there is no connection in time."""
    with (
        deaf_server() as port,
        patch.object(transport_module, "CONNECT_TIMEOUT", 0.2),
    ):
        client = signed_in(sessions, f"http://127.0.0.1:{port}", token)
        with pytest.raises(DirectcallConnectionFailedError):
            await client.place_call(a_call(), in_time())
    assert len(pauses) == 2


async def test_timeout_during_the_request_is_of_unknown_outcome(
    sessions: Sessions, token: Token, pauses: list[float]
) -> None:
    """A time-out is of unknown outcome if something may have been sent."""
    with (
        deaf_server() as port,
        patch.object(transport_module, "TIMEOUT", 0.2),
    ):
        client = signed_in(sessions, f"http://127.0.0.1:{port}", token)
        with pytest.raises(DirectcallOutcomeUnknownError):
            await client.place_call(a_call(), in_time())
    assert pauses == []


async def test_each_request_has_its_own_connection(sessions: Sessions, token: Token) -> None:
    """No request goes out on a connection that served another, even if that is left open."""
    connections = 0
    body = b'{"status": "ok", "codigo": "000"}'
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await reader.read(4096):
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        client = signed_in(sessions, f"http://127.0.0.1:{port}", token)
        for _ in range(3):
            await client.place_call(a_call(), in_time())
    assert connections == 3


async def test_session_is_closed(
    sessions: Sessions, client: DirectcallClient, token: Token, pauses: list[float]
) -> None:
    """On a session that Home Assistant closed when it stopped, nothing is sent."""
    await sessions.close()
    with pytest.raises(DirectcallConnectionFailedError, match=r"^the session is closed$"):
        await client.place_call(a_call(), in_time())


async def test_debug_log(
    client: DirectcallClient, simulator: Simulator, token: Token, caplog: pytest.LogCaptureFixture
) -> None:
    """The debug log shows requests and their results, and nothing else."""
    caplog.set_level(logging.DEBUG, "custom_components.directcall")
    simulator.reply(PLACE_CALL, Reply(b"", 404))
    with pytest.raises(DirectcallRefusedError):
        await client.place_call(a_call(), in_time())
    assert client.statistics.errors == {"RefusedError HTTP 404": 1}
    await client.place_call(a_call(), in_time())
    messages = [r.getMessage() for r in caplog.records if r.name == transport_module.__name__]
    assert messages == ["voz/call: HTTP 404, code none", "voz/call: HTTP 200, code 000"]


async def test_statistics(client: DirectcallClient, simulator: Simulator, token: Token) -> None:
    """Statistics describe a client's requests without private values."""
    await client.place_call(a_call(), in_time())
    last_success = client.statistics.last_success
    assert last_success is not None
    assert last_success.tzinfo is UTC
    with pytest.raises(DirectcallError):
        await client.place_call(a_call("5541999990002"), in_time())
    assert client.statistics.requests == {REQUEST_TOKEN: 1, PLACE_CALL: 2}
    assert client.statistics.errors == {"RefusedError 002": 1}
    assert client.statistics.last_success == last_success


async def test_statistics_do_not_grow(
    client: DirectcallClient, simulator: Simulator, token: Token
) -> None:
    """A provider that refuses with another word each time fills no memory."""
    for answer in ({"error": "server_error"}, {"status": "erro"}, {"status": "erro", "codigo": 4}):
        simulator.reply(PLACE_CALL, Reply(json.dumps(answer).encode()))
        with pytest.raises(DirectcallRefusedError):
            await client.place_call(a_call(), in_time())
    assert client.statistics.errors == {
        "RefusedError other": 2,
        "RefusedError 004": 1,
    }


@pytest.mark.parametrize("rejection", Rejection)
async def test_rejected_token_in_a_query(
    client: DirectcallClient, simulator: Simulator, token: Token, rejection: Rejection
) -> None:
    """A rejected token is also recognized if it was in the URL."""
    simulator.quirks.rejection = rejection
    simulator.end_tokens()
    simulator.quirks.token_lifetime = 0
    with pytest.raises(DirectcallTokenRejectedError):
        await client.call_status(PAIR)
    with pytest.raises(DirectcallTokenRejectedError):
        await client.end_call(PAIR, in_time())


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
async def test_no_readable_answer_to_a_query(
    client: DirectcallClient, simulator: Simulator, token: Token, reply: Reply
) -> None:
    """A lost answer is asked for once, also by the HTTP client below."""
    simulator.reply(STATUS, reply)
    with pytest.raises(DirectcallConnectionFailedError):
        await client.call_status(PAIR)
    simulator.reply(END, reply)
    with pytest.raises(DirectcallHangUpUnknownError):
        await client.end_call(PAIR, in_time())
    assert (simulator.requests[STATUS], simulator.requests[END]) == (1, 1)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Reply(b"", 500), "HTTP 500 without a readable result"),
        (Reply(drop=True), "ServerDisconnectedError"),
    ],
)
async def test_lost_reply_is_logged_with_its_reason(
    client: DirectcallClient, simulator: Simulator, token: Token, reply: Reply, text: str
) -> None:
    """A log names how a reply was lost, and nothing private."""
    for endpoint in (REQUEST_TOKEN, PLACE_CALL, STATUS, END):
        simulator.reply(endpoint, reply)
    texts: list[str] = []
    for request in (
        client.sign_in(),
        client.place_call(a_call(), in_time()),
        client.call_status(PAIR),
        client.end_call(PAIR, in_time()),
    ):
        with pytest.raises(DirectcallError) as caught:
            await request
        texts.append(str(caught.value))
    assert texts == [text] * 4


async def test_hang_up_is_tried_again_without_connection(
    client: DirectcallClient, simulator: Simulator, token: Token, pauses: list[float]
) -> None:
    """Hanging up is tried three times if nothing could be sent, and a poll is tried once."""
    await simulator.stop()
    with pytest.raises(DirectcallConnectionFailedError, match=r"^ClientConnectorError$"):
        await client.end_call(PAIR, in_time())
    assert pauses == [1, 3]
    with pytest.raises(DirectcallConnectionFailedError):
        await client.call_status(PAIR)
    assert client.statistics.requests[STATUS] == 1


@pytest.mark.parametrize("answer", [b"", GARBAGE, None], ids=["none", "garbage", "late"])
async def test_url_with_the_token_is_in_no_error(
    sessions: Sessions, token: Token, answer: bytes | None
) -> None:
    """Neither an error nor its causes show the URL of a poll."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await reader.read()
        writer.write(answer or b"")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = signed_in(sessions, f"http://127.0.0.1:{port}", token)
        with (
            patch.object(transport_module, "TIMEOUT", 0.5),
            pytest.raises(DirectcallConnectionFailedError) as caught,
        ):
            await client.call_status(PAIR)
        with (
            patch.object(transport_module, "TIMEOUT", 0.5),
            pytest.raises(DirectcallHangUpUnknownError) as ended,
        ):
            await client.end_call(PAIR, in_time())
    for text in (chain(caught.value), chain(ended.value)):
        assert token.value not in text
        assert "5541999990000" not in text


async def test_url_with_the_token_is_in_no_error_of_a_connection(
    sessions: Sessions, token: Token, pauses: list[float]
) -> None:
    """Errors of the HTTP client about a time-out quote the URL, the package's errors do not."""
    with (
        deaf_server() as port,
        patch.object(transport_module, "CONNECT_TIMEOUT", 0.2),
    ):
        client = signed_in(sessions, f"http://127.0.0.1:{port}", token)
        with pytest.raises(DirectcallConnectionFailedError) as caught:
            await client.call_status(PAIR)
    assert token.value not in chain(caught.value)
