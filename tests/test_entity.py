"""Entities: names, and what holds for all of them."""

from collections.abc import Iterator

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity

from tests.common import CALL, CALL_IN_PROGRESS, place_call, state_of
from tests.simulator import Simulator

# What Home Assistant 2026.11 asks about (`homeassistant.helpers.entity`).
ADDED_OR_REMOVED = {
    "async_prepare_to_add_to_hass",
    "async_added_to_hass",
    "async_will_remove_from_hass",
}


def entity_classes(base: type[Entity] = Entity) -> Iterator[type[Entity]]:
    """Yield the integration's classes of entities that are imported."""
    for each in base.__subclasses__():
        if each.__module__.startswith("custom_components.directcall"):
            yield each
        yield from entity_classes(each)


def test_no_entity_is_added_again(account: MockConfigEntry) -> None:
    """Each class with a hook for its addition has one for a change of its ID, too."""
    with_hooks = {each for each in entity_classes() if ADDED_OR_REMOVED & each.__dict__.keys()}
    assert len(with_hooks) >= 4
    assert [each for each in with_hooks if "async_entity_id_changed" not in each.__dict__] == []


async def test_renamed_entities_go_on(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
) -> None:
    """Entities with new ids show the states of calls as before."""
    for old, new in ((CALL, "event.ligacao"), (CALL_IN_PROGRESS, "binary_sensor.agora")):
        entity_registry.async_update_entity(old, new_entity_id=new)
    await hass.async_block_till_done()
    await place_call(hass)
    assert state_of(hass, "binary_sensor.agora") == "on"
    event = hass.states.get("event.ligacao")
    assert event is not None
    assert event.attributes["event_type"] == "placed"
    assert hass.states.get(CALL) is None
    assert hass.states.get(CALL_IN_PROGRESS) is None
    connection = "binary_sensor.directcall_connection"
    entity_registry.async_update_entity(connection, new_entity_id="binary_sensor.conexao")
    await hass.async_block_till_done()
    assert state_of(hass, "binary_sensor.conexao") == "on"
