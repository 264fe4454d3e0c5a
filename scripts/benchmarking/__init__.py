"""Measure what Directcall costs a house: time, requests, memory."""

from typing import Final

# First of all: it takes the place of another library, of which the test harness would have taken
# hold before.
from homeassistant import const

HOME_ASSISTANT: Final = const.__version__
