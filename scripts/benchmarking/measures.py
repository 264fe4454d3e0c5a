"""Measurements in a Home Assistant of this process."""

import asyncio
from asyncio import Handle
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from itertools import count, islice
from math import ceil
import re
import subprocess
import sys
import tempfile
import time
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import quote

import aiohttp
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from tests.common import make_account, running_home, set_up
from tests.simulator import ACCOUNT, Simulator

CALL: Final = "directcall.place_call"
UNKEPT: Final = "rest_command, a connection for each call"
BARE: Final = "bare POST, a connection for each call"
PACKAGE: Final = "custom_components.directcall"

# Rounds in a row. They are over long before the integration polls the first call, after 2 s.
_BATCH: Final = 20
_FORM_TYPE: Final = "application/x-www-form-urlencoded"
# The form that `place_call` sends with the options of the tests' account.
_FORM: Final = "origem=554130600300&gravar=n&cli=s&inverter_discagem=n&format=JSON"
_IMPORT_ALL: Final = f"""
import pkgutil, {PACKAGE} as package
[__import__(module.name) for module in pkgutil.walk_packages(package.__path__, "{PACKAGE}.")]
"""

type Way = Callable[[str], Awaitable[object]]


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


def telephones() -> Iterator[str]:
    """Yield numbers, each a different one, that the simulated provider calls without a quirk."""
    for block in count(9000):
        for last in range(1000, 7000):
            yield f"+55419{block}{last}"


@asynccontextmanager
async def running_account(
    hass: HomeAssistant, port: int, contacts: int = 0
) -> AsyncIterator[tuple[str, float]]:
    """Set up an account, and yield its URL and the seconds that it took; remove it afterwards."""
    named = dict(zip((f"Contact {n}" for n in range(contacts)), telephones(), strict=False))
    # This simulator is not started: only its address is used.
    account = make_account(Simulator(port=port), contacts=named, options={"spending_limit": 0})
    started = time.perf_counter()
    await set_up(hass, account)
    yield account.data["url"], time.perf_counter() - started
    await hass.config_entries.async_remove(account.entry_id)
    await hass.async_block_till_done()


async def perform(hass: HomeAssistant, action: str, **data: Any) -> None:
    """Perform an action, and wait for its end."""
    domain, _, name = action.partition(".")
    await hass.services.async_call(domain, name, data, blocking=True)


async def hang_up(hass: HomeAssistant) -> None:
    """Hang up every call, so that none is polled any more."""
    await perform(hass, "button.press", entity_id="button.directcall_hang_up")


async def compare(hass: HomeAssistant, url: str, rounds: int) -> dict[str, list[float]]:
    """Return the seconds that calls took, by the way in which they were placed."""
    # A home calls the same telephones again and again.
    batch = list(islice(telephones(), _BATCH))
    async with _ways(hass, url) as ways:
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        order = deque(ways)
        # The first batch does not count.
        for _ in range(1 + ceil(rounds / _BATCH)):
            for destination in batch:
                for name in order:
                    await hass.async_block_till_done()
                    started = time.perf_counter()
                    await ways[name](destination)
                    seconds[name].append(time.perf_counter() - started)
                # No way always follows the same other one.
                order.rotate()
            await hang_up(hass)
    return {name: times[_BATCH:] for name, times in seconds.items()}


@asynccontextmanager
async def _ways(hass: HomeAssistant, url: str) -> AsyncIterator[dict[str, Way]]:
    """Yield ways to place a call, all of which send the same form."""
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        credentials = {"client_id": ACCOUNT.client_id, "client_secret": ACCOUNT.client_secret}
        async with session.post(f"{url}/request_token", data=credentials) as response:
            token = (await response.json(content_type=None))["access_token"]
        form = f"{_FORM}&access_token={quote(token)}"
        command = {
            "url": f"{url}/voz/call",
            "method": "post",
            "content_type": _FORM_TYPE,
            "payload": f"{form}&destino={{{{ destination }}}}",
            # A session that is not shared, because others would take the connections it keeps.
            "verify_ssl": False,
        }
        unkept = {**command, "headers": {"Connection": "close"}, "insecure_cipher": True}
        commands = {"rest_command": {"kept": command, "unkept": unkept}}
        await async_setup_component(hass, "rest_command", commands)

        async def bare_post(destination: str) -> None:
            data, headers = f"{form}&destino={destination[1:]}", {"Content-Type": _FORM_TYPE}
            async with session.post(f"{url}/voz/call", data=data, headers=headers) as response:
                await response.read()

        yield {
            CALL: lambda d: perform(hass, CALL, destination=d),
            "rest_command": lambda d: perform(hass, "rest_command.kept", destination=d[1:]),
            UNKEPT: lambda d: perform(hass, "rest_command.unkept", destination=d[1:]),
            BARE: bare_post,
        }


async def place_at_once(hass: HomeAssistant, calls: int) -> float:
    """Place calls at the same moment, and return the seconds until all are placed."""
    started = time.perf_counter()
    numbers = islice(telephones(), calls)
    await asyncio.gather(*(perform(hass, CALL, destination=number) for number in numbers))
    return time.perf_counter() - started


async def pass_a_day(hass: HomeAssistant) -> None:
    """Pass a day in steps of a minute, with all clocks."""
    clock, wall_clock, start = time.monotonic, time.time, dt_util.utcnow()
    seconds = 0
    with (
        patch("time.monotonic", lambda: clock() + seconds),
        patch("time.time", lambda: wall_clock() + seconds),
    ):
        for seconds in range(60, 24 * 60 * 60 + 1, 60):
            async_fire_time_changed(hass, start + timedelta(seconds=seconds))
            await hass.async_block_till_done(wait_background_tasks=True)


def time_imports() -> float:
    """Return the seconds that the integration's own modules took to be imported."""
    command = [sys.executable, "-X", "importtime", "-c", _IMPORT_ALL]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    own = re.findall(rf"import time: +([0-9]+) \| +[0-9]+ \| +{re.escape(PACKAGE)}\b", printed)
    return sum(map(int, own)) / 1e6


@contextmanager
def longest_block() -> Iterator[list[float]]:
    """Yield a list of the seconds, of the processor, for which the event loop did one thing."""
    blocks = [0.0]

    def timed(handle: Handle) -> None:
        started = time.thread_time()
        run(handle)
        blocks.append(time.thread_time() - started)

    patcher = patch.object(Handle, "_run", timed)
    run, _ = patcher.get_original()
    with patcher:
        yield blocks
