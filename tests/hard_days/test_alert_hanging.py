"""Alerts while everything else that was asked of the provider hangs."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.const import CONF_CLIENT_SECRET
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from tests.alerts.common import ALERT, CALL, SMS, VOICE, Watch, met, who
from tests.common import LIST, SECRET, STATUS, alert_data, make_account, perform, place_call, set_up
from tests.hard_days.common import NUMBER, message
from tests.media.common import NOW, only, play, record, resolve
from tests.simulator import Simulator

pytestmark = pytest.mark.freeze_time(NOW)

EACH: Final = 100
MESSAGE_STATUS: Final = "sms/status"
CONTACTS: Final = {"Maria": f"{NUMBER}7002"}
HOW: Final = {"channels": [SMS, VOICE, CALL], "time_each": {"seconds": 20}, "rounds": 1}


@pytest.fixture
async def hangs(
    home: HomeAssistant, simulator: Simulator, hass_client: ClientSessionGenerator
) -> AsyncIterator[list[asyncio.Task[object]]]:
    """Return a list of tasks that hang, and end them before the clock would have to go on."""
    tasks: list[asyncio.Task[object]] = []
    yield tasks
    for answer in simulator.held.values():
        answer.set()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_first_message_while_everything_hangs(
    home: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    hangs: list[asyncio.Task[object]],
) -> None:
    """No listener, list or poll holds an alert back, with 100 of each."""
    for component in ("media_source", "websocket_api"):
        assert await async_setup_component(home, component, {})
    account = make_account(
        simulator,
        data={CONF_CLIENT_SECRET: SECRET},
        contacts=CONTACTS,
        alerts={ALERT: alert_data(contacts=["01CONTACT0"], how=HOW)},
        options={"spending_limit": 0},
    )
    await set_up(home, account)
    recording = record(simulator)
    path = (await resolve(home, await only(home))).url
    client = await hass_client()
    await perform(home, "send_sms", message("5601"))
    simulator.messages[-1].message_id = "message-1"
    numbers = [f"{NUMBER}{3000 + number}" for number in range(EACH)]
    await asyncio.gather(*(place_call(home, destination=number) for number in numbers))
    assert len(simulator.calls) == EACH

    # The audio begins after its delay, which never passes.
    simulator.quirks.audio_delay = 1_000_000
    for endpoint in (LIST, STATUS, MESSAGE_STATUS):
        simulator.hold(endpoint)
    asked = dict(simulator.requests)

    def hanging(endpoint: str) -> int:
        return simulator.requests[endpoint] - asked.get(endpoint, 0)

    def start(asking: Coroutine[Any, Any, object]) -> None:
        hangs.append(home.async_create_background_task(asking, "hangs"))

    for _ in range(EACH):
        start(play(client, path))
    assert await met(home, lambda: hanging(f"extrato/gravacao/id/{recording.key}") == 4)
    for _ in range(EACH):
        start(perform(home, "list_recordings", {}))
    assert await met(home, lambda: hanging(LIST) == 2)
    for _ in range(EACH):
        start(perform(home, "get_message_status", {"message_id": "message-1"}))
    assert await met(home, lambda: hanging(MESSAGE_STATUS) == 2)
    # The polls of all calls are due.
    freezer.tick(3)

    watch = Watch(home, simulator, CONTACTS)
    await perform(home, "raise_alert", {"name": ALERT})
    # No time passes on the clock.
    assert await met(home, lambda: len(watch.told) == 2)
    assert watch.told == [(0, SMS, "Maria"), (0, VOICE, "Maria")]
    assert all(not task.done() for task in hangs)
    assert await met(home, lambda: len(watch.events) == 3)
    freezer.tick(21)
    assert await met(home, lambda: len(watch.told) == 3)
    assert who(watch)[2:] == [(CALL, "Maria")]
