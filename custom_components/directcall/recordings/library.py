"""Recording library: recordings of an account, listed, found by their IDs, and opened."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
import re
from secrets import token_hex
from typing import Final

from homeassistant.components.media_source import generate_media_source_id
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ..api import (
    AudioStream,
    ByteRange,
    DirectcallClient,
    DirectcallError,
    DirectcallRecordingGoneError,
    Recording,
    RecordingQuery,
)
from ..const import CONF_MEDIA_KEY, DOMAIN
from .spool_cache import SpoolCache

_MOMENT: Final = "%Y%m%dT%H%M%SZ"
_ID: Final = re.compile(r"(20[0-9]{6}T[0-9]{6}Z)-[0-9a-f]{16}(?:-[0-9]+)?")
# Recordings in the cache, because players ask for one again and again.
_LARGEST_CACHE: Final = 20
# Seconds that a listener waits for a slot.
SLOT_TIMEOUT: Final = 5
# Bytes.
_KEY_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class RecordingListing:
    """The recordings of a period, the newest first, by their IDs."""

    recordings: Mapping[str, Recording]
    is_complete: bool
    """Whether the list was read to its end, which one that is too long is not."""


@dataclass(slots=True)
class _CachedRecording:
    """A recording that was found recently."""

    recording: Recording
    media_type: str | None = None
    """By the first bytes if the provider does not name it. None before they were fetched."""


class RecordingLibrary:
    """The recordings of an account."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, client: DirectcallClient) -> None:
        """Start with empty caches."""
        self._hass = hass
        self._key = bytes.fromhex(entry.data[CONF_MEDIA_KEY])
        self._client = client
        self._cache: dict[str, _CachedRecording] = {}
        self._spools = SpoolCache(hass)

    async def async_list(self, query: RecordingQuery) -> RecordingListing:
        """Return the recordings of a query. Raise DirectcallError if that fails."""
        found = await self._client.list_recordings(query)
        recordings = sorted(found.recordings, key=_order)
        by_id = list(zip(self._ids(recordings), recordings, strict=True))
        return RecordingListing(dict(reversed(by_id)), found.is_complete)

    def _ids(self, recordings: list[Recording]) -> list[str]:
        """Return the IDs of recordings: the time of the call, and a keyed digest of its numbers.

        They do not depend on the links, which may change. Without the account's key, the numbers
        cannot be guessed from them.
        """
        ids: list[str] = []
        seen: Counter[str] = Counter()
        for recording in recordings:
            pair = f"{recording.origin.digits} {recording.destination.digits}"
            digest = blake2b(pair.encode(), key=self._key, digest_size=8).hexdigest()
            name = f"{recording.started.astimezone(UTC):{_MOMENT}}-{digest}"
            # Several recordings of one call are counted in the order of their links.
            ids.append(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
        return ids

    async def async_media_type(self, recording_id: str) -> str:
        """Return the media type of a recording, by its first bytes.

        Raise DirectcallError or HomeAssistantError if there is no audio.
        """
        async with self._async_slot():
            return await self._async_use(recording_id, self._async_probe)

    @asynccontextmanager
    async def async_open(
        self, recording_id: str, byte_range: ByteRange | None = None
    ) -> AsyncIterator[AudioStream]:
        """Open the audio of a recording, or a part of it.

        Raise DirectcallError or HomeAssistantError if there is none.
        """

        async def async_open(cached: _CachedRecording) -> AudioStream:
            return await self._async_open(recording_id, cached, byte_range)

        async with self._async_slot(), await self._async_use(recording_id, async_open) as audio:
            yield audio

    async def async_has_audio(self, recording: Recording) -> bool:
        """Return if a recording that is listed has audio. Wait for a slot as long as it takes."""
        async with self._client.recording_slots:
            try:
                await self._client.probe_recording(recording)
            except DirectcallError:
                return False
            return True

    @callback
    def async_close(self) -> None:
        """Remove the audio that is kept."""
        self._spools.async_clear()

    @asynccontextmanager
    async def _async_slot(self) -> AsyncIterator[None]:
        """Hold a slot. Raise HomeAssistantError if none becomes free in time."""
        try:
            async with asyncio.timeout(SLOT_TIMEOUT):
                await self._client.recording_slots.acquire()
        except TimeoutError:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="too_many_listeners"
            ) from None
        try:
            yield
        finally:
            self._client.recording_slots.release()

    async def _async_use[ResultT](
        self, recording_id: str, use: Callable[[_CachedRecording], Awaitable[ResultT]]
    ) -> ResultT:
        """Use a recording. If the link in the cache no longer leads to audio, find it again."""
        if cached := self._cache.get(recording_id):
            try:
                return await use(cached)
            except DirectcallRecordingGoneError:
                self._cache.pop(recording_id, None)
        return await use(await self._async_find(recording_id))

    async def _async_probe(self, cached: _CachedRecording) -> str:
        cached.media_type = await self._client.probe_recording(cached.recording)
        return cached.media_type

    async def _async_open(
        self, recording_id: str, cached: _CachedRecording, byte_range: ByteRange | None
    ) -> AudioStream:
        """Return the audio of a recording, through a spool if its length is not cached."""
        if spool := self._spools.async_get(recording_id):
            return spool.open(byte_range)
        media_type = cached.media_type or await self._async_probe(cached)
        audio = await self._client.open_recording(cached.recording, byte_range, media_type)
        if audio.has_known_size:
            return audio
        await audio.close()
        # Players ask for several parts at once, but the audio is fetched once.
        async with self._spools.lock:
            spool = self._spools.async_get(recording_id)
            if spool is None:
                spool = await self._client.spool_recording(cached.recording, media_type)
                self._spools.async_keep(recording_id, spool)
            return spool.open(byte_range)

    async def _async_find(self, recording_id: str) -> _CachedRecording:
        """Find a recording. Raise DirectcallError or HomeAssistantError if that fails."""
        match = _ID.fullmatch(recording_id)
        if match is None:
            raise _not_found()
        try:
            moment = datetime.strptime(match[1], _MOMENT).replace(tzinfo=UTC)
        except ValueError:
            raise _not_found() from None
        listing = await self.async_list(RecordingQuery(moment, moment))
        recording = listing.recordings.get(recording_id)
        if recording is None:
            raise _not_found()
        cached = self._cache[recording_id] = _CachedRecording(recording)
        if len(self._cache) > _LARGEST_CACHE:
            del self._cache[next(iter(self._cache))]
        return cached


def _order(recording: Recording) -> tuple[datetime, str, str, str]:
    return (
        recording.started,
        recording.origin.digits,
        recording.destination.digits,
        str(recording.link),
    )


def _not_found() -> HomeAssistantError:
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="recording_not_found")


def new_media_key() -> str:
    """Return a new key for the IDs of an account's recordings, in hexadecimal digits."""
    return token_hex(_KEY_LENGTH)


def media_content_id(entry_id: str, recording_id: str) -> str:
    """Return the ID with which a recording is played in Home Assistant."""
    return generate_media_source_id(DOMAIN, f"{entry_id}/{recording_id}")
