"""A house with an alert, whose account is behind a line, and that may be started again."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR

from tests.alerts.common import ALERT, NAMES, STATUS, Watch, watch_for, who, words
from tests.common import ENTRY_ID, alert_data, make_account, restarted, set_up, state_of
from tests.proxy import Proxy
from tests.simulator import Simulator

QUICK = {"rounds": 1, "time_each": {"seconds": 20}, "pause": {"minutes": 1}}


class House:
    """A house with an alert behind a line."""

    def __init__(self, simulator: Simulator, line: Proxy, freezer: FrozenDateTimeFactory) -> None:
        """Have three contacts."""
        self.simulator = simulator
        self.line = line
        self.freezer = freezer
        self.contacts = dict(NAMES)
        self.data = {CONF_URL: line.url}
        self.hass: HomeAssistant
        self.account: MockConfigEntry
        self.watches: list[Watch] = []
        self.release: Callable[[], object] = lambda: None
        """What lets a reply that is held back come."""
        self._alert: dict[str, Any] = {}
        self.more_alerts: dict[str, dict[str, Any]] = {}

    async def start(
        self, hass: HomeAssistant, how: Mapping[str, Any] | None = None, **alert: Any
    ) -> None:
        """Set the account up, the first time with the data of its alert."""
        self.hass = hass
        self.watches.append(Watch(hass, self.simulator, self.contacts))
        self._alert = self._alert or alert_data(
            contacts=[f"01CONTACT{number}" for number in range(len(self.contacts))],
            how={**QUICK, **(how or {})},
            **alert,
        )
        self.account = make_account(
            self.simulator,
            data=self.data,
            contacts=self.contacts,
            alerts={ALERT: self._alert, **self.more_alerts},
            entry_id=ENTRY_ID,
        )
        await set_up(hass, self.account)

    @property
    def file(self) -> Path:
        """Return the account's file."""
        return Path(self.hass.config.path(STORAGE_DIR, f"directcall.{ENTRY_ID}"))

    def saved(self) -> list[Any]:
        """Return the runs that are saved."""
        runs: list[Any] = json.loads(self.file.read_text())["data"]["alerts"]
        return runs

    def change_file(self, **sections: list[Any]) -> None:
        """Replace sections of the account's file."""
        file = json.loads(self.file.read_text())
        file["data"] |= sections
        self.file.write_text(json.dumps(file))

    @property
    def told(self) -> list[tuple[str, str]]:
        """Return who was told through which channel, also before a restart."""
        return [told for watch in self.watches for told in who(watch)]

    @property
    def events(self) -> list[str]:
        """Return the events of the alert, also before a restart."""
        return [event for watch in self.watches for event in words(watch.events)]

    @property
    def status(self) -> str:
        """Return the status of the alert."""
        return state_of(self.hass, STATUS)

    async def mend_line(self) -> None:
        """Let the line work."""
        await self.line.stop()
        await self.line.start()

    async def wait(self, seconds: int) -> None:
        """Let seconds pass."""
        await watch_for(self.hass, self.freezer, seconds)


@asynccontextmanager
async def reload(house: House) -> AsyncIterator[None]:
    """Reload the account."""
    await house.hass.config_entries.async_unload(ENTRY_ID)
    house.release()
    await house.hass.config_entries.async_setup(ENTRY_ID)
    yield


@asynccontextmanager
async def restart(house: House) -> AsyncIterator[None]:
    """Restart Home Assistant."""
    await house.hass.async_stop(force=True)
    house.release()
    async with restarted(house.hass) as again:
        await house.start(again)
        yield
