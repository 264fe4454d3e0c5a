"""Alerts while the disk is full, read-only or slow."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
import errno
import logging
from threading import Event
import time
from time import sleep as real_sleep
from typing import Any, Final
from unittest.mock import patch

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.util.file import write_utf8_file_atomic

from tests.alerts.common import ALERT, VOICE, met, raise_alert, who, words
from tests.alerts.house import House, restart
from tests.common import perform
from tests.disk import hass_config_dir, hass_storage
from tests.hard_days.common import logged

__all__ = ["hass_config_dir", "hass_storage"]

pytestmark = pytest.mark.usefixtures("no_pauses")

EVERYBODY: Final = [(VOICE, "Maria"), (VOICE, "João")]
EVENTS: Final = ["raised", "told Maria", "told João", "unacknowledged"]
# Seconds.
WRITE_TAKES: Final = 20


def full() -> AbstractContextManager[object]:
    """Let the disk be full: files are made, and nothing is written to them."""
    error = OSError(errno.ENOSPC, "No space left on device")
    return patch("homeassistant.util.file.AtomicWriter.sync", side_effect=error)


def read_only() -> AbstractContextManager[object]:
    """Let no file be made."""
    error = OSError(errno.EROFS, "Read-only file system")
    return patch("homeassistant.util.file.AtomicWriter.get_fileobject", side_effect=error)


faulty = pytest.mark.parametrize("disk", [full, read_only])


@faulty
async def test_disk_that_takes_nothing(
    home: HomeAssistant,
    house: House,
    caplog: pytest.LogCaptureFixture,
    disk: Callable[[], AbstractContextManager[object]],
) -> None:
    """The alert goes out at once and to its end, and the next one is saved as ever."""
    await house.start(home)
    [watch] = house.watches
    with disk():
        await raise_alert(home)
        assert watch.told == [(0, VOICE, "Maria")]
        await house.wait(60)
    assert who(watch) == EVERYBODY
    assert words(watch.events) == EVENTS
    assert house.status == "unacknowledged"
    # Home Assistant names the file and the reason of each write that fails. Nothing is added.
    assert "Error writing config for directcall" in caplog.text
    assert [
        record.getMessage()
        for record in logged(caplog)
        if record.levelno > logging.DEBUG and record.name.startswith("custom_components")
    ] == []

    await raise_alert(home)
    [run] = house.saved()
    assert [step["contact"] for step in run["steps"]] == ["01CONTACT0"]
    await house.wait(60)
    assert house.saved() == []
    assert who(watch) == EVERYBODY * 2


@pytest.mark.freeze_time(tick=True)
@faulty
async def test_restart_after_a_disk_that_took_nothing(
    home: HomeAssistant, house: House, disk: Callable[[], AbstractContextManager[object]]
) -> None:
    """What could not be saved is saved with the next step, so that a restart repeats nothing."""
    await house.start(home, {"time_each": {"minutes": 5}})
    with disk():
        await raise_alert(home)
    await house.wait(310)
    assert house.told == EVERYBODY
    async with restart(house):
        await house.wait(400)
        assert house.told == EVERYBODY
        assert house.events == EVENTS


class SlowDisk:
    """A disk that takes long for each write, on the clock of the test."""

    def __init__(self) -> None:
        """Start without a write."""
        self.is_over = Event()
        self.writes = 0

    def write(self, *args: Any, **kwargs: Any) -> None:
        """Write a file after some time."""
        self.writes += 1
        start = time.monotonic()
        while time.monotonic() - start < WRITE_TAKES and not self.is_over.is_set():
            real_sleep(0.001)
        write_utf8_file_atomic(*args, **kwargs)


@pytest.fixture
def slow_disk() -> Iterator[SlowDisk]:
    """Return a slow disk, which is quick at the end of the test."""
    disk = SlowDisk()
    with patch("homeassistant.helpers.storage.write_utf8_file_atomic", disk.write):
        yield disk
        disk.is_over.set()


async def flow(house: House, until: Callable[[], bool]) -> None:
    """Let time flow until a condition is met, for some seconds at most."""
    for _ in range(10):
        # Requests need no time on the clock, but some outside of it.
        if await met(house.hass, until, 0.2):
            return
        house.freezer.tick(0.6)
    pytest.fail("The condition was not met in time")


async def test_slow_disk(home: HomeAssistant, house: House, request: pytest.FixtureRequest) -> None:
    """Each step is half a second late at most, and the last write says that the run is over."""
    await house.start(home)
    [watch] = house.watches
    disk: SlowDisk = request.getfixturevalue("slow_disk")
    await perform(home, "raise_alert", {"name": ALERT})
    assert await met(home, lambda: disk.writes > 0)
    house.freezer.tick(0.6)
    assert await met(home, lambda: "told Maria" in words(watch.events))
    house.freezer.tick(WRITE_TAKES)
    await flow(house, lambda: "told João" in words(watch.events))
    house.freezer.tick(WRITE_TAKES)
    await flow(house, lambda: house.status == "unacknowledged")
    assert who(watch) == EVERYBODY
    assert words(watch.events) == EVENTS
    disk.is_over.set()
    await house.wait(10)
    assert house.saved() == []
