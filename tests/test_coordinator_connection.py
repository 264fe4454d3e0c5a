"""Coordinator without a connection: set-up, failed renewals, and invalid responses."""

import asyncio
import logging
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from custom_components.directcall.api import DirectcallClient, Token
from tests.common import (
    CONNECTION,
    PLACE_CALL,
    REFUSED,
    REQUEST_TOKEN,
    TOKEN_LOST,
    asked,
    make_account,
    pass_time,
    place_call,
    reauth_flows,
    set_up,
    state_of,
)
from tests.simulator import Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


async def test_set_up_without_connection(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Set-up without a connection succeeds, logs it once, and recovers automatically."""
    caplog.set_level(logging.INFO)
    await simulator.stop()
    account = await set_up(hass, make_account(simulator))
    assert account.state is ConfigEntryState.LOADED
    assert state_of(hass, CONNECTION) == "off"

    await pass_time(hass, freezer, 13)
    await simulator.start()
    assert simulator.requests[REQUEST_TOKEN] == 0
    await pass_time(hass, freezer, 4)
    assert simulator.requests[REQUEST_TOKEN] == 1
    assert state_of(hass, CONNECTION) == "on"
    messages = [r.getMessage() for r in caplog.records if "Directcall" in r.getMessage()]
    assert messages == [
        "Directcall gives no token (ConnectionFailedError: ClientConnectorError); trying again",
        "The connection to Directcall is back",
    ]


async def test_set_up_while_the_provider_refuses_tokens(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A refusal that does not concern the credentials is tried again automatically."""
    simulator.reply(REQUEST_TOKEN, Reply(b'{"status": "erro", "codigo": "005"}'))
    account = await set_up(hass, make_account(simulator))
    assert account.state is ConfigEntryState.LOADED
    assert reauth_flows(hass) == []
    await pass_time(hass, freezer, 17)
    assert state_of(hass, CONNECTION) == "on"


@pytest.mark.usefixtures("no_pauses")
async def test_first_action_after_the_connection_returned(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """An action gets its token at once after the connection returned."""
    await simulator.stop()
    await set_up(hass, make_account(simulator))
    with pytest.raises(HomeAssistantError, match="cannot be reached, and nothing was done"):
        await place_call(hass)
    await simulator.start()
    await place_call(hass)
    assert asked(simulator) == {REQUEST_TOKEN: 1, PLACE_CALL: 1}


@pytest.mark.usefixtures("no_pauses")
async def test_action_tries_again_to_get_its_token(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A call without a token survives a short outage, as one with a token does."""
    simulator.end_tokens()
    simulator.reply(REQUEST_TOKEN, TOKEN_LOST, TOKEN_LOST)
    await place_call(hass)
    assert asked(simulator) == {REQUEST_TOKEN: 4, PLACE_CALL: 2}
    assert len(simulator.calls) == 1


async def test_failed_renewals_slow_down(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A failed renewal is repeated after 15 s, doubling to 5 min, and logged once."""
    simulator.reply(REQUEST_TOKEN, *[TOKEN_LOST] * 8)
    await pass_time(hass, freezer, 3600 * 0.9)
    requests = 2
    for pause in (15, 30, 60, 120, 240, 300, 300):
        # The old token serves as long as it lives.
        await pass_time(hass, freezer, pause - 3)
        assert simulator.requests[REQUEST_TOKEN] == requests
        requests += 1
        await pass_time(hass, freezer, 5)
        assert simulator.requests[REQUEST_TOKEN] == requests
    assert caplog.text.count("gives no token") == 1
    assert all(record.levelno < logging.ERROR for record in caplog.records)

    await pass_time(hass, freezer, 302)
    assert state_of(hass, CONNECTION) == "on"
    # From here on, at the pace of the token's life again.
    await pass_time(hass, freezer, 3600 * 0.9 - 10)
    assert simulator.requests[REQUEST_TOKEN] == requests + 1
    simulator.reply(REQUEST_TOKEN, TOKEN_LOST)
    await pass_time(hass, freezer, 10)
    await pass_time(hass, freezer, 17)
    assert simulator.requests[REQUEST_TOKEN] == requests + 3


@pytest.mark.usefixtures("no_pauses")
async def test_old_token_serves_while_renewals_fail(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Calls go out on the old token until it dies, and so does the connection."""
    simulator.reply(REQUEST_TOKEN, *[TOKEN_LOST] * 100)
    await pass_time(hass, freezer, 3600 * 0.95)
    await place_call(hass)
    assert state_of(hass, CONNECTION) == "on"
    await pass_time(hass, freezer, 3600 * 0.05 + 1)
    assert state_of(hass, CONNECTION) == "off"
    with pytest.raises(HomeAssistantError, match="cannot be reached"):
        await place_call(hass)
    assert len(simulator.calls) == 1


@pytest.mark.usefixtures("no_pauses")
async def test_lost_token_is_tried_again_soon(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A token that is rejected and cannot be renewed at once is renewed long before its time."""
    simulator.end_tokens()
    simulator.reply(REQUEST_TOKEN, *[TOKEN_LOST] * 3)
    with pytest.raises(HomeAssistantError, match="cannot be reached"):
        await place_call(hass)
    assert state_of(hass, CONNECTION) == "off"
    await pass_time(hass, freezer, 17)
    assert state_of(hass, CONNECTION) == "on"


ODD_ANSWERS = {
    "false": Reply(b'{"access_token": false, "msg": "erro interno"}'),
    "code": Reply(b'{"status": "erro", "codigo": "006"}'),
    "description": Reply(b'{"error_description": "erro interno"}'),
}


@pytest.mark.parametrize("answer", ODD_ANSWERS.values(), ids=ODD_ANSWERS)
async def test_one_refusal_at_start_is_retried(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    answer: Reply,
) -> None:
    """One refusal at the start opens no form, and is retried."""
    simulator.reply(REQUEST_TOKEN, answer)
    account = await set_up(hass, make_account(simulator))
    assert account.state is ConfigEntryState.LOADED
    assert state_of(hass, CONNECTION) == "off"
    await pass_time(hass, freezer, 17)
    assert state_of(hass, CONNECTION) == "on"
    assert reauth_flows(hass) == []
    await place_call(hass)
    assert len(simulator.calls) == 1


async def test_action_heals_a_refusal_at_boot(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """An action does not wait for the next attempt after a refusal."""
    simulator.reply(REQUEST_TOKEN, REFUSED)
    await set_up(hass, make_account(simulator))
    await place_call(hass)
    assert len(simulator.calls) == 1


async def test_set_up_waits_for_nothing(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """Neither set-up nor a reload nor Home Assistant's start waits for a provider that hangs."""
    simulator.quirks.token_delay = 60
    account = make_account(simulator)
    account.add_to_hass(hass)
    async with asyncio.timeout(30):
        await hass.config_entries.async_setup(account.entry_id)
        assert account.state is ConfigEntryState.LOADED
        await hass.async_block_till_done()
        assert state_of(hass, CONNECTION) == "off"
        await hass.config_entries.async_reload(account.entry_id)
        await hass.async_block_till_done()
    assert account.state is ConfigEntryState.LOADED
    await simulator.stop()
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_nothing_is_asked_before_the_account_is_loaded(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """The first token is asked for once the account has loaded."""
    account = make_account(simulator)
    states: list[ConfigEntryState] = []
    sign_in = DirectcallClient.sign_in

    async def note(client: DirectcallClient) -> Token:
        states.append(account.state)
        return await sign_in(client)

    with patch.object(DirectcallClient, "sign_in", note):
        await set_up(hass, account)
    assert states == [ConfigEntryState.LOADED]
