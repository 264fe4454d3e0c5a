"""Return codes of the provider: their texts, and their meaning to the caller."""

from enum import Enum, auto
from typing import Final, NamedTuple


class CodeKind(Enum):
    """Meaning of a return code to the caller."""

    AUTHENTICATION = auto()
    NO_CREDIT = auto()
    NOT_ACTIVE = auto()
    PROVIDER_FAILED = auto()
    OTHER = auto()


class ReturnCode(NamedTuple):
    """The meaning of a return code, and its text for a response without one."""

    kind: CodeKind
    text: str


# The texts are the provider's documentation. The kinds are a guess: an older client gives 100 to
# 102 other meanings. The provider may use other codes, too.
RETURN_CODES: Final = {
    "001": ReturnCode(CodeKind.OTHER, "Erro no envio de parâmetros, inválido ou faltando"),
    "002": ReturnCode(CodeKind.PROVIDER_FAILED, "Falha ao requisitar chamada."),
    "003": ReturnCode(CodeKind.NOT_ACTIVE, "Chamada não está ativa."),
    "004": ReturnCode(CodeKind.PROVIDER_FAILED, "Chamada não finalizada."),
    "005": ReturnCode(CodeKind.PROVIDER_FAILED, "Falha de conexão"),
    "006": ReturnCode(
        CodeKind.AUTHENTICATION,
        "Falha ao realizar a autenticação, entre em contato com a central Directcall",
    ),
    "007": ReturnCode(CodeKind.PROVIDER_FAILED, "Falha ao conectar no servidor de SMS"),
    "008": ReturnCode(CodeKind.PROVIDER_FAILED, "Erro ao enviar a mensagem"),
    "009": ReturnCode(CodeKind.OTHER, "Campo code inexistente."),
    "010": ReturnCode(CodeKind.OTHER, "Identificador inexistente ou previamente cancelado"),
    "011": ReturnCode(CodeKind.PROVIDER_FAILED, "Problema no serviço de tarifação"),
    "100": ReturnCode(CodeKind.OTHER, "Problema na tarifação"),
    "101": ReturnCode(CodeKind.OTHER, "Conta de teste não cadastrada!"),
    "102": ReturnCode(CodeKind.NO_CREDIT, "Não restam mais chamadas do tipo"),
    "200": ReturnCode(CodeKind.AUTHENTICATION, "Usuário não cadastrado!"),
    "201": ReturnCode(CodeKind.NO_CREDIT, "Saldo insuficiente!"),
}
