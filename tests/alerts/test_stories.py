"""Stories of alerts: which telephone is told when, and what the house says of it."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from tests.alerts.common import (
    ALERT,
    CALL,
    NAMES,
    SMS,
    STATUS,
    VOICE,
    Watch,
    alarm,
    press,
    raise_alert,
    watch_for,
    words,
)
from tests.common import (
    CALL as CALL_EVENT,
    TEXT,
    alert_data,
    make_account,
    perform,
    set_up,
    state_of,
)
from tests.simulator import Simulator

RINGS_IN_VAIN = "+55 41 99999-7002"
HANGS_UP = "+55 41 99999-7004"
DECLINES = "+55 41 99999-7003"
REFUSED = ("+55 41 99999-0201", "+55 41 99999-0102", "+55 41 99999-0008")
LOST = "+55 41 99999-9001"
MINUTE = 60

type Told = list[tuple[int, str, str]]

# What the form says, the numbers of the contacts that differ, and which telephone is told when.
STORIES: dict[str, tuple[dict[str, Any], dict[str, str], Told]] = {
    "one after the other, round by round": (
        {"rounds": 2},
        {},
        [
            (0, VOICE, "Maria"),
            (120, VOICE, "João"),
            (240, VOICE, "Rosa"),
            # After the time to acknowledge, and the pause.
            (480, VOICE, "Maria"),
            (600, VOICE, "João"),
            (720, VOICE, "Rosa"),
        ],
    ),
    "all at once": (
        {"at_once": True, "rounds": 2, "pause": {"minutes": 10}},
        {},
        [
            (0, VOICE, "Maria"),
            (0, VOICE, "João"),
            (0, VOICE, "Rosa"),
            (720, VOICE, "Maria"),
            (720, VOICE, "João"),
            (720, VOICE, "Rosa"),
        ],
    ),
    "without a pause": (
        {"rounds": 2, "pause": {"seconds": 0}, "time_each": {"seconds": 30}},
        {},
        [
            (0, VOICE, "Maria"),
            (30, VOICE, "João"),
            (60, VOICE, "Rosa"),
            (90, VOICE, "Maria"),
            (120, VOICE, "João"),
            (150, VOICE, "Rosa"),
        ],
    ),
    "message, voice, and then a call that is hung up where it rings in vain": (
        {"channels": [CALL, VOICE, SMS], "rounds": 1, "time_each": {"seconds": 20}},
        {"Maria": RINGS_IN_VAIN, "Rosa": HANGS_UP},
        [
            (0, SMS, "Maria"),
            (0, VOICE, "Maria"),
            (20, CALL, "Maria"),
            (40, SMS, "João"),
            (40, VOICE, "João"),
            (60, CALL, "João"),
            (80, SMS, "Rosa"),
            (80, VOICE, "Rosa"),
            (100, CALL, "Rosa"),
        ],
    ),
    "refused: the next at once, and each round takes half a minute": (
        {"rounds": 2, "pause": {"seconds": 0}, "time_each": {"seconds": 20}},
        dict(zip(NAMES, REFUSED, strict=True)),
        [],
    ),
    "a lost answer counts as told": (
        {"rounds": 1},
        {"Maria": LOST},
        [(0, VOICE, "Maria"), (120, VOICE, "João"), (240, VOICE, "Rosa")],
    ),
}


@pytest.mark.parametrize("story", STORIES)
async def test_order_of_telephones(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, story: str
) -> None:
    """Each contact is told in its turn, until all rounds are over, and the house says so."""
    how, numbers, told = STORIES[story]
    contacts = NAMES | numbers
    watch = Watch(home, simulator, contacts)
    await alarm(home, simulator, how, contacts)
    await raise_alert(home)
    await watch_for(home, freezer, 20 * MINUTE)
    assert watch.told == told
    assert watch.events[0] == (0, "raised")
    assert [event for event in watch.events if event[1] == "unacknowledged"] == watch.events[-1:]
    assert state_of(home, STATUS) == "unacknowledged"


async def test_statuses(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """The status says when the house waits between two rounds, and that nobody reacted."""
    watch = Watch(home, simulator)
    await alarm(home, simulator, {"rounds": 2})
    await raise_alert(home)
    await watch_for(home, freezer, 7 * MINUTE)
    state = home.states.get(STATUS)
    assert state is not None
    assert (state.state, state.attributes["contact"]) == ("pausing", None)
    await watch_for(home, freezer, 13 * MINUTE)
    assert watch.statuses == [
        (0, "idle"),
        (0, "alerting"),
        (360, "pausing"),
        (480, "alerting"),
        (840, "unacknowledged"),
    ]


async def test_refusals_are_told(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A refusal is told with its reason, and the next contact does not wait for it."""
    watch = Watch(home, simulator)
    await alarm(home, simulator, {"rounds": 1}, NAMES | {"Maria": REFUSED[0]})
    await raise_alert(home)
    await watch_for(home, freezer, 5 * MINUTE)
    assert watch.told == [(0, VOICE, "João"), (120, VOICE, "Rosa")]
    assert watch.events == [
        (0, "raised"),
        (0, "undelivered Maria"),
        (0, "told João"),
        (120, "told Rosa"),
        (240, "unacknowledged"),
    ]
    assert "201" in watch.reasons[0]


async def test_call_is_hung_up_unless_somebody_talks(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A call that rings in vain is hung up for the next contact, and an answered one goes on."""
    contacts = NAMES | {"Maria": RINGS_IN_VAIN}
    watch = Watch(home, simulator, contacts)
    await alarm(
        home, simulator, {"channels": [CALL], "rounds": 1, "time_each": {"seconds": 20}}, contacts
    )
    await raise_alert(home)
    await watch_for(home, freezer, 10)
    assert watch.told == [(0, CALL, "Maria")]
    await watch_for(home, freezer, 40)
    assert watch.told == [(0, CALL, "Maria"), (20, CALL, "João"), (40, CALL, "Rosa")]
    assert (30, "answered João") in watch.events
    assert [call.line.ended for call in simulator.calls[:2]] == [True, False]
    # The contact rings first: a house in which nobody is would ring in vain.
    assert {call.form["inverter_discagem"] for call in simulator.calls} == {"s"}


async def test_one_voice_message_has_one_attempt(home: HomeAssistant, simulator: Simulator) -> None:
    """The provider does not call again by itself, because nothing could stop that."""
    await alarm(home, simulator)
    await raise_alert(home)
    await perform(home, "cancel_alert", {"message": "All is clear."})
    await home.async_block_till_done(wait_background_tasks=True)
    assert [message.form["num_tentativas"] for message in simulator.messages] == ["1", "1"]


async def test_newer_text(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Raised again, the alert goes on where it is, and says the newer text from then on."""
    watch = Watch(home, simulator)
    await alarm(home, simulator)
    first = await raise_alert(home, message="Smoke in the kitchen")
    await watch_for(home, freezer, MINUTE)
    second = await raise_alert(home, message="Smoke in the bedroom")
    await watch_for(home, freezer, MINUTE)
    assert watch.texts == ["Smoke in the kitchen", "Smoke in the bedroom"]
    assert watch.told == [(0, VOICE, "Maria"), (120, VOICE, "João")]
    assert (60, "repeated") in watch.events
    assert [first["repeated"], second["repeated"]] == [False, True]
    assert first["alert_id"] == second["alert_id"]


async def test_raised_again_in_the_last_round(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Raised again after the last one was told, the alert has one more round."""
    watch = Watch(home, simulator)
    how = {"rounds": 1, "pause": {"seconds": 0}}
    await alarm(home, simulator, how, {"Maria": NAMES["Maria"]})
    await raise_alert(home)
    await watch_for(home, freezer, 110)
    await raise_alert(home, message="Smoke in the bedroom")
    await watch_for(home, freezer, 5 * MINUTE)
    assert watch.told == [(0, VOICE, "Maria"), (120, VOICE, "Maria")]
    assert watch.texts[-1] == "Smoke in the bedroom"
    assert watch.events[-1] == (240, "unacknowledged")


async def test_calls_of_two_alerts(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Two alerts at once call one after the other, in turn, because they share the origin."""
    contacts = dict.fromkeys(NAMES, RINGS_IN_VAIN)
    contacts = {name: f"+55 41 9999{n}-7002" for n, name in enumerate(contacts)}
    watch = Watch(home, simulator, contacts)
    data = alert_data(
        contacts=["01CONTACT0", "01CONTACT1"],
        how={"channels": [CALL], "rounds": 1, "time_each": {"seconds": 20}},
    )
    other = {**data, "contacts": ["01CONTACT2"]}
    await set_up(
        home, make_account(simulator, contacts=contacts, alerts={ALERT: data, "Water": other})
    )
    await raise_alert(home)
    await raise_alert(home, name="Water")
    await watch_for(home, freezer, 2 * MINUTE)
    assert watch.told == [(0, CALL, "Maria"), (20, CALL, "Rosa"), (40, CALL, "João")]


async def test_call_that_ends_lets_another_alert_call(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """The origin's telephone is free for another alert as soon as a call is over."""
    contacts = {"Maria": DECLINES, "Rosa": RINGS_IN_VAIN}
    watch = Watch(home, simulator, contacts)
    how = {"channels": [CALL], "rounds": 1, "time_each": {"minutes": 5}}
    alerts = {
        name: alert_data(contacts=[contact], how=how)
        for name, contact in ((ALERT, "01CONTACT0"), ("Water", "01CONTACT1"))
    }
    await set_up(home, make_account(simulator, contacts=contacts, alerts=alerts))
    await raise_alert(home)
    await raise_alert(home, name="Water")
    assert watch.told == [(0, CALL, "Maria")]
    await watch_for(home, freezer, MINUTE, step=5)
    assert [name for _, _, name in watch.told] == ["Maria", "Rosa"]


async def test_call_says_whose_it_is(home: HomeAssistant, simulator: Simulator) -> None:
    """The call of an alert names the contact, and has the context of who raised the alert."""
    await alarm(home, simulator, {"channels": [CALL]})
    context = Context()
    data = {"name": ALERT}
    await home.services.async_call(
        "directcall", "raise_alert", data, blocking=True, context=context
    )
    await home.async_block_till_done(wait_background_tasks=True)
    state = home.states.get(CALL_EVENT)
    assert state is not None
    assert (state.attributes["contact"], state.context) == ("Maria", context)


async def test_sms_is_no_voice_message(home: HomeAssistant, simulator: Simulator) -> None:
    """The SMS of an alert shows at the contact's SMS alone."""
    await alarm(home, simulator, {"channels": [SMS]})
    await raise_alert(home)
    assert state_of(home, "notify.maria_voice_message") == "unknown"


async def test_test(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A test tells each contact once that it is one."""
    watch = Watch(home, simulator)
    await alarm(home, simulator)
    await press(home, "button.fire_test")
    await watch_for(home, freezer, 20 * MINUTE)
    assert watch.told == [(0, VOICE, "Maria"), (120, VOICE, "João"), (240, VOICE, "Rosa")]
    assert set(watch.texts) == {f"This is a test. {TEXT}"}


async def test_alarm_during_a_test(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A test does not swallow an alarm, which begins with the first contact."""
    watch = Watch(home, simulator)
    await alarm(home, simulator)
    await press(home, "button.fire_test")
    await watch_for(home, freezer, 30)
    assert not (await raise_alert(home))["repeated"]
    await watch_for(home, freezer, 2 * MINUTE)
    assert watch.told == [(0, VOICE, "Maria"), (30, VOICE, "Maria"), (150, VOICE, "João")]
    assert words(watch.events)[:4] == [
        "raised",
        "told Maria",
        "cancelled",
        "raised",
    ]
    with pytest.raises(ServiceValidationError, match=" active"):
        await press(home, "button.fire_test")


@pytest.mark.parametrize("channel", [VOICE, CALL])
async def test_spending_limit(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, channel: str
) -> None:
    """An automation that runs wild uses nothing up of what alerts may spend."""
    watch = Watch(home, simulator)
    contacts = {ALERT: alert_data(how={"rounds": 1, "channels": [channel]})}
    account = make_account(
        simulator, contacts=NAMES, alerts=contacts, options={"spending_limit": 1}
    )
    await set_up(home, account)
    await perform(home, "send_sms", {"destination": "Rosa", "message": "Hello"})
    with pytest.raises(HomeAssistantError):
        await perform(home, "send_sms", {"destination": "Rosa", "message": "Hello"})
    await raise_alert(home)
    await watch_for(home, freezer, 2 * MINUTE)
    assert watch.told == [(0, SMS, "Rosa"), (0, channel, "Maria")]
    assert watch.events[-2:] == [(120, "undelivered João"), (120, "unacknowledged")]
    assert "limit" in watch.reasons[0]


@pytest.mark.parametrize("at_once", [False, True])
async def test_message_waits_for_call_of_another_alert(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, at_once: bool
) -> None:
    """A telephone that rings for an alert gets the message of another one afterwards."""
    contacts = {"Maria": RINGS_IN_VAIN, "João": NAMES["João"]}
    watch = Watch(home, simulator, contacts)
    call = alert_data(
        contacts=["01CONTACT0"],
        how={"channels": [CALL], "rounds": 1, "time_each": {"seconds": 20}},
    )
    message = alert_data(how={"rounds": 1, "at_once": at_once})
    alerts = {ALERT: call, "Water": message}
    await set_up(home, make_account(simulator, contacts=contacts, alerts=alerts))
    await raise_alert(home)
    await raise_alert(home, name="Water")
    await watch_for(home, freezer, 5 * MINUTE, step=5)
    assert watch.told[0] == (0, CALL, "Maria")
    first, second = watch.told[1:]
    assert first == ((0, VOICE, "João") if at_once else (25, VOICE, "Maria"))
    assert second == ((25, VOICE, "Maria") if at_once else (145, VOICE, "João"))


async def test_call_waits_for_message_of_another_alert(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A telephone that may still ring with a voice message is called afterwards."""
    watch = Watch(home, simulator)
    call = alert_data(contacts=["01CONTACT0"], how={"channels": [CALL], "rounds": 1})
    alerts = {ALERT: alert_data(how={"rounds": 1}), "Water": call}
    await set_up(home, make_account(simulator, contacts=NAMES, alerts=alerts))
    await raise_alert(home)
    await raise_alert(home, name="Water")
    await watch_for(home, freezer, MINUTE, step=5)
    assert watch.told == [(0, VOICE, "Maria"), (30, CALL, "Maria")]


async def test_whose_turn_it_is(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """The status says whose turn it is, and in which round."""
    watch = Watch(home, simulator)
    how = {"rounds": 2, "pause": {"seconds": 0}, "time_each": {"seconds": 30}}
    await alarm(home, simulator, how, {"Maria": NAMES["Maria"]})
    await raise_alert(home)
    state = home.states.get(STATUS)
    assert state is not None
    assert (state.attributes["contact"], state.attributes["round"]) == ("Maria", 1)
    await watch_for(home, freezer, 30)
    state = home.states.get(STATUS)
    assert state is not None
    assert (state.attributes["contact"], state.attributes["round"]) == ("Maria", 2)
    assert watch.told == [(0, VOICE, "Maria"), (30, VOICE, "Maria")]
