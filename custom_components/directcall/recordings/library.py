"""An account's recordings: listed, known by an id that gives nothing away, and opened."""

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
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later

from ..api import (
    AudioStream,
    ByteRange,
    DirectcallClient,
    DirectcallError,
    DirectcallRecordingGoneError,
    Recording,
    RecordingQuery,
    Spool,
)
from ..const import CONF_MEDIA_KEY, DOMAIN

_MOMENT: Final = "%Y%m%dT%H%M%SZ"
_ID: Final = re.compile(r"(20[0-9]{6}T[0-9]{6}Z)-[0-9a-f]{16}(?:-[0-9]+)?")
# How many recordings stay in mind, so that who skips through one has it looked up once.
_MOST_IN_MIND: Final = 20
# Seconds that a listener waits for one of the others to end.
PATIENCE: Final = 5
# Seconds for which a spooled recording is kept after it was last asked for: players ask for the
# first bytes, then for the rest, and again after each skip.
SPOOL_KEPT: Final = 5 * 60
# Bytes.
_KEY_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class RecordingListing:
    """The recordings of some time, the newest first, by their ids."""

    recordings: Mapping[str, Recording]
    is_complete: bool
    """Whether there are no more: a list that is too long is not read to its end."""


@dataclass(slots=True)
class _InMind:
    """A recording that was found a moment ago."""

    recording: Recording
    media_type: str | None = None
    """By its first bytes where the provider does not say. Nothing before the first look."""


class RecordingLibrary:
    """The recordings of an account."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, client: DirectcallClient) -> None:
        """Start with an empty cache."""
        self._hass = hass
        self._entry_id = entry.entry_id
        self._key = bytes.fromhex(entry.data[CONF_MEDIA_KEY])
        self._client = client
        self._in_mind: dict[str, _InMind] = {}
        self._spools = _SpoolCache(hass)

    async def async_list(self, query: RecordingQuery) -> RecordingListing:
        """Return the recordings that a query asks for.

        Raise HomeAssistantError if they cannot be had.
        """
        found = await self._client.list_recordings(query)
        recordings = sorted(found.recordings, key=_order)
        by_id = list(zip(self._ids(recordings), recordings, strict=True))
        return RecordingListing(dict(reversed(by_id)), found.is_complete)

    def _ids(self, recordings: list[Recording]) -> list[str]:
        """Return what recordings are known by: the time, and something that tells them apart.

        It stays the same as long as the account is there, whatever becomes of the link. (Where a
        call has several recordings, they are counted in the order of their links: there is nothing
        better.) Without the account's key nobody can tell from it which numbers it is about.
        """
        ids: list[str] = []
        seen: Counter[str] = Counter()
        for recording in recordings:
            pair = f"{recording.origin.digits} {recording.destination.digits}"
            digest = blake2b(pair.encode(), key=self._key, digest_size=8).hexdigest()
            name = f"{recording.started.astimezone(UTC):{_MOMENT}}-{digest}"
            # Several of one call.
            ids.append(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
        return ids

    async def async_media_type(self, recording_id: str) -> str:
        """Look whether a recording has audio, and return its media type.

        Raise HomeAssistantError if there is none.
        """
        async with self._async_slot():
            return await self._async_use(recording_id, self._async_probe)

    @asynccontextmanager
    async def async_open(
        self, recording_id: str, byte_range: ByteRange | None = None
    ) -> AsyncIterator[AudioStream]:
        """Open the audio of a recording, or a part of it.

        Raise HomeAssistantError if there is none.
        """

        async def async_open(known: _InMind) -> AudioStream:
            return await self._async_open(recording_id, known, byte_range)

        async with self._async_slot(), await self._async_use(recording_id, async_open) as audio:
            yield audio

    async def async_has_audio(self, recording: Recording) -> bool:
        """Return if what is listed can be heard, too. Wait for a slot as long as it takes."""
        async with self._client.recording_slots:
            try:
                await self._client.probe_recording(recording)
            except DirectcallError:
                return False
            return True

    @callback
    def async_close(self) -> None:
        """Keep no audio any longer."""
        self._spools.async_clear()

    @asynccontextmanager
    async def _async_slot(self) -> AsyncIterator[None]:
        """Hold one of the slots. Raise HomeAssistantError if none gets free in time."""
        try:
            async with asyncio.timeout(PATIENCE):
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
        self, recording_id: str, use: Callable[[_InMind], Awaitable[ResultT]]
    ) -> ResultT:
        """Use a recording, looked up again if its link no longer leads to audio.

        Raise HomeAssistantError if that fails.
        """
        if known := self._in_mind.get(recording_id):
            try:
                return await use(known)
            except DirectcallRecordingGoneError:
                self._in_mind.pop(recording_id, None)
        return await use(await self._async_find(recording_id))

    async def _async_probe(self, known: _InMind) -> str:
        """Look at the first bytes of a recording, and return its media type."""
        known.media_type = await self._client.probe_recording(known.recording)
        return known.media_type

    async def _async_open(
        self, recording_id: str, known: _InMind, byte_range: ByteRange | None
    ) -> AudioStream:
        """Return the audio of a recording, through a spool where its length is unknown."""
        if spool := self._spools.async_get(recording_id):
            return spool.open(byte_range)
        media_type = known.media_type or await self._async_probe(known)
        audio = await self._client.open_recording(known.recording, byte_range, media_type)
        if audio.has_known_size:
            return audio
        await audio.close()
        # Players ask for several parts at once: it is fetched for one of them.
        async with self._spools.lock:
            spool = self._spools.async_get(recording_id)
            if spool is None:
                spool = await self._client.spool_recording(known.recording, media_type)
                self._spools.async_keep(recording_id, spool)
            return spool.open(byte_range)

    async def _async_find(self, recording_id: str) -> _InMind:
        """Return a recording. Raise HomeAssistantError if it cannot be had."""
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
        known = self._in_mind[recording_id] = _InMind(recording)
        if len(self._in_mind) > _MOST_IN_MIND:
            del self._in_mind[next(iter(self._in_mind))]
        return known


class _SpoolCache:
    """The recording that was spooled last, for a while."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without one."""
        self._hass = hass
        self._kept: tuple[str, Spool] | None = None
        self._cancel_timer: CALLBACK_TYPE | None = None
        self.lock: Final = asyncio.Lock()
        """Held while a recording is spooled."""

    @callback
    def async_get(self, recording_id: str) -> Spool | None:
        """Return the spool of a recording, if it is kept."""
        if self._kept is None or self._kept[0] != recording_id:
            return None
        self._async_restart_timer()
        return self._kept[1]

    @callback
    def async_keep(self, recording_id: str, spool: Spool) -> None:
        """Keep the spool of a recording instead of the last one."""
        self.async_clear()
        self._kept = recording_id, spool
        self._async_restart_timer()

    @callback
    def _async_restart_timer(self) -> None:
        """Keep the spool for some more time."""
        if self._cancel_timer:
            self._cancel_timer()
        self._cancel_timer = async_call_later(
            self._hass, SPOOL_KEPT, HassJob(self._async_expire, cancel_on_shutdown=True)
        )

    @callback
    def _async_expire(self, _now: datetime) -> None:
        """Close the spool after its time."""
        self._cancel_timer = None
        self.async_clear()

    @callback
    def async_clear(self) -> None:
        """Close the spool, if there is one."""
        if self._cancel_timer:
            self._cancel_timer()
            self._cancel_timer = None
        if self._kept:
            self._hass.async_add_executor_job(self._kept[1].close)
            self._kept = None


def _order(recording: Recording) -> tuple[datetime, str, str, str]:
    """Return what recordings are sorted by."""
    return (
        recording.started,
        recording.origin.digits,
        recording.destination.digits,
        str(recording.link),
    )


def _not_found() -> HomeAssistantError:
    """Return the error that there is no such recording."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="recording_not_found")


def new_media_key() -> str:
    """Return a key for the ids of an account's recordings, in hexadecimal digits."""
    return token_hex(_KEY_LENGTH)


def media_content_id(entry_id: str, recording_id: str) -> str:
    """Return what a recording is known by to whoever plays media."""
    return generate_media_source_id(DOMAIN, f"{entry_id}/{recording_id}")
