"""Publisher: updates for listeners in Home Assistant."""

from collections.abc import Callable

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import SignalType, async_dispatcher_send
from homeassistant.helpers.start import async_at_started


class Publisher[UpdateT]:
    """Publishes updates once Home Assistant has started, and those of before, too."""

    def __init__(
        self,
        hass: HomeAssistant,
        signal_of: Callable[[UpdateT], SignalType[UpdateT]],
        published: Callable[[], object],
    ) -> None:
        """Start paused. `published` is called after waiting updates are published."""
        self._hass = hass
        self._signal_of = signal_of
        self._published = published
        self._is_paused = True
        self._cancel_start: CALLBACK_TYPE = lambda: None
        self._waiting: list[UpdateT] = []

    @property
    def waiting(self) -> list[UpdateT]:
        """Return the updates that are not published yet, the newest last."""
        return [*self._waiting]

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
        """Let updates wait, because the entities that listen are unloaded."""
        self._is_paused = True
        self._cancel_start()

    @callback
    def async_publish(self, update: UpdateT) -> None:
        """Publish an update, or let it wait."""
        if self._is_paused:
            self._waiting.append(update)
        else:
            async_dispatcher_send(self._hass, self._signal_of(update), update)
