"""The provider's endpoints: forms out, answers in."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
import re
import time
from typing import Final

from yarl import URL

from .audio_download import open_audio, probe_audio
from .audio_stream import AudioStream
from .auth import Authenticator
from .byte_range import ByteRange
from .call_status import read_status
from .exceptions import (
    DirectcallCancellationUnknownError,
    DirectcallConnectionError,
    DirectcallHangUpUnknownError,
    DirectcallNotActiveError,
    DirectcallOutcomeUnknownError,
)
from .media_types import DEFAULT_TYPE
from .models import (
    ZONE,
    AcceptedRequest,
    CallRequest,
    Delivery,
    NumberPair,
    PolledStatus,
    ProviderReply,
    Recording,
    RecordingList,
    RecordingQuery,
    Sms,
    Token,
    VoiceMessage,
)
from .phone_numbers import PhoneNumber
from .recordings import Page, read_page
from .redaction import redact_text
from .request_scope import RequestScope
from .responses import ApiResponse
from .sessions import Sessions
from .spool import Spool, spool_audio
from .transport import TIMEOUT, Transport

DEFAULT_URL: Final = "https://api.directcallsoft.com"
_BRAZIL: Final = "55"
# Characters of what is said in other forms than a text.
_LONGEST_SAID: Final = 2000
# `YmdHis`, as the provider's documentation writes it.
_MOMENT: Final = "%Y%m%d%H%M%S"
# Of a list of recordings: far more than a household has in 90 days, and less than fills a small
# machine's memory. And the seconds that it may take until somebody gives up waiting for it.
_MOST_PAGES: Final = 50
MOST_RECORDINGS: Final = 5000
LIST_TIMEOUT: Final = 120
# Nobody knows which moment of a call the provider looks at: its beginning, or its end.
_AROUND: Final = timedelta(hours=2)


class DirectcallClient:
    """One account at the provider."""

    def __init__(
        self,
        sessions: Sessions,
        url: URL,
        client_id: str,
        client_secret: str,
    ) -> None:
        """Use sessions, which stay the caller's, for the account at an address."""
        self._transport = Transport(sessions, url, client_secret)
        self._client_id = client_id
        self._client_secret = client_secret
        self.statistics: Final = self._transport.statistics
        self.auth: Final = Authenticator(self._request_token)

    @property
    def recording_slots(self) -> asyncio.Semaphore:
        """Return the slots of which each recording that is fetched has to hold one."""
        return self._transport.sessions.recording_slots

    async def sign_in(self) -> Token:
        """Get a new token, which bills nothing.

        Raise DirectcallAuthenticationError, DirectcallRefusedError or DirectcallConnectionError.
        """
        return await self.auth.renew()

    async def _request_token(self) -> Token:
        """Request a token once. A lost response counts as a failed connection."""
        form = {"client_id": self._client_id, "client_secret": self._client_secret}
        with self._transport.counting():
            requested_at = time.monotonic()
            try:
                answer = await self._transport.sign_in("request_token", form)
            except DirectcallOutcomeUnknownError as err:
                raise DirectcallConnectionError(str(err)) from None
            value, lifetime = answer.token()
        return Token(value, lifetime, requested_at)

    async def place_call(self, request: CallRequest, scope: RequestScope) -> AcceptedRequest:
        """Place a call that joins two telephones. It is never repeated once anything was sent.

        Raise DirectcallAuthenticationError, DirectcallTokenRejectedError, DirectcallRefusedError,
        DirectcallConnectionError or DirectcallOutcomeUnknownError.
        """
        form = {
            "origem": request.pair.origin.digits,
            "destino": request.pair.destination.digits,
            # The provider does not say what it does without these three.
            "gravar": _yes_or_no(value=request.record),
            "cli": _yes_or_no(value=request.show_caller_id),
            "inverter_discagem": _yes_or_no(value=request.ring_destination_first),
        }
        response = await self._send_billed("voz/call", form, scope)
        return _accepted(response, [request.pair.origin, request.pair.destination])

    async def call_status(self, pair: NumberPair) -> PolledStatus:
        """Poll the call between two telephones, which bills nothing.

        Raise DirectcallAuthenticationError, DirectcallTokenRejectedError, DirectcallRefusedError,
        or DirectcallConnectionError, also where the response was lost.
        """

        async def poll(token: Token) -> PolledStatus:
            asked_at = time.monotonic()
            with self._transport.counting():
                try:
                    response = await self._ask(token, "GET", "voz/status", _numbers_of(pair))
                except DirectcallNotActiveError:
                    return PolledStatus(None, asked_at)
            return PolledStatus(read_status(response, pair), asked_at)

        return await self.auth.execute(poll)

    async def end_call(self, pair: NumberPair, scope: RequestScope) -> ProviderReply:
        """Hang up the call between two telephones.

        Raise DirectcallNotActiveError if there is no call, DirectcallAuthenticationError,
        DirectcallTokenRejectedError, DirectcallRefusedError, DirectcallConnectionError or
        DirectcallHangUpUnknownError.
        """

        async def end(token: Token) -> ProviderReply:
            fields = _signed(token, _numbers_of(pair))
            with self._transport.counting():
                try:
                    response = await self._transport.send_in_scope("GET", "voz/end", fields, scope)
                    response.check()
                    response.check_ended()
                except DirectcallOutcomeUnknownError as err:
                    raise DirectcallHangUpUnknownError(str(err)) from None
            return ProviderReply(response.code, response.message)

        return await self.auth.execute(end, scope)

    async def send_voice_message(
        self, message: VoiceMessage, scope: RequestScope
    ) -> AcceptedRequest:
        """Speak a text or play an MP3 on up to ten telephones. It is never repeated.

        Raise what `place_call` raises.
        """
        fields = {
            "tipo": "voz",
            "destino": ";".join(recipient.digits for recipient in message.recipients),
            "num_tentativas": str(message.attempts),
        }
        audio = None
        if isinstance(message.content, bytes):
            audio = message.content
        else:
            fields["texto"] = message.content
        return await self._send_message(message, scope, fields, audio)

    async def send_sms(self, sms: Sms, scope: RequestScope) -> AcceptedRequest:
        """Send a text to up to ten telephones. It is never repeated.

        Raise what `place_call` raises.
        """
        fields = {
            "tipo": "texto",
            "destino": ";".join(_abroad(recipient) for recipient in sms.recipients),
            "texto": sms.text,
        }
        return await self._send_message(sms, scope, fields)

    async def _send_message(
        self,
        message: VoiceMessage | Sms,
        scope: RequestScope,
        fields: dict[str, str],
        audio: bytes | None = None,
    ) -> AcceptedRequest:
        """Send a message of any kind."""
        form = {"origem": message.origin.digits, **fields, **_delivery(message.delivery)}
        response = await self._send_billed("sms/send", form, scope, audio)
        return _accepted(response, [message.origin, *message.recipients])

    async def _send_billed(
        self,
        endpoint: str,
        form: Mapping[str, str],
        scope: RequestScope,
        audio: bytes | None = None,
    ) -> ApiResponse:
        """Send a form that rings, sends or bills, and check that it was accepted."""

        async def send(token: Token) -> ApiResponse:
            with self._transport.counting():
                response = await self._transport.send_in_scope(
                    "POST", endpoint, _signed(token, form), scope, audio
                )
                response.check_billed()
            return response

        return await self.auth.execute(send, scope)

    async def message_status(self, message_id: str, scope: RequestScope) -> ProviderReply:
        """Return the provider's words for a message.

        Raise DirectcallAuthenticationError, DirectcallTokenRejectedError, DirectcallRefusedError,
        or DirectcallConnectionError, also where the response was lost.
        """

        async def ask(token: Token) -> ProviderReply:
            with self._transport.counting():
                response = await self._ask(
                    token, "GET", "sms/status", {"code": message_id}, scope.seconds_left
                )
            return _reply(response)

        return await self.auth.execute(ask, scope)

    async def cancel_message(self, message_id: str, scope: RequestScope) -> ProviderReply:
        """Cancel a message that is scheduled.

        Raise DirectcallAuthenticationError, DirectcallTokenRejectedError, DirectcallRefusedError,
        DirectcallConnectionError or DirectcallCancellationUnknownError.
        """

        async def cancel(token: Token) -> ProviderReply:
            fields = _signed(token, {"code": message_id})
            with self._transport.counting():
                try:
                    response = await self._transport.send_in_scope(
                        "GET", "sms/remove", fields, scope
                    )
                    response.check()
                except DirectcallOutcomeUnknownError as err:
                    raise DirectcallCancellationUnknownError(str(err)) from None
            return _reply(response)

        return await self.auth.execute(cancel, scope)

    async def list_recordings(self, query: RecordingQuery) -> RecordingList:
        """Return the recordings of calls, page by page, in the provider's order.

        The provider keeps them for 90 days (provider's documentation). Raise
        DirectcallAuthenticationError, DirectcallTokenRejectedError, DirectcallRefusedError, or
        DirectcallConnectionError, also where a response was lost.
        """

        async def list_pages(token: Token) -> RecordingList:
            with self._transport.counting():
                try:
                    async with asyncio.timeout(LIST_TIMEOUT), self._transport.sessions.list_slots:
                        return await self._list_pages(token, query)
                except TimeoutError:
                    error = "a list took too long"
                    raise DirectcallConnectionError(error) from None

        found = await self.auth.execute(list_pages)
        # The provider may ignore a filter.
        recordings = tuple(r for r in found.recordings if query.includes(r))
        return RecordingList(recordings, found.is_complete)

    async def _list_pages(self, token: Token, query: RecordingQuery) -> RecordingList:
        """Return what stands on all pages of a list, as far as they are read."""
        # A list that grows while it is read shows some of them twice.
        found: dict[Recording, None] = {}
        for number in range(1, _MOST_PAGES + 1):
            page = await self._list_page(token, query, number)
            before = len(found)
            found |= dict.fromkeys(page.recordings)
            if len(found) > MOST_RECORDINGS:
                return RecordingList(tuple(found)[:MOST_RECORDINGS], is_complete=False)
            # Where nobody says how many pages there are, the last one brings nothing new.
            if number >= page.pages if page.pages is not None else len(found) == before:
                return RecordingList(tuple(found), is_complete=True)
        return RecordingList(tuple(found), is_complete=False)

    async def _list_page(self, token: Token, query: RecordingQuery, number: int) -> Page:
        """Return a page of a list of recordings."""
        form = {
            "dataInicial": (query.start - _AROUND).astimezone(ZONE).strftime(_MOMENT),
            "dataFinal": (query.end + _AROUND).astimezone(ZONE).strftime(_MOMENT),
            "pagina": str(number),
            # The provider's documentation spells it so here, and `format` in another version.
            "formato": "JSON",
        }
        if query.destination:
            form["numeroDestino"] = query.destination.digits
        if query.call_id:
            form["callerid"] = query.call_id
        page = read_page(await self._ask(token, "POST", "extrato/list-recordings", form))
        self.statistics.invalid_recordings.update(page.odd)
        return page

    async def probe_recording(self, recording: Recording) -> str:
        """Return the media type of a recording, which then surely has audio.

        Raise what `open_recording` raises.
        """
        self.statistics.requests["recording"] += 1
        with self._transport.counting():
            return await probe_audio(
                self._transport.sessions.background, self._transport.url, recording.link
            )

    async def open_recording(
        self,
        recording: Recording,
        byte_range: ByteRange | None = None,
        default_type: str = DEFAULT_TYPE,
    ) -> AudioStream:
        """Return the audio of a recording, or a part of it. It has to be closed.

        The default type counts where the provider does not say any. Raise DirectcallLinkRefusedError if the
        link leads away from the provider, DirectcallRecordingGoneError if there is no audio any more, or
        DirectcallConnectionError.
        """
        self.statistics.requests["recording"] += 1
        with self._transport.counting():
            return await open_audio(
                self._transport.sessions.background,
                self._transport.url,
                recording.link,
                byte_range,
                default_type,
            )

    async def spool_recording(
        self, recording: Recording, default_type: str = DEFAULT_TYPE
    ) -> Spool:
        """Return the whole audio of a recording in a temporary file. It has to be closed.

        Raise what `open_recording` raises, and DirectcallSpoolError if there is no room for it.
        """
        async with await self.open_recording(recording, None, default_type) as audio:
            with self._transport.counting():
                return await spool_audio(audio)

    async def _ask(
        self,
        token: Token,
        method: str,
        endpoint: str,
        fields: Mapping[str, str],
        seconds: float = TIMEOUT,
    ) -> ApiResponse:
        """Ask once and check the response. A lost one counts as a failed connection."""
        try:
            response = await self._transport.ask(method, endpoint, _signed(token, fields), seconds)
            response.check()
        except DirectcallOutcomeUnknownError as err:
            raise DirectcallConnectionError(str(err)) from None
        return response


def _signed(token: Token, fields: Mapping[str, str]) -> dict[str, str]:
    """Return fields with the token that they are sent with."""
    return {"access_token": token.value, **fields}


def _numbers_of(pair: NumberPair) -> dict[str, str]:
    """Return the fields that name a call in progress: its numbers, not its ID."""
    return {"origem": pair.origin.digits, "destino": pair.destination.digits}


def _reply(response: ApiResponse) -> ProviderReply:
    """Return a reply, also where its words are not one text."""
    text = response.message
    words = response.fields.get("msg")
    if words is not None and not isinstance(words, str):
        text = redact_text(_text_of(words), response.secrets)
    return ProviderReply(response.code, text)


def _accepted(response: ApiResponse, numbers: Collection[PhoneNumber]) -> AcceptedRequest:
    """Return a confirmation. An ID that contains a secret or a number is left out.

    Automations see it, and it may be kept in backups.
    """
    new_id = response.new_id or ""
    digits = re.sub(r"[^0-9]", "", new_id)
    if any(secret in new_id for secret in response.secrets if secret) or any(
        number.digits[-8:] in digits for number in numbers
    ):
        new_id = ""
    return AcceptedRequest(new_id or None, response.code, response.message)


def _yes_or_no(*, value: bool) -> str:
    """Return a boolean as the provider writes it."""
    return "s" if value else "n"


def _text_of(said: object) -> str:
    """Return the words in lists and objects, whatever their depth, as far as they are read."""
    words: list[str] = []
    rest = [said]
    length = 0
    while rest and length < _LONGEST_SAID:
        match rest.pop():
            case dict() as fields:
                rest += [each for item in reversed(fields.items()) for each in reversed(item)]
            case list() as values:
                rest += reversed(values)
            case value:
                words.append(str(value))
                length += len(words[-1]) + 1
    return " ".join(words)


def _abroad(recipient: PhoneNumber) -> str:
    """Return a recipient of an SMS, with `00` before a number abroad (provider's documentation).

    That it stands for SMS alone is a guess, from where it is said.
    """
    is_foreign = not recipient.digits.startswith((_BRAZIL, "ip"))
    return f"00{recipient.digits}" if is_foreign else recipient.digits


def _delivery(delivery: Delivery) -> dict[str, str]:
    """Return when a message is delivered, as the provider writes it."""
    fields = {}
    if delivery.send_at:
        fields["cron"] = delivery.send_at.astimezone(ZONE).strftime("%d-%m-%Y-%H-%M-%S")
    if delivery.earliest:
        # Where zones are half an hour apart, the next full one: never before it is wished.
        fields["enviar_de"] = _hour(delivery.earliest + timedelta(minutes=59))
    if delivery.latest:
        fields["enviar_ate"] = _hour(delivery.latest)
    return fields


def _hour(moment: datetime) -> str:
    """Return the hour of the day at the provider's, from 0 to 23."""
    return str(moment.astimezone(ZONE).hour)
