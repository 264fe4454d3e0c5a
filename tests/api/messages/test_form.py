"""Client: the form of voice messages and SMS."""

from datetime import datetime

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.directcall.api import (
    AcceptedRequest,
    Delivery,
    DirectcallClient,
    DirectcallRefusedError,
    PhoneNumber,
    RedactedText,
    Sessions,
    Sms,
    Token,
    VoiceMessage,
)
from tests.api.common import in_time
from tests.api.messages.common import (
    ALL,
    AUDIO,
    FIELDS,
    ORIGIN,
    RECIPIENT,
    YES,
    Send,
    at,
    numbers,
    play,
    speak,
    write,
)
from tests.common import REQUEST_TOKEN, SEND, TEXT
from tests.simulator import ACCOUNT, Simulator

TEN = [f"55419999910{number:02}" for number in range(10, 20)]


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
    """The form has exactly the necessary fields, as the documentation writes them."""
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
    """The caller decides the number of attempts for each telephone."""
    message = VoiceMessage(PhoneNumber(ORIGIN), numbers(), content, attempts)
    await client.send_voice_message(message, in_time())
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
    await client.send_voice_message(VoiceMessage(PhoneNumber(ORIGIN), numbers(), text), in_time())
    await client.send_sms(Sms(PhoneNumber(ORIGIN), numbers(), text), in_time())
    assert [message.form["texto"] for message in simulator.messages] == [text, text]
    assert [message.is_spoken for message in simulator.messages] == [True, False]
    assert [message.audio for message in simulator.messages] == [None, None]


@pytest.mark.parametrize("audio", [AUDIO, AUDIO.ljust(4_000_000, b"\r")], ids=["small", "largest"])
async def test_audio(
    client: DirectcallClient, simulator: Simulator, token: Token, audio: bytes
) -> None:
    """Audio arrives unchanged, up to the documented size."""
    message = VoiceMessage(PhoneNumber(ORIGIN), numbers(*TEN), audio, 7)
    sent = await client.send_voice_message(message, in_time())
    assert sent.provider_id == simulator.messages[0].message_id
    assert simulator.messages[0].audio == audio
    assert simulator.messages[0].is_spoken
    assert simulator.requests[SEND] == 1


async def test_parts_of_the_form(sessions: Sessions, token: Token) -> None:
    """Audio is a file in a multipart form, and each other field is in it once."""
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
    """The fields are in the form alone, because URLs are logged on their way."""
    urls: list[str] = []

    async def take(request: web.Request) -> web.Response:
        urls.append(request.raw_path)
        return web.Response(body=YES)

    app = web.Application()
    app.router.add_post("/sms/send", take)
    async with TestServer(app) as server:
        await send(DirectcallClient(sessions, server.make_url(""), *ACCOUNT), token)
    assert urls == ["/sms/send"]


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
    """An hour of delivery is sent in the provider's zone, never earlier or later than requested."""
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
    """A moment and both hours can be combined."""
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
    """The text of an object shows no message, audio, ID or whole number."""
    shown = repr(
        [
            VoiceMessage(PhoneNumber(ORIGIN), numbers(*TEN), "private"),
            VoiceMessage(PhoneNumber(ORIGIN), numbers(*TEN), b"ID3private"),
            Sms(PhoneNumber(ORIGIN), numbers(*TEN), "private"),
            AcceptedRequest("private", "000", RedactedText("private", ("private",))),
        ]
    )
    assert "VoiceMessage(" in shown
    assert "private" not in shown
    assert ORIGIN[-8:] not in shown
    assert TEN[0][-8:] not in shown


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
async def test_invalid_message_is_sent(
    client: DirectcallClient, simulator: Simulator, token: Token, message: VoiceMessage
) -> None:
    """Invalid fields are left to the provider to refuse."""
    with pytest.raises(DirectcallRefusedError) as caught:
        await client.send_voice_message(message, in_time())
    assert caught.value.code == "001"
    assert (simulator.requests[SEND], simulator.messages) == (1, [])
