"""Private scans: who may ask for them, who sees them, and for how long."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

import pytest
import requests

from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

from .calling import Caller, SettableClock, base64_id, error_of
from .conftest import StartSandbox

CONTENT = b"nobody else's business"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MALICIOUS = b"invoice_2291.pdf.exe"
URL = "http://intranet.example/secret?token=1"


@pytest.fixture
def owner(sandbox: SandboxServer) -> Caller:
    return Caller(sandbox.url, key="private-gti-owner")


def submit(caller: Caller, content: bytes = CONTENT, **options: str) -> requests.Response:
    return caller.post("private/files", files={"file": ("plan.txt", content)}, data=options)


def submit_url(caller: Caller) -> requests.Response:
    return caller.post("private/urls", data={"url": URL})


def test_a_file_is_followed_from_the_queue_to_its_report(owner: Caller, clock: SettableClock) -> None:
    descriptor = submit(owner).json()["data"]
    assert descriptor["type"] == "private_analysis"
    path = f"private/analyses/{quote(descriptor['id'], safe='')}"
    seen = []
    for _ in range(3):
        analysis = owner.get(path).json()
        seen.append(
            (analysis["data"]["attributes"]["status"], "threat_verdict" in owner.data(f"{path}/item")["attributes"])
        )
        clock.advance(2.5)
    assert seen == [("queued", False), ("in-progress", False), ("completed", True)]
    assert analysis["meta"]["file_info"]["sha256"] == SHA256
    assert not {"stats", "results"} & set(analysis["data"]["attributes"])
    assert owner.data(f"{path}/item") == owner.data(f"private/files/{SHA256}")


def test_a_report_has_a_verdict_and_no_engines(owner: Caller, clock: SettableClock) -> None:
    submit(owner, MALICIOUS)
    clock.advance(5)
    report = owner.data(f"private/files/{hashlib.sha256(MALICIOUS).hexdigest()}")
    assert report["type"] == "private_file"
    attributes = report["attributes"]
    assert attributes["threat_verdict"] == "VERDICT_MALICIOUS"
    assert attributes["names"] == ["plan.txt"]
    assert not {"last_analysis_stats", "last_analysis_results", "reputation", "gti_assessment"} & set(attributes)


def test_the_assessment_needs_the_name_of_the_integration(owner: Caller, clock: SettableClock) -> None:
    submit(owner, MALICIOUS)
    clock.advance(5)
    path = f"private/files/{hashlib.sha256(MALICIOUS).hexdigest()}"
    named = owner.get(path, headers={"x-tool": "org.product.1.0"}).json()["data"]["attributes"]
    assert named["gti_assessment"]["verdict"]["value"] == "VERDICT_MALICIOUS"


def test_nothing_private_is_seen_by_others_or_through_public_calls(
    sandbox: SandboxServer, owner: Caller, clock: SettableClock
) -> None:
    analysis = submit(owner).json()["data"]["id"]
    submit_url(owner)
    clock.advance(5)
    quoted = quote(analysis, safe="")
    private = [f"private/files/{SHA256}", f"private/urls/{base64_id(URL)}", f"private/analyses/{quoted}"]
    public = [f"files/{SHA256}", f"urls/{base64_id(URL)}", f"analyses/{quoted}"]
    assert [owner.get(path).status_code for path in private] == [200] * 3
    other = Caller(sandbox.url, key="private-gti-other")
    fresh = Caller(sandbox.url, key="public")
    # What the sandbox invents about a hash or a URL does not depend on who submitted it privately.
    before = SandboxServer(Quota.unlimited(), clock)
    with before:
        untouched = Caller(before.url, key="public")
        for path in public:
            assert fresh.get(path).status_code == owner.get(path).status_code == untouched.get(path).status_code
            assert fresh.get(path).status_code == 404 or "plan.txt" not in fresh.get(path).text
    assert [error_of(other.get(path))[0] for path in private] == [404] * 3
    assert other.data("private/files") == other.data("private/analyses") == []
    submit(other)
    assert len(other.data("private/analyses")) == 1


def test_a_key_without_the_licence_may_do_none_of_it(sandbox: SandboxServer, caller: Caller) -> None:
    for key in ("public", "gti-key", "premium-key"):
        other = Caller(sandbox.url, key=key)
        answers = [submit(other), submit_url(other), other.get("private/files/upload_url"), other.get("private/files")]
        answers += [other.get(f"private/files/{SHA256}"), other.get("private/analyses/x")]
        assert [error_of(answer)[:2] for answer in answers] == [(403, "ForbiddenError")] * len(answers)


def test_reports_are_gone_after_the_retention(owner: Caller, clock: SettableClock) -> None:
    submit(owner, retention_period_days="2")
    submit_url(owner)
    clock.advance(5)
    expiration = owner.data(f"private/files/{SHA256}")["attributes"]["expiration"]
    clock.advance(86400)
    assert owner.get(f"private/files/{SHA256}").status_code == 200
    assert error_of(owner.get(f"private/urls/{base64_id(URL)}"))[:2] == (404, "NotFoundError")
    clock.advance(expiration - clock.now)
    assert error_of(owner.get(f"private/files/{SHA256}"))[:2] == (404, "NotFoundError")
    assert owner.data("private/analyses") == []


def test_a_report_can_be_deleted_and_made_again(owner: Caller, clock: SettableClock) -> None:
    submit(owner)
    clock.advance(5)
    again = owner.post(f"private/files/{SHA256}/analyse?enable_internet=true").json()["data"]
    configuration = owner.data("private/analyses")[0]["attributes"]["sandbox_configuration"]
    assert (again["type"], configuration["enable_internet"]) == ("private_analysis", True)
    assert [row["id"] for row in owner.data("private/files")] == [SHA256]
    assert owner.session.delete(f"{owner.base}/private/files/{SHA256}", timeout=60).status_code == 200
    assert owner.get(f"private/files/{SHA256}").status_code == 404


def test_files_are_named_by_their_sha256_only(owner: Caller) -> None:
    submit(owner)
    for ident in (hashlib.md5(CONTENT).hexdigest(), hashlib.sha1(CONTENT).hexdigest()):
        assert error_of(owner.get(f"private/files/{ident}"))[:2] == (404, "NotFoundError")
    assert owner.get(f"private/files/{SHA256.upper()}").status_code == 200


def test_a_large_file_goes_to_an_address_of_its_own(sandbox: SandboxServer, owner: Caller) -> None:
    address = owner.data("private/files/upload_url")
    sent = owner.session.post(address, files={"file": ("a", CONTENT)}, timeout=60)
    assert sent.json()["data"]["type"] == "private_analysis"
    assert owner.get(f"private/files/{SHA256}").status_code == 200
    assert owner.session.post(address, files={"file": ("a", CONTENT)}, timeout=60).status_code == 404, "used once"
    public = owner.data("files/upload_url").replace("/upload/", "/upload/private/")
    assert owner.session.post(public, files={"file": ("a", CONTENT)}, timeout=60).status_code == 404


@pytest.mark.parametrize(
    "options",
    [
        {"retention_period_days": "29"},
        {"retention_period_days": "0"},
        {"interaction_timeout": "59"},
        {"enable_internet": "perhaps"},
        {"storage_region": "MOON"},
    ],
)
def test_wrong_options_are_refused_and_nothing_is_kept(owner: Caller, options: dict[str, str]) -> None:
    status, code, message = error_of(submit(owner, CONTENT, **options))
    assert (status, code) == (400, "BadRequestError")
    assert next(iter(options)) in message
    assert owner.data("private/files") == []


def test_a_file_that_is_not_detonated_has_no_behaviour(owner: Caller, clock: SettableClock) -> None:
    submit(owner, disable_sandbox="true")
    submit(owner, MALICIOUS, password="infected")
    clock.advance(5)
    bad = hashlib.sha256(MALICIOUS).hexdigest()
    for name in ("behaviour_summary", "behaviour_mitre_trees", "behaviours"):
        assert owner.get(f"private/files/{SHA256}/{name}").status_code == 404
        assert owner.data(f"private/files/{bad}/{name}")
    assert owner.data(f"private/file/{bad}/behaviours") == owner.data(f"private/files/{bad}/behaviours")
    assert "infected" not in owner.get("private/analyses").text


def test_a_url_has_one_engine_at_most(owner: Caller, clock: SettableClock) -> None:
    reports: list[Any] = []
    for number in range(12):
        owner.post("private/urls", data={"url": f"{URL}{number}"})
    clock.advance(5)
    for number in range(12):
        report = owner.data(f"private/urls/{base64_id(f'{URL}{number}')}")
        assert report["type"] == "private_url"
        assert owner.data(f"private/urls/{report['id']}") == report
        reports.append(report["attributes"])
    counts = [sum(one["last_analysis_stats"].values()) if "last_analysis_stats" in one else 0 for one in reports]
    assert set(counts) == {0, 1}


def test_private_scans_have_a_quota_of_their_own(start_sandbox: StartSandbox) -> None:
    caller = Caller(start_sandbox(Quota.unlimited(), config=SandboxConfig(private_scans=2)).url, key="private-key")
    assert [submit(caller, bytes([number])).status_code for number in range(3)] == [200, 200, 429]
    assert caller.data("users/private-key/overall_quotas")["private_scans_monthly"] == {
        "user": {"allowed": 2, "used": 2}
    }


def test_a_form_without_a_file_is_refused(owner: Caller) -> None:
    assert error_of(owner.post("private/files", files={"other": b"x"}))[0] == 400
    assert error_of(owner.post("private/urls", data={"other": "x"}))[0] == 400
    assert error_of(owner.post("private/urls", data={"url": "gopher://x"}))[:2] == (400, "InvalidArgumentError")
