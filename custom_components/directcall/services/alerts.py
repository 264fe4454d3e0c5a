"""Actions of alerts: raise, acknowledge and cancel them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError

from ..account import DirectcallConfigEntry
from ..alerts import ATTR_ALERT, Alert, AlertBook, async_get_person
from ..const import DOMAIN
from ..validation import ActionFields, alert_text
from .calls import ATTR_TIMEOUT
from .messages import ATTR_MESSAGE
from .responses import Respond, alert_response, ended_alerts_response

ATTR_BY: Final = "by"
ATTR_WAIT_FOR_ACKNOWLEDGEMENT: Final = "wait_for_acknowledgement"

_LONGEST_TIMEOUT: Final = timedelta(hours=24)

ACKNOWLEDGE_ALERT_FIELDS: Final = frozenset({ATTR_CONFIG_ENTRY_ID, ATTR_ALERT, ATTR_NAME, ATTR_BY})
CANCEL_ALERT_FIELDS: Final = ACKNOWLEDGE_ALERT_FIELDS | {ATTR_MESSAGE}
RAISE_ALERT_FIELDS: Final = frozenset(
    {
        ATTR_CONFIG_ENTRY_ID,
        ATTR_ALERT,
        ATTR_NAME,
        ATTR_MESSAGE,
        ATTR_WAIT_FOR_ACKNOWLEDGEMENT,
        ATTR_TIMEOUT,
    }
)


async def async_raise_alert(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> Respond:
    """Raise an alert, and wait for its end if the action says so."""
    timeout = _get_timeout(fields)
    alert = _async_get_alert(hass, entry, fields)
    message = alert_text(fields.get_text(ATTR_MESSAGE), None, alert.message)
    # The account may be reloaded during the wait.
    alerts = entry.runtime_data.account.alerts
    raised = alerts.async_raise(alert, message, fields.context)
    run = raised.run
    if timeout:
        run = await alerts.async_wait_for_end(run, timeout.total_seconds())
    return partial(alert_response, entry, run, alerts.status_of(run), repeated=raised.repeated)


async def async_acknowledge_alert(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> Respond:
    """Acknowledge the chosen alerts, or all that are active."""
    by = await async_get_person(hass, fields.context, fields.get_text(ATTR_BY))
    alerts = entry.runtime_data.account.alerts
    acknowledge = partial(alerts.async_acknowledge, by, fields.context)
    return _async_end_alerts(hass, entry, fields, acknowledge)


async def async_cancel_alert(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> Respond:
    """Cancel the chosen alerts, or all that are active."""
    by = await async_get_person(hass, fields.context, fields.get_text(ATTR_BY))
    all_clear = alert_text(fields.get_text(ATTR_MESSAGE), None, "") or None
    alerts = entry.runtime_data.account.alerts
    cancel = partial(alerts.async_cancel, by, fields.context, all_clear=all_clear)
    return _async_end_alerts(hass, entry, fields, cancel)


@callback
def _async_end_alerts(
    hass: HomeAssistant,
    entry: DirectcallConfigEntry,
    fields: ActionFields,
    end: Callable[..., list[str]],
) -> Respond:
    """End the chosen alerts that exist, and then raise the error of one that does not."""
    chosen: list[str] = []
    errors: list[ServiceValidationError] = []
    for find in _async_finders(hass, entry, fields):
        try:
            chosen.append(find().subentry_id)
        except ServiceValidationError as err:
            errors.append(err)
    # Without a chosen alert, all would end.
    if errors and not chosen:
        raise errors[0]
    alert_ids = end(*chosen)
    if errors:
        raise errors[0]
    return partial(ended_alerts_response, alert_ids)


@callback
def _async_get_alert(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> Alert:
    """Return the only alert that an action names, by device or name."""
    finders = list(_async_finders(hass, entry, fields))
    if not finders:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="alert_required")
    if len(finders) > 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="one_alert")
    return finders[0]()


@callback
def _async_finders(
    hass: HomeAssistant, entry: DirectcallConfigEntry, fields: ActionFields
) -> Iterator[Callable[[], Alert]]:
    """Return for each alert that an action names a function that finds it."""
    book = AlertBook(hass, entry)
    return chain(
        (partial(book.async_get_alert, device_id) for device_id in fields.get_items(ATTR_ALERT)),
        (partial(book.get_named, name) for name in fields.get_items(ATTR_NAME, book.has_name)),
    )


def _get_timeout(fields: ActionFields) -> timedelta | None:
    """Return how long the action waits for the end of the alert, or None."""
    if not fields.get_boolean(ATTR_WAIT_FOR_ACKNOWLEDGEMENT, default=False):
        return None
    return fields.get_timeout(
        ATTR_TIMEOUT,
        default=_LONGEST_TIMEOUT,
        longest=_LONGEST_TIMEOUT,
        translation_key="invalid_alert_timeout",
    )
