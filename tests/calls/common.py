"""Helpers of the calls' tests."""

from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.plugins import long_repr_strings

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util.async_ import get_scheduled_timer_handles

from tests.common import STATUS, until
from tests.simulator import Reply, Simulator

UNAVAILABLE = Reply(b"", 503)
LOST = Reply(drop=True)
UNCLEAR = "may or may not have been carried out"


def file_of_calls(hass: HomeAssistant, entry_id: str = "01DIRECTCALL") -> Path:
    """Return where the live calls of an account are saved."""
    return Path(hass.config.path(STORAGE_DIR, f"directcall.{entry_id}"))


def write(file: Path, text: str) -> None:
    """Write a file."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


def saved_calls(hass: HomeAssistant, entry_id: str = "01DIRECTCALL") -> list[dict[str, Any]]:
    """Return the live calls of an account that are saved."""
    file = json.loads(file_of_calls(hass, entry_id).read_text())
    calls: list[dict[str, Any]] = file["data"]["calls"]
    return calls


async def start_poll(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Let the next poll begin, without waiting for its end."""
    polls = simulator.requests[STATUS]
    freezer.tick(4)
    async_fire_time_changed(hass)
    await until(lambda: simulator.requests[STATUS] == polls + 1)


def timers(hass: HomeAssistant) -> set[str]:
    """Return the integration's timers that run."""
    handles = get_scheduled_timer_handles(hass.loop)
    was_debugged = hass.loop.get_debug()
    # Only then do the texts name what the timers call.
    hass.loop.set_debug(True)
    with long_repr_strings():
        texts = {repr(handle) for handle in handles if not handle.cancelled()}
    hass.loop.set_debug(was_debugged)
    return {text for text in texts if "directcall" in text}


IN_VAIN = ["placed", "ringing"]


def legs_reply(**words: str | None) -> Reply:
    """Return an answer with the provider's words for the origin's and the destination's leg."""
    numbers = {"origin": "554130600300", "destination": "5541999990000", "other": "554133334444"}
    legs = [{"telefone": numbers[leg], "status": word} for leg, word in words.items()]
    return Reply(json.dumps({"status": "ok", "codigo": "000", "msg": legs}).encode())


OVER = Reply(json.dumps({"status": "erro", "codigo": "003", "msg": "Não está ativa"}).encode())
RINGS = legs_reply(origin="chamando")
GOES_ON = legs_reply(origin="atendida", destination="chamando")
ANSWERED = legs_reply(origin="atendida", destination="atendida")
SAVED = {
    "origin": "554130600300",
    "destination": "5541999990000",
    "recorded": False,
    "ring_destination_first": False,
    "call_id": "1",
    "provider_id": None,
    "state": "answered",
    "placed_at": datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp(),
    "answered_after": 3,
    "origin_answered": True,
    "was_live": True,
}


def status(word: str) -> Reply:
    """Return an answer with the provider's word for what the origin does."""
    legs = [{"telefone": "554130600300", "status": word}]
    return Reply(json.dumps({"status": "ok", "codigo": "000", "msg": legs}).encode())
