"""Break the code on purpose, fault by fault, and see whether a test notices."""

import argparse
import ast
from collections import Counter
from configparser import ConfigParser
from fnmatch import fnmatch
import json
from pathlib import Path
import shutil
import subprocess
import sys
from typing import Final

from mutmut.stats import status_by_exit_code

ROOT: Final = Path(__file__).parent.parent
FOLDER: Final = ROOT / ".mutation"
SOURCES: Final = "custom_components"
# What is broken, and the tests that should notice: its own. With all tests, a fault takes minutes.
TARGETS: Final = {
    "api": (["custom_components/directcall/api/*.py"], ["tests/api"]),
    "coordinator": (
        ["custom_components/directcall/coordinator.py"],
        [
            "tests/calls/test_tracker_token.py",
            "tests/contacts",
            "tests/media",
            "tests/test_config_flow.py",
            "tests/test_coordinator.py",
            "tests/test_coordinator_connection.py",
            "tests/test_coordinator_credentials.py",
        ],
    ),
}
SETTINGS: Final = {
    "source_paths": SOURCES,
    "pytest_add_cli_args": "-p\nno:cacheprovider\n--hypothesis-profile=ci",
    # Who waits for an answer that never comes waits for long: a fault has its time, thrice, and
    # what a busy machine needs.
    "timeout_constant": "15",
    "timeout_multiplier": "3",
}
# What mutmut remembers: what became of each fault, and which tests reach which function.
MEMORY: Final = "*.meta"
STATISTICS: Final = "mutmut-stats.json"
# Per cent.
LEAST_NOTICED: Final = 90
_NOTICED: Final = {"killed", "timeout"}
# mutmut looks into these. It passes by whatever else is decorated.
_KNOWN_DECORATORS: Final = {"classmethod", "staticmethod"}


def undecorate(source: str) -> str:
    """Return code with its methods' decorators as assignments, which are the same to Python."""
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        if not isinstance(node, ast.ClassDef) or node.end_lineno is None:
            continue
        for method in node.body:
            if (
                isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
                and len(method.decorator_list) == 1
                and isinstance(decorator := method.decorator_list[0], ast.Name)
                and decorator.id not in _KNOWN_DECORATORS
            ):
                lines[decorator.lineno - 1] = ""
                lines.insert(node.end_lineno, f"    {method.name} = {decorator.id}({method.name})")
    return "\n".join([*lines, ""])


def prepare(target: str, *, keeps_statistics: bool) -> Path:
    """Copy the repository to where its code may be broken, and return where that is.

    Of an older copy stays what mutmut remembers. Only a fault that was noticed is not tried again:
    there may be a new test.
    """
    folder = FOLDER / target
    for file in folder.rglob("*"):
        if file.match(MEMORY):
            memory = json.loads(file.read_text(encoding="utf-8"))
            memory["exit_code_by_key"] = {
                fault: code if status_by_exit_code[code] in _NOTICED else None
                for fault, code in memory["exit_code_by_key"].items()
            }
            file.write_text(json.dumps(memory), encoding="utf-8")
        elif file.is_file() and not (keeps_statistics and file.name == STATISTICS):
            file.unlink()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        file, copy = ROOT / name, folder / name
        if not file.is_file():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".py" and name.startswith(SOURCES):
            copy.write_text(undecorate(file.read_text(encoding="utf-8")), encoding="utf-8")
        else:
            shutil.copy(file, copy)
    broken, tests = TARGETS[target]
    config = ConfigParser()
    config["mutmut"] = {
        **SETTINGS,
        "only_mutate": "\n".join(broken),
        "pytest_add_cli_args_test_selection": "\n".join(tests),
    }
    with (folder / "setup.cfg").open("w", encoding="utf-8") as settings:
        config.write(settings)
    return folder


def outcomes(folder: Path, pattern: str) -> dict[str, dict[str, str]]:
    """Return what became of each fault of a pattern, by module and by the fault's name."""
    found: dict[str, dict[str, str]] = {}
    for file in sorted(folder.rglob(MEMORY)):
        codes = json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
        faults = {
            fault: status_by_exit_code[code]
            for fault, code in codes.items()
            if fnmatch(fault, pattern)
        }
        if faults:
            found[file.name.removesuffix(".py.meta")] = faults
    return found


def report(found: dict[str, dict[str, str]]) -> float:
    """Print what became of the faults, and return how many per cent were noticed."""
    total: Counter[str] = Counter()
    for module, faults in found.items():
        counts = Counter(faults.values())
        total += counts
        for fault, outcome in faults.items():
            if outcome not in _NOTICED:
                print(f"{outcome}: {fault}")
        print(f"{module}: {_score(counts)}")
    print(f"All: {_score(total)}")
    return _noticed(total)


def _noticed(counts: Counter[str]) -> float:
    """Return how many per cent were noticed."""
    return 100 * sum(counts[outcome] for outcome in _NOTICED) / max(1, counts.total())


def _score(counts: Counter[str]) -> str:
    """Return counts of outcomes as a line."""
    parts = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    return f"{_noticed(counts):.1f} % of {counts.total()} noticed ({parts})"


def main() -> None:
    """Try the faults that the command line names, and exit with an error if too few are noticed."""
    parser = argparse.ArgumentParser(prog="scripts/mutate", description=__doc__)
    parser.add_argument("pattern", nargs="?", help="such as '*.api.numbers.*' or '*.coordinator.*'")
    pattern = parser.parse_args().pattern
    targets = [target for target in TARGETS if pattern is None or f".{target}." in pattern]
    if not targets:
        parser.error(f"the pattern names neither of {' and '.join(TARGETS)}")
    found: dict[str, dict[str, str]] = {}
    for target in targets:
        folder = prepare(target, keeps_statistics=pattern is not None)
        mutmut = Path(sys.executable).with_name("mutmut")
        subprocess.run([mutmut, "run", *([pattern] if pattern else [])], cwd=folder, check=True)
        found |= outcomes(folder, pattern or "*")
    if report(found) < LEAST_NOTICED:
        sys.exit(f"Less than {LEAST_NOTICED} % of the faults were noticed.")


if __name__ == "__main__":
    main()
