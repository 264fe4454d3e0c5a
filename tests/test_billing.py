"""Requests of an account: sent once, independent of waiting callers, and missing credit."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from custom_components.directcall.api import (
    DirectcallNoCreditError,
    DirectcallOutcomeUnknownError,
    DirectcallRefusedError,
    RequestScope,
)
from custom_components.directcall.billing import RequestManager
from custom_components.directcall.const import DOMAIN
from custom_components.directcall.issues import BilledService
from custom_components.directcall.store import AccountStore
from tests.common import ENTRY_ID, make_account
from tests.simulator import Simulator

CANCELLED = "request_cancelled"


class Sender:
    """A request that the test lets go on."""

    def __init__(self, failure: Exception | None = None) -> None:
        """Start without having been asked."""
        self.failure = failure
        self.may_send = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.sent = 0
        self.is_sending = asyncio.Event()

    async def send(self, scope: RequestScope) -> str:
        """Wait for a token, so to speak, then send, and wait for the response."""
        await self.may_send.wait()
        with scope.attempt():
            self.sent += 1
            self.is_sending.set()
            await self.may_answer.wait()
        if self.failure:
            raise self.failure
        return "response"

    def go(self) -> None:
        """Send and answer without waiting."""
        self.may_send.set()
        self.may_answer.set()


@pytest.fixture
def entry(hass: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account that is not loaded."""
    entry = make_account(simulator, entry_id=ENTRY_ID)
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
def requests(hass: HomeAssistant, entry: MockConfigEntry) -> RequestManager:
    """Return the requests of the account."""
    return RequestManager(hass, ENTRY_ID, AccountStore(hass, ENTRY_ID))


type Start = Callable[[RequestManager, Callable[[RequestScope], Awaitable[str]]], Any]


def start_billed(requests: RequestManager, send: Callable[[RequestScope], Awaitable[str]]) -> Any:
    """Start a request that is billed."""
    return requests.async_start_billed(BilledService.CALLS, send, RequestScope(45))


def start_other(requests: RequestManager, send: Callable[[RequestScope], Awaitable[str]]) -> Any:
    """Start a request that is not billed."""
    return requests.async_start(send, RequestScope(45))


BOTH = pytest.mark.parametrize("start", [start_billed, start_other])


@BOTH
async def test_result(requests: RequestManager, start: Start) -> None:
    """A request runs in a task of its own, and callers that wait get its result."""
    sender = Sender()
    request = start(requests, sender.send)
    ended: list[bool] = []
    request.add_done_callback(lambda: ended.append(True))
    assert not request.has_ended
    sender.go()
    assert await request.async_wait() == "response"
    assert request.has_ended
    assert not request.was_prevented
    assert request.result() == "response"
    assert not request.cancel()
    assert (sender.sent, ended) == (1, [True])


@BOTH
async def test_result_at_once(requests: RequestManager, start: Start) -> None:
    """A request that ends while it is started has a result, and what follows is called."""
    sender = Sender()
    sender.go()
    request = start(requests, sender.send)
    ended: list[bool] = []
    request.add_done_callback(lambda: ended.append(True))
    assert ended == [True]
    assert await request.async_wait() == "response"
    await asyncio.wait_for(requests.async_wait_for_all(), 1)


@BOTH
async def test_error(requests: RequestManager, start: Start) -> None:
    """An error is raised for each who waits."""
    sender = Sender(DirectcallRefusedError("002", "Falha"))
    sender.go()
    request = start(requests, sender.send)
    for _ in range(2):
        with pytest.raises(DirectcallRefusedError, match="Falha"):
            await request.async_wait()


@BOTH
async def test_fault_of_ours(
    requests: RequestManager, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """An unexpected error is logged, and hides nothing that may have been sent."""
    sender = Sender(RuntimeError("boom"))
    sender.go()
    with pytest.raises(DirectcallOutcomeUnknownError, match=r"^RuntimeError$"):
        await start(requests, sender.send).async_wait()
    assert "Unexpected error during a request" in caplog.messages
    assert "RuntimeError: boom" in caplog.text


@BOTH
async def test_error_that_no_one_waits_for(
    hass: HomeAssistant, requests: RequestManager, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """A request that fails after its script was stopped leaves no error behind."""
    sender = Sender(DirectcallOutcomeUnknownError("lost"))
    script = asyncio.create_task(start(requests, sender.send).async_wait())
    sender.may_send.set()
    await sender.is_sending.wait()
    script.cancel()
    sender.may_answer.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert script.cancelled()
    assert "never retrieved" not in caplog.text


@BOTH
async def test_cancelled_before_anything_was_sent(requests: RequestManager, start: Start) -> None:
    """A script that is stopped while nothing was sent takes the request with it."""
    sender = Sender()
    request = start(requests, sender.send)
    script = asyncio.create_task(request.async_wait())
    await asyncio.sleep(0)
    script.cancel()
    await request.async_wait_for_end()
    assert request.was_prevented
    sender.go()
    with pytest.raises(HomeAssistantError) as caught:
        request.result()
    assert caught.value.translation_key == CANCELLED
    assert sender.sent == 0


@BOTH
async def test_cancelled_while_it_is_sent(requests: RequestManager, start: Start) -> None:
    """A request that was sent is completed, although its script is stopped."""
    sender = Sender()
    sender.may_send.set()
    request = start(requests, sender.send)
    await sender.is_sending.wait()
    assert not request.cancel()
    sender.may_answer.set()
    assert await request.async_wait() == "response"
    assert sender.sent == 1


@BOTH
async def test_no_further_attempt_after_a_cancellation(
    requests: RequestManager, start: Start
) -> None:
    """A request that is cancelled during an attempt begins no other one."""
    sender = Sender()
    sender.may_send.set()

    async def send_twice(scope: RequestScope) -> str:
        await sender.send(scope)
        return await sender.send(scope)

    request = start(requests, send_twice)
    await sender.is_sending.wait()
    request.cancel()
    sender.may_answer.set()
    await request.async_wait_for_end()
    assert sender.sent == 1
    assert request.was_prevented


@BOTH
async def test_cut_off_while_it_is_sent(requests: RequestManager, start: Start) -> None:
    """A request that Home Assistant cuts off when it stops may have arrived."""
    sender = Sender()
    sender.may_send.set()
    request = start(requests, sender.send)
    await sender.is_sending.wait()
    [task] = [task for task in asyncio.all_tasks() if task.get_name() == f"{DOMAIN} request"]
    task.cancel()
    await request.async_wait_for_end()
    assert not request.was_prevented
    with pytest.raises(DirectcallOutcomeUnknownError, match="interrupted"):
        request.result()


@BOTH
async def test_waiting_that_is_too_short(requests: RequestManager, start: Start) -> None:
    """A caller that stops waiting leaves the request unchanged."""
    sender = Sender()
    request = start(requests, sender.send)
    await request.async_wait_for_end(0.01)
    assert not request.has_ended
    sender.go()
    assert await request.async_wait() == "response"


def issues(hass: HomeAssistant) -> set[str]:
    """Return the translation keys of the issues that are shown."""
    return {
        issue.translation_key or ""
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.active
    }


@pytest.mark.parametrize("service", BilledService)
async def test_missing_credit(
    hass: HomeAssistant, requests: RequestManager, service: BilledService
) -> None:
    """Missing credit is shown until a request for the same service is accepted."""

    async def send(failure: Exception | None, service: BilledService) -> None:
        sender = Sender(failure)
        sender.go()
        request = requests.async_start_billed(service, sender.send, RequestScope(45))
        await request.async_wait_for_end()

    await send(DirectcallNoCreditError("201", "Saldo insuficiente!"), service)
    assert issues(hass) == {service.issue}
    await send(DirectcallRefusedError("002", "Falha"), service)
    for other in set(BilledService) - {service}:
        await send(None, other)
    assert issues(hass) == {service.issue}
    await send(None, service)
    assert issues(hass) == set()


async def test_missing_credit_for_what_is_not_billed(
    hass: HomeAssistant, requests: RequestManager
) -> None:
    """A request that is not billed shows and clears nothing."""
    sender = Sender(DirectcallNoCreditError("201", "Saldo insuficiente!"))
    sender.go()
    with pytest.raises(DirectcallNoCreditError):
        await start_other(requests, sender.send).async_wait()
    assert issues(hass) == set()


async def test_missing_credit_of_an_account_that_is_gone(
    hass: HomeAssistant, entry: MockConfigEntry, requests: RequestManager
) -> None:
    """An account that was removed while its request was sent has no issue."""
    sender = Sender(DirectcallNoCreditError("201", "Saldo insuficiente!"))
    sender.may_send.set()
    request = start_billed(requests, sender.send)
    await sender.is_sending.wait()
    await hass.config_entries.async_remove(entry.entry_id)
    sender.may_answer.set()
    with pytest.raises(DirectcallNoCreditError):
        await request.async_wait()
    assert issues(hass) == set()


@pytest.mark.parametrize("is_removed", [True, False])
async def test_account_that_goes_before_a_request_starts(
    hass: HomeAssistant, entry: MockConfigEntry, requests: RequestManager, *, is_removed: bool
) -> None:
    """Nothing is billed to an account that was removed or disabled meanwhile."""
    if is_removed:
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    sender = Sender()
    sender.go()
    with pytest.raises(HomeAssistantError) as caught:
        await start_billed(requests, sender.send).async_wait()
    assert caught.value.translation_key == CANCELLED
    assert sender.sent == 0


async def test_requests_of_an_account_that_is_removed(requests: RequestManager) -> None:
    """Billed requests are cancelled unless they were sent, and all others end by themselves."""
    waiting, sent, other = Sender(), Sender(), Sender()
    sent.may_send.set()
    all_requests = [
        start_billed(requests, waiting.send),
        start_billed(requests, sent.send),
        start_other(requests, other.send),
    ]
    await sent.is_sending.wait()
    requests.async_cancel_billed()
    end = asyncio.create_task(requests.async_wait_for_all())
    await asyncio.sleep(0)
    assert [request.has_ended for request in all_requests] == [True, False, False]
    assert all_requests[0].was_prevented
    sent.may_answer.set()
    await all_requests[1].async_wait()
    assert not end.done()
    other.go()
    await end
    assert (waiting.sent, sent.sent, other.sent) == (0, 1, 1)
    # Those that have ended are not waited for, and not cancelled.
    requests.async_cancel_billed()
    await requests.async_wait_for_all()
