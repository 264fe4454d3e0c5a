"""Account object: what outlives a reload, and what ends with the account."""

import asyncio

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from custom_components.directcall.account import async_get_account
from custom_components.directcall.const import DOMAIN
from tests.common import END, OTHER, PLACE_CALL, end_call, make_account, place_call, set_up, until
from tests.simulator import ACCOUNT, Simulator


async def test_one_object_for_an_account(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """An account has one object, which outlives reloads, and no other account shares it."""
    simulator.secrets[OTHER] = ACCOUNT.client_secret
    other = await set_up(hass, make_account(simulator, OTHER))
    before = account.runtime_data.account
    await hass.config_entries.async_reload(account.entry_id)
    assert account.runtime_data.account is before
    assert async_get_account(hass, account.entry_id) is before
    assert other.runtime_data.account is not before
    assert other.runtime_data.account.sessions is not before.sessions
    assert hass.data[DOMAIN].keys() == {account.entry_id, other.entry_id}
    await hass.config_entries.async_remove(account.entry_id)
    assert hass.data[DOMAIN].keys() == {other.entry_id}
    await place_call(hass)
    assert len(simulator.calls) == 1


async def test_saved_items_are_restored_once(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A reload does not bring back what is over by now."""
    await place_call(hass)
    assert len(account.runtime_data.account.calls.tracker.placed) == 1
    await hass.config_entries.async_reload(account.entry_id)
    assert len(account.runtime_data.account.calls.tracker.placed) == 1


async def test_sessions_stay_open_for_requests_under_way(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A call and a hang-up that were sent get their answers although the account is removed."""
    await place_call(hass, destination="+55 41 99999-1111")
    simulator.calls[0].line.started -= 3
    sessions = account.runtime_data.account.sessions
    answers = [simulator.hold(endpoint) for endpoint in (PLACE_CALL, END)]
    placing = asyncio.create_task(place_call(hass))
    ending = asyncio.create_task(end_call(hass, destination="+55 41 99999-1111"))
    await until(lambda: simulator.requests[PLACE_CALL] == 2 and simulator.requests[END] == 1)
    await hass.config_entries.async_remove(account.entry_id)
    assert not sessions.priority.closed
    answers[0].set()
    assert (await placing)["code"] == "000"
    assert not sessions.priority.closed
    answers[1].set()
    await ending
    await until(lambda: sessions.priority.closed and sessions.background.closed)


async def test_removal_of_an_account_that_was_never_loaded(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """Nothing is left of it either."""
    account = make_account(simulator)
    account.add_to_hass(hass)
    await hass.config_entries.async_remove(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.data[DOMAIN] == {}
