"""Call publisher: the states that calls enter, for listeners in Home Assistant."""

from collections.abc import Callable
from dataclasses import dataclass, field

from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.helpers.dispatcher import (
    SignalType,
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.helpers.start import async_at_started

from ..const import DOMAIN
from .call import Call, CallState


@dataclass(frozen=True, slots=True)
class CallUpdate:
    """A state that a call entered."""

    call: Call
    state: CallState
    context: Context = field(compare=False)
    """The context of the action that asked for the call, or its own after a restart."""


type CallListener = Callable[[CallUpdate], None]


class CallPublisher:
    """Publishes states once Home Assistant has started, and those entered before, too."""

    def __init__(self, hass: HomeAssistant, entry_id: str, published: Callable[[], object]) -> None:
        """Start paused. `published` is called after waiting states are published."""
        self._hass = hass
        self._signal = SignalType[CallUpdate](f"{DOMAIN}_call_{entry_id}")
        self._published = published
        self._is_paused = True
        self._cancel_start: CALLBACK_TYPE = lambda: None
        self._waiting: list[CallUpdate] = []

    @property
    def waiting(self) -> list[Call]:
        """Return the calls with states that are not published yet, the newest last."""
        return [update.call for update in self._waiting]

    @callback
    def async_subscribe(self, listener: CallListener) -> CALLBACK_TYPE:
        """Call a listener with each state that a call enters. Return what ends that."""
        return async_dispatcher_connect(self._hass, self._signal, listener)

    @callback
    def async_start(self) -> None:
        """Publish from when Home Assistant has started: before, no automation is triggered."""
        self._cancel_start = async_at_started(self._hass, self._async_started)

    @callback
    def _async_started(self, _: HomeAssistant) -> None:
        self._is_paused = False
        waiting, self._waiting = self._waiting, []
        for update in waiting:
            self.async_publish(update)
        if waiting:
            self._published()

    @callback
    def async_pause(self) -> None:
        """Let states wait, because the entities that listen are unloaded."""
        self._is_paused = True
        self._cancel_start()

    @callback
    def async_publish(self, update: CallUpdate) -> None:
        """Publish a state that a call entered, or let it wait."""
        if self._is_paused:
            self._waiting.append(update)
        else:
            async_dispatcher_send(self._hass, self._signal, update)
