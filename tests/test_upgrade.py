"""Upgrade: a home starts on the files that the version of before saved."""

from datetime import UTC, datetime
import json
import logging
from pathlib import Path
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import STORAGE_DIR

from tests.common import (
    CALL,
    CALL_IN_PROGRESS,
    ENTRY_ID,
    Events,
    last_event,
    pass_time,
    place_call,
    state_of,
)
from tests.disk import hass_storage
from tests.home_of_before import BEFORE, DOMAIN, ENTRIES, JOAO, ORIGIN, folder, line, started
from tests.simulator import Recording, Simulator
from tests.simulator.telephones import Line

__all__ = ["folder", "hass_storage", "line"]

# Half a minute after the stop. Time flows on, because sockets and servers need it.
pytestmark = pytest.mark.freeze_time("2026-11-24 12:01:00", tick=True)

CALLS = f"{DOMAIN}.{ENTRY_ID}"
RECORDINGS = f"{CALLS}.recordings"
ENTITIES = "core.entity_registry"
DEVICES = "core.device_registry"
NO_CREDIT = f"no_credit_{ENTRY_ID}"

MARIA = "5541999990000"
MARIAS_DEVICE = "e92ff7f38b0398191e4176a85f4550f8"
# Our ID of each call, and the provider's.
MARIAS_CALL = "01KB8Q8Z3V5N0W2Y4X6A8C0E2G"
MARIAS_CALL_AT_PROVIDER = "00000000-0000-4000-8000-000000000001"
JOAOS_CALL = "01KB8Q8Z3V5N0W2Y4X6A8C0E2H"
# Texts, which may be reworded, a time, and the model, which devices of before lack.
NOT_COMPARED = {"model", "modified_at", "object_id_base", "original_name"}
# Sensors that told what the event and the contacts' sensors tell.
DOUBLED = {f"{ENTRY_ID}_active_calls", f"{ENTRY_ID}_last_call"}


@pytest.fixture
def recording(simulator: Simulator) -> Recording:
    """Return the recording of Maria's call, which the provider lists."""
    started = datetime(2026, 11, 24, 12, tzinfo=UTC)
    recording = Recording(ORIGIN, MARIA, MARIAS_CALL_AT_PROVIDER, started)
    simulator.recordings.append(recording)
    return recording


def account_of(hass: HomeAssistant) -> ConfigEntry:
    """Return the account."""
    [account] = hass.config_entries.async_entries(DOMAIN)
    return account


def files_of(folder: Path) -> list[str]:
    """Return the names of the account's own files."""
    return sorted(file.name for file in (folder / STORAGE_DIR).glob(f"{DOMAIN}*"))


def read(file: Path) -> Any:
    """Return what Home Assistant saved in a file."""
    return json.loads(file.read_text())["data"]


def rows_before(name: str, rows: str) -> list[dict[str, Any]]:
    """Return the rows of a registry of before."""
    return [
        {key: value for key, value in row.items() if key not in NOT_COMPARED}
        for row in read(BEFORE / name)[rows]
    ]


def rows_now(folder: Path, name: str, rows: str) -> list[dict[str, Any]]:
    """Return the rows of a registry, without columns that a newer Home Assistant added."""
    known = rows_before(name, rows)[0].keys()
    return [
        {key: value for key, value in row.items() if key in known}
        for row in read(folder / STORAGE_DIR / name)[rows]
    ]


def kept_entities() -> dict[str, dict[str, Any]]:
    """Return the entities of before that stay, by their unique ID."""
    rows = {row["unique_id"]: row for row in rows_before(ENTITIES, "entities")}
    return {unique_id: row for unique_id, row in rows.items() if unique_id not in DOUBLED}


def assert_registries_are_as_before(folder: Path) -> None:
    """Assert that no entity or device changed, and that only the doubled sensors were removed."""
    now = {row["unique_id"]: row for row in rows_now(folder, ENTITIES, "entities")}
    kept = kept_entities()
    assert {unique_id: now[unique_id] for unique_id in kept} == kept
    assert rows_now(folder, DEVICES, "devices") == rows_before(DEVICES, "devices")
    removed = read(folder / STORAGE_DIR / ENTITIES)["deleted_entities"]
    assert {row["unique_id"] for row in removed} == DOUBLED
    assert not DOUBLED & now.keys()
    assert read(folder / STORAGE_DIR / DEVICES)["deleted_devices"] == []


def has_no_credit_issue(hass: HomeAssistant) -> bool:
    """Return if the issue of missing credit for calls exists."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, NO_CREDIT)
    return issue is not None and issue.active


def assert_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    """Assert that the integration logged no warning and no error."""
    records = [record for record in caplog.records if DOMAIN in record.name]
    assert [r.getMessage() for r in records if r.levelno >= logging.WARNING] == []


async def test_account_keeps_its_settings(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An account loads with its credentials, options and contacts."""
    [before] = read(folder / STORAGE_DIR / ENTRIES)["entries"]
    async with started(folder) as (hass, _):
        account = account_of(hass)
        assert account.state is ConfigEntryState.LOADED
        assert account.data == before["data"]
    [now] = read(folder / STORAGE_DIR / ENTRIES)["entries"]
    changed = {"minor_version": 2, "modified_at": before["modified_at"]}
    assert now["minor_version"] == 3
    assert {**now, **changed} == before
    assert_no_warning(caplog)


async def test_account_without_files_of_its_own(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An account that never placed a call has no files, and logs no warning."""
    replace(folder, CALLS, None)
    replace(folder, RECORDINGS, None)
    async with started(folder) as (hass, events):
        assert account_of(hass).state is ConfigEntryState.LOADED
        assert state_of(hass, CALL_IN_PROGRESS) == "off"
        assert events == []
    assert_no_warning(caplog)


async def test_entities_and_devices_stay(folder: Path) -> None:
    """Registries stay as they are; enabled entities have a state, disabled ones have none."""
    async with started(folder) as (hass, _):
        states = {state.entity_id: state for state in hass.states.async_all()}
        enabled = {row["entity_id"] for row in kept_entities().values() if not row["disabled_by"]}
        assert enabled <= states.keys()
        assert not any(state.attributes.get("restored") for state in states.values())
        assert states["button.maria_call"].name == "Ligar para a mãe"
    assert_registries_are_as_before(folder)


async def test_states_are_restored(folder: Path, line: Line) -> None:
    """The last call and its event are shown as before the stop."""
    async with started(folder) as (hass, events):
        event = hass.states.get(CALL)
        assert event is not None
        assert event.state == "2026-11-24T12:00:26.570+00:00"
        assert event.attributes["event_type"] == "answered"
        assert event.attributes["call_id"] == JOAOS_CALL
        assert last_event(hass) == "answered"
        assert events == []


async def test_call_in_progress_goes_on(
    folder: Path, line: Line, freezer: FrozenDateTimeFactory
) -> None:
    """A call that was answered before the stop ends with its own ID and contact."""
    async with started(folder) as (hass, events):
        assert state_of(hass, CALL_IN_PROGRESS) == "on"
        with pytest.raises(ServiceValidationError) as refused:
            await place_call(hass, destination="João")
        assert refused.value.translation_key == "call_in_progress"
        await pass_time(hass, freezer, 10, times=2)
        assert events == []
        line.ended = True
        await pass_time(hass, freezer, 10)
        assert_joaos_call_ended(events)
        assert state_of(hass, CALL_IN_PROGRESS) == "off"
        assert last_event(hass) == "ended"


def assert_joaos_call_ended(events: Events) -> None:
    """Assert that the end of the call is the only thing that was fired."""
    assert events.types == ["ended"]
    attributes = events[0].attributes
    assert attributes["call_id"] == JOAOS_CALL
    assert attributes["contact"] == "João"
    assert attributes["last_digits"] == "1111"
    assert attributes["recorded"] is False
    answered = datetime(2026, 11, 24, 12, 0, 26, 570000, UTC)
    passed = events[0].last_changed - answered
    assert attributes["duration"] == pytest.approx(passed.total_seconds(), abs=2)


async def test_awaited_recording_is_announced(
    folder: Path,
    simulator: Simulator,
    line: Line,
    recording: Recording,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A recording is looked up two minutes after its call ended, by the provider's ID."""
    async with started(folder) as (hass, events):
        freezer.move_to("2026-11-24 12:02:00")
        await pass_time(hass, freezer, 0)
        assert simulator.searches == []
        await pass_time(hass, freezer, 20)
        assert_marias_recording_is_ready(events)
        await pass_time(hass, freezer, 900, times=2)
    assert [search["callerid"] for search in simulator.searches] == [MARIAS_CALL_AT_PROVIDER]


def assert_marias_recording_is_ready(events: Events) -> None:
    """Assert that the announcement of the recording is the only thing that was fired."""
    assert events.types == ["recording_ready"]
    attributes = events[0].attributes
    assert attributes["call_id"] == MARIAS_CALL
    assert attributes["contact"] == "Maria"
    assert attributes["last_digits"] == "0000"
    # Its ID is made with the account's key.
    assert attributes["media_content_id"] == (
        "media-source://directcall/01DIRECTCALL/20261124T120000Z-631783e4c4a2ec96"
    )


async def test_no_credit_issue_stays_until_a_call_is_accepted(
    folder: Path, simulator: Simulator, line: Line
) -> None:
    """A call by the device of a contact is placed, and clears the issue for good."""
    async with started(folder) as (hass, _):
        assert has_no_credit_issue(hass)
        response = await place_call(hass, contact=MARIAS_DEVICE)
        assert response["code"] == "000"
        # As the options of before say it.
        assert response["recorded"] is True
        assert not has_no_credit_issue(hass)
    assert [call.destination for call in simulator.calls] == [JOAO, MARIA]
    async with started(folder) as (hass, _):
        assert not has_no_credit_issue(hass)
        assert state_of(hass, CALL_IN_PROGRESS) == "on"


async def test_second_start_is_like_the_first(
    folder: Path,
    simulator: Simulator,
    line: Line,
    recording: Recording,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Data from the old files is saved, and loaded again at the second start."""
    async with started(folder) as (_, events):
        assert events == []
    async with started(folder) as (hass, events):
        assert account_of(hass).state is ConfigEntryState.LOADED
        assert has_no_credit_issue(hass)
        assert last_event(hass) == "answered"
        assert state_of(hass, CALL_IN_PROGRESS) == "on"
        line.ended = True
        await pass_time(hass, freezer, 10)
        assert_joaos_call_ended(events)
        events.clear()
        await pass_time(hass, freezer, 120)
        assert_marias_recording_is_ready(events)
    assert_registries_are_as_before(folder)


async def test_second_start_fires_nothing_twice(
    folder: Path,
    simulator: Simulator,
    line: Line,
    recording: Recording,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A call and a recording that the first start finished are not read from old files again."""
    line.ended = True
    async with started(folder) as (hass, events):
        await pass_time(hass, freezer, 120)
        assert sorted(events.types) == ["ended", "recording_ready"]
    async with started(folder) as (hass, events):
        assert state_of(hass, CALL_IN_PROGRESS) == "off"
        assert state_of(hass, "sensor.joao_last_call") == "ended"
        await pass_time(hass, freezer, 900, times=2)
        assert events == []
    assert len(simulator.searches) == 1


async def test_two_calls_of_a_pair_are_settled_once(
    folder: Path, line: Line, freezer: FrozenDateTimeFactory
) -> None:
    """Of two saved calls of a pair one goes on, and what became of both is saved."""
    file = folder / STORAGE_DIR / CALLS
    saved = json.loads(file.read_text())
    [call] = saved["data"]["calls"]
    unclear = {"state": None, "answered_after": None, "origin_answered": False, "was_live": False}
    saved["data"]["calls"].append({**call, **unclear, "call_id": "01ANOTHER", "provider_id": None})
    file.write_text(json.dumps(saved))
    async with started(folder) as (hass, events):
        line.ended = True
        await pass_time(hass, freezer, 10, times=2)
        assert events.types == ["unknown", "ended"]
    async with started(folder) as (hass, events):
        await pass_time(hass, freezer, 10, times=2)
        assert events == []


async def test_power_failure_after_the_first_start(
    folder: Path, line: Line, recording: Recording, freezer: FrozenDateTimeFactory, tmp_path: Path
) -> None:
    """The files right after the first start are sufficient for the second one."""
    copy = tmp_path / "copy"
    async with started(folder):
        shutil.copytree(folder / STORAGE_DIR, copy / STORAGE_DIR)
    async with started(copy) as (hass, events):
        line.ended = True
        await pass_time(hass, freezer, 10)
        assert_joaos_call_ended(events)
        events.clear()
        await pass_time(hass, freezer, 120)
        assert_marias_recording_is_ready(events)


CONTENTS = {"empty": "", "cut off": '{"version": 1, "data": {"ca', "other data": "[]", "gone": None}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
async def test_recording_is_announced_without_calls(
    folder: Path, recording: Recording, freezer: FrozenDateTimeFactory, content: str | None
) -> None:
    """A file of calls that cannot be read keeps neither the account nor a recording back."""
    replace(folder, CALLS, content)
    async with started(folder) as (hass, events):
        assert account_of(hass).state is ConfigEntryState.LOADED
        await pass_time(hass, freezer, 120)
        assert_marias_recording_is_ready(events)


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
async def test_call_goes_on_without_recordings(
    folder: Path, line: Line, freezer: FrozenDateTimeFactory, content: str | None
) -> None:
    """A file of recordings that cannot be read keeps neither the account nor a call back."""
    replace(folder, RECORDINGS, content)
    async with started(folder) as (hass, events):
        assert account_of(hass).state is ConfigEntryState.LOADED
        line.ended = True
        await pass_time(hass, freezer, 10)
        assert_joaos_call_ended(events)


def replace(folder: Path, name: str, content: str | None) -> None:
    """Replace what is in a file, or remove it."""
    file = folder / STORAGE_DIR / name
    if content is None:
        file.unlink()
    else:
        file.write_text(content)


@pytest.mark.parametrize("disabled_by", [None, "user"])
async def test_removed_account_leaves_no_file(folder: Path, disabled_by: str | None) -> None:
    """The files of before go with their account, also if it was never loaded."""
    entries = folder / STORAGE_DIR / ENTRIES
    saved = json.loads(entries.read_text())
    saved["data"]["entries"][0]["disabled_by"] = disabled_by
    entries.write_text(json.dumps(saved))
    async with started(folder) as (hass, _):
        await hass.config_entries.async_remove(ENTRY_ID)
    assert files_of(folder) == []
