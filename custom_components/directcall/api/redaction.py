"""Redaction: texts of the provider without secrets, numbers and links, however they are encoded."""

import base64
from collections.abc import Collection
import html
import re
from typing import Final
import unicodedata
from urllib.parse import quote_plus

_LONGEST_READ: Final = 2000
_LONGEST_MESSAGE: Final = 300
# Encodings in encodings, of which a text that nobody made to hide something has one or two.
_DEEPEST: Final = 5
# As many letters and digits of a secret are no accident, however they are written apart.
_TELLING: Final = 6

_ESCAPE: Final = re.compile(
    r"\\(?:u\{(?P<braced>[0-9A-Fa-f]{1,8})\}|[xX](?P<byte>[0-9A-Fa-f]{2})"
    r"|u(?P<short>[0-9A-Fa-f]{4})|U(?P<long>[0-9A-Fa-f]{8})|(?P<slash>/)|[bfnrt])"
    r"|%u(?P<script>[0-9A-Fa-f]{4})"
)
_PERCENT: Final = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+|%[0-7][0-9A-Fa-f]")
_HIDDEN_CATEGORIES: Final = {"Cc", "Cf", "Cn", "Co", "Cs", "Me", "Mn"}
# Letters or symbols by their category, and blank on every screen.
_BLANKS: Final = {
    "\N{BRAILLE PATTERN BLANK}",
    "\N{HANGUL CHOSEONG FILLER}",
    "\N{HANGUL JUNGSEONG FILLER}",
}

_LONG_WORD: Final = re.compile(r"[A-Za-z0-9_.~+/=-]{24,}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_NUMBER: Final = re.compile(r"[0-9](?:[^A-Za-z0-9]{0,6}[0-9]){7,}")


def redact_text(text: str, secrets: Collection[str]) -> str:
    """Return a text of the provider's on one line, without what is private."""
    text = _cut(text)
    for secret in filter(None, secrets):
        text = text.replace(secret, "…").replace(quote_plus(secret), "…")
    text = _cut(_decode(text))
    # A secret that has the look of an escape or a link stands there decoded, or in base64 as it is.
    forms = {form for secret in filter(None, secrets) for form in (secret, _decode(secret))} - {"…"}
    for secret in sorted(forms, key=len, reverse=True):
        text = text.replace(secret, "…")
        if _has_secret(text, secret):
            return "…"
    text = _LONG_WORD.sub("…", text)
    text = _BASE64.sub(lambda word: "…" if _hides(word[0], forms) else word[0], text)
    text = _NUMBER.sub(lambda number: f"…{re.sub('[^0-9]', '', number[0])[-4:]}", text)
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}…"


def _cut(text: str) -> str:
    """Return as much of a text as is read."""
    if len(text) <= _LONGEST_READ:
        return text
    # At a blank, so that no half of a secret is left, unrecognisable.
    return text[:_LONGEST_READ].rpartition(" ")[0]


def _decode(text: str) -> str:
    """Return a text without escapes, entities, links and what cannot be seen, on one line."""
    for _ in range(_DEEPEST):
        # Before the entities: the query `?a=1&order=2` would lose its `&ord`.
        decoded = " ".join("…" if _is_link(word) else word for word in text.split())
        decoded = _PERCENT.sub(_decode_bytes, _ESCAPE.sub(_unescape, html.unescape(decoded)))
        # What is hidden goes before letters and accents are joined, and after letters were parted.
        # Normalised, an ellipsis is three full stops.
        decoded = _show(unicodedata.normalize("NFKC", _show(decoded))).replace("...", "…")
        if decoded == text:
            return text
        text = decoded
    return "…"


def _is_link(word: str) -> bool:
    """Return if a word is a link, or has a query."""
    return "://" in word or "=" in word.replace("&", "?").partition("?")[2]


def _unescape(escape: re.Match[str]) -> str:
    """Return the character that an escape of JSON or of a programming language stands for."""
    if escape["slash"]:
        return "/"
    code = escape[escape.lastgroup] if escape.lastgroup else "20"
    return chr(min(int(code, 16), 0x10FFFF))


def _decode_bytes(escapes: re.Match[str]) -> str:
    """Return what percent-encoded bytes stand for, if they are text, as in `50%de desconto`."""
    try:
        return bytes.fromhex(escapes[0].replace("%", "")).decode()
    except UnicodeDecodeError:
        return escapes[0]


def _show(text: str) -> str:
    """Return what can be seen of a text, with ASCII digits."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if c.isspace() else str(unicodedata.digit(c, c))
        for c in text
        if c.isspace() or not (unicodedata.category(c) in _HIDDEN_CATEGORIES or c in _BLANKS)
    )


def _has_secret(text: str, secret: str) -> bool:
    """Return if a secret stands in a text, whatever stands between its letters and digits."""
    squeezed = _alphanumeric(secret)
    return secret in text or (len(squeezed) >= _TELLING and squeezed in _alphanumeric(text))


def _alphanumeric(text: str) -> str:
    """Return the letters and digits of a text, without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if c.isalnum())


def _hides(word: str, secrets: Collection[str]) -> bool:
    """Return if a word is base64 of a number or a secret, wherever in it that begins."""
    word = word.rstrip("=").replace("-", "+").replace("_", "/")
    for start in range(4):
        part = word[start:]
        # One character alone is less than a byte.
        part = part[: len(part) - (len(part) % 4 == 1)]
        decoded = base64.b64decode(f"{part}==").decode("latin-1")
        if (
            _NUMBER.search(decoded)
            or any(_has_secret(decoded, secret) for secret in secrets)
            or any(_hides(inner, secrets) for inner in _BASE64.findall(decoded))
        ):
            return True
    return False
