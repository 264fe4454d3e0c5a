"""What is said to the person in front of the terminal, in both languages."""

from typing import Final, NamedTuple

from custom_components.directcall.api import NumberProblem


class Texts(NamedTuple):
    """All that is said in one language."""

    welcome: str
    yes: tuple[str, ...]
    """What a yes may be, the one that is shown first. Anything else is a no."""
    no: str
    credentials: tuple[str, str]
    """The questions for the client id and the client secret."""
    origin: str
    destination: str
    problems: dict[NumberProblem, str]
    same_number: str
    ask_free: str
    ask_wrong_login: str
    ask_call: str
    ask_record: str
    ask_end: str
    ask_voice_message: str
    ask_sms: str
    ask_recordings: str
    wait: str
    signed_in: str
    not_signed_in: str
    failed: str
    unclear: str
    call_placed: str
    call_over: str
    call_goes_on: str
    sides: tuple[str, str, str]
    """The telephones of a call: the origin's, the destination's, another one."""
    message_text: str
    interrupted: str
    cannot_write: str
    written: str


TEXTS: Final = {
    "en": Texts(
        welcome="""\
This asks Directcall, with your account, what its documentation does not say, and writes down what
it answers. Nothing is done without asking you first, and Enter alone means no. Where something
rings or costs money, the question says so. Your credentials are kept in memory alone, and sent to
nobody but Directcall. Ctrl-C ends it at any time: what was learned until then is written down.
""",
        yes=("y", "yes"),
        no="n",
        credentials=(
            "Client ID (at Directcall, usually your e-mail address): ",
            "Client secret (the code that came by SMS; it does not show while you type): ",
        ),
        origin="Origin: your number with area code, as in (41) 3060-0300. Enter alone skips this: ",
        destination="Destination: another number that you may ring. Enter alone skips this: ",
        problems={
            NumberProblem.ANY_AREA_CODE: "Write any area code before 4004 and 3003.",
            NumberProblem.EXTENSION: "Extensions cannot be called.",
            NumberProblem.INTERNATIONAL_PREFIX: "Write + and the country code instead of 00.",
            NumberProblem.INVALID: "That is no telephone number that can be called.",
            NumberProblem.NO_AREA_CODE: "The area code is missing.",
            NumberProblem.NO_NINTH_DIGIT: "A mobile number has nine digits after the area code.",
            NumberProblem.PREMIUM_RATE: "Premium rate numbers cannot be called.",
            NumberProblem.SHORT: "Short numbers such as 190 cannot be called.",
        },
        same_number="That is the origin. It has to be another telephone.",
        ask_free="""\
Look at what costs nothing: a second token, a token that is not valid, and the status of a call that
there is not? Nothing rings.""",
        ask_wrong_login="""\
Try a wrong client secret, once? It costs nothing, but nobody knows whether Directcall locks
accounts after that.""",
        ask_call="""\
Place ONE call? TWO TELEPHONES REALLY RING, first the origin, then the destination. Both are
billed.""",
        ask_record="Record the call? That costs extra. Everybody on the line should know.",
        ask_end="""\
Let Directcall end the call 10 seconds after both have answered? Otherwise, hang up yourself.""",
        ask_voice_message="""\
Send ONE voice message to the destination? ITS TELEPHONE REALLY RINGS, and speaks. It is billed.""",
        ask_sms="Send ONE SMS to the destination? It really arrives, and is billed.",
        ask_recordings="""\
List your calls and recordings of the last 90 days, and open the newest recording to see what it is?
It costs nothing, and nothing of them is kept.""",
        wait="A moment …",
        signed_in="Directcall gave a token.",
        not_signed_in="There is no token, so nothing else can be asked. Was all typed correctly?",
        failed="Directcall did not do it. The report has its answer.",
        unclear="It is not clear whether it was done, so it is not repeated. Telephones may ring.",
        call_placed="The call is on its way: answer both telephones.",
        call_over="The call is over.",
        call_goes_on="The call may still go on: hang up the telephones.",
        sides=("origin", "destination", "another telephone"),
        message_text="This is a test of Directcall for Home Assistant.",
        interrupted="Ended early. If a call is in progress, hang up the telephones.",
        cannot_write="{path} cannot be written ({reason}). Choose another file with --report.",
        written="""\
The report is in {path}. Read it before you publish it: it should hold nothing that is yours.
Then attach it here: {form}""",
    ),
    "pt-BR": Texts(
        welcome="""\
Isto pergunta à Directcall, com a sua conta, o que a documentação dela não diz, e anota o que ela
responde. Nada é feito sem perguntar a você antes, e só Enter quer dizer não. Onde algo toca ou
custa dinheiro, a pergunta avisa. As suas credenciais ficam só na memória e vão só para a
Directcall. Ctrl-C encerra a qualquer momento: o que se soube até ali é anotado.
""",
        yes=("s", "sim"),
        no="n",
        credentials=(
            "Client ID (na Directcall, normalmente o seu e-mail): ",
            "Client secret (o código que veio por SMS; não aparece ao digitar): ",
        ),
        origin="Origem: o seu número, com DDD, como (41) 3060-0300. Só Enter pula isto: ",
        destination="Destino: outro número que você pode fazer tocar. Só Enter pula isto: ",
        problems={
            NumberProblem.ANY_AREA_CODE: "Escreva qualquer DDD antes de 4004 e 3003.",
            NumberProblem.EXTENSION: "Não é possível ligar para ramais.",
            NumberProblem.INTERNATIONAL_PREFIX: "Em vez de 00, escreva + e o código do país.",
            NumberProblem.INVALID: "Isso não é um número de telefone para o qual se possa ligar.",
            NumberProblem.NO_AREA_CODE: "Falta o DDD.",
            NumberProblem.NO_NINTH_DIGIT: "Um celular tem nove dígitos depois do DDD.",
            NumberProblem.PREMIUM_RATE: "Não é possível ligar para números de tarifa especial.",
            NumberProblem.SHORT: "Não é possível ligar para números curtos como 190.",
        },
        same_number="Essa é a origem. Tem de ser outro telefone.",
        ask_free="""\
Olhar o que não custa nada: um segundo token, um token inválido e o status de uma ligação que não
existe? Nada toca.""",
        ask_wrong_login="""\
Tentar um client secret errado, uma vez? Não custa nada, mas ninguém sabe se a Directcall bloqueia
contas depois disso.""",
        ask_call="""\
Fazer UMA ligação? DOIS TELEFONES TOCAM DE VERDADE, primeiro a origem, depois o destino. Os dois são
cobrados.""",
        ask_record="Gravar a ligação? Isso custa a mais. Todos na linha devem saber.",
        ask_end="""\
Deixar a Directcall encerrar a ligação 10 segundos depois de os dois atenderem? Se não, desligue
você.""",
        ask_voice_message="""\
Enviar UMA mensagem de voz ao destino? O TELEFONE TOCA DE VERDADE, e fala. É cobrada.""",
        ask_sms="Enviar UM SMS ao destino? Ele chega de verdade e é cobrado.",
        ask_recordings="""\
Listar as suas ligações e gravações dos últimos 90 dias, e abrir a gravação mais nova para ver o que
ela é? Não custa nada, e nada delas é guardado.""",
        wait="Um momento …",
        signed_in="A Directcall deu um token.",
        not_signed_in="Não há token, então não há mais o que perguntar. Digitou tudo certo?",
        failed="A Directcall não fez isso. O relatório tem a resposta dela.",
        unclear="Não está claro se foi feito, então não é tentado de novo. Telefones podem tocar.",
        call_placed="A ligação está a caminho: atenda os dois telefones.",
        call_over="A ligação acabou.",
        call_goes_on="A ligação talvez continue: desligue os telefones.",
        sides=("origem", "destino", "outro telefone"),
        message_text="Este é um teste da Directcall para o Home Assistant.",
        interrupted="Encerrado antes do fim. Se há uma ligação em curso, desligue os telefones.",
        cannot_write="Não é possível gravar {path} ({reason}). Escolha outro arquivo com --report.",
        written="""\
O relatório está em {path}. Leia-o antes de publicar: não deve haver nada seu nele.
Depois anexe-o aqui: {form}""",
    ),
}
