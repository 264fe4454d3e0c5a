"""What of an answer may be published: names of fields, shapes of values, and a few words."""

import base64
from collections.abc import Iterator, Mapping
import json
import re
from typing import Final

from yarl import URL

from custom_components.directcall.api import redact_text

# The only fields whose values are shown: as words without a digit, as texts with all that may be
# private masked, or as a number that says nothing of anybody.
_WORDS: Final = {
    *("api", "modulo", "status", "error", "token_type"),
    *("causa", "estado", "motivo", "resultado", "situacao", "tipo"),
}
_TEXTS: Final = {"error_description", "message", "msg"}
_NUMBERS: Final = {"codigo": 999, "expires_in": 10_000_000, "paginas": 999}

_WORD: Final = re.compile(r"[^\W\d_]+(?:[ _-][^\W\d_]+){0,3}")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
# What begins with a capital letter in the middle of a text and is surely nobody's name.
_NOBODY: Final = {
    *("access", "api", "callback", "caller", "client", "code", "directcall", "id", "ip", "json"),
    *("mp", "pin", "secret", "sms", "token", "url", "voz"),
}
_NAME: Final = re.compile(r"[A-Za-z_](?:[A-Za-z_-]|[0-9]{1,2}(?![0-9])){0,39}")
_MAIL: Final = re.compile(r"\S*@\S*")
_DIGITS: Final = re.compile(r"…?[0-9]{3,}")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_HEXADECIMAL: Final = re.compile(r"[0-9A-Fa-f]{24,}")
_MEDIA_TYPE: Final = re.compile(r"[A-Za-z.+-]+/[A-Za-z0-9.+-]{1,40}(?:; ?charset=[\w-]{1,20})?")
_LONGEST_WORD: Final = 40
_LONGEST_PATTERN: Final = 32
# Shorter ones stand in too many other words to be looked for.
_SHORTEST_PRIVATE: Final = 4
# A short top level, as in `com.br`, is not yet somebody's name.
_SHORT_LABEL: Final = 3
_MOST_ENTRIES: Final = 50
_DEEPEST: Final = 6


class Masker:
    """Knows what is private, and masks it. What it does not know, it shows the shape of."""

    def __init__(self) -> None:
        """Start with nothing that is known to be private."""
        self._private: set[str] = set()
        self._names: set[str] = set()

    def hide(self, *values: str) -> None:
        """Remember that values are private."""
        self._private.update(value for value in values if len(value) >= _SHORTEST_PRIVATE)

    def hide_names(self, text: str) -> None:
        """Remember that the words of a text may be somebody's name, wherever a text has them."""
        self._names.update(re.findall(r"[^\W\d_]{3,}", text.casefold()))

    def text(self, text: str) -> str:
        """Return a text of the provider's, without what is private or might be."""
        masked = redact_text(text, sorted(self._private, key=len, reverse=True))
        masked = _DIGITS.sub("…", _MAIL.sub("…", masked))
        masked = _LETTERS.sub(lambda match: self._no_name(match, masked), masked)
        return re.sub(r"…+", "…", masked).replace("`", "'")

    def _no_name(self, match: re.Match[str], text: str) -> str:
        """Return a word of a text, unless it may be somebody's name."""
        word = match[0]
        if word.casefold() in self._names:
            return "…"
        if word.islower() or word.casefold() in _NOBODY or text.isupper():
            return word
        words = _LETTERS.findall(text)
        is_sentence = len(words) == 1 or any(map(str.islower, words))
        begins = re.search(r"(?:^|[.!?])\W*$", text[: match.start()])
        return word if is_sentence and begins else "…"

    def word(self, text: str) -> str:
        """Return a word as it is, in a code span; of anything else, its shape."""
        word = text.strip()
        is_plain = len(word) <= _LONGEST_WORD and _WORD.fullmatch(word)
        # A word that is folded has no capital letter, which may be usual in one that is a state.
        is_public = self.text(word.casefold()) == word.casefold()
        return f"`{word}`" if is_plain and is_public else shape(text)

    def clean(self, report: str) -> str:
        """Return a report without anything that is known to be private, if it were in there."""
        for private in sorted(self._private, key=len, reverse=True):
            report = report.replace(private, "…")
        return report

    def describe(self, value: object, name: str = "", path: str = "") -> Iterator[tuple[str, str]]:
        """Yield the path and the description of each value in an answer."""
        if path.count(".") + path.count("[") > _DEEPEST:
            yield path, "more, not looked at"
            return
        match value:
            case Mapping():
                if not value:
                    yield path, "empty object"
                for key, inner in list(value.items())[:_MOST_ENTRIES]:
                    shown = self._name(str(key))
                    yield from self.describe(inner, shown, f"{path}.{shown}" if path else shown)
            case list():
                if not value:
                    yield path, "empty list"
                for inner in value[:_MOST_ENTRIES]:
                    yield from self.describe(inner, name, f"{path}[]")
            case _:
                yield path, self._value(name, value)

    def _name(self, key: str) -> str:
        """Return the name of a field, if it is one, and no number or id."""
        is_public = self.text(key.casefold()) == key.casefold()
        return key if _NAME.fullmatch(key) and is_public else "(a name that varies)"

    def _value(self, name: str, value: object) -> str:
        """Return what may be said of a value."""
        most = _NUMBERS.get(name)
        if (
            most is not None
            and re.fullmatch(r"[0-9]{1,8}", text := str(value))
            and int(text) <= most
        ):
            return f"{'text' if isinstance(value, str) else 'number'} `{text}`"
        match value:
            case bool() | None:
                return f"`{json.dumps(value)}`"
            case int() | float():
                return f"number like `{_pattern(str(value))}`"
            case str() if name in _TEXTS:
                return f"text “{self.text(value)}”"
            case str() if name in _WORDS:
                return self.word(value)
        return shape(str(value))


def read_claims(token: str) -> Mapping[str, object]:
    """Return the claims of a token that is a JWT, none of anything else."""
    _, _, payload = token.partition(".")
    payload, _, _ = payload.partition(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * 3))
    except ValueError, RecursionError:
        return {}
    return claims if isinstance(claims, dict) else {}


def shape(text: str) -> str:
    """Return what a text looks like, without a letter or a digit of it."""
    length = f"{len(text)} characters"
    if not text:
        return "empty text"
    if re.match(r"\s*[A-Za-z][A-Za-z0-9+.-]*://", text):
        return f"link, {shown_host(text)}"
    if read_claims(text):
        return f"JWT, {length}"
    if _UUID.fullmatch(text):
        return "UUID"
    if _HEXADECIMAL.fullmatch(text):
        return f"hexadecimal, {length}"
    return f"text of {length}" if len(text) > _LONGEST_PATTERN else f"text like `{_pattern(text)}`"


def shown_host(link: str) -> str:
    """Return the scheme and the domain of a link, whose other parts may be somebody's."""
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
    """Return what an answer says it is, if that is a media type."""
    if not text:
        return "no content type"
    return f"`{text}`" if _MEDIA_TYPE.fullmatch(text) else "an odd content type"


def _pattern(text: str) -> str:
    """Return a text with the same letter, digit or mark for all of a kind."""
    text = re.sub(r"[^\w ()+,./:;@-]", "?", text)
    text = re.sub(r"\d", "9", text)
    text = re.sub(r"[^\W\d_]", lambda match: "A" if match[0].isupper() else "a", text)
    return text.replace(" ", "·")
