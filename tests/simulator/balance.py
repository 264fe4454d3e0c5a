"""The balance of an account, in each shape that the provider may have for it."""

from collections.abc import Mapping
import json
from typing import Final

from aiohttp import web

from .models import BalanceShape

_ENVELOPE: Final = {"api": "extrato", "modulo": "saldo", "status": "ok", "codigo": "000"}
_REFUSAL: Final = {**_ENVELOPE, "status": "erro", "codigo": "001", "msg": "Módulo inexistente"}
_XML: Final = """<?xml version="1.0" encoding="UTF-8"?>
<directcall>
  <moeda>BRL</moeda>
  <saldo>{}</saldo>
</directcall>
"""


def balance_response(shape: BalanceShape, amount: float) -> web.Response:
    """Return a balance in a shape, or a refusal to tell it."""
    point = f"{amount:.2f}"
    comma = f"{amount:,.2f}".translate({ord(","): ".", ord("."): ","})
    bodies: Mapping[BalanceShape, object] = {
        BalanceShape.REFUSED: _REFUSAL,
        BalanceShape.NUMBER: {**_ENVELOPE, "saldo": amount, "moeda": "BRL"},
        BalanceShape.TEXT: {**_ENVELOPE, "saldo": point, "moeda": "BRL"},
        BalanceShape.COMMA: {**_ENVELOPE, "saldo": comma, "moeda": "R$"},
        BalanceShape.LIST: {**_ENVELOPE, "msg": [{"moeda": "BRL", "saldo": point}]},
        BalanceShape.WITHOUT_ENVELOPE: [{"directcall": {"saldo": f"R$ {comma}"}}],
    }
    match shape:
        case BalanceShape.UNKNOWN_METHOD:
            return web.Response(status=404, text="<h1>Not Found</h1>", content_type="text/html")
        case BalanceShape.PAGE:
            return web.Response(text="<html><h1>Directcall</h1></html>", content_type="text/html")
        case BalanceShape.XML:
            return web.Response(text=_XML.format(point), content_type="text/xml")
    return web.Response(text=json.dumps(bodies[shape]), content_type="text/html")
