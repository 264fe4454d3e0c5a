"""Lists of recordings: what is asked for, and what is read."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest

from custom_components.directcall.api import (
    DirectcallAuthenticationError,
    DirectcallClient,
    DirectcallConnectionFailedError,
    DirectcallRefusedError,
    DirectcallTokenRejectedError,
    PhoneNumber,
    Recording,
    RecordingQuery,
    Token,
    client as client_module,
)
from tests.common import LIST
from tests.simulator import Recording as RecordedCall, Reply, Simulator

LINK = "http://www.directdial.com.br/1"
ZONE = ZoneInfo("America/Sao_Paulo")
START = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
END = START + timedelta(days=1)
DAY = RecordingQuery(START, END)
ENTRY = {
    "origem": "554130600300",
    "destino": "5541999990000",
    "inicio": "2026-11-25 14:05:06",
    "gravacao_link": "http://www.directdial.com.br/extrato/gravacao/id/" + "0" * 40,
}


def record(simulator: Simulator, number: int, **more: Any) -> RecordedCall:
    """Have a recording of a call, each an hour after the one before."""
    recording = RecordedCall(
        more.pop("origin", "554130600300"),
        more.pop("destination", "5541999990000"),
        f"call-{number}",
        START + timedelta(hours=number),
        **more,
    )
    simulator.recordings.append(recording)
    return recording


def listed(*entries: object, **more: object) -> Reply:
    """Return an answer that lists entries."""
    return Reply(json.dumps({"status": "ok", "msg": entries, "paginas": 1, **more}).encode())


async def test_documented_example(
    simulator: Simulator, client: DirectcallClient, token: Token
) -> None:
    """The documented example is read, with its times in the provider's zone."""
    entry = {
        "origem": "554130600300",
        "destino": "554130600300",
        "inicio": "2013-01-29 10:36:46",
        "gravacao_link": "http://www.directdial.com.br/extrato/gravacao/id/" + "ab" * 20,
    }
    with_blanks = {**entry, "gravacao_link": f" {entry['gravacao_link']}\n"}
    simulator.reply(LIST, listed(entry, with_blanks))
    query = RecordingQuery(datetime(2013, 1, 29, tzinfo=UTC), datetime(2013, 1, 30, tzinfo=UTC))
    found = await client.list_recordings(query)
    assert found.is_complete
    [recording] = found.recordings
    # Summer time, in which Brazil was then.
    assert recording.started == datetime(2013, 1, 29, 12, 36, 46, tzinfo=UTC)
    assert recording.origin.digits == recording.destination.digits == "554130600300"
    assert str(recording.link) == entry["gravacao_link"]
    assert "directdial" not in repr(recording)


async def test_list_request_has_time_and_call(
    simulator: Simulator, client: DirectcallClient, token: Token
) -> None:
    """The request has the provider's time and the call's fields."""
    await client.list_recordings(DAY)
    await client.list_recordings(RecordingQuery(START, END, PhoneNumber("5541999990000"), "call-1"))
    common = {
        # Two hours more on both sides, because it is unknown which moment of a call counts.
        "dataInicial": "20261124220000",
        "dataFinal": "20261126020000",
        "pagina": "1",
        "formato": "JSON",
        "format": "JSON",
    }
    assert simulator.searches == [
        common,
        {**common, "numeroDestino": "5541999990000", "callerid": "call-1"},
    ]


async def test_recording_is_matched_by_its_start(
    simulator: Simulator, client: DirectcallClient, token: Token
) -> None:
    """Recordings are matched by the start of the call, not its end."""
    simulator.quirks.searches_by_end = True
    record(simulator, -1, seconds=7000)
    mine = record(simulator, 23, seconds=7000)
    found = await client.list_recordings(RecordingQuery(START, END - timedelta(minutes=1)))
    assert [recording.started for recording in found.recordings] == [mine.started]


async def test_all_pages(simulator: Simulator, client: DirectcallClient, token: Token) -> None:
    """All pages are read, and none after the last one."""
    simulator.quirks.page_size = 2
    recorded = [record(simulator, number) for number in range(5)]
    found = await client.list_recordings(DAY)
    assert found.is_complete
    assert [r.started for r in found.recordings] == [r.started for r in recorded]
    assert [search["pagina"] for search in simulator.searches] == ["1", "2", "3"]


@pytest.mark.parametrize("pages", ["3", " 3 ", 3])
async def test_pages_written_otherwise(
    simulator: Simulator, client: DirectcallClient, token: Token, pages: object
) -> None:
    """The number of pages may be text."""
    simulator.reply(LIST, *[listed(ENTRY, paginas=pages)] * 3)
    assert (await client.list_recordings(DAY)).is_complete
    assert simulator.requests[LIST] == 3


@pytest.mark.parametrize("pages", [None, True, "many", [2], -1, 1.5])
async def test_unreadable_number_of_pages(
    simulator: Simulator, client: DirectcallClient, token: Token, pages: object
) -> None:
    """With an unreadable number of pages, the list ends at the first page without a new entry."""
    other = {**ENTRY, "inicio": "2026-11-25 15:00:00"}
    simulator.reply(LIST, *(listed(entry, paginas=pages) for entry in (ENTRY, other, other, ENTRY)))
    found = await client.list_recordings(DAY)
    assert len(found.recordings) == 2
    assert found.is_complete
    assert simulator.requests[LIST] == 3


async def test_missing_number_of_pages(
    simulator: Simulator, client: DirectcallClient, token: Token
) -> None:
    """Pages are read to the end without a stated number of pages."""
    simulator.quirks.says_pages = False
    simulator.quirks.page_size = 2
    for number in range(3):
        record(simulator, number)
    assert len((await client.list_recordings(DAY)).recordings) == 3


async def test_too_many_pages(simulator: Simulator, client: DirectcallClient, token: Token) -> None:
    """At most 50 pages are read, and a longer list is marked as incomplete."""
    simulator.quirks.page_size = 1
    for number in range(51):
        simulator.recordings.append(
            RecordedCall("554130600300", "5541999990000", "", START + timedelta(minutes=number))
        )
    found = await client.list_recordings(DAY)
    assert len(found.recordings) == simulator.requests[LIST] == 50
    assert found.is_complete is False
    del simulator.recordings[50:]
    assert (await client.list_recordings(DAY)).is_complete


async def test_too_many_recordings(
    simulator: Simulator, client: DirectcallClient, token: Token
) -> None:
    """However many the provider sends at once, no more are held than memory is there for."""
    moments = [START + timedelta(seconds=number) for number in range(5002)]
    entries = [
        {**ENTRY, "inicio": f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M:%S}", "gravacao_link": LINK}
        for moment in moments
    ]
    simulator.reply(LIST, listed(*entries[:5000]), listed(*entries, paginas=3))
    for is_complete in (True, False):
        found = await client.list_recordings(DAY)
        assert len(found.recordings) == 5000
        assert found.is_complete is is_complete
    assert simulator.requests[LIST] == 2


async def test_list_that_takes_too_long(
    simulator: Simulator, client: DirectcallClient, token: Token
) -> None:
    """A list of which each page arrives just in time still has a deadline."""
    simulator.quirks.page_size = 1
    simulator.quirks.list_delay = 0.1
    for number in range(9):
        record(simulator, number)
    with (
        patch.object(client_module, "LIST_TIMEOUT", 0.35),
        pytest.raises(DirectcallConnectionFailedError, match=r"^a list took too long$"),
    ):
        await client.list_recordings(DAY)
    assert 1 < simulator.requests[LIST] < 9


async def test_list_that_grows_meanwhile(
    simulator: Simulator, client: DirectcallClient, token: Token
) -> None:
    """An entry that moves to the next page meanwhile is listed once."""
    other = {**ENTRY, "inicio": "2026-11-25 13:00:00"}
    simulator.reply(LIST, listed(ENTRY, paginas=2), listed(ENTRY, other, paginas=2))
    assert len((await client.list_recordings(DAY)).recordings) == 2


async def test_page_that_fails(
    simulator: Simulator, client: DirectcallClient, token: Token
) -> None:
    """A list of which one page fails is an error."""
    simulator.quirks.page_size = 1
    record(simulator, 1)
    record(simulator, 2, destination="5541999998005")
    with pytest.raises(DirectcallConnectionFailedError, match="HTTP 502"):
        await client.list_recordings(DAY)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(drop=True), DirectcallConnectionFailedError),
        (Reply(b"<h1>"), DirectcallConnectionFailedError),
        (Reply(b'{"status": "erro", "codigo": "011"}'), DirectcallRefusedError),
        (Reply(b'{"status": "erro", "codigo": "200"}'), DirectcallAuthenticationError),
    ],
)
async def test_error_instead_of_a_list(
    simulator: Simulator,
    client: DirectcallClient,
    token: Token,
    reply: Reply,
    error: type[Exception],
) -> None:
    """A reply that is not a list is an error, and is counted."""
    simulator.reply(LIST, reply)
    with pytest.raises(error):
        await client.list_recordings(DAY)
    assert simulator.requests[LIST] == 1
    assert client.statistics.errors.total() == 1


async def test_list_with_a_rejected_token(
    simulator: Simulator, client: DirectcallClient, token: Token
) -> None:
    """A token that is not accepted is renewed once, and each attempt is counted."""
    rejected = Reply(b'{"status": "erro", "codigo": "006"}')
    simulator.reply(LIST, rejected, rejected)
    with pytest.raises(DirectcallTokenRejectedError):
        await client.list_recordings(DAY)
    assert (simulator.requests[LIST], len(simulator.tokens)) == (2, 2)
    assert client.statistics.errors == {"TokenRejectedError": 2}


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "ok", "msg": []},
        {"status": "ok", "msg": "Nenhuma gravação encontrada"},
        {"status": "ok", "msg": None, "paginas": 0},
        {"status": "ok"},
    ],
)
async def test_no_recordings(
    simulator: Simulator, client: DirectcallClient, token: Token, answer: object
) -> None:
    """A list without recordings is valid and complete."""
    simulator.reply(LIST, Reply(json.dumps(answer).encode()))
    found = await client.list_recordings(DAY)
    assert found.recordings == ()
    assert found.is_complete
    assert simulator.requests[LIST] == 1
    assert not client.statistics.invalid_recordings


@pytest.mark.parametrize(
    ("change", "invalid"),
    [
        ({"origem": None}, "origin"),
        ({"origem": "anonymous"}, "origin"),
        ({"origem": ""}, "origin"),
        ({"origem": True}, "origin"),
        ({"origem": 5541999990000.0}, "origin"),
        ({"origem": "1" * 21}, "origin"),
        ({"destino": ["5541999990000"]}, "destination"),
        ({"destino": "12"}, "destination"),
        ({"inicio": None}, "started"),
        ({"inicio": "0000-00-00 00:00:00"}, "started"),
        ({"inicio": "2026-02-30 10:00:00"}, "started"),
        ({"inicio": "29/01/2026 10:36"}, "started"),
        ({"inicio": "2026-11-25T10:36:46Z"}, "started"),
        ({"inicio": 1764080000}, "started"),
        ({"gravacao_link": None}, "link"),
        ({"gravacao_link": ""}, "link"),
        ({"gravacao_link": "extrato/gravacao/id/1"}, "link"),
        ({"gravacao_link": "ftp://www.directdial.com.br/1"}, "link"),
        ({"gravacao_link": "file:///etc/passwd"}, "link"),
        ({"gravacao_link": "http://[::1/1"}, "link"),
        ({"gravacao_link": "https://][@"}, "link"),
        ({"gravacao_link": "http:///1"}, "link"),
        ({"gravacao_link": "http://directcall.com.br/" + "1" * 2000}, "link"),
        ({"gravacao_link": {"href": "http://directcall.com.br/1"}}, "link"),
    ],
)
async def test_invalid_entry_is_skipped(
    simulator: Simulator,
    client: DirectcallClient,
    token: Token,
    change: dict[str, object],
    invalid: str,
) -> None:
    """An invalid entry is skipped and counted."""
    simulator.reply(LIST, listed({**ENTRY, **change}, ENTRY, {**ENTRY, **change}))
    found = await client.list_recordings(DAY)
    assert len(found.recordings) == 1
    assert found.is_complete
    assert client.statistics.invalid_recordings == {invalid: 2}


@pytest.mark.parametrize(
    ("message", "invalid"),
    [
        ({"0": ENTRY}, "origin"),
        (1, "entry"),
        (True, "entry"),
        ([[ENTRY]], "entry"),
        (["x"], "entry"),
        ([None], "entry"),
    ],
)
async def test_reply_without_entries_is_counted(
    simulator: Simulator, client: DirectcallClient, token: Token, message: object, invalid: str
) -> None:
    """A reply without a list of entries is counted as invalid."""
    reply = Reply(json.dumps({"status": "ok", "msg": message, "paginas": 1}).encode())
    simulator.reply(LIST, reply)
    assert (await client.list_recordings(DAY)).recordings == ()
    assert client.statistics.invalid_recordings == {invalid: 1}


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("5541999990000", "5541999990000"),
        (5541999990000, "5541999990000"),
        (" 55 41  3060 0300", "554130600300"),
        ("41 3060-0300", "554130600300"),
        ("+55 (41) 3060-0300", "554130600300"),
        ("ip4130600300", "ip4130600300"),
        ("IP 4130600300", "ip4130600300"),
        ("14447772132305", "14447772132305"),
        ("190", "190"),
        ("0800 777 1234", "558007771234"),
        ("4004-1234", "40041234"),
        ("41 99999-0000", "5541999990000"),
        ("041 99999-0000", "5541999990000"),
        ("12125551234", "12125551234"),
        ("+4722345678", "4722345678"),
    ],
)
async def test_numbers(
    simulator: Simulator, client: DirectcallClient, token: Token, written: object, digits: str
) -> None:
    """Numbers are read however the provider writes them, those that cannot be called, too."""
    simulator.reply(LIST, listed({**ENTRY, "origem": written}))
    [recording] = (await client.list_recordings(DAY)).recordings
    assert recording.origin.digits == digits


async def test_unrequested_recordings_are_dropped(
    simulator: Simulator, client: DirectcallClient, token: Token
) -> None:
    """Recordings outside the requested range are dropped."""
    moments = ["2026-11-24 23:59:59", "2026-11-25 00:00:00", "2026-11-26 00:00:00"]
    entries = [{**ENTRY, "inicio": moment} for moment in [*moments, "2026-11-26 00:00:01"]]
    other = {**ENTRY, "destino": "5541999991111"}
    simulator.reply(LIST, listed(*entries, other))
    found = await client.list_recordings(RecordingQuery(START, END, PhoneNumber("5541999990000")))
    assert [r.started for r in found.recordings] == [START, END]


@pytest.mark.parametrize(
    "link",
    [
        "https://www.directdial.com.br/1",
        "http://www.directdial.com.br/1?a=b%20c",
        "http://directcall.com.br/".ljust(2000, "1"),
    ],
)
async def test_link(
    simulator: Simulator, client: DirectcallClient, token: Token, link: str
) -> None:
    """A link is taken as it is, over TLS or not."""
    simulator.reply(LIST, listed({**ENTRY, "gravacao_link": link}))
    [recording] = (await client.list_recordings(DAY)).recordings
    assert str(recording.link) == link


@pytest.mark.parametrize(
    ("asked_for", "written", "count"),
    [
        ("5541999990000", "5541999990000", 1),
        ("12025550100", "2025550100", 1),
        ("554130600300", "ip4130600300", 1),
        ("ip4130600300", "554130600300", 1),
        ("ip4130600300", "ip4130600300", 1),
        ("ip4130600300", "ip4130600301", 0),
        ("5541999990000", "999990000", 0),
    ],
)
async def test_destination_is_written_otherwise(
    simulator: Simulator,
    client: DirectcallClient,
    token: Token,
    asked_for: str,
    written: str,
    count: int,
) -> None:
    """Recordings whose number may match are returned, others are not."""
    simulator.reply(LIST, listed({**ENTRY, "destino": written}))
    query = RecordingQuery(START, END, PhoneNumber(asked_for))
    assert len((await client.list_recordings(query)).recordings) == count


def test_recording_is_masked() -> None:
    """Nothing that is logged by accident gives a number or a link away."""
    number = PhoneNumber("5541999990000")
    assert "99999" not in repr(RecordingQuery(START, END, number, "a-call"))
    assert "a-call" not in repr(RecordingQuery(START, END, number, "a-call"))
    assert Recording.__dataclass_fields__["link"].repr is False
