"""Helpers that tests share: accounts at the simulated provider, actions, events, and time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
import traceback
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_test_home_assistant,
)
import voluptuous as vol

from homeassistant.components import automation
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET, CONF_URL
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    frame,
    restore_state as rs,
)
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.util import dt as dt_util

from custom_components.directcall.const import (
    CONF_MEDIA_KEY,
    CONF_NUMBER,
    DOMAIN,
    SUBENTRY_ALERT,
    SUBENTRY_CONTACT,
)
from tests.simulator import ACCOUNT, Reply, Simulator

ROOT = Path(__file__).parent.parent
ORIGIN = "+55 41 3060-0300"
DESTINATION = "+55 41 99999-0000"
CALL = "event.directcall_call"
CALL_IN_PROGRESS = "binary_sensor.directcall_call_in_progress"
MEDIA_KEY = "0123456789abcdef" * 2
OPTIONS = {
    "origin": ORIGIN,
    "record": False,
    "show_caller_id": True,
    "ring_destination_first": False,
}
REFUSED = Reply(b'{"access_token": false, "msg": "no"}')
TOKEN_LOST = Reply(drop=True)
CONNECTION = "binary_sensor.directcall_connection"
PLACE_CALL = "voz/call"
# The refusal of an account that the provider does not know.
UNKNOWN_USER = Reply(b'{"status": "erro", "codigo": "200"}')
STATUS = "voz/status"
END = "voz/end"
SEND = "sms/send"
LIST = "extrato/list-recordings"
BALANCE = "extrato/saldo"
REQUEST_TOKEN = "request_token"
CONTACTS = {"Maria": "+55 41 99999-0000", "João": "+55 41 99999-1111"}
ENTRY_ID = "01DIRECTCALL"
NUMBER = "+55 41 99999-"
OTHER = "other@example.com"
TEXT = "Fumaça na cozinha!"
READMES = {"en": "README.md", "pt-BR": "LEIAME.md"}
SECRET = "000777-s3cr3t"
# The never-twice table: what happened, what is raised, how many requests and calls it took.
NEVER_TWICE = {
    "readable no": (Reply(b'{"status": "erro", "codigo": "002"}'), "refused"),
    "no of a server in trouble": (
        Reply(b'{"status": "erro", "codigo": "002"}', 500),
        "outcome_unknown",
    ),
    "description alone": (Reply(b'{"error_description": "x"}', 202), "outcome_unknown"),
    "token refused by a gateway": (Reply(b'{"codigo": "006"}', 502), "outcome_unknown"),
    "no with an id": (
        Reply(b'{"status": "erro", "codigo": "006", "callerid": "1"}'),
        "outcome_unknown",
    ),
    "bad request": (Reply(b"", 400), "refused"),
    "too many": (Reply(b"", 429), "refused"),
    "temporary redirect": (Reply(b"", 307, location="/voz/call"), "refused"),
    "permanent redirect": (Reply(b"", 308, location="/voz/call"), "refused"),
    "connection lost": (Reply(drop=True), "outcome_unknown"),
    "found elsewhere": (Reply(b"", 302, location="/voz/call"), "outcome_unknown"),
    "server error": (Reply(b"", 502), "outcome_unknown"),
    "no envelope": (Reply(b"[]"), "outcome_unknown"),
    "cut": (Reply(b'{"status": "ok"', drop=True), "outcome_unknown"),
}


def make_account(
    simulator: Simulator,
    client_id: str = ACCOUNT.client_id,
    *,
    data: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    contacts: Mapping[str, str] | None = None,
    alerts: Mapping[str, Mapping[str, Any]] | None = None,
    minor_version: int = 3,
    **more: Any,
) -> MockConfigEntry:
    """Return the config entry of an account, as the config flow makes it.

    `contacts` are their names and numbers, `alerts` their names and data.
    """
    return MockConfigEntry(
        domain=DOMAIN,
        title=client_id,
        unique_id=client_id.casefold(),
        minor_version=minor_version,
        data={
            CONF_CLIENT_ID: client_id,
            CONF_CLIENT_SECRET: ACCOUNT.client_secret,
            CONF_URL: simulator.url,
            CONF_MEDIA_KEY: MEDIA_KEY,
            **(data or {}),
        },
        options={**OPTIONS, **(options or {})},
        subentries_data=[
            ConfigSubentryDataWithId(
                subentry_id=f"01CONTACT{number}",
                subentry_type=SUBENTRY_CONTACT,
                title=name,
                data={CONF_NUMBER: telephone},
                unique_id=None,
            )
            for number, (name, telephone) in enumerate((contacts or {}).items())
        ]
        + [
            ConfigSubentryDataWithId(
                subentry_id=f"01ALERT{number}",
                subentry_type=SUBENTRY_ALERT,
                title=name,
                data=data,
                unique_id=None,
            )
            for number, (name, data) in enumerate((alerts or {}).items())
        ],
        **more,
    )


def alert_data(
    *,
    contacts: Iterable[str] = ("01CONTACT0", "01CONTACT1"),
    message: str = TEXT,
    how: Mapping[str, Any] | None = None,
    acknowledgement: Mapping[str, Any] | None = None,
    keep_trying: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Return the data of an alert, as its form makes it."""
    return {
        "message": message,
        "contacts": list(contacts),
        "how": {
            "channels": ["voice_message"],
            "at_once": False,
            "time_each": {"minutes": 2},
            "rounds": 3,
            "pause": {"minutes": 2},
            **(how or {}),
        },
        "acknowledgement": {
            "acknowledge_entities": [],
            "answer_acknowledges": False,
            **(acknowledgement or {}),
        },
        "delivery": {"keep_trying": keep_trying or {"hours": 1}},
    }


def set_ups_of(account: MockConfigEntry) -> list[ConfigEntryState]:
    """Return a list that grows with each time that an account is set up from now on."""
    set_ups: list[ConfigEntryState] = []

    def note() -> None:
        if account.state is ConfigEntryState.LOADED:
            set_ups.append(account.state)

    account.async_on_state_change(note)
    return set_ups


def with_sms(hass: HomeAssistant, account: MockConfigEntry) -> MockConfigEntry:
    """Enable the entities for SMS, which are disabled by default, before an account is set up."""
    account.add_to_hass(hass)
    for contact in account.subentries.values():
        er.async_get(hass).async_get_or_create(
            "notify",
            DOMAIN,
            f"{account.entry_id}_{contact.subentry_id}_sms",
            config_entry=account,
            config_subentry_id=contact.subentry_id,
            suggested_object_id=f"{contact.title}_sms",
        )
    return account


async def set_up(hass: HomeAssistant, account: MockConfigEntry) -> MockConfigEntry:
    """Set an account up, and wait for its first token."""
    account.add_to_hass(hass)
    await hass.config_entries.async_setup(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return account


async def perform(hass: HomeAssistant, action: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Perform an action, and return its response."""
    response = await hass.services.async_call(
        DOMAIN, action, dict(data), blocking=True, return_response=True
    )
    assert response is not None
    return response


async def place_call(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    """Place a call through the action, and return its response."""
    return await perform(hass, "place_call", with_destination(data))


async def end_call(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    """Hang up through the action, and return its response."""
    return await perform(hass, "end_call", with_destination(data))


def with_destination(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an action's data, with a destination if it has no recipient."""
    return {**({} if "contact" in data else {"destination": DESTINATION}), **data}


def suggestions(schema: vol.Schema | None) -> dict[str, Any]:
    """Return what a form shows in its fields and sections."""
    assert schema is not None
    found = {}
    for key, value in schema.schema.items():
        if isinstance(value, section):
            found[str(key)] = suggestions(value.schema)
        elif key.description:
            found[str(key)] = key.description["suggested_value"]
    return found


async def stop_automations(hass: HomeAssistant) -> None:
    """End what automations still wait for."""
    if hass.services.has_service(automation.DOMAIN, "turn_off"):
        await hass.services.async_call(
            automation.DOMAIN, "turn_off", {"entity_id": "all"}, blocking=True
        )


def device_of(hass: HomeAssistant, account: MockConfigEntry, name: str) -> str:
    """Return the id of a contact's device."""
    [subentry] = [s for s in account.subentries.values() if s.title == name]
    identifier = (DOMAIN, f"{account.entry_id}_{subentry.subentry_id}")
    device = dr.async_get(hass).async_get_device_by_identifier(identifier, account.entry_id)
    assert device is not None
    return device.id


async def pass_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float, *, times: int = 1
) -> None:
    """Let time pass several times, and run everything that it triggers."""
    start = dt_util.utcnow()
    for step in range(1, times + 1):
        # Real time that a busy machine takes meanwhile does not add up.
        freezer.move_to(max(dt_util.utcnow(), start + timedelta(seconds=seconds * step)))
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)


async def begin[ResultT](
    hass: HomeAssistant, action: Coroutine[Any, Any, ResultT]
) -> asyncio.Task[ResultT]:
    """Start an action, and wait until the requests that it sent are answered."""
    task = asyncio.create_task(action)
    await hass.async_block_till_done(wait_background_tasks=True)
    return task


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds that only the network brings about. Fail after 30 s."""
    for _ in range(3000):
        if condition():
            return
        # The network needs real time.
        await asyncio.sleep(0.01)
    pytest.fail("The condition was not met in time")


async def settle(until: Callable[[], bool] = lambda: False) -> None:
    """Wait until no request is under way, and automations and scripts only wait for time.

    `async_block_till_done` would wait for their delays, too.
    """
    idle = 0
    # A script takes some passes of the event loop from a trigger or an answer to its next request.
    while idle < 50 and not until():
        if any(task.get_name().startswith(f"{DOMAIN} ") for task in asyncio.all_tasks()):
            idle = 0
            # The network needs real time.
            await asyncio.sleep(0.002)
        else:
            idle += 1
            await asyncio.sleep(0)


def last_event(hass: HomeAssistant) -> str | None:
    """Return the type of the last event of a call."""
    event = hass.states.get(CALL)
    assert event is not None
    event_type: str | None = event.attributes["event_type"]
    return event_type


def state_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return the state of an entity that is there."""
    state = hass.states.get(entity_id)
    assert state is not None
    return state.state


def asked(simulator: Simulator) -> dict[str, int]:
    """Return the number of requests by endpoint, without those that only time brings about."""
    return {name: number for name, number in simulator.requests.items() if name != BALANCE}


class Events(list[State]):
    """The events of the entity Call, as they came."""

    @property
    def types(self) -> list[str]:
        """Return their types."""
        return [state.attributes["event_type"] for state in self]


def states_of(history: Iterable[Event[Any]], entity_id: str) -> list[State]:
    """Return the states of an entity in captured events."""
    states = (event.data["new_state"] for event in history)
    return [state for state in states if state and state.entity_id == entity_id]


def listen(hass: HomeAssistant) -> Events:
    """Collect what the entity Call fires from now on."""
    events = Events()

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        old = event.data["old_state"]
        if (
            event.data["entity_id"] == CALL
            and state
            and state.attributes.get("event_type")
            and (old is None or old.state not in {state.state, "unavailable"})
        ):
            events.append(state)

    hass.bus.async_listen("state_changed", note)
    return events


@asynccontextmanager
async def running_home(folder: str) -> AsyncIterator[HomeAssistant]:
    """Start a Home Assistant of its own in Brazil, in a folder, and stop it."""
    async with async_test_home_assistant(config_dir=folder) as hass:
        # Without this, it would find no custom integration.
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        frame.async_setup(hass)
        await hass.config.async_update(country="BR", time_zone="America/Sao_Paulo")
        yield hass
        await hass.async_stop(force=True)


def restarted(stopped: HomeAssistant) -> AbstractAsyncContextManager[HomeAssistant]:
    """Start Home Assistant again, on what the one that was stopped saved."""
    return running_home(stopped.config.config_dir)


async def save_before_start(
    hass: HomeAssistant, state: State, extra: Mapping[str, Any] | None = None
) -> None:
    """Let Home Assistant find a state that it saved when it was stopped."""
    saved = {"state": state.as_dict(), "extra_data": extra, "last_seen": dt_util.utcnow()}
    states = rs.async_get(hass)
    with patch.object(states.store, "async_load", return_value=[saved]):
        await states.async_load()


def reauth_flows(hass: HomeAssistant) -> list[Any]:
    """Return the open requests for new credentials."""
    return [
        flow
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"]["source"] == SOURCE_REAUTH
    ]


def change_secret(simulator: Simulator, secret: str = "another") -> None:
    """Let the provider accept another secret only."""
    simulator.secrets[ACCOUNT.client_id] = secret


def chain(error: BaseException) -> str:
    """Return the texts of an error and its causes, as a log would print them."""
    texts = ["".join(traceback.format_exception(error))]
    link: BaseException | None = error
    while link is not None:
        texts += [str(link), repr(link)]
        link = link.__cause__ or link.__context__
    return "\n".join(texts)


def skip(freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Move the clocks on; the freezer's own tick forgets what flowed by since the last one."""
    freezer.move_to(dt_util.utcnow() + timedelta(seconds=seconds))


async def hurry[ResultT](
    freezer: FrozenDateTimeFactory, asking: Coroutine[Any, Any, ResultT], step: float = 1
) -> ResultT:
    """Return the result of a coroutine that waits for time alone, without taking that time."""
    task = asyncio.ensure_future(asking)
    while not task.done():
        skip(freezer, step)
        # The network needs real time.
        await asyncio.sleep(0.001)
    return await task


def open_files() -> int:
    """Return how many files are open that are in no folder."""
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            links.append(str(descriptor.readlink()))
    return sum(link.endswith("(deleted)") for link in links)
