"""VirusTotal's own client cannot tell the sandbox from VirusTotal."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import vt

from vt_connectors.sandbox import Fault, Quota, SandboxConfig, SandboxServer

from .calling import EICAR_MD5, EICAR_SHA256, SettableClock
from .conftest import StartSandbox

AT_ONCE = SandboxConfig(queued_s=0, completed_s=0)


@pytest.fixture(autouse=True)
def event_loop_for_the_client() -> Iterator[None]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def quick(start_sandbox: StartSandbox) -> SandboxServer:
    """A sandbox whose analyses complete at once: the client polls every 20 seconds."""
    return start_sandbox(Quota.unlimited(), config=AT_ONCE)


@pytest.fixture
def client(quick: SandboxServer) -> Iterator[Any]:
    with vt.Client("client-key", host=quick.url) as made:
        yield made


def code_of(client: Any, path: str, *args: str) -> str:
    with pytest.raises(vt.APIError) as caught:
        client.get_object(path, *args)
    return str(caught.value.code)


def test_file_by_md5(client: Any) -> None:
    file = client.get_object("/files/{}", EICAR_MD5)
    assert (file.type, file.id) == ("file", EICAR_SHA256)
    assert file.last_analysis_stats["malicious"] > 50
    assert isinstance(file.last_analysis_date, datetime)


def test_url_by_its_base64_id(client: Any) -> None:
    url = client.get_object("/urls/{}", vt.url_id("http://malicious.example/payload.bin"))
    assert url.url == "http://malicious.example/payload.bin"
    assert url.id == hashlib.sha256(url.url.encode()).hexdigest()
    assert url.last_analysis_stats["malicious"] > 0


def test_domain_and_address(client: Any) -> None:
    domain = client.get_object("/domains/malicious.example")
    address = client.get_object("/ip_addresses/{}", "8.8.8.8")
    assert (domain.type, address.type) == ("domain", "ip_address")
    assert isinstance(domain.creation_date, datetime)
    assert address.last_analysis_stats["malicious"] == 0


def test_errors_have_the_codes_of_virustotal(client: Any) -> None:
    assert code_of(client, "/files/{}", "0" * 64) == "NotFoundError"
    assert code_of(client, "/urls/{}", vt.url_id("http://unknown.example/")) == "NotFoundError"
    assert code_of(client, "/domains/{}", "not-a-domain") == "InvalidArgumentError"
    assert code_of(client, "/ip_addresses/{}", "1.2.3") == "InvalidArgumentError"


@pytest.mark.parametrize(("key", "code"), [("wrong", "WrongCredentialsError"), ("forbidden", "ForbiddenError")])
def test_wrong_key(quick: SandboxServer, key: str, code: str) -> None:
    with vt.Client(key, host=quick.url) as client:
        assert code_of(client, "/domains/example.com") == code


def test_quota_exceeded(start_sandbox: StartSandbox) -> None:
    with vt.Client("k", host=start_sandbox(Quota(windows=((1, 60),))).url) as client:
        client.get_object("/domains/example.com")
        assert code_of(client, "/domains/example.com") == "QuotaExceededError"


def test_comments_added_and_iterated_over_pages(client: Any) -> None:
    for number in range(5):
        posted = client.post_object(
            "/domains/{}/comments", "example.com", obj=vt.Object("comment", "", {"text": f"comment {number}"})
        )
        assert posted.id.startswith("d-example.com-")
    found = client.iterator("/domains/example.com/comments", batch_size=2)
    assert [comment.text for comment in found] == [f"comment {number}" for number in (4, 3, 2, 1, 0)]


def test_comment_on_a_file(client: Any) -> None:
    obj = vt.Object("comment", "", {"text": "From the client #test"})
    posted = client.post_object("/files/{}/comments", EICAR_SHA256, obj=obj)
    assert (posted.text, posted.tags) == ("From the client #test", ["test"])


def test_resolutions_iterated_over_pages(client: Any, quick: SandboxServer) -> None:
    everything = [row.id for row in client.iterator("/domains/malicious.example/resolutions", batch_size=40)]
    before = len(quick.requests)
    in_pages = [row.id for row in client.iterator("/domains/malicious.example/resolutions", batch_size=5)]
    assert in_pages == everything
    assert len(everything) > 5
    assert len(quick.requests) - before == -(-len(everything) // 5)


def test_url_scanned(client: Any) -> None:
    analysis = client.scan_url("http://unknown.example/?a=1&b=2")
    assert analysis.type == "analysis"
    assert analysis.id.startswith("u-")


def test_url_scanned_to_the_end(client: Any) -> None:
    analysis = client.scan_url("http://unknown.example/", wait_for_completion=True)
    assert analysis.status == "completed"
    assert sum(analysis.stats.values()) == len(analysis.results) > 0
    assert client.get_object("/urls/{}", vt.url_id("http://unknown.example/")).times_submitted == 1


def test_file_scanned_to_the_end(client: Any) -> None:
    content = b"a small file"
    analysis = client.scan_file(io.BytesIO(content), wait_for_completion=True)
    assert analysis.status == "completed"
    file = client.get_object("/files/{}", hashlib.sha256(content).hexdigest())
    assert file.size == len(content)


def test_quotas_of_the_user(client: Any) -> None:
    quotas = client.get_json("/users/{}/overall_quotas", "client-key")["data"]
    assert quotas["api_requests_daily"]["user"]["used"] == 0


def test_scans_polled_through_all_their_statuses(start_sandbox: StartSandbox, clock: SettableClock) -> None:
    with vt.Client("k", host=start_sandbox(Quota.unlimited()).url) as client:
        scans = [client.scan_url("http://unknown.example/"), client.scan_file(io.BytesIO(b"a small file"))]
        seen = []
        for _ in range(3):
            found = [client.get_object("/analyses/{}", scan.id) for scan in scans]
            seen.append([(analysis.status, bool(analysis.results)) for analysis in found])
            clock.advance(2.5)
    assert seen == [[("queued", False)] * 2, [("in-progress", True)] * 2, [("completed", True)] * 2]


def test_file_scanned_again(client: Any) -> None:
    started = client.post("/files/{}/analyse", EICAR_MD5)
    assert started.status == 200
    ident = started.json()["data"]["id"]
    assert client.get_object("/analyses/{}", ident).status == "completed"


def test_analyses_of_a_file_iterated_over_pages(start_sandbox: StartSandbox, clock: SettableClock) -> None:
    with vt.Client("premium-k", host=start_sandbox(Quota.unlimited()).url) as client:
        for _ in range(5):
            client.post("/files/{}/analyse", EICAR_MD5)
            clock.advance(10)
        found = list(client.iterator("/files/{}/analyses", EICAR_MD5, batch_size=2))
    assert [analysis.type for analysis in found] == ["analysis"] * 5
    assert [analysis.date for analysis in found] == sorted((a.date for a in found), reverse=True)


def test_file_that_is_being_submitted_is_a_conflict(start_sandbox: StartSandbox) -> None:
    config = SandboxConfig(resubmit_s=10)
    with vt.Client("k", host=start_sandbox(Quota.unlimited(), config=config).url) as client:
        client.scan_file(io.BytesIO(b"a small file"))
        with pytest.raises(vt.APIError) as caught:
            client.scan_file(io.BytesIO(b"a small file"))
    assert caught.value.code == "AlreadyExistsError"


@pytest.mark.parametrize(
    ("what", "code"), [("429", "QuotaExceededError"), ("503", "ServerError"), ("401", "WrongCredentialsError")]
)
def test_faults_look_like_virustotals(start_sandbox: StartSandbox, what: str, code: str) -> None:
    config = SandboxConfig(faults=(Fault(what, 1),))
    with vt.Client("k", host=start_sandbox(Quota.unlimited(), config=config).url) as client:
        assert code_of(client, "/domains/example.com") == code


def with_key(server: SandboxServer, key: str, **headers: str) -> Any:
    return vt.Client(key, host=server.url, headers=headers or None)


def test_relationships_iterated_over_pages(client: Any) -> None:
    path = "/domains/malicious.example/relationships/communicating_files"
    everything = [row.id for row in client.iterator(path, batch_size=40)]
    assert [row.id for row in client.iterator(path, batch_size=9)] == everything
    assert len(everything) > 40


def test_full_rows_may_be_errors(client: Any) -> None:
    rows = list(client.iterator("/domains/malicious.example/communicating_files", batch_size=40))
    assert {row.type for row in rows} == {"file"}
    assert {row.error["code"] for row in rows if row.error} == {"NotFoundError"}
    assert any(row.get("last_analysis_stats") for row in rows)


def test_relationships_inside_an_object(client: Any) -> None:
    file = client.get_object("/files/{}", EICAR_SHA256, params={"relationships": "contacted_urls"})
    (first, *_) = file.relationships["contacted_urls"]["data"]
    assert client.get_object("/urls/{}", first["id"]).url == first["context_attributes"]["url"]


def test_behaviours(client: Any) -> None:
    rows = list(client.iterator("/files/{}/behaviours", EICAR_SHA256))
    assert [client.get_object("/file_behaviours/{}", row.id).sandbox_name for row in rows] == ["Sandbox One"]
    assert client.get_data("/files/{}/behaviour_summary", EICAR_SHA256)["processes_tree"]


def test_vote(client: Any) -> None:
    vote = vt.Object("vote", obj_attributes={"verdict": "malicious"})
    assert client.post_object("/files/{}/votes", EICAR_SHA256, obj=vote).value == -1
    with pytest.raises(vt.APIError) as caught:
        client.post_object("/files/{}/votes", EICAR_SHA256, obj=vote)
    assert caught.value.code == "AlreadyExistsError"


def test_comment_deleted(client: Any) -> None:
    posted = client.post_object("/domains/example.com/comments", obj=vt.Object("comment", "", {"text": "mine"}))
    client.delete("/comments/{}", posted.id)
    assert code_of(client, "/comments/{}", posted.id) == "NotFoundError"


def test_premium_calls_are_forbidden(client: Any) -> None:
    assert code_of(client, "/intelligence/search") == "ForbiddenError"


def test_intelligence_search_iterated_over_pages(quick: SandboxServer) -> None:
    with with_key(quick, "premium-key") as client:
        found = client.iterator("/intelligence/search", params={"query": "entity:domain p:5+"}, batch_size=20)
        ids = [row.id for row in found]
    assert len(ids) == len(set(ids)) > 20


def test_ioc_stream_iterated_over_pages(quick: SandboxServer) -> None:
    with with_key(quick, "premium-key") as client:
        rows = list(client.iterator("/ioc_stream", params={"descriptors_only": "true"}, batch_size=40, limit=90))
    assert len({row.context_attributes["notification_id"] for row in rows}) == 90


def test_assessment(quick: SandboxServer) -> None:
    with with_key(quick, "gti-key", **{"x-tool": "org.product.1.0"}) as client:
        assert client.get_object("/files/{}", EICAR_SHA256).gti_assessment["threat_score"]["value"] == 80


def test_private_file_scanned_to_the_end(quick: SandboxServer) -> None:
    content = b"nobody else's business"
    with with_key(quick, "private-key") as client:
        analysis = client.scan_file_private(io.BytesIO(content), wait_for_completion=True)
        assert (analysis.type, analysis.status) == ("private_analysis", "completed")
        file = client.get_object("/private/files/{}", hashlib.sha256(content).hexdigest())
    assert file.threat_verdict.startswith("VERDICT_")
    with with_key(quick, "public-key") as client:
        assert code_of(client, "/private/files/{}", file.id) == "ForbiddenError"


def test_api_usage(client: Any) -> None:
    client.get_object("/domains/example.com")
    assert client.get_data("/users/{}/api_usage", "client-key")["total"] == {"domains": 1}
