"""What is asked of the provider, in which order, and what is learned from it."""

from collections.abc import Coroutine
from datetime import datetime, timedelta
from secrets import token_hex
import time
from typing import Any, Final

from custom_components.directcall.api import (
    AcceptedRequest,
    ByteRange,
    DirectcallAuthenticationError,
    DirectcallError,
    DirectcallTokenRejectedError,
    NumberPair,
    Recording,
    RecordingQuery,
    Sms,
    Token,
    VoiceMessage,
)
from custom_components.directcall.api.models import ZONE

from .call import check_call
from .conversation import Conversation, in_time
from .listening import ListeningClient
from .masking import read_claims, shape, shown_host
from .report import Unknown

# Seconds between two looks at a message.
_LOOK: Final = 5.0
_MESSAGE_LOOKS: Final = 6
# The provider keeps recordings for 90 days (provider's documentation): before that, there are none.
_KEPT: Final = timedelta(days=90)
_LONG_AGO: Final = timedelta(days=200)
_FIRST_BYTES: Final = ByteRange(0, 99)
_FORMATS: Final = {b"RIFF": "WAV", b"ID3": "MP3", b"\xff": "probably MP3", b"OggS": "Ogg"}


class Check:
    """One run, with one account."""

    def __init__(self, conversation: Conversation) -> None:
        """Begin without the numbers of any telephone."""
        self._conversation = conversation
        self._person = conversation.person
        self._texts = conversation.person.texts
        self._report = conversation.report
        self._ask = conversation.ask
        self._numbers: NumberPair | None = None

    def run(self) -> bool:
        """Ask all that is agreed to. Return if there was a token."""
        self._person.say(self._texts.welcome)
        client_id, secret = self._person.credentials()
        self._report.masker.hide(client_id, secret)
        self._report.masker.hide_names(client_id.partition("@")[0])
        with self._conversation.account(client_id, secret) as client:
            token = self._request_token(client)
            if token is None:
                self._report.learn_answer(Unknown.NO_LOGIN)
                self._person.say(self._texts.not_signed_in)
                return False
            self._person.say(self._texts.signed_in)
            self._learn_token(token)
            if pair := self._pair_if(self._texts.ask_free):
                token = self._look_for_free(client, token, pair)
            if self._person.agrees(self._texts.ask_wrong_login):
                self._try_wrong_login(client_id, secret)
            if pair := self._pair_if(self._texts.ask_call):
                check_call(self._conversation, client, token, pair)
            text = self._texts.message_text
            if pair := self._pair_if(self._texts.ask_voice_message):
                voice = VoiceMessage(pair.origin, (pair.destination,), text, attempts=1)
                self._send(
                    client,
                    token,
                    "voice message",
                    client.send_voice_message(token, voice, in_time()),
                )
            if pair := self._pair_if(self._texts.ask_sms):
                sms = Sms(pair.origin, (pair.destination,), text)
                self._send(client, token, "SMS", client.send_sms(token, sms, in_time()))
            if self._person.agrees(self._texts.ask_recordings):
                self._list(client, token)
        return True

    def _pair_if(self, question: str) -> NumberPair | None:
        """Return the two telephones, if a question that needs them is answered with a yes."""
        if not self._person.agrees(question):
            return None
        if self._numbers is None and (origin := self._person.origin()):
            self._report.masker.hide(origin.digits, origin.digits[2:])
            if destination := self._person.destination(origin):
                self._report.masker.hide(destination.digits, destination.digits[2:])
                self._numbers = NumberPair(origin, destination)
        return self._numbers

    def _request_token(self, client: ListeningClient) -> Token | None:
        """Return a token, if one is given."""
        token = self._ask(client.request_token())
        if isinstance(token, DirectcallError):
            return None
        self._report.masker.hide(token.value, *token.value.split("."))
        return token

    def _learn_token(self, token: Token) -> None:
        """Note what a token is like."""
        claims = read_claims(token.value)
        described = [f"`{path}` {what}" for path, what in self._report.masker.describe(claims)]
        self._report.learn(
            Unknown.SHAPE,
            f"{shape(token.value)}, with the claims {', '.join(described)}"
            if claims
            else shape(token.value),
        )
        said = "expires_in" in self._conversation.listener.exchanges[-1].fields
        self._report.learn(Unknown.LIFETIME, f"{'an' if said else 'no'} `expires_in`")
        match claims.get("iat"), claims.get("exp"):
            case int() | float() as issued, int() | float() as expires:
                self._report.learn(Unknown.LIFETIME, f"`exp - iat` is {expires - issued:.0f} s")
        self._report.learn(Unknown.LIFETIME, f"the integration believes in {token.lifetime:.0f} s")

    def _look_for_free(self, client: ListeningClient, first: Token, pair: NumberPair) -> Token:
        """Look at what costs nothing. Return the newest token."""
        self._ask(client.call_status(first, pair))
        self._report.learn_answer(Unknown.NO_CALL)
        second = self._request_token(client)
        if second and second.value == first.value:
            self._report.learn(Unknown.OLDER, "the same token was given again")
        elif second:
            old = self._ask(client.call_status(first, pair))
            is_refused = isinstance(
                old, DirectcallTokenRejectedError | DirectcallAuthenticationError
            )
            self._report.learn_answer(
                Unknown.OLDER,
                "yes, the older one is refused: " if is_refused else "no sign of that: ",
            )
        invented = Token(token_hex(20), first.lifetime, time.monotonic())
        self._report.masker.hide(invented.value)
        self._ask(client.call_status(invented, pair))
        self._report.learn_answer(Unknown.REJECTION)
        return second or first

    def _try_wrong_login(self, client_id: str, secret: str) -> None:
        """Ask for a token with a secret that is not the account's."""
        wrong = "".join("2" if c == "1" else "1" for c in secret)
        self._report.masker.hide(wrong)
        with self._conversation.account(client_id, wrong) as client:
            self._request_token(client)
        self._report.learn_answer(Unknown.WRONG_LOGIN)

    def _send(
        self,
        client: ListeningClient,
        token: Token,
        kind: str,
        sending: Coroutine[Any, Any, AcceptedRequest],
    ) -> None:
        """Send one message, and look at what becomes of it."""
        sent = self._ask(sending)
        self._report.learn_answer(Unknown.MESSAGE, f"{kind}: ")
        if isinstance(sent, DirectcallError):
            self._conversation.tell_failure(sent)
        elif sent.provider_id:
            self._report.masker.hide(sent.provider_id)
            self._person.say(self._texts.wait)
            for _ in range(_MESSAGE_LOOKS):
                time.sleep(_LOOK)
                self._ask(client.message_status(token, sent.provider_id, in_time()))
                self._report.learn_answer(Unknown.MESSAGE_STATUS, f"{kind}: ")

    def _list(self, client: ListeningClient, token: Token) -> None:
        """List recordings and calls, and open the newest recording."""
        now = datetime.now(ZONE)
        long_ago = now - _LONG_AGO
        self._ask(client.list_first_page(token, RecordingQuery(long_ago, long_ago)))
        self._report.learn_answer(Unknown.NO_RECORDINGS)
        page = self._ask(client.list_first_page(token, RecordingQuery(now - _KEPT, now)))
        self._report.learn_answer(Unknown.RECORDINGS)
        self._ask(client.list_calls(token, now - _KEPT, now))
        self._report.learn_answer(Unknown.CALLS)
        if not isinstance(page, DirectcallError) and page.recordings:
            self._open(client, max(page.recordings, key=lambda recording: recording.started))

    def _open(self, client: ListeningClient, recording: Recording) -> None:
        """Open a recording, without a token."""
        self._report.masker.hide(str(recording.link), recording.link.path)
        beginning = self._ask(client.read_beginning(recording, None))
        self._report.learn_answer(Unknown.LINK, f"{shown_host(str(recording.link))}: ")
        if isinstance(beginning, bytes):
            formats = (name for magic, name in _FORMATS.items() if beginning.startswith(magic))
            self._report.learn(Unknown.AUDIO, next(formats, "something else"))
        self._ask(client.read_beginning(recording, _FIRST_BYTES))
        self._report.learn_answer(Unknown.RANGES)
