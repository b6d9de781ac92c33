"""Checks that a response is about the requested object."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from vt_connectors.errors import InvalidResponse
from vt_connectors.indicators import Indicator, Kind, parse_as
from vt_connectors.virustotal import identity
from vt_connectors.virustotal.same_url import is_plain, same_url

SHA256, OTHER = "a1" * 32, "b2" * 32
SHA1, MD5 = "a1" * 20, "a1" * 16
HASHES = {"md5": MD5, "sha1": SHA1, "sha256": SHA256}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def analysis_of(md5: str) -> str:
    return base64.b64encode(f"{md5}:1700000000".encode()).decode()


def accepted(check: Any, *args: Any) -> bool:
    try:
        check(*args)
    except InvalidResponse:
        return False
    return True


@pytest.mark.parametrize(
    ("asked", "found", "attributes", "is_it"),
    [
        (SHA256, SHA256, {}, True),
        (SHA256, SHA256.upper(), {}, True),
        (SHA256, SHA256, HASHES, True),
        (SHA256, OTHER, {}, False),
        (SHA256, OTHER, {"sha256": OTHER, "md5": MD5}, False),
        (SHA256, SHA256, {"sha256": OTHER}, False),
        (SHA256, "no id of a file", {}, False),
        (SHA256, "opaque", {"sha256": SHA256}, True),
        (MD5, SHA256, {"md5": MD5}, True),
        (MD5, SHA256, {"md5": MD5.upper()}, True),
        (MD5, SHA256, {"md5": "b2" * 16}, False),
        (MD5, SHA256, {}, True),
        (SHA1, SHA256, {"sha1": SHA1}, True),
        (SHA1, SHA256, {"sha1": "b2" * 20, "md5": MD5}, False),
    ],
)
def test_a_files_report_must_have_the_requested_hash(
    asked: str, found: str, attributes: dict[str, Any], is_it: bool
) -> None:
    vt_object = {"type": "file", "id": found, "attributes": attributes}
    assert accepted(identity.check_object, vt_object, parse_as("hash", asked)) is is_it


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("http://www.google.com", "http://www.google.com/"),
        ("HTTP://WWW.Google.com/A", "http://www.google.com/A"),
        ("http://a.example:80/x", "http://a.example/x"),
        ("https://a.example/x", "https://a.example:443/x"),
        ("http://user:word@a.example/x", "http://a.example/x"),
        ("http://a.example./x", "http://a.example/x"),
        ("http://münchen.example/", "http://xn--mnchen-3ya.example/"),
        ("http://a.example/%7Euser", "http://a.example/~user"),
        ("http://a.example/%c3%bc", "http://a.example/%C3%BC"),
        ("http://a.example/a/../b", "http://a.example/b"),
        ("http://a.example/a//b", "http://a.example/a//b"),
        ("http://a.example/x?", "http://a.example/x"),
        ("http://a.example/x?q=a%20b", "http://a.example/x?q=a b".replace(" ", "%20")),
        ("http://a.example/x#part", "http://a.example/x#part"),
        ("http://[2001:DB8::1]/", "http://[2001:db8:0:0::1]/"),
    ],
)
def test_a_urls_report_may_have_virustotals_form_of_the_url(asked: str, told: str) -> None:
    url = parse_as("url", asked)
    assert same_url(url.value, told)
    vt_object = {"type": "url", "id": sha(told), "attributes": {"url": told}}
    assert accepted(identity.check_object, vt_object, url)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("http://a.example/", "http://b.example/"),
        ("http://a.example/", "https://a.example/"),
        ("http://a.example/", "http://www.a.example/"),
        ("http://a.example/", "http://a.example/x"),
        ("http://a.example/x", "http://a.example/X"),
        ("http://a.example/x?q=1", "http://a.example/x?q=2"),
        ("http://a.example/x#a", "http://a.example/x#b"),
        ("http://a.example:8080/", "http://a.example/"),
        ("http://a.example/", "nonsense"),
    ],
)
def test_a_report_on_another_url_is_refused(asked: str, told: str) -> None:
    url = parse_as("url", asked)
    vt_object = {"type": "url", "id": sha(told), "attributes": {"url": told}}
    assert not accepted(identity.check_object, vt_object, url)


def test_a_urls_report_without_a_url_is_checked_by_its_id() -> None:
    url = parse_as("url", "http://a.example/x")

    def report(vt_id: str) -> dict[str, Any]:
        return {"type": "url", "id": vt_id}

    assert accepted(identity.check_object, report(sha(url.value)), url)
    assert accepted(identity.check_object, report(url.vt_id), url)
    assert not accepted(identity.check_object, report(OTHER), url)
    assert accepted(identity.check_object, report(OTHER), url, OTHER), "it was asked for by that id"
    unusual = parse_as("url", "http://user@a.example:81/%41#x")
    assert not is_plain(unusual.value)
    assert accepted(identity.check_object, report(OTHER), unusual), "its canonical form is not known"


@pytest.mark.parametrize(
    ("kind", "asked", "found", "is_it"),
    [
        ("domain", "Example.COM.", "example.com", True),
        ("domain", "example.com", "EXAMPLE.com.", True),
        ("domain", "münchen.example", "xn--mnchen-3ya.example", True),
        ("domain", "xn--mnchen-3ya.example", "münchen.example", True),
        ("domain", "example.com", "www.example.com", False),
        ("domain", "example.com", "example.org", False),
        ("domain", "example.com", "", False),
        ("ip", "8.8.8.8", "8.8.8.8", True),
        ("ip", "2001:DB8:0:0::1", "2001:db8::1", True),
        ("ip", "2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", True),
        ("ip", "::ffff:8.8.8.8", "8.8.8.8", True),
        ("ip", "8.8.8.8", "8.8.4.4", False),
        ("ip", "8.8.8.8", "dns.google", False),
    ],
)
def test_a_report_must_be_on_the_requested_name_or_address(kind: Kind, asked: str, found: str, is_it: bool) -> None:
    vt_object = {"type": kind, "id": found, "attributes": {}}
    assert accepted(identity.check_object, vt_object, parse_as(kind, asked)) is is_it


@pytest.mark.parametrize(
    ("asked", "found", "file_info", "url_info", "is_it"),
    [
        (f"u-{SHA256}-1", f"u-{SHA256}-1", {}, {"id": SHA256}, True),
        (f"u-{SHA256}-1", f"u-{SHA256}-1", {}, {}, True),
        (f"u-{SHA256}-1", f"u-{OTHER}-1", {}, {}, False),
        (f"u-{SHA256}-1", f"u-{SHA256}-2", {}, {}, False),
        (f"u-{SHA256}-1", f"u-{SHA256}-1", {}, {"id": OTHER}, False),
        (f"u-{SHA256}-1", f"u-{SHA256}-1", {"sha256": SHA256}, {}, False),
        (analysis_of(MD5), analysis_of(MD5), {"md5": MD5, "sha256": SHA256}, {}, True),
        (analysis_of(MD5).rstrip("="), analysis_of(MD5), {"sha256": SHA256}, {}, True),
        (analysis_of(MD5), analysis_of("b2" * 16), {}, {}, False),
        (analysis_of(MD5), analysis_of(MD5), {"md5": "b2" * 16}, {}, False),
        (analysis_of(MD5), analysis_of(MD5), {}, {"id": SHA256}, False),
        ("1571524923", "anything", {"md5": MD5}, {}, True),
        ("opaque", None, {}, {"id": SHA256}, True),
    ],
)
def test_an_analysis_must_be_the_requested_one(
    asked: str, found: str | None, file_info: dict[str, str], url_info: dict[str, str], is_it: bool
) -> None:
    assert accepted(identity.check_analysis, asked, found, file_info, url_info) is is_it


URL = Indicator("url", "http://a.example/x", "a.example")


@pytest.mark.parametrize(
    ("indicator", "analysis_id", "hashes", "is_it"),
    [
        (URL, f"u-{sha(URL.value)}-1", None, True),
        (URL, f"u-{OTHER}-1", None, False),
        (URL, "opaque", None, True),
        (Indicator("url", "http://u@a.example/"), f"u-{OTHER}-1", None, True),
        (Indicator("hash", SHA256), analysis_of(MD5), HASHES, True),
        (Indicator("hash", SHA256), analysis_of("b2" * 16), HASHES, False),
        (Indicator("hash", SHA256), analysis_of("b2" * 16), None, True),
        (Indicator("hash", MD5), analysis_of(MD5), None, True),
        (Indicator("hash", MD5), analysis_of("b2" * 16), None, False),
        (Indicator("hash", SHA256), "1571524923", HASHES, True),
    ],
)
def test_a_submission_must_be_of_the_sent_object(
    indicator: Indicator, analysis_id: str, hashes: dict[str, str] | None, is_it: bool
) -> None:
    assert accepted(identity.check_submission, analysis_id, indicator, hashes) is is_it


@pytest.mark.parametrize(
    ("indicator", "comment_id", "is_it"),
    [
        (Indicator("hash", SHA256), f"f-{SHA256}-0123abcd", True),
        (Indicator("hash", SHA256), f"f-{OTHER}-0123abcd", False),
        (Indicator("hash", SHA256), f"u-{SHA256}-0123abcd", False),
        (Indicator("hash", MD5), f"f-{OTHER}-0123abcd", True),
        (URL, f"u-{sha(URL.value)}-0123abcd", True),
        (URL, f"u-{OTHER}-0123abcd", False),
        (parse_as("domain", "google.com"), "d-google.com-038d84f2", True),
        (parse_as("domain", "google.com"), "d-google.de-038d84f2", False),
        (parse_as("ip", "2001:db8::1"), "i-2001:db8::1-038d84f2", True),
        (parse_as("ip", "8.8.8.8"), "i-8.8.4.4-038d84f2", False),
        (parse_as("ip", "8.8.8.8"), "in another form", True),
        (parse_as("ip", "8.8.8.8"), None, True),
    ],
)
def test_a_comment_must_be_on_the_indicator(indicator: Indicator, comment_id: str | None, is_it: bool) -> None:
    assert accepted(identity.check_comment, comment_id, indicator) is is_it


@pytest.mark.parametrize(
    ("kind", "asked", "host", "address", "is_it"),
    [
        ("domain", "wired.com", "wired.com", "1.1.1.1", True),
        ("domain", "wired.com", "WWW.wired.com", "1.1.1.1", True),
        ("domain", "wired.com", "notwired.com", "1.1.1.1", False),
        ("domain", "wired.com", "example.com", "1.1.1.1", False),
        ("domain", "wired.com", None, "1.1.1.1", True),
        ("ip", "8.8.8.8", "anything.example", "8.8.8.8", True),
        ("ip", "8.8.8.8", "anything.example", "8.8.4.4", False),
        ("ip", "8.8.8.8", "anything.example", None, True),
    ],
)
def test_a_resolution_must_be_of_the_name_or_address(
    kind: Kind, asked: str, host: str | None, address: str | None, is_it: bool
) -> None:
    assert accepted(identity.check_resolution, host, address, parse_as(kind, asked)) is is_it


def test_the_value_in_the_error_is_short_and_printable() -> None:
    with pytest.raises(InvalidResponse) as told:
        identity.check_object({"id": "\x1b[2J" + "x" * 500}, Indicator("hash", SHA256))
    assert "\x1b" not in told.value.message
    assert len(told.value.message) < 400
