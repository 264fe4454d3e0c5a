"""What the provider's answers say, whatever bytes they are made of.

The envelope is `{"api", "modulo", "status", "codigo", "msg", ...}` (provider's documentation), but
clients also met OAuth-style errors and token answers with `"access_token": false`.
"""

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
import json
import math
import re
from typing import Final

from .exceptions import (
    RETURN_CODES,
    CodeKind,
    DirectcallAuthenticationError,
    DirectcallConnectionError,
    DirectcallError,
    DirectcallNoCreditError,
    DirectcallNotActiveError,
    DirectcallOutcomeUnknownError,
    DirectcallRefusedError,
    DirectcallTokenRejectedError,
    DirectcallTokenUncertainError,
)
from .redaction import redact_text

DEFAULT_LIFETIME: Final = 3600.0
_SHORTEST_LIFETIME: Final = 10.0
_LONGEST_LIFETIME: Final = 86400.0
_LONGEST_ID: Final = 64
# A shorter one would mask half of a text, and no link is made from it.
_SHORTEST_SECRET_ID: Final = 6

# OAuth errors (RFC 6749, RFC 6750, and those of PHP's oauth2-server) that say that a token is not
# accepted. That a description without a known error says so, too, is a guess: no answer to an
# expired token is documented, and one client looks for a description alone.
_OAUTH_TOKEN_ERRORS: Final = {
    "expired_token",
    "invalid_client",
    "invalid_grant",
    "invalid_token",
    "malformed_token",
}
_OAUTH_SERVER_ERRORS: Final = {"server_error", "temporarily_unavailable"}
_OAUTH_UNNAMED: Final = "error"
_CODE_OK: Final = "000"
# Words that say no without a code. Nobody knows the provider's own: a code is what to expect.
_STATUS_NO: Final = {"erro", "error", "fail", "failed", "falha", "nok"}
# Stands on successes too: without a `status` beside it, it says nothing.
_MISLEADING_CODE: Final = "001"
# HTTP statuses with which nothing was done. The redirects are those that ask for the very same
# request at another place.
_REFUSING_STATUSES: Final = {
    *range(400, 500),
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
}
_NUMERIC_CODES: Final = range(1000)
_REFUSALS: Final[Mapping[CodeKind | None, type[DirectcallRefusedError]]] = {
    CodeKind.NO_CREDIT: DirectcallNoCreditError,
    CodeKind.NOT_ACTIVE: DirectcallNotActiveError,
}
_NOT_ENDED: Final[Mapping[str, type[DirectcallRefusedError]]] = {
    "003": DirectcallNotActiveError,
    "004": DirectcallRefusedError,
}


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """An answer of the provider. Without a readable JSON object, `fields` is empty."""

    http_status: int
    fields: Mapping[str, object] = field(repr=False)
    message: str
    """The provider's text, redacted."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """The texts of the request that no text of the response may contain."""

    @classmethod
    def read(cls, http_status: int, body: bytes, secrets: Collection[str]) -> ApiResponse:
        """Read an answer. `secrets` are what its text must not give away."""
        fields = _read_object(body)
        call_id = fields.get("callerid")
        private = list(secrets)
        # The link of a recording may be made from the ID of its call. A message has a number.
        if isinstance(call_id, str) and len(call_id) >= _SHORTEST_SECRET_ID:
            private += [] if call_id.isdecimal() else [call_id]
        text = fields.get("msg")
        if not isinstance(text, str):
            text = fields.get("error_description")
        return cls(
            http_status,
            fields,
            redact_text(text, private) if isinstance(text, str) else "",
            tuple(secrets),
        )

    @property
    def code(self) -> str:
        """Return the return code, as three digits, or nothing."""
        value = self.fields.get("codigo")
        if isinstance(value, int) and not isinstance(value, bool) and value in _NUMERIC_CODES:
            return f"{value:03}"
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}", value.strip()):
            return value.strip().zfill(3)
        return ""

    @property
    def is_ok(self) -> bool:
        """Return if the provider accepted the request. The code alone would mislead."""
        return self._status == "ok"

    @property
    def _status(self) -> str:
        """Return the envelope's status, folded, or nothing."""
        value = self.fields.get("status")
        return value.strip().casefold() if isinstance(value, str) else ""

    @property
    def _oauth_error(self) -> str:
        """Return the error of an OAuth-style answer, or nothing.

        Where there is an envelope, that is what counts; and what a server says that is in trouble
        is no answer.
        """
        if self.code or self._status or self.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ""
        error = self.fields.get("error")
        description = self.fields.get("error_description")
        described = isinstance(description, str) and description != ""
        if isinstance(error, str) and error in _OAUTH_TOKEN_ERRORS | _OAUTH_SERVER_ERRORS:
            return error
        return _OAUTH_UNNAMED if described else ""

    @property
    def _kind(self) -> CodeKind | None:
        """Return what the code means, if it is documented and stands where it can be believed."""
        known = RETURN_CODES.get(self.code)
        return known.kind if known and (self._status or self.code != _MISLEADING_CODE) else None

    @property
    def _says_no(self) -> bool:
        """Return if there is an envelope that says no."""
        if self._status and self.code:
            return self.code != _CODE_OK
        if self._kind:
            return True
        # What stands before the provider's server answers in its own words when that is in trouble.
        return self._status in _STATUS_NO and self.http_status < HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def _refusal(self) -> DirectcallRefusedError | None:
        """Return a readable answer's or an HTTP status's no, if it is one."""
        if self.is_ok:
            return None
        if self._oauth_error:
            return DirectcallRefusedError(self._oauth_error, self.message or "-")
        if self._says_no:
            known = RETURN_CODES.get(self.code)
            error = _REFUSALS.get(self._kind, DirectcallRefusedError)
            return error(self.code or "-", self.message or (known.text if known else "-"))
        if self.http_status in _REFUSING_STATUSES:
            return DirectcallRefusedError(f"HTTP {self.http_status}", _phrase(self.http_status))
        return None

    @property
    def new_id(self) -> str | None:
        """Return the id of a call or message that was accepted, which `callerid` is."""
        value = self.fields.get("callerid")
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        text = str(value)
        return text if re.fullmatch(rf"[A-Za-z0-9._:@-]{{1,{_LONGEST_ID}}}", text) else None

    def check_billed(self) -> None:
        """Raise the error that an answer to a request that rings, sends or bills means.

        Raise what `check` raises. A no counts only where it surely means that nothing was done.
        """
        if self.is_ok:
            return
        if self.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR or self._names_what_was_done:
            error = f"HTTP {self.http_status} without a clear answer"
            raise DirectcallOutcomeUnknownError(error)
        if self._oauth_error == _OAUTH_UNNAMED and self.http_status != HTTPStatus.UNAUTHORIZED:
            error = f"HTTP {self.http_status} with a description alone"
            raise DirectcallTokenUncertainError(error)
        self.check()

    @property
    def _names_what_was_done(self) -> bool:
        """Return if the answer has the ID of a call or a message, at its top or for a recipient."""
        details = self.fields.get("detalhe")
        entries = details if isinstance(details, list) else [details]
        return any(
            entry.get(key)
            for entry in (self.fields, *entries)
            if isinstance(entry, Mapping)
            for key in ("callerid", "id_mensagem")
        )

    def check(self) -> None:
        """Raise the error that an answer means, unless it is a yes.

        Raise DirectcallTokenRejectedError, DirectcallAuthenticationError, DirectcallRefusedError or DirectcallOutcomeUnknownError.
        """
        if self.is_ok:
            return
        refusal = self._refusal
        if refusal is None:
            error = f"HTTP {self.http_status} without a clear answer"
            raise DirectcallOutcomeUnknownError(error)
        if self._is_about_the_token:
            raise DirectcallTokenRejectedError(str(refusal))
        if (
            self._kind is CodeKind.AUTHENTICATION
            and self.http_status < HTTPStatus.INTERNAL_SERVER_ERROR
        ):
            raise DirectcallAuthenticationError(str(refusal))
        raise refusal

    def check_ended(self) -> None:
        """Raise DirectcallNotActiveError or DirectcallRefusedError if a yes says in its code that no call was ended.

        That codes mean anything on a yes is a guess. But these two mean nothing else.
        """
        if error := _NOT_ENDED.get(self.code):
            raise error(self.code, self.message or RETURN_CODES[self.code].text)

    @property
    def _is_about_the_token(self) -> bool:
        """Return if the answer says that the token is not accepted (a guess: see the tables)."""
        if self.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return False
        if self._oauth_error:
            return self._oauth_error in {*_OAUTH_TOKEN_ERRORS, _OAUTH_UNNAMED}
        has_envelope = bool(self._status or self.code)
        return self.code == "006" or (
            not has_envelope and self.http_status == HTTPStatus.UNAUTHORIZED
        )

    def token(self) -> tuple[str, float]:
        """Return an access token and its lifetime in seconds.

        Raise DirectcallAuthenticationError, DirectcallRefusedError, or DirectcallConnectionError where there is no
        readable answer: asking for a token bills nothing and may be repeated.
        """
        value = self.fields.get("access_token")
        if isinstance(value, str) and re.fullmatch(r"[!-~]+", value):
            return value, _lifetime(self.fields.get("expires_in"), value)
        raise self._token_error()

    def _token_error(self) -> DirectcallError:
        """Return why there is no token."""
        refusal = self._refusal
        if refusal and self._kind in {CodeKind.PROVIDER_FAILED, CodeKind.NO_CREDIT}:
            return refusal
        if (
            self._is_about_the_token
            or self.http_status == HTTPStatus.UNAUTHORIZED
            or self._kind is CodeKind.AUTHENTICATION
            or (self._oauth_error and self._oauth_error not in _OAUTH_SERVER_ERRORS)
            or ("access_token" in self.fields and not self.fields["access_token"])
        ):
            return DirectcallAuthenticationError(str(refusal or self.message))
        return refusal or DirectcallConnectionError(
            f"HTTP {self.http_status} without a clear answer"
        )


def _read_object(body: bytes) -> Mapping[str, object]:
    """Return the JSON object that a body is, whatever its encoding, or an empty one.

    An array with one object is that object (provider's documentation, of another endpoint).
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    try:
        value = json.loads(text)
    except ValueError, RecursionError:
        return {}
    if isinstance(value, list) and len(value) == 1:
        [value] = value
    return value if isinstance(value, dict) else {}


def _phrase(http_status: int) -> str:
    """Return the words of an HTTP status."""
    try:
        return HTTPStatus(http_status).phrase
    except ValueError:
        return "-"


def _lifetime(expires_in: object, token: str) -> float:
    """Return how long a token lives, in seconds."""
    lifetime = _seconds(expires_in)
    if lifetime is None:
        lifetime = _jwt_lifetime(token)
    if lifetime is None or not _SHORTEST_LIFETIME <= lifetime <= _LONGEST_LIFETIME:
        # By two clients' comments, and by the tokens of 2018 and 2020.
        return DEFAULT_LIFETIME
    return lifetime


def _jwt_lifetime(token: str) -> float | None:
    """Return `exp - iat` of a token that is a JWT. Its signature is none of our business."""
    _, _, payload = token.partition(".")
    payload, _, _ = payload.partition(".")
    try:
        claims = _read_object(base64.urlsafe_b64decode(payload + "=" * 3))
    except ValueError:
        return None
    issued, expires = _seconds(claims.get("iat")), _seconds(claims.get("exp"))
    return None if issued is None or expires is None else expires - issued


def _seconds(value: object) -> float | None:
    """Return a number of seconds that may be written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except ValueError, OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None
