"""URLs: the canonical head, the unchanged rest, and VirusTotal's ids."""

from __future__ import annotations

import pytest
import vt

from vt_connectors.errors import InvalidIndicator
from vt_connectors.indicators import parse_as
from vt_connectors.indicators.indicator import MAX_LENGTH


@pytest.mark.parametrize(
    ("text", "value", "host"),
    [
        ("http://example.com", "http://example.com/", "example.com"),
        ("HTTP://Example.COM/Path", "http://example.com/Path", "example.com"),
        ("example.com", "http://example.com/", "example.com"),
        ("example.com/Path", "http://example.com/Path", "example.com"),
        ("example.com:8080", "http://example.com:8080/", "example.com"),
        ("ftp://example.com/x", "ftp://example.com/x", "example.com"),
        # Defanged in the head; what stands behind it is its own.
        ("hxxp://example[.]com", "http://example.com/", "example.com"),
        ("hXXps://example(.)com/x", "https://example.com/x", "example.com"),
        ("HXXPS[:]//example[dot]com", "https://example.com/", "example.com"),
        ("hxxp[://]example.com[:]8080/", "http://example.com:8080/", "example.com"),
        ("http://example.com/?q=a[.]b&r=hxxp://c[.]d", "http://example.com/?q=a[.]b&r=hxxp://c[.]d", "example.com"),
        ("http://example.com?a[.]b", "http://example.com/?a[.]b", "example.com"),
        ("http://a[.]b@example[.]com/", "http://example.com/", "example.com"),
        # Query and fragment.
        ("http://example.com?x=1&y=2", "http://example.com/?x=1&y=2", "example.com"),
        ("http://example.com#Part", "http://example.com/#Part", "example.com"),
        ("http://example.com/a//b/../c?d#e?f", "http://example.com/a//b/../c?d#e?f", "example.com"),
        ("http://example.com/%7euser/%zz", "http://example.com/%7euser/%zz", "example.com"),
        ("http://example.com/ü?ß#ö", "http://example.com/ü?ß#ö", "example.com"),
        ("http://example.com/gpj\u202e.exe", "http://example.com/gpj\u202e.exe", "example.com"),
        ("http://example.com/http://other.example/", "http://example.com/http://other.example/", "example.com"),
        ("example.com/?u=http://other.example/", "http://example.com/?u=http://other.example/", "example.com"),
        # Ports, and users, who are not sent.
        ("http://example.com:80/", "http://example.com:80/", "example.com"),
        ("https://example.com:/", "https://example.com/", "example.com"),
        ("https://example.com:00443/", "https://example.com:443/", "example.com"),
        ("http://User:Word@Example.com/", "http://example.com/", "example.com"),
        ("http://good.example@evil.example/", "http://evil.example/", "evil.example"),
        ("http://a@b@example.com/", "http://example.com/", "example.com"),
        # Hosts.
        ("http://example.com./", "http://example.com/", "example.com"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("http://exam\u200bple.com/", "http://example.com/", "example.com"),
        ("http://8.8.8.8", "http://8.8.8.8/", "8.8.8.8"),
        ("http://8.8.8.8./", "http://8.8.8.8/", "8.8.8.8"),
        ("http://2130706433/", "http://127.0.0.1/", "127.0.0.1"),
        ("http://0x7f.1/", "http://127.0.0.1/", "127.0.0.1"),
        ("http://0X7F000001/", "http://127.0.0.1/", "127.0.0.1"),
        ("http://0177.0.0.1:8080/", "http://127.0.0.1:8080/", "127.0.0.1"),
        ("http://017700000001/", "http://127.0.0.1/", "127.0.0.1"),
        ("http://10.1/", "http://10.0.0.1/", "10.0.0.1"),
        ("http://0/", "http://0.0.0.0/", "0.0.0.0"),
        ("http://[2001:DB8:0::1]/", "http://[2001:db8::1]/", "[2001:db8::1]"),
        ("http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x", "[2001:db8::1]"),
        ("http://[::ffff:10.0.0.1]/", "http://10.0.0.1/", "10.0.0.1"),
        ("http://[fe80::1%25eth0]/", "http://[fe80::1]/", "[fe80::1]"),
        ("http://\U0001f4a9.la/", "http://xn--ls8h.la/", "xn--ls8h.la"),
        ("http://localhost:8000/", "http://localhost:8000/", "localhost"),
    ],
)
def test_a_url_has_one_form(text: str, value: str, host: str) -> None:
    parsed = parse_as("url", text)
    assert (parsed.kind, parsed.value, parsed.host) == ("url", value, host)


@pytest.mark.parametrize(
    "text",
    [
        "http://",
        "http:///path",
        "//example.com/x",
        "/users/me",
        "../users/me",
        "http://?x",
        "http://example.com@",
        "http://:80/",
        "http://example.com:port/",
        "http://example.com:65536/",
        "http://example.com:0000080/",
        "http://example.com:-1/",
        "http://exam ple.com/",
        "http://example.com/a b",
        "http://example.com/a\u00a0b",
        "http://example.com/a\u3000b",
        "http://example.com\\.evil.example/",
        "http://example.com\\@evil.example/",
        "http://ex%61mple.com/",
        "http://exam<ple.com/",
        "http://.example.com/",
        "http://exam[[.]]ple.com/",
        "http://256.1.1.1/",
        "http://1.2.3.4.5/",
        "http://08.1.1.1/",
        "http://4294967296/",
        "http://example.123/",
        "http://127。0。0。1/",
        "http://①②⑦.0.0.1/",
        "http://::1/",
        "http://fe80::abcd/",
        "http://[::1",
        "http://[fe80::1%]/",
        "http://[example.com]/",
        "http://\u202eexample.com/",
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:somebody@example.com",
        "somebody@example.com",
        "file:///etc/passwd",
    ],
)
def test_an_invalid_url_is_refused(text: str) -> None:
    with pytest.raises(InvalidIndicator):
        parse_as("url", text)


@pytest.mark.parametrize("text", ["http://example.com?" + "a" * MAX_LENGTH, "example.com/" + "a" * (MAX_LENGTH - 12)])
def test_a_url_whose_canonical_form_is_too_long_is_refused(text: str) -> None:
    with pytest.raises(InvalidIndicator, match="longer"):
        parse_as("url", text)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://example.com/a/b?c=d&e=f#g",
        "https://example.com/???>>>~~~",
        "https://example.com/ü/例え?q=\U0001f600",
    ],
)
def test_a_urls_id_is_the_one_that_virustotals_own_client_makes(url: str) -> None:
    assert parse_as("url", url).vt_id == vt.url_id(url)
    assert not set(parse_as("url", url).vt_id) & set("=/")
