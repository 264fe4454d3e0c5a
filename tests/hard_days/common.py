"""Helpers of the hard days' tests: faults of a line, of names, and of clocks."""

from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
import logging
import re
import socket
import time
from typing import Any, Final, override

from aiohttp.abc import AbstractResolver, ResolveResult
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from tests.common import SECRET, chain, make_account
from tests.proxy import End, Fault, Reach
from tests.simulator import Simulator

NUMBER = "+55 41 91234-"


# States of the line.


def cut_at(share: float) -> Callable[[bytes], bytes]:
    """Return what keeps a part of an answer."""
    return lambda answer: answer[: int(len(answer) * share)]


def head_alone(answer: bytes) -> bytes:
    """Return the headers of an answer, which promise a body."""
    return answer[: answer.index(b"\r\n\r\n") + 4]


def half_head(answer: bytes) -> bytes:
    """Return an answer that breaks off in its headers."""
    return answer[: answer.index(b"\r\n\r\n") // 2]


def longer(answer: bytes) -> bytes:
    """Return an answer that promises more than comes."""
    return re.sub(rb"(?i)(content-length: )", rb"\g<1>9", answer)


def body_cut_on_the_way(answer: bytes) -> bytes:
    """Return a response whose length is right, and whose body is cut."""
    head, body = split(answer)
    half = body[: len(body) // 2]
    return head + b"Content-Length: %d\r\n\r\n" % len(half) + half


def without_length(answer: bytes) -> bytes:
    """Return an answer that is over when the connection is."""
    head, body = split(answer)
    return head + b"\r\n" + body


def chunked(answer: bytes) -> bytes:
    """Return a response in two chunks, without the chunk that ends it."""
    head, body = split(answer)
    half = len(body) // 2
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:]))
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks


def split(answer: bytes) -> tuple[bytes, bytes]:
    """Return the headers of an answer but for its length, and its body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return re.sub(rb"(?i)\r\ncontent-length: [0-9]+", b"", head) + b"\r\n", body


# Sent, or it may have been, and no answer that can be read.
LOST: Final = {
    "reset at once": Fault(Reach.NOWHERE, end=End.RESET),
    "closed at once": Fault(Reach.NOWHERE),
    "reset unheard": Fault(Reach.LINE, end=End.RESET),
    "closed unheard": Fault(Reach.LINE),
    "reset before the answer": Fault(answer=cut_at(0), end=End.RESET),
    "closed before the answer": Fault(answer=cut_at(0)),
    "closed in the headers": Fault(answer=half_head),
    "reset in the headers": Fault(answer=half_head, end=End.RESET),
    "closed after the headers": Fault(answer=head_alone),
    "closed in the body": Fault(answer=cut_at(0.9)),
    "reset in the body": Fault(answer=cut_at(0.9), end=End.RESET),
    "shorter than it says": Fault(answer=longer),
    "cut before it was sent": Fault(answer=body_cut_on_the_way),
    "half without a length": Fault(answer=lambda answer: without_length(answer)[:-30]),
    "a chunk breaks off": Fault(answer=lambda answer: chunked(answer)[:-20]),
    "no last chunk": Fault(answer=chunked),
    "more than it says": Fault(answer=lambda answer: answer * 2),
    "no chunk": Fault(answer=lambda answer: chunked(answer).replace(b"\r\n\r\n", b"\r\n\r\nx", 1)),
}
# Also without a response, but the connection stays open.
SILENT: Final = {
    "silence": Fault(Reach.LINE, end=End.NEVER),
    "silence after it was done": Fault(answer=cut_at(0), end=End.NEVER),
    "silence in the headers": Fault(answer=half_head, end=End.NEVER),
    "silence in the body": Fault(answer=cut_at(0.9), end=End.NEVER),
    "too slow": Fault(takes=40),
}


# What is asked for.


@dataclass(frozen=True)
class Ask:
    """Something that is asked for twice: while all goes wrong, and after it."""

    action: str
    data: Mapping[str, str]
    again: Mapping[str, str]
    lost: str
    """The error for a lost response."""
    does: tuple[str, ...] = ()
    """The number of effects at the provider: one or none."""
    patient: bool = True
    """True if it is tried again while nothing was sent."""


def message(last_digits: str) -> dict[str, str]:
    """Return the text of a message."""
    return {"destination": f"{NUMBER}{last_digits}", "message": "Fumaça!"}


# A call that is placed is followed from then on: it comes last.
ASKS: Final = (
    Ask("list_recordings", {}, {}, "cannot_connect", patient=False),
    Ask(
        "get_message_status",
        {"message_id": "message-1"},
        {"message_id": "message-2"},
        "cannot_connect",
        patient=False,
    ),
    Ask("send_sms", message("5601"), message("5602"), "outcome_unknown", ("sent",)),
    Ask("send_voice_message", message("5603"), message("5604"), "outcome_unknown", ("sent",)),
    Ask(
        "cancel_message",
        {"message_id": "message-1"},
        {"message_id": "message-2"},
        "cancellation_unknown",
        ("cancelled",),
    ),
    Ask(
        "end_call",
        {"destination": f"{NUMBER}5605"},
        {"destination": f"{NUMBER}5606"},
        "hang_up_unknown",
        ("ended",),
    ),
    Ask(
        "place_call",
        {"destination": f"{NUMBER}5607"},
        {"destination": f"{NUMBER}5608"},
        "outcome_unknown",
        ("placed",),
    ),
)


def done(simulator: Simulator) -> Counter[str]:
    """Return what was done at the provider until now."""
    return Counter(
        placed=len(simulator.calls),
        sent=len(simulator.messages),
        ended=sum(call.line.ended for call in simulator.calls),
        cancelled=sum(sent.cancelled for sent in simulator.messages),
    )


class Said(list[str]):
    """The texts that people read after a failure."""

    async def error_of(self, asking: Coroutine[Any, Any, object]) -> str | None:
        """Return the error of an action, and keep its text."""
        with pytest.raises(HomeAssistantError) as caught:
            await asking
        self.append(chain(caught.value))
        return caught.value.translation_key


def logged(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return what a test logged."""
    return [
        record
        for record in (*caplog.get_records("setup"), *caplog.get_records("call"))
        if record.name.startswith(("custom_components.directcall", "aiohttp"))
    ]


class Names(AbstractResolver):
    """A resolver that may fail, as the home's does."""

    def __init__(self) -> None:
        """Start with names that are found."""
        self.failures: float = 0
        self.asked = 0

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Find a name on loopback."""
        self.asked += 1
        if self.failures:
            self.failures -= 1
            raise OSError(None, "DNS server returned general failure")
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=family,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    @override
    async def close(self) -> None:
        """Close."""


def the_account(simulator: Simulator, url: str) -> MockConfigEntry:
    """Return an account whose provider is at an address."""
    return make_account(simulator, data={"client_secret": SECRET, "url": url})


class WallClock:
    """The clock on the wall, which is set. The monotonic clock does not care."""

    def __init__(self, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch) -> None:
        """Start as all clocks do."""
        self._freezer = freezer
        self._ahead = 0.0
        monotonic = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: monotonic() - self._ahead)

    def set_by(self, change: timedelta) -> None:
        """Set it forward, or back."""
        self._ahead += change.total_seconds()
        self._freezer.move_to(dt_util.utcnow() + change)
