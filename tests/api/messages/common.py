"""Helpers of the tests of messages."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from custom_components.directcall.api import (
    AcceptedRequest,
    Delivery,
    DirectcallClient,
    PhoneNumber,
    Sms,
    Token,
    VoiceMessage,
)
from tests.api.common import in_time
from tests.common import TEXT

ORIGIN = "554130600300"
RECIPIENT = "5541999990000"
# Every byte, also those that end a line, and a line that might end a part.
AUDIO = b"ID3" + bytes(range(256)) + b"\r\n--\r\n\n"
AT_ONCE = Delivery()
IN_A_MOMENT = 0.5
YES = b'{"status": "ok", "codigo": "000"}'
type Send = Callable[..., Awaitable[AcceptedRequest]]


def numbers(*wires: str) -> tuple[PhoneNumber, ...]:
    """Return telephone numbers; one if none is named."""
    return tuple(PhoneNumber(digits) for digits in wires or (RECIPIENT,))


async def speak(
    client: DirectcallClient, token: Token, *recipients: str, delivery: Delivery = AT_ONCE
) -> AcceptedRequest:
    """Have a text spoken."""
    client.auth.token = token
    message = VoiceMessage(PhoneNumber(ORIGIN), numbers(*recipients), TEXT, delivery=delivery)
    return await client.send_voice_message(message, in_time())


async def play(
    client: DirectcallClient, token: Token, *recipients: str, delivery: Delivery = AT_ONCE
) -> AcceptedRequest:
    """Have an MP3 played."""
    client.auth.token = token
    message = VoiceMessage(PhoneNumber(ORIGIN), numbers(*recipients), AUDIO, delivery=delivery)
    return await client.send_voice_message(message, in_time())


async def write(
    client: DirectcallClient, token: Token, *recipients: str, delivery: Delivery = AT_ONCE
) -> AcceptedRequest:
    """Send an SMS."""
    client.auth.token = token
    sms = Sms(PhoneNumber(ORIGIN), numbers(*recipients), TEXT, delivery)
    return await client.send_sms(sms, in_time())


# What each way of sending has in its form beside what all of them have.
FIELDS = {
    speak: {"tipo": "voz", "num_tentativas": "3", "texto": TEXT},
    play: {"tipo": "voz", "num_tentativas": "3"},
    write: {"tipo": "texto", "texto": TEXT},
}
ALL: list[Send] = list(FIELDS)


def at(zone: str, text: str, fold: int = 0) -> datetime:
    """Return a time in a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
