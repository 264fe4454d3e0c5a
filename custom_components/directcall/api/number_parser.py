"""Parser of telephone numbers as people type them, or as YAML and templates hand them on."""

from functools import lru_cache
import re
from typing import Final
import unicodedata

import phonenumbers

from .exceptions import DirectcallInvalidNumberError, NumberProblem

DEFAULT_COUNTRY: Final = "BR"
BRAZIL: Final = "55"
# `ip`, area code and number: a number in Directcall's own SIP network (provider's documentation).
SIP_NUMBER: Final = re.compile(r"ip[1-9][0-9]{9,10}")
# A template turns `+5541999990000` into an integer.
INTEGERS: Final = range(1, 10**15)

_SIP_PUNCTUATION: Final = re.compile(r"[ ().:/-]")
_TYPED_NUMBER: Final = re.compile(r"[ (]*\+?[0-9 ().\-/]+")
_LONGEST_TYPED: Final = 64
# Links have `tel:`, business cards `Tel.`.
_LABEL: Final = re.compile(r"tel[.:]+ *", re.IGNORECASE)
# In Brazil, `(0xx41)` and `0**41` leave the carrier open.
_OPEN_CARRIER: Final = re.compile(r"(?<![0-9])0[ -]*(?:xx|\*\*)[ -]*", re.IGNORECASE)
_EXTENSION: Final = re.compile(
    r"(?P<number>.*[0-9)])[ ,;.(-]*"
    r"(?:ramal|ramais|ram|rml|rm|r|ext|extn|extens[^\W\d]*|x|\#)[ .:=]*[0-9]{1,7}\)?",
    re.IGNORECASE,
)
# Digits of a Brazilian number without its area code.
_SHORTEST_LOCAL: Final = 8
# In Brazil, `3344-5566/67` is two lines, the second of which is another number.
_SECOND_LINE: Final = re.compile(r"(?:[^0-9]*[0-9]){8}.*/")
# Brazilian numbers with their country code.
_WITH_COUNTRY_CODE: Final = (range(55 * 10**10, 56 * 10**10), range(55 * 10**11, 56 * 10**11))
_LONGEST_SHORT_NUMBER: Final = 6
_LOCAL_NUMBER: Final = re.compile(r"9[0-9]{8}|[1-9][0-9]{7}")
# The same numbers in every area.
_NATIONWIDE_NUMBER: Final = re.compile(r"(?:3003|4004)[0-9]{4}")


def parse_number(value: object, country: str) -> str:
    """Return the digits, or the `ip` form, of a number that a person in a country types."""
    if (integer := as_integer(value)) is not None:
        return _parse_integer(integer, country)
    if not isinstance(value, str):
        raise DirectcallInvalidNumberError(NumberProblem.INVALID)
    return _parse_typed(value, country)


# A home calls the same telephones again and again.
@lru_cache(maxsize=100)
def _parse_typed(value: str, country: str) -> str:
    text = clean(value)
    if len(text) > _LONGEST_TYPED:
        raise DirectcallInvalidNumberError(NumberProblem.INVALID)
    sip_number = _SIP_PUNCTUATION.sub("", text).lower()
    if SIP_NUMBER.fullmatch(sip_number):
        return sip_number
    return _parse_text(_OPEN_CARRIER.sub("0", _LABEL.sub("", text, count=1)), country)


def clean(text: str) -> str:
    """Return a text with plain blanks and hyphens, and without invisible characters."""
    if text.isascii() and text.isprintable():
        return text.strip()
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


def as_integer(value: object) -> int | None:
    """Return a whole number as an integer. Templates give integers and floats."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _parse_integer(value: int, country: str) -> str:
    if value not in INTEGERS or _is_octal(value, country):
        raise DirectcallInvalidNumberError(NumberProblem.UNQUOTED)
    has_country_code = any(value in integers for integers in _WITH_COUNTRY_CODE)
    try:
        return _parse_text(f"+{value}" if has_country_code else str(value), country)
    except DirectcallInvalidNumberError as err:
        if err.problem is not NumberProblem.INVALID:
            raise
    # The number may have lost a leading zero or plus.
    raise DirectcallInvalidNumberError(NumberProblem.UNQUOTED)


def octal_readings(value: int) -> tuple[str, ...]:
    """Return the numbers that YAML may have read as an octal integer, with one or two zeros."""
    return f"0{value:o}", f"00{value:o}"


def _is_octal(value: int, country: str) -> bool:
    return any(_can_be_called(reading, country) for reading in octal_readings(value))


def _can_be_called(text: str, country: str) -> bool:
    try:
        _parse_text(text, country)
    except DirectcallInvalidNumberError:
        return False
    return True


def _parse_text(text: str, country: str) -> str:
    if not _TYPED_NUMBER.fullmatch(text):
        has_extension = _has_extension(text)
        raise DirectcallInvalidNumberError(
            NumberProblem.EXTENSION if has_extension else NumberProblem.INVALID
        )
    if _SECOND_LINE.match(text):
        raise DirectcallInvalidNumberError(NumberProblem.INVALID)
    if _is_ambiguous(re.sub(r"[^0-9+]", "", text), country):
        raise DirectcallInvalidNumberError(NumberProblem.INTERNATIONAL_PREFIX)
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise DirectcallInvalidNumberError(NumberProblem.INVALID) from None
    if problem := _problem(number):
        raise DirectcallInvalidNumberError(problem)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def _has_extension(text: str) -> bool:
    match = _EXTENSION.fullmatch(text)
    if match is None or not _TYPED_NUMBER.fullmatch(match["number"]):
        return False
    return len(re.sub(r"[^0-9]", "", match["number"])) >= _SHORTEST_LOCAL


def _is_ambiguous(dialled: str, country: str) -> bool:
    # In Brazil a carrier's code follows `00`: the parser reads `00 55 47 3333-4444` as carrier 55
    # and a number in Norway.
    if dialled.startswith("+0"):
        return True
    if country != DEFAULT_COUNTRY or not dialled.startswith("00"):
        return False
    try:
        number = phonenumbers.parse(f"+{dialled[2:]}")
    except phonenumbers.NumberParseException:
        return False
    return _problem(number) in {None, NumberProblem.NO_NINTH_DIGIT}


def _problem(number: phonenumbers.PhoneNumber) -> NumberProblem | None:
    kind = phonenumbers.number_type(number)
    if kind == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        return NumberProblem.PREMIUM_RATE
    national = phonenumbers.national_significant_number(number)
    is_brazilian = number.country_code == int(BRAZIL)
    if is_brazilian and (problem := _brazilian_problem(national, kind)):
        return problem
    # Numbers of a known type are valid.
    if kind != phonenumbers.PhoneNumberType.UNKNOWN:
        return None
    if len(national) <= _LONGEST_SHORT_NUMBER:
        return NumberProblem.SHORT
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        return NumberProblem.NO_AREA_CODE
    return NumberProblem.INVALID


def _brazilian_problem(national: str, kind: int) -> NumberProblem | None:
    # The parser accepts numbers for the whole country. The provider wants an area code.
    if _NATIONWIDE_NUMBER.fullmatch(national):
        return NumberProblem.ANY_AREA_CODE
    if _LOCAL_NUMBER.fullmatch(national):
        return NumberProblem.NO_AREA_CODE
    # Mobiles have had nine digits behind the area code since 2016. The parser still accepts eight
    # that begin with 7, of a radio network that was closed.
    if re.fullmatch(r"[1-9]{2}[6-9][0-9]{7}", national) and kind in {
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.UNKNOWN,
    }:
        return NumberProblem.NO_NINTH_DIGIT
    return None
