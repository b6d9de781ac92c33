"""API v2's calls on URLs."""

from __future__ import annotations

import hashlib

import pytest

from .calling import NOON, Caller, SettableClock, V2Caller, base64_id

BAD_URL = "http://malicious.example/payload.bin"
NEW_URL = "http://unknown.example/"
NEW_ID = hashlib.sha256(NEW_URL.encode()).hexdigest()
SCAN_ID = f"{NEW_ID}-{int(NOON)}"
QUEUED = {
    "response_code": 1,
    "scan_id": SCAN_ID,
    "resource": "unknown.example",
    "url": NEW_URL,
    "scan_date": "2025-10-09 12:00:00",
    "permalink": f"https://www.virustotal.com/url/{NEW_ID}/analysis/{int(NOON)}/",
    "verbose_msg": "Scan request successfully queued, come back later for the report",
}


def test_a_report_counts_the_engines_that_detected_the_url(v2: V2Caller) -> None:
    report = v2.told("url/report", resource=BAD_URL)
    stats = Caller(v2.url).data(f"urls/{base64_id(BAD_URL)}")["attributes"]["last_analysis_stats"]
    assert (report["response_code"], report["positives"]) == (1, stats["malicious"] + stats["suspicious"])
    assert report["total"] == len(report["scans"]) == sum(stats.values()) - stats["timeout"]
    assert report["filescan_id"] is None
    assert {scan["result"] for scan in report["scans"].values() if not scan["detected"]} <= {
        "clean site",
        "unrated site",
    }


def test_a_report_has_the_resource_as_sent_and_the_canonical_url(v2: V2Caller) -> None:
    report = v2.told("url/report", resource="HTTPS://www.EXAMPLE.com")
    assert (report["resource"], report["url"]) == ("HTTPS://www.EXAMPLE.com", "https://www.example.com/")
    assert report["scan_id"].split("-")[0] == hashlib.sha256(b"https://www.example.com/").hexdigest()


def test_a_report_may_be_asked_for_with_get_and_with_post(v2: V2Caller) -> None:
    assert v2.get("url/report", resource=BAD_URL).json() == v2.post("url/report", resource=BAD_URL).json()


def test_newlines_separate_urls_and_commas_are_part_of_them(v2: V2Caller) -> None:
    urls = [BAD_URL, NEW_URL, "mailto:nobody", f"{BAD_URL}?a=1,2", BAD_URL]
    v2.post("url/scan", url=urls[3])
    rows = v2.told("url/report", resource="\n".join(urls))
    assert [row["resource"] for row in rows] == urls[:4]
    assert [row["response_code"] for row in rows][:3] == [1, 0, -1]


def test_an_unknown_resource_gets_three_fields(v2: V2Caller) -> None:
    expected = {"response_code": 0, "resource": NEW_URL, "verbose_msg": "Resource does not exist in the dataset"}
    assert v2.told("url/report", resource=NEW_URL) == expected
    assert v2.told("url/report", resource=NEW_URL, scan="0") == expected
    assert v2.told("url/report", resource=f"{'a' * 64}-1")["response_code"] == 0


def test_a_scan_is_queued(v2: V2Caller) -> None:
    assert v2.told("url/scan", url="unknown.example") == QUEUED


def test_scans_come_in_batches(v2: V2Caller) -> None:
    rows = v2.told("url/scan", url=f"{BAD_URL}\n\nmailto:nobody\r\n{NEW_URL}\na.example\nb.example")
    assert [row["response_code"] for row in rows] == [1, -1, 1, 1]
    assert rows[1]["resource"] == "mailto:nobody"


def test_scan_1_submits_an_unknown_url(v2: V2Caller, clock: SettableClock) -> None:
    assert v2.told("url/report", resource="unknown.example", scan="1") == QUEUED
    clock.advance(5)
    report = v2.told("url/report", resource="unknown.example", scan="1")
    assert (report["scan_id"], report["total"] > 50) == (SCAN_ID, True)


def test_scan_1_does_not_submit_a_queued_url_again(v2: V2Caller, clock: SettableClock) -> None:
    v2.told("url/report", resource=NEW_URL, scan="1")
    clock.advance(3)
    assert v2.told("url/report", resource=NEW_URL, scan="1")["scan_id"] == SCAN_ID
    clock.advance(2)
    assert Caller(v2.url).data(f"urls/{NEW_ID}")["attributes"]["times_submitted"] == 1


def test_scan_1_does_not_submit_a_known_url_or_an_invalid_one(v2: V2Caller) -> None:
    before = Caller(v2.url).data(f"urls/{base64_id(BAD_URL)}")
    assert "total" in v2.told("url/report", resource=BAD_URL, scan="1")
    assert Caller(v2.url).data(f"urls/{base64_id(BAD_URL)}") == before
    assert v2.told("url/report", resource="mailto:nobody", scan="1")["response_code"] == -1
    assert v2.told("url/report", resource=SCAN_ID, scan="1")["response_code"] == 0


@pytest.mark.parametrize("age_s", [0, 4.9])
def test_until_it_is_completed_a_scan_is_queued_by_its_id_and_unknown_by_its_url(
    v2: V2Caller, clock: SettableClock, age_s: float
) -> None:
    v2.post("url/scan", url=NEW_URL)
    clock.advance(age_s)
    queued = v2.told("url/report", resource=SCAN_ID)
    assert (queued["response_code"], queued["scan_id"], queued["resource"]) == (-2, SCAN_ID, SCAN_ID)
    assert v2.told("url/report", resource=NEW_URL)["response_code"] == 0


def test_a_scan_through_v3_is_seen_through_v2(v2: V2Caller, clock: SettableClock) -> None:
    Caller(v2.url).post("urls", data={"url": NEW_URL})
    assert v2.told("url/report", resource=SCAN_ID)["response_code"] == -2
    clock.advance(5)
    for resource in (SCAN_ID, NEW_URL):
        assert v2.told("url/report", resource=resource)["scan_id"] == SCAN_ID
