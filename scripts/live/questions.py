"""Questions: the file of them, as the check asks them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple


@dataclass(frozen=True)
class Request:
    """A request, and how its response is read: see the file."""

    line: str
    read: str = "success"
    needs: str = "ready"
    bills: str = ""
    polls: str = "1 every 0 s"
    until: str = ""
    says: str = ""
    in_vain: str = ""

    def fill(self, facts: Mapping[str, object]) -> dict[str, str]:
        """Return the fields. Raise KeyError if a fact is not known."""
        fields = {"access_token": "{token}", "format": "JSON"}
        fields |= dict(part.split("=") for part in self.line.split()[2:])
        return {name: text.format_map(facts) for name, text in fields.items() if text}


class Question(NamedTuple):
    """A section of the report."""

    heading: str
    consents: list[str]
    requests: list[Request]


QUESTIONS: Final[list[Question]] = []
_consents: list[str] = []
for _line in Path(__file__).with_name("questions.txt").read_text(encoding="utf-8").splitlines():
    if _line.startswith("["):
        _consents = _line.strip("[]").split()
    elif _line.startswith(" "):
        _request, *_options = _line.strip().split(" // ")
        _named = dict(option.split(": ") for option in _options)
        QUESTIONS[-1].requests.append(Request(_request, **_named))
    elif not _line.startswith("#"):
        QUESTIONS.append(Question(_line, _consents, []))
