"""Provider that cannot be reached, for a moment or for a day."""

from collections import Counter
from collections.abc import Callable, Coroutine
import logging
from math import inf
import time
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from tests.common import (
    CONNECTION,
    PLACE_CALL,
    REQUEST_TOKEN,
    hurry,
    listen,
    pass_time,
    perform,
    place_call,
    state_of,
)
from tests.hard_days.common import ASKS, LOST, NUMBER, Names, Said, done, logged, message
from tests.proxy import SOUND, Proxy
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)
# As often as 101 seconds, in which nothing that comes each 5 minutes is missed.
HOUR = 36
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
    """Repeat all requests after the connection returned: each is executed once."""
    assert done(simulator) == before
    for ask in ASKS:
        await perform(hass, ask.action, ask.data)
    assert done(simulator) - before == Counter(sent=2, cancelled=1, ended=1, placed=1)


async def test_refused_connection(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    said: Said,
) -> None:
    """A refused connection is an error, and nothing is sent later."""
    before = done(simulator)
    await line.stop()
    await ask_in_vain(hass, far_account, freezer, said)
    await line.start()
    await ask_at_last(hass, simulator, before)


async def test_connection_times_out(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    far_account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    said: Said,
) -> None:
    """A connection that is not accepted is an error, and nothing is sent later."""
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
    """Nothing is done, then or later, if the host's name is not found."""
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
    """A request that is made while the connection returns is sent once."""
    await pass_time(hass, freezer, 11)
    names.failures, names.asked = 2, 0
    await hurry(freezer, place_call(hass, destination=f"{NUMBER}5607"), 0.2)
    assert names.asked == 3
    assert simulator.requests[PLACE_CALL] == 1


# A provider that is away for a day.


async def refuse(line: Proxy, names: Names) -> None:
    """Refuse all connections."""
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
    """Each action reports the failure, nothing is sent later, and everything ends by itself."""
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
