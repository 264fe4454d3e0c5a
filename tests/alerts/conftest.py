"""Fixtures of the alerts' tests: a house that is watched."""

from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.alerts.house import House
from tests.proxy import Proxy
from tests.simulator import Simulator


@pytest.fixture
def house(simulator: Simulator, line: Proxy, freezer: FrozenDateTimeFactory) -> House:
    """Return a house that is not set up."""
    return House(simulator, line, freezer)
