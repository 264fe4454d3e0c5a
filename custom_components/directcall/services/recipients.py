"""Recipients of an action: its contacts and destinations, found in the address book."""

from homeassistant.core import callback
from homeassistant.exceptions import ServiceValidationError

from ..const import DOMAIN
from ..contacts import ATTR_CONTACT, ATTR_DESTINATION, AddressBook, Addressees, Recipient
from ..validation import ActionFields


@callback
def async_get_destination(fields: ActionFields, book: AddressBook) -> Recipient:
    """Return the destination of a call."""
    if destination := async_find_destination(fields, book):
        return destination
    raise _one_destination()


@callback
def async_find_destination(fields: ActionFields, book: AddressBook) -> Recipient | None:
    """Return the only recipient, or None. Raise ServiceValidationError if there are several."""
    contacts = fields.get_items(ATTR_CONTACT)
    destinations = fields.get_items(ATTR_DESTINATION, book.has_name)
    if len(contacts) + len(destinations) > 1:
        raise _one_destination()
    for contact in contacts:
        return book.async_get_contact(contact)
    for destination in destinations:
        return book.get_recipient(destination)
    return None


@callback
def async_get_addressees(fields: ActionFields, book: AddressBook) -> Addressees:
    """Return the recipients of a message. Raise ServiceValidationError if there are none."""
    addressees = book.async_get_addressees(
        fields.get_items(ATTR_CONTACT), fields.get_items(ATTR_DESTINATION, book.has_name)
    )
    if addressees.recipients:
        return addressees
    if addressees.errors:
        raise addressees.errors[0]
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_recipient")


def _one_destination() -> ServiceValidationError:
    return ServiceValidationError(translation_domain=DOMAIN, translation_key="one_destination")
