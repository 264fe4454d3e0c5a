"""Measurements in a Home Assistant of this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
import gc
from math import ceil
from pathlib import Path
import random
import tempfile
import time
import tracemalloc
from typing import Any, Final
from unittest.mock import patch

import aiohttp
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from homeassistant.const import CONF_URL
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util, ssl as ssl_util

from tests.common import CALL as EVENT, alert_data, make_account, running_home, set_up, until
from tests.simulator import Simulator
from tests.simulator.process import TOKEN, Process

CALL: Final = "directcall.place_call"
UNKEPT: Final = "rest_command, a connection for each call"

# Rounds in a row. They are over long before the integration polls the first call, after 2 s.
_BATCH: Final = 10
# Seconds before each round.
_PAUSE: Final = 0.02
_TOLD: Final = ("01CONTACT0", "01CONTACT1", "01CONTACT2")
_FORM_TYPE: Final = "application/x-www-form-urlencoded"
# The form that `place_call` sends with the options of the tests' account.
_FORM: Final = (
    f"access_token={TOKEN}&origem=554130600300&gravar=n&cli=s&inverter_discagem=n&format=JSON"
    "&destino="
)

type Way = Callable[[str], Awaitable[float | None]]
"""A way to tell a telephone. Some return when that was done, on the monotonic clock."""
type Read[TimeT] = Callable[[float | None], TimeT]
"""A watch that starts again with each reading, now or at a moment that is over."""


def stopwatch() -> Read[float]:
    """Return a watch that shows seconds."""
    since = 0.0

    def read(moment: float | None) -> float:
        nonlocal since
        before, since = since, moment or time.monotonic()
        return since - before

    return read


@asynccontextmanager
async def running_home_assistant() -> AsyncIterator[HomeAssistant]:
    """Start Home Assistant in a folder of its own, with a resolver that needs no network."""
    resolver = aiohttp.ThreadedResolver
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(resolver, "real_close", resolver.close, create=True),
        patch("homeassistant.helpers.aiohttp_client._async_make_resolver", lambda _: resolver()),
    ):
        async with running_home(folder) as hass:
            yield hass


def telephones(number: int) -> list[str]:
    """Return numbers, each a different one, that the simulated provider calls without a quirk."""
    return [f"+55419{9000 + n // 6000}{1000 + n % 6000}" for n in range(number)]


@asynccontextmanager
async def running_account(
    hass: HomeAssistant, url: str, contacts: int = 3, alerts: int = 1
) -> AsyncIterator[float]:
    """Set up an account, and yield the seconds that it took; remove it afterwards."""
    account = make_account(
        Simulator(),
        data={CONF_URL: url},
        contacts={f"Contact {n}": each for n, each in enumerate(telephones(contacts))},
        alerts={f"Alert {n}": alert_data(contacts=_TOLD) for n in range(alerts)},
        options={"spending_limit": 0},
    )
    started = time.monotonic()
    await set_up(hass, account)
    yield time.monotonic() - started
    await hass.config_entries.async_remove(account.entry_id)
    await hass.async_block_till_done()


async def perform(hass: HomeAssistant, action: str, **data: Any) -> None:
    """Perform an action, and wait for its end."""
    domain, _, name = action.partition(".")
    await hass.services.async_call(domain, name, data, blocking=True)


async def raise_alert(hass: HomeAssistant, number: int = 0) -> None:
    """Raise an alert, and wait until its first contact is told."""
    await perform(hass, "directcall.raise_alert", name=f"Alert {number}")
    await hass.async_block_till_done(wait_background_tasks=True)


async def compare[TimeT](
    hass: HomeAssistant, url: str, ways: dict[str, Way], rounds: int, read: Read[TimeT]
) -> dict[str, list[TimeT]]:
    """Return what a watch shows for each way."""
    times: dict[str, list[TimeT]] = {name: [] for name in ways}
    # The first batch does not count.
    for _ in range(1 + ceil(rounds / _BATCH)):
        # A new account has no call that is polled, and a file as small as a home's.
        async with running_account(hass, url):
            # A home calls the same telephones again and again.
            for destination in telephones(_BATCH):
                # What the round before left to be saved is written meanwhile.
                await asyncio.sleep(_PAUSE)
                for name in random.sample(list(ways), len(ways)):
                    await hass.async_block_till_done()
                    read(None)
                    times[name].append(read(await ways[name](destination)))
    return {name: each[_BATCH:] for name, each in times.items()}


@asynccontextmanager
async def running_ways(hass: HomeAssistant, simulator: Process) -> AsyncIterator[dict[str, Way]]:
    """Yield ways to tell a telephone. Those that place a call send the same form."""
    for cipher in ssl_util.SSLCipherList if simulator.certificate else ():
        # No other process trusts it.
        context = ssl_util.client_context(cipher, ssl_util.SSL_ALPN_HTTP11)
        context.load_verify_locations(cadata=simulator.certificate)
    url = f"{simulator.url}/voz/call"
    payload = f"{_FORM}{{{{ destination }}}}"
    command = {"url": url, "method": "post", "content_type": _FORM_TYPE, "payload": payload}
    # Its session is another one, because it would take the connection that the other keeps.
    unkept = {**command, "headers": {"Connection": "close"}, "insecure_cipher": True}
    commands = {"rest_command": {"kept": command, "unkept": unkept}}
    await async_setup_component(hass, "rest_command", commands)

    async def alert(_: str) -> float:
        await raise_alert(hass)
        [told_at] = (await simulator.ask()).messages
        await perform(hass, "directcall.acknowledge_alert")
        return told_at

    async def bare_post(destination: str) -> None:
        data, headers = f"{_FORM}{destination[1:]}", {"Content-Type": _FORM_TYPE}
        async with session.post(url, data=data, headers=headers) as response:
            await response.read()

    connector = aiohttp.TCPConnector(force_close=True, ssl=ssl_util.get_default_context())
    async with aiohttp.ClientSession(connector=connector) as session:
        yield {
            CALL: lambda d: perform(hass, CALL, destination=d),
            "directcall.raise_alert, until the first message is at the provider": alert,
            "rest_command, a connection that is kept": lambda d: perform(
                hass, "rest_command.kept", destination=d[1:]
            ),
            UNKEPT: lambda d: perform(hass, "rest_command.unkept", destination=d[1:]),
            "bare POST, a connection for each call": bare_post,
        }


async def place_at_once(hass: HomeAssistant, numbers: list[str]) -> float:
    """Place calls at the same moment, and return the seconds until all are placed."""
    started = time.monotonic()
    await asyncio.gather(*(perform(hass, CALL, destination=number) for number in numbers))
    return time.monotonic() - started


async def hear_answers(hass: HomeAssistant, simulator: Process, calls: int) -> list[float]:
    """Return the seconds from each answer of a telephone until the event tells it."""
    heard: dict[str, float] = {}

    @callback
    def hear(event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) and state.attributes["event_type"] == "answered":
            heard[state.attributes["last_digits"]] = time.monotonic()

    stop = async_track_state_change_event(hass, EVENT, hear)
    # The answers are spread evenly over 3 s, the time between two polls.
    numbers = [f"+554198000{5000 + round(3000 * (n + 0.5) / calls)}" for n in range(calls)]
    await place_at_once(hass, numbers)
    await until(lambda: len(heard) == calls)
    stop()
    answers = (await simulator.ask()).answers
    return [moment - answers[digits] for digits, moment in heard.items()]


async def pass_time(hass: HomeAssistant, seconds: int, step: int) -> None:
    """Pass time in steps, with all clocks."""
    clock, wall_clock, start = time.monotonic, time.time, dt_util.utcnow()
    passed = 0
    with (
        patch("time.monotonic", lambda: clock() + passed),
        patch("time.time", lambda: wall_clock() + passed),
    ):
        for passed in range(step, seconds + 1, step):
            async_fire_time_changed(hass, start + timedelta(seconds=passed))
            await hass.async_block_till_done(wait_background_tasks=True)


async def write_run(hass: HomeAssistant) -> list[tuple[int, float]]:
    """Return the bytes and seconds of each write in a run that nobody acknowledges."""
    writes: list[tuple[int, float]] = []

    def note(path: str, *args: Any, **kwargs: Any) -> None:
        started = time.perf_counter()
        write(path, *args, **kwargs)
        if "/directcall." in path:
            writes.append((Path(path).stat().st_size, time.perf_counter() - started))

    patcher = patch("homeassistant.helpers.storage.write_utf8_file_atomic", note)
    write, _ = patcher.get_original()
    with patcher:
        await raise_alert(hass)
        await pass_time(hass, 30 * 60, 5)
    return writes


async def weigh_alerts(
    hass: HomeAssistant, url: str, contacts: int, alerts: int
) -> tuple[float, float]:
    """Return the bytes of memory that an alert takes, and those that its run takes."""
    idle: dict[int, int] = {}
    active = 0
    tracemalloc.start()
    # The first account fills caches.
    for number in (alerts, 0, alerts):
        before = _memory()
        async with running_account(hass, url, contacts, number):
            idle[number] = _memory() - before
            for alert in range(number):
                await raise_alert(hass, alert)
            active = _memory() - before - idle[number]
    tracemalloc.stop()
    return (idle[alerts] - idle[0]) / alerts, active / alerts


def _memory() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
