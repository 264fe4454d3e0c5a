"""Exceptions by what the caller can do, without secrets, whole numbers and links."""

from enum import StrEnum
from typing import Final


class DirectcallError(Exception):
    """Base of all errors of this package."""

    @property
    def name(self) -> str:
        """Return the name that statistics and logs show."""
        return type(self).__name__.removeprefix("Directcall")


class DirectcallInvalidUrlError(DirectcallError):
    """Credentials must not be sent to this URL: ask for another one."""


class NumberProblem(StrEnum):
    """Reason why a number cannot be called."""

    ANY_AREA_CODE = "nationwide_number"
    EXTENSION = "number_with_extension"
    INTERNATIONAL_PREFIX = "number_with_international_prefix"
    INVALID = "invalid_number"
    NO_AREA_CODE = "number_without_area_code"
    NO_NINTH_DIGIT = "mobile_without_ninth_digit"
    PREMIUM_RATE = "premium_rate_number"
    SHORT = "short_number"
    UNQUOTED = "number_unquoted"


class DirectcallInvalidNumberError(DirectcallError):
    """A number cannot be called: ask for another one. `problem` is the reason."""

    def __init__(self, problem: NumberProblem) -> None:
        """Keep the reason without the number."""
        super().__init__(problem.value)
        self.problem: Final = problem


class DirectcallAuthenticationError(DirectcallError):
    """The credentials are refused: ask for new ones."""


class DirectcallTokenRejectedError(DirectcallError):
    """The token is not accepted and nothing was done: repeat with a new token."""


class DirectcallRefusedError(DirectcallError):
    """The provider refused, and nothing was done: show its code and text, which may be `-`."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the provider's code and text."""
        super().__init__(f"{code} {message}")
        self.code: Final = code
        self.message: Final = message

    @property
    def is_readable(self) -> bool:
        """Return if the provider itself refused, instead of an HTTP status alone."""
        return not self.code.startswith("HTTP ")


class DirectcallNoCreditError(DirectcallRefusedError):
    """The account has no credit for this: top it up."""


class DirectcallNotActiveError(DirectcallRefusedError):
    """No such call is in progress: there is nothing to end."""


class DirectcallNoBalanceError(DirectcallError):
    """The provider tells no balance, or none that is readable: ask again on another day."""


class DirectcallConnectionFailedError(DirectcallError):
    """Nothing was sent, or nothing that rings, sends or bills: it is safe to repeat."""


class DirectcallOutcomeUnknownError(DirectcallError):
    """Something was sent without a readable response: never repeat it."""


class DirectcallTokenDoubtedError(DirectcallOutcomeUnknownError):
    """The token may have been rejected: get a new one, but never repeat the request."""


class DirectcallHangUpUnknownError(DirectcallOutcomeUnknownError):
    """A call may or may not have been ended: repeat if it still rings."""


class DirectcallCancellationUnknownError(DirectcallOutcomeUnknownError):
    """A message may or may not have been cancelled: it is safe to repeat."""


class DirectcallLinkRefusedError(DirectcallError):
    """The link of a recording leads away from the provider: give it up."""


class DirectcallRecordingGoneError(DirectcallError):
    """The audio of a recording does not exist, or no longer: give it up."""


class DirectcallSpoolError(DirectcallError):
    """Audio of unknown length is too large, or there is no room for it: give it up."""
