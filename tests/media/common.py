"""Helpers of the media tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.components.media_source import PlayMedia, async_browse_media, async_resolve_media
from homeassistant.core import HomeAssistant

from tests.simulator import Recording, Simulator

ROOT = "media-source://directcall"
# 14:05 in São Paulo.
NOW = datetime(2026, 11, 25, 17, 5, 30, tzinfo=UTC)
SIZE = 44 + 3 * 8000


def record(
    simulator: Simulator,
    origin: str = "5541999990000",
    destination: str = "554130600300",
    before: timedelta = timedelta(0),
    **more: Any,
) -> Recording:
    """Have a recording of a call, which began some time before."""
    recording = Recording(origin, destination, "a-call", NOW - before, **more)
    simulator.recordings.append(recording)
    return recording


async def browse(hass: HomeAssistant, content_id: str | None = ROOT) -> dict[str, str]:
    """Return what is in a folder: the titles and ids of all, in their order."""
    folder = await async_browse_media(hass, content_id)
    assert folder.children is not None
    return {child.title: child.media_content_id for child in folder.children}


async def only(hass: HomeAssistant) -> str:
    """Return the id of the only recording, found as people find it."""
    content_id = ROOT
    for _ in range(2):
        [content_id] = (await browse(hass, content_id)).values()
    return content_id


async def resolve(hass: HomeAssistant, content_id: str) -> PlayMedia:
    """Return where something is played."""
    return await async_resolve_media(hass, content_id, None)


async def play(client: Any, path: str, header: str | None = None) -> bytes:
    """Play a recording, or a part of it."""
    async with client.get(path, headers={"Range": header} if header else {}) as response:
        assert response.status in {200, 206}
        return bytes(await response.read())
