"""Connections: one for each request, apart for what rings, without cookies and compression."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
import gzip
import logging
import socket
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.directcall.api import (
    CallRequest,
    DirectcallClient,
    DirectcallConnectionFailedError,
    DirectcallOutcomeUnknownError,
    RequestScope,
    Sessions,
    Token,
    transport as transport_module,
)
from tests.api.common import PAIR, a_call, in_time, signed_in
from tests.common import PLACE_CALL, until
from tests.simulator import Reply, Simulator

CALL = CallRequest(PAIR, record=False, show_caller_id=True, ring_destination_first=False)
YES = b'{"status": "ok", "codigo": "000"}'


@asynccontextmanager
async def provider(
    sessions: Sessions, head: bytes, token: Token
) -> AsyncIterator[tuple[DirectcallClient, list[bytes]]]:
    """Serve one answer with this head to each request, and collect the requests."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(head)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield signed_in(sessions, f"http://127.0.0.1:{port}", token), requests


def answer(body: bytes, *headers: str) -> bytes:
    """Return an answer with a body and headers."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def test_hanging_calls_hold_no_call_back(
    client: DirectcallClient, simulator: Simulator
) -> None:
    """Twenty calls reach the provider while it answers none of them."""
    answer_calls = simulator.hold(PLACE_CALL)
    numbers = [f"554199999{last}" for last in range(1000, 1020)]
    calls = [asyncio.create_task(client.place_call(a_call(n), in_time())) for n in numbers]
    await until(lambda: len(simulator.calls) == len(numbers))
    answer_calls.set()
    placed = await asyncio.gather(*calls)
    assert all(call.provider_id for call in placed)


async def test_hanging_polls_hold_no_call_back(
    client: DirectcallClient, simulator: Simulator, token: Token
) -> None:
    """A call is placed at once while 100 polls hang, of which only a few are sent at all."""
    simulator.quirks.status_delay = 60
    polls = [asyncio.ensure_future(client.call_status(PAIR)) for _ in range(100)]
    await until(lambda: simulator.requests["voz/status"] == 8)
    async with asyncio.timeout(60):
        await client.place_call(CALL, in_time())
        await client.sign_in()
    assert len(simulator.calls) == 1
    assert simulator.requests["voz/status"] == 8
    for poll in polls:
        poll.cancel()
    await asyncio.gather(*polls, return_exceptions=True)


async def test_poll_waits_for_a_connection_in_vain(
    client: DirectcallClient, simulator: Simulator, token: Token
) -> None:
    """A poll that gets no connection in time is one that was not sent."""
    simulator.quirks.status_delay = 60
    polls = [asyncio.ensure_future(client.call_status(PAIR)) for _ in range(8)]
    await until(lambda: simulator.requests["voz/status"] == 8)
    with (
        patch.object(transport_module, "CONNECT_TIMEOUT", 0.1),
        pytest.raises(DirectcallConnectionFailedError),
    ):
        await client.call_status(PAIR)
    assert simulator.requests["voz/status"] == 8
    for poll in polls:
        poll.cancel()
    await asyncio.gather(*polls, return_exceptions=True)


async def test_cookies_are_neither_kept_nor_logged(
    sessions: Sessions, token: Token, caplog: pytest.LogCaptureFixture
) -> None:
    """A cookie of an answer goes along with no later request, and is in no log if it is invalid."""
    caplog.set_level(logging.DEBUG)
    head = answer(YES, "Set-Cookie: a=s3cr3t", "Set-Cookie: s3[cr]3t=1; Path=/")
    async with provider(sessions, head, token) as (client, requests):
        for _ in range(2):
            await client.place_call(CALL, in_time())
    assert len(requests) == 2
    assert all(b"cookie" not in request.lower() for request in requests)
    assert "s3cr3t" not in caplog.text
    assert "s3[cr]3t" not in caplog.text


async def test_compressed_answer_is_not_unpacked(sessions: Sessions, token: Token) -> None:
    """No compression is requested, and a response that is compressed is not read."""
    head = answer(gzip.compress(YES), "Content-Encoding: gzip")
    async with provider(sessions, head, token) as (client, requests):
        with pytest.raises(DirectcallOutcomeUnknownError):
            await client.place_call(CALL, in_time())
    [request] = requests
    assert b"accept-encoding: identity\r\n" in request.lower()
    assert b"connection: close\r\n" in request.lower()


async def test_redirect_is_not_followed(
    client: DirectcallClient, simulator: Simulator, token: Token
) -> None:
    """A redirect of a poll is not followed, so that no token leaves the provider."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        simulator.reply("voz/status", Reply(b"", 302, location=f"http://127.0.0.1:{port}/"))
        with pytest.raises(DirectcallConnectionFailedError):
            await client.call_status(PAIR)
    assert asked == []


@contextmanager
def frozen_clock() -> Iterator[list[float]]:
    """Stop the clock of request scopes, so that a test moves it."""
    now = [1000.0]
    with patch("custom_components.directcall.api.request_scope.time.monotonic", lambda: now[0]):
        yield now


async def test_deadline_ends_the_attempts(sessions: Sessions, token: Token) -> None:
    """No attempt or pause begins without enough time left."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    client = signed_in(sessions, f"http://127.0.0.1:{port}", token)
    slept: list[float] = []
    with frozen_clock() as now:
        scope = RequestScope(45)

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            now[0] += 42

        with (
            patch("custom_components.directcall.api.request_scope.asyncio.sleep", sleep),
            pytest.raises(DirectcallConnectionFailedError),
        ):
            await client.place_call(CALL, scope)
        assert slept == [1]
        assert client.statistics.requests["voz/call"] == 1
        now[0] += 100
        assert scope.seconds_left == 0


@pytest.mark.freeze_time(tick=True)
async def test_attempt_takes_no_longer_than_what_is_left(
    client: DirectcallClient, simulator: Simulator, token: Token, freezer: FrozenDateTimeFactory
) -> None:
    """An attempt that begins late ends with the deadline of the whole request."""
    answer = simulator.hold("voz/call")
    placing = asyncio.create_task(client.place_call(CALL, RequestScope(15)))
    await until(lambda: len(simulator.calls) == 1)
    # A request without a deadline ends after 30 s.
    freezer.tick(16)
    with pytest.raises(DirectcallOutcomeUnknownError):
        await placing
    answer.set()
    assert len(simulator.calls) == 1


async def test_cancelled_request_is_not_sent_again(
    client: DirectcallClient, simulator: Simulator, token: Token
) -> None:
    """A request that is cancelled during an attempt that sent nothing makes no other attempt."""
    await simulator.stop()
    scope = in_time()

    async def sleep(_: float) -> None:
        scope.cancel()
        await simulator.start()

    with (
        patch("custom_components.directcall.api.request_scope.asyncio.sleep", sleep),
        pytest.raises(asyncio.CancelledError),
    ):
        await client.place_call(CALL, scope)
    assert simulator.requests["voz/call"] == 0
