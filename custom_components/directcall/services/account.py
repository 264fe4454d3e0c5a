"""Account of an action: the one that is meant, and the permission to use it."""

from typing import Final

from homeassistant.auth.permissions.const import CAT_ENTITIES, POLICY_CONTROL
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er

from ..account import DirectcallConfigEntry
from ..alerts import ATTR_ALERT, alert_not_found
from ..const import DOMAIN, SUBENTRY_ALERT, SUBENTRY_CONTACT
from ..contacts import ATTR_CONTACT, async_find_by_device, contact_not_found, subentry_identifier
from ..validation import ActionFields

# Fields with devices, and the type of the subentries that have these devices.
_DEVICES: Final = {ATTR_ALERT: SUBENTRY_ALERT, ATTR_CONTACT: SUBENTRY_CONTACT}


@callback
def async_get_entry(hass: HomeAssistant, fields: ActionFields) -> DirectcallConfigEntry:
    """Return the account that an action names, or that of its contact or alert, or the only one."""
    entry_id = fields.get(ATTR_CONFIG_ENTRY_ID)
    if entry_id is None:
        entry_id = _async_find_account(hass, fields)
    accounts = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    if entry_id is None and len(accounts) > 1:
        if fields.get_items(ATTR_CONTACT):
            raise contact_not_found()
        if fields.get_items(ATTR_ALERT):
            raise alert_not_found()
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="account_required")
    for account in accounts:
        is_meant = entry_id is None or entry_id == account.entry_id
        if is_meant and account.state is ConfigEntryState.LOADED:
            return account
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="account_not_loaded")


@callback
def _async_find_account(hass: HomeAssistant, fields: ActionFields) -> str | None:
    """Return the ID of the account that the first contact or alert belongs to, or None."""
    for field, subentry_type in _DEVICES.items():
        if not (device_ids := fields.get_items(field)):
            continue
        accounts = {
            subentry_identifier(entry.entry_id, subentry.subentry_id): entry.entry_id
            for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
            for subentry in entry.get_subentries_of_type(subentry_type)
        }
        for device_id in device_ids:
            if account := async_find_by_device(hass, accounts, device_id):
                return account
    return None


async def async_authorize(call: ServiceCall, entry: DirectcallConfigEntry) -> None:
    """Raise Unauthorized unless the user may control all entities of the account."""
    if not call.context.user_id:
        return
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context, config_entry_id=entry.entry_id)
    entities = er.async_entries_for_config_entry(er.async_get(call.hass), entry.entry_id)
    may_control = user.permissions.access_all_entities(POLICY_CONTROL) or (
        bool(entities)
        and all(user.permissions.check_entity(e.entity_id, POLICY_CONTROL) for e in entities)
    )
    if not may_control:
        raise Unauthorized(
            context=call.context,
            config_entry_id=entry.entry_id,
            perm_category=CAT_ENTITIES,
            permission=POLICY_CONTROL,
        )
