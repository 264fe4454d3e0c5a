"""The token's life, through Home Assistant and real HTTP."""

import asyncio
from collections import deque
import logging
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from custom_components.directcall import coordinator as coordinator_module
from custom_components.directcall.api import (
    ConnectionFailedError,
    DirectcallClient,
    RequestScope,
    Token,
)
from custom_components.directcall.const import DOMAIN
from tests.common import (
    DESTINATION,
    make_account,
    pass_time,
    perform,
    place_call,
    set_up,
    set_ups_of,
    state_of,
)
from tests.simulator import ACCOUNT, Rejection, Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)

CONNECTION = "binary_sensor.directcall_connection"
PLACE_CALL = "voz/call"
REQUEST_TOKEN = "request_token"
REFUSED = Reply(b'{"access_token": false, "msg": "no"}')
TOKEN_LOST = Reply(drop=True)


def reauth_flows(hass: HomeAssistant) -> list[Any]:
    """Return the open requests for new credentials."""
    return [
        flow
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"]["source"] == SOURCE_REAUTH
    ]


def change_secret(simulator: Simulator, secret: str = "another") -> None:
    """Let the provider accept another secret only."""
    simulator.secrets[ACCOUNT.client_id] = secret


async def test_token_is_renewed_with_every_entity_disabled(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    entity_registry: er.EntityRegistry,
) -> None:
    """The token is renewed at 90 % of its life, whoever looks."""
    account = make_account(simulator)
    account.add_to_hass(hass)
    for domain, key in (
        ("binary_sensor", "connection"),
        ("button", "hang_up"),
        ("event", "call"),
        ("sensor", "active_calls"),
        ("sensor", "last_call"),
        ("sensor", "token_expires"),
    ):
        entity_registry.async_get_or_create(
            domain,
            DOMAIN,
            f"{account.entry_id}_{key}",
            config_entry=account,
            disabled_by=er.RegistryEntryDisabler.USER,
        )
    await hass.config_entries.async_setup(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.async_all() == []
    assert simulator.requests[REQUEST_TOKEN] == 1

    await pass_time(hass, freezer, 3600 * 0.9 - 10)
    assert simulator.requests[REQUEST_TOKEN] == 1
    await pass_time(hass, freezer, 10)
    assert simulator.requests[REQUEST_TOKEN] == 2

    # And so it goes on, for hours.
    for expected in range(3, 10):
        await pass_time(hass, freezer, 3600 * 0.9)
        assert simulator.requests[REQUEST_TOKEN] == expected
    await place_call(hass)
    assert simulator.requests == {REQUEST_TOKEN: 9, PLACE_CALL: 1}


async def test_lifetime_of_the_answer_sets_the_pace(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A token that says how long it lives is renewed by that."""
    simulator.quirks.expires_in = True
    simulator.quirks.token_lifetime = 600
    await set_up(hass, make_account(simulator))
    await pass_time(hass, freezer, 530)
    assert simulator.requests[REQUEST_TOKEN] == 1
    await pass_time(hass, freezer, 10)
    assert simulator.requests[REQUEST_TOKEN] == 2


async def test_life_is_counted_from_before_the_request(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A token that was long on its way is renewed the earlier."""
    simulator.quirks.expires_in = True
    simulator.quirks.token_lifetime = 20
    simulator.quirks.token_delay = 3
    await set_up(hass, make_account(simulator))
    simulator.quirks.token_delay = 0
    await pass_time(hass, freezer, 12)
    assert simulator.requests[REQUEST_TOKEN] == 1
    await pass_time(hass, freezer, 4)
    assert simulator.requests[REQUEST_TOKEN] == 2


async def test_action_renews_with_polling_disabled(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Without polling nothing is renewed by itself, and an action gets a token all the same."""
    await set_up(hass, make_account(simulator, pref_disable_polling=True))
    await pass_time(hass, freezer, 3 * 3600)
    assert simulator.requests[REQUEST_TOKEN] == 1
    assert state_of(hass, CONNECTION) == "off"

    await place_call(hass)
    assert simulator.requests == {REQUEST_TOKEN: 2, PLACE_CALL: 1}
    assert state_of(hass, CONNECTION) == "on"


@pytest.mark.parametrize(("answer", "requests"), [(TOKEN_LOST, 3), (REFUSED, 2)])
async def test_following_with_polling_disabled(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    answer: Reply,
    requests: int,
) -> None:
    """Without polling a call that is followed tries a lost token again, and no refused secret."""
    await set_up(hass, make_account(simulator, pref_disable_polling=True))
    await place_call(hass)
    await pass_time(hass, freezer, 3, times=3)
    simulator.reply(REQUEST_TOKEN, answer)
    await pass_time(hass, freezer, 3601)
    assert simulator.requests[REQUEST_TOKEN] == 2
    await pass_time(hass, freezer, 11, times=3)
    assert simulator.requests[REQUEST_TOKEN] == requests


async def test_many_actions_share_one_token_request(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """100 simultaneous calls on an expired token: one token request, 100 calls."""
    await set_up(hass, make_account(simulator, pref_disable_polling=True))
    freezer.tick(3601)
    simulator.quirks.token_delay = 0.1
    await asyncio.gather(
        *(place_call(hass, destination=f"+55 41 99999-1{n:03}") for n in range(100))
    )
    assert simulator.requests == {REQUEST_TOKEN: 2, PLACE_CALL: 100}
    assert len({call.destination for call in simulator.calls}) == 100


async def test_stopped_script_takes_nobody_elses_token(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """An action that is cancelled while it waits for the token leaves the others alone."""
    await set_up(hass, make_account(simulator, pref_disable_polling=True))
    freezer.tick(3601)
    simulator.quirks.token_delay = 0.2
    first = hass.async_create_task(place_call(hass))
    second = hass.async_create_task(place_call(hass, destination="+55 41 99999-1111"))
    await asyncio.sleep(0.1)
    first.cancel()
    await second
    assert [call.destination for call in simulator.calls] == ["5541999991111"]
    assert simulator.requests[REQUEST_TOKEN] == 2


async def test_token_that_nobody_waits_for_any_more(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A token request that fails after its only script was stopped leaves no error behind."""
    await set_up(hass, make_account(simulator, pref_disable_polling=True))
    freezer.tick(3601)
    simulator.quirks.token_delay = 0.1
    change_secret(simulator)
    script = hass.async_create_task(place_call(hass))
    await asyncio.sleep(0.05)
    script.cancel()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.requests[REQUEST_TOKEN] == 2
    assert "never retrieved" not in caplog.text
    assert state_of(hass, CONNECTION) == "off"


async def test_call_survives_a_reload(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A call that waits for its token while the account is set up anew is placed, once."""
    simulator.end_tokens()
    simulator.quirks.token_delay = 0.2
    call = hass.async_create_task(place_call(hass))
    await asyncio.sleep(0.1)
    await hass.config_entries.async_reload(account.entry_id)
    assert (await call)["code"] == "000"
    assert len(simulator.calls) == 1


async def test_removal_while_a_token_is_awaited(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """An account that is gone places no call, and asks nobody for new credentials."""
    simulator.end_tokens()
    simulator.quirks.token_delay = 0.2
    call = hass.async_create_task(place_call(hass))
    await asyncio.sleep(0.1)
    await hass.config_entries.async_remove(account.entry_id)
    with pytest.raises(HomeAssistantError, match="Nothing was sent"):
        await call
    await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.calls == []
    assert reauth_flows(hass) == []


async def test_account_is_disabled_while_a_token_is_awaited(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """An account that is disabled places no call that was asked for before."""
    simulator.end_tokens()
    simulator.quirks.token_delay = 0.2
    call = hass.async_create_task(place_call(hass))
    await asyncio.sleep(0.1)
    await hass.config_entries.async_set_disabled_by(account.entry_id, ConfigEntryDisabler.USER)
    with pytest.raises(HomeAssistantError, match="Nothing was sent"):
        await call
    await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.calls == []


@pytest.mark.parametrize("rejection", Rejection)
async def test_token_rejected_once(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, rejection: Rejection
) -> None:
    """A rejected token is renewed once, and the call is placed once."""
    simulator.quirks.rejection = rejection
    simulator.end_tokens()
    await place_call(hass)
    assert simulator.requests == {REQUEST_TOKEN: 2, PLACE_CALL: 2}
    assert len(simulator.calls) == 1
    assert reauth_flows(hass) == []


async def test_token_rejected_for_many_is_renewed_once(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Whoever is rejected after somebody renewed the token takes the new one."""
    simulator.end_tokens()
    simulator.quirks.token_delay = 0.1
    await asyncio.gather(
        *(place_call(hass, destination=f"+55 41 99999-1{n:03}") for n in range(20))
    )
    assert simulator.requests == {REQUEST_TOKEN: 2, PLACE_CALL: 40}
    assert len(simulator.calls) == 20


async def test_late_rejection_of_an_old_token(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Who hears of a rejection after somebody else got a new token takes that one."""
    simulator.end_tokens()
    simulator.quirks.rejection_delays = deque([0, 0.3])
    first = hass.async_create_task(place_call(hass))
    late = hass.async_create_task(place_call(hass, destination="+55 41 99999-1111"))
    await asyncio.gather(first, late)
    assert simulator.requests == {REQUEST_TOKEN: 2, PLACE_CALL: 4}
    assert len(simulator.calls) == 2


@pytest.mark.parametrize(
    ("action", "data", "endpoint", "message"),
    [
        ("place_call", {"destination": DESTINATION}, PLACE_CALL, "It is not repeated"),
        ("end_call", {"destination": DESTINATION}, "voz/end", "the call may or may not have ended"),
        ("cancel_message", {"message_id": "1"}, "sms/remove", "may not have been cancelled"),
        ("get_message_status", {"message_id": "1"}, "sms/status", "cannot be reached"),
    ],
)
async def test_lost_answer_is_told_by_what_it_leaves_open(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    action: str,
    data: dict[str, str],
    endpoint: str,
    message: str,
) -> None:
    """Who gets no clear answer is told what that means for what they wanted."""
    simulator.reply(endpoint, Reply(drop=True))
    with pytest.raises(HomeAssistantError, match=message):
        await perform(hass, action, data)
    assert simulator.requests[endpoint] == 1


@pytest.mark.usefixtures("no_pauses")
async def test_renewal_that_fails_at_once(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A request that fails before anything can be awaited is no end of the requests."""
    simulator.end_tokens()
    with (
        patch.object(
            DirectcallClient, "request_token", side_effect=ConnectionFailedError("at once")
        ),
        pytest.raises(HomeAssistantError, match="cannot be reached"),
    ):
        await place_call(hass)
    await place_call(hass)
    assert len(simulator.calls) == 1


async def test_renewal_that_fails_for_a_fault_of_ours(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What nobody thought of is logged, and tried again as any other failure."""
    with patch.object(DirectcallClient, "request_token", side_effect=RuntimeError("boom")):
        await pass_time(hass, freezer, 3600 * 0.9)
    assert "boom" in caplog.text
    ours = [r for r in caplog.records if r.name == coordinator_module.__name__]
    assert [r.getMessage() for r in ours if r.levelno >= logging.WARNING] == [
        "Unexpected error while requesting a token",
        "Directcall gives no token (ConnectionFailedError: RuntimeError); trying again",
    ]
    await pass_time(hass, freezer, 17)
    assert simulator.requests[REQUEST_TOKEN] == 2


async def test_token_rejected_twice(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A new token that is rejected, too, is a refusal, until a call is accepted."""
    for flows in (0, 1):
        with pytest.raises(HomeAssistantError, match="refuses the account's credentials"):
            await place_call(hass, destination="+55 41 99999-0006")
        await hass.async_block_till_done()
        assert len(reauth_flows(hass)) == flows
        assert state_of(hass, CONNECTION) == "off"
        freezer.tick(17)
    assert simulator.requests == {REQUEST_TOKEN: 4, PLACE_CALL: 4}
    assert simulator.calls == []

    # That the provider still gives tokens is no sign that it accepts them.
    await pass_time(hass, freezer, 3600)
    assert len(reauth_flows(hass)) == 1

    await place_call(hass)
    assert reauth_flows(hass) == []


async def test_refusal_that_is_over_counts_no_more(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Once a call was accepted again, a token is sign enough that the credentials are."""
    with pytest.raises(HomeAssistantError, match="refuses the account's credentials"):
        await place_call(hass, destination="+55 41 99999-0006")
    await place_call(hass)

    simulator.reply(REQUEST_TOKEN, REFUSED, REFUSED)
    await pass_time(hass, freezer, 3600 * 0.9)
    assert reauth_flows(hass) == []
    await pass_time(hass, freezer, 17)
    assert len(reauth_flows(hass)) == 1
    await pass_time(hass, freezer, 62)
    assert reauth_flows(hass) == []


async def test_user_unknown_to_the_provider(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """An account that the provider does not know is a matter of credentials, not of the token."""
    for flows in (0, 1):
        with pytest.raises(HomeAssistantError, match="refuses the account's credentials"):
            await place_call(hass, destination="+55 41 99999-0200")
        assert len(reauth_flows(hass)) == flows
        freezer.tick(17)
    assert simulator.requests == {REQUEST_TOKEN: 1, PLACE_CALL: 2}
    # That the provider still gives tokens is no sign that it knows the account again. A call is.
    await pass_time(hass, freezer, 3600 * 0.9)
    assert len(reauth_flows(hass)) == 1
    await place_call(hass)
    assert reauth_flows(hass) == []


async def test_set_up_without_connection(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A house that boots faster than its router is ready, says so once, and recovers by itself."""
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
    """A provider that says no, but not to the credentials, is asked again by itself."""
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
    """The moment the line is there, an action gets its token without waiting for the next try."""
    await simulator.stop()
    await set_up(hass, make_account(simulator))
    with pytest.raises(HomeAssistantError, match="cannot be reached, and nothing was done"):
        await place_call(hass)
    await simulator.start()
    await place_call(hass)
    assert simulator.requests == {REQUEST_TOKEN: 1, PLACE_CALL: 1}


@pytest.mark.usefixtures("no_pauses")
async def test_action_tries_again_to_get_its_token(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A call for which there is no token survives a short outage as one with a token does."""
    simulator.end_tokens()
    simulator.reply(REQUEST_TOKEN, TOKEN_LOST, TOKEN_LOST)
    await place_call(hass)
    assert simulator.requests == {REQUEST_TOKEN: 4, PLACE_CALL: 2}
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
async def test_one_odd_answer_at_boot(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    answer: Reply,
) -> None:
    """One answer that looks like a refusal asks nobody for anything, and heals by itself."""
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


async def test_set_up_waits_for_nothing(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """Neither set-up nor a reload nor Home Assistant's start waits for a provider that hangs."""
    simulator.quirks.token_delay = 60
    account = make_account(simulator)
    account.add_to_hass(hass)
    async with asyncio.timeout(10):
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
    request_token = DirectcallClient.request_token

    async def note(client: DirectcallClient) -> Token:
        states.append(account.state)
        return await request_token(client)

    with patch.object(DirectcallClient, "request_token", note):
        await set_up(hass, account)
    assert states == [ConfigEntryState.LOADED]


async def test_credentials_refused_later_and_then_accepted(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A refusal is tried again after 15 s, 1 min, 5 min and every 15 min, and heals by itself."""
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
    """Each kind of failure is tried again at its own pace, whatever came before it."""
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
    assert simulator.requests == {REQUEST_TOKEN: 1, PLACE_CALL: 1}
    await place_call(hass, destination="+55 41 99999-1111")
    assert simulator.requests == {REQUEST_TOKEN: 2, PLACE_CALL: 2}


async def test_token_that_comes_too_late(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A renewal that hangs ends with the deadline of the call, and nothing was sent."""
    simulator.end_tokens()
    simulator.quirks.token_delay = 60
    with (
        patch("custom_components.directcall.billing.RequestScope", lambda _: RequestScope(0.5)),
        patch("custom_components.directcall.api.request_scope._SHORTEST_ATTEMPT", 0.1),
        pytest.raises(HomeAssistantError, match="cannot be reached, and nothing was done"),
    ):
        async with asyncio.timeout(10):
            await place_call(hass)
    assert simulator.calls == []
    await simulator.stop()
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_answer_for_credentials_that_were_replaced(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """What the provider says of the old secret is nothing against the new one."""
    simulator.end_tokens()
    simulator.quirks.token_delay = 0.3
    change_secret(simulator)
    call = hass.async_create_task(place_call(hass))
    await asyncio.sleep(0.1)
    simulator.quirks.token_delay = 0
    hass.config_entries.async_update_entry(
        account, data={**account.data, "client_secret": "another"}
    )
    with pytest.raises(HomeAssistantError, match="refuses the account's credentials"):
        await call
    await hass.async_block_till_done()
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
    simulator.quirks.token_delay = 0.3
    call = hass.async_create_task(place_call(hass))
    await asyncio.sleep(0.1)
    simulator.reply(REQUEST_TOKEN, REFUSED)
    await hass.config_entries.async_reload(account.entry_id)
    account.async_start_reauth(hass)
    await hass.async_block_till_done()
    assert len(reauth_flows(hass)) == 1
    await call
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
    """The same secret, accepted again, sets the account up anew exactly once."""
    account.async_start_reauth(hass)
    await hass.async_block_till_done()
    [flow] = reauth_flows(hass)
    before = simulator.requests[REQUEST_TOKEN]
    await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"client_secret": ACCOUNT.client_secret}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    # One to try the secret, one to set the account up.
    assert simulator.requests[REQUEST_TOKEN] == before + 2
    assert account.state is ConfigEntryState.LOADED
    assert reauth_flows(hass) == []
    assert state_of(hass, CONNECTION) == "on"
