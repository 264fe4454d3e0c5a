"""Active run: takes the steps of an alert that was raised, until it has ended."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import replace
import time
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, Context, HassJob, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util.ulid import ulid_now

from ..api import DirectcallClient
from ..calls import CallState, CallUpdate
from ..const import DOMAIN
from ..texts import async_get_common_text
from . import policy
from .acknowledgement import rename_entity
from .alert import Alert, AlertStatus, Channel, Run, Step, StepResult
from .delivery import AlertMessage, DeliveryResult
from .reporter import RunReporter
from .runtime import AlertRuntime
from .updates import AlertEvent, AlertEventType

# Seconds that a step waits for the disk. A disk that hangs must not hold back an alarm.
_DISK: Final = 0.5


class ActiveRun:
    """A run that has not ended, or still says that all is clear."""

    def __init__(self, runtime: AlertRuntime, run: Run, context: Context | None = None) -> None:
        """Start paused. `context` is that of the action, and the run's own after a restart."""
        self._runtime = runtime
        self.run = run
        # After a restart, it is still the turn of the contacts that were told last.
        last = run.current_steps if run.alert.at_once else run.current_steps[-1:]
        contacts = tuple(dict.fromkeys(step.contact for step in last))
        self.reporter: Final = RunReporter(runtime, context or Context(), contacts)
        self._client: DirectcallClient | None = None
        self._task: asyncio.Task[None] | None = None
        self._cancel_timer: CALLBACK_TYPE = lambda: None
        self.ended: Final = asyncio.Event()

    @property
    def is_raised(self) -> bool:
        """Return if the run has not ended."""
        return self.run.end is None

    @property
    def status(self) -> AlertStatus:
        """Return the status as people see it."""
        return self.run.end or self.reporter.status

    @callback
    def async_attach(self, client: DirectcallClient, awake_until: float) -> None:
        """Prepare to go on after a start or a reload. It slept since `awake_until`."""
        self._client = client
        now = time.monotonic()
        for step in self.run.steps:
            is_placed = step.is_live_call and step.result is not StepResult.UNDER_WAY
            if is_placed and not self._runtime.calls.find_pair(step.call_id):
                # It ended while Home Assistant was stopped.
                self.run = policy.update_call(self.run, step.call_id, now, is_over=True)
        end = self.run.end
        if end:
            # An entity may have acknowledged the alert while the account was not loaded.
            self._async_hang_up_calls()
        is_too_late = policy.is_too_late(self._alert, self.run, awake_until, now)
        if end is None and is_too_late:
            self._async_end_unacknowledged(policy.End(policy.EndCause.TOO_LATE))
        elif end is None and policy.is_calling(self.run, now):
            self._runtime.queue.async_take(self)
        elif end and self.run.all_clear is None and self.reporter.last is None:
            # Home Assistant stopped before this was published.
            self.reporter.async_ended(self.run, end)
        elif is_too_late:
            self.run = replace(self.run, all_clear=None)

    @callback
    def async_detach(self) -> None:
        """Pause. A step that is under way is done."""
        self._client = None
        self._cancel_timer()

    @callback
    def async_begin(self) -> None:
        """Say that the alert was raised, and begin."""
        self.reporter.async_publish(self.run, AlertEvent(type=AlertEventType.RAISED))
        self._runtime.store.async_save(at_once=True)
        self.async_advance()

    @callback
    def async_repeat(self, message: str, context: Context) -> None:
        """Count that the alert was raised again. The next turns say the newer text."""
        self.reporter.context = context
        self.run = policy.repeat(self.run, message)
        self.reporter.async_publish(self.run, AlertEvent(type=AlertEventType.REPEATED))
        self._runtime.store.async_save(at_once=True)

    @callback
    def async_rename_entity(self, old: str, new: str) -> None:
        """Let an entity whose ID was changed acknowledge the alert as before."""
        alert = self.run.alert
        entities = rename_entity(alert.acknowledge_entities, old, new)
        self.run = replace(self.run, alert=replace(alert, acknowledge_entities=tuple(entities)))
        self._runtime.store.async_save()

    @callback
    def async_end(
        self,
        end: AlertStatus,
        context: Context,
        by: str | None = None,
        *,
        all_clear: str | None = None,
        reason: str | None = None,
    ) -> None:
        """End the run, once. A step of which nothing was sent is cancelled, who talks may talk."""
        if not self.is_raised:
            # An automation may have ended it because of what happened a moment before.
            return
        self._async_cancel_step()
        self.run = replace(policy.end_run(self.run, end), ended_by=by, all_clear=all_clear)
        self._async_hang_up_calls()
        self._runtime.ends[end] += 1
        self.reporter.context = context
        self.reporter.async_ended(self.run, end, reason)
        # Otherwise the run would go on after a power cut.
        self._runtime.store.async_save(at_once=True)
        self.ended.set()
        self.async_advance()

    @callback
    def _async_hang_up_calls(self) -> None:
        for step in self.run.steps:
            if step.is_live_call and not step.is_answered:
                self._runtime.hass.async_create_background_task(
                    self._async_hang_up(step.call_id), f"{DOMAIN} hang up", eager_start=False
                )

    @callback
    def async_withhold_all_clear(self) -> None:
        """Send no all-clear from now on, if the run has one."""
        self._async_cancel_step()
        self.run = replace(self.run, all_clear=None)
        self.async_advance()

    @callback
    def async_remove(self) -> None:
        """End the run with its account. Nothing is sent from now on."""
        self.async_end(AlertStatus.CANCELLED, Context())
        self._async_cancel_step()

    @callback
    def _async_cancel_step(self) -> None:
        if self._task:
            self._task.cancel()
            self._task = None

    @callback
    def _async_end_unacknowledged(self, end: policy.End) -> None:
        reason = async_get_common_text(self._runtime.hass, end.cause)
        self.async_end(AlertStatus.UNACKNOWLEDGED, Context(), reason=reason)

    @callback
    def async_connection_back(self) -> None:
        """Try at once what could not be sent."""
        if self.run.retry_at is not None:
            self.run = policy.connection_back(self.run, time.monotonic())
            self.async_advance()

    @callback
    def async_call_updated(self, update: CallUpdate) -> None:
        """Record what became known of a call, if it is one of the run's."""
        call = update.call
        step = next((each for each in self.run.steps if each.call_id == call.call_id), None)
        if step is None:
            return
        is_answered = update.state is CallState.ANSWERED
        before, now = self.run, time.monotonic()
        self.run = policy.update_call(
            before, call.call_id, now, is_over=call.is_over, is_answered=is_answered
        )
        if self.run == before:
            return
        if is_answered and self.is_raised:
            self.reporter.async_answered(self.run, step)
            if self.run.alert.answer_acknowledges:
                contact = self._runtime.names_of([step.contact])
                self.async_end(AlertStatus.ACKNOWLEDGED, update.context, contact)
        self._runtime.store.async_save()
        self.async_advance()

    @property
    def _alert(self) -> Alert:
        """Return the alert without the contacts that were deleted."""
        known = self._runtime.subentries
        contacts = tuple(contact for contact in self.run.alert.contacts if contact in known)
        return replace(self.run.alert, contacts=contacts)

    @callback
    def async_advance(self, _now: object = None) -> None:
        """Take the next step, unless one is under way or the account is not loaded."""
        self._cancel_timer()
        if self._client is None or self._task is not None:
            return
        now = time.monotonic()
        step = policy.next_step(self._alert, self.run, now)
        others = (run for run in self._runtime.runs() if run.alert_id != self.run.alert_id)
        step = policy.avoid_busy_telephones(step, others, now)
        queue = self._runtime.queue
        if not policy.is_calling(self.run, now):
            queue.async_release(self)
        if not isinstance(step, policy.PlaceCall):
            queue.async_withdraw(self)
        elif not queue.async_take(self):
            step = policy.Wait(None)
        self._async_take(step, self._client, now)

    @callback
    def _async_take(self, step: policy.NextStep, client: DirectcallClient, now: float) -> None:
        match step:
            case policy.End():
                self._async_end_unacknowledged(step)
            case policy.Forget():
                self._runtime.forget(self.run.alert_id)
            case policy.Wait(until, status):
                self._async_wait(until, status, now)
            case policy.SendMessage(channel, contacts):
                self._async_start(self._async_send(client, channel, contacts), contacts)
            case policy.PlaceCall(contact):
                self._async_start(self._async_call(client, contact), (contact,))
            case policy.HangUp(call):
                self._async_start(self._async_give_up(call), self.reporter.contacts)
            case _:
                # It is the beginning of a round.
                self.run = replace(self.run, round=self.run.round + 1)
                self.async_advance()

    @callback
    def _async_wait(self, until: float | None, status: AlertStatus, now: float) -> None:
        if until is not None:
            job = HassJob(self.async_advance, f"{DOMAIN} alert", cancel_on_shutdown=True)
            self._cancel_timer = async_call_later(self._runtime.hass, until - now, job)
        self.reporter.async_show(self.run, status, self.reporter.contacts)

    @callback
    def _async_start(self, step: Coroutine[Any, Any, None], contacts: tuple[str, ...]) -> None:
        self._task = self._runtime.hass.async_create_background_task(
            step, f"{DOMAIN} alert", eager_start=False
        )
        # The line may still be down.
        is_waiting = self.reporter.status is AlertStatus.WAITING_FOR_CONNECTION
        status = AlertStatus.WAITING_FOR_CONNECTION if is_waiting else AlertStatus.ALERTING
        self.reporter.async_show(self.run, status, contacts)

    # The steps.

    async def _async_send(
        self, client: DirectcallClient, channel: Channel, contacts: tuple[str, ...]
    ) -> None:
        await self._async_begin_step(contacts, channel)
        run = self.run
        recipients = self._runtime.recipients_of(contacts)
        results = await self._runtime.delivery.async_send(
            client, _message(run, channel), recipients, self.reporter.context
        )
        self._async_end_step(channel, results)

    async def _async_call(self, client: DirectcallClient, contact: str) -> None:
        call_id = ulid_now()
        await self._async_begin_step([contact], Channel.CALL, call_id)
        results = {
            contact: await self._runtime.delivery.async_call(
                client, recipient, call_id, self.reporter.context
            )
            for contact, recipient in self._runtime.recipients_of([contact]).items()
        }
        self._async_end_step(Channel.CALL, results)

    async def _async_give_up(self, call: Step) -> None:
        await self._async_hang_up(call.call_id)
        # Where the contact answered in this moment, that may have ended the run.
        if self.is_raised:
            self._task = None
            self.async_advance()

    async def _async_hang_up(self, call_id: str) -> None:
        if self._client is None:
            # It is hung up once the account is loaded again.
            return
        await self._runtime.delivery.async_hang_up(self._client, call_id)
        if any(step.call_id == call_id and step.is_answered for step in self.run.steps):
            return
        # Also where it could not be hung up, or was never placed: nobody must wait for that.
        self.run = policy.update_call(self.run, call_id, time.monotonic(), is_over=True)
        self._runtime.store.async_save()
        self.async_advance()

    async def _async_begin_step(
        self, contacts: Iterable[str], channel: Channel, call_id: str = ""
    ) -> None:
        """Save that a step is about to be done, because it must not be done again."""
        now = time.monotonic()
        self.run = policy.begin_steps(self.run, contacts, channel, now, call_id)
        await self._runtime.store.async_save_and_wait(_DISK)

    @callback
    def _async_end_step(self, channel: Channel, results: Mapping[str, DeliveryResult]) -> None:
        self._task = None
        now = time.monotonic()
        not_sent = [contact for contact, each in results.items() if each.result is None]
        for contact, each in results.items():
            if each.result is not None:
                self.run = policy.end_steps(self.run, [contact], channel, each.result, now)
                self.reporter.async_told(self.run, contact, channel, each.result, each.reason)
        if not_sent:
            self.run, tries_again = policy.nothing_sent(
                self.run.alert, self.run, not_sent, channel, now
            )
            for contact in () if tries_again else not_sent:
                reason = results[contact].reason
                self.reporter.async_told(self.run, contact, channel, StepResult.REFUSED, reason)
        self._runtime.store.async_save()
        if len(not_sent) < len(results):
            self._runtime.connection_works()
        self.async_advance()


def _message(run: Run, channel: Channel) -> AlertMessage:
    """Return what a run says next."""
    return AlertMessage(channel, run.message if run.all_clear is None else run.all_clear)
