"""Repair issues: an account has no credit."""

from enum import Enum

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .api import redact_number
from .const import CONF_ORIGIN, DOMAIN
from .coordinator import DirectcallConfigEntry


class BilledService(Enum):
    """Services that Directcall bills. Code 102 suggests that each has its own balance."""

    CALLS = "no_credit"
    VOICE_MESSAGES = "no_credit_voice_messages"
    SMS = "no_credit_sms"

    @property
    def issue(self) -> str:
        """Return what the issue says."""
        return self.value


def _issue_id(entry_id: str, billed: BilledService) -> str:
    """Return the id of an account's issue."""
    return f"{billed.issue}_{entry_id}"


@callback
def async_show_no_credit(
    hass: HomeAssistant, entry: DirectcallConfigEntry, billed: BilledService
) -> None:
    """Say that there is no credit for something.

    It is said until the provider accepts something of the kind, also after a restart.
    """
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry.entry_id, billed),
        is_fixable=False,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=billed.issue,
        # Diagnostics hold the issues, too, and the title of the entry is the client id.
        translation_placeholders={"origin": redact_number(entry.options[CONF_ORIGIN])},
    )


@callback
def async_clear_no_credit(hass: HomeAssistant, entry_id: str, billed: BilledService) -> None:
    """Say no more that there is no credit for something."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry_id, billed))


@callback
def async_renew_no_credit(hass: HomeAssistant) -> None:
    """Name every account by its present origin in issues, which earlier versions did not."""
    registry = ir.async_get(hass)
    for entry in hass.config_entries.async_entries(DOMAIN):
        for billed in BilledService:
            if registry.async_get_issue(DOMAIN, _issue_id(entry.entry_id, billed)):
                async_show_no_credit(hass, entry, billed)
