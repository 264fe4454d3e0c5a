"""The masking of values in the live check's report."""

import pytest

from scripts.live.masking import Masker, shape, shown_host, shown_media_type


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty text"),
        (" 55 41  3060 0300", "text like `·99·99··9999·9999`"),
        ("João", "text like `Aaaa`"),
        ("x" * 33, "text of 33 characters"),
        ("a1" * 20, "hexadecimal, 40 characters"),
        ("6f7c10f9-06de-4bee-8eba-7fe141e5b635", "hexadecimal, 36 characters"),
        ("`|\N{BELL}\ud800", "text like `????`"),
        ("https://[", "link, not a valid one"),
    ],
)
def test_shape(text: str, expected: str) -> None:
    """Only the shape of a value is shown."""
    assert shape(text) == expected


def test_token_that_cannot_be_read() -> None:
    """A token of thousands of lists within each other is a text like any other."""
    lists = "W1tb" * 5000
    assert shape(f"{lists}.{lists}.x") == "text of 40003 characters"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("http://www.directdial.com.br/x", "`http`, to `….directdial.com.br`"),
        ("https://directcallsoft.com/x?y=z", "`https`, to `directcallsoft.com`"),
        ("https://maria.s3.amazonaws.com/x", "`https`, to `….amazonaws.com`"),
        ("http://u:p@192.168.0.1:80/x", "`http`, to an address"),
        ("http://5541987654321.com/x", "`http`, to an address"),
        ("/x", "to the same host"),
    ],
)
def test_host(link: str, expected: str) -> None:
    """Only the domain of a link is shown, and only without digits."""
    assert shown_host(link) == expected


def test_invalid_media_type() -> None:
    """A content type with other parameters is not shown."""
    assert shown_media_type("audio/mpeg") == "`audio/mpeg`"
    assert shown_media_type("text/x; name=maria") == "no valid content type"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Client Secret incorreto", "Client Secret incorreto"),
        ("Usuário João não cadastrado", "Usuário … não cadastrado"),
        ("Usuário: Maria. Saldo de R$ 12,50", "Usuário: …. Saldo de …$ 12,50"),
        ("SALDO INSUFICIENTE", "SALDO INSUFICIENTE"),
        ("de joao@x.com.br, 0300 e 41 3060-0300", "de … … e …"),
        ("veja http://x.example/y?z=1 `agora`", "veja … 'agora'"),
        ("João Silva", "… …"),
        ("001 - Mensagem enviada - CALLER-ID: 123", "… - Mensagem enviada - CALLER-ID: …"),
    ],
)
def test_text_of_the_provider(text: str, expected: str) -> None:
    """Words that may be names are masked, and common words of the provider are not."""
    assert Masker().text(text) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("NÃO ATENDIDA", "`NÃO ATENDIDA`"),
        (" em_conversa ", "`em_conversa`"),
        ("ramal 12", "text like `aaaaa·99`"),
        ("ligue a b c d", "text like `aaaaa·a·a·a·a`"),
        ("x" * 41, "text of 41 characters"),
    ],
)
def test_word(word: str, expected: str) -> None:
    """Up to four words without a digit are shown, and only the shape of other values."""
    assert Masker().word(word) == expected
