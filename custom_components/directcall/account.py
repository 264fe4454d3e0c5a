"""Account: everything of an account that outlives a reload."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    CONF_CLIENT_ID,
    CONF_CLIENT_SECRET,
    CONF_URL,
    EVENT_HOMEASSISTANT_CLOSE,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.ssl import get_default_context

from .alerts import AlertManager
from .api import DirectcallClient, Sessions, parse_url
from .balance import BalanceManager
from .billing import RequestManager
from .calls import CallManager
from .const import DOMAIN
from .coordinator import DirectcallCoordinator
from .deleted_subentries import DeletedSubentries
from .issues import (
    async_clear_alerts_without_contact,
    async_clear_all_no_credit,
    async_clear_all_spending_limits,
    async_clear_low_balance,
)
from .recordings import RecordingLibrary, RecordingWatcher
from .store import AccountStore

_DATA_ACCOUNTS: Final[HassKey[dict[str, DirectcallAccount]]] = HassKey(DOMAIN)


@dataclass(frozen=True, slots=True)
class DirectcallData:
    """The data of an account's entry while it is loaded."""

    account: DirectcallAccount
    coordinator: DirectcallCoordinator
    recordings: RecordingLibrary
    balance: BalanceManager

    @property
    def client(self) -> DirectcallClient:
        """Return the client of the account."""
        return self.coordinator.client


type DirectcallConfigEntry = ConfigEntry[DirectcallData]


class DirectcallAccount:
    """The calls, alerts, recordings, requests and sessions of an account, and what is saved."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Start without calls, and open the sessions."""
        self._hass = hass
        self.sessions: Final = Sessions.open(get_default_context())
        self._store = AccountStore(hass, entry_id)
        self.requests: Final = RequestManager(hass, entry_id, self._store)
        self.calls: Final = CallManager(hass, entry_id, self._store, self.requests)
        self.recording_watcher: Final = RecordingWatcher(
            hass, entry_id, self._store, self.calls.tracker
        )
        self.alerts: Final = AlertManager(hass, entry_id, self._store, self.calls, self.requests)
        self._deleted_subentries = DeletedSubentries(hass, entry_id, self._store)
        self._entry_id = entry_id
        self._is_loaded = False

    async def async_load(self) -> None:
        """Restore what was saved before Home Assistant stopped, once."""
        if not self._is_loaded:
            self._is_loaded = True
            await self._store.async_load()
            self._deleted_subentries.async_start()

    def create_client(self, entry: ConfigEntry) -> DirectcallClient:
        """Return a client with the entry's credentials, and no token yet."""
        return DirectcallClient(
            self.sessions,
            parse_url(entry.data[CONF_URL]),
            entry.data[CONF_CLIENT_ID],
            entry.data[CONF_CLIENT_SECRET],
            partial(
                self._hass.async_create_background_task, name=f"{DOMAIN} token", eager_start=False
            ),
        )

    @callback
    def async_attach(self, entry: DirectcallConfigEntry) -> None:
        """Track the calls, look for recordings, and go on with the alerts, while it is loaded."""
        data = entry.runtime_data
        self.recording_watcher.async_attach(data.coordinator, data.recordings)
        self.calls.tracker.async_attach(data.coordinator)
        self.alerts.async_attach(data.coordinator)

    @callback
    def async_detach(self) -> None:
        """Pause the alerts, the tracking and the search for recordings."""
        self.alerts.async_detach()
        self.calls.tracker.async_detach()
        self.recording_watcher.async_detach()

    async def async_remove(self) -> None:
        """Forget everything, and close the sessions once the requests under way have ended."""
        self.requests.async_cancel_billed()
        async_clear_all_no_credit(self._hass, self._entry_id)
        async_clear_all_spending_limits(self._hass, self._entry_id)
        self._deleted_subentries.async_remove()
        async_clear_low_balance(self._hass, self._entry_id)
        async_clear_alerts_without_contact(self._hass, self._entry_id)
        self.alerts.async_remove()
        self.calls.tracker.async_end_all()
        self.recording_watcher.async_detach()
        await self._store.async_remove()
        self._hass.async_create_background_task(self._async_end(), f"{DOMAIN} sessions")

    async def _async_end(self) -> None:
        try:
            await self.requests.async_wait_for_all()
        finally:
            await self.sessions.close()


@callback
def async_get_account(hass: HomeAssistant, entry_id: str) -> DirectcallAccount:
    """Return an account. Create it the first time."""
    if _DATA_ACCOUNTS not in hass.data:
        hass.data[_DATA_ACCOUNTS] = {}

        async def async_close_sessions(_: Event) -> None:
            for account in list(hass.data[_DATA_ACCOUNTS].values()):
                await account.sessions.close()

        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, async_close_sessions)
    accounts = hass.data[_DATA_ACCOUNTS]
    if entry_id not in accounts:
        accounts[entry_id] = DirectcallAccount(hass, entry_id)
    return accounts[entry_id]


async def async_remove_account(hass: HomeAssistant, entry_id: str) -> None:
    """Remove an account, whether or not it was ever loaded."""
    account = async_get_account(hass, entry_id)
    del hass.data[_DATA_ACCOUNTS][entry_id]
    await account.async_remove()


@callback
def async_get_loaded_entry(hass: HomeAssistant, entry_id: str) -> DirectcallConfigEntry:
    """Return an account that is loaded. Raise HomeAssistantError if there is none."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        if entry.entry_id == entry_id:
            return entry
    raise HomeAssistantError(translation_domain=DOMAIN, translation_key="account_not_loaded")
