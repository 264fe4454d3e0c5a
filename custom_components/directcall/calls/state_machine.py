"""State machine of a call: pure rules. Times are seconds on the monotonic clock, or else wall."""

from dataclasses import replace
from typing import Final

from ..api import AcceptedRequest, CallStatus, LegState
from .call import STATUS_DELAY, Call, CallState, Telephone

# Seconds in which it stays unclear at most whether a call was placed, where no status is available.
LONGEST_AMBIGUOUS: Final = 45
# Seconds after which a call is given up: in any case, and if no leg was ever answered.
LONGEST: Final = 2 * 3600
LONGEST_RINGING: Final = 180
# Seconds until the first poll, and between polls in a call's first minute and after it.
FIRST_POLL: Final = 2
_FIRST_MINUTE: Final = 60
_INTERVAL_AT_FIRST: Final = 3
_INTERVAL_LATER: Final = 10
# Seconds between two polls in which nothing is missed that lasts: half again of the long interval.
_LONGEST_GAP: Final = 15

_OUTCOMES: Final = {
    LegState.BUSY: CallState.BUSY,
    LegState.NO_ANSWER: CallState.NO_ANSWER,
    LegState.FAILED: CallState.FAILED,
}

type Transition = tuple[Call, tuple[CallState, ...]]


def send_request(call: Call, now: float, wall_now: float) -> Call:
    """Return a call whose request is sent now: from now on it may ring."""
    return replace(call, placed_at=wall_now, observed_at=now)


def end_request(
    call: Call,
    reply: AcceptedRequest | None,
    now: float,
    wall_now: float,
    *,
    replaces_another: bool,
    may_show_another: bool,
) -> Transition:
    """Enter the state of a call whose request ended now, perhaps beside a live call of its pair."""
    # A call that was hung up meanwhile was placed.
    is_accepted = reply is not None or call.was_hung_up
    call = replace(
        call,
        state=CallState.PLACED if is_accepted else None,
        is_accepted=is_accepted,
        provider_id=reply.provider_id if reply else None,
        placed_at=wall_now,
        started_at=now,
        newest_started_at=now,
        tracked_since=now,
        is_continuously_observed=not replaces_another,
        # A status may show the one that it replaces.
        may_show_another_call=replaces_another or may_show_another,
    )
    return call, (CallState.PLACED,) if is_accepted else ()


def hide_another(call: Call, now: float) -> Call:
    """Return a call beside which another one of its pair may have been placed now."""
    return replace(
        call, newest_started_at=now, may_hide_another_call=True, is_continuously_observed=False
    )


def enter(call: Call, state: CallState, now: float) -> Call:
    """Return a call after it entered a state."""
    if state is CallState.PLACED:
        return replace(call, state=state, is_accepted=True)
    if state is CallState.ANSWERED:
        return replace(call, state=state, answered_after=call.age(now))
    if state.is_over and call.answered_after is not None:
        duration = max(0, call.age(now) - call.answered_after)
        return replace(call, state=state, duration=duration)
    return replace(call, state=state)


def finish(call: Call, state: CallState, now: float) -> Transition:
    """Enter a final state, unless the call is over already."""
    return (call, ()) if call.is_over else (enter(call, state, now), (state,))


def hang_up(call: Call, now: float) -> Transition:
    """Enter the states of a call that the provider ended on request: so it was placed."""
    if call.is_requested:
        return replace(call, was_hung_up=True), ()
    states: tuple[CallState, ...] = ()
    if call.state is None:
        states = (CallState.PLACED,)
        call = enter(call, CallState.PLACED, now)
    call, final = finish(call, inferred_final_state(call, now), now)
    return call, (*states, *final)


def observe(call: Call, status: CallStatus | None, asked_at: float, now: float) -> Transition:
    """Enter the states to which a status leads as of when it was asked for. None is no call."""
    # A late status says nothing new about a call that was seen live after it was asked for.
    if call.is_over or asked_at < call.seen_live_at:
        return call, ()
    must_be_listed = asked_at - call.started_at >= STATUS_DELAY
    if call.may_show_another_call:
        # Ringing is a sign of this call only where the other one was over.
        is_sign = status is None or (status.is_ringing and call.is_continuously_observed)
        if not (is_sign or must_be_listed):
            return call, ()
        call = replace(call, may_show_another_call=False)
    call = _take_in(call, status, asked_at)
    if status is None:
        if call.was_live or call.was_hung_up or must_be_listed:
            return finish(call, inferred_final_state(call, asked_at), now)
        return call, ()
    states: list[CallState] = []
    if call.state is None and status.is_live:
        states.append(CallState.PLACED)
        call = enter(call, CallState.PLACED, now)
    # A word that a telephone is busy may be about another call: it proves none.
    if call.state is not None and (state := _state_from_legs(call, status, asked_at)):
        states.append(state)
        call = enter(call, state, now)
    return call, tuple(states)


def _take_in(call: Call, status: CallStatus | None, asked_at: float) -> Call:
    call = replace(
        call,
        is_continuously_observed=_is_observed_until(call, asked_at),
        observed_at=max(call.observed_at, asked_at),
    )
    if status is None:
        return call
    origin, destination = _legs(status)
    legs = {Telephone.ORIGIN: origin, Telephone.DESTINATION: destination}
    if call.ring_destination_first:
        legs = dict(reversed(legs.items()))
    first, second = legs.values()
    # The second telephone rings once the first is answered: otherwise that was missed.
    has_gap = second is not None and second.is_live and first is not LegState.ANSWERED
    return replace(
        call,
        is_continuously_observed=call.is_continuously_observed and status.is_clear and not has_gap,
        origin_answered=call.origin_answered or origin is LegState.ANSWERED,
        ringing=next((each for each, leg in legs.items() if leg is LegState.RINGING), None),
        was_live=call.was_live or status.is_live,
        seen_live_at=asked_at if status.is_live else call.seen_live_at,
    )


def _legs(status: CallStatus) -> tuple[LegState | None, LegState | None]:
    return (
        status.origin.state if status.origin else None,
        status.destination.state if status.destination else None,
    )


def _state_from_legs(call: Call, status: CallStatus, asked_at: float) -> CallState | None:
    """Return the state that a call which was placed enters next, if any."""
    origin, destination = _legs(status)
    if destination is LegState.ANSWERED:
        return CallState.ANSWERED if call.answered_after is None else None
    if destination and not status.is_ringing:
        return _outcome_at_destination(call, destination, asked_at)
    if origin and not status.is_live and status.is_clear:
        return _outcome_at_origin(call, origin, asked_at)
    if call.state is CallState.PLACED and LegState.RINGING in {origin, destination}:
        return CallState.RINGING
    return None


def _outcome_at_destination(call: Call, leg: LegState, asked_at: float) -> CallState:
    if call.answered_after is not None:
        return CallState.ENDED
    return _OUTCOMES.get(leg) or inferred_final_state(call, asked_at)


def _outcome_at_origin(call: Call, leg: LegState, asked_at: float) -> CallState:
    if call.answered_after is not None:
        return CallState.ENDED
    if leg is LegState.FAILED:
        return CallState.FAILED
    if leg is LegState.ENDED or call.origin_answered or call.ring_destination_first:
        return inferred_final_state(call, asked_at)
    return CallState.ORIGIN_NO_ANSWER


def inferred_final_state(call: Call, moment: float) -> CallState:
    """Return the final state to assume when the provider no longer lists the call."""
    if call.answered_after is not None:
        return CallState.ENDED
    if not (call.was_live and _is_observed_until(call, moment)):
        return CallState.UNKNOWN
    if call.ring_destination_first or call.origin_answered:
        return CallState.NO_ANSWER
    return CallState.ORIGIN_NO_ANSWER


def _is_observed_until(call: Call, moment: float) -> bool:
    return call.is_continuously_observed and moment - call.observed_at <= _LONGEST_GAP


def seconds_until_status(call: Call, now: float) -> float:
    """Return the seconds for which the status may not list the call, or one that it hides."""
    return 0 if call.was_hung_up else max(0, STATUS_DELAY - (now - call.newest_started_at))


def seconds_ambiguous(call: Call, now: float) -> float:
    """Return the seconds in which it may still turn out whether the call was placed."""
    return max(0, LONGEST_AMBIGUOUS - call.age(now))


def poll_interval(call: Call, now: float) -> float:
    """Return the seconds until the next poll."""
    age = call.age(now)
    interval = _INTERVAL_AT_FIRST if age < _FIRST_MINUTE else _INTERVAL_LATER
    # An ambiguous placement is decided as soon as it can be.
    return min(interval, STATUS_DELAY - age) if age < STATUS_DELAY else interval


def is_given_up(call: Call, now: float) -> bool:
    """Return if a call was tracked long enough."""
    # The saved age does not count, because it depends on a clock that may have been set.
    was_answered = call.origin_answered or call.answered_after is not None
    return now - call.tracked_since >= (LONGEST if was_answered else LONGEST_RINGING)
