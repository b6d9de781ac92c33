"""API v2's calls on files."""

from __future__ import annotations

import hashlib

import pytest

from vt_connectors.sandbox import SandboxServer

from .calling import EICAR_MD5, EICAR_SHA1, EICAR_SHA256, NOON, Caller, SettableClock, V2Caller

CONTENT = b"never seen before"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()
SCAN_ID = f"{SHA256}-{int(NOON)}"
NOT_THERE = "The requested resource is not among the finished, queued or pending scans"


@pytest.mark.parametrize("resource", [EICAR_MD5, EICAR_SHA1, EICAR_SHA256, EICAR_SHA256.upper()])
def test_a_report_counts_the_engines_that_detected_the_file(v2: V2Caller, resource: str) -> None:
    report = v2.told("file/report", resource=resource)
    assert (report["response_code"], report["positives"], report["resource"]) == (1, 62, resource)
    assert sum(scan["detected"] for scan in report["scans"].values()) == 62
    assert len(report["scans"]) == report["total"]
    assert (report["md5"], report["sha1"], report["sha256"]) == (EICAR_MD5, EICAR_SHA1, EICAR_SHA256)
    assert report["verbose_msg"] == "Scan finished, information embedded"


def test_engines_without_a_result_are_not_in_total(v2: V2Caller) -> None:
    stats = Caller(v2.url).data(f"files/{EICAR_MD5}")["attributes"]["last_analysis_stats"]
    silent = sum(stats[name] for name in ("type-unsupported", "timeout", "confirmed-timeout", "failure"))
    assert silent > 0
    assert v2.told("file/report", resource=EICAR_MD5)["total"] == sum(stats.values()) - silent


def test_scan_id_date_and_permalink_agree(v2: V2Caller) -> None:
    report = v2.told("file/report", resource=EICAR_MD5)
    date = Caller(v2.url).data(f"files/{EICAR_MD5}")["attributes"]["last_analysis_date"]
    assert report["scan_id"] == f"{EICAR_SHA256}-{date}"
    assert report["permalink"] == f"https://www.virustotal.com/file/{EICAR_SHA256}/analysis/{date}/"
    assert v2.told("file/report", resource=report["scan_id"]) == {**report, "resource": report["scan_id"]}


def test_a_report_may_be_asked_for_with_get_and_with_post(v2: V2Caller) -> None:
    asked = v2.get("file/report", resource=EICAR_MD5)
    assert asked.json() == v2.post("file/report", resource=EICAR_MD5).json()


def test_a_batch_is_answered_in_order_and_values_above_the_limit_are_dropped(v2: V2Caller) -> None:
    hashes = [EICAR_MD5, "0" * 32, "no hash", EICAR_SHA1, EICAR_SHA256]
    rows = v2.told("file/report", resource=", ".join(hashes))
    assert [row["resource"] for row in rows] == hashes[:4]
    assert [row["response_code"] for row in rows] == [1, 0, -1, 1]


def test_a_list_of_one_is_one_document_and_of_none_an_empty_array(v2: V2Caller) -> None:
    assert v2.told("file/report", resource=f"{EICAR_MD5},")["response_code"] == 1
    assert v2.told("file/report", resource=",") == []


def test_an_unknown_resource_gets_three_fields(v2: V2Caller) -> None:
    expected = {"response_code": 0, "resource": "0" * 64, "verbose_msg": NOT_THERE}
    assert v2.told("file/report", resource="0" * 64) == expected


def test_an_upload_is_queued_and_its_file_named_in_full(v2: V2Caller) -> None:
    assert v2.upload(CONTENT).json() == {
        "response_code": 1,
        "scan_id": SCAN_ID,
        "resource": SHA256,
        "sha256": SHA256,
        "sha1": hashlib.sha1(CONTENT).hexdigest(),
        "md5": MD5,
        "permalink": f"https://www.virustotal.com/file/{SHA256}/analysis/{int(NOON)}/",
        "verbose_msg": "Scan request successfully queued, come back later for the report",
    }


@pytest.mark.parametrize("age_s", [0, 1.9, 4.9])
def test_until_it_is_completed_a_scan_is_queued_by_its_id_and_unknown_by_its_hash(
    v2: V2Caller, clock: SettableClock, age_s: float
) -> None:
    v2.upload(CONTENT)
    clock.advance(age_s)
    queued = v2.told("file/report", resource=SCAN_ID)
    assert (queued["response_code"], queued["resource"]) == (-2, SCAN_ID)
    assert queued["verbose_msg"] == "Your resource is queued for analysis"
    assert v2.told("file/report", resource=SHA256)["response_code"] == 0


def test_a_completed_scan_is_found_by_id_and_by_hash(v2: V2Caller, clock: SettableClock) -> None:
    v2.upload(CONTENT)
    clock.advance(5)
    for resource in (SCAN_ID, SHA256, MD5):
        report = v2.told("file/report", resource=resource)
        assert (report["scan_id"], report["scan_date"]) == (SCAN_ID, "2025-10-09 12:00:00")
        assert report["total"] > 50


def test_an_older_scan_is_still_found_by_its_own_id(v2: V2Caller, clock: SettableClock) -> None:
    v2.upload(CONTENT)
    clock.advance(60)
    later = v2.upload(CONTENT).json()["scan_id"]
    clock.advance(60)
    assert v2.told("file/report", resource=SHA256)["scan_id"] == later
    assert v2.told("file/report", resource=SCAN_ID)["scan_id"] == SCAN_ID


def test_a_scan_id_that_was_never_issued_is_unknown(v2: V2Caller) -> None:
    assert v2.told("file/report", resource=f"{EICAR_SHA256}-1")["response_code"] == 0


def test_a_file_scanned_through_one_version_is_seen_through_the_other(v2: V2Caller, clock: SettableClock) -> None:
    v3 = Caller(v2.url, key="premium-key")
    v2.upload(CONTENT)
    assert len(v3.data(f"files/{MD5}/analyses")) == 1
    v3.post(f"files/{EICAR_MD5}/analyse")
    assert v2.told("file/report", resource=f"{EICAR_SHA256}-{int(NOON)}")["response_code"] == -2
    clock.advance(5)
    attributes = v3.data(f"files/{MD5}")["attributes"]
    assert (attributes["size"], attributes["names"]) == (len(CONTENT), ["a.bin"])
    assert attributes["last_analysis_stats"]["malicious"] == v2.told("file/report", resource=MD5)["positives"]
    assert v2.told("file/report", resource=EICAR_MD5)["scan_date"] == "2025-10-09 12:00:00"


def test_a_rescan_has_no_message(v2: V2Caller, clock: SettableClock) -> None:
    scan_id = f"{EICAR_SHA256}-{int(NOON)}"
    assert v2.told("file/rescan", resource=EICAR_MD5) == {
        "response_code": 1,
        "scan_id": scan_id,
        "resource": EICAR_MD5,
        "sha256": EICAR_SHA256,
        "permalink": f"https://www.virustotal.com/file/{EICAR_SHA256}/analysis/{int(NOON)}/",
    }
    assert v2.told("file/report", resource=scan_id)["response_code"] == -2
    assert v2.told("file/report", resource=EICAR_MD5)["response_code"] == 1, "the old report stands"
    clock.advance(5)
    assert v2.told("file/report", resource=EICAR_MD5)["scan_id"] == scan_id


def test_rescans_come_in_batches_of_25(v2: V2Caller) -> None:
    rows = v2.told("file/rescan", resource=",".join([EICAR_MD5, "0" * 64, "no hash", *["0" * 64] * 30]))
    assert [row["response_code"] for row in rows] == [1, 0, -1] + [0] * 22


def test_a_large_file_is_sent_to_a_url_for_one_upload(private: SandboxServer, v2: V2Caller) -> None:
    address = v2.told("file/scan/upload_url")["upload_url"]
    assert address.startswith(private.url)
    assert v2.upload(CONTENT, address).json()["sha256"] == SHA256
    assert v2.upload(CONTENT, address).status_code == 400
