"""Helpers of the audio's tests: a voice, and what FFmpeg makes."""

import asyncio
from pathlib import Path
import subprocess
from typing import Any, override
import wave

import imageio_ffmpeg

from homeassistant.components.tts import Provider, TtsAudioType
from homeassistant.core import HomeAssistant

from tests.common import perform
from tests.simulator import Simulator

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
SPEECH = "media-source://tts/voice?message=Fumaça&tts_options={}"
FRAME = b"\xff\xfb"
MP3 = FRAME + bytes(100)


class Voice(Provider):
    """A text-to-speech voice that returns a test's audio."""

    def __init__(self) -> None:
        """Speak MP3."""
        self.name = "Voice"
        self.said: TtsAudioType = ("mp3", MP3)
        self.error: Exception | None = None
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    @property
    @override
    def default_language(self) -> str:
        """Return the language that it speaks."""
        return "pt-BR"

    @property
    @override
    def supported_languages(self) -> list[str]:
        """Return the languages that it speaks."""
        return [self.default_language]

    @override
    async def async_get_tts_audio(
        self, message: str, language: str, options: dict[str, Any]
    ) -> TtsAudioType:
        """Return the audio of a text."""
        self.is_asked.set()
        await self.may_answer.wait()
        if self.error:
            raise self.error
        return self.said


def tone(file: Path, seconds: float = 1) -> Path:
    """Write a WAV."""
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 1, 8000, 0, "NONE", "not compressed"))
        sound.writeframes(bytes(range(256)) * int(8000 * seconds / 256))
    return file


def as_other(file: Path, *options: str) -> Path:
    """Convert a tone into what a file is to be."""
    source = tone(file.with_suffix(".wav"))
    command = [FFMPEG, "-loglevel", "error", "-i", str(source), *options, str(file)]
    subprocess.run(command, check=True)
    return file


async def play(hass: HomeAssistant, media_content_id: str, **data: Any) -> dict[str, Any]:
    """Play audio to a contact."""
    media = {"media_content_id": media_content_id, "media_content_type": "audio/mpeg", **data}
    return await perform(hass, "send_voice_message", {"destination": "Maria", "media": media})


def played(simulator: Simulator) -> bytes:
    """Return the audio of the only message."""
    [message] = simulator.messages
    assert message.audio is not None
    return message.audio


async def speak_or_play(hass: HomeAssistant, media: Any, **data: Any) -> dict[str, Any]:
    """Play audio to a contact, or speak a text where that fails."""
    data = {"destination": "Maria", "message": "Fumaça", "media": media, **data}
    return await perform(hass, "send_voice_message", data)


def spoken(simulator: Simulator) -> list[str | None]:
    """Return the texts of the messages that have no audio."""
    return [message.text for message in simulator.messages if message.audio is None]
