"""HTTP of the simulator: forms that are read, and answers that are sent."""

from collections.abc import Mapping
import json
from xml.etree import ElementTree as ET

from aiohttp import web

from .models import Reply


async def read_form(request: web.Request) -> dict[str, str]:
    """Return a form's fields; of anything else, nothing, as the provider reads only forms."""
    if request.method != "POST" or request.content_type != "application/x-www-form-urlencoded":
        return {}
    return {k: v for k, v in (await request.post()).items() if isinstance(v, str)}


async def read_parts(request: web.Request) -> tuple[dict[str, str], bytes | None]:
    """Return the fields of a form of several parts, and the file in the field for audio."""
    fields: dict[str, str] = {}
    audio = None
    for name, value in (await request.post()).items():
        if isinstance(value, str):
            fields[name] = value
        elif isinstance(value, web.FileField) and name == "audio":
            audio = value.file.read()
    return fields, audio


def with_blanks(number: str) -> str:
    """Return a number as the status writes it: ` 55 41  3060 0300`."""
    country, national = (number[:2], number[2:]) if len(number) > 11 else ("", number)
    return f" {country} {national[:2]}  {national[2:-4]} {national[-4:]}"


def json_response(answer: Mapping[str, object], status: int = 200) -> web.Response:
    r"""Respond as the provider does, with `\u` escapes and any content type."""
    return web.Response(text=json.dumps(answer), status=status, content_type="text/html")


def xml_response(response: web.Response) -> web.Response:
    """Return a response as XML, whose shape is a guess, if it is JSON."""
    if not (response.text or "").startswith("{"):
        return response
    root = ET.Element("directcall")
    _add_elements(root, json.loads(response.text or "{}"))
    text = ET.tostring(root, encoding="unicode")
    return web.Response(text=text, status=response.status, content_type="text/xml")


def _add_elements(parent: ET.Element, value: object) -> None:
    """Add an element for each field or entry."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else (("item", v) for v in value)
        for name, inner in items:
            _add_elements(ET.SubElement(parent, name), inner)
    else:
        parent.text = str(value)


async def send_reply(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Send a reply of a test."""
    headers = {"Content-Type": reply.content_type}
    if reply.encoding:
        headers["Content-Encoding"] = reply.encoding
    if reply.location:
        headers["Location"] = reply.location
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = len(reply.body) + reply.blanks + reply.drop
    if reply.drop and not reply.body:
        if request.transport:
            request.transport.abort()
        return response
    try:
        await response.prepare(request)
        await response.write(reply.body)
        for _ in range(reply.blanks // 65536):
            await response.write(b" " * 65536)
        await response.write(b" " * (reply.blanks % 65536))
    except ConnectionError:
        # The other side had enough.
        return response
    if reply.drop and request.transport:
        request.transport.close()
    return response
