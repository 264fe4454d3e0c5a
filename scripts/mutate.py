"""Plant faults with mutmut, report those that no test notices, and fail if they are too many."""

from fnmatch import fnmatch
import json
from pathlib import Path
import sys
from typing import Final, override
from unittest.mock import patch

from libcst import CSTNode, matchers as m
from mutmut.__main__ import run
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.stats import status_by_exit_code

# Per cent.
LEAST_NOTICED: Final = 95
_HARMLESS: Final = m.Decorator(m.Name("callback") | m.Name("override"))


class Visitor(MutationVisitor):
    """Plant faults in functions too whose decorators return them as they are."""

    @override
    def _skip_node_and_children(self, node: CSTNode) -> bool:
        if m.matches(node, m.FunctionDef(decorators=[m.AtLeastN(_HARMLESS, n=1)])):
            node = node.with_changes(decorators=())
        return super()._skip_node_and_children(node)


def report(folder: Path, patterns: list[str]) -> float:
    """Print unnoticed faults, of those with such names, and return the per cent of noticed ones."""
    outcomes = {
        fault: status_by_exit_code[code]
        for file in sorted(folder.rglob("*.meta"))
        for fault, code in json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"].items()
        if any(fnmatch(fault, pattern) for pattern in patterns or ["*"])
    }
    missed = {fault: o for fault, o in outcomes.items() if o not in {"killed", "timeout"}}
    for fault, outcome in missed.items():
        print(f"{outcome}: {fault}")
    score = 100 * (len(outcomes) - len(missed)) / max(1, len(outcomes))
    print(f"Noticed: {score:.1f} % of {len(outcomes):,}")
    return score


if __name__ == "__main__":
    with patch("mutmut.mutation.file_mutation.MutationVisitor", Visitor):
        run.main(standalone_mode=False)
    if report(Path("mutants"), sys.argv[1:]) < LEAST_NOTICED:
        sys.exit(f"Less than {LEAST_NOTICED} % of the faults were noticed.")
