"""Alert policy: pure rules from a run and the time to its next step."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from .alert import ALL_CLEAR, MESSAGES, Alert, AlertStatus, Channel, Run, Step, StepResult

# Seconds until a step of which nothing was sent is tried again, doubled each time.
_FIRST_RETRY: Final = 5
_LAST_RETRY: Final = 60
# Enough to reach the last one. A saved number of retries may be any.
_DOUBLINGS: Final = 4
# Seconds after a round in which no contact was told.
_SHORTEST_PAUSE: Final = 30
# Seconds for which a contact that talks on the telephone is not told anything else.
_LONGEST_TALK: Final = 600
# Seconds for which a voice message may ring (a guess).
_RINGING: Final = 30
# Seconds until a telephone that another alert rings is looked at again.
_BUSY: Final = 5
# Seconds that a restart of Home Assistant may take, also where an alert keeps trying for less.
_RESTART: Final = 600


class EndCause(StrEnum):
    """Cause of an end without an acknowledgement."""

    ALL_ROUNDS_OVER = "all_rounds_over"
    NO_CONTACT = "no_contact"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Send the text to contacts that are told through a channel at the same time."""

    channel: Channel
    contacts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """Call a contact."""

    contact: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up a call that nobody answered."""

    call: Step


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing until a moment, or until something happens if there is none."""

    until: float | None
    status: AlertStatus = AlertStatus.ALERTING


@dataclass(frozen=True, slots=True)
class BeginRound:
    """Begin the next round."""


@dataclass(frozen=True, slots=True)
class End:
    """End the run, because nobody acknowledged it."""

    cause: EndCause


@dataclass(frozen=True, slots=True)
class Forget:
    """Forget a run that has ended, because nothing is left to do."""


type NextStep = SendMessage | PlaceCall | HangUp | Wait | BeginRound | End | Forget


def next_step(alert: Alert, run: Run, now: float) -> NextStep:
    """Return the next step of a run.

    `alert` is the run's own, but without the contacts that were deleted. `now` is on the
    monotonic clock, in seconds.
    """
    if run.end is None and not alert.contacts:
        return End(EndCause.NO_CONTACT)
    if run.end is not None and run.all_clear is None:
        return Forget()
    if run.retry_at is not None and now < run.retry_at:
        return Wait(run.retry_at, AlertStatus.WAITING_FOR_CONNECTION)
    next_of = _next_of_round if run.end is None else _next_of_all_clear
    return next_of(alert, run, now)


def _next_of_round(alert: Alert, run: Run, now: float) -> NextStep:
    if step := _next_of_deleted(alert, run, now):
        return step
    groups = [alert.contacts] if alert.at_once else [(contact,) for contact in alert.contacts]
    for group in groups:
        if step := _next_of_turn(alert, run, group, now):
            return step
    # Who was told already in the last round hears in another one that it was raised again.
    if run.round >= max(alert.rounds, run.repeated_in + 1):
        return End(EndCause.ALL_ROUNDS_OVER)
    next_round = _round_end(alert, run) + _pause(alert, run)
    return BeginRound() if now >= next_round else Wait(next_round, AlertStatus.PAUSING)


def _next_of_deleted(alert: Alert, run: Run, now: float) -> NextStep | None:
    """Return the next step of calls to deleted contacts, which keep the origin's telephone."""
    for step in run.current_steps:
        if step.is_live_call and step.contact not in alert.contacts:
            if not step.is_answered:
                return HangUp(step)
            if now < (end := step.at + alert.time_each):
                return Wait(end)
    return None


def _next_of_turn(alert: Alert, run: Run, group: tuple[str, ...], now: float) -> NextStep | None:
    """Return the next step of the turn of a contact, or of all at once, or None after it."""
    steps = [step for contact in group for step in run.steps_of(contact, run.round)]
    return (
        _next_message_without_talk(alert, run, steps, group, now)
        or _wait_for_acknowledgement(alert, steps, now)
        or _next_call(alert, steps, group, now)
    )


def _next_message_without_talk(
    alert: Alert, run: Run, steps: Iterable[Step], contacts: Iterable[str], now: float
) -> NextStep | None:
    """Return the next message. Contacts that still talk in an earlier call come last."""
    ends = {
        step.contact: end
        for step in run.steps
        if step.round != _round_of_steps(run)
        and step.is_live_call
        and now < (end := step.at + max(_LONGEST_TALK, alert.time_each))
    }
    talking = [contact for contact in contacts if contact in ends]
    silent = [contact for contact in contacts if contact not in ends]
    if message := _next_message(alert, steps, silent):
        return message
    return Wait(min(ends[contact] for contact in talking)) if talking else None


def _next_message(alert: Alert, steps: Iterable[Step], contacts: Iterable[str]) -> NextStep | None:
    """Return the next message to contacts, or None after the last one was sent."""
    if any(step.result is StepResult.UNDER_WAY for step in steps):
        return Wait(None)
    done = {(step.contact, step.channel) for step in steps}
    for channel in MESSAGES:
        missing = tuple(contact for contact in contacts if (contact, channel) not in done)
        if channel in alert.channels and missing:
            return SendMessage(channel, missing)
    return None


def _wait_for_acknowledgement(alert: Alert, steps: Iterable[Step], now: float) -> Wait | None:
    """Wait after messages that were sent, or may have been."""
    told = [step.at for step in steps if step.channel in MESSAGES and step.is_told]
    end = max(told) + alert.time_each if told else now
    return Wait(end) if now < end else None


def _next_call(
    alert: Alert, steps: Iterable[Step], contacts: Iterable[str], now: float
) -> NextStep | None:
    """Return the next step of the calls to contacts, or None after the last one."""
    if Channel.CALL not in alert.channels:
        return None
    calls = {step.contact: step for step in steps if step.channel is Channel.CALL}
    for contact in contacts:
        call = calls.get(contact)
        if call is None:
            return PlaceCall(contact)
        if call.is_live_call and now < (end := call.at + alert.time_each):
            return Wait(end)
        if call.is_live_call and not call.is_answered:
            return HangUp(call)
    return None


def _next_of_all_clear(alert: Alert, run: Run, now: float) -> NextStep:
    told = {step.contact for step in run.steps if step.is_told and step.round != ALL_CLEAR}
    contacts = tuple(contact for contact in alert.contacts if contact in told)
    steps = [step for step in run.steps if step.round == ALL_CLEAR]
    return _next_message_without_talk(alert, run, steps, contacts, now) or Forget()


def _round_end(alert: Alert, run: Run) -> float:
    """Return when the last turn of the round was over."""
    ends = []
    for step in run.current_steps:
        if step.channel in MESSAGES:
            ends.append(step.at + alert.time_each * step.is_told)
        elif step.is_live_call:
            ends.append(step.at + alert.time_each)
        else:
            ends.append(step.at if step.ended_at is None else step.ended_at)
    return max(ends)


def _pause(alert: Alert, run: Run) -> float:
    is_told = any(step.is_told for step in run.current_steps)
    return alert.pause if is_told else max(alert.pause, _SHORTEST_PAUSE)


def is_too_late(alert: Alert, run: Run, awake_until: float, now: float) -> bool:
    """Return if a run slept past the time for which its alert keeps trying.

    It sleeps while Home Assistant is stopped, or its account is not loaded: after `awake_until`.
    """
    step = next_step(alert, run, awake_until)
    due = step.until if isinstance(step, Wait) and step.until is not None else awake_until
    return now - due > max(alert.keep_trying, _RESTART)


def begin_steps(
    run: Run, contacts: Iterable[str], channel: Channel, now: float, call_id: str = ""
) -> Run:
    """Return a run that is about to tell contacts through a channel."""
    begun = tuple(
        Step(round=_round_of_steps(run), contact=contact, channel=channel, at=now, call_id=call_id)
        for contact in contacts
    )
    return replace(run, steps=(*run.steps, *begun), retry_at=None)


def _round_of_steps(run: Run) -> int:
    """Return the round to which the next steps belong."""
    return run.round if run.end is None else ALL_CLEAR


def end_steps(
    run: Run, contacts: Iterable[str], channel: Channel, result: StepResult, now: float
) -> Run:
    """Return a run that has told contacts, or not. The line works, because there was a reply."""
    ended = frozenset(contacts)
    steps = tuple(
        replace(step, result=result, at=now) if _is_begun(step, ended, channel) else step
        for step in run.steps
    )
    return replace(run, steps=steps, retries=0, offline_since=None, retry_at=None)


def nothing_sent(
    alert: Alert, run: Run, contacts: Iterable[str], channel: Channel, now: float
) -> tuple[Run, bool]:
    """Return a run that could not send anything, and if it tries the same step again."""
    begun = frozenset(contacts)
    since = now if run.offline_since is None else run.offline_since
    run = replace(run, offline_since=since)
    if now - since >= alert.keep_trying:
        refused = end_steps(run, begun, channel, StepResult.REFUSED, now)
        return replace(refused, offline_since=since, retries=run.retries), False
    steps = tuple(step for step in run.steps if not _is_begun(step, begun, channel))
    retry_at = now + min(_FIRST_RETRY * 2 ** min(run.retries, _DOUBLINGS), _LAST_RETRY)
    return replace(run, steps=steps, retries=run.retries + 1, retry_at=retry_at), True


def _is_begun(step: Step, contacts: frozenset[str], channel: Channel) -> bool:
    return (
        step.result is StepResult.UNDER_WAY and step.channel is channel and step.contact in contacts
    )


def repeat(run: Run, message: str) -> Run:
    """Return a run that was raised again. The next turns say the newer text."""
    repeated_in = run.round if run.current_steps else run.repeated_in
    return replace(run, message=message, repeats=run.repeats + 1, repeated_in=repeated_in)


def connection_back(run: Run, now: float) -> Run:
    """Return a run that tries at once what it could not send."""
    return run if run.retry_at is None else replace(run, retry_at=now)


def update_call(
    run: Run, call_id: str, now: float, *, is_over: bool, is_answered: bool = False
) -> Run:
    """Return a run with what became known of one of its calls."""
    steps = tuple(
        replace(
            step,
            is_answered=step.is_answered or is_answered,
            ended_at=now if is_over and step.ended_at is None else step.ended_at,
        )
        if step.call_id == call_id
        else step
        for step in run.steps
    )
    return replace(run, steps=steps)


def is_calling(run: Run, now: float) -> bool:
    """Return if a call of a run keeps the origin's telephone from the next alert's call."""
    return run.end is None and any(
        step.is_live_call and (not step.is_answered or now < step.at + run.alert.time_each)
        for step in run.steps
    )


def end_run(run: Run, end: AlertStatus) -> Run:
    """Return a run that has ended. What was under way may have been done."""
    steps = tuple(
        replace(step, result=StepResult.UNKNOWN) if step.result is StepResult.UNDER_WAY else step
        for step in run.steps
    )
    return replace(run, end=end, steps=steps, retries=0, offline_since=None, retry_at=None)


def avoid_busy_telephones(step: NextStep, others: Iterable[Run], now: float) -> NextStep:
    """Return a step without the telephones that a call or a message of other alerts rings.

    Messages of several alerts may reach a telephone at the same time.
    """
    if not isinstance(step, SendMessage | PlaceCall):
        return step
    busy = {
        each.contact
        for run in others
        for each in run.steps
        if (each.is_live_call and now < each.at + _LONGEST_TALK)
        or (isinstance(step, PlaceCall) and _rings(each, now))
    }
    if isinstance(step, PlaceCall):
        return Wait(now + _BUSY) if step.contact in busy else step
    free = tuple(contact for contact in step.contacts if contact not in busy)
    return SendMessage(step.channel, free) if free else Wait(now + _BUSY)


def _rings(step: Step, now: float) -> bool:
    """Return if a voice message may ring now."""
    is_sent = step.result is not StepResult.REFUSED
    return step.channel is Channel.VOICE_MESSAGE and is_sent and now < step.at + _RINGING
