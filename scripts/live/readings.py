"""Readings: what the integration takes a response for, and the facts that are learned from it."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import re
from typing import Any, Final

from yarl import URL

from custom_components.directcall.api import CallStatus, DirectcallNotActiveError, LegState
from custom_components.directcall.api.balance import read_balance
from custom_components.directcall.api.call_status import read_status
from custom_components.directcall.api.recordings import read_page
from custom_components.directcall.api.responses import ApiResponse, read_json
from custom_components.directcall.api.token_response import read_token
from custom_components.directcall.api.transport import parse_link

from .masking import read_claims
from .report import Report

# Polls until a call that was never listed counts as over, and from the answer until the end.
_SLOW_START: Final = 10
_TALK: Final = 5
# No time zone is further from UTC, in hours.
_FURTHEST_ZONE: Final = 14
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_VERDICTS: Final = ("cannot tell", "no", "yes")


class Readings:
    """Readings by the names that the questions have for them."""

    def __init__(self, facts: dict[str, Any], report: Report) -> None:
        """Add what is learned to the facts and to the report."""
        self._facts = facts
        self._report = report
        self._status_polls = self._talking_polls = 0
        self._verdict = _VERDICTS[0]

    def read(self, name: str, response: ApiResponse) -> str:
        """Return what a response is taken for. Raise DirectcallError if it is an error."""
        match name:
            case "none":
                return ""
            case "balance":
                return f"a balance, {read_balance(response).shape}"
            case "status":
                return self._read_status(response)
            case "token" | "login":
                token, lifetime = read_token(response)
                if name == "token":
                    self._keep_token(token, lifetime)
                return "a token"
        response.check()
        if name == "end":
            response.check_ended()
        if name == "recordings":
            for each in sorted(read_page(response).recordings, key=lambda r: r.started):
                self._facts["recording"] = each.link
        if name in {"recordings", "calls", "filter", "own"}:
            self._compare(name, list(self._links(response)))
        return "a yes"

    def _keep_token(self, token: str, lifetime: float) -> None:
        self._report.masker.hide(token, *token.split("."))
        self._report.note(f"the integration assumes that it lives for {lifetime:.0f} s")
        claims = read_claims(token)
        match claims.get("iat"), claims.get("exp"):
            case int() | float() as issued, int() | float() as expires:
                self._report.note(f"`exp - iat` is {expires - issued:.0f} s")
        if (older := self._facts.get("token")) == token:
            self._report.note("the same token was given again")
        elif older:
            self._facts["older"] = older
        self._facts["token"] = token

    def _read_status(self, response: ApiResponse) -> str:
        try:
            response.check()
            status = read_status(response, self._facts["pair"])
        except DirectcallNotActiveError:
            status = None
        if "sent" in self._facts:
            self._follow(status, response.fields.get("msg"))
        elif status is None:
            self._facts["idle"] = True
        return "a call" if status else "no call"

    def _follow(self, status: CallStatus | None, entries: object) -> None:
        self._status_polls += 1
        if status is None:
            if "listed" in self._facts or self._status_polls > _SLOW_START:
                self._facts |= {"over": True, "enough": True}
            return
        self._facts["listed"] = True
        legs = {"origin": status.origin, "destination": status.destination}
        for leg in status.legs:
            side = next((name for name in legs if legs[name] is leg), "another telephone")
            meaning = leg.state.name if leg.state else "**not known to the integration**"
            note = f"{side} {self._report.masker.word(leg.word)} ({meaning})"
            if self._report.note(note):
                print(note, flush=True)
        for entry in entries if isinstance(entries, list) else []:
            self._note_zone(entry)
        is_answered = (leg and leg.state is LegState.ANSWERED for leg in legs.values())
        self._talking_polls += all(is_answered)
        if self._talking_polls > _TALK and self._facts["ask_end"] == "s":
            self._facts |= {"talked": True, "enough": True}

    def _note_zone(self, entry: Any) -> None:
        """Note how far the provider's times of a call in progress are from UTC."""
        try:
            started = datetime.fromisoformat(entry["inicio"]).replace(tzinfo=UTC)
        except KeyError, TypeError, ValueError:
            return
        hours = round((started - datetime.now(UTC)) / timedelta(hours=1))
        is_now = abs(hours) <= _FURTHEST_ZONE
        note = f"of a call in progress: UTC{hours:+}" if is_now else "is not the present time"
        self._report.note(f"`inicio` {note}")

    def _links(self, response: ApiResponse) -> Iterator[tuple[URL, set[str]]]:
        """Yield each link of a list, and what may be the ID of its call."""
        rest = [read_json(response.body)]
        while rest:
            match rest.pop():
                case dict() as entry:
                    rest += entry.values()
                    texts = {name: text for name, text in entry.items() if isinstance(text, str)}
                    ids = {t for n, t in texts.items() if n == "callerid" or _UUID.fullmatch(t)}
                    for link in filter(None, map(parse_link, texts.values())):
                        self._report.masker.hide(str(link), link.path, link.name, *ids)
                        yield link, ids
                case list() as entries:
                    rest += entries

    def _compare(self, name: str, links: list[tuple[URL, set[str]]]) -> None:
        """Note if a link is made from the ID of its call. Only the verdict is written down."""
        if name == "filter":
            self._facts["is_obeyed"] = not links
            self._report.note(f"the filter is {'ignored' if links else 'obeyed'}")
            return
        # Another call's link proves nothing, unless it is made from the ID of this call.
        is_own = name == "own" and self._facts.get("is_obeyed") and len(links) == 1
        for link, ids in links:
            try:
                source = base64.b64decode(link.name, validate=True).decode()
            except ValueError:
                source = ""
            is_made = source and source in {*ids, self._facts.get("call")}
            verdict = "yes" if is_made else "no" if ids or is_own else "cannot tell"
            self._verdict = max(verdict, self._verdict, key=_VERDICTS.index)
        if self._verdict != "cannot tell":
            self._facts["compared"] = True
        note = "made from the ID of its call: "
        self._report.note(f"{note}{self._verdict}", replaces=note)
