"""Balance: the times at which it is asked for, and the repair issue of a low one."""

import asyncio
from enum import Enum, auto
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import (
    SignalType,
    async_dispatcher_connect,
    async_dispatcher_send,
)

from .api import Balance, DirectcallError
from .billing import async_billed_signal
from .const import CONF_LOW_BALANCE, DOMAIN
from .coordinator import DirectcallCoordinator
from .issues import async_clear_low_balance, async_show_low_balance, async_update_low_balance
from .poll_scheduler import PollScheduler

_LOGGER = logging.getLogger(__name__)

# Seconds from the first token, so that what waited for it goes first.
_AFTER_TOKEN: Final = 5
# Seconds from the last billed request of several.
_AFTER_BILLED: Final = 60
# Seconds between the requests, where the provider tells a balance and where it does not.
_INTERVAL: Final = 6 * 60 * 60
_INTERVAL_WITHOUT_BALANCE: Final = 24 * 60 * 60
# Seconds until the next request after one that failed, doubled with each further one up to a day,
# because an unknown endpoint may be a server error, too.
_RETRY_INTERVAL: Final = 60 * 60
# Seconds until the next attempt while background requests are not allowed, or one is under way.
_POSTPONED_INTERVAL: Final = 60
_NO_BALANCE: Final = "none"


class _Poll(Enum):
    REGULAR = auto()
    AFTER_BILLED = auto()


@callback
def async_balance_signal(entry_id: str) -> SignalType[Balance]:
    """Return the signal that the provider told the balance of an account."""
    return SignalType(f"{DOMAIN}_balance_{entry_id}")


class BalanceManager:
    """The balance of an account while its entry is loaded."""

    def __init__(self, hass: HomeAssistant, coordinator: DirectcallCoordinator) -> None:
        """Start without a balance."""
        self._hass = hass
        self._coordinator = coordinator
        self._entry = coordinator.config_entry
        self._polls: PollScheduler[_Poll] = PollScheduler(hass, self._async_poll)
        self._is_token_awaited = True
        self._is_asking = False
        self._was_refused = False
        # How many requests in a row failed.
        self._failures = 0
        self.balance: Balance | None = None

    @property
    def shape(self) -> str | None:
        """Return the shape of the last response, or None before the first one."""
        if self._was_refused:
            return _NO_BALANCE
        return None if self.balance is None else self.balance.shape.value

    @property
    def _tells_balance(self) -> bool:
        """Return if the provider tells balances, as far as is known."""
        return self.balance is not None or not self._was_refused

    @callback
    def async_start(self) -> None:
        """Ask for the balance from now on, unless polling is disabled."""
        self.async_check()
        if self._entry.pref_disable_polling:
            return
        self._polls.async_start(self._entry)
        for unsubscribe in (
            self._coordinator.async_add_listener(self._async_token_changed),
            async_dispatcher_connect(
                self._hass, async_billed_signal(self._entry.entry_id), self._async_billed
            ),
            self._polls.async_pause,
        ):
            self._entry.async_on_unload(unsubscribe)

    @callback
    def async_check(self) -> None:
        """Show or clear the issue of a low balance, also after a change of the options."""
        limit = self._entry.options.get(CONF_LOW_BALANCE)
        if not limit:
            async_clear_low_balance(self._hass, self._entry.entry_id)
        elif self.balance is None:
            # What an earlier balance showed still holds.
            async_update_low_balance(self._hass, self._entry)
        elif float(self.balance.amount) < limit:
            async_show_low_balance(self._hass, self._entry)
        else:
            async_clear_low_balance(self._hass, self._entry.entry_id)

    async def async_update(self) -> None:
        """Ask for the balance now, if that is allowed. An unload of the account ends the wait."""
        poll = self._entry.async_create_background_task(
            self._hass, self._async_poll(_Poll.REGULAR), f"{DOMAIN} poll"
        )
        await asyncio.wait([poll])

    @callback
    def _async_token_changed(self) -> None:
        if self._is_token_awaited and self._coordinator.is_connected:
            self._is_token_awaited = False
            self._polls.async_schedule(_Poll.REGULAR, _AFTER_TOKEN)

    @callback
    def _async_billed(self) -> None:
        if self._tells_balance:
            self._polls.async_schedule(_Poll.AFTER_BILLED, _AFTER_BILLED)

    async def _async_poll(self, poll: _Poll) -> None:
        if self._is_asking:
            self._polls.async_schedule(poll, _POSTPONED_INTERVAL)
            return
        delay = _POSTPONED_INTERVAL
        if self._coordinator.allows_background_requests:
            self._is_asking = True
            try:
                delay = await self._async_ask()
            finally:
                self._is_asking = False
        self._polls.async_schedule(_Poll.REGULAR, delay)

    async def _async_ask(self) -> int:
        """Ask for the balance. Return the seconds until the next request."""
        try:
            balance = await self._coordinator.client.balance()
        except DirectcallError as err:
            _LOGGER.debug("The balance could not be asked for: %s", type(err).__name__)
            return self._next_retry()
        except Exception:
            # A fault of ours must not end the requests.
            _LOGGER.exception("Unexpected error while asking for the balance")
            return self._next_retry()
        self._failures = 0
        self._was_refused = balance is None
        if balance is not None:
            self.balance = balance
            async_dispatcher_send(self._hass, async_balance_signal(self._entry.entry_id), balance)
            self.async_check()
        if self._tells_balance:
            return _INTERVAL
        self._polls.async_cancel(_Poll.AFTER_BILLED)
        return _INTERVAL_WITHOUT_BALANCE

    def _next_retry(self) -> int:
        delay = min(_RETRY_INTERVAL << self._failures, _INTERVAL_WITHOUT_BALANCE)
        self._failures += 1
        return delay
