"""Address book: contacts of an account, found by their device, name or number."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final
import unicodedata

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr

from .api import (
    DirectcallInvalidNumberError,
    NumberPair,
    NumberProblem,
    PhoneNumber,
    redact_number,
    redact_text,
)
from .const import CONF_NUMBER, CONF_ORIGIN, DOMAIN, SUBENTRY_CONTACT

ATTR_CONTACT: Final = "contact"
ATTR_DESTINATION: Final = "destination"

LONGEST_NAME: Final = 60
# Digits, of a Brazilian number without its area code.
_SHORTEST_NUMBER: Final = 8
# They hold emoji such as families together, and some scripts need them.
_JOINERS: Final = {"\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"}


@dataclass(frozen=True, slots=True)
class Recipient:
    """A telephone that is called or written to."""

    number: PhoneNumber
    contact: str | None = None
    """The name of the contact whose number it is."""


@dataclass(frozen=True, slots=True)
class Addressees:
    """The recipients of a message, and why others cannot be reached."""

    recipients: tuple[Recipient, ...]
    errors: tuple[ServiceValidationError, ...]


def contact_identifier(entry_id: str, subentry_id: str) -> tuple[str, str]:
    """Return what identifies a contact's device."""
    return DOMAIN, f"{entry_id}_{subentry_id}"


def recipient_of(contact: ConfigSubentry) -> Recipient:
    """Return a contact's telephone. The title of the subentry is the contact's only name.

    Home Assistant's own *Rename* takes any title.
    """
    return Recipient(
        PhoneNumber.from_international(contact.data[CONF_NUMBER]), clean_name(contact.title)
    )


@callback
def async_find_account_of(hass: HomeAssistant, device_ids: Iterable[object]) -> str | None:
    """Return the id of the account to which the first of these devices belongs that is a contact's.

    Return None if there is no such device.
    """
    books = {
        entry.entry_id: AddressBook(hass, entry)
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    }
    for device_id in device_ids:
        for entry_id, book in books.items():
            if book.async_find_contact(device_id):
                return entry_id
    return None


def is_printable(character: str) -> bool:
    """Return if a character may stand in a name: no control character, no mark of direction."""
    return (
        character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs"
    )


def clean_name(name: str) -> str:
    """Return a name as one line of printable characters, no longer than a name may be."""
    characters = (c if is_printable(c) else " " if c.isspace() else "" for c in name)
    return " ".join("".join(characters).split())[:LONGEST_NAME].rstrip()


def normalize_name(name: str) -> str:
    """Return a name as it is compared: without case, accents, and blanks that nobody sees."""
    decomposed = unicodedata.normalize("NFKD", clean_name(name).casefold())
    plain = (c for c in decomposed if unicodedata.category(c) not in {"Cf", "Mn"})
    return " ".join("".join(plain).split())


def has_number(name: str) -> bool:
    """Return if there are as many digits in a name as in a telephone number."""
    return sum(character.isdecimal() for character in name) >= _SHORTEST_NUMBER


def redact_name(name: str) -> str:
    """Return a name as others may see it: people also write numbers into names."""
    return redact_number(name) if has_number(name) else redact_text(name, [])


def contact_not_found() -> ServiceValidationError:
    """Return the error that a device does not belong to a contact."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key="contact_not_found")


class AddressBook:
    """The contacts of an account."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Read them."""
        self._hass = hass
        self._origin = entry.options[CONF_ORIGIN]
        self._contacts = {
            contact_identifier(entry.entry_id, contact.subentry_id): recipient_of(contact)
            for contact in entry.get_subentries_of_type(SUBENTRY_CONTACT)
        }

    @cached_property
    def _by_number(self) -> dict[PhoneNumber, Recipient]:
        """Return the contacts by their numbers. Where several have one, the first counts."""
        return {contact.number: contact for contact in reversed(self._contacts.values())}

    @cached_property
    def _by_name(self) -> dict[str, list[Recipient]]:
        """Return the contacts by their names as they are compared."""
        contacts = defaultdict(list)
        for contact in self._contacts.values():
            contacts[normalize_name(contact.contact or "")].append(contact)
        contacts.pop("", None)
        return contacts

    @cached_property
    def _by_line(self) -> dict[str, list[Recipient]]:
        """Return the contacts by the digits that all numbers of one telephone end with."""
        contacts = defaultdict(list)
        for contact in self._contacts.values():
            contacts[contact.number.line_key].append(contact)
        return contacts

    @callback
    def async_find_contact(self, device_id: object) -> Recipient | None:
        """Return the contact with a device, or None."""
        device = (
            dr.async_get(self._hass).async_get(device_id) if isinstance(device_id, str) else None
        )
        for identifier in device.identifiers if device else ():
            if contact := self._contacts.get(identifier):
                return contact
        return None

    @callback
    def async_get_contact(self, device_id: object) -> Recipient:
        """Return the contact with a device. Raise ServiceValidationError if there is none."""
        if contact := self.async_find_contact(device_id):
            return contact
        raise contact_not_found()

    def get_recipient(self, field: str, value: object) -> Recipient:
        """Return whom the value of a field means: a contact's name or a number.

        A number is read as people at home write it, and always means itself, whatever somebody is
        called. Raise ServiceValidationError if it is neither, or a name that several contacts have.
        """
        try:
            number = PhoneNumber.parse(value, self._hass.config.country)
        except DirectcallInvalidNumberError as err:
            return self._get_named(field, value, err)
        return self.find_number(number)

    def find_number(self, number: PhoneNumber) -> Recipient:
        """Return the contact with this number, or a recipient without a contact."""
        return self._by_number.get(number) or Recipient(number)

    def guess_number(self, number: PhoneNumber) -> Recipient:
        """Return the contact whose number this probably is, or a recipient without a contact.

        The provider may write it in another way: see `PhoneNumber.may_be`.
        """
        found = self.find_number(number)
        if found.contact:
            return found
        same_line = self._by_line.get(number.line_key, [])
        return next((contact for contact in same_line if contact.number.could_match(number)), found)

    def _get_named(self, field: str, value: object, err: DirectcallInvalidNumberError) -> Recipient:
        """Return the contact with a name that is no number."""
        named = self._by_name.get(normalize_name(value), []) if isinstance(value, str) else []
        if len(named) == 1:
            return named[0]
        is_name = err.problem is NumberProblem.INVALID
        if not isinstance(value, str) or not (is_name and any(c.isalpha() for c in value)):
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key=err.problem,
                translation_placeholders={"number": redact_number(value)},
            ) from err
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="ambiguous_contact" if named else "unknown_contact",
            translation_placeholders={
                "field": field,
                "name": redact_name(value),
                "contacts": self._names or "-",
            },
        ) from err

    def get_origin(self, value: object) -> PhoneNumber:
        """Return the number that the value of a field means; without one, the account's own."""
        if value is None:
            return PhoneNumber.from_international(self._origin)
        return self.get_recipient(CONF_ORIGIN, value).number

    def get_pair(self, origin: object, destination: Recipient) -> NumberPair:
        """Return the two telephones of a call. Raise ServiceValidationError if it is only one."""
        pair = NumberPair(self.get_origin(origin), destination.number)
        if pair.origin.could_match(pair.destination):
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="same_number")
        return pair

    @callback
    def async_get_addressees(
        self, device_ids: Iterable[object], destinations: Iterable[object]
    ) -> Addressees:
        """Return all who can be reached, each telephone once, and why others cannot."""
        found: dict[PhoneNumber, Recipient] = {}
        by_line: dict[str, list[PhoneNumber]] = defaultdict(list)
        errors: list[ServiceValidationError] = []
        for read, values in (
            (self.async_get_contact, device_ids),
            (partial(self.get_recipient, ATTR_DESTINATION), destinations),
        ):
            for value in values:
                try:
                    recipient = read(value)
                except ServiceValidationError as err:
                    errors.append(err)
                else:
                    number = recipient.number
                    same_line = by_line[number.line_key]
                    # One telephone may have a number, and be known by it in the SIP network, too.
                    if number not in found and not any(
                        number.could_match(other)
                        for other in same_line
                        if number.is_sip or other.is_sip
                    ):
                        found[number] = recipient
                        same_line.append(number)
        return Addressees(tuple(found.values()), tuple(errors))

    def has_name(self, name: str) -> bool:
        """Return if a contact has a name."""
        return normalize_name(name) in self._by_name

    @property
    def _names(self) -> str:
        """Return the names there are."""
        return ", ".join(
            sorted(
                redact_name(contact.contact)
                for contact in self._contacts.values()
                if contact.contact
            )
        )
