"""The benchmark runs, in a very small size, and its page shows what it measures."""

from pathlib import Path
import re
import subprocess
import sys

import pytest

from scripts.benchmarking.report import PAGE, write


def tables_in(text: str) -> list[list[list[str]]]:
    """Return the cells of a text's tables, without the rules below their heads."""
    blocks = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    tables = [[line.strip("| ").split(" | ") for line in block.splitlines()] for block in blocks]
    return [[head, *rows] for head, _, *rows in tables]


def names_in(text: str) -> list[str]:
    """Return what stands in the first column of a text's tables."""
    return [row[0] for table in tables_in(text) for row in table]


@pytest.fixture(scope="module")
def printed() -> str:
    """Run the benchmark, and return what it prints."""
    return subprocess.run(
        [sys.executable, "-m", "scripts.benchmarking", "--rounds", "3", "--calls", "10"],
        cwd=PAGE.parents[1],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def test_everything_is_measured(printed: str) -> None:
    """Each row of the page has its figures."""
    assert names_in(printed) == names_in(PAGE.read_text())
    figures = [figure for _, *rows in tables_in(printed) for row in rows for figure in row[1:]]
    assert [figure for figure in figures if not re.match(r"-?[0-9]", figure)] == []


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("Looks at calls while they were compared", "0"),
        ("Requests of a call without a token", "2 (1 `request_token`, 1 `voz/call`)"),
        ("Requests of a call with one", "1 (1 `voz/call`)"),
        ("Calls at once", "10"),
        ("Telephones of theirs that got exactly one call", "10"),
        ("Calls that reached the network meanwhile", "10"),
        ("Requests in a day in which nothing happens", "26 (26 `request_token`)"),
    ],
)
def test_what_reaches_the_provider(printed: str, name: str, figure: str) -> None:
    """What is counted is the same on each machine: each call arrives once."""
    assert [name, figure] in [row for table in tables_in(printed) for row in table]


def test_writing_changes_the_figures_alone(tmp_path: Path) -> None:
    """The words around them stay."""
    page = tmp_path / "performance.md"
    page.write_text(PAGE.read_text())
    write(page, "Something else")
    words, figures = PAGE.read_text(), page.read_text()
    assert "Something else" in figures
    assert tables_in(figures) == []
    start, end = words.index("<!--"), words.rindex("-->")
    assert figures.startswith(words[:start])
    assert figures.endswith(words[end:])
