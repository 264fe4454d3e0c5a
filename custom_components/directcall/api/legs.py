"""What the provider says of a call in progress: its legs, and their words.

One entry a leg stands in `msg`, as `{"telefone": " 55 41  3060 0300", "status": "atendida", ...}`
(provider's documentation). `atendida` is the only word that was ever seen.
"""

from collections.abc import Collection, Mapping
import re
from typing import Final
import unicodedata

from .answers import Answer, mask_text
from .models import CallLeg, CallStatus, LegState, NumberPair

_NOT_ACTIVE: Final = "003"
_LONGEST_WORD: Final = 40
# Shorter ones are no area code and number.
_SHORTEST_NUMBER: Final = 10
# What stands before a word and adds nothing: `chamada atendida`.
_CALL: Final = {"chamada", "ligacao"}


def _fold(word: str) -> str:
    """Return a word without case, accents, punctuation and gender."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    words = re.findall(r"[a-z]+", "".join(c for c in plain if not unicodedata.combining(c)))
    return " ".join(re.sub(r"(?<=[a-z]{3})[ao]$", "", w) for w in words if w not in _CALL)


# A guess but for `atendida`: the words of Portuguese telephony, and those of Asterisk, on which
# many providers run. Words that could mean more than one thing (`em andamento`, `completada`) are
# left out: a word that is not here means nothing.
_STATES: Final[Mapping[str, LegState]] = {
    _fold(word): state
    for state, words in {
        LegState.RINGING: (
            *("chamando", "tocando", "discando", "a chamar", "a tocar"),
            *("aguardando atendimento", "ringing"),
        ),
        LegState.ANSWERED: (
            *("atendida", "em atendimento", "em conversa", "em conversação", "conectada"),
            *("estabelecida", "respondida", "answer", "answered"),
        ),
        LegState.BUSY: (
            *("ocupada", "linha ocupada", "número ocupado", "telefone ocupado", "busy"),
            *("rejeitada", "recusada"),
        ),
        LegState.NO_ANSWER: (
            *("não atendida", "não atende", "não atendeu", "não respondida", "não responde"),
            *("não respondeu", "sem resposta", "sem atendimento", "no answer", "noanswer"),
        ),
        LegState.ENDED: (
            *("encerrada", "finalizada", "terminada", "desligada", "desconectada", "concluída"),
            "cancelada",
        ),
        LegState.FAILED: (
            *("falha", "falhou", "falhada", "com falha", "erro", "com erro", "failed"),
            *("congestionada", "congestionamento", "indisponível", "fora de serviço"),
            *("inválida", "número inválido", "inexistente", "número inexistente"),
        ),
    }.items()
    for word in words
}


def read_status(answer: Answer, pair: NumberPair, secrets: Collection[str]) -> CallStatus | None:
    """Return what a yes to the question for a call in progress says of it.

    `msg` may be an array, a text, or missing. A yes with the code of a call that is not active, and
    without a leg, is nothing (a guess).
    """
    message = answer.fields.get("msg")
    entries = (
        [entry for entry in message if isinstance(entry, dict)] if isinstance(message, list) else []
    )
    if not entries and answer.code == _NOT_ACTIVE:
        return None
    legs: list[CallLeg] = []
    origin: list[CallLeg] = []
    destination: list[CallLeg] = []
    for entry in entries:
        leg = _read_leg(entry, secrets)
        legs.append(leg)
        digits = _digits(entry.get("telefone"))
        # Where the two numbers differ in their country code alone, the whole one decides.
        for same in (str.__eq__, _is_same):
            matches = [
                side
                for side, number in ((origin, pair.origin), (destination, pair.destination))
                if same(digits, _digits(number.wire))
            ]
            if len(matches) == 1:
                matches[0].append(leg)
                break
    return CallStatus(tuple(legs), _decisive(origin), _decisive(destination))


def _read_leg(entry: Mapping[object, object], secrets: Collection[str]) -> CallLeg:
    """Return an entry as a leg."""
    value = entry.get("status")
    word = value if isinstance(value, str) else ""
    return CallLeg(mask_text(word, secrets)[:_LONGEST_WORD], _STATES.get(_fold(word)))


def _digits(value: object) -> str:
    """Return the digits of a number, which is written with blanks."""
    return re.sub(r"[^0-9]", "", value).lstrip("0") if isinstance(value, str) else ""


def _is_same(one: str, other: str) -> bool:
    """Return if two numbers are the same, one of them perhaps without its country code."""
    short, long = sorted((one, other), key=len)
    return len(short) >= _SHORTEST_NUMBER and long.endswith(short)


def _decisive(legs: list[CallLeg]) -> CallLeg | None:
    """Return the leg that counts, where a telephone has several: an answered one, or the last."""
    answered = [leg for leg in legs if leg.state is LegState.ANSWERED]
    return next(reversed(answered or legs), None)
