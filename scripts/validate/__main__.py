"""Validate the integration of this repository."""

from pathlib import Path
import sys

from . import find_problems

sys.exit("\n".join(find_problems(Path("custom_components/directcall"))) or None)
