"""What a call costs: its time, beside that of other ways to ask for it, and its requests."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import batched, islice
import time
from typing import Final
from urllib.parse import urlencode

import aiohttp

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from custom_components.directcall.const import DOMAIN
from tests.simulator import ACCOUNT

from .house import perform
from .provider import Provider, Tally

DIRECTCALL: Final = "`directcall.place_call`"
REST_COMMAND: Final = "`rest_command`"
UNKEPT: Final = f"{REST_COMMAND}, a connection for each call"
BARE: Final = "Bare POST, a connection for each call"

# Rounds in a row, over long before the calls of the first one are looked at, 2 s after them.
BATCH: Final = 20
_FORM_TYPE: Final = "application/x-www-form-urlencoded"
# What `place_call` sends for an account as the tests have it.
_FORM: Final = {
    "origem": "554130600300",
    "gravar": "n",
    "cli": "s",
    "inverter_discagem": "n",
    "format": "JSON",
}

type Way = Callable[[str], Awaitable[None]]


@dataclass
class Comparison:
    """Calls placed in several ways, in turn."""

    seconds: dict[str, list[float]]
    """How long each call took, by way."""
    looks: int = 0
    """How many looks at calls fell into that time."""


@dataclass
class Rush:
    """Calls that were asked for at the same moment."""

    asked: int
    seconds: float = 0
    """Until the last was placed."""
    each: list[float] = field(default_factory=list)
    """Seconds until each was placed."""
    placed_once: int = 0
    """How many telephones got exactly one call."""
    placed: int = 0
    looks: int = 0
    """How many looks at calls fell into that time."""


async def place_call(hass: HomeAssistant, destination: str) -> None:
    """Place a call."""
    await perform(hass, f"{DOMAIN}.place_call", destination=destination)


async def hang_up(hass: HomeAssistant) -> None:
    """Hang up every call, so that none is looked at any more."""
    await perform(hass, "button.press", entity_id="button.directcall_hang_up")


async def count_requests(hass: HomeAssistant, provider: Provider, destination: str) -> Tally:
    """Place a call, hang up at once, and return what that brought to the provider."""
    before = await provider.tally()
    await place_call(hass, destination)
    tally = (await provider.tally()).since(before)
    await hang_up(hass)
    return tally


async def compare(
    hass: HomeAssistant, provider: Provider, url: str, destinations: Iterator[str], rounds: int
) -> Comparison:
    """Place a call in each way in each round."""
    async with _ways(hass, url) as ways:
        await _play(hass, ways, islice(destinations, BATCH))
        await hang_up(hass)
        compared = Comparison({name: [] for name in ways})
        for batch in batched(islice(destinations, rounds), BATCH, strict=False):
            before = await provider.tally()
            for name, seconds in (await _play(hass, ways, batch)).items():
                compared.seconds[name] += seconds
            compared.looks += (await provider.tally()).since(before).requests["voz/status"]
            await hang_up(hass)
    return compared


async def rush(hass: HomeAssistant, provider: Provider, destinations: list[str]) -> Rush:
    """Call all destinations at the same moment."""
    result = Rush(len(destinations))

    async def place(destination: str) -> None:
        await place_call(hass, destination)
        result.each.append(time.perf_counter() - started)

    before = await provider.tally()
    started = time.perf_counter()
    await asyncio.gather(*(place(destination) for destination in destinations))
    result.seconds = time.perf_counter() - started
    tally = (await provider.tally()).since(before)
    result.placed = tally.destinations.total()
    result.placed_once = sum(number == 1 for number in tally.destinations.values())
    result.looks = tally.requests["voz/status"]
    await hang_up(hass)
    return result


async def _play(
    hass: HomeAssistant, ways: dict[str, Way], destinations: Iterable[str]
) -> dict[str, list[float]]:
    """Call each destination in each way, and return the seconds that each call took."""
    order = deque(ways)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for destination in destinations:
        for name in order:
            await hass.async_block_till_done()
            started = time.perf_counter()
            await ways[name](destination)
            seconds[name].append(time.perf_counter() - started)
        # None always follows the same other one.
        order.rotate()
    return seconds


@asynccontextmanager
async def _ways(hass: HomeAssistant, url: str) -> AsyncIterator[dict[str, Way]]:
    """Yield ways to place a call, all of which send the same form."""
    headers = {"Content-Type": _FORM_TYPE}
    # A connection for each request, as the integration has it.
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        credentials = {"client_id": ACCOUNT.client_id, "client_secret": ACCOUNT.client_secret}
        async with session.post(f"{url}/request_token", data=credentials) as response:
            token = (await response.json(content_type=None))["access_token"]
        form = {**_FORM, "access_token": token}
        command = {
            "url": f"{url}/voz/call",
            "method": "post",
            "content_type": _FORM_TYPE,
            "payload": f"{urlencode(form)}&destino={{{{ destination }}}}",
            # A session of its own: it leaves connections behind that others would take.
            "verify_ssl": False,
        }
        unkept = {**command, "headers": {"Connection": "close"}, "insecure_cipher": True}
        commands = {"rest_command": {"call": command, "unkept_call": unkept}}
        await async_setup_component(hass, "rest_command", commands)

        async def by_rest_command(destination: str) -> None:
            await perform(hass, "rest_command.call", destination=destination.removeprefix("+"))

        async def by_unkept_rest_command(destination: str) -> None:
            await perform(
                hass, "rest_command.unkept_call", destination=destination.removeprefix("+")
            )

        async def by_bare_post(destination: str) -> None:
            data = urlencode({**form, "destino": destination.removeprefix("+")}).encode()
            async with session.post(f"{url}/voz/call", data=data, headers=headers) as response:
                await response.read()

        yield {
            DIRECTCALL: partial(place_call, hass),
            REST_COMMAND: by_rest_command,
            UNKEPT: by_unkept_rest_command,
            BARE: by_bare_post,
        }
