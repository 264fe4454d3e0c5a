"""How long Python takes to import the integration."""

import re
import subprocess
import sys
from typing import Final

from .provider import ROOT

PACKAGE: Final = "custom_components.directcall"
PHONENUMBERS: Final = "phonenumbers"
_IMPORT_ALL: Final = f"""
import importlib, pkgutil
import {PACKAGE} as package
for module in pkgutil.walk_packages(package.__path__, "{PACKAGE}."):
    importlib.import_module(module.name)
"""
_LINE: Final = re.compile(r"import time: +([0-9]+) \| +[0-9]+ \| +([\w.]+)")


def time_imports(rounds: int) -> dict[str, list[float]]:
    """Return the seconds that modules took themselves, without those that they import.

    They are of this package and phonenumbers', each altogether: all else Home Assistant has
    imported before. The first time, Python may also compile some of them.
    """
    seconds: dict[str, list[float]] = {PACKAGE: [], PHONENUMBERS: []}
    for _ in range(rounds):
        report = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", _IMPORT_ALL],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stderr
        lines = _LINE.findall(report)
        for package, times in seconds.items():
            own = (int(us) for us, name in lines if f"{name}.".startswith(f"{package}."))
            times.append(sum(own) / 1e6)
    return seconds
