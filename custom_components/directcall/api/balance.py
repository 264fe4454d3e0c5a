"""Balance response: the amount, its currency, and the shape in which they came."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from http import HTTPStatus
import re
from typing import Final
from xml.etree import ElementTree as ET

from .exceptions import DirectcallConnectionFailedError, DirectcallNoBalanceError
from .models import Balance, BalanceShape
from .responses import ApiResponse, decode_body, read_json

# One client reads XML: below the root `directcall`, `moeda` and `saldo` with a decimal point.
# Anything else is a guess, so the two names are searched for everywhere.
_AMOUNT: Final = "saldo"
_CURRENCY: Final = "moeda"
_DEFAULT_CURRENCY: Final = "BRL"
_ISO_CODE: Final = re.compile(r"[A-Z]{3}")
# A single separator is the decimal one (a guess).
_AMOUNT_TEXT: Final = re.compile(
    r"(?P<sign>[-+]?)\s*(?P<currency>R\$|[A-Za-z]{3})?\s*(?P<inner_sign>[-+]?)\s*"
    r"(?P<digits>[0-9]+(?:[.,][0-9]+)?"
    r"|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+"
    r"|[0-9]{1,3}(?:\.[0-9]{3}){2,}|[0-9]{1,3}(?:,[0-9]{3}){2,})"
)
_LONGEST_AMOUNT_TEXT: Final = 40
# A household has less. What is above it is another number.
_LARGEST_AMOUNT: Final = 10**9
# Bytes. A reader of more would hold the event loop up.
_LONGEST_BODY: Final = 64 * 1024
# They say nothing about the endpoint.
_PASSING_STATUSES: Final = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}

type _Fields = Mapping[str, object]


def read_balance(response: ApiResponse) -> Balance:
    """Return the balance. Raise DirectcallNoBalanceError or DirectcallConnectionFailedError."""
    if response.http_status in _PASSING_STATUSES:
        raise DirectcallConnectionFailedError(response.unreadable)
    body = response.body if len(response.body) <= _LONGEST_BODY else b""
    is_xml, objects = False, list(_json_objects(read_json(body)))
    if not objects:
        is_xml, objects = True, list(_xml_objects(body))
    # XML may have the envelope, too (a guess).
    envelope = replace(response, fields=objects[0]) if is_xml and objects else response
    if envelope.refusal:
        raise DirectcallNoBalanceError(str(response))
    if response.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise DirectcallConnectionFailedError(response.unreadable)
    for fields in objects:
        value = fields.get(_AMOUNT)
        if (amount := _read_amount(value)) is not None:
            shape = BalanceShape.JSON_TEXT if isinstance(value, str) else BalanceShape.JSON_NUMBER
            currency = _find_currency(fields, value, objects)
            return Balance(amount, currency, BalanceShape.XML if is_xml else shape)
    raise DirectcallNoBalanceError(response.unreadable)


def _json_objects(value: object) -> Iterator[_Fields]:
    """Yield all objects, the outer ones first."""
    rest = deque([value])
    while rest:
        match rest.popleft():
            case dict() as fields:
                yield {str(name).strip().casefold(): each for name, each in fields.items()}
                rest.extend(fields.values())
            case list() as values:
                rest.extend(values)


def _xml_objects(body: bytes) -> Iterator[_Fields]:
    """Yield all elements that have others in them, with the texts of those."""
    text = decode_body(body).strip()
    # A document type could define entities, which grow without limit.
    if not text.startswith("<") or "<!" in text:
        return
    try:
        root = ET.fromstring(text)
    except ET.ParseError:
        return
    for element in root.iter():
        if len(element):
            yield {_local_name(child): child.text for child in reversed(element)}


def _local_name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2].casefold()


def _read_amount(value: object) -> Decimal | None:
    match value:
        case bool():
            return None
        case int() | float():
            amount = Decimal(str(value))
        case str() if found := _match_amount(value):
            digits = found["digits"]
            separators = re.sub("[0-9]", "", digits)
            if len(separators) > 1:
                digits = digits.replace(separators[0], "")
            amount = Decimal(digits.replace(",", "."))
            if (found["sign"] or found["inner_sign"]) == "-":
                amount = -amount
        case _:
            return None
    if not amount.is_finite() or abs(amount) >= _LARGEST_AMOUNT:
        return None
    # The sum has no negative zero.
    return round(amount, 2) + 0


def _match_amount(text: str) -> re.Match[str] | None:
    if len(text) > _LONGEST_AMOUNT_TEXT:
        return None
    found = _AMOUNT_TEXT.fullmatch(text.strip().replace("\N{MINUS SIGN}", "-"))
    return None if found and found["sign"] and found["inner_sign"] else found


def _find_currency(fields: _Fields, value: object, objects: list[_Fields]) -> str:
    """Return the currency beside an amount, in its text, anywhere, or the default."""
    found = _match_amount(value) if isinstance(value, str) else None
    candidates = [fields.get(_CURRENCY), found and found["currency"]]
    candidates += [each.get(_CURRENCY) for each in objects]
    return next(filter(None, map(_read_currency, candidates)), _DEFAULT_CURRENCY)


def _read_currency(value: object) -> str | None:
    text = value.strip().upper() if isinstance(value, str) else ""
    if text == "R$":
        return _DEFAULT_CURRENCY
    return text if _ISO_CODE.fullmatch(text) else None
