"""Actions: look up, validate, delegate."""

from typing import Final

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
from homeassistant.util.ulid import ulid_now

from .api import CallRequest, InvalidNumberError, NumberPair, PhoneNumber, mask
from .const import (
    CONF_ORIGIN,
    CONF_RECORD,
    CONF_RING_DESTINATION_FIRST,
    CONF_SHOW_CALLER_ID,
    DOMAIN,
)
from .coordinator import DirectcallConfigEntry

ATTR_DESTINATION: Final = "destination"

SERVICE_PLACE_CALL: Final = "place_call"

# Numbers that lost their quotes in YAML get an error of their own, which a string here would hide.
_NUMBER: Final = vol.Any(str, int, float)

PLACE_CALL_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_DESTINATION): _NUMBER,
        vol.Optional(CONF_ORIGIN): _NUMBER,
        vol.Optional(CONF_RECORD): cv.boolean,
        vol.Optional(CONF_SHOW_CALLER_ID): cv.boolean,
        vol.Optional(CONF_RING_DESTINATION_FIRST): cv.boolean,
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


async def _async_place_call(call: ServiceCall) -> ServiceResponse:
    """Place a call."""
    entry = _async_get_entry(call)
    coordinator = entry.runtime_data
    preferences = {**entry.options, **call.data}
    origin = _async_parse_number(call.hass, CONF_ORIGIN, preferences[CONF_ORIGIN])
    destination = _async_parse_number(call.hass, ATTR_DESTINATION, call.data[ATTR_DESTINATION])
    if origin == destination:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="same_number")
    request = CallRequest(
        pair=NumberPair(origin, destination),
        record=preferences[CONF_RECORD],
        show_caller_id=preferences[CONF_SHOW_CALLER_ID],
        ring_destination_first=preferences[CONF_RING_DESTINATION_FIRST],
    )
    placed = await coordinator.async_execute(
        lambda token: coordinator.client.place_call(token, request)
    )
    if not call.return_response:
        return None
    return {
        "call_id": placed.call_id or ulid_now(),
        "code": placed.code,
        "message": placed.message,
        "origin": origin.e164,
        "destination": destination.e164,
        "recorded": request.record,
    }


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_PLACE_CALL,
        _async_place_call,
        schema=PLACE_CALL_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
