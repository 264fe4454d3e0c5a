"""Check: each step asks the user for consent, then Directcall, and notes the answers."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from getpass import getpass
import json
from pathlib import Path
from secrets import token_hex
import time
from typing import Any, Final

from yarl import URL

from custom_components.directcall import api
from custom_components.directcall.api.models import ZONE

from .client import LiveClient, open_sessions
from .masking import read_claims
from .report import INTEGRATION, Question, Report

# Seconds: between two polls of a call or a message, until a call that was never listed counts as
# over, until a call is left alone, and from the second answer until the call is ended.
_POLL: Final = 2.0
_MESSAGE_POLL: Final = 5.0
_SLOW_START: Final = 20.0
_LONGEST: Final = 90.0
_TALK: Final = 10.0
_MESSAGE_POLLS: Final = 6
# Seconds for a request with its repetitions, as in an action.
_DEADLINE: Final = 45
# No time zone is further from UTC, in hours.
_FURTHEST_ZONE: Final = 14
# The provider keeps recordings for 90 days (provider's documentation): before that, there are none.
_KEPT: Final = timedelta(days=90)
_LONG_AGO: Final = timedelta(days=200)
TEXTS: Final[dict[str, dict[str, str]]] = json.loads(
    Path(__file__).with_name("texts.json").read_text(encoding="utf-8")
)


class Check:
    """A check with one account."""

    def __init__(self, language: str, url: URL, report: Report, runner: asyncio.Runner) -> None:
        """Prepare a check. The runner lets Ctrl-C end a question at once."""
        self._language = language
        self._texts = TEXTS[language]
        self._url = url
        self._report = report
        self._runner = runner
        self._numbers: api.NumberPair | None = None

    def say(self, name: str, **values: object) -> None:
        """Tell the user something."""
        print(self._texts[name].format(**values), flush=True)

    def run(self) -> bool:
        """Take all steps that the user agrees to. Return if there was a token."""
        self.say("welcome")
        client_id = input(self._texts["client_id"]).strip()
        secret = getpass(self._texts["client_secret"]).strip()
        self._report.masker.hide(client_id, secret)
        self._report.masker.hide_names(client_id.partition("@")[0])
        with self._account(client_id, secret) as client:
            token = self._ask(Question.SHAPE, client.sign_in())
            if isinstance(token, api.DirectcallError):
                self._report.exchanges[-1].question = Question.NO_LOGIN
                self.say("not_signed_in")
                return False
            self.say("signed_in")
            self._note_lifetime(token)
            if pair := self._pair_if("ask_free"):
                self._check_free(client, token, pair)
            if self._agrees("ask_wrong_secret"):
                wrong = "".join("2" if c == "1" else "1" for c in secret)
                self._report.masker.hide(wrong)
                with self._account(client_id, wrong) as other:
                    self._ask(Question.WRONG_LOGIN, other.sign_in())
            if pair := self._pair_if("ask_call"):
                self._check_call(client, pair)
            text = self._texts["message"]
            if pair := self._pair_if("ask_voice_message"):
                voice = api.VoiceMessage(pair.origin, (pair.destination,), text, attempts=1)
                sending = client.send_voice_message(voice, api.RequestScope(_DEADLINE))
                self._check_message(client, Question.VOICE_MESSAGE, sending)
            if pair := self._pair_if("ask_sms"):
                sms = api.Sms(pair.origin, (pair.destination,), text)
                self._check_message(
                    client, Question.SMS, client.send_sms(sms, api.RequestScope(_DEADLINE))
                )
            if self._agrees("ask_recordings"):
                self._check_recordings(client)
        return True

    @contextmanager
    def _account(self, client_id: str, client_secret: str) -> Iterator[LiveClient]:
        sessions = self._runner.run(open_sessions(self._report))
        try:
            yield LiveClient(sessions, self._url, client_id, client_secret, self._report)
        finally:
            self._runner.run(sessions.close())

    def _ask[T](
        self, question: Question, request: Coroutine[Any, Any, T]
    ) -> T | api.DirectcallError:
        """Send a request, and return what the integration takes the response for."""
        self._report.question = question
        try:
            result = self._runner.run(request)
        except api.DirectcallError as err:
            self._report.exchanges[-1].reading = f"`{type(err).__name__}`"
            return err
        told = result.status if isinstance(result, api.PolledStatus) else result
        self._report.exchanges[-1].reading = "nothing" if told is None else "a yes"
        return result

    def _ask_billed(
        self, question: Question, request: Coroutine[Any, Any, api.AcceptedRequest]
    ) -> api.AcceptedRequest | api.DirectcallError:
        """Send a request that is billed, and tell the user if it was not done or is unclear."""
        result = self._ask(question, request)
        if isinstance(result, api.AcceptedRequest):
            self._report.masker.hide(result.provider_id or "")
        else:
            is_unclear = isinstance(result, api.DirectcallOutcomeUnknownError)
            self.say("unclear" if is_unclear else "failed")
        return result

    def _agrees(self, question: str) -> bool:
        yes = self._texts["yes"]
        answer = input(f"\n{self._texts[question]} [{yes[0]}/N] ")
        return answer.strip().casefold() in yes.split()

    def _pair_if(self, question: str) -> api.NumberPair | None:
        """Return the two telephones if the user says yes, and names them."""
        if not self._agrees(question):
            return None
        if self._numbers is None:
            origin = self._ask_number("origin")
            destination = self._ask_number("destination", origin) if origin else None
            if origin and destination:
                self._numbers = api.NumberPair(origin, destination)
        return self._numbers

    def _ask_number(
        self, question: str, other: api.PhoneNumber | None = None
    ) -> api.PhoneNumber | None:
        while text := input(self._texts[question]).strip():
            try:
                number = api.PhoneNumber.parse(text)
            except api.DirectcallInvalidNumberError as err:
                file = INTEGRATION / "translations" / f"{self._language}.json"
                texts = json.loads(file.read_text(encoding="utf-8"))
                print(texts["config"]["error"][err.problem])
                continue
            if number != other:
                self._report.masker.hide(number.digits, number.digits[2:])
                return number
            self.say("same_number")
        return None

    def _note_lifetime(self, token: api.Token) -> None:
        self._report.note(Question.LIFETIME, f"the integration assumes {token.lifetime:.0f} s")
        claims = read_claims(token.value)
        match claims.get("iat"), claims.get("exp"):
            case int() | float() as issued, int() | float() as expires:
                self._report.note(Question.LIFETIME, f"`exp - iat` is {expires - issued:.0f} s")

    def _check_free(self, client: LiveClient, first: api.Token, pair: api.NumberPair) -> None:
        self._ask(Question.BALANCE, client.balance())
        self._ask(Question.NO_CALL, client.call_status(pair))
        second = self._ask(Question.OLDER, client.sign_in())
        if isinstance(second, api.Token) and second.value == first.value:
            self._report.note(Question.OLDER, "the same token was given again")
        elif isinstance(second, api.Token):
            self._ask(Question.OLDER, client.try_token(first, pair))
        invented = api.Token(token_hex(20), first.lifetime, time.monotonic())
        self._report.masker.hide(invented.value)
        self._ask(Question.REJECTION, client.try_token(invented, pair))

    def _check_call(self, client: LiveClient, pair: api.NumberPair) -> None:
        record = self._agrees("ask_record")
        end = self._agrees("ask_end")
        request = api.CallRequest(pair, record, show_caller_id=False, ring_destination_first=False)
        placed = self._ask_billed(
            Question.CALL, client.place_call(request, api.RequestScope(_DEADLINE))
        )
        if isinstance(placed, api.AcceptedRequest):
            self.say("call_placed")
        elif not isinstance(placed, api.DirectcallOutcomeUnknownError):
            return
        if self._poll_call(client, pair, end=end):
            self._report.exchanges[-1].question = Question.CALL_OVER
            self.say("call_over")
            self._ask(Question.END_OVER, client.end_call(pair, api.RequestScope(_DEADLINE)))
        else:
            self.say("call_goes_on")

    def _poll_call(self, client: LiveClient, pair: api.NumberPair, *, end: bool) -> bool:
        """Poll a call, and end it if asked to. Return if it is over."""
        started = time.monotonic()
        answered_at: float | None = None
        was_listed = False
        while (age := time.monotonic() - started) < _LONGEST:
            time.sleep(_POLL)
            polled = self._ask(Question.WORDS, client.call_status(pair))
            if isinstance(polled, api.DirectcallError):
                continue
            if (status := polled.status) is None:
                if was_listed or age > _SLOW_START:
                    return True
                continue
            was_listed = True
            self._note_words(status)
            self._note_zone()
            legs = (status.origin, status.destination)
            if all(leg and leg.state is api.LegState.ANSWERED for leg in legs):
                answered_at = answered_at or age
                if end and age - answered_at >= _TALK:
                    end = False
                    self._ask(Question.END, client.end_call(pair, api.RequestScope(_DEADLINE)))
        return False

    def _note_words(self, status: api.CallStatus) -> None:
        for leg in status.legs:
            sides = {id(status.origin): "origin", id(status.destination): "destination"}
            side = sides.get(id(leg), "another telephone")
            meaning = leg.state.name if leg.state else "**not known to the integration**"
            note = f"{side} {self._report.masker.word(leg.word)} ({meaning})"
            if self._report.note(Question.WORDS, note):
                print(note, flush=True)

    def _note_zone(self) -> None:
        """Note how far the provider's times of a call in progress are from UTC."""
        legs = (self._report.exchanges[-1].fields or {}).get("msg")
        for leg in legs if isinstance(legs, list) else []:
            try:
                started = datetime.fromisoformat(leg["inicio"]).replace(tzinfo=UTC)
            except KeyError, TypeError, ValueError:
                continue
            hours = round((started - datetime.now(UTC)) / timedelta(hours=1))
            is_now = abs(hours) <= _FURTHEST_ZONE
            note = f"of a call in progress: UTC{hours:+}" if is_now else "is not the present time"
            self._report.note(Question.ZONE, f"`inicio` {note}")

    def _check_message(
        self,
        client: LiveClient,
        question: Question,
        sending: Coroutine[Any, Any, api.AcceptedRequest],
    ) -> None:
        sent = self._ask_billed(question, sending)
        if isinstance(sent, api.AcceptedRequest) and sent.provider_id:
            self.say("wait")
            for _ in range(_MESSAGE_POLLS):
                time.sleep(_MESSAGE_POLL)
                polling = client.message_status(sent.provider_id, api.RequestScope(_DEADLINE))
                self._ask(Question.MESSAGE_STATUS, polling)

    def _check_recordings(self, client: LiveClient) -> None:
        """List recordings and calls, and open the newest recording without a token."""
        now = datetime.now(ZONE)
        before = api.RecordingQuery(now - _LONG_AGO, now - _LONG_AGO)
        self._ask(Question.NO_RECORDINGS, client.list_first_page(before))
        recent = api.RecordingQuery(now - _KEPT, now)
        page = self._ask(Question.RECORDINGS, client.list_first_page(recent))
        self._ask(Question.CALLS, client.list_calls(recent.start, now))
        if isinstance(page, api.DirectcallError) or not page.recordings:
            return
        newest = max(page.recordings, key=lambda recording: recording.started)
        self._report.masker.hide(str(newest.link), newest.link.path)
        media_type = self._ask(Question.LINK, client.media_type(newest, None))
        if isinstance(media_type, str):
            self._report.note(Question.AUDIO, f"the integration plays it as `{media_type}`")
        self._ask(Question.RANGES, client.media_type(newest, api.ByteRange(0, 99)))
