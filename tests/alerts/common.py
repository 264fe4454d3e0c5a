"""Helpers of the tests of alerts: a house that is watched, and the telephones that it tells."""

from collections.abc import Callable, Mapping
import time
from time import sleep as real_sleep
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback

from tests.common import alert_data, make_account, pass_time, perform, set_up
from tests.simulator import Message, NetworkCall, Simulator

ALERT = "Fire"
EVENT = "event.fire_alert"
STATUS = "sensor.fire_status"
SEEN = "button.fire_i_have_seen_it"
NAMES = {"Maria": "+55 41 99999-0000", "João": "+55 41 99999-1111", "Rosa": "+55 41 99999-2222"}
SMS, VOICE, CALL = "sms", "voice_message", "call"


class Watch:
    """The seconds at which telephones are told, and events are fired, since the alert."""

    def __init__(
        self, hass: HomeAssistant, simulator: Simulator, contacts: Mapping[str, str] = NAMES
    ) -> None:
        """Begin now."""
        # The clock on the wall may be set meanwhile.
        self._start = time.monotonic()
        self._names = {
            "".join(filter(str.isdigit, number)): name for name, number in contacts.items()
        }
        self.told: list[tuple[int, str, str]] = []
        """Seconds, channel and name, of each telephone that rang or got a message."""
        self.texts: list[str] = []
        self.events: list[tuple[int, str]] = []
        """Seconds and type, with the contact after it, if there is one."""
        self.reasons: list[str] = []
        self.statuses: list[tuple[int, str]] = []
        simulator.on_message = self._message
        simulator.on_call = self._call
        hass.bus.async_listen("state_changed", self._changed)

    @property
    def _now(self) -> int:
        return round(time.monotonic() - self._start)

    def _message(self, message: Message) -> None:
        self.texts.append(message.text)
        for number in message.destinations:
            self.told.append((self._now, VOICE if message.is_spoken else SMS, self._names[number]))

    def _call(self, call: NetworkCall) -> None:
        self.told.append((self._now, CALL, self._names[call.form["destino"]]))

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        new, old = event.data["new_state"], event.data["old_state"]
        if new is None or new.state in {"unavailable", "unknown", old and old.state}:
            return
        if new.entity_id == STATUS:
            self.statuses.append((self._now, new.state))
        elif new.entity_id == EVENT and (old is None or old.state != "unavailable"):
            words = new.attributes["event_type"], new.attributes.get("contact")
            self.events.append((self._now, " ".join(filter(None, words))))
            if reason := new.attributes.get("reason"):
                self.reasons.append(reason)


def who(watch: Watch) -> list[tuple[str, str]]:
    """Return who was told, and through which channel."""
    return [(channel, name) for _, channel, name in watch.told]


def words(moments: list[tuple[int, str]]) -> list[str]:
    """Return what happened without its moments."""
    return [word for _, word in moments]


async def alarm(
    hass: HomeAssistant,
    simulator: Simulator,
    how: Mapping[str, Any] | None = None,
    contacts: Mapping[str, str] = NAMES,
    **data: Any,
) -> MockConfigEntry:
    """Set up an account with an alert that tells all contacts."""
    ids = [f"01CONTACT{number}" for number in range(len(contacts))]
    alerts = {ALERT: alert_data(contacts=ids, how=how, **data)}
    return await set_up(hass, make_account(simulator, contacts=contacts, alerts=alerts))


async def raise_alert(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    """Raise the alert, and wait until its first step is done."""
    response = await perform(hass, "raise_alert", {"name": ALERT, **data})
    await hass.async_block_till_done(wait_background_tasks=True)
    return response


async def press(hass: HomeAssistant, button: str = SEEN) -> None:
    """Press a button of the alert, the one that acknowledges it by default."""
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
    await hass.async_block_till_done(wait_background_tasks=True)


async def watch_for(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: int, step: int = 10
) -> None:
    """Let seconds pass."""
    await pass_time(hass, freezer, step, times=seconds // step)


async def met(hass: HomeAssistant, condition: Callable[[], object], seconds: float = 30) -> bool:
    """Return if a condition is met within some real seconds, while the clocks stand still."""
    for _ in range(int(seconds * 100)):
        if condition():
            return True
        await hass.async_add_executor_job(real_sleep, 0.01)
    return False
