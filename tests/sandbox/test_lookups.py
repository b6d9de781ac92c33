"""Reports on files, URLs, domains and IP addresses."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import pytest

from vt_connectors.sandbox import Quota
from vt_connectors.sandbox.data.kinds import Item, Kind, Verdict
from vt_connectors.sandbox.data.verdicts import profile_of

from .calling import EICAR_MD5, EICAR_SHA1, EICAR_SHA256, Caller, base64_id, error_of
from .conftest import StartSandbox

FILE_STATS = {
    "harmless",
    "malicious",
    "suspicious",
    "undetected",
    "timeout",
    "confirmed-timeout",
    "failure",
    "type-unsupported",
}
WEB_STATS = {"harmless", "malicious", "suspicious", "undetected", "timeout"}


def uncatalogued(kind: Kind, verdict: Verdict) -> str:
    """The first of a row of made-up values that the sandbox gives this verdict."""
    forms = {
        Kind.FILE: lambda n: hashlib.sha256(f"file {n}".encode()).hexdigest(),
        Kind.URL: lambda n: f"http://site-{n}.test/",
        Kind.DOMAIN: lambda n: f"site-{n}.test",
        Kind.IP: lambda n: f"45.10.20.{n}",
    }
    values = (forms[kind](number) for number in range(200))
    return next(value for value in values if profile_of(Item(kind, value)).verdict is verdict)


def stats_on(caller: Caller, path: str) -> dict[str, int]:
    stats: dict[str, int] = caller.data(path)["attributes"]["last_analysis_stats"]
    return stats


@pytest.mark.parametrize("ident", [EICAR_MD5, EICAR_SHA1, EICAR_SHA256, EICAR_SHA256.upper()])
def test_eicar_is_malicious_by_every_hash(caller: Caller, ident: str) -> None:
    found = caller.data(f"files/{ident}")
    assert found["id"] == EICAR_SHA256
    assert found["type"] == "file"
    assert found["attributes"]["md5"] == EICAR_MD5
    assert found["attributes"]["last_analysis_stats"]["malicious"] > 50
    assert found["attributes"]["popular_threat_classification"]["suggested_threat_label"]


def test_file_report_has_the_attributes_every_real_one_has(caller: Caller) -> None:
    attributes = caller.data(f"files/{EICAR_SHA256}")["attributes"]
    always = "md5 sha1 sha256 size names tags type_description magic ssdeep reputation total_votes times_submitted"
    dates = "first_submission_date last_submission_date last_analysis_date last_modification_date"
    assert set(f"{always} {dates} unique_sources".split()) <= set(attributes)
    assert all(isinstance(attributes[name], int) for name in dates.split())


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (f"files/{EICAR_SHA256}", FILE_STATS),
        ("domains/malicious.example", WEB_STATS),
        ("ip_addresses/203.0.113.66", WEB_STATS),
        (f"urls/{base64_id('http://malicious.example/payload.bin')}", WEB_STATS),
    ],
)
def test_stats_count_the_rows_of_the_engines(caller: Caller, path: str, keys: set[str]) -> None:
    attributes = caller.data(path)["attributes"]
    said = Counter(row["category"] for row in attributes["last_analysis_results"].values())
    assert set(attributes["last_analysis_stats"]) == keys
    assert {key: said.get(key, 0) for key in keys} == attributes["last_analysis_stats"]


def test_file_engines_name_what_they_detect_and_only_that(caller: Caller) -> None:
    rows = caller.data(f"files/{EICAR_SHA256}")["attributes"]["last_analysis_results"].values()
    assert all((row["result"] is not None) == (row["category"] == "malicious") for row in rows)


def test_web_engines_always_give_a_result(caller: Caller) -> None:
    rows = caller.data("domains/malicious.example")["attributes"]["last_analysis_results"].values()
    assert all(row["result"] for row in rows)


@pytest.mark.parametrize(
    ("path", "bad"),
    [
        ("domains/malicious.example", True),
        ("domains/example.com", False),
        ("ip_addresses/203.0.113.66", True),
        ("ip_addresses/8.8.8.8", False),
        ("ip_addresses/1.1.1.1", False),
        (f"urls/{base64_id('http://phishing.example/login/verify?session=1')}", True),
        (f"urls/{base64_id('https://www.example.com/')}", False),
    ],
)
def test_catalogued_indicators_have_their_verdict(caller: Caller, path: str, bad: bool) -> None:
    assert (stats_on(caller, path)["malicious"] > 0) is bad


@pytest.mark.parametrize("kind", list(Kind))
def test_uncatalogued_values_fall_into_the_verdicts_in_their_shares(kind: Kind) -> None:
    values = [f"8.{n // 250}.{n % 250}.7" if kind is Kind.IP else f"{n}.test" for n in range(2000)]
    shares = Counter(profile_of(Item(kind, value)).verdict for value in values)
    unknown = 0 if kind is Kind.IP else 400  # there is a report on every address
    expected = {
        Verdict.UNKNOWN: unknown,
        Verdict.UNDETECTED: 1300 - unknown,
        Verdict.SUSPICIOUS: 300,
        Verdict.MALICIOUS: 400,
    }
    assert all(abs(shares[verdict] - count) < 80 for verdict, count in expected.items()), shares


def test_suspicious_means_detections_by_one_or_two_engines(caller: Caller) -> None:
    file_stats = stats_on(caller, f"files/{uncatalogued(Kind.FILE, Verdict.SUSPICIOUS)}")
    domain_stats = stats_on(caller, f"domains/{uncatalogued(Kind.DOMAIN, Verdict.SUSPICIOUS)}")
    assert (file_stats["malicious"] in (1, 2), file_stats["suspicious"]) == (True, 0)
    assert (domain_stats["suspicious"] in (1, 2), domain_stats["malicious"]) == (True, 0)


def test_the_same_value_has_the_same_report_on_every_server(caller: Caller, start_sandbox: StartSandbox) -> None:
    path = f"domains/{uncatalogued(Kind.DOMAIN, Verdict.MALICIOUS)}"
    other = start_sandbox(Quota.unlimited())
    assert caller.data(path)["attributes"] == Caller(other.url).data(path)["attributes"]


def test_unknown_hash_is_named_as_it_was_sent(caller: Caller) -> None:
    unknown = uncatalogued(Kind.FILE, Verdict.UNKNOWN).upper()
    assert error_of(caller.get(f"files/{unknown}")) == (404, "NotFoundError", f'File "{unknown}" not found')


@pytest.mark.parametrize("ident", ["nonsense", "ab" * 64, "..%2F..%2Fetc"])
def test_invalid_hash_is_not_found(caller: Caller, ident: str) -> None:
    assert error_of(caller.get(f"files/{ident}"))[:2] == (404, "NotFoundError")


def test_file_found_by_md5_is_found_by_the_other_hashes_it_is_given(caller: Caller) -> None:
    found = first_known_md5(caller)["attributes"]
    for name in ("sha1", "sha256"):
        again = caller.data(f"files/{found[name]}")
        assert again["id"] == found["sha256"]
        assert again["attributes"] == found


def first_known_md5(caller: Caller) -> Any:
    for number in range(50):
        answer = caller.get(f"files/{hashlib.md5(str(number).encode()).hexdigest()}")
        if answer.status_code == 200:
            return answer.json()["data"]
    raise AssertionError("the sandbox knows no MD5 at all")


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ("https://www.example.com", "https://www.example.com/"),
        ("HTTPS://WWW.Example.COM/", "https://www.example.com/"),
    ],
)
def test_url_id_is_the_sha256_of_the_canonical_form(caller: Caller, sent: str, canonical: str) -> None:
    found = caller.data(f"urls/{base64_id(sent)}")
    assert found["attributes"]["url"] == canonical
    assert found["id"] == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ("Example.com", "http://example.com/"),
        ("http://example.com?q=1", "http://example.com/?q=1"),
        ("http://Example.com:8080//A%2F#Top", "http://example.com:8080//A%2F#Top"),
        ("http://User:Pw@Example.com/", "http://User:Pw@example.com/"),
        ("example.com:8080/x", "http://example.com:8080/x"),
    ],
)
def test_urls_are_made_canonical(caller: Caller, sent: str, canonical: str) -> None:
    answer = caller.post("urls", data={"url": sent})
    assert answer.json()["data"]["id"].split("-")[1] == hashlib.sha256(canonical.encode()).hexdigest()


def test_sha256_of_a_url_is_known_once_the_url_was_seen(caller: Caller) -> None:
    url = uncatalogued(Kind.URL, Verdict.UNDETECTED)
    sha256 = hashlib.sha256(url.encode()).hexdigest()
    assert error_of(caller.get(f"urls/{sha256}")) == (404, "NotFoundError", f'URL "{sha256}" not found')
    caller.data(f"urls/{base64_id(url)}")
    assert caller.data(f"urls/{sha256}")["attributes"]["url"] == url


def test_catalogued_url_is_known_by_sha256_from_the_start(caller: Caller) -> None:
    sha256 = hashlib.sha256(b"https://www.example.com/").hexdigest()
    assert caller.data(f"urls/{sha256}")["id"] == sha256


def test_unknown_url_is_not_found(caller: Caller) -> None:
    ident = base64_id("http://unknown.example/")
    assert error_of(caller.get(f"urls/{ident}")) == (404, "NotFoundError", f'URL "{ident}" not found')


@pytest.mark.parametrize("ident", ["aHR0cDovL2E=", "a%2Fb", base64_id("javascript:alert(1)"), "%FF"])
def test_malformed_url_id_is_an_invalid_argument(caller: Caller, ident: str) -> None:
    assert error_of(caller.get(f"urls/{ident}"))[:2] == (400, "InvalidArgumentError")


@pytest.mark.parametrize(
    "domain", ["nodots", "-a.example", "a..example", "a_b.1", "b%C3%BCcher.example", "a%2Fb.example"]
)
def test_bad_domain_pattern_is_an_invalid_argument(caller: Caller, domain: str) -> None:
    status, code, message = error_of(caller.get(f"domains/{domain}"))
    assert (status, code) == (400, "InvalidArgumentError")
    assert message.endswith("is not a valid domain pattern")


def test_domains_are_found_in_any_case_and_as_punycode(caller: Caller) -> None:
    assert caller.data("domains/MALICIOUS.Example")["id"] == "malicious.example"
    assert caller.get("domains/xn--bcher-kva.example").status_code in (200, 404)


def test_unseen_domain_is_not_found(caller: Caller) -> None:
    assert error_of(caller.get("domains/unknown.example"))[:2] == (404, "NotFoundError")


@pytest.mark.parametrize("address", ["10.0.0.2", "192.0.2.1", "2001:db8::1", "2001%3Adb8%3A%3A1", "::1"])
def test_address_that_is_not_public_has_a_clean_report(caller: Caller, address: str) -> None:
    stats = stats_on(caller, f"ip_addresses/{address}")
    assert (stats["malicious"], stats["suspicious"]) == (0, 0)


def test_every_public_address_has_a_report(caller: Caller) -> None:
    assert all(caller.get(f"ip_addresses/45.77.3.{n}").status_code == 200 for n in range(1, 20))


@pytest.mark.parametrize("address", ["1.2.3", "1.2.3.256", "example.com", "fe80::1%25eth0"])
def test_bad_address_is_an_invalid_argument(caller: Caller, address: str) -> None:
    assert error_of(caller.get(f"ip_addresses/{address}"))[:2] == (400, "InvalidArgumentError")


@pytest.mark.parametrize("path", ["nothing/here", "files", "files//comments", "domains/example.com/cousins"])
def test_unknown_endpoint_is_not_found(caller: Caller, path: str) -> None:
    assert error_of(caller.get(path))[:2] == (404, "NotFoundError")
