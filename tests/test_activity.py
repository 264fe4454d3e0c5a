"""Activity on the page of a contact: its calls and messages, and who asked for them."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.components.recorder import Recorder
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from tests.common import DESTINATION, NUMBER, device_of, end_call, make_account, pass_time, set_up
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)

ALARM = "Smoke in the kitchen"
MARIA_LAST_CALL = "sensor.maria_last_call"


class Activity:
    """Activity on the page of a contact called Maria."""

    def __init__(self, hass: HomeAssistant, ws: WebSocketGenerator, device_id: str) -> None:
        """Begin now."""
        self._hass = hass
        self._ws = ws
        self._device_id = device_id
        self._start = dt_util.utcnow().isoformat()

    async def rows(self) -> list[dict[str, Any]]:
        """Return the rows, the newest last."""
        await async_wait_recording_done(self._hass)
        entities = er.async_entries_for_device(er.async_get(self._hass), self._device_id)
        client = await self._ws(self._hass)
        await client.send_json_auto_id(
            {
                "type": "logbook/get_events",
                "start_time": self._start,
                "device_ids": [self._device_id],
                "entity_ids": [entity.entity_id for entity in entities],
            }
        )
        response = await client.receive_json()
        rows: list[dict[str, Any]] = response["result"]
        return rows


@pytest.fixture(autouse=True)
def _custom_integrations(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Start the recorder before Home Assistant, as it requires."""


async def begin(
    hass: HomeAssistant,
    ws: WebSocketGenerator,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    action: str,
    number: str = DESTINATION,
    **data: str,
) -> Activity:
    """Return Activity of a home with an automation that performs an action for Maria."""
    assert await async_setup_component(hass, "logbook", {})
    account = await set_up(hass, make_account(simulator, contacts={"Maria": number}))
    device_id = device_of(hass, account, "Maria")
    automation = {
        "alias": ALARM,
        "triggers": {"trigger": "event", "event_type": "smoke"},
        "actions": {"action": f"directcall.{action}", "data": {"contact": device_id, **data}},
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    await pass_time(hass, freezer, 1)
    return Activity(hass, ws, device_id)


@pytest.mark.parametrize(
    ("last_digits", "states"),
    [
        ("0000", ["placed", "ringing", "answered", "ended"]),
        ("7001", ["placed", "ringing", "busy"]),
        ("7002", ["placed", "ringing", "no_answer"]),
        ("7006", ["placed", "ringing", "failed"]),
        ("9001", ["placed", "ringing", "answered", "ended"]),
    ],
)
async def test_call_of_an_automation(
    home: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    last_digits: str,
    states: list[str],
) -> None:
    """A call has at most four rows, which name the automation, and the last one its outcome."""
    activity = await begin(
        home, hass_ws_client, simulator, freezer, "place_call", f"{NUMBER}{last_digits}"
    )
    home.bus.async_fire("smoke")
    await pass_time(home, freezer, 3, times=8)
    for call in simulator.calls:
        call.line.ended = True
    await pass_time(home, freezer, 10, times=5)
    rows = await activity.rows()
    assert [row["state"] for row in rows] == states
    assert {row["entity_id"] for row in rows} == {MARIA_LAST_CALL}
    assert {row["context_name"] for row in rows} == {ALARM}


async def test_call_of_a_person(
    home: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    hass_admin_user: MockUser,
) -> None:
    """The rows of a call, and that of the button, name the person who pressed it."""
    activity = await begin(home, hass_ws_client, simulator, freezer, "place_call")
    context = Context(user_id=hass_admin_user.id)
    data = {"entity_id": "button.maria_call"}
    await home.services.async_call("button", "press", data, blocking=True, context=context)
    await pass_time(home, freezer, 3, times=8)
    # An automation, which asked for nothing else, does not take the call over.
    await end_call(home, destination="Maria")
    press, *rows = await activity.rows()
    assert press["entity_id"] == "button.maria_call"
    assert [row["state"] for row in rows] == ["placed", "ringing", "answered", "ended"]
    assert {row["entity_id"] for row in rows} == {MARIA_LAST_CALL}
    assert {row["context_user_id"] for row in (press, *rows)} == {hass_admin_user.id}


async def test_message_of_an_automation(
    home: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The row of a message names the automation that sent it."""
    action = "send_voice_message"
    activity = await begin(home, hass_ws_client, simulator, freezer, action, message=ALARM)
    for _ in range(2):
        home.bus.async_fire("smoke")
        await pass_time(home, freezer, 10)
    rows = await activity.rows()
    assert {row["entity_id"] for row in rows} == {"notify.maria_voice_message"}
    assert {row["context_name"] for row in rows} == {ALARM}
    assert len(rows) == 2
