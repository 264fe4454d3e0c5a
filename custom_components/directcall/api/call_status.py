"""Status of a call in progress: its legs, and the meaning of their words."""

from collections.abc import Collection, Mapping
import re
from typing import Final
import unicodedata

from .models import CallLeg, CallStatus, LegState, NumberPair
from .phone_numbers import is_same_line
from .redaction import redact_text
from .responses import ApiResponse

# `msg` has an entry for each leg, as `{"telefone": " 55 41  3060 0300", "status": "atendida", ...}`
# (provider's documentation). `atendida` is the only word that was ever seen.
_NOT_ACTIVE: Final = "003"
_LONGEST_WORD: Final = 100
_LONGEST_SHOWN: Final = 40
# A call has two. A response with more than these makes no sense.
_MOST_LEGS: Final = 20
# Words without a meaning of their own, as in `chamada atendida`.
_CALL: Final = {"chamada", "ligacao"}


def _normalize(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word[:_LONGEST_WORD].casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    # Any other character makes the meaning unknown.
    if len(word) > _LONGEST_WORD or re.search(r"[^a-z\s.,:;!_-]", plain):
        return ""
    words = re.findall(r"[a-z]+", plain)
    return " ".join(re.sub(r"(?<=[a-z]{3})[ao]$", "", w) for w in words if w not in _CALL)


# All but `atendida` are a guess: the words of Portuguese telephony and of Asterisk, which many
# providers run. Ambiguous words (`em andamento`, `completada`) are left out and have no meaning.
_STATES: Final[Mapping[str, LegState]] = {
    _normalize(word): state
    for state, words in {
        LegState.RINGING: (
            *("chamando", "tocando", "discando", "a chamar", "a tocar"),
            *("chama", "toca", "aguardando atendimento", "ring", "ringing"),
        ),
        LegState.ANSWERED: (
            *("atendida", "em atendimento", "em conversa", "em conversação", "conectada"),
            *("estabelecida", "respondida", "atendeu", "respondeu"),
            *("answer", "answered", "connected"),
        ),
        LegState.BUSY: (
            *("ocupada", "linha ocupada", "número ocupado", "telefone ocupado", "destino ocupado"),
            *("rejeitada", "recusada", "rejeitou", "recusou", "busy", "rejected", "declined"),
        ),
        LegState.NO_ANSWER: (
            *("não atendida", "não atende", "não atendeu", "não respondida", "não responde"),
            *("não respondeu", "sem resposta", "sem atendimento"),
            *("no answer", "noanswer", "not answered"),
        ),
        LegState.ENDED: (
            *("encerrada", "finalizada", "terminada", "desligada", "desconectada", "concluída"),
            *("desligou", "cancelada", "ended", "hangup", "cancel", "canceled", "cancelled"),
        ),
        LegState.FAILED: (
            *("falha", "falhou", "falhada", "com falha", "erro", "com erro", "failed", "error"),
            *(
                "congestion",
                "chanunavail",
                "unavailable",
                "congestionada",
                "congestionamento",
                "indisponível",
                "fora de serviço",
            ),
            *("inválida", "número inválido", "inexistente", "número inexistente"),
        ),
    }.items()
    for word in words
}


def read_status(response: ApiResponse, pair: NumberPair) -> CallStatus | None:
    """Return the status in a successful response, or None without a call in progress."""
    # It may also be a text or missing (a guess).
    message = response.fields.get("msg")
    entries = (
        [entry for entry in message if isinstance(entry, dict)] if isinstance(message, list) else []
    )
    if not entries and response.code == _NOT_ACTIVE:
        return None
    legs: list[CallLeg] = []
    origin: list[CallLeg] = []
    destination: list[CallLeg] = []
    for entry in entries[:_MOST_LEGS]:
        leg = _read_leg(entry, response.secrets)
        legs.append(leg)
        digits = _digits(entry.get("telefone"))
        # The two numbers may differ in their country code alone. Then the exact match counts.
        for same in (str.__eq__, is_same_line):
            matches = [
                side
                for side, number in ((origin, pair.origin), (destination, pair.destination))
                if same(digits, _digits(number.digits))
            ]
            if len(matches) == 1:
                matches[0].append(leg)
                break
    return CallStatus(tuple(legs), _decisive(origin), _decisive(destination))


def _read_leg(entry: Mapping[object, object], secrets: Collection[str]) -> CallLeg:
    value = entry.get("status")
    word = value if isinstance(value, str) else ""
    state = _STATES.get(_normalize(word))
    # Users see and report the words, whose meaning needs no digits.
    shown = re.sub(r"…*\d+", "…", redact_text(word, secrets))
    return CallLeg(shown[:_LONGEST_SHOWN], state)


def _digits(value: object) -> str:
    return re.sub(r"[^0-9]", "", value).lstrip("0") if isinstance(value, str) else ""


def _decisive(legs: list[CallLeg]) -> CallLeg | None:
    answered = [leg for leg in legs if leg.state is LegState.ANSWERED]
    return next(reversed(answered or legs), None)
