"""The provider's endpoints: forms out, answers in."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
import logging
import re
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
    HangUpUnknownError,
    InvalidUrlError,
    NotActiveError,
    OutcomeUnknownError,
    RefusedError,
)
from .legs import read_status
from .models import CallRequest, CallStatus, EndedCall, NumberPair, PlacedCall, Token

DEFAULT_URL: Final = "https://api.directcallsoft.com"

_LOGGER = logging.getLogger(__name__)

TIMEOUT: Final = aiohttp.ClientTimeout(total=30, connect=10)
_LONGEST_BODY: Final = 1024 * 1024
# Before each further attempt of a request of which nothing was sent, in seconds.
_PAUSES: Final = (1, 3)
_HEADERS: Final = {"Connection": "close"}
_FORM_HEADERS: Final = {**_HEADERS, "Content-Type": "application/x-www-form-urlencoded"}


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
                answer = await self._send("POST", "request_token", form)
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
            "origem": request.pair.origin.wire,
            "destino": request.pair.destination.wire,
            # The provider does not say what it does without these three.
            "gravar": _yes_or_no(value=request.record),
            "cli": _yes_or_no(value=request.show_caller_id),
            "inverter_discagem": _yes_or_no(value=request.ring_destination_first),
        }
        with self._counting():
            answer = await self._send_patiently("POST", "voz/call", form)
            answer.check()
        # An id is shown, and kept in backups. One that would give something away is none.
        call_id = answer.call_id or ""
        digits = re.sub(r"[^0-9]", "", call_id)
        numbers = (request.pair.origin, request.pair.destination)
        if any(secret in call_id for secret in (token.value, self._client_secret) if secret) or any(
            number.wire[-8:] in digits for number in numbers
        ):
            call_id = ""
        return PlacedCall(call_id or None, answer.code, answer.message)

    async def call_status(self, token: Token, pair: NumberPair) -> CallStatus | None:
        """Return how the call between two telephones stands, or nothing if there is none.

        Looking bills nothing. Raise TokenRejectedError, AuthenticationError, RefusedError, or
        ConnectionFailedError, also where the answer was lost.
        """
        secrets = [self._client_secret, token.value]
        with self._counting():
            try:
                answer = await self._send("GET", "voz/status", _query(token, pair))
                answer.check()
            except NotActiveError:
                return None
            except OutcomeUnknownError as err:
                raise ConnectionFailedError(str(err)) from None
        return read_status(answer, pair, secrets)

    async def end_call(self, token: Token, pair: NumberPair) -> EndedCall:
        """Hang up the call between two telephones.

        Raise NotActiveError if there is none, TokenRejectedError, AuthenticationError,
        RefusedError, ConnectionFailedError or HangUpUnknownError.
        """
        with self._counting():
            try:
                answer = await self._send_patiently("GET", "voz/end", _query(token, pair))
                answer.check()
                answer.check_ended()
            except OutcomeUnknownError as err:
                raise HangUpUnknownError(str(err)) from None
        return EndedCall(answer.code, answer.message)

    async def _send_patiently(
        self, method: str, endpoint: str, fields: Mapping[str, str]
    ) -> Answer:
        """Send a request, and again after a pause as long as nothing of it was sent."""
        for pause in _PAUSES:
            try:
                return await self._send(method, endpoint, fields)
            except ConnectionFailedError:
                await asyncio.sleep(pause)
        return await self._send(method, endpoint, fields)

    async def _send(self, method: str, endpoint: str, fields: Mapping[str, str]) -> Answer:
        """Send a request once, with its fields as a form or in the URL, and read the answer.

        Raise ConnectionFailedError if nothing was sent, OutcomeUnknownError if something was and
        no answer came.
        """
        self.statistics.requests[endpoint] += 1
        if self._session.closed:
            error = "the session is closed"
            raise ConnectionFailedError(error)
        everything = {**fields, "format": "JSON"}
        in_form = method == "POST"
        try:
            async with self._session.request(
                method,
                self._url / endpoint,
                data=urlencode(everything).encode() if in_form else None,
                headers=_FORM_HEADERS if in_form else _HEADERS,
                allow_redirects=False,
                timeout=TIMEOUT,
                # Home Assistant's own ones look at redirects, which are not followed here.
                middlewares=[_OneAttempt({} if in_form else everything)],
            ) as response:
                body = await _read_body(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as err:
            raise OutcomeUnknownError(type(err).__name__) from None
        secrets = [self._client_secret, fields.get("access_token", "")]
        answer = Answer.read(response.status, body, secrets)
        _LOGGER.debug("%s: HTTP %s, code %s", endpoint, answer.http_status, answer.code or "none")
        return answer

    @contextmanager
    def _counting(self) -> Iterator[None]:
        """Count a success or an error."""
        try:
            yield
        except DirectcallError as err:
            name = type(err).__name__
            if isinstance(err, RefusedError):
                # Anything else may be something else each time.
                known = re.fullmatch(r"[0-9]{3}|HTTP [0-9]{3}", err.code)
                name = f"{name} {err.code if known else 'other'}"
            self.statistics.errors[name] += 1
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


@dataclass(frozen=True, slots=True)
class _OneAttempt:
    """Send a request once, on a connection of its own, and its query where few can see it."""

    query: Mapping[str, str]

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send a request. Raise ConnectionFailedError or OutcomeUnknownError where that fails."""
        # On a connection that the provider may be about to close, or on which it already said
        # something, nobody could tell whether a request was lost, refused or done.
        request.response_class = _LastResponse
        # Not before: the session tells whoever traces it of the URL that it was given.
        request.url = request.url.with_query(self.query)
        failure: DirectcallError
        try:
            return await handler(request)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as err:
            failure = ConnectionFailedError(type(err).__name__)
        except (aiohttp.ClientError, TimeoutError, OSError) as err:
            failure = OutcomeUnknownError(type(err).__name__)
        # Raised here, so that what aiohttp raised is not even its context: that quotes the URL, or
        # what an answer contained. And errors that are not aiohttp's the session does not take for
        # a reason to send a GET once more by itself.
        raise failure


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


def _query(token: Token, pair: NumberPair) -> dict[str, str]:
    """Return how a call in progress is asked for: by its numbers, not by its id."""
    return {
        "access_token": token.value,
        "origem": pair.origin.wire,
        "destino": pair.destination.wire,
    }


def _yes_or_no(*, value: bool) -> str:
    """Return a boolean as the provider writes it."""
    return "s" if value else "n"
