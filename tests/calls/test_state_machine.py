"""State machine of a call: statuses and the states that they lead to, as tables."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import pytest

from custom_components.directcall.api import (
    AcceptedRequest,
    CallLeg,
    CallStatus,
    LegState,
    NumberPair,
    PhoneNumber,
    RedactedText,
)
from custom_components.directcall.calls import Call, CallState, Telephone, state_machine

# Seconds on the monotonic clock, and on the wall clock, when the request of a call ends.
START = 1000.0
WALL = 1_800_000_000.0
REQUESTED = Call(
    call_id="1",
    pair=NumberPair(PhoneNumber("554130600300"), PhoneNumber("5541999990000")),
    recorded=False,
    ring_destination_first=False,
)
ACCEPTED = AcceptedRequest("id", "000", RedactedText(""))

type Status = CallStatus | None


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """Do without Home Assistant, which would take longer than all tables."""


def end_request(call: Call, reply: AcceptedRequest | None = None, **changes: bool) -> Call:
    """Return a call whose request was sent 1 s before it ended."""
    circumstances = {"replaces_another": False, "may_show_another": False}
    sent = state_machine.send_request(call, START - 1, WALL - 1)
    ended, _ = state_machine.end_request(sent, reply, START, WALL, **circumstances | changes)
    return ended


AMBIGUOUS = end_request(REQUESTED)
PLACED = end_request(REQUESTED, ACCEPTED)
DESTINATION_FIRST = replace(PLACED, ring_destination_first=True)

_LEGS = {
    "ringing": LegState.RINGING,
    "answered": LegState.ANSWERED,
    "busy": LegState.BUSY,
    "no answer": LegState.NO_ANSWER,
    "ended": LegState.ENDED,
    "failed": LegState.FAILED,
    "?": None,
}


def leg(word: str | None) -> CallLeg | None:
    """Return a leg, or None."""
    return CallLeg(word, _LEGS[word]) if word else None


def legs(origin: str | None, destination: str | None = None, other: str | None = None) -> Status:
    """Return a status with legs of the origin, the destination and another telephone."""
    both = leg(origin), leg(destination)
    return CallStatus(tuple(each for each in (*both, leg(other)) if each), *both)


def text() -> Status:
    """Return a status that is a text, without legs."""
    return CallStatus((), None, None)


NOT_ACTIVE: Status = None
RINGS = legs("ringing")
GOES_ON = legs("answered", "ringing")
ANSWERED = legs("answered", "answered")


def poll(call: Call, seconds: float, status: Status) -> tuple[Call, list[str]]:
    """Poll a call some seconds after its request ended, and return the states that it enters."""
    call, states = state_machine.observe(call, status, START + seconds, START + seconds)
    return call, [str(state) for state in states]


def play(call: Call, statuses: Sequence[Status]) -> tuple[Call, list[str]]:
    """Poll a call 2 s after its request ended, and then every 3 s."""
    story: list[str] = []
    for number, status in enumerate(statuses):
        call, states = poll(call, 2 + 3 * number, status)
        story += states
    return call, story


STORIES: dict[str, tuple[list[Status], list[str]]] = {
    "nothing yet": ([NOT_ACTIVE], []),
    "ringing": ([RINGS], ["ringing"]),
    "rings on": ([RINGS, RINGS, RINGS], ["ringing"]),
    "origin answered": ([RINGS, legs("answered")], ["ringing"]),
    "answered": ([RINGS, GOES_ON, ANSWERED], ["ringing", "answered"]),
    "answered before a poll": ([ANSWERED], ["answered"]),
    "answered, and goes on": ([ANSWERED, ANSWERED], ["answered"]),
    "answered, and over": ([RINGS, ANSWERED, NOT_ACTIVE], ["ringing", "answered", "ended"]),
    "origin never answered": ([RINGS, RINGS, NOT_ACTIVE], ["ringing", "origin_no_answer"]),
    "destination never answered": ([RINGS, GOES_ON, NOT_ACTIVE], ["ringing", "no_answer"]),
    "origin answered, and over": ([legs("answered"), NOT_ACTIVE], ["no_answer"]),
    "destination busy": ([GOES_ON, legs("answered", "busy")], ["ringing", "busy"]),
    "destination not answered": (
        [GOES_ON, legs("answered", "no answer")],
        ["ringing", "no_answer"],
    ),
    "destination failed": ([GOES_ON, legs("answered", "failed")], ["ringing", "failed"]),
    "destination ended": ([RINGS, GOES_ON, legs("answered", "ended")], ["ringing", "no_answer"]),
    "destination ended unseen": ([legs(None, "ended")], ["unknown"]),
    "destination ended, origin unheard": (
        [RINGS, legs(None, "ended")],
        ["ringing", "origin_no_answer"],
    ),
    "destination busy alone": ([legs(None, "busy")], ["busy"]),
    "destination not answered alone": ([legs(None, "no answer")], ["no_answer"]),
    "destination busy, origin over": ([legs("ended", "busy")], ["busy"]),
    "destination ended after answer": (
        [ANSWERED, legs("answered", "ended")],
        ["answered", "ended"],
    ),
    "failure after answer": ([ANSWERED, legs("answered", "failed")], ["answered", "ended"]),
    "busy after answer": ([ANSWERED, legs("answered", "busy")], ["answered", "ended"]),
    "rings after answer": ([ANSWERED, GOES_ON, NOT_ACTIVE], ["answered", "ended"]),
    "origin ended": ([RINGS, legs("ended")], ["ringing", "origin_no_answer"]),
    "origin ended unseen": ([legs("ended")], ["unknown"]),
    "origin ended after it answered": ([legs("answered"), legs("ended")], ["no_answer"]),
    "origin ended after answer": ([ANSWERED, legs("ended")], ["answered", "ended"]),
    "origin ended before its destination": (
        [GOES_ON, legs("ended", "ringing"), ANSWERED, NOT_ACTIVE],
        ["ringing", "answered", "ended"],
    ),
    "origin busy": ([legs("busy")], ["origin_no_answer"]),
    "origin not answered": ([legs("no answer")], ["origin_no_answer"]),
    "origin failed": ([RINGS, legs("failed")], ["ringing", "failed"]),
    "origin failed after answer": ([ANSWERED, legs("failed")], ["answered", "ended"]),
    "origin busy after it answered": ([legs("answered"), legs("busy")], ["no_answer"]),
    "destination over while the origin rings": (
        [legs("ringing", "no answer"), GOES_ON, ANSWERED],
        ["ringing", "answered"],
    ),
    "destination rings alone": ([legs(None, "ringing"), NOT_ACTIVE], ["ringing", "unknown"]),
    "destination rings before the origin answered": (
        [RINGS, legs("ringing", "ringing"), NOT_ACTIVE],
        ["ringing", "unknown"],
    ),
    "unknown word, then answered": ([legs("?"), ANSWERED, NOT_ACTIVE], ["answered", "ended"]),
    "unknown word, then over": ([legs("?"), GOES_ON, NOT_ACTIVE], ["ringing", "unknown"]),
    "unknown word at the destination": (
        [GOES_ON, legs("answered", "?"), NOT_ACTIVE],
        ["ringing", "unknown"],
    ),
    "unknown word beside an end": ([RINGS, legs("ended", "?")], ["ringing"]),
    "unknown word beside a busy origin": ([legs("busy", "?")], []),
    "unknown words are not live": ([legs("?", "?"), NOT_ACTIVE], []),
    "leg of another telephone": ([legs("answered", None, "ringing"), NOT_ACTIVE], ["unknown"]),
    "leg of another telephone that is as the origin's": (
        [RINGS, legs("answered", None, "answered"), NOT_ACTIVE],
        ["ringing", "unknown"],
    ),
    "leg of another telephone alone": ([legs(None, None, "ringing")], []),
    "text": ([RINGS, text(), NOT_ACTIVE], ["ringing", "unknown"]),
    "text, then answered": ([text(), ANSWERED, NOT_ACTIVE], ["answered", "ended"]),
    "not up yet": ([NOT_ACTIVE, NOT_ACTIVE, RINGS, NOT_ACTIVE], ["ringing", "origin_no_answer"]),
    "nothing for 20 s": ([NOT_ACTIVE] * 7, ["unknown"]),
    "nothing for less": ([NOT_ACTIVE] * 6, []),
    "nothing after the end": ([RINGS, NOT_ACTIVE, ANSWERED], ["ringing", "origin_no_answer"]),
}


@pytest.mark.parametrize(("statuses", "story"), STORIES.values(), ids=STORIES)
def test_statuses_lead_to_states(statuses: list[Status], story: list[str]) -> None:
    """A call enters the states to which the provider's words lead, and no others."""
    assert play(PLACED, statuses)[1] == story


@pytest.mark.parametrize(
    ("statuses", "story"),
    [
        ([legs(None, "ringing"), NOT_ACTIVE], ["ringing", "no_answer"]),
        ([legs(None, "ringing"), legs("ringing", "answered")], ["ringing", "answered"]),
        ([legs("ringing", "answered"), NOT_ACTIVE], ["answered", "ended"]),
        ([legs(None, "ringing"), legs("busy")], ["ringing", "no_answer"]),
        ([legs(None, "ringing"), legs("failed")], ["ringing", "failed"]),
        ([legs("busy")], ["unknown"]),
        ([legs(None, "ringing"), legs("ringing"), NOT_ACTIVE], ["ringing", "unknown"]),
        ([legs(None, "answered"), legs("busy", "ended")], ["answered", "ended"]),
    ],
)
def test_destination_that_rings_first(statuses: list[Status], story: list[str]) -> None:
    """If the destination rings first, the origin's leg is the second one."""
    assert play(DESTINATION_FIRST, statuses)[1] == story


@pytest.mark.parametrize(
    ("statuses", "story"),
    [
        ([RINGS], ["placed", "ringing"]),
        ([ANSWERED], ["placed", "answered"]),
        ([legs("answered")], ["placed"]),
        ([legs("answered", "busy")], ["placed", "busy"]),
        # Words that a telephone is not live may be about another call.
        ([legs("busy"), RINGS], ["placed", "ringing"]),
        ([legs("ended", "busy")], []),
        ([legs("?")], []),
        ([NOT_ACTIVE] * 6, []),
        ([NOT_ACTIVE] * 7, ["unknown"]),
    ],
)
def test_call_that_may_have_been_placed(statuses: list[Status], story: list[str]) -> None:
    """A call whose placement is ambiguous was placed once a status shows it live."""
    call, states = play(AMBIGUOUS, statuses)
    assert states == story
    assert call.is_accepted is ("placed" in story)


@pytest.mark.parametrize(
    ("polls", "story"),
    [
        # A gap of 15 s misses nothing that lasts.
        ([(2, RINGS), (17, NOT_ACTIVE)], ["ringing", "origin_no_answer"]),
        ([(2, RINGS), (17.1, NOT_ACTIVE)], ["ringing", "unknown"]),
        ([(2, RINGS), (17.1, RINGS), (20, NOT_ACTIVE)], ["ringing", "unknown"]),
        ([(2, RINGS), (17.1, legs("ended"))], ["ringing", "unknown"]),
        ([(2, RINGS), (17.1, legs("busy"))], ["ringing", "origin_no_answer"]),
        ([(2, RINGS), (12, NOT_ACTIVE)], ["ringing", "origin_no_answer"]),
        # The request was sent 1 s before it ended.
        ([(14, RINGS), (17, NOT_ACTIVE)], ["ringing", "origin_no_answer"]),
        ([(14.1, RINGS), (17, NOT_ACTIVE)], ["ringing", "unknown"]),
        ([(2, ANSWERED), (600, NOT_ACTIVE)], ["answered", "ended"]),
        ([(2, ANSWERED), (600, legs("ended"))], ["answered", "ended"]),
        # In any order of the answers, a gap counts from the latest request.
        ([(14, RINGS), (13, NOT_ACTIVE), (29, NOT_ACTIVE)], ["ringing", "origin_no_answer"]),
        ([(14, legs("?")), (13, legs("?")), (29, NOT_ACTIVE)], ["unknown"]),
    ],
)
def test_gap_between_polls(polls: list[tuple[float, Status]], story: list[str]) -> None:
    """The outcome of a call that was not observed for more than 15 s is unknown."""
    call, states = PLACED, []
    for seconds, status in polls:
        call, entered = poll(call, seconds, status)
        states += entered
    assert states == story


def test_late_status_keeps_the_latest_observation() -> None:
    """A status that was asked for earlier than another one does not open a gap."""
    call, _ = poll(PLACED, 14, legs("?"))
    call, _ = poll(call, 13, legs("?"))
    assert call.observed_at == START + 14


@pytest.mark.parametrize("late", [NOT_ACTIVE, legs(None, "busy"), legs("ended")])
@pytest.mark.parametrize(
    ("asked_at", "ends"), [(9, False), (9.9, False), (10, True), (11, True), (40, True)]
)
def test_status_counts_as_of_when_it_was_asked(late: Status, asked_at: float, ends: bool) -> None:
    """Only a status that was asked for after a call was seen live can end it."""
    call, states = poll(PLACED, 10, RINGS)
    assert states == ["ringing"]
    late_call, final = state_machine.observe(call, late, START + asked_at, START + 41)
    assert late_call.is_over is ends
    assert bool(final) is ends
    assert ends or late_call == call


@pytest.mark.parametrize(("asked_at", "states"), [(19.9, []), (20, ["unknown"])])
def test_early_status_that_comes_late(asked_at: float, states: list[str]) -> None:
    """A call is over once "not active" was asked for 20 s after its request, not before."""
    _, entered = state_machine.observe(PLACED, NOT_ACTIVE, START + asked_at, START + 60)
    assert [str(state) for state in entered] == states


def test_call_enters_a_state_when_the_answer_comes() -> None:
    """The seconds until an answer, and those of a call, are measured on arrival."""
    call, _ = state_machine.observe(PLACED, ANSWERED, START + 5, START + 6)
    assert (call.answered_after, call.duration) == (6, None)
    call, _ = state_machine.observe(call, ANSWERED, START + 10, START + 11)
    assert call.answered_after == 6
    call, _ = state_machine.observe(call, NOT_ACTIVE, START + 20, START + 21)
    assert (call.answered_after, call.duration) == (6, 15)


def test_duration_is_never_negative() -> None:
    """A clock that was set across a restart may make a call younger than its answer."""
    call = replace(PLACED, state=CallState.ANSWERED, answered_after=60)
    call, _ = poll(call, 20, NOT_ACTIVE)
    assert (call.state, call.duration) == (CallState.ENDED, 0)


def test_call_without_an_answer_has_no_duration() -> None:
    """A call that was not answered has no duration."""
    call, _ = play(PLACED, [RINGS, NOT_ACTIVE])
    assert (call.answered_after, call.duration) == (None, None)


def test_call_that_is_not_over_has_no_duration() -> None:
    """A duration is known once the call is over."""
    call = state_machine.enter(replace(PLACED, answered_after=3), CallState.RINGING, START + 9)
    assert call.duration is None


# Another call of the pair is over since a moment, or was replaced because it may still be live.
AFTER_ANOTHER = end_request(REQUESTED, ACCEPTED, may_show_another=True)
INSTEAD_OF_ANOTHER = end_request(REQUESTED, ACCEPTED, replaces_another=True)


@pytest.mark.parametrize(
    ("call", "statuses", "story"),
    [
        (AFTER_ANOTHER, [ANSWERED], []),
        (AFTER_ANOTHER, [legs("answered", "busy")], []),
        (AFTER_ANOTHER, [legs("answered", "busy"), NOT_ACTIVE, GOES_ON], ["ringing"]),
        (AFTER_ANOTHER, [ANSWERED, NOT_ACTIVE, ANSWERED], ["answered"]),
        (AFTER_ANOTHER, [ANSWERED, NOT_ACTIVE, NOT_ACTIVE], []),
        (AFTER_ANOTHER, [RINGS, ANSWERED], ["ringing", "answered"]),
        (AFTER_ANOTHER, [legs("answered", "ringing"), ANSWERED], ["ringing", "answered"]),
        (AFTER_ANOTHER, [ANSWERED] * 6, []),
        (AFTER_ANOTHER, [ANSWERED] * 7, ["answered"]),
        # Here ringing may still be the other one's.
        (INSTEAD_OF_ANOTHER, [RINGS], []),
        (INSTEAD_OF_ANOTHER, [legs("no answer"), ANSWERED, RINGS, NOT_ACTIVE, RINGS], ["ringing"]),
        (INSTEAD_OF_ANOTHER, [RINGS] * 7, ["ringing"]),
        (INSTEAD_OF_ANOTHER, [NOT_ACTIVE, RINGS, NOT_ACTIVE], ["ringing", "unknown"]),
    ],
)
def test_status_that_may_show_another_call(
    call: Call, statuses: list[Status], story: list[str]
) -> None:
    """The status of an earlier call is not used for the new one, for 20 s at most."""
    assert play(call, statuses)[1] == story


RINGING, _ = play(PLACED, [RINGS])
HALFWAY, _ = play(PLACED, [RINGS, GOES_ON])
TALKING, _ = play(PLACED, [ANSWERED])
OVER, _ = play(PLACED, [RINGS, NOT_ACTIVE])


@pytest.mark.parametrize(
    ("call", "seconds", "story"),
    [
        (PLACED, 5, ["unknown"]),
        (RINGING, 5, ["origin_no_answer"]),
        (RINGING, 17, ["origin_no_answer"]),
        (RINGING, 18, ["unknown"]),
        (HALFWAY, 8, ["no_answer"]),
        (replace(RINGING, ring_destination_first=True), 5, ["no_answer"]),
        (TALKING, 600, ["ended"]),
        (AMBIGUOUS, 5, ["placed", "unknown"]),
        (OVER, 10, []),
    ],
)
def test_hang_up(call: Call, seconds: float, story: list[str]) -> None:
    """A call that the provider hung up was placed, and is over."""
    hung_up, states = state_machine.hang_up(call, START + seconds)
    assert [str(state) for state in states] == story
    assert hung_up.is_over
    assert hung_up.is_accepted
    assert not hung_up.was_hung_up


def test_hang_up_while_the_request_is_under_way() -> None:
    """A call that is hung up before its request is answered is over with the first status."""
    call, states = state_machine.hang_up(REQUESTED, START - 0.5)
    assert (call.was_hung_up, call.state, states) == (True, None, ())
    call = end_request(call, ACCEPTED)
    assert state_machine.seconds_until_status(call, START) == 0
    assert poll(call, 2, NOT_ACTIVE)[1] == ["unknown"]


def test_call_is_finished_once() -> None:
    """A final state is entered once, and stays."""
    call, states = state_machine.finish(TALKING, CallState.UNKNOWN, START + 12)
    assert (call.state, call.duration, states) == (CallState.UNKNOWN, 10, (CallState.UNKNOWN,))
    assert state_machine.finish(call, CallState.ENDED, START + 20) == (call, ())


def test_request_is_sent_and_ends() -> None:
    """A call remembers when its request was sent, and then when it ended."""
    sent = state_machine.send_request(REQUESTED, START - 3, WALL - 3)
    assert (sent.placed_at, sent.observed_at, sent.is_requested) == (WALL - 3, START - 3, True)
    ended, states = state_machine.end_request(
        sent, None, START, WALL, replaces_another=False, may_show_another=False
    )
    assert states == ()
    assert (ended.placed_at, ended.observed_at, ended.is_requested) == (WALL, START - 3, False)
    assert (ended.started_at, ended.newest_started_at, ended.tracked_since) == (START, START, START)
    assert (ended.provider_id, ended.state, ended.seen_live_at) == (None, None, -inf)
    assert ended.is_continuously_observed
    assert not ended.may_show_another_call
    assert not ended.is_accepted
    assert not INSTEAD_OF_ANOTHER.is_continuously_observed
    assert INSTEAD_OF_ANOTHER.may_show_another_call


@pytest.mark.parametrize(
    ("call", "reply", "provider_id"),
    [(REQUESTED, ACCEPTED, "id"), (replace(REQUESTED, was_hung_up=True), None, None)],
)
def test_request_is_accepted(
    call: Call, reply: AcceptedRequest | None, provider_id: str | None
) -> None:
    """A call is placed once the provider accepts it, or hangs it up before that is known."""
    call, states = state_machine.end_request(
        call, reply, START, WALL, replaces_another=False, may_show_another=False
    )
    assert (call.state, call.is_accepted, states) == ("placed", True, (CallState.PLACED,))
    assert call.provider_id == provider_id


@pytest.mark.parametrize(
    ("call", "status", "ringing"),
    [
        (PLACED, RINGS, Telephone.ORIGIN),
        (PLACED, GOES_ON, Telephone.DESTINATION),
        (DESTINATION_FIRST, legs(None, "ringing"), Telephone.DESTINATION),
        (PLACED, legs("ringing", "ringing"), Telephone.ORIGIN),
        (DESTINATION_FIRST, legs("ringing", "ringing"), Telephone.DESTINATION),
        (PLACED, ANSWERED, None),
        (PLACED, legs("?"), None),
    ],
)
def test_telephone_that_rings(call: Call, status: Status, ringing: Telephone | None) -> None:
    """The telephone that rings is known, and of two the one that rings first."""
    call, _ = poll(call, 2, status)
    assert call.ringing is ringing


@pytest.mark.parametrize(
    ("replaces", "may_show", "shows"),
    [(False, False, False), (False, True, True), (True, False, True), (True, True, True)],
)
def test_status_may_show_another_call(*, replaces: bool, may_show: bool, shows: bool) -> None:
    """A status may show a call that was replaced, and then something may be missed, too."""
    call = end_request(REQUESTED, ACCEPTED, replaces_another=replaces, may_show_another=may_show)
    assert call.may_show_another_call is shows
    assert call.is_continuously_observed is not replaces


def test_unknown_word_does_not_show_a_live_call() -> None:
    """A late status ends a call that was only seen with an unknown word after it was asked."""
    call, _ = poll(PLACED, 3, RINGS)
    call, _ = poll(call, 8, legs("?"))
    call, states = state_machine.observe(call, NOT_ACTIVE, START + 5, START + 9)
    assert states == (CallState.UNKNOWN,)


def test_call_that_may_hide_another_one() -> None:
    """With two possible calls of a pair, neither a refusal nor an outcome is certain."""
    call = state_machine.hide_another(RINGING, START + 3)
    assert call.may_hide_another_call
    assert (state_machine.seconds_until_status(call, START + 4), call.age(START + 4)) == (19, 4)
    assert poll(call, 5, NOT_ACTIVE)[1] == ["unknown"]


@pytest.mark.parametrize(
    ("seconds", "new", "ambiguous", "interval"),
    [
        (0, 20, 45, 3),
        (1, 19, 44, 3),
        (17, 3, 28, 3),
        (18.5, 1.5, 26.5, 1.5),
        (20, 0, 25, 3),
        (44, 0, 1, 3),
        (46, 0, 0, 3),
        (59, 0, 0, 3),
        (60, 0, 0, 10),
        (600, 0, 0, 10),
    ],
)
def test_seconds_of_a_call(seconds: float, new: float, ambiguous: float, interval: float) -> None:
    """A call is new for 20 s, ambiguous for 45 s, and polled every 3 s in its first minute."""
    now = START + seconds
    assert state_machine.seconds_until_status(PLACED, now) == new
    assert state_machine.seconds_ambiguous(AMBIGUOUS, now) == ambiguous
    assert state_machine.poll_interval(PLACED, now) == interval
    assert state_machine.FIRST_POLL == 2


@pytest.mark.parametrize(
    ("call", "limit"),
    [
        (AMBIGUOUS, 180),
        (PLACED, 180),
        (RINGING, 180),
        (HALFWAY, 7200),
        (TALKING, 7200),
        (replace(PLACED, answered_after=3), 7200),
        # A saved age depends on a clock that may have been set.
        (replace(PLACED, started_at=START - 3600), 180),
    ],
)
def test_call_is_given_up(call: Call, limit: float) -> None:
    """A call is given up 3 min after its tracking began, or 2 h if a telephone was answered."""
    assert not state_machine.is_given_up(call, START + limit - 0.1)
    assert state_machine.is_given_up(call, START + limit)
