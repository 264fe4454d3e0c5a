"""Responses: success, refusal or neither, from any bytes."""

import base64
from collections.abc import Callable, Mapping
from functools import partial
import json
import re
import time
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.directcall.api import (
    DirectcallAuthenticationError,
    DirectcallConnectionFailedError,
    DirectcallError,
    DirectcallNoCreditError,
    DirectcallNotActiveError,
    DirectcallOutcomeUnknownError,
    DirectcallRefusedError,
    DirectcallTokenDoubtedError,
    DirectcallTokenRejectedError,
)
from custom_components.directcall.api.responses import ApiResponse
from custom_components.directcall.api.token_response import DEFAULT_LIFETIME, read_token

type Fields = Mapping[str, Any]

OK = {"status": "ok", "codigo": "000", "callerid": "6f7c10f9-06de-4bee-8eba-7fe141e5b635"}


def read(fields: object, status: int = 200, secrets: tuple[str, ...] = ()) -> ApiResponse:
    """Read an answer of JSON."""
    return ApiResponse.read(status, json.dumps(fields).encode(), secrets)


def jwt(claims: object) -> str:
    """Return a JWT with these claims."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJ0eXAiOiJKV1QifQ.{payload}.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (OK, 200),
        ({**OK, "codigo": "001"}, 200),
        ({**OK, "status": " OK "}, 200),
        (OK, 500),
        (OK, 404),
        ([OK], 200),
        ({**OK, "error": "", "error_description": None}, 200),
    ],
)
def test_status_ok_is_a_success(fields: Fields, status: int) -> None:
    """The status decides, and neither the code nor HTTP's status."""
    read(fields, status).check()
    read(fields, status).check_billed()


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"status": "erro", "codigo": "001", "msg": "x"}, 200, DirectcallRefusedError),
        ({"status": "erro", "codigo": "201"}, 200, DirectcallNoCreditError),
        ({"status": "ERRO", "codigo": 102}, 200, DirectcallNoCreditError),
        ({"status": "erro", "codigo": "003"}, 500, DirectcallNotActiveError),
        ({"status": "erro", "codigo": "999"}, 500, DirectcallRefusedError),
        ({"status": "erro", "codigo": ["?"]}, 200, DirectcallRefusedError),
        ({"status": "recusado", "codigo": "999"}, 200, DirectcallRefusedError),
        ({"status": "error", "msg": "Falha"}, 404, DirectcallRefusedError),
        # What a gateway says in its own words is no envelope, and neither is a contradiction.
        ({"status": "error", "message": "upstream timeout"}, 503, DirectcallOutcomeUnknownError),
        ({"status": "error", "message": "upstream timeout"}, 500, DirectcallOutcomeUnknownError),
        ({"status": "error", "message": "not here"}, 499, DirectcallRefusedError),
        ({"status": "500"}, 500, DirectcallOutcomeUnknownError),
        ({"status": "success"}, 200, DirectcallOutcomeUnknownError),
        (
            {"status": "success", "codigo": "000", "callerid": "a"},
            200,
            DirectcallOutcomeUnknownError,
        ),
        ({"status": "erro"}, 200, DirectcallRefusedError),
        ({"codigo": "201"}, 200, DirectcallNoCreditError),
        ({"status": "erro", "codigo": "201"}, 401, DirectcallNoCreditError),
        ({"status": "erro", "codigo": "200"}, 200, DirectcallAuthenticationError),
        ({"status": "erro", "codigo": "006"}, 200, DirectcallTokenRejectedError),
        ({"status": "erro", "codigo": 6}, 200, DirectcallTokenRejectedError),
        ({"codigo": "006"}, 200, DirectcallTokenRejectedError),
        ({"status": "erro", "msg": "token"}, 401, DirectcallRefusedError),
        ({"status": "erro", "codigo": "012"}, 401, DirectcallRefusedError),
        ({"error": "invalid_token"}, 200, DirectcallTokenRejectedError),
        ({"error": "expired_token", "error_description": "x"}, 400, DirectcallTokenRejectedError),
        ({"error_description": "The access token has expired"}, 200, DirectcallTokenRejectedError),
        ({"error": "server_error", "error_description": "x"}, 200, DirectcallRefusedError),
        ({"error": "temporarily_unavailable"}, 400, DirectcallRefusedError),
        ({"error": "quota_exceeded", "error_description": "x"}, 200, DirectcallTokenRejectedError),
        # A server in trouble cannot tell whether a token is accepted.
        ({"codigo": "006"}, 502, DirectcallRefusedError),
        ({"status": "erro", "codigo": "200"}, 500, DirectcallRefusedError),
        # An envelope counts more than what stands beside it.
        ({"status": "erro", "error_description": "x"}, 200, DirectcallRefusedError),
        ({"status": "erro", "error": "invalid_token"}, 200, DirectcallRefusedError),
        # A server in trouble has no say in what was done.
        ({"error": "server_error", "error_description": "x"}, 500, DirectcallOutcomeUnknownError),
        ({"error": "db_timeout", "error_description": "x"}, 500, DirectcallOutcomeUnknownError),
        ({"error": "invalid_token"}, 502, DirectcallOutcomeUnknownError),
        ({"error_description": "x"}, 503, DirectcallOutcomeUnknownError),
        ({"error_description": ""}, 200, DirectcallOutcomeUnknownError),
        ({"error": "destino"}, 200, DirectcallOutcomeUnknownError),
        ({"error": ["invalid_token"]}, 200, DirectcallOutcomeUnknownError),
        # Alone, this code says nothing: it stands on successes, too.
        ({"codigo": "001"}, 200, DirectcallOutcomeUnknownError),
        ({"codigo": "000"}, 200, DirectcallOutcomeUnknownError),
        ({"codigo": True}, 200, DirectcallOutcomeUnknownError),
        ({"status": True}, 200, DirectcallOutcomeUnknownError),
        ({}, 200, DirectcallOutcomeUnknownError),
        ([OK, OK], 200, DirectcallOutcomeUnknownError),
        ([], 200, DirectcallOutcomeUnknownError),
        (None, 200, DirectcallOutcomeUnknownError),
        ("ok", 200, DirectcallOutcomeUnknownError),
        ({}, 302, DirectcallOutcomeUnknownError),
        ({}, 500, DirectcallOutcomeUnknownError),
        ({}, 599, DirectcallOutcomeUnknownError),
        ({}, 307, DirectcallRefusedError),
        ({}, 308, DirectcallRefusedError),
        ({}, 400, DirectcallRefusedError),
        ({}, 429, DirectcallRefusedError),
        ({}, 499, DirectcallRefusedError),
        ({}, 401, DirectcallTokenRejectedError),
    ],
)
def test_other_replies_are_errors(
    fields: Fields, status: int, error: type[DirectcallError]
) -> None:
    """A refusal and an unreadable reply are different errors."""
    with pytest.raises(error) as caught:
        read(fields, status).check()
    assert type(caught.value) is error


def test_id_of_a_call_is_masked() -> None:
    """The link of a recording may be made from the ID of its call: no text shows it."""
    said = {"status": "ok", "callerid": "A7-33B-x", "msg": "Chamada A7-33B-x aceita"}
    assert read(said).message == "Chamada … aceita"


DESCRIPTION = {"error_description": "The access token has expired"}


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        # The answer names the token: nothing was done.
        ({"codigo": "006"}, 200, DirectcallTokenRejectedError),
        ({"status": "erro", "codigo": "006"}, 499, DirectcallTokenRejectedError),
        ({"error": "invalid_token"}, 200, DirectcallTokenRejectedError),
        ({"error": "expired_token", **DESCRIPTION}, 400, DirectcallTokenRejectedError),
        ({}, 401, DirectcallTokenRejectedError),
        (DESCRIPTION, 401, DirectcallTokenRejectedError),
        # A description alone may be about anything.
        (DESCRIPTION, 200, DirectcallTokenDoubtedError),
        (DESCRIPTION, 202, DirectcallTokenDoubtedError),
        (DESCRIPTION, 302, DirectcallTokenDoubtedError),
        (DESCRIPTION, 400, DirectcallTokenDoubtedError),
        (DESCRIPTION, 409, DirectcallTokenDoubtedError),
        ({"error": "quota_exceeded", **DESCRIPTION}, 200, DirectcallTokenDoubtedError),
        # A server in trouble does not know what it did.
        ({"codigo": "006"}, 502, DirectcallOutcomeUnknownError),
        ({"status": "erro", "codigo": "201"}, 500, DirectcallOutcomeUnknownError),
        ({"error": "invalid_token"}, 503, DirectcallOutcomeUnknownError),
        # A no with the id of a call contradicts itself.
        (
            {"status": "erro", "codigo": "006", "callerid": "a-1"},
            200,
            DirectcallOutcomeUnknownError,
        ),
        (
            {"status": "erro", "codigo": "201", "callerid": "a-1"},
            200,
            DirectcallOutcomeUnknownError,
        ),
        ({"error": "invalid_token", "callerid": 12}, 401, DirectcallOutcomeUnknownError),
        (
            {"status": "erro", "codigo": "008", "detalhe": [{}, {"id_mensagem": 123}]},
            200,
            DirectcallOutcomeUnknownError,
        ),
        ({"codigo": "006", "detalhe": {"callerid": "a-1"}}, 200, DirectcallOutcomeUnknownError),
        (
            {"codigo": "006", "detalhe": [{"id_mensagem": None}, "x"]},
            200,
            DirectcallTokenRejectedError,
        ),
        ({"status": "erro", "codigo": "201", "callerid": ""}, 200, DirectcallNoCreditError),
        # A readable no is a no.
        ({"status": "erro", "codigo": "201"}, 200, DirectcallNoCreditError),
        ({"status": "erro", "codigo": "200"}, 200, DirectcallAuthenticationError),
        ({"error": "server_error"}, 200, DirectcallRefusedError),
        ({}, 429, DirectcallRefusedError),
        ({}, 307, DirectcallRefusedError),
        ({}, 302, DirectcallOutcomeUnknownError),
        ({}, 200, DirectcallOutcomeUnknownError),
    ],
)
def test_only_a_rejected_token_is_repeated(
    fields: Fields, status: int, error: type[DirectcallError]
) -> None:
    """A billed request is repeated only if its token was rejected."""
    with pytest.raises(error) as caught:
        read(fields, status).check_billed()
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("fields", "status", "code", "message"),
    [
        ({"status": "erro", "codigo": "201", "msg": "Sem saldo"}, 200, "201", "Sem saldo"),
        ({"status": "erro", "codigo": 2}, 200, "002", "Falha ao requisitar chamada."),
        ({"status": "erro", "codigo": "7"}, 200, "007", "Falha ao conectar no servidor de SMS"),
        ({"status": "erro", "codigo": "41999", "msg": [{}]}, 200, "-", "-"),
        ({"status": "erro", "codigo": 41999}, 200, "-", "-"),
        ({"status": "erro", "codigo": True}, 200, "-", "-"),
        ({"status": "erro", "codigo": " 201 ", "msg": "x"}, 200, "201", "x"),
        ({"status": "erro"}, 200, "-", "-"),
        ({"error": "server_error"}, 200, "server_error", "-"),
        ({"error": "server_error", "error_description": "Oops"}, 200, "server_error", "Oops"),
        ({}, 429, "HTTP 429", "Too Many Requests"),
        ({}, 499, "HTTP 499", "-"),
    ],
)
def test_refusal_quotes_the_provider(fields: Fields, status: int, code: str, message: str) -> None:
    """A refusal holds the provider's own code and words."""
    with pytest.raises(DirectcallRefusedError) as caught:
        read(fields, status).check()
    assert (caught.value.code, caught.value.message) == (code, message)


@pytest.mark.parametrize(
    ("code", "said", "error", "message"),
    [
        ("003", "Não há chamada", DirectcallNotActiveError, "Não há chamada"),
        ("003", None, DirectcallNotActiveError, "Chamada não está ativa."),
        ("004", "", DirectcallRefusedError, "Chamada não finalizada."),
    ],
)
def test_success_with_an_error_code_is_a_refusal(
    code: str, said: str | None, error: type[DirectcallRefusedError], message: str
) -> None:
    """A success with an error code is a refusal."""
    answer = read({"status": "ok", "codigo": code, "msg": said})
    answer.check()
    with pytest.raises(error) as caught:
        answer.check_ended()
    assert type(caught.value) is error
    assert (caught.value.code, caught.value.message) == (code, message)


@pytest.mark.parametrize(
    ("value", "call_id"),
    [
        ("6f7c10f9-06de-4bee-8eba-7fe141e5b635", "6f7c10f9-06de-4bee-8eba-7fe141e5b635"),
        (12345678901234, "12345678901234"),
        (None, None),
        ("", None),
        ("two words", None),
        ("x" * 65, None),
        (True, None),
        (["x"], None),
    ],
)
def test_call_id_may_be_missing(value: object, call_id: str | None) -> None:
    """The id of a call is taken where it can be one."""
    assert read({**OK, "callerid": value}).new_id == call_id
    assert read({"status": "ok"}).new_id is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"status": "ok", "msg": "ligação"}'.encode(), "ligação"),
        ('{"status": "ok", "msg": "ligação"}'.encode("latin-1"), "ligação"),
        ('\ufeff{"status": "ok", "msg": "ligação"}'.encode(), "ligação"),
        (rb'{"status": "ok", "msg": "liga\u00e7\u00e3o"}', "ligação"),
        (rb'{"status": "ok", "msg": "half \ud83d a pair\u0000"}', "half a pair"),
    ],
)
def test_text_is_read_in_any_encoding(body: bytes, message: str) -> None:
    """UTF-8 is read, and else Latin-1; what cannot be shown is left out."""
    answer = ApiResponse.read(200, body, ())
    answer.check()
    assert answer.message == message
    assert answer.message.encode()


@pytest.mark.parametrize(
    "word",
    [
        *("&", "?=", "=&", "a", "a:", "1 ", "\ufdfa", "\u33c2", "://", "%20", "%25", r"\u", "&#"),
        *("&amp;", "&#5", "=", "TlRVME1UazUK ", "UUUUUUUUUUUUUUUUUUUUUUU ", "\u0301"),
    ],
)
def test_hostile_text_is_redacted_fast(word: str) -> None:
    """Text that is hard to search is redacted in less than 2 s."""
    before = time.process_time()
    for length in (2000, 1_000_000):
        read({"status": "erro", "msg": word * (length // len(word))}, secrets=("012345", "token"))
    assert time.process_time() - before < 2


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"[" * 100_000, b"{", b"1" * 5000, b"\xff\xfe", b"<h1>ok</h1>"]
)
def test_broken_body_is_no_answer(body: bytes) -> None:
    """A body that is not a JSON object is unreadable."""
    with pytest.raises(DirectcallOutcomeUnknownError):
        ApiResponse.read(200, body, ()).check()
    with pytest.raises(DirectcallConnectionFailedError):
        read_token(ApiResponse.read(200, body, ()))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Destino 5541999991234 inválido", "Destino …1234 inválido"),
        ("Destino +55 (41) 99999-1234.", "Destino +…1234."),
        ("12 tentativas em 30 s", "12 tentativas em 30 s"),
        ("de (41) 3060\u20130300", "de (…0300"),
        ("de 41, 3060, 0300", "de …0300"),
        ("de 41 99999-12-34", "de …1234"),
        ("de [41] | [3060] | [0300]", "de […0300]"),
        ("de 41&nbsp;3060&nbsp;0300", "de …0300"),
        ("de 55%2041%203060%200300", "de …0300"),
        ("de \uff14\uff11\uff13060\uff100300", "de …0300"),
        ("veja www.d.br/x?access_token=a1b2c3 agora", "veja … agora"),
        ("token s3cr3t expirou", "token … expirou"),
        ("token s3c\u200br3t expirou", "token … expirou"),
        ("token s3c\u034fr3t expirou", "token … expirou"),
        ("token a%2Fb+c expirou", "token … expirou"),
        ("token 0123456789abcdef0123456789abcdef01234567 expirou", "token … expirou"),
        ("veja http://example.com/gravacao/id/1 e ftp://x", "veja … e …"),
        ("a\n b\t\u202ec", "a b c"),
        ("x " * 500, "x " * 150 + "…"),
        ("ab " * 99 + "abc", "ab " * 99 + "abc"),
        ("ola " * 600, "ola " * 75 + "…"),
        ("x" * 2000, "…"),
        ("x" * 5000, ""),
        (f"{'nada ' * 399} {'0123456789abcdef' * 3}", None),
    ],
)
def test_message_gives_nothing_away(said: str, shown: str | None) -> None:
    """Secrets, numbers, tokens and links that the provider echoes are masked."""
    message = read({**OK, "msg": said}, secrets=("s3cr3t", "a/b c", "")).message
    assert shown is None or message == shown
    assert "0123456789" not in message


@pytest.mark.parametrize(
    ("fields", "lifetime"),
    [
        ({"expires_in": 1800}, 1800),
        ({"expires_in": "1800"}, 1800),
        ({"expires_in": 10}, 10),
        ({"expires_in": 86400}, 86400),
        ({"expires_in": 9}, DEFAULT_LIFETIME),
        ({"expires_in": 86401}, DEFAULT_LIFETIME),
        ({"expires_in": -1}, DEFAULT_LIFETIME),
        ({"expires_in": "soon"}, DEFAULT_LIFETIME),
        ({"expires_in": True}, DEFAULT_LIFETIME),
        ({"expires_in": [60]}, DEFAULT_LIFETIME),
        ({"expires_in": 10**400}, DEFAULT_LIFETIME),
        ({"expires_in": float("nan")}, DEFAULT_LIFETIME),
        ({}, DEFAULT_LIFETIME),
        ({"access_token": jwt({"iat": 1000, "exp": 1600})}, 600),
        ({"access_token": jwt({"iat": 1000, "exp": 1600}), "expires_in": 60}, 60),
        ({"access_token": jwt({"iat": 1000, "exp": 1600}), "expires_in": "?"}, 600),
        ({"access_token": jwt({"iat": 1000, "exp": 1600}), "expires_in": "inf"}, 600),
        ({"access_token": jwt({"iat": 1000})}, DEFAULT_LIFETIME),
        ({"access_token": jwt({"exp": 1000})}, DEFAULT_LIFETIME),
        ({"access_token": jwt({"iat": 0, "exp": 10**9})}, DEFAULT_LIFETIME),
        ({"access_token": jwt([1])}, DEFAULT_LIFETIME),
        ({"access_token": "a.b.c"}, DEFAULT_LIFETIME),
        ({"access_token": "a.!!!!!.c"}, DEFAULT_LIFETIME),
    ],
)
def test_lifetime_is_believed_within_reason(fields: Fields, lifetime: float) -> None:
    """The stated lifetime counts, else the JWT's, else an hour."""
    assert read_token(read({"access_token": "opaque", **fields}))[1] == lifetime


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        (
            {"access_token": False, "msg": "Client Secret incorreto"},
            200,
            DirectcallAuthenticationError,
        ),
        ({"access_token": None}, 500, DirectcallAuthenticationError),
        ({"access_token": "", "codigo": "001"}, 200, DirectcallAuthenticationError),
        ({"status": "erro", "codigo": "006"}, 200, DirectcallAuthenticationError),
        ({"status": "erro", "codigo": "200"}, 400, DirectcallAuthenticationError),
        ({"error": "invalid_client", "error_description": "x"}, 200, DirectcallAuthenticationError),
        ({"error": "invalid_client", "error_description": "x"}, 400, DirectcallAuthenticationError),
        ({"error": "invalid_client", "error_description": "x"}, 401, DirectcallAuthenticationError),
        ({"error": "bad_password", "error_description": "x"}, 200, DirectcallAuthenticationError),
        ({"error_description": "x"}, 200, DirectcallAuthenticationError),
        ({}, 401, DirectcallAuthenticationError),
        ({"access_token": False, "codigo": "005"}, 200, DirectcallRefusedError),
        ({"access_token": False, "codigo": "201"}, 200, DirectcallNoCreditError),
        ({"status": "erro", "codigo": "001"}, 200, DirectcallRefusedError),
        ({"error": "server_error"}, 200, DirectcallRefusedError),
        ({"error": "server_error"}, 500, DirectcallConnectionFailedError),
        ({}, 403, DirectcallRefusedError),
        ({}, 500, DirectcallConnectionFailedError),
        ({}, 302, DirectcallConnectionFailedError),
        ({"status": "ok"}, 200, DirectcallConnectionFailedError),
        ({"access_token": 5}, 200, DirectcallConnectionFailedError),
        ({"access_token": "with\na break"}, 200, DirectcallConnectionFailedError),
        ({"access_token": "\ud83d"}, 200, DirectcallConnectionFailedError),
    ],
)
def test_refused_credentials_differ_from_other_errors(
    fields: Fields, status: int, error: type[DirectcallError]
) -> None:
    """Refused credentials and a failing provider are different errors."""
    with pytest.raises(error) as caught:
        read_token(read(fields, status))
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"status": "erro", "codigo": "006", "msg": "Token"}, 200, "006 Token"),
        ({"status": "erro", "codigo": "200"}, 200, "200 Usuário não cadastrado!"),
        ({"error": "invalid_token", "error_description": "Gone"}, 400, "invalid_token Gone"),
        ({"error_description": "Gone"}, 400, "error Gone"),
        ({}, 401, "HTTP 401 Unauthorized"),
        ({}, 404, "HTTP 404 Not Found"),
        ({}, 500, "HTTP 500 without a readable result"),
    ],
)
def test_log_names_the_kind_of_error(fields: Fields, status: int, text: str) -> None:
    """A log entry names the form of a refusal, for each request."""
    for read_on in (read(fields, status).check, partial(read_token, read(fields, status))):
        with pytest.raises(DirectcallError) as caught:
            read_on()
        assert str(caught.value) == text


def test_token_error_quotes_the_provider() -> None:
    """An error without a code quotes the provider's text."""
    with pytest.raises(DirectcallAuthenticationError, match=r"^Client Secret incorreto$"):
        read_token(read({"access_token": False, "msg": "Client Secret incorreto"}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
FIELDS = st.dictionaries(
    st.sampled_from(
        [
            "access_token",
            "callerid",
            "codigo",
            "error",
            "error_description",
            "expires_in",
            "msg",
            "status",
        ]
    ),
    JSON | st.sampled_from(["ok", "000", "001", "006", "erro", "invalid_token"]),
)


HIDDEN = (
    *("\u0000", "\u001b", "\u00ad", "\u034f", "\u061c", "\u115f", "\u180e", "\u200b", "\u200d"),
    *("\u202e", "\u2060", "\u20dd", "\u2800", "\u3164", "\ufe0f", "\ufeff", "\uffa0"),
    *("\u0301", "\u0327", "\ue000", "\U000e0100", "\U000e0041", "\u200b" * 20),
)


def escaped(pattern: str) -> Callable[[str], str]:
    """Return what writes each character of a text as an escape."""
    return lambda text: "".join(pattern.format(ord(c)) for c in text)


def in_base64(text: str) -> str:
    """Return a text in base64."""
    return base64.b64encode(text.encode()).decode()


def unpadded(text: str) -> str:
    """Return a text in the base64 of links."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


ENCODINGS: tuple[Callable[[str], str], ...] = (
    escaped(r"\u{:04x}"),
    escaped(r"\u{{{:x}}}"),
    escaped(r"\U{:08X}"),
    escaped(r"\x{:02x}"),
    escaped("%u{:04x}"),
    escaped("%{:02X}"),
    escaped("%25{:02x}"),
    escaped("&#{};"),
    escaped("&#{} "),
    escaped("&#{:05}"),
    escaped("&#x{:x};"),
    escaped("&amp;#X{:X};"),
    escaped(r"\u0026#x{:x};"),
    escaped("\uff05{:02X}"),
    "&nbsp;".join,
    "&shy;".join,
    "<br>".join,
    "</b> <b class='x'>".join,
    "&lt;i&gt;".join,
    "%20".join,
    "%e2%80%8b".join,
    r"\n".join,
    r"\u200b".join,
    in_base64,
    unpadded,
    lambda text: in_base64(f"tel. {text}"),
    lambda text: f"cod:{unpadded(text)};",
    lambda text: f"x{in_base64(text)}",
    lambda text: in_base64(in_base64(text)),
    lambda text: in_base64(text.replace("5", "\uff15")),
    lambda text: in_base64(text).replace("=", "%3D"),
    lambda text: "\u200b".join(in_base64(text)),
    *(separator.join for separator in HIDDEN),
)


@pytest.mark.parametrize("encode", ENCODINGS)
@pytest.mark.parametrize(
    "private", ["s3cr3t", "5541999991234", "41999991234", "99991234", "a?c1&t=3.x/4"]
)
def test_encoded_secrets_are_masked(private: str, encode: Callable[[str], str]) -> None:
    """Secrets and numbers are masked in any encoding."""
    secrets = ("s3cr3t", "a?c1&t=3.x/4")
    for said in (f"Destino {encode(private)} inválido", encode(private)):
        message = read({**OK, "msg": said}, secrets=secrets).message
        assert "…" in message
        # At most four digits of a number are visible, also if it was encoded.
        assert not re.search(r"\w{6}", re.sub("Destino|inválido|cod:", "", message))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("liga&ccedil;&atilde;o n&#227;o feita", "ligação não feita"),
        (r"liga\u00e7\u00e3o n\xe3o\/feita", "ligação não/feita"),
        ("liga%C3%A7%C3%A3o%20n%E3o%0Afeita", "ligação n%E3o feita"),
        ("Desconto de 50%de hoje", "Desconto de 50%de hoje"),
        ("Chamadas canceladas: utilize CPF_titular", "Chamadas canceladas: utilize CPF_titular"),
        ("c\u0327a\u0303o e acento pr\u00e9-pago", "cao e acento pré-pago"),
        (r"a\u{ffffffff}b\ud83dc", "abc"),
        ("%" + "25" * 20 + "35", "…"),
        ("Aguarde...", "Aguarde…"),
        ("Não  há\tsaldo ", "Não há saldo"),
    ],
)
def test_encoded_words_are_read(said: str, shown: str) -> None:
    """A text without private values is shown decoded, unless it is encoded repeatedly."""
    assert read({**OK, "msg": said}).message == shown


@given(st.binary() | (FIELDS | JSON).map(lambda v: json.dumps(v).encode()), st.integers(100, 999))
def test_any_answer_is_a_result_or_our_error(body: bytes, status: int) -> None:
    """Any response is read, or raises an error of the package."""
    answer = ApiResponse.read(status, body, ("secret",))
    assert answer.message.isprintable()
    assert answer.new_id is None or answer.new_id.isascii()
    assert is_ours(answer.check) != answer.is_ok
    assert is_ours(partial(read_token, answer)) or read_token(answer)[0].isascii()


def is_ours(read_on: Callable[[], object]) -> bool:
    """Return if reading ends in an error of the package. Other errors fail the test."""
    try:
        read_on()
    except DirectcallError as err:
        return str(err).isprintable()
    return False
