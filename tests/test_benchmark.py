"""The benchmark runs, in a very small size, and its page shows what it measures."""

from pathlib import Path
import re
import subprocess
import sys

import pytest

from scripts.benchmarking.__main__ import PAGE, check, write
from scripts.benchmarking.measures import CALL, UNKEPT

pytestmark = pytest.mark.slow


CALLED_ONCE = "1,000 calls at once: telephones with exactly one call"
DAY = "Requests in a day without calls"
RUN = "Messages of a run that tells three contacts in three rounds"
WRITES = "Writes of the account's file in such a run"


def rows_of(text: str) -> dict[str, list[str]]:
    """Return the figures of all tables in a text by their names."""
    bodies = re.sub(r"^.*\n\| --- .*$", "", text, flags=re.MULTILINE)
    rows = re.findall(r"^\| (.*?) \| (.*) \|$", bodies, re.MULTILINE)
    return {name: figures.split(" | ") for name, figures in rows}


def test_everything_on_the_page_is_measured() -> None:
    """Each row of the page has figures, and the counts are the same on each machine."""
    command = [sys.executable, "-m", "scripts.benchmarking", "--rounds", "3", "--calls", "1000"]
    run = subprocess.run(command, cwd=PAGE.parents[1], capture_output=True, check=False, text=True)
    rows = rows_of(run.stdout)
    assert rows.keys() == rows_of(PAGE.read_text()).keys(), run.stderr
    assert [each for row in rows.values() for each in row if not re.match("[0-9]", each)] == []
    assert rows[CALLED_ONCE] == ["1,000"]
    assert rows[DAY] == ["1 `extrato/saldo`, 26 `request_token`"]
    assert rows[RUN] == ["9"]
    # Each step is saved before it is done.
    assert int(rows[WRITES][0]) > int(rows[RUN][0])
    # A call passes through each part.
    assert [row for row in rows.values() if row[0] == "0 µs"] == []
    assert (run.returncode == 0) is not ("times a rest_command" in run.stderr)


@pytest.mark.parametrize(("seconds", "is_slow"), [(1.5, False), (1.6, True)])
def test_call_has_a_limit(seconds: float, is_slow: bool) -> None:
    """A call may take 1.5 times as long as a `rest_command` that opens a connection, too."""
    assert bool(check({CALL: seconds, UNKEPT: 1})) is is_slow


def test_writing_changes_the_figures_alone(tmp_path: Path) -> None:
    """The text around the figures stays."""
    page = tmp_path / "performance.md"
    page.write_text(PAGE.read_text())
    write(page, "Something else")
    before, after = PAGE.read_text(), page.read_text()
    assert "Something else" in after
    assert rows_of(after) == {}
    start, end = before.index("<!--"), before.rindex("-->")
    assert after.startswith(before[:start])
    assert after.endswith(before[end:])
