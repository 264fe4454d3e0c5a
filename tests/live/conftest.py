"""Fixtures of the live check's tests: a user with an account."""

from pathlib import Path

import pytest

from tests.live.user import CLIENT_ID, SECRET, Terminal
from tests.simulator import Simulator


@pytest.fixture
def terminal(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return a user with an account, for whom no time passes while the check waits."""
    simulator.secrets[CLIENT_ID] = SECRET
    terminal = Terminal(simulator, tmp_path / "report.md")
    monkeypatch.setattr("builtins.input", terminal.input)
    monkeypatch.setattr("scripts.live.check.getpass", lambda _: terminal.secret)

    def wait(seconds: float) -> None:
        for call in simulator.calls:
            call.line.started -= seconds

    monkeypatch.setattr("scripts.live.check.sleep", wait)
    return terminal
