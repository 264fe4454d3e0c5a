"""A Home Assistant to measure in, with accounts at the simulated provider."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
import tempfile
from typing import Any
from unittest.mock import patch

from aiohttp import ThreadedResolver
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from homeassistant.core import HomeAssistant
from homeassistant.loader import DATA_CUSTOM_COMPONENTS

from tests.common import make_account
from tests.simulator import Simulator


class _Resolver(ThreadedResolver):
    """Looks names up in the system's way, which needs nothing of the network."""

    async def real_close(self) -> None:
        """Close it, as Home Assistant's own one is closed."""
        await self.close()


@asynccontextmanager
async def running_house() -> AsyncIterator[HomeAssistant]:
    """Start Home Assistant in this process, in a folder of its own, and stop it."""
    resolver = "homeassistant.helpers.aiohttp_client._async_make_resolver"
    with (
        tempfile.TemporaryDirectory() as folder,
        # Its own one would look for devices in the network that this machine is in.
        patch(resolver, lambda _: _Resolver()),
    ):
        async with async_test_home_assistant(config_dir=folder) as hass:
            # Else it would find no custom integration.
            hass.data.pop(DATA_CUSTOM_COMPONENTS)
            await hass.config.async_update(country="BR", time_zone="America/Sao_Paulo")
            yield hass
            await hass.async_stop(force=True)


def new_account(port: int, contacts: int = 0) -> MockConfigEntry:
    """Return an account, with so many contacts, at the provider on a port."""
    numbers = telephones()
    return make_account(
        # It serves elsewhere: only its address counts here.
        Simulator(port=port),
        contacts={f"Contact {number}": next(numbers) for number in range(contacts)},
    )


def telephones() -> Iterator[str]:
    """Yield numbers, each another one, that are called as any, with nothing odd about them."""
    for block in count(9000):
        for last in range(1000, 7000):
            yield f"+55419{block}{last}"


async def perform(hass: HomeAssistant, action: str, **data: Any) -> None:
    """Perform an action, without a response."""
    domain, _, name = action.partition(".")
    await hass.services.async_call(domain, name, data, blocking=True)
