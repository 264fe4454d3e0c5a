"""Binary sensor platform: the connection, as people see it."""

from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
    snapshot_platform,
)
from syrupy.assertion import SnapshotAssertion

from homeassistant.const import EVENT_STATE_CHANGED, Platform
from homeassistant.core import Context, Event, EventStateReportedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_report_event

from tests.common import (
    CALL_IN_PROGRESS,
    CONNECTION,
    CONTACTS,
    end_call,
    make_account,
    pass_time,
    place_call,
    set_up,
    state_of,
    states_of,
)
from tests.simulator import Simulator


async def test_entities(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    """An account shows its connection, and whether there is a call."""
    with patch("custom_components.directcall.PLATFORMS", [Platform.BINARY_SENSOR]):
        account = await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await snapshot_platform(hass, entity_registry, snapshot, account.entry_id)


@pytest.mark.freeze_time(tick=True)
async def test_call_in_progress(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """It is on while a call is, names the contacts that are called, and is written for a change."""
    await set_up(hass, make_account(simulator, contacts=CONTACTS))
    assert state_of(hass, CALL_IN_PROGRESS) == "off"
    history = async_capture_events(hass, EVENT_STATE_CHANGED)
    context = Context()
    await hass.services.async_call(
        "directcall", "place_call", {"destination": "Maria"}, blocking=True, context=context
    )
    await place_call(hass, destination="João")
    await pass_time(hass, freezer, 3, times=8)
    await end_call(hass, destination="Maria")
    await end_call(hass, destination="João")
    states = states_of(history, CALL_IN_PROGRESS)
    assert [(state.state, state.attributes["contacts"]) for state in states] == [
        ("on", ["Maria"]),
        ("on", ["Maria", "João"]),
        ("on", ["João"]),
        ("off", []),
    ]
    assert states[0].context.id == context.id


@pytest.mark.freeze_time(tick=True)
async def test_connection_follows_the_token(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """The connection is on while a token lives, and never unavailable."""
    await simulator.stop()
    account = await set_up(hass, make_account(simulator, pref_disable_polling=True))
    assert state_of(hass, CONNECTION) == "off"

    await simulator.start()
    await hass.config_entries.async_reload(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, CONNECTION) == "on"

    freezer.tick(3590)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert state_of(hass, CONNECTION) == "on"
    freezer.tick(11)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert state_of(hass, CONNECTION) == "off"

    # And the same with the next token.
    await place_call(hass)
    assert state_of(hass, CONNECTION) == "on"
    freezer.tick(3601)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert state_of(hass, CONNECTION) == "off"


async def test_renewal_is_written_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: MockConfigEntry,
    simulator: Simulator,
) -> None:
    """A new token writes the state of the connection once."""
    reports: list[Event[EventStateReportedData]] = []

    @callback
    def on_report(event: Event[EventStateReportedData]) -> None:
        reports.append(event)

    async_track_state_report_event(hass, CONNECTION, on_report)
    await pass_time(hass, freezer, 3300)
    assert simulator.requests["request_token"] == 2
    assert len(reports) == 1
