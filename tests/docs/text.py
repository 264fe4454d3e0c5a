"""Text of a document: what a reader sees of it."""

import re
from typing import Final

_CODE: Final = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
_HIDDEN: Final = re.compile(r"<!--.*?-->|</?\w[^>]*>|!\[[^\]]*\]\([^)]*\)", re.DOTALL)
_LINK: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def without_code(text: str) -> str:
    """Return a text without its code blocks."""
    return _CODE.sub("", text)


def visible(text: str) -> str:
    """Return a text without code blocks, pictures, HTML tags, comments and targets of links."""
    return _LINK.sub(r"\1", _HIDDEN.sub("", without_code(text)))


def count_words(text: str) -> int:
    """Return the visible words: between blanks, with a letter or a digit."""
    return sum(any(map(str.isalnum, word)) for word in visible(text).split())
