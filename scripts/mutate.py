"""Report the faults that mutmut planted and no test noticed, and fail if they are too many."""

from fnmatch import fnmatch
import json
from pathlib import Path
import sys
from typing import Final

from mutmut.stats import status_by_exit_code

# Per cent.
LEAST_NOTICED: Final = 95


def report(folder: Path, patterns: list[str]) -> float:
    """Print unnoticed faults, of those with such names, and return the per cent of noticed ones."""
    codes: dict[str, int | None] = {}
    for file in sorted(folder.rglob("*.meta")):
        codes |= json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
    outcomes = {
        fault: status_by_exit_code[code]
        for fault, code in codes.items()
        if any(fnmatch(fault, pattern) for pattern in patterns or ["*"])
    }
    missed = {fault: o for fault, o in outcomes.items() if o not in {"killed", "timeout"}}
    for fault, outcome in missed.items():
        print(f"{outcome}: {fault}")
    score = 100 * (len(outcomes) - len(missed)) / max(1, len(outcomes))
    print(f"Noticed: {score:.1f} % of {len(outcomes):,}")
    return score


if __name__ == "__main__" and report(Path("mutants"), sys.argv[1:]) < LEAST_NOTICED:
    sys.exit(f"Less than {LEAST_NOTICED} % of the faults were noticed.")
