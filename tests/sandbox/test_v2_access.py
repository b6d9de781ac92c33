"""API v2: keys, costs and refusals."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

from .calling import EICAR_MD5, EICAR_SHA1, EICAR_SHA256, Caller, SettableClock, V2Caller
from .conftest import StartSandbox

THREE = ",".join((EICAR_MD5, EICAR_SHA1, EICAR_SHA256))
NEEDS_PRIVATE = [
    ("POST", "file/rescan", {"resource": EICAR_MD5}),
    ("GET", "comments/get", {"resource": EICAR_MD5}),
    ("GET", "file/scan/upload_url", {}),
]


def is_refused(answer: requests.Response) -> bool:
    is_html = answer.headers["Content-Type"].startswith("text/html")
    return answer.status_code == 403 and answer.content == b"" and is_html


@pytest.mark.parametrize("key", ["wrong-key", "", "forbidden-key"])
def test_a_bad_key_gets_an_empty_403_and_spends_nothing(sandbox: SandboxServer, key: str) -> None:
    v2 = V2Caller(sandbox.url, key)
    answers = [v2.post("file/report", resource=EICAR_MD5), v2.get("domain/report", domain="example.com")]
    assert all(is_refused(answer) for answer in [*answers, v2.upload(b"x")])
    assert sandbox.requests == []


def test_the_key_counts_in_the_address_the_form_and_a_part(sandbox: SandboxServer) -> None:
    v2 = V2Caller(sandbox.url)
    assert v2.get("file/report", resource=EICAR_MD5).status_code == 200
    assert v2.post("file/report", resource=EICAR_MD5).status_code == 200
    assert v2.upload(b"x").status_code == 200
    assert v2.upload(b"x", data=None, params={"apikey": "test-key"}).status_code == 200
    assert len({entry.key for entry in sandbox.requests}) == 1


def test_each_version_accepts_the_key_only_in_its_own_place(sandbox: SandboxServer) -> None:
    there = Caller(sandbox.url).session.get(f"{sandbox.url}/vtapi/v2/file/report?resource={EICAR_MD5}", timeout=60)
    assert is_refused(there)
    assert Caller(sandbox.url, key=None).get(f"files/{EICAR_MD5}?apikey=test-key").status_code == 401


def test_a_form_without_its_content_type_has_no_key_in_it(sandbox: SandboxServer) -> None:
    for headers in ({"Content-Type": "text/plain"}, {"Content-Type": "application/json"}, {}):
        form = f"apikey=test-key&resource={EICAR_MD5}"
        answer = requests.post(f"{sandbox.url}/vtapi/v2/file/report", data=form, headers=headers, timeout=60)
        assert is_refused(answer)


@pytest.mark.parametrize(("method", "path", "params"), NEEDS_PRIVATE)
def test_a_private_call_without_a_private_key_gets_an_empty_403(
    sandbox: SandboxServer, v2: V2Caller, method: str, path: str, params: dict[str, str]
) -> None:
    public = V2Caller(sandbox.url)
    assert is_refused((public.get if method == "GET" else public.post)(path, **params))
    assert sandbox.requests == []
    assert (v2.get if method == "GET" else v2.post)(path, **params).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "file/report"),
        ("get", "file/report"),
        ("post", "file/rescan"),
        ("post", "file/scan"),
        ("post", "url/scan"),
        ("post", "url/report"),
        ("get", "domain/report"),
        ("get", "ip-address/report"),
        ("post", "comments/put"),
        ("get", "comments/get"),
    ],
)
def test_a_missing_argument_is_400(v2: V2Caller, method: str, path: str) -> None:
    assert getattr(v2, method)(path).status_code == 400
    assert getattr(v2, method)(path, resource=" ", url=" ", domain="", ip="", comment="").status_code == 400


def test_a_comment_without_its_text_is_400(v2: V2Caller) -> None:
    assert v2.post("comments/put", resource=EICAR_MD5).status_code == 400


def test_a_truncated_upload_is_400(v2: V2Caller) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="apikey"\r\n\r\nk'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert requests.post(f"{v2.base}/file/scan", data=body, headers=headers, timeout=60).status_code == 400


@pytest.mark.parametrize(("method", "path"), [("POST", "file/everything"), ("GET", "file/scan"), ("GET", "url/scan")])
def test_unknown_calls_are_404(v2: V2Caller, method: str, path: str) -> None:
    assert requests.request(method, f"{v2.base}/{path}?apikey=k", timeout=60).status_code == 404


def test_out_of_quota_is_an_empty_204_and_the_connection_stays_usable(
    start_sandbox: StartSandbox, clock: SettableClock
) -> None:
    server = start_sandbox(Quota(windows=((1, 60),)))
    v2 = V2Caller(server.url)
    assert v2.get("file/report", resource=EICAR_MD5).status_code == 200
    refused = v2.get("file/report", resource=EICAR_MD5)
    assert (refused.status_code, refused.content, refused.reason) == (204, b"", "No Content")
    assert "Content-Length" not in refused.headers
    assert server.refused == 1
    clock.advance(60)
    assert v2.get("file/report", resource=EICAR_MD5).status_code == 200


def test_both_versions_use_the_same_quota_and_show_it(start_sandbox: StartSandbox) -> None:
    server = start_sandbox(Quota(windows=((4, 60),)))
    assert V2Caller(server.url).post("file/report", resource=THREE).status_code == 200
    v3 = Caller(server.url)
    assert [v3.get(f"files/{EICAR_MD5}").status_code for _ in "12"] == [200, 429]
    assert v3.data("users/test-key/overall_quotas")["api_requests_daily"]["user"]["used"] == 4


def test_a_batch_costs_as_much_as_it_has_values(start_sandbox: StartSandbox) -> None:
    server = start_sandbox(Quota.unlimited(), config=SandboxConfig(private_keys=True))
    v2 = V2Caller(server.url)
    v2.post("file/report", resource=THREE)
    v2.post("url/report", resource="http://a.example/\nhttp://b.example/")
    v2.post("url/scan", url="http://a.example/\nhttp://b.example/\n\n")
    v2.post("file/rescan", resource=THREE)
    v2.post("url/report", resource="http://a.example/?list=1,2,3")
    v2.get("domain/report", domain="example.com")
    assert [entry.cost for entry in server.requests] == [3, 2, 2, 3, 1, 1]


def test_values_that_a_batch_drops_cost_no_quota(start_sandbox: StartSandbox) -> None:
    server = start_sandbox(Quota(windows=((4, 60),)))
    rows = V2Caller(server.url).told("file/report", resource=",".join([EICAR_MD5] * 10))
    assert (len(rows), [entry.cost for entry in server.requests]) == (4, [4])


@pytest.mark.parametrize("quota", [Quota(windows=((4, 60),)), Quota(windows=(), per_day=4)])
def test_a_batch_without_enough_quota_is_refused_as_a_whole_at_no_cost(
    start_sandbox: StartSandbox, quota: Quota
) -> None:
    v2 = V2Caller(start_sandbox(quota).url)
    assert v2.post("file/report", resource=THREE).status_code == 200
    assert v2.post("file/report", resource=THREE).status_code == 204
    assert v2.post("file/report", resource=EICAR_MD5).status_code == 200
    assert v2.post("file/report", resource=EICAR_MD5).status_code == 204


def test_quota_for_a_batch_returns_while_the_minute_slides(start_sandbox: StartSandbox, clock: SettableClock) -> None:
    v2 = V2Caller(start_sandbox(Quota(windows=((4, 60),), per_day=None, per_month=None)).url)
    assert v2.post("file/report", resource=EICAR_MD5).status_code == 200
    clock.advance(30)
    assert v2.post("file/report", resource=THREE).status_code == 200
    clock.advance(30)
    two = f"{EICAR_MD5},{EICAR_SHA1}"
    assert [v2.post("file/report", resource=value).status_code for value in (two, EICAR_MD5)] == [204, 200]
    clock.advance(30)
    assert v2.post("file/report", resource=THREE).status_code == 200


def test_simultaneous_batches_never_exceed_the_quota(start_sandbox: StartSandbox) -> None:
    server = start_sandbox(Quota(windows=((10, 60),)))
    ready = threading.Barrier(8)

    def ask(_: int) -> int:
        ready.wait()
        return V2Caller(server.url).post("file/report", resource=THREE).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(ask, range(8)))
    assert sorted(statuses) == [200] * 3 + [204] * 5


def test_an_upload_over_the_limit_is_413(start_sandbox: StartSandbox) -> None:
    config = SandboxConfig(direct_upload_limit=1000, upload_limit=5000, private_keys=True)
    v2 = V2Caller(start_sandbox(Quota.unlimited(), config=config).url)
    assert v2.upload(b"x" * 3000).status_code == 413
    address = v2.told("file/scan/upload_url")["upload_url"]
    assert v2.upload(b"x" * 3000, address).status_code == 200


def test_the_log_has_neither_key_nor_indicator(sandbox: SandboxServer) -> None:
    v2 = V2Caller(sandbox.url, "a/secret key")
    v2.get("domain/report", domain="example.com")
    v2.post("file/report", resource=EICAR_MD5)
    v2.get("file/report/a%2Fsecret+key")
    assert "secret" not in str(sandbox.all_requests)
    assert {entry.path for entry in sandbox.requests} == {"/vtapi/v2/domain/report", "/vtapi/v2/file/report"}
