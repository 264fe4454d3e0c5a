"""House with an alert in a process of its own, which a test can kill."""

import asyncio
import sys

from homeassistant.const import CONF_URL

from tests.common import CONTACTS, ENTRY_ID, alert_data, make_account, perform, running_home, set_up
from tests.simulator import Simulator

ALERT = "Fogo"
# Seconds.
TIME_EACH = 3


async def run(folder: str, url: str, *actions: str) -> None:
    """Start Home Assistant in a folder, perform actions on the alert, and run on."""
    how = {"time_each": {"seconds": TIME_EACH}, "rounds": 1}
    account = make_account(
        Simulator(),
        data={CONF_URL: url},
        contacts=CONTACTS,
        alerts={ALERT: alert_data(how=how)},
        entry_id=ENTRY_ID,
    )
    async with running_home(folder) as hass:
        await set_up(hass, account)
        for action in actions:
            await perform(hass, action, {"name": ALERT})
        sys.stdout.write("started\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:]))
