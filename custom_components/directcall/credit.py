"""That an account has no credit, where people look for what they have to repair."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .coordinator import DirectcallConfigEntry


def _issue_id(entry_id: str) -> str:
    """Return the id of an account's issue."""
    return f"no_credit_{entry_id}"


@callback
def async_show_no_credit(hass: HomeAssistant, entry: DirectcallConfigEntry) -> None:
    """Say that there is no credit. It is said until a call is accepted, also after a restart."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry.entry_id),
        is_fixable=False,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key="no_credit",
        translation_placeholders={"account": entry.title},
    )


@callback
def async_clear_no_credit(hass: HomeAssistant, entry_id: str) -> None:
    """Say no more that there is no credit."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry_id))
