"""Media source: recordings by account and day."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, override

from homeassistant.components.media_player import BrowseError, MediaClass
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .account import DirectcallConfigEntry, async_get_loaded_entry
from .api import Recording, RecordingQuery
from .const import DOMAIN, RECORDINGS_KEPT, YEARS
from .contacts import AddressBook, Recipient, async_load_number_data
from .errors import translated_errors
from .http import RECORDINGS_URL, DirectcallRecordingView
from .texts import async_get_common_text, async_get_error_text, async_load_texts

# The browser gets this type before it plays. The response has the provider's, or the audio's own.
_MEDIA_TYPE: Final = "audio/mpeg"
_SECOND: Final = timedelta(seconds=1)


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """Set up the media source."""
    hass.http.register_view(DirectcallRecordingView(hass))
    source = DirectcallMediaSource(hass)
    await source.async_update_name()
    # The language may have changed.
    hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, source.async_update_name)
    return source


class DirectcallMediaSource(MediaSource):
    """Recordings by `entry`, `entry/2026-11-25` and `entry/20261125T170500Z-…`."""

    name: str

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize the source."""
        super().__init__(DOMAIN)
        self._hass = hass

    async def async_update_name(self, _: Event[Any] | None = None) -> None:
        """Name the folder of all recordings in the home's language."""
        await async_load_texts(self._hass)
        self.name = async_get_common_text(self._hass, "recordings")

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        # The folder of all recordings has no identifier.
        identifier = item.identifier or ""
        entry_id, _, day = identifier.partition("/")
        if not entry_id:
            entries = self._hass.config_entries.async_loaded_entries(DOMAIN)
            if len(entries) != 1:
                return _folder("", self.name, [_folder(e.entry_id, e.title) for e in entries])
            entry_id = entries[0].entry_id
        try:
            with translated_errors():
                entry = async_get_loaded_entry(self._hass, entry_id)
                if not day:
                    title = entry.title if identifier else self.name
                    return _folder(identifier, title, await self._async_days(entry))
                return await self._async_day(entry, _read_day(day))
        except HomeAssistantError as err:
            raise await _async_localized(self._hass, err, BrowseError) from err

    async def _async_days(self, entry: DirectcallConfigEntry) -> list[BrowseMediaSource]:
        now = dt_util.now()
        listing = await entry.runtime_data.recordings.async_list(
            RecordingQuery(now - RECORDINGS_KEPT, now)
        )
        if listing.is_complete:
            days = {dt_util.as_local(r.started).date() for r in listing.recordings.values()}
        else:
            # Any day may have recordings, because not all were read.
            days = {(now - timedelta(days=n)).date() for n in range(RECORDINGS_KEPT.days + 1)}
        return [
            _folder(f"{entry.entry_id}/{day}", self._title_of(day))
            for day in sorted(days, reverse=True)
        ]

    async def _async_day(self, entry: DirectcallConfigEntry, day: date) -> BrowseMediaSource:
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
        is_portuguese = self._hass.config.language.startswith("pt")
        return f"{day:%d/%m/%Y}" if is_portuguese else day.isoformat()

    def _title(self, book: AddressBook, recording: Recording) -> str:
        origin, destination = (
            self._name(book.guess_by_number(number))
            for number in (recording.origin, recording.destination)
        )
        return f"{dt_util.as_local(recording.started):%H:%M} {origin} → {destination}"

    def _name(self, recipient: Recipient) -> str:
        return recipient.contact or recipient.number.written_in(self._hass.config.country)

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        entry_id, _, recording_id = item.identifier.partition("/")
        try:
            with translated_errors():
                entry = async_get_loaded_entry(self._hass, entry_id)
                media_type = await entry.runtime_data.recordings.async_media_type(recording_id)
        except HomeAssistantError as err:
            # Players show no other error.
            raise await _async_localized(self._hass, err, Unresolvable) from err
        return PlayMedia(f"{RECORDINGS_URL}/{entry_id}/{recording_id}", media_type)


async def _async_localized[ErrorT: HomeAssistantError](
    hass: HomeAssistant, err: HomeAssistantError, error_type: type[ErrorT]
) -> ErrorT:
    """Return an error for the media browser, which shows its text as it is."""
    await async_load_texts(hass)
    return error_type(
        async_get_error_text(hass, err),
        translation_domain=DOMAIN,
        translation_key=err.translation_key,
        translation_placeholders=err.translation_placeholders,
    )


def _folder(
    identifier: str, title: str, children: list[BrowseMediaSource] | None = None
) -> BrowseMediaSource:
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
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="recording_not_found")
    return day
