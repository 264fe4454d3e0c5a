"""Spending limit: what is billed in an hour, for actions and for alerts."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
import json
from pathlib import Path
import time
from typing import Any
from unittest.mock import Mock

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import STORAGE_DIR

from custom_components.directcall.api import PhoneNumber, RequestScope, Sms
from custom_components.directcall.const import DOMAIN
from custom_components.directcall.contacts import Recipient
from custom_components.directcall.issues import BilledService, Budget
from custom_components.directcall.messages import Outcome, async_send_message
from tests.common import (
    ENTRY_ID,
    NUMBER,
    OPTIONS,
    ORIGIN,
    PLACE_CALL,
    SEND,
    TEXT,
    asked,
    make_account,
    pass_time,
    perform,
    place_call,
    restarted,
    set_up,
    skip,
    until,
)
from tests.disk import hass_config_dir, hass_storage
from tests.simulator import Reply, Simulator

__all__ = ["hass_config_dir", "hass_storage"]

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time("2026-11-24 12:00:00", tick=True)

HOUR = 60 * 60
REFUSED = Reply(b'{"status": "erro", "codigo": "002"}')
NO_CREDIT = Reply(b'{"status": "erro", "codigo": "201"}')
LOST = Reply(drop=True)
ACTIONS_ISSUE = (DOMAIN, f"spending_limit_{ENTRY_ID}")
ALERTS_ISSUE = (DOMAIN, f"spending_limit_alerts_{ENTRY_ID}")


async def limited(hass: HomeAssistant, simulator: Simulator, limit: int | None) -> MockConfigEntry:
    """Set an account up with a spending limit, or with the default."""
    options = {} if limit is None else {"spending_limit": limit}
    return await set_up(hass, make_account(simulator, entry_id=ENTRY_ID, options=options))


async def send_sms(hass: HomeAssistant, number: int = 1000) -> None:
    """Send an SMS through the action."""
    await perform(hass, "send_sms", {"destination": f"{NUMBER}{number:04}", "message": TEXT})


async def is_limited(hass: HomeAssistant, limit: int) -> bool:
    """Try to send an SMS, and return if the limit forbids that."""
    error: HomeAssistantError | None = None
    try:
        await send_sms(hass)
    except HomeAssistantError as err:
        error = err
    if error is None:
        return False
    assert error.translation_key == "spending_limit"
    assert error.translation_placeholders == {"limit": str(limit)}
    return True


async def alert(account: MockConfigEntry, numbers: Iterable[int] = (1000,)) -> list[Outcome]:
    """Send an SMS as alerts do."""
    recipients = [
        Recipient(PhoneNumber.parse(f"{NUMBER}{number:04}", "BR"), None) for number in numbers
    ]
    data = account.runtime_data
    message = Sms(PhoneNumber.parse(ORIGIN, "BR"), (), TEXT)
    return await async_send_message(
        data.account.requests, data.client, recipients, message, Budget.ALERTS
    )


def keys(outcomes: Iterable[Outcome]) -> list[str | None]:
    """Return the keys of the errors of requests, or None for those that were accepted."""
    return [
        outcome.result.translation_key if isinstance(outcome.result, HomeAssistantError) else None
        for outcome in outcomes
    ]


def set_option(
    hass: HomeAssistant, account: MockConfigEntry, limit: int | None, **more: Any
) -> None:
    """Change the option, or remove it, as the form does."""
    options = {k: v for k, v in account.options.items() if k != "spending_limit"} | more
    if limit is not None:
        options["spending_limit"] = limit
    hass.config_entries.async_update_entry(account, options=options)


async def test_default_limit(
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
) -> None:
    """The 61st call or message in an hour is refused here, and goes again an hour later."""
    await limited(home, simulator, None)
    for number in range(1000, 1030):
        await send_sms(home, number)
        await place_call(home, destination=f"{NUMBER}{number}")
    assert issue_registry.issues == {}
    before = asked(simulator)
    assert await is_limited(home, 60)
    with pytest.raises(HomeAssistantError) as caught:
        await place_call(home, destination=f"{NUMBER}2000")
    assert caught.value.translation_key == "spending_limit"
    assert (before[SEND], before[PLACE_CALL]) == (30, 30)
    assert asked(simulator).items() >= {SEND: 30, PLACE_CALL: 30}.items()
    assert issue_registry.issues.keys() == {ACTIONS_ISSUE}
    skip(freezer, HOUR)
    await place_call(home, destination=f"{NUMBER}2000")
    assert issue_registry.issues == {}
    assert simulator.requests[PLACE_CALL] == 31


async def test_hour_slides(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Each request counts for an hour of its own."""
    await limited(home, simulator, 2)
    await send_sms(home)
    skip(freezer, HOUR / 2)
    await send_sms(home)
    assert await is_limited(home, 2)
    skip(freezer, HOUR / 2)
    await send_sms(home)
    assert await is_limited(home, 2)
    skip(freezer, HOUR / 2)
    await send_sms(home)
    assert await is_limited(home, 2)


async def test_message_that_is_partly_sent(home: HomeAssistant, simulator: Simulator) -> None:
    """The recipients that the limit leaves are reached, and the error names the others."""
    await limited(home, simulator, 2)
    numbers = [f"{NUMBER}{number}" for number in range(1000, 1025)]
    with pytest.raises(HomeAssistantError, match="limit of 2 calls and messages") as caught:
        await perform(home, "send_sms", {"destination": numbers, "message": TEXT})
    assert caught.value.translation_key == "partly_sent"
    assert [len(message.destinations) for message in simulator.messages] == [10, 10]


@pytest.mark.parametrize("reply", [REFUSED, NO_CREDIT, Reply(b"", 429)])
async def test_refused_requests_do_not_count(
    home: HomeAssistant, simulator: Simulator, reply: Reply
) -> None:
    """What the provider refuses costs nothing."""
    await limited(home, simulator, 1)
    for _ in range(2):
        simulator.reply(SEND, reply)
        with pytest.raises(HomeAssistantError):
            await send_sms(home)
    assert not await is_limited(home, 1)
    assert await is_limited(home, 1)


async def test_requests_that_were_not_sent_do_not_count(
    home: HomeAssistant, simulator: Simulator, no_pauses: None
) -> None:
    """A line that is down uses up nothing."""
    await limited(home, simulator, 1)
    await simulator.stop()
    for _ in range(2):
        with pytest.raises(HomeAssistantError) as caught:
            await send_sms(home)
        assert caught.value.translation_key == "cannot_connect"
    await simulator.start()
    assert not await is_limited(home, 1)


async def test_unknown_outcome_counts(home: HomeAssistant, simulator: Simulator) -> None:
    """What may have been billed counts."""
    await limited(home, simulator, 1)
    simulator.reply(SEND, LOST)
    with pytest.raises(HomeAssistantError) as caught:
        await send_sms(home)
    assert caught.value.translation_key == "outcome_unknown"
    assert await is_limited(home, 1)
    assert simulator.requests[SEND] == 1


@pytest.mark.parametrize("is_refused", [True, False])
async def test_request_under_way_counts(
    home: HomeAssistant, simulator: Simulator, *, is_refused: bool
) -> None:
    """Many at once are not more than the limit, and one that is refused makes room for another."""
    await limited(home, simulator, 1)
    if is_refused:
        simulator.reply(SEND, REFUSED)
    answer = simulator.hold(SEND)
    first = asyncio.create_task(send_sms(home))
    await until(lambda: simulator.requests[SEND] == 1)
    assert await is_limited(home, 1)
    answer.set()
    with suppress(HomeAssistantError):
        await first
    assert await is_limited(home, 1) is not is_refused


async def test_refused_after_more_than_an_hour(
    home: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """A request that took very long and was refused takes back no other one."""
    account = await limited(home, simulator, 1)
    held = asyncio.Event()

    async def send(scope: RequestScope) -> None:
        await held.wait()
        raise HomeAssistantError

    requests = account.runtime_data.account.requests
    request = requests.async_start_billed(BilledService.SMS, send, RequestScope(45))
    skip(freezer, HOUR)
    await send_sms(home)
    held.set()
    await request.async_wait_for_end()
    with pytest.raises(HomeAssistantError):
        request.result()
    assert await is_limited(home, 1)


async def test_interrupted_request_counts(home: HomeAssistant, simulator: Simulator) -> None:
    """What is cut off while it is sent may have arrived. What is cancelled before has not."""
    account = await limited(home, simulator, 1)
    requests = account.runtime_data.account.requests
    is_sending = asyncio.Event()

    async def wait(scope: RequestScope) -> None:
        await asyncio.Event().wait()

    async def send(scope: RequestScope) -> None:
        with scope.attempt():
            is_sending.set()
            await asyncio.Event().wait()

    request = requests.async_start_billed(BilledService.SMS, wait, RequestScope(45))
    request.cancel()
    await request.async_wait_for_end()
    assert request.was_prevented
    request = requests.async_start_billed(BilledService.SMS, send, RequestScope(45))
    await is_sending.wait()
    [task] = [task for task in asyncio.all_tasks() if task.get_name() == f"{DOMAIN} request"]
    task.cancel()
    await request.async_wait_for_end()
    assert await is_limited(home, 1)


async def test_alerts_have_a_budget_of_their_own(
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
) -> None:
    """Actions use up nothing of the alerts, and alerts nothing of the actions."""
    account = await limited(home, simulator, 2)
    assert keys(await alert(account)) == [None]
    assert not await is_limited(home, 2)
    assert not await is_limited(home, 2)
    assert await is_limited(home, 2)
    assert issue_registry.issues.keys() == {ACTIONS_ISSUE}
    assert keys(await alert(account, range(1000, 1015))) == [None, "spending_limit"]
    assert simulator.requests[SEND] == 4
    assert issue_registry.issues.keys() == {ACTIONS_ISSUE, ALERTS_ISSUE}
    skip(freezer, HOUR)
    assert keys(await alert(account)) == [None]
    assert issue_registry.issues.keys() == {ACTIONS_ISSUE}
    await send_sms(home)
    assert issue_registry.issues == {}


async def test_no_limit(home: HomeAssistant, simulator: Simulator) -> None:
    """0 means no limit, and what was sent meanwhile counts once there is one."""
    account = await limited(home, simulator, 0)
    for _ in range(61):
        await send_sms(home)
    set_option(home, account, 62)
    await send_sms(home)
    assert await is_limited(home, 62)


async def test_most_that_is_kept(home: HomeAssistant, simulator: Simulator) -> None:
    """An automation that runs wild without a limit fills neither the memory nor the disk."""
    account = await limited(home, simulator, 0)
    requests = account.runtime_data.account.requests

    async def send(scope: RequestScope) -> None:
        """Accept at once."""

    for _ in range(1001):
        requests.async_start_billed(BilledService.SMS, send, RequestScope(45))
    assert requests.spending_limit.used(Budget.ACTIONS) == 1000
    set_option(home, account, 1000)
    assert await is_limited(home, 1000)


@pytest.mark.parametrize("limit", [0, 3, None])
@pytest.mark.parametrize("is_loaded", [True, False])
async def test_issue_follows_the_option(
    home: HomeAssistant,
    simulator: Simulator,
    issue_registry: ir.IssueRegistry,
    limit: int | None,
    *,
    is_loaded: bool,
) -> None:
    """The issue says what the limit is, and goes once the limit is higher than what was sent."""
    account = await limited(home, simulator, 1)
    await send_sms(home)
    assert await is_limited(home, 1)
    assert keys(await alert(account)) == [None]
    assert keys(await alert(account)) == ["spending_limit"]
    for key, issue_id in (
        ("spending_limit", ACTIONS_ISSUE),
        ("spending_limit_alerts", ALERTS_ISSUE),
    ):
        issue = issue_registry.issues[issue_id]
        assert issue.translation_key == key
        assert issue.severity is ir.IssueSeverity.ERROR
        assert issue.is_persistent
        assert issue.translation_placeholders == {"limit": "1", "origin": "…0300"}
    set_option(home, account, 0)
    set_option(home, account, 2)
    await home.async_block_till_done()
    assert issue_registry.issues == {}
    await send_sms(home)
    assert await is_limited(home, 2)
    if not is_loaded:
        await home.config_entries.async_unload(ENTRY_ID)
    # Where no call is possible yet, the issue stays.
    set_option(home, account, 1)
    set_option(home, account, 2)
    set_option(home, account, 1, origin="+55 41 3060-0309")
    await home.async_block_till_done()
    if not is_loaded:
        await home.config_entries.async_setup(ENTRY_ID)
    issue = issue_registry.issues[ACTIONS_ISSUE]
    assert issue.translation_placeholders == {"limit": "1", "origin": "…0309"}
    set_option(home, account, limit)
    await home.async_block_till_done()
    assert issue_registry.issues == {}


async def test_issue_stays_until_somebody_acts(
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
) -> None:
    """What ran wild at night can be read in the morning, whatever else is changed."""
    account = await limited(home, simulator, 1)
    await send_sms(home)
    assert await is_limited(home, 1)
    skip(freezer, 8 * HOUR)
    set_option(home, account, 1, record=True)
    await home.config_entries.async_reload(ENTRY_ID)
    assert issue_registry.issues.keys() == {ACTIONS_ISSUE}
    # An SMS that was refused says nothing of the limit, nor does one of unknown outcome.
    simulator.reply(SEND, REFUSED)
    with pytest.raises(HomeAssistantError):
        await send_sms(home)
    assert issue_registry.issues.keys() == {ACTIONS_ISSUE}
    simulator.reply(SEND, LOST)
    with pytest.raises(HomeAssistantError):
        await send_sms(home)
    assert issue_registry.issues.keys() == {ACTIONS_ISSUE}
    skip(freezer, HOUR)
    await send_sms(home)
    assert issue_registry.issues == {}


async def test_issue_goes_with_the_account(
    home: HomeAssistant, simulator: Simulator, issue_registry: ir.IssueRegistry
) -> None:
    """Both issues are removed with their account."""
    account = await limited(home, simulator, 1)
    await send_sms(home)
    assert await is_limited(home, 1)
    await alert(account)
    await alert(account)
    assert issue_registry.issues.keys() == {ACTIONS_ISSUE, ALERTS_ISSUE}
    await home.config_entries.async_remove(ENTRY_ID)
    assert issue_registry.issues == {}


def file_of(hass: HomeAssistant) -> Path:
    """Return the account's file."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{ENTRY_ID}"))


@pytest.mark.parametrize(
    ("seconds", "is_still_limited"),
    [(0, True), (HOUR - 60, True), (HOUR, False), (-10 * HOUR, True), (10 * HOUR, False)],
)
async def test_restart(
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    seconds: float,
    *,
    is_still_limited: bool,
) -> None:
    """A restart resets nothing, and no clock holds back an alarm for longer than an hour."""
    account = await limited(home, simulator, 2)
    await send_sms(home)
    await send_sms(home)
    await alert(account)
    await pass_time(home, freezer, 1)
    await home.async_stop(force=True)
    skip(freezer, seconds)
    async with restarted(home) as again:
        account = await limited(again, simulator, 2)
        assert await is_limited(again, 2) is is_still_limited
        assert keys(await alert(account)) == [None]
        assert (keys(await alert(account)) == [None]) is not is_still_limited
        skip(freezer, HOUR)
        assert not await is_limited(again, 2)
        assert keys(await alert(account)) == [None]


async def test_killed(
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was sent is on disk soon, without a number in it, and an hour later it is gone."""
    # How long the machine has been up does not matter.
    clocks = Mock(time=time.time, monotonic=lambda: time.monotonic() - 10**6)
    monkeypatch.setattr("custom_components.directcall.spending.time", clocks)
    account = await limited(home, simulator, 2)
    await send_sms(home)
    await alert(account)
    await pass_time(home, freezer, 1)
    [actions, alerts] = json.loads(file_of(home).read_text())["data"]["billed"]
    assert (actions["budget"], alerts["budget"]) == ("ACTIONS", "ALERTS")
    assert [abs(at - 1795521600) < 60 for at in actions["times"] + alerts["times"]] == [True] * 2
    skip(freezer, HOUR)
    await place_call(home)
    await pass_time(home, freezer, 1)
    [actions] = json.loads(file_of(home).read_text())["data"]["billed"]
    assert len(actions["times"]) == 1


@pytest.mark.parametrize(
    "item",
    [
        {"budget": "OTHERS", "times": []},
        {"budget": "ACTIONS", "times": ["now"]},
        {"budget": "ACTIONS", "times": [-1]},
        {"budget": "ACTIONS", "times": [2**41]},
        {"budget": [], "times": []},
        {"budget": "ACTIONS"},
        1,
    ],
)
async def test_file_that_cannot_be_read(
    home: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture, item: object
) -> None:
    """The account works, and what can be read counts."""
    file_of(home).parent.mkdir(exist_ok=True)
    billed = [item, {"budget": "ALERTS", "times": [1795521600.5, 1795521600 - 2 * HOUR]}]
    content = {"version": 2, "minor_version": 1, "key": "x", "data": {"billed": billed}}
    file_of(home).write_text(json.dumps(content))
    account = await limited(home, simulator, 2)
    assert caplog.text.count("could not be read") == 1
    assert not await is_limited(home, 2)
    assert not await is_limited(home, 2)
    assert keys(await alert(account)) == [None]
    assert keys(await alert(account)) == ["spending_limit"]


async def test_option_in_the_form(home: HomeAssistant, simulator: Simulator) -> None:
    """The option takes a whole number, and is the default where it is left empty."""
    account = await limited(home, simulator, None)
    flows = home.config_entries.options
    for typed, saved in ((12.0, "12"), (0, "0"), (1000, "1000"), (None, "None")):
        form = await flows.async_init(ENTRY_ID)
        values = dict(OPTIONS) if typed is None else {**OPTIONS, "spending_limit": typed}
        result = await flows.async_configure(form["flow_id"], values)
        await home.async_block_till_done()
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert str(account.options.get("spending_limit")) == saved


@pytest.mark.parametrize("limit", [-1, -0.5, 0.5, 60.9, 1001, "nan", "inf"])
async def test_wrong_option_in_the_form(
    home: HomeAssistant, simulator: Simulator, limit: float | str
) -> None:
    """A limit that is out of range or a fraction is said beside its field, with all else."""
    account = await limited(home, simulator, 7)
    flows = home.config_entries.options
    form = await flows.async_init(ENTRY_ID)
    values = {**OPTIONS, "spending_limit": limit}
    errors = {"spending_limit": "spending_limit_out_of_range"}
    result = await flows.async_configure(form["flow_id"], values)
    assert result["errors"] == errors
    result = await flows.async_configure(form["flow_id"], {**values, "origin": "190"})
    assert result["errors"] == errors | {"origin": "short_number"}
    assert account.options["spending_limit"] == 7
