"""Requests that were taken back or could not be sent: nothing is sent later."""

import asyncio
from collections.abc import Iterator
import json
import time
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from tests.common import (
    END,
    PLACE_CALL,
    REQUEST_TOKEN,
    SEND,
    hurry,
    make_account,
    pass_time,
    perform,
    place_call,
    set_up,
    until,
    with_destination,
)
from tests.proxy import Proxy
from tests.simulator import Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)

ACTIONS = [
    ("place_call", PLACE_CALL, {}),
    ("send_sms", SEND, {"message": "Fumaça!"}),
    ("send_voice_message", SEND, {"message": "Fumaça!"}),
]
REFUSED = Reply(json.dumps({"status": "erro", "codigo": "002", "msg": "Falha"}).encode())


def ask(hass: HomeAssistant, action: str, data: dict[str, Any]) -> asyncio.Task[dict[str, Any]]:
    """Ask for something that rings or bills."""
    return asyncio.create_task(perform(hass, action, with_destination(data)))


async def remove(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Remove the account."""
    await hass.config_entries.async_remove(account.entry_id)


async def disable(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Disable the account."""
    await hass.config_entries.async_set_disabled_by(account.entry_id, ConfigEntryDisabler.USER)


@pytest.fixture
def pause() -> Iterator[asyncio.Event]:
    """Return an event for the first pause between the attempts of a request."""
    pause = asyncio.Event()
    sleep = asyncio.sleep

    async def sleep_and_tell(seconds: float) -> None:
        if seconds == 1:
            pause.set()
        # The request has to be cancelled in the middle of a real pause.
        await sleep(seconds)

    with patch("custom_components.directcall.api.request_scope.asyncio.sleep", sleep_and_tell):
        yield pause


@pytest.mark.parametrize(("action", "endpoint", "data"), ACTIONS)
async def test_script_is_stopped_before_the_line_is_back(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    pause: asyncio.Event,
    action: str,
    endpoint: str,
    data: dict[str, Any],
) -> None:
    """The request of a stopped script is not sent when a refused connection works again."""
    attempts = account.runtime_data.client.statistics.requests
    await simulator.stop()
    asking = ask(hass, action, data)
    await pause.wait()
    asking.cancel()
    await simulator.start()
    await pass_time(hass, freezer, 10, times=6)
    assert (attempts[endpoint], simulator.requests[endpoint]) == (1, 0)
    # Nothing is left over that would hold the next one back.
    await perform(hass, action, with_destination(data))
    assert simulator.requests[endpoint] == 1


@pytest.mark.parametrize("go", [remove, disable])
@pytest.mark.parametrize(("action", "endpoint", "data"), ACTIONS)
async def test_account_goes_while_the_token_is_renewed(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    go: Any,
    action: str,
    endpoint: str,
    data: dict[str, Any],
) -> None:
    """A call that waits for a token is not sent after its account was removed or disabled."""
    simulator.end_tokens()
    token = simulator.hold(REQUEST_TOKEN)
    asking = ask(hass, action, data)
    await until(lambda: simulator.requests[REQUEST_TOKEN] == 2)
    await go(hass, account)
    token.set()
    await pass_time(hass, freezer, 10, times=6)
    with pytest.raises(HomeAssistantError) as caught:
        await asking
    assert caught.value.translation_key == "request_cancelled"
    # The one with the token that was rejected.
    assert simulator.requests[endpoint] == 1
    assert (simulator.calls, simulator.messages) == ([], [])


@pytest.mark.parametrize("go", [remove, disable])
async def test_account_goes_while_a_call_waits_for_another(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    go: Any,
) -> None:
    """A call that waits for another's answer is not placed after its account is gone."""
    simulator.reply(PLACE_CALL, REFUSED)
    answer = simulator.hold(PLACE_CALL)
    first, second = ask(hass, "place_call", {}), ask(hass, "place_call", {})
    await until(lambda: simulator.requests[PLACE_CALL] == 1)
    await go(hass, account)
    answer.set()
    # What was under way is processed to its end.
    with pytest.raises(HomeAssistantError, match="refused"):
        await first
    with pytest.raises(HomeAssistantError) as caught:
        await second
    assert caught.value.translation_key == "request_cancelled"
    await pass_time(hass, freezer, 10, times=6)
    assert simulator.calls == []


async def test_calls_of_a_pair_share_a_connection_error(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Calls that wait for one that could not be sent fail with it."""
    await set_up(hass, make_account(simulator, data={"url": line.url}))
    took: list[float] = []
    start = time.monotonic()

    async def place() -> str | None:
        with pytest.raises(HomeAssistantError) as caught:
            await place_call(hass)
        took.append(time.monotonic() - start)
        return caught.value.translation_key

    async with line.deaf():
        start = time.monotonic()
        together = asyncio.gather(*(place() for _ in range(5)))
        assert await hurry(freezer, wait_for(together), 0.1) == ["cannot_connect"] * 5
    # Three attempts take 19 seconds. The other calls add none.
    assert took[-1] < 30
    # Another one tries for itself, and the line is back.
    await place_call(hass)
    assert len(simulator.calls) == 1


async def wait_for[ResultT](future: asyncio.Future[ResultT]) -> ResultT:
    """Return the result of a future."""
    return await future


async def test_calls_of_a_pair_share_a_refused_token(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A call that waits behind one whose token is refused does not request another token."""
    simulator.end_tokens()
    simulator.secrets.clear()
    simulator.quirks.token_delay = 0.2
    results = await asyncio.gather(*(place_call(hass) for _ in range(5)), return_exceptions=True)
    assert {str(result) for result in results} == {str(results[0])}
    assert isinstance(results[0], HomeAssistantError)
    assert results[0].translation_key == "authentication_failed"
    assert simulator.requests[REQUEST_TOKEN] == 2


async def test_calls_of_a_pair_do_not_queue_up_behind_refusals(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A refused call is tried again by one of those that wait. The others share its outcome."""
    simulator.reply(PLACE_CALL, *[REFUSED] * 5)
    simulator.quirks.call_delay = 0.2
    results = await asyncio.gather(*(place_call(hass) for _ in range(5)), return_exceptions=True)
    keys = [getattr(result, "translation_key", None) for result in results]
    assert keys == ["refused"] * 5
    assert simulator.requests[PLACE_CALL] == 2


async def test_account_goes_while_a_call_is_hung_up(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A hang-up that is under way gets its answer, though the account is removed."""
    await place_call(hass)
    await pass_time(hass, freezer, 3)
    answer = simulator.hold(END)
    hang_up = ask(hass, "end_call", {})
    await until(lambda: simulator.requests[END] == 1)
    await remove(hass, account)
    answer.set()
    assert (await hang_up)["code"] == "000"
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_attempt_that_home_assistant_cuts_off(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """An attempt that Home Assistant ends when it stops is of unknown outcome."""
    answer = simulator.hold(SEND)
    sending = ask(hass, "send_sms", {"message": "Fumaça!"})
    await until(lambda: simulator.requests[SEND] == 1)
    for task in asyncio.all_tasks():
        if task.get_name() == "directcall request":
            task.cancel()
    with pytest.raises(HomeAssistantError) as caught:
        await sending
    assert caught.value.translation_key == "outcome_unknown"
    answer.set()


async def test_call_behind_a_cancelled_one_is_placed(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A call that waits behind a cancelled one is placed."""
    simulator.end_tokens()
    token = simulator.hold(REQUEST_TOKEN)
    stopped, other = ask(hass, "place_call", {}), ask(hass, "place_call", {})
    await until(lambda: simulator.requests[REQUEST_TOKEN] == 2)
    stopped.cancel()
    token.set()
    assert (await other)["code"] == "000"
    assert stopped.cancelled()
    assert len(simulator.calls) == 1
