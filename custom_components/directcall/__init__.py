"""Directcall: calls that ring a telephone when something happens at home."""

from typing import Final

from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .account import DirectcallConfigEntry, DirectcallData, async_get_account, async_remove_account
from .balance import BalanceManager
from .const import CONF_MEDIA_KEY, CONF_NUMBER, CONF_ORIGIN, DOMAIN, SUBENTRY_CONTACT
from .contacts import async_load_number_data
from .coordinator import DirectcallCoordinator
from .entity import async_create_account_device
from .issues import async_update_no_credit
from .recordings import RecordingLibrary, new_media_key
from .services import async_setup_services

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
    """Add the media key, which entries of version 1.1 lack."""
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
    account = async_get_account(hass, entry.entry_id)
    await account.async_load()
    client = account.async_get_client(entry)
    coordinator = DirectcallCoordinator(hass, entry, client)
    recordings = RecordingLibrary(hass, entry, client)
    entry.async_on_unload(recordings.async_close)
    balance = BalanceManager(hass, coordinator)
    entry.runtime_data = DirectcallData(account, coordinator, recordings, balance)
    async_create_account_device(hass, entry.entry_id)
    async_update_no_credit(hass)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    # The entities listen by now.
    account.async_attach(entry)
    entry.async_on_unload(entry.add_update_listener(_async_update_listener))
    balance.async_start()
    coordinator.async_start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: DirectcallConfigEntry) -> bool:
    """Unload an account."""
    account = entry.runtime_data.account
    if entry.disabled_by:
        account.requests.async_cancel_billed()
    # Before the entities stop listening.
    account.async_detach()
    if await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return True
    account.async_attach(entry)
    return False


async def async_remove_entry(hass: HomeAssistant, entry: DirectcallConfigEntry) -> None:
    """Remove the data of an account."""
    _async_abort_flows(hass, entry.entry_id)
    await async_remove_account(hass, entry.entry_id)


@callback
def _async_abort_flows(hass: HomeAssistant, entry_id: str) -> None:
    # Home Assistant aborts reauthentication only. Other forms of a removed account would end in an
    # unknown error.
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
    entry.runtime_data.balance.async_check()
    coordinator = entry.runtime_data.coordinator
    entry.runtime_data.account.async_keep_client(coordinator.client, coordinator.entry_data)
    hass.config_entries.async_schedule_reload(entry.entry_id)
