"""Balance: what is read of a response, and what is none."""

from contextlib import suppress
from decimal import Decimal
import json
from typing import Any
from unittest.mock import Mock

from hypothesis import given, strategies as st
import pytest

from custom_components.directcall.api import (
    AuthListener,
    Balance,
    BalanceShape,
    DirectcallAuthenticationError,
    DirectcallClient,
    DirectcallConnectionFailedError,
    Token,
)
from custom_components.directcall.api.balance import read_balance
from custom_components.directcall.api.exceptions import DirectcallNoBalanceError
from custom_components.directcall.api.responses import ApiResponse
from tests.common import BALANCE, REQUEST_TOKEN, UNKNOWN_USER
from tests.simulator import BalanceShape as Shape, Reply, Simulator

OK = {"api": "extrato", "modulo": "saldo", "status": "ok", "codigo": "000"}
ALL_SHAPES = {
    Shape.XML: BalanceShape.XML,
    Shape.NUMBER: BalanceShape.JSON_NUMBER,
    Shape.TEXT: BalanceShape.JSON_TEXT,
    Shape.COMMA: BalanceShape.JSON_TEXT,
    Shape.LIST: BalanceShape.JSON_TEXT,
    Shape.WITHOUT_ENVELOPE: BalanceShape.JSON_TEXT,
}


def read(body: object, status: int = 200) -> Balance:
    """Return the balance in a body: bytes, or anything else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_balance(ApiResponse.read(status, raw, []))


@pytest.mark.parametrize(("shape", "name"), ALL_SHAPES.items())
@pytest.mark.parametrize("amount", [1234.56, -5, 0, 0.07, 1_000_000])
async def test_shapes(
    simulator: Simulator,
    client: DirectcallClient,
    token: Token,
    shape: Shape,
    name: BalanceShape,
    amount: float,
) -> None:
    """A balance is read in each of six shapes, and its amount is in no text of it."""
    simulator.quirks.balance_shape, simulator.quirks.balance = shape, amount
    balance = await client.balance()
    assert balance == Balance(Decimal(f"{amount:.2f}"), "BRL", name)
    assert "amount" not in repr(balance)


@pytest.mark.parametrize("shape", [Shape.UNKNOWN_METHOD, Shape.REFUSED, Shape.PAGE])
async def test_no_balance(
    simulator: Simulator, client: DirectcallClient, token: Token, shape: Shape
) -> None:
    """A provider that does not know the method tells no balance, and nothing else happens."""
    simulator.quirks.balance_shape = shape
    assert await client.balance() is None
    assert simulator.requests == {REQUEST_TOKEN: 1, BALANCE: 1}
    assert client.auth.token is token


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b'{"status": "erro", "codigo": "006"}'),
        Reply(b'{"error": "invalid_token", "error_description": "x"}', 401),
        Reply(b"", 401),
        UNKNOWN_USER,
    ],
    ids=["code 006", "OAuth", "HTTP 401", "code 200"],
)
async def test_refusal_leaves_the_account_alone(
    simulator: Simulator, client: DirectcallClient, token: Token, reply: Reply
) -> None:
    """A refusal may concern this method alone, so the token is kept, and not renewed."""
    client.auth.listener = listener = Mock(AuthListener)
    simulator.reply(BALANCE, reply)
    assert await client.balance() is None
    assert listener.mock_calls == []
    assert client.auth.token is token
    assert simulator.requests == {REQUEST_TOKEN: 1, BALANCE: 1}


@pytest.mark.parametrize(
    "reply",
    [Reply(drop=True), Reply(b"", 500), Reply(b"", 503), Reply(b"", 429), Reply(b"", 408)],
    ids=["lost", "HTTP 500", "HTTP 503", "HTTP 429", "HTTP 408"],
)
async def test_failure_is_no_answer(
    simulator: Simulator, client: DirectcallClient, token: Token, reply: Reply
) -> None:
    """A response that does not come says nothing of the balance."""
    simulator.reply(BALANCE, reply)
    with pytest.raises(DirectcallConnectionFailedError):
        await client.balance()


async def test_refused_token_is_no_answer(simulator: Simulator, client: DirectcallClient) -> None:
    """A token that is refused says nothing of the balance."""
    simulator.secrets.clear()
    with pytest.raises(DirectcallAuthenticationError):
        await client.balance()
    assert simulator.requests == {REQUEST_TOKEN: 1}


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (12, "12.00"),
        (12.3, "12.30"),
        (0.1 + 0.2, "0.30"),
        (-0.0, "0.00"),
        ("1.234,56", "1234.56"),
        ("1234.56", "1234.56"),
        ("1,234.56", "1234.56"),
        # The decimals of a tariff rather than thousands: too little warns, too much does not.
        ("1.234", "1.23"),
        ("1,234", "1.23"),
        ("1.234.567,8", "1234567.80"),
        ("1,234,567", "1234567.00"),
        ("1.234.567", "1234567.00"),
        ("-5,00", "-5.00"),
        ("\N{MINUS SIGN}5,00", "-5.00"),
        ("- 5", "-5.00"),
        ("+5", "5.00"),
        ("-0,00", "0.00"),
        ("R$ 12,30", "12.30"),
        ("R$\N{NO-BREAK SPACE}12,30", "12.30"),
        ("R$ -12,30", "-12.30"),
        ("-R$ 12,30", "-12.30"),
        ("BRL12.30", "12.30"),
        (" 12,3456 ", "12.35"),
        ("999999999,99", "999999999.99"),
    ],
)
def test_amounts(amount: object, expected: str) -> None:
    """An amount is a number or a text, with a point or a comma, rounded to cents."""
    assert str(read({**OK, "saldo": amount}).amount) == expected


@pytest.mark.parametrize(
    "amount",
    [
        *(True, False, None, [], {}, [12], {"valor": 12}),
        *(float("nan"), float("inf"), -float("inf"), 1e9, -1e9, 10**30, 1e300),
        *("", " ", "R$", "-", "--5", "-R$ -5", "1e3", "0x10", "NaN", "Infinity", "12 30", "1.2.3"),
        *("1,23,4", "1.234,5,6", ".5", "5.", "doze", "true", "12,30 a mais", "1000000000"),
        *("\N{ARABIC-INDIC DIGIT ONE}", "1" * 41, "1" * 100_000, "5541999990000"),
    ],
)
def test_no_amounts(amount: object) -> None:
    """Anything else is no amount."""
    with pytest.raises(DirectcallNoBalanceError):
        read({**OK, "saldo": amount})


@pytest.mark.parametrize(
    ("body", "currency"),
    [
        ({"saldo": 1}, "BRL"),
        ({"saldo": 1, "moeda": "USD"}, "USD"),
        ({"saldo": 1, "moeda": " eur "}, "EUR"),
        ({"saldo": 1, "moeda": "R$"}, "BRL"),
        ({"saldo": 1, "moeda": "Reais"}, "BRL"),
        ({"saldo": 1, "moeda": 986}, "BRL"),
        ({"saldo": "USD 1"}, "USD"),
        ({"saldo": "USD 1", "moeda": "EUR"}, "EUR"),
        ({"moeda": "USD", "conta": {"saldo": 1}}, "USD"),
        ([{"moeda": "EUR", "saldo": "?"}, {"moeda": "USD", "saldo": 1}], "USD"),
    ],
)
def test_currencies(body: object, currency: str) -> None:
    """A currency is a code of three letters beside the amount or elsewhere, and the real if not."""
    assert read(body).currency == currency


@pytest.mark.parametrize(
    "body",
    [
        {"saldo": 7},
        {"status": "ok", "codigo": "001", "saldo": 7},
        {"Saldo ": 7},
        [{"api": "extrato"}, {"SALDO": 7}],
        {"msg": {"conta": [{"x": 1}, {"saldo": "?"}, {"saldo": 7}]}},
        {"saldo": {"saldo": 7}},
        {"saldo": 7, "msg": {"saldo": 8}},
        b"\xef\xbb\xbf" + b'{"saldo": 7}',
        '{"nome": "João", "saldo": 7}'.encode("latin-1"),
        b"<directcall><moeda>BRL</moeda><saldo>7.00</saldo></directcall>",
        b"\n <directcall><a><Saldo> 7,00 </Saldo></a><saldo/></directcall>\n",
        b'<d xmlns="urn:x"><conta><saldo>7</saldo></conta><conta><saldo>8</saldo></conta></d>',
        '<?xml version="1.0" encoding="ISO-8859-1"?><d><n>João</n><saldo>7</saldo></d>'.encode(
            "latin-1"
        ),
        b"<directcall><status>ok</status><codigo>000</codigo><saldo>7</saldo></directcall>",
    ],
)
def test_places(body: object) -> None:
    """The amount is found at any depth, the outer one first."""
    assert read(body).amount == 7


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"7",
        b'"saldo"',
        b'{"saldo": 7',
        b"saldo=7",
        b"<saldo>7</saldo>",
        b"<directcall><saldo>7</saldo>",
        b"<directcall><saldo/></directcall>",
        b"<directcall><status>erro</status><codigo>001</codigo><saldo>7</saldo></directcall>",
        b'<!DOCTYPE d [<!ENTITY s "7">]><d><saldo>&s;</saldo></d>',
        b'<?xml version="1.0"?><!DOCTYPE d SYSTEM "file:///etc/passwd"><d><saldo>7</saldo></d>',
        b"<d><saldo>&lol;</saldo></d>",
        '<!DOCTYPE d [<!ENTITY s "7">]><d><saldo>&s;</saldo></d>'.encode("utf-16"),
        b"<d><saldo>7</saldo>" + b" " * 65536 + b"</d>",
        b'{"saldo": 7' + b" " * 65536 + b"}",
        {"status": "erro", "codigo": "011", "saldo": 7},
        {"error_description": "x", "saldo": 7},
        {"saldos": 7},
    ],
)
def test_no_balances(body: object) -> None:
    """A refusal, another text, or a body that could be an attack has no balance."""
    with pytest.raises(DirectcallNoBalanceError):
        read(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 60_000,
        b"[" * 200_000,
        b'{"a":' * 100_000 + b'{"saldo": 7}' + b"}" * 100_000,
        b"<a>" * 20_000,
        b"<a>" * 9000 + b"</a>" * 9000,
        b'{"saldo": ' + b"9" * 5000 + b"}",
    ],
    ids=["arrays", "many arrays", "objects", "open elements", "elements", "digits"],
)
def test_deep_bodies(body: bytes) -> None:
    """A body that is made to break a reader has no balance."""
    with pytest.raises(DirectcallNoBalanceError):
        read(body)


@given(
    st.decimals(-999_999_999, 999_999_999, places=2),
    st.sampled_from(["{:.2f}", "{:,.2f}"]),
    st.booleans(),
    st.sampled_from(["", "R$ ", "BRL"]),
)
def test_written_amounts_are_read(
    amount: Decimal, written: str, in_brazil: bool, currency: str
) -> None:
    """An amount that is written in any of these ways is read as it is."""
    text = written.format(amount)
    if in_brazil:
        text = text.translate({ord(","): ".", ord("."): ","})
    balance = read({**OK, "saldo": f"{currency}{text}"})
    assert (balance.amount, balance.currency) == (amount, "BRL")


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["saldo", "moeda", "status", "x"]), inner, max_size=3)
    ),
    max_leaves=10,
)
MARKUP = st.lists(
    st.sampled_from(["<a>", "</a>", "<saldo>", "</saldo>", "7", "<?xml?>", "&#0;", "é", "\0"])
).map(lambda parts: "".join(parts).encode())


@given(st.binary() | MARKUP | JSON.map(lambda v: json.dumps(v).encode()), st.integers(100, 999))
def test_any_body_is_a_balance_or_none(body: bytes, status: int) -> None:
    """No body breaks the reader, and what it reads is an amount of money."""
    with suppress(DirectcallNoBalanceError, DirectcallConnectionFailedError):
        balance = read(body, status)
        assert balance.amount.as_tuple().exponent == -2
        assert abs(balance.amount) <= 10**9
        assert len(balance.currency) == 3
