"""Faults that are planted on purpose."""

import pytest

from scripts.mutate import report, undecorate

DECORATED = '''\
class Lamp:
    """A lamp."""

    @property
    def is_on(self) -> bool:
        """Return if it is on."""
        return True

    @classmethod
    def make(cls) -> Lamp:
        """Return a lamp."""
        return cls()

    @override
    async def turn_on(self) -> None:
        """Turn it on."""


@callback
def listen() -> None:
    """Listen."""
'''
UNDECORATED = '''\
class Lamp:
    """A lamp."""


    def is_on(self) -> bool:
        """Return if it is on."""
        return True

    @classmethod
    def make(cls) -> Lamp:
        """Return a lamp."""
        return cls()


    async def turn_on(self) -> None:
        """Turn it on."""
    turn_on = override(turn_on)
    is_on = property(is_on)


@callback
def listen() -> None:
    """Listen."""
'''


def test_methods_are_reached() -> None:
    """What a method is decorated with is applied below it, where faults can be planted in it."""
    assert undecorate(DECORATED) == UNDECORATED


def test_report(capsys: pytest.CaptureFixture[str]) -> None:
    """A fault that takes for ever is noticed; one that no test reaches is not, and is named."""
    found = {
        "lamps": {"lamps.on_1": "killed", "lamps.on_2": "timeout", "lamps.on_3": "no tests"},
        "doors": {"doors.open_1": "survived"},
    }
    assert report(found) == 50
    printed = capsys.readouterr().out.splitlines()
    assert printed == [
        "no tests: lamps.on_3",
        "lamps: 66.7 % of 3 noticed (1 killed, 1 timeout, 1 no tests)",
        "survived: doors.open_1",
        "doors: 0.0 % of 1 noticed (1 survived)",
        "All: 50.0 % of 4 noticed (1 killed, 1 timeout, 1 no tests, 1 survived)",
    ]
