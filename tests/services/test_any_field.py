"""Laws of actions: any value of any field is read, or is an error of ours and sends nothing."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
import json
from pathlib import Path
from string import Formatter
from typing import Any, Final

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.json import json_bytes
from homeassistant.util.yaml import load_yaml_dict

from custom_components.directcall.calls import CallState
from custom_components.directcall.const import DOMAIN
from tests.common import (
    BALANCE,
    CONTACTS,
    ENTRY_ID,
    REQUEST_TOKEN,
    ROOT,
    STATUS,
    alert_data,
    device_of,
    make_account,
    perform,
    set_up,
)
from tests.simulator import Simulator

INTEGRATION: Final = ROOT / "custom_components" / DOMAIN


def read_texts(language: str) -> dict[str, dict[str, str]]:
    """Return the texts of the errors in a language."""
    file: Path = INTEGRATION / "translations" / f"{language}.json"
    texts: dict[str, dict[str, str]] = json.loads(file.read_text())["exceptions"]
    return texts


TEXTS: Final = [read_texts(language) for language in ("en", "pt-BR")]


def read_fields() -> dict[str, list[str]]:
    """Return the fields of each action as the UI shows them, also those in sections."""
    actions = load_yaml_dict(str(INTEGRATION / "services.yaml"))
    fields: dict[str, list[str]] = {}
    for action, described in actions.items():
        fields[action] = []
        for name, field in described["fields"].items():
            fields[action] += [*field["fields"]] if "fields" in field else [name]
    return fields


FIELDS: Final = read_fields()
# What looks and time bring about, and not the action.
BACKGROUND: Final = {STATUS, BALANCE, REQUEST_TOKEN}
# Errors that do not depend on the fields alone.
CIRCUMSTANCES: Final = {"no_active_alert", "no_active_call", "nothing_to_hang_up", "refused"}
# The device of a contact or an alert, whose ID is not known before the account is set up.
MARIA: Final = "device of Maria"
JOAO: Final = "device of João"
ALERT: Final = "device of Fumaça"


@dataclass(frozen=True)
class Part:
    """Some fields of an action, and what has to happen."""

    data: Mapping[str, object]
    form: Mapping[str, str] | None = None
    """Fields of the request. None if the values are wrong, so that there must be no request."""
    reaches_some: bool = False
    """Whether some of the recipients are valid, so that there may be a request and an error."""


type Parts = st.SearchStrategy[Part]


def good(form: Mapping[str, str] | None = None, **data: object) -> Part:
    """Return fields that are read."""
    return Part(data, form or {})


def bad(*names: str, values: list[Any]) -> list[Part]:
    """Return values that are wrong for each of the fields."""
    return [Part({name: value}) for name in names for value in values]


def some(**data: object) -> Part:
    """Return recipients of whom only some are wrong."""
    return Part(data, reaches_some=True)


def left_out(*names: str, form: Mapping[str, str] | None = None) -> list[Part]:
    """Return what templates leave behind in an optional field."""
    values = ["", " \n", None, "None", "unknown", "Unavailable"]
    return [good(form), *(good(form, **{name: value}) for name in names for value in values)]


NAN: Final = float("nan")
INF: Final = float("inf")
ODD: Final[list[Any]] = [
    [True],
    {},
    {"a": [{}]},
    NAN,
    INF,
    10**400,
    -1,
    1.5,
    "maybe",
    "\x00",
    "\ud83d",
    "{{ states('sensor.x') }}",
    "x" * 5000,
    date(2030, 1, 1),
    time(8),
    timedelta(days=10**6),
]
NO_NUMBERS: Final = [each for each in ODD if each not in (-1, 1.5, NAN, INF, 10**400)]


def boolean(name: str, provider_name: str, default: str) -> Parts:
    """Return values of a boolean."""
    return st.sampled_from(
        [
            *left_out(name, form={provider_name: default}),
            *(good({provider_name: "s"}, **{name: value}) for value in (True, "Yes", "on", 1)),
            *(good({provider_name: "n"}, **{name: value}) for value in (False, "no", " OFF", 0)),
            *bad(name, values=[each for each in ODD if not isinstance(each, int | float)]),
        ]
    )


NAMES: Final = {"Maria": "5541999990000", "João": "5541999991111"}
NO_TELEPHONES: Final = [*ODD, True, "Mario", "3060-0300", "41 99999-0000 ramal 5", 41.0, ALERT]
MARIA_CALLED: Final = {"destino": NAMES["Maria"]}
JOAO_CALLED: Final = {"destino": NAMES["João"]}
DESTINATION: Final = st.sampled_from(
    [
        good(MARIA_CALLED, contact=MARIA),
        good(MARIA_CALLED, contact=[[MARIA], None], destination=""),
        good(MARIA_CALLED, destination="maria"),
        good(MARIA_CALLED, destination=("Maria",), contact="unknown"),
        good(JOAO_CALLED, destination=5541999991111),
        good(JOAO_CALLED, destination="(41) 99999-1111;"),
        Part({}),
        Part({"contact": MARIA, "destination": "João"}),
        Part({"contact": MARIA, "destination": "Maria"}),
        Part({"destination": "Maria, João"}),
        *bad("destination", values=[*NO_TELEPHONES, []]),
        *bad("contact", values=[*NO_TELEPHONES, "Maria", "5541999990000"]),
    ]
)
BOTH: Final = {"destino": "5541999990000;5541999991111"}
RECIPIENTS: Final = st.sampled_from(
    [
        good(MARIA_CALLED, contact=MARIA),
        good(MARIA_CALLED, contact=MARIA, destination="Maria"),
        good(BOTH, contact=MARIA, destination="joao"),
        good(BOTH, destination="Maria; (41) 99999-1111"),
        good(BOTH, destination=[[5541999990000], None, ("João", "")]),
        good(BOTH, contact=[MARIA, JOAO], destination="unavailable"),
        Part({}),
        Part({"contact": [], "destination": ""}),
        *bad("destination", values=NO_TELEPHONES),
        *bad("contact", values=[*NO_TELEPHONES, "Maria"]),
        *(some(contact=MARIA, destination=each) for each in NO_TELEPHONES),
        *(some(destination="Maria", contact=each) for each in NO_TELEPHONES),
        *(some(destination=["João", each]) for each in NO_TELEPHONES),
    ]
)
ORIGIN: Final = st.sampled_from(
    [
        *left_out("origin", form={"origem": "554130600300"}),
        good({"origem": "554133334444"}, origin=["+55 41 3333-4444"]),
        good({"origem": "554133334444"}, origin=554133334444),
        good({"origem": "ip4130600301"}, origin="ip4130600301"),
        *bad("origin", values=[*NO_TELEPHONES, ["Maria", "João"], "Maria; João"]),
    ]
)
TEXT: Final = st.sampled_from(
    [
        good({"texto": "Fumaça"}, message=" Fumaça "),
        good({"texto": "42"}, message=42),
        good({"texto": "['a']"}, message=["a"]),
        good({"texto": "\N{FIRE}"}, message="\ud83d\udd25", title="unknown"),
        good({"texto": "Alarme"}, message=None, title="Alarme"),
        good({"texto": "{{ x }}"}, message="{{ x }}"),
        good({"texto": "x" * 700}, message="x" * 700),
        Part({}),
        *bad("message", "title", values=["", None, "Unknown", "x" * 701, " \t"]),
        Part({"message": "x" * 400, "title": "x" * 400}),
    ]
)
SPOKEN: Final = st.one_of(
    TEXT,
    st.sampled_from(
        [
            *(good({"texto": "Fumaça"}, message="Fumaça", media=each) for each in ODD),
            *bad("media", values=[*ODD, {"media_content_id": 5}, "http://x.invalid/a.mp3"]),
        ]
    ),
)
ATTEMPTS: Final = st.sampled_from(
    [
        *left_out("attempts", form={"num_tentativas": "3"}),
        *(good({"num_tentativas": "5"}, attempts=each) for each in (5, "5", 5.0, " 5 ")),
        *bad("attempts", values=[*ODD, True, 0, 11, "5x", [5], b"5"]),
    ]
)
CRON: Final = {"cron": "01-01-2030-08-00-00"}
SEND_AT: Final = st.sampled_from(
    [
        *left_out("send_at"),
        good(CRON, send_at="2030-01-01 08:00:00"),
        good(CRON, send_at="2030-01-01T11:00:00.5Z"),
        good(CRON, send_at=datetime(2030, 1, 1, 11, tzinfo=UTC)),
        *bad("send_at", values=[*ODD, True, 1893495600, "2020-01-01 08:00:00", "08:00:00"]),
        *bad("send_at", values=["2030-02-31 08:00:00", "0001-01-01 00:00:00", "2030-01-01"]),
        *bad(
            "send_at",
            values=[
                ["2030-01-01 08:00:00"],
                datetime(9999, 12, 31, tzinfo=UTC),
                datetime(1, 1, 1, tzinfo=UTC),
            ],
        ),
    ]
)
HOURS: Final = st.sampled_from(
    [
        *left_out("earliest_hour", "latest_hour"),
        good({"enviar_de": "8"}, earliest_hour="8", latest_hour=None),
        good({"enviar_de": "0", "enviar_ate": "23"}, earliest_hour=0, latest_hour=23.0),
        *bad("earliest_hour", "latest_hour", values=[*ODD, True, 24, "8h", "08:00", [8]]),
    ]
)
OUTCOME: Final = st.sampled_from(
    [
        *left_out("wait_for_outcome", "timeout"),
        # Who does not wait needs no limit.
        *(good(wait_for_outcome="off", timeout=each) for each in ODD),
        *bad("wait_for_outcome", values=NO_NUMBERS),
        *(Part({"wait_for_outcome": True, "timeout": each}) for each in [*NO_NUMBERS, 0, 601]),
    ]
)
ACKNOWLEDGEMENT: Final = st.sampled_from(
    [
        *left_out("wait_for_acknowledgement", "timeout"),
        *(good(wait_for_acknowledgement=0, timeout=each) for each in ODD),
        *bad("wait_for_acknowledgement", values=NO_NUMBERS),
        *(
            Part({"wait_for_acknowledgement": 1, "timeout": each})
            for each in [*NO_NUMBERS, 0, 86401]
        ),
    ]
)
NO_ALERTS: Final = [*ODD, True, "Fogo", MARIA]
ONE_ALERT: Final = st.sampled_from(
    [
        good(alert=ALERT),
        good(alert=[ALERT], name="unknown"),
        good(name="fumaca"),
        good(name=[None, "FUMAÇA"]),
        Part({}),
        Part({"alert": ALERT, "name": "Fumaça"}),
        *bad("alert", values=[*NO_ALERTS, "Fumaça"]),
        *bad("name", values=[*NO_ALERTS, ALERT]),
    ]
)
ALERTS: Final = st.sampled_from(
    [
        *left_out("alert", "name"),
        good(alert=ALERT, name="Fumaça"),
        good(name="fumaca;"),
        *bad("alert", values=NO_ALERTS),
        *bad("name", values=NO_ALERTS),
        *(some(alert=ALERT, name=each) for each in NO_ALERTS),
    ]
)
MESSAGE_ID: Final = st.sampled_from(
    [
        good(message_id="12345678900000"),
        good(message_id=12345678900000),
        Part({}),
        *bad("message_id", values=["", None, "unknown", True, "a b", "x" * 65, "é", 12345.0]),
        *bad("message_id", values=[each for each in ODD if each not in (-1, "maybe")]),
    ]
)
NO_TIMES: Final = [
    *ODD[:13],
    True,
    5,
    "yesterday",
    "2026-13-01",
    date.min,
    datetime(9999, 12, 31, tzinfo=UTC),
]
PERIOD: Final = st.sampled_from(
    [
        *left_out("start", "end"),
        good(start="2026-11-01", end="2026-11-20"),
        good(start=datetime(2026, 11, 1, tzinfo=UTC), end=date(2026, 11, 20)),
        *bad("start", "end", values=NO_TIMES),
        Part({"start": "2026-11-02", "end": "2026-11-01"}),
        Part({"start": "2026-01-01", "end": "2026-11-01"}),
    ]
)
ANYTHING: Final = st.sampled_from([*ODD, True, None, "", "Ana"])
ACCOUNT: Final = st.sampled_from(
    [
        *left_out("config_entry_id"),
        good(config_entry_id=ENTRY_ID),
        *bad("config_entry_id", values=[*ODD, [ENTRY_ID], True]),
    ]
)
# Mostly, there is no field that the action does not have.
UNKNOWN: Final = st.sampled_from(
    [*[good()] * 40, *bad("speak", "Message", "", "41999990000", "\ud83d", values=["x", None, {}])]
)


def freely(name: str) -> Parts:
    """Return values of a field that takes any."""
    return st.builds(lambda value: good(**{name: value}), ANYTHING)


WHEN: Final = (SEND_AT, HOURS)
OPTIONS: Final = (
    boolean("record", "gravar", "n"),
    boolean("show_caller_id", "cli", "s"),
    boolean("ring_destination_first", "inverter_discagem", "n"),
)
ACTIONS: Final[dict[str, tuple[Parts, ...]]] = {
    "acknowledge_alert": (ALERTS, freely("by")),
    "cancel_alert": (ALERTS, freely("by"), freely("message")),
    "cancel_message": (MESSAGE_ID,),
    "end_call": (DESTINATION, ORIGIN),
    "get_message_status": (MESSAGE_ID,),
    "list_recordings": (PERIOD,),
    "place_call": (DESTINATION, ORIGIN, OUTCOME, *OPTIONS),
    "raise_alert": (ONE_ALERT, freely("message"), ACKNOWLEDGEMENT),
    "send_sms": (RECIPIENTS, TEXT, ORIGIN, *WHEN),
    "send_voice_message": (RECIPIENTS, SPOKEN, ORIGIN, ATTEMPTS, *WHEN),
}


def is_read(part: Part) -> bool:
    """Return if the values are right."""
    return part.form is not None


@st.composite
def mostly_right(draw: st.DrawFn, strategies: tuple[Parts, ...]) -> list[Part]:
    """Return all fields of an action: at most two of them are wrong, and often none."""
    wrong = draw(st.lists(st.integers(0, len(strategies) - 1), max_size=2))
    return [
        draw(strategy if position in wrong else strategy.filter(is_read))
        for position, strategy in enumerate(strategies)
    ]


JUNK: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.text("0123456789+()-. ;,:/ip", max_size=20)
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.timedeltas(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=9), values),
    max_leaves=8,
)
# Nothing that means yes, because then the action waits.
NOT_YES: Final = st.lists(JUNK) | st.dictionaries(st.text(max_size=9), JUNK) | st.dates()
WAITS: Final = ("wait_for_outcome", "wait_for_acknowledgement")

# Home Assistant and the account are the same for all examples.
FEW: Final = settings(
    max_examples=max(1, settings().max_examples // 4),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def check_error(err: HomeAssistantError) -> str:
    """Check that an error has a text with all its values in both languages. Return its key."""
    key = err.translation_key or ""
    given = {*(err.translation_placeholders or {})}
    assert err.translation_domain == DOMAIN
    for texts in TEXTS:
        message = texts[key]["message"]
        assert {name for _, name, *_ in Formatter().parse(message) if name} <= given
    json_bytes(str(err))
    return key


class House:
    """An account with contacts and an alert, and what reached the provider."""

    def __init__(self, hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator) -> None:
        """Find the devices."""
        self._hass = hass
        self._account = account
        self._simulator = simulator
        self._devices = {
            f"device of {each.title}": device_of(hass, account, each.title)
            for each in account.subentries.values()
        }

    def _with_devices(self, value: Any) -> Any:
        """Return a value with the IDs of devices."""
        if isinstance(value, list):
            return [self._with_devices(each) for each in value]
        return self._devices.get(value, value) if isinstance(value, str) else value

    async def perform(self, action: str, data: Mapping[str, Any]) -> str | None:
        """Perform an action, and return the key of its error. Another error fails the test."""
        values = {name: self._with_devices(value) for name, value in data.items()}
        try:
            # The UI gets it as JSON.
            json_bytes(await perform(self._hass, action, values))
        except HomeAssistantError as err:
            return check_error(err)
        return None

    @property
    def requests(self) -> dict[str, int]:
        """Return the number of requests by endpoint, without those of the background."""
        return {
            name: number
            for name, number in self._simulator.requests.items()
            if name not in BACKGROUND
        }

    @property
    def forms(self) -> list[Mapping[str, str]]:
        """Return the forms that were accepted."""
        calls = [call.form for call in self._simulator.calls]
        return [*calls, *(message.form for message in self._simulator.messages)]

    async def clean_up(self) -> None:
        """End all calls and alerts."""
        tracker = self._account.runtime_data.account.calls.tracker
        for pair in list(tracker.pairs):
            tracked = tracker.find(pair)
            assert tracked is not None
            tracker.async_finish(tracked, CallState.UNKNOWN)
        with suppress(HomeAssistantError):
            await perform(self._hass, "cancel_alert", {})
        await self._hass.async_block_till_done(wait_background_tasks=True)
        self._simulator.calls.clear()
        self._simulator.messages.clear()


@pytest.fixture
async def house(home: HomeAssistant, simulator: Simulator) -> House:
    """Return an account that may spend what it wants."""
    account = make_account(
        simulator,
        entry_id=ENTRY_ID,
        options={"spending_limit": 0},
        contacts=CONTACTS,
        alerts={"Fumaça": alert_data()},
    )
    return House(home, await set_up(home, account), simulator)


def test_all_fields_are_tried() -> None:
    """Every field of every action has values here, right and wrong ones."""
    assert ACTIONS.keys() == FIELDS.keys()


@pytest.mark.parametrize("action", ACTIONS)
@FEW
@given(st.data())
async def test_wrong_values_send_nothing(house: House, action: str, data: st.DataObject) -> None:
    """Right values are what is sent. With a wrong one among them, nothing is, and it is told."""
    parts = data.draw(mostly_right((*ACTIONS[action], ACCOUNT, UNKNOWN)))
    fields = {name: value for part in parts for name, value in part.data.items()}
    assert {*fields} - {*FIELDS[action]} <= {*parts[-1].data}
    wrong = [part for part in parts if not is_read(part)]
    before = house.requests
    key = await house.perform(action, fields)
    if not wrong:
        assert key is None or key in CIRCUMSTANCES
        expected = {name: value for part in parts for name, value in (part.form or {}).items()}
        for form in house.forms[:1] if not action.endswith("_alert") else []:
            assert dict(form).items() >= expected.items()
    else:
        assert key is not None
        if not all(part.reaches_some for part in wrong):
            assert house.requests == before
    await house.clean_up()


@pytest.mark.parametrize("action", ACTIONS)
@FEW
@given(st.data())
async def test_anything_is_read_or_our_error(
    house: House, action: str, data: st.DataObject
) -> None:
    """Any values in any fields, known or not, are read, or are an error with a translated text."""
    optional = dict.fromkeys(FIELDS[action], JUNK)
    optional |= {name: NOT_YES for name in WAITS if name in FIELDS[action]}
    fields = st.fixed_dictionaries({}, optional=optional)
    right = {
        name: value
        for part in data.draw(st.tuples(*(each.filter(is_read) for each in ACTIONS[action])))
        for name, value in part.data.items()
    }
    await house.perform(action, {**right, **data.draw(fields)})
    await house.clean_up()
