"""Documentation: the README and the pages of a language."""

from pathlib import Path

from tests.common import READMES, ROOT


def documents(language: str) -> list[Path]:
    """Return the files of a language: the README, then the pages."""
    return [ROOT / READMES[language], *sorted((ROOT / "docs" / language).glob("*.md"))]


def read(language: str) -> str:
    """Return the text of all files of a language."""
    return "\n".join(file.read_text(encoding="utf-8") for file in documents(language))
