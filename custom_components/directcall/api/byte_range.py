"""Byte ranges: parts of a file, as HTTP asks for them (RFC 9110)."""

from dataclasses import dataclass
import re
from typing import Final, Self

_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A part of a file. Without a first byte, it is the last bytes of the file."""

    first: int | None
    last: int | None

    @classmethod
    def parse(cls, header: str | None) -> Self | None:
        """Return the range in a header, or None if it is invalid or several."""
        # A server may send the whole file instead of several ranges.
        match = _RANGE.fullmatch((header or "").strip())
        if match is None or not any(match.groups()):
            return None
        first, last = (int(digits) if digits else None for digits in match.groups())
        if first is not None and last is not None and last < first:
            return None
        return cls(first, last)

    @property
    def header(self) -> str:
        """Return the range as the header that asks for it."""
        first, last = ("" if value is None else value for value in (self.first, self.last))
        return f"bytes={first}-{last}"

    def of(self, length: int) -> range:
        """Return the positions of these bytes in a file of some length."""
        if self.first is None:
            return range(max(0, length - (self.last or 0)), length)
        return range(self.first, length if self.last is None else min(self.last + 1, length))
