"""Media types of audio, from a header or from the first bytes."""

import re
from typing import Final

# `+xml` is excluded, because browsers may run scripts in XML.
_AUDIO: Final = re.compile(r"audio/[a-z0-9.-]{1,40}")
# Servers send these for files of an unknown type.
_UNKNOWN: Final = {
    "",
    "application/download",
    "application/force-download",
    "application/octet-stream",
    "application/x-download",
    "binary/octet-stream",
}
# For audio whose first bytes are not recognized either. It is most likely an MP3 (a guess).
DEFAULT_TYPE: Final = "audio/mpeg"
MOST_FIRST_BYTES: Final = 16
_BEGINNINGS: Final = (
    (re.compile(rb"RIFF.{4}WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb"#!AMR"), "audio/amr"),
)


def read_media_type(header: str, default_type: str) -> str | None:
    """Return the media type in a header, the default if unknown, None if it is no audio."""
    # The parser of aiohttp takes minutes for a malicious header.
    media_type = header.partition(";")[0].strip().lower()
    if media_type in _UNKNOWN:
        return default_type
    return media_type if _AUDIO.fullmatch(media_type) else None


def recognize_media_type(first_bytes: bytes) -> str:
    """Return the media type of audio by its first bytes."""
    return next(
        (media_type for beginning, media_type in _BEGINNINGS if beginning.match(first_bytes)),
        DEFAULT_TYPE,
    )
