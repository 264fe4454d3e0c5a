"""Call queue: the calls of an account's alerts, one after the other."""

from typing import Protocol

from homeassistant.core import callback


class Caller(Protocol):
    """A run that places calls."""

    @callback
    def async_advance(self) -> None:
        """Go on, because the origin's telephone may be free."""


class CallQueue:
    """The runs that need the origin's telephone, which the calls of all alerts share."""

    def __init__(self) -> None:
        """Start with a telephone that is free."""
        self._caller: Caller | None = None
        self._waiting: list[Caller] = []

    @callback
    def async_take(self, caller: Caller) -> bool:
        """Return if it is a run's turn. Otherwise the run advances once it is."""
        if self._caller is caller:
            # After a reload. In the list, too, it would advance again while it lets the next call.
            return True
        if caller not in self._waiting:
            self._waiting.append(caller)
        if self._caller is not None or self._waiting[0] is not caller:
            return False
        self._caller = self._waiting.pop(0)
        return True

    @callback
    def async_withdraw(self, caller: Caller) -> None:
        """Take a run that waits out of the queue."""
        if caller in self._waiting:
            self._waiting.remove(caller)
            self._async_next()

    @callback
    def async_release(self, caller: Caller) -> None:
        """Let the next run call, if this one is at the telephone."""
        if self._caller is caller:
            self._caller = None
            self._async_next()

    @callback
    def _async_next(self) -> None:
        if self._caller is None and self._waiting:
            self._waiting[0].async_advance()
