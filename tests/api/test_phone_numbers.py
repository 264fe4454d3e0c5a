"""Telephone numbers: people's input, and the digits that are sent."""

from contextlib import suppress
import time

from hypothesis import example, given, strategies as st
import pytest

from custom_components.directcall.api import (
    DirectcallError,
    DirectcallInvalidNumberError,
    NumberProblem,
    PhoneNumber,
    has_number,
    load_number_data,
    missing_calling_codes,
    redact_name,
    redact_number,
)
from tests.phone_metadata import forgotten_countries


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("(41) 3060-0300", "554130600300"),
        ("041 3060-0300", "554130600300"),
        ("0 15 41 3060-0300", "554130600300"),
        ("55 41 3060-0300", "554130600300"),
        ("+55 41 3060-0300", "554130600300"),
        ("(+55) 41 3060.0300", "554130600300"),
        ("  41 3060-0300\n", "554130600300"),
        ("+55 (041) 99999-0000", "5541999990000"),
        ("5541999990000", "5541999990000"),
        ("41 99999-0000", "5541999990000"),
        ("55 99999-1234", "5555999991234"),  # area code 55, not the country's
        ("0800 123 4567", "558001234567"),
        ("+1 202 555 0100", "12025550100"),
        ("00 15 1 202 555 0100", "12025550100"),  # with a carrier's code
        ("41/3060-0300", "554130600300"),
        ("\u202a+55\u00a041\u20119\u2009999\u2010900\u221200\u202c", "5541999990000"),
        (f"41{' ' * 53}3060-0300", "554130600300"),
        ("00 21 49 30 901820", "4930901820"),  # with a carrier's code, to Germany
        ("ip4130600300", "ip4130600300"),
        (" IP 41 3060 0300 ", "ip4130600300"),
        ("ip41999990000", "ip41999990000"),
        ("IP 41 3060-0308", "ip4130600308"),
        ("ip (41) 3060-0308", "ip4130600308"),
        ("IP: 41.99999/0000", "ip41999990000"),
        ("(0xx41) 3060-0300", "554130600300"),
        ("(0XX41) 99999-0000", "5541999990000"),
        ("0xx (41) 3060-0300", "554130600300"),
        ("0 xx 41 3060 0300", "554130600300"),
        ("0**41-3060-0300", "554130600300"),
        ("+55 (0xx41) 3060-0300", "554130600300"),
        ("tel:+55-41-99999-0000", "5541999990000"),
        ("TEL:41999990000", "5541999990000"),
        ("Tel.: (41) 3060-0300", "554130600300"),
        ("0800-480-196", "55800480196"),
        ("0800 312 000", "55800312000"),
        ("0800 480 1961", "558004801961"),
        ("+55 800 480 196", "55800480196"),
        ("(41) 4004-0001", "554140040001"),
        (554130600300, "554130600300"),
        (5541999990000, "5541999990000"),
        (41999990000, "5541999990000"),
        (4130600300, "554130600300"),
        (41999990000.0, "5541999990000"),
        (8004801961, "558004801961"),
        (800480196, "55800480196"),
    ],
)
def test_number_is_read(typed: str | float, digits: str) -> None:
    """A number in any common form gives digits, or the `ip` form."""
    assert PhoneNumber.parse(typed).digits == digits


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("3060-0300", NumberProblem.NO_AREA_CODE),
        ("99999-0000", NumberProblem.NO_AREA_CODE),
        ("+55 3060-0300", NumberProblem.NO_AREA_CODE),
        ("(41) 9999-0000", NumberProblem.NO_NINTH_DIGIT),
        ("+55 41 6999-0000", NumberProblem.NO_NINTH_DIGIT),
        ("41 7999-0000", NumberProblem.NO_NINTH_DIGIT),
        ("190", NumberProblem.SHORT),
        ("192", NumberProblem.SHORT),
        ("+55 193", NumberProblem.SHORT),
        ("123456", NumberProblem.SHORT),
        ("", NumberProblem.INVALID),
        ("+", NumberProblem.INVALID),
        ("Maria", NumberProblem.INVALID),
        ("41 3060-0300 ramal 12", NumberProblem.EXTENSION),
        ("+55 41 99999-0000 ramal 12", NumberProblem.EXTENSION),
        ("(41) 3060-0300 x12", NumberProblem.EXTENSION),
        ("+55 41 99999-0000 ext. 12", NumberProblem.EXTENSION),
        ("tel:+55-41-99999-0000;ext=12", NumberProblem.EXTENSION),
        ("41 3060-0300 (Ramal: 12)", NumberProblem.EXTENSION),
        ("(0xx41) 3060-0300 - R. 12", NumberProblem.EXTENSION),
        ("3060-0300 extens\u00e3o 3", NumberProblem.EXTENSION),
        ("41 3060-0300#12", NumberProblem.EXTENSION),
        ("Maria ramal 12", NumberProblem.INVALID),
        ("2 x 3", NumberProblem.INVALID),
        ("tel:", NumberProblem.INVALID),
        ("0x41 3060-0300", NumberProblem.INVALID),
        ("(41) 3060-0300;(41) 99999-0000", NumberProblem.INVALID),
        ("41+3060-0300", NumberProblem.INVALID),
        ("٤١٣٠٦٠٠٣٠٠", NumberProblem.INVALID),
        ("0900 123 456", NumberProblem.PREMIUM_RATE),
        ("0500 123 4567", NumberProblem.PREMIUM_RATE),
        ("+1 900 555 0100", NumberProblem.PREMIUM_RATE),
        ("0800 1234", NumberProblem.INVALID),
        ("+999 1234 5678", NumberProblem.INVALID),
        ("1234567", NumberProblem.INVALID),
        ("005541999990000", NumberProblem.INTERNATIONAL_PREFIX),
        ("0055 (41) 9999-0000", NumberProblem.INTERNATIONAL_PREFIX),
        ("0055 47 3333-4444", NumberProblem.INTERNATIONAL_PREFIX),  # else it rings in Norway
        ("ip30600300", NumberProblem.INVALID),
        (None, NumberProblem.INVALID),
        (["41 3060-0300"], NumberProblem.INVALID),
        (554130600000000000, NumberProblem.UNQUOTED),
        pytest.param(10**5000, NumberProblem.UNQUOTED, id="huge"),
        (18900090880, NumberProblem.UNQUOTED),  # how YAML reads 0214642100000
        (18900090880.0, NumberProblem.UNQUOTED),
        (0o4130600300, NumberProblem.UNQUOTED),
        (0, NumberProblem.UNQUOTED),
        (12025550100, NumberProblem.UNQUOTED),
        (190, NumberProblem.SHORT),
        (99990000, NumberProblem.NO_AREA_CODE),
        (40040001, NumberProblem.ANY_AREA_CODE),
        (4199990000, NumberProblem.NO_NINTH_DIGIT),
        (-5541999990000, NumberProblem.UNQUOTED),
        (41.5, NumberProblem.INVALID),
        (float("nan"), NumberProblem.INVALID),
        (float("inf"), NumberProblem.INVALID),
        (1e300, NumberProblem.UNQUOTED),
        (True, NumberProblem.INVALID),
        (999999999999, NumberProblem.UNQUOTED),
        (447911123456, NumberProblem.UNQUOTED),
        (559999999999, NumberProblem.NO_NINTH_DIGIT),
        (0o14447772132305, NumberProblem.UNQUOTED),  # else it rings in China
        (212730600300, NumberProblem.UNQUOTED),  # 0 21 27 3060 0300 that lost its zero
        ("00258 82 164 8623", NumberProblem.INTERNATIONAL_PREFIX),  # Mozambique, not +882
        ("00 212 520 313724", NumberProblem.INTERNATIONAL_PREFIX),  # Morocco, not Somalia
        ("00 000 1234 5678", NumberProblem.INVALID),
        ("+0055 47 3333-4444", NumberProblem.INTERNATIONAL_PREFIX),
        ("+ 0055 47 3333-4444", NumberProblem.INTERNATIONAL_PREFIX),
        ("0 055 47 3333-4444", NumberProblem.INTERNATIONAL_PREFIX),
        (f"41{' ' * 54}3060-0300", NumberProblem.INVALID),
        ("(41) 3344-5566/67", NumberProblem.INVALID),
        ("3344-5566/67", NumberProblem.INVALID),  # else it rings in area code 33
        ("4004-0001", NumberProblem.ANY_AREA_CODE),
        ("3003-1234", NumberProblem.ANY_AREA_CODE),
        ("+55 4004 0001", NumberProblem.ANY_AREA_CODE),
        ("3001-2345", NumberProblem.NO_AREA_CODE),
        ("(" * 50_000 + "x", NumberProblem.INVALID),
    ],
)
def test_problem_is_named(typed: object, problem: NumberProblem) -> None:
    """A number that cannot be called is an error with its own reason."""
    before = time.process_time()
    with pytest.raises(DirectcallInvalidNumberError) as caught:
        PhoneNumber.parse(typed)
    assert caught.value.problem is problem
    assert str(caught.value) == problem
    assert time.process_time() - before < 2


@pytest.mark.parametrize(
    ("typed", "country", "digits"),
    [
        ("(202) 555-0100", "US", "12025550100"),
        ("+55 41 3060-0300", "US", "554130600300"),
        ("912 345 678", "PT", "351912345678"),
        ("00 55 41 3060-0300", "PT", "554130600300"),
        ("+1 202 555 0100", "AQ", "12025550100"),  # a country without telephone numbers
        (912345678, "PT", "351912345678"),
        (5541999990000, "PT", "5541999990000"),
        (2025550100, "US", "12025550100"),
    ],
)
def test_number_is_read_as_at_home(typed: str | int, country: str, digits: str) -> None:
    """Without a leading plus, a number is one of the home's country."""
    assert PhoneNumber.parse(typed, country).digits == digits


def test_area_code_is_missed_abroad() -> None:
    """Other countries have area codes, too."""
    with pytest.raises(DirectcallInvalidNumberError) as caught:
        PhoneNumber.parse("555-0100", "US")
    assert caught.value.problem is NumberProblem.NO_AREA_CODE


def test_octal_number_is_refused() -> None:
    """A number that YAML may have read as octal is refused."""
    # The last three would be the numbers of others.
    for digits in (
        "0554130600300",
        "0154130600300",
        "04130450701",
        "003133621764477",
        "0214642100000",
        "0554321377445",
        "00554430752655",
    ):
        with pytest.raises(DirectcallInvalidNumberError) as caught:
            PhoneNumber.parse(int(digits, 8))
        assert caught.value.problem is NumberProblem.UNQUOTED
    with pytest.raises(DirectcallInvalidNumberError):
        PhoneNumber.parse(0o6621234567, "PT")  # 00 66 2 123 4567, to Thailand


@given(st.from_regex(r"[1-9][1-9](9[0-9]{8}|[2-5][0-9]{7})", fullmatch=True))
def test_integer_is_the_same_number(digits: str) -> None:
    """An integer that is taken is the number that its digits are as text."""
    with suppress(DirectcallInvalidNumberError):
        assert PhoneNumber.parse(int(digits)) == PhoneNumber.parse(digits)


@pytest.mark.parametrize(
    ("typed", "e164", "international"),
    [
        ("41 3060-0300", "+554130600300", "+55 41 3060-0300"),
        ("IP 4130600300", "ip4130600300", "ip4130600300"),
    ],
)
@pytest.mark.parametrize("country", ["BR", "US"])
def test_written_forms_are_read_again(
    typed: str, e164: str, international: str, country: str
) -> None:
    """Each written form of a number is read as the same number, in every country."""
    number = PhoneNumber.parse(typed)
    assert number.e164 == e164
    assert number.international == international
    assert PhoneNumber.parse(e164, country) == number
    assert PhoneNumber.parse(international, country) == number


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("+55 41 3060-0300", "554130600300"),
        ("+1 202-555-0100", "12025550100"),
        ("190", "190"),
        ("ip4130600300", "ip4130600300"),
    ],
)
def test_number_that_was_written_down(written: str, digits: str) -> None:
    """A stored number is read back unchanged, also if it cannot be called."""
    assert PhoneNumber.from_international(written) == PhoneNumber(digits)


@pytest.mark.parametrize(
    ("digits", "country", "written"),
    [
        ("554130600300", "BR", "(41) 3060-0300"),
        ("554130600300", None, "(41) 3060-0300"),
        ("554130600300", "PT", "+55 41 3060-0300"),
        ("351912345678", "PT", "912 345 678"),
        ("351912345678", None, "+351 912 345 678"),
        ("ip4130600300", "BR", "ip4130600300"),
        ("190", "BR", "190"),
        ("40041234", "BR", "40041234"),
    ],
)
def test_number_is_written_as_at_home(digits: str, country: str | None, written: str) -> None:
    """A number is shown in the country's format, and an invalid one unchanged."""
    assert PhoneNumber(digits).written_in(country) == written


@pytest.mark.parametrize(
    ("digits", "e164"), [("1234567", "+1234567"), ("123456", "123456"), ("ip4130600300",) * 2]
)
def test_number_for_every_home(digits: str, e164: str) -> None:
    """A number that is long enough for a country code is shown with a plus."""
    assert PhoneNumber(digits).e164 == e164


def test_number_is_masked() -> None:
    """Neither the text nor the representation of a number shows the whole of it."""
    number = PhoneNumber.parse("41 99999-1234")
    assert str(number) == "…1234"
    assert number.last_digits == "1234"
    assert "99999" not in repr(number)
    assert redact_number("+55 41 99999-12 34") == "…1234"
    assert redact_number(5541999991234) == redact_number(5541999991234.0) == "…1234"
    assert redact_number(None) == redact_number([]) == "…"
    # Python refuses to write an integer that is too long.
    assert redact_number(10**5000 + 1234) == "…1234"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Maria", "Maria"),
        ("Sala 12", "Sala 12"),
        ("Ana 3344-556", "Ana 3344-556"),
        ("Ana 3344-5566", "…5566"),
        ("Ana 99999-1234 (trabalho)", "…1234"),
        ("Ana http://x.br/?a=1", "Ana …"),
    ],
)
def test_number_in_a_name(name: str, shown: str) -> None:
    """A name is shown without the number or the link that people wrote into it."""
    assert redact_name(name) == shown
    assert has_number(name) == shown.startswith("…")


TYPED = st.one_of(
    st.text(),
    st.text("+0123456789ip ()-./x"),
    st.from_regex(r"(\+|00|00[0-9]{2}|011)[1-9][0-9]{6,13}", fullmatch=True),
    st.integers(),
    st.integers(10**8, 10**14),
    st.floats(),
    st.none(),
)


@given(TYPED, st.sampled_from([None, "BR", "PT", "US", "RU", "IT", "AQ"]))
@example("+44 20 7946 0958", "BR")
@example("+882 16 1234 5678", "BR")
@example("00 21 49 30 901820", "BR")
@example("011 44 20 7946 0958", "US")
@example("8~10 44 20 7946 0958", "RU")
@example(41999990000, "BR")
def test_reading_imports_nothing(typed: object, country: str | None) -> None:
    """Reading and writing numbers imports nothing that could not be loaded before."""
    with forgotten_countries() as imports:
        load_number_data(country, [typed])
        assert missing_calling_codes(country, [typed]) == set()
        before = dict(imports)
        with suppress(DirectcallInvalidNumberError):
            number = PhoneNumber.parse(typed, country)
            assert number.international
            assert number.written_in(country)
        assert imports == before
    assert len(imports) < 50


def test_numbers_in_lists_are_loaded() -> None:
    """Lists may be nested, or text, and hold numbers that were read already."""
    values = [
        ["+44 20 7946 0958", ("+351 912 345 678,+81 3 1234 5678",)],
        PhoneNumber("4721234567"),
    ]
    with forgotten_countries():
        assert missing_calling_codes("BR", values) == {"44", "351", "81", "47"}
        assert missing_calling_codes("US", values) == {"1"}


@given(st.one_of(st.text(), st.text("+0123456789ip ()-./x"), st.integers(), st.floats(), st.none()))
def test_anything_is_a_number_or_our_error(typed: object) -> None:
    """Any input gives digits or an error of the package."""
    try:
        number = PhoneNumber.parse(typed)
    except DirectcallError:
        return
    assert number.digits.removeprefix("ip").isdecimal()
    assert number.digits.isascii()
    assert PhoneNumber.parse(number.international, "US") == number


def test_short_number_abroad_is_itself() -> None:
    """A number abroad with few digits is the same telephone as itself, and as no other."""
    assert PhoneNumber("376312345").could_match(PhoneNumber("376312345"))
    assert not PhoneNumber("376312345").could_match(PhoneNumber("55376312345"))
