"""The HTTP sessions of accounts: kept through a reload, closed in the end, and not shared."""

import asyncio

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from custom_components.directcall.account import async_get_account
from custom_components.directcall.api import NumberPair, PhoneNumber, Sessions
from tests.common import LIST, PLACE_CALL, make_account, perform, place_call, until
from tests.simulator import Simulator


def closed(sessions: Sessions) -> list[bool]:
    """Return which sessions are closed."""
    return [sessions.priority.closed, sessions.background.closed]


async def test_request_under_way_survives_a_reload(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A call that is being requested while the account reloads gets its answer."""
    answer = simulator.hold(PLACE_CALL)
    call = hass.async_create_task(place_call(hass))
    await until(lambda: len(simulator.calls) == 1)
    await hass.config_entries.async_reload(account.entry_id)
    answer.set()
    assert (await call)["code"] == "000"
    assert len(simulator.calls) == 1


async def test_connections_end_with_the_account(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """An account that is removed leaves no session open."""
    sessions = async_get_account(hass, account.entry_id).sessions
    await hass.config_entries.async_reload(account.entry_id)
    assert closed(sessions) == [False, False]
    await hass.config_entries.async_remove(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert closed(sessions) == [True, True]


async def test_connections_end_with_home_assistant(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Home Assistant that stops leaves no session open."""
    sessions = async_get_account(hass, account.entry_id).sessions
    await hass.async_stop(force=True)
    assert closed(sessions) == [True, True]


async def test_removed_account_that_never_loaded(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """An account that never loaded is removed without an error."""
    account = make_account(simulator)
    account.add_to_hass(hass)
    await hass.config_entries.async_remove(account.entry_id)
    assert account.state is ConfigEntryState.NOT_LOADED


async def test_lists_that_hang_hold_no_call_back(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A call and a message go out at once while 100 lists of recordings hang."""
    simulator.quirks.list_delay = 60
    lists = [
        hass.async_create_background_task(perform(hass, "list_recordings", {}), "list")
        for _ in range(100)
    ]
    await until(lambda: simulator.requests[LIST] == 2)
    async with asyncio.timeout(60):
        await place_call(hass)
        await perform(hass, "send_sms", {"destination": "+55 41 99999-0000", "message": "Smoke"})
    assert simulator.requests[LIST] == 2
    assert len(simulator.calls) == len(simulator.messages) == 1
    for each in lists:
        each.cancel()
    await asyncio.gather(*lists, return_exceptions=True)


async def test_lists_that_hang_leave_connections_to_polls(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A second call is refused during a conversation, although lists of recordings hang."""
    simulator.quirks.list_delay = 60
    await place_call(hass)
    lists = [
        hass.async_create_background_task(perform(hass, "list_recordings", {}), "list")
        for _ in range(20)
    ]
    await until(lambda: simulator.requests[LIST] == 2)
    polled = simulator.requests["voz/status"]
    client = account.runtime_data.client
    pair = NumberPair(PhoneNumber("554130600300"), PhoneNumber("5541999990000"))
    async with asyncio.timeout(60):
        await client.call_status(pair)
    assert simulator.requests["voz/status"] > polled
    for each in lists:
        each.cancel()
    await asyncio.gather(*lists, return_exceptions=True)
