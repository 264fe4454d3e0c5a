"""View that streams recordings: several listeners, slow ones, and audio that breaks off."""

import asyncio
import gzip
import tracemalloc
from typing import Any
from unittest.mock import patch

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.components.media_source import Unresolvable
from homeassistant.core import HomeAssistant

from custom_components.directcall import http as http_module
from custom_components.directcall.recordings import library as library_module
from tests.common import open_files, pass_time, place_call, until
from tests.media.common import NOW, ROOT, SIZE, browse, only, play, record, resolve
from tests.simulator import Reply, Simulator

pytestmark = pytest.mark.freeze_time(NOW, tick=True)


async def hang(simulator: Simulator, client: Any, path: str) -> list[asyncio.Task[bytes]]:
    """Have a recording played four times by a provider that hangs."""
    tasks = [asyncio.create_task(play(client, path)) for _ in range(4)]
    await until(lambda: simulator.connections == 4)
    return tasks


async def leave(tasks: list[asyncio.Task[bytes]]) -> None:
    """Have listeners leave."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_listeners_hold_nothing_back(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Stuck recordings delay no calls, polls or lists, and waiting listeners get a reason."""
    record(simulator)
    content_id = await only(hass)
    path = (await resolve(hass, content_id)).url
    client = await hass_client()
    simulator.quirks.audio_delay = 100
    with patch.object(library_module, "SLOT_TIMEOUT", 0.3):
        tasks = await hang(simulator, client, path)
        async with asyncio.timeout(30):
            answers = await asyncio.gather(*(client.get(path) for _ in range(10)))
        for answer in answers:
            assert answer.status == 503
            assert "Four recordings" in await answer.text()
        with pytest.raises(Unresolvable, match="Four recordings"):
            await resolve(hass, content_id)
        async with asyncio.timeout(30):
            await place_call(hass, destination="Maria")
            assert len(await browse(hass, f"{ROOT}/01DIRECTCALL/2026-11-25")) == 1
        await pass_time(hass, freezer, 3)
        assert simulator.requests["voz/status"] == 1
        # A reload of the account adds no further four.
        await hass.config_entries.async_reload(account.entry_id)
        async with asyncio.timeout(30), client.get(path) as response:
            assert response.status == 503
        await leave(tasks)
        simulator.quirks.audio_delay = 0
        assert len(await play(client, path)) == SIZE


async def test_listener_who_waits_a_little(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """A fifth listener gets a turn as soon as one of four is done."""
    record(simulator)
    path = (await resolve(hass, await only(hass))).url
    client = await hass_client()
    simulator.quirks.audio_delay = 0.3
    sizes = [len(sound) for sound in await asyncio.gather(*(play(client, path) for _ in range(8)))]
    assert sizes == [SIZE] * 8


async def test_listener_who_takes_nothing(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A player that takes nothing for minutes makes room for others."""
    assert http_module.LISTENER_STUCK == 4 * 60
    record(simulator, seconds=2_500)
    path = (await resolve(hass, await only(hass))).url
    client = await hass_client()
    with patch.object(http_module, "LISTENER_STUCK", 0.3):
        stuck = [await client.get(path) for _ in range(4)]
        assert await play(client, path, "bytes=0-3") == b"RIFF"
        ends = await asyncio.gather(*(each.read() for each in stuck), return_exceptions=True)
    # Who made room is not made to believe that this was all.
    assert aiohttp.ClientPayloadError in map(type, ends)
    assert "TimeoutError" not in caplog.text


async def test_several_listeners(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """A player that asks for several parts at once gets them all, also where the link changed."""
    recording = record(simulator)
    path = (await resolve(hass, await only(hass))).url
    recording.key = "f" * 40
    client = await hass_client()

    async def play() -> int:
        async with client.get(path) as response:
            return len(await response.read())

    assert await asyncio.gather(*(play() for _ in range(4))) == [SIZE] * 4


async def test_audio_that_breaks_off(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """A player is not made to believe that a recording ended where its connection did."""
    recording = record(simulator)
    path = (await resolve(hass, await only(hass))).url
    link = f"extrato/gravacao/id/{recording.key}"
    simulator.reply(link, Reply(b"RIFF" * 1000, content_type="audio/wav", drop=True))
    client = await hass_client()
    async with client.get(path) as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_audio_of_unknown_length_that_breaks_off(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """Audio of unknown length that breaks off is detected before anything is played."""
    recording = record(simulator)
    path = (await resolve(hass, await only(hass))).url
    link = f"extrato/gravacao/id/{recording.key}"
    audio = gzip.compress(b"RIFF" * 10_000)[:-20]
    simulator.reply(link, *[Reply(audio, content_type="audio/wav", encoding="gzip", drop=True)] * 2)
    before = open_files()
    client = await hass_client()
    async with client.get(path) as response:
        assert response.status == 502
        assert "cannot be reached" in await response.text()
    await until(lambda: open_files() == before)


async def test_listener_who_leaves(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """Fetching stops when the listener closes the page."""
    record(simulator, seconds=12_500)
    path = (await resolve(hass, await only(hass))).url
    client = await hass_client()
    async with client.get(path) as response:
        await response.content.read(1000)
        assert simulator.connections == 1
    await until(lambda: simulator.connections == 0)


async def test_long_recording(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A recording of 100 MB takes less than 5 MB of memory, all that is in between counted."""
    recording = record(simulator, seconds=12_500)
    assert recording.size > 100_000_000
    path = (await resolve(hass, await only(hass))).url
    client = await hass_client()
    received = 0
    tracemalloc.start()
    async with client.get(path) as response:
        async for chunk in response.content.iter_any():
            received += len(chunk)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert received == recording.size
    assert peak < 5_000_000
