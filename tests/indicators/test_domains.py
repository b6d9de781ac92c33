"""Domain names: case, dots, defanging and IDNA."""

from __future__ import annotations

import pytest

from vt_connectors.errors import InvalidIndicator
from vt_connectors.indicators import parse_as


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("example.com", "example.com"),
        ("EXAMPLE.Com", "example.com"),
        ("example.com.", "example.com"),
        (" example.com\n", "example.com"),
        ("example[.]com", "example.com"),
        ("www(.)example{.}com", "www.example.com"),
        ("www[dot]example[DOT]com", "www.example.com"),
        ("www(Dot)example.com", "www.example.com"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("a--b.example.com", "a--b.example.com"),
        ("1e100.net", "1e100.net"),
        ("4.example.com", "4.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("faß.de", "xn--fa-hia.de"),
        ("\uff25\uff38\uff21mple\uff0ecom", "example.com"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("\ufeffexample.com", "example.com"),
        ("exam\u00adple.com", "example.com"),
        ("localhost", "localhost"),
        ("example.com:80", "example.com"),
        ("<example.com>", "example.com"),
        ("'example[.]com'", "example.com"),
        ("(7)example(3)com(0)", "example.com"),
        # UTS 46: emoji, with and without their selectors.
        ("\U0001f4a9.la", "xn--ls8h.la"),
        ("www.\U0001f4a9.LA", "www.xn--ls8h.la"),
        ("xn--ls8h.la", "xn--ls8h.la"),
        ("b\u00fccher.xn--ls8h.la", "xn--bcher-kva.xn--ls8h.la"),
        ("i\u2764\ufe0f.ws", "xn--i-7iq.ws"),
        ("i\u2764.ws", "xn--i-7iq.ws"),
        (".".join(["a" * 63] * 3) + ".com", ".".join(["a" * 63] * 3) + ".com"),
    ],
)
def test_a_domain_has_one_form(text: str, value: str) -> None:
    parsed = parse_as("domain", text)
    assert (parsed.kind, parsed.value, parsed.host) == ("domain", value, value)


@pytest.mark.parametrize(
    "text",
    [
        "example",
        "example..com",
        "example.com..",
        ".example.com",
        "-a.example.com",
        "a-.example.com",
        "*.example.com",
        "user@example.com",
        "example.com:65536",
        "example.com/",
        "example.com?x",
        "example.com#x",
        "example.com\\x",
        "exam ple.com",
        "exam\tple.com",
        "exam%70le.com",
        "exam[[.]]ple.com",
        "http://example.com",
        "hxxp[://]example.com",
        "8.8.8.8",
        "[::1]",
        "1.2.3",
        "example.123",
        "example.0x1f",
        "archive.7z",
        "example.c",
        "example.co_m",
        "1。2。3。4",
        "a" * 64 + ".com",
        ".".join(["a" * 60] * 5),
        "é" * 300 + ".com",
        "\u202eexample.com",
        "example\u2066.com",
        "exam\u2215ple.com",
        "℀.com",
        "a\u200db\U0001f4a9.com",
        "(8)example(3)com(0)",
        "../users/me",
        "..",
    ],
)
def test_an_invalid_domain_is_refused(text: str) -> None:
    with pytest.raises(InvalidIndicator):
        parse_as("domain", text)


@pytest.mark.parametrize(("text", "action"), [("8.8.8.8", "lookup_ip"), ("http://example.com/", "lookup_url")])
def test_a_refusal_names_the_right_action(text: str, action: str) -> None:
    with pytest.raises(InvalidIndicator, match=action):
        parse_as("domain", text)
