"""What goes to the provider and what comes back."""

from dataclasses import dataclass, field
import time

from .numbers import PhoneNumber


@dataclass(frozen=True, slots=True)
class Token:
    """An access token. Its life is measured on the monotonic clock, in seconds."""

    value: str = field(repr=False)
    lifetime: float
    requested_at: float

    @property
    def age(self) -> float:
        """Return the seconds since it was asked for."""
        return time.monotonic() - self.requested_at

    @property
    def seconds_left(self) -> float:
        """Return the seconds that it still lives; negative once it is over."""
        return self.lifetime - self.age


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call to be placed. It joins two telephones and speaks nothing."""

    origin: PhoneNumber
    destination: PhoneNumber
    record: bool
    """Record the call, which costs extra."""
    show_caller_id: bool
    """Show the origin's number to the destination, guaranteed and dearer."""
    ring_destination_first: bool
    """Ring the destination before the origin instead of after it."""


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """The provider's word that it accepted a call, not that anybody answered."""

    call_id: str | None = field(repr=False)
    """The provider's id of the call, where it gave one."""
    code: str
    """Three digits, or empty."""
    message: str
    """The provider's text, with all that is private masked."""
