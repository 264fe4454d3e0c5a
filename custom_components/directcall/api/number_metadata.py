"""Metadata of telephone numbers, which the parser imports when it first needs it."""

from collections.abc import Collection, Iterable, Set as AbstractSet
import re
from typing import Final

import phonenumbers

from .number_parser import BRAZIL, DEFAULT_COUNTRY, INTEGERS, as_integer, clean, octal_readings
from .phone_numbers import PhoneNumber

# Several countries may share a calling code, such as `1`.
_COUNTRIES: Final = {
    str(code): countries for code, countries in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
}
_CALLING_CODES: Final = {
    country: code for code, countries in _COUNTRIES.items() for country in countries
}
_LONGEST_CALLING_CODE: Final = 3
_SEPARATOR: Final = re.compile(r"[,;\n]")
LOADED_CALLING_CODES: Final[set[str]] = set()


def missing_calling_codes(country: str | None, values: Iterable[object]) -> AbstractSet[str]:
    """Return the calling codes whose metadata has to be loaded before values are read."""
    home = _CALLING_CODES.get(country or DEFAULT_COUNTRY, BRAZIL)
    # It is loaded first, because it has the international prefix.
    if home not in LOADED_CALLING_CODES:
        return {home}
    texts = [
        text
        for value in values
        for text in _texts(value)
        # Most numbers are the home's. No calling code begins with another one.
        if not text.startswith(f"+{home}")
    ]
    if not texts:
        return set()
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country or DEFAULT_COUNTRY)
    international_prefix = (metadata.international_prefix if metadata else None) or "00"
    needed = {
        calling_code
        for text in texts
        for dialled in (re.sub(r"[^0-9+]", "", text),)
        for prefix in (r"\+", "00", international_prefix)
        if (calling_code := _calling_code(prefix, dialled))
    }
    return needed - LOADED_CALLING_CODES


def load_number_data(country: str | None, values: Collection[object]) -> None:
    """Load the metadata that reading values needs. This blocks."""
    while missing := missing_calling_codes(country, values):
        for calling_code in missing:
            _load(calling_code)


def _load(calling_code: str) -> None:
    for country in _COUNTRIES[calling_code]:
        phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(calling_code), country)
    LOADED_CALLING_CODES.add(calling_code)


# Numbers of the provider are Brazilian, wherever the home is.
_load(BRAZIL)


def _calling_code(prefix: str, dialled: str) -> str | None:
    if match := re.match(prefix, dialled):
        digits = dialled[match.end() :]
        for length in range(1, _LONGEST_CALLING_CODE + 1):
            if digits[:length] in _COUNTRIES:
                return digits[:length]
    return None


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return [clean(text) for text in _SEPARATOR.split(value)]
    if isinstance(value, PhoneNumber):
        return [value.e164]
    if isinstance(value, Iterable) and not isinstance(value, bytes | dict):
        return [text for each in value for text in _texts(each)]
    integer = as_integer(value)
    if integer is None or integer not in INTEGERS:
        return []
    return [str(integer), *octal_readings(integer)]
