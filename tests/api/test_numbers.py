"""What people type, and what the wire gets of it."""

import time

from hypothesis import given, strategies as st
import pytest

from custom_components.directcall.api import (
    DirectcallError,
    InvalidNumberError,
    NumberProblem,
    PhoneNumber,
    mask,
)


@pytest.mark.parametrize(
    ("typed", "wire"),
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
        (554130600300, "554130600300"),
        (5541999990000, "5541999990000"),
    ],
)
def test_number_is_read(typed: str | int, wire: str) -> None:
    """Whatever way a number is written, the wire gets digits, or the `ip` form."""
    assert PhoneNumber.parse(typed).wire == wire


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
        ("41 3060-0300 ramal 12", NumberProblem.INVALID),
        ("(41) 3060-0300 x12", NumberProblem.INVALID),
        ("(41) 3060-0300;(41) 99999-0000", NumberProblem.INVALID),
        ("41+3060-0300", NumberProblem.INVALID),
        ("٤١٣٠٦٠٠٣٠٠", NumberProblem.INVALID),
        ("0900 123 456", NumberProblem.INVALID),  # premium rate
        ("+999 1234 5678", NumberProblem.INVALID),
        ("1234567", NumberProblem.INVALID),
        ("0055 47 3333-4444", NumberProblem.INVALID),  # else it rings in Norway
        ("ip30600300", NumberProblem.INVALID),
        (None, NumberProblem.INVALID),
        (["41 3060-0300"], NumberProblem.INVALID),
        (554130600000000000, NumberProblem.UNQUOTED),
        pytest.param(10**5000, NumberProblem.UNQUOTED, id="huge"),
        (4130600300, NumberProblem.UNQUOTED),
        (190, NumberProblem.UNQUOTED),
        (-5541999990000, NumberProblem.UNQUOTED),
        (0o214642100000, NumberProblem.UNQUOTED),  # how YAML reads 0214642100000
        (5541999990000.0, NumberProblem.UNQUOTED),
        (float("nan"), NumberProblem.UNQUOTED),
        (True, NumberProblem.UNQUOTED),
        (999999999999, NumberProblem.UNQUOTED),
        (447911123456, NumberProblem.UNQUOTED),
        (559999999999, NumberProblem.NO_NINTH_DIGIT),
        (0o14447772132305, NumberProblem.UNQUOTED),  # else it rings in China
        (212730600300, NumberProblem.UNQUOTED),  # 0 21 27 3060 0300 that lost its zero
        ("00258 82 164 8623", NumberProblem.INVALID),  # Mozambique, not +882
        ("00 212 520 313724", NumberProblem.INVALID),  # Morocco, not Somalia
        ("00 000 1234 5678", NumberProblem.INVALID),
        ("+0055 47 3333-4444", NumberProblem.INVALID),
        ("+ 0055 47 3333-4444", NumberProblem.INVALID),
        ("0 055 47 3333-4444", NumberProblem.INVALID),
        (f"41{' ' * 54}3060-0300", NumberProblem.INVALID),
        ("(41) 3344-5566/67", NumberProblem.INVALID),
        ("3344-5566/67", NumberProblem.INVALID),  # else it rings in area code 33
        ("4004-1234", NumberProblem.NO_AREA_CODE),
        ("3001-2345", NumberProblem.NO_AREA_CODE),
        ("(" * 50_000 + "x", NumberProblem.INVALID),
    ],
)
def test_problem_is_named(typed: object, problem: NumberProblem) -> None:
    """What is no number that can be called is told apart by what is wrong with it."""
    before = time.perf_counter()
    with pytest.raises(InvalidNumberError) as caught:
        PhoneNumber.parse(typed)
    assert caught.value.problem is problem
    assert str(caught.value) == problem
    assert time.perf_counter() - before < 0.5


@pytest.mark.parametrize(
    ("typed", "country", "wire"),
    [
        ("(202) 555-0100", "US", "12025550100"),
        ("+55 41 3060-0300", "US", "554130600300"),
        ("912 345 678", "PT", "351912345678"),
        ("00 55 41 3060-0300", "PT", "554130600300"),
    ],
)
def test_number_is_read_as_at_home(typed: str, country: str, wire: str) -> None:
    """Without a leading plus, a number is one of the home's country."""
    assert PhoneNumber.parse(typed, country).wire == wire


def test_area_code_is_missed_abroad() -> None:
    """Other countries have area codes, too."""
    with pytest.raises(InvalidNumberError) as caught:
        PhoneNumber.parse("555-0100", "US")
    assert caught.value.problem is NumberProblem.NO_AREA_CODE


def test_octal_number_is_never_taken() -> None:
    """No number with a leading zero that YAML reads as octal gets through as another's."""
    for digits in ("0554130600300", "0154130600300", "041304567012", "003133621764477"):
        with pytest.raises(InvalidNumberError) as caught:
            PhoneNumber.parse(int(digits, 8))
        assert caught.value.problem is NumberProblem.UNQUOTED


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
    """What is shown and what is answered is the same number in every home."""
    number = PhoneNumber.parse(typed)
    assert number.e164 == e164
    assert number.international == international
    assert PhoneNumber.parse(e164, country) == number
    assert PhoneNumber.parse(international, country) == number


@pytest.mark.parametrize(
    ("written", "wire"),
    [
        ("+55 41 3060-0300", "554130600300"),
        ("+1 202-555-0100", "12025550100"),
        ("190", "190"),
        ("ip4130600300", "ip4130600300"),
    ],
)
def test_number_that_was_written_down(written: str, wire: str) -> None:
    """What was kept is the same number again, also one that nobody could call."""
    assert PhoneNumber.from_international(written) == PhoneNumber(wire)


@pytest.mark.parametrize(
    ("wire", "country", "written"),
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
def test_number_is_written_as_at_home(wire: str, country: str | None, written: str) -> None:
    """A number is shown as the home's people write it, and what is none as it came."""
    assert PhoneNumber(wire).written_in(country) == written


@pytest.mark.parametrize(
    ("wire", "e164"), [("1234567", "+1234567"), ("123456", "123456"), ("ip4130600300",) * 2]
)
def test_number_for_every_home(wire: str, e164: str) -> None:
    """What is long enough for a country code has a plus."""
    assert PhoneNumber(wire).e164 == e164


def test_number_is_masked() -> None:
    """Neither the text nor the representation of a number shows the whole of it."""
    number = PhoneNumber.parse("41 99999-1234")
    assert str(number) == "…1234"
    assert number.last_digits == "1234"
    assert "99999" not in repr(number)
    assert mask("+55 41 99999-12 34") == "…1234"
    assert mask(5541999991234) == "…"


@given(st.one_of(st.text(), st.text("+0123456789ip ()-./x"), st.integers(), st.floats(), st.none()))
def test_anything_is_a_number_or_our_error(typed: object) -> None:
    """Whatever comes in, only digits or an error of ours come out."""
    try:
        number = PhoneNumber.parse(typed)
    except DirectcallError:
        return
    assert number.wire.removeprefix("ip").isdecimal()
    assert number.wire.isascii()
    assert PhoneNumber.parse(number.international, "US") == number
