"""Directcall: calls that ring a telephone when something happens at home."""

from typing import Final

from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET, CONF_URL, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .api import DirectcallClient, Sessions, parse_url
from .billing import async_cancel_requests, async_wait_for_requests
from .calls import CallManager, async_get_calls, async_remove_calls
from .const import CONF_MEDIA_KEY, CONF_NUMBER, CONF_ORIGIN, DOMAIN, SUBENTRY_CONTACT
from .coordinator import DirectcallConfigEntry, DirectcallCoordinator
from .entity import async_create_account_device
from .issues import async_renew_no_credit
from .number_data import async_load_number_data
from .recordings import async_get_recording_watcher, async_remove_recording_watcher, new_media_key
from .services import async_setup_services
from .sessions import async_get_sessions, async_take_sessions

CONFIG_SCHEMA: Final = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NOTIFY,
    Platform.SENSOR,
]
_WITH_MEDIA_KEY: Final = 2


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, which are there whether or not an account is loaded."""
    async_setup_services(hass)
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: DirectcallConfigEntry) -> bool:
    """Give an account of before there were recordings the key that they need."""
    if entry.minor_version < _WITH_MEDIA_KEY:
        hass.config_entries.async_update_entry(
            entry,
            data={**entry.data, CONF_MEDIA_KEY: new_media_key()},
            minor_version=_WITH_MEDIA_KEY,
        )
    return True


async def async_setup_entry(hass: HomeAssistant, entry: DirectcallConfigEntry) -> bool:
    """Set up an account."""
    contacts = entry.get_subentries_of_type(SUBENTRY_CONTACT)
    await async_load_number_data(
        hass, entry.options[CONF_ORIGIN], [contact.data[CONF_NUMBER] for contact in contacts]
    )
    client = DirectcallClient(
        async_get_sessions(hass, entry.entry_id),
        parse_url(entry.data[CONF_URL]),
        entry.data[CONF_CLIENT_ID],
        entry.data[CONF_CLIENT_SECRET],
    )
    coordinator = DirectcallCoordinator(hass, entry, client)
    entry.runtime_data = coordinator
    followed = async_get_calls(hass, entry.entry_id).followed
    await followed.async_load()
    announcer = async_get_recording_watcher(hass, entry.entry_id)
    await announcer.async_load()
    async_create_account_device(hass, entry.entry_id)
    async_renew_no_credit(hass)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    # Now there is somebody to tell of what becomes of them.
    announcer.async_attach(entry, followed)
    followed.async_attach(coordinator)
    entry.async_on_unload(entry.add_update_listener(_async_update_listener))
    coordinator.async_start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: DirectcallConfigEntry) -> bool:
    """Unload an account."""
    if entry.disabled_by:
        async_cancel_requests(hass, entry.entry_id)
    followed = async_get_calls(hass, entry.entry_id).followed
    announcer = async_get_recording_watcher(hass, entry.entry_id)
    # Before those are gone who listen.
    followed.async_detach()
    announcer.async_detach()
    if await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return True
    announcer.async_attach(entry, followed)
    followed.async_attach(entry.runtime_data)
    return False


async def async_remove_entry(hass: HomeAssistant, entry: DirectcallConfigEntry) -> None:
    """Forget the calls of an account that is removed, and the recordings that are awaited."""
    async_cancel_requests(hass, entry.entry_id)
    _async_abort_flows(hass, entry.entry_id)
    calls = async_get_calls(hass, entry.entry_id)
    await async_remove_calls(hass, entry.entry_id)
    await async_remove_recording_watcher(hass, entry.entry_id)
    if sessions := async_take_sessions(hass, entry.entry_id):
        hass.async_create_background_task(
            _async_close_sessions(hass, entry.entry_id, calls, sessions), f"{DOMAIN} sessions"
        )


async def _async_close_sessions(
    hass: HomeAssistant, entry_id: str, calls: CallManager, sessions: Sessions
) -> None:
    """Close the sessions of a removed account once the requests that are under way have ended."""
    try:
        await async_wait_for_requests(hass, entry_id)
        await calls.async_wait_for_hang_ups()
    finally:
        await sessions.close()


@callback
def _async_abort_flows(hass: HomeAssistant, entry_id: str) -> None:
    """Abort the forms of an account that are open.

    Home Assistant does so for reauthentication alone. Any other form of an account that is gone
    ends in an unknown error.
    """
    flows = hass.config_entries
    for contact in flows.subentries.async_progress(include_uninitialized=True):
        if contact["handler"][0] == entry_id:
            flows.subentries.async_abort(contact["flow_id"])
    for options in flows.options.async_progress_by_handler(entry_id, include_uninitialized=True):
        flows.options.async_abort(options["flow_id"])
    for account in flows.flow.async_progress_by_handler(
        DOMAIN, match_context={"source": SOURCE_RECONFIGURE, "entry_id": entry_id}
    ):
        flows.flow.async_abort(account["flow_id"])


async def _async_update_listener(hass: HomeAssistant, entry: DirectcallConfigEntry) -> None:
    """Set the account up anew after a change, of a contact or an option mostly."""
    entry.runtime_data.async_keep_token()
    hass.config_entries.async_schedule_reload(entry.entry_id)
