"""Laws of a call: they hold for any answers, in any order, and across restarts."""

from itertools import pairwise
import json
from typing import Any, Final

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
import pytest

from custom_components.directcall.api import (
    AcceptedRequest,
    CallStatus,
    NumberPair,
    PhoneNumber,
    RedactedText,
)
from custom_components.directcall.api.call_status import read_status
from custom_components.directcall.api.responses import ApiResponse
from custom_components.directcall.calls import Call, CallState, state_machine

ORIGIN: Final = "554130600300"
DESTINATION: Final = "5541999990000"
PAIR: Final = NumberPair(PhoneNumber(ORIGIN), PhoneNumber(DESTINATION))
ACCEPTED: Final = AcceptedRequest("id", "000", RedactedText(""))

RINGS: Final = "chamando"
ANSWERED: Final = "atendida"
BUSY: Final = "ocupada"
NO_ANSWER: Final = "não atendida"
ENDED: Final = "encerrada"
FAILED: Final = "falha"
KNOWN: Final = (RINGS, ANSWERED, BUSY, NO_ANSWER, ENDED, FAILED)
LIVE: Final = {RINGS, ANSWERED}

LONGEST: Final = 2 * 3600
LONGEST_RINGING: Final = 3 * 60
LONGEST_GAP: Final = 15

type Legs = dict[str, str]
"""The word for each telephone of a status."""

WORDS: Final = st.sampled_from([*KNOWN, *KNOWN, "em andamento", "", "1", "\ud83d"])
LEGS: Final = st.one_of(
    st.sampled_from(
        [
            {ORIGIN: RINGS},
            {ORIGIN: ANSWERED, DESTINATION: RINGS},
            {DESTINATION: ANSWERED, ORIGIN: RINGS},
            {ORIGIN: ANSWERED, DESTINATION: ANSWERED},
        ]
    ),
    st.fixed_dictionaries({ORIGIN: WORDS}, optional={DESTINATION: WORDS}),
    st.dictionaries(st.sampled_from([ORIGIN, DESTINATION, "5541988887777"]), WORDS),
)
# Seconds: a call is polled every 3 to 10 s, and otherwise its limits count.
SOON: Final = st.floats(0, 12)
LATER: Final = st.sampled_from([1, 14, 16, 18, 60, 170, 190, 7100, 7300])
SET: Final = st.sampled_from([0, 0, -7300, -60, -5, 60, 7300])


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """Do without Home Assistant, which would take longer than all calls."""


def status_of(legs: Legs | None) -> CallStatus | None:
    """Return the status with these words, and None for a call that is not active."""
    entries = [{"telefone": number, "status": word} for number, word in (legs or {}).items()]
    code = "003" if legs is None else "000"
    body = json.dumps({"status": "ok", "codigo": code, "msg": entries})
    return read_status(ApiResponse.read(200, body.encode(), ()), PAIR)


class CallLaws(RuleBasedStateMachine):
    """A call, with what an observer knows who wrote everything down."""

    def __init__(self) -> None:
        """Start before the request is sent."""
        super().__init__()
        self.now = 1000.0
        self.wall = 1_800_000_000.0
        self.call = Call(call_id="1", pair=PAIR, recorded=True, ring_destination_first=False)
        self.story: list[CallState] = []
        self.asked = [self.now]
        self.live_at = 0.0
        self.was_live = False
        self.was_answered = False
        self.has_missed = False
        self.was_restarted = False
        self.tracked_since = self.now
        self.answered_at = self.now

    @initialize(
        kind=st.sampled_from(
            [*["accepted"] * 4, "ambiguous", "hung up", "replaces another", "after another"]
        ),
        inverted=st.booleans(),
        seconds=st.floats(0, 14),
    )
    def request(self, *, kind: str, inverted: bool, seconds: float) -> None:
        """Place the call."""
        call = Call(call_id="1", pair=PAIR, recorded=True, ring_destination_first=inverted)
        self.call = state_machine.send_request(call, self.now, self.wall)
        if kind == "hung up":
            self.enter(*state_machine.hang_up(self.call, self.now))
            assert self.story == []
        self.pass_time(seconds)
        self.tracked_since = self.now
        self.has_missed = kind == "replaces another"
        self.enter(
            *state_machine.end_request(
                self.call,
                None if kind in {"ambiguous", "hung up"} else ACCEPTED,
                self.now,
                self.wall,
                replaces_another=kind == "replaces another",
                may_show_another=kind == "after another",
            )
        )
        assert (self.story == []) is (kind == "ambiguous")

    def pass_time(self, seconds: float) -> None:
        """Let the clocks go on."""
        self.now += seconds
        self.wall += seconds

    def enter(self, call: Call, states: tuple[CallState, ...]) -> None:
        """Write down which states the call entered."""
        assert not (self.call.is_over and states)
        assert call.is_accepted or not self.call.is_accepted
        self.call = call
        self.story += states
        if CallState.ANSWERED in states:
            self.answered_at = self.now

    @rule(legs=LEGS, pause=SOON)
    def poll(self, legs: Legs, pause: float) -> None:
        """Get an answer in time."""
        self.pass_time(pause)
        self.answer(legs, 0)

    @rule(legs=st.none() | st.none() | LEGS, pause=SOON, delay=st.just(0.0) | st.floats(0, 20))
    def poll_slowly(self, legs: Legs | None, pause: float, delay: float) -> None:
        """Get an answer that may come after one that was asked for later."""
        self.pass_time(pause)
        self.answer(legs, delay)

    def answer(self, legs: Legs | None, delay: float) -> None:
        """Let the call take in a status that was asked for some seconds ago."""
        asked_at = max(self.now - delay, self.asked[0])
        before = self.call
        call, states = state_machine.observe(before, status_of(legs), asked_at, self.now)
        is_late = asked_at < self.live_at
        if before.is_over or is_late:
            assert (call, states) == (before, ())
        elif not call.may_show_another_call:
            # The status is this call's, for all that is known.
            self.write_down(legs, asked_at)
        self.asked.append(asked_at)
        self.enter(call, states)
        if CallState.ANSWERED in states:
            assert (legs or {}).get(DESTINATION) == ANSWERED
            self.was_answered = True
        if states and states[-1].is_over:
            self.check_final_state(states[-1], legs or {})
        self.give_up()

    def write_down(self, legs: Legs | None, asked_at: float) -> None:
        """Note what a status shows."""
        if legs is None:
            return
        words = [legs.get(ORIGIN), legs.get(DESTINATION)]
        if not LIVE.isdisjoint(words):
            self.live_at = asked_at
            self.was_live = True
        self.was_answered |= ANSWERED in words
        first, second = reversed(words) if self.call.ring_destination_first else words
        self.has_missed |= not legs or not {*legs} <= {ORIGIN, DESTINATION}
        self.has_missed |= not {*legs.values()} <= {*KNOWN}
        self.has_missed |= second in LIVE and first != ANSWERED

    def check_final_state(self, state: CallState, legs: Legs) -> None:
        """Check that a status, or what was seen before, is a reason for a final state."""
        origin, destination = legs.get(ORIGIN), legs.get(DESTINATION)
        assert state is not CallState.BUSY or destination == BUSY
        assert state is not CallState.FAILED or FAILED in {origin, destination}
        is_said = {
            CallState.NO_ANSWER: destination == NO_ANSWER,
            CallState.ORIGIN_NO_ANSWER: origin in {BUSY, NO_ANSWER},
        }
        if not is_said.get(state, True):
            self.check_nothing_missed()

    def check_nothing_missed(self) -> None:
        """Check that an answer cannot have been missed."""
        assert self.was_live
        assert not self.has_missed
        moments = sorted(self.asked)
        gaps = (later - earlier for earlier, later in pairwise(moments))
        assert max(gaps, default=0) <= LONGEST_GAP

    def give_up(self) -> None:
        """End the call after the limits, as the tracker does after each poll."""
        seconds = self.now - self.tracked_since
        is_given_up = state_machine.is_given_up(self.call, self.now)
        if seconds >= LONGEST or (seconds >= LONGEST_RINGING and not self.was_answered):
            assert is_given_up
        if is_given_up and not self.call.is_over:
            assert seconds >= LONGEST_RINGING
            self.enter(*state_machine.finish(self.call, CallState.UNKNOWN, self.now))
            assert self.call.is_over

    @rule(seconds=LATER)
    def hear_nothing(self, seconds: float) -> None:
        """Let the line be down for a while, so that the polls fail."""
        self.pass_time(seconds)
        self.give_up()

    @rule(
        pause=SOON,
        then=st.sampled_from(["hang up", "another call", "restart", "restart"]),
        clock=SET,
    )
    def disturb(self, pause: float, then: str, clock: float) -> None:
        """Let something else happen than an answer."""
        self.pass_time(pause)
        if then == "hang up":
            self.hang_up()
        elif then == "another call":
            # It may have been placed, and this call may hide it.
            self.call = state_machine.hide_another(self.call, self.now)
            self.has_missed = True
        elif not self.call.is_over:
            self.wall += clock
            self.restart()

    def hang_up(self) -> None:
        """Have the provider end the call."""
        self.asked.append(self.now)
        call, states = state_machine.hang_up(self.call, self.now)
        self.enter(call, states)
        assert self.call.is_over
        if states and states[-1] in {CallState.NO_ANSWER, CallState.ORIGIN_NO_ANSWER}:
            self.check_nothing_missed()

    def restart(self) -> None:
        """Start Home Assistant again, on another monotonic clock."""
        self.now = 10.0
        saved: dict[str, Any] = json.loads(json.dumps(self.call.as_dict()))
        self.call = Call.from_dict(saved, self.now, self.wall)
        assert self.call.as_dict() == saved
        assert self.call.age(self.now) >= 0
        self.has_missed = self.was_restarted = True
        self.tracked_since, self.asked, self.live_at = self.now, [self.now], 0.0
        self.was_answered = self.call.origin_answered or CallState.ANSWERED in self.story

    @invariant()
    def states_come_in_order(self) -> None:
        """Enter each state once, in order, and none after the final one."""
        order = [CallState.PLACED, CallState.RINGING, CallState.ANSWERED]
        lasting = [state for state in self.story if not state.is_over]
        assert lasting == [state for state in order if state in lasting]
        assert not any(state.is_over for state in self.story[:-1])
        assert self.call.state == (self.story[-1] if self.story else None)
        assert self.call.is_accepted is (CallState.PLACED in self.story)
        assert lasting == [] or lasting[0] is CallState.PLACED

    @invariant()
    def answer_is_never_forgotten(self) -> None:
        """Let an answered call end as such, and no other call."""
        is_answered = CallState.ANSWERED in self.story
        assert (self.call.answered_after is not None) is is_answered
        assert (self.call.outcome is CallState.ANSWERED) is is_answered
        if is_answered and self.call.is_over:
            assert self.call.state in {CallState.ENDED, CallState.UNKNOWN}
        assert is_answered or self.call.state is not CallState.ENDED

    @invariant()
    def durations_are_right(self) -> None:
        """Let a duration be that of an answered call which is over, and not be negative."""
        answered_after, duration = self.call.answered_after, self.call.duration
        assert answered_after is None or answered_after >= 0
        assert (duration is not None) is (answered_after is not None and self.call.is_over)
        assert duration is None or duration >= 0
        if answered_after is not None and not self.was_restarted:
            assert answered_after == self.answered_at - self.call.started_at


TestCallLaws = CallLaws.TestCase
TestCallLaws.settings = settings(max_examples=settings().max_examples * 3, stateful_step_count=15)
