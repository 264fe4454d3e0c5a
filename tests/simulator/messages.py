"""Messages, as the provider's documentation wants them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
import itertools
import re
from typing import Final, override
from zoneinfo import ZoneInfo

_MOST_DESTINATIONS: Final = 10
_LONGEST_TEXT: Final = 700
_LARGEST_AUDIO: Final = 4_000_000
_NUMBER: Final = re.compile(r"[1-9][0-9]{9,14}|ip[1-9][0-9]{9,10}")
# Abroad with `00`.
_SMS_NUMBER: Final = re.compile(r"55[0-9]{10,11}|00[1-9][0-9]{7,14}|ip[1-9][0-9]{9,10}")
_HOUR: Final = re.compile(r"[0-9]|1[0-9]|2[0-3]")
_ATTEMPTS: Final = re.compile(r"[1-9]|10")
_MP3: Final = re.compile(rb"ID3|\xff[\xe2\xe3\xea\xeb\xf2\xf3\xfa\xfb]")
_ZONE: Final = ZoneInfo("America/Sao_Paulo")
_ids: Final = itertools.count(12345678900001)


@dataclass
class Message:
    """A message as the telephone network saw it."""

    origin: str
    destinations: list[str]
    is_spoken: bool
    text: str
    audio: bytes | None
    form: Mapping[str, str]
    cancelled: bool = False
    message_id: str = field(default_factory=lambda: str(next(_ids)))

    @override
    def __str__(self) -> str:
        """Return the message in one line."""
        what = f"{len(self.audio)} bytes of audio" if self.audio else self.text
        verb = "speaks" if self.is_spoken else "writes"
        return f"{self.origin} {verb} to {', '.join(self.destinations)}: {what}"


def read_message(form: Mapping[str, str], audio: bytes | None) -> Message | None:
    """Return the message that a form asks for; nothing if it is not as it should be."""
    origin, kind, text = form.get("origem", ""), form.get("tipo", "texto"), form.get("texto", "")
    is_spoken = kind == "voz"
    destinations = form.get("destino", "").split(";")
    has_audio = audio is not None and is_spoken
    if (
        kind not in {"voz", "texto"}
        or len(destinations) > _MOST_DESTINATIONS
        or not _NUMBER.fullmatch(origin)
        or not all((_NUMBER if is_spoken else _SMS_NUMBER).fullmatch(n) for n in destinations)
        or has_audio == bool(text)
        or len(text) > _LONGEST_TEXT
        or (audio is not None and (len(audio) > _LARGEST_AUDIO or not _MP3.match(audio)))
        or not _HOUR.fullmatch(form.get("enviar_de", "0"))
        or not _HOUR.fullmatch(form.get("enviar_ate", "0"))
        or not _ATTEMPTS.fullmatch(form.get("num_tentativas", "3"))
        or not _is_in_future(form.get("cron"))
    ):
        return None
    return Message(origin, destinations, is_spoken, text, audio, form)


def _is_in_future(cron: str | None) -> bool:
    """Return if a moment is written as the provider wants it, and is not over."""
    if cron is None:
        return True
    try:
        moment = datetime.strptime(cron, "%d-%m-%Y-%H-%M-%S").replace(tzinfo=_ZONE)
    except ValueError:
        return False
    return moment > datetime.now(_ZONE)
