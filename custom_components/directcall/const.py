"""Constants that more than one module uses."""

from datetime import timedelta
from typing import Final

DOMAIN: Final = "directcall"

ATTR_DURATION: Final = "duration"

CONF_ADVANCED: Final = "advanced"

CONF_LOW_BALANCE: Final = "low_balance"
CONF_MEDIA_KEY: Final = "media_key"
CONF_NUMBER: Final = "number"
CONF_ORIGIN: Final = "origin"
CONF_RECORD: Final = "record"
CONF_RING_DESTINATION_FIRST: Final = "ring_destination_first"
CONF_SHOW_CALLER_ID: Final = "show_caller_id"

SUBENTRY_CONTACT: Final = "contact"

# Unless the customer pays for more (provider's documentation).
RECORDINGS_KEPT: Final = timedelta(days=90)
# Years in which there can be recordings.
RECORDING_YEARS: Final = range(2000, 2100)
