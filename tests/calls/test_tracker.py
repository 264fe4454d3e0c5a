"""Polling of calls: their states, the pace of the polls, and their end."""

import asyncio
from collections.abc import Callable
from itertools import batched, product
import json
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from tests.calls.common import (
    ANSWERED,
    GOES_ON,
    IN_VAIN,
    OVER,
    RINGS,
    UNAVAILABLE,
    legs_reply,
    start_poll,
    timers,
)
from tests.common import (
    ACTIVE_CALLS,
    END,
    LAST_CALL,
    NUMBER,
    PLACE_CALL,
    STATUS,
    Events,
    end_call,
    pass_time,
    place_call,
    state_of,
    until,
)
from tests.simulator import Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)
STORIES = {
    # Last digits of origin and destination; then the story where the origin, and where the
    # destination rings first.
    "answers": ("0300", "0000", [*IN_VAIN, "answered"], [*IN_VAIN, "answered"]),
    "ends by itself": ("0300", "7004", [*IN_VAIN, "answered", "ended"], None),
    "busy": ("0300", "7001", [*IN_VAIN, "busy"], ["placed", "busy"]),
    "never answers": ("0300", "7002", [*IN_VAIN, "no_answer"], None),
    "declines": ("0300", "7003", [*IN_VAIN, "busy"], None),
    "fails": ("0300", "7006", [*IN_VAIN, "failed"], ["placed", "failed"]),
    "ambiguous": ("0300", "7005", [*IN_VAIN, "unknown"], ["placed", "unknown"]),
    "origin never answers": (
        "7002",
        "0000",
        [*IN_VAIN, "origin_no_answer"],
        [*IN_VAIN, "answered", "ended"],
    ),
    "origin busy": (
        "7001",
        "0000",
        ["placed", "origin_no_answer"],
        [*IN_VAIN, "answered", "ended"],
    ),
    "origin fails": ("7006", "0000", ["placed", "failed"], [*IN_VAIN, "answered", "ended"]),
    "origin hangs up": ("7004", "0000", [*IN_VAIN, "answered", "ended"], None),
}


@pytest.mark.parametrize("destination_first", [False, True])
@pytest.mark.parametrize(
    ("origin", "destination", "story", "inverted"), STORIES.values(), ids=STORIES
)
async def test_story(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    origin: str,
    destination: str,
    story: list[str],
    inverted: list[str] | None,
    destination_first: bool,
) -> None:
    """The events match the states of the telephones."""
    await place_call(
        hass,
        origin=f"+55 41 3060-{origin}",
        destination=f"{NUMBER}{destination}",
        ring_destination_first=destination_first,
    )
    expected = (inverted or story) if destination_first else story
    await flow_on(60)
    assert events.types == expected
    assert state_of(hass, LAST_CALL) == expected[-1]
    assert state_of(hass, ACTIVE_CALLS) == ("1" if expected[-1] == "answered" else "0")
    assert len(simulator.calls) == 1
    if expected[-1] != "answered":
        asked = simulator.requests[STATUS]
        await flow_on(20)
        assert simulator.requests[STATUS] == asked


TEXT = Reply(json.dumps({"status": "ok", "codigo": "000", "msg": "Em andamento"}).encode())
YES_BUT_OVER = Reply(json.dumps({"status": "ok", "codigo": "003", "msg": "x"}).encode())
LOOKS: dict[str, tuple[list[Reply], list[str]]] = {
    "destination ended": (
        [RINGS, GOES_ON, legs_reply(origin="atendida", destination="encerrada")],
        [*IN_VAIN, "no_answer"],
    ),
    "destination ended after answer": (
        [RINGS, ANSWERED, legs_reply(origin="atendida", destination="encerrado")],
        [*IN_VAIN, "answered", "ended"],
    ),
    "answer is stronger than a failure after it": (
        [ANSWERED, legs_reply(origin="atendida", destination="falha")],
        ["placed", "answered", "ended"],
    ),
    "origin ended": ([RINGS, legs_reply(origin="encerrada")], [*IN_VAIN, "origin_no_answer"]),
    "origin ended after it answered": (
        [legs_reply(origin="atendida"), legs_reply(origin="encerrada")],
        ["placed", "no_answer"],
    ),
    "origin ended after answer": (
        [ANSWERED, legs_reply(origin="encerrada")],
        ["placed", "answered", "ended"],
    ),
    "origin ended before its destination": (
        [GOES_ON, legs_reply(origin="encerrada", destination="chamando"), ANSWERED, OVER],
        [*IN_VAIN, "answered", "ended"],
    ),
    "origin not answered": ([legs_reply(origin="não atendida")], ["placed", "origin_no_answer"]),
    "destination not answered": (
        [GOES_ON, legs_reply(origin="atendida", destination="não atendido")],
        [*IN_VAIN, "no_answer"],
    ),
    "answered once is answered": (
        [ANSWERED, GOES_ON, GOES_ON, OVER],
        ["placed", "answered", "ended"],
    ),
    "ambiguous, then answered": (
        [legs_reply(origin="em fila"), ANSWERED, OVER],
        ["placed", "answered", "ended"],
    ),
    "ambiguous at the origin": (
        [legs_reply(origin="em fila"), GOES_ON, OVER],
        [*IN_VAIN, "unknown"],
    ),
    "ambiguous at the destination": (
        [GOES_ON, legs_reply(origin="atendida", destination="em fila"), OVER],
        [*IN_VAIN, "unknown"],
    ),
    "ambiguous beside an end": (
        [legs_reply(origin="encerrada", destination="em fila"), OVER, *[OVER] * 6],
        ["placed", "unknown"],
    ),
    "ambiguous beside a busy origin": (
        [legs_reply(origin="ocupado", destination="em fila"), *[OVER] * 7],
        ["placed", "unknown"],
    ),
    "leg of another number": (
        [legs_reply(origin="atendida", other="chamando"), OVER],
        ["placed", "unknown"],
    ),
    "text for legs": ([RINGS, TEXT, OVER], [*IN_VAIN, "unknown"]),
    "text, then answered": ([TEXT, ANSWERED, OVER], ["placed", "answered", "ended"]),
    "yes that means over": ([GOES_ON, YES_BUT_OVER], [*IN_VAIN, "no_answer"]),
    "not up yet": ([OVER, OVER, RINGS, ANSWERED, OVER], [*IN_VAIN, "answered", "ended"]),
    "not up yet, and never": ([OVER] * 8, ["placed", "unknown"]),
    "negative word while the origin still rings": (
        [legs_reply(origin="chamando", destination="não atendida"), GOES_ON, ANSWERED, OVER],
        [*IN_VAIN, "answered", "ended"],
    ),
    "second leg alone": ([legs_reply(destination="chamando"), OVER], [*IN_VAIN, "unknown"]),
    "leg of another number like the origin's": (
        [RINGS, legs_reply(origin="atendida", other="atendida"), OVER],
        [*IN_VAIN, "unknown"],
    ),
    "terminal word alone": ([legs_reply(destination="ocupado")], ["placed", "busy"]),
}


@pytest.mark.parametrize(("replies", "story"), LOOKS.values(), ids=LOOKS)
async def test_polls_lead_to_states(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    replies: list[Reply],
    story: list[str],
) -> None:
    """A sequence of polls leads to the expected states."""
    await place_call(hass)
    simulator.reply(STATUS, *replies)
    await flow_on(3 * len(replies))
    assert events.types == story


async def test_origin_that_is_busy_before_it_should_ring(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """If the destination rings first, a state of the origin is not an answer of the destination."""
    await place_call(hass, ring_destination_first=True)
    simulator.reply(STATUS, legs_reply(destination="chamando"), legs_reply(origin="ocupado"))
    await flow_on(6)
    assert events.types == [*IN_VAIN, "no_answer"]


async def test_ringing_origin_is_ambiguous_if_the_destination_rings_first(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """An origin that rings before the destination answered is ambiguous."""
    await place_call(hass, ring_destination_first=True)
    simulator.reply(STATUS, legs_reply(destination="chamando"), legs_reply(origin="chamando"), OVER)
    await flow_on(9)
    assert events.types == [*IN_VAIN, "unknown"]


async def test_late_poll_after_a_hang_up_is_ignored(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    """A poll that is answered after the hang-up changes nothing."""
    await place_call(hass)
    await flow_on(15)
    status = simulator.hold(STATUS)
    await start_poll(hass, freezer, simulator)
    await end_call(hass)
    status.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert events.types == [*IN_VAIN, "answered", "ended"]
    assert state_of(hass, ACTIVE_CALLS) == "0"


async def test_call_that_ends_during_a_hang_up_ends_once(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call that ends during a hang-up ends once."""
    await place_call(hass)
    await flow_on(15)
    answer = simulator.hold(END)
    hanging_up = asyncio.create_task(end_call(hass))
    await until(lambda: simulator.requests[END] == 1)
    simulator.reply(STATUS, OVER)
    await start_poll(hass, freezer, simulator)
    await until(lambda: events.types == [*IN_VAIN, "answered", "ended"])
    assert not hanging_up.done()
    answer.set()
    await hanging_up
    assert events.types == [*IN_VAIN, "answered", "ended"]


async def test_attributes_mask_the_number(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """An event has the call's ID and four digits of the number."""
    response = await place_call(hass, destination=f"{NUMBER}7004", record=True)
    await flow_on(40)
    expected = {"call_id": response["call_id"], "last_digits": "7004", "recorded": True}
    for event in events:
        assert expected.items() <= event.attributes.items()
    durations = [event.attributes["duration"] for event in events]
    assert durations[:-1] == [None, None, None]
    assert durations[-1] == pytest.approx(10, abs=4)
    state = hass.states.get(LAST_CALL)
    assert state is not None
    assert "99999" not in str([*events, state])


async def test_outcome_after_a_gap_is_unknown(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call that ended while it was not polled has an unknown outcome."""
    await place_call(hass, destination=f"{NUMBER}7002")
    await flow_on(12)
    simulator.reply(STATUS, *[UNAVAILABLE] * 8)
    await flow_on(60)
    assert events.types == ["placed", "ringing", "unknown"]


async def test_short_gap_is_no_gap(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """One or two failed polls change nothing."""
    await place_call(hass, destination=f"{NUMBER}7002")
    await flow_on(12)
    simulator.reply(STATUS, *[UNAVAILABLE] * 2)
    await flow_on(60)
    assert events.types == ["placed", "ringing", "no_answer"]


async def test_status_that_comes_late(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call without a status at first is tracked as soon as it has one."""
    await place_call(hass, destination=f"{NUMBER}9005")
    await flow_on(60)
    assert events.types == ["placed", "answered"]


async def test_call_that_never_comes_up(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call that the status never lists stays placed for 20 s, and is unknown after that."""
    await place_call(hass)
    simulator.calls[0].line.ended = True
    await flow_on(18)
    assert events.types == ["placed"]
    await flow_on(8)
    assert events.types == ["placed", "unknown"]


@pytest.mark.parametrize(
    ("reply", "minutes"), [(UNAVAILABLE, 3), (Reply(b'{"status": "ok", "msg": "?"}'), 3)]
)
async def test_call_is_given_up(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    reply: Reply,
    minutes: int,
) -> None:
    """A call without a status is given up after 3 minutes."""
    simulator.reply(STATUS, *[reply] * 1000)
    await place_call(hass)
    await flow_on(minutes * 60 - 10)
    assert events.types == ["placed"]
    await flow_on(20)
    assert events.types == ["placed", "unknown"]
    asked = simulator.requests[STATUS]
    await flow_on(20)
    assert simulator.requests[STATUS] == asked


async def test_long_call_is_given_up(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call is tracked for 2 hours at most."""
    await place_call(hass)
    await flow_on(15)
    await pass_time(hass, freezer, 600, times=11)
    assert events.types == ["placed", "ringing", "answered"]
    await pass_time(hass, freezer, 600)
    assert events.types == ["placed", "ringing", "answered", "unknown"]


async def test_long_call_is_polled_less_often(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call is polled every 3 s in its first minute, and then every 10 s."""
    await place_call(hass)
    placed_at = time.monotonic()
    await flow_on(60)
    assert 15 <= simulator.requests[STATUS] <= 21
    await flow_on(540)
    simulator.calls[0].line.ended = True
    await flow_on(11)
    assert events.types[-1] == "ended"
    # On a busy machine, more than the 611 s go by.
    later = time.monotonic() - placed_at - 60
    assert 60 <= simulator.requests[STATUS] <= 22 + later / 10
    assert simulator.requests[PLACE_CALL] == 1


async def test_day_without_calls(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Following costs nothing while no call lives."""
    await pass_time(hass, freezer, 3240, times=27)
    assert simulator.requests[STATUS] == 0
    assert not [timer for timer in timers(hass) if "poll" in timer]
    await place_call(hass)
    assert [timer for timer in timers(hass) if "poll" in timer]


async def test_unknown_word_is_reported_once(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An undocumented word is logged once, with the request to report it."""
    for _ in range(2):
        await place_call(hass, destination=f"{NUMBER}7005")
        await flow_on(60)
        await hass.config_entries.async_reload(account.entry_id)
    [warning] = [r.getMessage() for r in caplog.records if "redirecionada" in r.getMessage()]
    assert "please report" in warning


async def test_unknown_words_are_limited(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Many unknown words fill neither the memory nor the log."""
    await place_call(hass)
    words = ["".join(letters) for letters in product("xyz", "abcde", "abcde")]
    for batch in batched(words, 15, strict=True):
        legs = [{"telefone": "1", "status": word} for word in batch]
        simulator.reply(STATUS, Reply(json.dumps({"status": "ok", "msg": legs}).encode()))
    await flow_on(20)
    assert caplog.text.count("please report") == 50
