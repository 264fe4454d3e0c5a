"""The live check: its consents, its requests, and the masking of its report."""

import asyncio
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import re
import socket

import pytest

from custom_components.directcall.api import NumberProblem
from scripts.live.__main__ import main
from scripts.live.check import TEXTS
from scripts.live.report import Question
from tests.simulator import BalanceShape, Recording, Rejection, Reply, Simulator, TokenShape

ROOT = Path(__file__).parent.parent
CLIENT_ID = "maria.souza@example.com"
SECRET = "000777s3cr3t"
ORIGIN = "(41) 98765-4321"
DESTINATION = "(41) 91234-8765"
PLACE_CALL = "voz/call"
BALANCE = "extrato/saldo"
STATUS = "voz/status"
REQUEST_TOKEN = "request_token"
ENGLISH = TEXTS["en"]
QUESTIONS = {name for name in ENGLISH if name.startswith("ask_")}


class Terminal:
    """A user who answers questions, by the names of their texts."""

    def __init__(self, simulator: Simulator, report: Path) -> None:
        """Sign in, and answer no to everything else."""
        self.report = report
        self.url = simulator.url
        self.answers: dict[str, list[str | type[BaseException]]] = {
            "origin": [ORIGIN],
            "destination": [DESTINATION],
        }
        self.secret = SECRET
        self.asked: list[str] = []

    def agree(self, *questions: str) -> None:
        """Answer yes to some questions."""
        self.answers.update({question: ["y"] for question in questions})

    async def agree_and_run(self, *questions: str, destination: str = DESTINATION) -> None:
        """Answer yes to some questions, name a destination, and finish the check."""
        self.agree(*questions)
        self.answers["destination"] = [destination]
        assert await self.run() == 0

    def input(self, prompt: str = "") -> str:
        """Answer a question, or press Enter if no answer is left."""
        self.asked.append(prompt)
        if prompt in {texts["client_id"] for texts in TEXTS.values()}:
            return CLIENT_ID
        answers = next((left for name, left in self.answers.items() if ENGLISH[name] in prompt), [])
        answer = answers.pop(0) if answers else ""
        if isinstance(answer, str):
            return answer
        raise answer

    async def run(self, *options: str) -> int:
        """Run the check to its end. Return its exit status."""
        arguments = ["--url", self.url, "--report", str(self.report), "--language", "en", *options]
        return await asyncio.to_thread(main, arguments)

    def read(self, question: Question | None = None) -> str:
        """Return the report, or the section of a question."""
        report = self.report.read_text(encoding="utf-8")
        return report.split(f"## {question}\n\n")[1].split("\n\n##")[0] if question else report


@pytest.fixture
def terminal(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return a user with an account, and with telephones in a hurry."""
    simulator.secrets[CLIENT_ID] = SECRET
    simulator.quirks.haste = 20
    terminal = Terminal(simulator, tmp_path / "report.md")
    monkeypatch.setattr("builtins.input", terminal.input)
    monkeypatch.setattr("scripts.live.check.getpass", lambda _: terminal.secret)
    seconds = {
        "_POLL": 0.05,
        "_MESSAGE_POLL": 0.01,
        "_SLOW_START": 0.5,
        "_LONGEST": 3,
        "_TALK": 0.2,
    }
    for name, value in seconds.items():
        monkeypatch.setattr(f"scripts.live.check.{name}", value)
    return terminal


def leaks(text: str, simulator: Simulator) -> set[str]:
    """Return private values in a text, also where their digits and letters are separated."""
    private = {
        *(CLIENT_ID, SECRET, "maria", "souza", "gravacao/id"),
        *("987654321", "98765-4321", "912348765", "91234-8765", "4321", "8765"),
        *(part for token in simulator.tokens for part in token.split(".")),
        *(call.call_id for call in simulator.calls),
        *(message.message_id for message in simulator.messages),
        *(recording.key for recording in simulator.recordings),
    }
    alphanumeric = re.sub(r"[^a-z0-9]", "", text.casefold())
    return {
        value
        for value in private
        if value.casefold() in text.casefold()
        or (len(value) > 5 and re.sub(r"[^a-z0-9]", "", value.casefold()) in alphanumeric)
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
    """Each request that is billed is sent once, and the masked report has every answer."""
    simulator.quirks.rejection = rejection
    simulator.quirks.token_shape = token_shape
    simulator.quirks.expires_in = expires_in
    simulator.quirks.error_status = error_status
    calls = {"status": "ok", "msg": [{"valor": "1,20", "nome_Cliente": "Maria"}]}
    simulator.reply("extrato/list", Reply(json.dumps(calls).encode()))
    await terminal.agree_and_run(*QUESTIONS)

    [call] = simulator.calls
    assert (call.origin, call.destination) == ("5541987654321", "5541912348765")
    assert call.recorded
    assert [message.is_spoken for message in simulator.messages] == [True, False]
    assert simulator.messages[0].form["num_tentativas"] == "1"
    assert [simulator.requests[name] for name in (PLACE_CALL, "sms/send")] == [1, 2]
    report = terminal.read()
    assert leaks(report, simulator) == set()
    assert report.count("Not tried.") == 1
    for question, *texts in (
        (Question.NO_LOGIN, "Not tried."),
        (Question.LIFETIME, "the integration assumes 3600 s"),
        (Question.NO_CALL, f"HTTP {error_status}", "`003`", "for: nothing"),
        (Question.BALANCE, "`POST extrato/saldo`: HTTP 404", "for: nothing"),
        (Question.OLDER, "`GET voz/status`: HTTP", "for: `DirectcallNotActiveError`"),
        (Question.REJECTION, "for: `DirectcallTokenRejectedError`"),
        (Question.WRONG_LOGIN, "for: `DirectcallAuthenticationError`"),
        (Question.CALL, "Completando a sua ligação"),
        (Question.ZONE, "`inicio` is not the present time"),
        (Question.END, "“Chamada finalizada.”"),
        (Question.END_OVER, "`DirectcallNotActiveError`"),
        (Question.MESSAGE_STATUS, "“Entregue”"),
        (Question.NO_RECORDINGS, "`msg`: empty list"),
        (Question.RECORDINGS, "`msg[].gravacao_link`: link, `http`, to an address"),
        (Question.CALLS, "`msg[].valor`: text like `9,99`"),
        (Question.CALLS, "`msg[].nome_Cliente`: text like `Aaaaa`"),
        (Question.LINK, "HTTP 200, `audio/x-wav`"),
        (Question.AUDIO, "`audio/x-wav`"),
        (Question.RANGES, "HTTP 206"),
    ):
        for text in texts:
            assert text in terminal.read(question)
    for word in ("chamando` (RINGING)", "atendida` (ANSWERED)"):
        for side in ("origin", "destination"):
            assert f"- {side} `{word}\n" in terminal.read(Question.WORDS)


@pytest.mark.parametrize(
    ("token_shape", "shape_pattern", "lifetime"),
    [
        (TokenShape.OPAQUE, "hexadecimal, 40 characters", "- the integration assumes 1800 s"),
        (
            TokenShape.JWT,
            "JWT, [0-9]{3} characters\n.*`access_token.aud`: text like `aaaaa.aaaaa@",
            "- the integration assumes 1800 s\n- `exp - iat` is 1800 s",
        ),
    ],
)
async def test_no_to_everything(
    terminal: Terminal,
    simulator: Simulator,
    token_shape: TokenShape,
    shape_pattern: str,
    lifetime: str,
) -> None:
    """One token is requested, and nothing else."""
    simulator.quirks.token_shape = token_shape
    simulator.quirks.expires_in = True
    simulator.quirks.token_lifetime = 1800
    assert await terminal.run() == 0
    assert simulator.requests == {REQUEST_TOKEN: 1}
    section = terminal.read(Question.SHAPE)
    assert re.search(f"`access_token`: {shape_pattern}", section, re.DOTALL)
    assert "`expires_in`: number `1800`" in section
    assert terminal.read(Question.LIFETIME) == lifetime
    assert terminal.read().count("Not tried.") == len(Question) - 2
    assert leaks(terminal.read(), simulator) == set()


@pytest.mark.parametrize("answer", ["", "n", "N", "yes please", "não", "1"])
async def test_only_a_yes_is_a_yes(terminal: Terminal, simulator: Simulator, answer: str) -> None:
    """Any other answer is a no."""
    terminal.answers.update({question: [answer] for question in QUESTIONS})
    assert await terminal.run() == 0
    assert simulator.requests == {REQUEST_TOKEN: 1}


@pytest.mark.parametrize("left_out", ["origin", "destination"])
async def test_no_number(terminal: Terminal, simulator: Simulator, left_out: str) -> None:
    """Without both numbers, nothing is sent that needs them."""
    terminal.agree(*QUESTIONS - {"ask_wrong_secret", "ask_recordings"})
    terminal.answers[left_out] = []
    assert await terminal.run() == 0
    assert simulator.requests == {REQUEST_TOKEN: 1}


async def test_number_that_cannot_be_called(
    terminal: Terminal, simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each problem of a number is named until the number is right."""
    terminal.agree("ask_free")
    terminal.answers["origin"] = [
        *("x", "3060-0300", "4004-0001", "(41) 9876-4321", "190", "0900 123 456"),
        *("005541999990000", "41 3060-0300 ramal 12", ORIGIN),
    ]
    terminal.answers["destination"] = [ORIGIN, DESTINATION]
    assert await terminal.run() == 0
    said = capsys.readouterr().out
    file = ROOT / "custom_components" / "directcall" / "translations" / "en.json"
    errors = json.loads(file.read_text(encoding="utf-8"))["config"]["error"]
    problems = set(NumberProblem) - {NumberProblem.UNQUOTED}
    assert {said.count(errors[problem]) for problem in problems} == {1}
    assert ENGLISH["same_number"] in said
    assert simulator.requests[STATUS] == 3


@pytest.mark.parametrize("rejection", Rejection)
async def test_wrong_credentials(
    terminal: Terminal, simulator: Simulator, rejection: Rejection
) -> None:
    """They are tried once, and the report has the answer."""
    simulator.quirks.rejection = rejection
    terminal.secret = "9998887776"
    terminal.agree(*QUESTIONS)
    assert await terminal.run() == 1
    assert simulator.requests == {REQUEST_TOKEN: 1}
    assert "for: `DirectcallAuthenticationError`" in terminal.read(Question.NO_LOGIN)
    assert terminal.secret not in terminal.read()


async def test_provider_is_not_there(terminal: Terminal) -> None:
    """The report says that no response was received."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        terminal.url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert await terminal.run() == 1
    assert "no answer, DirectcallConnectionFailedError, " in terminal.read(Question.NO_LOGIN)


@pytest.mark.parametrize("how", [KeyboardInterrupt, EOFError])
async def test_ended_early(
    terminal: Terminal, simulator: Simulator, how: type[BaseException]
) -> None:
    """The report has the answers until then."""
    terminal.agree("ask_free")
    terminal.answers["ask_call"] = [how]
    assert await terminal.run() == 130
    assert simulator.requests == {REQUEST_TOKEN: 2, BALANCE: 1, STATUS: 3}
    assert "`003`" in terminal.read(Question.NO_CALL)
    assert terminal.read(Question.CALL) == "Not tried."


async def test_ended_before_it_began(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """No empty report is left."""

    def leave(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", leave)
    assert await terminal.run() == 130
    assert not terminal.report.exists()


@pytest.mark.parametrize("ending", ["9001", "9002"])
async def test_call_without_an_answer(
    terminal: Terminal, simulator: Simulator, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A call without an answer is placed once and polled, and the outcome is shown as unclear."""
    await terminal.agree_and_run("ask_call", destination=f"(41) 99999-{ending}")
    assert len(simulator.calls) == simulator.requests[PLACE_CALL] == 1
    assert "DirectcallOutcomeUnknownError" in terminal.read(Question.CALL)
    assert "destination `atendida`" in terminal.read(Question.WORDS)
    said = capsys.readouterr().out
    assert ENGLISH["unclear"] in said
    # The user did not agree to end it.
    assert ENGLISH["call_goes_on"] in said


async def test_message_without_an_answer(terminal: Terminal, simulator: Simulator) -> None:
    """It is sent once."""
    await terminal.agree_and_run("ask_voice_message", destination="(41) 99999-9001")
    assert len(simulator.messages) == simulator.requests["sms/send"] == 1
    section = terminal.read(Question.VOICE_MESSAGE)
    assert "`POST sms/send`: no answer, DirectcallOutcomeUnknownError, " in section


async def test_call_that_is_refused(terminal: Terminal, simulator: Simulator) -> None:
    """It is requested once, and not polled."""
    await terminal.agree_and_run("ask_call", destination="(41) 99999-0201")
    assert simulator.requests == {REQUEST_TOKEN: 1, PLACE_CALL: 1}
    section = terminal.read(Question.CALL)
    assert "“Saldo insuficiente!”" in section
    assert "for: `DirectcallNoCreditError`" in section


async def test_call_without_a_status(terminal: Terminal, simulator: Simulator) -> None:
    """The status is polled again, and an end of the call is not assumed."""
    await terminal.agree_and_run("ask_call", destination="(41) 99999-9005")
    assert simulator.requests[STATUS] > 1
    assert terminal.read(Question.CALL_OVER) == "Not tried."
    section = terminal.read(Question.WORDS)
    assert "HTTP 503, `text/plain; charset=utf-8`\n  - No JSON object" in section


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
    assert word in terminal.read(Question.WORDS)
    assert "`003`" in terminal.read(Question.CALL_OVER)


@pytest.mark.parametrize("hours", [-3, 0, 2])
async def test_time_zone(terminal: Terminal, simulator: Simulator, hours: int) -> None:
    """The beginning of a call in progress shows the time zone of the provider's times."""
    started = datetime.now(UTC) + timedelta(hours=hours)
    leg = {"telefone": "5541987654321", "status": "falha", "inicio": f"{started:%Y-%m-%d %H:%M:%S}"}
    simulator.reply(STATUS, Reply(json.dumps({"status": "ok", "msg": [leg]}).encode()))
    await terminal.agree_and_run("ask_call", destination="(41) 99999-7006")
    assert f"`inicio` of a call in progress: UTC{hours:+}" in terminal.read(Question.ZONE)


async def test_new_token_ends_the_older(
    terminal: Terminal, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report shows the rejection, and the newer token is used from then on."""
    accept = simulator.accept

    def accept_alone(token: str) -> None:
        simulator.end_tokens()
        accept(token)

    monkeypatch.setattr(simulator, "accept", accept_alone)
    await terminal.agree_and_run("ask_free", "ask_sms")
    section = terminal.read(Question.OLDER)
    assert "for: `DirectcallTokenRejectedError`" in section.split("`GET voz/status`")[1]
    assert len(simulator.messages) == 1


async def test_same_token_again(terminal: Terminal, simulator: Simulator) -> None:
    """The older token is not tried then."""
    token = "A1b2" * 8
    simulator.accept(token)
    reply = Reply(json.dumps({"access_token": token}).encode())
    simulator.reply(REQUEST_TOKEN, reply, reply)
    await terminal.agree_and_run("ask_free")
    assert terminal.read(Question.OLDER).startswith("- the same token was given again\n")
    assert simulator.requests[STATUS] == 2
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
    await terminal.agree_and_run("ask_recordings")
    assert terminal.read(Question.LINK).startswith(f"- `GET a recording`: {head}")
    assert terminal.read(Question.AUDIO) == "Not tried."
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
    await terminal.agree_and_run("ask_recordings")
    assert simulator.requests["extrato/list-recordings"] == 2
    assert "  - `paginas`: number `2`" in terminal.read(Question.RECORDINGS)
    assert "`audio/x-wav`" in terminal.read(Question.AUDIO)


async def test_provider_that_tells_everything(terminal: Terminal, simulator: Simulator) -> None:
    """No private value is in the report, in whichever field a response repeats it."""
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
    await terminal.agree_and_run(*QUESTIONS - {"ask_wrong_secret"})
    report = terminal.read()
    assert leaks(report, simulator) == set()
    assert not re.search(r"jo[ãa]o|silva|directdial\.com\.br/|access_token=", report, re.IGNORECASE)
    assert "  - `(a name that varies).nome`: text like `Aaaaa·Aaaaa`" in report
    assert "HTTP 403, `text/…`, redirects: to the same host" in report
    assert terminal.read(Question.WORDS).count("- another telephone text ") == 2


@pytest.mark.parametrize(
    ("reply", "described"),
    [
        (Reply(b"<h1>Manuten", 503, "text/html"), "HTTP 503, `text/html`\n  - No JSON object"),
        (Reply(b"[1]", content_type=""), "HTTP 200, no valid content type\n  - No JSON object"),
        (Reply(drop=True), "no answer, DirectcallOutcomeUnknownError, "),
        (
            Reply(b"{}", 302, location="https://login.directcall.com.br/x"),
            "HTTP 302, `application/json`, redirects: `https`, to `….directcall.com.br`",
        ),
    ],
)
async def test_responses_that_cannot_be_read(
    terminal: Terminal, simulator: Simulator, reply: Reply, described: str
) -> None:
    """The report describes them as far as possible."""
    simulator.reply(PLACE_CALL, reply)
    await terminal.agree_and_run("ask_call")
    assert f"- `POST voz/call`: {described}" in terminal.read(Question.CALL)
    assert simulator.requests[PLACE_CALL] == 1


async def test_form_that_is_named(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    """The user is told where the report is, and the form for it exists."""
    assert await terminal.run() == 0
    said = capsys.readouterr().out
    assert str(terminal.report) in said
    forms = re.findall(r"https://\S+/issues/new\?template=(\S+)", said)
    assert [(ROOT / ".github" / "ISSUE_TEMPLATE" / form).is_file() for form in forms] == [True]


async def test_earlier_report_is_kept(
    terminal: Terminal, simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """An earlier report, for which requests may have been billed, is not replaced."""
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
async def test_unsafe_options(terminal: Terminal, option: str) -> None:
    """Credentials are neither sent in the clear nor read from the command line."""
    with pytest.raises(SystemExit, match="2"):
        await terminal.run(option)
    assert terminal.asked == []


@pytest.mark.parametrize(
    ("locale", "language"), [("pt_BR.UTF-8", "pt-BR"), ("en_US.UTF-8", "en"), ("", "en")]
)
async def test_language_of_the_questions(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, locale: str, language: str
) -> None:
    """The questions are in the language of the terminal. The report is in English."""
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", locale)
    arguments = ["--url", terminal.url, "--report", str(terminal.report)]
    assert await asyncio.to_thread(main, arguments) == 0
    assert any(TEXTS[language]["ask_call"] in prompt for prompt in terminal.asked)
    assert terminal.read().startswith("# What Directcall answered\n")


async def test_yes_in_portuguese(terminal: Terminal, simulator: Simulator) -> None:
    """In Portuguese, `sim` is a yes and `y` is a no."""
    portuguese = TEXTS["pt-BR"]
    answers = {portuguese["ask_wrong_secret"]: "Sim", portuguese["ask_recordings"]: "y"}
    terminal.answers = {}
    ask = terminal.input

    def answer(prompt: str) -> str:
        return next((said for text, said in answers.items() if text in prompt), "") or ask(prompt)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.input", answer)
        assert await terminal.run("--language", "pt-BR") == 0
    assert simulator.requests == {REQUEST_TOKEN: 2}


def test_both_languages_have_each_text() -> None:
    """Each text is translated, with the same placeholders."""
    english, portuguese = (
        {name: set(re.findall(r"{\w+}", text)) for name, text in texts.items()}
        for texts in TEXTS.values()
    )
    assert english == portuguese


@pytest.mark.parametrize(
    ("shape", "described"),
    [
        (BalanceShape.NUMBER, "  - `saldo`: number"),
        (BalanceShape.COMMA, "  - `saldo`: text like `9.999,99`"),
        (BalanceShape.XML, "HTTP 200, `text/xml; charset=utf-8`"),
    ],
)
async def test_balance_is_described(
    terminal: Terminal, simulator: Simulator, shape: BalanceShape, described: str
) -> None:
    """The shape of a balance is reported, and the amount is not."""
    simulator.quirks.balance_shape = shape
    await terminal.agree_and_run("ask_free")
    section = terminal.read(Question.BALANCE)
    assert described in section
    assert "for: a yes" in section
    assert "1234" not in section
    assert "1.234" not in section
