"""Recordings in the media browser: the account, the day, the call."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import Final, override

from aiohttp import hdrs, web

from homeassistant.components.http import HomeAssistantView
from homeassistant.components.media_player import BrowseError, MediaClass
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .account import DirectcallConfigEntry
from .api import AudioStream, ByteRange, DirectcallError, Recording, RecordingQuery
from .const import DOMAIN
from .contacts import AddressBook, Recipient
from .errors import translated_errors
from .number_data import async_load_number_data
from .recordings import KEPT, YEARS

_URL: Final = f"/api/{DOMAIN}/recordings"
# What a browser is told before it plays. What it is told then is what the provider says, or what
# the first bytes are.
_MEDIA_TYPE: Final = "audio/mpeg"
# A recording is nobody's to keep. And Home Assistant's own headers come too late for a stream: it
# is audio, whatever else it may look like.
_HEADERS: Final = {
    hdrs.ACCEPT_RANGES: "bytes",
    hdrs.CACHE_CONTROL: "no-store",
    "X-Content-Type-Options": "nosniff",
}
_SECOND: Final = timedelta(seconds=1)
# What a player is told that cannot show why. All else is the provider's fault, or the connection's.
_STATUSES: Final = {
    "account_not_loaded": HTTPStatus.NOT_FOUND,
    "recording_gone": HTTPStatus.GONE,
    "recording_not_found": HTTPStatus.NOT_FOUND,
    "too_many_listeners": HTTPStatus.SERVICE_UNAVAILABLE,
}
# Seconds after which the response to a listener that reads nothing ends, which makes room for
# others. A player that was paused for so long asks for the rest.
LISTENER_STUCK: Final = 240


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """Set up the recordings as a media source."""
    hass.http.register_view(DirectcallRecordingView(hass))
    return DirectcallMediaSource(hass)


@callback
def _async_get_entry(hass: HomeAssistant, entry_id: str) -> DirectcallConfigEntry:
    """Return an account that is loaded. Raise HomeAssistantError if there is none."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        if entry.entry_id == entry_id:
            return entry
    raise HomeAssistantError(translation_domain=DOMAIN, translation_key="account_not_loaded")


class DirectcallMediaSource(MediaSource):
    """The recordings of all accounts.

    An item's identifier is the account's, then a day or what a recording is known by:
    `entry`, `entry/2026-11-25`, `entry/20261125T170500Z-…`.
    """

    name = "Directcall"

    def __init__(self, hass: HomeAssistant) -> None:
        """Start."""
        super().__init__(DOMAIN)
        self._hass = hass

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Show the accounts, an account's days, or a day's recordings."""
        if not item.identifier:
            entries = self._hass.config_entries.async_loaded_entries(DOMAIN)
            return _folder("", "Directcall", [_folder(e.entry_id, e.title) for e in entries])
        entry_id, _, day = item.identifier.partition("/")
        try:
            with translated_errors():
                entry = _async_get_entry(self._hass, entry_id)
                if not day:
                    return _folder(entry_id, entry.title, await self._async_days(entry))
                return await self._async_day(entry, _read_day(day))
        except HomeAssistantError as err:
            raise await _async_as_shown(self._hass, err, BrowseError) from err

    async def _async_days(self, entry: DirectcallConfigEntry) -> list[BrowseMediaSource]:
        """Return the days on which there are recordings, the newest first."""
        now = dt_util.now()
        listing = await entry.runtime_data.recordings.async_list(RecordingQuery(now - KEPT, now))
        if listing.is_complete:
            days = {dt_util.as_local(r.started).date() for r in listing.recordings.values()}
        else:
            # Not all were read: there may be some on each day.
            days = {(now - timedelta(days=number)).date() for number in range(KEPT.days + 1)}
        return [
            _folder(f"{entry.entry_id}/{day}", self._title_of(day))
            for day in sorted(days, reverse=True)
        ]

    async def _async_day(self, entry: DirectcallConfigEntry, day: date) -> BrowseMediaSource:
        """Return the recordings of a day, the newest first."""
        zone = dt_util.get_default_time_zone()
        start, end = (
            datetime.combine(midnight, time.min, zone).astimezone(UTC)
            for midnight in (day, day + timedelta(days=1))
        )
        listing = await entry.runtime_data.recordings.async_list(
            RecordingQuery(start, end - _SECOND)
        )
        numbers = {n for r in listing.recordings.values() for n in (r.origin, r.destination)}
        await async_load_number_data(self._hass, *numbers)
        book = AddressBook(self._hass, entry)
        return _folder(
            f"{entry.entry_id}/{day}",
            self._title_of(day),
            [
                BrowseMediaSource(
                    domain=DOMAIN,
                    identifier=f"{entry.entry_id}/{recording_id}",
                    media_class=MediaClass.MUSIC,
                    media_content_type=_MEDIA_TYPE,
                    title=self._title(book, recording),
                    can_play=True,
                    can_expand=False,
                )
                for recording_id, recording in listing.recordings.items()
            ],
        )

    def _title_of(self, day: date) -> str:
        """Return a day as the people of the house write it."""
        is_portuguese = self._hass.config.language.startswith("pt")
        return f"{day:%d/%m/%Y}" if is_portuguese else day.isoformat()

    def _title(self, book: AddressBook, recording: Recording) -> str:
        """Return when a call was, and between whom."""
        origin, destination = (
            self._name(book.guess_number(number))
            for number in (recording.origin, recording.destination)
        )
        return f"{dt_util.as_local(recording.started):%H:%M} {origin} → {destination}"

    def _name(self, recipient: Recipient) -> str:
        """Return a contact's name, or a number as people at home write it."""
        return recipient.contact or recipient.number.written_in(self._hass.config.country)

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return where a recording is played: at the view below, which Home Assistant signs.

        Whether there is audio is seen before, so that people are told what is wrong.
        """
        entry_id, _, recording_id = item.identifier.partition("/")
        try:
            with translated_errors():
                entry = _async_get_entry(self._hass, entry_id)
                media_type = await entry.runtime_data.recordings.async_media_type(recording_id)
        except HomeAssistantError as err:
            raise await _async_as_shown(self._hass, err, Unresolvable) from err
        return PlayMedia(f"{_URL}/{entry_id}/{recording_id}", media_type)


async def _async_as_shown[ErrorT: HomeAssistantError](
    hass: HomeAssistant, err: HomeAssistantError, error_type: type[ErrorT]
) -> ErrorT:
    """Return an error as the media browser takes it.

    It shows nothing but the text, which would be English, and so is said in the home's language.
    """
    texts = await async_get_translations(hass, hass.config.language, "exceptions", {DOMAIN})
    text = texts[f"component.{DOMAIN}.exceptions.{err.translation_key}.message"]
    return error_type(
        text.format(**(err.translation_placeholders or {})),
        translation_domain=DOMAIN,
        translation_key=err.translation_key,
        translation_placeholders=err.translation_placeholders,
    )


def _folder(
    identifier: str, title: str, children: list[BrowseMediaSource] | None = None
) -> BrowseMediaSource:
    """Return what holds other items."""
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=identifier,
        media_class=MediaClass.DIRECTORY,
        media_content_type=MediaClass.MUSIC,
        title=title,
        can_play=False,
        can_expand=True,
        children=children,
    )


def _read_day(text: str) -> date:
    """Return a day of an identifier. Raise HomeAssistantError if it is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="recording_not_found")
    return day


class DirectcallRecordingView(HomeAssistantView):
    """Hands a recording's audio on, for whoever is logged in or has a signed path."""

    url = f"{_URL}/{{entry_id}}/{{recording_id}}"
    name = f"api:{DOMAIN}:recordings"

    def __init__(self, hass: HomeAssistant) -> None:
        """Start."""
        self._hass = hass

    async def head(
        self, request: web.Request, entry_id: str, recording_id: str
    ) -> web.StreamResponse:
        """Tell of the audio. Some players ask for that first."""
        return await self._async_answer(request, entry_id, recording_id)

    async def get(
        self, request: web.Request, entry_id: str, recording_id: str
    ) -> web.StreamResponse:
        """Hand the audio on as it comes."""
        return await self._async_answer(request, entry_id, recording_id)

    async def _async_answer(
        self, request: web.Request, entry_id: str, recording_id: str
    ) -> web.StreamResponse:
        """Answer with the audio, or with what is wrong."""
        byte_range = ByteRange.parse(request.headers.get(hdrs.RANGE))
        try:
            with translated_errors():
                entry = _async_get_entry(self._hass, entry_id)
                recordings = entry.runtime_data.recordings
                async with recordings.async_open(recording_id, byte_range) as audio:
                    return await _async_hand_on(request, audio)
        except HomeAssistantError as err:
            status = _STATUSES.get(err.translation_key or "", HTTPStatus.BAD_GATEWAY)
            return self.json_message(str(err), status, err.translation_key)


async def _async_hand_on(request: web.Request, audio: AudioStream) -> web.StreamResponse:
    """Hand audio on as it comes, never faster than the listener takes it."""
    response = web.StreamResponse(status=audio.status, headers=_HEADERS)
    response.content_type = audio.media_type
    response.content_length = audio.length
    if audio.content_range:
        response.headers[hdrs.CONTENT_RANGE] = audio.content_range
    await response.prepare(request)
    if request.method == hdrs.METH_HEAD:
        return response
    try:
        async for chunk in audio.chunks():
            async with asyncio.timeout(LISTENER_STUCK):
                await response.write(chunk)
    except DirectcallError, TimeoutError:
        # An end that comes too early must look like one.
        request.protocol.force_close()
    return response
