"""Hashes and addresses in all usual forms."""

from __future__ import annotations

import pytest

from vt_connectors.errors import InvalidIndicator
from vt_connectors.indicators import parse_as

_MD5 = "44d88612fea8a8f36de82e1278abb02f"


@pytest.mark.parametrize("digits", [32, 40, 64])
def test_a_hash_has_one_form_in_any_case_and_between_blanks(digits: int) -> None:
    assert parse_as("hash", f" {'aB' * (digits // 2)}\r\n").value == "ab" * (digits // 2)


@pytest.mark.parametrize(
    "text",
    [
        _MD5[:-1],
        _MD5 + "0",
        "g" * 32,
        "a" * 128,
        "\u0660" * 32,
        f"0x{_MD5[2:]}",
        f"{_MD5[:8]} {_MD5[9:]}",
        f"{_MD5[:16]}\u200b{_MD5[16:]}",
        "../users/me",
        "files/../users/me",
        "example.com",
    ],
)
def test_an_invalid_hash_is_refused(text: str) -> None:
    with pytest.raises(InvalidIndicator):
        parse_as("hash", text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("8.8[.]8.8", "8.8.8.8"),
        ("8[dot]8(.)8{.}8", "8.8.8.8"),
        (" [8.8.8.8] ", "8.8.8.8"),
        ("2001:4860:4860:0000:0000:0000:0000:8888", "2001:4860:4860::8888"),
        ("2001:4860:4860::8888", "2001:4860:4860::8888"),
        ("[2001:4860:4860::8888]", "2001:4860:4860::8888"),
        ("2001:4860:4860::ABCD", "2001:4860:4860::abcd"),
        ("2001[:]4860[:]4860[:][:]8888", "2001:4860:4860::8888"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("::FFFF:808:808", "8.8.8.8"),
        ("64:ff9b::8.8.8.8", "64:ff9b::808:808"),
        ("20.190.159.1:52311", "20.190.159.1"),
        ("8.8[.]8.8[:]53", "8.8.8.8"),
        ("[2603:1036::1]:443", "2603:1036::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("2603:1036::1%12", "2603:1036::1"),
        ("'8.8.8.8'", "8.8.8.8"),
        ("(8.8.8.8)", "8.8.8.8"),
        ("[[2603:1036::1]]", "2603:1036::1"),
        ("\ufeff8.8.8.8\u200b", "8.8.8.8"),
        ("8.8.8.8,", "8.8.8.8"),
    ],
)
def test_an_address_has_one_form(text: str, value: str) -> None:
    parsed = parse_as("ip", text)
    assert (parsed.kind, parsed.value, parsed.host) == ("ip", value, value)


@pytest.mark.parametrize(
    "text",
    [
        "008.8.8.8",
        "8.8.8",
        "8.8.8.8.8",
        "256.8.8.8",
        "134744072",
        "0x08080808",
        "8.8.8.8/32",
        "8.8.8.8:65536",
        "8.8.8.8%eth0",
        "1::2::3",
        "[::1",
        "\uff18.8.8.8",
        "example.com",
    ],
)
def test_an_invalid_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidIndicator):
        parse_as("ip", text)
