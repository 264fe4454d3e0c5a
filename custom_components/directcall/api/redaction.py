"""Redaction of secrets, numbers and links in texts, of telephone numbers, and of names."""

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
import html
import re
from typing import Final, override
import unicodedata
from urllib.parse import quote_plus

_LONGEST_READ: Final = 2000
_LONGEST_MESSAGE: Final = 300
# Encodings within encodings. A text that hides nothing has one or two.
_DEEPEST: Final = 5
# A match of this many letters and digits of a secret is no accident, however they are separated.
_TELLING: Final = 6
# Digits of a Brazilian number without its area code.
_SHORTEST_NUMBER: Final = 8
# Python refuses to write an integer of thousands of digits.
_MOST_DIGITS: Final = 15

# A text without a match is not changed by decoding.
_ENCODED: Final = re.compile(r"[^ -~À-ÿ]|[\\%&=<]|://|\.\.\.|  |\A | \Z")
_ESCAPE: Final = re.compile(
    r"\\(?:u\{(?P<braced>[0-9A-Fa-f]{1,8})\}|[xX](?P<byte>[0-9A-Fa-f]{2})"
    r"|u(?P<short>[0-9A-Fa-f]{4})|U(?P<long>[0-9A-Fa-f]{8})|(?P<slash>/)|[bfnrt])"
    r"|%u(?P<script>[0-9A-Fa-f]{4})"
)
_PERCENT: Final = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+|%[0-7][0-9A-Fa-f]")
# HTML, which may stand between the digits of a number.
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,80}>")
_HIDDEN_CATEGORIES: Final = {"Cc", "Cf", "Cn", "Co", "Cs", "Me", "Mn"}
# Letters or symbols by their category, and blank on every screen.
_BLANKS: Final = {
    "\N{BRAILLE PATTERN BLANK}",
    "\N{HANGUL CHOSEONG FILLER}",
    "\N{HANGUL JUNGSEONG FILLER}",
}

_LONG_WORD: Final = re.compile(r"[A-Za-z0-9_.~+/=-]{24,}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_NUMBER: Final = re.compile(rf"[0-9](?:[^A-Za-z0-9]{{0,6}}[0-9]){{{_SHORTEST_NUMBER - 1},}}")


@dataclass(frozen=True, slots=True)
class RedactedText:
    """A text of the provider. `str` redacts it, and nothing does before, because few are read."""

    text: str = field(repr=False)
    # The texts that it may contain and must not show.
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @override
    def __str__(self) -> str:
        return redact_text(self.text, self.secrets)


def redact_number(value: object) -> str:
    """Return the last four digits of a value that may be a telephone number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(abs(value) % 10**_MOST_DIGITS)
    digits = re.sub(r"[^0-9]", "", value) if isinstance(value, str) else ""
    return f"…{digits[-4:]}"


def has_number(name: str) -> bool:
    """Return if a name has as many digits as a telephone number."""
    return sum(character.isdecimal() for character in name) >= _SHORTEST_NUMBER


def redact_name(name: str) -> str:
    """Return a name without the number or link that people may have written into it."""
    return redact_number(name) if has_number(name) else redact_text(name, [])


def redact_text(text: str, secrets: Collection[str]) -> str:
    """Return a text of the provider on one line, without secrets, numbers and links."""
    text = _cut(text)
    secrets = [secret for secret in secrets if secret]
    for secret in secrets:
        text = text.replace(secret, "…").replace(quote_plus(secret), "…")
    text = _cut(_decode(text))
    # A secret that looks like an escape or a link appears decoded, and unchanged within base64.
    forms = {form for secret in secrets for form in (secret, _decode(secret))} - {"…"}
    alphanumerics = {form: _alphanumeric(form) for form in sorted(forms, key=len, reverse=True)}
    for form, alphanumeric in alphanumerics.items():
        text = text.replace(form, "…")
        if _has_secret(text, {form: alphanumeric}):
            return "…"
    text = _LONG_WORD.sub("…", text)
    text = _BASE64.sub(lambda word: "…" if _hides(word[0], alphanumerics) else word[0], text)
    text = _NUMBER.sub(lambda number: redact_number(number[0]), text)
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}…"


def _cut(text: str) -> str:
    # At a blank, so that no half of a secret remains.
    return text if len(text) <= _LONGEST_READ else text[:_LONGEST_READ].rpartition(" ")[0]


def _decode(text: str) -> str:
    if not _ENCODED.search(text):
        return text
    for _ in range(_DEEPEST):
        # Before the entities: the query `?a=1&order=2` would lose its `&ord`.
        decoded = " ".join("…" if _is_link(word) else word for word in text.split())
        decoded = _PERCENT.sub(_decode_bytes, _ESCAPE.sub(_unescape, html.unescape(decoded)))
        decoded = _TAG.sub("", decoded)
        # Invisible characters can separate letters from their accents, and normalizing makes more
        # of them. It also turns an ellipsis into three full stops.
        decoded = _show(unicodedata.normalize("NFKC", _show(decoded))).replace("...", "…")
        if decoded == text:
            return text
        text = decoded
    return "…"


def _is_link(word: str) -> bool:
    return "://" in word or "=" in word.replace("&", "?").partition("?")[2]


def _unescape(escape: re.Match[str]) -> str:
    if escape["slash"]:
        return "/"
    code = escape[escape.lastgroup] if escape.lastgroup else "20"
    return chr(min(int(code, 16), 0x10FFFF))


def _decode_bytes(escapes: re.Match[str]) -> str:
    try:
        return bytes.fromhex(escapes[0].replace("%", "")).decode()
    except UnicodeDecodeError:
        # As in `50%de desconto`.
        return escapes[0]


def _show(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if c.isspace() else str(unicodedata.digit(c, c))
        for c in text
        if c.isspace() or not (unicodedata.category(c) in _HIDDEN_CATEGORIES or c in _BLANKS)
    )


def _alphanumeric(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKD", text.casefold()))


def _has_secret(text: str, alphanumerics: Mapping[str, str]) -> bool:
    plain = _alphanumeric(text)
    return any(
        secret in text or (len(alphanumeric) >= _TELLING and alphanumeric in plain)
        for secret, alphanumeric in alphanumerics.items()
    )


def _hides(word: str, alphanumerics: Mapping[str, str]) -> bool:
    """Return if a word is base64 of a number or a secret, wherever in it that begins."""
    word = word.rstrip("=").replace("-", "+").replace("_", "/")
    # Most words are too short for that.
    shortest = min([_SHORTEST_NUMBER, *(len(a or secret) for secret, a in alphanumerics.items())])
    if len(word) * 3 // 4 < shortest:
        return False
    for start in range(4):
        part = word[start:]
        # One character alone is less than a byte.
        part = part[: len(part) - (len(part) % 4 == 1)]
        decoded = base64.b64decode(f"{part}==").decode("latin-1")
        if (
            _NUMBER.search(decoded)
            or _has_secret(decoded, alphanumerics)
            or any(_hides(inner, alphanumerics) for inner in _BASE64.findall(decoded))
        ):
            return True
    return False
