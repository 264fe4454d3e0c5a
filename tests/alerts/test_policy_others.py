"""Policy of alerts: telephones that another alert rings, and alerts that are raised again."""

from dataclasses import replace

import pytest

from custom_components.directcall.alerts import Run
from custom_components.directcall.alerts.alert import Step
from custom_components.directcall.alerts.policy import (
    BeginRound,
    End,
    HangUp,
    NextStep,
    PlaceCall,
    SendMessage,
    Wait,
    avoid_busy_telephones,
    next_step,
    repeat,
)
from tests.alerts.runs import (
    ACCEPTED,
    CALL,
    REFUSED,
    SMS,
    START,
    UNDER_WAY,
    UNKNOWN,
    VOICE,
    make_alert,
    make_run,
    step,
)

RINGS = step("A", CALL, 0, call_id="1")
TO_A, TO_BOTH = SendMessage(VOICE, ("A",)), SendMessage(VOICE, ("A", "B"))
LATER = 5.0

# The step of an alert, a step of another one, the seconds since that, and what is done.
BUSY: dict[str, tuple[NextStep, Step, float, NextStep | None]] = {
    "message while it rings": (TO_A, RINGS, 20, Wait(START + 20 + LATER)),
    "message while it talks": (
        TO_A,
        replace(RINGS, is_answered=True),
        599,
        Wait(START + 599 + LATER),
    ),
    "message while it is requested": (
        TO_A,
        replace(RINGS, result=UNDER_WAY),
        1,
        Wait(START + 1 + LATER),
    ),
    "message after ten minutes": (TO_A, RINGS, 600, None),
    "message after the call": (TO_A, replace(RINGS, ended_at=START + 10), 20, None),
    "message after a refused call": (TO_A, replace(RINGS, result=REFUSED), 1, None),
    "messages to both": (TO_BOTH, RINGS, 20, SendMessage(VOICE, ("B",))),
    "message to another": (SendMessage(SMS, ("B",)), RINGS, 20, None),
    "message with a message": (TO_A, step("A", VOICE, 0), 1, None),
    "call while it rings": (PlaceCall("A"), RINGS, 20, Wait(START + 20 + LATER)),
    "call to another": (PlaceCall("B"), RINGS, 20, None),
    "call after a message": (PlaceCall("A"), step("A", VOICE, 0), 29, Wait(START + 29 + LATER)),
    "call during a message": (
        PlaceCall("A"),
        step("A", VOICE, 0, result=UNDER_WAY),
        29,
        Wait(START + 29 + LATER),
    ),
    "call after a lost message": (
        PlaceCall("A"),
        step("A", VOICE, 0, result=UNKNOWN),
        29,
        Wait(START + 29 + LATER),
    ),
    "call long after a message": (PlaceCall("A"), step("A", VOICE, 0), 30, None),
    "call after a refused message": (PlaceCall("A"), step("A", VOICE, 0, result=REFUSED), 1, None),
    "call after an SMS": (PlaceCall("A"), step("A", SMS, 0), 1, None),
    "hang up": (HangUp(RINGS), RINGS, 20, None),
    "wait": (Wait(START + 60), RINGS, 20, None),
}


@pytest.mark.parametrize("situation", BUSY)
def test_busy_telephone(situation: str) -> None:
    """No telephone is rung for an alert while it rings for another one."""
    planned, other, seconds, done = BUSY[situation]
    run = make_run(make_alert("AB", VOICE, CALL), other)
    assert avoid_busy_telephones(planned, [run], START + seconds) == (done or planned)


def test_no_other_alert() -> None:
    """Without another alert, every telephone is free."""
    assert avoid_busy_telephones(TO_BOTH, [], START) == TO_BOTH


ONE = make_alert("A", rounds=1)
TWICE = make_alert("A", rounds=2)

# A run when it is raised again, and the step after its last turn.
REPEATED: dict[str, tuple[Run, type[NextStep]]] = {
    "before the first step": (make_run(ONE), End),
    "in the only round": (make_run(ONE, step("A")), BeginRound),
    "in the first of two": (make_run(TWICE, step("A")), BeginRound),
    "at the beginning of the last": (make_run(TWICE, step("A"), round=2), End),
    "in the last of two": (
        make_run(TWICE, step("A"), replace(step("A"), round=2), round=2),
        BeginRound,
    ),
}


@pytest.mark.parametrize("when", REPEATED)
def test_raised_again(when: str) -> None:
    """Whoever was told already in the last round hears of it in another one."""
    run, after = REPEATED[when]
    repeated = repeat(run, "Smoke in the bedroom")
    assert (repeated.message, repeated.repeats) == ("Smoke in the bedroom", run.repeats + 1)
    told = replace(step("A", result=ACCEPTED), round=run.round)
    finished = replace(repeated, steps=(told,))
    assert isinstance(next_step(run.alert, finished, START + 9999), after)


def test_raised_again_twice() -> None:
    """Each time in the last round adds one round, and the times are counted."""
    run = repeat(repeat(make_run(ONE, step("A")), "first"), "second")
    assert (run.message, run.repeats, run.repeated_in) == ("second", 2, 1)
