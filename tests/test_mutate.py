"""The report about faults that are planted on purpose."""

import json
from pathlib import Path
from unittest.mock import patch

from mutmut.mutation.file_mutation import mutate_file_contents
import pytest

from scripts.mutate import Visitor, report

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with what mutmut remembers of two modules."""
    for name, codes in {
        "lamps": {"home.lamps.on_1": 1, "home.lamps.on_2": 36, "home.lamps.on_3": 33},
        "doors": {"home.doors.open_1": 0, "home.doors.open_2": None},
    }.items():
        file = tmp_path / "home" / f"{name}.py.meta"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"exit_code_by_key": codes}))
    return tmp_path


def test_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A fault that takes too long is noticed; one that no test reaches is not, and is named."""
    assert report(folder, []) == 40
    assert capsys.readouterr().out.splitlines() == [
        "survived: home.doors.open_1",
        "not checked: home.doors.open_2",
        "no tests: home.lamps.on_3",
        "Noticed: 40.0 % of 5",
    ]


def test_pattern_selects_faults(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the faults of the patterns count."""
    assert report(folder, ["*.on_1", "*.on_2", "home.doors.open_2"]) == pytest.approx(200 / 3)
    assert capsys.readouterr().out.splitlines() == [
        "not checked: home.doors.open_2",
        "Noticed: 66.7 % of 3",
    ]


def test_faults_in_decorated_functions() -> None:
    """Faults are planted where a decorator only marks a function, and not where it replaces it."""
    code = "\n".join(
        f"class Lamp{number}:\n{decorators}    def glow(self):\n        return 1\n"
        for number, decorators in enumerate(
            ["", "    @callback\n", "    @override\n    @callback\n", "    @property\n"]
        )
    )
    with patch("mutmut.mutation.file_mutation.MutationVisitor", Visitor):
        faults = mutate_file_contents("lamps.py", code).mutant_names
    assert [fault.split("ǁ")[1] for fault in faults] == ["Lamp0", "Lamp1", "Lamp2"]
