"""What was learned, as a Markdown file that may be attached to a public issue."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
import json
from pathlib import Path
from typing import Final

from .listening import Exchange, Head, media_type
from .masking import Masker, shown_host, shown_media_type

_INTEGRATION: Final = Path(__file__).parents[2] / "custom_components" / "directcall"
_MANIFEST: Final = json.loads((_INTEGRATION / "manifest.json").read_text(encoding="utf-8"))
FORM: Final = f"{_MANIFEST['issue_tracker']}/new?template=4-live-check.yml"
# Headers whose mere presence tells something.
_TELLING: Final = ("Accept-Ranges", "Retry-After", "Set-Cookie", "WWW-Authenticate")
_TELLING_FIELDS: Final = {
    *("status", "codigo", "msg", "msg[]", "access_token", "error", "error_description"),
}
_RATE_LIMIT: Final = "ratelimit"
_SAME: Final = 6


class Unknown(StrEnum):
    """What the provider's documentation does not say."""

    SHAPE = "What does a token look like?"
    LIFETIME = "How long does a token live?"
    OLDER = "Does a new token end the older ones?"
    REJECTION = "How is a token that is not accepted answered?"
    NO_LOGIN = "What is answered where signing in fails?"
    WRONG_LOGIN = "How is a wrong client secret answered?"
    NO_CALL = "What does `voz/status` say where there is no call?"
    CALL = "How is a call that was asked for answered?"
    WORDS = "Which words does `voz/status` have for a telephone?"
    OVER = "What does `voz/status` say once a call is over?"
    END = "What does `voz/end` say when it ends a call?"
    END_OVER = "What does `voz/end` say where there is no call?"
    ZONE = "In which time zone are the provider's times?"
    MESSAGE = "How is a message that was sent answered?"
    MESSAGE_STATUS = "What does `sms/status` say?"
    NO_RECORDINGS = "How is a list without a recording answered?"
    RECORDINGS = "How is a list with recordings answered?"
    CALLS = "How is a list of calls (`extrato/list`) answered?"
    LINK = "Does a recording's link open without a token, and where does it lead?"
    AUDIO = "What is a recording's audio?"
    RANGES = "Can a part of a recording be had?"


class Report:
    """The report, which grows as things are learned."""

    def __init__(self, masker: Masker, exchanges: Sequence[Exchange], *, is_real: bool) -> None:
        """Start with nothing learned."""
        self.masker: Final = masker
        self._exchanges = exchanges
        self._is_real = is_real
        self._learned: dict[Unknown, list[str]] = {}

    def learn(self, unknown: Unknown, answer: str) -> None:
        """Note an answer to what was not known."""
        answers = self._learned.setdefault(unknown, [])
        if answer not in answers:
            answers.append(answer)

    def learn_answer(self, unknown: Unknown, meaning: str = "") -> None:
        """Note that the last answer that came says what was not known, and what it means."""
        self.learn(unknown, meaning + self._summary(self._exchanges[-1]))

    def render(self) -> str:
        """Return the report as Markdown."""
        return self.masker.clean("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        """Yield the lines of the report."""
        version = _MANIFEST["version"]
        provider = (
            "Directcall itself" if self._is_real else "**another address**, not Directcall's own"
        )
        yield "# What Directcall answered"
        yield ""
        yield f"Asked on {datetime.now(UTC):%Y-%m-%d} with version {version} of {provider}."
        yield ""
        yield "Values are masked. Of most, only the shape is shown: `9` for a digit, `a` and `A`"
        yield "for letters, `·` for a blank. In texts, `…` stands for what might be private."
        yield ""
        yield "## What is known now"
        yield ""
        for unknown in Unknown:
            yield f"- **{unknown}** {'; '.join(self._learned.get(unknown, ['Not tried.']))}"
        yield ""
        yield "## The answers, as they came"
        for number, (lines, same) in enumerate(
            groupby(map(self._describe, self._exchanges), key=tuple), start=1
        ):
            count = len(list(same))
            title, *more = lines
            yield ""
            yield f"### {number}. `{title}`{f', {count} times the same' if count > 1 else ''}"
            yield ""
            yield from more
        yield ""

    def _describe(self, exchange: Exchange) -> Iterator[str]:
        """Yield the lines that say what came of a request."""
        yield exchange.request
        yield from (f"- {_head(head)}" for head in exchange.heads)
        if not exchange.heads:
            yield f"- No answer: {exchange.failure or 'interrupted'}"
        shapes: dict[str, dict[str, int]] = {}
        for path, description in self.masker.describe(exchange.fields):
            counts = shapes.setdefault(path, {})
            counts[description] = counts.get(description, 0) + 1
        for path, counts in shapes.items():
            if path:
                shown = list(counts)[:_SAME]
                yield f"- `{path}`: {' / '.join(shown)}{' / …' if len(counts) > _SAME else ''}"
        if exchange.heads and exchange.is_json_due and not exchange.fields:
            yield "- No JSON object, or an empty one"
        if exchange.reading:
            yield f"- The integration takes it for: {exchange.reading}"

    def _summary(self, exchange: Exchange) -> str:
        """Return an answer in one line."""
        if not exchange.heads:
            return f"no answer ({exchange.failure or 'interrupted'})"
        parts = [_head(exchange.heads[-1])]
        parts += [
            f"`{path}` {description}"
            for path, description in self.masker.describe(exchange.fields)
            if path in _TELLING_FIELDS
        ]
        if exchange.is_json_due and not exchange.fields:
            parts.append("no JSON object")
        if exchange.reading:
            parts.append(f"taken for: {exchange.reading}")
        return ", ".join(parts)


def _head(head: Head) -> str:
    """Return what stands above the body of an answer."""
    parts = [f"HTTP {head.status}", shown_media_type(media_type(head))]
    parts += [f"has `{name}`" for name in _TELLING if name in head.headers]
    if any(_RATE_LIMIT in name.lower() for name in head.headers):
        parts.append("has a rate limit")
    if location := head.headers.get("Location"):
        parts.append(f"redirects: {shown_host(location)}")
    return ", ".join(parts)
