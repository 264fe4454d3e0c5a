"""Calls in progress while the account is reloaded or Home Assistant restarts."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from tests.calls.common import IN_VAIN, file_of_calls, legs_reply, saved_calls, start_poll
from tests.common import (
    CALL_IN_PROGRESS,
    ENTRY_ID,
    NUMBER,
    PLACE_CALL,
    STATUS,
    Events,
    begin,
    end_call,
    last_event,
    listen,
    make_account,
    pass_time,
    place_call,
    restarted,
    set_up,
    state_of,
    until,
)
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


async def test_reload_in_the_middle(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A reload in the middle of a call and of a wait loses neither, and places nothing."""
    waiting = await begin(hass, place_call(hass, wait_for_outcome=True))
    await flow_on(3)
    await hass.config_entries.async_reload(account.entry_id)
    await flow_on(4)
    await hass.config_entries.async_unload(account.entry_id)
    asked = simulator.requests[STATUS]
    await flow_on(5)
    assert simulator.requests[STATUS] == asked
    await hass.config_entries.async_setup(account.entry_id)
    await flow_on(10)
    assert (await waiting)["outcome"] == "answered"
    assert events.types == ["placed", "ringing", "answered"]
    assert len(simulator.calls) == 1


async def test_reload_during_a_poll(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    """A state from a poll during an unload is published after the reload."""
    await place_call(hass)
    await flow_on(6)
    simulator.reply(STATUS, legs_reply(origin="atendida", destination="OCUPADO"))
    unload = hass.config_entries.async_unload_platforms

    status = simulator.hold(STATUS)

    async def unload_slowly(*arguments: Any) -> bool:
        status.set()
        await hass.async_block_till_done(wait_background_tasks=True)
        return await unload(*arguments)

    await start_poll(hass, freezer, simulator)
    with patch.object(hass.config_entries, "async_unload_platforms", unload_slowly):
        await hass.config_entries.async_reload(account.entry_id)
    assert events.types == [*IN_VAIN, "busy"]
    assert last_event(hass) == "busy"


async def test_unload_that_fails(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A call is still tracked if its account could not be unloaded."""
    await place_call(hass)
    with patch.object(hass.config_entries, "async_unload_platforms", return_value=False):
        assert not await hass.config_entries.async_unload(account.entry_id)
    await flow_on(15)
    assert events.types == [*IN_VAIN, "answered"]


async def test_reload_while_a_call_is_placed(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A call that is accepted while its account is reloaded is published and tracked."""
    answer = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: len(simulator.calls) == 1)
    await hass.config_entries.async_unload(account.entry_id)
    answer.set()
    response = await placing
    assert events.types == []
    await hass.config_entries.async_setup(account.entry_id)
    await flow_on(15)
    assert events.types == ["placed", "ringing", "answered"]
    assert events[0].attributes["call_id"] == response["call_id"]
    assert len(simulator.calls) == 1


async def test_call_of_before_a_restart_is_not_somebody_elses(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A call of before a restart does not look like the call that was placed a moment ago."""
    await set_up(hass, make_account(simulator, entry_id=ENTRY_ID))
    await place_call(hass)
    await pass_time(hass, freezer, 1)
    await hass.async_stop(force=True)
    async with restarted(hass) as again:
        events = listen(again)
        await set_up(again, make_account(simulator, entry_id=ENTRY_ID))
        context = Context()
        data = {"destination": f"{NUMBER}1111"}
        await again.services.async_call(
            "directcall", "place_call", data, blocking=True, context=context
        )
        await end_call(again)
        contexts = {event.attributes["last_digits"]: event.context.id for event in events}
        assert contexts.keys() == {"0000", "1111"}
        assert contexts["1111"] == context.id != contexts["0000"]
        await pass_time(again, freezer, 1)


@pytest.mark.parametrize("is_answered", [True, False])
async def test_restart_in_the_middle(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    *,
    is_answered: bool,
) -> None:
    """A call survives a restart, in its middle and while it is placed, and is placed once."""
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    answer = simulator.hold(PLACE_CALL)
    waiting = asyncio.create_task(place_call(hass, wait_for_outcome=True))
    await until(lambda: len(simulator.calls) == 1)
    if is_answered:
        answer.set()
        await hass.async_block_till_done(wait_background_tasks=True)
    # Home Assistant that stops waits for no thread that was not started.
    await until(file_of_calls(hass).exists)
    await hass.async_stop(force=True)
    waiting.cancel()
    answer.set()
    [saved] = saved_calls(hass)
    assert saved["destination"] == "5541999990000"

    freezer.tick(4)
    async with restarted(hass) as again:
        events = listen(again)
        await set_up(again, make_account(simulator, entry_id="01DIRECTCALL"))
        # One that was not answered for is known to be placed once a look has found it.
        assert state_of(again, CALL_IN_PROGRESS) == "on"
        with pytest.raises(ServiceValidationError, match="already"):
            await place_call(again)
        await pass_time(again, freezer, 1, times=15)
        assert events.types == [*([] if is_answered else ["placed"]), "ringing", "answered"]
        simulator.calls[0].line.ended = True
        await pass_time(again, freezer, 1, times=5)
        assert events.types[-1] == "ended"
    assert simulator.requests[PLACE_CALL] == 1
    assert saved_calls(again) == []


async def test_ringing_call_across_a_long_restart(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A call is polled once before it is given up, after a pause of any length."""
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await place_call(hass)
    await pass_time(hass, freezer, 1, times=5)
    await hass.async_stop(force=True)
    freezer.tick(181)
    async with restarted(hass) as again:
        events = listen(again)
        await set_up(again, make_account(simulator, entry_id="01DIRECTCALL"))
        await pass_time(again, freezer, 3)
        assert events.types == ["answered"]


async def test_answered_call_across_a_restart(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """An answered call stays answered after a restart."""
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await place_call(hass)
    await pass_time(hass, freezer, 1, times=15)
    simulator.calls[0].line.ended = True
    await hass.async_stop(force=True)
    freezer.tick(600)
    async with restarted(hass) as again:
        events = listen(again)
        await set_up(again, make_account(simulator, entry_id="01DIRECTCALL"))
        await pass_time(again, freezer, 3)
        assert events.types == ["ended"]
        assert events[0].attributes["duration"] == pytest.approx(600, abs=15)
