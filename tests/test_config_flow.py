"""Config flow: accounts added and changed, through the flows and real HTTP."""

import re
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.directcall.api import DirectcallClient
from custom_components.directcall.const import CONF_ADVANCED, CONF_MEDIA_KEY, CONF_ORIGIN, DOMAIN
from tests.common import (
    MEDIA_KEY,
    OPTIONS,
    ORIGIN,
    REQUEST_TOKEN,
    make_account,
    place_call,
    set_up,
    set_ups_of,
    suggestions,
)
from tests.simulator import ACCOUNT, Rejection, Reply, Simulator


def typed(simulator: Simulator, **changes: Any) -> dict[str, Any]:
    """Return what a person types into the first form."""
    return {
        CONF_CLIENT_ID: ACCOUNT.client_id,
        CONF_CLIENT_SECRET: ACCOUNT.client_secret,
        CONF_ORIGIN: "(41) 3060-0300",
        CONF_ADVANCED: {CONF_URL: simulator.url},
        **changes,
    }


async def start(hass: HomeAssistant) -> str:
    """Open the first form."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {}
    assert result["data_schema"] is not None
    assert result["data_schema"].schema[CONF_ADVANCED].options == {"collapsed": True}
    return result["flow_id"]


async def submit(hass: HomeAssistant, flow_id: str, values: dict[str, Any]) -> Any:
    """Submit a form."""
    result = await hass.config_entries.flow.async_configure(flow_id, values)
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


async def test_account_is_added(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """Credentials that work make an entry that is ready to call."""
    simulator.secrets[ACCOUNT.client_id.upper()] = ACCOUNT.client_secret
    result = await submit(
        hass,
        await start(hass),
        typed(
            simulator,
            client_id=f" {ACCOUNT.client_id.upper()} ",
            client_secret=f" {ACCOUNT.client_secret}\n",
        ),
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == ACCOUNT.client_id.upper()
    entry = result["result"]
    assert entry.unique_id == ACCOUNT.client_id
    assert entry.data == {
        CONF_CLIENT_ID: ACCOUNT.client_id.upper(),
        CONF_CLIENT_SECRET: ACCOUNT.client_secret,
        CONF_URL: simulator.url,
        CONF_MEDIA_KEY: entry.data[CONF_MEDIA_KEY],
    }
    assert re.fullmatch(r"[0-9a-f]{32}", entry.data[CONF_MEDIA_KEY])
    assert entry.minor_version == make_account(simulator).minor_version
    assert entry.options == OPTIONS
    assert entry.state is ConfigEntryState.LOADED
    await place_call(hass)
    assert [call.origin for call in simulator.calls] == ["554130600300"]


@pytest.mark.parametrize(
    ("origin", "error"),
    [
        ("3060-0300", "number_without_area_code"),
        ("(41) 9999-0000", "mobile_without_ninth_digit"),
        ("190", "short_number"),
        ("4004-0001", "nationwide_number"),
        ("0900 123 456", "premium_rate_number"),
        ("005541999990000", "number_with_international_prefix"),
        ("41 3060-0300 ramal 12", "number_with_extension"),
        ("Maria", "invalid_number"),
    ],
)
async def test_bad_origin(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, origin: str, error: str
) -> None:
    """A number that cannot be called is named by what is wrong with it; nothing typed is lost."""
    flow_id = await start(hass)
    result = await submit(hass, flow_id, typed(simulator, origin=origin))
    assert result["errors"] == {CONF_ORIGIN: error}
    assert suggestions(result["data_schema"]) == typed(simulator, origin=origin)
    result = await submit(hass, flow_id, typed(simulator))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_all_errors_at_once(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """A form names all that is wrong, and keeps all that was typed but a wrong secret."""
    flow_id = await start(hass)
    wrong = typed(simulator, client_secret="wrong", origin="3060-0300")
    result = await submit(hass, flow_id, wrong)
    assert result["errors"] == {"base": "invalid_auth", CONF_ORIGIN: "number_without_area_code"}
    del wrong[CONF_CLIENT_SECRET]
    assert suggestions(result["data_schema"]) == wrong

    # Without an address, the credentials cannot be tried.
    wrong = typed(simulator, origin="190", advanced={CONF_URL: "x"})
    result = await submit(hass, flow_id, wrong)
    assert result["errors"] == {"base": "invalid_url", CONF_ORIGIN: "short_number"}
    assert suggestions(result["data_schema"]) == wrong
    assert result["data_schema"].schema[CONF_ADVANCED].options == {"collapsed": False}


@pytest.mark.parametrize("url", ["http://api.directcallsoft.com", "https://u:p@example.com", "x"])
async def test_bad_url(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, url: str
) -> None:
    """An address that credentials may not be sent to is an error, and they are not."""
    flow_id = await start(hass)
    result = await submit(hass, flow_id, typed(simulator, advanced={CONF_URL: url}))
    assert result["errors"] == {"base": "invalid_url"}
    assert suggestions(result["data_schema"])[CONF_ADVANCED] == {CONF_URL: url}
    assert result["data_schema"].schema[CONF_ADVANCED].options == {"collapsed": False}
    assert simulator.requests == {}


REFUSED = {"code": "011", "message": "Problema no serviço de tarifação"}
FAILURES = {
    "drop": (Reply(drop=True), "cannot_connect", {}),
    "unreadable": (Reply(b"?"), "cannot_connect", {}),
    "refused": (Reply(b'{"status": "erro", "codigo": "011"}'), "refused", REFUSED),
    "wrong": (Reply(b'{"access_token": false}'), "invalid_auth", {}),
    "oauth": (Reply(b'{"error": "invalid_client"}', 401), "invalid_auth", {}),
}


@pytest.mark.parametrize(("reply", "error", "quoted"), FAILURES.values(), ids=FAILURES)
async def test_failing_credentials(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    reply: Reply,
    error: str,
    quoted: dict[str, str],
) -> None:
    """The provider's error is shown in each form, which keeps all values but a wrong secret."""
    kept = {CONF_CLIENT_SECRET} if error != "invalid_auth" else set()
    account = make_account(simulator)
    flows = {"user": (await start(hass), typed(simulator))}
    account_flow = {CONF_CLIENT_SECRET: ACCOUNT.client_secret}

    simulator.reply(REQUEST_TOKEN, reply)
    result = await submit(hass, *flows["user"])
    assert result["errors"] == {"base": error}
    assert result["description_placeholders"] == quoted
    others = {CONF_CLIENT_ID, CONF_ORIGIN, CONF_ADVANCED}
    assert suggestions(result["data_schema"]).keys() == others | kept

    await set_up(hass, account)
    for begin, values in (
        (account.start_reauth_flow, account_flow),
        (account.start_reconfigure_flow, {**account_flow, CONF_URL: simulator.url}),
    ):
        flow_id = (await begin(hass))["flow_id"]
        simulator.reply(REQUEST_TOKEN, reply)
        result = await submit(hass, flow_id, values)
        assert result["errors"] == {"base": error}
        assert result["description_placeholders"]["client_id"] == ACCOUNT.client_id
        assert quoted.items() <= result["description_placeholders"].items()
        assert suggestions(result["data_schema"]).keys() & {CONF_CLIENT_SECRET} == kept


async def test_unexpected_error(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """An unexpected exception is shown as such, and logged."""
    flow_id = await start(hass)
    with patch.object(DirectcallClient, "request_token", side_effect=RuntimeError("boom")):
        result = await submit(hass, flow_id, typed(simulator))
    assert result["errors"] == {"base": "unknown"}
    assert "boom" in caplog.text
    result = await submit(hass, flow_id, typed(simulator))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_account_is_there_already(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The same account cannot be added twice, in any letter case."""
    result = await submit(
        hass, await start(hass), typed(simulator, client_id=ACCOUNT.client_id.upper())
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_two_forms_of_one_account(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """An open form does not prevent adding the account in another one."""
    left_open = await start(hass)
    await submit(hass, left_open, typed(simulator, client_secret="wrong"))
    result = await submit(hass, await start(hass), typed(simulator))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert hass.config_entries.flow.async_progress() == []


@pytest.mark.parametrize("rejection", Rejection)
async def test_reauthentication(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, rejection: Rejection
) -> None:
    """Only the secret is requested, and the account is reloaded exactly once."""
    simulator.quirks.rejection = rejection
    simulator.secrets[ACCOUNT.client_id] = "000777"
    result: Any = await account.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    assert result["description_placeholders"]["client_id"] == ACCOUNT.client_id
    assert list(result["data_schema"].schema) == [CONF_CLIENT_SECRET]
    result = await submit(hass, result["flow_id"], {CONF_CLIENT_SECRET: "777"})
    assert result["errors"] == {"base": "invalid_auth"}

    before = simulator.requests[REQUEST_TOKEN]
    result = await submit(hass, result["flow_id"], {CONF_CLIENT_SECRET: " 000777 "})
    assert result["reason"] == "reauth_successful"
    assert account.data[CONF_CLIENT_SECRET] == "000777"
    # One to try the secret, one to set the account up.
    assert simulator.requests[REQUEST_TOKEN] == before + 2
    assert account.state is ConfigEntryState.LOADED
    await place_call(hass)


@pytest.mark.parametrize("at_set_up", [[], [Reply(b'{"access_token": false}')]])
@pytest.mark.parametrize("secret", ["000777", ACCOUNT.client_secret])
async def test_reconfiguration(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    at_set_up: list[Reply],
    secret: str,
) -> None:
    """Secret and address change, the client id stays, and the account is loaded exactly once."""
    simulator.reply(REQUEST_TOKEN, *at_set_up)
    account = await set_up(hass, make_account(simulator))
    simulator.secrets[ACCOUNT.client_id] = secret

    result = await account.start_reconfigure_flow(hass)
    assert suggestions(result["data_schema"]) == {CONF_URL: simulator.url}
    result = await submit(
        hass, result["flow_id"], {CONF_CLIENT_SECRET: secret, CONF_URL: "http://example.com"}
    )
    assert result["errors"] == {"base": "invalid_url"}
    assert suggestions(result["data_schema"]) == {
        CONF_CLIENT_SECRET: secret,
        CONF_URL: "http://example.com",
    }

    before = simulator.requests[REQUEST_TOKEN]
    set_ups = set_ups_of(account)
    result = await submit(
        hass, result["flow_id"], {CONF_CLIENT_SECRET: secret, CONF_URL: f"{simulator.url}/"}
    )
    assert result["reason"] == "reconfigure_successful"
    assert account.data == {
        CONF_CLIENT_ID: ACCOUNT.client_id,
        CONF_CLIENT_SECRET: secret,
        CONF_URL: simulator.url,
        CONF_MEDIA_KEY: MEDIA_KEY,
    }
    # One to try the secret, one to set the account up.
    assert simulator.requests[REQUEST_TOKEN] == before + 2
    assert account.state is ConfigEntryState.LOADED
    assert len(set_ups) == 1


async def test_options(hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator) -> None:
    """Options show what is set, refuse a bad number, and hold for the next call."""
    result = await hass.config_entries.options.async_init(account.entry_id)
    assert suggestions(result["data_schema"]) == {**OPTIONS, "spending_limit": 60}
    changed = {"record": True, "show_caller_id": False, "ring_destination_first": True}

    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {CONF_ORIGIN: "3060-0300", **changed}
    )
    assert result["errors"] == {CONF_ORIGIN: "number_without_area_code"}
    assert suggestions(result["data_schema"]) == {CONF_ORIGIN: "3060-0300", **changed}

    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {CONF_ORIGIN: "IP 41 3060 0300", **changed}
    )
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await place_call(hass)
    [call] = simulator.calls
    assert (call.origin, call.form["gravar"], call.form["cli"]) == ("ip4130600300", "s", "n")
    assert call.rings_first == "5541999990000"


async def test_number_is_shown_as_people_write_it(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """A number is kept in international form, which every country reads the same."""
    result = await submit(hass, await start(hass), typed(simulator, origin="041 99999-0000"))
    assert result["options"][CONF_ORIGIN] == "+55 41 99999-0000"
    await hass.config.async_update(country="US")
    await place_call(hass, destination=ORIGIN)
    assert [call.origin for call in simulator.calls] == ["5541999990000"]
