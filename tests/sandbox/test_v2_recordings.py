"""The sandbox's v2 documents have the form of written and of recorded ones: the same keys and types of values."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.verdict.recordings import each_folder

from .calling import EICAR_MD5, SettableClock, V2Caller

# Every vendor's words are a key of their own in a domain's report.
VENDOR = re.compile(r".+ (category|domain info)")
# Seen with other callers: an autonomous system as a number, and fields newer than the recordings.
ALSO: dict[str, list[Any]] = {"asn": [0], "network": ["192.0.2.0/24"], "continent": ["EU"]}
NEW_URL = "http://unknown.example/"


@pytest.fixture(params=each_folder())
def folder(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param / "v2"
    return found


def recorded(folder: Path, pattern: str) -> list[Any]:
    found = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob(f"{pattern}.json"))]
    assert found, pattern
    return found


@functools.cache
def generic(name: str) -> str:
    """One name for all vendors' keys."""
    return VENDOR.sub(r"<vendor> \1", name)


def assert_alike(value: Any, samples: list[Any], where: str = "document") -> None:
    """`value` is of a type that the samples have there, and so is everything in it."""
    assert type(value) in {type(sample) for sample in samples}, where
    alike = [sample for sample in samples if type(sample) is type(value)]
    if isinstance(value, dict) and where.endswith(".scans"):
        rows = [row for sample in alike for row in sample.values()]
        for row in value.values():
            assert_alike(row, rows, f"{where}[engine]")
    elif isinstance(value, dict):
        assert_same_keys(value, alike, where)
    elif isinstance(value, list) and value and isinstance(value[0], list):
        forms = {tuple(type(cell) for cell in row) for sample in alike for row in sample}
        assert {tuple(type(cell) for cell in row) for row in value} <= forms, where
    elif isinstance(value, list):
        rows = [row for sample in alike for row in sample]
        for row in value:
            assert_alike(row, rows, f"{where}[]")


def assert_same_keys(value: dict[str, Any], samples: list[dict[str, Any]], where: str) -> None:
    always = set.intersection(*({generic(name) for name in sample} for sample in samples))
    assert always <= {generic(name) for name in value}, where
    for name, inner in value.items():
        there = [row for sample in samples for key, row in sample.items() if generic(key) == generic(name)]
        assert there or name in ALSO, f"{where}.{name}"
        assert_alike(inner, there + ALSO.get(name, []), f"{where}.{name}")


@pytest.mark.parametrize(
    ("pattern", "path", "params"),
    [
        ("file_report_found*", "file/report", {"resource": EICAR_MD5}),
        ("file_report_not_found", "file/report", {"resource": "0" * 64}),
        ("file_rescan*", "file/rescan", {"resource": EICAR_MD5}),
        ("url_report_[fp]*", "url/report", {"resource": "https://www.example.com/"}),
        ("url_report_[fp]*", "url/report", {"resource": "http://malicious.example/payload.bin"}),
        ("url_report_scan0*", "url/report", {"resource": NEW_URL}),
        ("url_report_scan1*", "url/report", {"resource": NEW_URL, "scan": "1"}),
        ("url_scan*", "url/scan", {"url": NEW_URL}),
        ("domain_report_p*", "domain/report", {"domain": "malicious.example"}),
        ("domain_report_p*", "domain/report", {"domain": "example.com"}),
        ("domain_report_not_found", "domain/report", {"domain": "unknown.example"}),
        ("ip_report*", "ip-address/report", {"ip": "203.0.113.66"}),
        ("ip_report*", "ip-address/report", {"ip": "8.8.8.8"}),
    ],
)
def test_documents_have_the_form_of_recorded_ones(
    v2: V2Caller, folder: Path, pattern: str, path: str, params: dict[str, str]
) -> None:
    assert_alike(v2.told(path, **params), recorded(folder, pattern))


def test_an_uploads_document_has_the_form_of_recorded_ones(v2: V2Caller, clock: SettableClock, folder: Path) -> None:
    assert_alike(v2.upload(b"never seen").json(), recorded(folder, "file_scan*"))


def test_messages_and_dates_have_the_recorded_form(v2: V2Caller, folder: Path) -> None:
    for pattern, path, params in [
        ("file_report_found*", "file/report", {"resource": EICAR_MD5}),
        ("file_report_not_found", "file/report", {"resource": "0" * 64}),
        ("url_report_found*", "url/report", {"resource": "https://www.example.com/"}),
        ("url_report_scan0*", "url/report", {"resource": NEW_URL}),
        ("url_scan*", "url/scan", {"url": NEW_URL}),
        ("domain_report_p*", "domain/report", {"domain": "example.com"}),
        ("ip_report*", "ip-address/report", {"ip": "8.8.8.8"}),
    ]:
        told, samples = v2.told(path, **params), recorded(folder, pattern)
        assert told["verbose_msg"] in {sample["verbose_msg"] for sample in samples}
        for name in ("scan_date", "scan_id", "permalink"):
            form = re.sub(r"[0-9a-f]+", "x", str(told.get(name)))
            assert form in {re.sub(r"[0-9a-f]+", "x", str(sample.get(name))) for sample in samples}
