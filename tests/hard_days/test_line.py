"""Hard days: a line on which anything goes wrong, clocks that jump, a provider that is away."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
import logging
from math import inf
import re
import socket
import time
from typing import Any, Final, override
from unittest.mock import patch

from aiohttp.abc import AbstractResolver, ResolveResult
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from tests.common import listen, make_account, pass_time, perform, place_call, set_up, state_of
from tests.proxy import SOUND, End, Fault, Proxy, Reach
from tests.simulator import ACCOUNT, NetworkCall, Simulator
from tests.simulator.telephones import Line
from tests.test_secrecy import SECRET, chain

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)

CONNECTION = "binary_sensor.directcall_connection"
ACTIVE_CALLS = "sensor.directcall_active_calls"
PLACE_CALL = "voz/call"
REQUEST_TOKEN = "request_token"
STATUS = "voz/status"
NUMBER = "+55 41 91234-"
# As often as 101 seconds, in which nothing that comes each 5 minutes is missed.
HOUR = 36


# What becomes of the line.


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
    """Return an answer whose length is right, and whose body somebody cut before."""
    head, body = split(answer)
    half = body[: len(body) // 2]
    return head + b"Content-Length: %d\r\n\r\n" % len(half) + half


def without_length(answer: bytes) -> bytes:
    """Return an answer that is over when the connection is."""
    head, body = split(answer)
    return head + b"\r\n" + body


def chunked(answer: bytes) -> bytes:
    """Return an answer in two chunks, and without the one that says that it is over."""
    head, body = split(answer)
    half = len(body) // 2
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:]))
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks


def split(answer: bytes) -> tuple[bytes, bytes]:
    """Return the headers of an answer but for its length, and its body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return re.sub(rb"(?i)\r\ncontent-length: [0-9]+", b"", head) + b"\r\n", body


def kept_alive(answer: bytes) -> bytes:
    """Return an answer that wants to keep the connection."""
    return re.sub(rb"(?i)connection: close", b"Connection: keep-alive", answer)


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
# Likewise, and nobody says that none will come.
SILENT: Final = {
    "silence": Fault(Reach.LINE, end=End.NEVER),
    "silence after it was done": Fault(answer=cut_at(0), end=End.NEVER),
    "silence in the headers": Fault(answer=half_head, end=End.NEVER),
    "silence in the body": Fault(answer=cut_at(0.9), end=End.NEVER),
    "too slow": Fault(takes=40),
}
# Odd, and readable in time.
READABLE: Final = {
    "without a length": Fault(answer=without_length),
    "chunked": Fault(answer=lambda answer: chunked(answer) + b"0\r\n\r\n"),
    "said twice": Fault(answer=lambda answer: kept_alive(answer) * 2),
    "kept alive": Fault(answer=kept_alive, end=End.NEVER),
    "go on": Fault(answer=lambda answer: b"HTTP/1.1 100 Continue\r\n\r\n" + answer),
    "old": Fault(answer=lambda answer: without_length(answer).replace(b"HTTP/1.1", b"HTTP/1.0")),
}


# What is asked for.


@dataclass(frozen=True)
class Ask:
    """Something that is asked for twice: while all goes wrong, and after it."""

    action: str
    data: Mapping[str, str]
    again: Mapping[str, str]
    lost: str
    """The error where no answer came."""
    does: tuple[str, ...] = ()
    """What it brings about at the provider: one thing, or nothing."""
    patient: bool = True
    """Whether it is tried again as long as nothing was sent."""


def message(last_digits: str) -> dict[str, str]:
    """Return what is written to somebody."""
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
    """What people were told where something went wrong."""

    async def error_of(self, asking: Coroutine[Any, Any, object]) -> str | None:
        """Return which error something ends with, and keep what it says."""
        with pytest.raises(HomeAssistantError) as caught:
            await asking
        self.append(chain(caught.value))
        return caught.value.translation_key


@pytest.fixture(autouse=True)
def said(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> Iterator[Said]:
    """Return what people were told. Neither it nor a log gives anything away."""
    for logger in ("custom_components.directcall", "aiohttp"):
        caplog.set_level(logging.DEBUG, logger)
    simulator.secrets[ACCOUNT.client_id] = SECRET
    said = Said()
    yield said
    text = "\n".join([*said, *(logging.Formatter().format(record) for record in logged(caplog))])
    assert [private for private in (SECRET, *simulator.tokens) if private in text] == []
    assert re.findall("4191234|4130600300", re.sub(r"[ ().+\-/]", "", text)) == []


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


@pytest.fixture
def names() -> Iterator[Names]:
    """Return what looks the provider's name up."""
    names = Names()
    with patch("aiohttp.connector.DefaultResolver", return_value=names):
        yield names


@pytest.fixture
async def line(simulator: Simulator) -> AsyncIterator[Proxy]:
    """Lay a line to the provider."""
    line = Proxy(simulator.port)
    await line.start()
    yield line
    await line.stop()


def the_account(simulator: Simulator, url: str) -> MockConfigEntry:
    """Return an account whose provider is at an address."""
    return make_account(simulator, data={"client_secret": SECRET, "url": url})


@pytest.fixture
async def far_account(
    home: HomeAssistant, simulator: Simulator, line: Proxy, names: Names
) -> MockConfigEntry:
    """Return an account that reaches the provider through the line, where something is going on.

    There are two messages that can be cancelled, and two calls of somebody else that can be ended.
    """
    account = await set_up(home, the_account(simulator, f"http://localhost:{line.port}"))
    later = {"send_at": (dt_util.now() + timedelta(days=1)).isoformat()}
    for number in (1, 2):
        await perform(home, "send_sms", {**message("5609"), **later})
        simulator.messages[-1].message_id = f"message-{number}"
    for last_digits in ("5605", "5606"):
        pair = "554130600300", f"554191234{last_digits}"
        up = Line(*pair, time.monotonic() - 60)
        simulator.calls.append(
            NetworkCall(*pair, pair[0], recorded=False, form={}, line=up, call_id="1")
        )
    return account


def skip(freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Move the clocks on; the freezer's own tick forgets what flowed by since the last one."""
    freezer.move_to(dt_util.utcnow() + timedelta(seconds=seconds))


async def hurry[ResultT](
    freezer: FrozenDateTimeFactory, asking: Coroutine[Any, Any, ResultT], step: float = 1
) -> ResultT:
    """Return what comes of something that nothing but time brings on, without taking that time."""
    task = asyncio.ensure_future(asking)
    while not task.done():
        skip(freezer, step)
        await asyncio.sleep(0.001)
    return await task


async def outlast[ResultT](
    freezer: FrozenDateTimeFactory,
    line: Proxy,
    asking: Coroutine[Any, Any, ResultT],
    step: float = 1,
) -> ResultT:
    """Return what comes of something on a line that becomes slow, without taking that time."""
    task = asyncio.ensure_future(asking)
    await line.until_slow()
    return await hurry(freezer, _result_of(task), step)


async def _result_of[ResultT](task: asyncio.Future[ResultT]) -> ResultT:
    """Return what comes of a task."""
    return await task


async def flow_on(freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let the time flow, on the clocks and in the event loop, for all that goes on in it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        skip(freezer, 0.25)
        await asyncio.sleep(0.001)


# A line that goes wrong.


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_answer_is_lost(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    said: Said,
    fault: Fault,
) -> None:
    """What was sent is done at most once, is said to be unclear at once, and the next one works."""
    reaches_provider = fault.reach is Reach.PROVIDER
    for ask in ASKS:
        before, connections = done(simulator), line.connections
        line.faults.append(fault)
        assert await said.error_of(perform(hass, ask.action, ask.data)) == ask.lost
        assert done(simulator) - before == Counter(ask.does * reaches_provider)
        assert line.connections == connections + 1

        await perform(hass, ask.action, ask.again)
        assert done(simulator) - before == Counter(ask.does * (reaches_provider + 1))
    await line.until_closed()


@pytest.mark.parametrize("fault", SILENT.values(), ids=SILENT)
async def test_answer_does_not_come(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    said: Said,
    fault: Fault,
) -> None:
    """What was sent is done at most once, is said to be unclear after half a minute."""
    reaches_provider = fault.reach is Reach.PROVIDER
    for ask in ASKS:
        before, connections, start = done(simulator), line.connections, time.monotonic()
        line.faults.append(fault)
        asking = said.error_of(perform(hass, ask.action, ask.data))
        assert await outlast(freezer, line, asking) == ask.lost
        assert 30 <= time.monotonic() - start < 33
        assert done(simulator) - before == Counter(ask.does * reaches_provider)
        assert line.connections == connections + 1

        await perform(hass, ask.action, ask.again)
        assert done(simulator) - before == Counter(ask.does * (reaches_provider + 1))
    await line.until_closed()


async def test_answer_is_slow(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """An answer that drops in byte by byte is one if it is there within half a minute."""
    for ask in ASKS:
        before, start = done(simulator), time.monotonic()
        line.faults.append(Fault(takes=20))
        await outlast(freezer, line, perform(hass, ask.action, ask.data), 0.2)
        assert 20 <= time.monotonic() - start < 30
        assert done(simulator) - before == Counter(ask.does)


@pytest.mark.parametrize("fault", READABLE.values(), ids=READABLE)
async def test_answer_is_odd(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    fault: Fault,
) -> None:
    """What can be read is an answer, and no connection outlives it."""
    for ask in ASKS:
        before, connections = done(simulator), line.connections
        line.faults.append(fault)
        await perform(hass, ask.action, ask.data)
        assert done(simulator) - before == Counter(ask.does)
        await line.until_closed()

        await perform(hass, ask.action, ask.again)
        assert done(simulator) - before == Counter(ask.does * 2)
        assert line.connections == connections + 2


@pytest.mark.usefixtures("no_pauses")
async def test_token_is_lost(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    said: Said,
) -> None:
    """Without a new token nothing is done, which is what is said, and the next one has one."""
    for fault in LOST.values():
        before, connections = done(simulator), line.connections
        simulator.end_tokens()
        line.faults.extend([SOUND, fault, fault, fault])
        error = await said.error_of(perform(hass, "send_sms", message("5601")))
        assert error == "cannot_connect"
        assert line.connections == connections + 4
        assert state_of(hass, CONNECTION) == "off"

        await perform(hass, "send_sms", message("5601"))
        assert done(simulator) - before == Counter(sent=1)
        assert state_of(hass, CONNECTION) == "on"


async def test_token_does_not_come(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    said: Said,
) -> None:
    """Whoever waits for a token that does not come either time is told so, and nothing is done."""
    before, connections = done(simulator), line.connections
    simulator.end_tokens()
    line.faults.extend([SOUND, SOUND, SOUND, SILENT["silence"], SILENT["silence"]])
    together = asyncio.gather(
        *(said.error_of(perform(hass, "send_sms", message(f"560{n}"))) for n in range(3))
    )
    errors = await outlast(freezer, line, _result_of(together))
    assert errors == ["cannot_connect"] * 3
    assert line.connections == connections + 5

    # It joins the second request for a token, and asks for one once more.
    await outlast(freezer, line, perform(hass, "send_sms", message("5601")))
    assert done(simulator) - before == Counter(sent=1)


@pytest.mark.parametrize(
    "fault", [LOST["reset at once"], LOST["closed in the body"], *SILENT.values()]
)
async def test_look_is_lost(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    fault: Fault,
) -> None:
    """A call is followed on though a look at it came to nothing."""
    events = listen(hass)
    await place_call(hass, destination=f"{NUMBER}5607")
    line.faults.append(fault)
    await flow_on(freezer, 90)
    assert not line.faults
    assert (events.types[0], events.types[-1]) == ("placed", "answered")
    assert state_of(hass, ACTIVE_CALLS) == "1"
    assert simulator.requests[PLACE_CALL] == 1


# Nothing could be sent.


# How long each takes to say that nothing could be sent, in seconds: with a pause of 1 and one of 3
# where it is tried again.
ATTEMPTS: Final = {True: 3, False: 1}
PAUSES: Final = {True: 4, False: 0}


async def ask_in_vain(
    hass: HomeAssistant,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    said: Said,
    seconds: float = 0,
) -> None:
    """Ask for everything while nothing can be sent, which each attempt notices after so long."""
    requests = account.runtime_data.client.statistics.requests
    for ask in ASKS:
        start, attempts = time.monotonic(), requests.total()
        error = await hurry(freezer, said.error_of(perform(hass, ask.action, ask.data)), 0.2)
        assert error == "cannot_connect"
        assert requests.total() - attempts == ATTEMPTS[ask.patient]
        took = time.monotonic() - start
        expected = ATTEMPTS[ask.patient] * seconds + PAUSES[ask.patient]
        assert expected <= took < 1.2 * expected + 5


async def ask_at_last(hass: HomeAssistant, simulator: Simulator, before: Counter[str]) -> None:
    """Ask for everything again once the line is back: each is done now, and once."""
    assert done(simulator) == before
    for ask in ASKS:
        await perform(hass, ask.action, ask.data)
    assert done(simulator) - before == Counter(sent=2, cancelled=1, ended=1, placed=1)


async def test_nobody_listens(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    said: Said,
) -> None:
    """Where a connection is refused nothing is done, then or later."""
    before = done(simulator)
    await line.stop()
    await ask_in_vain(hass, far_account, freezer, said)
    await line.start()
    await ask_at_last(hass, simulator, before)


async def test_nobody_accepts(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    said: Said,
) -> None:
    """Where a connection does not come about nothing is done, then or later."""
    before = done(simulator)
    async with line.deaf():
        await ask_in_vain(hass, far_account, freezer, said, 5)
    await ask_at_last(hass, simulator, before)


async def test_name_is_not_found(
    hass: HomeAssistant,
    simulator: Simulator,
    names: Names,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    said: Said,
) -> None:
    """Where the name cannot be looked up nothing is done, then or later."""
    before = done(simulator)
    # What is known of a name is known for 10 seconds.
    await pass_time(hass, freezer, 11)
    names.failures, names.asked = inf, 0
    await ask_in_vain(hass, far_account, freezer, said)
    assert names.asked == sum(3 if ask.patient else 1 for ask in ASKS)
    names.failures = 0
    await ask_at_last(hass, simulator, before)


async def test_name_is_found_in_time(
    hass: HomeAssistant,
    simulator: Simulator,
    names: Names,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What is asked for while the line comes back is done, once."""
    await pass_time(hass, freezer, 11)
    names.failures, names.asked = 2, 0
    await hurry(freezer, place_call(hass, destination=f"{NUMBER}5607"), 0.2)
    assert names.asked == 3
    assert simulator.requests[PLACE_CALL] == 1


# A provider that is away for a day.


async def refuse(line: Proxy, names: Names) -> None:
    """Let nobody listen any more."""
    await line.stop()


async def reset(line: Proxy, names: Names) -> None:
    """Let every connection be reset."""
    line.always = LOST["reset at once"]


async def lose_name(line: Proxy, names: Names) -> None:
    """Let the name not be found."""
    names.failures = inf


async def come_back(line: Proxy, names: Names) -> None:
    """Let all be well."""
    names.failures = 0
    line.always = SOUND
    await line.stop()
    await line.start()


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(("go_away", "hours"), [(refuse, 22), (reset, 4), (lose_name, 4)])
async def test_provider_is_away(
    hass: HomeAssistant,
    simulator: Simulator,
    far_account: MockConfigEntry,
    line: Proxy,
    names: Names,
    freezer: FrozenDateTimeFactory,
    said: Said,
    caplog: pytest.LogCaptureFixture,
    go_away: Callable[[Proxy, Names], Coroutine[Any, Any, None]],
    hours: int,
) -> None:
    """Who calls on such a day is told the truth, nothing is made up for, and all ends by itself."""
    statistics = far_account.runtime_data.client.statistics
    events = listen(hass)
    await place_call(hass, destination=f"{NUMBER}5607")
    await pass_time(hass, freezer, 1, times=4)
    before = done(simulator)

    await go_away(line, names)
    await pass_time(hass, freezer, 101, times=2 * HOUR)
    assert state_of(hass, CONNECTION) == "off"
    tried = statistics.requests[REQUEST_TOKEN]
    for _ in range(hours):
        for asking in (
            place_call(hass, destination=f"{NUMBER}5608"),
            perform(hass, "send_voice_message", message("5604")),
        ):
            assert await said.error_of(asking) == "cannot_connect"
        await pass_time(hass, freezer, 101, times=HOUR)
    assert state_of(hass, CONNECTION) == "off"
    # One each 5 minutes, and three for each action.
    assert 13 * hours <= statistics.requests[REQUEST_TOKEN] - tried <= 18 * hours
    assert events.types == ["placed", "ringing", "unknown"]

    await come_back(line, names)
    await pass_time(hass, freezer, 101, times=4)
    assert state_of(hass, CONNECTION) == "on"
    await pass_time(hass, freezer, 101, times=2 * HOUR)
    assert done(simulator) == before
    assert events.types == ["placed", "ringing", "unknown"]
    assert [
        (record.levelname, record.getMessage().partition(" (")[0])
        for record in logged(caplog)
        if record.levelno > logging.DEBUG and record.name.startswith("custom_components")
    ] == [
        ("WARNING", "Directcall gives no token"),
        ("INFO", "The connection to Directcall is back"),
    ]

    await place_call(hass, destination=f"{NUMBER}5608")
    assert done(simulator) - before == Counter(placed=1)


# Clocks that jump.


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


@pytest.fixture
def wall_clock(freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch) -> WallClock:
    """Return the clock on the wall."""
    return WallClock(freezer, monkeypatch)


YEAR: Final = timedelta(days=365)


@pytest.mark.parametrize("change", [YEAR, -YEAR], ids=["forward", "back"])
async def test_wall_clock_is_set(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    wall_clock: WallClock,
    freezer: FrozenDateTimeFactory,
    change: timedelta,
) -> None:
    """Neither a call nor the token is older for that, and its recording is found."""
    account = await set_up(home, the_account(simulator, simulator.url))
    events = listen(hass)
    await place_call(hass, destination=f"{NUMBER}7004", record=True)
    await pass_time(hass, freezer, 1, times=9)
    assert events.types == ["placed", "ringing"]

    wall_clock.set_by(change)
    # The provider's clock was right before.
    [recording] = simulator.recordings
    recording.started += change
    await pass_time(hass, freezer, 1, times=20)
    assert events.types == ["placed", "ringing", "answered", "ended"]
    assert 5 <= events[-1].attributes["duration"] <= 15
    assert state_of(hass, CONNECTION) == "on"
    assert simulator.requests[REQUEST_TOKEN] == 1
    await pass_time(hass, freezer, 121)
    assert events.types[4:] == ["recording_ready"]
    [search] = simulator.searches
    assert int(search["dataFinal"]) - int(search["dataInicial"]) < 2_000_000  # Two days

    assert account.runtime_data.data.seconds_left > 3300
    await pass_time(hass, freezer, 3240 - 150)
    assert simulator.requests[REQUEST_TOKEN] == 2
    wall_clock.set_by(-change)
    await pass_time(hass, freezer, 3200)
    assert simulator.requests[REQUEST_TOKEN] == 2
    await pass_time(hass, freezer, 41)
    assert simulator.requests[REQUEST_TOKEN] == 3
    assert state_of(hass, CONNECTION) == "on"


@pytest.mark.parametrize("change", [YEAR, -YEAR], ids=["forward", "back"])
async def test_wall_clock_is_set_while_a_recording_is_awaited(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    wall_clock: WallClock,
    freezer: FrozenDateTimeFactory,
    change: timedelta,
) -> None:
    """Its time to be there is as long as ever."""
    await set_up(home, the_account(simulator, simulator.url))
    events = listen(hass)
    await place_call(hass, destination=f"{NUMBER}7004", record=True)
    await pass_time(hass, freezer, 1, times=30)
    assert events.types[-1] == "ended"

    wall_clock.set_by(change)
    late = simulator.recordings.pop()
    await pass_time(hass, freezer, 130)
    await pass_time(hass, freezer, 1)
    assert len(simulator.searches) == 1
    simulator.recordings.append(late)
    await pass_time(hass, freezer, 15 * 60)
    assert events.types[-1] == "recording_ready"


async def test_house_sleeps_while_it_rings(
    hass: HomeAssistant,
    simulator: Simulator,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What became of a call while all stood still is not guessed, and all goes on after it."""
    events = listen(hass)
    await place_call(hass, destination=f"{NUMBER}5607")
    await pass_time(hass, freezer, 1, times=5)
    simulator.calls[-1].line.ended = True
    await pass_time(hass, freezer, 6 * 3600)
    assert events.types == ["placed", "ringing", "unknown"]
    assert state_of(hass, ACTIVE_CALLS) == "0"
    assert state_of(hass, CONNECTION) == "on"
    assert simulator.requests[REQUEST_TOKEN] == 2
    await place_call(hass, destination=f"{NUMBER}5607")
    assert simulator.requests[PLACE_CALL] == 2


async def test_house_sleeps_while_somebody_talks(
    hass: HomeAssistant,
    simulator: Simulator,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call that was answered has ended, whenever."""
    events = listen(hass)
    await place_call(hass, destination=f"{NUMBER}5607")
    await pass_time(hass, freezer, 1, times=16)
    simulator.calls[-1].line.ended = True
    await pass_time(hass, freezer, 3600)
    assert events.types == ["placed", "ringing", "answered", "ended"]


async def test_house_sleeps_before_the_answer(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    said: Said,
) -> None:
    """A call that was sent when all stood still is unclear afterwards, and was placed once."""
    before = done(simulator)
    line.faults.append(SILENT["silence after it was done"])
    asking = said.error_of(place_call(hass, destination=f"{NUMBER}5607"))
    call = asyncio.ensure_future(asking)
    await line.until_slow()
    await pass_time(hass, freezer, 6 * 3600)
    assert await call == "outcome_unknown"
    await pass_time(hass, freezer, 3)
    assert done(simulator) - before == Counter(placed=1)
    assert state_of(hass, CONNECTION) == "on"
    # It is up still, after all that time.
    assert state_of(hass, ACTIVE_CALLS) == "1"
