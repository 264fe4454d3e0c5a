"""Calls are followed until they are over, through reloads and restarts.

They live beside an account's entry: a reload pauses the following and loses nothing.
"""

from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
import logging
from math import inf
import time
from typing import Any, Final

import voluptuous as vol

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.storage import Store

from .api import CallStatus, NumberPair
from .const import DOMAIN
from .coordinator import DirectcallCoordinator
from .credit import Billed, async_clear_no_credit
from .progress import FIRST_LOOK, NOT_UP_YET, Call, CallState

_LOGGER = logging.getLogger(__name__)

# Seconds in which changes are saved.
_SAVE_DELAY: Final = 0.5
_STORE_VERSION: Final = 1
_FILE: Final = vol.Schema({vol.Required("calls"): [object]})
_MOST_WORDS: Final = 50

type CallListener = Callable[[Call, CallState], None]


class FollowedCalls:
    """The calls of an account that are not over."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Start without a call."""
        self.entry_id: Final = entry_id
        self._hass = hass
        self._store: Store[dict[str, Any]] = Store(
            hass, _STORE_VERSION, f"{DOMAIN}.{entry_id}", private=True, atomic_writes=True
        )
        self._is_loaded = False
        self._save_is_due = False
        self.is_removed = False
        self._coordinator: DirectcallCoordinator | None = None
        self._calls: dict[NumberPair, Call] = {}
        self._ended: dict[NumberPair, float] = {}
        self._expected: set[Call] = set()
        self._timers: dict[Call, CALLBACK_TYPE] = {}
        self._listeners: list[CallListener] = []
        self._untold: list[tuple[Call, CallState]] = []
        self.final_states: Counter[CallState] = Counter()
        """How many calls came to what."""
        self.unknown_words: Counter[str] = Counter()
        """The provider's words that nobody documented, and how often they came."""

    @property
    def pairs(self) -> Collection[NumberPair]:
        """Return between which telephones there are calls."""
        return self._calls.keys()

    @property
    def active(self) -> int:
        """Return how many calls are known to be placed and not over."""
        return sum(call.is_accepted for call in self._calls.values())

    @property
    def unclear(self) -> int:
        """Return of how many calls it is not known whether they were placed."""
        return len(self._calls) - self.active

    def get(self, pair: NumberPair) -> Call | None:
        """Return the call between two telephones."""
        return self._calls.get(pair)

    async def async_load(self) -> None:
        """Take up the calls that were live when Home Assistant stopped, once."""
        if self._is_loaded:
            return
        self._is_loaded = True
        calls = []
        for saved in await self._async_read():
            # Never a reason not to be ready for the next alarm.
            try:
                calls.append(Call.from_dict(saved))
            except vol.Invalid as err:
                _LOGGER.warning("A live call could not be read (%s)", type(err).__name__)
        # What is accepted comes last, and stays: the two cannot be told apart any more.
        for call in sorted(calls, key=lambda call: call.is_accepted):
            if previous := self._calls.get(call.pair):
                self.async_finish(previous, CallState.UNKNOWN)
            self._calls[call.pair] = call

    async def _async_read(self) -> list[object]:
        """Return what was saved of the calls."""
        try:
            saved: dict[str, list[object]] = _FILE(await self._store.async_load() or {"calls": []})
        except (HomeAssistantError, NotImplementedError, vol.Invalid) as err:
            _LOGGER.warning("The live calls could not be read (%s)", type(err).__name__)
            return []
        return saved["calls"]

    @callback
    def async_attach(self, coordinator: DirectcallCoordinator) -> None:
        """Follow the calls through a coordinator, and tell the listeners, from now on."""
        self._coordinator = coordinator
        untold, self._untold = self._untold, []
        for call, state in untold:
            self._async_tell(call, state)
        for call in self._calls.values():
            self._async_schedule(call, FIRST_LOOK)

    @callback
    def async_detach(self) -> None:
        """Pause. What the calls come to meanwhile is told later."""
        self._coordinator = None
        while self._timers:
            self._timers.popitem()[1]()

    async def async_remove(self) -> None:
        """Forget everything: the account is gone."""
        self.is_removed = True
        for call in list(self._calls.values()):
            self.async_finish(call, CallState.UNKNOWN)
        # A write that is under way would bring the file back.
        await self._store.async_save({})
        await self._store.async_remove()

    @callback
    def async_subscribe(self, listener: CallListener) -> CALLBACK_TYPE:
        """Tell a listener of each state that a call enters. Return what ends that."""
        self._listeners.append(listener)
        return partial(self._listeners.remove, listener)

    @callback
    def async_expect(self, call: Call) -> None:
        """Note that a call may be placed from now on: were Home Assistant to stop, it may ring."""
        call.send()
        self._expected.add(call)
        self._async_save()

    @callback
    def async_give_up(self, call: Call) -> None:
        """Note that a call that was expected was not placed, or never even asked for."""
        self._expected.discard(call)
        self._async_save()

    @callback
    def async_follow(self, call: Call, *, accepted: bool) -> None:
        """Follow a call that was accepted, or of which it is not known whether it was placed."""
        self._expected.discard(call)
        call.start()
        previous = self._calls.get(call.pair)
        if previous and not accepted:
            # What would turn up is the one that is there already, for all that is known.
            previous.note_another()
            self.async_finish(call, CallState.UNKNOWN)
            return
        if previous:
            # The two cannot be told apart any more.
            self.async_finish(previous, CallState.UNKNOWN)
            call.watched = False
        call.may_see_another = time.monotonic() - self._ended.get(call.pair, -inf) < NOT_UP_YET
        self._calls[call.pair] = call
        self._async_save()
        self._async_schedule(call, FIRST_LOOK)
        if accepted:
            self._async_enter(call, call.reach(CallState.PLACED))
        if self.is_removed:
            self.async_finish(call, CallState.UNKNOWN)

    @callback
    def async_hung_up(self, call: Call) -> None:
        """End the life of a call that the provider says it ended: so it was placed."""
        if call.state is None:
            self._async_enter(call, call.reach(CallState.PLACED))
        self.async_finish(call, call.over)

    @callback
    def async_finish(self, call: Call, state: CallState) -> None:
        """End a call's life, unless it is over already."""
        if not call.is_over:
            self._async_enter(call, call.reach(state))
            self._async_save()

    async def async_look(self, coordinator: DirectcallCoordinator, call: Call) -> CallStatus | None:
        """Look at a call, and return what is seen, nothing where no call is active.

        Raise HomeAssistantError if that fails.
        """
        status = await coordinator.async_execute(
            lambda token: coordinator.client.call_status(token, call.pair)
        )
        self.async_observe(call, status)
        return status

    @callback
    def async_observe(self, call: Call, status: CallStatus | None) -> None:
        """Take in what was seen of a call."""
        self._async_note_words(status)
        saved = call.as_dict()
        for state in call.observe(status):
            self._async_enter(call, state)
        if call.as_dict() != saved:
            self._async_save()

    @callback
    def _async_schedule(self, call: Call, delay: float) -> None:
        """Look at a call after a while, unless it is over or the following pauses."""
        if self._coordinator is None or call.is_over:
            return
        look = partial(self._async_look_is_due, self._coordinator, call)
        self._async_cancel_timer(call)
        self._timers[call] = async_call_later(
            self._hass, delay, HassJob(look, cancel_on_shutdown=True)
        )

    @callback
    def _async_cancel_timer(self, call: Call) -> None:
        """Stop waiting for the next look."""
        if cancel := self._timers.pop(call, None):
            cancel()

    @callback
    def _async_look_is_due(
        self, coordinator: DirectcallCoordinator, call: Call, _now: object
    ) -> None:
        """Look at a call."""
        del self._timers[call]
        coordinator.config_entry.async_create_background_task(
            self._hass, self._async_look_again(coordinator, call), f"{DOMAIN} status"
        )

    async def _async_look_again(self, coordinator: DirectcallCoordinator, call: Call) -> None:
        """Look at a call, and see to it that it is looked at again, or given up."""
        try:
            if coordinator.may_ask_in_passing:
                await self.async_look(coordinator, call)
        except HomeAssistantError as err:
            _LOGGER.debug("The status of a call is not to be had: %s", type(err.__cause__).__name__)
        except Exception:
            # A fault of ours must not end the following.
            _LOGGER.exception("Unexpected error while looking at a call")
        if call.is_given_up:
            self.async_finish(call, CallState.UNKNOWN)
        self._async_schedule(call, call.pace)

    @callback
    def _async_note_words(self, status: CallStatus | None) -> None:
        """Keep the words that nobody documented, and report each once."""
        for leg in status.legs if status else ():
            if leg.state is not None:
                continue
            if leg.word not in self.unknown_words:
                if len(self.unknown_words) >= _MOST_WORDS:
                    continue
                _LOGGER.warning(
                    'Directcall says "%s" of a telephone, which nobody has documented: please'
                    " report this word, and what the telephone did, to the integration's issues",
                    leg.word,
                )
            self.unknown_words[leg.word] += 1

    @callback
    def _async_enter(self, call: Call, state: CallState) -> None:
        """Do what a state that a call entered brings with it."""
        if state is CallState.PLACED:
            async_clear_no_credit(self._hass, self.entry_id, Billed.CALLS)
        if state.is_over:
            self._async_cancel_timer(call)
            if self._calls.get(call.pair) is call:
                del self._calls[call.pair]
            self.final_states[state] += 1
            self._async_note_end(call.pair)
        self._async_tell(call, state)

    @callback
    def _async_note_end(self, pair: NumberPair) -> None:
        """Note when a call between two telephones was over: the status may still tell of it."""
        now = time.monotonic()
        self._ended = {p: end for p, end in self._ended.items() if now - end < NOT_UP_YET}
        self._ended[pair] = now

    @callback
    def _async_tell(self, call: Call, state: CallState) -> None:
        """Tell of a state that a call entered, as soon as somebody is there to hear it."""
        if self._coordinator is None:
            self._untold.append((call, state))
            return
        for listener in list(self._listeners):
            listener(call, state)

    @callback
    def _async_save(self) -> None:
        """Save the live calls soon."""
        # Asking again would put the writing off.
        if not self._save_is_due and not self.is_removed:
            self._save_is_due = True
            self._store.async_delay_save(self._data_to_save, _SAVE_DELAY)

    @callback
    def _data_to_save(self) -> dict[str, Any]:
        """Return the calls that are live, and those that may be."""
        self._save_is_due = False
        return {"calls": [call.as_dict() for call in (*self._calls.values(), *self._expected)]}
