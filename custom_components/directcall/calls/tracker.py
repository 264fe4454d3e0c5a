"""Calls are followed until they are over, through reloads and restarts.

They live beside an account's entry: a reload pauses the following and loses nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
import logging
import time
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import (
    SignalType,
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started

from ..api import CallStatus, DirectcallClient, DirectcallError, NumberPair
from ..const import DOMAIN
from ..coordinator import DirectcallCoordinator
from ..issues import BilledService, async_clear_no_credit
from ..store import AccountStore, Section
from .call import FIRST_LOOK, NOT_UP_YET, Call, CallState

_LOGGER = logging.getLogger(__name__)

_MOST_WORDS: Final = 50

type CallListener = Callable[[Call, CallState], None]


class CallTracker:
    """The calls of an account that are not over."""

    def __init__(self, hass: HomeAssistant, entry_id: str, store: AccountStore) -> None:
        """Start without a call."""
        self.entry_id: Final = entry_id
        self._hass = hass
        self._signal = SignalType[Call, CallState](f"{DOMAIN}_call_{entry_id}")
        self._store = store
        store.async_add_section(
            Section("calls", Call.from_dict, self._restore, self._calls_to_save)
        )
        self.is_removed = False
        self._coordinator: DirectcallCoordinator | None = None
        self._may_publish = False
        self._cancel_publishing: CALLBACK_TYPE = lambda: None
        self._calls: list[Call] = []
        self._ended: list[tuple[NumberPair, float]] = []
        self._expected: set[Call] = set()
        self._timers: dict[Call, CALLBACK_TYPE] = {}
        self._unpublished: list[tuple[Call, CallState]] = []
        self.final_states: Counter[CallState] = Counter()
        """How many calls came to what."""
        self.unknown_words: Counter[str] = Counter()
        """The provider's words that nobody documented, and how often they came."""

    @property
    def pairs(self) -> Iterator[NumberPair]:
        """Return between which telephones there are calls."""
        return (call.pair for call in self._calls)

    @property
    def active(self) -> int:
        """Return how many calls are known to be placed and not over."""
        return sum(call.is_accepted for call in self._calls)

    @property
    def unclear(self) -> int:
        """Return of how many calls it is not known whether they were placed."""
        return len(self._calls) - self.active

    def find(self, pair: NumberPair) -> Call | None:
        """Return the call between two telephones, however their numbers are written."""
        return next((call for call in self._calls if call.pair.could_match(pair)), None)

    @callback
    def _restore(self, calls: list[Call]) -> None:
        """Take up the calls that were live when Home Assistant stopped."""
        # What is accepted comes last, and stays: the two cannot be told apart any more.
        for call in sorted(calls, key=lambda call: call.is_accepted):
            if previous := self.find(call.pair):
                self.async_finish(previous, CallState.UNKNOWN)
            self._calls.append(call)

    def _calls_to_save(self) -> Iterable[Call]:
        """Return the calls that may go on, and those of which automations have to be told."""
        unpublished = {call: None for call, _ in self._unpublished}
        return dict.fromkeys((*self._calls, *self._expected, *unpublished))

    @callback
    def async_attach(self, coordinator: DirectcallCoordinator) -> None:
        """Follow the calls through a coordinator, and publish their states, from now on."""
        self._coordinator = coordinator
        for call in self._calls:
            self._async_schedule(call, 0)
        # Before Home Assistant has started, no automation would be triggered.
        self._cancel_publishing = async_at_started(self._hass, self._async_start_publishing)

    @callback
    def _async_start_publishing(self, _: HomeAssistant) -> None:
        """Publish the states that calls enter, and those that they entered before."""
        self._may_publish = True
        unpublished, self._unpublished = self._unpublished, []
        for call, state in unpublished:
            self._async_publish(call, state)
        if unpublished:
            self._store.async_save()

    @callback
    def async_detach(self) -> None:
        """Pause. The states that calls enter meanwhile are published later."""
        self._coordinator = None
        self._may_publish = False
        self._cancel_publishing()
        while self._timers:
            self._timers.popitem()[1]()

    @callback
    def async_end_all(self) -> None:
        """End all calls, because the account is removed."""
        self.is_removed = True
        for call in list(self._calls):
            self.async_finish(call, CallState.UNKNOWN)

    @callback
    def async_subscribe(self, listener: CallListener) -> CALLBACK_TYPE:
        """Call a listener with each state that a call enters. Return what ends that."""
        return async_dispatcher_connect(self._hass, self._signal, listener)

    @callback
    def async_expect(self, call: Call) -> None:
        """Note that a call may be placed from now on: were Home Assistant to stop, it may ring."""
        call.send()
        self._expected.add(call)
        # It may ring from now on, also if the power fails in the next moment.
        self._store.async_save(at_once=True)

    @callback
    def async_give_up(self, call: Call) -> None:
        """Note that a call that was expected was not placed, or never even asked for."""
        self._expected.discard(call)
        self._store.async_save()

    @callback
    def async_follow(self, call: Call, *, accepted: bool) -> None:
        """Follow a call that was accepted, or of which it is not known whether it was placed."""
        self._expected.discard(call)
        call.start()
        previous = self.find(call.pair)
        if previous and not accepted:
            # What would turn up is the one that is there already, for all that is known.
            previous.note_another()
            self.async_finish(call, CallState.UNKNOWN)
            return
        if previous:
            # The two cannot be told apart any more.
            self.async_finish(previous, CallState.UNKNOWN)
            call.watched = False
        call.may_show_another_call = any(
            pair.could_match(call.pair) for pair, _ in self._recently_ended()
        )
        self._calls.append(call)
        self._store.async_save()
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
            self._store.async_save()

    async def async_poll(self, client: DirectcallClient, call: Call) -> CallStatus | None:
        """Poll a call, and return its status, or None where no call is active.

        Raise DirectcallError if that fails.
        """
        polled = await client.call_status(call.pair)
        self.async_observe(call, polled.status, polled.asked_at)
        return polled.status

    @callback
    def async_observe(self, call: Call, status: CallStatus | None, asked_at: float) -> None:
        """Take in a status of a call as of when it was asked for."""
        self._async_note_words(status)
        saved = call.as_dict()
        for state in call.observe(status, asked_at):
            self._async_enter(call, state)
        if call.is_over or call.as_dict() != saved:
            self._store.async_save()

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
        """Poll a call, then schedule the next poll or stop tracking it."""
        try:
            if coordinator.allows_background_requests:
                await self.async_poll(coordinator.client, call)
        except DirectcallError as err:
            _LOGGER.debug("The status of a call could not be read: %s", type(err).__name__)
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
            async_clear_no_credit(self._hass, self.entry_id, BilledService.CALLS)
        if state.is_over:
            self._async_cancel_timer(call)
            if call in self._calls:
                self._calls.remove(call)
            self.final_states[state] += 1
            self._ended = [*self._recently_ended(), (call.pair, time.monotonic())]
        self._async_publish(call, state)

    def _recently_ended(self) -> list[tuple[NumberPair, float]]:
        """Return the pairs of calls of which the status may still tell, and when they ended."""
        now = time.monotonic()
        return [(pair, end) for pair, end in self._ended if now - end < NOT_UP_YET]

    @callback
    def _async_publish(self, call: Call, state: CallState) -> None:
        """Publish a state that a call entered, as soon as there are listeners."""
        if self._may_publish:
            async_dispatcher_send(self._hass, self._signal, call, state)
        else:
            self._unpublished.append((call, state))
