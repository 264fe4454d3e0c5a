"""Measure what Directcall costs a house: time, requests, memory."""

# First of all: it takes the place of another library, of which the test harness would have taken
# hold before.
from homeassistant.const import __version__ as HOME_ASSISTANT

__all__ = ["HOME_ASSISTANT"]
