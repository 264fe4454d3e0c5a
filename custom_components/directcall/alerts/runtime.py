"""Alert runtime: the parts of an account that its runs share."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant

from ..calls import CallManager
from ..contacts import Recipient, recipient_of
from ..publisher import Publisher
from ..store import AccountStore
from .alert import Channel, Run, StepResult
from .call_queue import CallQueue
from .delivery import AlertDelivery
from .updates import AlertUpdate


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRuntime:
    """The parts of an account that its runs share."""

    hass: HomeAssistant
    entry_id: str
    store: AccountStore
    calls: CallManager
    delivery: AlertDelivery
    publisher: Publisher[AlertUpdate]
    connection_works: Callable[[], None]
    """Called after a reply of the provider."""
    runs: Callable[[], Iterable[Run]]
    """Return all runs of the account."""
    forget: Callable[[str], None]
    """Called with the ID of a run that has nothing left to do."""
    queue: CallQueue = field(default_factory=CallQueue)
    ends: Counter[str] = field(default_factory=Counter)
    steps: Counter[tuple[Channel, StepResult]] = field(default_factory=Counter)

    @property
    def subentries(self) -> Mapping[str, ConfigSubentry]:
        """Return the contacts and alerts that were not deleted, by their subentries' IDs."""
        entry = self.hass.config_entries.async_get_entry(self.entry_id)
        return entry.subentries if entry else {}

    def recipients_of(self, contacts: Iterable[str]) -> dict[str, Recipient]:
        """Return the recipients of contacts, without those that were deleted."""
        known = self.subentries
        return {each: recipient_of(known[each]) for each in contacts if each in known}

    def names_of(self, contacts: Iterable[str]) -> str | None:
        """Return the names of contacts, separated by commas, or None."""
        names = (recipient.contact for recipient in self.recipients_of(contacts).values())
        return ", ".join(name for name in names if name) or None
