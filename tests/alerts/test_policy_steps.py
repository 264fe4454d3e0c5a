"""Policy of alerts: single steps, and the changes that they make to a run, as tables."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.directcall.alerts import Alert, AlertStatus, Run, StepResult
from custom_components.directcall.alerts.policy import (
    BeginRound,
    End,
    EndCause,
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
    is_calling,
    is_too_late,
    next_step,
    nothing_sent,
    update_call,
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

ALL = (SMS, VOICE, CALL)


TWO = make_alert("AB", *ALL)
UNANSWERED = step("A", CALL, 120, call_id="1")
ANSWERED = replace(UNANSWERED, is_answered=True)
TOLD_A = (step("A", SMS), step("A"))
OFFLINE_RUN = {"retries": 1, "offline_since": START, "retry_at": START + 5}
CALLED_OFF: dict[str, Any] = {"end": AlertStatus.CANCELLED, "all_clear": "All clear."}

STEPS: dict[str, tuple[Alert, Run, float, NextStep]] = {
    "first": (TWO, make_run(TWO), 0, SendMessage(SMS, ("A",))),
    "under way": (TWO, make_run(TWO, step("A", SMS, result=UNDER_WAY)), 999, Wait(None)),
    "second channel": (TWO, make_run(TWO, step("A", SMS)), 0, SendMessage(VOICE, ("A",))),
    "time": (TWO, make_run(TWO, *TOLD_A), 119.9, Wait(START + 120)),
    "time over": (TWO, make_run(TWO, *TOLD_A), 120, PlaceCall("A")),
    "time from the last message": (
        TWO,
        make_run(TWO, step("A", SMS, 50), step("A", VOICE, 20)),
        140,
        Wait(START + 170),
    ),
    "no time after messages that were refused": (
        TWO,
        make_run(TWO, *(replace(each, result=REFUSED) for each in TOLD_A)),
        0,
        PlaceCall("A"),
    ),
    "call under way": (
        TWO,
        make_run(TWO, *TOLD_A, replace(UNANSWERED, result=UNDER_WAY)),
        999,
        Wait(None),
    ),
    "rings": (TWO, make_run(TWO, *TOLD_A, UNANSWERED), 239.9, Wait(START + 240)),
    "rings too long": (TWO, make_run(TWO, *TOLD_A, UNANSWERED), 240, HangUp(UNANSWERED)),
    "talks": (TWO, make_run(TWO, *TOLD_A, ANSWERED), 239.9, Wait(START + 240)),
    "talks for long": (TWO, make_run(TWO, *TOLD_A, ANSWERED), 240, SendMessage(SMS, ("B",))),
    "call over": (
        TWO,
        make_run(TWO, *TOLD_A, replace(UNANSWERED, ended_at=START + 130)),
        130,
        SendMessage(SMS, ("B",)),
    ),
    "call refused": (
        TWO,
        make_run(TWO, *TOLD_A, replace(UNANSWERED, result=REFUSED)),
        120,
        SendMessage(SMS, ("B",)),
    ),
    "waits for the line": (
        TWO,
        make_run(TWO, **OFFLINE_RUN),
        4.9,
        Wait(START + 5, AlertStatus.WAITING_FOR_CONNECTION),
    ),
    "tries the line": (TWO, make_run(TWO, **OFFLINE_RUN), 5, SendMessage(SMS, ("A",))),
    "first contact deleted before its turn": (
        replace(TWO, contacts=("B",)),
        make_run(TWO),
        0,
        SendMessage(SMS, ("B",)),
    ),
    "contact deleted in its turn": (
        replace(TWO, contacts=("B",)),
        make_run(TWO, step("A", SMS)),
        0,
        SendMessage(SMS, ("B",)),
    ),
    "contact deleted while its message is under way": (
        replace(TWO, contacts=("B",)),
        make_run(TWO, step("A", SMS, result=UNDER_WAY)),
        0,
        SendMessage(SMS, ("B",)),
    ),
    "contact deleted while the line is down": (
        replace(TWO, contacts=("B",)),
        make_run(TWO, **OFFLINE_RUN),
        5,
        SendMessage(SMS, ("B",)),
    ),
    "contact deleted while its telephone rings": (
        make_alert("B", *ALL),
        make_run(TWO, *TOLD_A, UNANSWERED),
        121,
        HangUp(UNANSWERED),
    ),
    "contact deleted while its call is placed": (
        make_alert("B", *ALL),
        make_run(TWO, *TOLD_A, replace(UNANSWERED, result=UNDER_WAY)),
        121,
        HangUp(replace(UNANSWERED, result=UNDER_WAY)),
    ),
    "contact deleted while it talks": (
        make_alert("B", *ALL),
        make_run(TWO, *TOLD_A, ANSWERED),
        239.9,
        Wait(START + 240),
    ),
    "contact deleted while it talks for long": (
        make_alert("B", *ALL),
        make_run(TWO, *TOLD_A, ANSWERED),
        240,
        SendMessage(SMS, ("B",)),
    ),
    "contact deleted after its call": (
        make_alert("B", *ALL),
        make_run(TWO, *TOLD_A, replace(UNANSWERED, ended_at=START + 121)),
        121,
        SendMessage(SMS, ("B",)),
    ),
    "call of a deleted contact in an earlier round": (
        make_alert("B", CALL),
        make_run(make_alert("AB", CALL), UNANSWERED, round=2),
        121,
        PlaceCall("B"),
    ),
    "one of those told at once deleted": (
        make_alert("AC", at_once=True),
        make_run(make_alert("ABC", at_once=True), step("A"), step("B", result=UNDER_WAY)),
        0,
        SendMessage(VOICE, ("C",)),
    ),
    "last contact deleted after it was told": (
        make_alert("A"),
        make_run(make_alert("AB"), step("A"), step("B", VOICE, 120)),
        130,
        Wait(START + 540, AlertStatus.PAUSING),
    ),
    "all contacts deleted": (make_alert(""), make_run(TWO), 0, End(EndCause.NO_CONTACT)),
    "all contacts deleted while the line is down": (
        make_alert(""),
        make_run(TWO, **OFFLINE_RUN),
        0,
        End(EndCause.NO_CONTACT),
    ),
    "pause": (
        make_alert("A"),
        make_run(make_alert("A"), step("A")),
        419.9,
        Wait(START + 420, AlertStatus.PAUSING),
    ),
    "pause over": (make_alert("A"), make_run(make_alert("A"), step("A")), 420, BeginRound()),
    "pause after a call that was over": (
        make_alert("A", CALL),
        make_run(make_alert("A", CALL), replace(ANSWERED, ended_at=START + 150)),
        150,
        Wait(START + 450, AlertStatus.PAUSING),
    ),
    "pause after a call that goes on": (
        make_alert("A", CALL),
        make_run(make_alert("A", CALL), ANSWERED),
        240,
        Wait(START + 540, AlertStatus.PAUSING),
    ),
    "pause after a call that was refused": (
        make_alert("A", CALL),
        make_run(make_alert("A", CALL), replace(UNANSWERED, result=REFUSED)),
        120,
        Wait(START + 420, AlertStatus.PAUSING),
    ),
    "last round": (
        make_alert("A"),
        make_run(make_alert("A"), step("A"), step("A", VOICE, 420, 3), round=3),
        540,
        End(EndCause.ALL_ROUNDS_OVER),
    ),
    "round after the last": (
        make_alert("A"),
        make_run(make_alert("A"), step("A", VOICE, 0, 4), round=4),
        120,
        End(EndCause.ALL_ROUNDS_OVER),
    ),
    "next round": (
        make_alert("A"),
        make_run(make_alert("A"), step("A"), round=2),
        0,
        SendMessage(VOICE, ("A",)),
    ),
    "acknowledged": (TWO, make_run(TWO, end=AlertStatus.ACKNOWLEDGED), 0, Forget()),
    "acknowledged in the middle": (
        TWO,
        make_run(TWO, *TOLD_A, UNANSWERED, end=AlertStatus.ACKNOWLEDGED),
        999,
        Forget(),
    ),
    "acknowledged while the line is down": (
        TWO,
        make_run(TWO, end=AlertStatus.ACKNOWLEDGED, **OFFLINE_RUN),
        0,
        Forget(),
    ),
    "called off without a word": (
        TWO,
        make_run(TWO, *TOLD_A, end=AlertStatus.CANCELLED),
        0,
        Forget(),
    ),
    "called off before anybody was told": (
        TWO,
        make_run(TWO, replace(TOLD_A[0], result=REFUSED), **CALLED_OFF),
        0,
        Forget(),
    ),
    "all-clear to those who were told": (
        make_alert("ABC", *ALL),
        make_run(
            make_alert("ABC", *ALL),
            step("C", SMS, result=UNKNOWN),
            step("B", SMS, result=REFUSED),
            step("A", SMS),
            **CALLED_OFF,
        ),
        0,
        SendMessage(SMS, ("A", "C")),
    ),
    "all-clear through the next channel": (
        TWO,
        make_run(TWO, *TOLD_A, step("A", SMS, 9, 0), **CALLED_OFF),
        9,
        SendMessage(VOICE, ("A",)),
    ),
    "all-clear to who was told in an earlier round": (
        make_alert("AB"),
        make_run(make_alert("AB"), step("A"), step("B"), round=2, **CALLED_OFF),
        0,
        SendMessage(VOICE, ("A", "B")),
    ),
    "all-clear without a call": (
        TWO,
        make_run(TWO, *TOLD_A, step("A", SMS, 9, 0), step("A", VOICE, 9, 0), **CALLED_OFF),
        9,
        Forget(),
    ),
    "all-clear that was refused": (
        make_alert("A"),
        make_run(make_alert("A"), step("A"), step("A", VOICE, 9, 0, result=REFUSED), **CALLED_OFF),
        9,
        Forget(),
    ),
    "all-clear to a contact that was called": (
        TWO,
        make_run(TWO, replace(UNANSWERED, ended_at=START + 130), **CALLED_OFF),
        130,
        SendMessage(SMS, ("A",)),
    ),
    "no all-clear by call alone": (
        make_alert("A", CALL),
        make_run(make_alert("A", CALL), replace(UNANSWERED, ended_at=START + 130), **CALLED_OFF),
        130,
        Forget(),
    ),
    "all-clear under way": (
        TWO,
        make_run(TWO, *TOLD_A, step("A", SMS, 9, 0, result=UNDER_WAY), **CALLED_OFF),
        9,
        Wait(None),
    ),
    "all-clear to a contact that talks": (
        TWO,
        make_run(TWO, *TOLD_A, ANSWERED, **CALLED_OFF),
        719.9,
        Wait(START + 720),
    ),
    "all-clear to the others while one talks": (
        TWO,
        make_run(TWO, *TOLD_A, ANSWERED, step("B", SMS, 240), **CALLED_OFF),
        250,
        SendMessage(SMS, ("B",)),
    ),
    "all-clear after a long talk": (
        TWO,
        make_run(TWO, *TOLD_A, ANSWERED, **CALLED_OFF),
        720,
        SendMessage(SMS, ("A",)),
    ),
    "all-clear while the line is down": (
        TWO,
        make_run(TWO, *TOLD_A, **CALLED_OFF, **OFFLINE_RUN),
        4,
        Wait(START + 5, AlertStatus.WAITING_FOR_CONNECTION),
    ),
    "all-clear without contacts": (
        make_alert(""),
        make_run(TWO, *TOLD_A, **CALLED_OFF),
        0,
        Forget(),
    ),
    "talk of two contacts": (
        make_alert("AB", at_once=True),
        make_run(
            make_alert("AB", at_once=True),
            replace(ANSWERED, contact="B", at=START + 60),
            ANSWERED,
            round=2,
        ),
        200,
        Wait(START + 660),
    ),
    "talk of another contact": (
        make_alert("AB", CALL),
        make_run(make_alert("AB", CALL), replace(ANSWERED, contact="B"), round=2),
        200,
        PlaceCall("A"),
    ),
}


@pytest.mark.parametrize(("alert", "run", "seconds", "expected"), STEPS.values(), ids=STEPS)
def test_next_step(alert: Alert, run: Run, seconds: float, expected: NextStep) -> None:
    """A run takes this step, some seconds after it was raised."""
    assert next_step(alert, run, START + seconds) == expected


@pytest.mark.parametrize(
    ("alert", "run", "slept_from", "due"),
    [
        pytest.param(TWO, make_run(TWO), 0, 0, id="before its first step"),
        pytest.param(TWO, make_run(TWO, *TOLD_A), 0, 120, id="in the time to acknowledge"),
        pytest.param(TWO, make_run(TWO, *TOLD_A), 130, 130, id="after that time"),
        pytest.param(
            make_alert("A", pause=7200),
            make_run(make_alert("A", pause=7200), step("A")),
            0,
            120,
            id="in the time to acknowledge, before a pause",
        ),
        pytest.param(
            make_alert("A", pause=7200),
            make_run(make_alert("A", pause=7200), step("A")),
            120,
            7320,
            id="in a pause",
        ),
        pytest.param(TWO, make_run(TWO, **OFFLINE_RUN), 0, 5, id="while the line was down"),
        pytest.param(
            TWO, make_run(TWO, step("A", SMS, result=UNDER_WAY)), 7, 7, id="in a step under way"
        ),
    ],
)
@pytest.mark.parametrize(("keep_trying", "patience"), [(0, 600), (600, 600), (3600, 3600)], ids=str)
def test_slept_through(
    alert: Alert, run: Run, slept_from: float, due: float, keep_trying: float, patience: float
) -> None:
    """A run is too late that slept for longer after its next step was due."""
    alert = replace(alert, keep_trying=keep_trying)
    since, latest = START + slept_from, START + due + patience
    assert not is_too_late(alert, run, since, since)
    assert not is_too_late(alert, run, since, latest)
    assert is_too_late(alert, run, since, latest + 0.1)


def test_steps_begin() -> None:
    """Steps that begin are under way, after all others, and no longer wait for the line."""
    run = begin_steps(make_run(TWO, *TOLD_A, round=2, **OFFLINE_RUN), "AB", CALL, START + 7, "9")
    assert run == make_run(
        TWO,
        *TOLD_A,
        *(step(contact, CALL, 7, 2, result=UNDER_WAY, call_id="9") for contact in "AB"),
        round=2,
        retries=1,
        offline_since=START,
    )


def test_steps_of_the_all_clear_begin() -> None:
    """A step after the end says that all is clear, and is of no round."""
    run = begin_steps(make_run(TWO, **CALLED_OFF), "A", SMS, START)
    assert run.steps == (step("A", SMS, 0, 0, result=UNDER_WAY),)


@pytest.mark.parametrize("result", [ACCEPTED, REFUSED, UNKNOWN])
def test_steps_end(result: StepResult) -> None:
    """Steps end when the provider replies, which proves that the line works."""
    others = (
        *TOLD_A,
        step("C", result=UNDER_WAY),
        step("B", CALL, result=UNDER_WAY),
        step("B", VOICE, 0, 0),
    )
    begun = make_run(TWO, *others, step("B", VOICE, result=UNDER_WAY), **OFFLINE_RUN)
    assert end_steps(begun, ["B"], VOICE, result, START + 9) == make_run(
        TWO, *others, step("B", VOICE, 9, result=result)
    )


@pytest.mark.parametrize(
    ("retries", "seconds"), [(0, 5), (1, 10), (2, 20), (3, 40), (4, 60), (5, 60), (10**9, 60)]
)
def test_nothing_sent(retries: int, seconds: float) -> None:
    """A step of which nothing was sent is taken back, and tried again."""
    begun = make_run(TWO, *TOLD_A, step("B", SMS, 9, result=UNDER_WAY), retries=retries)
    assert nothing_sent(TWO, begun, ["B"], SMS, START + 9) == (
        make_run(
            TWO,
            *TOLD_A,
            retries=retries + 1,
            offline_since=START + 9,
            retry_at=START + 9 + seconds,
        ),
        True,
    )


@pytest.mark.parametrize(
    ("keep_trying", "seconds", "tries_again"),
    [(3600, 3599.9, True), (3600, 3600, False), (0, 0, False)],
)
def test_nothing_sent_for_long(keep_trying: float, seconds: float, *, tries_again: bool) -> None:
    """A line that is down for too long is a refusal, and so is that of each further contact."""
    alert = make_alert("AB", keep_trying=keep_trying)
    begun = make_run(alert, step("A", result=UNDER_WAY), retries=9, offline_since=START)
    run, is_tried_again = nothing_sent(alert, begun, ["A"], VOICE, START + seconds)
    assert is_tried_again is tries_again
    assert run.offline_since == START
    assert (run.retry_at is not None) is tries_again
    assert run.retries == 9 + tries_again
    refused = () if tries_again else (step("A", VOICE, seconds, result=REFUSED),)
    assert run.steps == refused


def test_connection_back() -> None:
    """A run that waits for the line goes on as soon as that is back; no other run changes."""
    assert connection_back(make_run(TWO, **OFFLINE_RUN), START + 2) == make_run(
        TWO, retries=1, offline_since=START, retry_at=START + 2
    )
    assert connection_back(make_run(TWO), START + 2) == make_run(TWO)


@pytest.mark.parametrize(
    ("news", "changes"),
    [
        ({"is_over": False, "is_answered": False}, {}),
        ({"is_over": False, "is_answered": True}, {"is_answered": True}),
        ({"is_over": True, "is_answered": False}, {"ended_at": START + 9}),
        ({"is_over": True, "is_answered": True}, {"ended_at": START + 9, "is_answered": True}),
    ],
)
def test_update_of_a_call(news: dict[str, bool], changes: dict[str, Any]) -> None:
    """What becomes known of a call is noted in its step alone, and what was known stays."""
    others = (*TOLD_A, step("B", CALL, call_id="2"))
    run = make_run(TWO, *others, UNANSWERED)
    updated = make_run(TWO, *others, replace(UNANSWERED, **changes))
    assert update_call(run, "1", START + 9, **news) == updated
    later = update_call(updated, "1", START + 20, is_over=False, is_answered=False)
    assert later == updated


def test_call_ends_once() -> None:
    """A call is over when that became known first."""
    run = make_run(TWO, replace(ANSWERED, ended_at=START + 5))
    assert update_call(run, "1", START + 9, is_over=True, is_answered=False) == run


@pytest.mark.parametrize(
    ("run", "seconds", "calls"),
    [
        pytest.param(make_run(TWO), 0, False, id="nothing done"),
        pytest.param(make_run(TWO, *TOLD_A), 0, False, id="messages alone"),
        pytest.param(make_run(TWO, UNANSWERED), 9999, True, id="rings"),
        pytest.param(make_run(TWO, ANSWERED), 239.9, True, id="talks"),
        pytest.param(make_run(TWO, ANSWERED), 240, False, id="talks for long"),
        pytest.param(
            make_run(TWO, replace(UNANSWERED, ended_at=START + 130)), 130, False, id="over"
        ),
        pytest.param(make_run(TWO, replace(UNANSWERED, result=REFUSED)), 130, False, id="refused"),
        pytest.param(
            make_run(TWO, UNANSWERED, end=AlertStatus.ACKNOWLEDGED), 130, False, id="acknowledged"
        ),
        pytest.param(
            make_run(TWO, ANSWERED, replace(UNANSWERED, contact="B")), 240, True, id="next rings"
        ),
    ],
)
def test_call_that_keeps_the_telephone(run: Run, seconds: float, *, calls: bool) -> None:
    """A call keeps the origin's telephone while it rings, and for the contact's time."""
    assert is_calling(run, START + seconds) is calls


def test_end_of_a_run() -> None:
    """A run that ends waits for nothing, and what was under way may have been done."""
    run = make_run(TWO, *TOLD_A, step("B", SMS, 5, result=UNDER_WAY), **OFFLINE_RUN)
    assert end_run(run, AlertStatus.CANCELLED) == make_run(
        TWO, *TOLD_A, step("B", SMS, 5, result=UNKNOWN), end=AlertStatus.CANCELLED
    )
