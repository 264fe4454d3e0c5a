"""Call: its saved form, and what follows from its data alone."""

from dataclasses import replace
from typing import Any

import pytest
import voluptuous as vol

from custom_components.directcall.api import NumberPair, PhoneNumber
from custom_components.directcall.calls import Call, CallState
from tests.calls.common import SAVED

# Seconds on the monotonic clock and on the wall clock.
NOW = 5000.0
WALL = float(str(SAVED["placed_at"])) + 100


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """Do without Home Assistant, which would take longer than all tables."""


def read(**changes: Any) -> Call:
    """Return a saved call 100 s after it was placed."""
    return Call.from_dict({**SAVED, "contact": "Maria", **changes}, NOW, WALL)


def test_saved_call_is_restored() -> None:
    """A call is the same after a restart, in which it was not observed."""
    call = read()
    assert call.as_dict() == {**SAVED, "contact": "Maria"}
    assert call == Call(
        call_id="1",
        pair=NumberPair(PhoneNumber("554130600300"), PhoneNumber("5541999990000")),
        recorded=False,
        ring_destination_first=False,
        contact="Maria",
        state=CallState.ANSWERED,
        is_accepted=True,
        origin_answered=True,
        answered_after=3,
        was_live=True,
        is_continuously_observed=False,
        placed_at=WALL - 100,
        started_at=NOW - 100,
        newest_started_at=NOW - 100,
        tracked_since=NOW,
        observed_at=NOW,
    )


def test_call_that_may_have_been_placed_is_restored() -> None:
    """A call whose placement is ambiguous is so after a restart, too."""
    call = read(state=None, answered_after=None)
    assert (call.state, call.is_accepted, call.is_requested) == (None, False, False)


@pytest.mark.parametrize(
    ("placed_at", "age"),
    [
        (WALL, 0),
        (WALL - 10, 10),
        (WALL - 86400, 86400),
        # A clock was set: an age of more than a day, or a negative one, is no age.
        (WALL - 86401, 86400),
        (1, 86400),
        (WALL + 1, 20),
        (WALL + 10**9, 20),
    ],
)
def test_age_of_a_saved_call(placed_at: float, age: float) -> None:
    """The age of a saved call is that of the wall clock, unless the clock was set."""
    call = read(placed_at=placed_at)
    assert call.age(NOW) == age
    assert call.newest_started_at == call.started_at
    assert call.placed_at == placed_at


@pytest.mark.parametrize(
    "saved",
    [
        {"origin": "x"},
        {**SAVED, "origin": []},
        {**SAVED, "destination": 5541999990000},
        {**SAVED, "state": "busy"},
        {**SAVED, "answered_after": "12"},
        {**SAVED, "answered_after": -1},
        {**SAVED, "placed_at": "yesterday"},
        {**SAVED, "placed_at": None},
        {**SAVED, "call_id": None},
        {**SAVED, "contact": 1},
        {**SAVED, "more": 1},
        "call",
    ],
)
def test_call_that_cannot_be_read(saved: object) -> None:
    """A saved call in another form is not read."""
    with pytest.raises(vol.Invalid):
        Call.from_dict(saved, NOW, WALL)


def test_contact_of_the_oldest_version() -> None:
    """The oldest version did not save the name of the contact."""
    assert Call.from_dict(SAVED, NOW, WALL).contact is None


@pytest.mark.parametrize(
    ("state", "answered_after", "saved"),
    [
        (None, None, None),
        (CallState.RINGING, None, "ringing"),
        (CallState.ANSWERED, 3, "answered"),
        (CallState.BUSY, None, "placed"),
        (CallState.UNKNOWN, None, "placed"),
        (CallState.ENDED, 3, "answered"),
    ],
)
def test_state_that_is_saved(
    state: CallState | None, answered_after: float | None, saved: str | None
) -> None:
    """Of a call that is over, the state before is saved: a poll finds the final one again."""
    call = replace(read(), state=state, answered_after=answered_after)
    assert call.as_dict()["state"] == saved


@pytest.mark.parametrize(
    ("state", "answered_after", "outcome", "is_decided"),
    [
        (None, None, "unknown", False),
        (CallState.PLACED, None, "unknown", False),
        (CallState.RINGING, None, "unknown", False),
        (CallState.ANSWERED, 3, "answered", True),
        (CallState.ENDED, 3, "answered", True),
        (CallState.UNKNOWN, 3, "answered", True),
        (CallState.BUSY, None, "busy", True),
        (CallState.UNKNOWN, None, "unknown", True),
    ],
)
def test_outcome(
    state: CallState | None, answered_after: float | None, outcome: str, is_decided: bool
) -> None:
    """The outcome of a call says if the destination was reached, as soon as that is known."""
    call = replace(read(), state=state, answered_after=answered_after)
    assert call.outcome == outcome
    assert call.is_answered_or_over is is_decided


def test_nothing_private_is_shown() -> None:
    """Neither the contact nor the provider's ID is in a log that contains a call."""
    text = repr(read(provider_id="6f7c10f9"))
    assert "Maria" not in text
    assert "6f7c10f9" not in text
    assert "99999" not in text
