"""Fixtures of the audio's tests: an account with a contact, a voice, and a media folder."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, mock_platform

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from tests.audio.common import FFMPEG, Voice
from tests.common import make_account, set_up
from tests.disk import hass_config_dir
from tests.simulator import Simulator

__all__ = ["hass_config_dir"]


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with a contact."""
    return await set_up(home, make_account(simulator, contacts={"Maria": "+55 41 99999-0000"}))


@pytest.fixture
async def voice(hass: HomeAssistant, account: MockConfigEntry) -> Voice:
    """Return a voice in a home with FFmpeg."""
    voice = Voice()

    async def get(*_: Any) -> Voice:
        return voice

    platform: Any = SimpleNamespace(__name__="voice.tts", async_get_engine=get)
    mock_platform(hass, "voice.tts", platform)
    assert await async_setup_component(hass, "ffmpeg", {"ffmpeg": {"ffmpeg_bin": FFMPEG}})
    assert await async_setup_component(hass, "tts", {"tts": {"platform": "voice", "cache": False}})
    assert await async_setup_component(hass, "media_source", {})
    await hass.async_block_till_done()
    return voice


@pytest.fixture
def media(hass: HomeAssistant, voice: Voice, tmp_path: Path) -> Path:
    """Return the folder of local media."""
    folder = tmp_path / "media"
    folder.mkdir()
    hass.config.media_dirs["local"] = str(folder)
    return folder
