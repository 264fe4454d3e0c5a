"""Actions: look up, validate, delegate."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
import logging
from typing import Any, Final

from homeassistant.auth.permissions.const import CAT_ENTITIES, POLICY_CONTROL
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from ..account import DirectcallConfigEntry, DirectcallData
from ..api import Delivery, PhoneNumber, RecordingQuery, RequestScope, Sms, VoiceMessage
from ..audio import async_get_audio
from ..billing import DEADLINE
from ..calls import PreventedCall, request_call
from ..const import (
    CONF_ORIGIN,
    CONF_RECORD,
    CONF_RING_DESTINATION_FIRST,
    CONF_SHOW_CALLER_ID,
    DOMAIN,
)
from ..contacts import (
    ATTR_CONTACT,
    ATTR_DESTINATION,
    AddressBook,
    Addressees,
    Recipient,
    async_find_account_of,
    contact_not_found,
)
from ..errors import translated_errors
from ..messages import (
    async_check_outcomes,
    async_send_message,
    check_attempts,
    check_delivery,
    check_message_id,
    spoken_text,
    written_text,
)
from ..number_data import async_load_number_data
from ..recordings import check_period, media_content_id
from ..validation import ActionFields, read_duration

_LOGGER = logging.getLogger(__name__)

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
ATTR_TITLE: Final = "title"
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

_ACCOUNT: Final = frozenset({ATTR_CONFIG_ENTRY_ID})
_CALL_OPTIONS: Final = frozenset({CONF_RECORD, CONF_SHOW_CALLER_ID, CONF_RING_DESTINATION_FIRST})
END_CALL_FIELDS: Final = _ACCOUNT | {ATTR_CONTACT, ATTR_DESTINATION, CONF_ORIGIN}
PLACE_CALL_FIELDS: Final = END_CALL_FIELDS | _CALL_OPTIONS | {ATTR_WAIT_FOR_OUTCOME, ATTR_TIMEOUT}
SEND_SMS_FIELDS: Final = END_CALL_FIELDS | {
    ATTR_TITLE,
    ATTR_MESSAGE,
    ATTR_SEND_AT,
    ATTR_EARLIEST_HOUR,
    ATTR_LATEST_HOUR,
}
SEND_VOICE_MESSAGE_FIELDS: Final = SEND_SMS_FIELDS | {ATTR_MEDIA, ATTR_ATTEMPTS}
LIST_RECORDINGS_FIELDS: Final = _ACCOUNT | {ATTR_START, ATTR_END, ATTR_CONTACT, ATTR_DESTINATION}
MESSAGE_FIELDS: Final = _ACCOUNT | {ATTR_MESSAGE_ID}

type _Action = Callable[
    [ServiceCall, DirectcallConfigEntry, ActionFields], Coroutine[Any, Any, JsonObjectType]
]


@callback
def _async_get_entry(hass: HomeAssistant, fields: ActionFields) -> DirectcallConfigEntry:
    """Return the account that an action is for: the one it names, or its contact's, or the only."""
    contacts = fields.get_items(ATTR_CONTACT)
    entry_id = fields.get(ATTR_CONFIG_ENTRY_ID)
    if entry_id is None and contacts:
        entry_id = async_find_account_of(hass, contacts)
    accounts = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    if entry_id is None and len(accounts) > 1:
        if contacts:
            raise contact_not_found()
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="account_required")
    for account in accounts:
        is_meant = entry_id is None or entry_id == account.entry_id
        if is_meant and account.state is ConfigEntryState.LOADED:
            return account
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="account_not_loaded")


async def _async_authorize(call: ServiceCall, entry: DirectcallConfigEntry) -> None:
    """Raise Unauthorized if a user performs an action who may not control the account's entities.

    All of them: whoever may control one light only must not call anybody.
    """
    if not call.context.user_id:
        return
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context, config_entry_id=entry.entry_id)
    entities = er.async_entries_for_config_entry(er.async_get(call.hass), entry.entry_id)
    may_control = user.permissions.access_all_entities(POLICY_CONTROL) or (
        bool(entities)
        and all(user.permissions.check_entity(e.entity_id, POLICY_CONTROL) for e in entities)
    )
    if not may_control:
        raise Unauthorized(
            context=call.context,
            config_entry_id=entry.entry_id,
            perm_category=CAT_ENTITIES,
            permission=POLICY_CONTROL,
        )


@callback
def _async_get_destination(fields: ActionFields, book: AddressBook) -> Recipient | None:
    """Return the only telephone that is named, or None.

    Raise ServiceValidationError if there are several.
    """
    contacts = fields.get_items(ATTR_CONTACT)
    destinations = fields.get_items(ATTR_DESTINATION, book.has_name)
    if len(contacts) + len(destinations) > 1:
        raise _one_destination()
    for contact in contacts:
        return book.async_get_contact(contact)
    for destination in destinations:
        return book.get_recipient(ATTR_DESTINATION, destination)
    return None


@callback
def _async_require_destination(fields: ActionFields, book: AddressBook) -> Recipient:
    """Return the telephone that is to be called or hung up."""
    if destination := _async_get_destination(fields, book):
        return destination
    raise _one_destination()


def _one_destination() -> ServiceValidationError:
    """Return the error that a call needs one destination."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key="one_destination")


def _check_timeout(value: object) -> timedelta:
    """Return how long to wait for an outcome."""
    if value is None:
        return DEFAULT_TIMEOUT
    try:
        timeout = read_duration(value)
    except ValueError:
        timeout = timedelta()
    if not timedelta(seconds=1) <= timeout <= LONGEST_TIMEOUT:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="invalid_timeout")
    return timeout


async def _async_place_call(
    call: ServiceCall, entry: DirectcallConfigEntry, fields: ActionFields
) -> JsonObjectType:
    """Place a call, and wait for its outcome if the action says so."""
    preferences = {
        name: fields.get_boolean(name, default=entry.options[name]) for name in _CALL_OPTIONS
    }
    waits = fields.get_boolean(ATTR_WAIT_FOR_OUTCOME, default=False)
    timeout = _check_timeout(fields.get(ATTR_TIMEOUT)) if waits else None
    book = AddressBook(call.hass, entry)
    destination = _async_require_destination(fields, book)
    pair = book.get_pair(fields.get_single(CONF_ORIGIN), destination)
    request = request_call(pair, preferences)
    data = entry.runtime_data
    placed = await data.account.calls.async_place(
        data.client,
        request,
        destination.contact,
        outcome_timeout=timeout.total_seconds() if timeout else None,
    )
    response: JsonObjectType = {
        "call_id": placed.call.call_id,
        "code": placed.reply.code if placed.reply else "",
        "message": placed.reply.message if placed.reply else "",
        "origin": request.pair.origin.e164,
        "destination": request.pair.destination.e164,
        "contact": destination.contact,
        "recorded": request.record,
    }
    if timeout:
        answered_after = placed.call.answered_after
        response["outcome"] = placed.call.outcome
        response["seconds_to_answer"] = None if answered_after is None else round(answered_after)
    return response


async def _async_end_call(
    call: ServiceCall, entry: DirectcallConfigEntry, fields: ActionFields
) -> JsonObjectType:
    """Hang up."""
    book = AddressBook(call.hass, entry)
    destination = _async_require_destination(fields, book)
    pair = book.get_pair(fields.get_single(CONF_ORIGIN), destination)
    data = entry.runtime_data
    ended = await data.account.calls.async_hang_up(data.client, pair)
    if isinstance(ended, PreventedCall):
        return {"code": "", "message": ""}
    return {"code": ended.code, "message": ended.message}


@callback
def _async_get_addressees(fields: ActionFields, book: AddressBook) -> Addressees:
    """Return who gets a message. Raise ServiceValidationError if it reaches nobody."""
    addressees = book.async_get_addressees(
        fields.get_items(ATTR_CONTACT), fields.get_items(ATTR_DESTINATION, book.has_name)
    )
    if addressees.recipients:
        return addressees
    if addressees.errors:
        raise addressees.errors[0]
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_recipient")


@callback
def _async_get_message_frame(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> tuple[PhoneNumber, Addressees, Delivery]:
    """Return where a message comes from, who gets it, and when."""
    book = AddressBook(hass, entry)
    return (
        book.get_origin(fields.get_single(CONF_ORIGIN)),
        _async_get_addressees(fields, book),
        check_delivery(
            fields.get(ATTR_SEND_AT), fields.get(ATTR_EARLIEST_HOUR), fields.get(ATTR_LATEST_HOUR)
        ),
    )


async def _async_get_content(hass: HomeAssistant, fields: ActionFields) -> str | bytes:
    """Return the text that is spoken, or the audio that is played.

    Beside media, the text is what is spoken where the audio cannot be made.
    """
    message, title = fields.get_text(ATTR_MESSAGE), fields.get_text(ATTR_TITLE)
    media = fields.get(ATTR_MEDIA)
    if media is None:
        return spoken_text(message, title)
    content_id = media.get(ATTR_MEDIA_CONTENT_ID) if isinstance(media, Mapping) else media
    has_text = bool(message or title)
    try:
        return await async_get_audio(hass, content_id, waits_for_others=not has_text)
    except HomeAssistantError as err:
        if not has_text:
            raise
        _LOGGER.warning("The text is spoken instead of the audio: %s", err.translation_key)
        return spoken_text(message, title)


async def _async_send(
    hass: HomeAssistant, data: DirectcallData, addressees: Addressees, message: VoiceMessage | Sms
) -> JsonObjectType:
    """Send a message, and return what was accepted."""
    recipients = addressees.recipients
    outcomes = await async_send_message(data.account.requests, data.client, recipients, message)
    accepted = async_check_outcomes(hass, outcomes, addressees.errors)
    message_ids = [sent.provider_id for sent in accepted if sent.provider_id]
    return {
        "message_id": message_ids[0] if message_ids else None,
        "message_ids": list(message_ids),
        "code": accepted[0].code,
        "message": accepted[0].message,
        "recipients": [recipient.number.e164 for recipient in recipients],
    }


async def _async_send_voice_message(
    call: ServiceCall, entry: DirectcallConfigEntry, fields: ActionFields
) -> JsonObjectType:
    """Have a text spoken, or audio played."""
    # A reload may come while the audio is made.
    data = entry.runtime_data
    attempts = check_attempts(fields.get(ATTR_ATTEMPTS))
    # What is wrong is said before the audio is made. Afterwards contacts may be others.
    _async_get_message_frame(call.hass, entry, fields)
    content = await _async_get_content(call.hass, fields)
    origin, addressees, delivery = _async_get_message_frame(call.hass, entry, fields)
    message = VoiceMessage(origin, (), content, attempts, delivery)
    return await _async_send(call.hass, data, addressees, message)


async def _async_send_sms(
    call: ServiceCall, entry: DirectcallConfigEntry, fields: ActionFields
) -> JsonObjectType:
    """Have a text written."""
    origin, addressees, delivery = _async_get_message_frame(call.hass, entry, fields)
    text = written_text(fields.get_text(ATTR_MESSAGE), fields.get_text(ATTR_TITLE))
    sms = Sms(origin, (), text, delivery)
    response = await _async_send(call.hass, entry.runtime_data, addressees, sms)
    return {**response, "parts": sms.parts}


async def _async_get_message_status(
    call: ServiceCall, entry: DirectcallConfigEntry, fields: ActionFields
) -> JsonObjectType:
    """Say what the provider says of a message."""
    message_id = check_message_id(fields.get(ATTR_MESSAGE_ID))
    answer = await entry.runtime_data.client.message_status(message_id, RequestScope(DEADLINE))
    return {"code": answer.code, "message": answer.message}


async def _async_cancel_message(
    call: ServiceCall, entry: DirectcallConfigEntry, fields: ActionFields
) -> JsonObjectType:
    """Cancel a message that is scheduled."""
    message_id = check_message_id(fields.get(ATTR_MESSAGE_ID))
    answer = await entry.runtime_data.client.cancel_message(message_id, RequestScope(DEADLINE))
    return {"code": answer.code, "message": answer.message}


async def _async_list_recordings(
    call: ServiceCall, entry: DirectcallConfigEntry, fields: ActionFields
) -> JsonObjectType:
    """List the recordings of some time."""
    start, end = check_period(fields.get(ATTR_START), fields.get(ATTR_END))
    book = AddressBook(call.hass, entry)
    destination = _async_get_destination(fields, book)
    listing = await entry.runtime_data.recordings.async_list(
        RecordingQuery(start, end, destination.number if destination else None)
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
    _async_register(hass, SERVICE_CANCEL_MESSAGE, _async_cancel_message, MESSAGE_FIELDS)
    _async_register(hass, SERVICE_END_CALL, _async_end_call, END_CALL_FIELDS)
    _async_register(
        hass,
        SERVICE_GET_MESSAGE_STATUS,
        _async_get_message_status,
        MESSAGE_FIELDS,
        SupportsResponse.ONLY,
    )
    _async_register(
        hass,
        SERVICE_LIST_RECORDINGS,
        _async_list_recordings,
        LIST_RECORDINGS_FIELDS,
        SupportsResponse.ONLY,
    )
    _async_register(hass, SERVICE_PLACE_CALL, _async_place_call, PLACE_CALL_FIELDS)
    _async_register(hass, SERVICE_SEND_SMS, _async_send_sms, SEND_SMS_FIELDS)
    _async_register(
        hass, SERVICE_SEND_VOICE_MESSAGE, _async_send_voice_message, SEND_VOICE_MESSAGE_FIELDS
    )


@callback
def _async_register(
    hass: HomeAssistant,
    name: str,
    action: _Action,
    names: frozenset[str],
    supports_response: SupportsResponse = SupportsResponse.OPTIONAL,
) -> None:
    """Register an action and the names of its fields, whether or not an account is loaded."""

    async def perform(call: ServiceCall) -> ServiceResponse:
        fields = ActionFields(call, names)
        entry = _async_get_entry(hass, fields)
        await _async_authorize(call, entry)
        await async_load_number_data(
            hass, *fields.get_items(CONF_ORIGIN), *fields.get_items(ATTR_DESTINATION)
        )
        with translated_errors():
            response = await action(call, entry, fields)
        return response if call.return_response else None

    hass.services.async_register(DOMAIN, name, perform, supports_response=supports_response)
