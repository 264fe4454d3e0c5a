"""Runs of alerts, without Home Assistant: how they are made, and how the policy plays them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from custom_components.directcall.alerts import Alert, AlertStatus, Channel, Run, StepResult
from custom_components.directcall.alerts.alert import Step
from custom_components.directcall.alerts.policy import (
    BeginRound,
    End,
    Forget,
    HangUp,
    NextStep,
    PlaceCall,
    SendMessage,
    Wait,
    begin_steps,
    connection_back,
    end_run,
    end_steps,
    next_step,
    nothing_sent,
    update_call,
)

# Seconds on the monotonic clock, and on the wall clock, when an alert is raised.
START = 1000.0
WALL = 1_800_000_000.0
SMS, VOICE, CALL = Channel.SMS, Channel.VOICE_MESSAGE, Channel.CALL
ACCEPTED, REFUSED, UNKNOWN = StepResult.ACCEPTED, StepResult.REFUSED, StepResult.UNKNOWN
UNDER_WAY = StepResult.UNDER_WAY
# More steps than any run of a test takes. A run that takes more goes round in circles.
_MOST_STEPS = 3000

type Reply = StepResult | None
"""The result of a request. None is a line that is down."""
type Talk = tuple[float | None, float | None]
"""The seconds after which a call is answered, and over."""

RINGS: Talk = None, None


def make_alert(contacts: Iterable[str] = "ABC", *channels: Channel, **changes: Any) -> Alert:
    """Return an alert of contacts through channels, by voice message if none is given."""
    values: dict[str, Any] = {
        "subentry_id": "01ALERT0",
        "name": "Smoke",
        "message": "Smoke!",
        "contacts": tuple(contacts),
        "channels": frozenset(channels or {VOICE}),
        "at_once": False,
        "time_each": 120.0,
        "rounds": 3,
        "pause": 300.0,
        "acknowledge_entities": (),
        "answer_acknowledges": False,
        "keep_trying": 3600.0,
    }
    return Alert(**values | changes)


def make_run(alert: Alert, *steps: Step, **changes: Any) -> Run:
    """Return a run of an alert that has taken some steps."""
    values: dict[str, Any] = {
        "alert_id": "1",
        "alert": alert,
        "message": "Smoke in the kitchen!",
        "raised_at": WALL,
        "begun_at": START,
        "steps": steps,
    }
    return Run(**values | changes)


def step(
    contact: str, channel: Channel = VOICE, seconds: float = 0, round_: int = 1, **changes: Any
) -> Step:
    """Return a step that was accepted some seconds after its alert was raised."""
    values: dict[str, Any] = {"round": round_, "result": ACCEPTED, "at": START + seconds}
    return Step(contact=contact, channel=channel, **values | changes)


class Story:
    """The whole run of an alert, as its policy leads it, where each request takes no time."""

    def __init__(
        self,
        alert: Alert,
        replies: Mapping[str, Iterable[Reply]] | None = None,
        talks: Mapping[str, Talk] | None = None,
    ) -> None:
        """Set the replies to the requests of a channel and a contact, which are else accepted."""
        self.alert = alert
        self.run = make_run(alert)
        self.now = START
        self.lines: list[str] = []
        self.on_wait: Callable[[Wait], None] = lambda _: None
        self._replies: dict[str, Iterator[Reply]] = {
            key: iter(values) for key, values in (replies or {}).items()
        }
        self._talks = talks or {}
        self._news: list[tuple[float, str, bool]] = []
        self._call_ids = map(str, count(1))

    def play(self) -> list[str]:
        """Play the run to its end, and return its story."""
        for _ in range(_MOST_STEPS):
            step = next_step(self.alert, self.run, self.now)
            self._take(step)
            if isinstance(step, Forget):
                return self.lines
        message = "The run does not end"
        raise AssertionError(message)

    def acknowledge(self) -> None:
        """Let somebody say that the alert was seen."""
        self.run = end_run(self.run, AlertStatus.ACKNOWLEDGED)

    def call_off(self, all_clear: str | None) -> None:
        """Let somebody call the alert off."""
        self.run = replace(end_run(self.run, AlertStatus.CANCELLED), all_clear=all_clear)

    def delete_contact(self) -> None:
        """Let somebody delete the first contact."""
        self.alert = replace(self.alert, contacts=self.alert.contacts[1:])

    def restore_line(self) -> None:
        """Let the line be back."""
        self.run = connection_back(self.run, self.now)

    def _take(self, step: NextStep) -> None:
        """Take a step."""
        match step:
            case SendMessage(channel, contacts):
                self._send(channel, contacts)
            case PlaceCall(contact):
                self._place(contact)
            case HangUp(call):
                self._note(f"hang up {call.contact}")
                assert call.call_id
                self._update(call.call_id, is_over=True)
            case Wait():
                self._wait(step)
            case BeginRound():
                self.run = replace(self.run, round=self.run.round + 1)
                self._note(f"round {self.run.round}")
            case End(reason):
                self._note(f"end {reason}")
                self.run = end_run(self.run, AlertStatus.UNACKNOWLEDGED)
            case Forget():
                self._note("forget")

    def _note(self, line: str) -> None:
        self.lines.append(f"{self.now - START:g} {line}")

    def _reply(self, channel: Channel, contact: str) -> Reply:
        return next(self._replies.get(f"{channel} {contact}", iter(())), ACCEPTED)

    def _send(self, channel: Channel, contacts: tuple[str, ...]) -> None:
        self.run = begin_steps(self.run, contacts, channel, self.now)
        assert next_step(self.alert, self.run, self.now) == Wait(None)
        for contact in contacts:
            self._end(channel, contact)

    def _end(self, channel: Channel, contact: str) -> Reply:
        reply = self._reply(channel, contact)
        self._note(f"{channel} {contact}" + ("" if reply is ACCEPTED else f" {reply or 'offline'}"))
        if reply is None:
            self.run, _ = nothing_sent(self.alert, self.run, [contact], channel, self.now)
        else:
            self.run = end_steps(self.run, [contact], channel, reply, self.now)
        return reply

    def _place(self, contact: str) -> None:
        call_id = next(self._call_ids)
        self.run = begin_steps(self.run, [contact], CALL, self.now, call_id)
        assert next_step(self.alert, self.run, self.now) == Wait(None)
        if self._end(CALL, contact) in {ACCEPTED, UNKNOWN}:
            news = zip(self._talks.get(contact, RINGS), (False, True), strict=True)
            self._news += [
                (self.now + seconds, call_id, over) for seconds, over in news if seconds is not None
            ]

    def _update(self, call_id: str, *, is_over: bool) -> None:
        self.run = update_call(
            self.run, call_id, self.now, is_over=is_over, is_answered=not is_over
        )

    def _wait(self, wait: Wait) -> None:
        assert wait.until is not None
        assert wait.until > self.now
        if wait.status is not AlertStatus.ALERTING:
            self._note(wait.status)
        before = self.run
        self.on_wait(wait)
        if self.run is not before:
            return
        self._news.sort()
        if self._news and self._news[0][0] <= wait.until:
            self.now, call_id, is_over = self._news.pop(0)
            self._update(call_id, is_over=is_over)
        else:
            self.now = wait.until
