"""Call tracker: calls are polled until they are over, through reloads and restarts."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
import logging
import time
from typing import Final

from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.dispatcher import (
    SignalType,
    async_dispatcher_connect,
    async_dispatcher_send,
)

from ..api import (
    AcceptedRequest,
    CallStatus,
    DirectcallClient,
    DirectcallError,
    NumberPair,
    PhoneNumber,
)
from ..const import DOMAIN
from ..coordinator import DirectcallCoordinator
from ..issues import BilledService, async_clear_no_credit
from ..poll_scheduler import PollScheduler
from ..publisher import Publisher
from ..store import AccountStore, Section
from . import state_machine
from .call import STATUS_DELAY, Call, CallState

_LOGGER = logging.getLogger(__name__)

_MOST_WORDS: Final = 50


@dataclass(frozen=True, slots=True)
class CallUpdate:
    """A state that a call entered."""

    call: Call
    state: CallState
    context: Context = field(compare=False)
    """The context of the action that asked for the call, or its own after a restart."""


@dataclass(slots=True, eq=False)
class TrackedCall:
    """A call as it is now."""

    call: Call
    context: Context = field(default_factory=Context)
    """The context of the action that asked for the call, or its own after a restart."""
    line_keys: tuple[str, str] = field(init=False)
    _placed_or_over: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _answered_or_over: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Derive the keys once, because every new call is compared with all others."""
        self.line_keys = self.call.pair.line_keys

    @callback
    def async_update(self, call: Call) -> None:
        """Replace the call by what became known of it."""
        self.call = call
        if call.state is not None:
            self._placed_or_over.set()
        if call.is_answered_or_over:
            self._answered_or_over.set()

    async def async_wait_for_outcome(self, seconds: float) -> None:
        """Wait until the destination answers or no longer can, for some seconds at most."""
        # Longer than this, it does not turn out whether an ambiguous call was placed.
        until_decided = state_machine.seconds_ambiguous(self.call, time.monotonic())
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async with asyncio.timeout(until_decided):
                    await self._placed_or_over.wait()
                await self._answered_or_over.wait()


class CallTracker:
    """The calls of an account that are not over."""

    def __init__(self, hass: HomeAssistant, entry_id: str, store: AccountStore) -> None:
        """Start without a call until the store is loaded."""
        self.entry_id: Final = entry_id
        self._hass = hass
        self._store = store
        store.async_add_section(Section("calls", _read_call, self._restore, self._calls_to_save))
        signal = SignalType[CallUpdate](f"{DOMAIN}_call_{entry_id}")
        self._publisher = Publisher[CallUpdate](hass, lambda _: signal, store.async_save)
        self.async_subscribe: Final = partial(async_dispatcher_connect, hass, signal)
        # Listeners to this one do not wait until Home Assistant has started.
        self._signal = SignalType[CallUpdate](f"{DOMAIN}_call_at_once_{entry_id}")
        self.async_subscribe_at_once: Final = partial(async_dispatcher_connect, hass, self._signal)
        self._is_removed = False
        self._polls = PollScheduler(hass, self._async_poll_again)
        self._coordinator: DirectcallCoordinator | None = None
        self._requested: set[TrackedCall] = set()
        self._tracked: list[TrackedCall] = []
        # By the line keys of their pairs, because there may be many.
        self._ended: dict[tuple[str, str], list[tuple[NumberPair, float]]] = {}
        self.final_states: Counter[CallState] = Counter()
        self.unknown_words: Counter[str] = Counter()

    @property
    def pairs(self) -> Iterator[NumberPair]:
        """Return the pairs of the tracked calls."""
        return (tracked.call.pair for tracked in self._tracked)

    @property
    def placed(self) -> list[Call]:
        """Return the calls that are known to be placed and not over."""
        return [tracked.call for tracked in self._tracked if tracked.call.is_accepted]

    @property
    def ambiguous(self) -> int:
        """Return how many calls there are that may not have been placed."""
        return len(self._tracked) - len(self.placed)

    def is_tracked(self, tracked: TrackedCall) -> bool:
        """Return if a call is tracked, so that it is not over."""
        return tracked in self._tracked

    def has_call_to(self, destination: PhoneNumber) -> bool:
        """Return if listeners will hear of a call to a telephone that is known already."""
        return any(call.pair.destination.could_match(destination) for call in self._calls_to_save())

    def find(self, pair: NumberPair) -> TrackedCall | None:
        """Return the call between two telephones, however their numbers are written."""
        keys = pair.line_keys
        return next(
            (
                each
                for each in self._tracked
                if each.line_keys == keys and each.call.pair.could_match(pair)
            ),
            None,
        )

    def get(self, call_id: str) -> TrackedCall | None:
        """Return the tracked call with our ID, or None once it is over."""
        return next((each for each in self._tracked if each.call.call_id == call_id), None)

    @callback
    def _restore(self, calls: list[Call]) -> None:
        # Two calls of a pair cannot be told apart any more. An accepted one stays.
        for call in sorted(calls, key=lambda call: call.is_accepted):
            if previous := self.find(call.pair):
                self.async_finish(previous, CallState.UNKNOWN)
            self._tracked.append(TrackedCall(call))

    def _calls_to_save(self) -> Iterable[Call]:
        # Of a call that is over, listeners must hear after a restart, too.
        calls = {update.call.call_id: update.call for update in self._publisher.waiting}
        for tracked in (*self._tracked, *self._requested):
            calls[tracked.call.call_id] = tracked.call
        return calls.values()

    @callback
    def async_attach(self, coordinator: DirectcallCoordinator) -> None:
        """Poll the calls through a coordinator, and publish their states, from now on."""
        self._coordinator = coordinator
        self._polls.async_start(coordinator.config_entry)
        for tracked in self._tracked:
            self._polls.async_schedule(tracked, 0)
        self._publisher.async_start()

    @callback
    def async_detach(self) -> None:
        """Pause the polls, and publish later which states calls enter meanwhile."""
        self._coordinator = None
        self._publisher.async_pause()
        self._polls.async_pause()

    @callback
    def async_end_all(self) -> None:
        """End all calls, because the account is removed."""
        self._is_removed = True
        for tracked in list(self._tracked):
            self.async_finish(tracked, CallState.UNKNOWN)

    @callback
    def async_request_sent(self, tracked: TrackedCall) -> None:
        """Save a call whose request is sent now."""
        tracked.call = state_machine.send_request(tracked.call, time.monotonic(), time.time())
        self._requested.add(tracked)
        # It may ring from now on, also if the power fails in the next moment.
        self._store.async_save(at_once=True)

    @callback
    def async_request_failed(self, tracked: TrackedCall) -> None:
        """Forget a call that surely was not placed."""
        self._requested.discard(tracked)
        self._store.async_save()

    @callback
    def async_track(self, tracked: TrackedCall, reply: AcceptedRequest | None) -> None:
        """Track a call that was accepted, or one that may have been placed, without a reply."""
        self._requested.discard(tracked)
        previous = self.find(tracked.call.pair)
        now = time.monotonic()
        call, states = state_machine.end_request(
            tracked.call,
            reply,
            now,
            time.time(),
            replaces_another=previous is not None,
            may_show_another=self._has_recently_ended(tracked.call.pair),
        )
        if previous and call.is_accepted:
            # The two cannot be told apart any more.
            self.async_finish(previous, CallState.UNKNOWN)
        elif previous:
            # A status would show the call that is there already, for all that is known.
            previous.call = state_machine.hide_another(previous.call, now)
            tracked.call = call
            self.async_finish(tracked, CallState.UNKNOWN)
            return
        self._tracked.append(tracked)
        self._store.async_save()
        self._polls.async_schedule(tracked, state_machine.FIRST_POLL)
        self._async_enter(tracked, call, states)
        if self._is_removed:
            self.async_finish(tracked, CallState.UNKNOWN)

    @callback
    def async_hung_up(self, tracked: TrackedCall) -> None:
        """Record that the provider ended a call on request."""
        self._async_enter(tracked, *state_machine.hang_up(tracked.call, time.monotonic()))
        self._store.async_save()

    @callback
    def async_finish(self, tracked: TrackedCall, state: CallState) -> None:
        """End a call in a final state, unless it is over already."""
        self._async_enter(tracked, *state_machine.finish(tracked.call, state, time.monotonic()))
        self._store.async_save()

    async def async_poll(self, client: DirectcallClient, tracked: TrackedCall) -> CallStatus | None:
        """Poll a call, and return its status. Raise DirectcallError if that fails."""
        polled = await client.call_status(tracked.call.pair)
        self.async_observe(tracked, polled.status, polled.asked_at)
        return polled.status

    @callback
    def async_observe(
        self, tracked: TrackedCall, status: CallStatus | None, asked_at: float
    ) -> None:
        """Record the status of a call as of when it was asked for."""
        self._async_count_unknown_words(status)
        saved = tracked.call.as_dict()
        self._async_enter(
            tracked, *state_machine.observe(tracked.call, status, asked_at, time.monotonic())
        )
        if tracked.call.is_over or tracked.call.as_dict() != saved:
            self._store.async_save()

    async def _async_poll_again(self, tracked: TrackedCall) -> None:
        """Poll a call, then schedule the next poll."""
        coordinator = self._coordinator
        try:
            if coordinator and coordinator.allows_background_requests:
                await self.async_poll(coordinator.client, tracked)
        except DirectcallError as err:
            _LOGGER.debug("The status of a call could not be read: %s", type(err).__name__)
        except Exception:
            # An error of ours must not end the tracking.
            _LOGGER.exception("Unexpected error while polling a call")
        now = time.monotonic()
        if state_machine.is_given_up(tracked.call, now):
            self.async_finish(tracked, CallState.UNKNOWN)
        if not tracked.call.is_over:
            self._polls.async_schedule(tracked, state_machine.poll_interval(tracked.call, now))

    @callback
    def _async_count_unknown_words(self, status: CallStatus | None) -> None:
        for leg in status.legs if status else ():
            if leg.state is not None:
                continue
            if leg.word not in self.unknown_words:
                if len(self.unknown_words) >= _MOST_WORDS:
                    continue
                _LOGGER.warning(
                    'Directcall describes a telephone as "%s", which is not documented: please'
                    " report this word, and what the telephone did, to the integration's issues",
                    leg.word,
                )
            self.unknown_words[leg.word] += 1

    @callback
    def _async_enter(self, tracked: TrackedCall, call: Call, states: tuple[CallState, ...]) -> None:
        tracked.async_update(call)
        for state in states:
            if state is CallState.PLACED:
                async_clear_no_credit(self._hass, self.entry_id, BilledService.CALLS)
            if state.is_over:
                self._polls.async_cancel(tracked)
                if tracked in self._tracked:
                    self._tracked.remove(tracked)
                self.final_states[state] += 1
                self._add_ended(call.pair)
            update = CallUpdate(call, state, tracked.context)
            async_dispatcher_send(self._hass, self._signal, update)
            self._publisher.async_publish(update)

    def _add_ended(self, pair: NumberPair) -> None:
        now = time.monotonic()
        while self._ended and now - next(iter(self._ended.values()))[-1][1] >= STATUS_DELAY:
            del self._ended[next(iter(self._ended))]
        # The newest is last.
        others = self._ended.pop(pair.line_keys, [])
        self._ended[pair.line_keys] = [*others, (pair, now)]

    def _has_recently_ended(self, pair: NumberPair) -> bool:
        """Return if a status may still show a call between two telephones that is over."""
        now = time.monotonic()
        return any(
            now - ended_at < STATUS_DELAY and ended.could_match(pair)
            for ended, ended_at in self._ended.get(pair.line_keys, ())
        )


def _read_call(saved: object) -> Call:
    return Call.from_dict(saved, time.monotonic(), time.time())
