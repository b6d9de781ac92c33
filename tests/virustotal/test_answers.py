"""Parsing VirusTotal's responses without a server: all forms of Retry-After, and recorded errors."""

from __future__ import annotations

import contextlib
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_clock import START
from vt_connectors.api_key import ApiKey
from vt_connectors.errors import AccessDenied, ConnectorError, InvalidResponse
from vt_connectors.virustotal import responses as answers
from vt_connectors.virustotal.http.transport import HttpResponse

_KEY = ApiKey("testapikey")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("3600", 3600.0),
        ("-5", None),
        ("1.5", None),
        ("\u0663", None),
        ("9" * 40, None),
        ("soon", None),
        (formatdate(START + 30, usegmt=True), 30.0),
        (formatdate(START + 30, localtime=False), 30.0),
        (formatdate(START - 30, usegmt=True), 0.0),
        ("Fri, 02 Jan 2026 04:04:35 +0100", 30.0),
        ("Fri, 02 Jan 2026 03:04:35", 30.0),
        ("Fri, 99 Jan 2026 03:04:35 GMT", None),
    ],
)
def test_retry_after_is_in_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert answers.retry_after(header, START) == seconds


@given(st.text())
def test_no_retry_after_raises_an_error(header: str) -> None:
    seconds = answers.retry_after(header, START)
    assert seconds is None or seconds >= 0


@given(st.integers(100, 599), st.binary(max_size=60), st.sampled_from([None, "its body is too large"]))
def test_any_response_is_a_document_or_one_of_our_errors(status: int, body: bytes, broken: str | None) -> None:
    with contextlib.suppress(ConnectorError, answers.NotFound):
        assert isinstance(answers.document(HttpResponse(status, {}, body, broken), _KEY, START), dict)


def test_the_echoed_key_is_redacted_before_the_message_is_shortened() -> None:
    body = b'{"error": {"code": "WrongCredentialsError", "message": "' + b"x" * 295 + b'testapikey"}}'
    with pytest.raises(AccessDenied) as caught:
        answers.document(HttpResponse(401, {}, body), _KEY, START)
    assert "testa" not in caught.value.message


def test_control_characters_are_not_repeated() -> None:
    body = b'{"error": {"code": "X\\u001b[2J", "message": "\\u001b[2J\\u202eevil\\n"}}'
    with pytest.raises(InvalidResponse) as caught:
        answers.document(HttpResponse(401, {"content-type": "\x1b]0;x"}, body), _KEY, START)
    assert caught.value.message.isprintable()
    named = body.replace(b"X\\u001b[2J", b"WrongCredentialsError")
    with pytest.raises(AccessDenied) as told:
        answers.document(HttpResponse(401, {}, named), _KEY, START)
    assert told.value.message.isprintable()
    redirect = {"location": "http://evil\x1b[2J.example/"}
    with pytest.raises(InvalidResponse) as caught:
        answers.document(HttpResponse(302, redirect, b""), _KEY, START)
    assert caught.value.message.isprintable()
