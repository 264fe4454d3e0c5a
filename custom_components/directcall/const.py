"""Constants that more than one module uses."""

from typing import Final

DOMAIN: Final = "directcall"

CONF_ADVANCED: Final = "advanced"

CONF_MEDIA_KEY: Final = "media_key"
CONF_NUMBER: Final = "number"
CONF_ORIGIN: Final = "origin"
CONF_RECORD: Final = "record"
CONF_RING_DESTINATION_FIRST: Final = "ring_destination_first"
CONF_SHOW_CALLER_ID: Final = "show_caller_id"

SUBENTRY_CONTACT: Final = "contact"
