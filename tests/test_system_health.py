"""System health: the integration's part of the system information."""

import asyncio

from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from custom_components.directcall.api import DEFAULT_URL
from custom_components.directcall.const import DOMAIN
from tests.common import make_account, set_up
from tests.simulator import Reply, Simulator


async def test_system_health(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """It tells whether the provider can be reached, and how the accounts are."""
    await set_up(hass, make_account(simulator, "unknown@example.com"))
    await async_setup_component(hass, "system_health", {})
    info = await get_system_health_info(hass, DOMAIN)
    assert await info.pop("can_reach_server") == "ok"
    assert info == {"accounts": 2, "connected_accounts": 1}


async def test_system_health_without_an_account(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker
) -> None:
    """Without an account, it is the provider's own address that counts."""
    aioclient_mock.get(DEFAULT_URL, exc=TimeoutError)
    await async_setup_component(hass, DOMAIN, {})
    await async_setup_component(hass, "system_health", {})
    info = await get_system_health_info(hass, DOMAIN)
    assert await asyncio.wait_for(info.pop("can_reach_server"), 5) == {
        "type": "failed",
        "error": "timeout",
    }
    assert info == {"accounts": 0, "connected_accounts": 0}


async def test_no_redirect_is_followed(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A redirect counts as reachable, and its target is not requested."""
    elsewhere = Simulator()
    await elsewhere.start()
    simulator.reply("", Reply(status=302, location=f"{elsewhere.url}/x"))
    await async_setup_component(hass, "system_health", {})
    info = await get_system_health_info(hass, DOMAIN)
    assert await info["can_reach_server"] == "ok"
    assert simulator.requests[""] == 1
    await elsewhere.stop()
    assert not elsewhere.requests


async def test_provider_that_cannot_be_reached(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A provider that cannot be reached is reported as unreachable."""
    await simulator.stop()
    await async_setup_component(hass, "system_health", {})
    info = await get_system_health_info(hass, DOMAIN)
    assert await info["can_reach_server"] == {"type": "failed", "error": "unreachable"}
