"""Recordings of calls: what is listed of them, and their audio."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
import math
import secrets
import struct
from typing import Final
from zoneinfo import ZoneInfo

from .telephones import Line

_ZONE: Final = ZoneInfo("America/Sao_Paulo")
_MOMENT: Final = "%Y%m%d%H%M%S"
# Samples a second, of one byte each: what a telephone carries.
_RATE: Final = 8000
_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
# A tone of 400 Hz, of which this is one wave.
_WAVE: Final = bytes(round(128 + 80 * math.sin(math.tau * i / 20)) for i in range(20))
_BLOCK: Final = 65536


class Oddity(StrEnum):
    """Fault of a recording, by the last four digits of its destination."""

    WITHOUT_LINK = "8001"
    INTO_THE_HOME = "8002"
    REDIRECTS_INTO_THE_HOME = "8003"
    EXPIRED = "8004"
    ON_FAILING_PAGE = "8005"
    NONE = ""


@dataclass
class Recording:
    """A recording of a call, a tone in a WAV file."""

    origin: str
    destination: str
    call_id: str
    started: datetime = field(default_factory=lambda: datetime.now(_ZONE))
    line: Line | None = None
    """The call. None after it is over."""
    seconds: int = 3
    """Length of the audio."""
    key: str = field(default_factory=lambda: secrets.token_hex(20))
    """The secret in the link."""

    @property
    def oddity(self) -> Oddity:
        """Return what is wrong with it."""
        return next(o for o in Oddity if self.destination.endswith(o))

    @property
    def is_there(self) -> bool:
        """Return if the call is over, and a conversation took place."""
        return self.line is None or self.line.was_talked_on

    @property
    def size(self) -> int:
        """Return how many bytes the file has."""
        return _HEADER.size + self.seconds * _RATE

    def entry(self, url: str, *, with_id: bool = False) -> dict[str, object]:
        """Return what is listed, with a link at an address, and as a call with its ID."""
        entry: dict[str, object] = {
            "origem": self.origin,
            "destino": self.destination,
            "inicio": f"{self.started.astimezone(_ZONE):%Y-%m-%d %H:%M:%S}",
        }
        match self.oddity:
            case Oddity.WITHOUT_LINK:
                entry["gravacao_link"] = None
            case Oddity.INTO_THE_HOME:
                entry["gravacao_link"] = f"http://192.168.0.1/extrato/gravacao/id/{self.key}"
            case _:
                entry["gravacao_link"] = f"{url}/extrato/gravacao/id/{self.key}"
        return {**entry, "callerid": self.call_id, "tipo": "voz"} if with_id else entry

    def blocks(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield some bytes of the file, in blocks."""
        while start < stop:
            end = min(stop, start + _BLOCK)
            yield self._bytes(start, end)
            start = end

    def _bytes(self, start: int, stop: int) -> bytes:
        """Return some bytes of the file."""
        size = self.seconds * _RATE
        header = _HEADER.pack(
            *(b"RIFF", size + _HEADER.size - 8, b"WAVE", b"fmt ", 16, 1, 1, _RATE, _RATE, 1, 8),
            *(b"data", size),
        )
        head = header[start:stop]
        first = max(0, start - len(header))
        length = stop - start - len(head)
        phase = first % len(_WAVE)
        waves = _WAVE * (length // len(_WAVE) + 2)
        return head + waves[phase : phase + length]


def find(
    recordings: list[Recording], form: Mapping[str, str], *, by_end: bool
) -> list[Recording] | None:
    """Return the recordings that a form asks for; nothing if it is not as it should be.

    Both ends of the time are included.
    """
    try:
        start, end = (
            datetime.strptime(form.get(name, ""), _MOMENT).replace(tzinfo=_ZONE)
            for name in ("dataInicial", "dataFinal")
        )
    except ValueError:
        return None
    return [
        recording
        for recording in recordings
        if recording.is_there
        and start
        <= recording.started + timedelta(seconds=recording.seconds if by_end else 0)
        < end + timedelta(seconds=1)
        and form.get("numeroOrigem") in {None, recording.origin}
        and form.get("numeroDestino") in {None, recording.destination}
        and form.get("callerid") in {None, recording.call_id}
    ]
