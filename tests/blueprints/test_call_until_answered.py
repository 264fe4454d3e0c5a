"""Blueprint of the script that calls one telephone after the other."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceNotFound
from homeassistant.util import dt as dt_util

from custom_components.directcall.const import DOMAIN
from tests.blueprints.common import CONTACTS, ONCE, SEEN, SHORT, Caller, at_rest, see
from tests.common import device_of, place_call
from tests.simulator import Simulator


@pytest.mark.freeze_time(tick=True)
async def test_calls_until_somebody_answers(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """After no credit, a busy line or no answer the next contact is called, until one answers."""
    await caller.start(
        "no credit", "busy", "never answers", "answers", "answers too", ring_time=SHORT
    )
    await caller.finish(60)
    assert caller.called == ["7001", "7002", "0000"]
    assert caller.still_up == 0
    assert [call.line.ended for call in simulator.calls] == [False, True, False]
    assert all(call.rings_first == call.destination for call in simulator.calls)
    await caller.pass_time(10)
    assert simulator.calls[-1].line.legs() is not None
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
async def test_unanswered_list_is_notified(
    caller: Caller, notifications: list[ServiceCall]
) -> None:
    """The list is called twice, and then a notification says that no contact answered."""
    await caller.start("busy", "declines")
    await caller.finish(120)
    assert caller.called == ["7001", "7003"] * 2
    assert 60 <= caller.rang_at[2] - caller.rang_at[1] < 90
    [notification] = notifications
    assert notification.data["title"] == "Made of it"
    assert notification.data["message"]


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize(("rounds", "pause"), [(1, {"minutes": 1}), (3, "00:01:00"), (2, 0)])
async def test_rounds(
    caller: Caller, notifications: list[ServiceCall], rounds: int, pause: Any
) -> None:
    """The whole list is called as often as one wants, with pauses between, and none after."""
    await caller.start("busy", "no credit", rounds=rounds, pause=pause)
    await caller.finish(200)
    assert caller.called == ["7001"] * rounds
    pauses = [later - one for one, later in zip(caller.rang_at, caller.rang_at[1:], strict=False)]
    assert all(60 <= each < 75 if pause else each < 15 for each in pauses)
    assert dt_util.utcnow().timestamp() - caller.rang_at[-1] < 45
    assert len(notifications) == 1


@pytest.mark.freeze_time(tick=True)
@pytest.mark.parametrize(
    ("ring_time", "at_least", "at_most"), [({"seconds": 0}, 9, 20), ({"hours": 1}, 25, 45)]
)
async def test_ring_time_is_limited(
    caller: Caller,
    simulator: Simulator,
    notifications: list[ServiceCall],
    ring_time: dict[str, int],
    at_least: int,
    at_most: int,
) -> None:
    """A ring time out of range becomes the nearest valid one."""
    await caller.start("never answers", rounds=1, ring_time=ring_time)
    await caller.finish(60)
    assert caller.called == ["7002"]
    assert at_least < dt_util.utcnow().timestamp() - caller.rang_at[0] < at_most
    assert len(notifications) == 1


@pytest.mark.freeze_time(tick=True)
async def test_leaves_a_conversation_alone(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """A call that was there before is not hung up by who could place none beside it."""
    caller.hass.states.async_set(SEEN, "off")
    await place_call(caller.hass, destination=CONTACTS["answers"])
    await caller.start("answers", seen_entity=SEEN, **ONCE)
    await caller.finish(20)
    assert [call.line.ended for call in simulator.calls] == [False]
    assert len(notifications) == 1


@pytest.mark.freeze_time(tick=True)
async def test_leaves_a_conversation_alone_in_the_pause(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall]
) -> None:
    """The confirmation does not hang up calls that the blueprint did not place."""
    at_rest(caller.hass, SEEN)
    await place_call(caller.hass, destination=CONTACTS["answers"])
    await caller.start("answers", seen_entity=SEEN)
    await caller.pass_time(10)
    see(caller.hass, SEEN)
    await caller.finish(5)
    assert [call.line.ended for call in simulator.calls] == [False]
    assert notifications == []


@pytest.mark.freeze_time(tick=True)
async def test_goes_on_after_a_lost_answer(caller: Caller, simulator: Simulator) -> None:
    """A call of which it is not known at first whether it was placed counts once it turns up."""
    await caller.start("lost", "answers", **ONCE)
    await caller.finish(60)
    assert caller.called == ["9002"]
    assert simulator.requests["voz/call"] == 1


@pytest.mark.freeze_time(tick=True)
async def test_inputs_from_yaml(
    caller: Caller, simulator: Simulator, notifications: list[ServiceCall], account: MockConfigEntry
) -> None:
    """Durations as text or numbers and a single contact are accepted."""
    at_rest(caller.hass, SEEN)
    contact = device_of(caller.hass, account, "answers")
    await caller.start(
        contacts=contact, ring_time="00:00:30", pause=10, confirmation_time=20, seen_entity=SEEN
    )
    await caller.finish(120)
    assert caller.called == ["0000"] * 2
    assert 30 <= caller.rang_at[1] - caller.rang_at[0] < 50
    assert len(notifications) == 1


@pytest.mark.freeze_time(tick=True)
async def test_ends_without_the_action(caller: Caller) -> None:
    """A list that cannot be called because the integration is gone does not go on for ever."""
    caller.hass.services.async_remove(DOMAIN, "place_call")
    await caller.make("script", "answers")
    run = caller.hass.async_create_task(
        caller.hass.services.async_call("script", "made_of_it", blocking=True)
    )
    await caller.pass_time(400, step=10, until=run.done)
    assert caller.is_over
    with pytest.raises(ServiceNotFound):
        await run


@pytest.mark.freeze_time(tick=True)
async def test_another_start_is_ignored(
    caller: Caller, notifications: list[ServiceCall], caplog: pytest.LogCaptureFixture
) -> None:
    """An event that repeats does not restart the list from its first contact."""
    await caller.start("never answers", "busy", **ONCE)
    for _ in range(3):
        await caller.pass_time(5)
        await caller.start_again()
    await caller.finish(40)
    assert caller.called == ["7002", "7001"]
    assert len(notifications) == 1
    assert "Already running" not in caplog.text
