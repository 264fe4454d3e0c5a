"""Validation: fields of an action as typed values, or a translated error."""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime, time, timedelta
import re
from typing import Final

import voluptuous as vol

from homeassistant.core import Context, HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from .api import ATTEMPTS, DEFAULT_ATTEMPTS, LONGEST_TEXT, Delivery
from .const import DOMAIN, RECORDINGS_KEPT, YEARS
from .texts import async_get_field_name

# Texts that templates render where there is no value.
_NOTHING: Final = {"", "none", "unknown", "unavailable"}
# Texts that templates render where there is no message ID.
_NO_IDS: Final = {"None", "True", "False"}
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9._:@-]{1,64}")
# An extension (RFC 3966) stays with its number, because the error has to name it.
_SEPARATOR: Final = re.compile(r"[,\r\n]|;(?!\s*ext\s*=)", re.IGNORECASE)
# Characters that are left out of an unknown field's name: it may be a number by mistake.
_NOT_SHOWN: Final = re.compile(r"\d+|[^\w -]")
_LONGEST_FIELD: Final = 40
_HOURS: Final = range(24)
_SHORTEST_TIMEOUT: Final = timedelta(seconds=1)
_DEFAULT_PERIOD: Final = timedelta(days=7)


# There is no schema, because its errors are English and end a script despite `continue_on_error`.
class ActionFields:
    """Fields of an action. Each method returns typed values or raises ServiceValidationError."""

    def __init__(self, call: ServiceCall, names: Collection[str]) -> None:
        """Read the fields, all of which must have one of the names."""
        self._call = call
        # An empty field counts as one that was left out.
        self._data = {name: value for name, value in call.data.items() if _is_given(value)}
        for name in call.data:
            if name not in names:
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key="unknown_field",
                    translation_placeholders={
                        "field": _NOT_SHOWN.sub("…", str(name))[:_LONGEST_FIELD]
                    },
                )

    @property
    def hass(self) -> HomeAssistant:
        """Return the Home Assistant that performs the action."""
        return self._call.hass

    @property
    def context(self) -> Context:
        """Return the context in which the action is performed."""
        return self._call.context

    def get(self, name: str) -> object:
        """Return the value as it was given, or None."""
        return self._data.get(name)

    def get_text(self, name: str) -> str | None:
        """Return any value as text, or None."""
        value = self.get(name)
        return None if value is None else str(value)

    def get_boolean(self, name: str, *, default: bool) -> bool:
        """Return a boolean as Home Assistant reads it."""
        value = self.get(name)
        if value is None:
            return default
        try:
            return cv.boolean(value)
        except vol.Invalid:
            field = async_get_field_name(self._call.hass, self._call.service, name)
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="invalid_boolean",
                translation_placeholders={"field": field},
            ) from None

    def get_items(
        self, name: str, is_whole: Callable[[str], bool] = lambda _: False
    ) -> list[object]:
        """Return the items of a list or a text. A text is one item if `is_whole` returns True."""
        items: list[object] = []
        rest = deque([self.get(name)])
        while rest:
            value = rest.popleft()
            if isinstance(value, str) and _SEPARATOR.search(value) and not is_whole(value):
                rest.extendleft(reversed(_SEPARATOR.split(value)))
            elif isinstance(value, Iterable) and not isinstance(value, str | bytes | dict):
                rest.extendleft(reversed(list(value)))
            elif _is_given(value):
                items.append(value)
        return items

    def get_item(self, name: str) -> object:
        """Return the only item of a list, the whole value if there are more, or None."""
        items = self.get_items(name)
        if not items:
            return None
        return items[0] if len(items) == 1 else self.get(name)

    def get_attempts(self, name: str) -> int:
        """Return how often a telephone is called."""
        value = self.get(name)
        if value is None:
            return DEFAULT_ATTEMPTS
        try:
            return _read_whole_number(value, ATTEMPTS)
        except ValueError:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="invalid_attempts"
            ) from None

    def get_delivery(self, send_at: str, earliest_hour: str, latest_hour: str) -> Delivery:
        """Return when a message is delivered. Hours, and times without a zone, are the home's."""
        moment = self._get_future(send_at)
        day = moment or dt_util.now()
        return Delivery(
            send_at=moment,
            earliest=self._get_hour(earliest_hour, day),
            latest=self._get_hour(latest_hour, day),
        )

    def get_message_id(self, name: str) -> str:
        """Return the ID of a message, which a template may render as a number."""
        value = self.get(name)
        text = str(value).strip()
        # What is no text and no integer has a form that could pass for an ID.
        is_id = isinstance(value, str | int) and text not in _NO_IDS
        if not (is_id and _MESSAGE_ID.fullmatch(text)):
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="invalid_message_id"
            )
        return text

    def get_period(self, start: str, end: str) -> tuple[datetime, datetime]:
        """Return the first and the last moment of a period, seven days until now by default."""
        last = self._get_moment_or_day(end, time.max, dt_util.now())
        if last is None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="invalid_end")
        first = self._get_moment_or_day(start, time.min, last - _DEFAULT_PERIOD)
        if first is None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="invalid_start")
        if first > last:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="end_before_start"
            )
        # In calendar days, because the day 90 days ago means all of that day.
        if last.date() - first.date() > RECORDINGS_KEPT:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="period_too_long"
            )
        return first, last

    def get_timeout(
        self, name: str, *, default: timedelta, longest: timedelta, translation_key: str
    ) -> timedelta:
        """Return how long an action waits. The key is that of the error with the limits."""
        value = self.get(name)
        if value is None:
            return default
        try:
            timeout: timedelta = cv.time_period(value)
        except vol.Invalid, TypeError, ValueError, OverflowError:
            timeout = timedelta()
        if not _SHORTEST_TIMEOUT <= timeout <= longest:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key=translation_key)
        return timeout

    def _get_future(self, name: str) -> datetime | None:
        value = self.get(name)
        if value is None:
            return None
        try:
            moment = _read_moment(value)
        except TypeError, ValueError, OverflowError:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="invalid_send_at"
            ) from None
        if moment <= dt_util.utcnow():
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="send_at_in_past"
            )
        return moment

    def _get_hour(self, name: str, day: datetime) -> datetime | None:
        value = self.get(name)
        if value is None:
            return None
        try:
            hour = _read_whole_number(value, _HOURS)
        except ValueError:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="invalid_hour"
            ) from None
        return datetime.combine(day, time(hour), dt_util.get_default_time_zone())

    def _get_moment_or_day(self, name: str, hour: time, default: datetime) -> datetime | None:
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, str) and (day := dt_util.parse_date(value)):
            value = day
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, hour)
        try:
            return _read_moment(value)
        except TypeError, ValueError, OverflowError:
            return None


def spoken_text(message: str | None, title: str | None) -> str:
    """Return the text that is spoken: the title, then the message."""
    return _checked_text(". ", title, message)


def written_text(message: str | None, title: str | None) -> str:
    """Return the text that is written: the title, and the message below it."""
    return _checked_text("\n", title, message)


def clean_text(text: str) -> str:
    """Return a text without blanks around it and surrogates, or nothing if it is invisible."""
    # JSON writes an emoji as a pair of surrogates, and so does YAML that was pasted from JSON.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()
    return text if any(map(str.isprintable, text)) else ""


def alert_text(message: str | None, title: str | None, default: str) -> str:
    """Return the text of an alert, cut to the longest one, or the default if nothing is given."""
    # No template that fails and no length keeps an alert from being raised.
    given = _joined_text(". ", *(text for text in (title, message) if _is_given(text)))
    return (given or default)[:LONGEST_TEXT].rstrip()


def _joined_text(separator: str, *texts: str | None) -> str:
    return separator.join(filter(None, (clean_text(text or "") for text in texts)))


def _checked_text(separator: str, *texts: str | None) -> str:
    text = _joined_text(separator, *texts)
    if not text:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="message_empty")
    if len(text) > LONGEST_TEXT:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="message_too_long",
            translation_placeholders={"length": str(len(text))},
        )
    return text


def _is_given(value: object) -> bool:
    """Return False for None and for texts that templates render where there is no value."""
    if isinstance(value, str):
        return value.strip().casefold() not in _NOTHING
    return value is not None


def _read_whole_number(value: object, allowed: range) -> int:
    number = float(str(value))
    if number not in allowed:
        raise ValueError
    return int(number)


def _read_moment(value: object) -> datetime:
    if isinstance(value, str) and ":" in value:
        value = dt_util.parse_datetime(value)
    if not isinstance(value, datetime):
        raise TypeError
    if value.year not in YEARS:
        raise ValueError
    moment = value.replace(microsecond=0)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=dt_util.get_default_time_zone())
    return dt_util.as_local(moment)
