"""API v2's calls on domains and IP addresses."""

from __future__ import annotations

import re

import pytest

from vt_connectors.sandbox.data.kinds import Item, Kind
from vt_connectors.sandbox.data.verdicts import is_heard_of

from .calling import Caller, V2Caller

DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
BAD = [("domain/report", "domain", "malicious.example"), ("ip-address/report", "ip", "203.0.113.66")]
SAMPLES = {f"{what}_{kind}_samples" for what in ("detected", "undetected") for kind in ("downloaded", "communicating")}


@pytest.mark.parametrize(("path", "param", "value"), BAD)
def test_detected_urls_are_objects_and_the_others_lists(v2: V2Caller, path: str, param: str, value: str) -> None:
    report = v2.told(path, **{param: value})
    for row in report["detected_urls"]:
        assert set(row) == {"url", "positives", "total", "scan_date"}
        assert row["positives"] > 0
        assert DATE.fullmatch(row["scan_date"])
    for url, sha256, positives, total, date in report["undetected_urls"]:
        assert (len(sha256), positives, total > 50, url[:7]) == (64, 0, True, "http://")
        assert DATE.fullmatch(date)
    assert report["detected_urls"]
    assert report["undetected_urls"]


@pytest.mark.parametrize(("path", "param", "value"), BAD)
def test_samples_are_objects_and_those_that_only_mention_a_host_may_have_no_date(
    v2: V2Caller, path: str, param: str, value: str
) -> None:
    report = v2.told(path, **{param: value})
    for row in (row for name in SAMPLES for row in report[name]):
        assert set(row) == {"sha256", "positives", "total", "date"}
    for row in report["detected_referrer_samples"]:
        assert set(row) == {"sha256", "positives", "total"}
    assert any(report[name] for name in SAMPLES)


def test_a_clean_host_has_no_detections(v2: V2Caller) -> None:
    for report in (v2.told("domain/report", domain="example.com"), v2.told("ip-address/report", ip="8.8.8.8")):
        assert [name for name, rows in report.items() if name.startswith("detected") and rows] == []


def test_a_domain_has_addresses_and_vendors_results(v2: V2Caller) -> None:
    report = v2.told("domain/report", domain="Malicious.Example")
    assert (report["response_code"], report["verbose_msg"]) == (1, "Domain found in dataset")
    assert set(report["resolutions"][0]) == {"last_resolved", "ip_address"}
    assert any(name.endswith(" category") for name in report)
    words = [value for name, value in report.items() if name.endswith(" domain info")]
    assert {type(value) for value in words} == {dict, str}
    assert isinstance(report["whois_timestamp"], int)


def test_an_address_has_names_and_a_system_as_text_or_number(v2: V2Caller) -> None:
    report = v2.told("ip-address/report", ip="203.0.113.66")
    assert (report["response_code"], report["country"]) == (1, "ZZ")
    assert set(report["resolutions"][0]) == {"last_resolved", "hostname"}
    numbers = [v2.told("ip-address/report", ip=f"8.8.4.{n}").get("asn") for n in range(20)]
    assert {type(number) for number in numbers} == {int, str, type(None)}


def test_passive_dns_is_v3s(v2: V2Caller) -> None:
    rows = Caller(v2.url).data("domains/malicious.example/resolutions?limit=40")
    found = v2.told("domain/report", domain="malicious.example")["resolutions"]
    addresses = [row["attributes"]["ip_address"] for row in rows]
    assert [row["ip_address"] for row in found[:40]] == addresses


def test_an_unknown_domain_gets_two_fields(v2: V2Caller) -> None:
    expected = {"response_code": 0, "verbose_msg": "Domain not found"}
    assert v2.told("domain/report", domain="unknown.example") == expected


@pytest.mark.parametrize("domain", ["not-a-domain", "a..example", "http://example.com/"])
def test_an_invalid_domain_is_reported_as_invalid(v2: V2Caller, domain: str) -> None:
    assert v2.told("domain/report", domain=domain)["response_code"] == -1


@pytest.mark.parametrize("address", ["2001:4860:4860::8888", "1.2.3", "example.com"])
def test_a_value_that_is_not_an_ipv4_address_is_invalid(v2: V2Caller, address: str) -> None:
    expected = {"response_code": -1, "verbose_msg": "Invalid IP address"}
    assert v2.told("ip-address/report", ip=address) == expected


def test_v2_unlike_v3_has_no_report_on_an_address_that_was_never_seen(v2: V2Caller) -> None:
    unseen = next(f"45.10.20.{n}" for n in range(200) if not is_heard_of(Item(Kind.IP, f"45.10.20.{n}")))
    for address in ("10.0.0.2", unseen):
        expected = {"response_code": 0, "verbose_msg": "Missing IP address"}
        assert v2.told("ip-address/report", ip=address) == expected
        assert Caller(v2.url).get(f"ip_addresses/{address}").status_code == 200


def test_an_address_scanned_through_v3_is_known_to_v2(v2: V2Caller) -> None:
    Caller(v2.url).post("ip_addresses/10.0.0.2/analyse")
    assert v2.told("ip-address/report", ip="10.0.0.2")["response_code"] == 1
