"""Balance of an account: the sensor, the times of the requests, and the repair of a low one."""

from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.const import STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component

from custom_components.directcall.api import DirectcallClient
from custom_components.directcall.const import DOMAIN
from tests.common import (
    BALANCE,
    ENTRY_ID,
    NUMBER,
    OPTIONS,
    PLACE_CALL,
    REFUSED,
    REQUEST_TOKEN,
    SEND,
    TEXT,
    make_account,
    pass_time,
    perform,
    place_call,
    save_before_start,
    set_up,
    settle,
    state_of,
)
from tests.simulator import BalanceShape, Reply, Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)

SENSOR = "sensor.directcall_balance"
HOUR = 60 * 60
ISSUE = (DOMAIN, f"low_balance_{ENTRY_ID}")
SHAPES = {
    BalanceShape.XML: "xml",
    BalanceShape.NUMBER: "json_number",
    BalanceShape.TEXT: "json_text",
    BalanceShape.COMMA: "json_text",
    BalanceShape.LIST: "json_text",
    BalanceShape.WITHOUT_ENVELOPE: "json_text",
}
UNTOLD = [BalanceShape.UNKNOWN_METHOD, BalanceShape.REFUSED, BalanceShape.PAGE]


@pytest.fixture
def simulator(simulator: Simulator) -> Simulator:
    """Return a provider that tells a balance."""
    simulator.quirks.balance_shape = BalanceShape.XML
    # Time jumps to the second at which a token ends, and a busy machine sends it a little later.
    simulator.quirks.token_lifetime = 10**7
    return simulator


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator, no_pauses: None) -> MockConfigEntry:
    """Return an account right after its first token."""
    return await set_up(home, make_account(simulator, entry_id=ENTRY_ID))


async def tell(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator, amount: float
) -> None:
    """Let the provider tell an amount at the next regular time."""
    simulator.quirks.balance = amount
    await pass_time(hass, freezer, 6 * HOUR)


def set_limit(hass: HomeAssistant, account: MockConfigEntry, limit: float | None) -> None:
    """Set the option Low balance, or clear it."""
    options = {k: v for k, v in account.options.items() if k != "low_balance"}
    if limit is not None:
        options["low_balance"] = limit
    hass.config_entries.async_update_entry(account, options=options)


def register(entity_registry: er.EntityRegistry) -> None:
    """Register the sensor, as it is after a balance was told once."""
    entity_registry.async_get_or_create(
        Platform.SENSOR, DOMAIN, f"{ENTRY_ID}_balance", suggested_object_id="directcall_balance"
    )


@pytest.mark.parametrize(("shape", "name"), SHAPES.items())
async def test_balance_is_shown(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    entity_registry: er.EntityRegistry,
    shape: BalanceShape,
    name: str,
) -> None:
    """A few seconds after the first token, the balance is shown, in whatever shape it comes."""
    simulator.quirks.balance_shape = shape
    assert await async_setup_component(hass, "diagnostics", {})
    client = await hass_client()
    await pass_time(hass, freezer, 6)
    state = hass.states.get(SENSOR)
    assert state is not None
    assert state.state == "1234.56"
    assert state.attributes["unit_of_measurement"] == "BRL"
    assert state.attributes["device_class"] == "monetary"
    assert state.attributes["state_class"] == "total"
    entity = entity_registry.async_get(SENSOR)
    connection = entity_registry.async_get("binary_sensor.directcall_connection")
    assert entity is not None
    assert connection is not None
    assert entity.unique_id == f"{ENTRY_ID}_balance"
    assert entity.device_id == connection.device_id
    path = f"/api/diagnostics/config_entry/{ENTRY_ID}"
    async with client.get(path) as response:
        diagnostics = await response.text()
        assert (await response.json())["data"]["balance"] == {"shape": name, "currency": "BRL"}
    assert "1234" not in diagnostics.replace(ENTRY_ID, "")


@pytest.mark.parametrize("shape", UNTOLD)
async def test_provider_without_the_method(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    shape: BalanceShape,
) -> None:
    """A provider that tells no balance is asked once a day, until it tells one."""
    simulator.quirks.balance_shape = shape
    before: Any = await get_diagnostics_for_config_entry(hass, hass_client, account)
    assert before["balance"] == {"shape": None, "currency": None}
    await place_call(hass)
    await pass_time(hass, freezer, 6)
    assert simulator.requests[BALANCE] == 1
    await place_call(hass, destination=f"{NUMBER}1111")
    await pass_time(hass, freezer, 61)
    after: Any = await get_diagnostics_for_config_entry(hass, hass_client, account)
    assert after["balance"] == {"shape": "none", "currency": None}
    await pass_time(hass, freezer, HOUR, times=23)
    assert simulator.requests[BALANCE] == 1
    assert hass.states.get(SENSOR) is None
    assert state_of(hass, "binary_sensor.directcall_connection") == "on"

    simulator.quirks.balance_shape = BalanceShape.TEXT
    await pass_time(hass, freezer, HOUR)
    assert simulator.requests[BALANCE] == 2
    assert state_of(hass, SENSOR) == "1234.56"


async def test_first_request_follows_the_token(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    no_pauses: None,
    freezer: FrozenDateTimeFactory,
) -> None:
    """An action that waits for the first token goes first."""
    await simulator.stop()
    await set_up(home, make_account(simulator))
    await pass_time(hass, freezer, 5)
    await simulator.start()
    token = simulator.hold(REQUEST_TOKEN)
    call = hass.async_create_task(place_call(hass))
    await settle(lambda: simulator.requests[REQUEST_TOKEN] == 1)
    token.set()
    await call
    assert simulator.requests == {REQUEST_TOKEN: 1, PLACE_CALL: 1}
    await pass_time(hass, freezer, 6)
    assert simulator.requests[BALANCE] == 1


async def test_asked_every_six_hours(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A balance is asked for every six hours, and a new one is shown."""
    await pass_time(hass, freezer, 6)
    for number in range(1, 5):
        simulator.quirks.balance = number
        await pass_time(hass, freezer, HOUR, times=5)
        assert simulator.requests[BALANCE] == number
        await pass_time(hass, freezer, HOUR)
        assert simulator.requests[BALANCE] == number + 1
        assert state_of(hass, SENSOR) == f"{number}.00"


async def test_asked_after_a_burst(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A minute after the last of several billed requests, the balance is asked for once."""
    await pass_time(hass, freezer, 6)
    simulator.quirks.balance = 1000
    await place_call(hass)
    await pass_time(hass, freezer, 40)
    await perform(hass, "send_sms", {"destination": f"{NUMBER}0000", "message": TEXT})
    await pass_time(hass, freezer, 40)
    with pytest.raises(HomeAssistantError):
        await perform(hass, "send_voice_message", {"destination": f"{NUMBER}9001", "message": TEXT})
    await pass_time(hass, freezer, 50)
    assert simulator.requests[SEND] == 2
    assert simulator.requests[BALANCE] == 1
    await pass_time(hass, freezer, 11)
    assert simulator.requests[BALANCE] == 2
    assert state_of(hass, SENSOR) == "1000.00"
    # The next regular request is due six hours later.
    await pass_time(hass, freezer, HOUR, times=5)
    assert simulator.requests[BALANCE] == 2
    await pass_time(hass, freezer, HOUR)
    assert simulator.requests[BALANCE] == 3


@pytest.mark.parametrize(
    ("shape", "requests"), [(BalanceShape.XML, 2), (BalanceShape.UNKNOWN_METHOD, 1)]
)
async def test_requests_that_are_due_at_once(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    shape: BalanceShape,
    requests: int,
) -> None:
    """Only one request is made at a time, and none for a call where no balance is told."""
    simulator.quirks.balance_shape = shape
    await place_call(hass)
    await pass_time(hass, freezer, 61)
    assert simulator.requests[BALANCE] == 1
    await pass_time(hass, freezer, 61)
    assert simulator.requests[BALANCE] == requests


async def test_not_asked_after_what_is_not_billed(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A request that was refused or not sent costs nothing."""
    await pass_time(hass, freezer, 6)
    with pytest.raises(HomeAssistantError, match="no credit"):
        await place_call(hass, destination=f"{NUMBER}0201")
    await simulator.stop()
    with pytest.raises(HomeAssistantError, match="cannot be reached"):
        await place_call(hass)
    await simulator.start()
    await pass_time(hass, freezer, 30, times=4)
    assert simulator.requests[BALANCE] == 1


@pytest.mark.parametrize(
    ("reply", "hours"),
    [
        (Reply(drop=True), 1),
        (Reply(b"", 503), 1),
        (Reply(b"", 404), 6),
        (Reply(b'{"status": "erro", "codigo": "006"}'), 6),
    ],
    ids=["lost", "in trouble", "unknown method", "token refused"],
)
async def test_last_balance_is_kept(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    reply: Reply,
    hours: int,
) -> None:
    """A failed request or a refusal keeps the last balance, and does not end the requests."""
    await pass_time(hass, freezer, 6)
    simulator.reply(BALANCE, reply)
    await tell(hass, freezer, simulator, 5)
    assert simulator.requests[BALANCE] == 2
    assert state_of(hass, SENSOR) == "1234.56"
    assert state_of(hass, "binary_sensor.directcall_connection") == "on"
    await pass_time(hass, freezer, hours * HOUR - 60)
    assert simulator.requests[BALANCE] == 2
    await pass_time(hass, freezer, 61)
    assert state_of(hass, SENSOR) == "5.00"


async def test_failures_make_requests_rare(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A provider that fails each time is soon asked once a day, and every six hours afterwards."""
    simulator.reply(BALANCE, *[Reply(b"", 500)] * 100)
    await pass_time(hass, freezer, 6)
    asked = []
    for _ in range(5):
        await pass_time(hass, freezer, HOUR, times=24)
        asked.append(simulator.requests[BALANCE])
    assert asked == [5, 6, 7, 8, 9]
    simulator.forget_replies(BALANCE)
    await pass_time(hass, freezer, HOUR, times=24)
    assert state_of(hass, SENSOR) == "1234.56"
    before = simulator.requests[BALANCE]
    await pass_time(hass, freezer, HOUR, times=24)
    assert simulator.requests[BALANCE] == before + 4


async def test_fault_of_ours_does_not_end_the_requests(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An unexpected error is logged, and the balance is asked for later."""
    with patch.object(DirectcallClient, "balance", side_effect=ZeroDivisionError):
        await pass_time(hass, freezer, 6)
    assert "Unexpected error while asking for the balance" in caplog.text
    await pass_time(hass, freezer, HOUR)
    assert state_of(hass, SENSOR) == "1234.56"


async def test_not_asked_while_credentials_are_refused(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A refused account is not asked, and is soon after it is accepted again."""
    await pass_time(hass, freezer, 6)
    simulator.reply(REQUEST_TOKEN, *[REFUSED] * 100)
    await pass_time(hass, freezer, HOUR, times=7)
    assert simulator.requests[BALANCE] == 1
    simulator.forget_replies(REQUEST_TOKEN)
    await pass_time(hass, freezer, 16 * 60)
    await pass_time(hass, freezer, 61)
    assert simulator.requests[BALANCE] == 2


async def test_polling_disabled(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    entity_registry: er.EntityRegistry,
) -> None:
    """With polling disabled, the balance is asked for only where somebody asks for it."""
    account = make_account(simulator, entry_id=ENTRY_ID, pref_disable_polling=True)
    account.add_to_hass(hass)
    register(entity_registry)
    await set_up(home, account)
    await pass_time(hass, freezer, 6)
    await place_call(hass)
    await pass_time(hass, freezer, HOUR, times=30)
    assert simulator.requests[BALANCE] == 0
    assert state_of(hass, SENSOR) == STATE_UNKNOWN

    assert await async_setup_component(hass, "homeassistant", {})
    await hass.services.async_call(
        "homeassistant", "update_entity", {"entity_id": SENSOR}, blocking=True
    )
    assert state_of(hass, SENSOR) == "1234.56"
    await pass_time(hass, freezer, HOUR, times=30)
    assert simulator.requests[BALANCE] == 1


async def test_update_during_removal(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
) -> None:
    """An update that is under way ends with the account, and shows no repair afterwards."""
    await pass_time(hass, freezer, 6)
    set_limit(hass, account, 10)
    await hass.async_block_till_done(wait_background_tasks=True)
    simulator.quirks.balance = 5
    held = simulator.hold(BALANCE)
    assert await async_setup_component(hass, "homeassistant", {})
    update = hass.async_create_task(
        hass.services.async_call(
            "homeassistant", "update_entity", {"entity_id": SENSOR}, blocking=True
        )
    )
    await settle(lambda: simulator.requests[BALANCE] == 2)
    await hass.config_entries.async_remove(ENTRY_ID)
    held.set()
    await update
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issue_registry.issues == {}


async def test_low_balance_is_an_issue(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
) -> None:
    """A balance below the limit in the options is among the repairs until it is above it again."""
    await pass_time(hass, freezer, 6)
    await tell(hass, freezer, simulator, 10.3)
    assert issue_registry.issues == {}
    set_limit(hass, account, 10.3)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issue_registry.issues == {}

    await tell(hass, freezer, simulator, 10.29)
    issue = issue_registry.issues[ISSUE]
    assert issue.translation_key == "low_balance"
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.is_fixable is False
    assert issue.translation_placeholders == {"origin": "…0300"}
    # It outlives a reload without a connection.
    await simulator.stop()
    await hass.config_entries.async_reload(ENTRY_ID)
    await pass_time(hass, freezer, 10)
    assert ISSUE in issue_registry.issues
    # The account is called by its origin.
    options = {**account.options, "origin": "+55 41 3060-0309"}
    hass.config_entries.async_update_entry(account, options=options)
    await hass.async_block_till_done(wait_background_tasks=True)
    issue = issue_registry.issues[ISSUE]
    assert issue.translation_placeholders == {"origin": "…0309"}
    await simulator.start()
    await pass_time(hass, freezer, HOUR)

    await tell(hass, freezer, simulator, 10.3)
    assert issue_registry.issues == {}
    await tell(hass, freezer, simulator, -1)
    assert ISSUE in issue_registry.issues
    await hass.config_entries.async_remove(ENTRY_ID)
    assert issue_registry.issues == {}


@pytest.mark.parametrize("off", [None, 0, 4.99])
async def test_low_balance_follows_the_option(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
    off: float | None,
) -> None:
    """A change of the option counts at once, without another request."""
    simulator.quirks.balance = 5
    await pass_time(hass, freezer, 6)
    set_limit(hass, account, 5.01)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert ISSUE in issue_registry.issues
    set_limit(hass, account, off)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issue_registry.issues == {}
    assert simulator.requests[BALANCE] == 1


async def test_option_in_the_form(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The option takes an amount, and is off where it is left empty."""
    flows = hass.config_entries.options
    for typed, saved in ((12.5, 12.5), (None, None)):
        form = await flows.async_init(ENTRY_ID)
        values = dict(OPTIONS) if typed is None else {**OPTIONS, "low_balance": typed}
        result = await flows.async_configure(form["flow_id"], values)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert account.options.get("low_balance") == saved


@pytest.mark.parametrize("amount", [-1, -0.01, "nan", "inf"])
async def test_wrong_option_in_the_form(
    hass: HomeAssistant, account: MockConfigEntry, amount: float | str
) -> None:
    """An amount that no balance can be below is said beside its field."""
    flows = hass.config_entries.options
    form = await flows.async_init(ENTRY_ID)
    values = {**OPTIONS, "low_balance": amount}
    result = await flows.async_configure(form["flow_id"], values)
    assert result["errors"] == {"low_balance": "low_balance_out_of_range"}
    assert "low_balance" not in account.options


async def test_reload(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """After a reload the last balance is there at once, and asked for soon."""
    simulator.quirks.balance_shape = BalanceShape.WITHOUT_ENVELOPE
    await pass_time(hass, freezer, 6)
    await simulator.stop()
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, SENSOR) == "1234.56"
    await simulator.start()
    simulator.quirks.balance = 7
    await pass_time(hass, freezer, 17)
    await pass_time(hass, freezer, 6)
    assert state_of(hass, SENSOR) == "7.00"
    assert await hass.config_entries.async_unload(ENTRY_ID)
    await pass_time(hass, freezer, 6 * HOUR)
    assert simulator.requests[BALANCE] == 2


@pytest.mark.parametrize(
    ("saved", "shown", "currency"),
    [
        ({"__type": "<class 'decimal.Decimal'>", "decimal_str": "1234.50"}, "1234.50", "USD"),
        ("?", STATE_UNKNOWN, "BRL"),
        (None, STATE_UNKNOWN, "BRL"),
    ],
)
async def test_restart(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    entity_registry: er.EntityRegistry,
    saved: object,
    shown: str,
    currency: str,
) -> None:
    """After a restart without internet the last balance is there, in its currency."""
    register(entity_registry)
    data = {"native_value": saved, "native_unit_of_measurement": "USD"}
    await save_before_start(hass, State(SENSOR, "1234.50"), data)
    await simulator.stop()
    await set_up(home, make_account(simulator, entry_id=ENTRY_ID))
    state = hass.states.get(SENSOR)
    assert state is not None
    assert (state.state, state.attributes["unit_of_measurement"]) == (shown, currency)
    await simulator.start()
    await pass_time(hass, freezer, 17)
    await pass_time(hass, freezer, 6)
    assert state_of(hass, SENSOR) == "1234.56"


async def test_deleted_sensor_comes_back(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    entity_registry: er.EntityRegistry,
) -> None:
    """A sensor that was deleted is added with the next balance."""
    await pass_time(hass, freezer, 6)
    entity_registry.async_remove(SENSOR)
    await hass.async_block_till_done()
    assert hass.states.get(SENSOR) is None
    await tell(hass, freezer, simulator, 8)
    assert state_of(hass, SENSOR) == "8.00"


async def test_renamed_sensor_is_updated(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    entity_registry: er.EntityRegistry,
) -> None:
    """A sensor with another ID shows the next balance."""
    await pass_time(hass, freezer, 6)
    entity_registry.async_update_entity(SENSOR, new_entity_id="sensor.credit")
    await hass.async_block_till_done()
    await tell(hass, freezer, simulator, 8)
    assert state_of(hass, "sensor.credit") == "8.00"
