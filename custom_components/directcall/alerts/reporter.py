"""Run reporter: what listeners in Home Assistant hear of a run."""

from typing import Final

from homeassistant.core import Context, callback

from .alert import AlertStatus, Channel, Run, Step, StepResult
from .runtime import AlertRuntime
from .updates import AlertEvent, AlertEventType, AlertUpdate

_EVENT_OF_END: Final = {
    AlertStatus.ACKNOWLEDGED: AlertEventType.ACKNOWLEDGED,
    AlertStatus.UNACKNOWLEDGED: AlertEventType.UNACKNOWLEDGED,
    AlertStatus.CANCELLED: AlertEventType.CANCELLED,
}


class RunReporter:
    """Publishes the events and statuses of one run."""

    def __init__(self, runtime: AlertRuntime, context: Context, contacts: tuple[str, ...]) -> None:
        """Start without an update. `context` is that of the action, or the run's own."""
        self._runtime = runtime
        self.context = context
        self.status = AlertStatus.ALERTING
        """The status of the run unless it has ended."""
        self.contacts = contacts
        """The IDs of the contacts whose turn it is."""
        self.last: AlertUpdate | None = None
        """The last update that was published."""

    def update_of(self, run: Run, event: AlertEvent | None = None) -> AlertUpdate:
        """Return a run as it is now, and what happened to it."""
        contacts = self._runtime.names_of(self.contacts)
        return AlertUpdate(run, run.end or self.status, contacts, event, self.context)

    @callback
    def async_publish(self, run: Run, event: AlertEvent | None = None) -> None:
        """Publish a run as it is now, and what happened to it."""
        self.last = self.update_of(run, event)
        self._runtime.publisher.async_publish(self.last)

    @callback
    def async_show(self, run: Run, status: AlertStatus, contacts: tuple[str, ...]) -> None:
        """Publish the status and the contacts whose turn it is, where they changed."""
        self.status = status
        self.contacts = () if status is AlertStatus.PAUSING else contacts
        shown = run.end or status, self._runtime.names_of(self.contacts), run.round
        last = self.last
        if last is None or (last.status, last.contact, last.run.round) != shown:
            self.async_publish(run)

    @callback
    def async_told(
        self, run: Run, contact: str, channel: Channel, result: StepResult, reason: str | None
    ) -> None:
        """Count and publish that a contact was told, or not."""
        self._runtime.steps[channel, result] += 1
        is_refused = result is StepResult.REFUSED
        self.async_publish(
            run,
            AlertEvent(
                type=AlertEventType.UNDELIVERED if is_refused else AlertEventType.TOLD,
                contact=self._runtime.names_of([contact]),
                channel=channel,
                round=run.round if run.end is None else None,
                reason=reason,
            ),
        )

    @callback
    def async_answered(self, run: Run, step: Step) -> None:
        """Publish that a contact has answered a call."""
        self.async_publish(
            run,
            AlertEvent(
                type=AlertEventType.ANSWERED,
                contact=self._runtime.names_of([step.contact]),
                channel=step.channel,
                round=step.round,
            ),
        )

    @callback
    def async_ended(self, run: Run, end: AlertStatus, reason: str | None = None) -> None:
        """Publish the end of a run."""
        self.contacts = ()
        self.async_publish(run, AlertEvent(type=_EVENT_OF_END[end], by=run.ended_by, reason=reason))
