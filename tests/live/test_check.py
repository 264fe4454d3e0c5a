"""The live check: its consents, its requests, and the masking of its report."""

import asyncio
from dataclasses import replace
import json
import re
import socket
import time

import pytest

from custom_components.directcall.api import NumberProblem
from scripts.live.__main__ import main
from scripts.live.check import TEXTS
from scripts.live.questions import QUESTIONS
from tests.live.user import (
    CALL,
    CALL_OVER,
    CLIENT_ID,
    CONSENTS,
    DESTINATION,
    END,
    END_OVER,
    ENGLISH,
    FORM,
    LINK,
    MADE,
    MISSING,
    NO_CALL,
    NO_CALL_TO_END,
    NO_RECORDINGS,
    OLDER,
    ORIGIN,
    PLACE_CALL,
    RANGES,
    RECORDINGS,
    REJECTION,
    REQUEST_TOKEN,
    ROOT,
    SECRET,
    SMS_STATUS,
    STATUS,
    TOKEN,
    UNKNOWN,
    VOICE_MESSAGE,
    VOICE_MESSAGE_STATUS,
    WORDS,
    WRONG_ID,
    WRONG_SECRET,
    Terminal,
    leaks,
)
from tests.simulator import (
    BalanceShape,
    NetworkCall,
    Quirks,
    Rejection,
    Reply,
    Simulator,
    TokenShape,
)
from tests.simulator.telephones import Line

QUIRKS = {
    "older shape": Quirks(expires_in=True),
    "newer shape": Quirks(
        token_shape=TokenShape.JWT,
        error_status=400,
        balance_shape=BalanceShape.TEXT,
        ends_older_tokens=True,
        format_names=("formato",),
        links_by_call_id=True,
        lists_calls=True,
    ),
}


@pytest.mark.parametrize("rejection", Rejection)
@pytest.mark.parametrize("shape", QUIRKS)
async def test_yes_to_everything(
    terminal: Terminal, simulator: Simulator, rejection: Rejection, shape: str
) -> None:
    """Each request that is billed is sent once, and the masked report has every answer."""
    is_newer = shape == "newer shape"
    simulator.quirks = replace(QUIRKS[shape], rejection=rejection)
    await terminal.agree_and_run(*CONSENTS)

    [call] = simulator.calls
    assert (call.origin, call.destination) == ("5541987654321", "5541912348765")
    assert call.recorded
    assert [message.is_spoken for message in simulator.messages] == [True, False]
    assert simulator.messages[0].form["num_tentativas"] == "1"
    assert [simulator.requests[name] for name in (PLACE_CALL, "sms/send")] == [1, 2]
    report = terminal.read()
    assert leaks(report, simulator) == set()
    assert "Not tried." not in report
    refusal = f"HTTP {400 if is_newer else 200}, `text/html; charset=utf-8`, JSON"
    older = "`DirectcallTokenRejectedError`" if is_newer else "a yes"
    for question, *texts in (
        (TOKEN, "the integration assumes that it lives for 3600 s"),
        (NO_RECORDINGS, "`msg`: empty list"),
        (OLDER, f"for: {older}"),
        (REJECTION, "for: `DirectcallTokenRejectedError`", refusal, "“token não informado”"),
        (MISSING, refusal, "`codigo`: text `001`", "`codigo`: text `009`"),
        (UNKNOWN, "`codigo`: text `009`", "`POST no-method`: HTTP 404"),
        (NO_CALL, refusal, "`codigo`: text `003`", "for: no call"),
        (NO_CALL_TO_END, refusal, "for: `DirectcallNotActiveError`"),
        (FORM, refusal),
        (CALL, "Completando a sua ligação"),
        (WORDS, "`inicio` is not the present time"),
        (END, "“Chamada finalizada.”"),
        (CALL_OVER, "`003`"),
        (END_OVER, "for: `DirectcallNotActiveError`"),
        (VOICE_MESSAGE_STATUS, "“Entregue”", "6 times the same"),
        (SMS_STATUS, "“Entregue”", "6 times the same"),
        (RECORDINGS, "`msg[].gravacao_link`: link, `http`, to an address"),
        (MADE, "the filter is obeyed", f"of its call: {'yes' if is_newer else 'no'}\n"),
        (LINK, "HTTP 200, `audio/x-wav`", "for: `audio/x-wav`"),
        (RANGES, "HTTP 206"),
        (WRONG_SECRET, "for: `DirectcallAuthenticationError`"),
        (WRONG_ID, "for: `DirectcallAuthenticationError`"),
    ):
        for text in texts:
            assert text in terminal.read(question)
    for word in ("chamando` (RINGING)", "atendida` (ANSWERED)"):
        for side in ("origin", "destination"):
            assert f"- {side} `{word}\n" in terminal.read(WORDS)


async def test_call_in_progress_is_not_ended(terminal: Terminal, simulator: Simulator) -> None:
    """A call of somebody else between the two telephones goes on."""
    line = Line("5541987654321", "5541912348765", time.monotonic() - 20)
    simulator.calls.append(
        NetworkCall(
            line.first, line.second, line.first, recorded=False, form={}, line=line, call_id="id"
        )
    )
    await terminal.agree_and_run("ask_free")
    assert "for: a call\n" in f"{terminal.read(NO_CALL)}\n"
    assert terminal.read(NO_CALL_TO_END) == "Not tried."
    assert simulator.requests["voz/end"] == 0
    assert not line.ended


@pytest.mark.parametrize(
    ("token_shape", "shape_pattern", "claims"),
    [
        (TokenShape.OPAQUE, "hexadecimal, 40 characters", ""),
        (
            TokenShape.JWT,
            "JWT, [0-9]{3} characters\n.*`access_token.aud`: text like `aaaaa.aaaaa@",
            "- `exp - iat` is 1800 s\n",
        ),
    ],
)
async def test_no_to_everything(
    terminal: Terminal,
    simulator: Simulator,
    token_shape: TokenShape,
    shape_pattern: str,
    claims: str,
) -> None:
    """One token is requested, and nothing else."""
    simulator.quirks.token_shape = token_shape
    simulator.quirks.expires_in = True
    simulator.quirks.token_lifetime = 1800
    assert await terminal.run() == 0
    assert simulator.requests == {REQUEST_TOKEN: 1}
    section = terminal.read(TOKEN)
    assert re.search(f"`access_token`: {shape_pattern}", section, re.DOTALL)
    assert "`expires_in`: number `1800`" in section
    assert section.startswith(
        f"- the integration assumes that it lives for 1800 s\n{claims}- `POST request_token "
    )
    assert terminal.read().count("Not tried.") == len(QUESTIONS) - 1
    assert leaks(terminal.read(), simulator) == set()


@pytest.mark.parametrize("answer", ["", "n", "N", "yes please", "não", "1"])
async def test_only_a_yes_is_a_yes(terminal: Terminal, simulator: Simulator, answer: str) -> None:
    """Any other answer is a no."""
    terminal.answers.update({question: [answer] for question in CONSENTS})
    assert await terminal.run() == 0
    assert simulator.requests == {REQUEST_TOKEN: 1}


@pytest.mark.parametrize("left_out", ["origin", "destination"])
async def test_no_number(terminal: Terminal, simulator: Simulator, left_out: str) -> None:
    """Without both numbers, nothing is sent that needs them."""
    terminal.agree(*CONSENTS - {"ask_wrong_secret", "ask_lists"})
    terminal.answers[left_out] = []
    assert await terminal.run() == 0
    assert not simulator.requests.keys() & {PLACE_CALL, "sms/send", "voz/end", STATUS}
    assert "`msg`: empty list" in terminal.read(NO_RECORDINGS)
    # Each number is asked for once.
    assert sum(ENGLISH[left_out] in prompt for prompt in terminal.asked) == 1


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
    assert "for: no call" in terminal.read(NO_CALL)


@pytest.mark.parametrize("rejection", Rejection)
async def test_wrong_credentials(
    terminal: Terminal, simulator: Simulator, rejection: Rejection
) -> None:
    """They are tried once, and the report has the answer."""
    simulator.quirks.rejection = rejection
    terminal.secret = "9998887776"
    terminal.agree(*CONSENTS)
    assert await terminal.run() == 1
    assert simulator.requests == {REQUEST_TOKEN: 1}
    assert "for: `DirectcallAuthenticationError`" in terminal.read(TOKEN)
    assert terminal.secret not in terminal.read()


async def test_provider_is_not_there(terminal: Terminal) -> None:
    """The report says that no response was received."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        terminal.url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert await terminal.run() == 1
    assert "no answer, DirectcallConnectionFailedError, " in terminal.read(TOKEN)


@pytest.mark.parametrize("how", [KeyboardInterrupt, EOFError])
async def test_ended_early(
    terminal: Terminal, simulator: Simulator, how: type[BaseException]
) -> None:
    """The report has the answers until then."""
    terminal.agree("ask_free")
    terminal.answers["ask_call"] = [how]
    assert await terminal.run() == 130
    assert simulator.requests[PLACE_CALL] == 0
    assert "`003`" in terminal.read(NO_CALL)
    assert terminal.read(CALL) == "Not tried."


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
    assert "DirectcallOutcomeUnknownError" in terminal.read(CALL)
    assert "destination `atendida`" in terminal.read(WORDS)
    said = capsys.readouterr().out
    assert ENGLISH["unclear"] in said
    # The user did not agree to end it.
    assert ENGLISH["call_goes_on"] in said


async def test_message_without_an_answer(terminal: Terminal, simulator: Simulator) -> None:
    """It is sent once."""
    await terminal.agree_and_run("ask_voice_message", destination="(41) 99999-9001")
    assert len(simulator.messages) == simulator.requests["sms/send"] == 1
    section = terminal.read(VOICE_MESSAGE)
    assert "num_tentativas=1`: no answer, DirectcallOutcomeUnknownError, " in section


async def test_call_that_is_refused(terminal: Terminal, simulator: Simulator) -> None:
    """It is requested once, and not polled."""
    await terminal.agree_and_run("ask_call", destination="(41) 99999-0201")
    assert simulator.requests == {REQUEST_TOKEN: 2, PLACE_CALL: 1}
    section = terminal.read(CALL)
    assert "“Saldo insuficiente!”" in section
    assert "for: `DirectcallNoCreditError`" in section


async def test_call_without_a_status(terminal: Terminal, simulator: Simulator) -> None:
    """The status is polled again, and an end of the call is not assumed."""
    await terminal.agree_and_run("ask_call", destination="(41) 99999-9005")
    section = terminal.read(WORDS)
    assert "HTTP 503, `text/plain; charset=utf-8`, an element `h1`" in section
    assert "destination `atendida` (ANSWERED)" in section
    assert terminal.read(END_OVER) == "Not tried."


async def test_token_that_lives_for_a_short_time(terminal: Terminal, simulator: Simulator) -> None:
    """After each yes there is a new token, because the user may have thought for long."""

    def answer(prompt: str) -> str:
        if ENGLISH["ask_sms"] in prompt:
            simulator.end_tokens()
        return terminal.input(prompt)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.input", answer)
        await terminal.agree_and_run("ask_voice_message", "ask_sms")
    assert len(simulator.messages) == 2


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
    # More than are asked for, but for the status.
    for endpoint in ("sms/send", "extrato/list-recordings", "extrato/list", "sms/recebimento"):
        simulator.reply(endpoint, *[said] * 20)
    simulator.reply(STATUS, *[said] * 5)
    accepted = {"status": "ok", "codigo": "000", "msg": text, "callerid": text}
    simulator.reply(PLACE_CALL, Reply(json.dumps(accepted).encode()))
    legs = [{"telefone": "5541987654321", "status": word} for word in (text, "com Maria", "4321")]
    simulator.reply(STATUS, Reply(json.dumps({"status": "ok", "msg": legs}).encode()))
    await terminal.agree_and_run(*CONSENTS - {"ask_wrong_secret"})
    report = terminal.read()
    assert leaks(report, simulator) == set()
    assert not re.search(
        r"jo[ãa]o|silva|directdial\.com\.br/|access_token=\w", report, re.IGNORECASE
    )
    assert "  - `(a name that varies).nome`: text like `Aaaaa·Aaaaa`" in report
    assert "HTTP 403, `text/…`, redirects: to the same host" in report
    assert terminal.read(WORDS).count("- another telephone text ") == 2


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
    answers = {portuguese["ask_wrong_secret"]: "Sim", portuguese["ask_lists"]: "y"}
    terminal.answers = {}
    ask = terminal.input

    def answer(prompt: str) -> str:
        return next((said for text, said in answers.items() if text in prompt), "") or ask(prompt)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.input", answer)
        assert await terminal.run("--language", "pt-BR") == 0
    assert simulator.requests == {REQUEST_TOKEN: 4}
    assert terminal.read(RECORDINGS) == "Not tried."


def test_both_languages_have_each_text() -> None:
    """Each text is translated, with the same placeholders."""
    english, portuguese = (
        {name: set(re.findall(r"{\w+}", text)) for name, text in texts.items()}
        for texts in TEXTS.values()
    )
    assert english == portuguese
