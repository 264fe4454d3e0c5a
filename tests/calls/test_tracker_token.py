"""Polling of calls while the token or the credentials are refused."""

from collections.abc import Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from tests.calls.common import IN_VAIN, UNAVAILABLE
from tests.common import NUMBER, STATUS, Events, listen, make_account, pass_time, place_call, set_up
from tests.simulator import ACCOUNT, Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


async def test_polling_waits_while_credentials_are_refused(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    account: MockConfigEntry,
) -> None:
    """Polling requests no token while the credentials are refused."""
    await place_call(hass)
    await flow_on(8)
    simulator.end_tokens()
    simulator.secrets[ACCOUNT.client_id] = "another"
    await flow_on(20)
    asked = simulator.requests[STATUS]
    await flow_on(40)
    assert simulator.requests[STATUS] == asked
    # The first, that of the look which found the token rejected, and the coordinator's own after
    # 15 s and a minute.
    assert simulator.requests["request_token"] <= 4
    assert events.types == ["placed", "ringing"]

    simulator.secrets[ACCOUNT.client_id] = ACCOUNT.client_secret
    await place_call(hass, destination=f"{NUMBER}1111")
    await flow_on(10)
    assert events[-1].attributes["event_type"] == "answered"
    assert len(simulator.calls) == 2


async def test_polling_requests_no_token(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
) -> None:
    """Polling leaves the renewal of the token to the coordinator."""
    await place_call(hass)
    await flow_on(8)
    simulator.end_tokens()
    simulator.reply("request_token", *[UNAVAILABLE] * 20)
    await flow_on(60)
    # One for the look that found the token rejected, and those after 15 and 30 s more.
    assert simulator.requests["request_token"] <= 4
    assert events.types == IN_VAIN


async def test_polling_stops_after_two_rejected_tokens(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
) -> None:
    """Polling stops after two rejected tokens until an action succeeds."""
    rejected = Reply(b'{"status": "erro", "codigo": "006"}')
    await place_call(hass)
    simulator.reply(STATUS, rejected, rejected)
    await flow_on(20)
    assert (simulator.requests[STATUS], simulator.requests["request_token"]) == (2, 2)
    await place_call(hass, destination=f"{NUMBER}1111")
    await flow_on(10)
    assert events[-1].attributes["event_type"] == "answered"


async def test_polling_renews_an_expired_token(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    flow_on: Callable[[int], Any],
) -> None:
    """A long call is tracked to its end without the coordinator's polling."""
    await set_up(hass, make_account(simulator, pref_disable_polling=True))
    events = listen(hass)
    await place_call(hass)
    await flow_on(15)
    await pass_time(hass, freezer, 3600)
    simulator.calls[0].line.ended = True
    await flow_on(11)
    assert events.types[-1] == "ended"
    assert simulator.requests["request_token"] == 2
