"""Client of the provider's API: one method for each endpoint."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
import time
from typing import Final

from yarl import URL

from .audio_download import open_audio, probe_audio
from .audio_stream import AudioStream
from .auth import Authenticator, CreateTask
from .balance import read_balance
from .byte_range import ByteRange
from .call_status import read_status
from .exceptions import (
    DirectcallCancellationUnknownError,
    DirectcallConnectionFailedError,
    DirectcallHangUpUnknownError,
    DirectcallNoBalanceError,
    DirectcallNotActiveError,
    DirectcallOutcomeUnknownError,
)
from .forms import balance_form, call_form, pair_form, recordings_form, sms_form, voice_message_form
from .media_types import DEFAULT_TYPE
from .models import (
    AcceptedRequest,
    Balance,
    CallRequest,
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
from .recordings import Page, read_page
from .replies import read_accepted, read_reply
from .request_scope import RequestScope
from .responses import ApiResponse
from .sessions import Sessions
from .spool import Spool, spool_audio
from .token_response import read_token
from .transport import TIMEOUT, Transport

DEFAULT_URL: Final = "https://api.directcallsoft.com"
# Limits of a list of recordings. The provider keeps them for 90 days (provider's documentation), in
# which a household has far fewer, and a small machine has memory for these.
_MOST_PAGES: Final = 50
MOST_RECORDINGS: Final = 5000
# Seconds.
LIST_TIMEOUT: Final = 120


class DirectcallClient:
    """Client of one account. It gets a token by itself, and a new one if that is rejected.

    Requests raise DirectcallAuthenticationError, DirectcallTokenRejectedError,
    DirectcallRefusedError or DirectcallConnectionFailedError; those that ring, send, end or cancel
    also DirectcallOutcomeUnknownError, and those for the audio of a recording
    DirectcallLinkRefusedError or DirectcallRecordingGoneError.
    """

    def __init__(
        self,
        sessions: Sessions,
        url: URL,
        client_id: str,
        client_secret: str,
        create_task: CreateTask = asyncio.create_task,
    ) -> None:
        """Use sessions, which the caller closes, for the account at a URL."""
        self._transport = Transport(sessions, url, client_secret)
        self._client_id = client_id
        self._client_secret = client_secret
        self.statistics: Final = self._transport.statistics
        self.auth: Final = Authenticator(self.request_token, create_task)

    @property
    def recording_slots(self) -> asyncio.Semaphore:
        """Return the slots of which each recording that is fetched has to hold one."""
        return self._transport.sessions.recording_slots

    async def sign_in(self) -> Token:
        """Get a new token, and use it from now on."""
        return await self.auth.renew()

    async def request_token(self) -> Token:
        """Get a new token, and do not hold it."""
        form = {"client_id": self._client_id, "client_secret": self._client_secret}
        with self._transport.counting():
            requested_at = time.monotonic()
            try:
                response = await self._transport.send_with_priority("request_token", form)
            except DirectcallOutcomeUnknownError as err:
                raise DirectcallConnectionFailedError(str(err)) from None
            value, lifetime = read_token(response)
        return Token(value, lifetime, requested_at)

    async def place_call(self, request: CallRequest, scope: RequestScope) -> AcceptedRequest:
        """Place a call. It is never repeated once anything was sent."""
        response = await self._send_billed("voz/call", call_form(request), scope)
        return read_accepted(response, [request.pair.origin, request.pair.destination])

    async def call_status(self, pair: NumberPair) -> PolledStatus:
        """Poll the call between two telephones, which bills nothing."""

        async def poll(token: Token) -> PolledStatus:
            asked_at = time.monotonic()
            try:
                response = await self._ask(token, "GET", "voz/status", pair_form(pair))
            except DirectcallNotActiveError:
                return PolledStatus(None, asked_at)
            return PolledStatus(read_status(response, pair), asked_at)

        return await self._execute(poll)

    async def end_call(self, pair: NumberPair, scope: RequestScope) -> ProviderReply:
        """Hang up a call. Raise DirectcallNotActiveError or DirectcallHangUpUnknownError."""

        async def end(token: Token) -> ProviderReply:
            fields = _signed(token, pair_form(pair))
            try:
                response = await self._transport.send_in_scope("GET", "voz/end", fields, scope)
                response.check()
                response.check_ended()
            except DirectcallOutcomeUnknownError as err:
                raise DirectcallHangUpUnknownError(str(err)) from None
            return ProviderReply(response.code, response.text)

        return await self._execute(end, scope)

    async def send_voice_message(
        self, message: VoiceMessage, scope: RequestScope
    ) -> AcceptedRequest:
        """Speak a text or play an MP3 on up to ten telephones. It is never repeated."""
        audio = message.content if isinstance(message.content, bytes) else None
        response = await self._send_billed("sms/send", voice_message_form(message), scope, audio)
        return read_accepted(response, [message.origin, *message.recipients])

    async def send_sms(self, sms: Sms, scope: RequestScope) -> AcceptedRequest:
        """Send a text to up to ten telephones. It is never repeated."""
        response = await self._send_billed("sms/send", sms_form(sms), scope)
        return read_accepted(response, [sms.origin, *sms.recipients])

    async def message_status(self, message_id: str, scope: RequestScope) -> ProviderReply:
        """Return the provider's words for a message."""

        async def ask(token: Token) -> ProviderReply:
            fields = {"code": message_id}
            return read_reply(
                await self._ask(token, "GET", "sms/status", fields, scope.seconds_left)
            )

        return await self._execute(ask, scope)

    async def cancel_message(self, message_id: str, scope: RequestScope) -> ProviderReply:
        """Cancel a scheduled message. Raise DirectcallCancellationUnknownError."""

        async def cancel(token: Token) -> ProviderReply:
            fields = _signed(token, {"code": message_id})
            try:
                response = await self._transport.send_in_scope("GET", "sms/remove", fields, scope)
                response.check()
            except DirectcallOutcomeUnknownError as err:
                raise DirectcallCancellationUnknownError(str(err)) from None
            return read_reply(response)

        return await self._execute(cancel, scope)

    async def list_recordings(self, query: RecordingQuery) -> RecordingList:
        """Return the recordings of calls, page by page, in the provider's order."""

        async def list_pages(token: Token) -> RecordingList:
            try:
                async with asyncio.timeout(LIST_TIMEOUT), self._transport.sessions.list_slots:
                    return await self._list_pages(token, query)
            except TimeoutError:
                error = "a list took too long"
                raise DirectcallConnectionFailedError(error) from None

        found = await self._execute(list_pages)
        # The provider may ignore a filter.
        recordings = tuple(r for r in found.recordings if query.includes(r))
        return RecordingList(recordings, found.is_complete)

    async def _list_pages(self, token: Token, query: RecordingQuery) -> RecordingList:
        # A list that grows while it is read has some of them twice.
        found: dict[Recording, None] = {}
        for number in range(1, _MOST_PAGES + 1):
            page = await self._list_page(token, query, number)
            before = len(found)
            found |= dict.fromkeys(page.recordings)
            if len(found) > MOST_RECORDINGS:
                return RecordingList(tuple(found)[:MOST_RECORDINGS], is_complete=False)
            # Without a number of pages, the first page that brings nothing new is the last one.
            if number >= page.pages if page.pages is not None else len(found) == before:
                return RecordingList(tuple(found), is_complete=True)
        return RecordingList(tuple(found), is_complete=False)

    async def _list_page(self, token: Token, query: RecordingQuery, number: int) -> Page:
        form = recordings_form(query, number)
        page = read_page(await self._ask(token, "POST", "extrato/list-recordings", form))
        self.statistics.invalid_recordings.update(page.invalid)
        return page

    async def balance(self) -> Balance | None:
        """Return the balance, or None if the provider tells none."""

        async def ask(token: Token) -> Balance:
            form = _signed(token, balance_form())
            try:
                response = await self._transport.ask("POST", "extrato/saldo", form)
            except DirectcallOutcomeUnknownError as err:
                raise DirectcallConnectionFailedError(str(err)) from None
            return read_balance(response)

        # The provider may refuse the endpoint alone, so a refusal says nothing of the account.
        try:
            return await self._execute(ask)
        except DirectcallNoBalanceError:
            return None

    async def probe_recording(self, recording: Recording) -> str:
        """Return the media type of a recording. Raise what `open_recording` raises."""
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
        """Return the audio of a recording, or a part of it. The caller has to close it."""
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
        """Return the audio of a recording in a temporary file. The caller has to close it."""
        async with await self.open_recording(recording, None, default_type) as audio:
            with self._transport.counting():
                return await spool_audio(audio)

    async def _send_billed(
        self,
        endpoint: str,
        form: Mapping[str, str],
        scope: RequestScope,
        audio: bytes | None = None,
    ) -> ApiResponse:

        async def send(token: Token) -> ApiResponse:
            fields = _signed(token, form)
            response = await self._transport.send_in_scope("POST", endpoint, fields, scope, audio)
            response.check_billed()
            return response

        return await self._execute(send, scope)

    async def _ask(
        self,
        token: Token,
        method: str,
        endpoint: str,
        fields: Mapping[str, str],
        seconds: float = TIMEOUT,
    ) -> ApiResponse:
        try:
            response = await self._transport.ask(method, endpoint, _signed(token, fields), seconds)
            response.check()
        except DirectcallOutcomeUnknownError as err:
            raise DirectcallConnectionFailedError(str(err)) from None
        return response

    async def _execute[ResultT](
        self, request: Callable[[Token], Awaitable[ResultT]], scope: RequestScope | None = None
    ) -> ResultT:

        async def attempt(token: Token) -> ResultT:
            with self._transport.counting():
                return await request(token)

        return await self.auth.execute(attempt, scope)


def _signed(token: Token, fields: Mapping[str, str]) -> dict[str, str]:
    return {"access_token": token.value, **fields}
