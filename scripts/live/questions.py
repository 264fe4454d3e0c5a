"""Questions: the file of them, as the check asks them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final


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


@dataclass(frozen=True)
class Question:
    """A section of the report."""

    heading: str
    consents: list[str]
    requests: list[Request] = field(default_factory=list)


def _read(file: Path) -> list[Question]:
    questions: list[Question] = []
    consents: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            consents = line.strip("[]").split()
        elif line.startswith(" "):
            request, *options = line.strip().split(" // ")
            named = dict(option.split(": ") for option in options)
            questions[-1].requests.append(Request(request, **named))
        elif line and not line.startswith("#"):
            questions.append(Question(line, consents))
    return questions


QUESTIONS: Final = _read(Path(__file__).with_name("questions.txt"))
