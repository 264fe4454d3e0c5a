"""Action that places a call, through Home Assistant and real HTTP."""

from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util.ulid import ulid_to_bytes

from custom_components.directcall.api import transport as transport_module
from custom_components.directcall.const import DOMAIN
from tests.common import (
    DESTINATION,
    NEVER_TWICE,
    OTHER,
    PLACE_CALL,
    make_account,
    place_call,
    set_up,
)
from tests.simulator import ACCOUNT, Reply, Simulator


def form(simulator: Simulator) -> dict[str, str]:
    """Return the fields of the only call, without its token."""
    [call] = simulator.calls
    return {k: v for k, v in call.form.items() if k != "access_token"}


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account without contacts: the number that is called has no name."""
    return await set_up(home, make_account(simulator))


@pytest.fixture
async def other_account(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> MockConfigEntry:
    """Return another account that is set up."""
    simulator.secrets[OTHER] = ACCOUNT.client_secret
    return await set_up(hass, make_account(simulator, OTHER, options={"origin": "ip4130600300"}))


async def test_options_are_the_defaults(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Fields that are left out have the values of the options."""
    response = await place_call(hass)
    assert response == {
        "call_id": response["call_id"],
        "code": "000",
        "message": "Completando a sua ligação, por favor aguarde!",
        "origin": "+554130600300",
        "destination": "+5541999990000",
        "contact": None,
        "recorded": False,
    }
    assert len(ulid_to_bytes(response["call_id"])) == 16
    assert form(simulator) == {
        "origem": "554130600300",
        "destino": "5541999990000",
        "gravar": "n",
        "cli": "s",
        "inverter_discagem": "n",
        "format": "JSON",
    }


async def test_fields_override_the_options(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Fields override the options."""
    response = await place_call(
        hass,
        config_entry_id=account.entry_id,
        destination="IP 41 3060 0300",
        origin=5541999990000,
        record=True,
        show_caller_id=False,
        ring_destination_first=True,
    )
    assert response["recorded"] is True
    assert response["destination"] == "ip4130600300"
    assert form(simulator) == {
        "origem": "5541999990000",
        "destino": "ip4130600300",
        "gravar": "s",
        "cli": "n",
        "inverter_discagem": "s",
        "format": "JSON",
    }


async def test_call_without_asking_for_the_response(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """The response is optional."""
    assert (
        await hass.services.async_call(
            DOMAIN, "place_call", {"destination": DESTINATION}, blocking=True
        )
        is None
    )
    assert len(simulator.calls) == 1


async def test_call_id_of_our_own(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A call without an ID of the provider gets one of the integration's own."""
    response = await place_call(hass, destination="+55 41 99999-9004")
    assert len(ulid_to_bytes(response["call_id"])) == 16


# Numbers, the key of the error, and words of it.
BAD_NUMBERS: list[tuple[Any, str, str]] = [
    ("3060-0300", "number_without_area_code", "area code of …0300 is missing"),
    ("4004-0300", "nationwide_number", "write any area code"),
    ("41 9999-0300", "mobile_without_ninth_digit", "ninth digit of …0300 is missing"),
    ("190", "short_number", "is a short number"),
    (190, "short_number", "is a short number"),
    ("0900 120 300", "premium_rate_number", "Premium rate numbers"),
    ("005541999990300", "number_with_international_prefix", r"begins with 00\. Write \+"),
    ("+55 41 99999-0000 ramal 12", "number_with_extension", "Extensions cannot be called"),
    ("+55 41 99999-0000;ext=12", "number_with_extension", "Extensions cannot be called"),
    ("(0xx41) 3060-0300 x12", "number_with_extension", "Extensions cannot be called"),
    ("Maria 0300", "unknown_contact", 'no contact called "Maria 0300"'),
    ("41 3060-0300 0300 0300", "invalid_number", "not a telephone number that can be called"),
    ("()", "invalid_number", "not a telephone number that can be called"),
    (18900090880, "number_unquoted", r"…0880 may have lost .* in the form \+55"),
    (True, "invalid_number", "not a telephone number that can be called"),
]


@pytest.mark.parametrize("field", ["origin", "destination"])
async def test_bad_number(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, field: str
) -> None:
    """A number that cannot be called is an error with its reason, without the whole number."""
    for value, key, text in BAD_NUMBERS:
        with pytest.raises(ServiceValidationError, match=text) as caught:
            await place_call(hass, **{field: value})
        assert caught.value.translation_key == key
        assert "99999-03" not in str(caught.value)
        assert "{" not in str(caught.value)
    assert simulator.requests[PLACE_CALL] == 0


@pytest.mark.parametrize(
    ("value", "destination"),
    [
        (41999990000, "+5541999990000"),
        ("0800-480-196", "+55800480196"),
        ("0800 312 000", "+55800312000"),
        ("(0xx41) 3060-0308", "+554130600308"),
        ("tel:+55-41-99999-0000", "+5541999990000"),
        ("IP (41) 3060-0308", "ip4130600308"),
    ],
)
async def test_number_however_it_is_written(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    value: str | int,
    destination: str,
) -> None:
    """Pasted and templated numbers are called."""
    response = await place_call(hass, destination=value)
    assert response["destination"] == destination
    [call] = simulator.calls
    assert call.destination == destination.removeprefix("+")


async def test_same_number(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A telephone cannot call itself, however its number is written."""
    with pytest.raises(ServiceValidationError, match="the same number"):
        await place_call(hass, destination="041 3060-0300")
    assert simulator.requests[PLACE_CALL] == 0


async def test_account_is_required_with_several(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    other_account: MockConfigEntry,
) -> None:
    """With several enabled accounts, an action has to name one."""
    await hass.config_entries.async_unload(account.entry_id)
    with pytest.raises(ServiceValidationError, match="several Directcall accounts"):
        await place_call(hass)
    await place_call(hass, config_entry_id=other_account.entry_id)
    assert form(simulator)["origem"] == "ip4130600300"

    await hass.config_entries.async_set_disabled_by(account.entry_id, ConfigEntryDisabler.USER)
    await place_call(hass, destination="+55 41 99999-1111")
    assert [call.origin for call in simulator.calls] == ["ip4130600300"] * 2


async def test_no_account(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The action exists without an account, and its error says so."""
    for config_entry_id in ("nobody", ["nobody"], 1):
        with pytest.raises(ServiceValidationError, match="does not exist or is not loaded"):
            await place_call(hass, config_entry_id=config_entry_id)
    await hass.config_entries.async_remove(account.entry_id)
    with pytest.raises(ServiceValidationError, match="does not exist or is not loaded"):
        await place_call(hass)


async def test_account_that_is_not_loaded(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """An account that is not loaded is an error that says so."""
    await hass.config_entries.async_unload(account.entry_id)
    for data in ({}, {"config_entry_id": account.entry_id}):
        with pytest.raises(ServiceValidationError, match="does not exist or is not loaded"):
            await place_call(hass, **data)


@pytest.mark.parametrize(
    ("last_digits", "key", "code"),
    [
        ("0201", "no_credit", "201"),
        ("0102", "no_credit", "102"),
        ("0002", "refused", "002"),
        ("0100", "refused", "100"),
        ("0003", "refused", "003"),
    ],
)
async def test_refusal_quotes_the_providers_code_and_words(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    last_digits: str,
    key: str,
    code: str,
) -> None:
    """A refusal quotes the provider's code and words."""
    with pytest.raises(HomeAssistantError, match=rf"Directcall .*: .+ \(code {code}\)") as caught:
        await place_call(hass, destination=f"+55 41 99999-{last_digits}")
    assert caught.value.translation_key == key
    assert simulator.requests[PLACE_CALL] == 1


async def test_refusal_without_code_and_text(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A refusal without code and text is an error."""
    simulator.reply(PLACE_CALL, Reply(b'{"status": "erro"}'))
    with pytest.raises(HomeAssistantError, match=r"It answered: - \(code -\)"):
        await place_call(hass)


async def test_never_twice(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A call that was sent is not repeated automatically."""
    for sent, (case, (reply, key)) in enumerate(NEVER_TWICE.items(), 1):
        simulator.reply(PLACE_CALL, reply)
        with pytest.raises(HomeAssistantError) as caught:
            await place_call(hass, destination=f"+55 41 99999-{1000 + sent}")
        assert caught.value.translation_key == key, case
        assert simulator.requests[PLACE_CALL] == sent, case


@pytest.mark.parametrize("last_digits", ["9001", "9002", "9003"])
async def test_placed_without_an_answer(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, last_digits: str
) -> None:
    """A call whose response was lost is reported as unclear, and placed once."""
    with (
        patch.object(transport_module, "TIMEOUT", 0.5),
        pytest.raises(HomeAssistantError, match="may or may not have been carried out"),
    ):
        await place_call(hass, destination=f"+55 41 99999-{last_digits}")
    assert len(simulator.calls) == simulator.requests[PLACE_CALL] == 1


@pytest.mark.usefixtures("no_pauses")
async def test_nothing_was_sent(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Without a connection a call is tried for some seconds, and then reported as not placed."""
    await simulator.stop()
    with pytest.raises(HomeAssistantError, match="cannot be reached, and nothing was done"):
        await place_call(hass)
    assert account.runtime_data.client.statistics.requests[PLACE_CALL] == 3
    assert simulator.calls == []
