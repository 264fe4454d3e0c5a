"""Actions of calls: place and end them."""

from datetime import timedelta
from functools import partial
from typing import Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, callback

from ..account import DirectcallConfigEntry
from ..api import NumberPair
from ..calls import CallOrder, PlaceCallOptions
from ..const import CONF_ORIGIN, CONF_RECORD, CONF_RING_DESTINATION_FIRST, CONF_SHOW_CALLER_ID
from ..contacts import ATTR_CONTACT, ATTR_DESTINATION, AddressBook
from ..errors import translated_errors
from ..validation import ActionFields
from .recipients import async_get_destination
from .responses import Respond, call_response, reply_response

ATTR_TIMEOUT: Final = "timeout"
ATTR_WAIT_FOR_OUTCOME: Final = "wait_for_outcome"

# Two telephones ring in turn.
_DEFAULT_TIMEOUT: Final = timedelta(minutes=2)
_LONGEST_TIMEOUT: Final = timedelta(minutes=10)

END_CALL_FIELDS: Final = frozenset(
    {ATTR_CONFIG_ENTRY_ID, ATTR_CONTACT, ATTR_DESTINATION, CONF_ORIGIN}
)
PLACE_CALL_FIELDS: Final = END_CALL_FIELDS | {
    CONF_RECORD,
    CONF_SHOW_CALLER_ID,
    CONF_RING_DESTINATION_FIRST,
    ATTR_WAIT_FOR_OUTCOME,
    ATTR_TIMEOUT,
}


async def async_place_call(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> Respond:
    """Place a call, and wait for its outcome if the action says so."""
    options = PlaceCallOptions.from_service(fields, entry)
    waits = fields.get_boolean(ATTR_WAIT_FOR_OUTCOME, default=False)
    timeout = (
        fields.get_timeout(
            ATTR_TIMEOUT,
            default=_DEFAULT_TIMEOUT,
            longest=_LONGEST_TIMEOUT,
            translation_key="invalid_timeout",
        )
        if waits
        else None
    )
    pair, contact = _async_get_parties(hass, entry, fields)
    data = entry.runtime_data
    with translated_errors(contact):
        placed = await data.account.calls.async_place(
            data.client,
            CallOrder(options.request(pair), contact, fields.context),
            outcome_timeout=timeout.total_seconds() if timeout else None,
        )
    return partial(call_response, placed, with_outcome=waits)


async def async_end_call(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> Respond:
    """Hang up a call."""
    pair, contact = _async_get_parties(hass, entry, fields)
    data = entry.runtime_data
    with translated_errors(contact):
        reply = await data.account.calls.async_hang_up(data.client, pair)
    return partial(reply_response, reply)


@callback
def _async_get_parties(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> tuple[NumberPair, str | None]:
    book = AddressBook(hass, entry)
    destination = async_get_destination(fields, book)
    return book.get_pair(fields.get_item(CONF_ORIGIN), destination), destination.contact
