"""The benchmark runs, in a very small size, and its page shows what it measures."""

from pathlib import Path
import re
import subprocess
import sys

import pytest

from scripts.benchmarking.__main__ import PAGE, check, write
from scripts.benchmarking.measures import CALL, UNKEPT

pytestmark = pytest.mark.slow


def rows_of(text: str) -> dict[str, str]:
    """Return the figures in a text by their names."""
    rows = re.findall(r"^\| (.*) \| (.*) \|$", text, re.MULTILINE)
    return {name: figure for name, figure in rows if name not in {"What", "---"}}


def test_everything_on_the_page_is_measured() -> None:
    """Each row of the page has a figure, and the counts are the same on each machine."""
    command = [sys.executable, "-m", "scripts.benchmarking", "--rounds", "3", "--calls", "1000"]
    run = subprocess.run(command, cwd=PAGE.parents[1], capture_output=True, check=False, text=True)
    rows = rows_of(run.stdout)
    assert rows.keys() == rows_of(PAGE.read_text()).keys(), run.stderr
    assert [figure for figure in rows.values() if not re.match("[0-9]", figure)] == []
    assert rows["1,000 calls at once: telephones with exactly one call"] == "1,000"
    assert rows["Requests in a day without calls"] == "26 `request_token`, 1 `extrato/saldo`"
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
