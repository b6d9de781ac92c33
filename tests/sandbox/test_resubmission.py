"""The same file sent again, and the list of its analyses."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

from .calling import EICAR_MD5, NOON, Caller, SettableClock, V2Caller, error_of
from .conftest import StartSandbox

CONTENT = b"never seen before"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
CONFLICT = (409, "AlreadyExistsError", "Already being submitted for scanning")


def upload(caller: Caller, content: bytes = CONTENT) -> requests.Response:
    return caller.post("files", files={"file": ("a", content)})


@pytest.fixture
def strict(start_sandbox: StartSandbox) -> Caller:
    """A caller of a sandbox that takes the same file every ten seconds. Its key may list analyses."""
    return Caller(start_sandbox(Quota.unlimited(), config=SandboxConfig(resubmit_s=10)).url, key="premium-key")


@pytest.fixture
def premium(sandbox: SandboxServer) -> Caller:
    return Caller(sandbox.url, key="premium-key")


def test_the_same_file_may_be_sent_again_at_once(caller: Caller) -> None:
    assert [upload(caller).status_code for _ in "123"] == [200] * 3


def test_a_file_just_received_is_a_conflict_for_a_moment(strict: Caller, clock: SettableClock) -> None:
    assert upload(strict).status_code == 200
    clock.advance(9.9)
    assert error_of(upload(strict)) == CONFLICT
    clock.advance(0.1)
    assert upload(strict).status_code == 200, "a refused upload does not begin another moment"


def test_a_refused_upload_is_no_analysis(strict: Caller) -> None:
    accepted = upload(strict).json()["data"]["id"]
    upload(strict)
    assert [row["id"] for row in strict.data(f"files/{SHA256}/analyses")] == [accepted]


def test_other_files_and_rescans_are_no_conflict(strict: Caller) -> None:
    upload(strict)
    assert upload(strict, b"another").status_code == 200
    assert strict.post(f"files/{SHA256}/analyse").status_code == 200
    strict.post(f"files/{EICAR_MD5}/analyse")
    eicar = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
    assert hashlib.md5(eicar).hexdigest() == EICAR_MD5
    assert upload(strict, eicar).status_code == 200


def test_an_upload_address_makes_no_difference(strict: Caller) -> None:
    upload(strict)
    address = strict.data("files/upload_url")
    assert error_of(strict.session.post(address, files={"file": CONTENT}, timeout=60)) == CONFLICT


def test_a_file_received_through_v2_counts_too(strict: Caller) -> None:
    assert V2Caller(strict.base.removesuffix("/api/v3")).upload(CONTENT).status_code == 200
    assert error_of(upload(strict)) == CONFLICT


def test_only_one_of_simultaneous_uploads_is_accepted(strict: Caller) -> None:
    ready = threading.Barrier(6)

    def send(_: int) -> int:
        ready.wait()
        return upload(Caller(strict.base.removesuffix("/api/v3"))).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(send, range(6))) == [200] + [409] * 5


def test_analyses_of_a_file_are_listed_newest_first_by_any_hash(premium: Caller, clock: SettableClock) -> None:
    made = []
    for _ in range(3):
        made.append(premium.post(f"files/{EICAR_MD5}/analyse").json()["data"]["id"])
        clock.advance(4)
    rows = premium.data(f"files/{EICAR_MD5}/analyses")
    assert [row["id"] for row in rows] == made[::-1]
    assert [row["attributes"]["status"] for row in rows] == ["in-progress", "completed", "completed"]
    assert [row["attributes"]["date"] for row in rows] == [int(NOON) + 8, int(NOON) + 4, int(NOON)]
    assert rows[0] == premium.data(f"analyses/{made[-1]}")


def test_analyses_come_in_pages(premium: Caller, clock: SettableClock) -> None:
    for _ in range(3):
        premium.post(f"files/{EICAR_MD5}/analyse")
        clock.advance(1)
    first = premium.get(f"files/{EICAR_MD5}/analyses?limit=2").json()
    second = premium.session.get(first["links"]["next"], timeout=60).json()
    assert (len(first["data"]), len(second["data"])) == (2, 1)


def test_a_file_without_analyses_has_an_empty_list_and_an_unknown_one_none(premium: Caller) -> None:
    assert premium.data(f"files/{EICAR_MD5}/analyses") == []
    assert error_of(premium.get(f"files/{'0' * 64}/analyses"))[:2] == (404, "NotFoundError")


def test_a_public_key_may_not_list_analyses(caller: Caller) -> None:
    assert error_of(caller.get(f"files/{EICAR_MD5}/analyses"))[:2] == (403, "ForbiddenError")
