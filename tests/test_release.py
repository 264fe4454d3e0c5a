"""The zip that people install from."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import shutil
import subprocess
import zipfile

import pytest

from scripts.validate import find_problems

ROOT = Path(__file__).parent.parent
INTEGRATION = Path("custom_components", "directcall")

type Pack = Callable[[str], Path]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with the integration, and files beside it that are not committed."""
    root = tmp_path / "repository"
    folder = root / INTEGRATION
    shutil.copytree(ROOT / INTEGRATION, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "release", root / "scripts")
    shutil.copy(ROOT / "LICENSE", root)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "All", "--no-verify"]):
        subprocess.run([*git, *command], cwd=root, check=True)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "rubbish.pyc").touch()
    (folder / "const.py").write_text("changed and not committed")
    return root


@pytest.fixture
def pack(repository: Path) -> Pack:
    """Return a function that packs a version, and returns the zip."""

    def run(version: str) -> Path:
        script = repository / "scripts" / "release"
        printed = subprocess.run([script, version], check=True, capture_output=True, text=True)
        return repository / printed.stdout.strip()

    return run


def test_zip_is_a_valid_integration(repository: Path, pack: Pack, tmp_path: Path) -> None:
    """The zip has the committed files, the licence, and the release's version in the manifest."""
    target = tmp_path / "unpacked" / "directcall"
    with zipfile.ZipFile(pack("2.0.1")) as packed:
        packed.extractall(target)
    assert list(find_problems(target)) == []
    assert "changed" not in (target / "const.py").read_text()
    committed = subprocess.run(
        ["git", "ls-files"],
        cwd=repository / INTEGRATION,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert (target / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert sorted([*committed, "LICENSE"]) == sorted(
        file.relative_to(target).as_posix() for file in target.rglob("*") if file.is_file()
    )
    manifest = (repository / INTEGRATION / "manifest.json").read_text()
    version = json.loads(manifest)["version"]
    assert (target / "manifest.json").read_text() == manifest.replace(f'"{version}"', '"2.0.1"')


def test_packing_leaves_the_repository_alone(repository: Path, pack: Pack) -> None:
    """Neither the index nor a branch changes."""
    state = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    before = subprocess.run(state, cwd=repository, check=True, capture_output=True).stdout
    pack("1.0.0")
    assert subprocess.run(state, cwd=repository, check=True, capture_output=True).stdout == before


def test_files_are_as_old_as_the_commit(repository: Path, pack: Pack) -> None:
    """Python does not take an updated file for the one that it compiled before the update."""
    commit = ["git", "log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%d %H:%M:%S"]
    committed = subprocess.run(
        commit, cwd=repository, env={"TZ": "UTC"}, check=True, capture_output=True, text=True
    ).stdout.strip()
    with zipfile.ZipFile(pack("1.0.0")) as packed:
        times = {datetime(*file.date_time, tzinfo=UTC) for file in packed.infolist()}
    [time] = times
    # A zip counts in steps of two seconds.
    assert abs(time - datetime.fromisoformat(f"{committed}Z")) < timedelta(seconds=2)


def test_zip_is_reproducible(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same commit and version give the same bytes, in any time zone."""
    first = pack("1.0.0").read_bytes()
    monkeypatch.setenv("TZ", "America/Sao_Paulo")
    assert pack("1.0.0").read_bytes() == first


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("v1.2.3", "1.2.3"), ("1.2.3", "1.2.3"), ("v1.0.0-beta.1", "1.0.0-beta.1")],
)
def test_tag_may_have_a_v(pack: Pack, tag: str, expected: str) -> None:
    """The manifest gets the version without the v of a tag."""
    with zipfile.ZipFile(pack(tag)) as packed:
        assert json.loads(packed.read("manifest.json"))["version"] == expected


@pytest.mark.parametrize("tag", ["main", "v1.2", "1.2.3.4", "", "v1.2.3 4", 'v1.2.3"', "1.2.3\n4"])
def test_other_tags_are_refused(pack: Pack, tag: str) -> None:
    """A tag that is not a version is not packed."""
    with pytest.raises(subprocess.CalledProcessError) as refused:
        pack(tag)
    assert "is not a version like v1.2.3" in refused.value.stderr
