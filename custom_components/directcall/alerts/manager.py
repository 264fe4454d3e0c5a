"""Alert manager: alerts are raised, acknowledged, cancelled and resumed."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
import time

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import (
    CALLBACK_TYPE,
    Context,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.dispatcher import SignalType, async_dispatcher_connect
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util.ulid import ulid_now

from ..api import LONGEST_TEXT, Token
from ..billing import RequestManager
from ..calls import CallManager, CallUpdate
from ..const import DOMAIN
from ..contacts import async_entry_signal
from ..coordinator import DirectcallCoordinator
from ..publisher import Publisher
from ..store import AccountStore, Section
from ..texts import async_get_common_text
from .acknowledgement import async_shows_alert, async_track_renames, is_acknowledgement
from .active_run import ActiveRun
from .alert import Alert, AlertStatus, Channel, Run, StepResult
from .delivery import AlertDelivery
from .runtime import AlertRuntime
from .updates import AlertUpdate, async_alert_signal


@dataclass(frozen=True, slots=True)
class RaisedAlert:
    """A run of an alert that was raised, or raised again."""

    run: Run
    repeated: bool


class AlertManager:
    """The manager of an account's alerts."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry_id: str,
        store: AccountStore,
        calls: CallManager,
        requests: RequestManager,
    ) -> None:
        """Start without a run until the store is loaded."""
        self._hass = hass
        self._entry_id = entry_id
        self._store = store
        self._coordinator: DirectcallCoordinator | None = None
        self._token: Token | None = None
        self._runs: list[ActiveRun] = []
        self._publisher = Publisher(hass, _signal_of, store.async_save)
        self._runtime = AlertRuntime(
            hass=hass,
            entry_id=entry_id,
            store=store,
            calls=calls,
            delivery=AlertDelivery(hass, entry_id, calls, requests),
            publisher=self._publisher,
            connection_works=self._async_connection_back,
            runs=lambda: (each.run for each in self._runs),
            forget=self._async_forget,
        )
        self._unsubscribe: list[CALLBACK_TYPE] = []
        # Home Assistant may take minutes to start, in which somebody answers.
        self._unsubscribe_calls = calls.tracker.async_subscribe_at_once(self._async_call_updated)
        self._unsubscribe_entities: CALLBACK_TYPE = lambda: None
        self._unsubscribe_renames = async_track_renames(hass, entry_id, self._async_entity_renamed)
        store.async_add_section(Section("alerts", _read_run, self._restore, self._runs_to_save))

    @callback
    def _restore(self, runs: list[Run]) -> None:
        for run in runs:
            self._async_add(ActiveRun(self._runtime, run))

    def _runs_to_save(self) -> Iterable[Run]:
        # Listeners must hear that a run has ended after a restart, too.
        runs = {update.run.alert_id: update.run for update in self._publisher.waiting}
        return (runs | {each.run.alert_id: each.run for each in self._runs}).values()

    @callback
    def _async_add(self, active: ActiveRun) -> None:
        self._runs.append(active)
        self._async_track_entities()

    @callback
    def _async_forget(self, alert_id: str) -> None:
        self._runs = [each for each in self._runs if each.run.alert_id != alert_id]
        self._store.async_save(at_once=True)

    @property
    def ends(self) -> Counter[str]:
        """Return how many runs came to each end."""
        return self._runtime.ends

    @property
    def steps(self) -> Counter[tuple[Channel, StepResult]]:
        """Return how often contacts were told, by channel and result."""
        return self._runtime.steps

    @property
    def active(self) -> int:
        """Return how many alerts are active."""
        return len(self._raised)

    @property
    def _raised(self) -> list[ActiveRun]:
        return [each for each in self._runs if each.is_raised]

    @callback
    def async_attach(self, coordinator: DirectcallCoordinator) -> None:
        """Go on with the runs, through a coordinator."""
        self._coordinator = coordinator
        self._token = coordinator.data
        self._unsubscribe = [
            coordinator.async_add_listener(self._async_token_changed),
            async_dispatcher_connect(
                self._hass, async_entry_signal(self._entry_id), self._async_entry_updated
            ),
            # A step that is begun without sessions would fail, and count after the restart.
            self._hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self.async_detach),
        ]
        self._publisher.async_start()
        awake_until = max((each.run.awake_until for each in self._runs), default=0)
        for active in list(self._runs):
            active.async_attach(coordinator.client, awake_until)
        # An alert may have been deleted meanwhile. A call that rings has the origin's telephone
        # before another one is placed.
        self._async_entry_updated()

    @callback
    def async_detach(self, _: object = None) -> None:
        """Pause the runs. Steps that are under way are done."""
        self._coordinator = None
        while self._unsubscribe:
            self._unsubscribe.pop()()
        self._publisher.async_pause()
        for active in self._runs:
            active.async_detach()
        if self._runs:
            # Saved times are on the wall clock, which may have been set since.
            self._store.async_save()

    @callback
    def async_remove(self) -> None:
        """End all runs, because the account is removed."""
        self._unsubscribe_calls()
        self._unsubscribe_renames()
        for active in list(self._runs):
            active.async_remove()
        self._runs.clear()
        self._async_track_entities()

    @callback
    def _async_token_changed(self) -> None:
        """Try what could not be sent, because a new token shows that the connection is back."""
        coordinator = self._coordinator
        if coordinator and (token := coordinator.data) and token is not self._token:
            self._token = token
            # Where new tokens are refused, each try of an alert brings one, which would make the
            # next alert try, without end.
            if not coordinator.refuses_requests:
                self._async_connection_back()

    @callback
    def _async_connection_back(self) -> None:
        for active in list(self._runs):
            active.async_connection_back()

    @callback
    def _async_entry_updated(self) -> None:
        known = self._runtime.subentries
        for active in self._raised:
            if active.run.alert.subentry_id not in known:
                active.async_end(AlertStatus.CANCELLED, Context())
        for active in list(self._runs):
            active.async_advance()

    @callback
    def _async_call_updated(self, update: CallUpdate) -> None:
        for active in list(self._runs):
            active.async_call_updated(update)

    @callback
    def async_raise(
        self, alert: Alert, message: str, context: Context, *, is_test: bool = False
    ) -> RaisedAlert:
        """Raise an alert with a text, or count it where it is active already.

        Raise ServiceValidationError for a test if it is active, HomeAssistantError if none is told.
        """
        active = self._find(alert.subentry_id)
        if active and active.run.is_test and not is_test:
            # A test must not swallow an alarm, which an automation may raise because of its end.
            active.async_end(AlertStatus.CANCELLED, context)
            active = self._find(alert.subentry_id)
        if active and is_test:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="alert_is_active"
            )
        if active:
            active.async_repeat(message, context)
            return RaisedAlert(active.run, repeated=True)
        if is_test:
            alert = replace(alert, rounds=1)
            message = f"{async_get_common_text(self._hass, 'alert_test')} {message}"[:LONGEST_TEXT]
        else:
            # Who hears after the alarm that all is clear would believe it.
            for each in list(self._runs):
                if each.run.alert.subentry_id == alert.subentry_id and not each.is_raised:
                    each.async_withhold_all_clear()
        active = ActiveRun(
            self._runtime,
            Run(
                alert_id=ulid_now(),
                alert=alert,
                message=message,
                is_test=is_test,
                raised_at=time.time(),
                begun_at=time.monotonic(),
            ),
            context,
        )
        self._async_add(active)
        if self._coordinator:
            active.async_attach(self._coordinator.client, active.run.begun_at)
        active.async_begin()
        if not self._runtime.recipients_of(alert.contacts):
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="alert_tells_nobody",
                translation_placeholders={"alert": alert.name},
            )
        return RaisedAlert(active.run, repeated=False)

    @callback
    def async_acknowledge(self, by: str | None, context: Context, *subentry_ids: str) -> list[str]:
        """Acknowledge active alerts, all without subentry IDs, and return the IDs of their runs.

        Raise ServiceValidationError if none is active.
        """
        active = self._get_raised(subentry_ids)
        for each in active:
            each.async_end(AlertStatus.ACKNOWLEDGED, context, by)
        return [each.run.alert_id for each in active]

    @callback
    def async_cancel(
        self, by: str | None, context: Context, *subentry_ids: str, all_clear: str | None = None
    ) -> list[str]:
        """Cancel active alerts, and send the text to the contacts that were told.

        Raise ServiceValidationError if none is active.
        """
        active = self._get_raised(subentry_ids)
        for each in active:
            each.async_end(AlertStatus.CANCELLED, context, by, all_clear=all_clear)
        return [each.run.alert_id for each in active]

    def _get_raised(self, subentry_ids: tuple[str, ...]) -> list[ActiveRun]:
        raised = [
            each
            for each in self._raised
            if not subentry_ids or each.run.alert.subentry_id in subentry_ids
        ]
        if not raised:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="no_active_alert"
            )
        return raised

    def _find(self, subentry_id: str) -> ActiveRun | None:
        return next(
            (each for each in self._raised if each.run.alert.subentry_id == subentry_id), None
        )

    def current(self, subentry_id: str) -> AlertUpdate | None:
        """Return an alert as it is now, if it is active."""
        active = self._find(subentry_id)
        return active.reporter.update_of(active.run) if active else None

    def _get(self, alert_id: str) -> ActiveRun | None:
        return next((each for each in self._runs if each.run.alert_id == alert_id), None)

    def status_of(self, run: Run) -> AlertStatus:
        """Return the status of a run."""
        active = self._get(run.alert_id)
        return active.status if active else run.end or AlertStatus.UNACKNOWLEDGED

    async def async_wait_for_end(self, run: Run, seconds: float) -> Run:
        """Return a run once it has ended, or as it is after some seconds."""
        active = self._get(run.alert_id)
        if active is None:
            return run
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await active.ended.wait()
        return active.run

    @callback
    def _async_track_entities(self) -> None:
        """Track the entities that acknowledge the alerts that are active."""
        self._unsubscribe_entities()
        entities = {
            entity_id
            for active in self._raised
            for entity_id in active.run.alert.acknowledge_entities
            if not async_shows_alert(self._hass, entity_id)
        }
        self._unsubscribe_entities = async_track_state_change_event(
            self._hass, entities, self._async_entity_changed
        )

    @callback
    def _async_entity_changed(self, event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new is None or not is_acknowledgement(event.data["old_state"], new):
            return
        for active in self._raised:
            if new.entity_id in active.run.alert.acknowledge_entities:
                active.async_end(AlertStatus.ACKNOWLEDGED, event.context, new.name)

    @callback
    def _async_entity_renamed(self, old: str, new: str) -> None:
        for active in self._raised:
            active.async_rename_entity(old, new)
        self._async_track_entities()


def _read_run(saved: object) -> Run:
    return Run.from_dict(saved, time.monotonic(), time.time())


def _signal_of(update: AlertUpdate) -> SignalType[AlertUpdate]:
    return async_alert_signal(update.run.alert.subentry_id)
