"""Validate the integration of this repository."""

from pathlib import Path
import sys

from . import find_problems

if problems := list(find_problems(Path("custom_components/directcall"))):
    sys.exit("\n".join(problems))
print("The integration is valid.")
