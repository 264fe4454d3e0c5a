"""Actions of recordings: list them."""

from functools import partial
from typing import Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant

from ..account import DirectcallConfigEntry
from ..api import RecordingQuery
from ..contacts import ATTR_CONTACT, ATTR_DESTINATION, AddressBook
from ..validation import ActionFields
from .recipients import async_find_destination
from .responses import Respond, recordings_response

ATTR_END: Final = "end"
ATTR_START: Final = "start"

LIST_RECORDINGS_FIELDS: Final = frozenset(
    {ATTR_CONFIG_ENTRY_ID, ATTR_START, ATTR_END, ATTR_CONTACT, ATTR_DESTINATION}
)


async def async_list_recordings(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> Respond:
    """List the recordings of a period."""
    start, end = fields.get_period(ATTR_START, ATTR_END)
    book = AddressBook(hass, entry)
    destination = async_find_destination(fields, book)
    query = RecordingQuery(start, end, destination.number if destination else None)
    listing = await entry.runtime_data.recordings.async_list(query)
    return partial(recordings_response, entry.entry_id, book, listing)
