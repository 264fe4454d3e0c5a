"""Calls on disk: saved during their request, read in any condition, and removed."""

import asyncio
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util.ulid import ulid_now, ulid_to_bytes

from custom_components.directcall.calls import Call
from custom_components.directcall.store import AccountStore, Section
from tests.calls.common import SAVED, file_of_calls, saved_calls, write
from tests.common import (
    ENTRY_ID,
    PLACE_CALL,
    STATUS,
    listen,
    make_account,
    pass_time,
    place_call,
    restarted,
    set_up,
    until,
)
from tests.simulator import Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time("2026-11-24 12:00:10", tick=True)

NOW = datetime(2026, 11, 24, 12, 0, 10, tzinfo=UTC).timestamp()
PROVIDER_ID = "6f7c10f9-06de-4bee-8eba-7fe141e5b635"


def the_account(simulator: Simulator) -> MockConfigEntry:
    """Return the account whose file the tests know."""
    return make_account(simulator, entry_id=ENTRY_ID)


def file_of_recordings(hass: HomeAssistant) -> Path:
    """Return where the awaited recordings of the account are saved."""
    return file_of_calls(hass, f"{ENTRY_ID}.recordings")


def save_calls(hass: HomeAssistant, *calls: object) -> None:
    """Write a file of calls."""
    write(file_of_calls(hass), json.dumps({"version": 1, "data": {"calls": calls}}))


def put_aside(file: Path) -> str | None:
    """Return what was put aside of a file."""
    aside = file.with_name(f"{file.name}.corrupt")
    return aside.read_text() if aside.exists() else None


def files(hass: HomeAssistant) -> list[str]:
    """Return the names of the account's files."""
    folder = file_of_calls(hass).parent
    return sorted(file.name for file in folder.glob(f"directcall.{ENTRY_ID}*"))


async def test_call_is_saved_beside_its_request(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A house that loses its power while a request hangs knows of the call afterwards."""
    # What is only saved soon is not saved in this test.
    monkeypatch.setattr("custom_components.directcall.store._SAVE_DELAY", 3600)
    await set_up(hass, the_account(simulator))
    answer = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: len(simulator.calls) == 1)
    await until(file_of_calls(hass).exists)
    [saved] = saved_calls(hass)
    assert saved["destination"] == "5541999990000"
    assert not placing.done()

    simulator.held.clear()
    async with restarted(hass) as again:
        events = listen(again)
        await set_up(again, the_account(simulator))
        with pytest.raises(ServiceValidationError, match="not known whether"):
            await place_call(again)
        simulator.calls[0].line.started -= 3
        await pass_time(again, freezer, 4)
        assert events.types[:2] == ["placed", "ringing"]
    assert len(simulator.calls) == 1
    answer.set()
    await placing


async def test_immediate_save_is_not_delayed(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later save does not delay one that is due at once."""
    monkeypatch.setattr("custom_components.directcall.store._SAVE_DELAY", 3600)
    call = Call.from_dict(SAVED, NOW, NOW)
    store = AccountStore(hass, ENTRY_ID)
    store.async_add_section(Section("calls", lambda _: call, lambda _: None, lambda: [call]))
    store.async_save(at_once=True)
    store.async_save()
    await until(file_of_calls(hass).exists)
    assert [saved["call_id"] for saved in saved_calls(hass)] == [SAVED["call_id"]]


async def test_slow_disk_holds_back_no_call(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call rings though the disk hangs, and what was saved last is what is written last."""
    await set_up(hass, the_account(simulator))
    disk = asyncio.Event()
    write_file = hass.async_add_executor_job

    async def write_late(job: Any, *arguments: Any) -> Any:
        if "_write_prepared_data" in str(job):
            await disk.wait()
        return await write_file(job, *arguments)

    monkeypatch.setattr(hass, "async_add_executor_job", write_late)
    response = await place_call(hass)
    assert len(simulator.calls) == 1
    assert not file_of_calls(hass).exists()
    disk.set()
    await until(
        lambda: (
            file_of_calls(hass).exists()
            and [call["state"] for call in saved_calls(hass)] == ["placed"]
        )
    )
    assert saved_calls(hass)[0]["call_id"] == response["call_id"]


async def test_late_write_does_not_bring_a_file_back(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """An account that is removed while a call is placed leaves no file."""
    account = await set_up(hass, the_account(simulator))
    answer = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: len(simulator.calls) == 1)
    await hass.config_entries.async_remove(account.entry_id)
    assert files(hass) == []
    answer.set()
    assert (await placing)["code"] == "000"
    await pass_time(hass, freezer, 1)
    assert files(hass) == []


UNREADABLE = [
    "",
    "not JSON",
    "[]",
    "null",
    "5",
    '"text"',
    "{}",
    json.dumps({"version": 1}),
    json.dumps({"version": "1", "data": {"calls": [], "awaited": []}}),
    json.dumps({"version": [], "data": {"calls": [], "awaited": []}}),
    json.dumps({"data": {"calls": [], "awaited": []}}),
    json.dumps({"version": 1, "data": []}),
    json.dumps({"version": 1, "data": {"calls": {"a": 1}, "awaited": {"a": 1}}}),
    json.dumps({"version": 1, "data": {"calls": [[]], "awaited": [[]]}}),
    json.dumps({"version": 1, "data": {"calls": [{"call_id": {}}], "awaited": [{"call_id": {}}]}}),
    '{"version": 1, "data": {"calls": [1e999], "awaited": [1e999]}}',
    "[" * 100_000,
    "\x00\x01",
]


async def test_account_loads_with_a_corrupt_file(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A corrupt file is put aside and logged once, and removed with the account."""
    for placed, text in enumerate(UNREADABLE):
        caplog.clear()
        write(file_of_calls(hass), text)
        write(file_of_recordings(hass), text)
        account = await set_up(hass, the_account(simulator))
        assert account.state is ConfigEntryState.LOADED
        for file in (file_of_calls(hass), file_of_recordings(hass)):
            assert put_aside(file) == text
            assert caplog.text.count(f"{file.name} could not be read (") == 1
        assert len([r for r in caplog.records if "could not be read" in r.getMessage()]) == 2

        await hass.config_entries.async_reload(account.entry_id)
        await place_call(hass)
        assert len(simulator.calls) == placed + 1
        assert caplog.text.count("could not be read") == 2
        await hass.config_entries.async_remove(account.entry_id)
        assert files(hass) == []


async def test_account_loads_whatever_is_in_its_file(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The same goes for a file of this version."""
    for placed, old in enumerate(UNREADABLE):
        caplog.clear()
        text = old.replace('"version": 1', '"version": 2').replace("awaited", "recordings")
        write(file_of_calls(hass), text)
        account = await set_up(hass, the_account(simulator))
        assert put_aside(file_of_calls(hass)) == text
        assert caplog.text.count("could not be read") == 1
        await place_call(hass)
        assert len(simulator.calls) == placed + 1
        await hass.config_entries.async_remove(account.entry_id)
        assert files(hass) == []


async def test_file_that_cannot_be_put_aside(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """An account loads and goes although its files cannot be handled."""
    write(file_of_calls(hass), "{")
    # In the way.
    aside = file_of_calls(hass).with_name(f"{file_of_calls(hass).name}.corrupt")
    aside.mkdir()
    (aside / "file").touch()
    account = await set_up(hass, the_account(simulator))
    assert account.state is ConfigEntryState.LOADED
    await place_call(hass)
    await hass.config_entries.async_remove(account.entry_id)
    assert files(hass) == [aside.name]


async def test_only_the_last_corrupt_file_is_kept(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """Only the last corrupt file is kept, and other accounts' stay."""
    copies = [".corrupt.2026-11-01T00:00:00+00:00", ".corrupt"]
    for ending in copies:
        write(Path(f"{file_of_calls(hass)}{ending}"), "old")
    write(Path(f"{file_of_calls(hass)}X.corrupt"), "of another account")
    write(file_of_calls(hass), "new")
    account = await set_up(hass, the_account(simulator))
    assert put_aside(file_of_calls(hass)) == "new"
    await hass.config_entries.async_remove(account.entry_id)
    assert files(hass) == [f"directcall.{ENTRY_ID}X.corrupt"]


async def test_valid_calls_of_a_corrupt_file_are_kept(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """Valid calls of a corrupt file are saved again."""
    simulator.reply(STATUS, *[Reply(b"", 503)] * 10)
    save_calls(hass, {**SAVED, "provider_id": PROVIDER_ID}, {"origin": "x"})
    await set_up(hass, the_account(simulator))
    assert '"x"' in (put_aside(file_of_calls(hass)) or "")
    await until(file_of_calls(hass).exists)
    assert [call["provider_id"] for call in saved_calls(hass)] == [PROVIDER_ID]


@pytest.mark.parametrize(
    ("old", "is_providers"),
    [
        ({"call_id": PROVIDER_ID, "has_provider_id": True}, True),
        ({"call_id": "01KB8Q8Z3V5N0W2Y4X6A8C0E2G", "has_provider_id": False}, False),
        # The oldest version does not say whose it is.
        ({"call_id": PROVIDER_ID}, True),
    ],
)
async def test_call_of_an_older_version(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    old: dict[str, Any],
    is_providers: bool,
) -> None:
    """A call with the provider's ID gets one of the integration's, which does not change."""
    simulator.reply(STATUS, *[Reply(b"", 503)] * 10)
    before = {key: value for key, value in SAVED.items() if key != "provider_id"}
    save_calls(hass, before | old)
    events = listen(hass)
    account = await set_up(hass, the_account(simulator))
    await until(lambda: "provider_id" in saved_calls(hass)[0])
    [saved] = saved_calls(hass)
    assert saved["provider_id"] == (PROVIDER_ID if is_providers else None)
    assert (saved["call_id"] == old["call_id"]) is not is_providers
    assert len(ulid_to_bytes(saved["call_id"])) == 16
    assert put_aside(file_of_calls(hass)) is None
    await hass.config_entries.async_reload(account.entry_id)
    simulator.forget_replies(STATUS)
    await pass_time(hass, freezer, 4)
    assert [event.attributes["call_id"] for event in events] == [saved["call_id"]]


async def test_recording_of_an_older_version(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A recording that an older version awaited is asked for by the provider's ID."""
    awaited = {
        "call_id": PROVIDER_ID,
        "has_provider_id": True,
        "origin": "554130600300",
        "destination": "5541999990000",
        "contact": None,
        "placed_at": NOW - 60,
        "ended_at": NOW,
        "looks": 0,
    }
    write(file_of_recordings(hass), json.dumps({"version": 1, "data": {"awaited": [awaited]}}))
    await set_up(hass, the_account(simulator))
    assert not file_of_recordings(hass).exists()
    [saved] = json.loads(file_of_calls(hass).read_text())["data"]["recordings"]
    assert saved["call_id"] != PROVIDER_ID
    await pass_time(hass, freezer, 121)
    assert [search["callerid"] for search in simulator.searches] == [PROVIDER_ID]


@pytest.mark.parametrize(
    "placed_at",
    [0, NOW + 50 * 365 * 86400],
    ids=["1970", "in decades"],
)
async def test_clock_that_was_set_across_a_restart(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    placed_at: float,
) -> None:
    """A call that rings is tracked after a restart, also if the clock was set meanwhile."""
    legs = [{"telefone": "554130600300", "status": "chamando"}]
    rings = Reply(json.dumps({"status": "ok", "codigo": "000", "msg": legs}).encode())
    simulator.reply(STATUS, *[rings] * 20)
    ringing = {"state": "ringing", "answered_after": None, "origin_answered": False}
    save_calls(hass, {**SAVED, **ringing, "call_id": ulid_now(), "placed_at": placed_at})
    events = listen(hass)
    await set_up(hass, the_account(simulator))
    await pass_time(hass, freezer, 10, times=6)
    assert events.types == []
    with pytest.raises(ServiceValidationError, match="already"):
        await place_call(hass)
    assert simulator.calls == []


async def test_recorded_call_of_decades_ago(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """The recording of a call that a wrong clock placed decades ago is searched near its end."""
    save_calls(hass, {**SAVED, "recorded": True, "placed_at": 1.0})
    events = listen(hass)
    await set_up(hass, the_account(simulator))
    await until(lambda: events.types == ["ended"])
    assert events[0].attributes["duration"] <= 86400
    await pass_time(hass, freezer, 121)
    [search] = simulator.searches
    assert search["dataInicial"].startswith("202611")


async def test_call_of_an_account_that_stops_is_not_forgotten(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """A call whose request is cut off when Home Assistant stops may ring: it stays saved."""
    await set_up(hass, the_account(simulator))
    answer = simulator.hold(PLACE_CALL)
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: len(simulator.calls) == 1)
    await hass.async_stop(force=True)
    answer.set()
    await asyncio.gather(placing, return_exceptions=True)
    # Home Assistant waits for its threads only when its process ends.
    await until(file_of_calls(hass).exists)
    assert len(saved_calls(hass)) == 1


async def test_cancelled_call_is_not_saved(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """A call that was cancelled before it was sent is no longer saved."""
    account = await set_up(hass, the_account(simulator))
    await simulator.stop()
    placing = asyncio.create_task(place_call(hass))
    await until(lambda: account.runtime_data.client.statistics.requests[PLACE_CALL] == 1)
    await until(lambda: file_of_calls(hass).exists() and len(saved_calls(hass)) == 1)
    placing.cancel()
    await until(lambda: saved_calls(hass) == [])


async def test_refused_call_is_forgotten(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """A call that surely was not placed is no longer saved."""
    await set_up(hass, the_account(simulator))
    with pytest.raises(HomeAssistantError, match="no credit"):
        await place_call(hass, destination="+55 41 99999-0201")
    await until(lambda: file_of_calls(hass).exists() and saved_calls(hass) == [])
