"""Laws of alerts: random runs through Home Assistant and real HTTP, with random faults."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from itertools import count, product
import json
from pathlib import Path
from random import Random
import sys
from typing import Any, Final, Self
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import CONF_URL
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.storage import STORAGE_DIR

from custom_components.directcall.alerts import (
    AlertStatus,
    AlertUpdate,
    Channel,
    StepResult,
    async_alert_signal,
)
from custom_components.directcall.alerts.alert import ALL_CLEAR
from tests.common import (
    ENTRY_ID,
    NUMBER,
    PLACE_CALL,
    SEND,
    alert_data,
    make_account,
    pass_time,
    perform,
    running_home,
)
from tests.proxy import Proxy
from tests.simulator import Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)

SEEDS: Final = 200
# A few of them take some seconds.
QUICK_SEEDS: Final = 10
# The chance of an incident each time that time passes.
PROBABILITY: Final = 0.1
# The provider says no to this telephone.
REFUSING: Final = "0002"
# What the telephones do, by the last digits of their numbers.
TELEPHONES: Final = (
    "1111",  # Answers, and talks until it is hung up
    "7001",  # Is busy
    "7002",  # Never answers
    "7004",  # Hangs up by itself
    REFUSING,
    "9001",  # Reached, and the answer is lost
)
REPLIES: Final = (
    (Reply(drop=True),),
    (Reply(b"", 502),),
    (Reply(b'{"status": "erro", "codigo": "002"}'),),
    # Neither the token nor the next one is accepted.
    (Reply(b'{"status": "erro", "codigo": "006"}'),) * 2,
)
ENDS: Final = {AlertStatus.ACKNOWLEDGED, AlertStatus.UNACKNOWLEDGED, AlertStatus.CANCELLED}
TOLD: Final = {StepResult.ACCEPTED, StepResult.UNKNOWN}
# How often time passes until each run has long ended.
LONGEST: Final = 1500

type Turn = tuple[int, str, str]
"""A round, the ID of a contact, and a channel."""


class House:
    """A house with one alert, and its incidents, all from a seed."""

    def __init__(
        self, seed: int, simulator: Simulator, freezer: FrozenDateTimeFactory, folder: Path
    ) -> None:
        """Draw the alert."""
        self.random = Random(seed)
        self.simulator = simulator
        self.freezer = freezer
        self.folders = (folder / str(number) for number in count())
        self.told: list[Turn] = []
        """The turns as the telephone network saw them."""
        self.unsaved: list[str] = []
        """The contacts that were told before that was on the disk."""
        self.cut_off: set[Turn] = set()
        """The turns that were on the disk as being under way when the run may have ended."""
        self.updates: list[AlertUpdate] = []
        self.incidents: Counter[str] = Counter()
        self.deleted: set[str] = set()
        self.told_at_end = sys.maxsize
        """The number of turns when somebody had ended the alert."""
        draw = self.random.choice
        telephones = self.random.sample(TELEPHONES, self.random.randint(1, 4))
        self.contacts = {f"Contact {digits}": NUMBER + digits for digits in telephones}
        self.ids = {digits: f"01CONTACT{number}" for number, digits in enumerate(telephones)}
        self.rounds = draw([1, 2, 3])
        self.channels = self.random.sample([*Channel], self.random.randint(1, 3))
        self.at_once = draw([True, False])
        self.hours = draw([0, 24])
        self.data = alert_data(
            contacts=self.ids.values(),
            how={
                "channels": [*map(str, self.channels)],
                "at_once": self.at_once,
                "time_each": {"seconds": draw([10, 45, 120])},
                "rounds": self.rounds,
                "pause": {"seconds": draw([0, 20, 120])},
            },
            acknowledgement={"answer_acknowledges": self.random.random() < 0.1},
            keep_trying={"hours": self.hours, "seconds": draw([0, 60])},
        )
        self.hass: HomeAssistant
        self.account: MockConfigEntry
        self.line: Proxy
        self.stop_listening: CALLBACK_TYPE
        self._file_when_killed: bytes | None = None
        self._stack = AsyncExitStack()
        simulator.on_message = lambda message: self._note(
            Channel.VOICE_MESSAGE if message.is_spoken else Channel.SMS, *message.destinations
        )
        simulator.on_call = lambda call: self._note(Channel.CALL, call.destination)

    def _note(self, channel: Channel, *numbers: str) -> None:
        """Note the turns that reach the telephone network."""
        contacts = {self.ids[number[-4:]] for number in numbers}
        turns = [turn for turn in self.under_way() if turn[1] in contacts and turn[2] == channel]
        # A run that has ended is taken off the disk while its last request is in the air.
        gone = contacts - {contact for _, contact, _ in turns}
        turns += [turn for turn in self.cut_off if turn[1] in gone and turn[2] == channel]
        self.told += turns
        self.unsaved += contacts - {contact for _, contact, _ in turns}

    @property
    def file(self) -> Path:
        """Return the account's file."""
        return Path(self.hass.config.path(STORAGE_DIR, f"directcall.{ENTRY_ID}"))

    def saved(self) -> list[dict[str, Any]]:
        """Return the runs that are on the disk."""
        runs: list[dict[str, Any]] = json.loads(self.file.read_text())["data"]["alerts"]
        return runs

    def under_way(self) -> set[Turn]:
        """Return the turns that are on the disk as being under way, or cut off by the end."""
        last = {
            (step["contact"], step["channel"]): (step, run["end"])
            for run in self.saved()
            for step in run["steps"]
        }
        return {
            (step["round"], step["contact"], step["channel"])
            for step, end in last.values()
            if step["result"] == StepResult.UNDER_WAY
            or (end and step["result"] == StepResult.UNKNOWN)
        }

    async def start(self, file: bytes | None = None) -> None:
        """Start Home Assistant, on the file of one that was killed if there is any."""
        folder = next(self.folders)
        folder.mkdir(parents=True)
        self._stack = AsyncExitStack()
        self.line = Proxy(self.simulator.port)
        await self.line.start()
        self._stack.push_async_callback(self.line.stop)
        self.hass = await self._stack.enter_async_context(running_home(str(folder)))
        if file:
            self.file.parent.mkdir(exist_ok=True)
            self.file.write_bytes(file)
        self.stop_listening = async_dispatcher_connect(
            self.hass, async_alert_signal("01ALERT0"), self._async_updated
        )
        self.account = make_account(
            self.simulator,
            data={CONF_URL: self.line.url},
            contacts=self.contacts,
            alerts={"Fogo": self.data},
            options={"spending_limit": 0},
            entry_id=ENTRY_ID,
        )
        self.account.add_to_hass(self.hass)
        for contact in self.deleted:
            self.hass.config_entries.async_remove_subentry(self.account, contact)
        await self.hass.config_entries.async_setup(ENTRY_ID)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    @callback
    def _async_updated(self, update: AlertUpdate) -> None:
        self.updates.append(update)

    async def stop(self) -> None:
        """Stop Home Assistant."""
        await self.hass.config_entries.async_unload(ENTRY_ID)
        await self.hass.async_block_till_done(wait_background_tasks=True)
        await self._stack.aclose()

    async def play(self, incidents: Sequence[Callable[[Self], Awaitable[None]]]) -> None:
        """Raise the alert, and let time pass until its run is forgotten."""
        await perform(self.hass, "raise_alert", {"name": "Fogo"})
        await pass_time(self.hass, self.freezer, 1)
        for _ in range(LONGEST):
            if not self.saved():
                return
            passing = asyncio.create_task(
                pass_time(self.hass, self.freezer, self.random.choice([1, 3, 10, 30]))
            )
            if incidents and self.random.random() < PROBABILITY:
                # Any moment of what time brings about.
                for _ in range(self.random.randrange(100)):
                    await asyncio.sleep(0)
                incident = self.random.choice(incidents)
                await incident(self)
                self.incidents[incident.__name__] += 1
            await passing
            if file := self._file_when_killed:
                self._file_when_killed = None
                await self.stop()
                await self.start(file)
        pytest.fail("The run does not end")

    async def acknowledge(self) -> None:
        """Say that the alert was seen."""
        await self._end("acknowledge_alert")

    async def call_off(self) -> None:
        """Call the alert off."""
        await self._end("cancel_alert")

    async def call_off_with_a_word(self) -> None:
        """Call the alert off, and say so to those who were told."""
        await self._end("cancel_alert", message="All clear.")

    async def _end(self, action: str, **data: str) -> None:
        self.cut_off |= self.under_way()
        with suppress(HomeAssistantError):
            await perform(self.hass, action, data)
            # Until it is on the disk, and what was under way has ended.
            await pass_time(self.hass, self.freezer, 1)
            self.told_at_end = len(self.told)

    async def delete_contact(self) -> None:
        """Delete a contact."""
        self.cut_off |= self.under_way()
        contact = self.random.choice([*self.ids.values()])
        if contact not in self.deleted:
            self.deleted.add(contact)
            self.hass.config_entries.async_remove_subentry(self.account, contact)

    async def reload(self) -> None:
        """Reload the account."""
        await self.hass.config_entries.async_reload(ENTRY_ID)

    async def disable(self) -> None:
        """Disable the account for a while."""
        entries = self.hass.config_entries
        await entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
        await pass_time(self.hass, self.freezer, self.random.choice([1, 60]))
        await entries.async_set_disabled_by(ENTRY_ID, None)

    async def kill(self) -> None:
        """Kill Home Assistant: nothing is written or sent from now on."""
        self._file_when_killed = self.file.read_bytes()
        self.stop_listening()
        await self.line.stop()

    async def lose_line(self) -> None:
        """Cut the line for a while."""
        await self.line.stop()
        await pass_time(self.hass, self.freezer, 10, times=self.random.choice([1, 10, 70]))
        await self.line.start()

    async def spoil_reply(self) -> None:
        """Spoil the next reply."""
        endpoint = self.random.choice([SEND, PLACE_CALL])
        self.simulator.reply(endpoint, *self.random.choice(REPLIES))

    def check(self) -> None:
        """Check the laws."""
        run = self.updates[-1].run
        assert run.end in ENDS
        ends = [each for each in self.updates if each.event and each.event.type.value in ENDS]
        assert 1 <= len(ends) <= 1 + self.incidents["kill"]
        assert self.unsaved == []
        # Nobody is told twice in a turn, and what the house knows is what happened.
        assert len(self.told) == len(set(self.told))
        results = {(each.round, each.contact, each.channel): each.result for each in run.steps}
        assert len(results) == len(run.steps)
        assert set(self.told) <= {turn for turn in results if results[turn] in TOLD}
        assert set(self.told) >= {turn for turn in results if results[turn] is StepResult.ACCEPTED}
        refused = {turn[1:] for turn in results if results[turn] is StepResult.REFUSED}
        if self.hours and not self.incidents["spoil_reply"]:
            # Messages to others wait until the line is back. A contact may still talk in a call.
            messages = [contact for contact, channel in refused if channel is not Channel.CALL]
            assert set(messages) <= {self.ids.get(REFUSING)}
        # Nobody is told after the end, but that all is clear.
        after_end = self.told[self.told_at_end :]
        assert {round_ for round_, _, _ in after_end} <= {ALL_CLEAR}
        assert run.all_clear is not None or not any(turn[0] == ALL_CLEAR for turn in results)
        # Everybody who was not deleted is told in each round, in this order, until the end.
        is_whole = run.end is AlertStatus.UNACKNOWLEDGED
        order = [contact for contact in self.ids.values() if contact not in self.deleted]
        channels = [channel for channel in Channel if channel in self.channels]
        assert order or not is_whole or self.deleted
        for group in [[contact] for contact in order] if self.at_once else [order]:
            taken = [turn for turn in results if turn[0] != ALL_CLEAR and turn[1] in group]
            expected = [*product(range(1, self.rounds + 1), group, channels)]
            assert taken == expected[: None if is_whole else len(taken)]


INCIDENTS: Final = (
    House.acknowledge,
    House.call_off,
    House.call_off_with_a_word,
    House.delete_contact,
    House.reload,
    House.disable,
    House.kill,
    House.lose_line,
    House.spoil_reply,
)


@pytest.fixture
def patient_disk() -> Iterator[None]:
    """Let each step wait for a disk that is slow, because the machine is busy."""
    with patch("custom_components.directcall.alerts.active_run._DISK", 60):
        yield


@pytest.mark.usefixtures("no_pauses", "patient_disk")
@pytest.mark.parametrize(
    "seed",
    [
        *range(QUICK_SEEDS),
        *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(QUICK_SEEDS, SEEDS)),
    ],
)
async def test_laws(
    seed: int, simulator: Simulator, freezer: FrozenDateTimeFactory, tmp_path: Path
) -> None:
    """Nobody is told twice in a turn, or after the end. All are told in order. All runs end."""
    house = House(seed, simulator, freezer, tmp_path)
    await house.start()
    await house.play(house.random.sample(INCIDENTS, house.random.randint(0, 4)))
    await house.stop()
    house.check()
