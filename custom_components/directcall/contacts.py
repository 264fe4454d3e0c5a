"""Contacts of an account: found by device, name or number."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final
import unicodedata

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import SignalType

from .api import (
    DirectcallInvalidNumberError,
    NumberPair,
    NumberProblem,
    PhoneNumber,
    has_number,
    load_number_data,
    missing_calling_codes,
    redact_name,
    redact_number,
)
from .const import CONF_NUMBER, CONF_ORIGIN, DOMAIN, SUBENTRY_CONTACT

ATTR_CONTACT: Final = "contact"
ATTR_DESTINATION: Final = "destination"

LONGEST_NAME: Final = 60
# Emoji such as families are made with them, and some scripts need them.
_JOINERS: Final = {"\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"}


@dataclass(frozen=True, slots=True)
class Recipient:
    """A telephone that gets calls and messages."""

    number: PhoneNumber
    contact: str | None = None
    """The name of the contact with this number."""


@dataclass(frozen=True, slots=True)
class Addressees:
    """Recipients of a message, and the errors of those that cannot be resolved."""

    recipients: tuple[Recipient, ...]
    errors: tuple[ServiceValidationError, ...]


def subentry_identifier(entry_id: str, subentry_id: str) -> tuple[str, str]:
    """Return the identifier of the device of a contact or an alert."""
    return DOMAIN, f"{entry_id}_{subentry_id}"


@callback
def async_entry_signal(entry_id: str) -> SignalType[()]:
    """Return the signal that contacts, alerts or options of an account may have changed."""
    return SignalType(f"{DOMAIN}_entry_{entry_id}")


def recipient_of(contact: ConfigSubentry) -> Recipient:
    """Return the recipient of a contact."""
    return _recipient(contact.data[CONF_NUMBER], contact.title)


def is_origin(entry: ConfigEntry, contact: ConfigSubentry) -> bool:
    """Return if the number of a contact is the account's origin."""
    origin = PhoneNumber.from_international(entry.options[CONF_ORIGIN])
    return origin.could_match(recipient_of(contact).number)


# Every action reads all contacts.
@lru_cache(maxsize=1000)
def _recipient(number: str, title: str) -> Recipient:
    # The title is the contact's only name, and Home Assistant's own *Rename* takes any text.
    return Recipient(PhoneNumber.from_international(number), clean_name(title))


async def async_load_number_data(hass: HomeAssistant, *values: object) -> None:
    """Import the metadata to read and format numbers, or lists of them, in the executor."""
    country = hass.config.country
    if missing_calling_codes(country, values):
        await hass.async_add_import_executor_job(load_number_data, country, values)


def is_printable(character: str) -> bool:
    """Return False for control characters and marks of direction."""
    return (
        character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs"
    )


def clean_name(name: str) -> str:
    """Return a name as one line of printable characters, cut to the longest name."""
    characters = (c if is_printable(c) else " " if c.isspace() else "" for c in name)
    return " ".join("".join(characters).split())[:LONGEST_NAME].rstrip()


def normalize_name(name: str) -> str:
    """Return a name for comparisons: without case, accents and invisible characters."""
    decomposed = unicodedata.normalize("NFKD", clean_name(name).casefold())
    plain = (c for c in decomposed if unicodedata.category(c) not in {"Cf", "Mn"})
    return " ".join("".join(plain).split())


def name_error(name: str, others: Iterable[str]) -> str | None:
    """Return the error of a name that is given in a form, or None. `others` are taken."""
    name = name.strip()
    if has_number(name) or not any(character.isalpha() for character in name):
        return "invalid_name"
    if not all(map(is_printable, name)):
        return "unprintable_name"
    if len(name) > LONGEST_NAME:
        return "long_name"
    if normalize_name(name) in map(normalize_name, others):
        return "name_in_use"
    return None


@callback
def async_find_by_device[ItemT](
    hass: HomeAssistant, items: Mapping[tuple[str, str], ItemT], device_id: object
) -> ItemT | None:
    """Return the item with an identifier of a device, or None."""
    device = dr.async_get(hass).async_get(device_id) if isinstance(device_id, str) else None
    for identifier in device.identifiers if device else ():
        if item := items.get(identifier):
            return item
    return None


def group_by_name[ItemT](items: Iterable[tuple[str, ItemT]]) -> dict[str, list[ItemT]]:
    """Return items with the same name together, by their names as they are compared."""
    groups = defaultdict(list)
    for name, item in items:
        groups[normalize_name(name)].append(item)
    groups.pop("", None)
    return groups


def shown_names(names: Iterable[str]) -> str:
    """Return names as an error lists them."""
    return ", ".join(sorted(redact_name(name) for name in names if name)) or "-"


def contact_not_found() -> ServiceValidationError:
    """Return the error that a device is not a contact's."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key="contact_not_found")


class AddressBook:
    """Contacts of an account, as they are now."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Read the contacts."""
        self._hass = hass
        self._origin = entry.options[CONF_ORIGIN]
        self._contacts = {
            subentry_identifier(entry.entry_id, contact.subentry_id): recipient_of(contact)
            for contact in entry.get_subentries_of_type(SUBENTRY_CONTACT)
        }

    @cached_property
    def _by_number(self) -> dict[PhoneNumber, Recipient]:
        # Of contacts with the same number, the first counts.
        return {contact.number: contact for contact in reversed(self._contacts.values())}

    @cached_property
    def _by_name(self) -> dict[str, list[Recipient]]:
        return group_by_name(
            (contact.contact or "", contact) for contact in self._contacts.values()
        )

    @cached_property
    def _by_line(self) -> dict[str, list[Recipient]]:
        contacts = defaultdict(list)
        for contact in self._contacts.values():
            contacts[contact.number.line_key].append(contact)
        return contacts

    @callback
    def async_get_contact(self, device_id: object) -> Recipient:
        """Return the contact of a device. Raise ServiceValidationError if there is none."""
        if contact := async_find_by_device(self._hass, self._contacts, device_id):
            return contact
        raise contact_not_found()

    def get_recipient(self, value: object) -> Recipient:
        """Return the recipient with a number or a name, or raise ServiceValidationError."""
        # A number always means itself, even if a contact is called like it.
        try:
            number = PhoneNumber.parse(value, self._hass.config.country)
        except DirectcallInvalidNumberError as err:
            return self._get_named(value, err)
        return self.get_by_number(number)

    def get_by_number(self, number: PhoneNumber) -> Recipient:
        """Return the contact with this number, or a recipient without a contact."""
        return self._by_number.get(number) or Recipient(number)

    def guess_by_number(self, number: PhoneNumber) -> Recipient:
        """Return the contact with this number as the provider may write it, or no contact's."""
        found = self.get_by_number(number)
        if found.contact:
            return found
        same_line = self._by_line.get(number.line_key, [])
        return next((contact for contact in same_line if contact.number.could_match(number)), found)

    def _get_named(self, value: object, err: DirectcallInvalidNumberError) -> Recipient:
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
                "name": redact_name(value),
                "contacts": shown_names(
                    contact.contact or "" for contact in self._contacts.values()
                ),
            },
        ) from err

    def get_origin(self, value: object) -> PhoneNumber:
        """Return the number of an origin, or the account's own for None."""
        if value is None:
            return PhoneNumber.from_international(self._origin)
        return self.get_recipient(value).number

    def get_pair(self, origin: object, destination: Recipient) -> NumberPair:
        """Return the numbers of a call. Raise ServiceValidationError if they are the same."""
        pair = NumberPair(self.get_origin(origin), destination.number)
        if pair.origin.could_match(pair.destination):
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="same_number")
        return pair

    @callback
    def async_get_addressees(
        self, device_ids: Iterable[object], destinations: Iterable[object]
    ) -> Addressees:
        """Return each telephone once, and the errors of values that cannot be resolved."""
        recipients: list[Recipient] = []
        by_line: dict[str, list[PhoneNumber]] = defaultdict(list)
        errors: list[ServiceValidationError] = []
        for read, values in (
            (self.async_get_contact, device_ids),
            (self.get_recipient, destinations),
        ):
            for value in values:
                try:
                    recipient = read(value)
                except ServiceValidationError as err:
                    errors.append(err)
                    continue
                same_line = by_line[recipient.number.line_key]
                if not any(_is_same_telephone(recipient.number, other) for other in same_line):
                    recipients.append(recipient)
                    same_line.append(recipient.number)
        return Addressees(tuple(recipients), tuple(errors))

    def has_name(self, name: str) -> bool:
        """Return if a contact has this name."""
        return normalize_name(name) in self._by_name


def _is_same_telephone(number: PhoneNumber, other: PhoneNumber) -> bool:
    """Return if a message to both numbers would reach one telephone twice."""
    # The SIP network may know a telephone by its number.
    return number == other or ((number.is_sip or other.is_sip) and number.could_match(other))
