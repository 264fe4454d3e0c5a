"""What the provider lists of recordings.

An entry of `msg` is `{"origem", "destino", "inicio": "2013-01-29 10:36:46", "gravacao_link"}`, and
`paginas` is the number of pages (provider's documentation).
"""

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

_MOMENT: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_PAGES: Final = re.compile(r"[0-9]{1,6}")


class _InvalidEntryError(Exception):
    """A part of a recording is not as it should be: the text says which."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list of recordings."""

    recordings: tuple[Recording, ...]
    odd: Counter[str]
    """How many entries cannot be used, by what is odd about them."""
    pages: int | None
    """How many pages there are, if that is said."""


def read_page(answer: ApiResponse) -> Page:
    """Return what a yes to the question for recordings lists.

    `msg` may also be a text, or missing, where there are none (a guess).
    """
    message = answer.fields.get("msg")
    entries = [] if message is None or isinstance(message, str) else message
    recordings: list[Recording] = []
    odd: Counter[str] = Counter()
    for entry in entries if isinstance(entries, list) else [entries]:
        try:
            recordings.append(_read_entry(entry))
        except _InvalidEntryError as err:
            odd[str(err)] += 1
    return Page(tuple(recordings), odd, _read_pages(answer.fields.get("paginas")))


def _read_entry(entry: object) -> Recording:
    """Return an entry as a recording. Raise _InvalidEntryError if it is none."""
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
    """Return a number, which the provider writes with blanks or without country code elsewhere."""
    text = str(value) if isinstance(value, int) else value
    if not isinstance(text, str) or (number := PhoneNumber.from_provider(text)) is None:
        raise _InvalidEntryError(part)
    return number


def _read_moment(value: object) -> datetime:
    """Return when a call began."""
    try:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value).replace(tzinfo=ZONE)
    except ValueError:
        pass
    error = "started"
    raise _InvalidEntryError(error)


def _read_link(value: object) -> URL:
    """Return where the audio is. Whether it may be fetched from there is looked at then."""
    if isinstance(value, str) and (link := parse_link(value)):
        return link
    error = "link"
    raise _InvalidEntryError(error)


def _read_pages(value: object) -> int | None:
    """Return a number of pages that may be written as text."""
    text = str(value).strip()
    return int(text) if _PAGES.fullmatch(text) else None
