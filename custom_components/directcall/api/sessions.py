"""HTTP sessions: settings and limits of the connections to the provider."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
import ssl
from typing import Final, Self, override

import aiohttp
from aiohttp import hdrs
from yarl import URL

# Recordings and lists leave two of them to polls, because the state of a call matters more.
_MOST_BACKGROUND_CONNECTIONS: Final = 8
_MOST_LISTS: Final = 2
_MOST_RECORDINGS: Final = 4


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of a client. A call never waits for a connection."""

    # For requests that ring, bill or sign in. Its connections are not limited.
    priority: aiohttp.ClientSession
    # For polls, lists and recordings. Its connections are limited.
    background: aiohttp.ClientSession
    # Each download of a recording holds one, so that polls and lists find a connection.
    recording_slots: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(_MOST_RECORDINGS)
    )
    # Each request for a list holds one, so that polls find a connection.
    list_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MOST_LISTS))

    @classmethod
    def open(cls, ssl_context: ssl.SSLContext) -> Self:
        """Open the sessions. The caller has to close them."""
        return cls(_open(ssl_context, 0), _open(ssl_context, _MOST_BACKGROUND_CONNECTIONS))

    async def __aenter__(self) -> Self:
        """Enter."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the sessions."""
        await self.close()

    async def close(self) -> None:
        """Close the sessions and their connections."""
        await self.priority.close()
        await self.background.close()


# No cookie of one account is sent with another's.
class _NoCookies(aiohttp.DummyCookieJar):
    @override
    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Ignore cookies. Before aiohttp 3.14.5 the base class logs invalid ones."""


def _open(ssl_context: ssl.SSLContext, limit: int) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        # On a kept connection, a lost request cannot be told from one that was carried out.
        connector=aiohttp.TCPConnector(limit=limit, force_close=True, ssl=ssl_context),
        cookie_jar=_NoCookies(),
        headers={hdrs.ACCEPT_ENCODING: "identity"},
        # A few kilobytes can decompress to more than the memory holds.
        auto_decompress=False,
    )
