"""Repair issues about the credit."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from custom_components.directcall.const import DOMAIN
from tests.common import NUMBER, place_call
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
