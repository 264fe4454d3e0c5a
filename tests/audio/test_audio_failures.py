"""Audio that cannot be made: voices that fail, media that is missing, and the text instead."""

import asyncio
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from custom_components.directcall import audio as audio_module
from tests.audio.common import (
    MP3,
    SPEECH,
    Voice,
    as_other,
    play,
    played,
    speak_or_play,
    spoken,
    tone,
)
from tests.common import SEND, perform
from tests.simulator import Simulator

AUDIO_FAILED = (
    "The audio could not be prepared, and nothing was sent. Check the voice or the file, or add a"
    " message, which is then spoken instead. Technical detail:"
)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (HomeAssistantError("No credit"), "No credit"),
        (HomeAssistantError("See http://voice.example.com/?key=secret"), "See …"),
        (ValueError("key sk-12345"), "ValueError"),
        (TimeoutError("key sk-12345"), "TimeoutError"),
        (EOFError("key sk-12345"), "EOFError"),
    ],
)
async def test_voice_that_fails(
    hass: HomeAssistant, simulator: Simulator, voice: Voice, error: Exception, reason: str
) -> None:
    """A voice that fails is an error with its reason, without private values."""
    voice.error = error
    with pytest.raises(HomeAssistantError) as caught:
        await play(hass, SPEECH)
    assert str(caught.value) == f"{AUDIO_FAILED} {reason}"
    assert caught.value.__cause__ is None
    assert simulator.requests[SEND] == 0


@pytest.mark.parametrize(
    "media_content_id",
    [
        "media-source://tts/nobody?message=x",
        "media-source://tts/-stream-/nothing.mp3",
        "media-source://media_source/local/nothing.mp3",
        "media-source://media_source/local/a\x00.wav",
        "media-source://tts/voice?message=x&tts_options=[1]",
        "media-source://media_source/",
    ],
)
async def test_audio_that_is_not_there(
    hass: HomeAssistant, simulator: Simulator, media: Path, media_content_id: str
) -> None:
    """Missing media cannot be played."""
    with pytest.raises(HomeAssistantError) as caught:
        await play(hass, media_content_id)
    assert caught.value.translation_key == "audio_failed"
    assert simulator.requests[SEND] == 0


@pytest.mark.parametrize(
    ("data", "key"),
    [({"destination": "Mario"}, "unknown_contact"), ({"earliest_hour": 24}, "invalid_hour")],
)
async def test_invalid_fields_fail_before_the_audio(
    hass: HomeAssistant, simulator: Simulator, voice: Voice, data: dict[str, Any], key: str
) -> None:
    """Invalid fields are an error before any audio is made."""
    voice.may_answer.clear()
    media = {"media_content_id": SPEECH}
    async with asyncio.timeout(60):
        with pytest.raises(ServiceValidationError) as caught:
            await perform(
                hass, "send_voice_message", {"destination": "Maria", "media": media, **data}
            )
    assert caught.value.translation_key == key


@pytest.mark.parametrize("name", ["noise.wav", "empty.wav"])
async def test_file_that_is_no_audio(
    hass: HomeAssistant, simulator: Simulator, media: Path, name: str
) -> None:
    """A file that FFmpeg cannot read is an error."""
    (media / "noise.wav").write_bytes(b"no audio" * 1000)
    (media / "empty.wav").touch()
    with pytest.raises(HomeAssistantError, match="detail: FFmpeg"):
        await play(hass, f"media-source://media_source/local/{name}")
    assert simulator.requests[SEND] == 0


async def test_home_without_ffmpeg(hass: HomeAssistant, simulator: Simulator, media: Path) -> None:
    """Without FFmpeg, MP3 files can be played, and other files cannot."""
    tone(media / "tone.wav")
    as_other(media / "other.mp3")
    hass.data["ffmpeg"].__dict__["binary"] = "/nowhere/ffmpeg"
    with pytest.raises(HomeAssistantError, match="detail: FileNotFoundError"):
        await play(hass, "media-source://media_source/local/tone.wav")
    with (
        patch.object(audio_module, "async_setup_component", return_value=False),
        pytest.raises(HomeAssistantError, match="detail: FFmpeg"),
    ):
        await play(hass, "media-source://media_source/local/tone.wav")
    await play(hass, "media-source://media_source/local/other.mp3")
    assert len(simulator.messages) == 1


@pytest.mark.parametrize(
    "media_content_id",
    [
        "https://example.com/tone.mp3",
        "/etc/passwd",
        "media-source://elsewhere/radio",
        "media-source://nowhere/x",
        "media-source://",
        "media-source://media_source/local/picture.png",
    ],
)
async def test_nothing_from_elsewhere(
    hass: HomeAssistant, simulator: Simulator, media: Path, media_content_id: str
) -> None:
    """Only speech and local audio files of Home Assistant are played."""
    (media / "picture.png").touch()
    with pytest.raises(ServiceValidationError, match="in Home Assistant itself"):
        await play(hass, media_content_id)
    assert simulator.requests[SEND] == 0


HLS = """\
#EXTM3U
#EXT-X-TARGETDURATION:1
#EXTINF:1,
{}
#EXT-X-ENDLIST
"""


@pytest.mark.parametrize(
    ("name", "content"), [("list.m3u", HLS), ("list.wav", "ffconcat version 1.0\nfile {}\n")]
)
@pytest.mark.parametrize("what", ["secret.wav", "/secret.mp3"])
async def test_playlist_leads_nowhere(
    hass: HomeAssistant, simulator: Simulator, media: Path, name: str, content: str, what: str
) -> None:
    """A file that only names what is elsewhere, here or on the network, is not played."""
    tone(media / "secret.wav")
    where = what if what == "secret.wav" else f"{simulator.url}{what}"
    (media / name).write_text(content.format(where))
    with pytest.raises(HomeAssistantError, match="detail: FFmpeg"):
        await play(hass, f"media-source://media_source/local/{name}")
    assert "secret.mp3" not in simulator.requests
    assert simulator.requests[SEND] == 0


async def test_audio_comes_before_the_text(
    hass: HomeAssistant, simulator: Simulator, voice: Voice
) -> None:
    """A text beside audio is not spoken where the audio can be played."""
    await speak_or_play(hass, {"media_content_id": SPEECH}, message="x" * 701)
    assert played(simulator) == MP3


@pytest.mark.parametrize(
    "error", [HomeAssistantError("No credit"), OSError(), ValueError(), TimeoutError()]
)
async def test_text_stands_in_for_a_voice_that_fails(
    hass: HomeAssistant,
    simulator: Simulator,
    voice: Voice,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    """The text and its title are spoken if the audio fails, and a warning is logged."""
    voice.error = error
    await speak_or_play(hass, {"media_content_id": SPEECH}, title="Alarme")
    assert spoken(simulator) == ["Alarme. Fumaça"]
    assert "The text is spoken instead of the audio: audio_failed" in caplog.text


async def test_text_stands_in_for_a_voice_that_takes_too_long(
    hass: HomeAssistant, simulator: Simulator, voice: Voice
) -> None:
    """An alarm does not wait for a voice that never comes: the text is spoken."""
    voice.may_answer.clear()
    with patch.object(audio_module, "TIMEOUT", 0.1):
        await speak_or_play(hass, {"media_content_id": SPEECH})
    assert spoken(simulator) == ["Fumaça"]


async def test_text_stands_in_for_a_fault_of_ours(
    hass: HomeAssistant, simulator: Simulator, voice: Voice
) -> None:
    """The text is spoken if the audio fails with an unexpected exception."""
    with patch.object(audio_module, "_read_mp3", side_effect=RuntimeError("private")):
        await speak_or_play(hass, {"media_content_id": SPEECH})
        with pytest.raises(HomeAssistantError, match="detail: RuntimeError"):
            await play(hass, SPEECH)
    assert spoken(simulator) == ["Fumaça"]
