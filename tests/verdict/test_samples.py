"""Some figures of recorded responses equal those of VirusTotal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vt_connectors.api_key import ApiKey
from vt_connectors.errors import AccessDenied
from vt_connectors.virustotal import responses as answers
from vt_connectors.virustotal.http.transport import HttpResponse

from .holding import KINDS, held_report
from .recordings import RECORDED_ONLY, SAMPLES

pytestmark = RECORDED_ONLY
_KEY = ApiKey("testapikey")


def _recorded(name: str) -> dict[str, Any]:
    path = SAMPLES / "v3" / name
    if not path.is_file():
        pytest.skip(f"no recorded answer {name}")
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def _report(name: str) -> dict[str, Any]:
    found = _recorded(name)
    found = found.get("data", found)
    return held_report(found, KINDS[found["type"]])


def _figures(name: str) -> tuple[str, int, int]:
    """Verdict, how many say malicious, how many opinions."""
    report = _report(name)
    return report["verdict"], report["stats"]["malicious"], report["stats"]["total"]


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("files/android_apk_timeout_failure_unsupported_no_meaningful_name.json", ("undetected", 0, 67)),
        ("files/iso_confirmed_timeout.json", ("undetected", 0, 48)),
        ("files/malware47_confirmed_timeout_opencti.json", ("malicious", 47, 65)),
        ("files/pdf_timeout_failure.json", ("undetected", 0, 64)),
        ("files/zeus_2026_full.json", ("malicious", 59, 72)),
        ("files/vtpy_to_dict_no_envelope_2021.json", ("malicious", 40, 68)),
        ("files/known_distributor_false_positive.json", ("suspicious", 1, 75)),
        ("domains/gist.github.com_no_last_analysis_date.json", ("undetected", 0, 94)),
        ("domains/google.com_2026.json", ("suspicious", 1, 91)),
        ("ip_addresses/1.1.1.1_no_country.json", ("malicious", 4, 94)),
        ("urls/google_2026.json", ("undetected", 0, 92)),
        ("urls/vtpy_context_attributes_1.json", ("suspicious", 1, 80)),
    ],
)
def test_timeouts_failures_and_unsupported_types_are_not_results(name: str, figures: tuple[str, int, int]) -> None:
    assert _figures(name) == figures


@pytest.mark.parametrize("name", ["domains/github.com_2019_old_shape.json", "ip_addresses/1.1.1.1_2019_old_shape.json"])
def test_an_object_of_2019_has_no_analysis_and_no_verdict(name: str) -> None:
    report = _report(name)
    assert report["verdict"] == "unknown"
    assert not {"stats", "last_analysis", "tags"} & set(report)


def test_a_well_known_malware_has_label_bad_reputation_and_unusual_names() -> None:
    report = _report("files/zeus_2026_full.json")
    assert (report["label"], report["reputation"]) == ("trojan.hosts2/qhost", -562)
    assert (report["first_seen"], report["last_analysis"]) == ("2010-04-10T09:34:59Z", "2025-03-17T06:21:17Z")
    assert report["votes"] == {"harmless": 10, "malicious": 54}
    assert report["names"][0] == "nuevo4.exe"
    assert report["hashes"]["sha256"] == report["id"]
    recorded = _recorded("files/zeus_2026_full.json")["data"]["attributes"]
    assert set(report["names"]) <= {*recorded["names"], recorded["meaningful_name"]}


def test_an_object_may_have_no_names() -> None:
    assert _report("files/elf_no_meaningful_name.json")["names"] == []


def test_an_address_may_have_no_country() -> None:
    report = _report("ip_addresses/1.1.1.1_no_country.json")
    assert "country" not in report
    assert (report["asn"], report["owner"], report["network"]) == (13335, "CLOUDFLARENET", "1.1.1.0/24")
    assert "last_analysis" not in report


def test_categories_are_the_values_and_not_the_vendors() -> None:
    report = _report("domains/google.com_2026.json")
    vendors = set(_recorded("domains/google.com_2026.json")["data"]["attributes"]["categories"])
    assert "search engines" in report["categories"]
    assert not vendors & set(report["categories"])


def test_a_redirected_url_shows_both_ends_and_its_own_id() -> None:
    report = _report("urls/google_2026.json")
    assert (report["url"], report["final_url"]) == ("http://www.google.com/", "https://www.google.com/")
    assert report["link"] == f"https://www.virustotal.com/gui/url/{report['id']}"


@pytest.mark.parametrize("name", ["404_NotFoundError_file.json", "404_NotFoundError_vote_on_url.json"])
def test_a_recorded_404_is_not_found(name: str) -> None:
    body = json.dumps(_recorded(f"errors/{name}")).encode()
    with pytest.raises(answers.NotFound):
        answers.document(HttpResponse(404, {}, body), _KEY, 0.0)


def test_the_recorded_401_does_not_show_the_key_it_echoes() -> None:
    body = json.dumps(_recorded("errors/401_WrongCredentialsError.json")).encode()
    with pytest.raises(AccessDenied) as caught:
        answers.document(HttpResponse(401, {}, body), _KEY, 0.0)
    assert caught.value.vt_code == "WrongCredentialsError"
    assert "testapikey" not in str(caught.value.to_dict())
