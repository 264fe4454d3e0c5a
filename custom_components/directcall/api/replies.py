"""Replies: the results of requests that are not repeated, from their responses."""

from collections.abc import Collection
import re
from typing import Final

from .models import AcceptedRequest, ProviderReply
from .phone_numbers import PhoneNumber
from .redaction import RedactedText
from .responses import ApiResponse

# Characters of the words in lists and objects.
_LONGEST_TEXT: Final = 2000
_NO_DIGITS: Final = re.compile(r"[^0-9]+")
# Digits that two numbers of different telephones do not share.
_TELLING_DIGITS: Final = 8


def read_accepted(response: ApiResponse, numbers: Collection[PhoneNumber]) -> AcceptedRequest:
    """Return a confirmation without an ID that contains a secret or a number."""
    # Automations see the ID, and backups may contain it.
    new_id = response.new_id or ""
    digits = _NO_DIGITS.sub("", new_id)
    if any(secret in new_id for secret in response.secrets if secret) or any(
        number.digits[-_TELLING_DIGITS:] in digits for number in numbers
    ):
        new_id = ""
    return AcceptedRequest(new_id or None, response.code, response.text)


def read_reply(response: ApiResponse) -> ProviderReply:
    """Return a reply, also if its words are in lists and objects."""
    value = response.fields.get("msg")
    if value is None or isinstance(value, str):
        return ProviderReply(response.code, response.text)
    return ProviderReply(response.code, RedactedText(_words_in(value), response.secrets))


def _words_in(value: object) -> str:
    words: list[str] = []
    rest = [value]
    length = 0
    while rest and length < _LONGEST_TEXT:
        match rest.pop():
            case dict() as fields:
                rest += [each for item in reversed(fields.items()) for each in reversed(item)]
            case list() as values:
                rest += reversed(values)
            case word:
                words.append(str(word))
                length += len(words[-1]) + 1
    return " ".join(words)
