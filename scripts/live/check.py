"""Check: each question is asked after the user's consent, and its answer is noted."""

import asyncio
from datetime import datetime, timedelta
from getpass import getpass
import json
from pathlib import Path
from secrets import token_hex
from time import sleep
from typing import Any, Final
import uuid

from yarl import URL

from custom_components.directcall import api
from custom_components.directcall.api.models import ZONE

from .client import open_recording, open_sessions, send
from .questions import QUESTIONS, Question, Request
from .readings import Readings
from .report import INTEGRATION, Exchange, Report

_TEXTS: Final = json.loads(Path(__file__).with_name("texts.json").read_text(encoding="utf-8"))
TEXTS: Final[dict[str, dict[str, str]]] = {
    language: {name: texts[language] for name, texts in _TEXTS.items()}
    for language in _TEXTS["welcome"]
}
# Days from now. The provider keeps calls for 90 days (provider's documentation).
_TIMES: Final = {"long_ago": -200, "kept": -90, "soon": 1 / 12}


class Check:
    """A check with one account."""

    def __init__(self, language: str, url: URL, report: Report, runner: asyncio.Runner) -> None:
        """Prepare a check. The runner lets Ctrl-C end a question at once."""
        self._language = language
        self._texts = TEXTS[language]
        self._url = url
        self._report = report
        self._runner = runner
        times = {name: datetime.now(ZONE) + timedelta(days) for name, days in _TIMES.items()}
        # What stands for the names in the file of questions.
        self._facts: dict[str, Any] = {
            **{name: f"{time:%Y%m%d%H%M%S}" for name, time in times.items()},
            **{f"{name}_at": f"{time:%Y-%m-%d %H:%M:%S}" for name, time in times.items()},
            "invented": token_hex(20),
            "no_call": str(uuid.uuid4()),
            "no_message": "00000000000001",
            "nobody": f"{token_hex(8)}@example.com",
            "ready": "s",
            "text": self._texts["message"],
        }
        self._readings = Readings(self._facts, report)

    def say(self, name: str, **values: object) -> None:
        """Tell the user something."""
        print(self._texts[name].format(**values), flush=True)

    def run(self) -> bool:
        """Ask all that the user agrees to. Return if there was a token."""
        self.say("welcome")
        client_id = input(self._texts["client_id"]).strip()
        secret = getpass(self._texts["client_secret"]).strip()
        wrong = "".join("2" if c == "1" else "1" for c in secret)
        self._facts |= {"client_id": client_id, "secret": secret, "wrong": wrong}
        self._report.masker.hide(client_id, secret, wrong, self._facts["invented"])
        self._report.masker.hide_names(client_id.partition("@")[0])
        self._sessions = self._runner.run(open_sessions(self._report))
        try:
            for question in QUESTIONS:
                if self._agrees(question):
                    for request in question.requests:
                        self._ask(question, request)
                if "token" not in self._facts:
                    self.say("not_signed_in")
                    return False
        finally:
            self._runner.run(self._sessions.close())
        return True

    def _agrees(self, question: Question) -> bool:
        """Return if the user agrees, after asking for numbers and details, too."""
        first, *details = question.consents or ["ready"]
        if first not in self._facts and self._decide(first):
            # The user may have taken longer than a token lives.
            self._ask(QUESTIONS[0], QUESTIONS[0].requests[0])
        if self._facts[first] != "s":
            return False
        if "pair" not in self._facts and any("{origin}" in r.line for r in question.requests):
            self._facts["pair"] = self._ask_numbers()
        for detail in details:
            if self._facts["pair"] and detail not in self._facts:
                self._decide(detail)
        return True

    def _decide(self, consent: str) -> bool:
        yes = self._texts["yes"]
        answer = input(f"\n{self._texts[consent]} [{yes[0]}/N] ").strip().casefold()
        self._facts[consent] = "s" if answer in yes.split() else "n"
        return answer in yes.split()

    def _ask_numbers(self) -> api.NumberPair | None:
        origin = self._ask_number("origin")
        destination = self._ask_number("destination", origin) if origin else None
        if not origin or not destination:
            return None
        self._facts |= {"origin": origin.digits, "destination": destination.digits}
        return api.NumberPair(origin, destination)

    def _ask_number(
        self, name: str, other: api.PhoneNumber | None = None
    ) -> api.PhoneNumber | None:
        while text := input(self._texts[name]).strip():
            try:
                number = api.PhoneNumber.parse(text)
            except api.DirectcallInvalidNumberError as err:
                file = INTEGRATION / "translations" / f"{self._language}.json"
                texts = json.loads(file.read_text(encoding="utf-8"))
                print(texts["config"]["error"][err.problem])
                continue
            if number != other:
                self._report.masker.hide(number.digits, number.digits[2:])
                return number
            self.say("same_number")
        return None

    def _ask(self, question: Question, request: Request) -> None:
        try:
            fields = request.fill(self._facts)
            _ = self._facts[request.needs]
        except KeyError:
            return
        if request.says:
            self.say(request.says)
        polls, _, pause, _ = request.polls.split()
        for _ in range(int(polls)):
            sleep(int(pause))
            self._send(question, request, fields)
            if request.until in self._facts:
                return
        if request.in_vain:
            self.say(request.in_vain)

    def _send(self, question: Question, request: Request, fields: dict[str, str]) -> None:
        exchange = Exchange(question.heading, request.line)
        self._report.exchanges.append(exchange)
        session = self._sessions.background
        try:
            if link := fields.get("link"):
                opening = open_recording(session, self._url, link, fields.get("range", ""))
                exchange.reading = f"`{self._runner.run(opening)}`"
                return
            response = self._runner.run(send(session, self._url, fields, exchange))
            if request.bills:
                response.check_billed()
                self._report.masker.hide(response.new_id or "")
                self._facts |= {request.bills: response.new_id} if response.new_id else {}
                self._facts["sent"] = True
            exchange.reading = self._readings.read(request.read, response)
        except api.DirectcallError as err:
            exchange.failure = f"{type(err).__name__}, {err}"
            exchange.reading = f"`{type(err).__name__}`"
            if request.bills and isinstance(err, api.DirectcallOutcomeUnknownError):
                self._facts["sent"] = True
                self.say("unclear")
            elif request.bills:
                self.say("failed")
