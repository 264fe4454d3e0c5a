"""An account's recordings: listed, known by an id that gives nothing away, and opened."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from hashlib import blake2b
import re
from secrets import token_hex
from typing import Final

from homeassistant.components.media_source import generate_media_source_id
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .api import (
    Audio,
    ByteRange,
    DirectcallError,
    Recording,
    RecordingGoneError,
    RecordingQuery,
    Token,
)
from .const import CONF_MEDIA_KEY, DOMAIN
from .coordinator import DirectcallConfigEntry, translated
from .times import read_moment_or_day

# How long the provider keeps them, unless it is paid for more (provider's documentation).
KEPT: Final = timedelta(days=90)
# In which there can be recordings.
YEARS: Final = range(2000, 2100)
_DEFAULT_PERIOD: Final = timedelta(days=7)
_MOMENT: Final = "%Y%m%dT%H%M%SZ"
_ID: Final = re.compile(r"(20[0-9]{6}T[0-9]{6}Z)-[0-9a-f]{16}(?:-[0-9]+)?")
# How many recordings stay in mind, so that who skips through one has it looked up once.
_MOST_IN_MIND: Final = 20
# Bytes.
_KEY_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class Listing:
    """The recordings of some time, the newest first, by their ids."""

    recordings: Mapping[str, Recording]
    is_complete: bool
    """Whether there are no more: a list that is too long is not read to its end."""


class Recordings:
    """The recordings of an account."""

    def __init__(self, entry: DirectcallConfigEntry) -> None:
        """Start with none in mind."""
        self._key = bytes.fromhex(entry.data[CONF_MEDIA_KEY])
        self._coordinator = entry.runtime_data
        self._in_mind: dict[str, Recording] = {}

    async def async_list(self, query: RecordingQuery) -> Listing:
        """Return the recordings that a query asks for.

        Raise HomeAssistantError if they cannot be had.
        """
        client = self._coordinator.client

        async def operation(token: Token) -> Listing:
            found = await client.list_recordings(token, query)
            recordings = sorted(found.recordings, key=_order)
            by_id = list(zip(self._ids(recordings), recordings, strict=True))
            return Listing(dict(reversed(by_id)), found.is_complete)

        return await self._coordinator.async_execute(operation)

    def _ids(self, recordings: list[Recording]) -> list[str]:
        """Return what recordings are known by: the time, and something that tells them apart.

        It stays the same as long as the account is there, whatever becomes of the link. (Where a
        call has several recordings, they are counted in the order of their links: there is nothing
        better.) Without the account's key nobody can tell from it which numbers it is about.
        """
        ids: list[str] = []
        seen: Counter[str] = Counter()
        for recording in recordings:
            pair = f"{recording.origin.wire} {recording.destination.wire}"
            digest = blake2b(pair.encode(), key=self._key, digest_size=8).hexdigest()
            name = f"{recording.started.astimezone(UTC):{_MOMENT}}-{digest}"
            # Several of one call.
            ids.append(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
        return ids

    async def async_open(self, recording_id: str, byte_range: ByteRange | None = None) -> Audio:
        """Return the audio of a recording, or a part of it. It has to be closed.

        Raise HomeAssistantError if there is none.
        """
        client = self._coordinator.client
        try:
            if known := self._in_mind.get(recording_id):
                try:
                    return await client.open_recording(known, byte_range)
                except RecordingGoneError:
                    # The provider may have another link for it by now.
                    self._in_mind.pop(recording_id, None)
            recording = await self._async_find(recording_id)
            return await client.open_recording(recording, byte_range)
        except DirectcallError as err:
            raise translated(err, HomeAssistantError) from err

    async def async_has_audio(self, recording: Recording) -> bool:
        """Return if what is listed can be heard, too."""
        try:
            async with await self._coordinator.client.open_recording(recording, ByteRange(0, 0)):
                return True
        except DirectcallError:
            return False

    async def _async_find(self, recording_id: str) -> Recording:
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
        self._in_mind[recording_id] = recording
        if len(self._in_mind) > _MOST_IN_MIND:
            del self._in_mind[next(iter(self._in_mind))]
        return recording


def _order(recording: Recording) -> tuple[datetime, str, str, str]:
    """Return what recordings are sorted by."""
    return (
        recording.started,
        recording.origin.wire,
        recording.destination.wire,
        str(recording.link),
    )


def _not_found() -> HomeAssistantError:
    """Return the error that there is no such recording."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="recording_not_found")


def check_period(start: object, end: object) -> tuple[datetime, datetime]:
    """Return from when to when recordings are asked for. Without a zone, it is the home's time.

    Without an end it is now, and without a start seven days before the end. Raise
    ServiceValidationError if one of them is no time, or they are the wrong way round, or too far
    apart.
    """
    last = _read_moment(end, time.max, dt_util.now())
    if last is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="invalid_end")
    first = _read_moment(start, time.min, last - _DEFAULT_PERIOD)
    if first is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="invalid_start")
    if first > last:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="end_before_start")
    # In days of the calendar: whoever says the day 90 days ago means all of it.
    if last.date() - first.date() > KEPT:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="period_too_long")
    return first, last


def _read_moment(value: object, hour: time, default: datetime) -> datetime | None:
    """Return the moment that the value of a field means; nothing if it is none."""
    try:
        moment = default if value is None else read_moment_or_day(value, hour)
    except TypeError, ValueError, OverflowError:
        return None
    return moment if moment.year in YEARS else None


def new_media_key() -> str:
    """Return a key for the ids of an account's recordings, in hexadecimal digits."""
    return token_hex(_KEY_LENGTH)


def media_content_id(entry_id: str, recording_id: str) -> str:
    """Return what a recording is known by to whoever plays media."""
    return generate_media_source_id(DOMAIN, f"{entry_id}/{recording_id}")


_DATA_RECORDINGS: Final[HassKey[dict[str, Recordings]]] = HassKey(f"{DOMAIN}_recordings")


@callback
def async_get_recordings(hass: HomeAssistant, entry: DirectcallConfigEntry) -> Recordings:
    """Return the recordings of an account that is loaded."""
    accounts = hass.data.setdefault(_DATA_RECORDINGS, {})
    if entry.entry_id not in accounts:
        accounts[entry.entry_id] = Recordings(entry)

        @callback
        def forget() -> None:
            del accounts[entry.entry_id]

        entry.async_on_unload(forget)
    return accounts[entry.entry_id]
