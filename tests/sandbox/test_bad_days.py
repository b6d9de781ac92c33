"""What goes wrong on purpose: each fault on the wire, in its share, and counted like any other request."""

from __future__ import annotations

import time

import pytest
import requests

from connectors.adapters.sandbox_command import seconds, seconds_between
from connectors.sandbox import Fault, Quota, SandboxConfig, SandboxServer
from connectors.sandbox.faults import Misfortune

from .calling import EICAR_MD5, Caller, SettableClock
from .conftest import StartSandbox


def with_fault(start: StartSandbox, *faults: str, quota: Quota | None = None) -> SandboxServer:
    config = SandboxConfig(faults=tuple(Fault.parse(text) for text in faults), seed=1)
    return start(quota or Quota.unlimited(), config=config)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503, 504])
def test_a_status_is_told_in_the_apis_own_form(start_sandbox: StartSandbox, status: int) -> None:
    answer = Caller(with_fault(start_sandbox, f"{status}:1").url).get(f"files/{EICAR_MD5}")
    assert answer.status_code == status
    assert answer.json()["error"]["code"]


def test_out_of_quota_looks_as_in_each_version(start_sandbox: StartSandbox) -> None:
    server = with_fault(start_sandbox, "204:1")
    answer = requests.get(f"{server.url}/vtapi/v2/file/report", {"apikey": "k", "resource": EICAR_MD5}, timeout=10)
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("what", ["reset", "cut"])
def test_a_connection_breaks(start_sandbox: StartSandbox, what: str) -> None:
    caller = Caller(with_fault(start_sandbox, f"{what}:1").url)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        _ = caller.get(f"files/{EICAR_MD5}").content


def test_a_proxys_page_and_garbage_are_no_json(start_sandbox: StartSandbox) -> None:
    page = Caller(with_fault(start_sandbox, "html:1").url).get(f"files/{EICAR_MD5}")
    assert (page.status_code, page.headers["content-type"].split(";")[0]) == (200, "text/html")
    garbage = Caller(with_fault(start_sandbox, "garbage:1").url).get(f"files/{EICAR_MD5}")
    assert garbage.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        garbage.json()


def test_a_slow_body_trickles(start_sandbox: StartSandbox) -> None:
    url = f"{with_fault(start_sandbox, 'slow:1').url}/api/v3/files/{EICAR_MD5}"
    answer = requests.get(url, headers={"x-apikey": "k"}, stream=True, timeout=10)
    began = time.monotonic()
    assert len(answer.raw.read(3)) <= 3
    answer.close()
    assert time.monotonic() - began > 0.1


def test_faults_come_in_their_share_and_the_same_again_with_the_same_seed() -> None:
    faults = [Fault("503", 0.2), Fault("reset", 0.1)]
    first, again = Misfortune(faults, 7), Misfortune(faults, 7)
    drawn = [first.draw() for _ in range(2000)]
    assert drawn == [again.draw() for _ in range(2000)]
    assert 320 < drawn.count("503") < 480
    assert 130 < drawn.count("reset") < 270


def test_what_went_wrong_was_counted_all_the_same(start_sandbox: StartSandbox) -> None:
    server = with_fault(start_sandbox, "503:1", quota=Quota(windows=((1, 60),)))
    caller = Caller(server.url)
    assert [caller.get(f"files/{EICAR_MD5}").status_code for _ in "12"] == [503, 429]


@pytest.mark.parametrize("text", ["", "503", "200:1", "42:1", "flood:0.5", "503:2", "503:-1", "503:x", "503:nan"])
def test_a_fault_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"status|share"):
        Fault.parse(text)


def test_shares_above_one_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 1"):
        Misfortune([Fault("503", 0.6), Fault("reset", 0.6)], None)


@pytest.mark.parametrize(("text", "expected"), [("50ms", 0.05), ("0.5s", 0.5), ("2", 2.0), ("0", 0.0)])
def test_times_are_read(text: str, expected: float) -> None:
    assert seconds(text) == expected


def test_two_times_are_a_range() -> None:
    assert seconds_between("50ms-0.5s") == (0.05, 0.5)
    assert seconds_between("1s") == (1.0, 1.0)


@pytest.mark.parametrize("text", ["", "fast", "-1", "1h", "2s-1s", "1s-", "99999999"])
def test_times_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time"):
        seconds_between(text)


def test_a_file_on_its_way_is_a_conflict_for_a_moment(start_sandbox: StartSandbox) -> None:
    caller = Caller(start_sandbox(Quota.unlimited(), config=SandboxConfig(resubmit_s=5)).url)
    first = caller.post("files", files={"file": ("a", b"same")})
    second = caller.post("files", files={"file": ("a", b"same")})
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["error"]["message"] == "Already being submitted for scanning"


def test_the_analyses_of_a_file_are_listed_newest_first(start_sandbox: StartSandbox) -> None:
    clock = SettableClock()
    with SandboxServer(Quota.unlimited(), clock) as server:
        caller = Caller(server.url)
        made = []
        for _ in "123":
            made.append(caller.post(f"files/{EICAR_MD5}/analyse").json()["data"]["id"])
            clock.advance(60)
        assert [row["id"] for row in caller.data(f"files/{EICAR_MD5}/analyses")] == made[::-1]
