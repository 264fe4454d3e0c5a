"""Telephones: their behaviour by their last four digits, and calls between two of them."""

from dataclasses import dataclass
from enum import StrEnum
import time
from typing import Final

# The provider's documentation, read here a second time: the simulator knows nothing of the
# integration.
RETURN_CODES: Final = {
    "001": "Erro no envio de parâmetros, inválido ou faltando",
    "002": "Falha ao requisitar chamada.",
    "003": "Chamada não está ativa.",
    "004": "Chamada não finalizada.",
    "005": "Falha de conexão",
    "006": "Falha ao realizar a autenticação, entre em contato com a central Directcall",
    "007": "Falha ao conectar no servidor de SMS",
    "008": "Erro ao enviar a mensagem",
    "009": 'Campo code "" inexistente.',
    "010": "Identificador inexistente ou previamente cancelado",
    "011": "Problema no serviço de tarifação",
    "100": "Problema na tarifação",
    "101": "Conta de teste não cadastrada!",
    "102": "Não restam mais chamadas do tipo",
    "200": "Usuário não cadastrado!",
    "201": "Saldo insuficiente!",
}


# Seconds: until the first telephone rings, until a telephone is picked up, until the network ends
# a call without an answer, until a telephone that hangs up soon does so, and while the reason of
# the end of a call is available.
DIALLING: Final = 1
RINGING: Final = 5
RINGING_IN_VAIN: Final = 30
TALKING: Final = 10
READABLE: Final = 5
# Until a status that is not available at first is available.
OUTAGE: Final = 40


class Behaviour(StrEnum):
    """Behaviour of the provider for requests about a call."""

    DROPS_CONNECTION = "9001"
    SERVER_ERROR = "9002"
    NEVER_ANSWERS = "9003"
    WITHOUT_ID = "9004"
    WITHOUT_STATUS = "9005"
    CANNOT_BE_ENDED = "9006"
    ACCEPTS = ""


class Telephone(StrEnum):
    """Behaviour of a telephone that rings."""

    BUSY = "7001"
    NEVER_ANSWERS = "7002"
    DECLINES = "7003"
    HANGS_UP = "7004"
    SAYS_UNKNOWN_WORD = "7005"
    FAILS = "7006"
    ANSWERS = ""


def refusal(number: str) -> str | None:
    """Return the code with which a call to a number is refused, if it is."""
    code = number[-3:]
    return code if number[-4:-3] == "0" and code in RETURN_CODES else None


def behaviour(number: str) -> Behaviour:
    """Return the provider's behaviour for a call to a number."""
    return next((b for b in Behaviour if b and number.endswith(b)), Behaviour.ACCEPTS)


def telephone(number: str) -> Telephone:
    """Return what a telephone does."""
    return next(t for t in Telephone if number.endswith(t))


@dataclass
class Line:
    """A call between two telephones, as the network sees it."""

    first: str
    """The number that rings first."""
    second: str
    started: float
    haste: float = 1
    """Seconds of the telephones in one real second."""
    ended_at: float | None = None
    """Time of the hang-up through the provider."""

    @property
    def ended(self) -> bool:
        """Return if the call was hung up through the provider."""
        return self.ended_at is not None

    @ended.setter
    def ended(self, ended: bool) -> None:
        """Hang up."""
        self.ended_at = time.monotonic() if ended else None

    @property
    def was_talked_on(self) -> bool:
        """Return if it is over, and both telephones were answered before."""
        end = time.monotonic() if self.ended_at is None else self.ended_at
        seconds = (end - self.started) * self.haste - DIALLING
        return (
            self.legs() is None
            and seconds >= 2 * RINGING
            and all(
                telephone(number) in {Telephone.ANSWERS, Telephone.HANGS_UP}
                for number in (self.first, self.second)
            )
        )

    def legs(self) -> dict[str, str] | None:
        """Return the provider's words for each telephone, or nothing without a call."""
        seconds = (time.monotonic() - self.started) * self.haste - DIALLING
        if self.ended or seconds < 0:
            return None
        legs: dict[str, str] = {}
        for number in (self.first, self.second):
            word = _word(telephone(number), seconds)
            if word is None:
                return None
            legs[number] = word
            seconds -= RINGING
            if word != "atendida" or seconds < 0:
                break
        return legs


# What each telephone does after how many seconds. But for `atendida`, the words are invented.
_WORDS: Final[dict[Telephone, list[tuple[float, str | None]]]] = {
    Telephone.BUSY: [(0, "OCUPADO"), (READABLE, None)],
    Telephone.NEVER_ANSWERS: [(0, "chamando"), (RINGING_IN_VAIN, None)],
    Telephone.DECLINES: [(0, "chamando"), (RINGING, "Rejeitada"), (RINGING + READABLE, None)],
    Telephone.HANGS_UP: [(0, "chamando"), (RINGING, "atendida"), (RINGING + TALKING, None)],
    Telephone.SAYS_UNKNOWN_WORD: [(0, "redirecionada"), (RINGING_IN_VAIN, None)],
    Telephone.FAILS: [(0, "falha"), (READABLE, None)],
    Telephone.ANSWERS: [(0, "chamando"), (RINGING, "atendida")],
}


def _word(telephone: Telephone, seconds: float) -> str | None:
    """Return the word for a telephone some seconds after it began to ring; nothing once over."""
    return next(word for since, word in reversed(_WORDS[telephone]) if seconds >= since)
