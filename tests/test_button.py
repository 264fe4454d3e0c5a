"""Button platform: calls to a contact, and hang-ups."""

from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    snapshot_platform,
)
from syrupy.assertion import SnapshotAssertion

from homeassistant.const import EVENT_STATE_CHANGED, Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_get_translations

from custom_components.directcall.const import DOMAIN
from tests.common import (
    DESTINATION,
    END,
    ORIGIN,
    end_call,
    make_account,
    pass_time,
    place_call,
    set_up,
    state_of,
    states_of,
)
from tests.simulator import Reply, Simulator

CONTACTS = {"Maria": "+55 41 99999-0000", "João": "+55 41 99999-0201", "Eu": ORIGIN}


async def press(hass: HomeAssistant, entity_id: str) -> None:
    """Press a button."""
    await hass.services.async_call("button", "press", {"entity_id": entity_id}, blocking=True)


async def test_entities(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    """An account has a button to hang up, and a contact one to call and one to hang up."""
    with patch("custom_components.directcall.PLATFORMS", [Platform.BUTTON]):
        account = await set_up(
            hass, make_account(simulator, entry_id="01DIRECTCALL", contacts={"Maria": DESTINATION})
        )
    await snapshot_platform(hass, entity_registry, snapshot, account.entry_id)


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with contacts, whose options are not those it has at first."""
    options = {"record": True, "show_caller_id": False, "ring_destination_first": True}
    return await set_up(home, make_account(simulator, options=options, contacts=CONTACTS))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "There is no call to hang up. It may have ended already"),
        ("pt-BR", "Não há nenhuma ligação para desligar. Talvez ela já tenha terminado"),
    ],
)
async def test_nothing_to_hang_up(
    hass: HomeAssistant, account: MockConfigEntry, language: str, text: str
) -> None:
    """The button says that there is no call, and speaks of no field that it does not have."""
    with pytest.raises(ServiceValidationError) as caught:
        await press(hass, "button.directcall_hang_up")
    key = f"component.{DOMAIN}.exceptions.{caught.value.translation_key}.message"
    texts = await async_get_translations(hass, language, "exceptions", {DOMAIN})
    assert texts[key] == text


async def test_contact_is_called(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A contact is called with the account's options, and the event names the contact."""
    await press(hass, "button.maria_call")
    [call] = simulator.calls
    assert {k: v for k, v in call.form.items() if k != "access_token"} == {
        "origem": "554130600300",
        "destino": "5541999990000",
        "gravar": "s",
        "cli": "n",
        "inverter_discagem": "s",
        "format": "JSON",
    }
    state = hass.states.get("event.directcall_call")
    assert state is not None
    assert state.attributes["contact"] == "Maria"


async def test_contact_is_called_once(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Two presses place one call, and the second raises an error."""
    await press(hass, "button.maria_call")
    with pytest.raises(
        ServiceValidationError, match=r"origin and Maria is already .* no second one was placed"
    ):
        await press(hass, "button.maria_call")
    assert len(simulator.calls) == 1


async def test_contact_that_cannot_be_called(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A button raises the reason if it cannot call."""
    with pytest.raises(HomeAssistantError, match="no credit"):
        await press(hass, "button.joao_call")
    assert simulator.calls == []


async def test_call_that_may_have_been_placed(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """A button raises an error if the call may or may not have been placed."""
    await set_up(hass, make_account(simulator, contacts={"Maria": "+55 41 99999-9001"}))
    with pytest.raises(HomeAssistantError, match="not known whether Maria got the call"):
        await press(hass, "button.maria_call")
    assert len(simulator.calls) == 1


async def test_contact_is_hung_up(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Every call of a contact is hung up, from any origin, and no other call."""
    await place_call(hass, destination="Maria")
    await place_call(hass, destination="Maria", origin="+55 41 3060-0399")
    await place_call(hass, destination="+55 41 99999-1111")
    for call in simulator.calls:
        call.line.started -= 3
    await press(hass, "button.maria_hang_up")
    assert [call.line.ended for call in simulator.calls] == [True, True, False]
    assert state_of(hass, "sensor.maria_last_call") in {"unknown", "no_answer", "origin_no_answer"}


async def test_contact_that_may_still_be_called(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """The error of a hang-up that is unclear names the contact, also that of the action."""
    await place_call(hass, destination="Maria")
    simulator.reply(END, Reply(drop=True), Reply(drop=True))
    with pytest.raises(HomeAssistantError, match="the call with Maria may or may not have ended"):
        await press(hass, "button.maria_hang_up")
    with pytest.raises(HomeAssistantError, match="the call with Maria may or may not have ended"):
        await end_call(hass, destination="Maria")


async def test_contact_without_a_call_is_not_hung_up(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """The button of a contact without a call raises an error, and hangs up nobody else."""
    await place_call(hass, destination="+55 41 99999-1111")
    with pytest.raises(ServiceValidationError):
        await press(hass, "button.maria_hang_up")
    assert not simulator.calls[0].line.ended


@pytest.mark.freeze_time(tick=True)
async def test_states_name_the_one_who_pressed(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Every state of a call has the context of the button, also those that come later."""
    history = async_capture_events(hass, EVENT_STATE_CHANGED)
    context = Context()
    await hass.services.async_call(
        "button", "press", {"entity_id": "button.maria_call"}, blocking=True, context=context
    )
    await pass_time(hass, freezer, 3, times=8)
    await end_call(hass, destination="Maria")
    for entity_id in ("sensor.maria_last_call", "event.directcall_call"):
        contexts = [state.context for state in states_of(history, entity_id)]
        assert len(contexts) == 4
        assert {each.id for each in contexts} == {context.id}
