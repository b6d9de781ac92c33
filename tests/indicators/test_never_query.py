"""Indicators that must not be sent. The results follow IANA and are the same on every version of Python."""

from __future__ import annotations

import pytest

from vt_connectors.errors import ConfigError, InvalidIndicator
from vt_connectors.indicators import NeverQuery, parse_as, recognise

# fmt: off
_RESERVED = (
    "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
    "127.255.255.255", "169.254.0.0", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.1", "192.0.0.9",
    "192.0.0.170", "192.0.2.1", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7",
    "203.0.113.7", "224.0.0.1", "233.252.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1",
    "::10.0.0.1", "::ffff:10.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:1::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:a00:1::1", "2002:7f00:1::", "2002:c0a8:101::1",
    "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1",
    "ff0e::1",
)
# fmt: on

# fmt: off
_PUBLIC = (
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.1", "169.253.1.1", "172.15.0.1", "172.32.0.1", "191.255.255.255", "192.0.1.1", "192.167.1.1",
    "192.169.1.1", "198.17.255.255", "198.20.0.0", "203.0.114.1", "223.255.255.255", "::ffff:8.8.8.8", "2001:200::1",
    "2001:4860:4860::8888", "2002:808:808::1", "2606:4700:4700::1111", "2a00:1450::1", "3ffe::1",
)
# fmt: on


@pytest.mark.parametrize("text", _RESERVED)
def test_an_address_that_is_not_public_is_not_sent(text: str) -> None:
    address = parse_as("ip", text)
    assert NeverQuery().reason(address) == "private_address"
    host = address.value if "." in address.value else f"[{address.value}]"
    assert NeverQuery().reason(parse_as("url", f"http://{host}:8080/x")) == "private_address"


@pytest.mark.parametrize("text", _PUBLIC)
def test_a_public_address_may_be_sent(text: str) -> None:
    assert NeverQuery().reason(parse_as("ip", text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "localhost",
        "db.localhost",
        "printer.local",
        "PRINTER.LOCAL.",
        "wiki.corp.internal",
        "nas.lan",
        "http://nas.lan/",
        "http://user@printer.local:631/x",
        "http://intranet/secret/plans",
        "https://wiki:8443/",
        "router.home.arpa",
        "http://router.home.arpa/x",
        "pc7.localdomain",
        "dc01.CORP",
        "dc01.corp:389",
        "nas.home",
        "files.intranet",
        "ci.test",
        "nowhere.invalid",
        "facebookcorewwwi.onion",
        "(4)dc01(4)corp(0)",
    ],
)
def test_an_internal_name_is_not_sent(text: str) -> None:
    assert NeverQuery().reason(recognise(text)) == "internal_name"


@pytest.mark.parametrize(
    "text",
    [
        "5.1.168.192.in-addr.arpa",
        "7.6.5.10.IN-ADDR.ARPA.",
        "16.172.in-addr.arpa",
        "10.in-addr.arpa",
        "lb._dns-sd._udp.0.1.168.192.in-addr.arpa",
        "http://5.1.168.192.in-addr.arpa/x",
        "300.168.192.in-addr.arpa",
        "1000.168.192.in-addr.arpa",
        "256.10.in-addr.arpa",
        "999.16.172.in-addr.arpa",
        "http://300.168.192.in-addr.arpa/",
        "(1)5(1)1(3)168(3)192(7)in-addr(4)arpa(0)",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
        "0.8.e.f.ip6.arpa",
        "d.f.ip6.arpa",
    ],
)
def test_a_reverse_dns_name_of_a_private_address_or_network_is_not_sent(text: str) -> None:
    assert NeverQuery().reason(recognise(text)) == "private_address"


@pytest.mark.parametrize(
    "text",
    [
        "8.8.8.8.in-addr.arpa",
        "172.in-addr.arpa",
        "in-addr.arpa",
        "8.8.8.8.0.6.8.4.1.0.0.2.ip6.arpa",
        "256.in-addr.arpa",
    ],
)
def test_other_reverse_dns_names_may_be_sent(text: str) -> None:
    assert NeverQuery().reason(recognise(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "34.216.184.93.in-addr.arpa",
        "300.216.184.93.in-addr.arpa",
        "216.184.93.in-addr.arpa",
        "0.0.7.4.6.0.6.2.ip6.arpa",
    ],
)
def test_a_reverse_dns_name_in_the_users_list_is_not_sent(text: str) -> None:
    assert _OURS.reason(recognise(text)) == "never_query"


@pytest.mark.parametrize(
    "text",
    [
        "2002:5db8:d822::1",
        "http://[2002:5db8:d822::1]/",
        "2.2.8.d.8.b.d.5.2.0.0.2.ip6.arpa",
        "8.d.8.b.d.5.2.0.0.2.ip6.arpa",
    ],
)
def test_a_6to4_form_of_an_address_in_the_users_list_is_not_sent(text: str) -> None:
    assert _OURS.reason(recognise(text)) == "never_query"


@pytest.mark.parametrize("text", ["2002:5db8:d922::1", "b.d.5.2.0.0.2.ip6.arpa"])
def test_a_6to4_form_of_another_address_may_be_sent(text: str) -> None:
    assert _OURS.reason(recognise(text)) is None


def test_a_listed_name_is_recognised_without_a_known_top_level_domain() -> None:
    ours = NeverQuery(["acme.workplace"])
    assert ours.reason(recognise("pc7.acme.workplace", ours)) == "never_query"
    assert ours.reason(recognise("pc7.acme.workplace/x", ours)) == "never_query"
    with pytest.raises(InvalidIndicator):
        recognise("pc7.other.workplace", ours)


@pytest.mark.parametrize("text", ["http://0x7f.1/", "http://2130706433/", "http://10.1/", "http://0300.0250.1.1/"])
def test_an_unusual_form_of_a_private_address_is_not_sent(text: str) -> None:
    assert NeverQuery().reason(recognise(text)) == "private_address"


@pytest.mark.parametrize(
    "text", ["a" * 32, "example.com", "http://example.com/?host=printer.local", "local.example.com", "mylan.example"]
)
def test_all_other_indicators_may_be_sent(text: str) -> None:
    assert NeverQuery().reason(recognise(text)) is None


_OURS = NeverQuery(
    (
        "Corp.Example.",
        "*.partner.example",
        "bücher.example",
        "93.184.216.0/24",
        "2606:4700::/32",
        "[::ffff:9.9.9.9]",
        "",
    )
)


@pytest.mark.parametrize(
    "text",
    [
        "corp.example",
        "a.b.CORP.example",
        "https://corp.example/x",
        "http://vpn.corp.example:8443/?a=b",
        "partner.example",
        "www.partner.example",
        "xn--bcher-kva.example",
        "shop.bücher.example",
        "93.184.216.34",
        "http://93.184.216.34/",
        "::ffff:93.184.216.34",
        "2606:4700:4700::1111",
        "9.9.9.9",
    ],
)
def test_an_indicator_in_the_users_list_is_not_sent(text: str) -> None:
    assert _OURS.reason(recognise(text)) == "never_query"


@pytest.mark.parametrize("text", ["mycorp.example", "corp.example.com", "93.184.217.1", "9.9.9.10", "example"])
def test_an_indicator_outside_the_users_list_may_be_sent(text: str) -> None:
    assert _OURS.reason(parse_as("url", f"http://{text}/")) != "never_query"


@pytest.mark.parametrize("entry", ["http://example.com", "10.0.0.0/33", "a b", "-", "*", "example.com/x", "1.2.3"])
def test_an_invalid_entry_is_a_config_error(entry: str) -> None:
    with pytest.raises(ConfigError, match="VT_NEVER_QUERY"):
        NeverQuery((entry,))
