"""Notify platform: messages to a contact, with Home Assistant's own actions."""

from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from homeassistant.components.group.const import DOMAIN as GROUP_DOMAIN
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er

from tests.common import (
    CONTACTS,
    NEVER_TWICE,
    SEND,
    device_of,
    make_account,
    perform,
    set_up,
    state_of,
    with_sms,
)
from tests.simulator import Reply, Simulator

VOICE_MESSAGE = "notify.maria_voice_message"
SMS = "notify.maria_sms"


@pytest.fixture
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with two contacts, who can be written to, too."""
    return await set_up(home, with_sms(home, make_account(simulator, contacts=CONTACTS)))


async def send(hass: HomeAssistant, entity_id: str | list[str], **data: Any) -> None:
    """Send a message with Home Assistant's own action."""
    data = {"entity_id": entity_id, "message": "Fumaça na cozinha!", **data}
    await hass.services.async_call("notify", "send_message", data, blocking=True)


async def test_entities(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    """A contact can be spoken and written to."""
    account = make_account(simulator, entry_id="01DIRECTCALL", contacts=CONTACTS)
    with_sms(hass, account)
    with patch("custom_components.directcall.PLATFORMS", [Platform.NOTIFY]):
        await set_up(hass, account)
    await snapshot_platform(hass, entity_registry, snapshot, account.entry_id)


async def test_voice_message(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A text is spoken on the contact's telephone, up to three times."""
    assert state_of(hass, VOICE_MESSAGE) == "unknown"
    await send(hass, VOICE_MESSAGE)
    [message] = simulator.messages
    assert message.is_spoken
    assert message.origin == "554130600300"
    assert message.destinations == ["5541999990000"]
    assert message.text == "Fumaça na cozinha!"
    assert message.form["num_tentativas"] == "3"
    assert state_of(hass, VOICE_MESSAGE) != "unknown"


async def test_message_of_an_action_is_shown(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An action that reaches a contact moves the time of its entity, in the action's context."""
    context = Context()
    before = hass.states.get(SMS)
    data = {"contact": device_of(hass, account, "Maria"), "message": "Fumaça!"}
    await hass.services.async_call(
        "directcall", "send_voice_message", data, blocking=True, context=context
    )
    state = hass.states.get(VOICE_MESSAGE)
    assert state is not None
    assert state.state != "unknown"
    assert state.context.id == context.id
    assert hass.states.get(SMS) is before
    assert state_of(hass, "notify.joao_voice_message") == "unknown"
    await perform(hass, "send_sms", {"destination": CONTACTS["Maria"], "message": "Fumaça!"})
    assert state_of(hass, SMS) != "unknown"


async def test_message_that_is_refused_is_not_shown(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An action that reaches one contact of two moves the time of that one alone."""
    refused = Reply(b'{"status": "erro", "codigo": "002"}')
    simulator.reply(SEND, refused, Reply(b'{"status": "ok", "codigo": "000"}'), refused)
    with pytest.raises(HomeAssistantError):
        await perform(
            hass, "send_voice_message", {"destination": "Maria, João", "message": "Fumaça!"}
        )
    states = [state_of(hass, VOICE_MESSAGE), state_of(hass, "notify.joao_voice_message")]
    assert states.count("unknown") == 1


async def test_contact_is_not_written_to_by_default(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """A message to the device of a new contact is spoken, and not billed twice."""
    account = await set_up(hass, make_account(simulator, contacts=CONTACTS))
    device = device_of(hass, account, "Maria")
    await hass.services.async_call(
        "notify",
        "send_message",
        {"message": "Fumaça!"},
        target={"device_id": device},
        blocking=True,
    )
    [message] = simulator.messages
    assert message.is_spoken


async def test_sms(hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry) -> None:
    """A text is written on the contact's telephone."""
    await send(hass, SMS)
    [message] = simulator.messages
    assert not message.is_spoken
    assert message.destinations == ["5541999990000"]
    assert message.text == "Fumaça na cozinha!"


@pytest.mark.parametrize(
    ("entity_id", "text"),
    [(VOICE_MESSAGE, "Alarme. Fumaça na cozinha!"), (SMS, "Alarme\nFumaça na cozinha!")],
)
async def test_title(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, entity_id: str, text: str
) -> None:
    """A title is not lost."""
    await send(hass, entity_id, title="Alarme")
    assert [message.text for message in simulator.messages] == [text]


async def test_several_contacts(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Several contacts get it, each in a message of their own."""
    await send(hass, [VOICE_MESSAGE, "notify.joao_voice_message"])
    destinations = sorted(message.destinations for message in simulator.messages)
    assert destinations == [["5541999990000"], ["5541999991111"]]


async def test_group(hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry) -> None:
    """A group speaks to one contact and writes to another, its title included."""
    group = MockConfigEntry(
        domain=GROUP_DOMAIN,
        title="Família",
        options={
            "group_type": "notify",
            "name": "Família",
            "entities": [VOICE_MESSAGE, "notify.joao_sms"],
            "hide_members": False,
        },
    )
    await set_up(hass, group)
    await send(hass, "notify.familia", title="Alarme")
    said = {message.destinations[0]: message.is_spoken for message in simulator.messages}
    assert said == {"5541999990000": True, "5541999991111": False}
    assert all("Alarme" in message.text for message in simulator.messages)


@pytest.mark.parametrize("entity_id", [VOICE_MESSAGE, SMS])
@pytest.mark.parametrize(
    ("message", "key"), [(" ", "message_empty"), ("x" * 701, "message_too_long")]
)
async def test_invalid_message_is_an_error(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    entity_id: str,
    message: str,
    key: str,
) -> None:
    """An invalid message is an error with its reason, and nothing is sent."""
    with pytest.raises(ServiceValidationError) as caught:
        await send(hass, entity_id, message=message)
    assert caught.value.translation_key == key
    assert simulator.requests[SEND] == 0
    assert state_of(hass, entity_id) == "unknown"


@pytest.mark.parametrize("entity_id", [VOICE_MESSAGE, SMS])
async def test_never_twice(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, entity_id: str
) -> None:
    """A message that was sent is not repeated automatically, and is not reported as sent."""
    for sent, (case, (reply, key)) in enumerate(NEVER_TWICE.items(), 1):
        simulator.reply(SEND, reply)
        with pytest.raises(HomeAssistantError) as caught:
            await send(hass, entity_id)
        assert caught.value.translation_key == f"contact_{key}", case
        assert "Maria" in str(caught.value), case
        assert simulator.requests[SEND] == sent, case
        assert state_of(hass, entity_id) == "unknown"


async def test_without_a_connection(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """The entities are available without a connection, and raise an error."""
    await simulator.stop()
    simulator.end_tokens()
    with (
        patch("custom_components.directcall.api.request_scope.asyncio.sleep"),
        pytest.raises(HomeAssistantError, match="cannot be reached, and nothing was done"),
    ):
        await send(hass, VOICE_MESSAGE)
    assert state_of(hass, VOICE_MESSAGE) == "unknown"
