"""Audio of voices and files: converted for the telephone, within limits."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
import os
from pathlib import Path
import subprocess
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from custom_components.directcall import audio as audio_module
from custom_components.directcall.api import LARGEST_AUDIO
from tests.audio.common import (
    FFMPEG,
    FRAME,
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
from tests.common import NEVER_TWICE, SEND, perform, until
from tests.simulator import Simulator


def decode(audio: bytes) -> tuple[str, float]:
    """Return the codec of audio, and its length in seconds."""
    result = subprocess.run(
        [
            FFMPEG,
            "-hide_banner",
            "-i",
            "pipe:0",
            "-f",
            "s16le",
            "-ar",
            "8000",
            "-ac",
            "1",
            "pipe:1",
        ],
        input=audio,
        capture_output=True,
        check=True,
    )
    codec, _ = [
        line for line in result.stderr.decode().splitlines() if "Stream #0:0: Audio" in line
    ]
    return codec.split("Audio: ")[1].split()[0].rstrip(","), len(result.stdout) / 16000


async def test_voice_that_speaks_mp3(
    hass: HomeAssistant, simulator: Simulator, voice: Voice
) -> None:
    """MP3 speech is uploaded unchanged, in a multipart form."""
    response = await play(hass, SPEECH, metadata={"title": "Voice"})
    assert played(simulator) == MP3
    [message] = simulator.messages
    assert response["message_id"] == message.message_id
    assert {k: v for k, v in message.form.items() if k != "access_token"} == {
        "tipo": "voz",
        "origem": "554130600300",
        "destino": "5541999990000",
        "num_tentativas": "3",
        "format": "JSON",
    }


@pytest.mark.parametrize("options", ["{}", '{"preferred_format":"wav"}'])
async def test_voice_that_speaks_otherwise(
    hass: HomeAssistant, simulator: Simulator, voice: Voice, tmp_path: Path, options: str
) -> None:
    """Speech in any other format is converted to MP3."""
    voice.said = ("wav", tone(tmp_path / "said.wav").read_bytes())
    await play(hass, f"media-source://tts/voice?message=Fumaça&tts_options={options}")
    codec, seconds = decode(played(simulator))
    assert codec == "mp3"
    assert seconds == pytest.approx(1, abs=0.3)


def cut_tag(file: Path) -> Path:
    """Convert a tone into an MP3 without a tag before it."""
    return as_other(file, "-id3v2_version", "0", "-write_xing", "0")


def tagged(file: Path) -> Path:
    """Convert a tone into something else with an MP3's tag before it."""
    content = as_other(file).read_bytes()
    file.write_bytes(b"ID3\x04\x00\x00\x00\x00\x00\x05" + bytes(5) + content)
    return file


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("tone.wav", tone),
        ("tone.ogg", as_other),
        # Its index is at its end: it cannot be read as a stream.
        ("tone.m4a", as_other),
        ("tone.flac", as_other),
        # Others have the same tag.
        ("tagged.aac", tagged),
        ("a: b %20ç.wav", tone),
    ],
)
async def test_file_is_converted(
    hass: HomeAssistant,
    simulator: Simulator,
    media: Path,
    name: str,
    make: Callable[[Path], Path],
) -> None:
    """A local file in any format is converted to MP3."""
    make(media / name)
    await play(hass, f"media-source://media_source/local/{name}")
    codec, seconds = decode(played(simulator))
    assert codec == "mp3"
    assert seconds == pytest.approx(1, abs=0.3)


def tag_long(file: Path) -> Path:
    """Convert a tone into an MP3 with a tag of 300 bytes before it."""
    content = cut_tag(file).read_bytes()
    file.write_bytes(b"ID3\x04\x00\x00\x00\x00\x02\x2c" + bytes(300) + content)
    return file


@pytest.mark.parametrize("make", [as_other, cut_tag, tag_long])
async def test_mp3_is_left_alone(
    hass: HomeAssistant, simulator: Simulator, media: Path, make: Callable[[Path], Path]
) -> None:
    """An MP3 arrives byte for byte."""
    file = make(media / "tone.mp3")
    await play(hass, "media-source://media_source/local/tone.mp3")
    assert played(simulator) == file.read_bytes()


async def test_largest_audio(hass: HomeAssistant, simulator: Simulator, media: Path) -> None:
    """4 MB are just right, and what is more is an error that sends nothing."""
    file = media / "long.mp3"
    file.write_bytes(FRAME + bytes(LARGEST_AUDIO - 2))
    await play(hass, "media-source://media_source/local/long.mp3")
    assert len(played(simulator)) == 4_000_000
    file.write_bytes(FRAME + bytes(LARGEST_AUDIO - 1))
    with pytest.raises(ServiceValidationError, match="larger than 4 MB"):
        await play(hass, "media-source://media_source/local/long.mp3")
    assert simulator.requests[SEND] == 1


async def test_voice_over_the_limit(
    hass: HomeAssistant, simulator: Simulator, voice: Voice
) -> None:
    """Audio of a voice has the same limit as a file."""
    voice.said = ("mp3", FRAME + bytes(LARGEST_AUDIO - 1))
    with pytest.raises(ServiceValidationError, match="larger than 4 MB"):
        await play(hass, SPEECH)
    assert simulator.requests[SEND] == 0


async def test_file_that_is_too_big_once_converted(
    hass: HomeAssistant, simulator: Simulator, media: Path
) -> None:
    """Twelve minutes are too much, however well they are packed."""
    tone(media / "long.wav", seconds=720)
    with pytest.raises(ServiceValidationError, match="larger than 4 MB"):
        await play(hass, "media-source://media_source/local/long.wav")
    assert simulator.requests[SEND] == 0


async def test_voice_that_takes_too_long(
    hass: HomeAssistant, simulator: Simulator, voice: Voice
) -> None:
    """An alarm does not wait for a voice that never comes."""
    assert audio_module.TIMEOUT == 30
    voice.may_answer.clear()
    with (
        patch.object(audio_module, "TIMEOUT", 0.1),
        pytest.raises(HomeAssistantError, match="not ready after 30 seconds"),
    ):
        await play(hass, SPEECH)
    assert simulator.requests[SEND] == 0


@pytest.mark.freeze_time(tick=True)
async def test_conversion_that_takes_too_long(
    hass: HomeAssistant,
    simulator: Simulator,
    media: Path,
    tmp_path: Path,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A conversion that never ends is ended."""
    tone(media / "tone.wav")
    stuck = tmp_path / "ffmpeg"
    pid = tmp_path / "pid"
    stuck.write_text(f"#!/bin/sh\necho $$ > {pid}\nexec sleep 600\n")
    stuck.chmod(0o755)
    hass.data["ffmpeg"].__dict__["binary"] = str(stuck)
    playing = asyncio.create_task(play(hass, "media-source://media_source/local/tone.wav"))
    await until(lambda: pid.exists() and pid.read_text().endswith("\n"))
    freezer.tick(audio_module.TIMEOUT + 1)
    with pytest.raises(HomeAssistantError, match="not ready after 30 seconds"):
        await playing
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert simulator.requests[SEND] == 0


async def test_pipe_is_not_waited_for(
    hass: HomeAssistant, simulator: Simulator, media: Path
) -> None:
    """A pipe is not read, because no data may ever arrive."""
    os.mkfifo(media / "pipe.mp3")
    async with asyncio.timeout(60):
        with pytest.raises(HomeAssistantError, match="detail: OSError"):
            await play(hass, "media-source://media_source/local/pipe.mp3")
    assert simulator.requests[SEND] == 0


async def test_conversion_that_breaks_off(
    hass: HomeAssistant, simulator: Simulator, media: Path, tmp_path: Path
) -> None:
    """A conversion that is incomplete is an error."""
    tone(media / "tone.wav")
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\nprintf half\nexit 137\n")
    broken.chmod(0o755)
    hass.data["ffmpeg"].__dict__["binary"] = str(broken)
    with pytest.raises(HomeAssistantError, match="detail: FFmpeg"):
        await play(hass, "media-source://media_source/local/tone.wav")
    assert simulator.requests[SEND] == 0


async def test_reload_in_the_middle(
    hass: HomeAssistant, simulator: Simulator, voice: Voice, account: MockConfigEntry
) -> None:
    """A reload while the audio is made loses nothing."""
    voice.may_answer.clear()
    playing = asyncio.create_task(play(hass, SPEECH))
    await voice.is_asked.wait()
    assert await hass.config_entries.async_reload(account.entry_id)
    voice.may_answer.set()
    await playing
    assert len(simulator.messages) == 1


async def test_contact_that_goes_in_the_middle(
    hass: HomeAssistant, simulator: Simulator, voice: Voice, account: MockConfigEntry
) -> None:
    """A contact that is removed while the audio is prepared is not called."""
    voice.may_answer.clear()
    playing = asyncio.create_task(play(hass, SPEECH))
    await voice.is_asked.wait()
    hass.config_entries.async_remove_subentry(account, next(iter(account.subentries)))
    voice.may_answer.set()
    with pytest.raises(ServiceValidationError, match="no contact called"):
        await playing
    assert simulator.requests[SEND] == 0


@pytest.mark.parametrize(
    "media",
    [
        "https://example.com/tone.mp3",
        {},
        {"media_content_id": None},
        {"media_content_id": ["x"]},
        [SPEECH],
        42,
        True,
    ],
)
async def test_invalid_media_is_an_error(
    hass: HomeAssistant, simulator: Simulator, voice: Voice, media: Any
) -> None:
    """Invalid media is an error, unless there is a text to speak."""
    with pytest.raises(ServiceValidationError, match="in Home Assistant itself"):
        await perform(hass, "send_voice_message", {"destination": "Maria", "media": media})
    assert simulator.requests[SEND] == 0
    await speak_or_play(hass, media)
    assert spoken(simulator) == ["Fumaça"]


async def test_media_as_a_text(hass: HomeAssistant, simulator: Simulator, voice: Voice) -> None:
    """The ID of the media alone is enough."""
    await perform(hass, "send_voice_message", {"destination": "Maria", "media": SPEECH})
    assert played(simulator) == MP3


def count_started(started: Path) -> int:
    """Return the number of processes that started."""
    return started.read_text().count("x") if started.exists() else 0


async def test_four_conversions_at_once(
    hass: HomeAssistant, simulator: Simulator, media: Path, tmp_path: Path
) -> None:
    """A fifth conversion waits, but neither an MP3 nor an alarm with a text does."""
    tone(media / "tone.wav")
    other = as_other(media / "other.mp3")
    started, may_end = tmp_path / "started", tmp_path / "may_end"
    slow = tmp_path / "ffmpeg"
    slow.write_text(
        f"#!/bin/sh\necho x >> {started}\nwhile [ ! -e {may_end} ]; do sleep 0.05; done\n"
        f"cat {other}\n"
    )
    slow.chmod(0o755)
    hass.data["ffmpeg"].__dict__["binary"] = str(slow)
    source = "media-source://media_source/local/tone.wav"
    waiting = [asyncio.create_task(play(hass, source)) for _ in range(6)]
    await until(lambda: count_started(started) == 4)
    await speak_or_play(hass, {"media_content_id": source})
    assert spoken(simulator) == ["Fumaça"]
    await play(hass, "media-source://media_source/local/other.mp3")
    assert count_started(started) == 4
    may_end.touch()
    await asyncio.gather(*waiting)
    assert count_started(started) == 6
    assert len(simulator.messages) == 8


async def test_never_twice(hass: HomeAssistant, simulator: Simulator, voice: Voice) -> None:
    """Audio that was sent is not repeated automatically."""
    for sent, (case, (reply, key)) in enumerate(NEVER_TWICE.items(), 1):
        simulator.reply(SEND, reply)
        with pytest.raises(HomeAssistantError) as caught:
            await play(hass, SPEECH)
        assert caught.value.translation_key == f"contact_{key}", case
        assert simulator.requests[SEND] == sent, case


@pytest.mark.freeze_time(tick=True)
async def test_time_to_send_that_passes_while_the_audio_is_made(
    hass: HomeAssistant, simulator: Simulator, voice: Voice, freezer: FrozenDateTimeFactory
) -> None:
    """A message whose time to send has passed when its audio is ready is not sent."""
    voice.may_answer.clear()
    send_at = (dt_util.now() + timedelta(seconds=20)).isoformat()
    data = {"destination": "Maria", "media": SPEECH, "send_at": send_at}
    playing = asyncio.create_task(perform(hass, "send_voice_message", data))
    await voice.is_asked.wait()
    freezer.tick(21)
    voice.may_answer.set()
    with pytest.raises(ServiceValidationError, match="is in the past"):
        await playing
    assert simulator.requests[SEND] == 0
