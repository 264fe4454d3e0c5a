"""What becomes of a call, by the last four digits of its destination."""

from enum import StrEnum
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


class Behaviour(StrEnum):
    """What the provider does with the request for a call that it places."""

    DROPS_CONNECTION = "9001"
    SERVER_ERROR = "9002"
    NEVER_ANSWERS = "9003"
    WITHOUT_ID = "9004"
    ACCEPTS = ""


def refusal(number: str) -> str | None:
    """Return the code with which a call to a number is refused, if it is."""
    code = number[-3:]
    return code if number[-4:-3] == "0" and code in RETURN_CODES else None


def behaviour(number: str) -> Behaviour:
    """Return what becomes of the request for a call to a number."""
    return next((b for b in Behaviour if b and number.endswith(b)), Behaviour.ACCEPTS)
