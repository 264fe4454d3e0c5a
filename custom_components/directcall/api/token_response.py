"""Token response: an access token and its lifetime, or the reason why there is none."""

import base64
from http import HTTPStatus
import math
import re
from typing import Final

from .exceptions import (
    DirectcallAuthenticationError,
    DirectcallConnectionFailedError,
    DirectcallError,
)
from .responses import OAUTH_SERVER_ERRORS, ApiResponse, read_object
from .return_codes import CodeKind

# Seconds, by the comments of two clients, and by tokens of 2018 and 2020.
DEFAULT_LIFETIME: Final = 3600.0
_SHORTEST_LIFETIME: Final = 10.0
_LONGEST_LIFETIME: Final = 86400.0


def read_token(response: ApiResponse) -> tuple[str, float]:
    """Return an access token and its lifetime in seconds."""
    value = response.fields.get("access_token")
    if isinstance(value, str) and re.fullmatch(r"[!-~]+", value):
        return value, _lifetime(response.fields.get("expires_in"), value)
    raise _error(response)


def _error(response: ApiResponse) -> DirectcallError:
    refusal = response.refusal
    if refusal and response.kind in {CodeKind.PROVIDER_FAILED, CodeKind.NO_CREDIT}:
        return refusal
    if (
        response.rejects_token
        or response.http_status == HTTPStatus.UNAUTHORIZED
        or response.kind is CodeKind.AUTHENTICATION
        or (response.oauth_error and response.oauth_error not in OAUTH_SERVER_ERRORS)
        or not response.fields.get("access_token", True)
    ):
        return DirectcallAuthenticationError(str(refusal or response.message))
    # A token costs nothing, and may be requested again.
    return refusal or DirectcallConnectionFailedError(response.unreadable)


def _lifetime(expires_in: object, token: str) -> float:
    lifetime = _seconds(expires_in)
    if lifetime is None:
        lifetime = _jwt_lifetime(token)
    if lifetime is None or not _SHORTEST_LIFETIME <= lifetime <= _LONGEST_LIFETIME:
        return DEFAULT_LIFETIME
    return lifetime


def _jwt_lifetime(token: str) -> float | None:
    # The signature is the provider's business.
    _, _, payload = token.partition(".")
    payload, _, _ = payload.partition(".")
    try:
        claims = read_object(base64.urlsafe_b64decode(payload + "=" * 3))
    except ValueError:
        return None
    issued, expires = _seconds(claims.get("iat")), _seconds(claims.get("exp"))
    return None if issued is None or expires is None else expires - issued


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except ValueError, OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None
