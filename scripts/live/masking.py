"""Masking: of a response, names of fields, shapes of values, and a few words may be published."""

from collections.abc import Iterator, Mapping
import json
import re
from typing import Final

import jwt
from yarl import URL

from custom_components.directcall.api import redact_text

# Only these fields show more than the shape of their value: words without a digit, texts in which
# all that may be private is masked, and numbers up to a limit.
_WORDS: Final = {
    *("api", "modulo", "status", "error", "token_type"),
    *("causa", "estado", "motivo", "resultado", "situacao", "tipo"),
}
_TEXTS: Final = {"error_description", "message", "msg"}
_NUMBERS: Final = {"codigo": 999, "expires_in": 10_000_000, "paginas": 999}
# Words with a capital letter within a text that are not names of people.
_NO_NAMES: Final = {
    *("access", "api", "callback", "caller", "client", "code", "directcall", "id", "ip", "json"),
    *("mp", "pin", "secret", "sms", "token", "url", "voz"),
}
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_WORD: Final = re.compile(r"(?=.{1,40}$)[^\W\d_]+(?:[ _-][^\W\d_]+){0,3}")
_FIELD: Final = re.compile(r"[A-Za-z_](?:[A-Za-z_-]|[0-9]{1,2}(?![0-9])){0,39}")
_MAIL_OR_DIGITS: Final = re.compile(r"\S*@\S*|…?[0-9]{3,}")
_MEDIA_TYPE: Final = re.compile(r"[A-Za-z.+-]+/[A-Za-z0-9.+-]{1,40}(?:; ?charset=[\w-]{1,20})?")
_LONGEST_PATTERN, _MOST_ENTRIES, _DEEPEST = 32, 50, 6
# Shorter values are part of too many other words.
_SHORTEST_PRIVATE: Final = 4
# With a top level such as `com.br`, a domain has three labels.
_SHORT_LABEL: Final = 3


class Masker:
    """Mask known private values, and show only the shape of unknown ones."""

    def __init__(self) -> None:
        """Start without known private values."""
        self._private, self._names = set[str](), set[str]()

    def hide(self, *values: str) -> None:
        """Add private values."""
        self._private.update(value for value in values if len(value) >= _SHORTEST_PRIVATE)

    def hide_names(self, text: str) -> None:
        """Add words that may be names of people."""
        self._names.update(re.findall(r"[^\W\d_]{3,}", text.casefold()))

    def clean(self, report: str) -> str:
        """Mask known private values in a finished report, as a last resort."""
        for private in sorted(self._private, key=len, reverse=True):
            report = report.replace(private, "…")
        return report

    def text(self, text: str) -> str:
        """Return a text of the provider without what is or may be private."""
        masked = redact_text(text, sorted(self._private, key=len, reverse=True))
        masked = _MAIL_OR_DIGITS.sub("…", masked)
        masked = _LETTERS.sub(lambda match: self._mask_name(match, masked), masked)
        return re.sub(r"…+", "…", masked).replace("`", "'")

    def _mask_name(self, match: re.Match[str], text: str) -> str:
        word = match[0]
        if word.casefold() in self._names:
            return "…"
        if word.islower() or word.casefold() in _NO_NAMES or text.isupper():
            return word
        words = _LETTERS.findall(text)
        is_sentence = len(words) == 1 or any(map(str.islower, words))
        is_first = re.search(r"(?:^|[.!?])\W*$", text[: match.start()])
        return word if is_sentence and is_first else "…"

    def _is_public(self, text: str) -> bool:
        """Return if nothing in a text is masked. States may be written in capital letters."""
        return self.text(text.casefold()) == text.casefold()

    def word(self, text: str) -> str:
        """Return up to four words as they are, or the shape of another value."""
        word = text.strip()
        return f"`{word}`" if _WORD.fullmatch(word) and self._is_public(word) else shape(text)

    def describe(self, value: object, name: str = "", path: str = "") -> Iterator[tuple[str, str]]:
        """Yield path and description of each value in a JSON object."""
        if path.count(".") + path.count("[") > _DEEPEST:
            yield path, "more, not described"
            return
        match value:
            case Mapping() | [] if not value:
                yield path, "empty list" if isinstance(value, list) else "empty object"
            case Mapping():
                for key, inner in list(value.items())[:_MOST_ENTRIES]:
                    is_name = _FIELD.fullmatch(key) and self._is_public(key)
                    shown = key if is_name else "(a name that varies)"
                    yield from self.describe(inner, shown, f"{path}.{shown}" if path else shown)
            case list():
                for inner in value[:_MOST_ENTRIES]:
                    yield from self.describe(inner, name, f"{path}[]")
            case _:
                yield path, self._describe_value(name, value)
                if claims := read_claims(str(value)):
                    yield from self.describe(claims, name, path)

    def _describe_value(self, name: str, value: object) -> str:
        text = str(value)
        if re.fullmatch(r"[0-9]{1,8}", text) and int(text) <= _NUMBERS.get(name, -1):
            return f"{'text' if isinstance(value, str) else 'number'} `{text}`"
        match value:
            case bool() | None:
                return f"`{json.dumps(value)}`"
            case int() | float():
                return f"number like `{_pattern(text)}`"
            case _ if name in _TEXTS:
                return f"text “{self.text(text)}”"
            case _ if name in _WORDS:
                return self.word(text)
        return shape(text)


def read_claims(token: str) -> Mapping[str, object]:
    """Return the claims of a JWT, or none for another token."""
    try:
        return jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError, ValueError, RecursionError:
        return {}


def shape(text: str) -> str:
    """Return the shape of a text, without its letters and digits."""
    length = f"{len(text)} characters"
    if not text:
        return "empty text"
    if re.match(r"\s*[A-Za-z][A-Za-z0-9+.-]*://", text):
        return f"link, {shown_host(text)}"
    if read_claims(text):
        return f"JWT, {length}"
    if re.fullmatch(r"[0-9A-Fa-f-]{24,}", text):
        return f"hexadecimal, {length}"
    return f"text of {length}" if len(text) > _LONGEST_PATTERN else f"text like `{_pattern(text)}`"


def shown_host(link: str) -> str:
    """Return the scheme and the domain of a link. Its other parts may be private."""
    try:
        url = URL(link.strip())
    except ValueError:
        return "not a valid one"
    if not url.host:
        return "to the same host"
    labels = url.host.split(".")
    count = 3 if len(labels[-2:][0]) <= _SHORT_LABEL else 2
    domain = ".".join(labels[-count:])
    if not re.fullmatch(r"[a-z-]+(?:\.[a-z-]+)+", domain):
        return f"`{url.scheme}`, to an address"
    return f"`{url.scheme}`, to `{'….' if len(labels) > count else ''}{domain}`"


def shown_media_type(text: str) -> str:
    """Return a content type if it is a plain one."""
    return f"`{text}`" if _MEDIA_TYPE.fullmatch(text) else "no valid content type"


def _pattern(text: str) -> str:
    """Return a text with the same sign for all digits, letters or other characters."""
    text = re.sub(r"\d", "9", re.sub(r"[^\w ()+,./:;@-]", "?", text)).replace(" ", "·")
    return re.sub(r"[^\W\d_]", lambda match: "A" if match[0].isupper() else "a", text)
