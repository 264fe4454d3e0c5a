"""The provider's endpoints: forms out, answers in."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
import logging
import time
from typing import Final, cast, override
from urllib.parse import urlencode

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from yarl import URL

from .answers import Answer
from .errors import (
    ConnectionFailedError,
    DirectcallError,
    InvalidUrlError,
    OutcomeUnknownError,
    RefusedError,
)
from .models import CallRequest, PlacedCall, Token

DEFAULT_URL: Final = "https://api.directcallsoft.com"

_LOGGER = logging.getLogger(__name__)

TIMEOUT: Final = aiohttp.ClientTimeout(total=30, connect=10)
_LONGEST_BODY: Final = 1024 * 1024
# Before each further attempt of a request of which nothing was sent, in seconds.
_PAUSES: Final = (1, 3)
_HEADERS: Final = {
    "Connection": "close",
    "Content-Type": "application/x-www-form-urlencoded",
}


@dataclass(slots=True)
class Statistics:
    """What a client did, without anything private."""

    requests: Counter[str] = field(default_factory=Counter)
    """How many requests of each kind were tried."""
    errors: Counter[str] = field(default_factory=Counter)
    """How often each error came, by its type and, where it has one, the provider's code."""
    last_success: datetime | None = None


def parse_url(text: str) -> URL:
    """Return the address of an API that credentials may be sent to.

    That is https, or http to this very machine, without user, password, query or fragment. Raise
    InvalidUrlError where it is not.
    """
    try:
        url = URL(text.strip().rstrip("/"))
        host = url.host
    except ValueError:
        raise InvalidUrlError from None
    if not (
        host
        and (url.scheme == "https" or (url.scheme == "http" and _is_loopback(host)))
        and url.user is None
        and url.password is None
        and not url.raw_query_string
        and not url.raw_fragment
    ):
        raise InvalidUrlError
    return url


def _is_loopback(host: str) -> bool:
    """Return if a host is this very machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class DirectcallClient:
    """One account at the provider."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: URL,
        client_id: str,
        client_secret: str,
    ) -> None:
        """Use a session, which stays the caller's, for the account at an address."""
        self._session = session
        self._url = url
        self._client_id = client_id
        self._client_secret = client_secret
        self.statistics: Final = Statistics()

    async def request_token(self) -> Token:
        """Get a new token. Asking bills nothing.

        Raise AuthenticationError, RefusedError, or ConnectionFailedError, also where the answer
        was lost.
        """
        form = {"client_id": self._client_id, "client_secret": self._client_secret}
        with self._counting():
            requested_at = time.monotonic()
            try:
                answer = await self._post("request_token", form)
            except OutcomeUnknownError as err:
                raise ConnectionFailedError(str(err)) from None
            value, lifetime = answer.token()
        return Token(value, lifetime, requested_at)

    async def place_call(self, token: Token, request: CallRequest) -> PlacedCall:
        """Join two telephones. Never repeated once anything was sent.

        Raise TokenRejectedError, AuthenticationError, RefusedError, ConnectionFailedError or
        OutcomeUnknownError.
        """
        form = {
            "access_token": token.value,
            "origem": request.origin.wire,
            "destino": request.destination.wire,
            # The provider does not say what it does without these three.
            "gravar": _yes_or_no(value=request.record),
            "cli": _yes_or_no(value=request.show_caller_id),
            "inverter_discagem": _yes_or_no(value=request.ring_destination_first),
        }
        with self._counting():
            answer = await self._post_patiently("voz/call", form)
            answer.check()
        return PlacedCall(answer.call_id, answer.code, answer.message)

    async def _post_patiently(self, endpoint: str, form: Mapping[str, str]) -> Answer:
        """Send a form, and again after a pause as long as nothing of it was sent."""
        for pause in _PAUSES:
            try:
                return await self._post(endpoint, form)
            except ConnectionFailedError:
                await asyncio.sleep(pause)
        return await self._post(endpoint, form)

    async def _post(self, endpoint: str, form: Mapping[str, str]) -> Answer:
        """Send a form once and read the answer.

        Raise ConnectionFailedError if nothing was sent, OutcomeUnknownError if something was and
        no answer came. Their causes are left out: they could show what an answer contained.
        """
        self.statistics.requests[endpoint] += 1
        if self._session.closed:
            error = "the session is closed"
            raise ConnectionFailedError(error)
        try:
            async with self._session.post(
                self._url / endpoint,
                data=urlencode({**form, "format": "JSON"}).encode(),
                headers=_HEADERS,
                allow_redirects=False,
                timeout=TIMEOUT,
                # Home Assistant's own ones look at redirects, which are not followed here.
                middlewares=[_use_connection_once],
            ) as response:
                body = await _read_body(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as err:
            raise ConnectionFailedError(type(err).__name__) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as err:
            raise OutcomeUnknownError(type(err).__name__) from None
        secrets = [self._client_secret, form.get("access_token", "")]
        answer = Answer.read(response.status, body, secrets)
        _LOGGER.debug("%s: HTTP %s, code %s", endpoint, answer.http_status, answer.code or "none")
        return answer

    @contextmanager
    def _counting(self) -> Iterator[None]:
        """Count a success or an error."""
        try:
            yield
        except DirectcallError as err:
            code = f" {err.code}" if isinstance(err, RefusedError) else ""
            self.statistics.errors[f"{type(err).__name__}{code}"] += 1
            raise
        self.statistics.last_success = datetime.now(UTC)


class _LastResponse(aiohttp.ClientResponse):
    """The last response on its connection, whether or not the server closes it."""

    @override
    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        """Start reading."""
        # There is a protocol as long as the connection was not released.
        cast(ResponseHandler, connection.protocol).force_close()
        return await super().start(connection)


async def _use_connection_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep the connection of a request from serving another one.

    On a connection that the provider may be about to close, or on which it already said something,
    nobody could tell whether a request was lost, refused or done.
    """
    request.response_class = _LastResponse
    return await handler(request)


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    """Return a body, or nothing if it is longer than any answer or breaks off."""
    body = bytearray()
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > _LONGEST_BODY:
                response.close()
                return b""
    except aiohttp.ClientError, TimeoutError, OSError:
        return b""
    return bytes(body)


def _yes_or_no(*, value: bool) -> str:
    """Return a boolean as the provider writes it."""
    return "s" if value else "n"
