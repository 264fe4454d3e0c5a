"""Alerts while the provider is away for a day."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
import logging
from typing import Final

import pytest

from homeassistant.core import HomeAssistant

from tests.alerts.common import ALERT, VOICE, who, words
from tests.alerts.house import House
from tests.common import CONNECTION, perform, state_of
from tests.hard_days.alerts import has_no_name, hop, refuses, settle
from tests.hard_days.common import Names, logged

pytestmark = pytest.mark.usefixtures("no_pauses")

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
EVERYBODY: Final = [(VOICE, "Maria"), (VOICE, "João")]
TOLD: Final = ["told Maria", "told João"]
UNDELIVERED: Final = ["undelivered Maria", "undelivered João"]
# A try a minute and a new token every five minutes at most, of three attempts each.
MOST_REQUESTS: Final = (60 + 12) * 3

type Outage = Callable[[House, Names], AbstractAsyncContextManager[None]]


def said_in_log(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return what people read in the log."""
    return [
        (record.levelname, record.getMessage().partition(" (")[0])
        for record in logged(caplog)
        if record.levelno > logging.DEBUG and record.name.startswith("custom_components")
    ]


async def pass_hours(house: House, hours: float, step: float = 5 * MINUTE) -> int:
    """Let hours pass, and return how many requests were made."""
    requests = house.account.runtime_data.client.statistics.requests
    before = requests.total()
    for _ in range(int(hours * HOUR / step)):
        await hop(house, step)
    made: int = requests.total() - before
    return made


@pytest.mark.parametrize("outage", [refuses, has_no_name])
async def test_provider_that_is_back_after_a_day(
    home: HomeAssistant,
    house: House,
    names: Names,
    caplog: pytest.LogCaptureFixture,
    outage: Outage,
) -> None:
    """An alert that keeps trying tells everybody once, and the log does not fill meanwhile."""
    await house.start(home, {"rounds": 1}, keep_trying={"hours": 24})
    await hop(house, MINUTE)
    async with outage(house, names):
        await perform(home, "raise_alert", {"name": ALERT})
        await settle(house)
        await pass_hours(house, 11)
        # Nothing is missed that comes every minute.
        assert 60 <= await pass_hours(house, 1, MINUTE / 2) <= MOST_REQUESTS
        await pass_hours(house, 11)
        assert house.status == "waiting_for_connection"
        assert said_in_log(caplog) == [("WARNING", "Directcall gives no token")]
    await pass_hours(house, 0.1, 10)
    [watch] = house.watches
    assert who(watch) == EVERYBODY
    # The next try comes a minute after the last one, or once there is a token.
    assert 0 <= watch.told[0][0] - 23 * HOUR <= MINUTE + 10
    assert words(watch.events) == ["raised", *TOLD, "unacknowledged"]
    assert words(watch.statuses)[1:] == [
        "alerting",
        "waiting_for_connection",
        "alerting",
        "unacknowledged",
    ]
    await pass_hours(house, 2)
    assert who(watch) == EVERYBODY
    assert said_in_log(caplog)[1:] == [("INFO", "The connection to Directcall is back")]


@pytest.mark.parametrize("outage", [refuses, has_no_name])
async def test_provider_that_is_away_for_too_long(
    home: HomeAssistant,
    house: House,
    names: Names,
    caplog: pytest.LogCaptureFixture,
    outage: Outage,
) -> None:
    """After its hour, the alert tries each contact once a round, and sends nothing later."""
    await house.start(home, {"rounds": 2}, keep_trying={"hours": 1})
    await hop(house, MINUTE)
    async with outage(house, names):
        await perform(home, "raise_alert", {"name": ALERT})
        await settle(house)
        assert await pass_hours(house, 0.9, MINUTE / 2) <= MOST_REQUESTS
        [watch] = house.watches
        assert words(watch.events) == ["raised"]
        assert house.status == "waiting_for_connection"
        await pass_hours(house, 0.2, MINUTE / 2)
        assert words(watch.events) == ["raised", *UNDELIVERED * 2, "unacknowledged"]
        assert words(watch.statuses)[1:] == [
            "alerting",
            "waiting_for_connection",
            "pausing",
            "alerting",
            "unacknowledged",
        ]
        # Nothing but a new token is asked for.
        assert await pass_hours(house, 1, MINUTE / 2) <= 12
        await pass_hours(house, 20)
        assert said_in_log(caplog) == [("WARNING", "Directcall gives no token")]
    await pass_hours(house, 1)
    assert state_of(home, CONNECTION) == "on"
    assert who(watch) == []
    assert house.status == "unacknowledged"
    assert said_in_log(caplog)[1:] == [("INFO", "The connection to Directcall is back")]
