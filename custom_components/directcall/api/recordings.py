"""Lists of recordings: pages of entries, and the entries that cannot be used."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
import re
from typing import Final

from yarl import URL

from .models import ZONE, Recording
from .phone_numbers import PhoneNumber
from .responses import ApiResponse
from .transport import parse_link

# `msg` has entries such as `{"origem", "destino", "inicio": "2013-01-29 10:36:46",
# "gravacao_link"}`, and `paginas` is the number of pages (provider's documentation).
_MOMENT: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_PAGES: Final = re.compile(r"[0-9]{1,6}")


class _InvalidEntryError(Exception):
    """The text names the invalid part of an entry."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list of recordings."""

    recordings: tuple[Recording, ...]
    # The number of entries that cannot be used, by their invalid part.
    invalid: Counter[str]
    # The number of pages, if the response has it.
    pages: int | None


def read_page(response: ApiResponse) -> Page:
    """Return the page in a successful response."""
    # Without recordings, it may also be a text or missing (a guess).
    message = response.fields.get("msg")
    entries = [] if message is None or isinstance(message, str) else message
    recordings: list[Recording] = []
    invalid: Counter[str] = Counter()
    for entry in entries if isinstance(entries, list) else [entries]:
        try:
            recordings.append(_read_entry(entry))
        except _InvalidEntryError as err:
            invalid[str(err)] += 1
    return Page(tuple(recordings), invalid, _read_pages(response.fields.get("paginas")))


def _read_entry(entry: object) -> Recording:
    if not isinstance(entry, Mapping):
        error = "entry"
        raise _InvalidEntryError(error)
    return Recording(
        _read_number(entry.get("origem"), "origin"),
        _read_number(entry.get("destino"), "destination"),
        _read_moment(entry.get("inicio")),
        _read_link(entry.get("gravacao_link")),
    )


def _read_number(value: object, part: str) -> PhoneNumber:
    text = str(value) if isinstance(value, int) else value
    if not isinstance(text, str) or (number := PhoneNumber.from_provider(text)) is None:
        raise _InvalidEntryError(part)
    return number


def _read_moment(value: object) -> datetime:
    try:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value).replace(tzinfo=ZONE)
    except ValueError:
        pass
    error = "started"
    raise _InvalidEntryError(error)


def _read_link(value: object) -> URL:
    # Its host is checked when the audio is fetched.
    if isinstance(value, str) and (link := parse_link(value)):
        return link
    error = "link"
    raise _InvalidEntryError(error)


def _read_pages(value: object) -> int | None:
    text = str(value).strip()
    return int(text) if _PAGES.fullmatch(text) else None
