"""Break the code on purpose, fault by fault, and see whether a test notices."""

import argparse
import ast
from collections import Counter, defaultdict
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
STATISTICS: Final = Path("mutants", "mutmut-stats.json")
INTEGRATION: Final = "custom_components"
# Per cent of all faults.
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


def copy_sources(*, is_whole: bool) -> None:
    """Copy the repository to where its code may be broken.

    Of an older copy stays what mutmut remembers: which faults were noticed, and, unless all are
    tried, which tests reach which function.
    """
    for file in FOLDER.rglob("*"):
        is_memory = file.suffix == ".meta" or (
            not is_whole and file.relative_to(FOLDER) == STATISTICS
        )
        if file.is_file() and not is_memory:
            file.unlink()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, FOLDER / name
        if not source.is_file():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".py" and name.startswith(INTEGRATION):
            target.write_text(undecorate(source.read_text(encoding="utf-8")), encoding="utf-8")
        else:
            shutil.copy(source, target)


def forget_unnoticed() -> None:
    """Have those faults tried again that no test noticed: there may be one by now."""
    for file in FOLDER.rglob("*.meta"):
        memory = json.loads(file.read_text(encoding="utf-8"))
        codes = memory["exit_code_by_key"]
        memory["exit_code_by_key"] = {
            fault: code if status_by_exit_code[code] in _NOTICED else None
            for fault, code in codes.items()
        }
        file.write_text(json.dumps(memory), encoding="utf-8")


def outcomes(pattern: str) -> dict[str, dict[str, str]]:
    """Return what became of each fault of a pattern, by module and by the fault's name."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for file in sorted(FOLDER.rglob("*.meta")):
        memory = json.loads(file.read_text(encoding="utf-8"))
        for fault, code in memory["exit_code_by_key"].items():
            if fnmatch(fault, pattern):
                found[file.name.removesuffix(".py.meta")][fault] = status_by_exit_code[code]
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
    parser.add_argument("pattern", nargs="?", default="*", help="such as '*.api.numbers.*'")
    pattern = parser.parse_args().pattern
    is_whole = pattern == "*"
    copy_sources(is_whole=is_whole)
    forget_unnoticed()
    mutmut = Path(sys.executable).with_name("mutmut")
    subprocess.run([mutmut, "run", *([] if is_whole else [pattern])], cwd=FOLDER, check=True)
    if report(outcomes(pattern)) < LEAST_NOTICED:
        sys.exit(f"Less than {LEAST_NOTICED} % of the faults were noticed.")


if __name__ == "__main__":
    main()
