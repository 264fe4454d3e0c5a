"""The provider's endpoints: forms out, answers in."""

import re
import time
from typing import Final

import aiohttp
from yarl import URL

from .errors import ConnectionFailedError, HangUpUnknownError, NotActiveError, OutcomeUnknownError
from .legs import read_status
from .models import CallRequest, CallStatus, EndedCall, NumberPair, PlacedCall, Token
from .transport import Transport

DEFAULT_URL: Final = "https://api.directcallsoft.com"


class DirectcallClient:
    """One account at the provider."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: URL,
        client_id: str,
        client_secret: str,
    ) -> None:
        """Use a session, which stays the caller's, for the account at an address."""
        self._transport = Transport(session, url, client_secret)
        self._client_id = client_id
        self._client_secret = client_secret
        self.statistics: Final = self._transport.statistics

    async def request_token(self) -> Token:
        """Get a new token. Asking bills nothing.

        Raise AuthenticationError, RefusedError, or ConnectionFailedError, also where the answer
        was lost.
        """
        form = {"client_id": self._client_id, "client_secret": self._client_secret}
        with self._transport.counting():
            requested_at = time.monotonic()
            try:
                answer = await self._transport.send("POST", "request_token", form)
            except OutcomeUnknownError as err:
                raise ConnectionFailedError(str(err)) from None
            value, lifetime = answer.token()
        return Token(value, lifetime, requested_at)

    async def place_call(self, token: Token, request: CallRequest) -> PlacedCall:
        """Join two telephones. Never repeated once anything was sent.

        Raise TokenRejectedError, AuthenticationError, RefusedError, ConnectionFailedError or
        OutcomeUnknownError.
        """
        form = {
            "access_token": token.value,
            "origem": request.pair.origin.wire,
            "destino": request.pair.destination.wire,
            # The provider does not say what it does without these three.
            "gravar": _yes_or_no(value=request.record),
            "cli": _yes_or_no(value=request.show_caller_id),
            "inverter_discagem": _yes_or_no(value=request.ring_destination_first),
        }
        with self._transport.counting():
            answer = await self._transport.send_patiently("POST", "voz/call", form)
            answer.check()
        # An id is shown, and kept in backups. One that would give something away is none.
        call_id = answer.call_id or ""
        digits = re.sub(r"[^0-9]", "", call_id)
        numbers = (request.pair.origin, request.pair.destination)
        if any(secret in call_id for secret in (token.value, self._client_secret) if secret) or any(
            number.wire[-8:] in digits for number in numbers
        ):
            call_id = ""
        return PlacedCall(call_id or None, answer.code, answer.message)

    async def call_status(self, token: Token, pair: NumberPair) -> CallStatus | None:
        """Return how the call between two telephones stands, or nothing if there is none.

        Looking bills nothing. Raise TokenRejectedError, AuthenticationError, RefusedError, or
        ConnectionFailedError, also where the answer was lost.
        """
        secrets = [self._client_secret, token.value]
        with self._transport.counting():
            try:
                answer = await self._transport.send("GET", "voz/status", _query(token, pair))
                answer.check()
            except NotActiveError:
                return None
            except OutcomeUnknownError as err:
                raise ConnectionFailedError(str(err)) from None
        return read_status(answer, pair, secrets)

    async def end_call(self, token: Token, pair: NumberPair) -> EndedCall:
        """Hang up the call between two telephones.

        Raise NotActiveError if there is none, TokenRejectedError, AuthenticationError,
        RefusedError, ConnectionFailedError or HangUpUnknownError.
        """
        with self._transport.counting():
            try:
                answer = await self._transport.send_patiently("GET", "voz/end", _query(token, pair))
                answer.check()
                answer.check_ended()
            except OutcomeUnknownError as err:
                raise HangUpUnknownError(str(err)) from None
        return EndedCall(answer.code, answer.message)


def _query(token: Token, pair: NumberPair) -> dict[str, str]:
    """Return how a call in progress is asked for: by its numbers, not by its id."""
    return {
        "access_token": token.value,
        "origem": pair.origin.wire,
        "destino": pair.destination.wire,
    }


def _yes_or_no(*, value: bool) -> str:
    """Return a boolean as the provider writes it."""
    return "s" if value else "n"
