"""Responses that are lost, late, slow or invalid."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
import re
import time
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from tests.common import (
    CALL_IN_PROGRESS,
    CONNECTION,
    PLACE_CALL,
    hurry,
    listen,
    perform,
    place_call,
    skip,
    state_of,
)
from tests.hard_days.common import (
    ASKS,
    LOST,
    NUMBER,
    SILENT,
    Said,
    chunked,
    done,
    message,
    without_length,
)
from tests.proxy import SOUND, End, Fault, Proxy, Reach
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


def kept_alive(answer: bytes) -> bytes:
    """Return an answer that wants to keep the connection."""
    return re.sub(rb"(?i)connection: close", b"Connection: keep-alive", answer)


# Odd, and readable in time.
READABLE: Final = {
    "without a length": Fault(answer=without_length),
    "chunked": Fault(answer=lambda answer: chunked(answer) + b"0\r\n\r\n"),
    "said twice": Fault(answer=lambda answer: kept_alive(answer) * 2),
    "kept alive": Fault(answer=kept_alive, end=End.NEVER),
    "go on": Fault(answer=lambda answer: b"HTTP/1.1 100 Continue\r\n\r\n" + answer),
    "old": Fault(answer=lambda answer: without_length(answer).replace(b"HTTP/1.1", b"HTTP/1.0")),
}


async def outlast[ResultT](
    freezer: FrozenDateTimeFactory,
    line: Proxy,
    asking: Coroutine[Any, Any, ResultT],
    step: float = 1,
) -> ResultT:
    """Return the result of a coroutine on a line that becomes slow, without taking that time."""
    task = asyncio.ensure_future(asking)
    await line.until_slow()
    return await hurry(freezer, _result_of(task), step)


async def _result_of[ResultT](task: asyncio.Future[ResultT]) -> ResultT:
    """Return the result of a task."""
    return await task


async def flow_on(freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let time pass on the clocks and in the event loop."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        skip(freezer, 0.25)
        # The network needs real time.
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
    """A request is executed at most once, is unclear at once, and the next one works."""
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
    """A request is executed at most once, and is unclear after half a minute."""
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
async def test_unusual_reply_is_read(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    fault: Fault,
) -> None:
    """An unusual but readable reply counts, and its connection is closed."""
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
    """Without a new token the action fails and sends nothing, and the next one gets a token."""
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
    """Requests that wait for a token that never arrives fail, and nothing is sent."""
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
async def test_lost_poll_does_not_end_the_tracking(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    fault: Fault,
) -> None:
    """A call is tracked after a lost poll."""
    events = listen(hass)
    await place_call(hass, destination=f"{NUMBER}5607")
    line.faults.append(fault)
    await flow_on(freezer, 90)
    assert not line.faults
    assert (events.types[0], events.types[-1]) == ("placed", "answered")
    assert state_of(hass, CALL_IN_PROGRESS) == "on"
    assert simulator.requests[PLACE_CALL] == 1
