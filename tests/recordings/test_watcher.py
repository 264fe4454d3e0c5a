"""Watcher of recordings: the search after a recorded call, and its event."""

from datetime import timedelta
import logging
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components.media_source import async_resolve_media
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from custom_components.directcall.const import DOMAIN
from custom_components.directcall.recordings import async_recording_signal
from tests.common import (
    ENTRY_ID,
    LIST,
    NUMBER,
    Events,
    listen,
    make_account,
    pass_time,
    place_call,
    set_up,
)
from tests.recordings.common import CONTACTS, READY, saved_soon, talk
from tests.simulator import Recording, Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


async def test_recording_is_ready(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Two minutes after a recorded call an event announces the recording, and it can be played."""
    call = await talk(hass, freezer)
    assert events.types[-1] == "ended"
    await pass_time(hass, freezer, 100)
    assert simulator.requests[LIST] == 0
    await pass_time(hass, freezer, 21)
    assert events.types[-1] == READY
    attributes = events[-1].attributes
    assert attributes["call_id"] == call["call_id"]
    assert attributes["contact"] == "Maria"
    assert attributes["last_digits"] == "0000"
    [search] = simulator.searches
    assert search["callerid"] == simulator.calls[0].call_id

    assert await async_setup_component(hass, "media_source", {})
    media = await async_resolve_media(hass, attributes["media_content_id"], None)
    assert media.mime_type == "audio/x-wav"

    # Once, and no further asking.
    await pass_time(hass, freezer, 60, times=20)
    assert events.types.count(READY) == 1
    assert simulator.requests[LIST] == 2


async def test_recording_takes_its_time(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A recording that is not ready after 2 minutes is looked up once more after 15 minutes."""
    await talk(hass, freezer)
    recording = simulator.recordings.pop()
    await pass_time(hass, freezer, 121)
    assert simulator.requests[LIST] == 1
    simulator.recordings.append(recording)
    await pass_time(hass, freezer, 776)
    assert simulator.requests[LIST] == 1
    await pass_time(hass, freezer, 5)
    assert events.types[-1] == READY
    assert await saved_soon(hass, freezer) == []


async def test_two_calls_in_a_row(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Each of two calls of one pair gets its own recording, if the query ignores the call ID."""
    simulator.quirks.ignores_call_id = True
    ids = [(await talk(hass, freezer))["call_id"] for _ in range(2)]
    await pass_time(hass, freezer, 60, times=5)
    ready = [e.attributes for e in events if e.attributes["event_type"] == READY]
    assert [attributes["call_id"] for attributes in ready] == ids
    for attributes, recording in zip(ready, simulator.recordings, strict=True):
        moment = recording.started.astimezone(dt_util.UTC).strftime("%Y%m%dT%H%M%SZ")
        assert f"/{moment}-" in attributes["media_content_id"]


async def test_recording_of_the_next_call(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call without a recording is not given that of the next one."""
    simulator.quirks.ignores_call_id = True
    await talk(hass, freezer)
    simulator.recordings.clear()
    await pass_time(hass, freezer, 2)
    second = await talk(hass, freezer)
    await pass_time(hass, freezer, 60, times=20)
    ready = [e.attributes for e in events if e.attributes["event_type"] == READY]
    assert [attributes["call_id"] for attributes in ready] == [second["call_id"]]


async def test_recording_of_a_call_with_unknown_outcome(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call with an unknown outcome can have a recording."""
    simulator.reply("voz/status", *[Reply(b"", 503)] * 100)
    await place_call(hass, destination="Maria", record=True)
    await pass_time(hass, freezer, 1, times=200)
    assert events.types == ["placed", "unknown"]
    simulator.calls[0].line.ended = True
    await pass_time(hass, freezer, 121)
    assert events.types[-1] == READY


async def test_no_recording(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A recording that is not ready after 15 minutes is not looked up again."""
    await talk(hass, freezer)
    simulator.recordings.clear()
    await pass_time(hass, freezer, 60, times=40)
    assert READY not in events.types
    assert simulator.requests[LIST] == 2
    assert await saved_soon(hass, freezer) == []


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"", 404),
        Reply(b"", 302, location="http://192.168.0.1/"),
        Reply(b"<h1>Aguarde</h1>", content_type="text/html"),
        Reply(drop=True),
    ],
)
async def test_recording_that_cannot_be_heard_yet(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
    reply: Reply,
) -> None:
    """A listed recording that cannot be played is not ready: it is looked up after 15 minutes."""
    await talk(hass, freezer)
    simulator.reply(f"extrato/gravacao/id/{simulator.recordings[0].key}", reply)
    await pass_time(hass, freezer, 121)
    assert simulator.requests[LIST] == 1
    assert READY not in events.types
    await pass_time(hass, freezer, 781)
    assert events.types[-1] == READY


@pytest.mark.parametrize(
    "reply",
    [
        Reply(drop=True),
        Reply(b"", 503),
        Reply(b'{"status": "erro", "codigo": "011", "msg": "Problema"}'),
        Reply(b'{"status": "ok", "msg": [{"origem": 1}], "paginas": 1}'),
    ],
)
async def test_failed_search_is_repeated(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    reply: Reply,
) -> None:
    """A failed search is repeated, and not reported."""
    await talk(hass, freezer)
    simulator.reply(LIST, reply)
    await pass_time(hass, freezer, 121)
    assert READY not in events.types
    await pass_time(hass, freezer, 781)
    assert events.types[-1] == READY
    assert not [r for r in caplog.records if r.levelno > logging.INFO and DOMAIN in r.name]


async def test_unexpected_error_does_not_end_the_searches(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An unexpected error is logged, and the search is repeated."""
    await talk(hass, freezer)
    with patch(
        "custom_components.directcall.api.DirectcallClient.list_recordings", side_effect=KeyError
    ):
        await pass_time(hass, freezer, 121)
    assert "Unexpected error while searching for a recording" in caplog.text
    await pass_time(hass, freezer, 781)
    assert events.types[-1] == READY


@pytest.mark.parametrize(
    ("last_digits", "searches"),
    [("0000", 1), ("7001", 0), ("7002", 0), ("7003", 0), ("7006", 0)],
)
async def test_unanswered_call_has_no_recording(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
    last_digits: str,
    searches: int,
) -> None:
    """No recording is searched for if no call was answered."""
    await place_call(hass, destination=f"{NUMBER}{last_digits}", record=True)
    await pass_time(hass, freezer, 1, times=60)
    simulator.calls[0].line.ended = True
    await pass_time(hass, freezer, 60, times=20)
    assert simulator.requests[LIST] == searches


async def test_not_recorded(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Nothing is asked after a call that was not to be recorded."""
    await talk(hass, freezer, record=False)
    await pass_time(hass, freezer, 60, times=20)
    assert simulator.requests[LIST] == 0


async def test_call_without_an_id(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call without a provider's ID is matched by its numbers and time."""
    await talk(hass, freezer, destination=f"{NUMBER}9004")
    await pass_time(hass, freezer, 121)
    assert events.types[-1] == READY
    [search] = simulator.searches
    assert "callerid" not in search


async def test_number_in_the_providers_network(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A number in the provider's own network is known also where it is listed as any other."""
    await talk(hass, freezer, origin="ip4130600300")
    simulator.recordings[0].origin = "554130600300"
    await pass_time(hass, freezer, 121)
    assert events.types[-1] == READY


async def test_provider_that_ignores_the_id(
    hass: HomeAssistant,
    simulator: Simulator,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A recording of another call is never used for this one."""
    simulator.quirks.ignores_call_id = True
    await talk(hass, freezer)
    [mine] = simulator.recordings
    simulator.recordings = [
        Recording("554130600300", "5541999991111", "x", mine.started),
        Recording("5541988887777", "5541999990000", "x", mine.started),
        Recording("5541999990000", "554130600300", "x", mine.started),
        Recording("554130600300", "5541999990000", "x", mine.started - timedelta(minutes=2)),
        Recording("554130600300", "5541999990000", "x", dt_util.utcnow() + timedelta(minutes=1)),
    ]
    await pass_time(hass, freezer, 121)
    assert simulator.requests[LIST] == 1
    assert READY not in events.types
    simulator.recordings.insert(2, mine)
    await pass_time(hass, freezer, 781)
    assert events.types[-1] == READY
    moment = mine.started.astimezone(dt_util.UTC).strftime("%Y%m%dT%H%M%SZ")
    assert f"/{moment}-" in events[-1].attributes["media_content_id"]


async def test_credentials_are_refused_meanwhile(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Nothing is asked while the account is refused, and what was due is done after that."""
    await talk(hass, freezer)
    simulator.secrets.clear()
    simulator.end_tokens()
    await account.runtime_data.coordinator.async_refresh()
    await pass_time(hass, freezer, 60, times=30)
    assert simulator.requests[LIST] == 0
    simulator.secrets["demo@example.com"] = "012345"
    await account.runtime_data.coordinator.async_refresh()
    await pass_time(hass, freezer, 61)
    assert events.types[-1] == READY


@pytest.mark.no_fail_on_log_exception
async def test_listener_that_fails(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A listener that fails takes nothing from the others, and gives nothing away."""
    heard: list[str] = []

    def fail(_: object, content_id: str) -> None:
        heard.append(content_id)
        raise KeyError

    # It hears of it first.
    async_dispatcher_connect(hass, async_recording_signal(ENTRY_ID), callback(fail))
    await set_up(hass, make_account(simulator, contacts=CONTACTS, entry_id=ENTRY_ID))
    events = listen(hass)
    await talk(hass, freezer)
    await pass_time(hass, freezer, 121)
    assert len(heard) == 1
    assert events.types[-1] == READY
    assert "KeyError" in caplog.text
    logged = [r.getMessage() for r in caplog.records if "when dispatching" in r.getMessage()]
    assert len(logged) == 1
    assert simulator.calls[0].call_id not in logged[0]
    assert "99999" not in logged[0]
    await pass_time(hass, freezer, 60, times=20)
    assert simulator.requests[LIST] == 1
    assert await saved_soon(hass, freezer) == []


async def test_providers_id_is_nowhere(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    events: Events,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The provider's ID of a call is in the account's file, and nowhere else."""
    caplog.set_level(logging.DEBUG, f"custom_components.{DOMAIN}")
    caplog.set_level(logging.DEBUG, "aiohttp")
    response = await talk(hass, freezer)
    assert [awaited["provider_id"] for awaited in await saved_soon(hass, freezer)] == [
        simulator.calls[0].call_id
    ]
    await pass_time(hass, freezer, 121)
    assert events.types[-1] == READY
    assert {event.attributes["call_id"] for event in events} == {response["call_id"]}
    shown = [response, *(state.as_dict() for state in [*events, *hass.states.async_all()])]
    ours = [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith((f"custom_components.{DOMAIN}", "aiohttp"))
    ]
    assert simulator.calls[0].call_id not in f"{shown} {ours}"


async def test_name_gives_no_number_away(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A number in a contact's name is not in the event."""
    name = "Maria 41 99999-0000"
    await set_up(hass, make_account(simulator, contacts={name: CONTACTS["Maria"]}))
    events = listen(hass)
    await talk(hass, freezer, destination=f"{NUMBER}0000")
    await pass_time(hass, freezer, 121)
    assert events.types[-1] == READY
    assert "99999" not in str(events[-1].attributes)
