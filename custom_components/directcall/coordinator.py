"""The token's life, and the one place where wire errors become Home Assistant's."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
import logging
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util.hass_dict import HassKey

from .api import (
    AuthenticationError,
    CancellationUnknownError,
    ConnectionFailedError,
    DirectcallClient,
    DirectcallError,
    HangUpUnknownError,
    LinkRefusedError,
    NoCreditError,
    RecordingGoneError,
    RefusedError,
    RequestScope,
    SpoolError,
    Token,
    TokenRejectedError,
)
from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

RENEWAL_AT: Final = 0.9
RETRY_FIRST: Final = timedelta(seconds=15)
RETRY_LONGEST: Final = timedelta(minutes=5)
# The code that says so is only probably the one of refused credentials.
RETRY_REFUSED: Final = timedelta(minutes=15)

type DirectcallConfigEntry = ConfigEntry[DirectcallCoordinator]

# The token of an account that is set up anew, and the data with the credentials that it is for.
_DATA_KEPT: Final[HassKey[dict[str, tuple[Mapping[str, Any], Token]]]] = HassKey(f"{DOMAIN}_tokens")


class DirectcallCoordinator(DataUpdateCoordinator[Token | None]):
    """Holds an account's token and lends it to whatever talks to the provider."""

    config_entry: DirectcallConfigEntry
    update_interval: timedelta

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
            update_interval=RETRY_FIRST,
        )
        self.client: Final = client
        self._entry_data = dict(config_entry.data)
        self._renewal: asyncio.Task[Token | DirectcallError] | None = None
        self._credentials_refused = False
        self._operation_refused = False

    @property
    def may_ask_in_passing(self) -> bool:
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

    async def async_start(self) -> None:
        """Get the first token, unless one was kept, and see that it is renewed.

        Raise ConfigEntryAuthFailed where the credentials are refused. Anything else that fails is
        tried again later: a house that boots faster than its router has to be ready to call the
        moment the line is.
        """
        if token := self._async_take_kept():
            self._async_token_received(token)
        else:
            try:
                with suppress(ConnectionFailedError, RefusedError):
                    await self._async_renew()
            except AuthenticationError as err:
                raise translated(err, ConfigEntryAuthFailed) from err
        # A coordinator renews only while somebody listens, and every entity may be disabled.
        self.config_entry.async_on_unload(self.async_add_listener(_listen))

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
            except TokenRejectedError:
                result = await self._async_attempt(operation, scope)
        except DirectcallError as err:
            if isinstance(err, TokenRejectedError):
                self._operation_refused = True
            if isinstance(err, AuthenticationError | TokenRejectedError):
                self._async_start_reauth()
            raise translated(err, HomeAssistantError) from err
        if self._operation_refused:
            self._operation_refused = False
            self._async_end_reauth()
        return result

    async def _async_attempt[ResultT](
        self,
        operation: Callable[[Token], Awaitable[ResultT]],
        scope: RequestScope | None,
    ) -> ResultT:
        """Run one wire operation, and forget the token if it is rejected."""
        token = self.data
        if token is None or token.seconds_left <= 0:
            token = await self._async_renew(scope)
        try:
            return await operation(token)
        except AuthenticationError:
            self._operation_refused = True
            raise
        except TokenRejectedError:
            # Unless somebody else already got a new one.
            if self.data is token:
                self.data = None
                self.async_update_listeners()
            raise

    @override
    async def _async_update_data(self) -> Token:
        """Renew the token when it is time to."""
        was_failing = not self.last_update_success
        try:
            return await self._async_renew()
        except DirectcallError as err:
            if isinstance(err, AuthenticationError):
                self.update_interval = RETRY_REFUSED
            elif self.update_interval == RETRY_REFUSED:
                self.update_interval = RETRY_FIRST
            elif was_failing:
                self.update_interval = min(2 * self.update_interval, RETRY_LONGEST)
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
            raise ConnectionFailedError(error)
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
            failure = ConnectionFailedError(type(err).__name__)
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
        self._credentials_refused = False
        if not self._operation_refused:
            self._async_end_reauth()
        self.update_interval = timedelta(seconds=max(RENEWAL_AT * token.lifetime - token.age, 1))
        self.async_set_updated_data(token)

    @callback
    def _async_token_failed(self, err: DirectcallError) -> None:
        """Say once that there is no new token, and see that it is tried again."""
        refused = isinstance(err, AuthenticationError)
        if refused:
            self._credentials_refused = True
            self._async_start_reauth()
        if self.last_update_success:
            _LOGGER.warning(
                "Directcall gives no token (%s: %s); trying again",
                type(err).__name__,
                err,
            )
            self.last_update_success = False
            self.update_interval = RETRY_REFUSED if refused else RETRY_FIRST
            if self._listeners:
                self._schedule_refresh()
        self.async_update_listeners()

    @callback
    def _async_start_reauth(self) -> None:
        """Ask for new credentials, unless set-up does so itself."""
        if self.config_entry.state is ConfigEntryState.LOADED and not self._shutdown_requested:
            self.config_entry.async_start_reauth(self.hass)

    @callback
    def _async_end_reauth(self) -> None:
        """End a request for new credentials: the provider accepts those there are."""
        if self._shutdown_requested:
            # What is accepted here may be what was replaced since.
            return
        for flow in list(self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])


@callback
def _listen() -> None:
    """Listen to a coordinator."""


def translated[ErrorT: HomeAssistantError](
    err: DirectcallError, error_type: type[ErrorT]
) -> ErrorT:
    """Return a wire error as one of Home Assistant's, with a text for people."""
    placeholders: dict[str, str] | None = None
    match err:
        case AuthenticationError() | TokenRejectedError():
            key = "authentication_failed"
        case RefusedError(code=code, message=message):
            key = "no_credit" if isinstance(err, NoCreditError) else "refused"
            placeholders = {"code": code, "message": message}
        case ConnectionFailedError():
            key = "cannot_connect"
        case HangUpUnknownError():
            key = "hang_up_unknown"
        case CancellationUnknownError():
            key = "cancellation_unknown"
        case LinkRefusedError():
            key = "recording_link_refused"
        case RecordingGoneError():
            key = "recording_gone"
        case SpoolError():
            key = "recording_too_large"
        case _:
            key = "outcome_unknown"
    return error_type(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
