"""Report the faults that mutmut planted and no test noticed, and fail if they are too many."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from fnmatch import fnmatch
import json
from pathlib import Path
import sys
from typing import Final

from mutmut.stats import status_by_exit_code

FOLDER: Final = Path("mutants")
# Per cent.
LEAST_NOTICED: Final = 95
_NOTICED: Final = {"killed", "timeout"}


def read(folder: Path, patterns: list[str]) -> dict[str, str]:
    """Return the outcome of each fault with a name of these patterns."""
    codes: dict[str, int | None] = {}
    for file in sorted(folder.rglob("*.meta")):
        codes |= json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
    return {
        fault: status_by_exit_code[code]
        for fault, code in codes.items()
        if any(fnmatch(fault, pattern) for pattern in patterns or ["*"])
    }


def report(outcomes: Mapping[str, str]) -> float:
    """Print the faults that were not noticed, and return how many per cent were."""
    modules: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for fault, outcome in outcomes.items():
        modules[fault.rpartition(".")[0]][outcome] += 1
        if outcome not in _NOTICED:
            print(f"{outcome}: {fault}")
    for module, counts in modules.items():
        print(f"{module}: {_noticed(counts):.1f} % of {counts.total()}")
    score = _noticed(Counter(outcomes.values()))
    print(f"Noticed: {score:.1f} % of {len(outcomes):,}")
    return score


def _noticed(counts: Counter[str]) -> float:
    return 100 * sum(counts[outcome] for outcome in _NOTICED) / max(1, counts.total())


if __name__ == "__main__" and report(read(FOLDER, sys.argv[1:])) < LEAST_NOTICED:
    sys.exit(f"Less than {LEAST_NOTICED} % of the faults were noticed.")
