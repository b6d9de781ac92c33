"""Downloads: from an address that takes no key."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import pytest
import requests

from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

from .calling import EICAR_MD5, EICAR_SHA256, Caller, SettableClock, error_of
from .conftest import StartSandbox

INVOICE = hashlib.sha256(b"invoice_2291.pdf.exe").hexdigest()


@pytest.fixture
def premium(sandbox: SandboxServer) -> Caller:
    return Caller(sandbox.url, key="premium-key")


def fetch(address: str, **headers: str) -> requests.Response:
    return requests.get(address, headers=headers, timeout=60)


def test_the_bytes_have_the_objects_sha256(premium: Caller) -> None:
    for ident in (EICAR_SHA256, EICAR_MD5, INVOICE):
        answer = premium.get(f"files/{ident}/download", allow_redirects=False)
        assert (answer.status_code, answer.content) == (302, b"")
        assert answer.headers["Content-Type"].startswith("text/html")
        sha256 = premium.data(f"files/{ident}")["id"]
        assert hashlib.sha256(fetch(answer.headers["Location"]).content).hexdigest() == sha256


def test_the_address_is_good_for_an_hour_and_as_often_as_wanted(premium: Caller, clock: SettableClock) -> None:
    address = premium.data(f"files/{EICAR_SHA256}/download_url")
    clock.advance(3600)
    assert [fetch(address).status_code for _ in range(3)] == [200] * 3
    clock.advance(1)
    assert fetch(address).status_code == 400


@pytest.mark.parametrize("headers", [{"x-apikey": "premium-key"}, {"Cookie": "a=b"}])
def test_the_storage_refuses_keys_and_cookies(premium: Caller, headers: dict[str, str]) -> None:
    answer = fetch(premium.data(f"files/{EICAR_SHA256}/download_url"), **headers)
    assert answer.status_code == 400
    assert b"EICAR" not in answer.content


def test_an_address_cannot_be_made_up(sandbox: SandboxServer, premium: Caller) -> None:
    address = premium.data(f"files/{EICAR_SHA256}/download_url")
    for changed in (address.replace(EICAR_SHA256, INVOICE), address.replace("Expires=", "Expires=9"), f"{address}0"):
        assert fetch(changed).status_code == 403
    assert fetch(f"{sandbox.url}/vtsamples/{EICAR_SHA256}").status_code == 403


def test_the_object_says_whether_there_is_something_to_download(premium: Caller, caller: Caller) -> None:
    assert premium.data(f"files/{EICAR_SHA256}")["attributes"]["downloadable"] is True
    invented = premium.data("domains/malicious.example/communicating_files?limit=40")
    ident = next(row["id"] for row in invented if "attributes" in row and not row["attributes"]["downloadable"])
    assert error_of(premium.get(f"files/{ident}/download"))[:2] == (404, "NotFoundError")
    assert "downloadable" not in caller.data(f"files/{EICAR_SHA256}")["attributes"]


def test_public_keys_and_unknown_files_have_no_download(caller: Caller, premium: Caller) -> None:
    for name in ("download", "download_url"):
        assert error_of(caller.get(f"files/{EICAR_SHA256}/{name}"))[:2] == (403, "ForbiddenError")
        assert error_of(premium.get(f"files/{'0' * 64}/{name}"))[:2] == (404, "NotFoundError")


def test_asking_for_the_address_is_a_download(start_sandbox: StartSandbox) -> None:
    caller = Caller(start_sandbox(Quota.unlimited(), config=SandboxConfig(downloads=2)).url, key="premium-key")
    path = f"files/{EICAR_SHA256}/download_url"
    address = caller.data(path)
    assert [fetch(address).status_code for _ in range(3)] == [200] * 3
    assert [caller.get(path).status_code for _ in range(2)] == [200, 429]
    quotas = caller.data("users/premium-key/overall_quotas")
    assert quotas["intelligence_downloads_monthly"] == {"user": {"allowed": 2, "used": 2}}


def order(caller: Caller, **data: Any) -> requests.Response:
    return caller.post("intelligence/zip_files", json={"data": data})


@pytest.mark.parametrize("password", ["infected", ""])
def test_a_zip_file_is_followed_to_its_end_and_opened(premium: Caller, clock: SettableClock, password: str) -> None:
    ordered = order(premium, hashes=[EICAR_MD5, INVOICE, "0" * 64], password=password).json()["data"]
    path = f"intelligence/zip_files/{ordered['id']}"
    seen = []
    for _ in range(3):
        seen.append(premium.data(path)["attributes"]["status"])
        if seen[-1] != "finished":
            assert error_of(premium.get(f"{path}/download_url"))[:2] == (400, "NotAvailableYet")
        clock.advance(2.5)
    assert seen == ["starting", "creating", "finished"]
    assert premium.data(path)["attributes"] == {"status": "finished", "progress": 100, "files_ok": 2, "files_error": 1}
    answer = premium.get(f"{path}/download", allow_redirects=False)
    assert answer.status_code == 302
    with zipfile.ZipFile(io.BytesIO(fetch(answer.headers["Location"]).content)) as archive:
        assert {info.flag_bits & 1 for info in archive.infolist()} == {1 if password else 0}
        for name in (EICAR_SHA256, INVOICE):
            assert hashlib.sha256(archive.read(name, pwd=password.encode() or None)).hexdigest() == name
        if password:
            with pytest.raises(RuntimeError):
                archive.read(INVOICE, pwd=b"not it")


@pytest.mark.parametrize(
    "data", [{}, {"hashes": []}, {"hashes": "x"}, {"hashes": [1]}, {"hashes": ["x"], "password": 1}]
)
def test_a_malformed_order_is_refused(premium: Caller, data: dict[str, Any]) -> None:
    assert error_of(order(premium, **data))[:2] == (400, "BadRequestError")


def test_a_zip_file_is_its_owners(sandbox: SandboxServer, premium: Caller, caller: Caller) -> None:
    ident = order(premium, hashes=[INVOICE]).json()["data"]["id"]
    other = Caller(sandbox.url, key="premium-other")
    assert error_of(other.get(f"intelligence/zip_files/{ident}"))[:2] == (404, "NotFoundError")
    assert error_of(order(caller, hashes=[INVOICE]))[:2] == (403, "ForbiddenError")
