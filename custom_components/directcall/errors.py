"""Errors: exceptions of the API as translated Home Assistant errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.core import HomeAssistant, callback
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
    redact_name,
)
from .const import DOMAIN
from .texts import async_get_error_text


@contextmanager
def translated_errors(*contacts: str | None) -> Iterator[None]:
    """Raise errors of the API as Home Assistant's, at the edge where people see them.

    `contacts` are the names of the recipients. None is a number without a contact.
    """
    try:
        yield
    except DirectcallError as err:
        raise as_home_assistant_error(err, HomeAssistantError, *contacts) from err


def as_home_assistant_error[ErrorT: HomeAssistantError](
    err: DirectcallError, error_type: type[ErrorT], *contacts: str | None
) -> ErrorT:
    """Return an error of the API with a translated text."""
    names = [redact_name(contact) for contact in contacts if contact]
    contact = ", ".join(names) if len(names) == len(contacts) else ""
    placeholders = {"contact": contact} if contact else {}
    match err:
        case DirectcallAuthenticationError() | DirectcallTokenRejectedError():
            key = "authentication_failed"
        case DirectcallNoCreditError(code=code, message=message):
            key = "no_credit"
            placeholders = {"code": code, "message": message}
        case DirectcallRefusedError(code=code, message=message):
            key = "contact_refused" if contact else "refused"
            placeholders |= {"code": code, "message": message}
        case DirectcallConnectionFailedError():
            key = "cannot_connect"
        case DirectcallHangUpUnknownError():
            key = "contact_hang_up_unknown" if contact else "hang_up_unknown"
        case DirectcallCancellationUnknownError():
            key = "cancellation_unknown"
        case DirectcallLinkRefusedError():
            key = "recording_link_refused"
        case DirectcallRecordingGoneError():
            key = "recording_gone"
        case DirectcallSpoolError():
            key = "recording_too_large"
        case _:
            key = "contact_outcome_unknown" if contact else "outcome_unknown"
    return error_type(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


@callback
def async_describe(hass: HomeAssistant, err: DirectcallError | HomeAssistantError) -> str:
    """Return the text of an error in the home's language."""
    if isinstance(err, DirectcallError):
        err = as_home_assistant_error(err, HomeAssistantError)
    return async_get_error_text(hass, err)
