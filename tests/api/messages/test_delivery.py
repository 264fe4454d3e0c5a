"""Client: connections that fail while a message is sent."""

import asyncio
from unittest.mock import patch

import pytest

from custom_components.directcall.api import (
    DirectcallClient,
    DirectcallConnectionFailedError,
    DirectcallOutcomeUnknownError,
    DirectcallRefusedError,
    PhoneNumber,
    Sessions,
    Token,
    VoiceMessage,
    transport as transport_module,
)
from tests.api.common import chain, deaf_server, in_time, signed_in
from tests.api.messages.common import (
    ALL,
    AUDIO,
    IN_A_MOMENT,
    ORIGIN,
    RECIPIENT,
    Send,
    numbers,
    play,
    speak,
    write,
)
from tests.common import SEND, TEXT
from tests.simulator import Simulator


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize("last_digits", ["9001", "9002"])
async def test_message_of_unknown_outcome_is_not_repeated(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send, last_digits: str
) -> None:
    """A message that was sent before the answer was lost is sent once."""
    with pytest.raises(DirectcallOutcomeUnknownError):
        await send(client, token, f"554199999{last_digits}", RECIPIENT)
    assert len(simulator.messages) == simulator.requests[SEND] == 1


@pytest.mark.parametrize(
    ("send", "time_out"), [(speak, "TIMEOUT"), (play, "UPLOAD_TIMEOUT"), (write, "TIMEOUT")]
)
async def test_message_that_times_out_is_not_repeated(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send, time_out: str
) -> None:
    """A message whose answer does not come in time is sent once."""
    with (
        patch.object(transport_module, time_out, IN_A_MOMENT),
        pytest.raises(DirectcallOutcomeUnknownError),
    ):
        async with asyncio.timeout(5):
            await send(client, token, "5541999999003")
    assert len(simulator.messages) == simulator.requests[SEND] == 1


async def test_upload_has_its_own_time(
    client: DirectcallClient, simulator: Simulator, token: Token
) -> None:
    """Audio may take longer than anything else: it takes long until all of it is there."""
    simulator.quirks.call_delay = 0.8
    with patch.object(transport_module, "TIMEOUT", IN_A_MOMENT):
        assert (await play(client, token)).code == "000"
    assert transport_module.UPLOAD_TIMEOUT == 90


async def test_upload_that_breaks_off_is_not_repeated(sessions: Sessions, token: Token) -> None:
    """Audio of which a part was sent is of unknown outcome, and not sent again."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readexactly(100_000)
        writer.transport.abort()

    message = VoiceMessage(PhoneNumber(ORIGIN), numbers(), AUDIO.ljust(4_000_000))
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = signed_in(sessions, f"http://127.0.0.1:{port}", token)
        with pytest.raises(DirectcallOutcomeUnknownError) as caught:
            await client.send_voice_message(message, in_time())
    assert connections == 1
    assert token.value not in chain(caught.value)


@pytest.mark.parametrize("status", [403, 413])
async def test_upload_that_is_refused_early(sessions: Sessions, token: Token, status: int) -> None:
    """A no that comes before all of the audio was sent is a no, and nothing is sent again."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
        await reader.read()
        writer.close()

    message = VoiceMessage(PhoneNumber(ORIGIN), numbers(), AUDIO.ljust(4_000_000))
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = signed_in(sessions, f"http://127.0.0.1:{port}", token)
        with pytest.raises(DirectcallRefusedError) as caught:
            await client.send_voice_message(message, in_time())
    assert caught.value.code == f"HTTP {status}"
    assert connections == 1


@pytest.mark.parametrize("send", ALL)
async def test_nothing_listens(
    client: DirectcallClient, simulator: Simulator, token: Token, pauses: list[float], send: Send
) -> None:
    """A refused connection is tried three times, and then it is an error."""
    await simulator.stop()
    with pytest.raises(DirectcallConnectionFailedError) as caught:
        await send(client, token)
    assert pauses == [1, 3]
    assert client.statistics.requests[SEND] == 3
    assert client.statistics.errors == {"ConnectionFailedError": 1}
    assert token.value not in chain(caught.value)


@pytest.mark.parametrize("send", ALL)
async def test_no_connection_in_time(
    sessions: Sessions, token: Token, pauses: list[float], send: Send
) -> None:
    """Nothing is sent if there is no connection in time."""
    with deaf_server() as port, patch.object(transport_module, "CONNECT_TIMEOUT", 0.2):
        client = signed_in(sessions, f"http://127.0.0.1:{port}", token)
        with pytest.raises(DirectcallConnectionFailedError):
            await send(client, token)
    assert pauses == [1, 3]


@pytest.mark.parametrize("send", ALL)
async def test_session_is_closed(
    sessions: Sessions,
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    pauses: list[float],
    send: Send,
) -> None:
    """On a session that Home Assistant closed when it stopped, nothing is sent."""
    await sessions.close()
    with pytest.raises(DirectcallConnectionFailedError):
        await send(client, token)
    assert simulator.requests[SEND] == 0


@pytest.mark.parametrize("send", ALL)
async def test_connection_comes_back_at_last(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """A message of which nothing could be sent twice is sent whole the third time."""
    await simulator.stop()

    async def sleep(seconds: float) -> None:
        if seconds == 3:
            await simulator.start()

    with patch("custom_components.directcall.api.request_scope.asyncio.sleep", sleep):
        await send(client, token)
    [message] = simulator.messages
    assert message.form["destino"] == RECIPIENT
    assert message.audio == (AUDIO if send is play else None)
    assert client.statistics.requests[SEND] == 3


@pytest.mark.parametrize("send", ALL)
async def test_connection_comes_back(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """A message of which nothing could be sent at first is sent once, and whole."""
    await simulator.stop()

    async def sleep(_: float) -> None:
        await simulator.start()

    with patch("custom_components.directcall.api.request_scope.asyncio.sleep", sleep):
        assert (await send(client, token)).code == "000"
    [message] = simulator.messages
    assert (message.text, message.audio) in [(TEXT, None), ("", AUDIO)]
    assert client.statistics.requests[SEND] == 2


@pytest.mark.parametrize("send", ALL)
async def test_connection_comes_back_late(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """The last attempt is as whole as the first one."""
    await simulator.stop()

    async def sleep(seconds: float) -> None:
        if seconds == 3:
            await simulator.start()

    with patch("custom_components.directcall.api.request_scope.asyncio.sleep", sleep):
        assert (await send(client, token)).code == "000"
    [message] = simulator.messages
    assert (message.text, message.audio) in [(TEXT, None), ("", AUDIO)]
    assert client.statistics.requests[SEND] == 3


@pytest.mark.parametrize("send", ALL)
async def test_timeout_during_the_request_is_of_unknown_outcome(
    sessions: Sessions, token: Token, pauses: list[float], send: Send
) -> None:
    """A time-out is of unknown outcome if something may have been sent."""
    with deaf_server() as port, patch.multiple(transport_module, TIMEOUT=0.2, UPLOAD_TIMEOUT=0.2):
        client = signed_in(sessions, f"http://127.0.0.1:{port}", token)
        with pytest.raises(DirectcallOutcomeUnknownError):
            await send(client, token)
    assert pauses == []
