"""Alerts while the clock on the wall is set an hour forward and back."""

from datetime import timedelta
from itertools import cycle
from typing import Final

import pytest

from homeassistant.core import HomeAssistant

from tests.alerts.common import ALERT, CALL, SMS, VOICE, who, words
from tests.alerts.house import House
from tests.common import perform
from tests.hard_days.alerts import hop, settle
from tests.hard_days.common import WallClock

pytestmark = pytest.mark.usefixtures("no_pauses")

MINUTE: Final = 60
HOUR: Final = timedelta(hours=1)
TURN: Final = 21
ROUND: Final = [
    (0, SMS, "Maria"),
    (0, VOICE, "Maria"),
    (TURN, CALL, "Maria"),
    (2 * TURN, SMS, "João"),
    (2 * TURN, VOICE, "João"),
    (3 * TURN, CALL, "João"),
]
# After the pause.
NEXT_ROUND: Final = 4 * TURN + MINUTE
RUN: Final = ROUND + [(NEXT_ROUND + due, channel, name) for due, channel, name in ROUND]
# Seconds that steps may be late in all, because time passes in hops here.
LATE: Final = 15

each_way = pytest.mark.parametrize("change", [HOUR, -HOUR], ids=["forward", "back"])


@each_way
async def test_clock_is_set_at_each_step(
    home: HomeAssistant, house: House, wall_clock: WallClock, change: timedelta
) -> None:
    """The order of the steps and the seconds between them are what they are without it."""
    how = {"channels": [SMS, VOICE, CALL], "time_each": {"seconds": TURN}, "rounds": 2}
    await house.start(home, how)
    await perform(home, "raise_alert", {"name": ALERT})
    await settle(house)
    changes = cycle([change, -change])
    # While a contact may acknowledge, while each telephone rings, and in the pause.
    for seconds in range(NEXT_ROUND + 4 * TURN + LATE):
        if seconds % TURN == TURN // 2:
            wall_clock.set_by(next(changes))
        await hop(house, 1)
    [watch] = house.watches
    assert who(watch) == [(channel, name) for _, channel, name in RUN]
    late = [moment - due for (moment, _, _), (due, _, _) in zip(watch.told, RUN, strict=True)]
    assert min(late) >= 0
    assert max(late) <= LATE
    assert all(call.line.ended for call in house.simulator.calls)
    told = [f"told {name}" for _, name in who(watch)]
    assert words(watch.events) == ["raised", *told, "unacknowledged"]


@each_way
async def test_clock_is_set_while_the_line_is_down(
    home: HomeAssistant, house: House, wall_clock: WallClock, change: timedelta
) -> None:
    """The alert keeps trying for as long as it is to, at the same pace."""
    await house.start(home, {"rounds": 1}, keep_trying={"minutes": 30})
    await house.line.stop()
    await perform(home, "raise_alert", {"name": ALERT})
    await settle(house)
    requests = house.account.runtime_data.client.statistics.requests
    for each in (change, -change, -change, change):
        wall_clock.set_by(each)
        tried = requests.total()
        for _ in range(60):
            await hop(house, 5)
        # One a minute later on, of three attempts.
        assert 4 * 3 <= requests.total() - tried <= 9 * 3
    assert house.status == "waiting_for_connection"
    await house.line.start()
    for _ in range(60):
        await hop(house, 5)
    [watch] = house.watches
    assert who(watch) == [(VOICE, "Maria"), (VOICE, "João")]
    assert words(watch.events) == ["raised", "told Maria", "told João", "unacknowledged"]
