"""Telephone numbers: one that can be called, in the forms that people and the provider write."""

from dataclasses import dataclass, field
import re
from typing import Final, override

import phonenumbers

from .number_parser import BRAZIL, DEFAULT_COUNTRY, SIP_NUMBER, parse_number
from .redaction import redact_number

# A number without its country code: a mobile, a fixed line, or a toll-free one. The parser takes a
# thousand times as long, and a list may have thousands.
_NATIONAL_NUMBER: Final = re.compile(r"0?[1-9][1-9](?:9[0-9]{8}|[2-5][0-9]{7})|0?800[0-9]{6,7}")
_LISTED_NUMBER: Final = re.compile(r"[0-9]{3,20}")
# Digits of an area code and a number, at least.
_SHORTEST_NUMBER: Final = 10
# Digits of a country code and a number, at least: Niue's.
_SHORTEST_INTERNATIONAL: Final = 7


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A telephone number. Its `str` and `repr` are redacted."""

    # Country code, area code and number, or the `ip` form, as the provider wants them.
    digits: str = field(repr=False)

    @property
    def is_sip(self) -> bool:
        """Return if the number is in the provider's SIP network."""
        return self.digits.startswith("ip")

    @property
    def e164(self) -> str:
        """Return the number with `+`. The `ip` form and a short number, such as 190, have none."""
        if self.is_sip or len(self.digits) < _SHORTEST_INTERNATIONAL:
            return self.digits
        return f"+{self.digits}"

    @property
    def international(self) -> str:
        """Return the number as people write it: `+55 41 3060-0300`, or the `ip` form."""
        if self.is_sip:
            return self.digits
        return phonenumbers.format_number(
            phonenumbers.parse(self.e164), phonenumbers.PhoneNumberFormat.INTERNATIONAL
        )

    def written_in(self, country: str | None) -> str:
        """Return the number as in a country, such as `(41) 3060-0300`, or as it is if invalid."""
        try:
            number = phonenumbers.parse(self.e164)
        except phonenumbers.NumberParseException:
            return self.digits
        if not phonenumbers.is_valid_number(number):
            return self.digits
        is_at_home = number.country_code == phonenumbers.country_code_for_region(
            country or DEFAULT_COUNTRY
        )
        return phonenumbers.format_number(
            number,
            phonenumbers.PhoneNumberFormat.NATIONAL
            if is_at_home
            else phonenumbers.PhoneNumberFormat.INTERNATIONAL,
        )

    def could_match(self, other: PhoneNumber) -> bool:
        """Return if another number may be this one, without country code or `ip` (a guess)."""
        # This comparison is the fast one, and settles nearly all of the thousands in a list.
        if self.line_key != other.line_key:
            return False
        return is_same_line(self.digits.removeprefix("ip"), other.digits.removeprefix("ip"))

    @property
    def line_key(self) -> str:
        """Return the digits that all numbers of a telephone share. Other telephones may, too."""
        return self.digits.removeprefix("ip")[-_SHORTEST_NUMBER:]

    @property
    def last_digits(self) -> str:
        """Return the last four digits, which identify no one."""
        return self.digits[-4:]

    @override
    def __str__(self) -> str:
        return redact_number(self.digits)

    @classmethod
    def from_international(cls, text: str) -> PhoneNumber:
        """Return a number that `international` wrote, without a check."""
        return cls(text if text.startswith("ip") else re.sub(r"[^0-9]", "", text))

    @classmethod
    def from_provider(cls, text: str) -> PhoneNumber | None:
        """Return a number that the provider lists, which may not be callable, or None."""
        # Some lists have numbers with blanks, or without their country code.
        text = re.sub(r"[ ().-]", "", text).lower()
        if SIP_NUMBER.fullmatch(text):
            return cls(text)
        if _NATIONAL_NUMBER.fullmatch(text):
            return cls(f"{BRAZIL}{text.lstrip('0')}")
        digits = text.removeprefix("+")
        return cls(digits) if _LISTED_NUMBER.fullmatch(digits) else None

    @classmethod
    def parse(cls, value: object, country: str | None = None) -> PhoneNumber:
        """Read a number as a person in a country (ISO 3166-1 alpha-2; default Brazil) types it."""
        return cls(parse_number(value, country or DEFAULT_COUNTRY))


def is_same_line(one: str, other: str) -> bool:
    """Return if digits are the same telephone's. One of them may lack its country code."""
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= _SHORTEST_NUMBER and long.endswith(short))
