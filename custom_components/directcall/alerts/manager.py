"""Alert manager: alerts are raised, acknowledged, cancelled and resumed."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from homeassistant.core import Context, HomeAssistant, callback

from ..billing import RequestManager
from ..calls import CallManager
from ..coordinator import DirectcallCoordinator
from ..store import AccountStore
from .alert import Alert, AlertStatus, Channel, Run, StepResult


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
        self.ends: Final[Counter[str]] = Counter()
        self.steps: Final[Counter[tuple[Channel, StepResult]]] = Counter()

    @callback
    def async_attach(self, coordinator: DirectcallCoordinator) -> None:
        """Go on with the runs, through a coordinator."""

    @callback
    def async_detach(self) -> None:
        """Pause the runs."""

    @callback
    def async_raise(
        self, alert: Alert, message: str, context: Context, *, is_test: bool = False
    ) -> RaisedAlert:
        """Raise an alert with a text, or count it where it is active already.

        Raise ServiceValidationError for a test of an alert that is active.
        """
        raise NotImplementedError

    @callback
    def async_acknowledge(self, by: str, context: Context, *subentry_ids: str) -> list[str]:
        """Acknowledge active alerts, all without subentry IDs, and return the IDs of their runs.

        Raise ServiceValidationError if none is active.
        """
        raise NotImplementedError

    @callback
    def async_cancel(
        self, by: str, context: Context, *subentry_ids: str, all_clear: str | None = None
    ) -> list[str]:
        """Cancel active alerts, and tell the contacts that were told so if there is a text."""
        raise NotImplementedError

    async def async_wait_for_end(self, alert_id: str, seconds: float) -> Run:
        """Wait until a run has ended, for some seconds at most, and return it."""
        raise NotImplementedError

    def status_of(self, run: Run) -> AlertStatus:
        """Return the status of a run."""
        raise NotImplementedError
