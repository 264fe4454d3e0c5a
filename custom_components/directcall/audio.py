"""Audio: speech or a local file as an MP3 for telephones."""

import asyncio
from pathlib import Path
from typing import Final

from homeassistant.components import ffmpeg, media_source, tts
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component
from homeassistant.util.hass_dict import HassKey

from .api import LARGEST_AUDIO, redact_text
from .const import DOMAIN

# Seconds. An alarm does not wait forever for a voice.
TIMEOUT: Final = 30
# Each conversion is a process of about 30 MB.
_MOST_CONVERSIONS: Final = 4
_DATA_CONVERSIONS: Final[HassKey[asyncio.Semaphore]] = HassKey(f"{DOMAIN}_conversions")
_SPEECH: Final = "media-source://tts/"
_FILES: Final = "media-source://media_source/"
_TAG: Final = b"ID3"
_TAG_HEADER: Final = 10
_TAG_SIZE: Final = slice(6, _TAG_HEADER)
# A frame of MPEG audio begins with eleven set bits, the version, and the layer, which is 3.
_FRAME_MASK: Final = 0xFFE6
_MP3_FRAME: Final = 0xFFE2
_CONVERTER: Final = "FFmpeg"
# A playlist is not allowed, because it could name files of this machine, or other machines.
_CONTAINERS: Final = "aac,aiff,amr,asf,au,caf,flac,matroska,mov,mp3,ogg,w64,wav"
_FROM_HERE: Final = ("-protocol_whitelist", "file,pipe", "-format_whitelist", _CONTAINERS)
# A telephone carries one narrow channel. The conversion stops right after the size limit.
_TO_MP3: Final = (
    *("-vn", "-ac", "1", "-ar", "16000", "-b:a", "48k"),
    *("-fs", str(LARGEST_AUDIO + 1), "-f", "mp3", "pipe:1"),
)


async def async_get_audio(
    hass: HomeAssistant, media_content_id: object, *, waits_for_others: bool
) -> bytes:
    """Return speech or a local file as an MP3.

    Raise ServiceValidationError for other media and for audio that is too big. Raise
    HomeAssistantError if the conversion fails or takes too long.
    """
    try:
        async with asyncio.timeout(TIMEOUT):
            source = await _async_get_source(hass, media_content_id)
            audio = await hass.async_add_executor_job(_read_mp3, source)
            if audio is None:
                audio = await _async_convert_in_turn(
                    hass, source, waits_for_others=waits_for_others
                )
    except TimeoutError:
        raise _too_slow() from None
    except HomeAssistantError:
        raise
    except Exception as err:
        raise _failure(type(err).__name__) from None
    if len(audio) > LARGEST_AUDIO:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="audio_too_big")
    return audio


async def _async_convert_in_turn(
    hass: HomeAssistant,
    source: bytes | Path,
    *,
    waits_for_others: bool,
) -> bytes:
    conversions = hass.data.setdefault(_DATA_CONVERSIONS, asyncio.Semaphore(_MOST_CONVERSIONS))
    if conversions.locked() and not waits_for_others:
        raise _too_slow()
    async with conversions:
        return await _async_convert(hass, source)


async def _async_get_source(hass: HomeAssistant, media_content_id: object) -> bytes | Path:
    if not isinstance(media_content_id, str) or not media_content_id.startswith((_SPEECH, _FILES)):
        raise _not_supported()
    try:
        if media_content_id.startswith(_SPEECH):
            # Speech is an MP3 unless the identifier asks for another format.
            _, speech = await tts.async_get_media_source_audio(hass, media_content_id)
            return speech
        media = await media_source.async_resolve_media(hass, media_content_id, None)
    except HomeAssistantError as err:
        raise _failure(str(err)) from None
    except Exception as err:
        # Voices raise any exception, and its text may be private.
        raise _failure(type(err).__name__) from None
    if media.path is None or not media.mime_type.startswith("audio/"):
        raise _not_supported()
    return media.path


def _read_mp3(source: bytes | Path) -> bytes | None:
    """Return an MP3, cut right after the size limit, or None for other audio."""
    if isinstance(source, bytes):
        return source if _is_mp3(source) else None
    if not source.is_file():
        # Reading from a pipe may take forever.
        raise OSError
    with source.open("rb") as file:
        audio = file.read(LARGEST_AUDIO + 1)
    return audio if _is_mp3(audio) else None


def _is_mp3(audio: bytes) -> bool:
    """Return if bytes begin as an MP3 does, perhaps after a tag."""
    start = 0
    if audio.startswith(_TAG):
        for byte in audio[_TAG_SIZE]:
            # Each byte has seven bits.
            start = start << 7 | byte
        start += _TAG_HEADER
    frame = int.from_bytes(audio[start : start + 2]) & _FRAME_MASK
    return frame == _MP3_FRAME


async def _async_convert(hass: HomeAssistant, source: bytes | Path) -> bytes:
    if not await async_setup_component(hass, ffmpeg.DOMAIN, {}):
        raise _failure(_CONVERTER)
    speech, place = (source, "pipe:0") if isinstance(source, bytes) else (None, str(source))
    process = await asyncio.create_subprocess_exec(
        ffmpeg.get_ffmpeg_manager(hass).binary,
        *("-hide_banner", "-loglevel", "error", *_FROM_HERE),
        *("-i", place),
        *_TO_MP3,
        stdin=asyncio.subprocess.DEVNULL if speech is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        audio, _ = await process.communicate(speech)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or not audio:
        raise _failure(_CONVERTER)
    return audio


def _not_supported() -> ServiceValidationError:
    return ServiceValidationError(translation_domain=DOMAIN, translation_key="media_not_supported")


def _too_slow() -> HomeAssistantError:
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="audio_too_slow")


def _failure(reason: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="audio_failed",
        translation_placeholders={"reason": redact_text(reason, [])},
    )
