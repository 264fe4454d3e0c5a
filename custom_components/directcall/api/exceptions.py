"""What can go wrong, by what the caller can do about it, and the provider's return codes.

No text here holds a token, a secret, a whole telephone number or a link.
"""

from enum import Enum, StrEnum, auto
from typing import Final, NamedTuple


class DirectcallError(Exception):
    """The root of all errors of this package."""


class DirectcallInvalidUrlError(DirectcallError):
    """The address of the API is not one that credentials may be sent to."""


class NumberProblem(StrEnum):
    """Why something is not a number that can be called."""

    ANY_AREA_CODE = "nationwide_number"
    EXTENSION = "number_with_extension"
    INTERNATIONAL_PREFIX = "number_with_international_prefix"
    INVALID = "invalid_number"
    NO_AREA_CODE = "number_without_area_code"
    NO_NINTH_DIGIT = "mobile_without_ninth_digit"
    PREMIUM_RATE = "premium_rate_number"
    SHORT = "short_number"
    UNQUOTED = "number_unquoted"


class DirectcallInvalidNumberError(DirectcallError):
    """Something is not a number that can be called: `problem` says why."""

    def __init__(self, problem: NumberProblem) -> None:
        """Keep the problem; the number itself stays out of the text."""
        super().__init__(problem.value)
        self.problem: Final = problem


class DirectcallAuthenticationError(DirectcallError):
    """The credentials are refused: only new ones, or the provider, can help."""


class DirectcallTokenRejectedError(DirectcallError):
    """The token is not accepted, and nothing was done: get a new one."""


class DirectcallRefusedError(DirectcallError):
    """The provider said no, and nothing was done.

    `code` is the provider's code of three digits, an OAuth error, or `HTTP` and a status;
    `message` is the provider's own text with all that is private masked. Where there is none, they
    are `-`.
    """

    def __init__(self, code: str, message: str) -> None:
        """Keep the provider's code and text."""
        super().__init__(f"{code} {message}")
        self.code: Final = code
        self.message: Final = message

    @property
    def is_readable(self) -> bool:
        """Return if the provider itself said no, and not only an HTTP status."""
        return not self.code.startswith("HTTP ")


class DirectcallNoCreditError(DirectcallRefusedError):
    """The account has no credit for this."""


class DirectcallNotActiveError(DirectcallRefusedError):
    """There is no such call in progress."""


class DirectcallConnectionError(DirectcallError):
    """Nothing was sent, or nothing that rings, sends or bills: safe to repeat."""


class DirectcallOutcomeUnknownError(DirectcallError):
    """Something was sent and no readable answer came: never to be repeated."""


class DirectcallTokenUncertainError(DirectcallOutcomeUnknownError):
    """The answer may mean that the token is not accepted: get a new one, but do not repeat."""


class DirectcallHangUpUnknownError(DirectcallOutcomeUnknownError):
    """A call may or may not have been ended: who still hears it ring may ask again."""


class DirectcallCancellationUnknownError(DirectcallOutcomeUnknownError):
    """A message may or may not have been cancelled: asking again does no harm."""


class DirectcallLinkRefusedError(DirectcallError):
    """A recording's link leads away from the provider: nothing is fetched from there."""


class DirectcallRecordingGoneError(DirectcallError):
    """There is no audio, or no longer, where a recording's link leads."""


class DirectcallSpoolError(DirectcallError):
    """Audio whose length is unknown is too large to be kept, or there is no room for it."""


class CodeKind(Enum):
    """What a return code means to the caller."""

    AUTHENTICATION = auto()
    NO_CREDIT = auto()
    NOT_ACTIVE = auto()
    PROVIDER_FAILED = auto()
    OTHER = auto()


class ReturnCode(NamedTuple):
    """The meaning of a return code, and the text that stands in where an answer has none."""

    kind: CodeKind
    text: str


# The texts are the provider's documentation. The kinds are a guess: nobody states them, and an
# older client gives 100 to 102 other meanings. Codes that are not here have to be expected.
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
