"""State machine of a call: statuses that are older than the call's last request."""

import time

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from custom_components.directcall.api import CallLeg, CallStatus, LegState, NumberPair, PhoneNumber
from custom_components.directcall.calls.call import Call, CallState
from tests.calls.common import LOST, UNCLEAR, status
from tests.common import PLACE_CALL, STATUS, Events, pass_time, place_call
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


def new_call() -> Call:
    """Return a call that was placed just now."""
    pair = NumberPair(PhoneNumber("554130600300"), PhoneNumber("5541999990000"))
    call = Call(pair, recorded=False, ring_destination_first=False, call_id="1")
    call.start()
    call.reach(CallState.PLACED)
    return call


RINGING = CallLeg("chamando", LegState.RINGING)
LIVE = CallStatus((RINGING,), RINGING, None)
BUSY_LEG = CallLeg("ocupado", LegState.BUSY)
BUSY = CallStatus((BUSY_LEG,), None, BUSY_LEG)


@pytest.mark.parametrize("late", [None, BUSY])
@pytest.mark.parametrize(("asked_before", "ends"), [(1, False), (-1, True)])
def test_status_counts_as_of_when_it_was_asked(
    late: CallStatus | None, asked_before: float, ends: bool
) -> None:
    """Only what was asked after a call was seen live can end it, in whatever order answers come."""
    call = new_call()
    seen_live = time.monotonic() + 5
    assert list(call.observe(LIVE, seen_live)) == [CallState.RINGING]
    list(call.observe(late, seen_live - asked_before))
    assert call.is_over is ends


def test_status_that_was_asked_before_the_call_can_be_up() -> None:
    """A call is not over because an early status, which knew nothing of it, came late."""
    call = new_call()
    asked_at = time.monotonic()
    assert list(call.observe(None, asked_at + 19)) == []
    assert list(call.observe(None, asked_at + 21)) == [CallState.UNKNOWN]


async def test_unclear_call_is_adopted_only_if_it_is_live(
    hass: HomeAssistant, simulator: Simulator, events: Events, freezer: FrozenDateTimeFactory
) -> None:
    """A word that a telephone was busy may be about another call, so that it proves nothing."""
    simulator.reply(PLACE_CALL, LOST)
    with pytest.raises(HomeAssistantError, match=UNCLEAR):
        await place_call(hass)
    simulator.reply(STATUS, status("ocupado"), status("chamando"))
    await pass_time(hass, freezer, 2.5)
    assert (simulator.requests[STATUS], events.types) == (1, [])
    await pass_time(hass, freezer, 3.5)
    assert events.types == ["placed", "ringing"]
