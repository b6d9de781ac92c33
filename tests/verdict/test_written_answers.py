"""Every response of VirusTotal can be mapped. The figures are those of answers that are written for these tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vt_connectors.api_key import ApiKey
from vt_connectors.errors import AccessDenied
from vt_connectors.virustotal import responses as answers
from vt_connectors.virustotal.http.transport import HttpResponse

from .holding import KINDS, held_report
from .recordings import WRITTEN, each_answer

_KEY = ApiKey("testapikey")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every file, URL, domain and address object at any depth."""
    if isinstance(value, dict):
        if str(value.get("type")) in KINDS and "id" in value:
            yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


@pytest.mark.parametrize("path", each_answer("v3"))
def test_every_object_of_every_answer_maps(path: Path) -> None:
    for found in _objects(json.loads(path.read_text("utf-8"))):
        report = held_report(found, KINDS[found["type"]])
        stats = found.get("attributes", {}).get("last_analysis_stats")
        assert ("stats" in report) == (stats is not None)
        assert report["id"] == found["id"]


@pytest.mark.parametrize("path", each_answer())
def test_every_answer_is_parsed_as_the_body_of_a_response(path: Path) -> None:
    body = path.read_bytes()
    if isinstance(json.loads(body), dict):
        assert answers.document(HttpResponse(200, {}, body), _KEY, 0.0) == json.loads(body)


def _written(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((WRITTEN / "v3" / name).read_text("utf-8"))
    return document


def _report(name: str) -> dict[str, Any]:
    document = _written(name)
    found = document.get("data", document)
    return held_report(found, KINDS[found["type"]])


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("files/timeouts_failures_unsupported.json", ("undetected", 0, 12)),
        ("files/confirmed_timeout_malicious.json", ("malicious", 8, 12)),
        ("files/malicious_full.json", ("malicious", 14, 18)),
        ("files/no_envelope.json", ("malicious", 6, 11)),
        ("files/one_of_many.json", ("suspicious", 1, 20)),
        ("domains/no_last_analysis_date.json", ("undetected", 0, 12)),
        ("domains/categories.json", ("suspicious", 1, 20)),
        ("ip_addresses/no_country.json", ("malicious", 4, 20)),
        ("urls/redirected.json", ("undetected", 0, 20)),
        ("urls/context_attributes.json", ("suspicious", 1, 18)),
    ],
)
def test_timeouts_failures_and_unsupported_types_are_not_results(name: str, figures: tuple[str, int, int]) -> None:
    report = _report(name)
    assert (report["verdict"], report["stats"]["malicious"], report["stats"]["total"]) == figures


@pytest.mark.parametrize("name", ["domains/old_shape.json", "ip_addresses/old_shape.json"])
def test_an_object_in_the_shape_of_2019_has_no_analysis_and_no_verdict(name: str) -> None:
    report = _report(name)
    assert report["verdict"] == "unknown"
    assert not {"stats", "last_analysis", "tags"} & set(report)


def test_malware_has_a_label_a_bad_reputation_and_its_meaningful_name_first() -> None:
    report = _report("files/malicious_full.json")
    assert (report["label"], report["reputation"]) == ("trojan.willow/hosts", -31)
    assert (report["first_seen"], report["last_analysis"]) == ("2020-01-02T03:05:00Z", "2026-01-02T03:04:05Z")
    assert report["votes"] == {"harmless": 2, "malicious": 33}
    assert report["names"][0] == "invoice.pdf.exe"
    assert report["hashes"]["sha256"] == report["id"]
    assert set(report["names"]) <= set(_written("files/malicious_full.json")["data"]["attributes"]["names"])


def test_an_object_may_have_no_names() -> None:
    assert _report("files/no_names.json")["names"] == []


def test_an_address_may_have_neither_a_country_nor_a_date() -> None:
    report = _report("ip_addresses/no_country.json")
    assert "country" not in report
    assert (report["asn"], report["owner"], report["network"]) == (64496, "Meadow Hosting", "1.1.1.0/24")
    assert "last_analysis" not in report


def test_categories_are_the_values_and_not_the_vendors() -> None:
    report = _report("domains/categories.json")
    assert "search engines" in report["categories"]
    assert not [category for category in report["categories"] if category.startswith("Engine")]


def test_a_redirected_url_shows_both_ends_and_its_own_id() -> None:
    report = _report("urls/redirected.json")
    assert (report["url"], report["final_url"]) == ("http://search.example/", "https://www.search.example/")
    assert report["link"] == f"https://www.virustotal.com/gui/url/{report['id']}"


@pytest.mark.parametrize("name", ["404_NotFoundError_file.json", "404_NotFoundError_comment_on_url.json"])
def test_a_404_is_not_found(name: str) -> None:
    body = json.dumps(_written(f"errors/{name}")).encode()
    with pytest.raises(answers.NotFound):
        answers.document(HttpResponse(404, {}, body), _KEY, 0.0)


def test_a_401_does_not_show_the_key_it_echoes() -> None:
    body = json.dumps(_written("errors/401_WrongCredentialsError.json")).encode()
    assert _KEY.reveal().encode() in body
    with pytest.raises(AccessDenied) as caught:
        answers.document(HttpResponse(401, {}, body), _KEY, 0.0)
    assert caught.value.vt_code == "WrongCredentialsError"
    assert "testapikey" not in str(caught.value.to_dict())
