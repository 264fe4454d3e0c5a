"""Setup of an account: its way in and out."""

from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

from custom_components.directcall.const import DOMAIN
from tests.common import (
    DESTINATION,
    OPTIONS,
    PLACE_CALL,
    REQUEST_TOKEN,
    UNKNOWN_USER,
    change_secret,
    make_account,
    place_call,
    set_up,
    set_ups_of,
)
from tests.simulator import ACCOUNT, Simulator


async def reconfigure(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Change the secret in the UI."""
    form = await account.start_reconfigure_flow(hass)
    values = {"client_secret": "another", "url": account.data["url"]}
    result = await hass.config_entries.flow.async_configure(form["flow_id"], values)
    assert result["reason"] == "reconfigure_successful"


async def test_unload_and_back(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """An account that is unloaded places no call, and does after it is back."""
    assert await hass.config_entries.async_unload(account.entry_id)
    assert account.state is ConfigEntryState.NOT_LOADED
    with pytest.raises(ServiceValidationError, match="is not loaded"):
        await place_call(hass)
    assert await hass.config_entries.async_setup(account.entry_id)
    await place_call(hass)
    assert len(simulator.calls) == 1


async def test_changed_options_hold_without_a_reload(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A change of the options holds for the next call, and reloads nothing."""
    set_ups = set_ups_of(account)
    hass.config_entries.async_update_entry(account, options={**account.options, "record": True})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert set_ups == []
    assert (await place_call(hass))["recorded"] is True


async def test_changed_credentials_reload_once(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Another secret reloads the account once, and the old secret's token is not used again."""
    change_secret(simulator)
    set_ups = set_ups_of(account)
    await reconfigure(hass, account)
    hass.config_entries.async_update_entry(account, title="My account")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(set_ups) == 1
    # One to try the secret, one to set the account up.
    assert simulator.requests[REQUEST_TOKEN] == 3
    await place_call(hass)
    [call] = simulator.calls
    assert call.form["access_token"] == simulator.tokens[-1]


async def test_credentials_that_change_during_set_up(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Another secret during the set-up reloads the account once after it."""
    change_secret(simulator)
    set_ups = set_ups_of(account)
    original = hass.config_entries.async_forward_entry_setups

    async def forward(*arguments: Any) -> None:
        await original(*arguments)
        if not set_ups:
            await reconfigure(hass, account)
            hass.config_entries.async_update_entry(account, title="My account")

    with patch.object(hass.config_entries, "async_forward_entry_setups", forward):
        await hass.config_entries.async_reload(account.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert len(set_ups) == 2
    await place_call(hass)
    assert len(simulator.calls) == 1


async def test_device(
    hass: HomeAssistant, account: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    """An account is a service."""
    device = device_registry.async_get_device_by_identifier(
        (DOMAIN, account.entry_id), account.entry_id
    )
    assert device is not None
    assert device.name == "Directcall"
    assert device.entry_type is dr.DeviceEntryType.SERVICE


async def test_accounts_are_independent(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """An account that is refused leaves another one alone."""
    simulator.end_tokens()
    change_secret(simulator)
    simulator.secrets["other@example.com"] = ACCOUNT.client_secret
    other = await set_up(hass, make_account(simulator, "other@example.com"))
    with pytest.raises(HomeAssistantError, match="refuses the account's credentials"):
        await place_call(hass, config_entry_id=account.entry_id)
    await place_call(hass, config_entry_id=other.entry_id)
    assert len(simulator.calls) == 1


async def test_reload_by_a_person_gets_a_new_token(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The reload of an account whose request was refused requests a new token."""
    simulator.reply(PLACE_CALL, UNKNOWN_USER)
    with pytest.raises(HomeAssistantError, match="refuses the account's credentials"):
        await place_call(hass)
    await hass.config_entries.async_reload(account.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.requests[REQUEST_TOKEN] == 2


async def test_removal_logs_no_warning(
    hass: HomeAssistant, account: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """The removal of an account is silent."""
    caplog.clear()
    await hass.config_entries.async_remove(account.entry_id)
    assert [record for record in caplog.records if record.levelname != "DEBUG"] == []


@pytest.mark.parametrize("kind", ["subentries/flow", "options/flow", "flow"])
async def test_open_forms_go_with_the_account(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    account: MockConfigEntry,
    simulator: Simulator,
    kind: str,
) -> None:
    """A form that was left open is gone with its account, and those of another account stay."""
    simulator.secrets["other@example.com"] = ACCOUNT.client_secret
    other = await set_up(
        hass, make_account(simulator, "other@example.com", contacts={"Maria": DESTINATION})
    )
    assert await async_setup_component(hass, "config", {})
    client = await hass_client()
    path = f"/api/config/config_entries/{kind}"
    handler: dict[str, Any] = {
        "subentries/flow": lambda entry_id: {"handler": [entry_id, "contact"]},
        "options/flow": lambda entry_id: {"handler": entry_id},
        "flow": lambda entry_id: {"handler": DOMAIN, "entry_id": entry_id},
    }
    values = {
        "subentries/flow": {"name": "Ana", "number": "41 99999-0000"},
        "options/flow": OPTIONS,
        "flow": {"client_secret": ACCOUNT.client_secret, "url": simulator.url},
    }
    forms = []
    for entry in (account, other):
        async with client.post(path, json=handler[kind](entry.entry_id)) as response:
            forms.append((await response.json())["flow_id"])
    await hass.config_entries.async_remove(account.entry_id)
    statuses = []
    for form in forms:
        async with client.post(f"{path}/{form}", json=values[kind]) as response:
            statuses.append(response.status)
    assert statuses == [404, 200]
