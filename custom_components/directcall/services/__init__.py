"""Actions: registered once, whether or not an account is loaded."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)

from ..account import DirectcallConfigEntry
from ..const import CONF_ORIGIN, DOMAIN
from ..contacts import ATTR_DESTINATION, async_load_number_data
from ..errors import translated_errors
from ..validation import ActionFields
from .account import async_authorize, async_get_entry
from .alerts import (
    ACKNOWLEDGE_ALERT_FIELDS,
    CANCEL_ALERT_FIELDS,
    RAISE_ALERT_FIELDS,
    async_acknowledge_alert,
    async_cancel_alert,
    async_raise_alert,
)
from .calls import END_CALL_FIELDS, PLACE_CALL_FIELDS, async_end_call, async_place_call
from .messages import (
    MESSAGE_FIELDS,
    SEND_SMS_FIELDS,
    SEND_VOICE_MESSAGE_FIELDS,
    async_cancel_message,
    async_get_message_status,
    async_send_sms,
    async_send_voice_message,
)
from .recordings import LIST_RECORDINGS_FIELDS, async_list_recordings
from .responses import Respond

__all__ = [
    "ACKNOWLEDGE_ALERT_FIELDS",
    "CANCEL_ALERT_FIELDS",
    "END_CALL_FIELDS",
    "LIST_RECORDINGS_FIELDS",
    "MESSAGE_FIELDS",
    "PLACE_CALL_FIELDS",
    "RAISE_ALERT_FIELDS",
    "SEND_SMS_FIELDS",
    "SEND_VOICE_MESSAGE_FIELDS",
    "async_setup_services",
]

SERVICE_ACKNOWLEDGE_ALERT: Final = "acknowledge_alert"
SERVICE_CANCEL_ALERT: Final = "cancel_alert"
SERVICE_CANCEL_MESSAGE: Final = "cancel_message"
SERVICE_END_CALL: Final = "end_call"
SERVICE_GET_MESSAGE_STATUS: Final = "get_message_status"
SERVICE_LIST_RECORDINGS: Final = "list_recordings"
SERVICE_PLACE_CALL: Final = "place_call"
SERVICE_RAISE_ALERT: Final = "raise_alert"
SERVICE_SEND_SMS: Final = "send_sms"
SERVICE_SEND_VOICE_MESSAGE: Final = "send_voice_message"

type _Action = Callable[
    [HomeAssistant, DirectcallConfigEntry, ActionFields], Coroutine[Any, Any, Respond]
]


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    _async_register(
        hass, SERVICE_ACKNOWLEDGE_ALERT, async_acknowledge_alert, ACKNOWLEDGE_ALERT_FIELDS
    )
    _async_register(hass, SERVICE_CANCEL_ALERT, async_cancel_alert, CANCEL_ALERT_FIELDS)
    _async_register(hass, SERVICE_CANCEL_MESSAGE, async_cancel_message, MESSAGE_FIELDS)
    _async_register(hass, SERVICE_END_CALL, async_end_call, END_CALL_FIELDS)
    _async_register(
        hass,
        SERVICE_GET_MESSAGE_STATUS,
        async_get_message_status,
        MESSAGE_FIELDS,
        SupportsResponse.ONLY,
    )
    _async_register(
        hass,
        SERVICE_LIST_RECORDINGS,
        async_list_recordings,
        LIST_RECORDINGS_FIELDS,
        SupportsResponse.ONLY,
    )
    _async_register(hass, SERVICE_PLACE_CALL, async_place_call, PLACE_CALL_FIELDS)
    _async_register(hass, SERVICE_RAISE_ALERT, async_raise_alert, RAISE_ALERT_FIELDS)
    _async_register(hass, SERVICE_SEND_SMS, async_send_sms, SEND_SMS_FIELDS)
    _async_register(
        hass, SERVICE_SEND_VOICE_MESSAGE, async_send_voice_message, SEND_VOICE_MESSAGE_FIELDS
    )


@callback
def _async_register(
    hass: HomeAssistant,
    name: str,
    action: _Action,
    names: frozenset[str],
    supports_response: SupportsResponse = SupportsResponse.OPTIONAL,
) -> None:
    async def perform(call: ServiceCall) -> ServiceResponse:
        fields = ActionFields(call, names)
        entry = async_get_entry(hass, fields)
        await async_authorize(call, entry)
        await async_load_number_data(hass, fields.get(CONF_ORIGIN), fields.get(ATTR_DESTINATION))
        with translated_errors():
            respond = await action(hass, entry, fields)
        return respond() if call.return_response else None

    hass.services.async_register(DOMAIN, name, perform, supports_response=supports_response)
