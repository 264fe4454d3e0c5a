"""HTTP sessions: how connections to the provider are made, and how many at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
import ssl
from typing import Final, Self, override

import aiohttp
from aiohttp import hdrs
from yarl import URL

# At least two of them are left to polls, because the state of a call matters more than any list.
_MOST_BACKGROUND_CONNECTIONS: Final = 8
_MOST_LISTS: Final = 2
_MOST_RECORDINGS: Final = 4


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of a client. What rings never waits for a connection behind anything else."""

    priority: aiohttp.ClientSession
    """For what rings, bills or signs in. Its connections are not limited."""
    background: aiohttp.ClientSession
    """For polls, lists and recordings. Its connections are limited."""
    recording_slots: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(_MOST_RECORDINGS)
    )
    """Each recording that is fetched holds one, so that polls and lists find a connection."""
    list_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MOST_LISTS))
    """Each list of recordings that is read holds one, so that polls find a connection."""

    @classmethod
    def open(cls, ssl_context: ssl.SSLContext) -> Self:
        """Open the sessions. They have to be closed."""
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


class _NoCookies(aiohttp.DummyCookieJar):
    """A cookie jar that keeps nothing: no cookie of one account goes along with another's."""

    @override
    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Ignore cookies. Before aiohttp 3.14.5 the base class logs the odd ones."""


def _open(ssl_context: ssl.SSLContext, limit: int) -> aiohttp.ClientSession:
    """Open a session with at most so many connections; 0 is no limit."""
    return aiohttp.ClientSession(
        # On a connection that was kept, nobody could tell whether a request was lost, refused or
        # done.
        connector=aiohttp.TCPConnector(limit=limit, force_close=True, ssl=ssl_context),
        cookie_jar=_NoCookies(),
        headers={hdrs.ACCEPT_ENCODING: "identity"},
        # A few kilobytes could unpack to more than fits into the memory.
        auto_decompress=False,
    )
