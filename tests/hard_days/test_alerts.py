"""Alerts on a line that fails in each way, at each step of a run."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from typing import Any, Final
from unittest.mock import patch

from aiohttp import TCPConnector
import pytest

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback

from custom_components.directcall.alerts import AlertStatus
from tests.alerts.common import ALERT, CALL, EVENT, SMS, VOICE, Watch, who, words
from tests.alerts.house import House
from tests.common import perform
from tests.hard_days.alerts import accepts_nothing, has_no_name, hop, refuses, settle
from tests.hard_days.common import LOST, SILENT, Names
from tests.proxy import SOUND, Fault, Reach

pytestmark = pytest.mark.usefixtures("no_pauses")

# Not a multiple of the seconds between two polls, so that each has a moment of its own.
TIME_EACH: Final = 21
HOW: Final = {"channels": [SMS, VOICE, CALL], "time_each": {"seconds": TIME_EACH}, "rounds": 1}
CLEAR: Final = "All is clear."
EVERYBODY: Final = [(channel, name) for name in ("Maria", "João") for channel in (SMS, VOICE, CALL)]
TOLD: Final = [f"told {name}" for _, name in EVERYBODY]
# The steps of a run: within the second after how many, the number of connections before the one
# that fails, and the place in `EVERYBODY` of the contact that it tells.
STEPS: Final[dict[str, tuple[float, int, int | None]]] = {
    "sms": (0, 0, 0),
    "voice message": (0, 1, 1),
    "call": (20.5, 0, 2),
    "poll": (23, 0, None),
    # A poll asks first if somebody answered.
    "hang up": (42, 1, None),
}
FAULTS: Final = {**LOST, **SILENT}


async def begin(house: House) -> Watch:
    """Raise the alert, and watch from now on."""
    [watch] = house.watches
    for each in (watch.told, watch.texts, watch.events, watch.reasons, watch.statuses):
        each.clear()
    house.simulator.calls.clear()
    await perform(house.hass, "raise_alert", {"name": ALERT})
    await settle(house)
    return watch


async def end(house: House) -> None:
    """Let the run come to its end, and a minute after it."""
    for _ in range(100):
        if not AlertStatus(house.status).is_active:
            break
        await hop(house, TIME_EACH / 3)
    await hop(house, 60)
    assert house.status in {"cancelled", "unacknowledged"}


async def cancel(house: House) -> None:
    """Cancel the alert, and say that all is clear."""
    await perform(house.hass, "cancel_alert", {"message": CLEAR})
    await settle(house)


async def come_to(house: House, step: str) -> None:
    """Let the run go on until a step is due."""
    moments = [moment for moment, _, _ in STEPS.values() if moment]
    passed = 0.0
    for moment in moments[: moments.index(STEPS[step][0])]:
        await hop(house, moment + 1 - passed)
        passed = moment + 1
    await hop(house, STEPS[step][0] - passed)


async def fail_at(house: House, step: str, fault: Fault) -> Watch:
    """Run the alert on a line that fails at a step."""
    moment, connections, _ = STEPS[step]
    faults = [SOUND] * connections + [fault]
    if not moment:
        house.line.faults.extend(faults)
        return await begin(house)
    watch = await begin(house)
    await come_to(house, step)
    house.line.faults.extend(faults)
    await hop(house, 1)
    return watch


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_answer_to_a_step_is_lost(home: HomeAssistant, house: House, fault: Fault) -> None:
    """It may have been done, so it is not done again, and the run goes on to its end."""
    reached = fault.reach is Reach.PROVIDER
    await house.start(home, HOW)
    await hop(house, 6)
    for step, (_, _, place) in STEPS.items():
        watch = await fail_at(house, step, fault)
        assert not house.line.faults, step
        await end(house)
        expected = [each for n, each in enumerate(EVERYBODY) if reached or n != place]
        assert who(watch) == expected, step
        assert words(watch.events) == ["raised", *TOLD, "unacknowledged"], step
        assert words(watch.statuses) == ["alerting", "unacknowledged"], step
        # The last one says that all rounds are over.
        assert len(watch.reasons) == 1 + (place is not None), step
        # The reply to a call is awaited for as long as it rings.
        rings_in_vain = reached and fault in SILENT.values() if step == "call" else not reached
        hung_up = [call.line.ended for call in house.simulator.calls]
        assert hung_up.count(False) == (rings_in_vain and step in {"call", "hang up"}), step

    watch = await begin(house)
    house.line.faults.append(fault)
    await cancel(house)
    await end(house)
    all_clear = EVERYBODY[not reached : 2]
    assert who(watch) == EVERYBODY[:2] + all_clear
    assert watch.texts[2:] == [CLEAR] * len(all_clear)
    assert words(watch.events) == ["raised", *TOLD[:2], "cancelled", *TOLD[:2]]
    assert words(watch.statuses) == ["alerting", "cancelled"]


# Nothing reaches the provider.


@pytest.fixture
def _no_cache_of_names() -> Iterator[None]:
    """Let each connection ask for the name."""
    with patch("aiohttp.TCPConnector", partial(TCPConnector, use_dns_cache=False)):
        yield


async def begin_outage(house: House, step: str, outage: Coroutine[Any, Any, None]) -> Watch:
    """Run the alert until a step is due, of which nothing reaches the provider."""
    if step == "sms":
        await outage
    if step == "voice message":

        @callback
        def begin_at_once(event: Event[EventStateChangedData]) -> None:
            if event.data["entity_id"] == EVENT and watch.events[1:]:
                unsubscribe()
                house.hass.async_create_task(outage, eager_start=True)

        [watch] = house.watches
        watch.events.clear()
        unsubscribe = house.hass.bus.async_listen("state_changed", begin_at_once)
    watch = await begin(house)
    if STEPS[step][0]:
        await come_to(house, step)
        await outage
    return watch


@pytest.mark.usefixtures("_no_cache_of_names")
@pytest.mark.parametrize("outage", [refuses, accepts_nothing, has_no_name])
async def test_nothing_reaches_the_provider(
    home: HomeAssistant,
    house: House,
    names: Names,
    outage: Callable[[House, Names], AbstractAsyncContextManager[None]],
) -> None:
    """A step of which nothing was sent is tried again, and everybody is told once, in order."""
    await house.start(home, HOW)
    await hop(house, 6)
    for step, (_, _, place) in STEPS.items():
        async with AsyncExitStack() as stack:
            entering = stack.enter_async_context(outage(house, names))
            watch = await begin_outage(house, step, entering)
            # A poll does not tell anybody, and the line is back before the next step.
            await hop(house, 10 if step == "poll" else 60)
            assert who(watch) == EVERYBODY[: 3 if place is None else place], step
            waits = house.status == "waiting_for_connection"
        await end(house)
        assert waits == (step != "poll"), step
        assert who(watch) == EVERYBODY, step
        assert words(watch.events) == ["raised", *TOLD, "unacknowledged"], step
        waiting = ["waiting_for_connection", "alerting"] * waits
        assert words(watch.statuses) == ["alerting", *waiting, "unacknowledged"], step
        assert len(watch.reasons) == 1, step

    watch = await begin(house)
    async with outage(house, names):
        await cancel(house)
        await hop(house, 60)
        assert who(watch) == EVERYBODY[:2]
    await end(house)
    assert who(watch) == EVERYBODY[:2] * 2
    assert watch.texts[2:] == [CLEAR] * 2
    assert words(watch.events) == ["raised", *TOLD[:2], "cancelled", *TOLD[:2]]
    assert words(watch.statuses) == ["alerting", "cancelled"]
