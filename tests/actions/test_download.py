"""Downloads: the content is checked, complete or not there, and the account's key stays with VirusTotal."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pyzipper

from tests.fake_clock import FakeClock
from tests.responses import error_of
from tests.scripted_server import ScriptedServer, Step, answer, head, json_answer, own_error, reset, trickle
from tests.virustotal.house import SECRET, core_at
from vt_connectors.api_key import ApiKey
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.contract.documents import Request
from vt_connectors.errors import Cancelled, InvalidResponse
from vt_connectors.observer import Observer
from vt_connectors.sandbox import Licence, SandboxConfig
from vt_connectors.virustotal.http.given_urls import checked_storage_url

from .conftest import MakeScenario, Scenario

CONTENT = b"MZ a program that nobody should start\n" * 5000
SHA256, SHA1, MD5 = (getattr(hashlib, name)(CONTENT).hexdigest() for name in ("sha256", "sha1", "md5"))
EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
PROJECT = Path(__file__).resolve().parents[2]
EICAR_MD5 = "44d88612fea8a8f36de82e1278abb02f"


def downloaded_before(path: Path) -> None:
    """A file with the owner and the mode of a download."""
    path.write_bytes(b"before")
    path.chmod(0o600)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "samples"
    made.mkdir()
    return made


@pytest.fixture
def premium(make_scenario: MakeScenario) -> Scenario:
    return make_scenario("3", config=SandboxConfig(licences=frozenset({Licence.PREMIUM})))


class Servers:
    """VirusTotal, and the server that it redirects to."""

    def __init__(self, virustotal: ScriptedServer, storage: ScriptedServer, folder: Path) -> None:
        self.virustotal, self.storage, self._folder = virustotal, storage, folder
        headers = {"Location": f"{storage.url}/vtsamples/x?Signature=s3cret", "Set-Cookie": "session=1; Path=/"}
        virustotal.script(answer(302, b"", headers))
        self.storage.script(answer(200, CONTENT))

    def __call__(self, clock: FakeClock | None = None, /, **params: Any) -> Mapping[str, Any]:
        core = core_at(self.virustotal.url, clock or FakeClock())
        response = core.answer(
            {"action": "download_file", "params": {"hash": SHA256, "path": str(self._folder), **params}}
        )
        core.close()
        return response

    @property
    def asked(self) -> list[str]:
        return [request.target for request in self.virustotal.received]


@pytest.fixture
def servers(folder: Path) -> Iterator[Servers]:
    with ScriptedServer() as virustotal, ScriptedServer() as storage:
        yield Servers(virustotal, storage, folder)


def test_a_file_is_saved_by_its_sha256_for_its_owner_only_and_not_executable(premium: Scenario, folder: Path) -> None:
    data = premium("download_file", hash=EICAR, path=str(folder))["data"]
    path = Path(data["path"])
    assert path == folder / EICAR
    assert (hashlib.sha256(path.read_bytes()).hexdigest(), data["size"]) == (EICAR, 68)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names_in(folder) == [EICAR]


@pytest.mark.parametrize("value", [EICAR, EICAR_MD5, "3395856ce81f2b7382dee72602f798b642f14140"])
def test_any_hash_finds_the_file_and_is_compared_with_the_content(premium: Scenario, folder: Path, value: str) -> None:
    data = premium("download_file", hash=value, path=str(folder))["data"]
    assert (data["id"], data["hashes"]["md5"], Path(data["path"]).name) == (EICAR, EICAR_MD5, EICAR)


def test_a_path_that_is_no_folder_is_the_file_to_create(premium: Scenario, folder: Path) -> None:
    assert premium("download_file", hash=EICAR, path=str(folder / "case-7.bin"))["status"] == "ok"
    assert names_in(folder) == ["case-7.bin"]


@pytest.mark.parametrize("value", [EICAR, EICAR_MD5])
def test_with_a_password_a_zip_file_with_aes_is_saved_instead(premium: Scenario, folder: Path, value: str) -> None:
    data = premium("download_file", hash=value, path=str(folder), zip_password="infected")["data"]
    assert (Path(data["path"]).name, data["encrypted"]) == (f"{EICAR}.zip", True)
    with pyzipper.AESZipFile(data["path"]) as archive:
        [entry] = archive.infolist()
        assert (entry.filename, entry.flag_bits & 1, entry.external_attr >> 16) == (value, 1, 0o600)
        with pytest.raises(RuntimeError):
            archive.read(entry, pwd=b"wrong")
        assert hashlib.sha256(archive.read(entry, pwd=b"infected")).hexdigest() == EICAR
    assert b"EICAR" not in Path(data["path"]).read_bytes()
    assert stat.S_IMODE(Path(data["path"]).stat().st_mode) == 0o600


def test_a_file_that_virustotal_does_not_have_is_not_found(premium: Scenario, folder: Path) -> None:
    assert premium("download_file", hash="0" * 64, path=str(folder))["status"] == "not_found"
    assert names_in(folder) == []


def test_a_download_is_never_answered_from_the_cache(premium: Scenario, folder: Path) -> None:
    for name in ("a", "b"):
        assert premium("download_file", hash=EICAR, path=str(folder / name))["meta"]["source"] == "api"
    assert premium("download_file", {"cache": "only"}, hash=EICAR, path=str(folder / "c"))["status"] == "skipped"
    assert len(premium.calls) == 2


def test_without_the_licence_the_error_names_it(make_scenario: MakeScenario, folder: Path) -> None:
    error = error_of(make_scenario("3")("download_file", hash=EICAR, path=str(folder)))
    assert (error["code"], error["details"]["licence"]) == ("forbidden", "premium")
    assert error_of(make_scenario("2")("download_file", hash=EICAR, path=str(folder)))["code"] == "forbidden"
    assert names_in(folder) == []


def test_the_storage_server_gets_neither_key_nor_cookies_nor_the_tools_name(servers: Servers) -> None:
    for _ in range(2):
        assert servers(overwrite=True)["status"] == "ok"
    assert all("x-apikey" in request.headers for request in servers.virustotal.received)
    assert [request.target for request in servers.storage.received] == ["/vtsamples/x?Signature=s3cret"] * 2
    for request in servers.storage.received:
        assert {"x-apikey", "cookie", "x-tool", "authorization", "referer"}.isdisjoint(request.headers)
        assert SECRET not in str(request)


def chunked(content: bytes) -> Step:
    """Without a Content-Length."""
    start = head(200, {"Transfer-Encoding": "chunked"}, None)
    return lambda wire: wire.send(start + b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content))


WRONG_STORAGE: dict[str, tuple[list[Step], str]] = {
    "expired address": ([answer(400, b"<Error/>")], "invalid_response"),
    "refused": ([answer(403, b"<Error/>")], "invalid_response"),
    "gone": ([answer(404, b"")], "invalid_response"),
    "a further redirect": ([answer(302, b"", {"Location": "https://other.example/"})], "invalid_response"),
    "down": ([answer(503, b"")], "unavailable"),
    "broken off": ([answer(200, CONTENT[:1000], length=len(CONTENT))], "unavailable"),
    "reset": ([reset(head(200, {}, len(CONTENT)) + CONTENT[:1000])], "unavailable"),
    "another file": ([answer(200, CONTENT[:-1] + b"!")], "invalid_response"),
    "an empty file": ([answer(200, b"")], "invalid_response"),
    "compressed": ([answer(200, gzip.compress(CONTENT), {"Content-Encoding": "gzip"})], "invalid_response"),
    "too large": ([answer(200, CONTENT + b"x")], "too_large"),
    "too large and not announced": ([chunked(CONTENT + b"x")], "too_large"),
    "endless": ([trickle(head(200, {}, None), b"x" * 65536, 0.001)], "too_large"),
}


@pytest.mark.parametrize("zip_password", [None, "infected"])
@pytest.mark.parametrize("failure", WRONG_STORAGE)
def test_after_a_failed_download_nothing_is_left_and_virustotal_is_not_asked_again(
    servers: Servers, folder: Path, failure: str, zip_password: str | None
) -> None:
    steps, code = WRONG_STORAGE[failure]
    servers.storage.script(*steps)
    downloaded_before(folder / SHA256)
    error = error_of(servers(max_bytes=len(CONTENT), overwrite=True, zip_password=zip_password))
    assert (error["code"], error["retryable"]) == (code, False), error
    assert "count" in error["message"]
    assert "s3cret" not in str(error)
    assert servers.asked == [f"/api/v3/files/{SHA256}/download"]
    assert names_in(folder) == [SHA256]
    assert (folder / SHA256).read_bytes() == b"before"


@pytest.mark.parametrize("zip_password", [None, "infected"])
def test_the_storage_server_is_asked_again_which_counts_only_once(servers: Servers, zip_password: str | None) -> None:
    cut = answer(200, CONTENT[:100_000], length=len(CONTENT))
    servers.storage.script(cut, answer(503, b""), answer(200, CONTENT))
    data = servers(zip_password=zip_password)["data"]
    assert (data["size"], data["hashes"]["sha1"]) == (len(CONTENT), SHA1)
    assert (len(servers.asked), len(servers.storage.received)) == (1, 3)
    if zip_password:
        with pyzipper.AESZipFile(data["path"]) as archive:
            assert archive.read(SHA256, pwd=b"infected") == CONTENT
    else:
        assert Path(data["path"]).read_bytes() == CONTENT


WRONG_ANSWERS: dict[str, tuple[Step, str, bool]] = {
    "connection lost": (reset(), "timeout", False),
    "a front end's 502": (answer(502, b"<html>"), "unavailable", False),
    "a proxy's page": (answer(200, b"<html>", {"Content-Type": "text/html"}), "invalid_response", False),
    "the address as text": (json_answer(200, {"data": "https://a.example/"}), "invalid_response", False),
    "a redirect to nowhere": (answer(302, b""), "invalid_response", False),
    "out of quota": (own_error(429), "rate_limited", True),
    "busy": (own_error(503), "unavailable", True),
    "no licence": (own_error(403), "forbidden", False),
    "wrong key": (own_error(401), "access_denied", False),
}


@pytest.mark.parametrize("failure", WRONG_ANSWERS)
def test_a_call_that_may_have_counted_is_not_repeated_and_not_said_to_be_retryable(
    servers: Servers, folder: Path, failure: str
) -> None:
    step, code, is_retryable = WRONG_ANSWERS[failure]
    servers.virustotal.script(step)
    error = error_of(servers())
    assert (error["code"], error["retryable"]) == (code, is_retryable), error
    assert len(servers.asked) == 1
    assert servers.storage.received == []
    assert names_in(folder) == []


@pytest.mark.parametrize(
    "address",
    [
        "http://storage.example/x",
        "ftp://storage.example/x",
        "file:///etc/passwd",
        "//storage.example/x",
        "/vtsamples/x",
        "https://user:password@storage.example/x",
        "https://storage.example\\@other.example/x",
        "https://[::1/x",
        "https://storage.example:0/x",
        "https:///x",
        "https://storage.example/x y",
        "javascript:alert(1)",
        None,
    ],
)
def test_a_redirect_is_followed_over_https_only(address: Any) -> None:
    with pytest.raises(InvalidResponse) as caught:
        checked_storage_url(address, "https://www.virustotal.com")
    assert "storage.example" not in caught.value.message


def test_plain_http_is_for_loopback_and_only_from_there() -> None:
    storage, local = "https://vtsamples.commondatastorage.googleapis.com/x?Signature=a%2Bb", "http://127.0.0.1:1/x"
    assert checked_storage_url(storage, "https://www.virustotal.com") == storage
    assert checked_storage_url(local, "http://localhost:8080") == local
    for address, base in ((local, "https://www.virustotal.com"), ("http://10.0.0.1/", "http://127.0.0.1")):
        with pytest.raises(InvalidResponse):
            checked_storage_url(address, base)


def test_a_file_whose_known_size_is_too_large_costs_no_download(premium: Scenario, folder: Path) -> None:
    premium("lookup_hash", hash=EICAR)
    error = error_of(premium("download_file", hash=EICAR, path=str(folder), max_bytes=67))
    assert error["code"] == "too_large"
    assert not any(call.endswith("/download") for call in premium.calls)


def refused_before(premium: Scenario, **params: Any) -> Mapping[str, Any]:
    """The error of a download that is refused before it costs anything."""
    error = error_of(premium("download_file", hash=EICAR, **params))
    assert (error["code"], error["details"]["path"]) == ("invalid_request", "/params/path")
    assert premium.calls == []
    return error


def test_a_file_is_overwritten_only_on_request(premium: Scenario, folder: Path) -> None:
    downloaded_before(folder / EICAR)
    for path in (folder, folder / EICAR):
        assert "overwrite" in refused_before(premium, path=str(path))["message"]
    assert (folder / EICAR).read_bytes() == b"before"
    assert premium("download_file", hash=EICAR, path=str(folder), overwrite=True)["status"] == "ok"
    assert (folder / EICAR).stat().st_size == 68


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o400, 0o700])
@pytest.mark.parametrize("through_link", [False, True])
def test_what_is_no_download_is_never_overwritten_whatever_leads_there(
    premium: Scenario, folder: Path, tmp_path: Path, mode: int, through_link: bool
) -> None:
    elsewhere = tmp_path / "system"
    elsewhere.mkdir()
    (elsewhere / "passwd").write_bytes(b"root:x:0:0")
    (elsewhere / "passwd").chmod(mode)
    (folder / "link").symlink_to(elsewhere)
    place = (folder / "link" if through_link else elsewhere) / "passwd"
    assert "not overwritten" in refused_before(premium, path=str(place), overwrite=True)["message"]
    assert names_in(elsewhere) == ["passwd"]
    assert (elsewhere / "passwd").stat().st_mode & 0o777 == mode
    (elsewhere / "passwd").chmod(0o600)
    assert (elsewhere / "passwd").read_bytes() == b"root:x:0:0"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to another user")
def test_the_file_of_another_user_is_never_overwritten(premium: Scenario, folder: Path) -> None:
    downloaded_before(folder / "theirs")
    os.chown(folder / "theirs", 12345, 12345)
    assert "not overwritten" in refused_before(premium, path=str(folder / "theirs"), overwrite=True)["message"]
    assert (folder / "theirs").read_bytes() == b"before"


def test_a_file_that_appears_during_the_download_is_not_overwritten(servers: Servers, folder: Path) -> None:
    def appear(wire: Any) -> None:
        (folder / SHA256).write_bytes(b"another's")
        answer(200, CONTENT)(wire)

    servers.storage.script(appear)
    assert error_of(servers())["code"] == "invalid_request"
    assert (folder / SHA256).read_bytes() == b"another's"
    assert names_in(folder) == [SHA256]


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["sample", ""], ids=["to a file", "into a folder"])
def test_a_second_download_to_the_same_file_meanwhile_is_refused_before_it_is_sent(
    servers: Servers, folder: Path, name: str, overwrite: bool
) -> None:
    second: list[Mapping[str, Any]] = []

    def download_again(wire: Any) -> None:
        second.append(servers(path=str(folder / name), overwrite=overwrite))
        answer(200, CONTENT)(wire)

    servers.storage.script(download_again)
    assert servers(path=str(folder / name), overwrite=overwrite)["status"] == "ok"
    assert error_of(second[0])["code"] == "invalid_request"
    assert "another download of this process, so this one was not sent" in error_of(second[0])["message"]
    assert len(servers.asked) == 1
    assert names_in(folder) == [name or SHA256]
    (folder / (name or SHA256)).unlink()
    assert servers(path=str(folder / name))["status"] == "ok", "the place is free again"


@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_is_written_through_a_link_or_into_something_that_is_no_file(
    premium: Scenario, folder: Path, overwrite: bool
) -> None:
    target = folder.parent / "target"
    target.write_bytes(b"before")
    (folder / "link").symlink_to(target)
    (folder / "dangling").symlink_to(folder.parent / "nothing")
    os.mkfifo(folder / "pipe")
    for name in ("link", "dangling", "pipe"):
        refused_before(premium, path=str(folder / name), overwrite=overwrite)
    assert target.read_bytes() == b"before"
    assert not (folder.parent / "nothing").exists()


@pytest.mark.parametrize("path", ["missing/", "missing/file", "file/x", "a\0b", ".."[:1] + "/missing/.."])
def test_a_path_without_an_existing_folder_is_refused(premium: Scenario, folder: Path, path: str) -> None:
    (folder / "file").write_bytes(b"")
    refused_before(premium, path=f"{folder}/{path}")


def test_with_scan_roots_files_are_created_in_these_folders_only(make_scenario: MakeScenario, folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder.parent / "other").mkdir()
    (folder / "out").symlink_to(folder.parent / "other")
    config = SandboxConfig(licences=frozenset({Licence.PREMIUM}))
    scenario = make_scenario("3", config=config, VT_SCAN_ROOTS=str(folder))
    for path in (
        folder.parent,
        folder.parent / "other" / "x",
        folder / "out",
        folder / "out" / "x",
        folder / ".." / "x",
    ):
        assert "VT_SCAN_ROOTS" in refused_before(scenario, path=str(path))["message"]
    for path in (folder, folder / "inner", folder / "inner" / "x"):
        assert scenario("download_file", hash=EICAR, path=str(path))["status"] == "ok"
    assert names_in(folder.parent / "other") == []


def test_own_files_are_never_overwritten_nor_created(servers: Servers, tmp_path: Path) -> None:
    key, later = tmp_path / "key", tmp_path / "key-to-come"
    key.write_text(SECRET)
    state = tmp_path / "state.db"
    settings = settings_from({"VT_API_URL": servers.virustotal.url, "VT_STATE": str(state), "VT_QUOTA": "none"})
    core = build(settings, lambda: ApiKey(SECRET), FakeClock(), own_files=lambda: (key, later))
    lookup = {"action": "lookup_hash", "params": {"hash": SHA256}, "options": {"cache": "only"}}
    assert core.answer(lookup)["status"] == "skipped"
    os.link(key, tmp_path / "linked")
    for name in ("key", "key-to-come", "linked", "state.db", "state.db-wal", "state-quota.db", "state.db-journal"):
        params = {"hash": SHA256, "path": str(tmp_path / name), "overwrite": True}
        error = error_of(core.answer({"action": "download_file", "params": params}))
        assert (error["code"], error["details"]["path"]) == ("invalid_request", "/params/path")
        assert "own files" in error["message"]
    core.close()
    assert servers.asked == []
    assert (key.read_text(), later.exists()) == (SECRET, False)


class StoppedClock(FakeClock):
    """The process is asked to end during the download."""

    def sleep(self, seconds: float) -> None:
        if seconds == 0:
            raise Cancelled("stopped")
        super().sleep(seconds)


def test_a_process_that_is_asked_to_end_leaves_nothing(folder: Path) -> None:
    with ScriptedServer() as virustotal, ScriptedServer() as storage:
        servers = Servers(virustotal, storage, folder)
        assert error_of(servers(StoppedClock()))["code"] == "cancelled"
        assert names_in(folder) == []


def test_the_observer_is_told_of_the_bytes_that_arrive(servers: Servers, folder: Path) -> None:
    told: list[tuple[int, int | None]] = []

    class Seen(Observer):
        def bytes_received(self, received: int, total: int | None) -> None:
            told.append((received, total))

    core = core_at(servers.virustotal.url, FakeClock())
    core.run(Request("download_file", {"hash": MD5, "path": str(folder)}), Seen())
    core.close()
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)


def test_without_the_library_for_zip_files_the_error_says_how_to_install_it(tmp_path: Path) -> None:
    """Before anything is sent; without a password it is not needed."""
    code = (
        "import sys; sys.modules['pyzipper'] = None\n"
        "from tests.fake_clock import FakeClock\n"
        "from tests.virustotal.house import core_at\n"
        "core = core_at('http://127.0.0.1:9', FakeClock())\n"
        f"params = {{'hash': '{SHA256}', 'path': {str(tmp_path)!r}}}\n"
        "for more in ({'zip_password': 'infected'}, {}):\n"
        "    response = core.answer({'action': 'download_file', 'params': {**params, **more}})\n"
        "    print(response['error']['code'], response['error']['message'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=120, check=True
    )
    first, second = done.stdout.splitlines()
    assert first.startswith("config_error")
    assert "pip install 'pyzipper>=0.3.6,<0.5'" in first
    assert second.startswith("unavailable")
