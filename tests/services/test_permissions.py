"""Permissions: users who may control the account, and what runs without a user."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er

from custom_components.directcall.const import DOMAIN
from tests.common import asked
from tests.simulator import Simulator

TEXT = {"destination": "Maria", "message": "Fumaça"}
ACTIONS: dict[str, dict[str, Any]] = {
    "acknowledge_alert": {},
    "cancel_alert": {},
    "cancel_message": {"message_id": "12345678900000"},
    "end_call": {"destination": "Maria"},
    "get_message_status": {"message_id": "12345678900000"},
    "list_recordings": {},
    "place_call": {"destination": "Maria"},
    "raise_alert": {"name": "Fumaça"},
    "send_sms": TEXT,
    "send_voice_message": TEXT,
}


async def user_in(hass: HomeAssistant, group_id: str) -> str:
    """Return the id of a user in a group. The first user of all owns the house."""
    await hass.auth.async_create_user("Owner", group_ids=[GROUP_ID_ADMIN])
    user = await hass.auth.async_create_user("Somebody", group_ids=[group_id])
    return user.id


async def send(hass: HomeAssistant, user_id: str | None, action: str = "send_sms") -> None:
    """Perform an action as a user."""
    await hass.services.async_call(
        DOMAIN,
        action,
        ACTIONS[action],
        blocking=True,
        context=Context(user_id=user_id),
        return_response=True,
    )


@pytest.mark.parametrize("action", ACTIONS)
async def test_read_only_user(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, action: str
) -> None:
    """A read-only user can neither call, send, hang up nor list recordings."""
    requests = asked(simulator)
    user_id = await user_in(hass, GROUP_ID_READ_ONLY)
    with pytest.raises(Unauthorized) as caught:
        await send(hass, user_id, action)
    assert caught.value.config_entry_id == account.entry_id
    assert asked(simulator) == requests


@pytest.mark.parametrize("group_id", [GROUP_ID_ADMIN, GROUP_ID_USER])
async def test_other_users(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry, group_id: str
) -> None:
    """A user who may control the home may call."""
    await send(hass, await user_in(hass, group_id))
    assert len(simulator.messages) == 1


async def test_automation(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An action without a user is permitted."""
    await send(hass, None)
    assert len(simulator.messages) == 1


async def test_deleted_user_is_refused(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A deleted user may not use the actions."""
    with pytest.raises(UnknownUser):
        await send(hass, "nobody")
    assert simulator.requests["sms/send"] == 0


async def test_user_with_a_policy(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A user who may control only some of the account's entities may not call."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), account.entry_id)
    part = MockUser().add_to_hass(hass)
    part.mock_policy({"entities": {"entity_ids": {"notify.maria_sms": True}}})
    with pytest.raises(Unauthorized):
        await send(hass, part.id)
    whole = MockUser().add_to_hass(hass)
    whole.mock_policy({"entities": {"entity_ids": {e.entity_id: True for e in entities}}})
    await send(hass, whole.id)
    for entity in entities:
        er.async_get(hass).async_remove(entity.entity_id)
    with pytest.raises(Unauthorized):
        await send(hass, whole.id)
    assert len(simulator.messages) == 1


async def test_read_only_user_in_the_ui(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
    simulator: Simulator,
    account: MockConfigEntry,
) -> None:
    """The UI gets the error that the action is not permitted."""
    client = await hass_ws_client(hass, hass_read_only_access_token)
    await client.send_json_auto_id(
        {
            "type": "call_service",
            "domain": DOMAIN,
            "service": "send_sms",
            "service_data": TEXT,
        }
    )
    answer = await client.receive_json()
    assert not answer["success"]
    assert answer["error"]["message"] == "Unauthorized"
    assert simulator.requests["sms/send"] == 0
