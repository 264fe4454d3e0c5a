"""Saved calls: what is written, and files that are broken."""

import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.core import HomeAssistant

from tests.calls.common import SAVED, file_of_calls, saved_calls, write
from tests.common import NUMBER, listen, make_account, pass_time, place_call, set_up
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


async def test_calls_are_saved_within_a_second(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A house that loses its power knows of its calls, however many are placed meanwhile."""
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    for n in range(5):
        await place_call(hass, destination=f"{NUMBER}111{n}")
        await pass_time(hass, freezer, 0.2)
    assert len(saved_calls(hass)) == 5
    assert file_of_calls(hass).stat().st_mode & 0o077 == 0


BROKEN_CALL = {"origin": "x"}


@pytest.mark.parametrize(
    "saved",
    [
        {"version": 1, "data": {"calls": [BROKEN_CALL]}},
        {"version": 1, "data": {"calls": 1}},
        {"version": 1, "data": [1]},
        {"version": 0, "data": {"calls": []}},
        {"version": 9, "data": {"calls": []}},
    ],
)
async def test_corrupt_file_does_not_block_calls(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    saved: dict[str, Any],
) -> None:
    """A corrupt file is logged, and calls are placed."""
    write(file_of_calls(hass), json.dumps({"minor_version": 1, **saved}))
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    assert caplog.text.count("could not be read") == 1
    await place_call(hass)
    assert len(simulator.calls) == 1


@pytest.mark.freeze_time("2026-11-24 12:00:10", tick=True)
async def test_corrupt_call_does_not_lose_the_others(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Valid calls are restored beside a corrupt one."""
    unclear = {**SAVED, "state": None, "answered_after": None}
    calls = [SAVED, BROKEN_CALL, {**unclear, "call_id": "2"}]
    file = {"version": 1, "minor_version": 1, "data": {"calls": calls}}
    write(file_of_calls(hass), json.dumps(file))
    events = listen(hass)
    await set_up(hass, make_account(simulator, entry_id="01DIRECTCALL"))
    await pass_time(hass, freezer, 3)
    published = [(event.attributes["call_id"], event.attributes["event_type"]) for event in events]
    assert published == [("2", "unknown"), ("1", "ended")]


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
    """A call keeps its contact after a restart, and a call of an older version is tracked, too."""
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
    """The contact is saved beside the two numbers of a live call."""
    contacts = {"Maria": "+55 41 99999-0000"}
    account = make_account(simulator, entry_id="01DIRECTCALL", contacts=contacts)
    await set_up(hass, account)
    await place_call(hass, destination="Maria")
    await pass_time(hass, freezer, 1)
    assert [call["contact"] for call in saved_calls(hass)] == ["Maria"]
