"""The run of a check: who is asked, what is asked of the provider, and where it is noted."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from yarl import URL

from custom_components.directcall.api import (
    DirectcallError,
    DirectcallOutcomeUnknownError,
    RequestScope,
)

from .listening import Listener, ListeningClient
from .person import Person
from .report import Report

# Seconds that a request may take in all, as in an action.
_DEADLINE: Final = 45


def in_time() -> RequestScope:
    """Return the scope of a request that begins now."""
    return RequestScope(_DEADLINE)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What all parts of a check need."""

    person: Person
    report: Report
    listener: Listener
    runner: asyncio.Runner
    """Runs one request at a time. In between, Ctrl-C ends a question at once."""
    url: URL

    @contextmanager
    def account(self, client_id: str, client_secret: str) -> Iterator[ListeningClient]:
        """Return a client with credentials, until it is no longer needed."""
        sessions = self.runner.run(self.listener.open_sessions())
        try:
            yield ListeningClient(sessions, self.url, client_id, client_secret, self.listener)
        finally:
            self.runner.run(sessions.close())

    def ask[T](self, question: Coroutine[Any, Any, T]) -> T | DirectcallError:
        """Return what the integration takes the answer to a question for, and note it."""
        result: T | DirectcallError
        try:
            result = self.runner.run(question)
        except DirectcallError as err:
            result = err
        match result:
            case DirectcallError():
                reading = f"`{type(result).__name__}`"
            case None:
                reading = "no call"
            case _:
                reading = "a yes"
        self.listener.exchanges[-1].reading = reading
        return result

    def tell_failure(self, error: DirectcallError) -> None:
        """Say that something was not done, or that nobody knows."""
        texts = self.person.texts
        unclear = isinstance(error, DirectcallOutcomeUnknownError)
        self.person.say(texts.unclear if unclear else texts.failed)
