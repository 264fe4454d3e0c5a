"""From what people type to what the wire wants."""

from collections.abc import Collection, Iterable, Set as AbstractSet
from dataclasses import dataclass, field
import re
from typing import Final, override
import unicodedata

import phonenumbers

from .exceptions import DirectcallInvalidNumberError, NumberProblem

DEFAULT_COUNTRY: Final = "BR"

# `ip`, area code and number: a number in Directcall's own SIP network (provider's documentation).
_SIP_NUMBER: Final = re.compile(r"ip[1-9][0-9]{9,10}")
_SIP_PUNCTUATION: Final = re.compile(r"[ ().:/-]")
_TYPED_NUMBER: Final = re.compile(r"[ (]*\+?[0-9 ().\-/]+")
_LONGEST_TYPED: Final = 64
# `tel:` is a link's, `Tel.` a business card's.
_LABEL: Final = re.compile(r"tel[.:]+ *", re.IGNORECASE)
# Brazil's way of leaving the carrier open, as in `(0xx41)` and `0**41`.
_OPEN_CARRIER: Final = re.compile(r"(?<![0-9])0[ -]*(?:xx|\*\*)[ -]*", re.IGNORECASE)
_EXTENSION: Final = re.compile(
    r"(?P<number>.*[0-9)])[ ,;.(-]*"
    r"(?:ramal|ramais|ram|rml|rm|r|ext|extn|extens[^\W\d]*|x|\#)[ .:=]*[0-9]{1,7}\)?",
    re.IGNORECASE,
)
# Digits of a Brazilian number without its area code.
_SHORTEST_LOCAL: Final = 8
# Without its country code: a mobile, a fixed line, or one that costs the caller nothing. (The
# parser takes a thousand times as long, and there may be thousands in a list.)
_NATIONAL_NUMBER: Final = re.compile(r"0?[1-9][1-9](?:9[0-9]{8}|[2-5][0-9]{7})|0?800[0-9]{6,7}")
_LISTED_NUMBER: Final = re.compile(r"[0-9]{3,20}")
# Brazil's way of writing two lines, as in `3344-5566/67`, of which the second is another number.
_SECOND_LINE: Final = re.compile(r"(?:[^0-9]*[0-9]){8}.*/")
# Brazilian numbers with their country code. A template turns `+5541999990000` into an integer.
_WITH_COUNTRY_CODE: Final = (range(55 * 10**10, 56 * 10**10), range(55 * 10**11, 56 * 10**11))
_INTEGERS: Final = range(1, 10**15)
_LONGEST_SHORT_NUMBER: Final = 6
# Shorter ones are no area code and number.
_SHORTEST_NUMBER: Final = 10
# Country code and number: Niue's.
_SHORTEST_INTERNATIONAL: Final = 7
_BRAZIL: Final = "55"
_LOCAL_NUMBER: Final = re.compile(r"9[0-9]{8}|[1-9][0-9]{7}")
# The same numbers in every area.
_NATIONWIDE_NUMBER: Final = re.compile(r"(?:3003|4004)[0-9]{4}")

# Calling codes, as in `55`, and the countries that share one.
_COUNTRIES: Final = {
    str(code): countries for code, countries in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
}
_CALLING_CODES: Final = {
    country: code for code, countries in _COUNTRIES.items() for country in countries
}
_LONGEST_CALLING_CODE: Final = 3
# Calling codes whose metadata is loaded. The parser imports a country's when it first needs it.
LOADED_CALLING_CODES: Final[set[str]] = set()


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number that can be called. Its `str` and `repr` are masked."""

    digits: str = field(repr=False)
    """As the provider wants it: country code, area code and number, or the `ip` form."""

    @property
    def is_sip(self) -> bool:
        """Return if it is a number in the provider's SIP network."""
        return self.digits.startswith("ip")

    @property
    def e164(self) -> str:
        """Return `+` and digits, which every home reads as the same number, or the `ip` form.

        What is too short for that, as 190, which may be in a list of calls, stays as it is.
        """
        if self.is_sip or len(self.digits) < _SHORTEST_INTERNATIONAL:
            return self.digits
        return f"+{self.digits}"

    @property
    def international(self) -> str:
        """Return the number as people write it, as in `+55 41 3060-0300`, or the `ip` form."""
        if self.is_sip:
            return self.digits
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
        """Return if another number may be this one, as the provider writes it elsewhere.

        That is without its country code, or a number in its SIP network as any other (a guess).
        """
        # Nearly all others end here, which matters where there are thousands.
        if self.line_key != other.line_key:
            return False
        return is_same_line(self.digits.removeprefix("ip"), other.digits.removeprefix("ip"))

    @property
    def line_key(self) -> str:
        """Return the digits that all numbers of one telephone end with. Others may end so, too."""
        return self.digits.removeprefix("ip")[-_SHORTEST_NUMBER:]

    @property
    def last_digits(self) -> str:
        """Return the last four digits, which give nobody away."""
        return self.digits[-4:]

    @override
    def __str__(self) -> str:
        """Return the last four digits."""
        return redact_number(self.digits)

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

        Raise DirectcallInvalidNumberError where it is none that can be called.
        """
        country = country or DEFAULT_COUNTRY
        if (integer := _integer(value)) is not None:
            return cls(_parse_integer(integer, country))
        text = _clean(value) if isinstance(value, str) else ""
        if len(text) > _LONGEST_TYPED:
            raise DirectcallInvalidNumberError(NumberProblem.INVALID)
        sip_number = _SIP_PUNCTUATION.sub("", text).lower()
        if _SIP_NUMBER.fullmatch(sip_number):
            return cls(sip_number)
        return cls(_parse_text(_OPEN_CARRIER.sub("0", _LABEL.sub("", text, count=1)), country))


def missing_calling_codes(country: str | None, values: Iterable[object]) -> AbstractSet[str]:
    """Return the calling codes whose metadata is not loaded and that reading values needs.

    That is the home's alone as long as it is missing: it tells how numbers abroad begin.
    """
    home = _CALLING_CODES.get(country or DEFAULT_COUNTRY, _BRAZIL)
    if home not in LOADED_CALLING_CODES:
        return {home}
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country or DEFAULT_COUNTRY)
    prefix = metadata.international_prefix if metadata else None
    beginnings = {r"\+", "00", prefix or "00"}
    needed = {
        calling_code
        for value in values
        for text in _texts(value)
        for beginning in beginnings
        if (calling_code := _calling_code(beginning, text))
    }
    return needed - LOADED_CALLING_CODES


def load_number_data(country: str | None, values: Collection[object]) -> None:
    """Load the metadata that reading values needs. It is imported, which blocks."""
    for _ in ("the home's", "that of numbers abroad"):
        for calling_code in missing_calling_codes(country, values):
            _load(calling_code)


def _load(calling_code: str) -> None:
    """Load the metadata of all countries with a calling code."""
    for country in _COUNTRIES[calling_code]:
        phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(calling_code), country)
    LOADED_CALLING_CODES.add(calling_code)


# Wherever the home is.
_load(_BRAZIL)


def _calling_code(beginning: str, text: str) -> str | None:
    """Return the calling code that follows the beginning of an international number."""
    dialled = re.sub(r"[^0-9+]", "", text)
    if match := re.match(beginning, dialled):
        digits = dialled[match.end() :]
        for length in range(1, _LONGEST_CALLING_CODE + 1):
            if digits[:length] in _COUNTRIES:
                return digits[:length]
    return None


def _texts(value: object) -> Iterable[str]:
    """Return the texts that a value, or each value of a list, is read as."""
    if isinstance(value, str):
        return [_clean(text) for text in re.split(r"[,;\n]", value)]
    if isinstance(value, PhoneNumber):
        return [value.e164]
    if isinstance(value, list | tuple):
        return [text for each in value for text in _texts(each)]
    integer = _integer(value)
    if integer is None or integer not in _INTEGERS:
        return []
    return [str(integer), *_octal_readings(integer)]


def is_same_line(one: str, other: str) -> bool:
    """Return if digits are of the same telephone, one of them perhaps without its country code."""
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= _SHORTEST_NUMBER and long.endswith(short))


def redact_number(value: object) -> str:
    """Return the last four digits of what may be a telephone number."""
    if (integer := _integer(value)) is not None:
        value = str(abs(integer) % _INTEGERS.stop)
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


def _integer(value: object) -> int | None:
    """Return a whole number as an integer. Templates make both kinds."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _parse_integer(value: int, country: str) -> str:
    """Return the digits of a number that came without quotes, where it surely is that number."""
    if value not in _INTEGERS or _is_octal(value, country):
        raise DirectcallInvalidNumberError(NumberProblem.UNQUOTED)
    has_country_code = any(value in integers for integers in _WITH_COUNTRY_CODE)
    try:
        return _parse_text(f"+{value}" if has_country_code else str(value), country)
    except DirectcallInvalidNumberError as err:
        if err.problem is not NumberProblem.INVALID:
            raise
    # It may have lost a zero, or a plus.
    raise DirectcallInvalidNumberError(NumberProblem.UNQUOTED)


def _octal_readings(value: int) -> tuple[str, ...]:
    """Return the numbers that people may have written where YAML read an integer as octal.

    How many zeros were in front is lost.
    """
    return f"0{value:o}", f"00{value:o}"


def _is_octal(value: int, country: str) -> bool:
    """Return if YAML may have made an integer of a number with leading zeros."""
    return any(_can_be_called(reading, country) for reading in _octal_readings(value))


def _can_be_called(text: str, country: str) -> bool:
    """Return if a text is a number that can be called."""
    try:
        _parse_text(text, country)
    except DirectcallInvalidNumberError:
        return False
    return True


def _parse_text(text: str, country: str) -> str:
    """Return country code, area code and number."""
    if _has_extension(text):
        raise DirectcallInvalidNumberError(NumberProblem.EXTENSION)
    if not _TYPED_NUMBER.fullmatch(text) or _SECOND_LINE.match(text):
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
    """Return if a number is followed by an extension, which nobody dials before it is answered."""
    match = _EXTENSION.fullmatch(text)
    if match is None or not _TYPED_NUMBER.fullmatch(match["number"]):
        return False
    return len(re.sub(r"[^0-9]", "", match["number"])) >= _SHORTEST_LOCAL


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
        number = phonenumbers.parse(f"+{dialled[2:]}")
    except phonenumbers.NumberParseException:
        return False
    return _problem(number) in {None, NumberProblem.NO_NINTH_DIGIT}


def _problem(number: phonenumbers.PhoneNumber) -> NumberProblem | None:
    """Return what is wrong with a number that could be read."""
    kind = phonenumbers.number_type(number)
    if kind == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        return NumberProblem.PREMIUM_RATE
    national = phonenumbers.national_significant_number(number)
    is_brazilian = number.country_code == int(_BRAZIL)
    if is_brazilian and (problem := _brazilian_problem(national, kind)):
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
    # The parser knows of numbers for the whole country. The provider wants an area code.
    if _NATIONWIDE_NUMBER.fullmatch(national):
        return NumberProblem.ANY_AREA_CODE
    if _LOCAL_NUMBER.fullmatch(national):
        return NumberProblem.NO_AREA_CODE
    # Mobiles have nine digits behind the area code since 2016. The parser knows of eight with a
    # leading 7, of a radio network that is gone.
    if re.fullmatch(r"[1-9]{2}[6-9][0-9]{7}", national) and kind in {
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.UNKNOWN,
    }:
        return NumberProblem.NO_NINTH_DIGIT
    return None
