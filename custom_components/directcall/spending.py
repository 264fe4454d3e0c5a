"""Spending limit: at most so many billed requests of an account in an hour."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import inf
import time
from typing import Any, Final, Self

import voluptuous as vol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .const import (
    CONF_SPENDING_LIMIT,
    DEFAULT_SPENDING_LIMIT,
    DOMAIN,
    HIGHEST_SPENDING_LIMIT,
    SECONDS,
)
from .issues import (
    Budget,
    async_clear_spending_limit,
    async_show_spending_limit,
    async_update_spending_limit,
)
from .store import AccountStore, Section

_HOUR: Final = 60 * 60
_SAVED: Final = vol.Schema(
    {
        vol.Required("budget"): vol.All(vol.In(Budget.__members__), Budget.__getitem__),
        vol.Required("times"): [SECONDS],
    }
)


@dataclass(frozen=True, slots=True)
class _BilledRequests:
    """The billed requests of a budget as they are saved."""

    budget: Budget
    times: list[float]
    """Seconds since 1970."""

    @classmethod
    def from_dict(cls, saved: object) -> Self:
        """Return a saved item. Raise vol.Invalid if it cannot be read."""
        return cls(**_SAVED(saved))

    def as_dict(self) -> dict[str, Any]:
        """Return the item as JSON."""
        return {"budget": self.budget.name, "times": self.times}


class SpendingLimit:
    """The billed requests of an account in the last hour, with those that are under way."""

    def __init__(self, hass: HomeAssistant, entry_id: str, store: AccountStore) -> None:
        """Start without a request until the store is loaded."""
        self._hass = hass
        self._entry_id = entry_id
        self._store = store
        # By their monotonic times, which a clock that is set does not change.
        self._times: dict[Budget, deque[float]] = {
            budget: deque(maxlen=HIGHEST_SPENDING_LIMIT) for budget in Budget
        }
        self._refused_at: dict[Budget, float] = {}
        store.async_add_section(
            Section("billed", _BilledRequests.from_dict, self._restore, self._to_save)
        )

    def _restore(self, saved: list[_BilledRequests]) -> None:
        now, wall_now = time.monotonic(), time.time()
        for each in saved:
            # A clock that was set back must not hold back an alarm for longer than an hour.
            ages = sorted((max(0, wall_now - at) for at in each.times), reverse=True)
            self._times[each.budget].extend(now - age for age in ages)

    def _to_save(self) -> Iterator[_BilledRequests]:
        offset = time.time() - time.monotonic()
        for budget in Budget:
            if times := self._recent(budget):
                yield _BilledRequests(budget, [round(at + offset) for at in times])

    def _recent(self, budget: Budget) -> deque[float]:
        times = self._times[budget]
        hour_ago = time.monotonic() - _HOUR
        while times and times[0] <= hour_ago:
            times.popleft()
        return times

    def used(self, budget: Budget) -> int:
        """Return how many requests of a budget the last hour had."""
        return len(self._recent(budget))

    @callback
    def async_reserve(self, budget: Budget, entry: ConfigEntry) -> Reservation:
        """Count a request before it is sent. Raise HomeAssistantError if the limit is reached."""
        limit = limit_of(entry)
        times = self._recent(budget)
        now = time.monotonic()
        if 0 < limit <= len(times):
            self._refused_at[budget] = now
            async_show_spending_limit(self._hass, entry, budget, limit)
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="spending_limit",
                translation_placeholders={"limit": str(limit)},
            )
        times.append(now)
        return Reservation(self, budget, now)

    @callback
    def async_spend(self, budget: Budget, reserved_at: float, *, is_accepted: bool) -> None:
        """Save that a request was billed, or may have been."""
        self._store.async_save()
        # One that was under way when another was refused says nothing.
        if is_accepted and reserved_at > self._refused_at.get(budget, -inf):
            async_clear_spending_limit(self._hass, self._entry_id, budget)

    @callback
    def async_release(self, budget: Budget, reserved_at: float) -> None:
        """Take back a request that was not billed."""
        # After an hour it is not there any more.
        with suppress(ValueError):
            self._times[budget].remove(reserved_at)

    @callback
    def async_check(self, entry: ConfigEntry) -> None:
        """Update the issues after a change of the options."""
        limit = limit_of(entry)
        for budget in Budget:
            is_reached = 0 < limit <= self.used(budget)
            async_update_spending_limit(self._hass, entry, budget, limit, is_reached=is_reached)


@dataclass(frozen=True, slots=True)
class Reservation:
    """A request that is counted while it is under way."""

    _limit: SpendingLimit
    _budget: Budget
    _at: float

    @callback
    def async_spend(self, *, is_accepted: bool) -> None:
        """Count the request for an hour, because it was accepted or may have been."""
        self._limit.async_spend(self._budget, self._at, is_accepted=is_accepted)

    @callback
    def async_release(self) -> None:
        """Do not count the request any more."""
        self._limit.async_release(self._budget, self._at)


def limit_of(entry: ConfigEntry) -> int:
    """Return the spending limit of an account, 0 if it has none."""
    return int(entry.options.get(CONF_SPENDING_LIMIT, DEFAULT_SPENDING_LIMIT))
