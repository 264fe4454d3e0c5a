"""The token's life, and the one place where wire errors become Home Assistant's."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
import logging
import time
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util.hass_dict import HassKey

from .api import (
    DirectcallAuthenticationError,
    DirectcallCancellationUnknownError,
    DirectcallClient,
    DirectcallConnectionError,
    DirectcallError,
    DirectcallHangUpUnknownError,
    DirectcallLinkRefusedError,
    DirectcallNoCreditError,
    DirectcallRecordingGoneError,
    DirectcallRefusedError,
    DirectcallSpoolError,
    DirectcallTokenRejectedError,
    DirectcallTokenUncertainError,
    RequestScope,
    Token,
)
from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

RENEWAL_AT: Final = 0.9
# Seconds between the first refusal and one that counts as its confirmation.
_REFUSAL_CONFIRMED: Final = 15
# Seconds until the next attempt to get a token, by how many failed in a row. A refusal may pass,
# too, because the code that means it is a guess.
_RETRIES: Final = (15, 30, 60, 120, 240, 300)
_RETRIES_AFTER_REFUSAL: Final = (15, 60, 300, 900)

type DirectcallConfigEntry = ConfigEntry[DirectcallCoordinator]

# The token of an account that is set up anew, and the data with the credentials that it is for.
_DATA_KEPT: Final[HassKey[dict[str, tuple[Mapping[str, Any], Token]]]] = HassKey(f"{DOMAIN}_tokens")


class DirectcallCoordinator(DataUpdateCoordinator[Token | None]):
    """Holds an account's token and lends it to whatever talks to the provider."""

    config_entry: DirectcallConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        config_entry: DirectcallConfigEntry,
        client: DirectcallClient,
    ) -> None:
        """Start without a token."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=config_entry,
            name=DOMAIN,
            update_interval=_pause(_RETRIES[0]),
        )
        self.client: Final = client
        self._entry_data = dict(config_entry.data)
        self._renewal: asyncio.Task[Token | DirectcallError] | None = None
        self._is_shut_down = False
        self._failures = 0
        """How many scheduled renewals failed in a row, all refused or none."""
        self._refused_at: float | None = None
        """When the first refusal in a row came, on the monotonic clock."""
        self._credentials_refused = False
        """Whether the last token was refused."""
        self._operation_refused = False
        """Whether the last operation was refused, though there was a token."""

    @property
    def allows_background_requests(self) -> bool:
        """Return if what nobody waits for may be asked now.

        It never asks for a token while the provider refuses the account, and leaves the pace at
        which a token is tried again to the renewal.
        """
        if self._credentials_refused:
            return False
        if self.is_connected:
            return True
        return not self._operation_refused and (
            self.config_entry.pref_disable_polling or self.last_update_success
        )

    @property
    def is_connected(self) -> bool:
        """Return if a valid token is held."""
        return self.data is not None and self.data.seconds_left > 0

    @callback
    def async_start(self) -> None:
        """Renew the token from now on, and get the first one unless one was kept.

        Nothing waits for it: what may pass must not keep an account from loading.
        """
        # A coordinator renews only while somebody listens, and every entity may be disabled.
        self.config_entry.async_on_unload(self.async_add_listener(_listen))
        if token := self._async_take_kept():
            self._async_token_received(token)
        else:
            # Not started eagerly, so that the account is loaded before anything is asked.
            self.config_entry.async_create_background_task(
                self.hass, self.async_refresh(), f"{DOMAIN} first token", eager_start=False
            )

    @override
    async def async_shutdown(self) -> None:
        """Stop the renewals."""
        self._is_shut_down = True
        await super().async_shutdown()

    @callback
    def async_keep_token(self) -> None:
        """Keep the token while the account is set up anew.

        Nobody could call, speak or write while a new one is waited for.
        """
        if self.data is not None:
            kept = self.hass.data.setdefault(_DATA_KEPT, {})
            kept[self.config_entry.entry_id] = self._entry_data, self.data

    @callback
    def _async_take_kept(self) -> Token | None:
        """Return the token that was kept, if it is for these credentials and not old yet."""
        kept = self.hass.data.get(_DATA_KEPT, {}).pop(self.config_entry.entry_id, None)
        if kept is None:
            return None
        data, token = kept
        is_good = data == self._entry_data and token.age < RENEWAL_AT * token.lifetime
        return token if is_good else None

    async def async_execute[ResultT](
        self,
        operation: Callable[[Token], Awaitable[ResultT]],
        scope: RequestScope | None = None,
    ) -> ResultT:
        """Run one wire operation with a valid token; with a new one if it is rejected.

        With a scope, the wait for a token ends with it. Raise HomeAssistantError, translated,
        where the operation fails; its cause is the error of the API.
        """
        try:
            try:
                result = await self._async_attempt(operation, scope)
            except DirectcallTokenRejectedError:
                result = await self._async_attempt(operation, scope)
        except DirectcallError as err:
            if isinstance(err, DirectcallTokenRejectedError):
                self._async_operation_refused()
            raise translated(err, HomeAssistantError) from err
        if self._operation_refused:
            self._operation_refused = False
            self._async_accepted()
        return result

    async def _async_attempt[ResultT](
        self,
        operation: Callable[[Token], Awaitable[ResultT]],
        scope: RequestScope | None,
    ) -> ResultT:
        """Run one wire operation, and forget the token if it is rejected."""
        token = self.data
        if token is None or token.seconds_left <= 0:
            token = await (
                scope.retry(partial(self._async_renew, scope)) if scope else self._async_renew()
            )
        try:
            return await operation(token)
        except DirectcallAuthenticationError:
            self._async_operation_refused()
            raise
        except DirectcallTokenUncertainError, DirectcallTokenRejectedError:
            # Unless somebody else already got a new one.
            if self.data is token:
                self.data = None
                self.async_update_listeners()
            raise

    @override
    async def _async_update_data(self) -> Token:
        """Renew the token when it is time to."""
        was_refused = self._credentials_refused
        try:
            return await self._async_renew()
        except DirectcallError as err:
            same = was_refused == self._credentials_refused
            self._failures = self._failures + 1 if same else 1
            retries = _RETRIES_AFTER_REFUSAL if self._credentials_refused else _RETRIES
            self.update_interval = _pause(retries[min(self._failures, len(retries)) - 1])
            raise translated(err, UpdateFailed) from err

    async def _async_renew(self, scope: RequestScope | None = None) -> Token:
        """Return a new token. Whoever asks while it is on its way gets the same one.

        The request is a task of its own, so that a script that is stopped takes nobody else's
        token with it, and not the entry's, so that a call that waits for it survives a reload.
        """
        if self._renewal is None:
            # Not started eagerly: it would be over before it is held if it failed at once.
            self._renewal = self.hass.async_create_background_task(
                self._async_request_token(), f"{DOMAIN} token", eager_start=False
            )
        renewal = self._renewal
        await asyncio.wait([renewal], timeout=None if scope is None else scope.seconds_left)
        if not renewal.done():
            error = "no token in time"
            raise DirectcallConnectionError(error)
        result = renewal.result()
        if isinstance(result, DirectcallError):
            raise result
        return result

    async def _async_request_token(self) -> Token | DirectcallError:
        """Request a token, and take note of what came.

        An error is returned, not raised: nobody may be there any more to take it.
        """
        try:
            token = await self.client.request_token()
        except DirectcallError as err:
            failure = err
        except Exception as err:
            # A fault of ours must not end the renewals for good.
            _LOGGER.exception("Unexpected error while requesting a token")
            failure = DirectcallConnectionError(type(err).__name__)
        else:
            self._async_token_received(token)
            return token
        finally:
            self._renewal = None
        self._async_token_failed(failure)
        return failure

    @callback
    def _async_token_received(self, token: Token) -> None:
        """Hold a new token until it is time for the next."""
        if not self.last_update_success:
            _LOGGER.info("The connection to Directcall is back")
        self._failures = 0
        self._credentials_refused = False
        if not self._operation_refused:
            self._async_accepted()
        self.update_interval = timedelta(seconds=max(RENEWAL_AT * token.lifetime - token.age, 1))
        self.async_set_updated_data(token)

    @callback
    def _async_token_failed(self, err: DirectcallError) -> None:
        """Log the first failure in a row, and try again soon."""
        self._credentials_refused = isinstance(err, DirectcallAuthenticationError)
        if self._credentials_refused:
            self._async_refused()
        if not self.last_update_success:
            self.async_update_listeners()
            return
        _LOGGER.warning("Directcall gives no token (%s: %s); trying again", type(err).__name__, err)
        self.update_interval = _pause(_RETRIES[0])
        # What reschedules a coordinator also marks its data as good.
        self.async_set_updated_data(self.data)
        self.last_update_success = False

    @callback
    def _async_operation_refused(self) -> None:
        """Record that an operation was refused, though there was a token."""
        self._operation_refused = True
        self._async_refused()

    @callback
    def _async_refused(self) -> None:
        """Record a refusal. Ask for new credentials once it is confirmed."""
        now = time.monotonic()
        if self._refused_at is None:
            self._refused_at = now
        elif now - self._refused_at >= _REFUSAL_CONFIRMED and not self._is_shut_down:
            self.config_entry.async_start_reauth(self.hass)

    @callback
    def _async_accepted(self) -> None:
        """Record that the credentials are accepted. Ask for new ones no more."""
        self._refused_at = None
        if self._is_shut_down:
            # What is accepted here may be what was replaced since.
            return
        for flow in list(self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])


@callback
def _listen() -> None:
    """Listen to a coordinator."""


def _pause(seconds: int) -> timedelta:
    """Return the interval with which an update comes after so many seconds, and not before.

    A coordinator rounds the time of the next update down to a whole second.
    """
    return timedelta(seconds=seconds + 1)


def translated[ErrorT: HomeAssistantError](
    err: DirectcallError, error_type: type[ErrorT]
) -> ErrorT:
    """Return a wire error as one of Home Assistant's, with a text for people."""
    placeholders: dict[str, str] | None = None
    match err:
        case DirectcallAuthenticationError() | DirectcallTokenRejectedError():
            key = "authentication_failed"
        case DirectcallRefusedError(code=code, message=message):
            key = "no_credit" if isinstance(err, DirectcallNoCreditError) else "refused"
            placeholders = {"code": code, "message": message}
        case DirectcallConnectionError():
            key = "cannot_connect"
        case DirectcallHangUpUnknownError():
            key = "hang_up_unknown"
        case DirectcallCancellationUnknownError():
            key = "cancellation_unknown"
        case DirectcallLinkRefusedError():
            key = "recording_link_refused"
        case DirectcallRecordingGoneError():
            key = "recording_gone"
        case DirectcallSpoolError():
            key = "recording_too_large"
        case _:
            key = "outcome_unknown"
    return error_type(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
