"""Fixtures that tests share: a simulated provider, a line to it, a home, and an account."""

import asyncio
from collections.abc import AsyncIterator, Iterator
import os
from unittest.mock import patch

from awesomeversion import AwesomeVersion
from hypothesis import HealthCheck, settings
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion
from syrupy.filters import props

from homeassistant.const import __version__
from homeassistant.core import HomeAssistant, ServiceCall

from tests.common import Events, listen, make_account, set_up
from tests.proxy import Proxy
from tests.simulator import Simulator

# A busy machine is slow.
settings.register_profile("directcall", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("directcall")
# For a search for faults: pytest --hypothesis-profile=thorough
settings.register_profile("thorough", max_examples=2000)


@pytest.fixture(scope="session", autouse=True)
def _short_stacks() -> Iterator[None]:
    """Save the time that the event loop's debug mode takes to note ten lines for each future."""
    with patch("asyncio.constants.DEBUG_STACK_DEPTH", 1):
        yield


@pytest.fixture(autouse=True)
async def enable_event_loop_debug() -> None:
    """Debug the event loop only if PYTHONASYNCIODEBUG is set, because it takes half of the time."""
    asyncio.get_running_loop().set_debug("PYTHONASYNCIODEBUG" in os.environ)


@pytest.fixture(autouse=True)
def _custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant find the integration, in tests that start it."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Let Home Assistant 2026.9 leave the timers of its coordinators behind when it stops."""
    return AwesomeVersion(__version__) < "2026.10.0"


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare as Home Assistant does, without what changes from run to run."""
    # A name that only Home Assistant 2026.11 keeps.
    without = props("compat_name")
    return snapshot.with_defaults(extension_class=HomeAssistantSnapshotExtension, exclude=without)


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncIterator[Simulator]:
    """Simulate the provider on loopback."""
    simulator = Simulator()
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
def no_pauses() -> Iterator[None]:
    """Make no pauses between the attempts of a request."""
    with patch("custom_components.directcall.api.request_scope._PAUSES", (0, 0)):
        yield


@pytest.fixture
async def home(hass: HomeAssistant) -> HomeAssistant:
    """Return a Home Assistant in Brazil."""
    await hass.config.async_update(country="BR", time_zone="America/Sao_Paulo")
    return hass


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account that is set up."""
    return await set_up(home, make_account(simulator))


@pytest.fixture
def events(hass: HomeAssistant, account: MockConfigEntry) -> Events:
    """Return what the entity Call fires."""
    return listen(hass)


@pytest.fixture
def notifications(hass: HomeAssistant) -> list[ServiceCall]:
    """Collect what the house shows on its screens."""
    return async_mock_service(hass, "persistent_notification", "create")


@pytest.fixture
async def line(simulator: Simulator) -> AsyncIterator[Proxy]:
    """Lay a line to the provider."""
    line = Proxy(simulator.port)
    await line.start()
    yield line
    await line.stop()
