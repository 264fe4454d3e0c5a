"""Report: the provider's responses, masked, as Markdown for a public issue."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Final

from .masking import Masker

INTEGRATION: Final = Path(__file__).parents[2] / "custom_components" / "directcall"
_MANIFEST: Final = json.loads((INTEGRATION / "manifest.json").read_text(encoding="utf-8"))
FORM: Final = f"{_MANIFEST['issue_tracker']}/new?template=4-live-check.yml"
_MOST_SHAPES: Final = 6
_INTRODUCTION: Final = """\
# What Directcall answered

Asked on {date:%Y-%m-%d} with version {version} of {provider}.

Values are masked. Of most, only the shape is shown: `9` for a digit, `a` and `A` for letters, `·`
for a blank. In texts, `…` stands for what might be private.
"""


@dataclass(slots=True)
class Exchange:
    """A request and its response."""

    request: str
    """As in the file of questions, without values."""
    heads: list[str] = field(default_factory=list)
    """One for each response: several after redirects, none if no response came."""
    body: object = field(default=None, repr=False)
    failure: str = "interrupted"
    reading: str = ""
    """The integration's reading of the response."""


class Report:
    """The exchanges and the notes of a check, by the questions that they answer."""

    def __init__(self, *, is_real: bool) -> None:
        """Start empty."""
        self.masker: Final = Masker()
        self.exchanges: Final[list[Exchange]] = []
        self._is_real = is_real
        self._heading = ""
        self._exchanges: defaultdict[str, list[Exchange]] = defaultdict(list)
        self._notes: defaultdict[str, list[str]] = defaultdict(list)

    def begin(self, heading: str, request: str) -> Exchange:
        """Add a request, which answers a question."""
        self._heading = heading
        exchange = Exchange(request)
        self.exchanges.append(exchange)
        self._exchanges[heading].append(exchange)
        return exchange

    def note(self, answer: str, *, replaces: str | None = None) -> bool:
        """Add an answer to the present question. Return if it is new."""
        notes = self._notes[self._heading]
        if answer in notes:
            return False
        if replaces is not None:
            notes[:] = [note for note in notes if not note.startswith(replaces)]
        notes.append(answer)
        return True

    def render(self, headings: Iterable[str]) -> str:
        """Return the report as Markdown."""
        introduction = _INTRODUCTION.format(
            date=datetime.now(UTC),
            version=_MANIFEST["version"],
            provider="Directcall itself" if self._is_real else "**another address**",
        )
        return self.masker.clean("\n".join([introduction, *self._sections(headings)]))

    def _sections(self, headings: Iterable[str]) -> Iterator[str]:
        for heading in headings:
            yield f"## {heading}\n"
            yield from (f"- {note}" for note in self._notes[heading])
            exchanges = self._exchanges[heading]
            for block, count in Counter(map(self._describe, exchanges)).items():
                yield block if count == 1 else f"{block}\n  - {count} times the same"
            yield "" if exchanges else "Not tried.\n"

    def _describe(self, exchange: Exchange) -> str:
        heads = ", then ".join(exchange.heads)
        lines = [f"- `{exchange.request}`: {heads or f'no answer, {exchange.failure}'}"]
        shapes: dict[str, dict[str, None]] = {}
        for path, shape in self.masker.describe(exchange.body):
            shapes.setdefault(path, {})[shape] = None
        for path, different in shapes.items():
            if path:
                more = " / …" if len(different) > _MOST_SHAPES else ""
                lines.append(f"  - `{path}`: {' / '.join(list(different)[:_MOST_SHAPES])}{more}")
        lines.append(f"  - The integration takes it for: {exchange.reading}")
        return "\n".join(lines if exchange.reading else lines[:-1])
