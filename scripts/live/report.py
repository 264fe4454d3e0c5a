"""Report: the provider's responses, masked, as Markdown for a public issue."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
import json
from pathlib import Path
from typing import Final

from custom_components.directcall.api import DirectcallError

from .masking import Masker, shown_host, shown_media_type

INTEGRATION: Final = Path(__file__).parents[2] / "custom_components" / "directcall"
_MANIFEST: Final = json.loads((INTEGRATION / "manifest.json").read_text(encoding="utf-8"))
FORM: Final = f"{_MANIFEST['issue_tracker']}/new?template=4-live-check.yml"
# The report contains the names of these headers only, without their values.
_HEADERS: Final = ("Accept-Ranges", "Retry-After", "Set-Cookie", "WWW-Authenticate")
_MOST_SHAPES: Final = 6
_INTRODUCTION: Final = """\
# What Directcall answered

Asked on {date:%Y-%m-%d} with version {version} of {provider}.

Values are masked. Of most, only the shape is shown: `9` for a digit, `a` and `A` for letters, `·`
for a blank. In texts, `…` stands for what might be private.
"""


class Question(StrEnum):
    """A question that the provider's documentation leaves open: a section of the report."""

    SHAPE = "What does a token look like?"
    LIFETIME = "How long does a token live?"
    OLDER = "Does a new token end the older ones?"
    REJECTION = "What is the answer to a token that is not accepted?"
    NO_LOGIN = "What is the answer where signing in fails?"
    WRONG_LOGIN = "What is the answer to a wrong client secret?"
    BALANCE = "What does a balance (`extrato/saldo`) look like?"
    NO_CALL = "What does `voz/status` say where there is no call?"
    CALL = "What is the answer to a request for a call?"
    WORDS = "Which words does `voz/status` have for a telephone?"
    CALL_OVER = "What does `voz/status` say once a call is over?"
    END = "What does `voz/end` say when it ends a call?"
    END_OVER = "What does `voz/end` say where there is no call?"
    ZONE = "In which time zone are the provider's times?"
    VOICE_MESSAGE = "What is the answer to a voice message?"
    SMS = "What is the answer to an SMS?"
    MESSAGE_STATUS = "What does `sms/status` say?"
    NO_RECORDINGS = "What does a list without recordings look like?"
    RECORDINGS = "What does a list with recordings look like?"
    CALLS = "What does a list of calls (`extrato/list`) look like?"
    LINK = "Does a recording's link open without a token, and where does it lead?"
    AUDIO = "In which format is a recording?"
    RANGES = "Can a part of a recording be requested?"


@dataclass(slots=True)
class Exchange:
    """A request and its response."""

    question: Question
    request: str
    """Method and endpoint."""
    heads: list[str] = field(default_factory=list)
    """One for each response: several after redirects, none if no response came."""
    fields: Mapping[str, object] | None = field(default=None, repr=False)
    """The JSON object of the response, empty if there is none; None if no JSON was requested."""
    failure: str = "interrupted"
    reading: str = ""
    """The integration's reading of the response."""


class Report:
    """The exchanges and the notes of a check, by the questions that they answer."""

    def __init__(self, *, is_real: bool) -> None:
        """Start empty."""
        self.masker: Final = Masker()
        self.exchanges: Final[list[Exchange]] = []
        self.question = Question.SHAPE
        self._notes: dict[Question, list[str]] = {}
        self._is_real = is_real

    @contextmanager
    def exchange(self, request: str) -> Iterator[Exchange]:
        """Add an exchange, which answers the present question."""
        exchange = Exchange(self.question, request)
        self.exchanges.append(exchange)
        try:
            yield exchange
        except DirectcallError as err:
            exchange.failure = f"{type(err).__name__}, {err}"
            raise

    def note(self, question: Question, answer: str) -> bool:
        """Add an answer that is not the response itself. Return if it is new."""
        notes = self._notes.setdefault(question, [])
        is_new = answer not in notes
        if is_new:
            notes.append(answer)
        return is_new

    def render(self) -> str:
        """Return the report as Markdown."""
        introduction = _INTRODUCTION.format(
            date=datetime.now(UTC),
            version=_MANIFEST["version"],
            provider="Directcall itself" if self._is_real else "**another address**",
        )
        return self.masker.clean("\n".join([introduction, *self._sections()]))

    def _sections(self) -> Iterator[str]:
        for question in Question:
            yield f"## {question}\n"
            notes = [f"- {note}" for note in self._notes.get(question, ())]
            blocks = Counter(
                "\n".join(self._describe(exchange))
                for exchange in self.exchanges
                if exchange.question is question
            )
            yield from notes
            for block, count in blocks.items():
                yield block if count == 1 else f"{block}\n  - {count} times the same"
            if not notes and not blocks:
                yield "Not tried."
            yield ""

    def _describe(self, exchange: Exchange) -> Iterator[str]:
        heads = ", then ".join(exchange.heads)
        yield f"- `{exchange.request}`: {heads or f'no answer, {exchange.failure}'}"
        shapes: dict[str, dict[str, None]] = {}
        for path, shape in self.masker.describe(exchange.fields or {}):
            shapes.setdefault(path, {})[shape] = None
        for path, different in shapes.items():
            if path:
                more = " / …" if len(different) > _MOST_SHAPES else ""
                yield f"  - `{path}`: {' / '.join(list(different)[:_MOST_SHAPES])}{more}"
        if exchange.heads and exchange.fields == {}:
            yield "  - No JSON object, or an empty one"
        if exchange.reading:
            yield f"  - The integration takes it for: {exchange.reading}"


def shown_head(status: int, headers: Mapping[str, str]) -> str:
    """Return the status and the telling headers of a response."""
    parts = [f"HTTP {status}", shown_media_type(headers.get("Content-Type", ""))]
    parts += [f"has `{name}`" for name in _HEADERS if name in headers]
    if any("ratelimit" in name.lower() for name in headers):
        parts.append("has a rate limit")
    if location := headers.get("Location"):
        parts.append(f"redirects: {shown_host(location)}")
    return ", ".join(parts)
