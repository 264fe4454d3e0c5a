"""The person in front of the terminal: what is said to them, and asked."""

from getpass import getpass
from typing import Final

from custom_components.directcall.api import DirectcallInvalidNumberError, PhoneNumber

from .texts import Texts


class Person:
    """Whoever answers the questions."""

    def __init__(self, texts: Texts) -> None:
        """Speak a language to them."""
        self.texts: Final = texts

    def say(self, text: str) -> None:
        """Tell something."""
        print(text, flush=True)

    def agrees(self, question: str) -> bool:
        """Return if the answer to a question is a yes. In doubt, it is a no."""
        answer = input(f"\n{question} [{self.texts.yes[0]}/{self.texts.no.upper()}] ")
        return answer.strip().casefold() in self.texts.yes

    def credentials(self) -> tuple[str, str]:
        """Return the account's client id, and its client secret, which a terminal does not show."""
        client_id, client_secret = self.texts.credentials
        return input(client_id).strip(), getpass(client_secret).strip()

    def origin(self) -> PhoneNumber | None:
        """Return the number that asks for calls; nothing if they would not say."""
        return self._number(self.texts.origin)

    def destination(self, origin: PhoneNumber) -> PhoneNumber | None:
        """Return the number that is called; nothing if they would not say."""
        while (number := self._number(self.texts.destination)) == origin:
            self.say(self.texts.same_number)
        return number

    def _number(self, question: str) -> PhoneNumber | None:
        """Return a number that can be called; nothing if they would not say."""
        while text := input(question).strip():
            try:
                return PhoneNumber.parse(text)
            except DirectcallInvalidNumberError as err:
                self.say(self.texts.problems[err.problem])
        return None
