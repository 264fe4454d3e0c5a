"""Repair issues about the credit, and about alerts without contacts."""

from types import MappingProxyType

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from custom_components.directcall.const import CONF_NUMBER, DOMAIN, SUBENTRY_CONTACT
from tests.common import NUMBER, alert_data, make_account, place_call, set_up
from tests.simulator import Simulator

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = pytest.mark.freeze_time(tick=True)


@pytest.mark.parametrize("code", ["0102", "0201"])
async def test_no_credit_is_an_issue(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
    code: str,
) -> None:
    """An account without credit is among the repairs until a call is accepted again."""
    for _ in range(2):
        with pytest.raises(HomeAssistantError, match="no credit"):
            await place_call(hass, destination=f"{NUMBER}{code}")
    [issue] = issue_registry.issues.values()
    assert issue.domain == DOMAIN
    assert issue.translation_key == "no_credit"
    assert issue.translation_placeholders == {"origin": "…0300"}
    # Another refusal says nothing of the credit.
    with pytest.raises(HomeAssistantError, match="refused"):
        await place_call(hass, destination=f"{NUMBER}0002")
    await hass.config_entries.async_reload(account.entry_id)
    assert len(issue_registry.issues) == 1
    options = {**account.options, "origin": "+55 41 3060-0309"}
    hass.config_entries.async_update_entry(account, options=options)
    [issue] = issue_registry.issues.values()
    assert issue.translation_placeholders == {"origin": "…0309"}
    await place_call(hass)
    assert issue_registry.issues == {}


async def test_origin_that_is_changed_while_the_account_is_not_loaded(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    """The issue names the account by its new origin once it is loaded again."""
    with pytest.raises(HomeAssistantError, match="no credit"):
        await place_call(hass, destination=f"{NUMBER}0201")
    await hass.config_entries.async_unload(account.entry_id)
    options = {**account.options, "origin": "+55 41 3060-0309"}
    hass.config_entries.async_update_entry(account, options=options)
    await hass.config_entries.async_setup(account.entry_id)
    [issue] = issue_registry.issues.values()
    assert issue.translation_placeholders == {"origin": "…0309"}


async def test_no_credit_goes_with_the_account(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    """The issue is removed with its account."""
    with pytest.raises(HomeAssistantError, match="no credit"):
        await place_call(hass, destination=f"{NUMBER}0201")
    await hass.config_entries.async_remove(account.entry_id)
    assert issue_registry.issues == {}


@pytest.fixture
async def house(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with two contacts, and an alert for each of them."""
    contacts = {"Maria": f"{NUMBER}0000", "João": f"{NUMBER}1111"}
    alerts = {
        "Fire": alert_data(contacts=["01CONTACT0"]),
        "Water\n41999990000": alert_data(contacts=["01CONTACT1"]),
    }
    return await set_up(home, make_account(simulator, contacts=contacts, alerts=alerts))


def alerts_without_contact(issue_registry: ir.IssueRegistry) -> list[str]:
    """Return the alerts that are among the repairs because they have no contact."""
    issues = [
        issue
        for issue in issue_registry.issues.values()
        if issue.translation_key == "alert_without_contact" and issue.active
    ]
    assert {issue.severity for issue in issues} <= {ir.IssueSeverity.ERROR}
    # Diagnostics contain the names in persistent issues.
    assert not any(issue.is_fixable or issue.is_persistent for issue in issues)
    placeholders = [issue.translation_placeholders or {} for issue in issues]
    return sorted(each["alert"] for each in placeholders)


async def test_alert_without_contact(
    hass: HomeAssistant, house: MockConfigEntry, issue_registry: ir.IssueRegistry
) -> None:
    """An alert whose contacts are gone is among the repairs until it has one, or is deleted."""
    assert alerts_without_contact(issue_registry) == []
    for contact in ("01CONTACT0", "01CONTACT1"):
        hass.config_entries.async_remove_subentry(house, contact)
    await hass.async_block_till_done()
    assert alerts_without_contact(issue_registry) == ["Fire", "…0000"]
    hass.config_entries.async_remove_subentry(house, "01ALERT1")
    await hass.async_block_till_done()
    assert alerts_without_contact(issue_registry) == ["Fire"]
    ana = ConfigSubentry(
        subentry_type=SUBENTRY_CONTACT,
        title="Ana",
        data=MappingProxyType({CONF_NUMBER: f"{NUMBER}2222"}),
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(house, ana)
    await hass.async_block_till_done()
    assert alerts_without_contact(issue_registry) == ["Fire"]
    data = alert_data(contacts=[ana.subentry_id])
    hass.config_entries.async_update_subentry(house, house.subentries["01ALERT0"], data=data)
    await hass.async_block_till_done()
    assert alerts_without_contact(issue_registry) == []


async def test_alert_without_contact_at_the_start(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    issue_registry: ir.IssueRegistry,
) -> None:
    """The alert is found when its account is set up, and the issue goes with the account."""
    alerts = {"Fire": alert_data()}
    accounts = [
        await set_up(hass, make_account(simulator, client_id, alerts=alerts))
        for client_id in ("one@example.com", "two@example.com")
    ]
    assert alerts_without_contact(issue_registry) == ["Fire", "Fire"]
    await hass.config_entries.async_remove(accounts[0].entry_id)
    assert alerts_without_contact(issue_registry) == ["Fire"]
