"""Many alerts at once: they neither wait for each other nor block the event loop."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import gc
import logging
import time
from typing import Final
from unittest.mock import patch

import pytest

from homeassistant.core import HomeAssistant

from tests.common import NUMBER, alert_data, make_account, perform, set_up, until
from tests.simulator import Simulator

pytestmark = pytest.mark.slow

ALERTS: Final = 20
CONTACTS: Final = 20
# Seconds of the processor: other processes of a busy machine do not count.
FIRST_MESSAGES: Final = 3
LONGEST_BLOCK: Final = 0.02


@contextmanager
def longest_callback() -> Iterator[list[float]]:
    """Measure what callbacks of the event loop take of the processor, and keep the longest."""
    longest = [0.0]

    def measure(handle: asyncio.Handle) -> None:
        start = time.thread_time()
        run(handle)
        longest[0] = max(longest[0], time.thread_time() - start)

    patcher = patch("asyncio.Handle._run", measure)
    run, _ = patcher.get_original()
    # The collector would stop any callback, because of all objects of the tests before.
    gc.collect()
    gc.disable()
    try:
        with patcher:
            yield longest
    finally:
        gc.enable()


@pytest.mark.parametrize("at_once", [False, True])
async def test_many_alerts_at_once(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    *,
    at_once: bool,
) -> None:
    """All first messages are sent within seconds, and no callback takes long."""
    # Both take most of the time.
    caplog.set_level(logging.ERROR)
    hass.loop.set_debug(False)
    contacts = {f"Contact {number}": f"{NUMBER}{number + 3000}" for number in range(CONTACTS)}
    data = alert_data(
        contacts=[f"01CONTACT{number}" for number in range(CONTACTS)], how={"at_once": at_once}
    )
    alerts = {f"Alert {number}": data for number in range(ALERTS)}
    account = make_account(
        simulator, contacts=contacts, alerts=alerts, options={"spending_limit": 0}
    )
    await set_up(home, account)
    first = ALERTS * (CONTACTS if at_once else 1)

    def reached() -> int:
        return sum(len(message.destinations) for message in simulator.messages)

    with longest_callback() as longest:
        start = time.process_time()
        await asyncio.gather(*(perform(hass, "raise_alert", {"name": name}) for name in alerts))
        await until(lambda: reached() >= first)
        seconds = time.process_time() - start
        await hass.async_block_till_done(wait_background_tasks=True)
    assert reached() == first
    assert seconds < FIRST_MESSAGES
    assert longest[0] < LONGEST_BLOCK
