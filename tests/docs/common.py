"""Documentation: the README and the pages of a language, and the text that a reader sees."""

from pathlib import Path
import re
from typing import Final

from tests.common import READMES, ROOT

DOCS: Final = ROOT / "docs"
_CODE: Final = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
_HIDDEN: Final = re.compile(r"<!--.*?-->|</?\w[^>]*>|!\[[^\]]*\]\([^)]*\)", re.DOTALL)
_LINK: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def pages(language: str) -> list[Path]:
    """Return the pages of a language."""
    return sorted((DOCS / language).glob("*.md"))


def documents(language: str) -> list[Path]:
    """Return the files of a language: the README, then the pages."""
    return [ROOT / READMES[language], *pages(language)]


def read(language: str) -> str:
    """Return the text of all files of a language."""
    return "\n".join(file.read_text(encoding="utf-8") for file in documents(language))


def without_code(text: str) -> str:
    """Return a text without its code blocks."""
    return _CODE.sub("", text)


def visible(text: str) -> str:
    """Return a text without code blocks, pictures, HTML tags, comments and targets of links."""
    return _LINK.sub(r"\1", _HIDDEN.sub("", without_code(text)))


def count_words(text: str) -> int:
    """Return the visible words: between blanks, with a letter or a digit."""
    return sum(any(map(str.isalnum, word)) for word in visible(text).split())
