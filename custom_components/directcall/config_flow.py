"""Config flow: add an account, renew its credentials, change its options."""

from collections.abc import Mapping
import logging
import math
from typing import Any, Final, NamedTuple, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
    SubentryFlowContext,
)
from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET, CONF_URL
from homeassistant.core import callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util.ssl import get_default_context

from .alert_flow import FIRST_CONTACT, DirectcallAlertFlow
from .api import (
    DEFAULT_URL,
    DirectcallAuthenticationError,
    DirectcallClient,
    DirectcallConnectionFailedError,
    DirectcallInvalidNumberError,
    DirectcallInvalidUrlError,
    DirectcallRefusedError,
    PhoneNumber,
    Sessions,
    parse_url,
)
from .const import (
    CONF_ADVANCED,
    CONF_LOW_BALANCE,
    CONF_MEDIA_KEY,
    CONF_ORIGIN,
    CONF_RECORD,
    CONF_RING_DESTINATION_FIRST,
    CONF_SHOW_CALLER_ID,
    CONF_SPENDING_LIMIT,
    DEFAULT_SPENDING_LIMIT,
    DOMAIN,
    HIGHEST_SPENDING_LIMIT,
    SUBENTRY_ALERT,
    SUBENTRY_CONTACT,
)
from .contact_flow import DirectcallContactFlow
from .contacts import async_load_number_data
from .recordings import new_media_key

_LOGGER = logging.getLogger(__name__)

_CLIENT_ID: Final = TextSelector(TextSelectorConfig(autocomplete="username"))
_SECRET: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
_TELEPHONE: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.TEL, autocomplete="tel"))
# Without limits of their own: the errors of selectors are English.
_AMOUNT: Final = NumberSelector(NumberSelectorConfig(step=0.01, mode=NumberSelectorMode.BOX))
_COUNT: Final = NumberSelector(NumberSelectorConfig(step=1, mode=NumberSelectorMode.BOX))
_URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))

ACCOUNT_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_CLIENT_ID): _CLIENT_ID,
        vol.Required(CONF_CLIENT_SECRET): _SECRET,
        vol.Required(CONF_ORIGIN): _TELEPHONE,
    }
)
ADVANCED_SCHEMA: Final = vol.Schema({vol.Required(CONF_URL, default=DEFAULT_URL): _URL})
REAUTH_SCHEMA: Final = vol.Schema({vol.Required(CONF_CLIENT_SECRET): _SECRET})
RECONFIGURE_SCHEMA: Final = REAUTH_SCHEMA.extend({vol.Required(CONF_URL): _URL})
OPTIONS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_ORIGIN): _TELEPHONE,
        vol.Required(CONF_RECORD): BooleanSelector(),
        vol.Required(CONF_SHOW_CALLER_ID): BooleanSelector(),
        vol.Required(CONF_RING_DESTINATION_FIRST): BooleanSelector(),
        vol.Optional(CONF_LOW_BALANCE): _AMOUNT,
        vol.Optional(CONF_SPENDING_LIMIT): _COUNT,
    }
)
# A fraction is none of them: rounded down, it could become 0, which means no limit.
_SPENDING_LIMITS: Final = range(HIGHEST_SPENDING_LIMIT + 1)


class _Failure(NamedTuple):
    error: str
    placeholders: Mapping[str, str] = {}


async def _async_try_credentials(url: str, client_id: str, client_secret: str) -> _Failure | None:
    try:
        async with Sessions.open(get_default_context()) as sessions:
            client = DirectcallClient(sessions, parse_url(url), client_id, client_secret)
            await client.request_token()
    except DirectcallInvalidUrlError:
        return _Failure("invalid_url")
    except DirectcallAuthenticationError:
        return _Failure("invalid_auth")
    except DirectcallRefusedError as err:
        return _Failure("refused", {"code": err.code, "message": err.message})
    except DirectcallConnectionFailedError:
        return _Failure("cannot_connect")
    except Exception:
        _LOGGER.exception("Unexpected error while trying credentials")
        return _Failure("unknown")
    return None


class DirectcallConfigFlow(ConfigFlow, domain=DOMAIN):
    """Adds an account, and renews its credentials."""

    MINOR_VERSION = 3

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> DirectcallOptionsFlow:
        return DirectcallOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        return {SUBENTRY_CONTACT: DirectcallContactFlow, SUBENTRY_ALERT: DirectcallAlertFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        errors: dict[str, str] = {}
        failure: _Failure | None = None
        if user_input is not None:
            client_id = user_input[CONF_CLIENT_ID].strip()
            client_secret = user_input[CONF_CLIENT_SECRET].strip()
            await self.async_set_unique_id(client_id.casefold(), raise_on_progress=False)
            self._abort_if_unique_id_configured()
            await async_load_number_data(self.hass, user_input[CONF_ORIGIN])
            url = user_input[CONF_ADVANCED][CONF_URL]
            # With a wrong number, too, so that all errors are shown at once.
            failure = await _async_try_credentials(url, client_id, client_secret)
            try:
                origin = PhoneNumber.parse(user_input[CONF_ORIGIN], self.hass.config.country)
            except DirectcallInvalidNumberError as err:
                errors[CONF_ORIGIN] = err.problem
            else:
                if failure is None:
                    return self.async_create_entry(
                        title=client_id,
                        data={
                            CONF_CLIENT_ID: client_id,
                            CONF_CLIENT_SECRET: client_secret,
                            CONF_URL: str(parse_url(url)),
                            CONF_MEDIA_KEY: new_media_key(),
                        },
                        options={
                            CONF_ORIGIN: origin.international,
                            CONF_RECORD: False,
                            CONF_SHOW_CALLER_ID: True,
                            CONF_RING_DESTINATION_FIRST: False,
                        },
                    )
        if failure:
            errors["base"] = failure.error
        # The section is open if the address in it is wrong.
        collapsed = errors.get("base") != "invalid_url"
        schema = ACCOUNT_SCHEMA.extend(
            {vol.Required(CONF_ADVANCED): section(ADVANCED_SCHEMA, {"collapsed": collapsed})}
        )
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(
                schema, _without_wrong_secret(user_input, failure)
            ),
            errors=errors,
            description_placeholders=failure.placeholders if failure else {},
        )

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Offer the first contact, and then the first alert, right after the account."""
        first = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_ALERT),
            context=SubentryFlowContext(source=SOURCE_USER),
            data=FIRST_CONTACT,
        )
        result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, first["flow_id"])
        return result

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for a new secret after the provider refused the old one."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take a new secret."""
        entry = self._get_reauth_entry()
        failure: _Failure | None = None
        if user_input is not None:
            data = {
                **entry.data,
                CONF_CLIENT_SECRET: user_input[CONF_CLIENT_SECRET].strip(),
            }
            failure = await self._async_try_data(data)
            if failure is None:
                return self._async_update_and_reload(entry, data, "reauth_successful")
        return self._async_show_account_form(
            "reauth_confirm", REAUTH_SCHEMA, entry, user_input, failure
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take a new secret and a new address. The client ID stays, because it is the account."""
        entry = self._get_reconfigure_entry()
        failure: _Failure | None = None
        if user_input is not None:
            data = {
                **entry.data,
                CONF_CLIENT_SECRET: user_input[CONF_CLIENT_SECRET].strip(),
                CONF_URL: user_input[CONF_URL],
            }
            failure = await self._async_try_data(data)
            if failure is None:
                data[CONF_URL] = str(parse_url(user_input[CONF_URL]))
                return self._async_update_and_reload(entry, data, "reconfigure_successful")
        return self._async_show_account_form(
            "reconfigure",
            RECONFIGURE_SCHEMA,
            entry,
            user_input or {CONF_URL: entry.data[CONF_URL]},
            failure,
        )

    async def _async_try_data(self, data: Mapping[str, Any]) -> _Failure | None:
        return await _async_try_credentials(
            data[CONF_URL], data[CONF_CLIENT_ID], data[CONF_CLIENT_SECRET]
        )

    @callback
    def _async_show_account_form(
        self,
        step_id: str,
        schema: vol.Schema,
        entry: ConfigEntry,
        values: Mapping[str, Any] | None,
        failure: _Failure | None,
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                schema, _without_wrong_secret(values, failure)
            ),
            errors={"base": failure.error} if failure else {},
            description_placeholders={
                "client_id": entry.data[CONF_CLIENT_ID],
                **(failure.placeholders if failure else {}),
            },
        )

    @callback
    def _async_update_and_reload(
        self, entry: ConfigEntry, data: Mapping[str, Any], reason: str
    ) -> ConfigFlowResult:
        """Update an entry, reload it, and finish."""
        result = self.async_update_and_abort(entry, data=data, reason=reason)
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result


class DirectcallOptionsFlow(OptionsFlow):
    """Changes the options of an account."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the options."""
        errors: dict[str, str] = {}
        if user_input is not None:
            await async_load_number_data(self.hass, user_input[CONF_ORIGIN])
            if user_input.get(CONF_SPENDING_LIMIT, DEFAULT_SPENDING_LIMIT) not in _SPENDING_LIMITS:
                errors[CONF_SPENDING_LIMIT] = "spending_limit_out_of_range"
            if not 0 <= user_input.get(CONF_LOW_BALANCE, 0) < math.inf:
                errors[CONF_LOW_BALANCE] = "low_balance_out_of_range"
            try:
                origin = PhoneNumber.parse(user_input[CONF_ORIGIN], self.hass.config.country)
            except DirectcallInvalidNumberError as err:
                errors[CONF_ORIGIN] = err.problem
            else:
                if not errors:
                    options = {**user_input, CONF_ORIGIN: origin.international}
                    if CONF_SPENDING_LIMIT in options:
                        options[CONF_SPENDING_LIMIT] = int(options[CONF_SPENDING_LIMIT])
                    return self.async_create_entry(data=options)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                OPTIONS_SCHEMA,
                user_input
                or {CONF_SPENDING_LIMIT: DEFAULT_SPENDING_LIMIT, **self.config_entry.options},
            ),
            errors=errors,
        )


def _without_wrong_secret(
    values: Mapping[str, Any] | None, failure: _Failure | None
) -> dict[str, Any]:
    """Return what stays in a form: everything but a secret that was refused."""
    is_refused = failure is not None and failure.error == "invalid_auth"
    return {k: v for k, v in (values or {}).items() if not (is_refused and k == CONF_CLIENT_SECRET)}
