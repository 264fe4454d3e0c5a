"""The live check: what it asks, what it learns, and what its report does not give away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
import json
import os
from pathlib import Path
import pty
import re
import signal
import socket
import sys

import pytest

from custom_components.directcall.api import NumberProblem
from scripts.live.__main__ import main
from scripts.live.masking import Masker, shape, shown_host, shown_media_type
from scripts.live.report import Unknown
from scripts.live.texts import TEXTS
from tests.simulator import Recording, Rejection, Reply, Simulator, TokenShape

ROOT = Path(__file__).parent.parent
CLIENT_ID = "maria.souza@example.com"
SECRET = "000777s3cr3t"
ORIGIN = "(41) 98765-4321"
DESTINATION = "(41) 91234-8765"
PLACE_CALL = "voz/call"
STATUS = "voz/status"
REQUEST_TOKEN = "request_token"
ENGLISH = TEXTS["en"]
QUESTIONS = {
    "ask_free",
    "ask_wrong_login",
    "ask_call",
    "ask_record",
    "ask_end",
    "ask_voice_message",
    "ask_sms",
    "ask_recordings",
}


class Terminal:
    """Somebody who answers questions, by the names of the texts that ask them."""

    def __init__(self, simulator: Simulator, report: Path) -> None:
        """Say no to everything, but for what is needed to sign in."""
        self.report = report
        self.url = simulator.url
        self.answers: dict[str, list[str | type[BaseException]]] = {
            "origin": [ORIGIN],
            "destination": [DESTINATION],
        }
        self.secret = SECRET
        self.asked: list[str] = []

    def agree(self, *questions: str) -> None:
        """Say yes to some questions."""
        self.answers.update({question: ["y"] for question in questions})

    def input(self, prompt: str = "") -> str:
        """Answer a question; with nothing if there is no answer left."""
        self.asked.append(prompt)
        if prompt in {texts.credentials[0] for texts in TEXTS.values()}:
            return CLIENT_ID
        answers = next(
            (left for name, left in self.answers.items() if getattr(ENGLISH, name) in prompt), []
        )
        answer = answers.pop(0) if answers else ""
        if isinstance(answer, str):
            return answer
        raise answer

    async def run(self, *options: str) -> int:
        """Run the check to its end. Return its exit status."""
        arguments = ["--url", self.url, "--report", str(self.report), "--language", "en", *options]
        return await asyncio.to_thread(main, arguments)

    def read(self, unknown: Unknown | None = None) -> str:
        """Return the report, or its answer to one thing that was not known."""
        report = self.report.read_text(encoding="utf-8")
        if unknown is None:
            return report
        [line] = [line for line in report.splitlines() if line.startswith(f"- **{unknown}** ")]
        return line.removeprefix(f"- **{unknown}** ")


@pytest.fixture
def terminal(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return somebody in front of a terminal, with an account, and with telephones in a hurry."""
    simulator.secrets[CLIENT_ID] = SECRET
    simulator.quirks.haste = 20
    terminal = Terminal(simulator, tmp_path / "report.md")
    monkeypatch.setattr("builtins.input", terminal.input)
    monkeypatch.setattr("scripts.live.person.getpass", lambda _: terminal.secret)
    for name, seconds in {"_LOOK": 0.05, "_SLOW_START": 0.5, "_LONGEST": 3, "_TALK": 0.2}.items():
        monkeypatch.setattr(f"scripts.live.call.{name}", seconds)
    monkeypatch.setattr("scripts.live.check._LOOK", 0.01)
    return terminal


def leaks(text: str, simulator: Simulator) -> set[str]:
    """Return what is private in a text, numbers and ids also where they are written apart."""
    private = {
        *(CLIENT_ID, SECRET, "maria", "souza", "gravacao/id"),
        *("987654321", "98765-4321", "912348765", "91234-8765", "4321", "8765"),
        *(part for token in simulator.tokens for part in token.split(".")),
        *(call.call_id for call in simulator.calls),
        *(message.message_id for message in simulator.messages),
        *(recording.key for recording in simulator.recordings),
    }
    squeezed = re.sub(r"[^a-z0-9]", "", text.casefold())
    return {
        value
        for value in private
        if value.casefold() in text.casefold()
        or (len(value) > 5 and re.sub(r"[^a-z0-9]", "", value.casefold()) in squeezed)
    } | set(re.findall(r"[0-8][0-9]{4,}|9+[0-8][0-9]{3,}", text))


@pytest.mark.parametrize("rejection", Rejection)
@pytest.mark.parametrize(
    ("token_shape", "expires_in", "error_status"),
    [(TokenShape.OPAQUE, True, 200), (TokenShape.JWT, False, 400)],
)
async def test_yes_to_everything(
    terminal: Terminal,
    simulator: Simulator,
    rejection: Rejection,
    token_shape: TokenShape,
    expires_in: bool,
    error_status: int,
) -> None:
    """All that can be settled is, each thing is done once, and nothing private is written down."""
    simulator.quirks.rejection = rejection
    simulator.quirks.token_shape = token_shape
    simulator.quirks.expires_in = expires_in
    simulator.quirks.error_status = error_status
    simulator.quirks.token_lifetime = 1800
    simulator.reply(
        "extrato/list",
        Reply(
            json.dumps(
                {"status": "ok", "msg": [{"valor": "1,20", "nome_Cliente": "Maria"}]}
            ).encode()
        ),
    )
    terminal.agree(*QUESTIONS)
    assert await terminal.run() == 0

    [call] = simulator.calls
    assert (call.origin, call.destination) == ("5541987654321", "5541912348765")
    assert call.recorded
    assert [message.is_spoken for message in simulator.messages] == [True, False]
    assert [simulator.requests[name] for name in (PLACE_CALL, "sms/send")] == [1, 2]
    report = terminal.read()
    assert leaks(report, simulator) == set()
    assert report.count("Not tried.") == 1
    assert terminal.read(Unknown.NO_LOGIN) == "Not tried."
    assert terminal.read(Unknown.LIFETIME).endswith("the integration believes in 1800 s")
    assert "`003`" in terminal.read(Unknown.NO_CALL)
    assert f"HTTP {error_status}" in terminal.read(Unknown.NO_CALL)
    assert terminal.read(Unknown.OLDER).startswith("no sign of that: ")
    assert "taken for: `DirectcallTokenRejectedError`" in terminal.read(Unknown.REJECTION)
    assert "taken for: `DirectcallAuthenticationError`" in terminal.read(Unknown.WRONG_LOGIN)
    assert "Completando a sua ligação" in terminal.read(Unknown.CALL)
    words = terminal.read(Unknown.WORDS)
    assert re.sub(r" after [0-9]+ s", "", words) == (
        "origin `chamando` (RINGING); origin `atendida` (ANSWERED);"
        " destination `chamando` (RINGING); destination `atendida` (ANSWERED)"
    )
    assert terminal.read(Unknown.ZONE) == "`inicio` is no time of now"
    assert "“Chamada finalizada.”" in terminal.read(Unknown.END)
    assert "`DirectcallNotActiveError`" in terminal.read(Unknown.END_OVER)
    assert "“Entregue”" in terminal.read(Unknown.MESSAGE_STATUS)
    assert "`msg` empty list" in terminal.read(Unknown.NO_RECORDINGS)
    assert "- `msg[].gravacao_link`: link, `http`, to an address" in report
    assert "- `msg[].valor`: text like `9,99`" in report
    assert "- `msg[].nome_Cliente`: text like `Aaaaa`" in report
    assert "HTTP 200, `audio/x-wav`" in terminal.read(Unknown.LINK)
    assert terminal.read(Unknown.AUDIO) == "WAV"
    assert "HTTP 206" in terminal.read(Unknown.RANGES)


@pytest.mark.parametrize(
    ("token_shape", "expires_in", "looks", "lives"),
    [
        (
            TokenShape.OPAQUE,
            False,
            "hexadecimal, 40 characters",
            "no `expires_in`; the integration",
        ),
        (TokenShape.OPAQUE, True, "hexadecimal, 40 characters", "an `expires_in`; the integration"),
        (
            TokenShape.JWT,
            False,
            "JWT, [0-9]{3} characters, with the claims `iat` .*, `aud` text like `aaaaa.aaaaa@.*",
            "no `expires_in`; `exp - iat` is 1800 s; the integration",
        ),
    ],
)
async def test_no_to_everything(
    terminal: Terminal,
    simulator: Simulator,
    token_shape: TokenShape,
    expires_in: bool,
    looks: str,
    lives: str,
) -> None:
    """One token is asked for, and nothing else."""
    simulator.quirks.token_shape = token_shape
    simulator.quirks.expires_in = expires_in
    simulator.quirks.token_lifetime = 1800
    assert await terminal.run() == 0
    assert simulator.requests == {REQUEST_TOKEN: 1}
    assert re.fullmatch(looks, terminal.read(Unknown.SHAPE))
    assert terminal.read(Unknown.LIFETIME).startswith(lives)
    assert terminal.read().count("Not tried.") == len(Unknown) - 2
    assert leaks(terminal.read(), simulator) == set()


@pytest.mark.parametrize("answer", ["", "n", "N", "yes please", "não", "1"])
async def test_only_a_yes_is_a_yes(terminal: Terminal, simulator: Simulator, answer: str) -> None:
    """In doubt, nothing is done."""
    terminal.answers.update({question: [answer] for question in QUESTIONS})
    assert await terminal.run() == 0
    assert simulator.requests == {REQUEST_TOKEN: 1}


@pytest.mark.parametrize("left_out", ["origin", "destination"])
async def test_no_number(terminal: Terminal, simulator: Simulator, left_out: str) -> None:
    """Who would not say a number is not asked to have it rung."""
    terminal.agree(*QUESTIONS - {"ask_wrong_login", "ask_recordings"})
    terminal.answers[left_out] = []
    assert await terminal.run() == 0
    assert simulator.requests == {REQUEST_TOKEN: 1}


async def test_number_that_cannot_be_called(
    terminal: Terminal, simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said what is wrong with a number, until it is right."""
    terminal.agree("ask_free")
    terminal.answers["origin"] = [
        "x",
        "3060-0300",
        "4004-0001",
        "(41) 9876-4321",
        "190",
        "0900 123 456",
        "005541999990000",
        "41 3060-0300 ramal 12",
        ORIGIN,
    ]
    terminal.answers["destination"] = [ORIGIN, DESTINATION]
    assert await terminal.run() == 0
    said = capsys.readouterr().out
    assert {said.count(problem) for problem in ENGLISH.problems.values()} == {1}
    assert ENGLISH.same_number in said
    assert simulator.requests[STATUS] == 3


@pytest.mark.parametrize("rejection", Rejection)
async def test_wrong_credentials(
    terminal: Terminal, simulator: Simulator, rejection: Rejection
) -> None:
    """They are tried once, and what is answered is learned all the same."""
    simulator.quirks.rejection = rejection
    terminal.secret = "9998887776"
    terminal.agree(*QUESTIONS)
    assert await terminal.run() == 1
    assert simulator.requests == {REQUEST_TOKEN: 1}
    assert "taken for: `DirectcallAuthenticationError`" in terminal.read(Unknown.NO_LOGIN)
    assert terminal.secret not in terminal.read()


async def test_provider_is_not_there(terminal: Terminal) -> None:
    """It is said that there was no answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        terminal.url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert await terminal.run() == 1
    assert terminal.read(Unknown.NO_LOGIN).startswith("no answer (DirectcallConnectionError, ")


@pytest.mark.parametrize("how", [KeyboardInterrupt, EOFError])
async def test_ended_early(
    terminal: Terminal, simulator: Simulator, how: type[BaseException]
) -> None:
    """What was learned until then is written down."""
    terminal.agree("ask_free")
    terminal.answers["ask_call"] = [how]
    assert await terminal.run() == 130
    assert simulator.requests == {REQUEST_TOKEN: 2, STATUS: 3}
    assert "`003`" in terminal.read(Unknown.NO_CALL)
    assert terminal.read(Unknown.CALL) == "Not tried."


async def test_ended_before_it_began(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty report is not left lying around."""

    def leave(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", leave)
    assert await terminal.run() == 130
    assert not terminal.report.exists()


@pytest.mark.parametrize("ending", ["9001", "9002"])
async def test_call_without_an_answer(
    terminal: Terminal, simulator: Simulator, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is placed once, that is said, and it is looked at all the same."""
    terminal.agree("ask_call")
    terminal.answers["destination"] = [f"(41) 99999-{ending}"]
    assert await terminal.run() == 0
    assert len(simulator.calls) == simulator.requests[PLACE_CALL] == 1
    assert "DirectcallOutcomeUnknownError" in terminal.read(Unknown.CALL)
    assert "destination `atendida`" in terminal.read(Unknown.WORDS)
    said = capsys.readouterr().out
    assert ENGLISH.unclear in said
    # It was not to be ended, and nobody hung up.
    assert ENGLISH.call_goes_on in said


async def test_message_without_an_answer(terminal: Terminal, simulator: Simulator) -> None:
    """It is sent once."""
    terminal.agree("ask_voice_message")
    terminal.answers["destination"] = ["(41) 99999-9001"]
    assert await terminal.run() == 0
    assert len(simulator.messages) == simulator.requests["sms/send"] == 1
    assert terminal.read(Unknown.MESSAGE).startswith("voice message: no answer (OutcomeUnknown")


async def test_call_that_is_refused(terminal: Terminal, simulator: Simulator) -> None:
    """It is asked for once, and there is nothing to look at."""
    terminal.agree("ask_call")
    terminal.answers["destination"] = ["(41) 99999-0201"]
    assert await terminal.run() == 0
    assert simulator.requests == {REQUEST_TOKEN: 1, PLACE_CALL: 1}
    assert "“Saldo insuficiente!”, taken for: `DirectcallNoCreditError`" in terminal.read(
        Unknown.CALL
    )


async def test_call_that_nobody_sees(terminal: Terminal, simulator: Simulator) -> None:
    """A status that cannot be had is looked for again, and no end of the call is made up."""
    terminal.agree("ask_call")
    terminal.answers["destination"] = ["(41) 99999-9005"]
    assert await terminal.run() == 0
    assert simulator.requests[STATUS] > 1
    assert terminal.read(Unknown.OVER) == "Not tried."
    assert "- HTTP 503, `text/plain; charset=utf-8`\n- No JSON object" in terminal.read()


@pytest.mark.parametrize(
    ("ending", "word"),
    [
        ("7001", "destination `OCUPADO` (BUSY)"),
        ("7003", "destination `Rejeitada` (BUSY)"),
        ("7005", "destination `redirecionada` (**not known to the integration**)"),
    ],
)
async def test_words_of_a_telephone(terminal: Terminal, ending: str, word: str) -> None:
    """Words are what is to be learned, those that the integration does not know before all."""
    terminal.agree("ask_call")
    terminal.answers["destination"] = [f"(41) 99999-{ending}"]
    assert await terminal.run() == 0
    assert word in terminal.read(Unknown.WORDS)
    assert "`003`" in terminal.read(Unknown.OVER)


@pytest.mark.parametrize("hours", [-3, 0, 2])
async def test_time_zone(terminal: Terminal, simulator: Simulator, hours: int) -> None:
    """A call of now tells which zone the provider's times are in."""
    started = datetime.now(UTC) + timedelta(hours=hours)
    leg = {"telefone": "5541987654321", "status": "falha", "inicio": f"{started:%Y-%m-%d %H:%M:%S}"}
    simulator.reply(STATUS, Reply(json.dumps({"status": "ok", "msg": [leg]}).encode()))
    terminal.agree("ask_call")
    terminal.answers["destination"] = ["(41) 99999-7006"]
    assert await terminal.run() == 0
    assert terminal.read(Unknown.ZONE).startswith(f"`inicio` of a call in progress: UTC{hours:+}")


async def test_new_token_ends_the_older(
    terminal: Terminal, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is seen, and the newest one is used from then on."""
    accept = simulator.accept

    def accept_alone(token: str) -> None:
        simulator.end_tokens()
        accept(token)

    monkeypatch.setattr(simulator, "accept", accept_alone)
    terminal.agree("ask_free", "ask_sms")
    assert await terminal.run() == 0
    assert terminal.read(Unknown.OLDER).startswith("yes, the older one is refused: ")
    assert len(simulator.messages) == 1


async def test_same_token_again(terminal: Terminal, simulator: Simulator) -> None:
    """That says nothing of older ones."""
    token = "A1b2" * 8
    simulator.accept(token)
    reply = Reply(json.dumps({"access_token": token}).encode())
    simulator.reply(REQUEST_TOKEN, reply, reply)
    terminal.agree("ask_free")
    assert await terminal.run() == 0
    assert terminal.read(Unknown.OLDER) == "the same token was given again"
    assert token not in terminal.read()


@pytest.mark.parametrize(
    ("ending", "link"),
    [
        ("8002", "`http`, to an address: no answer (DirectcallLinkRefusedError, "),
        ("8003", "`http`, to an address: HTTP 302, "),
        ("8004", "`http`, to an address: HTTP 404, `text/html; charset=utf-8`"),
    ],
)
async def test_recording_that_cannot_be_heard(
    terminal: Terminal, simulator: Simulator, ending: str, link: str
) -> None:
    """It is learned why, and nothing is fetched from inside the home."""
    simulator.recordings.append(Recording("5541987654321", f"554191234{ending}", "id"))
    terminal.agree("ask_recordings")
    assert await terminal.run() == 0
    assert terminal.read(Unknown.LINK).startswith(link)
    assert terminal.read(Unknown.AUDIO) == "Not tried."
    assert leaks(terminal.read(), simulator) == set()


async def test_long_list(terminal: Terminal, simulator: Simulator) -> None:
    """One page of recordings tells enough, and one recording is opened, the newest."""
    now = datetime.now(UTC)
    simulator.recordings += [
        Recording("5541987654321", "5541912348004", str(days), now - timedelta(days=days))
        for days in range(30, 1, -1)
    ]
    simulator.recordings.append(Recording("5541987654321", "5541912348765", "1", now))
    simulator.recordings.reverse()
    terminal.agree("ask_recordings")
    assert await terminal.run() == 0
    assert simulator.requests["extrato/list-recordings"] == 2
    assert "- `paginas`: number `2`" in terminal.read()
    assert terminal.read(Unknown.AUDIO) == "WAV"


async def test_provider_that_tells_everything(terminal: Terminal, simulator: Simulator) -> None:
    """Whatever an answer repeats, and wherever it does, nothing of it is written down."""
    link = (
        "http://www.directdial.com.br/extrato/gravacao/id/0123456789abcdef0123456789abcdef01234567"
    )
    private = f"{SECRET} {CLIENT_ID} 5541987654321 (41) 91234-8765 41 91234 8765 {link}"
    text = f"Prezada Maria Souza, contato de MARIA: {private} <b>`@maria`</b> PIN 4321 joao@x.com"
    everything = {
        "status": "falha de Maria",
        "codigo": "4321",
        "msg": text,
        "message": ["João Silva", 87654321, {"msg": text}],
        "error": SECRET,
        "tipo": "4321",
        "maria.souza@example.com": 1,
        "5541987654321": {"nome": "Maria Souza", "saldo": 4321.0},
        "maria": text,
        "expires_in": 987654321,
        "paginas": "8765",
        "token_type": CLIENT_ID,
        link: link,
        "link": f"{link}?access_token={SECRET}",
        "deep": [[[[[[[[[[SECRET]]]]]]]]]],
    }
    said = Reply(
        json.dumps(everything).encode(),
        403,
        f"text/{SECRET}",
        location=f"/x?client_id={CLIENT_ID}",
    )
    for endpoint in (STATUS, "sms/send", "extrato/list-recordings", "extrato/list"):
        simulator.reply(endpoint, *[said] * 3)
    accepted = {"status": "ok", "codigo": "000", "msg": text, "callerid": text}
    simulator.reply(PLACE_CALL, Reply(json.dumps(accepted).encode()))
    legs = [{"telefone": "5541987654321", "status": word} for word in (text, "com Maria", "4321")]
    simulator.reply(STATUS, Reply(json.dumps({"status": "ok", "msg": legs}).encode()))
    terminal.agree(*QUESTIONS - {"ask_wrong_login"})
    assert await terminal.run() == 0
    report = terminal.read()
    assert leaks(report, simulator) == set()
    assert not re.search(r"jo[ãa]o|silva|directdial\.com\.br/|access_token=", report, re.IGNORECASE)
    assert "- `(a name that varies).nome`: text like `Aaaaa·Aaaaa`" in report
    assert "HTTP 403, `text/…`, redirects: to the same host" in report
    assert terminal.read(Unknown.WORDS).count("another telephone text ") == 2


@pytest.mark.parametrize(
    ("reply", "head"),
    [
        (Reply(b"<h1>Manuten", 503, "text/html"), "- HTTP 503, `text/html`\n- No JSON object"),
        (Reply(b"[1]", content_type=""), "- HTTP 200, no content type\n- No JSON object"),
        (Reply(drop=True), "- No answer: DirectcallOutcomeUnknownError, "),
        (
            Reply(b"{}", 302, location="https://login.directcall.com.br/x"),
            "- HTTP 302, `application/json`, redirects: `https`, to `….directcall.com.br`",
        ),
    ],
)
async def test_answers_that_cannot_be_read(
    terminal: Terminal, simulator: Simulator, reply: Reply, head: str
) -> None:
    """What came is told as far as there is something to tell."""
    simulator.reply(PLACE_CALL, reply)
    terminal.agree("ask_call")
    assert await terminal.run() == 0
    assert f"### 2. `POST voz/call`\n\n{head}" in terminal.read()
    assert simulator.requests[PLACE_CALL] == 1


async def test_form_that_is_named(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said where the report goes, and that form is there."""
    assert await terminal.run() == 0
    said = capsys.readouterr().out
    assert str(terminal.report) in said
    forms = re.findall(r"https://\S+/issues/new\?template=(\S+)", said)
    assert [(ROOT / ".github" / "ISSUE_TEMPLATE" / form).is_file() for form in forms] == [True]


async def test_earlier_report_is_kept(
    terminal: Terminal, simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an earlier check learned, which may have been billed, is not written over."""
    terminal.report.write_text("learned before", encoding="utf-8")
    assert await terminal.run() == 1
    assert terminal.read() == "learned before"
    assert "--report" in capsys.readouterr().out
    assert terminal.asked == []
    assert simulator.requests == {}


@pytest.mark.parametrize(
    "option",
    [
        "--url=http://example.com",
        "--url=https://u:p@example.com",
        "--client-secret=1",
        "--secret=1",
    ],
)
async def test_options_that_there_are_not(terminal: Terminal, option: str) -> None:
    """Credentials go nowhere in the clear, and on no command line."""
    with pytest.raises(SystemExit, match="2"):
        await terminal.run(option)
    assert terminal.asked == []


@pytest.mark.parametrize(
    ("locale", "language"), [("pt_BR.UTF-8", "pt-BR"), ("en_US.UTF-8", "en"), ("", "en")]
)
async def test_language_of_the_questions(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, locale: str, language: str
) -> None:
    """People are asked in the language of their terminal. The report is in English."""
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", locale)
    arguments = ["--url", terminal.url, "--report", str(terminal.report)]
    assert await asyncio.to_thread(main, arguments) == 0
    assert any(TEXTS[language].ask_call in prompt for prompt in terminal.asked)
    assert terminal.read().startswith("# What Directcall answered\n")


async def test_yes_in_portuguese(terminal: Terminal, simulator: Simulator) -> None:
    """Sim is a yes there, and y is none."""
    portuguese = TEXTS["pt-BR"]
    answers = {portuguese.ask_wrong_login: "Sim", portuguese.ask_recordings: "y"}
    terminal.answers = {}
    ask = terminal.input

    def answer(prompt: str) -> str:
        return next((said for text, said in answers.items() if text in prompt), "") or ask(prompt)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.input", answer)
        assert await terminal.run("--language", "pt-BR") == 0
    assert simulator.requests == {REQUEST_TOKEN: 2}


def test_both_languages_name_each_problem() -> None:
    """What can be wrong with a typed number can be said."""
    typed = set(NumberProblem) - {NumberProblem.UNQUOTED}
    assert all(set(texts.problems) == typed for texts in TEXTS.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty text"),
        (" 55 41  3060 0300", "text like `·99·99··9999·9999`"),
        ("João", "text like `Aaaa`"),
        ("x" * 33, "text of 33 characters"),
        ("a1" * 20, "hexadecimal, 40 characters"),
        ("6f7c10f9-06de-4bee-8eba-7fe141e5b635", "UUID"),
        ("`|\N{BELL}", "text like `???`"),
        ("https://[", "link, not a valid one"),
    ],
)
def test_shape(text: str, expected: str) -> None:
    """Of a value, only what it looks like is told."""
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("http://www.directdial.com.br/x", "`http`, to `….directdial.com.br`"),
        ("https://directcallsoft.com/x?y=z", "`https`, to `directcallsoft.com`"),
        ("https://maria.s3.amazonaws.com/x", "`https`, to `….amazonaws.com`"),
        ("http://u:p@192.168.0.1:80/x", "`http`, to an address"),
        ("http://5541987654321.com/x", "`http`, to an address"),
        ("/x", "to the same host"),
    ],
)
def test_host(link: str, expected: str) -> None:
    """Of a link, only the domain is told, and only if it is a plain one."""
    assert shown_host(link) == expected


def test_odd_media_type() -> None:
    """Not even a header is believed."""
    assert shown_media_type("audio/mpeg") == "`audio/mpeg`"
    assert shown_media_type("text/x; name=maria") == "an odd content type"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Client Secret incorreto", "Client Secret incorreto"),
        ("Usuário João não cadastrado", "Usuário … não cadastrado"),
        ("Usuário: Maria. Saldo de R$ 12,50", "Usuário: …. Saldo de …$ 12,50"),
        ("SALDO INSUFICIENTE", "SALDO INSUFICIENTE"),
        ("de joao@x.com.br, 0300 e 41 3060-0300", "de … … e …"),
        ("veja http://x.example/y?z=1 `agora`", "veja … 'agora'"),
        ("João Silva", "… …"),
        ("001 - Mensagem enviada - CALLER-ID: 123", "… - Mensagem enviada - CALLER-ID: …"),
    ],
)
def test_text_of_the_provider(text: str, expected: str) -> None:
    """What may be a name is masked, and what every text of the provider's has is not."""
    assert Masker().text(text) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("NÃO ATENDIDA", "`NÃO ATENDIDA`"),
        (" em_conversa ", "`em_conversa`"),
        ("ramal 12", "text like `aaaaa·99`"),
        ("ligue a b c d", "text like `aaaaa·a·a·a·a`"),
        ("x" * 41, "text of 41 characters"),
    ],
)
def test_word(word: str, expected: str) -> None:
    """A few words without a digit are told, of anything else the shape."""
    assert Masker().word(word) == expected


class Screen:
    """A check in a process of its own, on a terminal."""

    def __init__(self, process: asyncio.subprocess.Process, terminal: int) -> None:
        """Take note of all that it shows."""
        self.process = process
        self.shown = ""
        self._terminal = terminal

    async def until(self, text: str) -> None:
        """Wait until a text is shown."""
        assert self.process.stdout
        async with asyncio.timeout(60):
            while text not in self.shown:
                shown = await self.process.stdout.read(4096)
                assert shown, self.shown
                self.shown += shown.decode()

    async def type(self, question: str, answer: str) -> None:
        """Answer a question, once it is asked."""
        await self.until(question)
        os.write(self._terminal, f"{answer}\n".encode())

    async def leave(self) -> int:
        """Press Ctrl-C, and return the exit status."""
        self.process.send_signal(signal.SIGINT)
        # Enter, as Python looks for Ctrl-C only then if it came just before it began to read.
        os.write(self._terminal, b"\n")
        assert self.process.stdout
        async with asyncio.timeout(30):
            self.shown += (await self.process.stdout.read()).decode()
            status = await self.process.wait()
        os.set_blocking(self._terminal, False)
        self.shown += os.read(self._terminal, 65536).decode()
        return status


@asynccontextmanager
async def on_screen(simulator: Simulator, report: Path) -> AsyncIterator[Screen]:
    """Run a check in a process of its own, and sign in."""
    simulator.secrets[CLIENT_ID] = SECRET
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.live", "--language", "en"),
        *("--url", simulator.url, "--report", str(report)),
        cwd=ROOT,
        stdin=theirs,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        screen = Screen(process, ours)
        await screen.type(ENGLISH.credentials[0], CLIENT_ID)
        await screen.type(ENGLISH.credentials[1], SECRET)
        yield screen
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(theirs)
        os.close(ours)


async def test_secret_is_not_shown(simulator: Simulator, tmp_path: Path) -> None:
    """Neither the screen nor the report shows it, and Ctrl-C at a question writes the report."""
    async with on_screen(simulator, tmp_path / "report.md") as screen:
        await screen.until(ENGLISH.ask_free)
        assert await screen.leave() == 130
    assert CLIENT_ID in screen.shown
    assert SECRET not in screen.shown
    assert "Traceback" not in screen.shown
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "hexadecimal, 40 characters" in report
    assert leaks(report, simulator) == set()


async def test_interrupted_while_a_call_is_placed(simulator: Simulator, tmp_path: Path) -> None:
    """Ctrl-C during a request writes the report, and says that telephones may ring."""
    placed = asyncio.Event()
    simulator.on_call = lambda _: placed.set()
    async with on_screen(simulator, tmp_path / "report.md") as screen:
        await screen.type(ENGLISH.ask_free, "n")
        await screen.type(ENGLISH.ask_wrong_login, "n")
        await screen.type(ENGLISH.ask_call, "y")
        await screen.type(ENGLISH.origin, ORIGIN)
        await screen.type(ENGLISH.destination, "(41) 91234-9003")
        await screen.type(ENGLISH.ask_record, "n")
        await screen.type(ENGLISH.ask_end, "n")
        async with asyncio.timeout(30):
            await placed.wait()
        assert await screen.leave() == 130
    assert ENGLISH.interrupted in screen.shown
    assert "Traceback" not in screen.shown
    assert simulator.requests[PLACE_CALL] == 1
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "### 2. `POST voz/call`\n\n- No answer: interrupted\n" in report
    assert leaks(report, simulator) == set()
