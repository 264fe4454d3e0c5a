"""Coordinator with refused credentials: reauthentication, and credentials that are replaced."""

import asyncio
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from tests.common import (
    CONNECTION,
    PLACE_CALL,
    REFUSED,
    REQUEST_TOKEN,
    TOKEN_LOST,
    UNKNOWN_USER,
    asked,
    change_secret,
    make_account,
    pass_time,
    place_call,
    reauth_flows,
    set_up,
    set_ups_of,
    state_of,
    until,
)
from tests.simulator import ACCOUNT, Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


async def test_credentials_refused_at_set_up(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Refused credentials are asked for once they were refused again, and the account is loaded."""
    change_secret(simulator)
    account = await set_up(hass, make_account(simulator))
    # Two refusals at once are one.
    with pytest.raises(HomeAssistantError, match="refuses the account's credentials"):
        await place_call(hass)
    assert reauth_flows(hass) == []
    await pass_time(hass, freezer, 17)
    assert account.state is ConfigEntryState.LOADED
    [flow] = reauth_flows(hass)

    set_ups = set_ups_of(account)
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"client_secret": "another"}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert result["reason"] == "reauth_successful"
    assert len(set_ups) == 1
    await place_call(hass)
    assert len(simulator.calls) == 1


async def test_credentials_refused_later_and_then_accepted(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A refusal is tried again after 15 s, 1 min, 5 min and every 15 min, until it is accepted."""
    change_secret(simulator)
    await pass_time(hass, freezer, 3600 * 0.9)
    assert reauth_flows(hass) == []
    # The old token still lives, which does not make the secret any better.
    await place_call(hass)

    requests = 2
    for pause in (15, 60, 300, 900, 900):
        await pass_time(hass, freezer, pause - 3)
        assert simulator.requests[REQUEST_TOKEN] == requests
        requests += 1
        await pass_time(hass, freezer, 5)
        assert simulator.requests[REQUEST_TOKEN] == requests
        assert len(reauth_flows(hass)) == 1

    with pytest.raises(HomeAssistantError, match="refuses the account's credentials"):
        await place_call(hass)
    assert simulator.requests[REQUEST_TOKEN] == requests + 1

    change_secret(simulator, ACCOUNT.client_secret)
    await pass_time(hass, freezer, 902)
    assert reauth_flows(hass) == []
    assert state_of(hass, CONNECTION) == "on"


async def test_refusal_between_failures(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Each kind of failure has its own retry intervals, after any other failure."""
    simulator.reply(REQUEST_TOKEN, TOKEN_LOST, REFUSED, REFUSED, TOKEN_LOST, TOKEN_LOST)
    await pass_time(hass, freezer, 3600 * 0.9)
    requests = 2
    for pause in (15, 15, 60, 15, 30):
        await pass_time(hass, freezer, pause - 3)
        assert simulator.requests[REQUEST_TOKEN] == requests
        requests += 1
        await pass_time(hass, freezer, 5)
        assert simulator.requests[REQUEST_TOKEN] == requests
    assert state_of(hass, CONNECTION) == "on"

    # Once all is well, a lost token is tried again soon.
    simulator.reply(REQUEST_TOKEN, TOKEN_LOST)
    await pass_time(hass, freezer, 3600 * 0.9)
    assert simulator.requests[REQUEST_TOKEN] == requests + 1
    await pass_time(hass, freezer, 17)
    assert simulator.requests[REQUEST_TOKEN] == requests + 2


async def test_description_alone_renews_the_token_and_repeats_nothing(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """An answer that may be about the token is of unknown outcome; the next call has a new one."""
    simulator.reply(PLACE_CALL, Reply(b'{"error_description": "The access token has expired"}'))
    with pytest.raises(HomeAssistantError, match="It is not repeated"):
        await place_call(hass)
    assert asked(simulator) == {REQUEST_TOKEN: 1, PLACE_CALL: 1}
    await place_call(hass, destination="+55 41 99999-1111")
    assert asked(simulator) == {REQUEST_TOKEN: 2, PLACE_CALL: 2}


async def test_token_that_comes_too_late(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A renewal that hangs ends with the deadline of the call, and nothing was sent."""
    simulator.end_tokens()
    simulator.quirks.token_delay = 60
    with (
        patch("custom_components.directcall.calls.manager.DEADLINE", 0.5),
        patch("custom_components.directcall.api.request_scope._SHORTEST_ATTEMPT", 0.1),
        pytest.raises(HomeAssistantError, match="cannot be reached, and nothing was done"),
    ):
        async with asyncio.timeout(30):
            await place_call(hass)
    assert simulator.calls == []
    await simulator.stop()
    await hass.async_block_till_done(wait_background_tasks=True)


def replace_secret(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Save another secret, as a form does that has tried it."""
    data = {**account.data, "client_secret": "another"}
    hass.config_entries.async_update_entry(account, data=data)
    hass.config_entries.async_schedule_reload(account.entry_id)


async def test_answer_for_credentials_that_were_replaced(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A response for the old secret is not counted against the new one."""
    requests = simulator.requests[REQUEST_TOKEN]
    simulator.end_tokens()
    token = simulator.hold(REQUEST_TOKEN)
    change_secret(simulator)
    call = asyncio.create_task(place_call(hass))
    await until(lambda: simulator.requests[REQUEST_TOKEN] == requests + 1)
    simulator.held.clear()
    replace_secret(hass, account)
    await hass.async_block_till_done()
    token.set()
    with pytest.raises(HomeAssistantError, match="refuses the account's credentials"):
        await call
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, CONNECTION) == "on"
    assert reauth_flows(hass) == []


async def test_acceptance_of_credentials_that_were_replaced(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A request for new credentials stays when an older token request ends well."""
    simulator.end_tokens()
    answer = simulator.hold(REQUEST_TOKEN)
    call = asyncio.create_task(place_call(hass))
    await until(lambda: simulator.requests[REQUEST_TOKEN] == 2)
    simulator.held.clear()
    set_ups = set_ups_of(account)
    replace_secret(hass, account)
    await until(lambda: len(set_ups) == 1)
    account.async_start_reauth(hass)
    await until(lambda: len(reauth_flows(hass)) == 1)
    assert not call.done()
    answer.set()
    await call
    assert len(simulator.calls) == 1
    assert len(reauth_flows(hass)) == 1


async def test_action_ends_a_refusal(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Every action tries refused credentials again, and the first success ends the request."""
    simulator.reply(REQUEST_TOKEN, REFUSED, REFUSED)
    await pass_time(hass, freezer, 3600 * 0.9)
    await pass_time(hass, freezer, 17)
    assert len(reauth_flows(hass)) == 1
    freezer.tick(400)
    await place_call(hass)
    assert reauth_flows(hass) == []


async def test_refusal_found_by_an_action_is_tried_again_soon(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A refusal that an action meets is tried again after 15 s, not when the token was due."""
    simulator.end_tokens()
    change_secret(simulator)
    with pytest.raises(HomeAssistantError, match="refuses the account's credentials"):
        await place_call(hass)
    await hass.async_block_till_done()
    assert simulator.requests[REQUEST_TOKEN] == 2
    await pass_time(hass, freezer, 12)
    assert simulator.requests[REQUEST_TOKEN] == 2
    await pass_time(hass, freezer, 5)
    assert simulator.requests[REQUEST_TOKEN] == 3
    assert len(reauth_flows(hass)) == 1


async def test_same_secret_typed_again(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The same secret, accepted again, reloads the account exactly once."""
    account.async_start_reauth(hass)
    await hass.async_block_till_done()
    [flow] = reauth_flows(hass)
    before = simulator.requests[REQUEST_TOKEN]
    set_ups = set_ups_of(account)
    await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"client_secret": ACCOUNT.client_secret}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    # One to try the secret, and one of the account.
    assert simulator.requests[REQUEST_TOKEN] == before + 2
    assert len(set_ups) == 1
    assert account.state is ConfigEntryState.LOADED
    assert reauth_flows(hass) == []
    assert state_of(hass, CONNECTION) == "on"


async def test_reload_keeps_the_form_for_new_credentials(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The form comes back after a reload, because the credentials are still refused."""
    simulator.reply(PLACE_CALL, UNKNOWN_USER, UNKNOWN_USER)
    for _ in range(2):
        with pytest.raises(HomeAssistantError):
            await place_call(hass)
        await pass_time(hass, freezer, 16)
    assert len(reauth_flows(hass)) == 1
    change_secret(simulator)
    await hass.config_entries.async_reload(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, CONNECTION) == "off"
    await pass_time(hass, freezer, 20)
    assert len(reauth_flows(hass)) == 1


async def test_stop_during_a_token_request_is_silent(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A token request that ends because Home Assistant stops is no failure."""
    simulator.end_tokens()
    answer = simulator.hold(REQUEST_TOKEN)
    placing = hass.async_create_background_task(place_call(hass), "call")
    await until(lambda: simulator.requests[REQUEST_TOKEN] == 2)
    await hass.async_stop(force=True)
    answer.set()
    await asyncio.gather(placing, return_exceptions=True)
    assert "gives no token" not in caplog.text
