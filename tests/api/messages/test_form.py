"""Voice messages and SMS, over real HTTP on loopback."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
import json
import time
from unittest.mock import patch
from zoneinfo import ZoneInfo

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest
from yarl import URL

from custom_components.directcall.api import (
    AuthenticationError,
    CancellationUnknownError,
    ConnectionFailedError,
    Delivery,
    DirectcallClient,
    DirectcallError,
    MessageAnswer,
    NoCreditError,
    OutcomeUnknownError,
    PhoneNumber,
    RefusedError,
    SentMessage,
    Sessions,
    Sms,
    Token,
    TokenRejectedError,
    VoiceMessage,
    transport as transport_module,
)
from tests.api.common import in_time
from tests.api.test_client import BROKEN, GARBAGE, chain, deaf_server
from tests.simulator import ACCOUNT, Rejection, Reply, Simulator

REQUEST_TOKEN = "request_token"
SEND = "sms/send"
STATUS = "sms/status"
REMOVE = "sms/remove"

ORIGIN = "554130600300"
RECIPIENT = "5541999990000"
TEN = [f"55419999910{number:02}" for number in range(10, 20)]
MESSAGE_ID = "98765.4321"
TEXT = "Fumaça na cozinha!"
# Every byte, also those that end a line, and a line that might end a part.
AUDIO = b"ID3" + bytes(range(256)) + b"\r\n--\r\n\n"
AT_ONCE = Delivery()
IN_A_MOMENT = 0.5
YES = b'{"status": "ok", "codigo": "000"}'

type Send = Callable[..., Awaitable[SentMessage]]
type Ask = Callable[[DirectcallClient, Token, str], Awaitable[MessageAnswer]]


def numbers(*wires: str) -> tuple[PhoneNumber, ...]:
    """Return telephone numbers; one if none is named."""
    return tuple(PhoneNumber(wire) for wire in wires or (RECIPIENT,))


async def speak(
    client: DirectcallClient, token: Token, *recipients: str, delivery: Delivery = AT_ONCE
) -> SentMessage:
    """Have a text spoken."""
    message = VoiceMessage(PhoneNumber(ORIGIN), numbers(*recipients), TEXT, delivery=delivery)
    return await client.send_voice_message(token, message, in_time())


async def play(
    client: DirectcallClient, token: Token, *recipients: str, delivery: Delivery = AT_ONCE
) -> SentMessage:
    """Have an MP3 played."""
    message = VoiceMessage(PhoneNumber(ORIGIN), numbers(*recipients), AUDIO, delivery=delivery)
    return await client.send_voice_message(token, message, in_time())


async def write(
    client: DirectcallClient, token: Token, *recipients: str, delivery: Delivery = AT_ONCE
) -> SentMessage:
    """Send an SMS."""
    sms = Sms(PhoneNumber(ORIGIN), numbers(*recipients), TEXT, delivery)
    return await client.send_sms(token, sms, in_time())


# What each way of sending has in its form beside what all of them have.
FIELDS = {
    speak: {"tipo": "voz", "num_tentativas": "3", "texto": TEXT},
    play: {"tipo": "voz", "num_tentativas": "3"},
    write: {"tipo": "texto", "texto": TEXT},
}
ALL: list[Send] = list(FIELDS)


@pytest.mark.parametrize(("send", "fields"), FIELDS.items(), ids=[send.__name__ for send in FIELDS])
@pytest.mark.parametrize("recipients", [[RECIPIENT], ["ip4130600300", RECIPIENT], TEN])
async def test_form(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    fields: dict[str, str],
    recipients: list[str],
) -> None:
    """What is sent is all that is needed, as the documentation writes it, and nothing else."""
    await send(client, token, *recipients)
    [message] = simulator.messages
    assert message.form == {
        **fields,
        "access_token": token.value,
        "origem": ORIGIN,
        "destino": ";".join(recipients),
        "format": "JSON",
    }
    assert message.destinations == recipients
    assert simulator.requests == {REQUEST_TOKEN: 1, SEND: 1}


@pytest.mark.parametrize(("send", "prefix"), [(speak, ""), (play, ""), (write, "00")])
async def test_abroad(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send, prefix: str
) -> None:
    """A number abroad has a prefix where it is written to, and only there; no other one has."""
    await send(client, token, "351912345678", RECIPIENT, "12125551234", "ip4130600300")
    assert simulator.messages[0].destinations == [
        f"{prefix}351912345678",
        RECIPIENT,
        f"{prefix}12125551234",
        "ip4130600300",
    ]


@pytest.mark.parametrize("content", [TEXT, AUDIO], ids=["text", "audio"])
@pytest.mark.parametrize("attempts", [1, 2, 10])
async def test_attempts(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    content: str | bytes,
    attempts: int,
) -> None:
    """How often a telephone is called is up to the caller."""
    message = VoiceMessage(PhoneNumber(ORIGIN), numbers(), content, attempts)
    await client.send_voice_message(token, message, in_time())
    assert simulator.messages[0].form["num_tentativas"] == str(attempts)


TEXTS = {
    "accents": "Atenção: água no porão. Àçéîõü ªº €",
    "emoji": "Fogo 🔥 👩‍🚒 🇧🇷",
    "lines": "um\ndois\r\n\n\ttrês ",
    "signs": "a&texto=b+c%20d;e=f?g#h\"'<\\>",
    "digits": "0012",
    "longest": "ç🔥" * 350,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_text(
    client: DirectcallClient, simulator: Simulator, token: Token, text: str
) -> None:
    """Nothing of a text is lost, spoken or written."""
    await client.send_voice_message(
        token, VoiceMessage(PhoneNumber(ORIGIN), numbers(), text), in_time()
    )
    await client.send_sms(token, Sms(PhoneNumber(ORIGIN), numbers(), text), in_time())
    assert [message.form["texto"] for message in simulator.messages] == [text, text]
    assert [message.is_spoken for message in simulator.messages] == [True, False]
    assert [message.audio for message in simulator.messages] == [None, None]


@pytest.mark.parametrize("audio", [AUDIO, AUDIO.ljust(4_000_000, b"\r")], ids=["small", "largest"])
async def test_audio(
    client: DirectcallClient, simulator: Simulator, token: Token, audio: bytes
) -> None:
    """Audio arrives byte for byte, up to as much as the documentation allows."""
    message = VoiceMessage(PhoneNumber(ORIGIN), numbers(*TEN), audio, 7)
    sent = await client.send_voice_message(token, message, in_time())
    assert sent.message_id == simulator.messages[0].message_id
    assert simulator.messages[0].audio == audio
    assert simulator.messages[0].is_spoken
    assert simulator.requests[SEND] == 1


async def test_parts_of_the_form(sessions: Sessions, token: Token) -> None:
    """Audio is a file in a form of several parts, and everything else stands beside it, once."""
    parts: list[tuple[str, object]] = []
    files: list[tuple[str, str, bytes]] = []

    async def take(request: web.Request) -> web.Response:
        assert request.content_type == "multipart/form-data"
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                files.append((value.filename, value.content_type, value.file.read()))
            parts.append((name, value if isinstance(value, str) else None))
        return web.Response(body=YES)

    app = web.Application()
    app.router.add_post("/sms/send", take)
    async with TestServer(app) as server:
        await play(DirectcallClient(sessions, server.make_url(""), *ACCOUNT), token, *TEN)
    assert files == [("audio.mp3", "audio/mpeg", AUDIO)]
    assert sorted(parts, key=lambda part: part[0]) == [
        ("access_token", token.value),
        ("audio", None),
        ("destino", ";".join(TEN)),
        ("format", "JSON"),
        ("num_tentativas", "3"),
        ("origem", ORIGIN),
        ("tipo", "voz"),
    ]


@pytest.mark.parametrize("send", ALL)
async def test_nothing_is_in_the_url(sessions: Sessions, token: Token, send: Send) -> None:
    """What is sent is in the form alone: a URL is seen, and kept, by who passes it on."""
    urls: list[str] = []

    async def take(request: web.Request) -> web.Response:
        urls.append(request.raw_path)
        return web.Response(body=YES)

    app = web.Application()
    app.router.add_post("/sms/send", take)
    async with TestServer(app) as server:
        await send(DirectcallClient(sessions, server.make_url(""), *ACCOUNT), token)
    assert urls == ["/sms/send"]


def at(zone: str, text: str, fold: int = 0) -> datetime:
    """Return a time in a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


# Years in which it is known when summer was, and in which Brazil had one.
@pytest.mark.freeze_time("2018-10-01", tick=True)
@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize(
    ("send_at", "cron"),
    [
        (at("America/Sao_Paulo", "2019-06-01 09:08:07"), "01-06-2019-09-08-07"),
        (at("America/Manaus", "2018-10-15 22:30"), "15-10-2018-23-30-00"),
        (at("America/Manaus", "2018-12-31 23:30"), "01-01-2019-01-30-00"),
        (at("UTC", "2018-12-01 12:00:05"), "01-12-2018-10-00-05"),
        (at("UTC", "2019-03-01 02:59:59"), "28-02-2019-23-59-59"),
        (at("Europe/Lisbon", "2019-03-01 00:00"), "28-02-2019-21-00-00"),
        (at("Europe/Lisbon", "2019-07-01 12:00"), "01-07-2019-08-00-00"),
        (at("Europe/Lisbon", "2018-10-28 01:30"), "27-10-2018-21-30-00"),
        (at("Europe/Lisbon", "2018-10-28 01:30", fold=1), "27-10-2018-22-30-00"),
        (at("Asia/Kolkata", "2019-06-02 05:00"), "01-06-2019-20-30-00"),
    ],
)
async def test_moment(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    send_at: datetime,
    cron: str,
) -> None:
    """A moment anywhere is written as the clocks at the provider's show it."""
    await send(client, token, delivery=Delivery(send_at))
    form = simulator.messages[0].form
    assert form["cron"] == cron
    assert not {"enviar_de", "enviar_ate"} & set(form)


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize(
    ("zone", "moment", "earliest", "latest"),
    [
        ("America/Sao_Paulo", "2019-06-03 00:00", "0", "0"),
        ("America/Sao_Paulo", "2019-06-03 08:00", "8", "8"),
        ("America/Sao_Paulo", "2019-06-03 23:00", "23", "23"),
        ("America/Manaus", "2019-06-03 07:00", "8", "8"),
        ("America/Manaus", "2019-06-03 23:00", "0", "0"),
        # It was summer in São Paulo, and never is in Manaus.
        ("America/Manaus", "2018-12-03 07:00", "9", "9"),
        ("UTC", "2019-06-03 00:00", "21", "21"),
        ("UTC", "2019-06-03 12:00", "9", "9"),
        ("Europe/Lisbon", "2019-03-03 10:00", "7", "7"),
        ("Europe/Lisbon", "2019-06-03 10:00", "6", "6"),
        # Half an hour, or a quarter of one, is lost rather than won.
        ("Asia/Kolkata", "2019-06-03 08:00", "0", "23"),
        ("Asia/Kolkata", "2019-06-03 20:00", "12", "11"),
        ("America/St_Johns", "2019-06-03 08:00", "8", "7"),
        ("America/Sao_Paulo", "2019-06-03 08:01", "9", "8"),
        ("America/Sao_Paulo", "2019-06-03 08:59", "9", "8"),
        ("Asia/Kathmandu", "2019-06-03 20:00", "12", "11"),
        ("Pacific/Chatham", "2019-06-03 20:00", "5", "4"),
    ],
)
async def test_hours(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    zone: str,
    moment: str,
    earliest: str,
    latest: str,
) -> None:
    """An hour of the day is the provider's, and never before or after the one that is wished."""
    hour = at(zone, moment)
    await send(client, token, delivery=Delivery(earliest=hour))
    await send(client, token, delivery=Delivery(latest=hour))
    await send(client, token, delivery=Delivery(earliest=hour, latest=hour))
    names = ("cron", "enviar_de", "enviar_ate")
    assert [{k: m.form[k] for k in names if k in m.form} for m in simulator.messages] == [
        {"enviar_de": earliest},
        {"enviar_ate": latest},
        {"enviar_de": earliest, "enviar_ate": latest},
    ]


@pytest.mark.freeze_time("2018-10-01", tick=True)
@pytest.mark.parametrize("send", ALL)
async def test_moment_and_hours(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """All three can be said at once."""
    day = "2019-06-03"
    hours = [at("America/Manaus", f"{day} {hour}:00") for hour in ("06", "08", "21")]
    await send(client, token, delivery=Delivery(*hours))
    form = simulator.messages[0].form
    assert form["cron"] == "03-06-2019-07-00-00"
    assert (form["enviar_de"], form["enviar_ate"]) == ("9", "22")


@pytest.mark.parametrize(
    ("origin", "length", "parts"),
    [
        (ORIGIN, 0, 1),
        (ORIGIN, 1, 1),
        (ORIGIN, 128, 1),
        (ORIGIN, 129, 2),
        (ORIGIN, 256, 2),
        (ORIGIN, 257, 3),
        (ORIGIN, 640, 5),
        (ORIGIN, 641, 6),
        (ORIGIN, 700, 6),
        (RECIPIENT, 127, 1),
        (RECIPIENT, 128, 2),
        ("ip41306003001", 127, 1),
        ("ip41306003001", 128, 2),
    ],
)
@pytest.mark.parametrize("character", ["x", "é", "@", "\n", "Ç"])
def test_parts(origin: str, length: int, parts: int, character: str) -> None:
    """A part has 140 characters, the origin's among them, and there is at least one."""
    assert Sms(PhoneNumber(origin), numbers(*TEN), character * length).parts == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        # What is outside the alphabet of SMS leaves 58 of 70 units beside the origin.
        ("ã" * 58, 1),
        ("ã" * 59, 2),
        ("x" * 58 + "ç", 2),
        ("😀" * 29, 1),
        ("😀" * 30, 2),
        ("😀" * 70, 3),
        # No emoji is cut in two.
        ("ã" * 57 + "😀" + "ã" * 57, 3),
        # The alphabet's extension takes two of 128.
        ("€" * 64, 1),
        ("€" * 65, 2),
        ("[x]" + "x" * 123, 1),
        ("[x]" + "x" * 124, 2),
        ("x" * 127 + "€" + "x" * 127, 3),
    ],
    ids=range(12),
)
def test_parts_by_alphabet(text: str, parts: int) -> None:
    """Characters take as much of a part as they do on the way to the telephone."""
    assert Sms(PhoneNumber(ORIGIN), numbers(*TEN), text).parts == parts


def test_repr_gives_nothing_away() -> None:
    """What may end in a log shows neither a text, nor audio, nor an id, nor a whole number."""
    shown = repr(
        [
            VoiceMessage(PhoneNumber(ORIGIN), numbers(*TEN), "private"),
            VoiceMessage(PhoneNumber(ORIGIN), numbers(*TEN), b"ID3private"),
            Sms(PhoneNumber(ORIGIN), numbers(*TEN), "private"),
            SentMessage("private", "000", ""),
        ]
    )
    assert "VoiceMessage(" in shown
    assert "private" not in shown
    assert ORIGIN[-8:] not in shown
    assert TEN[0][-8:] not in shown


@pytest.mark.parametrize("send", ALL)
async def test_yes(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """A success says `001` in its text, and a long number that is masked."""
    sent = await send(client, token)
    message_id = simulator.messages[0].message_id
    text = f"001 - Mensagem enviada com sucessso - CALLER-ID: …{message_id[-4:]}"
    assert sent == SentMessage(message_id, "000", text)
    assert client.statistics.requests == {REQUEST_TOKEN: 1, SEND: 1}
    assert client.statistics.errors == {}


async def scripted(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send, **answer: object
) -> SentMessage:
    """Send a message to two telephones, and get an answer."""
    simulator.reply(SEND, Reply(json.dumps({"status": "ok", **answer}).encode()))
    return await send(client, token, RECIPIENT, "5511988887777")


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        ({"codigo": "001", "msg": "001 - Ok"}, SentMessage(None, "001", "001 - Ok")),
        ({"codigo": 1, "callerid": "a"}, SentMessage("a", "001", "")),
        ({"callerid": 12345678900001}, SentMessage("12345678900001", "", "")),
        ({"msg": "41 99999-0000 ok"}, SentMessage(None, "", "…0000 ok")),
        ({"msg": "segredo 012345 http://x.br/?a=1"}, SentMessage(None, "", "segredo … …")),
        ({"msg": ["5541999990000"]}, SentMessage(None, "", "")),
    ],
)
async def test_other_yes(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    answer: dict[str, object],
    sent: SentMessage,
) -> None:
    """A yes is one whatever its code is, and its text gives nothing away."""
    assert await scripted(client, simulator, token, send, **answer) == sent


@pytest.mark.parametrize("send", ALL)
async def test_text_without_the_token(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """A token that the provider quotes is in no text."""
    sent = await scripted(client, simulator, token, send, msg=f"Ok: {token.value[:30]}")
    assert sent.message == "Ok: …"
    sent = await scripted(client, simulator, token, send, msg=f"Ok {' '.join(token.value)}")
    assert sent.message == "…"


@pytest.mark.parametrize("send", ALL)
async def test_message_without_id(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """An id may be missing: the message is sent all the same."""
    sent = await send(client, token, "5541999999004")
    assert (sent.message_id, sent.code) == (None, "000")
    assert len(simulator.messages) == simulator.requests[SEND] == 1


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize(
    "message_id",
    [
        "{token}",
        "id-{token}.1",
        "012345",
        "a012345b",
        "99990000",
        RECIPIENT,
        "41-99999-0000.7",
        "9_9a9@9b0.0:0-0",
        "id.1188887777",
        ORIGIN,
        "30600300",
        int(RECIPIENT),
        True,
        None,
        12.5,
        ["a"],
        "",
        "x y",
        "http://x.br/?a=1",
    ],
)
async def test_id_gives_nothing_away(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    message_id: object,
) -> None:
    """An id that holds a secret, or eight digits of anybody's number, is none; nor is a riddle."""
    answer = json.dumps({"status": "ok", "codigo": "000", "callerid": message_id})
    answer = answer.replace("{token}", token.value)
    simulator.reply(SEND, Reply(answer.encode()))
    sent = await send(client, token, RECIPIENT, "5511988887777")
    assert sent == SentMessage(None, "000", "")


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize(
    "message_id",
    ["6f7c10f9-06de-4bee-8eba-7fe141e5b635", "9990000", "01234", "x" * 64],
)
async def test_id_that_is_one(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send, message_id: str
) -> None:
    """An id is kept as it came, also where it ends as a number does."""
    sent = await scripted(client, simulator, token, send, callerid=message_id)
    assert sent.message_id == message_id


REFUSALS = {
    "201": (NoCreditError, "NoCreditError 201", "Saldo insuficiente!"),
    "102": (NoCreditError, "NoCreditError 102", "Não restam mais chamadas do tipo"),
    "001": (RefusedError, "RefusedError 001", "Erro no envio de parâmetros, inválido ou faltando"),
    "007": (RefusedError, "RefusedError 007", "Falha ao conectar no servidor de SMS"),
    "008": (RefusedError, "RefusedError 008", "Erro ao enviar a mensagem"),
    "011": (RefusedError, "RefusedError 011", "Problema no serviço de tarifação"),
    "100": (RefusedError, "RefusedError 100", "Problema na tarifação"),
}


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize(("code", "no"), REFUSALS.items(), ids=REFUSALS)
@pytest.mark.parametrize("status", [200, 400])
async def test_readable_no(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    code: str,
    no: tuple[type[RefusedError], str, str],
    status: int,
) -> None:
    """A readable no is raised with the provider's words, whoever it is about, and not repeated."""
    error, counted, text = no
    simulator.quirks.error_status = status
    with pytest.raises(RefusedError) as caught:
        await send(client, token, RECIPIENT, f"554199999{code:0>4}")
    assert type(caught.value) is error
    assert (caught.value.code, caught.value.message) == (code, text)
    assert simulator.requests[SEND] == 1
    assert simulator.messages == []
    assert client.statistics.errors == {counted: 1}


async def test_no_such_user(client: DirectcallClient, simulator: Simulator, token: Token) -> None:
    """An account that is not known is no matter of the message."""
    with pytest.raises(AuthenticationError):
        await write(client, token, "5541999990200")
    assert simulator.requests[SEND] == 1


BAD = {
    "eleven": VoiceMessage(PhoneNumber(ORIGIN), numbers(*TEN, RECIPIENT), TEXT),
    "eleven times": VoiceMessage(PhoneNumber(ORIGIN), numbers(), TEXT, 11),
    "nothing": VoiceMessage(PhoneNumber(ORIGIN), numbers(), ""),
    "too long": VoiceMessage(PhoneNumber(ORIGIN), numbers(), "x" * 701),
    "too large": VoiceMessage(PhoneNumber(ORIGIN), numbers(), AUDIO.ljust(4_000_001)),
    "no MP3": VoiceMessage(PhoneNumber(ORIGIN), numbers(), b"RIFF"),
    "no bytes": VoiceMessage(PhoneNumber(ORIGIN), numbers(), b""),
    "in the past": VoiceMessage(
        PhoneNumber(ORIGIN), numbers(), TEXT, delivery=Delivery(at("UTC", "2018-01-01"))
    ),
}


@pytest.mark.parametrize("message", BAD.values(), ids=BAD)
async def test_bad_message(
    client: DirectcallClient, simulator: Simulator, token: Token, message: VoiceMessage
) -> None:
    """What is not as it should be is the provider's to refuse."""
    with pytest.raises(RefusedError) as caught:
        await client.send_voice_message(token, message, in_time())
    assert caught.value.code == "001"
    assert (simulator.requests[SEND], simulator.messages) == (1, [])


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize("rejection", Rejection)
@pytest.mark.parametrize("status", [200, 400])
async def test_rejected_token(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    rejection: Rejection,
    status: int,
) -> None:
    """A token that is not accepted is known in whatever way that is said, and asked once."""
    simulator.quirks.rejection = rejection
    simulator.quirks.error_status = status
    simulator.end_tokens()
    with pytest.raises(TokenRejectedError) as caught:
        await send(client, token)
    assert token.value not in chain(caught.value)
    assert (simulator.requests[SEND], simulator.messages) == (1, [])


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize("status", [307, 308, 400, 403, 404, 413, 429])
async def test_http_no(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    status: int,
) -> None:
    """HTTP's own no is a no: not repeated, and redirects are not followed."""
    simulator.reply(SEND, Reply(b"x", status, location="/sms/send"))
    with pytest.raises(RefusedError) as caught:
        await send(client, token)
    assert caught.value.code == f"HTTP {status}"
    assert (simulator.requests[SEND], simulator.messages) == (1, [])


@pytest.mark.parametrize("send", ALL)
async def test_no_gives_nothing_away(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """Whatever a no quotes, it shows neither the token, nor the secret, nor a whole number."""
    text = f"{token.value} negado: destino {RECIPIENT}, senha 012345"
    with pytest.raises(RefusedError) as caught:
        await scripted(client, simulator, token, send, status="erro", codigo="001", msg=text)
    assert caught.value.message == "… negado: destino …0000, senha …"
    assert token.value not in chain(caught.value)
    assert RECIPIENT not in chain(caught.value)


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
async def test_no_readable_answer(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send, reply: Reply
) -> None:
    """What was sent without a readable answer is of unknown outcome, and never repeated."""
    simulator.reply(SEND, reply)
    with pytest.raises(OutcomeUnknownError) as caught:
        await send(client, token)
    assert type(caught.value) is OutcomeUnknownError
    assert token.value not in chain(caught.value)
    assert RECIPIENT not in chain(caught.value)
    assert simulator.requests == {REQUEST_TOKEN: 1, SEND: 1}
    assert client.statistics.requests == {REQUEST_TOKEN: 1, SEND: 1}
    assert client.statistics.errors == {"OutcomeUnknownError": 1}


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize(
    "answer",
    [
        {"codigo": "000", "callerid": "a"},
        {"codigo": "001", "msg": "001 - Mensagem enviada com sucessso"},
        {"status": "success", "codigo": "000"},
        {"status": True, "callerid": "a"},
    ],
)
async def test_answer_that_is_neither(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    send: Send,
    answer: dict[str, object],
) -> None:
    """What says neither yes nor no, in the provider's way, is of unknown outcome."""
    simulator.reply(SEND, Reply(json.dumps(answer).encode()))
    with pytest.raises(OutcomeUnknownError):
        await send(client, token)
    assert simulator.requests[SEND] == 1


@pytest.mark.parametrize("send", ALL)
@pytest.mark.parametrize("last_digits", ["9001", "9002"])
async def test_message_of_unknown_outcome_is_not_repeated(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send, last_digits: str
) -> None:
    """A message that was sent before the answer was lost is sent once."""
    with pytest.raises(OutcomeUnknownError):
        await send(client, token, f"554199999{last_digits}", RECIPIENT)
    assert len(simulator.messages) == simulator.requests[SEND] == 1


@pytest.mark.parametrize(
    ("send", "time_out"), [(speak, "TIMEOUT"), (play, "UPLOAD_TIMEOUT"), (write, "TIMEOUT")]
)
async def test_message_that_times_out_is_not_repeated(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send, time_out: str
) -> None:
    """A message whose answer does not come in time is sent once."""
    with patch.object(transport_module, time_out, IN_A_MOMENT), pytest.raises(OutcomeUnknownError):
        async with asyncio.timeout(5):
            await send(client, token, "5541999999003")
    assert len(simulator.messages) == simulator.requests[SEND] == 1


async def test_upload_has_its_own_time(
    client: DirectcallClient, simulator: Simulator, token: Token
) -> None:
    """Audio may take longer than anything else: it takes long until all of it is there."""
    simulator.quirks.call_delay = 0.8
    with patch.object(transport_module, "TIMEOUT", IN_A_MOMENT):
        assert (await play(client, token)).code == "000"
    assert transport_module.UPLOAD_TIMEOUT == 90


async def test_upload_that_breaks_off_is_not_repeated(sessions: Sessions, token: Token) -> None:
    """Audio of which a part was sent is of unknown outcome, and not sent again."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readexactly(100_000)
        writer.transport.abort()

    message = VoiceMessage(PhoneNumber(ORIGIN), numbers(), AUDIO.ljust(4_000_000))
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = DirectcallClient(sessions, URL(f"http://127.0.0.1:{port}"), *ACCOUNT)
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.send_voice_message(token, message, in_time())
    assert connections == 1
    assert token.value not in chain(caught.value)


@pytest.mark.parametrize("status", [403, 413])
async def test_upload_that_is_refused_early(sessions: Sessions, token: Token, status: int) -> None:
    """A no that comes before all of the audio was sent is a no, and nothing is sent again."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
        await reader.read()
        writer.close()

    message = VoiceMessage(PhoneNumber(ORIGIN), numbers(), AUDIO.ljust(4_000_000))
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = DirectcallClient(sessions, URL(f"http://127.0.0.1:{port}"), *ACCOUNT)
        with pytest.raises(RefusedError) as caught:
            await client.send_voice_message(token, message, in_time())
    assert caught.value.code == f"HTTP {status}"
    assert connections == 1


@pytest.mark.parametrize("send", ALL)
async def test_nothing_listens(
    client: DirectcallClient, simulator: Simulator, token: Token, pauses: list[float], send: Send
) -> None:
    """A refused connection is tried three times, and then it is an error."""
    await simulator.stop()
    with pytest.raises(ConnectionFailedError) as caught:
        await send(client, token)
    assert pauses == [1, 3]
    assert client.statistics.requests[SEND] == 3
    assert client.statistics.errors == {"ConnectionFailedError": 1}
    assert token.value not in chain(caught.value)


@pytest.mark.parametrize("send", ALL)
async def test_no_connection_in_time(
    sessions: Sessions, token: Token, pauses: list[float], send: Send
) -> None:
    """Where there is no connection in time, nothing is sent."""
    with deaf_server() as port, patch.object(transport_module, "CONNECT_TIMEOUT", 0.2):
        client = DirectcallClient(sessions, URL(f"http://127.0.0.1:{port}"), *ACCOUNT)
        with pytest.raises(ConnectionFailedError):
            await send(client, token)
    assert pauses == [1, 3]


@pytest.mark.parametrize("send", ALL)
async def test_session_is_closed(
    sessions: Sessions,
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    pauses: list[float],
    send: Send,
) -> None:
    """On a session that Home Assistant closed when it stopped, nothing is sent."""
    await sessions.close()
    with pytest.raises(ConnectionFailedError):
        await send(client, token)
    assert simulator.requests[SEND] == 0


@pytest.mark.parametrize("send", ALL)
async def test_connection_comes_back_at_last(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """A message of which nothing could be sent twice is sent whole the third time."""
    await simulator.stop()

    async def sleep(seconds: float) -> None:
        if seconds == 3:
            await simulator.start()

    with patch("custom_components.directcall.api.request_scope.asyncio.sleep", sleep):
        await send(client, token)
    [message] = simulator.messages
    assert message.form["destino"] == RECIPIENT
    assert message.audio == (AUDIO if send is play else None)
    assert client.statistics.requests[SEND] == 3


@pytest.mark.parametrize("send", ALL)
async def test_connection_comes_back(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """A message of which nothing could be sent at first is sent once, and whole."""
    await simulator.stop()
    sending = asyncio.ensure_future(send(client, token))
    await asyncio.sleep(0.5)
    assert not sending.done()
    await simulator.start()
    assert (await sending).code == "000"
    [message] = simulator.messages
    assert (message.text, message.audio) in [(TEXT, None), ("", AUDIO)]
    assert client.statistics.requests[SEND] == 2


@pytest.mark.parametrize("send", ALL)
async def test_connection_comes_back_late(
    client: DirectcallClient, simulator: Simulator, token: Token, send: Send
) -> None:
    """The last attempt is as whole as the first one."""
    await simulator.stop()

    async def sleep(seconds: float) -> None:
        if seconds == 3:
            await simulator.start()

    with patch("custom_components.directcall.api.request_scope.asyncio.sleep", sleep):
        assert (await send(client, token)).code == "000"
    [message] = simulator.messages
    assert (message.text, message.audio) in [(TEXT, None), ("", AUDIO)]
    assert client.statistics.requests[SEND] == 3


@pytest.mark.parametrize("send", ALL)
async def test_time_that_runs_out_somewhere(
    sessions: Sessions, token: Token, pauses: list[float], send: Send
) -> None:
    """A time-out of which it cannot be told whether anything was sent is of unknown outcome."""
    with deaf_server() as port, patch.multiple(transport_module, TIMEOUT=0.2, UPLOAD_TIMEOUT=0.2):
        client = DirectcallClient(sessions, URL(f"http://127.0.0.1:{port}"), *ACCOUNT)
        with pytest.raises(OutcomeUnknownError):
            await send(client, token)
    assert pauses == []


@pytest.fixture
async def message_id(client: DirectcallClient, token: Token) -> str:
    """Return the id of a message that is scheduled."""
    sent = await write(client, token, delivery=Delivery(at("UTC", "2090-01-01")))
    assert sent.message_id is not None
    return sent.message_id


async def look(client: DirectcallClient, token: Token, message_id: str) -> MessageAnswer:
    """Ask how a message stands."""
    return await client.message_status(token, message_id, in_time())


async def cancel(client: DirectcallClient, token: Token, message_id: str) -> MessageAnswer:
    """Cancel a message."""
    return await client.cancel_message(token, message_id, in_time())


# Each question about a message, where it goes to, and the error that a lost answer is.
ENDPOINTS: list[tuple[Ask, str]] = [(look, STATUS), (cancel, REMOVE)]
LOST: list[tuple[Ask, str, type[DirectcallError]]] = [
    (look, STATUS, ConnectionFailedError),
    (cancel, REMOVE, CancellationUnknownError),
]


async def test_status_of_a_message(
    client: DirectcallClient, simulator: Simulator, token: Token, message_id: str
) -> None:
    """What the provider says of a message is shown."""
    assert await look(client, token, message_id) == MessageAnswer("000", "Agendada")
    sent = await speak(client, token)
    assert await look(client, token, str(sent.message_id)) == MessageAnswer("000", "Entregue")
    await cancel(client, token, message_id)
    assert await look(client, token, message_id) == MessageAnswer("000", "Cancelada")
    assert simulator.requests[STATUS] == 3
    assert client.statistics.errors == {}


async def test_status_of_no_message(
    client: DirectcallClient, simulator: Simulator, token: Token, message_id: str
) -> None:
    """An id that is not known is refused, and not asked for again."""
    with pytest.raises(RefusedError) as caught:
        await look(client, token, "1")
    assert (caught.value.code, caught.value.message) == ("009", 'Campo code "" inexistente.')
    assert simulator.requests[STATUS] == 1
    assert client.statistics.errors == {"RefusedError 009": 1}


async def test_message_is_cancelled(
    client: DirectcallClient, simulator: Simulator, token: Token, message_id: str
) -> None:
    """A message that is scheduled is cancelled, once."""
    assert await cancel(client, token, message_id) == MessageAnswer("000", "Mensagem cancelada.")
    assert [message.cancelled for message in simulator.messages] == [True]
    with pytest.raises(RefusedError) as caught:
        await cancel(client, token, message_id)
    assert caught.value.code == "010"
    assert simulator.requests[REMOVE] == 2
    assert client.statistics.errors == {"RefusedError 010": 1}


async def test_message_that_was_sent_is_not_cancelled(
    client: DirectcallClient, simulator: Simulator, token: Token
) -> None:
    """What is not scheduled, or not known, cannot be cancelled."""
    sent = await speak(client, token)
    for message_id in (str(sent.message_id), "1"):
        with pytest.raises(RefusedError) as caught:
            await cancel(client, token, message_id)
        assert caught.value.code == "010"
    assert [message.cancelled for message in simulator.messages] == [False]
    assert simulator.requests[REMOVE] == 2


@pytest.mark.parametrize(("ask", "endpoint"), ENDPOINTS)
async def test_query(
    sessions: Sessions,
    simulator: Simulator,
    ask: Ask,
    endpoint: str,
) -> None:
    """A token and an id are in the URL of a GET, and nothing of them is lost."""
    client = DirectcallClient(sessions, URL(simulator.url), *ACCOUNT)
    token = Token("a+b/c=d&e%20f#g?~", 3600, time.monotonic())
    simulator.accept(token.value)
    with pytest.raises(RefusedError):
        await ask(client, token, "a:b@c._-1&d=e+f%20")
    assert simulator.requests == {endpoint: 1}
    assert simulator.queries == [
        {"access_token": token.value, "code": "a:b@c._-1&d=e+f%20", "format": "JSON"}
    ]


@pytest.mark.parametrize(("ask", "endpoint"), ENDPOINTS)
@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Entregue", "Entregue"),
        (f"Entregue a {RECIPIENT}", "Entregue a …0000"),
        ([{"destino": RECIPIENT, "status": "ok"}], "destino …0000 status ok"),
        ([{"destino": int(RECIPIENT)}], "destino …0000"),
        ([{"ddi": "55", "x": "41"}, "99999", "0000"], "ddi 55 x …0000"),
        ({"a": "55\t41\t99999\n0000"}, "a …0000"),
        ({"situação": "Não entregue 🔥"}, "situação Não entregue 🔥"),
        ({"senha": "012345"}, "senha …"),
        ({"token": "{token}"}, "token …"),
        (["{token}", "ok"], "… ok"),
        ({"ver": "http://x.br/?a=1", "ok": 1}, "ver … ok 1"),
        (["uma\nlinha"], "uma linha"),
        ([1, None, True], "1 None True"),
        (["x " * 400], "x " * 150 + "…"),
        (3, "3"),
        (True, "True"),
        ([], ""),
        ({}, ""),
        ("", ""),
        (None, ""),
    ],
)
async def test_words_of_an_answer(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    ask: Ask,
    endpoint: str,
    said: object,
    shown: str,
) -> None:
    """What is said of a message is shown also where it is not one text, and gives nothing away."""
    answer = json.dumps({"status": "ok", "codigo": "001", "msg": said})
    simulator.reply(endpoint, Reply(answer.replace("{token}", token.value).encode()))
    assert await ask(client, token, "1") == MessageAnswer("001", shown)


@pytest.mark.parametrize(("ask", "endpoint"), ENDPOINTS)
async def test_words_too_deep_to_be_read(
    client: DirectcallClient, simulator: Simulator, token: Token, ask: Ask, endpoint: str
) -> None:
    """Whatever the words are in, a yes is a yes."""
    deep = b"[" * 5000 + b"]" * 5000
    simulator.reply(endpoint, Reply(b'{"status": "ok", "codigo": "000", "msg": ' + deep + b"}"))
    assert await ask(client, token, "1") == MessageAnswer("000", "")


@pytest.mark.parametrize(("ask", "endpoint"), ENDPOINTS)
@pytest.mark.parametrize("said", [["um-token!"], {"um-token!": "ok"}, "um-token!"])
async def test_words_of_an_answer_without_the_token(
    client: DirectcallClient, simulator: Simulator, ask: Ask, endpoint: str, said: object
) -> None:
    """A token that the provider quotes is in no words, even if it is so short that it might be."""
    simulator.reply(endpoint, Reply(json.dumps({"status": "ok", "msg": said}).encode()))
    answer = await ask(client, Token("um-token!", 3600, time.monotonic()), MESSAGE_ID)
    assert "…" in answer.message
    assert "token" not in answer.message


@pytest.mark.parametrize(("ask", "endpoint"), ENDPOINTS)
async def test_answer_without_words(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    ask: Ask,
    endpoint: str,
) -> None:
    """An answer may say no more than that it is a yes."""
    simulator.reply(endpoint, Reply(b'{"status": "ok"}'))
    assert await ask(client, token, "1") == MessageAnswer("", "")


@pytest.mark.parametrize(("ask", "endpoint"), ENDPOINTS)
@pytest.mark.parametrize("rejection", Rejection)
async def test_rejected_token_in_a_query(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    message_id: str,
    ask: Ask,
    endpoint: str,
    rejection: Rejection,
) -> None:
    """A token that is not accepted is known where it stands in the URL, too."""
    simulator.quirks.rejection = rejection
    simulator.end_tokens()
    with pytest.raises(TokenRejectedError) as caught:
        await ask(client, token, message_id)
    assert token.value not in chain(caught.value)
    assert simulator.requests[endpoint] == 1
    assert not simulator.messages[0].cancelled


@pytest.mark.parametrize(("ask", "endpoint"), ENDPOINTS)
@pytest.mark.parametrize("status", [307, 308, 400, 404, 429])
async def test_http_no_to_a_query(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    ask: Ask,
    endpoint: str,
    status: int,
) -> None:
    """HTTP's own no is a no to a question, too."""
    simulator.reply(endpoint, Reply(b"", status, location=f"/{endpoint}"))
    with pytest.raises(RefusedError) as caught:
        await ask(client, token, "1")
    assert caught.value.code == f"HTTP {status}"
    assert simulator.requests[endpoint] == 1


@pytest.mark.parametrize(("ask", "endpoint", "error"), LOST)
@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
async def test_no_readable_answer_to_a_query(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    ask: Ask,
    endpoint: str,
    error: type[DirectcallError],
    reply: Reply,
) -> None:
    """A lost answer is asked for once, also by the HTTP client below."""
    simulator.reply(endpoint, reply)
    with pytest.raises(
        error, match=r"a clear answer|too long|ServerDisconnectedError|ClientPayloadError"
    ) as caught:
        await ask(client, token, MESSAGE_ID)
    assert type(caught.value) is error
    assert token.value not in chain(caught.value)
    assert MESSAGE_ID not in chain(caught.value)
    assert simulator.requests == {REQUEST_TOKEN: 1, endpoint: 1}
    assert client.statistics.errors == {error.__name__: 1}


async def test_each_request_has_its_own_connection(sessions: Sessions, token: Token) -> None:
    """No request goes out on a connection that served another, even if that is left open."""
    connections = 0
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(YES), YES)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await reader.read(65536):
            writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = DirectcallClient(sessions, URL(f"http://127.0.0.1:{port}"), *ACCOUNT)
        for send in ALL:
            await send(client, token)
        for ask, _ in ENDPOINTS:
            await ask(client, token, MESSAGE_ID)
    assert connections == 5


def test_cancellation_of_unknown_outcome_is_of_unknown_outcome() -> None:
    """Who only knows the general error catches this one, too."""
    assert issubclass(CancellationUnknownError, OutcomeUnknownError)


@pytest.mark.parametrize(
    ("ask", "endpoint", "waited"), [(look, STATUS, []), (cancel, REMOVE, [1, 3])]
)
async def test_question_without_connection(
    client: DirectcallClient,
    simulator: Simulator,
    token: Token,
    pauses: list[float],
    ask: Ask,
    endpoint: str,
    waited: list[float],
) -> None:
    """Where nothing could be sent, cancelling is tried three times, and looking once."""
    await simulator.stop()
    with pytest.raises(ConnectionFailedError) as caught:
        await ask(client, token, MESSAGE_ID)
    assert pauses == waited
    assert client.statistics.requests[endpoint] == len(waited) + 1
    assert token.value not in chain(caught.value)
    assert MESSAGE_ID not in chain(caught.value)


async def test_cancelling_waits_for_the_connection(
    client: DirectcallClient, simulator: Simulator, token: Token, message_id: str
) -> None:
    """A message is cancelled once there is a connection again."""
    await simulator.stop()
    cancelling = asyncio.create_task(cancel(client, token, message_id))
    await asyncio.sleep(0.5)
    await simulator.start()
    assert (await cancelling).code == "000"
    assert simulator.messages[0].cancelled
    assert simulator.requests[REMOVE] == 1


@pytest.mark.parametrize(("ask", "endpoint", "error"), LOST)
@pytest.mark.parametrize("answer", [b"", GARBAGE, None], ids=["none", "garbage", "late"])
async def test_url_with_the_token_is_in_no_error(
    sessions: Sessions,
    token: Token,
    ask: Ask,
    endpoint: str,
    error: type[DirectcallError],
    answer: bytes | None,
) -> None:
    """Neither an error, nor what led to it, shows the URL of a question."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        head = await reader.readuntil(b"\r\n\r\n")
        assert token.value.encode() in head
        if answer is None:
            await reader.read()
        writer.write(answer or b"")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = DirectcallClient(sessions, URL(f"http://127.0.0.1:{port}"), *ACCOUNT)
        with (
            patch.object(transport_module, "TIMEOUT", IN_A_MOMENT),
            pytest.raises(error) as caught,
        ):
            async with asyncio.timeout(5):
                await ask(client, token, MESSAGE_ID)
    assert type(caught.value) is error
    assert connections == 1
    text = chain(caught.value)
    assert token.value not in text
    assert MESSAGE_ID not in text
