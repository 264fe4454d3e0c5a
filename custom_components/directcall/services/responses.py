"""Responses of actions, one function a kind."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from ..account import DirectcallConfigEntry
from ..alerts import AlertStatus, Run, StepResult
from ..api import AcceptedRequest, Sms, VoiceMessage
from ..calls import HangUpResult, PlacedCall, PreventedCall
from ..contacts import AddressBook, Recipient, clean_name
from ..recordings import RecordingListing, media_content_id

# Most actions are performed without asking for the response.
type Respond = Callable[[], JsonObjectType]

_ACCEPTED: Final = {StepResult.ACCEPTED: True, StepResult.REFUSED: False, StepResult.UNKNOWN: None}


def alert_response(
    entry: DirectcallConfigEntry, run: Run, status: AlertStatus, *, repeated: bool
) -> JsonObjectType:
    """Return the response about an alert that was raised."""
    names = {
        contact.subentry_id: clean_name(contact.title) for contact in entry.subentries.values()
    }
    return {
        "alert_id": run.alert_id,
        "status": status,
        "repeated": repeated,
        "acknowledged_by": run.ended_by if run.end is AlertStatus.ACKNOWLEDGED else None,
        "told": [
            {
                "contact": names.get(step.contact),
                "channel": step.channel,
                "accepted": _ACCEPTED[step.result],
            }
            for step in run.steps
            if step.result in _ACCEPTED
        ],
    }


def ended_alerts_response(alert_ids: Iterable[str]) -> JsonObjectType:
    """Return the response about alerts that were acknowledged or cancelled."""
    return {"alert_ids": list(alert_ids)}


def call_response(placed: PlacedCall, *, with_outcome: bool) -> JsonObjectType:
    """Return the response about a call that was placed."""
    call, reply = placed.call, placed.reply
    response: JsonObjectType = {
        "call_id": call.call_id,
        "code": reply.code if reply else "",
        "message": str(reply.message) if reply else "",
        "origin": call.pair.origin.e164,
        "destination": call.pair.destination.e164,
        "contact": call.contact,
        "recorded": call.recorded,
    }
    if with_outcome:
        seconds = call.answered_after
        response["outcome"] = call.outcome
        response["seconds_to_answer"] = None if seconds is None else round(seconds)
    return response


def message_response(
    accepted: Sequence[AcceptedRequest],
    recipients: Iterable[Recipient],
    message: VoiceMessage | Sms,
) -> JsonObjectType:
    """Return the response about a message, for which one request or several were accepted."""
    message_ids = [request.provider_id for request in accepted if request.provider_id]
    response: JsonObjectType = {
        "message_id": message_ids[0] if message_ids else None,
        "message_ids": list(message_ids),
        "code": accepted[0].code,
        "message": str(accepted[0].message),
        "recipients": [recipient.number.e164 for recipient in recipients],
    }
    if isinstance(message, Sms):
        response["parts"] = message.parts
    return response


def recordings_response(
    entry_id: str, book: AddressBook, listing: RecordingListing
) -> JsonObjectType:
    """Return the response about the recordings of an account."""
    return {
        "recordings": [
            {
                "time": dt_util.as_local(recording.started).isoformat(),
                "origin": recording.origin.e164,
                "destination": recording.destination.e164,
                "contact": book.guess_by_number(recording.destination).contact,
                "media_content_id": media_content_id(entry_id, recording_id),
            }
            for recording_id, recording in listing.recordings.items()
        ],
        "complete": listing.is_complete,
    }


def reply_response(reply: HangUpResult) -> JsonObjectType:
    """Return the response about a reply of the provider, which a prevented call does not need."""
    if isinstance(reply, PreventedCall):
        return {"code": "", "message": ""}
    return {"code": reply.code, "message": str(reply.message)}
