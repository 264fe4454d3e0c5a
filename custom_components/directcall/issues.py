"""Repair issues: credit, limits, alerts without contacts, and what is named but deleted."""

from collections.abc import Collection, Iterable
from enum import Enum

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .api import redact_name, redact_number
from .const import CONF_CONTACTS, CONF_ORIGIN, DOMAIN, SUBENTRY_ALERT


class BilledService(Enum):
    """Services that Directcall bills. Code 102 suggests that each has its own balance."""

    CALLS = "no_credit"
    VOICE_MESSAGES = "no_credit_voice_messages"
    SMS = "no_credit_sms"

    @property
    def issue(self) -> str:
        """Return the translation key of the issue."""
        return self.value


class Budget(Enum):
    """Budgets for billed requests in an hour. Neither uses up the other."""

    ACTIONS = "spending_limit"
    ALERTS = "spending_limit_alerts"

    @property
    def issue(self) -> str:
        """Return the translation key of the issue."""
        return self.value


def _issue_id(entry_id: str, subject: BilledService | Budget) -> str:
    return f"{subject.issue}_{entry_id}"


@callback
def _async_show_billing_issue(
    hass: HomeAssistant, entry: ConfigEntry, subject: BilledService | Budget, **placeholders: str
) -> None:
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry.entry_id, subject),
        is_fixable=False,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=subject.issue,
        # Diagnostics contain the issues, too, and the title of the entry is the client ID.
        translation_placeholders={
            "origin": redact_number(entry.options[CONF_ORIGIN]),
            **placeholders,
        },
    )


@callback
def async_show_no_credit(hass: HomeAssistant, entry: ConfigEntry, service: BilledService) -> None:
    """Show that an account has no credit for a service, until a request for it is accepted."""
    _async_show_billing_issue(hass, entry, service)


@callback
def async_clear_no_credit(hass: HomeAssistant, entry_id: str, service: BilledService) -> None:
    """Clear the issue that an account has no credit for a service."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry_id, service))


@callback
def async_clear_all_no_credit(hass: HomeAssistant, entry_id: str) -> None:
    """Clear the issues of an account that is removed."""
    for service in BilledService:
        async_clear_no_credit(hass, entry_id, service)


@callback
def async_update_no_credit(hass: HomeAssistant) -> None:
    """Update the issues of all accounts after a change of an origin."""
    registry = ir.async_get(hass)
    # Also of accounts that are not loaded, because earlier versions named the client ID in them.
    for entry in hass.config_entries.async_entries(DOMAIN):
        for service in BilledService:
            if registry.async_get_issue(DOMAIN, _issue_id(entry.entry_id, service)):
                async_show_no_credit(hass, entry, service)


@callback
def async_show_deleted(
    hass: HomeAssistant, device_id: str, name: str, names: Iterable[str], *, is_alert: bool
) -> None:
    """Show that automations, alerts or others with these names still name what was deleted."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _deleted_id(device_id),
        is_fixable=False,
        # Diagnostics contain the names in persistent issues. These are made again at each start.
        is_persistent=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="deleted_alert" if is_alert else "deleted_contact",
        translation_placeholders={
            "alert" if is_alert else "contact": redact_name(name),
            "names": "\n".join(sorted(f"- {redact_name(each)}" for each in names)),
        },
    )


@callback
def async_clear_deleted(hass: HomeAssistant, device_id: str) -> None:
    """Clear the issue that a deleted contact or alert is still named."""
    ir.async_delete_issue(hass, DOMAIN, _deleted_id(device_id))


@callback
def async_update_alerts_without_contact(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Show which alerts of an account have no contact that is still there."""
    alerts = {
        f"{_alert_without_contact_id(entry.entry_id)}{alert.subentry_id}": alert.title
        for alert in entry.get_subentries_of_type(SUBENTRY_ALERT)
        if entry.subentries.keys().isdisjoint(alert.data[CONF_CONTACTS])
    }
    async_clear_alerts_without_contact(hass, entry.entry_id, except_for=alerts)
    for issue_id, title in alerts.items():
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            # As for what was deleted.
            is_persistent=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key="alert_without_contact",
            translation_placeholders={"alert": redact_name(title)},
        )


@callback
def async_clear_alerts_without_contact(
    hass: HomeAssistant, entry_id: str, *, except_for: Collection[str] = ()
) -> None:
    """Clear the issues of alerts that have contacts, were deleted, or go with their account."""
    for domain, issue_id in list(ir.async_get(hass).issues):
        is_ours = domain == DOMAIN and issue_id.startswith(_alert_without_contact_id(entry_id))
        if is_ours and issue_id not in except_for:
            ir.async_delete_issue(hass, domain, issue_id)


def _alert_without_contact_id(entry_id: str) -> str:
    """Return the beginning that the IDs of these issues of an account share."""
    return f"alert_without_contact_{entry_id}_"


def _deleted_id(device_id: str) -> str:
    return f"deleted_contact_{device_id}"


def _low_balance_id(entry_id: str) -> str:
    return f"low_balance_{entry_id}"


@callback
def async_show_low_balance(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Show that the balance of an account is below the limit in its options."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _low_balance_id(entry.entry_id),
        is_fixable=False,
        is_persistent=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="low_balance",
        # Diagnostics contain the issues, too, and the amount is private.
        translation_placeholders={"origin": redact_number(entry.options[CONF_ORIGIN])},
    )


@callback
def async_update_low_balance(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Update the issue of a low balance, if there is one, after a change of the origin."""
    if ir.async_get(hass).async_get_issue(DOMAIN, _low_balance_id(entry.entry_id)):
        async_show_low_balance(hass, entry)


@callback
def async_clear_low_balance(hass: HomeAssistant, entry_id: str) -> None:
    """Clear the issue of a low balance."""
    ir.async_delete_issue(hass, DOMAIN, _low_balance_id(entry_id))


@callback
def async_show_spending_limit(
    hass: HomeAssistant, entry: ConfigEntry, budget: Budget, limit: int
) -> None:
    """Show that a budget of an account is used up, until a request of it is accepted."""
    _async_show_billing_issue(hass, entry, budget, limit=str(limit))


@callback
def async_update_spending_limit(
    hass: HomeAssistant, entry: ConfigEntry, budget: Budget, limit: int, *, is_reached: bool
) -> None:
    """Update the issue of a spending limit, if there is one, after a change of the options."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, _issue_id(entry.entry_id, budget))
    if issue is None:
        return
    is_new = (issue.translation_placeholders or {}).get("limit") != str(limit)
    if is_new and not is_reached:
        async_clear_spending_limit(hass, entry.entry_id, budget)
    else:
        async_show_spending_limit(hass, entry, budget, limit)


@callback
def async_clear_spending_limit(hass: HomeAssistant, entry_id: str, budget: Budget) -> None:
    """Clear the issue of a spending limit."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry_id, budget))


@callback
def async_clear_all_spending_limits(hass: HomeAssistant, entry_id: str) -> None:
    """Clear the issues of the spending limit of an account that is removed."""
    for budget in Budget:
        async_clear_spending_limit(hass, entry_id, budget)
