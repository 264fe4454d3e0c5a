"""Coordinator: the token's life, refusals and reauthentication."""

from datetime import timedelta
import logging
import time
from typing import Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .api import (
    AuthListener,
    DirectcallAuthenticationError,
    DirectcallClient,
    DirectcallError,
    Token,
)
from .const import DOMAIN
from .errors import as_home_assistant_error

_LOGGER = logging.getLogger(__name__)

RENEWAL_AT: Final = 0.9
# Seconds between the first refusal and one that counts as its confirmation.
_REFUSAL_CONFIRMED: Final = 15
# Seconds until the next attempt to get a token, by how many failed in a row. A refusal may pass,
# too, because the code that means it is a guess.
_RETRIES: Final = (15, 30, 60, 120, 240, 300)
_RETRIES_AFTER_REFUSAL: Final = (15, 60, 300, 900)


class DirectcallCoordinator(DataUpdateCoordinator[Token | None], AuthListener):
    """The coordinator of an account's token."""

    config_entry: ConfigEntry

    def __init__(
        self, hass: HomeAssistant, config_entry: ConfigEntry, client: DirectcallClient
    ) -> None:
        """Start without a token."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=config_entry,
            name=DOMAIN,
            update_interval=_interval(_RETRIES[0]),
        )
        self.client: Final = client
        self._is_updating = False
        # How many scheduled renewals failed in a row, all of them refused or none.
        self._failures = 0
        # When the first refusal in a row came, on the monotonic clock.
        self._refused_at: float | None = None
        # Whether the last token was refused.
        self._credentials_refused = False
        # Whether the last request was refused, although there was a token.
        self._request_refused = False

    @property
    def is_connected(self) -> bool:
        """Return if a valid token is held."""
        return self.client.auth.has_valid_token

    @property
    def refuses_requests(self) -> bool:
        """Return if the last request was refused, although there was a token."""
        return self._request_refused

    @property
    def allows_background_requests(self) -> bool:
        """Return if requests that no person waits for are allowed now.

        They never ask for a token while the provider refuses the account, and leave the rate of
        attempts to the renewal.
        """
        if self._credentials_refused:
            return False
        if self.is_connected:
            return True
        return not self._request_refused and (
            self.config_entry.pref_disable_polling or self.last_update_success
        )

    @callback
    def async_start(self) -> None:
        """Get the first token, and renew it from now on.

        Set-up does not wait for it, because what may pass must not keep an account from loading.
        """
        # A coordinator renews only while it has a listener, and every entity may be disabled.
        self.config_entry.async_on_unload(self.async_add_listener(_listen))
        self.client.auth.listener = self
        self.config_entry.async_on_unload(self._async_stop_listening)
        # Not started eagerly, so that the account is loaded before anything is requested.
        self.config_entry.async_create_background_task(
            self.hass, self.async_refresh(), f"{DOMAIN} first token", eager_start=False
        )

    @callback
    def _async_stop_listening(self) -> None:
        # What happens to requests that outlive the entry says nothing about its credentials.
        self.client.auth.listener = AuthListener()

    @override
    async def _async_update_data(self) -> Token:
        """Renew the token when it is time to."""
        was_refused = self._credentials_refused
        self._is_updating = True
        try:
            return await self.client.sign_in()
        except DirectcallError as err:
            same = was_refused == self._credentials_refused
            self._failures = self._failures + 1 if same else 1
            retries = _RETRIES_AFTER_REFUSAL if self._credentials_refused else _RETRIES
            self.update_interval = _interval(retries[min(self._failures, len(retries)) - 1])
            raise as_home_assistant_error(err, UpdateFailed) from err
        finally:
            self._is_updating = False

    @callback
    @override
    def token_received(self, token: Token) -> None:
        """Schedule the renewal of a new token."""
        if not self.last_update_success:
            _LOGGER.info("The connection to Directcall is back")
        self._failures = 0
        self._credentials_refused = False
        if not self._request_refused:
            self._async_accepted()
        self.update_interval = timedelta(seconds=max(RENEWAL_AT * token.lifetime - token.age, 1))
        if self._is_updating:
            # The update itself informs the listeners. It would log its recovery, too.
            self.last_update_success = True
        else:
            self.async_set_updated_data(token)

    @callback
    @override
    def token_failed(self, err: DirectcallError) -> None:
        """Log the first failure in a row, and schedule the next attempt."""
        self._credentials_refused = isinstance(err, DirectcallAuthenticationError)
        if self._credentials_refused:
            self._async_refused()
        if not self.last_update_success:
            self.async_update_listeners()
            return
        _LOGGER.warning("Directcall gives no token (%s: %s); trying again", err.name, err)
        if not self._is_updating:
            self.update_interval = _interval(_RETRIES[0])
            # The call that schedules the next update also marks the data as good.
            self.async_set_updated_data(self.data)
        self.last_update_success = False

    @callback
    @override
    def token_dropped(self) -> None:
        """Update the entities."""
        self.data = None
        self.async_update_listeners()

    @callback
    @override
    def request_refused(self) -> None:
        """Record that a request was refused, although there was a token."""
        self._request_refused = True
        self._async_refused()

    @callback
    @override
    def request_accepted(self) -> None:
        """Record that requests are no longer refused."""
        if self._request_refused:
            self._request_refused = False
            self._async_accepted()

    @callback
    def _async_refused(self) -> None:
        """Record a refusal, and start reauthentication once it is confirmed."""
        now = time.monotonic()
        if self._refused_at is None:
            self._refused_at = now
        elif now - self._refused_at >= _REFUSAL_CONFIRMED:
            self.config_entry.async_start_reauth(self.hass)

    @callback
    def _async_accepted(self) -> None:
        """Record that the credentials are accepted, and end reauthentication."""
        self._refused_at = None
        for flow in list(self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])


@callback
def _listen() -> None:
    """Listen to a coordinator."""


def _interval(seconds: int) -> timedelta:
    """Return the interval after which an update comes in so many seconds at the earliest.

    A coordinator rounds the time of the next update down to a whole second.
    """
    return timedelta(seconds=seconds + 1)
