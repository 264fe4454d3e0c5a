"""Sending a request, once, and reading its answer: what every endpoint has in common."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from io import BytesIO
from ipaddress import ip_address
import logging
import re
from typing import Final, cast, override
from urllib.parse import urlencode

import aiohttp
from aiohttp import hdrs
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

_LOGGER = logging.getLogger(__name__)

TIMEOUT: Final = aiohttp.ClientTimeout(total=30, connect=10)
# Time for 4 MB on a line that takes half a megabit a second.
UPLOAD_TIMEOUT: Final = aiohttp.ClientTimeout(total=90, connect=10)
_LONGEST_BODY: Final = 1024 * 1024
_LONGEST_LINK: Final = 2000
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
    odd_recordings: Counter[str] = field(default_factory=Counter)
    """How many recordings were left out of lists, by what was odd about them."""
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


def parse_link(text: str, base: URL | None = None) -> URL | None:
    """Return a link, which may be said in short where it stands at another; nothing if it is none.

    Whether anything may be fetched from there is another question.
    """
    if len(text) > _LONGEST_LINK:
        return None
    try:
        link = URL(text.strip())
        if base is not None:
            link = base.join(link)
    except ValueError, IndexError:
        return None
    return link if link.scheme in {"http", "https"} and link.host else None


def _is_loopback(host: str) -> bool:
    """Return if a host is this very machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Transport:
    """The way to the provider, with an account's secret that must not come out of it."""

    def __init__(self, session: aiohttp.ClientSession, url: URL, client_secret: str) -> None:
        """Use a session, which stays the caller's, for the API at an address."""
        self.session: Final = session
        self.url: Final = url
        self._client_secret = client_secret
        self.statistics: Final = Statistics()

    async def send_patiently(
        self, method: str, endpoint: str, fields: Mapping[str, str], audio: bytes | None = None
    ) -> Answer:
        """Send a request, and again after a pause as long as nothing of it was sent."""
        for pause in _PAUSES:
            try:
                return await self.send(method, endpoint, fields, audio)
            except ConnectionFailedError:
                await asyncio.sleep(pause)
        return await self.send(method, endpoint, fields, audio)

    async def send(
        self, method: str, endpoint: str, fields: Mapping[str, str], audio: bytes | None = None
    ) -> Answer:
        """Send a request once, with its fields as a form or in the URL, and read the answer.

        With audio, an MP3, the form is one of several parts.

        Raise ConnectionFailedError if nothing was sent, OutcomeUnknownError if something was and
        no answer came.
        """
        self.statistics.requests[endpoint] += 1
        if self.session.closed:
            error = "the session is closed"
            raise ConnectionFailedError(error)
        everything = {**fields, "format": "JSON"}
        in_form = method == "POST"
        url = self.url / endpoint
        try:
            async with self.session.request(
                method,
                url,
                data=_form(everything, audio) if in_form else None,
                headers=_FORM_HEADERS if in_form and audio is None else _HEADERS,
                allow_redirects=False,
                timeout=TIMEOUT if audio is None else UPLOAD_TIMEOUT,
                # Home Assistant's own ones look at redirects, which are not followed here.
                middlewares=[OneAttempt(url if in_form else url.with_query(everything))],
            ) as response:
                body = await _read_body(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as err:
            raise OutcomeUnknownError(type(err).__name__) from None
        secrets = [self._client_secret, fields.get("access_token", "")]
        answer = Answer.read(response.status, body, secrets)
        _LOGGER.debug("%s: HTTP %s, code %s", endpoint, answer.http_status, answer.code or "none")
        return answer

    @contextmanager
    def counting(self) -> Iterator[None]:
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
class OneAttempt:
    """Send a request once, on a connection of its own, to a URL that few can see."""

    url: URL
    """What the request is for, at the host of the URL that the session was given."""

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send a request. Raise ConnectionFailedError or OutcomeUnknownError where that fails."""
        # On a connection that the provider may be about to close, or on which it already said
        # something, nobody could tell whether a request was lost, refused or done.
        request.response_class = _LastResponse
        # Not before: the session tells whoever traces it of the URL that it was given.
        request.url = self.url
        # The session is shared: no cookie of another account, or of another service, goes along.
        request.headers.popall(hdrs.COOKIE, None)
        failure: DirectcallError
        try:
            response = await handler(request)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as err:
            failure = ConnectionFailedError(type(err).__name__)
        except (aiohttp.ClientError, TimeoutError, OSError) as err:
            failure = OutcomeUnknownError(type(err).__name__)
        else:
            # None is kept either, or named in a log where it is odd.
            response.cookies = SimpleCookie()
            return response
        # Raised here, so that what aiohttp raised is not even its context: that quotes the URL, or
        # what an answer contained. And errors that are not aiohttp's the session does not take for
        # a reason to send a GET once more by itself.
        raise failure


def _form(fields: Mapping[str, str], audio: bytes | None) -> bytes | aiohttp.FormData:
    """Return a form, of several parts if there is audio."""
    if audio is None:
        return urlencode(fields).encode()
    form = aiohttp.FormData(fields)
    form.add_field("audio", BytesIO(audio), filename="audio.mp3", content_type="audio/mpeg")
    return form


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
