"""The answers that the live check writes down, in each shape that they may have."""

import base64
from datetime import UTC, datetime, timedelta
import json
import re

import pytest

from tests.live.user import (
    CALL,
    CALL_OVER,
    CALLS,
    FORMAT,
    LINK,
    LISTED_MESSAGE,
    MADE,
    MONEY,
    OLDER,
    PLACE_CALL,
    RECEIVED,
    RECORDINGS,
    REQUEST_TOKEN,
    STATUS,
    TOKEN,
    WORDS,
    Terminal,
    leaks,
)
from tests.simulator import BalanceShape, Quirks, Recording, Reply, Simulator


async def test_endpoints_that_may_not_exist(terminal: Terminal, simulator: Simulator) -> None:
    """The report has the names of the fields where they do, and says so where they do not."""
    await terminal.agree_and_run("ask_lists")
    for question in (CALLS, RECEIVED):
        assert ": HTTP 404, `text/plain; charset=utf-8`, neither JSON nor XML" in terminal.read(
            question
        )
    terminal.report.unlink()
    simulator.quirks.lists_calls = True
    simulator.recordings.append(Recording("5541987654321", "5541912348765", "id"))
    await terminal.agree_and_run("ask_lists", "ask_voice_message")
    assert "`msg[].callerid`: text like `aa`" in terminal.read(CALLS)
    assert "`msg[].tipo`: `voz`" in terminal.read(CALLS)
    assert "`msg`: empty list" in terminal.read(LISTED_MESSAGE)
    assert "`msg[].texto`: text like `Aaaaa:·aa·aa`" in terminal.read(RECEIVED)
    assert leaks(terminal.read(), simulator) == set()


@pytest.mark.parametrize("names", [(), ("format",), ("formato",), ("format", "formato")])
async def test_name_of_the_format(
    terminal: Terminal, simulator: Simulator, names: tuple[str, ...]
) -> None:
    """Each name alone asks for XML, and the report shows which one brought it."""
    simulator.quirks.balance_shape = BalanceShape.TEXT
    simulator.quirks.format_names = names
    await terminal.agree_and_run("ask_free")
    section = terminal.read(FORMAT)
    for name, fields in (("format", " format=XML"), ("formato", " format= formato=XML")):
        kind = "`text/xml; charset=utf-8`, an element `directcall`"
        shown = kind if name in names else "`text/html; charset=utf-8`, JSON"
        for endpoint in ("extrato/saldo", "extrato/list-recordings"):
            assert re.search(
                rf"`POST {endpoint}[^`]*(?<!format=){fields}`: HTTP 200, {shown}", section
            )


@pytest.mark.parametrize(
    ("ignores_id", "is_made", "has_id", "verdict"),
    [
        (False, True, False, "yes"),
        (False, False, False, "no"),
        (True, True, False, "yes"),
        # Any of the links could be the call's.
        (True, False, False, "cannot tell"),
        (True, False, True, "no"),
    ],
)
async def test_link_and_id(
    terminal: Terminal,
    simulator: Simulator,
    ignores_id: bool,
    is_made: bool,
    has_id: bool,
    verdict: str,
) -> None:
    """Whether a link is made from its call's ID is told only if it is certain."""
    simulator.quirks = Quirks(
        ignores_call_id=ignores_id, links_by_call_id=is_made, lists_calls=has_id
    )
    simulator.recordings.append(Recording("5541987654321", "5541912348765", "id"))
    await terminal.agree_and_run("ask_call", "ask_record", "ask_end", "ask_lists")
    section = terminal.read(MADE)
    assert f"- made from the ID of its call: {verdict}\n" in section
    assert f"- the filter is {'ignored' if ignores_id else 'obeyed'}\n" in section
    assert leaks(terminal.read(), simulator) == set()


async def test_link_and_id_of_an_earlier_call(terminal: Terminal, simulator: Simulator) -> None:
    """Without a call, a list that has both is enough."""
    simulator.quirks.lists_calls = True
    call_id = "6f7c10f9-06de-4bee-8eba-7fe141e5b635"
    key = base64.b64encode(call_id.encode()).decode()
    simulator.recordings.append(Recording("5541987654321", "5541912348765", call_id, key=key))
    await terminal.agree_and_run("ask_lists")
    assert "- made from the ID of its call: cannot tell\n" in terminal.read(RECORDINGS)
    assert "- made from the ID of its call: yes\n" in terminal.read(CALLS)
    assert "the filter is obeyed" in terminal.read(MADE)
    assert "its call" not in terminal.read(MADE)
    assert leaks(terminal.read(), simulator) == set()


@pytest.mark.parametrize(
    ("ending", "word"),
    [
        ("7001", "destination `OCUPADO` (BUSY)"),
        ("7003", "destination `Rejeitada` (BUSY)"),
        ("7005", "destination `redirecionada` (**not known to the integration**)"),
    ],
)
async def test_words_of_a_telephone(terminal: Terminal, ending: str, word: str) -> None:
    """The report has the provider's words, and names those that the integration does not know."""
    await terminal.agree_and_run("ask_call", destination=f"(41) 99999-{ending}")
    assert word in terminal.read(WORDS)
    assert "`003`" in terminal.read(CALL_OVER)


@pytest.mark.parametrize("hours", [-3, 0, 2])
async def test_time_zone(terminal: Terminal, simulator: Simulator, hours: int) -> None:
    """The beginning of a call in progress shows the time zone of the provider's times."""
    started = datetime.now(UTC) + timedelta(hours=hours)
    leg = {"telefone": "5541987654321", "status": "falha", "inicio": f"{started:%Y-%m-%d %H:%M:%S}"}
    simulator.reply(STATUS, Reply(json.dumps({"status": "ok", "msg": [leg]}).encode()))
    await terminal.agree_and_run("ask_call", destination="(41) 99999-7006")
    assert f"`inicio` of a call in progress: UTC{hours:+}" in terminal.read(WORDS)


async def test_new_token_ends_the_older(terminal: Terminal, simulator: Simulator) -> None:
    """The report shows the rejection, and the newer token is used from then on."""
    simulator.quirks.ends_older_tokens = True
    await terminal.agree_and_run("ask_free", "ask_sms")
    assert "for: `DirectcallTokenRejectedError`" in terminal.read(OLDER)
    assert len(simulator.messages) == 1


async def test_same_token_again(terminal: Terminal, simulator: Simulator) -> None:
    """The older token is not tried then."""
    token = "A1b2" * 8
    simulator.accept(token)
    reply = Reply(json.dumps({"access_token": token}).encode())
    simulator.reply(REQUEST_TOKEN, reply, reply)
    await terminal.agree_and_run("ask_free")
    assert "- the same token was given again\n" in terminal.read(TOKEN)
    assert terminal.read(OLDER) == "Not tried."
    assert token not in terminal.read()


@pytest.mark.parametrize(
    ("ending", "head"),
    [
        ("8002", "no answer, DirectcallLinkRefusedError, "),
        ("8003", "HTTP 302, "),
        ("8004", "HTTP 404, `text/html; charset=utf-8`"),
    ],
)
async def test_recording_that_cannot_be_played(
    terminal: Terminal, simulator: Simulator, ending: str, head: str
) -> None:
    """The report has the reason, and nothing in the home's network is requested."""
    simulator.recordings.append(Recording("5541987654321", f"554191234{ending}", "id"))
    await terminal.agree_and_run("ask_lists")
    assert terminal.read(LINK).startswith(f"- `GET a-recording link={{recording}}`: {head}")
    assert leaks(terminal.read(), simulator) == set()


async def test_long_list(terminal: Terminal, simulator: Simulator) -> None:
    """One page of recordings is read, and only the newest recording is opened."""
    now = datetime.now(UTC)
    simulator.recordings += [
        Recording("5541987654321", "5541912348004", str(days), now - timedelta(days=days))
        for days in range(30, 1, -1)
    ]
    simulator.recordings.append(Recording("5541987654321", "5541912348765", "1", now))
    simulator.recordings.reverse()
    await terminal.agree_and_run("ask_lists")
    assert simulator.requests["extrato/list-recordings"] == 2
    assert "  - `paginas`: number `2`" in terminal.read(RECORDINGS)
    assert "`audio/x-wav`" in terminal.read(LINK)


@pytest.mark.parametrize(
    ("reply", "described"),
    [
        (Reply(b"<h1>Manuten", 503, "text/html"), "HTTP 503, `text/html`, an element `h1`"),
        (Reply(b"[1]", content_type=""), "HTTP 200, no valid content type, JSON"),
        (Reply(drop=True), "no answer, DirectcallOutcomeUnknownError, "),
        (
            Reply(b"{}", 302, location="https://login.directcall.com.br/x"),
            "HTTP 302, `application/json`, redirects: `https`, to `….directcall.com.br`, JSON",
        ),
    ],
)
async def test_responses_that_cannot_be_read(
    terminal: Terminal, simulator: Simulator, reply: Reply, described: str
) -> None:
    """The report describes them as far as possible."""
    simulator.reply(PLACE_CALL, reply)
    await terminal.agree_and_run("ask_call")
    assert f"inverter_discagem=n`: {described}" in terminal.read(CALL)
    assert simulator.requests[PLACE_CALL] == 1


@pytest.mark.parametrize(
    ("shape", "described"),
    [
        (BalanceShape.NUMBER, "  - `saldo`: number"),
        (BalanceShape.COMMA, "  - `saldo`: text like `9.999,99`"),
        (BalanceShape.XML, "HTTP 200, `text/xml; charset=utf-8`, an element `directcall`"),
    ],
)
async def test_balance_is_described(
    terminal: Terminal, simulator: Simulator, shape: BalanceShape, described: str
) -> None:
    """The shape of a balance is reported, and the amount is not."""
    simulator.quirks.balance_shape = shape
    await terminal.agree_and_run("ask_free")
    section = terminal.read(MONEY)
    assert described in section
    assert "for: a balance, " in section
    assert "1234" not in section
    assert "1.234" not in section


async def test_filter_that_cannot_be_tried(terminal: Terminal, simulator: Simulator) -> None:
    """Without the answer for a call that does not exist, one other link proves nothing."""
    simulator.reply("extrato/list-recordings", *[Reply(b"", 503)] * 2)
    await terminal.agree_and_run("ask_call", "ask_record", "ask_end", "ask_lists")
    assert "- made from the ID of its call: cannot tell\n" in terminal.read(MADE)
