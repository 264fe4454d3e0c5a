"""Policy of alerts: whole runs as stories, and laws that hold for all runs."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count, product

from hypothesis import given, strategies as st
import pytest

from custom_components.directcall.alerts import Alert, AlertStatus
from custom_components.directcall.alerts.policy import Wait
from tests.alerts.runs import (
    ACCEPTED,
    CALL,
    REFUSED,
    SMS,
    START,
    UNDER_WAY,
    UNKNOWN,
    VOICE,
    Reply,
    Story,
    Talk,
    make_alert,
)

ALL = (SMS, VOICE, CALL)
OFFLINE: Reply = None


STORIES: dict[str, tuple[Callable[[], Story], list[str]]] = {
    "rounds": (
        partial(Story, make_alert("AB", rounds=2)),
        [
            "0 voice_message A",
            "120 voice_message B",
            "240 pausing",
            "540 round 2",
            "540 voice_message A",
            "660 voice_message B",
            "780 end all_rounds_over",
            "780 forget",
        ],
    ),
    "one round has no pause": (
        partial(Story, make_alert("A", rounds=1)),
        ["0 voice_message A", "120 end all_rounds_over", "120 forget"],
    ),
    "no pause": (
        partial(Story, make_alert("A", rounds=2, pause=0)),
        [
            "0 voice_message A",
            "120 round 2",
            "120 voice_message A",
            "240 end all_rounds_over",
            "240 forget",
        ],
    ),
    "at once": (
        partial(Story, make_alert("ABC", *ALL, at_once=True, rounds=1)),
        [
            "0 sms A",
            "0 sms B",
            "0 sms C",
            "0 voice_message A",
            "0 voice_message B",
            "0 voice_message C",
            "120 call A",
            "240 hang up A",
            "240 call B",
            "360 hang up B",
            "360 call C",
            "480 hang up C",
            "480 end all_rounds_over",
            "480 forget",
        ],
    ),
    "SMS, voice message, time, call": (
        partial(Story, make_alert("AB", *ALL, rounds=1)),
        [
            "0 sms A",
            "0 voice_message A",
            "120 call A",
            "240 hang up A",
            "240 sms B",
            "240 voice_message B",
            "360 call B",
            "480 hang up B",
            "480 end all_rounds_over",
            "480 forget",
        ],
    ),
    "calls alone that are busy, not answered, and answered": (
        partial(
            Story,
            make_alert("ABC", CALL, rounds=1),
            talks={"A": (None, 3), "C": (10, 100)},
        ),
        [
            "0 call A",
            "3 call B",
            "123 hang up B",
            "123 call C",
            "223 end all_rounds_over",
            "223 forget",
        ],
    ),
    "a call that is answered is not hung up": (
        partial(Story, make_alert("AB", CALL, rounds=1), talks={"A": (100, 400)}),
        ["0 call A", "120 call B", "240 hang up B", "240 end all_rounds_over", "240 forget"],
    ),
    "a contact that talks in the next round waits": (
        partial(Story, make_alert("A", VOICE, CALL, rounds=2, pause=0), talks={"A": (10, 400)}),
        [
            "0 voice_message A",
            "120 call A",
            "240 round 2",
            "520 voice_message A",
            "640 call A",
            "760 end all_rounds_over",
            "760 forget",
        ],
    ),
    "a contact that talks for ever is told after ten minutes": (
        partial(Story, make_alert("A", CALL, rounds=2, pause=0), talks={"A": (10, None)}),
        ["0 call A", "120 round 2", "600 call A", "720 end all_rounds_over", "720 forget"],
    ),
    "a contact may talk for as long as it has time": (
        partial(
            Story, make_alert("AB", CALL, rounds=2, pause=0, time_each=900), talks={"A": (10, None)}
        ),
        [
            "0 call A",
            "900 call B",
            "1800 hang up B",
            "1800 round 2",
            "1800 call A",
            "2700 call B",
            "3600 hang up B",
            "3600 end all_rounds_over",
            "3600 forget",
        ],
    ),
    "those who are told at once do not wait for one that talks": (
        partial(
            Story,
            make_alert("AB", VOICE, CALL, rounds=2, pause=0, at_once=True),
            talks={"A": (10, 500)},
        ),
        [
            "0 voice_message A",
            "0 voice_message B",
            "120 call A",
            "240 call B",
            "360 hang up B",
            "360 round 2",
            "360 voice_message B",
            "620 voice_message A",
            "740 call A",
            "860 call B",
            "980 hang up B",
            "980 end all_rounds_over",
            "980 forget",
        ],
    ),
    "line down for a minute": (
        partial(Story, make_alert("AB", rounds=1), {"voice_message A": [OFFLINE] * 3}),
        [
            "0 voice_message A offline",
            "0 waiting_for_connection",
            "5 voice_message A offline",
            "5 waiting_for_connection",
            "15 voice_message A offline",
            "15 waiting_for_connection",
            "35 voice_message A",
            "155 voice_message B",
            "275 end all_rounds_over",
            "275 forget",
        ],
    ),
    "line down for good": (
        partial(
            Story,
            make_alert("AB", rounds=2, keep_trying=200, pause=0),
            {"voice_message A": [OFFLINE] * 99, "voice_message B": [OFFLINE] * 99},
        ),
        [
            "0 voice_message A offline",
            "0 waiting_for_connection",
            "5 voice_message A offline",
            "5 waiting_for_connection",
            "15 voice_message A offline",
            "15 waiting_for_connection",
            "35 voice_message A offline",
            "35 waiting_for_connection",
            "75 voice_message A offline",
            "75 waiting_for_connection",
            "135 voice_message A offline",
            "135 waiting_for_connection",
            "195 voice_message A offline",
            "195 waiting_for_connection",
            "255 voice_message A offline",
            "255 voice_message B offline",
            "255 pausing",
            "285 round 2",
            "285 voice_message A offline",
            "285 voice_message B offline",
            "285 end all_rounds_over",
            "285 forget",
        ],
    ),
    "line down, and no time to try again": (
        partial(Story, make_alert("AB", rounds=1, keep_trying=0), {"voice_message A": [OFFLINE]}),
        [
            "0 voice_message A offline",
            "0 voice_message B",
            "120 end all_rounds_over",
            "120 forget",
        ],
    ),
    "line down between two channels": (
        partial(Story, make_alert("A", SMS, VOICE, rounds=1), {"voice_message A": [OFFLINE]}),
        [
            "0 sms A",
            "0 voice_message A offline",
            "0 waiting_for_connection",
            "5 voice_message A",
            "125 end all_rounds_over",
            "125 forget",
        ],
    ),
    "line down for a call": (
        partial(
            Story, make_alert("A", CALL, rounds=1), {"call A": [OFFLINE, OFFLINE]}, {"A": (5, 10)}
        ),
        [
            "0 call A offline",
            "0 waiting_for_connection",
            "5 call A offline",
            "5 waiting_for_connection",
            "15 call A",
            "25 end all_rounds_over",
            "25 forget",
        ],
    ),
    "line down for one of several at once": (
        partial(
            Story,
            make_alert("ABC", at_once=True, rounds=1),
            {"voice_message B": [OFFLINE, OFFLINE]},
        ),
        [
            "0 voice_message A",
            "0 voice_message B offline",
            "0 voice_message C",
            "0 voice_message B offline",
            "0 waiting_for_connection",
            "5 voice_message B",
            "125 end all_rounds_over",
            "125 forget",
        ],
    ),
    "refused": (
        partial(Story, make_alert("AB", SMS, VOICE, rounds=1), {"voice_message A": [REFUSED]}),
        [
            "0 sms A",
            "0 voice_message A refused",
            "120 sms B",
            "120 voice_message B",
            "240 end all_rounds_over",
            "240 forget",
        ],
    ),
    "refused, on to the next at once": (
        partial(
            Story,
            make_alert("AB", SMS, VOICE, rounds=1),
            {"sms A": [REFUSED], "voice_message A": [REFUSED]},
        ),
        [
            "0 sms A refused",
            "0 voice_message A refused",
            "0 sms B",
            "0 voice_message B",
            "120 end all_rounds_over",
            "120 forget",
        ],
    ),
    "refused messages, on to the call at once": (
        partial(Story, make_alert("A", VOICE, CALL, rounds=1), {"voice_message A": [REFUSED]}),
        [
            "0 voice_message A refused",
            "0 call A",
            "120 hang up A",
            "120 end all_rounds_over",
            "120 forget",
        ],
    ),
    "refused call": (
        partial(
            Story, make_alert("AB", CALL, rounds=1), {"call A": [REFUSED], "call B": [REFUSED]}
        ),
        ["0 call A refused", "0 call B refused", "0 end all_rounds_over", "0 forget"],
    ),
    "nobody told in a round": (
        partial(
            Story,
            make_alert("AB", rounds=2, pause=0),
            {"voice_message A": [REFUSED] * 2, "voice_message B": [REFUSED] * 2},
        ),
        [
            "0 voice_message A refused",
            "0 voice_message B refused",
            "0 pausing",
            "30 round 2",
            "30 voice_message A refused",
            "30 voice_message B refused",
            "30 end all_rounds_over",
            "30 forget",
        ],
    ),
    "nobody told in a round with a long pause": (
        partial(Story, make_alert("A", rounds=2), {"voice_message A": [REFUSED]}),
        [
            "0 voice_message A refused",
            "0 pausing",
            "300 round 2",
            "300 voice_message A",
            "420 end all_rounds_over",
            "420 forget",
        ],
    ),
    "one told in a round": (
        partial(Story, make_alert("AB", rounds=2, pause=10), {"voice_message B": [REFUSED] * 2}),
        [
            "0 voice_message A",
            "120 voice_message B refused",
            "120 pausing",
            "130 round 2",
            "130 voice_message A",
            "250 voice_message B refused",
            "250 end all_rounds_over",
            "250 forget",
        ],
    ),
    "unknown outcome counts as told": (
        partial(
            Story,
            make_alert("AB", SMS, rounds=2, pause=0),
            {"sms A": [UNKNOWN], "sms B": [UNKNOWN]},
        ),
        [
            "0 sms A unknown",
            "120 sms B unknown",
            "240 round 2",
            "240 sms A",
            "360 sms B",
            "480 end all_rounds_over",
            "480 forget",
        ],
    ),
    "call of unknown outcome is waited for": (
        partial(Story, make_alert("A", CALL, rounds=1), {"call A": [UNKNOWN]}),
        ["0 call A unknown", "120 hang up A", "120 end all_rounds_over", "120 forget"],
    ),
    "no contact": (partial(Story, make_alert("")), ["0 end no_contact", "0 forget"]),
}


@pytest.mark.parametrize(("story", "lines"), STORIES.values(), ids=STORIES)
def test_story(story: Callable[[], Story], lines: list[str]) -> None:
    """A run takes these steps at these seconds."""
    assert story().play() == lines


def test_line_that_is_back_is_tried_at_once() -> None:
    """The contact whose turn it is is told in the moment in which the line is back."""
    story = Story(make_alert("A", rounds=1), {"voice_message A": [OFFLINE] * 5})

    def restore(wait: Wait) -> None:
        if wait.status is AlertStatus.WAITING_FOR_CONNECTION and story.now == START + 75:
            story.now += 2
            story.restore_line()

    story.on_wait = restore
    assert story.play()[-4:] == [
        "75 waiting_for_connection",
        "77 voice_message A",
        "197 end all_rounds_over",
        "197 forget",
    ]


REPLIES = st.sampled_from([ACCEPTED, ACCEPTED, REFUSED, UNKNOWN, OFFLINE])
TALKS = st.tuples(st.none() | st.floats(0, 2000), st.none() | st.floats(0, 2000))
ALERTS = st.builds(
    make_alert,
    st.sets(st.sampled_from("ABCD"), min_size=1).map("".join),
    channels=st.sets(st.sampled_from(ALL), min_size=1).map(frozenset),
    at_once=st.booleans(),
    time_each=st.floats(10, 1800),
    rounds=st.integers(1, 4),
    pause=st.floats(0, 7200),
    keep_trying=st.floats(0, 300),
)
REPLY_TABLES = st.dictionaries(
    st.sampled_from([f"{channel} {contact}" for channel in ALL for contact in "ABCD"]),
    st.lists(REPLIES, max_size=12),
)
TALK_TABLES = st.dictionaries(st.sampled_from("ABCD"), TALKS)
INCIDENTS: dict[str, Callable[[Story], None]] = {
    "nothing": lambda _: None,
    "acknowledged": Story.acknowledge,
    "called off": partial(Story.call_off, all_clear=None),
    "called off with a word": partial(Story.call_off, all_clear="All clear."),
    "contact deleted": Story.delete_contact,
    "line back": Story.restore_line,
}
INCIDENT_TABLES = st.dictionaries(
    st.integers(0, 30), st.sampled_from(sorted(INCIDENTS)), max_size=4
)


@given(ALERTS, REPLY_TABLES, TALK_TABLES, INCIDENT_TABLES)
def test_laws(
    alert: Alert,
    replies: dict[str, list[Reply]],
    talks: dict[str, Talk],
    incidents: dict[int, str],
) -> None:
    """Each run ends, whatever happens, and nobody is told twice in a turn."""
    story = Story(alert, replies, talks)
    waits = count()
    story.on_wait = lambda _: INCIDENTS[incidents.get(next(waits), "nothing")](story)
    story.play()
    turns = Counter((each.round, each.contact, each.channel) for each in story.run.steps)
    assert set(turns.values()) <= {1}
    assert story.run.end is not None
    assert not any(each.result is UNDER_WAY for each in story.run.steps)


@given(ALERTS, REPLY_TABLES, TALK_TABLES, st.integers(0, 20))
def test_law_of_the_acknowledgement(
    alert: Alert, replies: dict[str, list[Reply]], talks: dict[str, Talk], wait: int
) -> None:
    """Nobody is told any more after an acknowledgement."""
    story = Story(alert, replies, talks)
    waits = count()
    told: list[int] = []

    def acknowledge(_: Wait) -> None:
        if next(waits) == wait:
            told.append(len(story.lines))
            story.acknowledge()

    story.on_wait = acknowledge
    story.play()
    assert [line.split()[1] for at in told for line in story.lines[at:]] in ([], ["forget"])


@given(ALERTS, TALK_TABLES)
def test_law_of_the_order(alert: Alert, talks: dict[str, Talk]) -> None:
    """A run whose line works tells everybody in each round, in the order of contacts."""
    alert = replace(alert, at_once=False)
    story = Story(alert, talks=talks)
    story.play()
    channels = [channel for channel in ALL if channel in alert.channels]
    assert [(each.round, each.contact, each.channel) for each in story.run.steps] == list(
        product(range(1, alert.rounds + 1), alert.contacts, channels)
    )


@given(ALERTS, TALK_TABLES)
def test_law_of_the_telephone(alert: Alert, talks: dict[str, Talk]) -> None:
    """No contact is told while its telephone rings or talks, for ten minutes or its time."""
    story = Story(alert, talks=talks)
    story.play()
    calls = [each for each in story.run.steps if each.channel is CALL]
    for call in calls:
        latest = call.at + max(600, alert.time_each)
        end = latest if call.ended_at is None else min(call.ended_at, latest)
        during = [each for each in story.run.steps if call.at < each.at < end]
        assert call.contact not in {each.contact for each in during}
