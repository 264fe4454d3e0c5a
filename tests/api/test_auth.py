"""Authenticator: one token for all requests, renewed once where it is rejected."""

import asyncio
from collections.abc import Awaitable, Callable
import time
from typing import override

import pytest

from custom_components.directcall.api import (
    AuthListener,
    DirectcallAuthenticationError,
    DirectcallConnectionFailedError,
    DirectcallError,
    DirectcallNotActiveError,
    DirectcallOutcomeUnknownError,
    DirectcallTokenDoubtedError,
    DirectcallTokenRejectedError,
    RequestScope,
    Token,
)
from custom_components.directcall.api.auth import Authenticator


def a_token(value: str = "t0ken", age: float = 0) -> Token:
    """Return a token that is valid for an hour from when it was requested."""
    return Token(value, 3600, time.monotonic() - age)


class Listener(AuthListener):
    """A listener that records its calls."""

    def __init__(self) -> None:
        """Start without calls."""
        self.heard: list[str] = []

    @override
    def token_received(self, token: Token) -> None:
        self.heard.append(f"received {token.value}")

    @override
    def token_failed(self, err: DirectcallError) -> None:
        self.heard.append(f"failed {err.name}")

    @override
    def token_dropped(self) -> None:
        self.heard.append("dropped")

    @override
    def request_refused(self) -> None:
        self.heard.append("refused")

    @override
    def request_accepted(self) -> None:
        self.heard.append("accepted")


class Provider:
    """A provider of tokens and responses."""

    def __init__(self) -> None:
        """Start with tokens that come at once, and accept each."""
        self.tokens = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.failures: list[Exception] = []
        self.results: list[Exception] = []
        self.asked_with: list[str] = []

    async def request_token(self) -> Token:
        """Return the next token, unless that fails."""
        self.tokens += 1
        value = f"t0ken{self.tokens}"
        await self.may_answer.wait()
        if self.failures:
            raise self.failures.pop(0)
        return a_token(value)

    async def ask(self, token: Token) -> str:
        """Return the result of a request, unless that fails."""
        self.asked_with.append(token.value)
        if self.results:
            raise self.results.pop(0)
        return f"result for {token.value}"


@pytest.fixture
def provider() -> Provider:
    """Return a provider."""
    return Provider()


@pytest.fixture
def listener() -> Listener:
    """Return a listener."""
    return Listener()


@pytest.fixture
def auth(provider: Provider, listener: Listener) -> Authenticator:
    """Return an authenticator without a token."""
    auth = Authenticator(provider.request_token, asyncio.create_task)
    auth.listener = listener
    return auth


async def test_first_request_gets_a_token(
    auth: Authenticator, provider: Provider, listener: Listener
) -> None:
    """A request without a token gets one first, and the next ones use it."""
    assert await auth.execute(provider.ask) == "result for t0ken1"
    assert await auth.execute(provider.ask, RequestScope(45)) == "result for t0ken1"
    assert auth.has_valid_token
    assert provider.tokens == 1
    assert listener.heard == ["received t0ken1", "accepted", "accepted"]


async def test_no_token_at_first(auth: Authenticator) -> None:
    """There is no valid token before one was requested."""
    assert not auth.has_valid_token


@pytest.mark.parametrize("scope", [None, 45])
async def test_expired_token_is_not_used(
    auth: Authenticator, provider: Provider, scope: float | None
) -> None:
    """A token whose life is over is replaced before anything is sent with it."""
    auth.token = a_token("old", age=3600)
    assert not auth.has_valid_token
    await auth.execute(provider.ask, None if scope is None else RequestScope(scope))
    assert provider.asked_with == ["t0ken1"]


async def test_all_who_wait_get_the_same_token(auth: Authenticator, provider: Provider) -> None:
    """However many requests wait, a token is requested once, and again only later."""
    provider.may_answer.clear()
    waiting = [asyncio.create_task(auth.execute(provider.ask)) for _ in range(20)]
    waiting.append(asyncio.create_task(auth.execute(provider.ask, RequestScope(45))))
    renewing = asyncio.create_task(auth.renew())
    await asyncio.sleep(0)
    provider.may_answer.set()
    assert set(await asyncio.gather(*waiting)) == {"result for t0ken1"}
    assert (await renewing).value == "t0ken1"
    assert provider.tokens == 1
    assert (await auth.renew()).value == "t0ken2"
    assert auth.token is not None
    assert auth.token.value == "t0ken2"


async def test_failure_is_that_of_all_who_wait(
    auth: Authenticator, provider: Provider, listener: Listener
) -> None:
    """A token that is refused is refused for all who wait for it, and is requested again."""
    provider.failures = [DirectcallAuthenticationError("no")]
    waiting = [auth.execute(provider.ask), auth.execute(provider.ask), auth.renew()]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [DirectcallAuthenticationError] * 3
    assert provider.tokens == 1
    assert listener.heard == ["failed AuthenticationError"]
    assert provider.asked_with == []
    assert await auth.execute(provider.ask) == "result for t0ken2"


async def test_cancelled_waiter_cancels_no_token(auth: Authenticator, provider: Provider) -> None:
    """A request that is cancelled while it waits leaves the token to the others."""
    provider.may_answer.clear()
    cancelled = asyncio.create_task(auth.execute(provider.ask))
    other = asyncio.create_task(auth.execute(provider.ask))
    await asyncio.sleep(0)
    cancelled.cancel()
    provider.may_answer.set()
    assert await other == "result for t0ken1"
    assert cancelled.cancelled()
    assert provider.tokens == 1


async def test_token_that_no_one_waits_for_any_more(
    auth: Authenticator, provider: Provider, listener: Listener
) -> None:
    """It is kept, and requested once."""
    provider.may_answer.clear()
    cancelled = asyncio.create_task(auth.execute(provider.ask))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    provider.may_answer.set()
    assert await auth.execute(provider.ask) == "result for t0ken1"
    assert listener.heard == ["received t0ken1", "accepted"]


async def test_rejected_token_is_renewed_once(
    auth: Authenticator, provider: Provider, listener: Listener
) -> None:
    """A request whose token is rejected is made again, with a new one."""
    auth.token = a_token("old")
    provider.results = [DirectcallTokenRejectedError("no")]
    assert await auth.execute(provider.ask) == "result for t0ken1"
    assert provider.asked_with == ["old", "t0ken1"]
    assert listener.heard == ["dropped", "received t0ken1", "accepted"]


async def test_token_rejected_twice_is_a_refusal(
    auth: Authenticator, provider: Provider, listener: Listener
) -> None:
    """A new token that is rejected, too, is dropped, and nothing is sent a third time."""
    auth.token = a_token("old")
    provider.results = [DirectcallTokenRejectedError("no"), DirectcallTokenRejectedError("no")]
    with pytest.raises(DirectcallTokenRejectedError):
        await auth.execute(provider.ask)
    assert provider.asked_with == ["old", "t0ken1"]
    assert listener.heard == ["dropped", "received t0ken1", "dropped", "refused"]
    assert auth.token is None


async def test_rejected_token_that_cannot_be_renewed(
    auth: Authenticator, provider: Provider, listener: Listener
) -> None:
    """The failure of the renewal is that of the request, which is not made again."""
    auth.token = a_token("old")
    provider.results = [DirectcallTokenRejectedError("no")]
    provider.failures = [DirectcallAuthenticationError("no")]
    with pytest.raises(DirectcallAuthenticationError):
        await auth.execute(provider.ask)
    assert provider.asked_with == ["old"]
    assert listener.heard == ["dropped", "failed AuthenticationError"]


async def test_doubted_token_is_dropped_and_nothing_repeated(
    auth: Authenticator, provider: Provider, listener: Listener
) -> None:
    """A request whose token may have been rejected may have been carried out."""
    auth.token = a_token("old")
    provider.results = [DirectcallTokenDoubtedError("perhaps")]
    with pytest.raises(DirectcallTokenDoubtedError):
        await auth.execute(provider.ask)
    assert provider.asked_with == ["old"]
    assert provider.tokens == 0
    assert listener.heard == ["dropped"]
    assert await auth.execute(provider.ask) == "result for t0ken1"


async def test_late_rejection_of_an_old_token(
    auth: Authenticator, provider: Provider, listener: Listener
) -> None:
    """A request whose old token was replaced meanwhile takes the new one."""
    auth.token = a_token("old")

    async def ask_late(token: Token) -> str:
        if token.value == "old":
            await auth.renew()
            raise DirectcallTokenRejectedError
        return await provider.ask(token)

    assert await auth.execute(ask_late) == "result for t0ken1"
    assert provider.tokens == 1
    assert listener.heard == ["received t0ken1", "accepted"]


async def test_refused_request_keeps_the_token(
    auth: Authenticator, provider: Provider, listener: Listener
) -> None:
    """Credentials that a request is refused for are not renewed by a new token."""
    auth.token = token = a_token()
    provider.results = [DirectcallAuthenticationError("no")]
    with pytest.raises(DirectcallAuthenticationError):
        await auth.execute(provider.ask)
    assert provider.asked_with == ["t0ken"]
    assert provider.tokens == 0
    assert auth.token is token
    assert listener.heard == ["refused"]


@pytest.mark.parametrize(
    "failure",
    [
        DirectcallOutcomeUnknownError("lost"),
        DirectcallConnectionFailedError("down"),
        DirectcallNotActiveError("003", "-"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_other_failures_say_nothing_of_the_token(
    auth: Authenticator, provider: Provider, listener: Listener, failure: DirectcallError
) -> None:
    """A request that fails otherwise is not repeated here, and keeps the token."""
    auth.token = token = a_token()
    provider.results = [failure]
    with pytest.raises(type(failure)):
        await auth.execute(provider.ask, RequestScope(45))
    assert provider.asked_with == ["t0ken"]
    assert auth.token is token
    assert listener.heard == []


async def test_deadline_ends_the_wait_for_a_token(auth: Authenticator, provider: Provider) -> None:
    """A request gives up when its time is over, and the token comes for the next one."""
    provider.may_answer.clear()
    with pytest.raises(DirectcallConnectionFailedError, match="no token in time"):
        await auth.execute(provider.ask, RequestScope(0.01))
    assert provider.asked_with == []
    provider.may_answer.set()
    assert await auth.execute(provider.ask) == "result for t0ken1"
    assert provider.tokens == 1


async def test_token_is_tried_again_in_a_scope(
    auth: Authenticator, provider: Provider, pauses: list[float]
) -> None:
    """A request with time left tries a token three times, and one without time once."""
    provider.failures = [DirectcallConnectionFailedError("down") for _ in range(2)]
    assert await auth.execute(provider.ask, RequestScope(45)) == "result for t0ken3"
    assert pauses == [1, 3]
    auth.token = None
    provider.failures = [DirectcallConnectionFailedError("down") for _ in range(4)]
    with pytest.raises(DirectcallConnectionFailedError, match="down"):
        await auth.execute(provider.ask, RequestScope(45))
    assert provider.tokens == 6
    with pytest.raises(DirectcallConnectionFailedError, match="down"):
        await auth.execute(provider.ask)
    assert provider.tokens == 7


async def fail_at_once() -> Token:
    """Fail before anything is awaited."""
    error = "boom"
    raise RuntimeError(error)


async def fail_later() -> Token:
    """Fail after something was awaited."""
    await asyncio.sleep(0)
    return await fail_at_once()


@pytest.mark.parametrize("fail", [fail_at_once, fail_later])
async def test_fault_of_ours_does_not_end_the_renewals(
    provider: Provider,
    listener: Listener,
    caplog: pytest.LogCaptureFixture,
    fail: Callable[[], Awaitable[Token]],
) -> None:
    """An unexpected error is logged, and the next request gets a token."""
    attempts = [fail, fail, provider.request_token]

    async def request_token() -> Token:
        return await attempts.pop(0)()

    auth = Authenticator(request_token, asyncio.create_task)
    auth.listener = listener
    for _ in range(2):
        with pytest.raises(DirectcallConnectionFailedError, match=r"^RuntimeError$"):
            await auth.renew()
    assert caplog.text.count("Unexpected error while requesting a token") == 2
    assert "RuntimeError: boom" in caplog.text
    assert listener.heard == ["failed ConnectionFailedError"] * 2
    assert (await auth.renew()).value == "t0ken1"


async def test_authenticator_needs_no_listener(provider: Provider) -> None:
    """A token is renewed without a listener, too."""
    auth = Authenticator(provider.request_token, asyncio.create_task)
    provider.failures = [DirectcallConnectionFailedError("down")]
    provider.results = [
        DirectcallTokenRejectedError("no"),
        DirectcallTokenRejectedError("no"),
        DirectcallAuthenticationError("no"),
    ]
    for error in (
        DirectcallConnectionFailedError,
        DirectcallTokenRejectedError,
        DirectcallAuthenticationError,
    ):
        with pytest.raises(error):
            await auth.execute(provider.ask)
    assert await auth.execute(provider.ask) == "result for t0ken4"
