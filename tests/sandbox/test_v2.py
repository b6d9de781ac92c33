"""The legacy API v2: its documents, its batches, and its ways to say no."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import requests

from connectors.sandbox import Quota, SandboxConfig

from .calling import EICAR_MD5, EICAR_SHA1, EICAR_SHA256, NOON, Caller, SettableClock
from .conftest import StartSandbox

KNOWN_URL = "http://malicious.example/payload.bin"
NEW_URL = "http://unknown.example/"
CONTENT = b"never seen before"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class V2Caller:
    def __init__(self, url: str, key: str = "test-key") -> None:
        self.base = f"{url}/vtapi/v2"
        self.key = key

    def get(self, path: str, **params: str) -> requests.Response:
        return requests.get(f"{self.base}/{path}", params={"apikey": self.key, **params}, timeout=10)

    def post(self, path: str, **params: str) -> requests.Response:
        return requests.post(f"{self.base}/{path}", data={"apikey": self.key, **params}, timeout=10)

    def upload(self, content: bytes) -> Any:
        files = {"file": ("a.bin", content)}
        return requests.post(f"{self.base}/file/scan", data={"apikey": self.key}, files=files, timeout=10).json()


@pytest.fixture
def v2(start_sandbox: StartSandbox) -> V2Caller:
    return V2Caller(start_sandbox(Quota.unlimited(), config=SandboxConfig(private_keys=True)).url)


def test_a_file_report_counts_what_detected_it(v2: V2Caller) -> None:
    for resource in (EICAR_MD5, EICAR_SHA1, EICAR_SHA256.upper()):
        report = v2.post("file/report", resource=resource).json()
        assert (report["response_code"], report["positives"], report["total"]) == (1, 62, 68)
        assert sum(scan["detected"] for scan in report["scans"].values()) == 62
        assert len(report["scans"]) == 68
        assert (report["sha256"], report["resource"]) == (EICAR_SHA256, resource)
        assert report["scan_id"].startswith(f"{EICAR_SHA256}-")


def test_reports_may_be_asked_for_with_get_and_with_post(v2: V2Caller) -> None:
    for path, resource in [("file/report", EICAR_MD5), ("url/report", KNOWN_URL)]:
        assert v2.get(path, resource=resource).json() == v2.post(path, resource=resource).json()


def test_a_batch_answers_in_order_and_drops_what_is_too_much(v2: V2Caller) -> None:
    hashes = [EICAR_MD5, "0" * 32, EICAR_SHA1, "f" * 64, EICAR_SHA256]
    rows = v2.post("file/report", resource=",".join(hashes)).json()
    assert [row["resource"] for row in rows] == hashes[:4]
    assert [row["response_code"] for row in rows][:3] == [1, 0, 1]
    urls = v2.post("url/report", resource=f"{KNOWN_URL}\n{NEW_URL}").json()
    assert [row["response_code"] for row in urls] == [1, 0]


def test_every_value_of_a_batch_is_taken_off_the_quota(start_sandbox: StartSandbox, clock: SettableClock) -> None:
    server = start_sandbox(Quota(windows=((4, 60),), per_day=6, per_month=None))
    v2 = V2Caller(server.url)
    assert v2.post("file/report", resource=f"{EICAR_MD5},{EICAR_SHA1},{EICAR_SHA256}").status_code == 200
    refused = v2.post("file/report", resource=f"{EICAR_MD5},{EICAR_SHA1}")
    assert (refused.status_code, refused.content) == (204, b"")
    assert v2.post("file/report", resource=EICAR_MD5).status_code == 200
    assert Caller(server.url).get(f"files/{EICAR_MD5}").status_code == 429
    clock.advance(60)
    assert v2.post("file/report", resource=f"{EICAR_MD5},{EICAR_SHA1}").status_code == 200
    assert v2.post("file/report", resource=EICAR_MD5).status_code == 204
    assert [request.cost for request in server.requests] == [3, 1, 2]


@pytest.mark.parametrize("key", ["wrong-key", "", "forbidden-key"])
def test_a_bad_key_gets_an_empty_403(v2: V2Caller, key: str) -> None:
    answer = V2Caller(v2.base.removesuffix("/vtapi/v2"), key).post("file/report", resource=EICAR_MD5)
    assert (answer.status_code, answer.content) == (403, b"")
    assert answer.headers["content-type"].startswith("text/html")


def test_calls_for_private_keys_get_an_empty_403(start_sandbox: StartSandbox) -> None:
    v2 = V2Caller(start_sandbox(Quota.unlimited()).url)
    for answer in (
        v2.post("file/rescan", resource=EICAR_MD5),
        v2.get("comments/get", resource=EICAR_MD5),
        v2.get("file/scan/upload_url"),
    ):
        assert (answer.status_code, answer.content) == (403, b"")


@pytest.mark.parametrize(
    ("method", "path"),
    [("post", "file/report"), ("post", "url/scan"), ("get", "domain/report"), ("post", "comments/put")],
)
def test_a_missing_argument_is_400(v2: V2Caller, method: str, path: str) -> None:
    assert getattr(v2, method)(path).status_code == 400


def test_calls_that_are_not_there_are_404(v2: V2Caller) -> None:
    assert v2.post("file/everything").status_code == v2.post("domain/report", domain="example.com").status_code == 404


def test_unknown_and_invalid_resources_are_told_apart(v2: V2Caller) -> None:
    assert v2.post("file/report", resource="0" * 64).json()["response_code"] == 0
    assert v2.post("file/report", resource="no hash").json()["response_code"] == -1
    assert v2.post("url/report", resource=NEW_URL).json()["response_code"] == 0
    assert v2.post("url/scan", url="mailto:nobody").json()["response_code"] == -1
    assert v2.get("domain/report", domain="unknown.example").json() == {
        "response_code": 0,
        "verbose_msg": "Domain not found",
    }
    assert v2.get("ip-address/report", ip="2001:4860:4860::8888").json()["response_code"] == -1


def test_a_scan_is_queued_by_its_id_and_unknown_by_its_hash_until_it_is_through(
    v2: V2Caller, clock: SettableClock
) -> None:
    scan = v2.upload(CONTENT)
    assert (scan["response_code"], scan["sha256"]) == (1, SHA256)
    assert scan["scan_id"] == f"{SHA256}-{int(NOON)}"
    assert v2.post("file/report", resource=scan["scan_id"]).json()["response_code"] == -2
    assert v2.post("file/report", resource=SHA256).json()["response_code"] == 0
    clock.advance(10)
    for resource in (scan["scan_id"], SHA256):
        assert v2.post("file/report", resource=resource).json()["total"] > 50


def test_scan_1_submits_what_is_unknown_and_reports_what_is_known(v2: V2Caller, clock: SettableClock) -> None:
    queued = v2.post("url/report", resource=NEW_URL, scan="1").json()
    assert queued["response_code"] == 1
    assert not {"positives", "total", "scans"} & set(queued)
    assert v2.post("url/report", resource=queued["scan_id"]).json()["response_code"] == -2
    clock.advance(10)
    assert v2.post("url/report", resource=NEW_URL, scan="1").json()["total"] > 50


def test_a_file_scanned_through_v2_is_seen_through_v3(v2: V2Caller, clock: SettableClock) -> None:
    v2.upload(CONTENT)
    clock.advance(10)
    v3 = Caller(v2.base.removesuffix("/vtapi/v2"))
    stats = v3.data(f"files/{SHA256}")["attributes"]["last_analysis_stats"]
    assert stats["malicious"] == v2.post("file/report", resource=SHA256).json()["positives"]


def test_a_rescan_says_no_words(v2: V2Caller) -> None:
    answer = v2.post("file/rescan", resource=EICAR_MD5).json()
    assert answer["resource"] == EICAR_MD5
    assert "verbose_msg" not in answer


def test_comments_are_the_same_in_both_versions(v2: V2Caller) -> None:
    said = {"resource": EICAR_MD5, "comment": "seen #here"}
    assert v2.post("comments/put", **said).json()["response_code"] == 1
    assert v2.post("comments/put", **said).json() == {"response_code": 0, "verbose_msg": "Duplicate comment"}
    assert v2.get("comments/get", resource=EICAR_SHA256).json()["comments"][0]["comment"] == "seen #here"
    v3 = Caller(v2.base.removesuffix("/vtapi/v2"))
    assert v3.data(f"files/{EICAR_SHA256}/comments")[0]["attributes"]["text"] == "seen #here"
    unknown = v2.post("comments/put", resource="0" * 64, comment="x").json()
    assert unknown["response_code"] == 0


def test_reports_on_names_and_addresses_have_v2s_odd_shapes(v2: V2Caller) -> None:
    domain = v2.get("domain/report", domain="malicious.example").json()
    assert {"last_resolved", "ip_address"} == set(domain["resolutions"][0])
    assert isinstance(domain["detected_urls"][0], dict)
    assert isinstance(domain["undetected_urls"][0], list)
    assert any(name.endswith(" category") for name in domain)
    address = v2.get("ip-address/report", ip="8.8.8.8").json()
    assert {"last_resolved", "hostname"} == set(address["resolutions"][0])
    kinds = {type(v2.get("ip-address/report", ip=f"8.8.4.{n}").json().get("asn")) for n in range(12)}
    assert kinds >= {int, str}


def test_a_large_file_goes_to_an_address_that_is_good_once(v2: V2Caller) -> None:
    address = v2.get("file/scan/upload_url").json()["upload_url"]
    post = {"data": {"apikey": "test-key"}, "files": {"file": ("a", CONTENT)}, "timeout": 10}
    assert requests.post(address, **post).json()["sha256"] == SHA256  # type: ignore[arg-type]
    assert requests.post(address, **post).status_code == 400  # type: ignore[arg-type]


def test_the_log_never_has_the_key(v2: V2Caller, start_sandbox: StartSandbox) -> None:
    server = start_sandbox(Quota.unlimited())
    V2Caller(server.url, "a/secret key").get("domain/report", domain="example.com")
    assert "secret" not in str(server.all_requests)
