"""Helpers of the API's tests."""

from collections.abc import Iterator
from contextlib import contextmanager
import socket
import traceback

from yarl import URL

from custom_components.directcall.api import (
    AudioStream,
    CallRequest,
    DirectcallClient,
    NumberPair,
    PhoneNumber,
    RequestScope,
    Sessions,
    Token,
)
from tests.simulator import ACCOUNT, Reply

BROKEN = {
    "nothing": Reply(b""),
    "null": Reply(b"null"),
    "array": Reply(b"[]"),
    "text": Reply(b"<h1>ok</h1>", content_type="text/html"),
    "cut": Reply(b'{"status": "ok"', drop=True),
    "blanks": Reply(b'{"status": "ok"}', blanks=256 * 1024 * 1024),
    "server error": Reply(b"", 500),
    "redirect": Reply(b"", 302, location="/voz/call"),
    "see other": Reply(b"", 303, location="/voz/call"),
    "connection lost": Reply(drop=True),
}
GARBAGE = b"HTTP/9.9 what\r\n\r\n"


def in_time() -> RequestScope:
    """Return a scope with the time that an action has."""
    return RequestScope(45)


def signed_in(sessions: Sessions, url: str | URL, token: Token) -> DirectcallClient:
    """Return a client that holds a token already."""
    client = DirectcallClient(sessions, URL(url), *ACCOUNT)
    client.auth.token = token
    return client


def a_call(destination: str = "5541999990000", *, yes: bool = False) -> CallRequest:
    """Return the request for a call."""
    return CallRequest(
        pair=NumberPair(PhoneNumber("554130600300"), PhoneNumber(destination)),
        record=yes,
        show_caller_id=yes,
        ring_destination_first=yes,
    )


@contextmanager
def deaf_server() -> Iterator[int]:
    """Return a port on loopback where connections are never accepted."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for waiting in (first, second):
            waiting.settimeout(0)
            waiting.connect_ex(server.getsockname())
        yield server.getsockname()[1]


PAIR = a_call().pair


def chain(error: BaseException) -> str:
    """Return the texts of an error, its causes and contexts."""
    texts = []
    link: BaseException | None = error
    while link is not None:
        texts.append("".join(traceback.format_exception(link, chain=False)) + repr(link))
        link = link.__cause__ or link.__context__
    return "\n".join(texts)


async def read(audio: AudioStream) -> bytes:
    """Return the bytes of an audio stream."""
    async with audio:
        return b"".join([chunk async for chunk in audio.chunks()])
