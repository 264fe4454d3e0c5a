"""Status of a call in progress, from all forms of the provider's response."""

from collections.abc import Mapping
import json
import re
import time
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.directcall.api import CallLeg, CallStatus, LegState, NumberPair, PhoneNumber
from custom_components.directcall.api.call_status import read_status
from custom_components.directcall.api.responses import ApiResponse

PAIR = NumberPair(PhoneNumber("554130600300"), PhoneNumber("5541999990000"))
SIP_PAIR = NumberPair(PhoneNumber("ip4130600300"), PhoneNumber("554130600300"))


def status(message: object, pair: NumberPair = PAIR, **more: Any) -> CallStatus | None:
    """Return the status in a success with this message."""
    body = {"status": "ok", "codigo": "000", "msg": message, **more}
    return read_status(ApiResponse.read(200, json.dumps(body).encode(), ("s3cr3t",)), pair)


def leg(number: object, word: object = "atendida") -> dict[str, object]:
    """Return an entry as the documentation shows it."""
    return {"telefone": number, "status": word, "inicio": "2013-02-21 18:28:14"}


def state_of(word: str) -> LegState | None:
    """Return what a word means."""
    answer = status([leg("554130600300", word)])
    assert answer is not None
    assert answer.origin is not None
    return answer.origin.state


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("atendida", LegState.ANSWERED),
        ("ATENDIDO", LegState.ANSWERED),
        ("Chamada atendida.", LegState.ANSWERED),
        ("em conversacao", LegState.ANSWERED),
        ("Em conversação", LegState.ANSWERED),
        ("Chamando...", LegState.RINGING),
        ("tocando", LegState.RINGING),
        ("ocupada", LegState.BUSY),
        ("Ocupado", LegState.BUSY),
        ("rejeitado", LegState.BUSY),
        ("ligação recusada", LegState.BUSY),
        ("não atendida", LegState.NO_ANSWER),
        ("NAO_ATENDIDO", LegState.NO_ANSWER),
        ("sem resposta", LegState.NO_ANSWER),
        ("encerrada", LegState.ENDED),
        ("Finalizado", LegState.ENDED),
        ("concluída", LegState.ENDED),
        ("concluida", LegState.ENDED),
        ("falha", LegState.FAILED),
        ("Falhou", LegState.FAILED),
        ("erro", LegState.FAILED),
        ("indisponível", LegState.FAILED),
        ("NO ANSWER", LegState.NO_ANSWER),
        ("", None),
        ("chamada", None),
        ("chamadas", None),
        ("em andamento", None),
        ("não", None),
        ("talvez atendida", None),
        ("не atendida", None),
        ("≠ atendida", None),
        ("0 atendida", None),
        ("atendida" + " " * 92, LegState.ANSWERED),
        ("atendida" + " " * 93, None),
        ("rejeitou", LegState.BUSY),
        ("atendeu", LegState.ANSWERED),
        ("desligou", LegState.ENDED),
        ("CONGESTION", LegState.FAILED),
    ],
)
def test_words(word: str, state: LegState | None) -> None:
    """A word means the same in any case, gender and with or without accents; others nothing."""
    assert state_of(word) is state


@pytest.mark.parametrize("answered", ["answered", "atendida", "respondida", "conectado"])
def test_denied_word_is_not_the_word(answered: str) -> None:
    """A denied word does not count as the word itself."""
    assert state_of(f"não {answered}") is not LegState.ANSWERED
    assert state_of(f"nao-{answered}") is not LegState.ANSWERED


@pytest.mark.parametrize(
    "number",
    [
        " 55 41  3060 0300",
        "554130600300",
        "+55 (41) 3060-0300",
        "41 3060 0300",
        "041 3060-0300",
        "0055 41 3060 0300",
    ],
)
def test_number_is_known_in_any_shape(number: str) -> None:
    """Numbers are compared by their digits, with and without the country code."""
    answer = status([leg(number)])
    assert answer is not None
    assert answer.origin is not None
    assert answer.destination is None
    assert answer.is_clear


@pytest.mark.parametrize("number", ["30600300", "", None, 554130600300, "554130600301", "55", "*"])
def test_unknown_number_in_a_leg_is_ignored(number: object) -> None:
    """A leg with another number is ignored."""
    answer = status([leg(number)])
    assert answer is not None
    assert (answer.origin, answer.destination) == (None, None)
    assert not answer.is_live
    assert not answer.is_clear
    beside = status([leg("554130600300"), leg(number)])
    assert beside is not None
    assert beside.is_live
    assert not beside.is_clear


def test_numbers_that_differ_in_their_country_code() -> None:
    """The whole number decides if both numbers could match."""
    answer = status([leg("55 41 3060 0300"), leg("41 3060 0300", "chamando")], SIP_PAIR)
    assert answer is not None
    assert answer.destination is not None
    assert answer.origin is not None
    assert answer.destination.state is LegState.ANSWERED
    assert answer.origin.state is LegState.RINGING
    # Another way of writing fits both, and so neither.
    other = status([leg("0055 41 3060 0300"), leg("5555 41 3060 0300")], SIP_PAIR)
    assert other is not None
    assert other.origin is None


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (["ocupada", "chamando"], LegState.RINGING),
        (["chamando", "ocupada"], LegState.BUSY),
        (["atendida", "ocupada"], LegState.ANSWERED),
    ],
)
def test_telephone_with_several_legs(words: list[str], state: LegState) -> None:
    """An answered leg counts, or else the last one."""
    answer = status([leg("554130600300", word) for word in words])
    assert answer is not None
    assert answer.origin is not None
    assert answer.origin.state is state


@pytest.mark.parametrize(
    ("words", "is_live", "is_ringing"),
    [
        (["chamando"], True, True),
        (["atendida"], True, False),
        (["atendida", "chamando"], True, True),
        (["chamando", "ocupada"], True, True),
        (["encerrada", "ocupada"], False, False),
        (["talvez", "talvez"], False, False),
        ([], False, False),
    ],
)
def test_call_is_live_if_one_telephone_rings(
    words: list[str], *, is_live: bool, is_ringing: bool
) -> None:
    """A call is ringing and live if one telephone rings."""
    numbers = ("554130600300", "5541999990000")
    answer = status([leg(number, word) for number, word in zip(numbers, words, strict=False)])
    assert answer is not None
    assert (answer.is_live, answer.is_ringing) == (is_live, is_ringing)


@pytest.mark.parametrize("word", [None, 7, True, ["atendida"]])
def test_word_that_is_not_a_text(word: object) -> None:
    """A word that is not a text has no meaning, and is not shown."""
    answer = status([leg("554130600300", word)])
    assert answer is not None
    assert answer.legs == (CallLeg("", None),)


@pytest.mark.parametrize("message", ["Chamada em andamento", None, [], [None, "x", 1], {}, 7, True])
def test_success_without_legs(message: object) -> None:
    """A success without legs has no information about the call."""
    answer = status(message)
    assert answer == CallStatus((), None, None)
    assert not answer.is_live
    assert not answer.is_clear


def test_success_with_not_active_code() -> None:
    """A success with the code of an inactive call means that there is no call."""
    assert status("Chamada não está ativa.", codigo="003") is None
    assert status([leg("554130600300")], codigo="003") is not None


def test_word_gives_nothing_away() -> None:
    """An unknown word is kept masked and short."""
    answer = status([leg("554130600300", f"s3cr3t desviada para 5541987654321 {'x' * 100}")])
    assert answer is not None
    [only] = answer.legs
    assert only.word == "… desviada para … …"
    answer = status([leg("554130600300", "a b " * 100)])
    assert answer is not None
    assert len(answer.legs[0].word) == 40


@pytest.mark.parametrize(
    "word",
    [
        "+55 41       98765       4321",
        "41x98765x4321",
        "4\u0661987654321",
        "s 3 c 3 r 3 t",
        "S3-CR3T",
        "s3\u034fcr3t",
    ],
)
def test_word_gives_nothing_away_in_any_spelling(word: str) -> None:
    """However it is written apart, no number and no secret is left of a word."""
    answer = status([leg("554130600300", word)])
    assert answer is not None
    assert not re.search(r"[0-9]", answer.legs[0].word)
    assert "cr" not in answer.legs[0].word.casefold()


@pytest.mark.parametrize(
    "word", ["&" * 2000, "a" * 2000, "?=" * 1000, "\ufdfa" * 300_000, "a:" * 1000, "1 " * 1000]
)
def test_many_legs_are_read_fast(word: str) -> None:
    """A megabyte of legs is read in less than 2 s."""
    legs = [leg("554130600300", word)] * (1_000_000 // len(word) + 1)
    before = time.process_time()
    answer = status([*legs, *[{}] * 100_000])
    assert answer is not None
    assert len(answer.legs) == 20
    assert time.process_time() - before < 2


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(
    message=values
    | st.lists(
        st.fixed_dictionaries({}, optional={"telefone": values, "status": values, "x": values})
    )
)
def test_any_message_is_read(message: object) -> None:
    """Any JSON gives a status, never an unexpected exception."""
    answer = status(message)
    assert answer is not None
    fields: Mapping[str, object] = {"origin": answer.origin, "destination": answer.destination}
    assert all(value is None or value in answer.legs for value in fields.values())
