"""Alert: what is said, to which contacts and how, and a run of it with its saved form."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
import time
from typing import Any, Final, Self

import voluptuous as vol

from homeassistant.config_entries import ConfigSubentry

from ..const import (
    CONF_ACKNOWLEDGE_ENTITIES,
    CONF_ACKNOWLEDGEMENT,
    CONF_ANSWER_ACKNOWLEDGES,
    CONF_AT_ONCE,
    CONF_CHANNELS,
    CONF_CONTACTS,
    CONF_DELIVERY,
    CONF_HOW,
    CONF_KEEP_TRYING,
    CONF_MESSAGE,
    CONF_PAUSE,
    CONF_ROUNDS,
    CONF_TIME_EACH,
    SECONDS,
)
from ..contacts import clean_name

# The round of the steps that say that all is clear.
ALL_CLEAR: Final = 0


class Channel(StrEnum):
    """Way in which a contact is told."""

    SMS = "sms"
    VOICE_MESSAGE = "voice_message"
    CALL = "call"


# The order in which a turn uses them.
MESSAGES: Final = (Channel.SMS, Channel.VOICE_MESSAGE)


class AlertStatus(StrEnum):
    """Status of an alert."""

    IDLE = "idle"
    ALERTING = "alerting"
    PAUSING = "pausing"
    WAITING_FOR_CONNECTION = "waiting_for_connection"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    CANCELLED = "cancelled"

    @property
    def is_active(self) -> bool:
        """Return if the alert goes on by itself."""
        return self in {self.ALERTING, self.PAUSING, self.WAITING_FOR_CONNECTION}


class StepResult(StrEnum):
    """Result of telling a contact."""

    UNDER_WAY = "under_way"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


_ENDS: Final = (AlertStatus.ACKNOWLEDGED, AlertStatus.UNACKNOWLEDGED, AlertStatus.CANCELLED)
_ID: Final = vol.All(str, vol.Length(min=1))
_SAVED_ALERT: Final = vol.Schema(
    {
        vol.Required("subentry_id"): _ID,
        vol.Required("name"): str,
        vol.Required("message"): str,
        vol.Required("contacts"): vol.All([_ID], vol.Coerce(tuple)),
        vol.Required("channels"): vol.All(
            [vol.Coerce(Channel)], vol.Length(min=1), vol.Coerce(frozenset)
        ),
        vol.Required("at_once"): bool,
        vol.Required("time_each"): SECONDS,
        vol.Required("rounds"): vol.All(int, vol.Range(min=1)),
        vol.Required("pause"): SECONDS,
        vol.Required("acknowledge_entities"): vol.All([str], vol.Coerce(tuple)),
        vol.Required("answer_acknowledges"): bool,
        vol.Required("keep_trying"): SECONDS,
    }
)
_SAVED_STEP: Final = vol.Schema(
    {
        vol.Required("round"): vol.All(int, vol.Range(min=ALL_CLEAR)),
        vol.Required("contact"): _ID,
        vol.Required("channel"): vol.Coerce(Channel),
        vol.Required("result"): vol.Coerce(StepResult),
        vol.Required("at"): SECONDS,
        vol.Required("call_id"): str,
        vol.Required("is_answered"): bool,
        vol.Required("ended_at"): vol.Any(None, SECONDS),
    }
)
_SAVED_RUN: Final = vol.Schema(
    {
        vol.Required("alert_id"): _ID,
        vol.Required("alert"): dict,
        vol.Required("message"): str,
        vol.Required("is_test"): bool,
        vol.Required("raised_at"): SECONDS,
        vol.Required("round"): vol.All(int, vol.Range(min=1)),
        vol.Required("steps"): [dict],
        vol.Required("repeats"): vol.All(int, vol.Range(min=0)),
        vol.Required("repeated_in"): vol.All(int, vol.Range(min=0)),
        vol.Required("retries"): vol.All(int, vol.Range(min=0)),
        vol.Required("offline_since"): vol.Any(None, SECONDS),
        vol.Required("retry_at"): vol.Any(None, SECONDS),
        vol.Required("end"): vol.Any(None, vol.All(vol.Coerce(AlertStatus), vol.In(_ENDS))),
        vol.Required("ended_by"): vol.Any(None, str),
        vol.Required("all_clear"): vol.Any(None, str),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert as it is set up. Durations are in seconds."""

    subentry_id: str
    name: str
    message: str = field(repr=False)
    """The text where whoever raises the alert says nothing."""
    contacts: tuple[str, ...]
    """The IDs of the contacts' subentries, in the order in which they are told."""
    channels: frozenset[Channel]
    at_once: bool
    time_each: float
    rounds: int
    pause: float
    acknowledge_entities: tuple[str, ...]
    answer_acknowledges: bool
    keep_trying: float

    @classmethod
    def from_subentry(cls, subentry: ConfigSubentry) -> Self:
        """Return the alert of a subentry."""
        data = subentry.data
        how, acknowledgement = data[CONF_HOW], data[CONF_ACKNOWLEDGEMENT]
        return cls(
            subentry_id=subentry.subentry_id,
            # The title is the only name, and Home Assistant's own *Rename* takes any text.
            name=clean_name(subentry.title),
            message=data.get(CONF_MESSAGE, ""),
            # A contact that is named twice is told once a turn.
            contacts=tuple(dict.fromkeys(data[CONF_CONTACTS])),
            channels=frozenset(map(Channel, how[CONF_CHANNELS])),
            at_once=how[CONF_AT_ONCE],
            time_each=timedelta(**how[CONF_TIME_EACH]).total_seconds(),
            rounds=int(how[CONF_ROUNDS]),
            pause=timedelta(**how[CONF_PAUSE]).total_seconds(),
            acknowledge_entities=tuple(acknowledgement.get(CONF_ACKNOWLEDGE_ENTITIES, ())),
            answer_acknowledges=acknowledgement[CONF_ANSWER_ACKNOWLEDGES],
            keep_trying=timedelta(**data[CONF_DELIVERY][CONF_KEEP_TRYING]).total_seconds(),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the saved form."""
        return {
            "subentry_id": self.subentry_id,
            "name": self.name,
            "message": self.message,
            "contacts": list(self.contacts),
            "channels": sorted(self.channels),
            "at_once": self.at_once,
            "time_each": self.time_each,
            "rounds": self.rounds,
            "pause": self.pause,
            "acknowledge_entities": list(self.acknowledge_entities),
            "answer_acknowledges": self.answer_acknowledges,
            "keep_trying": self.keep_trying,
        }

    @classmethod
    def from_dict(cls, saved: object) -> Self:
        """Return an alert from its saved form. Raise vol.Invalid if it cannot be read."""
        return cls(**_SAVED_ALERT(saved))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One contact told through one channel. Times are on the monotonic clock, in seconds."""

    round: int
    contact: str
    channel: Channel
    at: float
    """When it was begun, and then when the provider replied."""
    result: StepResult = StepResult.UNDER_WAY
    call_id: str = ""
    """Our ID of the call, if it is one."""
    is_answered: bool = False
    ended_at: float | None = None
    """When the call was over, or hung up."""

    @property
    def is_told(self) -> bool:
        """Return if the contact was told, or may have been."""
        return self.result in {StepResult.ACCEPTED, StepResult.UNKNOWN}

    @property
    def is_live_call(self) -> bool:
        """Return if it is a call that may not be over."""
        return (
            self.channel is Channel.CALL
            and self.result is not StepResult.REFUSED
            and self.ended_at is None
        )

    def as_dict(self, offset: float) -> dict[str, Any]:
        """Return the saved form. `offset` leads from the monotonic to the wall clock."""
        return {
            "round": self.round,
            "contact": self.contact,
            "channel": self.channel,
            "result": self.result,
            "at": self.at + offset,
            "call_id": self.call_id,
            "is_answered": self.is_answered,
            "ended_at": None if self.ended_at is None else self.ended_at + offset,
        }

    @classmethod
    def from_dict(cls, saved: object, clock: _SavedClock) -> Self:
        """Return a step from its saved form. Raise vol.Invalid if it cannot be read."""
        values: dict[str, Any] = _SAVED_STEP(saved)
        if values["result"] is StepResult.UNDER_WAY:
            # It may have been done, so it must not be done again.
            values["result"] = StepResult.UNKNOWN
        return cls(
            **values
            | {"at": clock.read(values["at"]), "ended_at": clock.read_optional(values["ended_at"])}
        )


@dataclass(frozen=True, slots=True)
class _SavedClock:
    """The clocks while a file is read."""

    now: float
    wall_now: float

    def read(self, saved: float) -> float:
        """Return a saved time on the monotonic clock. A clock that was set back means now."""
        return self.now - max(0, self.wall_now - saved)

    def read_optional(self, saved: float | None) -> float | None:
        """Return a saved time, if there is one."""
        return None if saved is None else self.read(saved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An alert that was raised. Times are on the monotonic clock, in seconds, but `raised_at`."""

    alert_id: str
    """Our ID of the run, which events and responses show."""
    alert: Alert
    """The alert as it was when it was raised."""
    message: str = field(repr=False)
    is_test: bool = False
    raised_at: float
    """Seconds since 1970, on the wall clock."""
    begun_at: float
    """The same moment on the monotonic clock."""
    round: int = 1
    steps: tuple[Step, ...] = ()
    """The steps of all rounds, the newest last."""
    repeats: int = 0
    """How often the alert was raised again during the run."""
    repeated_in: int = 0
    """The last round in which it was raised again after a contact had been told."""
    retries: int = 0
    """How often a step failed in a row because nothing could be sent."""
    offline_since: float | None = None
    """When the first of these steps failed."""
    retry_at: float | None = None
    end: AlertStatus | None = None
    ended_by: str | None = field(default=None, repr=False)
    """The name of the person, contact or entity that acknowledged or cancelled the alert."""
    all_clear: str | None = field(default=None, repr=False)
    """The text that says to the contacts that were told that the alert was cancelled."""

    def steps_of(self, contact: str, round_: int) -> Iterator[Step]:
        """Yield the steps of a contact's turn in a round."""
        return (step for step in self.steps if (step.contact, step.round) == (contact, round_))

    @property
    def current_steps(self) -> list[Step]:
        """Return the steps of the current round."""
        return [step for step in self.steps if step.round == self.round]

    @property
    def awake_until(self) -> float:
        """Return the last moment at which something is known to have happened."""
        ends = (step.at if step.ended_at is None else step.ended_at for step in self.steps)
        return max([self.begun_at, *ends])

    def as_dict(self) -> dict[str, Any]:
        """Return the saved form."""
        offset = time.time() - time.monotonic()
        return {
            "alert_id": self.alert_id,
            "alert": self.alert.as_dict(),
            "message": self.message,
            "is_test": self.is_test,
            "raised_at": self.raised_at,
            "round": self.round,
            "steps": [step.as_dict(offset) for step in self.steps],
            "repeats": self.repeats,
            "repeated_in": self.repeated_in,
            "retries": self.retries,
            "offline_since": None if self.offline_since is None else self.offline_since + offset,
            "retry_at": None if self.retry_at is None else self.retry_at + offset,
            "end": self.end,
            "ended_by": self.ended_by,
            "all_clear": self.all_clear,
        }

    @classmethod
    def from_dict(cls, saved: object, now: float, wall_now: float) -> Self:
        """Return a run from its saved form. Raise vol.Invalid if it cannot be read."""
        values: dict[str, Any] = _SAVED_RUN(saved)
        clock = _SavedClock(now, wall_now)
        return cls(
            **values
            | {
                "begun_at": clock.read(values["raised_at"]),
                "alert": Alert.from_dict(values["alert"]),
                "steps": tuple(Step.from_dict(step, clock) for step in values["steps"]),
                "offline_since": clock.read_optional(values["offline_since"]),
                "retry_at": clock.read_optional(values["retry_at"]),
            }
        )
