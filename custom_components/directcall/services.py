"""Actions: look up, validate, delegate."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util.json import JsonObjectType

from .api import CallRequest, InvalidNumberError, NumberPair, PhoneNumber, mask
from .calls import async_get_calls
from .const import (
    CONF_ORIGIN,
    CONF_RECORD,
    CONF_RING_DESTINATION_FIRST,
    CONF_SHOW_CALLER_ID,
    DOMAIN,
)
from .coordinator import DirectcallConfigEntry

ATTR_DESTINATION: Final = "destination"
ATTR_TIMEOUT: Final = "timeout"
ATTR_WAIT_FOR_OUTCOME: Final = "wait_for_outcome"

SERVICE_END_CALL: Final = "end_call"
SERVICE_PLACE_CALL: Final = "place_call"

# Two telephones ring in turn.
DEFAULT_TIMEOUT: Final = timedelta(minutes=2)
LONGEST_TIMEOUT: Final = timedelta(minutes=10)

# Numbers that lost their quotes in YAML get an error of their own, which a string here would hide.
_NUMBER: Final = vol.Any(str, int, float)

END_CALL_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_DESTINATION): _NUMBER,
        vol.Optional(CONF_ORIGIN): _NUMBER,
    }
)
PLACE_CALL_SCHEMA: Final = END_CALL_SCHEMA.extend(
    {
        vol.Optional(CONF_RECORD): cv.boolean,
        vol.Optional(CONF_SHOW_CALLER_ID): cv.boolean,
        vol.Optional(CONF_RING_DESTINATION_FIRST): cv.boolean,
        vol.Optional(ATTR_WAIT_FOR_OUTCOME, default=False): cv.boolean,
        vol.Optional(ATTR_TIMEOUT, default=DEFAULT_TIMEOUT): cv.time_period,
    }
)


@callback
def _async_get_entry(call: ServiceCall) -> DirectcallConfigEntry:
    """Return the account that an action is for."""
    entry_id: str | None = call.data.get(ATTR_CONFIG_ENTRY_ID)
    if entry_id is None:
        accounts = call.hass.config_entries.async_entries(
            DOMAIN, include_ignore=False, include_disabled=False
        )
        if len(accounts) > 1:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="account_required"
            )
    entry: DirectcallConfigEntry = service.async_get_config_entry(call.hass, DOMAIN, entry_id)
    return entry


@callback
def _async_parse_number(hass: HomeAssistant, field: str, value: object) -> PhoneNumber:
    """Return the number in a field, read as people at home write it."""
    try:
        return PhoneNumber.parse(value, hass.config.country)
    except InvalidNumberError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=err.problem,
            translation_placeholders={"field": field, "number": mask(value)},
        ) from err


@callback
def _async_parse_pair(hass: HomeAssistant, preferences: Mapping[str, Any]) -> NumberPair:
    """Return the two telephones that an action, with an account's options, is about."""
    pair = NumberPair(
        origin=_async_parse_number(hass, CONF_ORIGIN, preferences[CONF_ORIGIN]),
        destination=_async_parse_number(hass, ATTR_DESTINATION, preferences[ATTR_DESTINATION]),
    )
    if pair.origin == pair.destination:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="same_number")
    return pair


async def _async_place_call(call: ServiceCall) -> ServiceResponse:
    """Place a call, and wait for its outcome if that is wished."""
    entry = _async_get_entry(call)
    preferences = {**entry.options, **call.data}
    waits: bool = preferences[ATTR_WAIT_FOR_OUTCOME]
    timeout: timedelta = preferences[ATTR_TIMEOUT]
    if waits and not timedelta(seconds=1) <= timeout <= LONGEST_TIMEOUT:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="invalid_timeout")
    request = CallRequest(
        pair=_async_parse_pair(call.hass, preferences),
        record=preferences[CONF_RECORD],
        show_caller_id=preferences[CONF_SHOW_CALLER_ID],
        ring_destination_first=preferences[CONF_RING_DESTINATION_FIRST],
    )
    placing = await async_get_calls(call.hass, entry.entry_id).async_place(
        entry.runtime_data, request
    )
    if waits:
        await placing.async_wait(timeout.total_seconds())
    placing.check()
    if not call.return_response:
        return None
    placed, answered_after = placing.placed, placing.call.answered_after
    response: JsonObjectType = {
        "call_id": placing.call.call_id,
        "code": placed.code if placed else "",
        "message": placed.message if placed else "",
        "origin": request.pair.origin.e164,
        "destination": request.pair.destination.e164,
        "recorded": request.record,
    }
    if waits:
        response["outcome"] = placing.call.outcome
        response["seconds_to_answer"] = None if answered_after is None else round(answered_after)
    return response


async def _async_end_call(call: ServiceCall) -> ServiceResponse:
    """Hang up."""
    entry = _async_get_entry(call)
    pair = _async_parse_pair(call.hass, {**entry.options, **call.data})
    ended = await async_get_calls(call.hass, entry.entry_id).async_hang_up(entry.runtime_data, pair)
    return {"code": ended.code, "message": ended.message} if call.return_response else None


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_END_CALL,
        _async_end_call,
        schema=END_CALL_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_PLACE_CALL,
        _async_place_call,
        schema=PLACE_CALL_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
