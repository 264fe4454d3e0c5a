"""Constants that more than one module uses."""

from datetime import timedelta
from typing import Final

import voluptuous as vol

DOMAIN: Final = "directcall"

ATTR_DURATION: Final = "duration"

CONF_ACKNOWLEDGE_ENTITIES: Final = "acknowledge_entities"
CONF_ACKNOWLEDGEMENT: Final = "acknowledgement"
CONF_ADVANCED: Final = "advanced"
CONF_ANSWER_ACKNOWLEDGES: Final = "answer_acknowledges"
CONF_AT_ONCE: Final = "at_once"
CONF_CHANNELS: Final = "channels"
CONF_CONTACTS: Final = "contacts"
CONF_DELIVERY: Final = "delivery"
CONF_HOW: Final = "how"
CONF_KEEP_TRYING: Final = "keep_trying"
CONF_LOW_BALANCE: Final = "low_balance"
CONF_MEDIA_KEY: Final = "media_key"
CONF_MESSAGE: Final = "message"
CONF_NUMBER: Final = "number"
CONF_ORIGIN: Final = "origin"
CONF_PAUSE: Final = "pause"
CONF_RECORD: Final = "record"
CONF_RING_DESTINATION_FIRST: Final = "ring_destination_first"
CONF_ROUNDS: Final = "rounds"
CONF_SHOW_CALLER_ID: Final = "show_caller_id"
CONF_SPENDING_LIMIT: Final = "spending_limit"
CONF_TIME_EACH: Final = "time_each"

# The model of an alert's device, which tells it from a contact's when its subentry is gone.
MODEL_ALERT: Final = "Alert"

SUBENTRY_ALERT: Final = "alert"
SUBENTRY_CONTACT: Final = "contact"

# Billed requests in an hour. It can also be 0, which means none.
DEFAULT_SPENDING_LIMIT: Final = 60
HIGHEST_SPENDING_LIMIT: Final = 1000

# Unless the customer pays for more (provider's documentation).
RECORDINGS_KEPT: Final = timedelta(days=90)
# Years of messages and recordings. Near the end of the calendar, no zone can be applied.
YEARS: Final = range(2000, 2100)

# Seconds as they are saved: since 1970, or of a duration.
SECONDS: Final = vol.All(vol.Any(int, float), vol.Range(min=0, max=2**40))
