"""API responses: success, refusal or neither, from any bytes."""

from codecs import BOM_UTF8
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
import json
import re
from typing import Final, override

from .exceptions import (
    DirectcallAuthenticationError,
    DirectcallNoCreditError,
    DirectcallNotActiveError,
    DirectcallOutcomeUnknownError,
    DirectcallRefusedError,
    DirectcallTokenDoubtedError,
    DirectcallTokenRejectedError,
)
from .redaction import RedactedText
from .return_codes import RETURN_CODES, CodeKind

# The envelope is `{"api", "modulo", "status", "codigo", "msg", ...}` (provider's documentation).
# Clients have also met OAuth-style errors, and token responses with `"access_token": false`.

_ID: Final = re.compile(r"[A-Za-z0-9._:@-]{1,64}")
_CODE: Final = re.compile(r"[0-9]{1,3}")
# Redacting a shorter one would redact half of a text, and no link is made from it.
_SHORTEST_SECRET_ID: Final = 6

# OAuth errors (RFC 6749, RFC 6750, and those of PHP's oauth2-server) of a token that is not
# accepted. A description without a known error counts as one, too (a guess): no response to an
# expired token is documented, and one client looks for a description alone.
_OAUTH_TOKEN_ERRORS: Final = {
    "expired_token",
    "invalid_client",
    "invalid_grant",
    "invalid_token",
    "malformed_token",
}
OAUTH_SERVER_ERRORS: Final = {"server_error", "temporarily_unavailable"}
_OAUTH_UNNAMED: Final = "error"
_CODE_OK: Final = "000"
# Statuses of a refusal without a code (a guess).
_REFUSING_WORDS: Final = {"erro", "error", "fail", "failed", "falha", "nok"}
# Successes have this code, too. It counts only beside a `status`.
_MISLEADING_CODE: Final = "001"
# Nothing was done with these. The redirects are those that ask for the same request elsewhere.
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
    """A response of the provider. Without a readable JSON object, `fields` is empty."""

    http_status: int
    fields: Mapping[str, object] = field(repr=False)
    # The texts of the request that no text of the response may contain.
    secrets: tuple[str, ...] = field(default=(), repr=False)
    # For endpoints whose response need not be a JSON object.
    body: bytes = field(default=b"", repr=False)

    @classmethod
    def read(cls, http_status: int, body: bytes, secrets: Collection[str]) -> ApiResponse:
        """Read a response to a request with secrets."""
        return cls(http_status, read_object(body), tuple(secrets), body)

    @override
    def __str__(self) -> str:
        return f"HTTP {self.http_status}, code {self.code or 'none'}"

    @property
    def message(self) -> str:
        """Return the provider's text, redacted."""
        return str(self.text)

    @property
    def text(self) -> RedactedText:
        """Return the provider's text, which is redacted when it is read."""
        text = self.fields.get("msg")
        if not isinstance(text, str):
            text = self.fields.get("error_description")
        if not isinstance(text, str):
            return RedactedText("")
        # The link of a recording may be made from the ID of its call. A message has a number.
        call_id = self.fields.get("callerid")
        is_secret = (
            isinstance(call_id, str)
            and len(call_id) >= _SHORTEST_SECRET_ID
            and not call_id.isdecimal()
        )
        secrets = (*self.secrets, str(call_id)) if is_secret else self.secrets
        return RedactedText(text, secrets)

    @property
    def code(self) -> str:
        """Return the return code as three digits, or an empty text."""
        value = self.fields.get("codigo")
        if isinstance(value, int) and not isinstance(value, bool) and value in _NUMERIC_CODES:
            return f"{value:03}"
        if isinstance(value, str) and _CODE.fullmatch(value.strip()):
            return value.strip().zfill(3)
        return ""

    @property
    def kind(self) -> CodeKind | None:
        """Return the meaning of the code, if it is documented and reliable."""
        known = RETURN_CODES.get(self.code)
        return known.kind if known and (self._status or self.code != _MISLEADING_CODE) else None

    @property
    def is_ok(self) -> bool:
        """Return if the provider accepted the request. The code alone would mislead."""
        return self._status == "ok"

    @property
    def _status(self) -> str:
        value = self.fields.get("status")
        return value.strip().casefold() if isinstance(value, str) else ""

    @property
    def oauth_error(self) -> str:
        """Return the error of an OAuth-style response, or an empty text."""
        # An envelope takes precedence, and a server error has no meaning.
        if self.code or self._status or self._is_server_error:
            return ""
        error = self.fields.get("error")
        description = self.fields.get("error_description")
        is_described = isinstance(description, str) and description != ""
        if isinstance(error, str) and error in _OAUTH_TOKEN_ERRORS | OAUTH_SERVER_ERRORS:
            return error
        return _OAUTH_UNNAMED if is_described else ""

    @property
    def _is_server_error(self) -> bool:
        return self.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def _is_refused(self) -> bool:
        if self._status and self.code:
            return self.code != _CODE_OK
        if self.kind:
            return True
        # A gateway in front of the provider's server has words of its own for a server error.
        return self._status in _REFUSING_WORDS and not self._is_server_error

    @property
    def refusal(self) -> DirectcallRefusedError | None:
        """Return the refusal in a readable response or in an HTTP status, or None."""
        if self.is_ok:
            return None
        if self.oauth_error:
            return DirectcallRefusedError(self.oauth_error, self.message or "-")
        if self._is_refused:
            known = RETURN_CODES.get(self.code)
            error = _REFUSALS.get(self.kind, DirectcallRefusedError)
            return error(self.code or "-", self.message or (known.text if known else "-"))
        if self.http_status in _REFUSING_STATUSES:
            return DirectcallRefusedError(f"HTTP {self.http_status}", _phrase(self.http_status))
        return None

    @property
    def rejects_token(self) -> bool:
        """Return if the token is not accepted (a guess: see the tables)."""
        if self._is_server_error:
            return False
        if self.oauth_error:
            return self.oauth_error in {*_OAUTH_TOKEN_ERRORS, _OAUTH_UNNAMED}
        has_envelope = bool(self._status or self.code)
        return self.code == "006" or (
            not has_envelope and self.http_status == HTTPStatus.UNAUTHORIZED
        )

    @property
    def new_id(self) -> str | None:
        """Return the ID of a call or message that was accepted."""
        value = self.fields.get("callerid")
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        text = str(value)
        return text if _ID.fullmatch(text) else None

    def check(self) -> None:
        """Raise the error of a response that is not a success."""
        if self.is_ok:
            return
        refusal = self.refusal
        if refusal is None:
            raise DirectcallOutcomeUnknownError(self.unreadable)
        if self.rejects_token:
            raise DirectcallTokenRejectedError(str(refusal))
        if self.kind is CodeKind.AUTHENTICATION and not self._is_server_error:
            raise DirectcallAuthenticationError(str(refusal))
        raise refusal

    def check_billed(self) -> None:
        """Raise the error of a response to a request that rings, sends or bills."""
        if self.is_ok:
            return
        # A refusal counts only if nothing can have been done.
        if self._is_server_error or self._names_new_id:
            raise DirectcallOutcomeUnknownError(self.unreadable)
        if self.oauth_error == _OAUTH_UNNAMED and self.http_status != HTTPStatus.UNAUTHORIZED:
            error = f"HTTP {self.http_status} with a description alone"
            raise DirectcallTokenDoubtedError(error)
        self.check()

    def check_ended(self) -> None:
        """Raise the error of a success whose code means that no call was ended."""
        # Codes of a success may mean nothing (a guess), but these two are unambiguous.
        if error := _NOT_ENDED.get(self.code):
            raise error(self.code, self.message or RETURN_CODES[self.code].text)

    @property
    def unreadable(self) -> str:
        """Return the text of the error for a response that is neither success nor refusal."""
        return f"HTTP {self.http_status} without a readable result"

    @property
    def _names_new_id(self) -> bool:
        details = self.fields.get("detalhe")
        entries = details if isinstance(details, list) else [details]
        return any(
            entry.get(key)
            for entry in (self.fields, *entries)
            if isinstance(entry, Mapping)
            for key in ("callerid", "id_mensagem")
        )


def read_object(body: bytes) -> Mapping[str, object]:
    """Return the JSON object in a body of any encoding, or an empty one."""
    value = read_json(body)
    # An array of one object (provider's documentation, of another endpoint).
    if isinstance(value, list) and len(value) == 1:
        [value] = value
    return value if isinstance(value, dict) else {}


def read_json(body: bytes) -> object:
    """Return the JSON in a body of any encoding, or None."""
    try:
        return json.loads(decode_body(body))
    except ValueError, RecursionError:
        return None


def decode_body(body: bytes) -> str:
    """Return the text of a body of any encoding."""
    try:
        return body.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _phrase(http_status: int) -> str:
    try:
        return HTTPStatus(http_status).phrase
    except ValueError:
        return "-"
