"""Errors: exceptions of the API as translated Home Assistant errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.exceptions import HomeAssistantError

from .api import (
    DirectcallAuthenticationError,
    DirectcallCancellationUnknownError,
    DirectcallConnectionFailedError,
    DirectcallError,
    DirectcallHangUpUnknownError,
    DirectcallLinkRefusedError,
    DirectcallNoCreditError,
    DirectcallRecordingGoneError,
    DirectcallRefusedError,
    DirectcallSpoolError,
    DirectcallTokenRejectedError,
)
from .const import DOMAIN


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise errors of the API as Home Assistant's, at the edge where people see them."""
    try:
        yield
    except DirectcallError as err:
        raise as_home_assistant_error(err, HomeAssistantError) from err


def as_home_assistant_error[ErrorT: HomeAssistantError](
    err: DirectcallError, error_type: type[ErrorT]
) -> ErrorT:
    """Return an error of the API with a translated text."""
    placeholders: dict[str, str] | None = None
    match err:
        case DirectcallAuthenticationError() | DirectcallTokenRejectedError():
            key = "authentication_failed"
        case DirectcallRefusedError(code=code, message=message):
            key = "no_credit" if isinstance(err, DirectcallNoCreditError) else "refused"
            placeholders = {"code": code, "message": message}
        case DirectcallConnectionFailedError():
            key = "cannot_connect"
        case DirectcallHangUpUnknownError():
            key = "hang_up_unknown"
        case DirectcallCancellationUnknownError():
            key = "cancellation_unknown"
        case DirectcallLinkRefusedError():
            key = "recording_link_refused"
        case DirectcallRecordingGoneError():
            key = "recording_gone"
        case DirectcallSpoolError():
            key = "recording_too_large"
        case _:
            key = "outcome_unknown"
    return error_type(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
