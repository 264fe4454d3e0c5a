"""Validation: the fields of an action as typed values, or a translated error.

There is no schema: its errors are English, and end a script in spite of `continue_on_error`.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
import re
from typing import Final

import voluptuous as vol

from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN

# What templates render where there is no value.
_NOTHING: Final = {"", "none", "unknown", "unavailable"}
# An extension (RFC 3966) stays with its number, which cannot be called with it.
_SEPARATOR: Final = re.compile(r"[,\r\n]|;(?!\s*ext\s*=)", re.IGNORECASE)
# Characters that an unknown field's name is not shown with: a number may stand there by mistake.
_NOT_SHOWN: Final = re.compile(r"\d+|[^\w -]")
_LONGEST_FIELD: Final = 40


def _never(text: str) -> bool:
    """Return that a text is not one item in spite of its separators."""
    return False


def is_given(value: object) -> bool:
    """Return if a value is more than what a template leaves behind."""
    if isinstance(value, str):
        return value.strip().casefold() not in _NOTHING
    return value is not None


def read_duration(value: object) -> timedelta:
    """Return a duration as Home Assistant reads it. Raise ValueError if it cannot be read."""
    try:
        duration: timedelta = cv.time_period(value)
    except (vol.Invalid, TypeError, OverflowError) as err:
        raise ValueError from err
    return duration


class ActionFields:
    """The fields of an action. A field with nothing in it counts as one that was left out."""

    def __init__(self, call: ServiceCall, names: Collection[str]) -> None:
        """Read the fields. Raise ServiceValidationError if the action does not have one of them."""
        self._call = call
        self._data = {name: value for name, value in call.data.items() if is_given(value)}
        for name in call.data:
            if name not in names:
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key="unknown_field",
                    translation_placeholders={
                        "field": _NOT_SHOWN.sub("…", str(name))[:_LONGEST_FIELD]
                    },
                )

    def get(self, name: str) -> object:
        """Return the value of a field as it was given, or None."""
        return self._data.get(name)

    def get_text(self, name: str) -> str | None:
        """Return the text of a field. Whatever it is, it can be said."""
        value = self.get(name)
        if value is None:
            return None
        try:
            return cv.string(value)
        except vol.Invalid:
            return str(value)

    def get_boolean(self, name: str, *, default: bool) -> bool:
        """Return a boolean as Home Assistant reads it.

        Raise ServiceValidationError if it cannot be read.
        """
        value = self.get(name)
        if value is None:
            return default
        try:
            return cv.boolean(value)
        except vol.Invalid:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="invalid_boolean",
                translation_placeholders={"field": self._name_of(name)},
            ) from None

    def get_items(self, name: str, is_whole: Callable[[str], bool] = _never) -> list[object]:
        """Return the items of a list, or of a text with commas, semicolons or line breaks.

        `is_whole` says which texts are one item in spite of them.
        """
        items: list[object] = []
        rest = deque([self.get(name)])
        while rest:
            value = rest.popleft()
            if isinstance(value, str) and _SEPARATOR.search(value) and not is_whole(value):
                rest.extendleft(reversed(_SEPARATOR.split(value)))
            elif isinstance(value, Iterable) and not isinstance(value, str | bytes | dict):
                rest.extendleft(reversed(list(value)))
            elif is_given(value):
                items.append(value)
        return items

    def get_single(self, name: str) -> object:
        """Return the only item of a list, the value as it was given if there are more, or None."""
        items = self.get_items(name)
        if not items:
            return None
        return items[0] if len(items) == 1 else self.get(name)

    def _name_of(self, name: str) -> str:
        """Return the name of a field as the UI shows it."""
        hass = self._call.hass
        texts = async_get_cached_translations(hass, hass.config.language, "services", DOMAIN)
        key = f"component.{DOMAIN}.services.{self._call.service}.fields.{name}.name"
        return texts.get(key, name)
