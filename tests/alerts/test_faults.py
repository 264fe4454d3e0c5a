"""Faults of alerts: reloads, deletions and answers in the wrong moment."""

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from homeassistant.core import CoreState, HomeAssistant

from tests.alerts.common import CALL, NAMES, SMS, Watch, alarm, raise_alert, watch_for
from tests.common import END, until
from tests.simulator import Simulator

RINGS_IN_VAIN = "+55 41 99999-7002"


async def until_requested(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    endpoint: str,
    seconds: float,
) -> None:
    """Let seconds pass, and wait until a request comes in that is not answered."""
    before = simulator.requests[endpoint]
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await until(lambda: simulator.requests[endpoint] > before)


# Held answers need real time.
@pytest.mark.freeze_time(tick=True)
async def test_reload_during_a_hang_up(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """The next contact is told once if the account is reloaded while a call is hung up."""
    contacts = NAMES | {"Maria": RINGS_IN_VAIN}
    watch = Watch(home, simulator, contacts)
    how = {"channels": [SMS, CALL], "rounds": 1, "time_each": {"seconds": 20}}
    account = await alarm(home, simulator, how, contacts)
    await raise_alert(home)
    await watch_for(home, freezer, 20)
    answer = simulator.hold(END)
    await until_requested(home, simulator, freezer, END, 20)
    await home.config_entries.async_reload(account.entry_id)
    answer.set()
    await home.async_block_till_done(wait_background_tasks=True)
    assert [turn[1:] for turn in watch.told] == [(SMS, "Maria"), (CALL, "Maria"), (SMS, "João")]


@pytest.mark.parametrize("counts", [True, False])
async def test_answer_during_start(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, counts: bool
) -> None:
    """Who answers while Home Assistant still starts is not hung up on, and may acknowledge."""
    home.set_state(CoreState.starting)
    watch = Watch(home, simulator)
    how = {"channels": [CALL], "rounds": 1, "time_each": {"seconds": 20}}
    await alarm(home, simulator, how, acknowledgement={"answer_acknowledges": counts})
    await raise_alert(home)
    await watch_for(home, freezer, 30)
    assert [name for _, _, name in watch.told] == (["Maria"] if counts else ["Maria", "João"])
    assert not any(call.line.ended for call in simulator.calls)
