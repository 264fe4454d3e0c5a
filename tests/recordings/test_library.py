"""Library of recordings: the action that lists them, through Home Assistant and real HTTP."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components.media_source import async_resolve_media
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component

from custom_components.directcall.const import DOMAIN
from tests.common import CONTACTS, LIST, device_of, make_account, perform, set_up
from tests.simulator import Recording, Reply, Simulator

# 14:05 in São Paulo.
NOW = datetime(2026, 11, 25, 17, 5, 30, tzinfo=UTC)

pytestmark = pytest.mark.freeze_time(NOW, tick=True)


@pytest.fixture(autouse=True)
async def account(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with contacts, and with recordings."""
    for destination, days in (
        ("5541999991111", 8),
        ("5541999990000", 6),
        ("554133334444", 1),
        ("5541999990000", 0),
    ):
        simulator.recordings.append(
            Recording("554130600300", destination, "", NOW - timedelta(days=days))
        )
    return await set_up(home, make_account(simulator, contacts=CONTACTS))


async def days(hass: HomeAssistant, **data: Any) -> list[str]:
    """Return the days on which the recordings are that are listed."""
    response = await perform(hass, "list_recordings", data)
    return [recording["time"][:10] for recording in response["recordings"]]


async def test_list(hass: HomeAssistant, simulator: Simulator) -> None:
    """The last seven days are listed, the newest first, and each can be played."""
    response = await perform(hass, "list_recordings", {})
    content_ids = [recording.pop("media_content_id") for recording in response["recordings"]]
    assert response == {
        "recordings": [
            {
                "time": "2026-11-25T14:05:30-03:00",
                "origin": "+554130600300",
                "destination": "+5541999990000",
                "contact": "Maria",
            },
            {
                "time": "2026-11-24T14:05:30-03:00",
                "origin": "+554130600300",
                "destination": "+554133334444",
                "contact": None,
            },
            {
                "time": "2026-11-19T14:05:30-03:00",
                "origin": "+554130600300",
                "destination": "+5541999990000",
                "contact": "Maria",
            },
        ],
        "complete": True,
    }
    assert await async_setup_component(hass, "media_source", {})
    for content_id in content_ids:
        media = await async_resolve_media(hass, content_id, None)
        assert media.mime_type == "audio/x-wav"


async def test_number_that_cannot_be_called(hass: HomeAssistant, simulator: Simulator) -> None:
    """A value without a country code is not shown as a number with one."""
    simulator.recordings[-1].origin = "190"
    response = await perform(hass, "list_recordings", {})
    assert response["recordings"][0]["origin"] == "190"


async def test_time_is_the_homes(hass: HomeAssistant) -> None:
    """Times are shown, and accepted, in the home's time zone."""
    await hass.config.async_update(time_zone="Asia/Tokyo")
    response = await perform(hass, "list_recordings", {"start": "2026-11-26 02:00:00"})
    assert [r["time"] for r in response["recordings"]] == ["2026-11-26T02:05:30+09:00"]


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ({}, ["2026-11-25", "2026-11-24", "2026-11-19"]),
        ({"start": None, "end": None}, ["2026-11-25", "2026-11-24", "2026-11-19"]),
        ({"start": "2026-11-24"}, ["2026-11-25", "2026-11-24"]),
        ({"start": "2026-11-24", "end": "2026-11-24"}, ["2026-11-24"]),
        ({"end": "2026-11-24"}, ["2026-11-24", "2026-11-19"]),
        ({"end": date(2026, 11, 24)}, ["2026-11-24", "2026-11-19"]),
        ({"start": "2026-11-24 14:05:30", "end": "2026-11-24 14:05:30"}, ["2026-11-24"]),
        ({"start": "2026-11-24 14:05:31", "end": "2026-11-25T17:05:29+00:00"}, []),
        (
            {"start": "2026-08-27"},
            ["2026-11-25", "2026-11-24", "2026-11-19", "2026-11-17"],
        ),
        ({"start": NOW - timedelta(days=1, seconds=0.5)}, ["2026-11-25", "2026-11-24"]),
    ],
)
async def test_period(hass: HomeAssistant, period: dict[str, Any], expected: list[str]) -> None:
    """A period can be given in many forms, and a day counts as a whole."""
    assert await days(hass, **period) == expected


async def test_list_of_one_number(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Only the calls of the requested number are listed."""
    assert await days(hass, contact=device_of(hass, account, "Maria")) == [
        "2026-11-25",
        "2026-11-19",
    ]
    assert await days(hass, destination="maria") == ["2026-11-25", "2026-11-19"]
    assert await days(hass, destination="(41) 3333-4444") == ["2026-11-24"]
    assert await days(hass, destination="João") == []


async def test_too_many_to_read(hass: HomeAssistant, simulator: Simulator) -> None:
    """A list that is too long says that there are more recordings."""
    simulator.quirks.page_size = 1
    for minutes in range(51):
        simulator.recordings.append(
            Recording("554130600300", "5541999990000", "", NOW - timedelta(minutes=minutes))
        )
    response = await perform(hass, "list_recordings", {})
    assert response["complete"] is False
    assert len(response["recordings"]) == 50


# Fields, the key of the error, and words of it.
BAD_DATA: list[tuple[dict[str, Any], str, str]] = [
    ({"start": "yesterday"}, "invalid_start", "be a date"),
    ({"start": 5}, "invalid_start", "be a date"),
    ({"end": ["2026-11-25"]}, "invalid_end", "be a date"),
    ({"end": "2026-13-01"}, "invalid_end", "be a date"),
    ({"end": "2026-11-25 25:00:00"}, "invalid_end", "be a date"),
    ({"end": "0001-01-01"}, "invalid_end", "be a date"),
    ({"start": "9999-12-31"}, "invalid_start", "be a date"),
    ({"start": "0001-01-01 00:00:00+14:00"}, "invalid_start", "be a date"),
    ({"start": "2026-11-26"}, "end_before_start", "the current time is used"),
    ({"start": "2026-11-25", "end": "2026-11-24"}, "end_before_start", "before the start"),
    ({"start": "2026-08-26"}, "period_too_long", "at most 90 days"),
    ({"start": "2026-08-26 23:59:59"}, "period_too_long", "at most 90 days"),
    ({"start": "2025-01-01", "end": "2025-04-02"}, "period_too_long", "at most 90 days"),
    ({"destination": "3060-0300"}, "number_without_area_code", "area code"),
    ({"destination": "Pedro"}, "unknown_contact", "Pedro"),
    ({"contact": "nobody"}, "contact_not_found", "was deleted"),
    ({"destination": ["Maria", "João"]}, "one_destination", "contact or a destination"),
    ({"origin": "Maria"}, "unknown_field", "no field called"),
]


async def test_bad_data(hass: HomeAssistant, simulator: Simulator) -> None:
    """Invalid fields are an error with the reason, and nothing is requested."""
    for data, key, text in BAD_DATA:
        with pytest.raises(ServiceValidationError, match=text) as caught:
            await perform(hass, "list_recordings", data)
        assert caught.value.translation_key == key, data
    assert simulator.requests[LIST] == 0


async def test_response_only(hass: HomeAssistant) -> None:
    """The action to list recordings requires that its response is used."""
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(DOMAIN, "list_recordings", {}, blocking=True)


async def test_refusal_quotes_the_providers_code_and_words(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """A refusal quotes the provider's code and words."""
    simulator.reply(LIST, Reply(b'{"status": "erro", "codigo": "101", "msg": "Conta de teste"}'))
    with pytest.raises(HomeAssistantError, match=r"Conta de teste \(code 101\)"):
        await perform(hass, "list_recordings", {})
    simulator.reply(LIST, Reply(drop=True))
    with pytest.raises(HomeAssistantError, match="cannot be reached"):
        await perform(hass, "list_recordings", {})


async def test_token_is_renewed(hass: HomeAssistant, simulator: Simulator) -> None:
    """A rejected token is renewed, and the list succeeds."""
    simulator.end_tokens()
    assert len(await days(hass)) == 3
    assert simulator.requests["request_token"] == 2


async def test_account_of_an_older_version(hass: HomeAssistant, simulator: Simulator) -> None:
    """An account from before there were recordings gets what their ids need, once."""
    simulator.secrets["other@example.com"] = "012345"
    old = make_account(simulator, "other@example.com", minor_version=1)
    data = {k: v for k, v in old.data.items() if k != "media_key"}
    older = MockConfigEntry(
        domain=DOMAIN, data=data, options=old.options, title="other", minor_version=1
    )
    await set_up(hass, older)
    response = await perform(hass, "list_recordings", {"config_entry_id": older.entry_id})
    assert len(response["recordings"]) == 3
    key = older.data["media_key"]
    assert len(bytes.fromhex(key)) == 16
    await hass.config_entries.async_reload(older.entry_id)
    assert older.data["media_key"] == key
    assert older.minor_version == 3


async def test_account_of_a_newer_version(hass: HomeAssistant, simulator: Simulator) -> None:
    """The data of an account of a later version is not changed."""
    simulator.secrets["other@example.com"] = "012345"
    newer = make_account(simulator, "other@example.com", minor_version=4)
    before = dict(newer.data)
    await set_up(hass, newer)
    assert newer.data == before
    assert newer.minor_version == 4
