"""Fixtures of the hard days' tests: an account behind a line with faults."""

from collections.abc import Iterator
from datetime import timedelta
import logging
import re
import time
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.const import CONF_CLIENT_SECRET, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from tests.alerts.house import House
from tests.common import SECRET, pass_time, perform, set_up
from tests.hard_days.common import Names, Said, WallClock, logged, message, the_account
from tests.proxy import Proxy
from tests.simulator import ACCOUNT, NetworkCall, Simulator
from tests.simulator.telephones import Line


@pytest.fixture(autouse=True)
def said(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> Iterator[Said]:
    """Return the texts for people. Neither they nor a log contain private values."""
    for logger in ("custom_components.directcall", "aiohttp"):
        caplog.set_level(logging.DEBUG, logger)
    simulator.secrets[ACCOUNT.client_id] = SECRET
    said = Said()
    yield said
    text = "\n".join([*said, *(logging.Formatter().format(record) for record in logged(caplog))])
    assert [private for private in (SECRET, *simulator.tokens) if private in text] == []
    assert re.findall("4191234|4130600300", re.sub(r"[ ().+\-/]", "", text)) == []


@pytest.fixture
def names() -> Iterator[Names]:
    """Return the resolver of the provider's name."""
    names = Names()
    with patch("aiohttp.connector.DefaultResolver", return_value=names):
        yield names


@pytest.fixture
async def far_account(
    home: HomeAssistant,
    simulator: Simulator,
    line: Proxy,
    names: Names,
    freezer: FrozenDateTimeFactory,
) -> MockConfigEntry:
    """Return an account that reaches the provider through the proxy, with data at the provider.

    There are two messages that can be cancelled, and two calls of other users that can be ended.
    """
    account = await set_up(home, the_account(simulator, f"http://localhost:{line.port}"))
    # The balance is asked for, and not again while a test counts requests.
    await pass_time(home, freezer, 6)
    later = {"send_at": (dt_util.now() + timedelta(days=1)).isoformat()}
    for number in (1, 2):
        await perform(home, "send_sms", {**message("5609"), **later})
        simulator.messages[-1].message_id = f"message-{number}"
    for last_digits in ("5605", "5606"):
        pair = "554130600300", f"554191234{last_digits}"
        up = Line(*pair, time.monotonic() - 60)
        simulator.calls.append(
            NetworkCall(*pair, pair[0], recorded=False, form={}, line=up, call_id="1")
        )
    return account


@pytest.fixture
def house(simulator: Simulator, line: Proxy, names: Names, freezer: FrozenDateTimeFactory) -> House:
    """Return a house that is not set up, whose account reaches the provider through the proxy."""
    house = House(simulator, line, freezer)
    # Both ring in vain.
    house.contacts = {"Maria": "+55 41 91234-7002", "João": "+55 42 91234-7002"}
    house.data = {CONF_CLIENT_SECRET: SECRET, CONF_URL: f"http://localhost:{line.port}"}
    return house


@pytest.fixture
def wall_clock(freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch) -> WallClock:
    """Return the clock on the wall."""
    return WallClock(freezer, monkeypatch)
