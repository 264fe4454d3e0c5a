"""Diagnostics: their content, without private values."""

import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion
from syrupy.filters import props

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from tests.common import CONTACTS, alert_data, make_account, pass_time, perform, place_call, set_up
from tests.simulator import Recording, Reply, Simulator

# The word of a diverted leg contains a number.
UNKNOWN_WORD = Reply(
    b'{"status": "ok", "msg": [{"telefone": "5541999990000", "status": "desviada 41912348765"}]}'
)
ENDED = Reply(b'{"status": "ok", "codigo": "000", "msg": "Ok"}')


@pytest.mark.freeze_time(tick=True)
async def test_diagnostics(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    snapshot: SnapshotAssertion,
) -> None:
    """They count what was done and what went wrong, and hold nothing private."""
    account = await set_up(hass, make_account(simulator))
    # The balance is asked for once.
    await pass_time(hass, freezer, 6)
    await place_call(hass)
    simulator.reply("voz/call", Reply(drop=True))
    with pytest.raises(HomeAssistantError):
        await place_call(hass, destination="+55 41 99999-1111")
    simulator.reply("voz/status", UNKNOWN_WORD)
    simulator.reply("voz/end", ENDED)
    await pass_time(hass, freezer, 2)
    await hass.services.async_call(
        "directcall", "end_call", {"destination": "+55 41 99999-0000"}, blocking=True
    )
    with pytest.raises(HomeAssistantError):
        await place_call(hass, destination="+55 41 99999-0201")
    simulator.recordings.append(Recording("554130600300", "5541999998001", ""))
    await perform(hass, "list_recordings", {})
    diagnostics: Any = await get_diagnostics_for_config_entry(hass, hass_client, account)
    assert diagnostics == snapshot(exclude=props("last_success", "versions", "age"))
    assert diagnostics["versions"].keys() == {"directcall", "home_assistant", "phonenumbers"}
    assert 8 <= diagnostics["token"]["age"] < 60
    assert diagnostics["last_success"].endswith("+00:00")


@pytest.mark.freeze_time(tick=True)
async def test_diagnostics_of_alerts(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: HomeAssistant,
    simulator: Simulator,
) -> None:
    """They count what alerts did, without a name or a text."""
    how = {"channels": ["voice_message", "sms"], "at_once": True}
    alerts = {name: alert_data(how=how) for name in ("Fogo", "Gaveta", "Janela")}
    account = make_account(simulator, contacts=CONTACTS, alerts=alerts)
    await set_up(hass, account)
    for name in ("Fogo", "Gaveta"):
        await perform(hass, "raise_alert", {"name": name})
        await hass.async_block_till_done(wait_background_tasks=True)
    await perform(hass, "acknowledge_alert", {"name": "Fogo"})
    await perform(hass, "send_sms", {"destination": "Maria", "message": "Bom dia!"})
    await hass.async_block_till_done(wait_background_tasks=True)
    diagnostics: Any = await get_diagnostics_for_config_entry(hass, hass_client, account)
    assert diagnostics["alerts"] == {
        "set_up": 3,
        "active": 1,
        "ends": {"acknowledged": 1},
        "steps": {"voice_message": {"accepted": 4}, "sms": {"accepted": 4}},
    }
    assert diagnostics["spending"] == {"limit": 60, "last_hour": {"actions": 1, "alerts": 4}}
    text = json.dumps(diagnostics, ensure_ascii=False)
    private = [*alerts, *CONTACTS, "Fumaça", "Bom dia"]
    assert [each for each in private if each in text] == []


async def test_diagnostics_without_a_token(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: HomeAssistant,
    simulator: Simulator,
) -> None:
    """They are there where nothing works yet."""
    await simulator.stop()
    account = await set_up(hass, make_account(simulator, pref_disable_polling=True))
    diagnostics: Any = await get_diagnostics_for_config_entry(hass, hass_client, account)
    assert diagnostics["token"] is None
    assert diagnostics["last_success"] is None
    assert diagnostics["polling"] is False
    assert diagnostics["errors"] == {"ConnectionFailedError": 1}


async def test_diagnostics_of_an_account_that_is_not_loaded(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: HomeAssistant,
    simulator: Simulator,
    snapshot: SnapshotAssertion,
) -> None:
    """They tell what is known without the account, and nothing private."""
    alerts = {"Fogo": alert_data()}
    account = await set_up(hass, make_account(simulator, contacts=CONTACTS, alerts=alerts))
    await hass.config_entries.async_set_disabled_by(account.entry_id, ConfigEntryDisabler.USER)
    diagnostics: Any = await get_diagnostics_for_config_entry(hass, hass_client, account)
    assert diagnostics == snapshot(exclude=props("versions"))
    assert diagnostics["versions"].keys() == {"directcall", "home_assistant", "phonenumbers"}
