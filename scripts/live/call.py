"""One call: placed once, looked at until it is over, and ended."""

from datetime import UTC, datetime, timedelta
import time
from typing import Final

from custom_components.directcall.api import (
    CallRequest,
    CallStatus,
    DirectcallError,
    DirectcallOutcomeUnknownError,
    LegState,
    NumberPair,
    Token,
)

from .conversation import Conversation, in_time
from .listening import ListeningClient
from .report import Unknown

# In seconds: between two looks, until a call that was never seen is taken for over, until a call is
# left alone, and how long both talk before it is ended.
_LOOK: Final = 2.0
_SLOW_START: Final = 20.0
_LONGEST: Final = 90.0
_TALK: Final = 10.0
# In hours: no zone is further from UTC.
_FURTHEST_ZONE: Final = 14
_SIDES: Final = ("origin", "destination", "another telephone")


def check_call(
    conversation: Conversation, client: ListeningClient, token: Token, pair: NumberPair
) -> None:
    """Place one call, and follow it."""
    person, report = conversation.person, conversation.report
    record = person.agrees(person.texts.ask_record)
    end = person.agrees(person.texts.ask_end)
    request = CallRequest(pair, record, show_caller_id=False, ring_destination_first=False)
    placed = conversation.ask(client.place_call(token, request, in_time()))
    report.learn_answer(Unknown.CALL)
    if isinstance(placed, DirectcallError):
        conversation.tell_failure(placed)
        # It may have been placed all the same.
        if not isinstance(placed, DirectcallOutcomeUnknownError):
            return
    else:
        report.masker.hide(placed.provider_id or "")
        person.say(person.texts.call_placed)
    if _Following(conversation, client, token, pair).follow(end=end):
        report.learn_answer(Unknown.OVER)
        person.say(person.texts.call_over)
        conversation.ask(client.end_call(token, pair, in_time()))
        report.learn_answer(Unknown.END_OVER)
    else:
        person.say(person.texts.call_goes_on)


class _Following:
    """A call that is looked at."""

    def __init__(
        self, conversation: Conversation, client: ListeningClient, token: Token, pair: NumberPair
    ) -> None:
        """Begin when it was placed."""
        self._conversation = conversation
        self._client = client
        self._token = token
        self._pair = pair
        self._started = time.monotonic()
        self._words: set[str] = set()

    @property
    def _age(self) -> float:
        """Return the seconds since the call was placed."""
        return time.monotonic() - self._started

    def follow(self, *, end: bool) -> bool:
        """Look at the call until it is over, or too long. Return if it is over.

        `end` has it ended by the provider, once both have talked.
        """
        talking_since: float | None = None
        was_seen = False
        while self._age < _LONGEST:
            time.sleep(_LOOK)
            status = self._conversation.ask(self._client.call_status(self._token, self._pair))
            if status is None and (was_seen or self._age > _SLOW_START):
                return True
            if not isinstance(status, CallStatus):
                continue
            was_seen = True
            self._learn_words(status)
            self._learn_zone()
            if _both_talk(status):
                talking_since = talking_since or self._age
                if end and self._age - talking_since >= _TALK:
                    end = False
                    self._conversation.ask(
                        self._client.end_call(self._token, self._pair, in_time())
                    )
                    self._conversation.report.learn_answer(Unknown.END)
        return False

    def _learn_words(self, status: CallStatus) -> None:
        """Note the words that were not seen before, and tell them."""
        person, report = self._conversation.person, self._conversation.report
        for leg in status.legs:
            side = 0 if leg is status.origin else 1 if leg is status.destination else 2
            word = report.masker.word(leg.word)
            meaning = leg.state.name if leg.state else "**not known to the integration**"
            answer = f"{_SIDES[side]} {word} ({meaning})"
            if answer not in self._words:
                self._words.add(answer)
                report.learn(Unknown.WORDS, f"{answer} after {self._age:.0f} s")
                person.say(f"{self._age:4.0f} s: {person.texts.sides[side]} {word}")

    def _learn_zone(self) -> None:
        """Note how far from UTC the provider's times are, as those of a call that is made now."""
        legs = self._conversation.listener.exchanges[-1].fields.get("msg")
        for leg in legs if isinstance(legs, list) else []:
            try:
                started = datetime.fromisoformat(leg["inicio"]).replace(tzinfo=UTC)
            except KeyError, TypeError, ValueError:
                continue
            hours = round((started - datetime.now(UTC)) / timedelta(hours=1))
            is_now = abs(hours) <= _FURTHEST_ZONE
            self._conversation.report.learn(
                Unknown.ZONE,
                f"`inicio` of a call in progress: UTC{hours:+}"
                if is_now
                else "`inicio` is no time of now",
            )


def _both_talk(status: CallStatus) -> bool:
    """Return if both telephones were answered."""
    return all(
        leg and leg.state is LegState.ANSWERED for leg in (status.origin, status.destination)
    )
