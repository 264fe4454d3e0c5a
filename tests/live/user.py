"""User of the live check, at a terminal, and the headings of the report."""

import asyncio
from pathlib import Path
import re

from scripts.live.__main__ import main
from scripts.live.check import TEXTS
from scripts.live.questions import QUESTIONS
from tests.simulator import Simulator

ROOT = Path(__file__).parents[2]
CLIENT_ID = "maria.souza@example.com"
SECRET = "000777s3cr3t"
ORIGIN = "(41) 98765-4321"
DESTINATION = "(41) 91234-8765"
PLACE_CALL = "voz/call"
BALANCE = "extrato/saldo"
STATUS = "voz/status"
REQUEST_TOKEN = "request_token"
ENGLISH = TEXTS["en"]
CONSENTS = {name for name in ENGLISH if name.startswith("ask_")}
# Parts of the headings of questions.
TOKEN = "does a token look like"
NO_RECORDINGS = "a list without recordings"
OLDER = "still accepted after a newer one"
REJECTION = "a token that is not accepted"
MISSING = "a parameter is missing"
UNKNOWN = "an unknown method"
MONEY = "Is there a balance"
FORMAT = "`format` or `formato`"
NO_CALL = "`voz/status` say where there is no call"
NO_CALL_TO_END = "`voz/end` say where there is no call"
FORM = "take a form"
CALL = "a request for a call"
WORDS = "Which words"
END = "when it ends a call"
CALL_OVER = "say at the end of a call"
END_OVER = "once a call is over"
VOICE_MESSAGE = "the answer to a voice message"
VOICE_MESSAGE_STATUS = "`sms/status` say of a voice message"
SMS_STATUS = "`sms/status` say of an SMS"
RECORDINGS = "a list with recordings"
CALLS = "does a list of calls look like"
LISTED_MESSAGE = "show a voice message"
RECEIVED = "received SMS"
MADE = "made from the ID"
LINK = "open without a token"
RANGES = "a part of a recording"
WRONG_SECRET = "a wrong client secret"
WRONG_ID = "a client ID that does not exist"


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

    def read(self, part: str = "") -> str:
        """Return the report, or the section of the question whose heading has a part."""
        report = self.report.read_text(encoding="utf-8")
        if not part:
            return report
        [heading] = (each.heading for each in QUESTIONS if part in each.heading)
        return report.split(f"## {heading}\n\n")[1].split("\n\n##")[0]


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
