"""From what people type to what the wire wants."""

from dataclasses import dataclass, field
import re
from typing import Final, override
import unicodedata

import phonenumbers

from .errors import InvalidNumberError, NumberProblem

DEFAULT_COUNTRY: Final = "BR"

# `ip`, area code and number: a number in Directcall's own SIP network (provider's documentation).
_SIP_NUMBER: Final = re.compile(r"ip[1-9][0-9]{9,10}")
_TYPED_NUMBER: Final = re.compile(r"[ (]*\+?[0-9 ().\-/]+")
_LONGEST_TYPED: Final = 64
# Without its country code: a mobile, a fixed line, or one that costs the caller nothing. (The
# parser takes a thousand times as long, and there may be thousands in a list.)
_NATIONAL_NUMBER: Final = re.compile(r"0?[1-9][1-9](?:9[0-9]{8}|[2-5][0-9]{7})|0?800[0-9]{7}")
_LISTED_NUMBER: Final = re.compile(r"[0-9]{3,20}")
# Brazil's way of writing two lines, as in `3344-5566/67`, of which the second is another number.
_SECOND_LINE: Final = re.compile(r"(?:[^0-9]*[0-9]){8}.*/")
# Brazilian numbers with their country code, the only ones of which no octal reading of a number
# with a leading zero makes another one.
_INTEGERS: Final = (range(55 * 10**10, 56 * 10**10), range(55 * 10**11, 56 * 10**11))
_LONGEST_SHORT_NUMBER: Final = 6
# Shorter ones are no area code and number.
_SHORTEST_NUMBER: Final = 10
# Country code and number: Niue's.
_SHORTEST_INTERNATIONAL: Final = 7
_BRAZIL: Final = 55
_BRAZILIAN_LOCAL_LENGTHS: Final = {8, 9}

# The parser loads a country's data when it first meets it, and would do so in the event loop.
phonenumbers.PhoneMetadata.metadata_for_region(DEFAULT_COUNTRY)


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number that can be called. Its `str` and `repr` are masked."""

    wire: str = field(repr=False)
    """As the provider wants it: country code, area code and number, or the `ip` form."""

    @property
    def e164(self) -> str:
        """Return `+` and digits, which every home reads as the same number, or the `ip` form.

        What is too short for that, as 190, which may be in a list of calls, stays as it is.
        """
        if self.wire.startswith("ip") or len(self.wire) < _SHORTEST_INTERNATIONAL:
            return self.wire
        return f"+{self.wire}"

    @property
    def international(self) -> str:
        """Return the number as people write it, as in `+55 41 3060-0300`, or the `ip` form."""
        if self.wire.startswith("ip"):
            return self.wire
        return phonenumbers.format_number(
            phonenumbers.parse(self.e164), phonenumbers.PhoneNumberFormat.INTERNATIONAL
        )

    def written_in(self, country: str | None) -> str:
        """Return the number as people of a country (ISO 3166-1 alpha-2) write it.

        In Brazil that is `(41) 3060-0300`, and with `+` a number abroad. What is no such number
        stays as it is.
        """
        try:
            number = phonenumbers.parse(self.e164)
        except phonenumbers.NumberParseException:
            return self.wire
        if not phonenumbers.is_valid_number(number):
            return self.wire
        is_at_home = number.country_code == phonenumbers.country_code_for_region(
            country or DEFAULT_COUNTRY
        )
        return phonenumbers.format_number(
            number,
            phonenumbers.PhoneNumberFormat.NATIONAL
            if is_at_home
            else phonenumbers.PhoneNumberFormat.INTERNATIONAL,
        )

    def may_be(self, other: PhoneNumber) -> bool:
        """Return if another number may be this one, as the provider writes it elsewhere.

        That is without its country code, or a number in its SIP network as any other (a guess).
        """
        return is_same_line(self.wire.removeprefix("ip"), other.wire.removeprefix("ip"))

    @property
    def last_digits(self) -> str:
        """Return the last four digits, which give nobody away."""
        return self.wire[-4:]

    @override
    def __str__(self) -> str:
        """Return the last four digits."""
        return mask(self.wire)

    @classmethod
    def from_international(cls, text: str) -> PhoneNumber:
        """Return the number that was written as `international` writes it, without a check."""
        return cls(text if text.startswith("ip") else re.sub(r"[^0-9]", "", text))

    @classmethod
    def from_provider(cls, text: str) -> PhoneNumber | None:
        """Return the number that the provider lists, if it is one.

        Elsewhere it writes numbers with blanks, or without their country code. It may be none that
        could be called: what called, or was called, is listed all the same.
        """
        text = re.sub(r"[ ().-]", "", text).lower()
        if _SIP_NUMBER.fullmatch(text):
            return cls(text)
        if _NATIONAL_NUMBER.fullmatch(text):
            return cls(f"{_BRAZIL}{text.lstrip('0')}")
        digits = text.removeprefix("+")
        return cls(digits) if _LISTED_NUMBER.fullmatch(digits) else None

    @classmethod
    def parse(cls, value: object, country: str | None = None) -> PhoneNumber:
        """Read a number as a person of `country` (ISO 3166-1 alpha-2; Brazil if none) types it.

        Raise InvalidNumberError where it is none that can be called.
        """
        if isinstance(value, int | float):
            return cls(_parse_integer(value))
        if not isinstance(value, str):
            raise InvalidNumberError(NumberProblem.INVALID)
        text = _clean(value)
        sip_number = text.replace(" ", "").lower()
        if _SIP_NUMBER.fullmatch(sip_number):
            return cls(sip_number)
        return cls(_parse_text(text, country or DEFAULT_COUNTRY))


def is_same_line(one: str, other: str) -> bool:
    """Return if digits are of the same telephone, one of them perhaps without its country code."""
    short, long = sorted((one, other), key=len)
    return len(short) >= _SHORTEST_NUMBER and long.endswith(short)


def mask(value: object) -> str:
    """Return the last four digits of what may be a telephone number."""
    digits = re.sub(r"[^0-9]", "", value) if isinstance(value, str) else ""
    return f"…{digits[-4:]}"


def _clean(text: str) -> str:
    """Replace the blanks and hyphens, and drop the invisible marks, that telephones paste."""
    cleaned = []
    for character in text:
        category = unicodedata.category(character)
        if character.isspace():
            cleaned.append(" ")
        elif category == "Pd" or character == "\N{MINUS SIGN}":
            cleaned.append("-")
        elif category != "Cf":  # bidi marks and joiners
            cleaned.append(character)
    return "".join(cleaned).strip()


def _parse_integer(value: float) -> str:
    """Return the digits of a number that lost its quotes, where they are surely the right ones."""
    if isinstance(value, int) and any(value in integers for integers in _INTEGERS):
        return _parse_text(f"+{value}", DEFAULT_COUNTRY)
    raise InvalidNumberError(NumberProblem.UNQUOTED)


def _parse_text(text: str, country: str) -> str:
    """Return country code, area code and number."""
    if (
        len(text) > _LONGEST_TYPED
        or not _TYPED_NUMBER.fullmatch(text)
        or _SECOND_LINE.match(text)
        or _is_ambiguous(re.sub(r"[^0-9+]", "", text), country)
    ):
        raise InvalidNumberError(NumberProblem.INVALID)
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise InvalidNumberError(NumberProblem.INVALID) from None
    if problem := _problem(number):
        raise InvalidNumberError(problem)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def _is_ambiguous(dialled: str, country: str) -> bool:
    """Return if the parser might read another number than its writer meant.

    In Brazil, a carrier's code follows `00`, and most people do not know it: the parser reads
    `00 55 47 3333-4444` as carrier 55 to Norway.
    """
    if dialled.startswith("+0"):
        return True
    if country != DEFAULT_COUNTRY or not dialled.startswith("00"):
        return False
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{dialled[2:]}"))
    except phonenumbers.NumberParseException:
        return False


def _problem(number: phonenumbers.PhoneNumber) -> NumberProblem | None:
    """Return what is wrong with a number that could be read."""
    kind = phonenumbers.number_type(number)
    if kind == phonenumbers.PhoneNumberType.PREMIUM_RATE or number.extension:
        return NumberProblem.INVALID
    national = phonenumbers.national_significant_number(number)
    if number.country_code == _BRAZIL and (problem := _brazilian_problem(national, kind)):
        return problem
    if phonenumbers.is_valid_number(number):
        return None
    if len(national) <= _LONGEST_SHORT_NUMBER:
        return NumberProblem.SHORT
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        return NumberProblem.NO_AREA_CODE
    return NumberProblem.INVALID


def _brazilian_problem(national: str, kind: int) -> NumberProblem | None:
    """Return what is wrong with a number by Brazil's rules."""
    # Also where the parser knows of a number for the whole country, as 4004-1234: the provider
    # wants an area code.
    if len(national) in _BRAZILIAN_LOCAL_LENGTHS:
        return NumberProblem.NO_AREA_CODE
    # Mobiles have nine digits behind the area code since 2016. The parser knows of eight with a
    # leading 7, of a radio network that is gone.
    if re.fullmatch(r"[1-9]{2}[6-9][0-9]{7}", national) and kind in {
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.UNKNOWN,
    }:
        return NumberProblem.NO_NINTH_DIGIT
    return None
