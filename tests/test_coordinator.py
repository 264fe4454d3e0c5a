"""Coordinator: the token's life, its renewal, and its rejection."""

import asyncio
from collections import deque
import logging
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from custom_components.directcall.api import DirectcallConnectionFailedError
from custom_components.directcall.api.transport import Transport
from custom_components.directcall.const import DOMAIN
from tests.common import (
    CONNECTION,
    DESTINATION,
    PLACE_CALL,
    REFUSED,
    REQUEST_TOKEN,
    TOKEN_LOST,
    asked,
    change_secret,
    make_account,
    pass_time,
    perform,
    place_call,
    reauth_flows,
    set_up,
    state_of,
    until,
)
from tests.simulator import Rejection, Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


async def test_token_is_renewed_with_every_entity_disabled(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    entity_registry: er.EntityRegistry,
) -> None:
    """The token is renewed at 90 % of its life, with all entities disabled."""
    account = make_account(simulator)
    account.add_to_hass(hass)
    for domain, key in (
        ("binary_sensor", "connection"),
        ("button", "hang_up"),
        ("event", "call"),
        ("binary_sensor", "call_in_progress"),
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
    assert asked(simulator) == {REQUEST_TOKEN: 9, PLACE_CALL: 1}


async def test_lifetime_of_the_answer_sets_the_pace(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """The lifetime in a token response decides the time of the renewal."""
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
    answer = simulator.hold(REQUEST_TOKEN)
    setting_up = asyncio.create_task(set_up(hass, make_account(simulator)))
    await until(lambda: simulator.requests[REQUEST_TOKEN] == 1)
    freezer.tick(3)
    answer.set()
    await setting_up
    await pass_time(hass, freezer, 12)
    assert simulator.requests[REQUEST_TOKEN] == 1
    await pass_time(hass, freezer, 4)
    assert simulator.requests[REQUEST_TOKEN] == 2


async def test_action_renews_with_polling_disabled(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Without polling no renewal is scheduled, and an action still gets a token."""
    await set_up(hass, make_account(simulator, pref_disable_polling=True))
    await pass_time(hass, freezer, 3 * 3600)
    assert simulator.requests[REQUEST_TOKEN] == 1
    assert state_of(hass, CONNECTION) == "off"

    await place_call(hass)
    assert asked(simulator) == {REQUEST_TOKEN: 2, PLACE_CALL: 1}
    assert state_of(hass, CONNECTION) == "on"


@pytest.mark.parametrize(("answer", "requests"), [(TOKEN_LOST, 3), (REFUSED, 2)])
async def test_tracking_with_polling_disabled(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    answer: Reply,
    requests: int,
) -> None:
    """A tracked call retries a lost token, and no refused secret."""
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
    options = {"spending_limit": 0}
    await set_up(hass, make_account(simulator, options=options, pref_disable_polling=True))
    freezer.tick(3601)
    simulator.quirks.token_delay = 0.1
    await asyncio.gather(
        *(place_call(hass, destination=f"+55 41 99999-1{n:03}") for n in range(100))
    )
    assert asked(simulator) == {REQUEST_TOKEN: 2, PLACE_CALL: 100}
    assert len({call.destination for call in simulator.calls}) == 100


async def test_cancelled_action_keeps_the_others_token(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A cancelled action leaves other actions' token request alone."""
    await set_up(hass, make_account(simulator, pref_disable_polling=True))
    freezer.tick(3601)
    token = simulator.hold(REQUEST_TOKEN)
    first = hass.async_create_task(place_call(hass))
    second = hass.async_create_task(place_call(hass, destination="+55 41 99999-1111"))
    await until(lambda: simulator.requests[REQUEST_TOKEN] == 2)
    first.cancel()
    token.set()
    await second
    assert [call.destination for call in simulator.calls] == ["5541999991111"]
    assert simulator.requests[REQUEST_TOKEN] == 2


async def test_failed_token_request_of_a_cancelled_action(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A token request that fails after its action was cancelled leaves no error."""
    await set_up(hass, make_account(simulator, pref_disable_polling=True))
    freezer.tick(3601)
    token = simulator.hold(REQUEST_TOKEN)
    change_secret(simulator)
    script = hass.async_create_task(place_call(hass))
    await until(lambda: simulator.requests[REQUEST_TOKEN] == 2)
    script.cancel()
    token.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.requests[REQUEST_TOKEN] == 2
    assert "never retrieved" not in caplog.text
    assert state_of(hass, CONNECTION) == "off"


async def test_call_survives_a_reload(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A call that waits for its token while the account is reloaded is placed once."""
    simulator.end_tokens()
    token = simulator.hold(REQUEST_TOKEN)
    call = hass.async_create_task(place_call(hass))
    await until(lambda: simulator.requests[REQUEST_TOKEN] == 2)
    reload = asyncio.create_task(hass.config_entries.async_reload(account.entry_id))
    token.set()
    await reload
    assert (await call)["code"] == "000"
    assert len(simulator.calls) == 1


async def test_removal_while_a_token_is_awaited(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A removed account places no call, and does not ask for new credentials."""
    simulator.end_tokens()
    token = simulator.hold(REQUEST_TOKEN)
    call = hass.async_create_task(place_call(hass))
    await until(lambda: simulator.requests[REQUEST_TOKEN] == 2)
    await hass.config_entries.async_remove(account.entry_id)
    token.set()
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
    token = simulator.hold(REQUEST_TOKEN)
    call = hass.async_create_task(place_call(hass))
    await until(lambda: simulator.requests[REQUEST_TOKEN] == 2)
    await hass.config_entries.async_set_disabled_by(account.entry_id, ConfigEntryDisabler.USER)
    token.set()
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
    assert asked(simulator) == {REQUEST_TOKEN: 2, PLACE_CALL: 2}
    assert len(simulator.calls) == 1
    assert reauth_flows(hass) == []


async def test_token_rejected_for_many_is_renewed_once(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A request that is rejected after another one renewed the token uses the new token."""
    simulator.end_tokens()
    simulator.quirks.token_delay = 0.1
    await asyncio.gather(
        *(place_call(hass, destination=f"+55 41 99999-1{n:03}") for n in range(20))
    )
    assert asked(simulator) == {REQUEST_TOKEN: 2, PLACE_CALL: 40}
    assert len(simulator.calls) == 20


async def test_late_rejection_of_an_old_token(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A late rejection of an old token is followed by a request with the current token."""
    simulator.end_tokens()
    simulator.quirks.rejection_delays = deque([0, 0.3])
    first = hass.async_create_task(place_call(hass))
    late = hass.async_create_task(place_call(hass, destination="+55 41 99999-1111"))
    await asyncio.gather(first, late)
    assert asked(simulator) == {REQUEST_TOKEN: 2, PLACE_CALL: 4}
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
async def test_error_says_what_is_unknown(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    action: str,
    data: dict[str, str],
    endpoint: str,
    message: str,
) -> None:
    """The error of a lost reply says what is unknown."""
    simulator.reply(endpoint, Reply(drop=True))
    with pytest.raises(HomeAssistantError, match=message):
        await perform(hass, action, data)
    assert simulator.requests[endpoint] == 1


@pytest.mark.usefixtures("no_pauses")
async def test_renewal_that_fails_at_once(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A request that fails immediately does not prevent later ones."""
    simulator.end_tokens()
    with (
        patch.object(
            Transport, "send_with_priority", side_effect=DirectcallConnectionFailedError("at once")
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
    """An unexpected error is logged, and the renewal is tried again as after other failures."""
    with patch.object(Transport, "send_with_priority", side_effect=RuntimeError("boom")):
        await pass_time(hass, freezer, 3600 * 0.9)
    assert "boom" in caplog.text
    ours = [r for r in caplog.records if r.name.startswith("custom_components.directcall")]
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
    assert asked(simulator) == {REQUEST_TOKEN: 4, PLACE_CALL: 4}
    assert simulator.calls == []

    # That the provider still gives tokens is no sign that it accepts them.
    await pass_time(hass, freezer, 3600)
    assert len(reauth_flows(hass)) == 1

    await place_call(hass)
    assert reauth_flows(hass) == []


async def test_ended_refusal_is_forgotten(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A token is enough after a call was accepted again."""
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
    assert asked(simulator) == {REQUEST_TOKEN: 1, PLACE_CALL: 2}
    # That the provider still gives tokens is no sign that it knows the account again. A call is.
    await pass_time(hass, freezer, 3600 * 0.9)
    assert len(reauth_flows(hass)) == 1
    await place_call(hass)
    assert reauth_flows(hass) == []
