"""What the tests share: a simulated provider, and accounts at it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from awesomeversion import AwesomeVersion
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_test_home_assistant,
)
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET, CONF_URL, __version__
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.util import dt as dt_util

from custom_components.directcall.const import CONF_MEDIA_KEY, CONF_NUMBER, DOMAIN, SUBENTRY_CONTACT

from .simulator import ACCOUNT, Simulator

ORIGIN = "+55 41 3060-0300"
DESTINATION = "+55 41 99999-0000"
CALL = "event.directcall_call"
MEDIA_KEY = "0123456789abcdef" * 2
OPTIONS = {
    "origin": ORIGIN,
    "record": False,
    "show_caller_id": True,
    "ring_destination_first": False,
}


@pytest.fixture(scope="session", autouse=True)
def _short_stacks() -> Iterator[None]:
    """Save the time that the event loop's debug mode takes to note ten lines for each future."""
    with patch("asyncio.constants.DEBUG_STACK_DEPTH", 1):
        yield


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
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


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
    """Stand in Brazil."""
    await hass.config.async_update(country="BR", time_zone="America/Sao_Paulo")
    return hass


def make_account(
    simulator: Simulator,
    client_id: str = ACCOUNT.client_id,
    *,
    data: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    contacts: Mapping[str, str] | None = None,
    minor_version: int = 2,
    **more: Any,
) -> MockConfigEntry:
    """Return the config entry of an account, as the config flow makes it.

    `contacts` are their names and numbers.
    """
    return MockConfigEntry(
        domain=DOMAIN,
        title=client_id,
        unique_id=client_id.casefold(),
        minor_version=minor_version,
        data={
            CONF_CLIENT_ID: client_id,
            CONF_CLIENT_SECRET: ACCOUNT.client_secret,
            CONF_URL: simulator.url,
            CONF_MEDIA_KEY: MEDIA_KEY,
            **(data or {}),
        },
        options={**OPTIONS, **(options or {})},
        subentries_data=[
            ConfigSubentryDataWithId(
                subentry_id=f"01CONTACT{number}",
                subentry_type=SUBENTRY_CONTACT,
                title=name,
                data={CONF_NUMBER: telephone},
                unique_id=None,
            )
            for number, (name, telephone) in enumerate((contacts or {}).items())
        ],
        **more,
    )


def set_ups_of(account: MockConfigEntry) -> list[ConfigEntryState]:
    """Return a list that grows with each time that an account is set up from now on."""
    set_ups: list[ConfigEntryState] = []

    def note() -> None:
        if account.state is ConfigEntryState.LOADED:
            set_ups.append(account.state)

    account.async_on_state_change(note)
    return set_ups


async def set_up(hass: HomeAssistant, account: MockConfigEntry) -> MockConfigEntry:
    """Set an account up, and wait for its first token."""
    account.add_to_hass(hass)
    await hass.config_entries.async_setup(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return account


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account that is set up."""
    return await set_up(home, make_account(simulator))


async def perform(hass: HomeAssistant, action: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Perform an action, and return its response."""
    response = await hass.services.async_call(
        DOMAIN, action, dict(data), blocking=True, return_response=True
    )
    assert response is not None
    return response


async def place_call(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    """Place a call through the action, and return its response."""
    return await perform(hass, "place_call", to_somebody(data))


async def end_call(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    """Hang up through the action, and return its response."""
    return await perform(hass, "end_call", to_somebody(data))


def to_somebody(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an action's data with a destination where it names nobody."""
    return {**({} if "contact" in data else {"destination": DESTINATION}), **data}


def device_of(hass: HomeAssistant, account: MockConfigEntry, name: str) -> str:
    """Return the id of a contact's device."""
    [subentry] = [s for s in account.subentries.values() if s.title == name]
    identifier = (DOMAIN, f"{account.entry_id}_{subentry.subentry_id}")
    device = dr.async_get(hass).async_get_device_by_identifier(identifier, account.entry_id)
    assert device is not None
    return device.id


async def pass_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float, *, times: int = 1
) -> None:
    """Let time pass, and whatever it sets off; so many times in a row."""
    for _ in range(times):
        freezer.move_to(dt_util.utcnow() + timedelta(seconds=seconds))
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds that only the network brings about, for some seconds at most."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("It did not come about")


def state_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return the state of an entity that is there."""
    state = hass.states.get(entity_id)
    assert state is not None
    return state.state


class Events(list[State]):
    """The events of the entity Call, as they came."""

    @property
    def types(self) -> list[str]:
        """Return their types."""
        return [state.attributes["event_type"] for state in self]


def listen(hass: HomeAssistant) -> Events:
    """Collect what the entity Call fires from now on."""
    events = Events()

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        old = event.data["old_state"]
        if (
            event.data["entity_id"] == CALL
            and state
            and state.attributes.get("event_type")
            and (old is None or old.state not in {state.state, "unavailable"})
        ):
            events.append(state)

    hass.bus.async_listen("state_changed", note)
    return events


@asynccontextmanager
async def restarted(stopped: HomeAssistant) -> AsyncIterator[HomeAssistant]:
    """Start Home Assistant again, on what the one that was stopped saved."""
    async with async_test_home_assistant(config_dir=stopped.config.config_dir) as hass:
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        await hass.config.async_update(country="BR", time_zone="America/Sao_Paulo")
        yield hass
        await hass.async_stop(force=True)
