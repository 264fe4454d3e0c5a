"""Polling of calls: their states, the pace of the polls, and their end."""

import asyncio
from collections.abc import Callable
from itertools import batched, product
import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from tests.calls.common import IN_VAIN, OVER, UNAVAILABLE, start_poll, timers
from tests.common import (
    CALL,
    CALL_IN_PROGRESS,
    END,
    NUMBER,
    STATUS,
    Events,
    end_call,
    last_event,
    pass_time,
    place_call,
    state_of,
    until,
)
from tests.simulator import Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


@pytest.mark.parametrize(
    ("origin", "destination", "destination_first", "story"),
    [
        ("0300", "0000", False, [*IN_VAIN, "answered"]),
        ("0300", "7004", False, [*IN_VAIN, "answered", "ended"]),
        ("0300", "7002", False, [*IN_VAIN, "no_answer"]),
        ("7001", "0000", False, ["placed", "origin_no_answer"]),
        ("0300", "7006", True, ["placed", "failed"]),
        ("7002", "0000", True, [*IN_VAIN, "answered", "ended"]),
    ],
    ids=[
        "answers",
        "ends by itself",
        "never answers",
        "origin busy",
        "fails, and would ring first",
        "origin never answers, and would ring second",
    ],
)
async def test_story(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    origin: str,
    destination: str,
    destination_first: bool,
    story: list[str],
) -> None:
    """The events match the states of the telephones."""
    await place_call(
        hass,
        origin=f"+55 41 3060-{origin}",
        destination=f"{NUMBER}{destination}",
        ring_destination_first=destination_first,
    )
    await flow_on(60)
    assert events.types == story
    first = "destination" if destination_first else "origin"
    rings = {"ringing": first}
    assert [e.attributes["telephone"] for e in events] == [rings.get(state) for state in story]
    assert last_event(hass) == story[-1]
    assert state_of(hass, CALL_IN_PROGRESS) == ("on" if story[-1] == "answered" else "off")
    assert len(simulator.calls) == 1
    if story[-1] != "answered":
        asked = simulator.requests[STATUS]
        await flow_on(20)
        assert simulator.requests[STATUS] == asked


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
    assert state_of(hass, CALL_IN_PROGRESS) == "off"


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
    state = hass.states.get(CALL)
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


async def test_status_that_comes_late(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call without a status at first is tracked as soon as it has one."""
    await place_call(hass, destination=f"{NUMBER}9005")
    await flow_on(60)
    assert events.types == ["placed", "answered"]


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
    asked = simulator.requests[STATUS]
    await pass_time(hass, freezer, 10, times=3)
    assert simulator.requests[STATUS] == asked


async def test_day_without_calls(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Following costs nothing while no call lives."""
    await pass_time(hass, freezer, 3240, times=27)
    assert simulator.requests[STATUS] == 0
    # The balance is asked for once a day.
    assert len([timer for timer in timers(hass) if "poll" in timer]) == 1
    await place_call(hass)
    assert len([timer for timer in timers(hass) if "poll" in timer]) == 2


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
    assert warning == (
        'Directcall describes a telephone as "redirecionada", which is not documented: please'
        " report this word, and what the telephone did, to the integration's issues"
    )


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
