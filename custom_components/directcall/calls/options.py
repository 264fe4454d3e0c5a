"""Options of a call: of an action's fields, or else of the account."""

from dataclasses import dataclass
from typing import Self

from homeassistant.config_entries import ConfigEntry

from ..api import CallRequest, NumberPair
from ..const import CONF_RECORD, CONF_RING_DESTINATION_FIRST, CONF_SHOW_CALLER_ID
from ..validation import ActionFields


@dataclass(frozen=True, slots=True)
class PlaceCallOptions:
    """The options with which a call is placed."""

    record: bool
    show_caller_id: bool
    ring_destination_first: bool

    @classmethod
    def from_entry(cls, entry: ConfigEntry) -> Self:
        """Return the options of an account."""
        return cls(
            record=entry.options[CONF_RECORD],
            show_caller_id=entry.options[CONF_SHOW_CALLER_ID],
            ring_destination_first=entry.options[CONF_RING_DESTINATION_FIRST],
        )

    @classmethod
    def from_service(cls, fields: ActionFields, entry: ConfigEntry) -> Self:
        """Return the options of an action, or the account's for fields that are left out."""
        account = cls.from_entry(entry)
        return cls(
            record=fields.get_boolean(CONF_RECORD, default=account.record),
            show_caller_id=fields.get_boolean(CONF_SHOW_CALLER_ID, default=account.show_caller_id),
            ring_destination_first=fields.get_boolean(
                CONF_RING_DESTINATION_FIRST, default=account.ring_destination_first
            ),
        )

    def request(self, pair: NumberPair) -> CallRequest:
        """Return a request for a call between two telephones."""
        return CallRequest(pair, self.record, self.show_caller_id, self.ring_destination_first)
