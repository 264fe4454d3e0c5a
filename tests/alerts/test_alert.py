"""Alert: from its subentry, and a run's saved form."""

from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
import json
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from homeassistant.config_entries import ConfigSubentry

from custom_components.directcall.alerts import Alert, AlertStatus, Run
from tests.alerts.runs import (
    CALL,
    REFUSED,
    SMS,
    START,
    UNDER_WAY,
    UNKNOWN,
    VOICE,
    WALL,
    make_alert,
    make_run,
    step,
)
from tests.common import alert_data

ALERT = make_alert(
    "AB",
    SMS,
    CALL,
    at_once=True,
    time_each=12.5,
    acknowledge_entities=("lock.door",),
    answer_acknowledges=True,
    keep_trying=0.0,
)
RUN = make_run(
    ALERT,
    step("A", SMS, 3),
    step("B", SMS, 4, result=REFUSED),
    step("A", CALL, 20, call_id="7", is_answered=True, ended_at=START + 50),
    step("A", VOICE, 60, 0, result=UNKNOWN),
    is_test=True,
    round=2,
    repeats=4,
    repeated_in=1,
    retries=5,
    offline_since=START + 30,
    retry_at=START + 35,
    end=AlertStatus.CANCELLED,
    ended_by="Maria",
    all_clear="All clear.",
)
SAVED_ALERT = {
    "subentry_id": "01ALERT0",
    "name": "Smoke",
    "message": "Smoke!",
    "contacts": ["A", "B"],
    "channels": ["call", "sms"],
    "at_once": True,
    "time_each": 12.5,
    "rounds": 3,
    "pause": 300.0,
    "acknowledge_entities": ["lock.door"],
    "answer_acknowledges": True,
    "keep_trying": 0.0,
}
SAVED_STEP = {
    "round": 1,
    "contact": "A",
    "channel": "sms",
    "result": "accepted",
    "at": WALL + 3,
    "call_id": "",
    "is_answered": False,
    "ended_at": None,
}
SAVED = {
    "alert_id": "1",
    "alert": SAVED_ALERT,
    "message": "Smoke in the kitchen!",
    "is_test": True,
    "raised_at": WALL,
    "round": 2,
    "steps": [
        SAVED_STEP,
        SAVED_STEP | {"contact": "B", "result": "refused", "at": WALL + 4},
        SAVED_STEP
        | {
            "channel": "call",
            "at": WALL + 20,
            "call_id": "7",
            "is_answered": True,
            "ended_at": WALL + 50,
        },
        SAVED_STEP | {"round": 0, "channel": "voice_message", "result": "unknown", "at": WALL + 60},
    ],
    "repeats": 4,
    "repeated_in": 1,
    "retries": 5,
    "offline_since": WALL + 30,
    "retry_at": WALL + 35,
    "end": "cancelled",
    "ended_by": "Maria",
    "all_clear": "All clear.",
}


def save(run: Run) -> Any:
    """Return what the file of a run contains, 100 s after it was raised."""
    with patch("custom_components.directcall.alerts.alert.time") as time:
        time.monotonic.return_value = START + 100
        time.time.return_value = WALL + 100
        return json.loads(json.dumps(run.as_dict()))


def read(saved: object, slept: float = 0, clock: float = 0) -> Run:
    """Return a run that is read after some seconds, and after its clock was set."""
    return Run.from_dict(saved, START + 100 + slept, WALL + 100 + slept + clock)


def from_subentry(title: str = "Smoke", **changes: Any) -> Alert:
    """Return an alert from its subentry."""
    data = MappingProxyType(alert_data() | changes)
    return Alert.from_subentry(
        ConfigSubentry(
            data=data, subentry_id="01ALERT0", subentry_type="alert", title=title, unique_id=None
        )
    )


def test_alert_from_its_subentry() -> None:
    """An alert is what its form says, in seconds."""
    assert from_subentry(
        message="Smoke!",
        contacts=["B", "A"],
        how={
            "channels": ["call", "sms"],
            "at_once": True,
            "time_each": {"hours": 0, "minutes": 1, "seconds": 30},
            # A number selector gives floats.
            "rounds": 20.0,
            "pause": {"hours": 1, "minutes": 0, "seconds": 0},
        },
        acknowledgement={
            "acknowledge_entities": ["lock.door", "button.seen"],
            "answer_acknowledges": True,
        },
        delivery={"keep_trying": {"hours": 24, "minutes": 0, "seconds": 0}},
    ) == make_alert(
        "BA",
        SMS,
        CALL,
        at_once=True,
        time_each=90,
        rounds=20,
        pause=3600,
        acknowledge_entities=("lock.door", "button.seen"),
        answer_acknowledges=True,
        keep_trying=86400,
    )


def test_alert_with_what_may_be_left_out() -> None:
    """Neither a text nor entities need to be given."""
    data = alert_data()
    del data["message"]
    alert = Alert.from_subentry(
        ConfigSubentry(
            data=MappingProxyType(data | {"acknowledgement": {"answer_acknowledges": False}}),
            subentry_id="01ALERT0",
            subentry_type="alert",
            title="Smoke",
            unique_id=None,
        )
    )
    assert (alert.message, alert.acknowledge_entities) == ("", ())


def test_name_of_an_alert() -> None:
    """A name that was set by other means than the form is one line, too."""
    assert from_subentry("  Smoke\n\u202ein  the kitchen ").name == "Smoke in the kitchen"


def test_contact_that_is_named_twice() -> None:
    """A contact that is named twice is in the order once, where it is first."""
    assert from_subentry(contacts=["B", "A", "B"]).contacts == ("B", "A")


def test_saved_form() -> None:
    """A run is saved with all that is known of it, by the wall clock."""
    assert save(RUN) == SAVED


@pytest.mark.parametrize("run", [RUN, make_run(ALERT), make_run(make_alert(), step("A"))])
def test_run_is_restored(run: Run) -> None:
    """A run that is read at once is the same, whatever it contains."""
    assert read(save(run)) == run


@pytest.mark.parametrize("slept", [0, 5, 7200])
def test_run_is_older_after_a_restart(slept: float) -> None:
    """All times of a run are as long ago as they are by the wall clock."""
    # The monotonic clock begins elsewhere after a restart.
    run = Run.from_dict(SAVED, 7.0, WALL + 100 + slept)
    offset = 7.0 - (START + 100 + slept)
    assert run.begun_at == START + offset
    assert [each.at for each in run.steps] == [each.at + offset for each in RUN.steps]
    assert run.steps[2].ended_at == START + 50 + offset
    assert run.offline_since == START + 30 + offset
    assert run.retry_at == START + 35 + offset
    assert run.raised_at == WALL


def test_clock_set_back() -> None:
    """Times that would be in the future by a clock that was set back are now."""
    run = read(SAVED, clock=-3600)
    now = START + 100
    assert {run.begun_at, run.offline_since, run.retry_at, *(each.at for each in run.steps)} == {
        now
    }
    assert run.steps[2].ended_at == now


def test_clock_set_back_a_little() -> None:
    """Only the times after a clock that was set back are now."""
    run = read(SAVED, clock=-60)
    assert [each.at for each in run.steps] == [START + 63, START + 64, START + 80, START + 100]


def test_clock_set_forward() -> None:
    """By a clock that was set forward, a run is older."""
    run = read(SAVED, clock=3600)
    assert run.begun_at == START - 3600
    assert run.steps[0].at == START + 3 - 3600


def test_step_under_way_is_restored() -> None:
    """A step that may have been done has an unknown outcome after a restart, and counts."""
    [restored] = read(save(make_run(ALERT, step("A", CALL, result=UNDER_WAY)))).steps
    assert restored == step("A", CALL, result=UNKNOWN)
    assert restored.is_told
    assert restored.is_live_call


@pytest.mark.parametrize(
    ("each", "is_told", "is_live_call"),
    [
        (step("A"), True, False),
        (step("A", result=REFUSED), False, False),
        (step("A", result=UNKNOWN), True, False),
        (step("A", result=UNDER_WAY), False, False),
        (step("A", CALL), True, True),
        (step("A", CALL, result=REFUSED), False, False),
        (step("A", CALL, result=UNKNOWN), True, True),
        (step("A", CALL, result=UNDER_WAY), False, True),
        (step("A", CALL, ended_at=START), True, False),
    ],
)
def test_step(each: Any, *, is_told: bool, is_live_call: bool) -> None:
    """A step tells a contact unless it was refused, and a call lives until it is over."""
    assert (each.is_told, each.is_live_call) == (is_told, is_live_call)


@pytest.mark.parametrize(
    ("run", "seconds"),
    [
        (make_run(ALERT), 0),
        (make_run(ALERT, step("A", SMS, 9), step("B", SMS, 5)), 9),
        (make_run(ALERT, step("A", CALL, 9, ended_at=START + 50), step("B", SMS, 20)), 50),
        (make_run(ALERT, step("A", SMS, -10)), 0),
    ],
)
def test_last_moment_awake(run: Run, seconds: float) -> None:
    """A run was awake until its last step, or the end of its last call."""
    assert run.awake_until == START + seconds


@pytest.mark.parametrize("status", AlertStatus)
def test_active_status(status: AlertStatus) -> None:
    """An alert is active unless nobody raised it, or its run has ended."""
    ends = {"idle", "acknowledged", "unacknowledged", "cancelled"}
    assert status.is_active is (status not in ends)


def test_steps_of_a_turn() -> None:
    """The steps of a contact's turn, and of a round, are in the order in which they were begun."""
    first, second, third, fourth = (
        step("A", SMS),
        step("A", VOICE),
        step("B", SMS),
        step("A", SMS, 9, 2),
    )
    run = make_run(ALERT, first, second, third, fourth)
    assert list(run.steps_of("A", 1)) == [first, second]
    assert list(run.steps_of("A", 2)) == [fourth]
    assert list(run.steps_of("C", 1)) == []
    assert run.current_steps == [first, second, third]
    assert replace(run, round=2).current_steps == [fourth]


def test_nothing_private_is_shown() -> None:
    """Neither a text nor a person is in a log that contains a run."""
    text = repr(RUN)
    for private in ("Smoke!", "kitchen", "Maria", "All clear"):
        assert private not in text


ID: list[Any] = [None, 1, "", [], True]
TEXT: list[Any] = [None, 1, [], True]
FLAG: list[Any] = [None, "true", 1, 0, []]
SECONDS: list[Any] = [None, "1", -1, 2**40 + 1, float("nan"), float("inf"), []]
BROKEN_ALERT: dict[str, list[Any]] = {
    "subentry_id": ID,
    "name": TEXT,
    "message": TEXT,
    "contacts": [None, "A", [1], [""], {}],
    "channels": [None, [], "sms", ["fax"], [None], [[]]],
    "at_once": FLAG,
    "time_each": SECONDS,
    "rounds": [None, 0, -1, 1.5, "3", []],
    "pause": SECONDS,
    "acknowledge_entities": [None, "lock.door", [1], {}],
    "answer_acknowledges": FLAG,
    "keep_trying": SECONDS,
    "more": [1],
}
BROKEN_STEP: dict[str, list[Any]] = {
    "round": [None, -1, 1.5, "1"],
    "contact": ID,
    "channel": [None, "fax", []],
    "result": [None, "done", []],
    "at": SECONDS,
    "call_id": [None, 1, [], True],
    "is_answered": FLAG,
    "ended_at": SECONDS[1:],
    "more": [1],
}
BROKEN_RUN: dict[str, list[Any]] = {
    "alert_id": ID,
    "alert": [None, [], "alert", {}],
    "message": TEXT,
    "is_test": FLAG,
    "raised_at": SECONDS,
    "round": [None, 0, -1, 1.5, "1"],
    "steps": [None, {}, [None], ["step"], [{}], [[]]],
    "repeats": [None, -1, 1.5, "1"],
    "repeated_in": [None, -1, 1.5, "1"],
    "retries": [None, -1, 1.5, "1"],
    "offline_since": SECONDS[1:],
    "retry_at": SECONDS[1:],
    "end": ["idle", "alerting", "pausing", "waiting_for_connection", "over", 1, []],
    "ended_by": [1, [], True],
    "all_clear": [1, [], True],
    "begun_at": [1],
}


def broken(table: dict[str, list[Any]]) -> list[Any]:
    """Return the fields of a saved form, each with its broken values."""
    return [
        pytest.param(key, value, id=f"{key}={value!r}")
        for key, values in table.items()
        for value in values
    ]


@pytest.mark.parametrize(("key", "value"), broken(BROKEN_RUN))
def test_broken_run(key: str, value: object) -> None:
    """A saved run with a value that was never saved is not read."""
    with pytest.raises(vol.Invalid):
        read(SAVED | {key: value})


@pytest.mark.parametrize(("key", "value"), broken(BROKEN_ALERT))
def test_broken_alert(key: str, value: object) -> None:
    """A saved run whose alert has a value that was never saved is not read."""
    with pytest.raises(vol.Invalid):
        read(SAVED | {"alert": SAVED_ALERT | {key: value}})


@pytest.mark.parametrize(("key", "value"), broken(BROKEN_STEP))
def test_broken_step(key: str, value: object) -> None:
    """A saved run with a step that has a value that was never saved is not read."""
    with pytest.raises(vol.Invalid):
        read(SAVED | {"steps": [SAVED_STEP, SAVED_STEP | {key: value}]})


@pytest.mark.parametrize("key", SAVED)
def test_run_without_a_value(key: str) -> None:
    """A saved run that lacks a value is not read."""
    with pytest.raises(vol.Invalid):
        read({each: value for each, value in SAVED.items() if each != key})


@pytest.mark.parametrize("saved", [None, [], "run", 1, {}])
def test_what_is_no_run(saved: object) -> None:
    """What is no run at all is not read."""
    with pytest.raises(vol.Invalid):
        read(saved)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=9), values),
    max_leaves=5,
)


@given(st.data())
def test_any_value(data: st.DataObject) -> None:
    """A saved run with any value anywhere is read, or raises the one error that is expected."""
    saved: dict[str, Any] = deepcopy(SAVED)
    targets: list[dict[str, Any]] = [saved, saved["alert"], *saved["steps"]]
    target = data.draw(st.sampled_from(targets))
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(JSON)
    with suppress(vol.Invalid):
        assert save(read(saved)).keys() == SAVED.keys()
