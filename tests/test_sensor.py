"""Sensor platform: the calls and the token's end, as people see them."""

from datetime import UTC, datetime, timedelta
from types import MappingProxyType
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

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from custom_components.directcall.const import CONF_NUMBER, DOMAIN, SUBENTRY_CONTACT
from tests.common import (
    CONTACTS,
    DESTINATION,
    end_call,
    make_account,
    pass_time,
    place_call,
    save_before_start,
    set_up,
    state_of,
    states_of,
)
from tests.simulator import Reply, Simulator

MARIAS_CALL = "sensor.maria_last_call"
JOAOS_CALL = "sensor.joao_last_call"
TOKEN_EXPIRES = "sensor.directcall_token_expires"


@pytest.fixture
def account(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
) -> MockConfigEntry:
    """Return an account with two contacts, whose sensor is enabled."""
    account = make_account(simulator, entry_id="01DIRECTCALL", contacts=CONTACTS)
    account.add_to_hass(hass)
    entity_registry.async_get_or_create(
        Platform.SENSOR,
        DOMAIN,
        f"{account.entry_id}_token_expires",
        config_entry=account,
        suggested_object_id="directcall_token_expires",
    )
    return account


@pytest.mark.freeze_time("2026-11-23 12:00:00")
async def test_entities(
    hass: HomeAssistant,
    account: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    """An account has sensors for its calls and for the expiry of its token."""
    with patch("custom_components.directcall.PLATFORMS", [Platform.SENSOR]):
        await hass.config_entries.async_setup(account.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    await snapshot_platform(hass, entity_registry, snapshot, account.entry_id)


@pytest.mark.parametrize(
    ("saved", "shown"), [("no_answer", "no_answer"), ("?", STATE_UNKNOWN), (None, STATE_UNKNOWN)]
)
async def test_last_call_is_restored(
    hass: HomeAssistant, account: MockConfigEntry, saved: str | None, shown: str
) -> None:
    """The last call to a contact is restored after a restart."""
    attributes = {"since": "2026-11-23T12:00:00-03:00", "duration": 5, "number": "…0000"}
    if saved:
        await save_before_start(hass, State(MARIAS_CALL, saved, attributes))
    await hass.config_entries.async_setup(account.entry_id)
    await hass.async_block_till_done()
    state = hass.states.get(MARIAS_CALL)
    assert state is not None
    assert state.state == shown
    restored = {name: state.attributes.get(name) for name in attributes}
    assert restored == (attributes if shown == saved else dict.fromkeys(attributes))


@pytest.mark.parametrize("saved", ["placed", "ringing", "answered"])
async def test_restored_call_is_no_longer_known(
    hass: HomeAssistant, account: MockConfigEntry, saved: str
) -> None:
    """A call whose end was missed is not shown for ever, as after a power cut."""
    await save_before_start(hass, State(MARIAS_CALL, saved, {"number": "…0000"}))
    await set_up(hass, account)
    state = hass.states.get(MARIAS_CALL)
    assert state is not None
    assert (state.state, state.attributes["number"]) == ("unknown", "…0000")


@pytest.mark.freeze_time(tick=True)
async def test_call_of_a_deleted_contact(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A new contact does not show the last call of one that had its name."""
    await set_up(hass, account)
    await place_call(hass, destination="Maria")
    await pass_time(hass, freezer, 3, times=8)
    await end_call(hass, destination="Maria")
    [maria] = [each for each in account.subentries.values() if each.title == "Maria"]
    hass.config_entries.async_remove_subentry(account, maria.subentry_id)
    await hass.async_block_till_done()
    number = {CONF_NUMBER: "+55 41 99999-3333"}
    contact = ConfigSubentry(
        data=MappingProxyType(number),
        subentry_type=SUBENTRY_CONTACT,
        title="Maria",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(account, contact)
    await hass.async_block_till_done()
    state = hass.states.get(MARIAS_CALL)
    assert state is not None
    assert (state.state, state.attributes.get("number")) == (STATE_UNKNOWN, None)


@pytest.mark.freeze_time(tick=True)
async def test_reload_in_a_call(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A call that is tracked is shown as it was after a reload, and then to its end."""
    await set_up(hass, account)
    await place_call(hass, destination="Maria")
    await pass_time(hass, freezer, 3, times=8)
    await hass.config_entries.async_reload(account.entry_id)
    assert state_of(hass, MARIAS_CALL) == "answered"
    await end_call(hass, destination="Maria")
    assert state_of(hass, MARIAS_CALL) == "ended"


@pytest.mark.freeze_time(tick=True)
async def test_number_changes_in_a_call(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A contact whose number is corrected shows its call to the end, and the next to the number."""
    await set_up(hass, account)
    await place_call(hass, destination="Maria")
    await pass_time(hass, freezer, 3, times=8)
    [maria] = [each for each in account.subentries.values() if each.title == "Maria"]
    corrected = "+55 41 99999-3333"
    hass.config_entries.async_update_subentry(account, maria, data={CONF_NUMBER: corrected})
    await hass.async_block_till_done()
    assert state_of(hass, MARIAS_CALL) == "answered"
    await end_call(hass, destination=DESTINATION)
    assert state_of(hass, MARIAS_CALL) == "ended"
    await place_call(hass, destination=DESTINATION)
    assert state_of(hass, MARIAS_CALL) == "ended"
    await place_call(hass, destination="Maria")
    assert state_of(hass, MARIAS_CALL) == "placed"


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize("destination", ["Maria", "(41) 99999-0000", "ip41999990000"])
async def test_last_call_of_a_contact(
    hass: HomeAssistant,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    destination: str,
) -> None:
    """A contact shows the states of its own calls, since when, and how long they lasted."""
    await set_up(hass, account)
    before = hass.states.get(JOAOS_CALL)
    history = async_capture_events(hass, EVENT_STATE_CHANGED)
    await place_call(hass, destination=destination)
    await pass_time(hass, freezer, 3, times=8)
    await end_call(hass, destination=destination)
    states = states_of(history, MARIAS_CALL)
    assert [state.state for state in states] == ["placed", "ringing", "answered", "ended"]
    assert [state.attributes["duration"] for state in states[:3]] == [None] * 3
    assert states[3].attributes["duration"] == pytest.approx(10, abs=6)
    assert {state.attributes["number"] for state in states} == {"…0000"}
    moments = [datetime.fromisoformat(state.attributes["since"]) for state in states]
    assert moments == sorted(moments)
    assert abs(moments[3] - states[3].last_changed) < timedelta(seconds=2)
    assert hass.states.get(JOAOS_CALL) is before


@pytest.mark.freeze_time(tick=True)
async def test_unknown_outcome_is_told_from_no_call(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Home Assistant calls both states unknown, but only a call has a time and an event."""
    await set_up(hass, account)
    simulator.reply("voz/call", Reply(drop=True))
    with pytest.raises(HomeAssistantError):
        await place_call(hass, destination="Maria")
    await pass_time(hass, freezer, 5, times=12)
    called, never_called = hass.states.get(MARIAS_CALL), hass.states.get(JOAOS_CALL)
    assert called is not None
    assert never_called is not None
    assert [called.state, never_called.state] == [STATE_UNKNOWN, STATE_UNKNOWN]
    assert "since" in called.attributes
    assert "since" not in never_called.attributes
    event = hass.states.get("event.directcall_call")
    assert event is not None
    assert event.attributes["event_type"] == "unknown"
    assert event.attributes["contact"] == "Maria"


@pytest.mark.freeze_time(tick=True)
async def test_end_follows_the_token(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The end is unknown without a token, and moves with each new one."""
    await simulator.stop()
    await hass.config_entries.async_setup(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, TOKEN_EXPIRES) == STATE_UNKNOWN

    await simulator.start()
    for wait in (17, 3600 * 0.9):
        freezer.tick(wait)
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)
        end = datetime.fromisoformat(state_of(hass, TOKEN_EXPIRES))
        assert abs(end - datetime.now(UTC) - timedelta(hours=1)) < timedelta(seconds=5)


async def test_disabled_by_default(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
) -> None:
    """Few people want to know: it is there for those who do."""
    await set_up(hass, make_account(simulator))
    entry = entity_registry.async_get(TOKEN_EXPIRES)
    assert entry is not None
    assert entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert hass.states.get(TOKEN_EXPIRES) is None
