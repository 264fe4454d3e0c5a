"""Directcall: calls that ring a telephone when something happens at home."""

from typing import Final

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.typing import ConfigType

from .account import DirectcallConfigEntry, DirectcallData, async_get_account, async_remove_account
from .balance import BalanceManager
from .const import CONF_MEDIA_KEY, CONF_NUMBER, CONF_ORIGIN, DOMAIN, SUBENTRY_CONTACT
from .contacts import async_entry_signal, async_load_number_data
from .coordinator import DirectcallCoordinator
from .entity import async_create_account_device, async_rename_devices
from .issues import async_update_alerts_without_contact, async_update_no_credit
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
# Minor versions of entries.
_WITH_MEDIA_KEY: Final = 2
_WITHOUT_DOUBLED_SENSORS: Final = 3


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, which are there whether or not an account is loaded."""
    async_setup_services(hass)
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: DirectcallConfigEntry) -> bool:
    """Add the media key, and remove the sensors that the event and the contacts' doubled."""
    if entry.minor_version < _WITH_MEDIA_KEY:
        hass.config_entries.async_update_entry(
            entry,
            data={**entry.data, CONF_MEDIA_KEY: new_media_key()},
            minor_version=_WITH_MEDIA_KEY,
        )
    if entry.minor_version < _WITHOUT_DOUBLED_SENSORS:
        entities = er.async_get(hass)
        for key in ("active_calls", "last_call"):
            unique_id = f"{entry.entry_id}_{key}"
            if entity_id := entities.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id):
                entities.async_remove(entity_id)
        hass.config_entries.async_update_entry(entry, minor_version=_WITHOUT_DOUBLED_SENSORS)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: DirectcallConfigEntry) -> bool:
    """Set up an account."""
    await _async_load_number_data(hass, entry)
    account = async_get_account(hass, entry.entry_id)
    await account.async_load()
    client = account.create_client(entry)
    coordinator = DirectcallCoordinator(hass, entry, client)
    recordings = RecordingLibrary(hass, entry, client)
    entry.async_on_unload(recordings.async_close)
    balance = BalanceManager(hass, coordinator)
    entry.runtime_data = DirectcallData(account, coordinator, recordings, balance)
    async_create_account_device(hass, entry.entry_id)
    async_update_no_credit(hass)
    async_update_alerts_without_contact(hass, entry)
    account.requests.spending_limit.async_check(entry)
    # Before the platforms, each of which begins with the contacts that there are by then.
    entry.async_on_unload(entry.add_update_listener(_async_update))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    # The entities listen by now.
    account.async_attach(entry)
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


async def _async_load_number_data(hass: HomeAssistant, entry: DirectcallConfigEntry) -> None:
    contacts = entry.get_subentries_of_type(SUBENTRY_CONTACT)
    await async_load_number_data(
        hass, entry.options[CONF_ORIGIN], [contact.data[CONF_NUMBER] for contact in contacts]
    )


async def _async_update(hass: HomeAssistant, entry: DirectcallConfigEntry) -> None:
    """Apply changed options and contacts without a reload."""
    await _async_load_number_data(hass, entry)
    if entry.state not in {ConfigEntryState.SETUP_IN_PROGRESS, ConfigEntryState.LOADED}:
        # The next set-up reads everything.
        return
    async_update_no_credit(hass)
    async_update_alerts_without_contact(hass, entry)
    entry.runtime_data.account.requests.spending_limit.async_check(entry)
    entry.runtime_data.balance.async_check()
    async_rename_devices(hass, entry)
    async_dispatcher_send(hass, async_entry_signal(entry.entry_id))
