"""The example that people paste."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from homeassistant.components import automation
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml

from .simulator import Reply, Simulator

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
SMOKE = "binary_sensor.kitchen_smoke"


@pytest.fixture(autouse=True)
async def _example(hass: HomeAssistant, account: MockConfigEntry) -> AsyncIterator[None]:
    """Paste the example, and end it when the test does."""
    [example] = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    config: Any = parse_yaml(example)
    hass.states.async_set(SMOKE, "off")
    assert await async_setup_component(hass, automation.DOMAIN, {automation.DOMAIN: config})
    yield
    await hass.services.async_call(
        automation.DOMAIN,
        "turn_off",
        {"entity_id": "automation.call_when_there_is_smoke"},
        blocking=True,
    )


@pytest.fixture
def notifications(hass: HomeAssistant) -> list[ServiceCall]:
    """Collect what the house shows on its screens."""
    return async_mock_service(hass, "persistent_notification", "create")


async def smoke(hass: HomeAssistant) -> None:
    """Let the smoke detector go off, and give the house and the provider a moment."""
    hass.states.async_set(SMOKE, "off")
    hass.states.async_set(SMOKE, "on")
    await asyncio.sleep(0.5)


async def test_example_calls_once(
    hass: HomeAssistant, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """A smoke detector that goes off twice in a row places one call."""
    await smoke(hass)
    await smoke(hass)
    assert [call.destination for call in simulator.calls] == ["5541999990000"]
    assert notifications == []


async def test_example_falls_back(
    hass: HomeAssistant, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """A call that fails is told otherwise, and is not placed again on the spot."""
    simulator.reply("voz/call", Reply(b"", 500))
    await smoke(hass)
    await smoke(hass)
    assert [n.data["title"] for n in notifications] == ["Smoke in the kitchen"]
    assert simulator.requests["voz/call"] == 1
