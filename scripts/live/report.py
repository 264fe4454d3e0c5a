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
    """A request, as the file of questions has it, and the response, with a head for each hop."""

    heading: str
    request: str
    heads: list[str] = field(default_factory=list)
    body: object = field(default=None, repr=False)
    failure: str = "interrupted"
    reading: str = ""


class Report:
    """The exchanges and the notes of a check, by the headings of their questions."""

    def __init__(self, *, is_real: bool) -> None:
        """Start empty."""
        self.masker: Final = Masker()
        self.exchanges: Final[list[Exchange]] = []
        self._is_real = is_real
        self._notes: defaultdict[str, list[str]] = defaultdict(list)

    def note(self, answer: str, *, replaces: str | None = None) -> bool:
        """Add an answer to the question of the last exchange. Return if it is new."""
        notes = self._notes[self.exchanges[-1].heading]
        if answer in notes:
            return False
        notes[:] = [note for note in notes if not replaces or not note.startswith(replaces)]
        notes.append(answer)
        return True

    def render(self, headings: Iterable[str]) -> str:
        """Return the report as Markdown."""
        provider = "Directcall itself" if self._is_real else "**another address**"
        values = {"date": datetime.now(UTC), "version": _MANIFEST["version"], "provider": provider}
        sections = [_INTRODUCTION.format(**values), *map(self._section, headings)]
        return self.masker.clean("\n".join(sections))

    def _section(self, heading: str) -> str:
        exchanges = [each for each in self.exchanges if each.heading == heading]
        blocks = Counter("\n".join(self._describe(each)) for each in exchanges)
        lines = [f"- {note}" for note in self._notes[heading]]
        for block, count in blocks.items():
            lines.append(block if count == 1 else f"{block}\n  - {count} times the same")
        return "\n".join([f"## {heading}\n", *(lines or ["Not tried."]), ""])

    def _describe(self, exchange: Exchange) -> Iterator[str]:
        heads = ", then ".join(exchange.heads)
        yield f"- `{exchange.request}`: {heads or f'no answer, {exchange.failure}'}"
        shapes: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for path, shape in self.masker.describe(exchange.body):
            shapes[path][shape] = None
        shapes.pop("", None)
        for path, different in shapes.items():
            more = " / …" if len(different) > _MOST_SHAPES else ""
            yield f"  - `{path}`: {' / '.join(list(different)[:_MOST_SHAPES])}{more}"
        if exchange.reading:
            yield f"  - The integration takes it for: {exchange.reading}"
