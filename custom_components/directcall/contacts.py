"""Whom an account knows: contacts, found by their device, their name or their number."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
import unicodedata

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr

from .api import InvalidNumberError, NumberPair, NumberProblem, PhoneNumber, mask, mask_text
from .const import CONF_NUMBER, CONF_ORIGIN, DOMAIN, SUBENTRY_CONTACT

ATTR_CONTACT: Final = "contact"
ATTR_DESTINATION: Final = "destination"

LONGEST_NAME: Final = 60
# Digits, of a Brazilian number without its area code.
_SHORTEST_NUMBER: Final = 8
# Without them, a family is three people beside one another, and names of some languages change.
_JOINERS: Final = {"\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"}


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
    """Return a contact's telephone. The title of the subentry is the contact's only name.

    Home Assistant's own *Rename* takes any title.
    """
    return Recipient(
        PhoneNumber.from_international(contact.data[CONF_NUMBER]), clean_name(contact.title)
    )


@callback
def async_get_account_of(hass: HomeAssistant, device_id: str | None) -> str:
    """Return the id of the account to which a contact's device belongs.

    Raise ServiceValidationError if it is no contact's.
    """
    for entry in hass.config_entries.async_entries(DOMAIN):
        if AddressBook(hass, entry).async_find_contact(device_id):
            return entry.entry_id
    raise _not_found()


def is_printable(character: str) -> bool:
    """Return if a character may stand in a name: no control character, no mark of direction."""
    return (
        character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs"
    )


def clean_name(name: str) -> str:
    """Return a name as one line of printable characters, no longer than a name may be."""
    characters = (c if is_printable(c) else " " if c.isspace() else "" for c in name)
    return " ".join("".join(characters).split())[:LONGEST_NAME].rstrip()


def fold(name: str) -> str:
    """Return a name as it is compared: without case, accents, and blanks that nobody sees."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    plain = (c for c in decomposed if unicodedata.category(c) not in {"Cf", "Mn"})
    return " ".join("".join(plain).split())


def has_number(name: str) -> bool:
    """Return if there are as many digits in a name as in a telephone number."""
    return sum(character.isdecimal() for character in name) >= _SHORTEST_NUMBER


def without_number(name: str) -> str:
    """Return a name as others may see it: people also write numbers into names."""
    return mask(name) if has_number(name) else mask_text(name, [])


def _not_found() -> ServiceValidationError:
    """Return the error that a device is none of a contact."""
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

    @callback
    def async_find_contact(self, device_id: str | None) -> Recipient | None:
        """Return the contact with a device, if it is one's."""
        device = dr.async_get(self._hass).async_get(device_id) if device_id else None
        for identifier in device.identifiers if device else ():
            if contact := self._contacts.get(identifier):
                return contact
        return None

    @callback
    def async_get_contact(self, device_id: str | None) -> Recipient:
        """Return the contact with a device. Raise ServiceValidationError if it is none's."""
        if contact := self.async_find_contact(device_id):
            return contact
        raise _not_found()

    def get_recipient(self, field: str, value: object) -> Recipient:
        """Return whom the value of a field means: a contact's name or a number.

        A number is read as people at home write it, and always means itself, whatever somebody is
        called. Raise ServiceValidationError if it is neither, or a name that several contacts have.
        """
        try:
            number = PhoneNumber.parse(value, self._hass.config.country)
        except InvalidNumberError as err:
            return self._get_named(field, value, err)
        return self.find_number(number)

    def find_number(self, number: PhoneNumber) -> Recipient:
        """Return whose a number is: a contact's, or nobody's whom the account knows."""
        return next(
            (contact for contact in self._contacts.values() if contact.number == number),
            Recipient(number),
        )

    def guess_number(self, number: PhoneNumber) -> Recipient:
        """Return whose a number probably is, which the provider may write in another way."""
        found = self.find_number(number)
        if found.contact:
            return found
        return next(
            (contact for contact in self._contacts.values() if contact.number.may_be(number)),
            found,
        )

    def _get_named(self, field: str, value: object, err: InvalidNumberError) -> Recipient:
        """Return the contact with a name that is no number."""
        named = self._named(value) if isinstance(value, str) else []
        if len(named) == 1:
            return named[0]
        is_name = err.problem is NumberProblem.INVALID
        if not isinstance(value, str) or not (is_name and any(c.isalpha() for c in value)):
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key=err.problem,
                translation_placeholders={"number": mask(value)},
            ) from err
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="ambiguous_contact" if named else "unknown_contact",
            translation_placeholders={
                "field": field,
                "name": without_number(value),
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
        if pair.origin == pair.destination:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="same_number")
        return pair

    def get_recipients(
        self, device_ids: Iterable[str | None], destinations: Iterable[object]
    ) -> list[Recipient]:
        """Return all that are meant, each telephone once.

        Raise ServiceValidationError if one of them is nobody.
        """
        contacts = [self.async_get_contact(device_id) for device_id in device_ids]
        others = [self.get_recipient(ATTR_DESTINATION, value) for value in destinations]
        return list({each.number: each for each in (*contacts, *others)}.values())

    def _named(self, name: str) -> list[Recipient]:
        """Return the contacts with a name."""
        folded = fold(clean_name(name))
        return [
            contact
            for contact in self._contacts.values()
            if folded and fold(contact.contact or "") == folded
        ]

    @property
    def _names(self) -> str:
        """Return the names there are."""
        return ", ".join(
            sorted(
                without_number(contact.contact)
                for contact in self._contacts.values()
                if contact.contact
            )
        )
