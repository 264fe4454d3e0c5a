"""A call's life, through Home Assistant and real HTTP, with telephones that do as they like."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import batched, product
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.plugins import long_repr_strings

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util.async_ import get_scheduled_timer_handles

from custom_components.directcall.api import DirectcallClient
from custom_components.directcall.const import DOMAIN
from tests.common import (
    Events,
    end_call,
    listen,
    make_account,
    pass_time,
    place_call,
    restarted,
    set_up,
    state_of,
)
from tests.simulator import ACCOUNT, Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)

LAST_CALL = "sensor.directcall_last_call"
ACTIVE_CALLS = "sensor.directcall_active_calls"
PLACE_CALL = "voz/call"
STATUS = "voz/status"
END = "voz/end"
NUMBER = "+55 41 99999-"
UNAVAILABLE = Reply(b"", 503)


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give each test a folder of its own."""
    return hass_tmp_config_dir


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let what is saved be really written, and read again."""
    return {}


@pytest.fixture
def events(hass: HomeAssistant, account: MockConfigEntry) -> Events:
    """Return what the entity Call fires."""
    return listen(hass)


@pytest.fixture
def flow_on(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Callable[[int], Any]:
    """Let some seconds pass, one by one."""

    async def flow_on(seconds: int) -> None:
        await pass_time(hass, freezer, 1, times=seconds)

    return flow_on


def file_of_calls(hass: HomeAssistant, entry_id: str = "01DIRECTCALL") -> Path:
    """Return where the live calls of an account are saved."""
    return Path(hass.config.path(STORAGE_DIR, f"directcall.{entry_id}"))


def write(file: Path, text: str) -> None:
    """Write a file."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


def saved_calls(hass: HomeAssistant, entry_id: str = "01DIRECTCALL") -> list[dict[str, Any]]:
    """Return the live calls of an account that are saved."""
    file = json.loads(file_of_calls(hass, entry_id).read_text())
    calls: list[dict[str, Any]] = file["data"]["calls"]
    return calls


async def start_looking(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let the next look begin, without waiting for its end."""
    freezer.tick(4)
    async_fire_time_changed(hass)
    await asyncio.sleep(0.1)


async def press_hang_up(hass: HomeAssistant) -> None:
    """Press the button."""
    await hass.services.async_call(
        "button", "press", {"entity_id": "button.directcall_hang_up"}, blocking=True
    )


def timers(hass: HomeAssistant) -> set[str]:
    """Return the integration's timers that run."""
    handles = get_scheduled_timer_handles(hass.loop)
    with long_repr_strings():
        texts = {repr(handle) for handle in handles if not handle.cancelled()}
    return {text for text in texts if "directcall" in text}


IN_VAIN = ["placed", "ringing"]
STORIES = {
    # Last digits of origin and destination; then the story where the origin, and where the
    # destination rings first.
    "answers": ("0300", "0000", [*IN_VAIN, "answered"], [*IN_VAIN, "answered"]),
    "ends by itself": ("0300", "7004", [*IN_VAIN, "answered", "ended"], None),
    "busy": ("0300", "7001", [*IN_VAIN, "busy"], ["placed", "busy"]),
    "never answers": ("0300", "7002", [*IN_VAIN, "no_answer"], None),
    "declines": ("0300", "7003", [*IN_VAIN, "busy"], None),
    "fails": ("0300", "7006", [*IN_VAIN, "failed"], ["placed", "failed"]),
    "riddle": ("0300", "7005", [*IN_VAIN, "unknown"], ["placed", "unknown"]),
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
    """What the telephones do is what the events tell."""
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


def told(**words: str | None) -> Reply:
    """Return an answer with the provider's words for the origin's and the destination's leg."""
    numbers = {"origin": "554130600300", "destination": "5541999990000", "other": "554133334444"}
    legs = [{"telefone": numbers[leg], "status": word} for leg, word in words.items()]
    return Reply(json.dumps({"status": "ok", "codigo": "000", "msg": legs}).encode())


OVER = Reply(json.dumps({"status": "erro", "codigo": "003", "msg": "Não está ativa"}).encode())
TEXT = Reply(json.dumps({"status": "ok", "codigo": "000", "msg": "Em andamento"}).encode())
YES_BUT_OVER = Reply(json.dumps({"status": "ok", "codigo": "003", "msg": "x"}).encode())
RINGS = told(origin="chamando")
GOES_ON = told(origin="atendida", destination="chamando")
ANSWERED = told(origin="atendida", destination="atendida")
LOOKS: dict[str, tuple[list[Reply], list[str]]] = {
    "destination ended": (
        [RINGS, GOES_ON, told(origin="atendida", destination="encerrada")],
        [*IN_VAIN, "no_answer"],
    ),
    "destination ended after answer": (
        [RINGS, ANSWERED, told(origin="atendida", destination="encerrado")],
        [*IN_VAIN, "answered", "ended"],
    ),
    "answer is stronger than a failure after it": (
        [ANSWERED, told(origin="atendida", destination="falha")],
        ["placed", "answered", "ended"],
    ),
    "origin ended": ([RINGS, told(origin="encerrada")], [*IN_VAIN, "origin_no_answer"]),
    "origin ended after it answered": (
        [told(origin="atendida"), told(origin="encerrada")],
        ["placed", "no_answer"],
    ),
    "origin ended after answer": (
        [ANSWERED, told(origin="encerrada")],
        ["placed", "answered", "ended"],
    ),
    "origin ended before its destination": (
        [GOES_ON, told(origin="encerrada", destination="chamando"), ANSWERED, OVER],
        [*IN_VAIN, "answered", "ended"],
    ),
    "origin not answered": ([told(origin="não atendida")], ["placed", "origin_no_answer"]),
    "destination not answered": (
        [GOES_ON, told(origin="atendida", destination="não atendido")],
        [*IN_VAIN, "no_answer"],
    ),
    "answered once is answered": (
        [ANSWERED, GOES_ON, GOES_ON, OVER],
        ["placed", "answered", "ended"],
    ),
    "riddle, then answered": (
        [told(origin="em fila"), ANSWERED, OVER],
        ["placed", "answered", "ended"],
    ),
    "riddle at the origin": ([told(origin="em fila"), GOES_ON, OVER], [*IN_VAIN, "unknown"]),
    "riddle at the destination": (
        [GOES_ON, told(origin="atendida", destination="em fila"), OVER],
        [*IN_VAIN, "unknown"],
    ),
    "riddle beside an end": (
        [told(origin="encerrada", destination="em fila"), OVER, *[OVER] * 6],
        ["placed", "unknown"],
    ),
    "riddle beside a busy origin": (
        [told(origin="ocupado", destination="em fila"), *[OVER] * 7],
        ["placed", "unknown"],
    ),
    "leg of nobody": (
        [told(origin="atendida", other="chamando"), OVER],
        ["placed", "unknown"],
    ),
    "text for legs": ([RINGS, TEXT, OVER], [*IN_VAIN, "unknown"]),
    "text, then answered": ([TEXT, ANSWERED, OVER], ["placed", "answered", "ended"]),
    "yes that means over": ([GOES_ON, YES_BUT_OVER], [*IN_VAIN, "no_answer"]),
    "not up yet": ([OVER, OVER, RINGS, ANSWERED, OVER], [*IN_VAIN, "answered", "ended"]),
    "not up yet, and never": ([OVER] * 8, ["placed", "unknown"]),
    "negative word while the origin still rings": (
        [told(origin="chamando", destination="não atendida"), GOES_ON, ANSWERED, OVER],
        [*IN_VAIN, "answered", "ended"],
    ),
    "second leg alone": ([told(destination="chamando"), OVER], [*IN_VAIN, "unknown"]),
    "leg of nobody that is as the origin's": (
        [RINGS, told(origin="atendida", other="atendida"), OVER],
        [*IN_VAIN, "unknown"],
    ),
    "terminal word alone": ([told(destination="ocupado")], ["placed", "busy"]),
}


@pytest.mark.parametrize(("replies", "story"), LOOKS.values(), ids=LOOKS)
async def test_what_looks_add_up_to(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    replies: list[Reply],
    story: list[str],
) -> None:
    """What is said of the legs adds up to where the call stands, and nothing is guessed."""
    await place_call(hass)
    simulator.reply(STATUS, *replies)
    await flow_on(3 * len(replies))
    assert events.types == story


async def test_origin_that_is_busy_before_it_should_ring(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """Where the destination rings first, what the origin does is no answer of the destination."""
    await place_call(hass, ring_destination_first=True)
    simulator.reply(STATUS, told(destination="chamando"), told(origin="ocupado"))
    await flow_on(6)
    assert events.types == [*IN_VAIN, "no_answer"]


async def test_origin_that_rings_alone_where_it_comes_second(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """An origin that rings although the destination seems not to have answered is a riddle."""
    await place_call(hass, ring_destination_first=True)
    simulator.reply(STATUS, told(destination="chamando"), told(origin="chamando"), OVER)
    await flow_on(9)
    assert events.types == [*IN_VAIN, "unknown"]


async def test_look_that_is_late(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    """What is heard of a call after it was hung up is nothing new."""
    await place_call(hass)
    await flow_on(15)
    asked = simulator.requests[STATUS]
    simulator.quirks.status_delay = 0.3
    await start_looking(hass, freezer)
    assert simulator.requests[STATUS] == asked + 1
    await end_call(hass)
    simulator.calls[0].line.ended = False
    await hass.async_block_till_done(wait_background_tasks=True)
    assert events.types == [*IN_VAIN, "answered", "ended"]
    assert state_of(hass, ACTIVE_CALLS) == "0"


async def test_call_that_ends_while_somebody_hangs_up(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call is over once, whoever was faster."""
    await place_call(hass)
    await flow_on(15)
    simulator.quirks.end_delay = 0.3
    hanging_up = asyncio.create_task(end_call(hass))
    simulator.reply(STATUS, OVER)
    await start_looking(hass, freezer)
    assert events.types == [*IN_VAIN, "answered", "ended"]
    assert not hanging_up.done()
    await hanging_up
    assert events.types == [*IN_VAIN, "answered", "ended"]


async def test_attributes_give_nobody_away(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """An event says which call it is of, with four digits of the number."""
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


@pytest.mark.parametrize(
    ("destination", "outcome", "seconds"),
    [
        ("0000", "answered", 12),
        ("7001", "busy", None),
        ("7002", "no_answer", None),
        ("7006", "failed", None),
        ("7005", "unknown", None),
    ],
)
async def test_wait_for_outcome(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    destination: str,
    outcome: str,
    seconds: int | None,
) -> None:
    """An action that waits goes on when it is decided whether somebody answered."""
    waiting = asyncio.create_task(
        place_call(hass, destination=f"{NUMBER}{destination}", wait_for_outcome=True)
    )
    await asyncio.sleep(0.2)
    await flow_on(5)
    assert not waiting.done()
    await flow_on(50)
    response = await waiting
    assert response["outcome"] == outcome
    assert response["seconds_to_answer"] == (
        None if seconds is None else pytest.approx(seconds, abs=3)
    )
    assert response["code"] == "000"


async def test_wait_times_out(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A wait that is over leaves the call to go on."""
    response = await place_call(hass, wait_for_outcome=True, timeout={"seconds": 1})
    assert response["outcome"] == "unknown"
    assert response["seconds_to_answer"] is None
    await flow_on(15)
    assert events.types[-1] == "answered"


@pytest.mark.parametrize("wait", [{"seconds": 0}, "00:10:01", -5])
async def test_bad_timeout(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, wait: Any
) -> None:
    """A time-out that nobody can have meant is refused before anything rings."""
    with pytest.raises(ServiceValidationError, match="from 1 second to 10 minutes"):
        await place_call(hass, wait_for_outcome=True, timeout=wait)
    assert simulator.requests[PLACE_CALL] == 0
    # Who does not wait needs no time-out, and an alarm is not held back by one.
    await place_call(hass, timeout=wait)
    assert len(simulator.calls) == 1


async def test_stopped_script_stops_the_waiting_alone(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A script that is stopped while it waits takes neither the call nor its outcome with it."""
    waiting = asyncio.create_task(place_call(hass, wait_for_outcome=True))
    await asyncio.sleep(0.2)
    waiting.cancel()
    await flow_on(15)
    assert events.types == ["placed", "ringing", "answered"]


async def test_stopped_script_leaves_a_request_alone(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """What was sent already is heard of, though its script was stopped; nobody is rung twice."""
    simulator.quirks.call_delay = 0.3
    first = asyncio.create_task(place_call(hass))
    await asyncio.sleep(0.1)
    first.cancel()
    # The script is started again, as one of `mode: restart` is.
    with pytest.raises(ServiceValidationError, match=r"call between the origin and …0000 already"):
        await place_call(hass)
    await flow_on(15)
    assert len(simulator.calls) == 1
    assert events.types == ["placed", "ringing", "answered"]


async def test_second_call_of_a_pair_placed_at_once(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Of two alarms in the same moment one rings, and the other says that there is a call."""
    simulator.quirks.call_delay = 0.1
    results = await asyncio.gather(place_call(hass), place_call(hass), return_exceptions=True)
    assert [type(result) for result in results] == [dict, ServiceValidationError]
    assert len(simulator.calls) == 1
    # The other way round, and another destination, are other pairs.
    await place_call(hass, origin=f"{NUMBER}0000", destination="+55 41 3060-0300")
    await place_call(hass, destination=f"{NUMBER}1111")
    assert len(simulator.calls) == 3


async def test_second_call_after_a_first_that_failed(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Who waited for another's request that came to nothing places the call."""
    simulator.quirks.call_delay = 0.1
    simulator.reply(PLACE_CALL, Reply(b'{"status": "erro", "codigo": "002"}'))
    results = await asyncio.gather(place_call(hass), place_call(hass), return_exceptions=True)
    assert [type(result) for result in results] == [HomeAssistantError, dict]
    assert len(simulator.calls) == 1


async def test_call_that_was_refused_is_not_saved(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """A call is saved from when it is sent on, and no longer once it surely was not placed."""
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    simulator.quirks.call_delay = 0.8
    placing = asyncio.create_task(place_call(hass, destination=f"{NUMBER}0201"))
    await asyncio.sleep(0.7)
    assert len(saved_calls(hass)) == 1
    with pytest.raises(HomeAssistantError, match="no credit"):
        await placing
    await asyncio.sleep(0.7)
    assert saved_calls(hass) == []


async def test_second_call_while_the_first_is_live(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A look made now says whether a call is live: if it is, no other is placed."""
    await place_call(hass)
    await flow_on(30)
    asked = simulator.requests[STATUS]
    with pytest.raises(ServiceValidationError) as caught:
        await place_call(hass)
    assert caught.value.translation_key == "call_in_progress"
    assert simulator.requests[STATUS] == asked + 1
    # The call ends without anybody having looked yet.
    simulator.calls[0].line.ended = True
    await place_call(hass)
    assert len(simulator.calls) == 2


@pytest.mark.parametrize(
    "replies",
    [
        [UNAVAILABLE],
        [Reply(drop=True)],
        [Reply(b"{}")],
        [Reply(b'{"status": "ok", "msg": [{"telefone": "?", "status": "em fila"}]}')],
    ],
)
async def test_alarm_rings_when_in_doubt(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    replies: list[Reply],
) -> None:
    """A second alarm for the same pair while the status cannot be had rings."""
    first = await place_call(hass)
    await flow_on(30)
    simulator.reply(STATUS, *replies)
    second = await place_call(hass)
    assert len(simulator.calls) == 2
    # The two cannot be told apart: only of the second anything is said from here on.
    assert [(e.attributes["event_type"], e.attributes["call_id"]) for e in events[-2:]] == [
        ("unknown", first["call_id"]),
        ("placed", second["call_id"]),
    ]
    assert state_of(hass, ACTIVE_CALLS) == "1"


async def test_alarm_rings_when_the_look_takes_long(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """An alarm does not wait for a status that does not come."""
    await place_call(hass)
    await flow_on(30)
    simulator.quirks.status_delay = 0.5
    with patch("custom_components.directcall.calls._PATIENCE", 0.2):
        await place_call(hass)
    assert len(simulator.calls) == 2
    await asyncio.sleep(0.5)


async def test_alarm_rings_if_its_own_look_shows_the_end(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A telephone that lingers in a call that is over holds no alarm back."""
    await place_call(hass)
    await flow_on(30)
    simulator.reply(STATUS, told(origin="atendida", destination="encerrada"))
    await place_call(hass)
    assert len(simulator.calls) == 2
    assert events.types[-2:] == ["ended", "placed"]


async def test_alarm_rings_whatever_somebody_elses_telephone_does(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """Only what the two telephones themselves do holds an alarm back."""
    await place_call(hass)
    await flow_on(30)
    simulator.reply(STATUS, told(other="chamando"))
    await place_call(hass)
    assert len(simulator.calls) == 2


async def test_alarm_rings_despite_a_fault_of_ours(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What nobody thought of is logged, and the alarm rings."""
    await place_call(hass)
    await flow_on(30)
    with patch.object(DirectcallClient, "call_status", side_effect=RuntimeError("boom")):
        await place_call(hass)
    assert len(simulator.calls) == 2
    assert "boom" in caplog.text


@pytest.mark.parametrize(
    ("patience", "hang_ups", "calls"), [(5, 0.3, [True, False]), (0.1, 0.4, [True, False])]
)
async def test_alarm_during_a_hang_up(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    patience: float,
    hang_ups: float,
    calls: list[bool],
) -> None:
    """An alarm rings though somebody is hanging up a call of the same pair just now."""
    await place_call(hass)
    await flow_on(5)
    simulator.quirks.end_delay = hang_ups
    hanging_up = asyncio.create_task(end_call(hass))
    await asyncio.sleep(0.1)
    with patch("custom_components.directcall.calls._PATIENCE", patience):
        await place_call(hass)
    assert hanging_up.done() is (hang_ups < patience)
    await hanging_up
    assert [call.line.ended for call in simulator.calls] == calls


async def test_alarms_during_a_slow_hang_up(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """Of two alarms that find a call being hung up, one rings, and it is not hung up as well."""
    await place_call(hass)
    await flow_on(5)
    simulator.quirks.end_delay = 0.6
    hanging_up = asyncio.create_task(end_call(hass))
    await asyncio.sleep(0.1)
    with patch("custom_components.directcall.calls._PATIENCE", 0.1):
        results = await asyncio.gather(place_call(hass), place_call(hass), return_exceptions=True)
    assert [type(result) for result in results] == [dict, ServiceValidationError]
    assert len(simulator.calls) == 2
    with suppress(HomeAssistantError):
        await hanging_up


async def test_alarm_while_a_call_that_is_not_up_is_hung_up(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """Who hangs up a call that is not up yet does not hang up the alarm that rings meanwhile."""
    await place_call(hass)
    simulator.calls[0].line.ended = True
    with (
        patch("custom_components.directcall.calls._UNTIL_UP", 0.3),
        patch("custom_components.directcall.calls._PATIENCE", 0.1),
    ):
        hanging_up = asyncio.create_task(end_call(hass))
        await asyncio.sleep(0.1)
        await place_call(hass)
        simulator.calls[1].line.started -= 3
        with pytest.raises(ServiceValidationError, match="no call to hang up"):
            await hanging_up
    assert [call.line.ended for call in simulator.calls] == [True, False]
    assert state_of(hass, ACTIVE_CALLS) == "1"


async def test_slow_acceptance_counts_from_its_end(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call that was accepted just now is there, however long that took."""
    simulator.quirks.call_delay = 0.2
    placing = asyncio.create_task(place_call(hass))
    await asyncio.sleep(0.1)
    freezer.tick(22)
    await placing
    with pytest.raises(ServiceValidationError, match="already"):
        await place_call(hass)
    assert len(simulator.calls) == 1


async def test_what_is_left_of_the_first_is_not_of_the_second(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call that was placed though the first was live is not taken for over with it."""
    await place_call(hass)
    await flow_on(30)
    simulator.reply(STATUS, UNAVAILABLE)
    await place_call(hass)
    refused = told(origin="não atendida")
    simulator.reply(STATUS, refused, ANSWERED, RINGS, OVER, RINGS, ANSWERED, OVER)
    await flow_on(12)
    assert events.types[3:] == ["unknown", "placed"]
    await flow_on(3)
    assert events.types[3:] == ["unknown", "placed", "ringing"]
    await flow_on(6)
    assert events.types[6:] == ["answered", "ended"]


@pytest.mark.parametrize("left", [told(origin="atendida", destination="ocupado"), ANSWERED])
async def test_what_is_left_of_a_call_that_is_over(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    left: Reply,
) -> None:
    """Who tries again at once hears of the new call, and not what is still said of the old one."""
    await place_call(hass)
    simulator.reply(STATUS, told(origin="atendida", destination="ocupado"))
    await flow_on(3)
    assert events.types == ["placed", "busy"]
    await place_call(hass)
    simulator.reply(STATUS, left, left, OVER, GOES_ON, ANSWERED)
    await flow_on(8)
    assert events.types[2:] == ["placed"]
    await flow_on(7)
    assert events.types[2:] == [*IN_VAIN, "answered"]


async def test_second_call_without_a_sign_of_its_own(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """What is said for 20 s of a call is said of the new one."""
    await place_call(hass)
    simulator.reply(STATUS, told(origin="atendida", destination="ocupado"))
    await flow_on(3)
    await place_call(hass)
    simulator.reply(STATUS, *[ANSWERED] * 7)
    await flow_on(18)
    assert events.types[2:] == ["placed"]
    await flow_on(4)
    assert events.types[2:] == ["placed", "answered"]


async def test_unclear_second_call_beside_a_live_one(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A call that may not have been placed is not taken for the one that was there before."""
    first = await place_call(hass)
    await flow_on(30)
    simulator.reply(STATUS, UNAVAILABLE)
    simulator.reply(PLACE_CALL, Reply(drop=True))
    with pytest.raises(HomeAssistantError, match="may or may not have been carried out"):
        await place_call(hass, wait_for_outcome=True)
    assert len(simulator.calls) == 1
    # It counts: nobody else rings in the next 20 s, whatever the status says.
    simulator.reply(STATUS, UNAVAILABLE)
    with pytest.raises(ServiceValidationError, match=r"possible in (20|19) s"):
        await place_call(hass)
    await asyncio.sleep(0.7)
    [saved] = saved_calls(hass, account.entry_id)
    assert saved["call_id"] == first["call_id"]
    simulator.calls[0].line.ended = True
    await flow_on(5)
    told = [
        (e.attributes["event_type"], e.attributes["call_id"] == first["call_id"]) for e in events
    ]
    assert told[3:] == [("unknown", False), ("ended", True)]


async def test_unclear_second_call_beside_one_that_is_not_answered(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """Where there may have been two calls, that nobody answered the one is not sure either."""
    await place_call(hass, destination=f"{NUMBER}7002")
    await flow_on(25)
    simulator.reply(STATUS, UNAVAILABLE)
    simulator.reply(PLACE_CALL, Reply(drop=True))
    with pytest.raises(HomeAssistantError, match="may or may not have been carried out"):
        await place_call(hass, destination=f"{NUMBER}7002")
    await flow_on(20)
    assert events.types == [*IN_VAIN, "unknown", "unknown"]


async def test_fault_of_ours_while_a_call_is_placed(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call that may have been sent when something broke is looked for."""
    place = DirectcallClient.place_call

    async def break_after(*arguments: Any) -> None:
        await place(*arguments)
        error = "boom"
        raise RuntimeError(error)

    with (
        patch.object(DirectcallClient, "place_call", break_after),
        pytest.raises(RuntimeError, match="boom"),
    ):
        await place_call(hass)
    await flow_on(15)
    assert events.types == [*IN_VAIN, "answered"]


async def test_fault_of_ours_does_not_end_the_following(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What nobody thought of is logged, and the call is looked at again."""
    await place_call(hass)
    with patch.object(DirectcallClient, "call_status", side_effect=RuntimeError("boom")):
        await flow_on(3)
    assert "boom" in caplog.text
    await flow_on(15)
    assert events.types[-1] == "answered"


async def test_refused_second_call_loses_nothing_of_the_first(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call that could not be placed beside a live one leaves that one as it is."""
    await place_call(hass)
    await flow_on(30)
    simulator.reply(STATUS, UNAVAILABLE)
    simulator.reply(PLACE_CALL, Reply(b'{"status": "erro", "codigo": "002"}'))
    with pytest.raises(HomeAssistantError, match="refused"):
        await place_call(hass)
    simulator.calls[0].line.ended = True
    await flow_on(5)
    assert events.types == ["placed", "ringing", "answered", "ended"]


async def test_ten_calls_at_once(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """Calls are followed independently of each other."""
    endings = ["7001", "7002", "7003", "7004", "7006"]
    numbers = [f"+55 41 9999{n}-{ending}" for n in range(2) for ending in endings]
    responses = await asyncio.gather(*(place_call(hass, destination=n) for n in numbers))
    assert state_of(hass, ACTIVE_CALLS) == "10"
    await flow_on(60)
    last = {e.attributes["call_id"]: e.attributes["event_type"] for e in events}
    assert [last[response["call_id"]] for response in responses] == 2 * [
        "busy",
        "no_answer",
        "busy",
        "ended",
        "failed",
    ]
    assert state_of(hass, ACTIVE_CALLS) == "0"
    assert len(simulator.calls) == 10


async def test_call_without_an_answer_is_adopted(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
) -> None:
    """A call whose placing was unclear and that turns up is followed as any other."""
    with pytest.raises(HomeAssistantError, match="may or may not have been carried out"):
        await place_call(hass, destination=f"{NUMBER}9001")
    assert events.types == []
    assert state_of(hass, ACTIVE_CALLS) == "0"
    with pytest.raises(ServiceValidationError):
        await place_call(hass, destination=f"{NUMBER}9001")
    await flow_on(15)
    assert events.types == ["placed", "ringing", "answered"]
    assert state_of(hass, ACTIVE_CALLS) == "1"
    assert simulator.requests[PLACE_CALL] == 1


async def test_wait_for_an_adoption(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """Who waits for the outcome hears of it though the placing was unclear."""
    waiting = asyncio.create_task(
        place_call(hass, destination=f"{NUMBER}9001", wait_for_outcome=True)
    )
    await asyncio.sleep(0.2)
    await flow_on(15)
    response = await waiting
    assert (response["outcome"], response["code"], response["message"]) == ("answered", "", "")
    assert len(response["call_id"]) == 26


@pytest.mark.parametrize("seconds", [30, 3])
async def test_wait_for_an_adoption_in_vain(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    seconds: int,
) -> None:
    """Where no call turns up, in time or at all, it is said that nobody knows."""
    simulator.reply(PLACE_CALL, Reply(drop=True))
    waiting = asyncio.create_task(
        place_call(hass, wait_for_outcome=True, timeout={"seconds": 1 if seconds == 3 else 100})
    )
    await asyncio.sleep(0.2)
    await flow_on(seconds)
    with pytest.raises(HomeAssistantError, match="may or may not have been carried out"):
        await waiting
    await flow_on(30)
    assert events.types == ["unknown"]
    assert simulator.requests[PLACE_CALL] == 1


async def test_unclear_call_that_was_busy(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """Only a live call is adopted: a word that it is over may be of the one before."""
    simulator.reply(PLACE_CALL, Reply(drop=True))
    with pytest.raises(HomeAssistantError, match="may or may not"):
        await place_call(hass)
    simulator.reply(STATUS, told(origin="atendida", destination="atendida"))
    simulator.reply(STATUS, told(origin="encerrada", destination="encerrada"))
    await flow_on(6)
    assert events.types == ["placed", "answered", "ended"]

    simulator.reply(PLACE_CALL, Reply(drop=True))
    with pytest.raises(HomeAssistantError, match="may or may not"):
        await place_call(hass)
    simulator.reply(STATUS, told(origin="encerrada", destination="ocupado"))
    await flow_on(26)
    assert events.types[3:] == ["unknown"]


async def test_hang_up(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """Who hangs up ends the call at once, and may place another."""
    await place_call(hass)
    await flow_on(3)
    assert await end_call(hass) == {"code": "000", "message": "Chamada finalizada."}
    assert simulator.calls[0].line.ended
    assert events.types == ["placed", "ringing", "origin_no_answer"]
    await place_call(hass)
    await flow_on(15)
    await end_call(hass)
    assert events.types[3:] == ["placed", "ringing", "answered", "ended"]
    assert len(simulator.calls) == 2
    assert state_of(hass, ACTIVE_CALLS) == "0"
    asked = simulator.requests[STATUS]
    await flow_on(10)
    assert simulator.requests[STATUS] == asked


async def test_hang_up_ends_a_wait(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A script that waits for an answer hears that somebody hung up."""
    waiting = asyncio.create_task(place_call(hass, wait_for_outcome=True))
    await asyncio.sleep(0.2)
    await flow_on(8)
    await press_hang_up(hass)
    assert (await waiting)["outcome"] == "no_answer"


async def test_hang_up_without_a_call(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Where there is nothing to hang up, that is what is said."""
    with pytest.raises(ServiceValidationError, match="no call to hang up"):
        await end_call(hass)
    assert simulator.requests[END] == 1
    with pytest.raises(ServiceValidationError, match="no call to hang up"):
        await press_hang_up(hass)
    assert simulator.requests[END] == 1


async def test_hang_up_a_call_that_was_over(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call that ended before anybody looked is over when somebody hangs up."""
    await place_call(hass)
    await flow_on(15)
    simulator.calls[0].line.ended = True
    with pytest.raises(ServiceValidationError, match="no call to hang up"):
        await end_call(hass)
    assert events.types[-1] == "ended"


async def test_hang_up_a_call_of_somebody_else(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A call that this house does not know of is hung up, too."""
    await place_call(hass)
    await flow_on(5)
    # As it was given up, say.
    await hass.config_entries.async_remove(account.entry_id)
    await set_up(hass, make_account(simulator))
    assert (await end_call(hass))["code"] == "000"
    assert simulator.calls[0].line.ended


async def test_hang_up_twice_sends_once(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """Two people who hang up at the same moment hang up once, and both hear of it."""
    await place_call(hass)
    await flow_on(5)
    simulator.quirks.end_delay = 0.2
    stopped = asyncio.create_task(end_call(hass))
    others = [asyncio.create_task(end_call(hass)), asyncio.create_task(press_hang_up(hass))]
    await asyncio.sleep(0.1)
    stopped.cancel()
    results = await asyncio.gather(*others)
    assert results == [{"code": "000", "message": "Chamada finalizada."}, None]
    assert simulator.requests[END] == 1


async def test_hang_up_that_fails(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call that could not be hung up, or perhaps not, is followed on."""
    await place_call(hass, destination=f"{NUMBER}9006")
    await flow_on(15)
    with pytest.raises(
        HomeAssistantError, match=r"refused .*Chamada não finalizada.* \(code 004\)"
    ):
        await end_call(hass, destination=f"{NUMBER}9006")
    simulator.reply(END, Reply(drop=True))
    with pytest.raises(HomeAssistantError, match="may or may not have ended"):
        await press_hang_up(hass)
    assert simulator.requests[END] == 2
    await flow_on(15)
    assert events.types == ["placed", "ringing", "answered"]


async def test_hang_up_after_a_gap(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """What became of a call that nobody could look at is not guessed when it is hung up."""
    await place_call(hass)
    await flow_on(8)
    simulator.reply(STATUS, *[UNAVAILABLE] * 10)
    await flow_on(18)
    await end_call(hass)
    assert events.types == [*IN_VAIN, "unknown"]


async def test_hang_up_of_an_unclear_call(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call that could be hung up was placed: who waits hears that."""
    waiting = asyncio.create_task(
        place_call(hass, destination=f"{NUMBER}9001", wait_for_outcome=True)
    )
    await asyncio.sleep(0.2)
    simulator.reply(STATUS, *[UNAVAILABLE] * 3)
    await flow_on(3)
    await press_hang_up(hass)
    assert (await waiting)["outcome"] == "unknown"
    assert events.types == ["placed", "unknown"]


async def test_hang_up_of_a_new_call_while_an_old_one_is_hung_up(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """Who hangs up the new call is not told what became of the old one."""
    await place_call(hass)
    await flow_on(30)
    simulator.quirks.end_delay = 0.5
    simulator.calls[0].line.ended = True
    old = asyncio.create_task(end_call(hass))
    await asyncio.sleep(0.1)
    with patch("custom_components.directcall.calls._PATIENCE", 0.1):
        await place_call(hass)
    simulator.calls[1].line.started -= 3
    simulator.quirks.end_delay = 0
    assert (await end_call(hass))["code"] == "000"
    with pytest.raises(ServiceValidationError):
        await old
    assert simulator.requests[END] == 2


async def test_hang_up_during_the_request(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Who hangs up while the call is being placed hangs it up once it rings."""
    simulator.quirks.call_delay = 0.2
    placing = asyncio.create_task(place_call(hass))
    await asyncio.sleep(0.1)
    with patch("custom_components.directcall.calls._UNTIL_UP", 0.2):
        await press_hang_up(hass)
    assert placing.done()
    assert simulator.calls[0].line.ended
    assert simulator.requests[END] > 2
    assert state_of(hass, ACTIVE_CALLS) == "0"


async def test_hang_up_of_a_call_that_never_comes_up(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A call that is not up after 20 s is not waited for any longer."""
    await place_call(hass)
    simulator.calls[0].line.ended = True
    with (
        patch("custom_components.directcall.calls._UNTIL_UP", 0.1),
        patch("custom_components.directcall.progress.NOT_UP_YET", 0.5),
        pytest.raises(ServiceValidationError, match="no call to hang up"),
    ):
        await end_call(hass)
    assert 4 <= simulator.requests[END] <= 7


async def test_hang_up_of_all(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """The button ends every call, also one that may have been placed."""
    await place_call(hass)
    with pytest.raises(HomeAssistantError):
        await place_call(hass, destination=f"{NUMBER}9001")
    await flow_on(1)
    await press_hang_up(hass)
    assert [call.line.ended for call in simulator.calls] == [True, True]
    assert state_of(hass, ACTIVE_CALLS) == "0"


async def test_hang_up_of_all_where_none_is_left(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """Where all that could be hung up turns out to be over, there was nothing to hang up."""
    await place_call(hass)
    await flow_on(25)
    simulator.calls[0].line.ended = True
    with pytest.raises(ServiceValidationError, match="no call to hang up"):
        await press_hang_up(hass)
    assert events.types[-1] == "ended"


async def test_hang_up_of_all_where_one_is_over(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """That one call was over already is no error, where another was hung up; what failed is one."""
    for ending in ("0000", "1111", "9006"):
        await place_call(hass, destination=f"{NUMBER}{ending}")
    await flow_on(25)
    simulator.calls[2].line.ended = True
    simulator.calls[1].line.ended = True
    await press_hang_up(hass)
    assert simulator.calls[0].line.ended

    for ending in ("0000", "1111", "9006"):
        await place_call(hass, destination=f"{NUMBER}{ending}")
    await flow_on(25)
    simulator.calls[3].line.ended = True
    with pytest.raises(HomeAssistantError, match="004"):
        await press_hang_up(hass)


async def test_gap_is_never_guessed_over(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call that ended while nobody could look is over with an outcome that nobody knows."""
    await place_call(hass, destination=f"{NUMBER}7002")
    await flow_on(12)
    simulator.reply(STATUS, *[UNAVAILABLE] * 8)
    await flow_on(60)
    assert events.types == ["placed", "ringing", "unknown"]


async def test_short_gap_is_no_gap(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A look or two that fail change nothing."""
    await place_call(hass, destination=f"{NUMBER}7002")
    await flow_on(12)
    simulator.reply(STATUS, *[UNAVAILABLE] * 2)
    await flow_on(60)
    assert events.types == ["placed", "ringing", "no_answer"]


async def test_status_that_comes_late(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call whose status cannot be had at first is followed once it can."""
    await place_call(hass, destination=f"{NUMBER}9005")
    await flow_on(60)
    assert events.types == ["placed", "answered"]


async def test_call_that_never_comes_up(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call that the status never knows is not up yet for 20 s, and then nobody knows."""
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
    """A call of which nothing is heard is given up after 3 minutes."""
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
    """A call is followed for 2 hours at most."""
    await place_call(hass)
    await flow_on(15)
    await pass_time(hass, freezer, 600, times=11)
    assert events.types == ["placed", "ringing", "answered"]
    await pass_time(hass, freezer, 600)
    assert events.types == ["placed", "ringing", "answered", "unknown"]


async def test_long_call_is_looked_at_seldom(
    hass: HomeAssistant, simulator: Simulator, events: Events, flow_on: Callable[[int], Any]
) -> None:
    """A call of 10 minutes makes at most 75 requests, in its first minute one every 3 s."""
    await place_call(hass)
    await flow_on(60)
    assert 15 <= simulator.requests[STATUS] <= 21
    await flow_on(540)
    simulator.calls[0].line.ended = True
    await flow_on(11)
    assert events.types[-1] == "ended"
    assert 60 <= simulator.requests[STATUS] <= 75
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
    assert not [timer for timer in timers(hass) if "look" in timer]
    await place_call(hass)
    assert [timer for timer in timers(hass) if "look" in timer]


async def test_following_waits_while_credentials_are_refused(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
    account: MockConfigEntry,
) -> None:
    """Following never asks for a token while the credentials are refused, and goes on later."""
    await place_call(hass)
    await flow_on(8)
    simulator.end_tokens()
    simulator.secrets[ACCOUNT.client_id] = "another"
    await flow_on(20)
    asked = simulator.requests[STATUS]
    await flow_on(40)
    assert simulator.requests[STATUS] == asked
    # The first, that of the look which found the token rejected, and the coordinator's own after
    # 15 s and a minute.
    assert simulator.requests["request_token"] <= 4
    assert events.types == ["placed", "ringing"]

    simulator.secrets[ACCOUNT.client_id] = ACCOUNT.client_secret
    await place_call(hass, destination=f"{NUMBER}1111")
    await flow_on(10)
    assert events[-1].attributes["event_type"] == "answered"
    assert len(simulator.calls) == 2


async def test_following_leaves_the_token_to_the_renewal(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
) -> None:
    """A call that lives while no token can be had costs no token requests of its own."""
    await place_call(hass)
    await flow_on(8)
    simulator.end_tokens()
    simulator.reply("request_token", *[UNAVAILABLE] * 20)
    await flow_on(60)
    # One for the look that found the token rejected, and those after 15 and 30 s more.
    assert simulator.requests["request_token"] <= 4
    assert events.types == IN_VAIN


async def test_following_after_a_token_that_was_rejected_twice(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    flow_on: Callable[[int], Any],
) -> None:
    """A status that rejects each token is asked no more, until an action was accepted."""
    rejected = Reply(b'{"status": "erro", "codigo": "006"}')
    await place_call(hass)
    simulator.reply(STATUS, rejected, rejected)
    await flow_on(20)
    assert (simulator.requests[STATUS], simulator.requests["request_token"]) == (2, 2)
    await place_call(hass, destination=f"{NUMBER}1111")
    await flow_on(5)
    assert events[-1].attributes["event_type"] == "answered"


async def test_following_renews_a_token_that_ran_out(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    flow_on: Callable[[int], Any],
) -> None:
    """Also without polling, a long call is followed to its end."""
    await set_up(hass, make_account(simulator, pref_disable_polling=True))
    events = listen(hass)
    await place_call(hass)
    await flow_on(15)
    await pass_time(hass, freezer, 3600)
    simulator.calls[0].line.ended = True
    await flow_on(11)
    assert events.types[-1] == "ended"
    assert simulator.requests["request_token"] == 2


async def test_reload_in_the_middle(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A reload in the middle of a call and of a wait loses neither, and places nothing."""
    waiting = asyncio.create_task(place_call(hass, wait_for_outcome=True))
    await asyncio.sleep(0.2)
    await flow_on(3)
    hass.config_entries.async_update_entry(account, options={**account.options, "record": True})
    await hass.async_block_till_done()
    await flow_on(4)
    await hass.config_entries.async_unload(account.entry_id)
    asked = simulator.requests[STATUS]
    await flow_on(5)
    assert simulator.requests[STATUS] == asked
    await hass.config_entries.async_setup(account.entry_id)
    await flow_on(10)
    assert (await waiting)["outcome"] == "answered"
    assert events.types == ["placed", "ringing", "answered"]
    assert len(simulator.calls) == 1


async def test_reload_while_a_look_is_under_way(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    """What is heard of a call while its account is unloaded is told once it is back."""
    await place_call(hass, destination=f"{NUMBER}7001")
    await flow_on(6)
    unload = hass.config_entries.async_unload_platforms

    async def unload_slowly(*arguments: Any) -> bool:
        await asyncio.sleep(0.4)
        return await unload(*arguments)

    simulator.quirks.status_delay = 0.3
    await start_looking(hass, freezer)
    with patch.object(hass.config_entries, "async_unload_platforms", unload_slowly):
        await hass.config_entries.async_reload(account.entry_id)
    assert events.types == [*IN_VAIN, "busy"]
    assert state_of(hass, LAST_CALL) == "busy"


async def test_unload_that_fails(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A call whose account could not be unloaded is followed on."""
    await place_call(hass)
    with patch.object(hass.config_entries, "async_unload_platforms", return_value=False):
        assert not await hass.config_entries.async_unload(account.entry_id)
    await flow_on(15)
    assert events.types == [*IN_VAIN, "answered"]


async def test_reload_while_a_call_is_placed(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
) -> None:
    """A call that is accepted while its account is set up anew is told of, and followed."""
    simulator.quirks.call_delay = 0.3
    placing = asyncio.create_task(place_call(hass))
    await asyncio.sleep(0.1)
    await hass.config_entries.async_unload(account.entry_id)
    response = await placing
    assert events.types == []
    await hass.config_entries.async_setup(account.entry_id)
    await flow_on(15)
    assert events.types == ["placed", "ringing", "answered"]
    assert events[0].attributes["call_id"] == response["call_id"]
    assert len(simulator.calls) == 1


@pytest.mark.parametrize("delay", [0, 0.5])
async def test_restart_in_the_middle(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    delay: float,
) -> None:
    """A call survives a restart, in its middle and while it is placed, and is placed once."""
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    simulator.quirks.call_delay = delay
    waiting = asyncio.create_task(place_call(hass, wait_for_outcome=True))
    await asyncio.sleep(0.2)
    await hass.async_stop(force=True)
    waiting.cancel()
    [saved] = saved_calls(hass)
    assert saved["destination"] == "5541999990000"

    freezer.tick(4)
    async with restarted(hass) as again:
        events = listen(again)
        await set_up(again, make_account(simulator, entry_id="01DIRECTCALL"))
        # One that was not answered for is known to be placed once a look has found it.
        assert state_of(again, ACTIVE_CALLS) == "1"
        with pytest.raises(ServiceValidationError, match="already"):
            await place_call(again)
        await pass_time(again, freezer, 1, times=15)
        assert events.types == ([*["placed"] * bool(delay), "ringing", "answered"])
        simulator.calls[0].line.ended = True
        await pass_time(again, freezer, 1, times=5)
        assert events.types[-1] == "ended"
    assert simulator.requests[PLACE_CALL] == 1
    assert saved_calls(again) == []


async def test_unanswered_call_across_a_restart(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Nobody watched while Home Assistant was away, so that nobody knows who answered."""
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await place_call(hass, destination=f"{NUMBER}7002")
    await pass_time(hass, freezer, 1, times=8)
    await hass.async_stop(force=True)
    async with restarted(hass) as again:
        events = listen(again)
        await set_up(again, make_account(simulator, entry_id="01DIRECTCALL"))
        await pass_time(again, freezer, 1, times=40)
        assert events.types == ["unknown"]


async def test_ringing_call_across_a_long_restart(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A call is looked at before it is given up, however long nobody could look."""
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await place_call(hass)
    await pass_time(hass, freezer, 1, times=5)
    await hass.async_stop(force=True)
    freezer.tick(181)
    async with restarted(hass) as again:
        events = listen(again)
        await set_up(again, make_account(simulator, entry_id="01DIRECTCALL"))
        await pass_time(again, freezer, 3)
        assert events.types == ["answered"]


async def test_answered_call_across_a_restart(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """That somebody answered is not forgotten."""
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await place_call(hass)
    await pass_time(hass, freezer, 1, times=15)
    simulator.calls[0].line.ended = True
    await hass.async_stop(force=True)
    freezer.tick(600)
    async with restarted(hass) as again:
        events = listen(again)
        await set_up(again, make_account(simulator, entry_id="01DIRECTCALL"))
        await pass_time(again, freezer, 3)
        assert events.types == ["ended"]
        assert events[0].attributes["duration"] == pytest.approx(600, abs=15)


async def test_calls_are_saved_within_a_second(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
) -> None:
    """A house that loses its power knows of its calls, however many are placed meanwhile."""
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    for n in range(5):
        await place_call(hass, destination=f"{NUMBER}111{n}")
        await asyncio.sleep(0.2)
    assert len(saved_calls(hass)) >= 2
    assert file_of_calls(hass).stat().st_mode & 0o077 == 0


SAVED = {
    "origin": "554130600300",
    "destination": "5541999990000",
    "recorded": False,
    "ring_destination_first": False,
    "call_id": "1",
    "provider_id": None,
    "state": "answered",
    "placed_at": datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp(),
    "answered_after": 3,
    "origin_answered": True,
    "was_live": True,
}
BROKEN_CALLS = [
    {"origin": "x"},
    {**SAVED, "origin": []},
    {**SAVED, "destination": 5541999990000},
    {**SAVED, "state": "busy"},
    {**SAVED, "answered_after": "12"},
    {**SAVED, "answered_after": -1},
    {**SAVED, "placed_at": "yesterday"},
    {**SAVED, "placed_at": None},
    {**SAVED, "call_id": None},
    {**SAVED, "more": 1},
    "call",
]


@pytest.mark.parametrize(
    "saved",
    [
        *({"version": 1, "data": {"calls": [call]}} for call in BROKEN_CALLS),
        {"version": 1, "data": {"calls": 1}},
        {"version": 1, "data": [1]},
        {"version": 0, "data": {"calls": []}},
        {"version": 9, "data": {"calls": []}},
    ],
)
async def test_broken_file_keeps_nobody_from_calling(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    saved: dict[str, Any],
) -> None:
    """What cannot be read is said, and the next alarm rings all the same."""
    write(file_of_calls(hass), json.dumps({"minor_version": 1, **saved}))
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    assert caplog.text.count("could not be read") == 1
    await place_call(hass)
    assert len(simulator.calls) == 1


@pytest.mark.freeze_time("2026-11-24 12:00:10", tick=True)
async def test_broken_call_takes_no_other_with_it(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What can be read of the calls is followed; of two of a pair, the one that is known."""
    unclear = {**SAVED, "state": None, "answered_after": None}
    calls = [SAVED, BROKEN_CALLS[0], {**unclear, "call_id": "2"}]
    file = {"version": 1, "minor_version": 1, "data": {"calls": calls}}
    write(file_of_calls(hass), json.dumps(file))
    events = listen(hass)
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await pass_time(hass, freezer, 3)
    told = [(event.attributes["call_id"], event.attributes["event_type"]) for event in events]
    assert told == [("2", "unknown"), ("1", "ended")]


@pytest.mark.freeze_time("2026-11-24 12:00:10", tick=True)
@pytest.mark.parametrize(
    ("saved", "contact"), [({"contact": "Maria"}, "Maria"), ({"contact": None}, None), ({}, None)]
)
async def test_contact_is_known_after_a_restart(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    saved: dict[str, Any],
    contact: str | None,
) -> None:
    """Who was called is told after a restart, and an older version's call is followed, too."""
    file = {"version": 1, "minor_version": 1, "data": {"calls": [{**SAVED, **saved}]}}
    write(file_of_calls(hass), json.dumps(file))
    events = listen(hass)
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await pass_time(hass, freezer, 3)
    assert events.types == ["ended"]
    assert events[0].attributes["contact"] == contact


@pytest.mark.freeze_time("2026-11-24 12:00:10", tick=True)
async def test_contact_is_saved(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Who is called stands beside the two numbers of a live call."""
    contacts = {"Maria": "+55 41 99999-0000"}
    account = make_account(simulator, entry_id="01DIRECTCALL", contacts=contacts)
    await set_up(hass, account)
    await place_call(hass, destination="Maria")
    await pass_time(hass, freezer, 1)
    assert [call["contact"] for call in saved_calls(hass)] == ["Maria"]


@pytest.mark.freeze_time("2026-11-24 07:00:00", tick=True)
async def test_clock_that_is_behind_holds_no_alarm_back(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """A house whose clock was set back by a power failure looks before it refuses to ring."""
    saved = {**SAVED, "answered_after": 170}
    file = {"version": 1, "minor_version": 1, "data": {"calls": [saved]}}
    write(file_of_calls(hass), json.dumps(file))
    events = listen(hass)
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await place_call(hass)
    assert simulator.requests[STATUS] > 0
    assert len(simulator.calls) == 1
    assert events.types == ["ended", "placed"]
    assert events[0].attributes["duration"] >= 0


async def test_removal_in_the_middle_leaves_nothing(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    flow_on: Callable[[int], Any],
) -> None:
    """An account that is removed in the middle of a call leaves no task, timer or listener."""

    def left() -> tuple[set[str], int, dict[Any, int]]:
        tasks = [t for t in asyncio.all_tasks() if "directcall" in t.get_name()]
        return timers(hass), len(tasks), dict(hass.bus.async_listeners())

    account = await set_up(hass, make_account(simulator))
    await hass.config_entries.async_remove(account.entry_id)
    await flow_on(20)
    before = left()

    account = await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    waiting = asyncio.create_task(place_call(hass, wait_for_outcome=True))
    await asyncio.sleep(0.2)
    await flow_on(4)
    assert file_of_calls(hass).exists()
    simulator.quirks.status_delay = 0.2
    looking = hass.async_create_task(flow_on(3))
    await asyncio.sleep(0.1)
    await hass.config_entries.async_remove(account.entry_id)
    assert (await waiting)["outcome"] == "unknown"
    await looking
    assert not file_of_calls(hass).exists()
    asked = simulator.requests[STATUS]
    # Home Assistant's own files have to be written, too.
    await flow_on(20)
    assert left() == before
    assert simulator.requests[STATUS] == asked
    assert not file_of_calls(hass).exists()


@pytest.mark.parametrize("delay", [0.45, 0.5, 0.505, 0.51, 0.55])
async def test_removal_while_the_calls_are_saved(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, delay: float
) -> None:
    """No file is left of an account that is removed, whenever that is."""
    account = await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await place_call(hass)
    await asyncio.sleep(delay)
    await hass.config_entries.async_remove(account.entry_id)
    await asyncio.sleep(0.1)
    await hass.async_block_till_done()
    assert not file_of_calls(hass).exists()


async def test_removal_while_a_call_is_placed(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    issue_registry: ir.IssueRegistry,
) -> None:
    """A call that was sent before its account was removed is placed, and not followed."""
    simulator.quirks.call_delay = 0.2
    waiting = asyncio.create_task(place_call(hass, wait_for_outcome=True))
    refused = asyncio.create_task(place_call(hass, destination=f"{NUMBER}0201"))
    await asyncio.sleep(0.1)
    await hass.config_entries.async_remove(account.entry_id)
    assert (await waiting)["outcome"] == "unknown"
    with pytest.raises(HomeAssistantError, match="no credit"):
        await refused
    await flow_on(10)
    assert simulator.requests[STATUS] == 0
    assert not file_of_calls(hass, account.entry_id).exists()
    assert issue_registry.issues == {}


async def test_removal_of_an_account_that_was_never_loaded(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """What is saved of calls goes with the account in any case."""
    account = make_account(simulator, entry_id="01DIRECTCALL")
    account.add_to_hass(hass)
    write(file_of_calls(hass), "{}")
    await hass.config_entries.async_remove(account.entry_id)
    assert not file_of_calls(hass).exists()


@pytest.mark.parametrize("code", ["0102", "0201"])
async def test_no_credit_is_an_issue(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
    code: str,
) -> None:
    """An account without credit is among the repairs until a call is accepted again."""
    for _ in range(2):
        with pytest.raises(HomeAssistantError, match="no credit"):
            await place_call(hass, destination=f"{NUMBER}{code}")
    [issue] = issue_registry.issues.values()
    assert issue.domain == DOMAIN
    assert issue.translation_key == "no_credit"
    assert issue.translation_placeholders == {"origin": "…0300"}
    # Another refusal says nothing of the credit.
    with pytest.raises(HomeAssistantError, match="refused"):
        await place_call(hass, destination=f"{NUMBER}0002")
    await hass.config_entries.async_reload(account.entry_id)
    assert len(issue_registry.issues) == 1
    await place_call(hass)
    assert issue_registry.issues == {}


async def test_no_credit_goes_with_the_account(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    """Nobody has to repair an account that is gone."""
    with pytest.raises(HomeAssistantError, match="no credit"):
        await place_call(hass, destination=f"{NUMBER}0201")
    await hass.config_entries.async_remove(account.entry_id)
    assert issue_registry.issues == {}


async def test_unknown_word_is_reported_once(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A word that nobody documented is in the log once, with the request to report it."""
    for _ in range(2):
        await place_call(hass, destination=f"{NUMBER}7005")
        await flow_on(60)
        await hass.config_entries.async_reload(account.entry_id)
    [warning] = [r.getMessage() for r in caplog.records if "redirecionada" in r.getMessage()]
    assert "please report" in warning


async def test_flood_of_words_is_dammed(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    flow_on: Callable[[int], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A provider that says something else each time fills neither the memory nor the log."""
    await place_call(hass)
    words = ["".join(letters) for letters in product("xyz", "abcde", "abcde")]
    for batch in batched(words, 15, strict=True):
        legs = [{"telefone": "1", "status": word} for word in batch]
        simulator.reply(STATUS, Reply(json.dumps({"status": "ok", "msg": legs}).encode()))
    await flow_on(20)
    assert caplog.text.count("please report") == 50
