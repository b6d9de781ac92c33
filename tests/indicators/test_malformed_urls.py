"""Damaged URLs are repaired if they have one meaning, refused otherwise, and never taken for internal names."""

from __future__ import annotations

import pytest

from vt_connectors.errors import InvalidIndicator
from vt_connectors.indicators import Kind, NeverQuery, parse_as, recognise

_EVIL = "http://evil.example/login"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("https:/evil.example/login", "https://evil.example/login"),
        ("https:evil.example/login", "https://evil.example/login"),
        ("https:///evil.example/login", "https://evil.example/login"),
        ("https:////evil.example/login", "https://evil.example/login"),
        ("http//evil.example/login", _EVIL),
        ("HTTP//evil.example/login", _EVIL),
        ("http:\\\\evil.example\\login", _EVIL),
        ("http:\\evil.example\\login?a\\b", _EVIL + "?a\\b"),
        ("ttp://evil.example/login", _EVIL),
        ("htp://evil.example/login", _EVIL),
        ("hhttp://evil.example/login", _EVIL),
        ("hxtp://evil.example/login", _EVIL),
        ("htxps://evil.example/login", "https://evil.example/login"),
        ("h**p://evil[.]example/login", _EVIL),
        ("hxxp:/evil[.]example/login", _EVIL),
        ("fxp://evil.example/login", "ftp://evil.example/login"),
        ("http://http://evil.example/login", _EVIL),
        ("http://https//evil.example/login", "https://evil.example/login"),
        ("\ufeffhttp://evil.example/login", _EVIL),
        ("\u200b\u200bhttp://evil.example/login\u200b", _EVIL),
        ("\u200ehttp://evil.example/login", _EVIL),
        ("\uff48\uff54\uff54\uff50://evil.example/login", _EVIL),
        ("\uff28ttp://\uff45\uff56\uff49\uff4c.example/login", _EVIL),
        ("\uff48\uff54\uff54\uff50\uff1a\uff0f\uff0fevil\uff0eexample\uff0flogin", _EVIL),
        ("<http://evil.example/login>", _EVIL),
        ('"http://evil.example/login"', _EVIL),
        ('"http://evil.example/login",', _EVIL),
        ("<URL:http://evil.example/login>", _EVIL),
        ("[http://evil.example/login]", _EVIL),
        ("\u201chttp://evil.example/login\u201d", _EVIL),
        ("(4)evil(7)example(0)/login", _EVIL),
        ("evil.example:8080", "http://evil.example:8080/"),
        ("[2001:db8::1]:443", "http://[2001:db8::1]:443/"),
        ("20.190.159.1:52311", "http://20.190.159.1:52311/"),
    ],
)
def test_a_url_with_one_meaning_is_repaired(text: str, value: str) -> None:
    parsed = parse_as("url", text)
    assert parsed.value == value
    assert parse_as("url", value) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "https:/intranet/login",
        "http:/evil/login",
        "http//evil",
        "http:8080",
        "http:10/login",
        "http://http:8080/",
        "http://https:/",
        "http;//evil.example/",
        "http://\uff0fevil.example/",
        "http:// evil.example/",
        "https%3A%2F%2Fevil.example%2Flogin",
        "view-source:https://evil.example/",
        "intranet/login",
        "C:/Windows/evil.exe",
        "etc/passwd",
        "TCP/IP",
        "application/json",
        "N/A",
        "10.12/2024",
        "2130706433/login",
        "-",
        "none",
    ],
)
@pytest.mark.parametrize("kind", ["url", None])
def test_an_ambiguous_url_is_refused(text: str, kind: Kind | None) -> None:
    with pytest.raises(InvalidIndicator):
        recognise(text) if kind is None else parse_as(kind, text)


@pytest.mark.parametrize("text", ["https:/evil.example/login", "http//evil.example/x", "\ufeffhttp://evil.example/"])
def test_a_repaired_url_is_recognised_and_may_be_sent(text: str) -> None:
    assert recognise(text) == parse_as("url", text)
    assert NeverQuery().reason(recognise(text)) is None


def test_a_repaired_url_of_a_private_address_is_not_sent() -> None:
    assert NeverQuery().reason(parse_as("url", "https:/10.0.0.1/login")) == "private_address"


@pytest.mark.parametrize(
    "value",
    [
        "http://evil.example/a,b;c|d",
        "http://evil.example/?u=a,http://other.example/",
        "http://evil.example/\u3008x\u3009",
        "http://evil.example/a'",
        "http://evil.example/(a)",
    ],
)
def test_a_well_formed_url_is_not_changed(value: str) -> None:
    assert parse_as("url", value).value == value
