"""Whom an account knows: contacts, found by their device, their name or their number."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
import unicodedata

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr

from .api import InvalidNumberError, NumberPair, PhoneNumber, mask, mask_text
from .const import CONF_NUMBER, CONF_ORIGIN, DOMAIN, SUBENTRY_CONTACT

ATTR_CONTACT: Final = "contact"
ATTR_DESTINATION: Final = "destination"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A telephone that is called or written to."""

    number: PhoneNumber
    contact: str | None = None
    """The name of the contact whose number it is."""


def contact_identifier(entry_id: str, subentry_id: str) -> tuple[str, str]:
    """Return what identifies a contact's device."""
    return DOMAIN, f"{entry_id}_{subentry_id}"


def recipient_of(contact: ConfigSubentry) -> Recipient:
    """Return a contact's telephone. The title of the subentry is the contact's only name."""
    return Recipient(PhoneNumber.from_international(contact.data[CONF_NUMBER]), contact.title)


@callback
def async_get_account_of(hass: HomeAssistant, device_id: str) -> str | None:
    """Return the id of the account to which a contact's device belongs, if it does."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        if AddressBook(hass, entry).async_find_contact(device_id):
            return entry.entry_id
    return None


def fold(name: str) -> str:
    """Return a name as it is compared: without case, accents and needless blanks."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


class AddressBook:
    """The contacts of an account."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Read them."""
        self._hass = hass
        self._contacts = {
            contact_identifier(entry.entry_id, contact.subentry_id): recipient_of(contact)
            for contact in entry.get_subentries_of_type(SUBENTRY_CONTACT)
        }

    @callback
    def async_find_contact(self, device_id: str) -> Recipient | None:
        """Return the contact with a device, if it is one's."""
        device = dr.async_get(self._hass).async_get(device_id)
        for identifier in device.identifiers if device else ():
            if contact := self._contacts.get(identifier):
                return contact
        return None

    @callback
    def async_get_contact(self, device_id: str) -> Recipient:
        """Return the contact with a device. Raise ServiceValidationError if it is none's."""
        if contact := self.async_find_contact(device_id):
            return contact
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="contact_not_found")

    def get_recipient(self, field: str, value: object) -> Recipient:
        """Return whom the value of a field means: a contact's name or a number.

        A number is read as people at home write it. Raise ServiceValidationError if it is neither,
        or a name that several contacts have.
        """
        if isinstance(value, str) and (named := self._named(value)):
            if len(named) > 1:
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key="ambiguous_contact",
                    translation_placeholders={"field": field, "name": _shown(value)},
                )
            return named[0]
        try:
            number = PhoneNumber.parse(value, self._hass.config.country)
        except InvalidNumberError as err:
            if isinstance(value, str) and any(character.isalpha() for character in value):
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key="unknown_contact",
                    translation_placeholders={
                        "field": field,
                        "name": _shown(value),
                        "contacts": self._names or "-",
                    },
                ) from err
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key=err.problem,
                translation_placeholders={"field": field, "number": mask(value)},
            ) from err
        return self.with_name(number)

    def with_name(self, number: PhoneNumber) -> Recipient:
        """Return a number with the name of the contact whose it is, if it is one's."""
        return next(
            (contact for contact in self._contacts.values() if contact.number == number),
            Recipient(number),
        )

    def get_pair(self, origin: object, destination: Recipient) -> NumberPair:
        """Return the two telephones of a call. Raise ServiceValidationError if it is only one."""
        pair = NumberPair(self.get_recipient(CONF_ORIGIN, origin).number, destination.number)
        if pair.origin == pair.destination:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="same_number")
        return pair

    def get_recipients(
        self, device_ids: Iterable[str], destinations: Iterable[object]
    ) -> list[Recipient]:
        """Return all that are meant, each telephone once.

        Raise ServiceValidationError if one of them is nobody.
        """
        contacts = [self.async_get_contact(device_id) for device_id in device_ids]
        others = [self.get_recipient(ATTR_DESTINATION, value) for value in destinations]
        return list({each.number: each for each in (*contacts, *others)}.values())

    def _named(self, name: str) -> list[Recipient]:
        """Return the contacts with a name."""
        folded = fold(name)
        return [
            contact
            for contact in self._contacts.values()
            if contact.contact and fold(contact.contact) == folded
        ]

    @property
    def _names(self) -> str:
        """Return the names there are."""
        return ", ".join(
            sorted(
                _shown(contact.contact) for contact in self._contacts.values() if contact.contact
            )
        )


def _shown(name: str) -> str:
    """Return a name as an error may quote it: people also write numbers into names."""
    return mask_text(name, [])
