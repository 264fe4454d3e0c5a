"""Alerts while the line is down, the provider refuses, or the disk hangs."""

from collections.abc import Callable, Iterator, Mapping
from threading import Event
import time
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.util.file import write_utf8_file_atomic

from custom_components.directcall.api import AcceptedRequest, DirectcallClient
from tests.alerts.common import (
    ALERT,
    CALL,
    NAMES,
    STATUS,
    VOICE,
    Watch,
    met,
    raise_alert,
    watch_for,
    who,
    words,
)
from tests.common import (
    REFUSED,
    REQUEST_TOKEN,
    SEND,
    TOKEN_LOST,
    alert_data,
    make_account,
    perform,
    set_up,
    skip,
    state_of,
)
from tests.disk import hass_config_dir, hass_storage
from tests.hard_days.common import LOST, SILENT
from tests.proxy import Proxy, Reach
from tests.simulator import Reply, Simulator

__all__ = ["hass_config_dir", "hass_storage"]

pytestmark = pytest.mark.usefixtures("no_pauses")

MINUTE = 60
TOKEN_REJECTED = Reply(b'{"status": "erro", "codigo": "006"}')
NO_CREDIT = Reply(b'{"status": "erro", "codigo": "201"}')
RINGS_IN_VAIN = "+55 41 99999-7002"
OTHER = "Water"
DELIVERY = "custom_components.directcall.alerts.delivery"
CLIENT = "custom_components.directcall.api.DirectcallClient"
CALLS = "custom_components.directcall.calls.CallManager"
IN_ORDER = [(VOICE, name) for name in NAMES]

type Tries = Callable[[], list[int]]


@pytest.fixture
def tries() -> Iterator[Tries]:
    """Return what tells the seconds at which a voice message was tried, since the first try."""
    moments: list[float] = []
    send = DirectcallClient.send_voice_message

    async def send_and_note(*args: Any) -> AcceptedRequest:
        moments.append(time.time())
        return await send(*args)

    with patch.object(DirectcallClient, "send_voice_message", send_and_note):
        yield lambda: [round(moment - moments[0]) for moment in moments]


async def far_alarm(
    hass: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    *others: str,
    contacts: Mapping[str, str] = NAMES,
    **data: Any,
) -> MockConfigEntry:
    """Set up an account behind a line, with an alert that tells all contacts, or several."""
    ids = [f"01CONTACT{number}" for number in range(len(contacts))]
    alerts = dict.fromkeys([ALERT, *others], alert_data(contacts=ids, **data))
    account = make_account(simulator, data={CONF_URL: line.url}, contacts=contacts, alerts=alerts)
    return await set_up(hass, account)


async def test_tries_while_the_line_is_down(
    home: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    tries: Tries,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Nothing is lost while the line is down: tries come after 5 s, and twice that, up to 60 s."""
    await far_alarm(home, simulator, line, keep_trying={"minutes": 10})
    watch = Watch(home, simulator)
    await line.stop()
    await raise_alert(home)
    await watch_for(home, freezer, 5 * MINUTE, step=5)
    assert tries() == [0, 5, 15, 35, 75, 135, 195, 255]
    assert watch.statuses == [(0, "alerting"), (0, "waiting_for_connection")]
    assert watch.events == [(0, "raised")]
    state = home.states.get(STATUS)
    assert state is not None
    assert state.attributes["contact"] == "Maria"


async def test_line_that_comes_back(
    home: HomeAssistant, simulator: Simulator, line: Proxy, freezer: FrozenDateTimeFactory
) -> None:
    """Everybody is told in order, and nobody twice."""
    await far_alarm(home, simulator, line, how={"rounds": 1})
    watch = Watch(home, simulator)
    await line.stop()
    await raise_alert(home)
    await watch_for(home, freezer, 3 * MINUTE)
    await line.start()
    await watch_for(home, freezer, 10 * MINUTE)
    assert watch.told == [(200, VOICE, "Maria"), (320, VOICE, "João"), (440, VOICE, "Rosa")]
    assert watch.statuses[1:] == [
        (0, "waiting_for_connection"),
        (200, "alerting"),
        (560, "unacknowledged"),
    ]


async def test_line_that_goes_down_in_the_middle(
    home: HomeAssistant, simulator: Simulator, line: Proxy, freezer: FrozenDateTimeFactory
) -> None:
    """Who was told is not told again when the line is back."""
    await far_alarm(home, simulator, line, how={"rounds": 1})
    watch = Watch(home, simulator)
    await raise_alert(home)
    await line.stop()
    await watch_for(home, freezer, 3 * MINUTE)
    await line.start()
    await watch_for(home, freezer, 10 * MINUTE)
    assert who(watch) == IN_ORDER


async def test_new_token_while_the_alert_waits(
    home: HomeAssistant, simulator: Simulator, line: Proxy, freezer: FrozenDateTimeFactory
) -> None:
    """A new token shows that the line is back, so that nobody waits for the next try."""
    await far_alarm(home, simulator, line)
    watch = Watch(home, simulator)
    await line.stop()
    await raise_alert(home)
    await watch_for(home, freezer, 80)
    await line.start()
    simulator.end_tokens()
    await perform(home, "list_recordings", {})
    await home.async_block_till_done(wait_background_tasks=True)
    assert watch.told == [(80, VOICE, "Maria")]


async def test_try_of_another_alert(
    home: HomeAssistant, simulator: Simulator, line: Proxy, freezer: FrozenDateTimeFactory
) -> None:
    """The try of an alert that succeeds lets all others go on at once."""
    await far_alarm(home, simulator, line, OTHER)
    watch = Watch(home, simulator)
    await line.stop()
    await raise_alert(home)
    await watch_for(home, freezer, 80)
    await raise_alert(home, name=OTHER)
    await line.start()
    await watch_for(home, freezer, 5, step=5)
    assert watch.told == [(85, VOICE, "Maria"), (85, VOICE, "Maria")]


async def test_line_that_stays_down(
    home: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    tries: Tries,
    freezer: FrozenDateTimeFactory,
) -> None:
    """After the time for which the alert keeps trying, each contact is tried once in a round."""
    await far_alarm(
        home,
        simulator,
        line,
        how={"rounds": 2, "pause": {"seconds": 0}},
        keep_trying={"seconds": 60},
    )
    watch = Watch(home, simulator)
    await line.stop()
    await raise_alert(home)
    await watch_for(home, freezer, 5 * MINUTE, step=5)
    assert tries() == [0, 5, 15, 35, 75, 75, 75, 105, 105, 105]
    not_told = [f"undelivered {name}" for name in NAMES]
    assert watch.events == [
        (0, "raised"),
        *((75, event) for event in not_told),
        *((105, event) for event in not_told),
        (105, "unacknowledged"),
    ]
    assert "connection" in watch.reasons[0]
    assert watch.statuses[1:] == [
        (0, "waiting_for_connection"),
        (75, "pausing"),
        (105, "alerting"),
        (105, "unacknowledged"),
    ]


async def test_alert_that_does_not_keep_trying(
    home: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    tries: Tries,
    freezer: FrozenDateTimeFactory,
) -> None:
    """An alert that is to try once goes on with the next contact, and says so."""
    await far_alarm(home, simulator, line, how={"rounds": 2}, keep_trying={"seconds": 0})
    watch = Watch(home, simulator)
    await line.stop()
    await raise_alert(home)
    assert tries() == [0, 0, 0]
    await line.start()
    await watch_for(home, freezer, 10 * MINUTE)
    assert watch.told == [(120, VOICE, "Maria"), (240, VOICE, "João"), (360, VOICE, "Rosa")]
    assert {status for _, status in watch.statuses} == {"alerting", "pausing", "unacknowledged"}


@pytest.mark.parametrize("reply", [TOKEN_LOST, REFUSED])
async def test_no_token(
    home: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    freezer: FrozenDateTimeFactory,
    reply: Reply,
) -> None:
    """Without a token nothing was sent, so the alert waits for one."""
    await far_alarm(home, simulator, line, how={"rounds": 1})
    watch = Watch(home, simulator)
    simulator.end_tokens()
    simulator.reply(REQUEST_TOKEN, *[reply] * 1000)
    await raise_alert(home)
    await watch_for(home, freezer, 3 * MINUTE, step=5)
    assert state_of(home, STATUS) == "waiting_for_connection"
    simulator.forget_replies(REQUEST_TOKEN)
    await watch_for(home, freezer, 10 * MINUTE)
    assert who(watch) == IN_ORDER
    # The coordinator may be faster than the alert's own next try.
    assert 180 <= watch.told[0][0] <= 240


async def test_tokens_that_are_not_accepted(
    home: HomeAssistant, simulator: Simulator, line: Proxy, freezer: FrozenDateTimeFactory
) -> None:
    """A new token that may be of no use either does not make alerts try without a pause."""
    await far_alarm(home, simulator, line, how={"rounds": 1})
    watch = Watch(home, simulator)
    simulator.reply(SEND, *[TOKEN_REJECTED] * 1000)
    await raise_alert(home)
    await perform(home, "list_recordings", {})
    await home.async_block_till_done(wait_background_tasks=True)
    # A try asks twice, the second time with a new token.
    assert simulator.requests[SEND] == 2
    await watch_for(home, freezer, 5, step=5)
    assert simulator.requests[SEND] == 4
    simulator.forget_replies(SEND)
    await watch_for(home, freezer, 10 * MINUTE)
    assert who(watch) == IN_ORDER


async def test_no_credit(
    home: HomeAssistant, simulator: Simulator, line: Proxy, freezer: FrozenDateTimeFactory
) -> None:
    """Without credit nobody is tried again in this round, and all are told once there is some."""
    await far_alarm(home, simulator, line, how={"rounds": 2, "pause": {"seconds": 0}})
    watch = Watch(home, simulator)
    simulator.reply(SEND, *[NO_CREDIT] * 3)
    await raise_alert(home)
    assert watch.events == [(0, "raised"), *((0, f"undelivered {name}") for name in NAMES)]
    assert state_of(home, STATUS) == "pausing"
    await watch_for(home, freezer, 10 * MINUTE)
    assert watch.told == [(30, VOICE, "Maria"), (150, VOICE, "João"), (270, VOICE, "Rosa")]


@pytest.mark.parametrize(
    "fault", ["closed unheard", "reset before the answer", "closed in the body"]
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_lost_answers(
    home: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    freezer: FrozenDateTimeFactory,
    fault: str,
    at_once: bool,
) -> None:
    """Contacts that may have been told are not told again, and the alert goes on."""
    await far_alarm(home, simulator, line, how={"rounds": 1, "at_once": at_once})
    watch = Watch(home, simulator)
    line.always = LOST[fault]
    await raise_alert(home)
    await watch_for(home, freezer, 20 * MINUTE)
    reached = LOST[fault].reach is Reach.PROVIDER
    assert who(watch) == (IN_ORDER if reached else [])
    assert words(watch.events[1:-1]) == [f"told {name}" for name in NAMES]
    assert watch.events[-1] == (120 if at_once else 360, "unacknowledged")


@pytest.mark.freeze_time(tick=True)
async def test_answer_that_never_comes(
    home: HomeAssistant, simulator: Simulator, line: Proxy, freezer: FrozenDateTimeFactory
) -> None:
    """A provider that says nothing holds the alert back for a while, and not for ever."""
    await far_alarm(home, simulator, line, how={"rounds": 1})
    watch = Watch(home, simulator)
    line.faults.append(SILENT["silence after it was done"])
    await perform(home, "raise_alert", {"name": ALERT})
    await line.until_slow()
    skip(freezer, MINUTE)
    await home.async_block_till_done(wait_background_tasks=True)
    assert words(watch.events) == ["raised", "told Maria"]
    await watch_for(home, freezer, 10 * MINUTE)
    assert who(watch) == IN_ORDER


class Disk:
    """A disk that hangs until it is released."""

    def __init__(self) -> None:
        """Hang."""
        self.released = Event()
        self.writes = 0

    def write(self, *args: Any, **kwargs: Any) -> None:
        """Write a file once the disk goes on."""
        self.writes += 1
        self.released.wait(30)
        write_utf8_file_atomic(*args, **kwargs)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Return a disk that hangs until the end of the test at most."""
    disk = Disk()
    with patch("homeassistant.helpers.storage.write_utf8_file_atomic", disk.write):
        yield disk
        disk.released.set()


def turn(hass: HomeAssistant) -> str | None:
    """Return whose turn it is."""
    state = hass.states.get(STATUS)
    return str(state.attributes["contact"]) if state else None


async def test_disk_that_hangs(
    home: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    freezer: FrozenDateTimeFactory,
    request: pytest.FixtureRequest,
) -> None:
    """A step waits half a second for the disk, and is done then."""
    await far_alarm(home, simulator, line, how={"rounds": 1})
    watch = Watch(home, simulator)
    disk: Disk = request.getfixturevalue("disk")
    await perform(home, "raise_alert", {"name": ALERT})
    assert await met(home, lambda: disk.writes)
    freezer.tick(0.4)
    assert not await met(home, lambda: watch.told, 0.2)
    freezer.tick(0.2)
    # The reply has to be there before the clock goes on.
    assert await met(home, lambda: watch.events[1:])
    assert who(watch) == IN_ORDER[:1]
    # Each later step waits for no longer, although the disk hangs still.
    freezer.tick(120)
    async_fire_time_changed(home)
    assert await met(home, lambda: turn(home) == "João")
    assert not await met(home, lambda: len(watch.told) > 1, 0.2)
    freezer.tick(0.6)
    assert await met(home, lambda: len(watch.told) > 1)
    disk.released.set()
    await watch_for(home, freezer, 10 * MINUTE)
    assert who(watch) == IN_ORDER


@pytest.mark.parametrize(
    ("faulty", "during"),
    [
        (
            (f"{CLIENT}.send_voice_message", f"{CLIENT}.place_call", f"{CLIENT}.end_call"),
            {"during a request"},
        ),
        (
            (
                f"{DELIVERY}.async_send_message",
                f"{CALLS}.async_place",
                f"{CALLS}.async_hang_up_call",
            ),
            {
                "while sending the message of an alert",
                "while placing the call of an alert",
                "while hanging up the call of an alert",
            },
        ),
    ],
)
async def test_unexpected_error(
    home: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    faulty: tuple[str, str, str],
    during: set[str],
) -> None:
    """A fault of ours silences nobody, and is logged: who may have been told is not told again."""
    fault = ValueError("a fault")
    contacts = NAMES | {"João": RINGS_IN_VAIN}
    how = {"rounds": 1, "channels": [VOICE, CALL], "time_each": {"seconds": 20}}
    await far_alarm(home, simulator, line, how=how, contacts=contacts)
    watch = Watch(home, simulator, contacts)
    send, place, hang_up = faulty
    with patch(send, side_effect=fault), patch(place, side_effect=fault):
        await raise_alert(home)
        await watch_for(home, freezer, 30)
    with patch(hang_up, side_effect=fault):
        await watch_for(home, freezer, 5 * MINUTE)
    assert watch.told == [
        (40, VOICE, "João"),
        (60, CALL, "João"),
        (80, VOICE, "Rosa"),
        (100, CALL, "Rosa"),
    ]
    assert watch.events[1:3] == [(0, "told Maria"), (20, "told Maria")]
    assert {f"Unexpected error {words}" for words in during} <= set(caplog.messages)
