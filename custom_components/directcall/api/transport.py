"""Transport: one request, its response, and the statistics."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from ipaddress import ip_address
import logging
import re
from typing import Final
from urllib.parse import quote_plus

import aiohttp
from yarl import URL

from .exceptions import (
    DirectcallConnectionFailedError,
    DirectcallError,
    DirectcallInvalidUrlError,
    DirectcallOutcomeUnknownError,
    DirectcallRefusedError,
)
from .request_scope import RequestScope
from .responses import ApiResponse
from .sessions import Sessions

_LOGGER = logging.getLogger(__name__)

# Seconds for a connection, including DNS and TLS.
CONNECT_TIMEOUT: Final = 5
# Seconds for an attempt. 4 MB of audio take a minute at half a megabit a second.
TIMEOUT: Final = 30
UPLOAD_TIMEOUT: Final = 90
_LONGEST_BODY: Final = 1024 * 1024
_LONGEST_LINK: Final = 2000
_FORM_HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(slots=True)
class Statistics:
    """Counters of a client, without anything private."""

    # The number of attempts by endpoint.
    requests: Counter[str] = field(default_factory=Counter)
    # The number of errors by type, and by the provider's code if there is one.
    errors: Counter[str] = field(default_factory=Counter)
    # The number of recordings left out of lists, by their invalid part.
    invalid_recordings: Counter[str] = field(default_factory=Counter)
    last_success: datetime | None = None


def parse_url(text: str) -> URL:
    """Return the URL of an API. Raise DirectcallInvalidUrlError if credentials may not go there."""
    try:
        url = URL(text.strip().rstrip("/"))
        host = url.host
    except ValueError:
        raise DirectcallInvalidUrlError from None
    if not (
        host
        and (url.scheme == "https" or (url.scheme == "http" and _is_loopback(host)))
        and url.user is None
        and url.password is None
        and not url.raw_query_string
        and not url.raw_fragment
    ):
        raise DirectcallInvalidUrlError
    return url


def parse_link(text: str, base: URL | None = None) -> URL | None:
    """Return a link, which may be relative to another, or None. Its host is not checked."""
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
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Transport:
    """Requests of an account, whose secrets are in no error, log or text of a response."""

    def __init__(self, sessions: Sessions, url: URL, client_secret: str) -> None:
        """Use sessions, which the caller closes, for the API at a URL."""
        self.sessions: Final = sessions
        self.url: Final = url
        self._client_secret = client_secret
        self.statistics: Final = Statistics()

    async def send_in_scope(
        self,
        method: str,
        endpoint: str,
        fields: Mapping[str, str],
        scope: RequestScope,
        audio: bytes | None = None,
    ) -> ApiResponse:
        """Send a request with priority, repeated after a pause as long as nothing was sent."""
        return await scope.retry(lambda: self._attempt(method, endpoint, fields, scope, audio))

    async def _attempt(
        self,
        method: str,
        endpoint: str,
        fields: Mapping[str, str],
        scope: RequestScope,
        audio: bytes | None,
    ) -> ApiResponse:
        with scope.attempt():
            seconds = min(TIMEOUT if audio is None else UPLOAD_TIMEOUT, scope.seconds_left)
            return await self.send(self.sessions.priority, method, endpoint, fields, seconds, audio)

    async def send_with_priority(self, endpoint: str, fields: Mapping[str, str]) -> ApiResponse:
        """Send a form once, with priority. Raise what `send` raises."""
        return await self.send(self.sessions.priority, "POST", endpoint, fields, TIMEOUT)

    async def ask(
        self, method: str, endpoint: str, fields: Mapping[str, str], seconds: float = TIMEOUT
    ) -> ApiResponse:
        """Send a request that bills nothing once, without priority. Raise what `send` raises."""
        # 0 is no limit.
        seconds = max(1, min(TIMEOUT, seconds))
        return await self.send(self.sessions.background, method, endpoint, fields, seconds)

    async def send(
        self,
        session: aiohttp.ClientSession,
        method: str,
        endpoint: str,
        fields: Mapping[str, str],
        seconds: float,
        audio: bytes | None = None,
    ) -> ApiResponse:
        """Send once. Raise DirectcallConnectionFailedError or DirectcallOutcomeUnknownError."""
        self.statistics.requests[endpoint] += 1
        if session.closed:
            error = "the session is closed"
            raise DirectcallConnectionFailedError(error)
        everything = {**fields, "format": "JSON"}
        in_form = method == "POST"
        try:
            async with session.request(
                method,
                self.url / endpoint,
                params=None if in_form else everything,
                data=_form(everything, audio) if in_form else None,
                headers=_FORM_HEADERS if in_form and audio is None else None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds, connect=CONNECT_TIMEOUT),
                middlewares=[map_errors],
            ) as response:
                body = await _read_body(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as err:
            raise DirectcallOutcomeUnknownError(type(err).__name__) from None
        secrets = [self._client_secret, fields.get("access_token", "")]
        result = ApiResponse.read(response.status, body, secrets)
        _LOGGER.debug("%s: %s", endpoint, result)
        return result

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count a success or an error."""
        try:
            yield
        except DirectcallError as err:
            name = err.name
            if isinstance(err, DirectcallRefusedError):
                # Any other code may be different each time.
                known = re.fullmatch(r"[0-9]{3}|HTTP [0-9]{3}", err.code)
                name = f"{name} {err.code if known else 'other'}"
            self.statistics.errors[name] += 1
            raise
        self.statistics.last_success = datetime.now(UTC)


async def map_errors(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request. Raise DirectcallConnectionFailedError or DirectcallOutcomeUnknownError."""
    failure: DirectcallError
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as err:
        failure = DirectcallConnectionFailedError(type(err).__name__)
    except (aiohttp.ClientError, TimeoutError, OSError) as err:
        failure = DirectcallOutcomeUnknownError(type(err).__name__)
    # Raised here, so that the error of aiohttp, which may quote the URL, is not the context. Also,
    # aiohttp repeats a GET by itself after an error of its own.
    raise failure


def _form(fields: Mapping[str, str], audio: bytes | None) -> bytes | aiohttp.FormData:
    if audio is None:
        # The names need no quoting.
        return "&".join(f"{name}={quote_plus(fields[name])}" for name in fields).encode()
    form = aiohttp.FormData(fields)
    form.add_field("audio", BytesIO(audio), filename="audio.mp3", content_type="audio/mpeg")
    return form


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LONGEST_BODY:
            response.close()
            error = "the response is too long"
            raise DirectcallOutcomeUnknownError(error)
    return bytes(body)
