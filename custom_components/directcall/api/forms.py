"""Forms of the requests, with the provider's names of fields."""

from datetime import datetime, timedelta
from typing import Final

from .models import ZONE, CallRequest, Delivery, NumberPair, RecordingQuery, Sms, VoiceMessage
from .number_parser import BRAZIL
from .phone_numbers import PhoneNumber

type Form = dict[str, str]

# `YmdHis` (provider's documentation).
_MOMENT: Final = "%Y%m%d%H%M%S"
# The provider may compare the beginning or the end of a call with the times of a query (a guess).
_AROUND: Final = timedelta(hours=2)
_ALMOST_AN_HOUR: Final = timedelta(minutes=59)


def call_form(request: CallRequest) -> Form:
    """Return the form that places a call."""
    return {
        **pair_form(request.pair),
        # The provider does not document a default for these three.
        "gravar": _yes_or_no(value=request.record),
        "cli": _yes_or_no(value=request.show_caller_id),
        "inverter_discagem": _yes_or_no(value=request.ring_destination_first),
    }


def pair_form(pair: NumberPair) -> Form:
    """Return the fields that identify a call in progress: its numbers, not its ID."""
    return {"origem": pair.origin.digits, "destino": pair.destination.digits}


def voice_message_form(message: VoiceMessage) -> Form:
    """Return the form that sends a voice message. An MP3 is not part of it."""
    form = {
        "origem": message.origin.digits,
        "tipo": "voz",
        "destino": ";".join(recipient.digits for recipient in message.recipients),
        "num_tentativas": str(message.attempts),
    }
    if isinstance(message.content, str):
        form["texto"] = message.content
    return form | _delivery_form(message.delivery)


def sms_form(sms: Sms) -> Form:
    """Return the form that sends an SMS."""
    return {
        "origem": sms.origin.digits,
        "tipo": "texto",
        "destino": ";".join(_sms_recipient(recipient) for recipient in sms.recipients),
        "texto": sms.text,
        **_delivery_form(sms.delivery),
    }


def recordings_form(query: RecordingQuery, page: int) -> Form:
    """Return the form that asks for a page of a list of recordings."""
    form = {
        "dataInicial": (query.start - _AROUND).astimezone(ZONE).strftime(_MOMENT),
        "dataFinal": (query.end + _AROUND).astimezone(ZONE).strftime(_MOMENT),
        "pagina": str(page),
        # Another version of the provider's documentation has `format`.
        "formato": "JSON",
    }
    if query.destination:
        form["numeroDestino"] = query.destination.digits
    if query.call_id:
        form["callerid"] = query.call_id
    return form


def balance_form() -> Form:
    """Return the form that asks for the balance."""
    # Endpoints beside it are documented with this name, and one client sends `format`.
    return {"formato": "JSON"}


def _yes_or_no(*, value: bool) -> str:
    return "s" if value else "n"


def _sms_recipient(recipient: PhoneNumber) -> str:
    # A number abroad begins with `00` (provider's documentation), in calls and voice messages not,
    # because it is documented with SMS alone (a guess).
    is_foreign = not recipient.digits.startswith((BRAZIL, "ip"))
    return f"00{recipient.digits}" if is_foreign else recipient.digits


def _delivery_form(delivery: Delivery) -> Form:
    form = {}
    if delivery.send_at:
        form["cron"] = delivery.send_at.astimezone(ZONE).strftime("%d-%m-%Y-%H-%M-%S")
    if delivery.earliest:
        # Zones may differ by half an hour. The next full hour is never before the requested one.
        form["enviar_de"] = _hour(delivery.earliest + _ALMOST_AN_HOUR)
    if delivery.latest:
        form["enviar_ate"] = _hour(delivery.latest)
    return form


def _hour(moment: datetime) -> str:
    # From 0 to 23, in the provider's zone.
    return str(moment.astimezone(ZONE).hour)
