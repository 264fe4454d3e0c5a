"""Metadata of telephone numbers: never imported in the event loop."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components.media_source import async_browse_media
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from custom_components.directcall.const import CONF_NUMBER, DOMAIN, SUBENTRY_CONTACT
from tests.common import OPTIONS, make_account, perform, set_up
from tests.phone_metadata import Imports, forgotten_countries
from tests.simulator import ACCOUNT, Recording, Simulator

LONDON = "+44 20 7946 0958"
LISBON = "+351 912 345 678"
# Countries that share a calling code.
BRITISH = {"GB", "GG", "IM", "JE"}


def found_in(imports: Imports, loop_thread: int | None) -> set[str]:
    """Return the countries that were imported, none of them in the event loop."""
    assert loop_thread is not None
    assert loop_thread not in imports.values()
    return set(imports)


async def test_account_is_added(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator
) -> None:
    """Forms read an origin and a contact abroad."""
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    values = {
        "client_id": ACCOUNT.client_id,
        "client_secret": ACCOUNT.client_secret,
        "origin": LONDON,
        "advanced": {"url": simulator.url},
    }
    with forgotten_countries() as imports:
        result = await hass.config_entries.flow.async_configure(form["flow_id"], values)
        await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert found_in(imports, hass.loop_thread_id) == BRITISH


async def test_contact_is_added_and_changed(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A contact abroad can be added, and get a number in another country."""
    subentries = hass.config_entries.subentries
    form = await subentries.async_init(
        (account.entry_id, SUBENTRY_CONTACT), context={"source": SOURCE_USER}
    )
    with forgotten_countries() as imports:
        await subentries.async_configure(form["flow_id"], {CONF_NAME: "Ana", CONF_NUMBER: LONDON})
        await hass.async_block_till_done()
    assert found_in(imports, hass.loop_thread_id) == BRITISH
    [contact] = account.subentries.values()
    change = await account.start_subentry_reconfigure_flow(hass, contact.subentry_id)
    with forgotten_countries() as imports:
        await subentries.async_configure(change["flow_id"], {CONF_NAME: "Ana", CONF_NUMBER: LISBON})
        await hass.async_block_till_done()
    assert "PT" in found_in(imports, hass.loop_thread_id)
    [contact] = account.subentries.values()
    assert contact.data[CONF_NUMBER] == LISBON


async def test_options(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The origin can be moved abroad."""
    form = await hass.config_entries.options.async_init(account.entry_id)
    with forgotten_countries() as imports:
        await hass.config_entries.options.async_configure(
            form["flow_id"], {**OPTIONS, "origin": LISBON}
        )
        await hass.async_block_till_done()
    assert found_in(imports, hass.loop_thread_id) == {"PT"}


async def test_set_up(hass: HomeAssistant, home: HomeAssistant, simulator: Simulator) -> None:
    """Set-up loads the home's country, and those of the origin and the contacts."""
    await hass.config.async_update(country="PT")
    account = make_account(
        simulator, options={"origin": LONDON}, contacts={"Ana": "+47 21 23 45 67"}
    )
    with forgotten_countries() as imports:
        await set_up(hass, account)
    assert found_in(imports, hass.loop_thread_id) == {"PT", *BRITISH, "NO", "SJ"}


@pytest.mark.parametrize(
    ("action", "data", "countries"),
    [
        ("place_call", {"destination": LONDON, "origin": LISBON}, {*BRITISH, "PT"}),
        ("place_call", {"destination": "00 21 44 20 7946 0958"}, BRITISH),
        # 0o470733661340, which might be 00 47 0733661340
        ("place_call", {"destination": 41999990000}, {"NO", "SJ"}),
        ("place_call", {"destination": "+55 41 99999-0000"}, set()),
        ("send_sms", {"destination": ["Maria", LISBON], "message": "x"}, {"PT"}),
        (
            "send_voice_message",
            {"destination": "+55 41 99999-0000", "origin": LONDON, "message": "x"},
            BRITISH,
        ),
        (
            "list_recordings",
            {"start": "2026-11-25", "end": "2026-11-26", "destination": LISBON},
            {"PT"},
        ),
    ],
)
@pytest.mark.freeze_time("2026-11-26 12:00:00-03:00", tick=True)
async def test_action(
    hass: HomeAssistant,
    home: HomeAssistant,
    simulator: Simulator,
    action: str,
    data: dict[str, object],
    countries: set[str],
) -> None:
    """Actions read numbers abroad, and load no more than they need."""
    await set_up(hass, make_account(simulator, contacts={"Maria": "+55 41 99999-0000"}))
    with forgotten_countries() as imports:
        await perform(hass, action, data)
    assert found_in(imports, hass.loop_thread_id) == countries


async def test_recordings(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The media browser writes numbers abroad as people do."""
    assert await async_setup_component(hass, "media_source", {})
    now = dt_util.now()
    simulator.recordings.append(Recording("554130600300", "442079460958", "a-call", now))
    with forgotten_countries() as imports:
        day = await async_browse_media(
            hass, f"media-source://directcall/{account.entry_id}/{now.date()}"
        )
    assert day.children is not None
    [recording] = day.children
    assert recording.title.endswith("→ +44 20 7946 0958")
    assert found_in(imports, hass.loop_thread_id) == BRITISH
