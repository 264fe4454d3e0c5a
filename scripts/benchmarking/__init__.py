"""Benchmark: time and requests that an account costs, against a simulated provider."""

from typing import Final

# Before all else: it replaces a library that the test harness would otherwise have imported.
from homeassistant import const

HOME_ASSISTANT: Final = const.__version__
