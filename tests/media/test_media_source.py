"""Media source: recordings in the media browser, and their ids."""

from datetime import UTC, datetime, timedelta
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from homeassistant.components.media_source import Unresolvable, async_browse_media
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from tests.common import LIST, make_account, restarted, set_up
from tests.media.common import NOW, ROOT, browse, only, record, resolve
from tests.simulator import Recording, Reply, Simulator

pytestmark = pytest.mark.freeze_time(NOW, tick=True)


async def test_browse(hass: HomeAssistant, simulator: Simulator) -> None:
    """The day, the call; the newest first, contacts by name."""
    record(simulator)
    record(simulator, "554130600300", "5541999991111", timedelta(minutes=64))
    record(simulator, "ip4130600300", "12125551234", timedelta(minutes=65))
    record(simulator, "554133334444", "5541988887777", timedelta(days=1))
    record(simulator, "554133334444", "190", timedelta(days=1, minutes=1))
    record(simulator, "40041234", "0000000", timedelta(days=1, minutes=2))
    record(simulator, before=timedelta(days=89))
    record(simulator, before=timedelta(days=91))

    days = await browse(hass)
    assert list(days) == ["2026-11-25", "2026-11-24", "2026-08-28"]
    assert list(await browse(hass, days["2026-11-25"])) == [
        "14:05 Maria → (41) 3060-0300",
        "13:01 (41) 3060-0300 → João",
        "13:00 ip4130600300 → +1 212-555-1234",
    ]
    assert list(await browse(hass, days["2026-11-24"])) == [
        "14:05 (41) 3333-4444 → (41) 98888-7777",
        "14:04 (41) 3333-4444 → 190",
        "14:03 40041234 → 0000000",
    ]


async def test_browse_as_a_browser_does(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, simulator: Simulator
) -> None:
    """A recording is something to be played, and all that holds others can be opened."""
    record(simulator)
    ws = await hass_ws_client(hass)
    item: dict[str, Any] = {"media_content_id": ROOT}
    folders = []
    for _ in range(2):
        content_id = item["media_content_id"]
        await ws.send_json_auto_id(
            {"type": "media_source/browse_media", "media_content_id": content_id}
        )
        result = (await ws.receive_json())["result"]
        assert (result["can_play"], result["can_expand"]) == (False, True)
        folders.append(result["title"])
        [item] = result["children"]
    assert folders == ["Recordings of calls", "2026-11-25"]
    assert (item["can_play"], item["can_expand"]) == (True, False)
    assert item["media_content_type"] == "audio/mpeg"


async def test_days_are_those_of_the_house(hass: HomeAssistant, simulator: Simulator) -> None:
    """Days and hours are the home's, and days are written as people there write them."""
    await hass.config.async_update(time_zone="Asia/Tokyo", language="pt-BR")
    # 02:05 on the next day there.
    record(simulator)
    record(simulator, before=timedelta(hours=2, minutes=6))
    days = await browse(hass)
    assert list(days) == ["26/11/2026", "25/11/2026"]
    assert list(await browse(hass, days["26/11/2026"])) == ["02:05 Maria → (41) 3060-0300"]
    assert list(await browse(hass, days["25/11/2026"])) == ["23:59 Maria → (41) 3060-0300"]


async def test_numbers_are_those_of_the_house(hass: HomeAssistant, simulator: Simulator) -> None:
    """Elsewhere, a Brazilian number is one abroad."""
    await hass.config.async_update(country="PT")
    record(simulator, "351212345678", "554130600300")
    assert list(await browse(hass, f"{ROOT}/01DIRECTCALL/2026-11-25")) == [
        "14:05 21 234 5678 → +55 41 3060-0300"
    ]


async def test_day_ends_at_midnight(hass: HomeAssistant, simulator: Simulator) -> None:
    """A recording is on one day, also where it begins with it, or ends with it."""
    midnight = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
    for moment in (midnight, midnight - timedelta(seconds=1)):
        simulator.recordings.append(Recording("5541999990000", "554130600300", "", moment))
    for day, hour in (("2026-11-24", "23:59"), ("2026-11-25", "00:00")):
        [title] = await browse(hass, f"{ROOT}/01DIRECTCALL/{day}")
        assert title.startswith(hour)


async def test_day_with_an_hour_more(hass: HomeAssistant, simulator: Simulator) -> None:
    """An hour that the clock shows twice at the end of a day is on that day, both times."""
    await hass.config.async_update(time_zone="America/Santiago")
    for hour in (1, 2, 3, 4):
        simulator.recordings.append(
            Recording(
                "554130600300", "554133334444", "", datetime(2026, 4, 5, hour, 30, tzinfo=UTC)
            )
        )
    titles = list(await browse(hass, f"{ROOT}/01DIRECTCALL/2026-04-04"))
    folder = await async_browse_media(hass, f"{ROOT}/01DIRECTCALL/2026-04-04")
    assert folder.children is not None
    assert [child.title[:5] for child in folder.children] == ["23:30", "23:30", "22:30"]
    assert len(titles) == 2
    [after] = await browse(hass, f"{ROOT}/01DIRECTCALL/2026-04-05")
    assert after.startswith("00:30")


async def test_too_many_to_read(hass: HomeAssistant, simulator: Simulator) -> None:
    """If a list is too long to read, each day can still be opened."""
    simulator.quirks.page_size = 1
    for minutes in range(51):
        record(simulator, before=timedelta(minutes=minutes))
    days = await browse(hass)
    assert list(days)[::90] == ["2026-11-25", "2026-08-27"]
    assert len(await browse(hass, days["2026-11-20"])) == 0


async def test_contact_in_the_providers_network(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A contact is known by name also where the provider writes the number in another way."""
    [maria, _] = account.subentries.values()
    hass.config_entries.async_update_subentry(account, maria, data={"number": "ip4130600300"})
    await hass.async_block_till_done()
    record(simulator, "554130600300", "5541999991111")
    assert list(await browse(hass, f"{ROOT}/01DIRECTCALL/2026-11-25")) == ["14:05 Maria → João"]


async def test_several_accounts(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """Each of several accounts has a folder, and one that is not set up is not there."""
    record(simulator)
    simulator.secrets["other@example.com"] = "012345"
    other = await set_up(hass, make_account(simulator, "other@example.com"))
    folders = await browse(hass)
    assert list(folders) == ["demo@example.com", "other@example.com"]
    days = await browse(hass, folders["demo@example.com"])
    assert list(days) == ["2026-11-25"]

    await hass.config_entries.async_unload(other.entry_id)
    assert await browse(hass) == days
    # What was chosen before still opens.
    assert await browse(hass, folders["demo@example.com"]) == days
    await hass.config_entries.async_unload(account.entry_id)
    assert await browse(hass) == {}


async def test_name_of_the_folder(hass: HomeAssistant) -> None:
    """The folder beside those of other sources says what is in it, in the home's language."""
    shown = [set(await browse(hass, None))]
    await hass.config.async_update(language="pt-BR")
    await hass.async_block_till_done()
    shown.append(set(await browse(hass, None)))
    assert "Recordings of calls" in shown[0]
    assert "Gravações de ligações" in shown[1]
    assert (await async_browse_media(hass, ROOT)).title == "Gravações de ligações"


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        ("nobody", "account does not exist"),
        ("nobody/2026-11-25", "account does not exist"),
        ("01DIRECTCALL/x", "no such recording"),
        ("01DIRECTCALL/0001-01-01", "no such recording"),
        ("01DIRECTCALL/9999-12-31", "no such recording"),
        ("01DIRECTCALL/20261125T170530Z-0123456789abcdef", "no such recording"),
    ],
)
async def test_nothing_to_browse(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    simulator: Simulator,
    identifier: str,
    text: str,
) -> None:
    """An unknown identifier is an error that says so."""
    ws = await hass_ws_client(hass)
    await ws.send_json_auto_id(
        {"type": "media_source/browse_media", "media_content_id": f"{ROOT}/{identifier}"}
    )
    error = (await ws.receive_json())["error"]
    assert error["code"] == "browse_media_failed"
    assert text in error["message"]
    assert simulator.requests[LIST] == 0


async def test_errors_are_in_the_homes_language(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, simulator: Simulator
) -> None:
    """The media browser shows an error as it is, and so it is in the language of the house."""
    await hass.config.async_update(language="pt-BR")
    await hass.async_block_till_done()
    simulator.reply(LIST, Reply(b'{"status": "erro", "codigo": "101", "msg": "Conta de teste"}'))
    ws = await hass_ws_client(hass)
    for command, item in (("browse", ""), ("resolve", "/20261125T170530Z-0123456789abcdef")):
        await ws.send_json_auto_id(
            {
                "type": f"media_source/{command}_media",
                "media_content_id": f"{ROOT}/01DIRECTCALL{item}",
            }
        )
    errors = [(await ws.receive_json())["error"]["message"] for _ in range(2)]
    assert errors == [
        "A Directcall recusou a solicitação. Ela respondeu: Conta de teste (código 101)",
        (
            "Esta gravação não existe. A Directcall guarda as gravações por 90 dias, e uma nova"
            " pode aparecer só alguns minutos depois da ligação"
        ),
    ]


async def test_refusal_quotes_the_providers_code_and_words(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, simulator: Simulator
) -> None:
    """A refusal quotes the provider's code and words."""
    simulator.reply(LIST, Reply(b'{"status": "erro", "codigo": "101", "msg": "Conta de teste"}'))
    ws = await hass_ws_client(hass)
    await ws.send_json_auto_id(
        {"type": "media_source/browse_media", "media_content_id": f"{ROOT}/01DIRECTCALL"}
    )
    error = (await ws.receive_json())["error"]
    assert "Conta de teste (code 101)" in error["message"]


async def test_gone_meanwhile(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """A recording that disappears meanwhile is an error that says so."""
    record(simulator)
    path = (await resolve(hass, await only(hass))).url
    simulator.recordings.clear()
    client = await hass_client()
    async with client.get(path) as response:
        assert response.status == 404
        assert "There is no such recording" in await response.text()


@pytest.mark.parametrize(
    "path",
    [
        "nobody/20261125T170530Z-0123456789abcdef",
        "01DIRECTCALL/20261125T170530Z-0123456789abcdef",
        "01DIRECTCALL/20261325T170530Z-0123456789abcdef",
        "01DIRECTCALL/2026-11-25",
    ],
)
async def test_no_such_recording(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, path: str
) -> None:
    """A recording that does not exist is not found, with any identifier."""
    await browse(hass)
    client = await hass_client()
    async with client.get(f"/api/directcall/recordings/{path}") as response:
        assert response.status == 404
    with pytest.raises(Unresolvable, match=r"(does not exist|no such recording)"):
        await resolve(hass, f"{ROOT}/{path}")


async def test_ids_survive_a_restart(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """A stored identifier still plays after a restart, also with a new secret and link."""
    recording = record(simulator)
    content_id = await only(hass)
    await hass.async_stop(force=True)
    simulator.secrets["demo@example.com"] = "543210"
    recording.key = "f" * 40
    async with restarted(hass) as again:
        assert await async_setup_component(again, "media_source", {})
        secret = {"client_secret": "543210"}
        await set_up(again, make_account(simulator, data=secret, entry_id="01DIRECTCALL"))
        assert await only(again) == content_id
        assert (await resolve(again, content_id)).mime_type == "audio/x-wav"


async def test_ids_tell_recordings_apart(hass: HomeAssistant, simulator: Simulator) -> None:
    """Two calls of the same second are two recordings, and so are two recordings of a call."""
    for destination in ("5541999990000", "5541999991111", "5541999991111", "5541999991111"):
        record(simulator, "554130600300", destination)
    folder = await async_browse_media(hass, f"{ROOT}/01DIRECTCALL/2026-11-25")
    assert folder.children is not None
    ids = [child.media_content_id for child in folder.children]
    assert len(set(ids)) == 4
    # The one that was there first stays what it is when others come.
    first = ids[-1]
    record(simulator, "554130600300", "5541900000000")
    folder = await async_browse_media(hass, f"{ROOT}/01DIRECTCALL/2026-11-25")
    assert folder.children is not None
    assert {*ids} <= {child.media_content_id for child in folder.children}
    assert first in ids


async def test_ids_give_nothing_away(
    hass: HomeAssistant, simulator: Simulator, account: MockConfigEntry
) -> None:
    """An ID has no number or link, and cannot be guessed without the account's key."""
    recording = record(simulator)
    content_id = await only(hass)
    assert re.fullmatch(rf"{ROOT}/01DIRECTCALL/20261125T170530Z-[0-9a-f]{{16}}", content_id)
    assert recording.key[:8] not in content_id
    hass.config_entries.async_update_entry(account, data={**account.data, "media_key": "f" * 32})
    await hass.config_entries.async_reload(account.entry_id)
    assert await only(hass) != content_id


async def test_links_of_twenty_recordings_are_cached(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """The links of the last twenty recordings are cached."""
    simulator.quirks.page_size = 50
    for minutes in range(21):
        record(simulator, before=timedelta(minutes=minutes))
    ids = list((await browse(hass, f"{ROOT}/01DIRECTCALL/2026-11-25")).values())
    for content_id in ids:
        await resolve(hass, content_id)
    asked = simulator.requests[LIST]
    for content_id in ids[1:]:
        await resolve(hass, content_id)
    assert simulator.requests[LIST] == asked
    await resolve(hass, ids[0])
    assert simulator.requests[LIST] == asked + 1
