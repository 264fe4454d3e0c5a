"""Authentication: one access token, and the requests that use it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
import logging
from typing import Any, Protocol

from .exceptions import (
    DirectcallAuthenticationError,
    DirectcallConnectionFailedError,
    DirectcallError,
    DirectcallTokenDoubtedError,
    DirectcallTokenRejectedError,
)
from .models import Token
from .request_scope import RequestScope

_LOGGER = logging.getLogger(__name__)


class CreateTask(Protocol):
    """Function that starts a task, but not eagerly."""

    def __call__[ResultT](
        self, coroutine: Coroutine[Any, Any, ResultT], /
    ) -> asyncio.Task[ResultT]:
        """Return the task."""


class AuthListener:
    """Listener to the life of a token. Its methods run in the event loop and must not block."""

    def token_received(self, token: Token) -> None:
        """Handle a new token."""

    def token_failed(self, err: DirectcallError) -> None:
        """Handle a token request that failed."""

    def token_dropped(self) -> None:
        """Handle a token that was dropped, because it may have been rejected."""

    def request_refused(self) -> None:
        """Handle a request that was refused although a token was held."""

    def request_accepted(self) -> None:
        """Handle a request whose token was accepted."""


class Authenticator:
    """Token of an account, requested once for all who wait for it."""

    def __init__(
        self, request_token: Callable[[], Awaitable[Token]], create_task: CreateTask
    ) -> None:
        """Start without a token."""
        self._create_task = create_task
        self.token: Token | None = None
        self.listener = AuthListener()
        self._request_token = request_token
        self._renewal: asyncio.Task[Token | DirectcallError] | None = None

    @property
    def has_valid_token(self) -> bool:
        """Return if the token can be used now."""
        return self.token is not None and self.token.seconds_left > 0

    async def execute[ResultT](
        self,
        request: Callable[[Token], Awaitable[ResultT]],
        scope: RequestScope | None = None,
    ) -> ResultT:
        """Make a request with a valid token, and again with a new one if that is rejected."""
        try:
            result = await self._attempt(request, scope)
        except DirectcallTokenRejectedError:
            try:
                result = await self._attempt(request, scope)
            except DirectcallTokenRejectedError:
                self.listener.request_refused()
                raise
        self.listener.request_accepted()
        return result

    async def _attempt[ResultT](
        self,
        request: Callable[[Token], Awaitable[ResultT]],
        scope: RequestScope | None,
    ) -> ResultT:
        token = self.token
        if token is None or token.seconds_left <= 0:
            token = await (scope.retry(partial(self.renew, scope)) if scope else self.renew())
        try:
            return await request(token)
        except DirectcallAuthenticationError:
            self.listener.request_refused()
            raise
        except DirectcallTokenDoubtedError, DirectcallTokenRejectedError:
            # Another request may have brought a new token meanwhile.
            if self.token is token:
                self.token = None
                self.listener.token_dropped()
            raise

    async def renew(self, scope: RequestScope | None = None) -> Token:
        """Return a new token, the same one to all who ask while it is requested."""
        if self._renewal is None:
            # A task of its own, because a script that is stopped must not cancel the token of
            # others. It starts after it is assigned, also where it fails at once.
            self._renewal = self._create_task(self._renew())
        renewal = self._renewal
        await asyncio.wait([renewal], timeout=None if scope is None else scope.seconds_left)
        if not renewal.done():
            error = "no token in time"
            raise DirectcallConnectionFailedError(error)
        result = renewal.result()
        if isinstance(result, DirectcallError):
            raise result
        return result

    async def _renew(self) -> Token | DirectcallError:
        # An error is returned, because no one may wait for it any more.
        failure: DirectcallError
        try:
            self.token = token = await self._request_token()
        except DirectcallError as err:
            failure = err
        except Exception as err:
            # A bug must not end all renewals.
            _LOGGER.exception("Unexpected error while requesting a token")
            failure = DirectcallConnectionFailedError(type(err).__name__)
        else:
            self.listener.token_received(token)
            return token
        finally:
            self._renewal = None
        self.listener.token_failed(failure)
        return failure
