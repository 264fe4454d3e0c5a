"""The zip that people install from."""

from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import shutil
import subprocess
import zipfile

import pytest

from scripts.release import pack, version
from scripts.validate import find_problems

INTEGRATION = Path("custom_components", "directcall")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with the integration as it is, and rubbish beside it."""
    folder = tmp_path / INTEGRATION
    shutil.copytree(
        Path(__file__).parent.parent / INTEGRATION,
        folder,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "All", "--no-verify"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "rubbish.pyc").touch()
    (folder / "const.py").write_text("changed and not committed")
    return tmp_path


def test_zip_is_a_valid_integration(repository: Path, tmp_path: Path) -> None:
    """What is unpacked is what was committed, with the release's version."""
    target = tmp_path / "unpacked" / "directcall"
    with zipfile.ZipFile(pack(repository, "2.0.1")) as packed:
        packed.extractall(target)
    assert list(find_problems(target)) == []
    committed = subprocess.run(
        ["git", "ls-files"],
        cwd=repository / INTEGRATION,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert sorted(committed) == sorted(
        file.relative_to(target).as_posix() for file in target.rglob("*") if file.is_file()
    )
    manifest = json.loads((repository / INTEGRATION / "manifest.json").read_text())
    assert json.loads((target / "manifest.json").read_text()) == {**manifest, "version": "2.0.1"}


def test_files_are_as_old_as_the_commit(repository: Path) -> None:
    """Python does not take an updated file for the one that it compiled before the update."""
    commit = ["git", "log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%d %H:%M:%S"]
    committed = subprocess.run(
        commit, cwd=repository, env={"TZ": "UTC"}, check=True, capture_output=True, text=True
    ).stdout.strip()
    with zipfile.ZipFile(pack(repository, "1.0.0")) as packed:
        times = {datetime(*file.date_time, tzinfo=UTC) for file in packed.infolist()}
    [time] = times
    # A zip counts in steps of two seconds.
    assert abs(time - datetime.fromisoformat(f"{committed}Z")) < timedelta(seconds=2)


def test_zip_is_reproducible(repository: Path) -> None:
    """The same commit and version give the same bytes."""
    assert pack(repository, "1.0.0").read_bytes() == pack(repository, "1.0.0").read_bytes()


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("v1.2.3", "1.2.3"), ("1.2.3", "1.2.3"), ("v1.0.0-beta.1", "1.0.0-beta.1")],
)
def test_tags_name_versions(tag: str, expected: str) -> None:
    """A tag may have a v or not."""
    assert version(tag) == expected


@pytest.mark.parametrize("tag", ["main", "v1.2", "1.2.3.4", "", "v1.2.3 4", 'v1.2.3"'])
def test_other_tags_are_refused(tag: str) -> None:
    """A release that is no version is not packed."""
    with pytest.raises(ValueError, match="not a version"):
        version(tag)
