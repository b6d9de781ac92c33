"""Recognised domains have a known top-level domain; domains with a given type may have a newer one."""

from __future__ import annotations

import pytest

from vt_connectors.errors import InvalidIndicator
from vt_connectors.indicators import parse_as, recognise


@pytest.mark.parametrize(
    "text",
    [
        *(
            "evil.exe",
            "kernel32.dll",
            "Salaries.xlsx",
            "report.pdf",
            "evil.exe:80",
            "'evil.exe'",
            "evil.exe/x",
            "a.b.c.exe",
        ),
        *("8.8.8.0/24", "8.8.8.8/32", "2001:db8::/32", "8.8.8.0/255.255.255.0", "10.0.0.0/8", "evil.xn--a", "x.xn--9"),
    ],
)
def test_file_names_and_networks_are_not_recognised(text: str) -> None:
    with pytest.raises(InvalidIndicator):
        recognise(text)


def test_the_refusal_says_what_to_do() -> None:
    with pytest.raises(InvalidIndicator, match=r"no top-level domain 'exe'.*give its type"):
        recognise("evil.exe")
    with pytest.raises(InvalidIndicator, match="is a network"):
        recognise("8.8.8.0/24")


@pytest.mark.parametrize(
    "text",
    [
        *("example.com", "evil.zip", "a.museum", "nic.ck", "a.co.uk", "x.\u4e2d\u56fd", "x.xn--fiqs8s", "x.xn--p1ai"),
        *("8.8.8.8.in-addr.arpa", "evil.example"),
    ],
)
def test_domains_are_recognised(text: str) -> None:
    assert recognise(text).kind == "domain"


def test_with_a_given_type_the_top_level_domain_need_not_be_known() -> None:
    assert parse_as("domain", "shop.newtld").value == "shop.newtld"
    assert parse_as("url", "shop.newtld/x").value == "http://shop.newtld/x"
    assert recognise("http://shop.newtld/x").value == "http://shop.newtld/x"
