"""Actions: look up, validate, delegate."""

from collections.abc import Callable, Coroutine
from datetime import date, timedelta
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
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from .api import (
    DEFAULT_ATTEMPTS,
    Delivery,
    PhoneNumber,
    RecordingQuery,
    RequestScope,
    Sms,
    VoiceMessage,
)
from .audio import async_get_audio
from .billing import DEADLINE
from .calls import async_get_calls, request_call
from .const import (
    CONF_ORIGIN,
    CONF_RECORD,
    CONF_RING_DESTINATION_FIRST,
    CONF_SHOW_CALLER_ID,
    DOMAIN,
)
from .contacts import ATTR_CONTACT, ATTR_DESTINATION, AddressBook, Recipient, async_get_account_of
from .coordinator import DirectcallConfigEntry
from .messages import (
    async_send,
    check_attempts,
    check_delivery,
    check_message_id,
    check_recipients,
    check_text,
)
from .number_data import async_load_number_data
from .recordings import async_get_recordings, check_period, media_content_id

ATTR_ATTEMPTS: Final = "attempts"
ATTR_EARLIEST_HOUR: Final = "earliest_hour"
ATTR_END: Final = "end"
ATTR_LATEST_HOUR: Final = "latest_hour"
ATTR_MEDIA: Final = "media"
ATTR_MEDIA_CONTENT_ID: Final = "media_content_id"
ATTR_MESSAGE: Final = "message"
ATTR_MESSAGE_ID: Final = "message_id"
ATTR_SEND_AT: Final = "send_at"
ATTR_START: Final = "start"
ATTR_TIMEOUT: Final = "timeout"
ATTR_WAIT_FOR_OUTCOME: Final = "wait_for_outcome"

SERVICE_CANCEL_MESSAGE: Final = "cancel_message"
SERVICE_END_CALL: Final = "end_call"
SERVICE_GET_MESSAGE_STATUS: Final = "get_message_status"
SERVICE_LIST_RECORDINGS: Final = "list_recordings"
SERVICE_PLACE_CALL: Final = "place_call"
SERVICE_SEND_SMS: Final = "send_sms"
SERVICE_SEND_VOICE_MESSAGE: Final = "send_voice_message"

# Two telephones ring in turn.
DEFAULT_TIMEOUT: Final = timedelta(minutes=2)
LONGEST_TIMEOUT: Final = timedelta(minutes=10)

# Numbers that lost their quotes in YAML get an error of their own, which a string here would hide.
# Where a template comes to nothing, what a schema says would end an automation in spite of its
# `continue_on_error`, and in English.
_NUMBER: Final = vol.Any(None, str, int, float)
_DEVICE: Final = vol.Any(None, str)
_TIME: Final = vol.Any(None, str, date)
_ACCOUNT: Final = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}

END_CALL_SCHEMA: Final = vol.Schema(
    {
        **_ACCOUNT,
        vol.Optional(ATTR_CONTACT): _DEVICE,
        vol.Optional(ATTR_DESTINATION): _NUMBER,
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
SEND_SMS_SCHEMA: Final = vol.Schema(
    {
        **_ACCOUNT,
        vol.Optional(ATTR_CONTACT, default=list): vol.All(cv.ensure_list, [_DEVICE]),
        vol.Optional(ATTR_DESTINATION, default=list): vol.All(cv.ensure_list, [_NUMBER]),
        vol.Optional(ATTR_MESSAGE, default=None): vol.Any(None, cv.string),
        vol.Optional(CONF_ORIGIN): _NUMBER,
        vol.Optional(ATTR_SEND_AT): _TIME,
        vol.Optional(ATTR_EARLIEST_HOUR): _NUMBER,
        vol.Optional(ATTR_LATEST_HOUR): _NUMBER,
    }
)
SEND_VOICE_MESSAGE_SCHEMA: Final = SEND_SMS_SCHEMA.extend(
    {
        vol.Optional(ATTR_MEDIA): vol.Schema(
            {vol.Required(ATTR_MEDIA_CONTENT_ID): cv.string}, extra=vol.ALLOW_EXTRA
        ),
        vol.Optional(ATTR_ATTEMPTS, default=DEFAULT_ATTEMPTS): _NUMBER,
    }
)
LIST_RECORDINGS_SCHEMA: Final = vol.Schema(
    {
        **_ACCOUNT,
        vol.Optional(ATTR_START): _TIME,
        vol.Optional(ATTR_END): _TIME,
        vol.Optional(ATTR_CONTACT): _DEVICE,
        vol.Optional(ATTR_DESTINATION): _NUMBER,
    }
)
MESSAGE_SCHEMA: Final = vol.Schema({**_ACCOUNT, vol.Required(ATTR_MESSAGE_ID): _NUMBER})


@callback
def _async_get_entry(call: ServiceCall) -> DirectcallConfigEntry:
    """Return the account that an action is for: the one it names, or its contact's, or the only."""
    entry_id: str | None = call.data.get(ATTR_CONFIG_ENTRY_ID)
    if entry_id is None and (contacts := cv.ensure_list(call.data.get(ATTR_CONTACT))):
        entry_id = async_get_account_of(call.hass, contacts[0])
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
def _async_get_destination(call: ServiceCall, book: AddressBook) -> Recipient:
    """Return the one telephone that is to be called."""
    if (ATTR_CONTACT in call.data) == (ATTR_DESTINATION in call.data):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="one_destination")
    if ATTR_CONTACT in call.data:
        return book.async_get_contact(call.data[ATTR_CONTACT])
    return book.get_recipient(ATTR_DESTINATION, call.data[ATTR_DESTINATION])


async def _async_place_call(call: ServiceCall) -> ServiceResponse:
    """Place a call, and wait for its outcome if that is wished."""
    entry = _async_get_entry(call)
    preferences = {**entry.options, **call.data}
    waits: bool = preferences[ATTR_WAIT_FOR_OUTCOME]
    timeout: timedelta = preferences[ATTR_TIMEOUT]
    if waits and not timedelta(seconds=1) <= timeout <= LONGEST_TIMEOUT:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="invalid_timeout")
    book = AddressBook(call.hass, entry)
    destination = _async_get_destination(call, book)
    pair = book.get_pair(call.data.get(CONF_ORIGIN), destination)
    request = request_call(pair, preferences)
    placing = await async_get_calls(call.hass, entry.entry_id).async_place(
        entry.runtime_data, request, destination.contact
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
        "contact": destination.contact,
        "recorded": request.record,
    }
    if waits:
        response["outcome"] = placing.call.outcome
        response["seconds_to_answer"] = None if answered_after is None else round(answered_after)
    return response


async def _async_end_call(call: ServiceCall) -> ServiceResponse:
    """Hang up."""
    entry = _async_get_entry(call)
    book = AddressBook(call.hass, entry)
    pair = book.get_pair(call.data.get(CONF_ORIGIN), _async_get_destination(call, book))
    ended = await async_get_calls(call.hass, entry.entry_id).async_hang_up(entry.runtime_data, pair)
    return {"code": ended.code, "message": ended.message} if call.return_response else None


@callback
def _async_get_numbers(
    call: ServiceCall, entry: DirectcallConfigEntry
) -> tuple[PhoneNumber, tuple[PhoneNumber, ...]]:
    """Return the origin and the recipients of a message."""
    book = AddressBook(call.hass, entry)
    recipients = book.get_recipients(call.data[ATTR_CONTACT], call.data[ATTR_DESTINATION])
    return book.get_origin(call.data.get(CONF_ORIGIN)), check_recipients(recipients)


@callback
def _async_get_delivery(call: ServiceCall) -> Delivery:
    """Return when a message is delivered."""
    return check_delivery(
        call.data.get(ATTR_SEND_AT),
        call.data.get(ATTR_EARLIEST_HOUR),
        call.data.get(ATTR_LATEST_HOUR),
    )


async def _async_send_voice_message(call: ServiceCall) -> ServiceResponse:
    """Have a text spoken, or audio played."""
    entry = _async_get_entry(call)
    # A reload may come while the audio is made.
    coordinator = entry.runtime_data
    attempts = check_attempts(call.data[ATTR_ATTEMPTS])
    text: str | None = call.data[ATTR_MESSAGE]
    content: str | bytes
    if media := call.data.get(ATTR_MEDIA):
        if text and text.strip():
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="message_and_media"
            )
        # What is wrong with them is said at once; afterwards they may be others.
        _async_get_numbers(call, entry)
        _async_get_delivery(call)
        content = await async_get_audio(call.hass, media[ATTR_MEDIA_CONTENT_ID])
    else:
        content = check_text(text)
    origin, recipients = _async_get_numbers(call, entry)
    message = VoiceMessage(origin, recipients, content, attempts, _async_get_delivery(call))
    sent = await async_send(call.hass, coordinator, message)
    if not call.return_response:
        return None
    return {"message_id": sent.message_id, "code": sent.code, "message": sent.message}


async def _async_send_sms(call: ServiceCall) -> ServiceResponse:
    """Have a text written."""
    entry = _async_get_entry(call)
    origin, recipients = _async_get_numbers(call, entry)
    sms = Sms(origin, recipients, check_text(call.data[ATTR_MESSAGE]), _async_get_delivery(call))
    sent = await async_send(call.hass, entry.runtime_data, sms)
    if not call.return_response:
        return None
    return {
        "message_id": sent.message_id,
        "code": sent.code,
        "message": sent.message,
        "parts": sms.parts,
    }


async def _async_get_message_status(call: ServiceCall) -> ServiceResponse:
    """Say what the provider says of a message."""
    coordinator = _async_get_entry(call).runtime_data
    message_id = check_message_id(call.data[ATTR_MESSAGE_ID])
    answer = await coordinator.async_execute(
        lambda token: coordinator.client.message_status(token, message_id)
    )
    return {"code": answer.code, "message": answer.message}


async def _async_cancel_message(call: ServiceCall) -> ServiceResponse:
    """Cancel a message that is scheduled."""
    coordinator = _async_get_entry(call).runtime_data
    message_id = check_message_id(call.data[ATTR_MESSAGE_ID])
    scope = RequestScope(DEADLINE)
    answer = await coordinator.async_execute(
        lambda token: coordinator.client.cancel_message(token, message_id, scope), scope
    )
    if not call.return_response:
        return None
    return {"code": answer.code, "message": answer.message}


async def _async_list_recordings(call: ServiceCall) -> ServiceResponse:
    """List the recordings of some time."""
    entry = _async_get_entry(call)
    start, end = check_period(call.data.get(ATTR_START), call.data.get(ATTR_END))
    book = AddressBook(call.hass, entry)
    destination = None
    if ATTR_CONTACT in call.data or ATTR_DESTINATION in call.data:
        destination = _async_get_destination(call, book).number
    listing = await async_get_recordings(call.hass, entry).async_list(
        RecordingQuery(start, end, destination)
    )
    return {
        "recordings": [
            {
                "time": dt_util.as_local(recording.started).isoformat(),
                "origin": recording.origin.e164,
                "destination": recording.destination.e164,
                "contact": book.guess_number(recording.destination).contact,
                "media_content_id": media_content_id(entry.entry_id, recording_id),
            }
            for recording_id, recording in listing.recordings.items()
        ],
        "complete": listing.is_complete,
    }


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    _async_register(hass, SERVICE_CANCEL_MESSAGE, _async_cancel_message, MESSAGE_SCHEMA)
    _async_register(hass, SERVICE_END_CALL, _async_end_call, END_CALL_SCHEMA)
    _async_register(
        hass,
        SERVICE_GET_MESSAGE_STATUS,
        _async_get_message_status,
        MESSAGE_SCHEMA,
        SupportsResponse.ONLY,
    )
    _async_register(
        hass,
        SERVICE_LIST_RECORDINGS,
        _async_list_recordings,
        LIST_RECORDINGS_SCHEMA,
        SupportsResponse.ONLY,
    )
    _async_register(hass, SERVICE_PLACE_CALL, _async_place_call, PLACE_CALL_SCHEMA)
    _async_register(hass, SERVICE_SEND_SMS, _async_send_sms, SEND_SMS_SCHEMA)
    _async_register(
        hass, SERVICE_SEND_VOICE_MESSAGE, _async_send_voice_message, SEND_VOICE_MESSAGE_SCHEMA
    )


@callback
def _async_register(
    hass: HomeAssistant,
    name: str,
    action: Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]],
    schema: vol.Schema,
    response: SupportsResponse = SupportsResponse.OPTIONAL,
) -> None:
    """Register an action, which is there whether or not an account is loaded."""

    async def async_perform(call: ServiceCall) -> ServiceResponse:
        """Load what reading its numbers needs, then perform the action."""
        await async_load_number_data(
            hass, call.data.get(CONF_ORIGIN), call.data.get(ATTR_DESTINATION)
        )
        return await action(call)

    hass.services.async_register(
        DOMAIN, name, async_perform, schema=schema, supports_response=response
    )
