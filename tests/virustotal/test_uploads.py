"""Uploads to VirusTotal: streamed, sent once, and only to VirusTotal's own hosts."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.responses import error_of
from tests.scripted_server import ScriptedServer, Step, answer, json_answer, reset, targets
from vt_connectors.actions.file_sample import opened
from vt_connectors.contract.documents import read_request
from vt_connectors.errors import InvalidRequest, InvalidResponse
from vt_connectors.observer import BytesSent
from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer
from vt_connectors.virustotal.http.given_urls import checked_upload_url
from vt_connectors.virustotal.http.multipart import MultipartBody
from vt_connectors.virustotal.v3 import LARGEST_DIRECT_UPLOAD

from .house import SECRET, core_at, with_a_large_file

CONTENT = b"MZ \x00\xff not a program"
REQUEST = {"action": "scan_file", "params": {"content_base64": base64.b64encode(CONTENT).decode(), "filename": "a.exe"}}
ACCEPTED = json_answer(200, {"data": {"type": "analysis", "id": "bWQ1OjE="}})
BUSY = json_answer(409, {"error": {"code": "AlreadyExistsError", "message": "Already being submitted for scanning"}})


def asked(server: ScriptedServer, request: dict[str, Any], *steps: Step, **settings: str) -> Mapping[str, Any]:
    server.script(*steps)
    return core_at(server.url, FakeClock(), None, **settings).answer(request)


class CuttingServer:
    """Reads some of what comes in, then breaks the connection off."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = self.read = 0

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                with connection:
                    while self.read < 5_000_000:
                        self.read += len(connection.recv(65536))
                    linger = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def __enter__(self) -> CuttingServer:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def large_file(folder: Path, size: int = LARGEST_DIRECT_UPLOAD + 1) -> dict[str, Any]:
    path = folder / "large.bin"
    path.write_bytes(b"." * size)  # a key is looked for in zeros for four times as long
    return {"action": "scan_file", "params": {"path": str(path)}}


def test_the_file_is_sent_unchanged_in_one_part_with_the_key_in_the_header() -> None:
    with ScriptedServer() as server:
        assert asked(server, REQUEST, ACCEPTED)["data"]["analysis_id"] == "bWQ1OjE="
        sent = server.received[0]
    assert (sent.method, sent.target) == ("POST", "/api/v3/files")
    assert sent.headers["x-apikey"] == SECRET
    boundary = re.fullmatch("multipart/form-data; boundary=([0-9a-f]{32})", sent.headers["content-type"])
    assert boundary is not None
    first, last = f"--{boundary[1]}\r\n".encode(), f"\r\n--{boundary[1]}--\r\n".encode()
    headers, _, content = sent.body[len(first) : -len(last)].partition(b"\r\n\r\n")
    assert (sent.body.startswith(first), sent.body.endswith(last), content) == (True, True, CONTENT)
    assert b'name="file"; filename="a.exe"' in headers
    assert SECRET.encode() not in sent.body


def test_in_v2_the_key_is_a_part_of_the_body() -> None:
    with ScriptedServer() as server:
        scanned = json_answer(200, {"response_code": 1, "scan_id": "ab" * 32 + "-1"})
        asked(server, REQUEST, scanned, VT_API_VERSION="2")
        sent = server.received[0]
    assert sent.target == "/vtapi/v2/file/scan"
    assert f'name="apikey"\r\n\r\n{SECRET}\r\n'.encode() in sent.body
    assert "x-apikey" not in sent.headers


def test_a_connection_cut_in_the_middle_is_an_unknown_outcome_and_sent_once(tmp_path: Path) -> None:
    with CuttingServer() as server:
        error = error_of(core_at(server.url, FakeClock()).answer(large_file(tmp_path, 20_000_000)))
    assert (error["code"], error["retryable"]) == ("outcome_unknown", False)
    assert server.connections == 1
    assert 0 < server.read < 20_000_000


@pytest.mark.parametrize("step", [reset(), answer(502), answer(504), answer(200, b"<html>")])
def test_an_upload_without_an_answer_is_an_unknown_outcome_and_sent_once(step: Step) -> None:
    with ScriptedServer() as server:
        assert asked(server, REQUEST, step)["error"]["code"] == "outcome_unknown"
        assert len(server.received) == 1


@pytest.mark.parametrize("size", [200_000, 65536 * 4, 65536 * 4 + 1, LARGEST_DIRECT_UPLOAD + 1])
@pytest.mark.parametrize("version", ["3", "2"])
def test_a_file_that_changes_meanwhile_never_arrives_complete(tmp_path: Path, size: int, version: str) -> None:
    path = tmp_path / "sample.bin"
    path.write_bytes(b"a" * size)
    seen = path.stat()
    changes: list[int] = []

    def change(sent: int, total: int) -> None:
        if not changes:
            changes.append(sent)
            with path.open("r+b") as file:
                file.seek(size - 1)
                file.write(b"b")
            os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    with ScriptedServer() as server:
        is_large = size > LARGEST_DIRECT_UPLOAD
        steps = [json_answer(200, {"data": f"{server.url}/upload"})] if is_large and version == "3" else []
        if is_large and version == "2":
            steps = [json_answer(200, {"upload_url": f"{server.url}/upload"})]
        server.script(*steps, ACCEPTED)
        core = core_at(server.url, FakeClock(), None, VT_API_VERSION=version)
        error = error_of(
            core.run(read_request({"action": "scan_file", "params": {"path": str(path)}}), BytesSent(change))
        )
        received = server.wait_for(len(steps) + 1)[-1]
    assert (error["code"], error["details"]["path"]) == ("invalid_request", "/params/path")
    assert "changed while it was read" in error["message"]
    assert changes, "it was changed on its way"
    assert len(received.body) < int(received.headers["content-length"])
    assert len(received.body.rpartition(b"\r\n\r\n")[2]) < size, "even of the content the end is missing"
    assert len(server.received) == len(steps) + 1, "nothing is repeated"


@pytest.mark.parametrize("size", [1, 100, 65536, 65537])
def test_the_end_of_a_small_file_that_changes_meanwhile_is_not_sent(tmp_path: Path, size: int) -> None:
    path = tmp_path / "sample.bin"
    path.write_bytes(b"a" * size)
    seen = path.stat()
    with opened({"path": str(path)}) as sample:
        path.write_bytes(b"a" * (size - 1) + b"b")
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
        body = MultipartBody(sample.upload(lambda sent, total: None), {})
        pieces: list[bytes] = []
        with pytest.raises(InvalidRequest, match="changed"):
            pieces.extend(iter(lambda: body.read(1000), b""))
    content = b"".join(pieces).partition(b"\r\n\r\n")[2]
    assert len(content) < size
    assert b"b" not in content


def test_a_file_with_only_a_new_timestamp_is_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "sample.bin"
    path.write_bytes(b"a" * 300_000)
    with ScriptedServer() as server:
        server.script(ACCEPTED)
        request = read_request({"action": "scan_file", "params": {"path": str(path)}})
        answer_ = core_at(server.url, FakeClock()).run(request, BytesSent(lambda sent, total: path.chmod(0o640)))
        assert answer_["status"] == "pending"


def test_a_file_that_virustotal_refuses_as_too_large_is_too_large() -> None:
    with ScriptedServer() as server:
        page = answer(413, b"<html>too large</html>", {"Content-Type": "text/html"})
        assert asked(server, REQUEST, page)["error"]["code"] == "too_large"
        assert len(server.received) == 1


def test_a_file_that_is_being_submitted_gets_the_running_analysis() -> None:
    with ScriptedServer() as server:
        rows = json_answer(200, {"data": [{"type": "analysis", "id": "theirs"}]})
        found = asked(server, REQUEST, BUSY, rows)
        assert (found["status"], found["data"]["analysis_id"]) == ("pending", "theirs")
        sha256 = found["data"]["id"]
        assert targets(server.received) == ["/api/v3/files", f"/api/v3/files/{sha256}/analyses?limit=1"]


@pytest.mark.parametrize(
    "step",
    [
        json_answer(200, {"data": []}),
        json_answer(404, {"error": {"code": "NotFoundError", "message": "no"}}),
        json_answer(403, {"error": {"code": "ForbiddenError", "message": "not with this key"}}),
        json_answer(429, {"error": {"code": "QuotaExceededError", "message": "no more"}}),
        answer(200, b"<html>a proxy</html>"),
        answer(503, b""),
        reset(),
    ],
)
def test_a_file_that_is_being_submitted_without_a_known_analysis_is_a_retryable_conflict(step: Step) -> None:
    with ScriptedServer() as server:
        error = asked(server, REQUEST, BUSY, step)["error"]
        assert (error["code"], error["retryable"], error["http_status"]) == ("conflict", True, 409)
        assert [request.method for request in server.received].count("POST") == 1


@pytest.mark.parametrize(
    "request_",
    [
        {"action": "scan_url", "params": {"url": "http://a.example/"}},
        {"action": "rescan_file", "params": {"hash": "0" * 64}},
    ],
    ids=lambda request: str(request["action"]),
)
def test_a_scan_of_an_object_that_is_being_scanned_is_a_retryable_conflict(request_: dict[str, Any]) -> None:
    with ScriptedServer() as server:
        error = asked(server, request_, BUSY)["error"]
        assert (error["code"], error["retryable"]) == ("conflict", True)


def test_above_32_mb_the_upload_uses_a_url_for_one_upload(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        address = json_answer(200, {"data": f"{server.url}/_ah/upload/one-use"})
        found = asked(server, large_file(tmp_path), address, ACCEPTED)
        assert (found["status"], found["meta"]["requests"]) == ("pending", 2)
        assert targets(server.received) == ["/api/v3/files/upload_url", "/_ah/upload/one-use"]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/upload",
        "https://virustotal.com.evil.example/",
        "https://evilvirustotal.com/",
        "https://www.virustotal.com@evil.example/",
        "https://www.virustotal.com:8443/",
        "ftp://www.virustotal.com/",
        "//evil.example/",
        "/relative",
        "https://[::1",
        "https://www.virustotal.com/a b",
        "",
        None,
        7,
        ["https://www.virustotal.com/"],
    ],
)
def test_key_and_file_are_sent_to_no_other_address(address: object) -> None:
    with ScriptedServer() as server:
        server.script(json_answer(200, {"data": address}), ACCEPTED)
        core = with_a_large_file(core_at(server.url, FakeClock()))
        error = error_of(core.answer({"action": "scan_file", "params": {}}))
        assert error["code"] == "invalid_response"
        assert len(server.received) == 1


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://bigfiles.virustotal.com/_ah/upload/x?y=1", "https://bigfiles.virustotal.com/_ah/upload/x?y=1"),
        ("http://www.virustotal.com/_ah/upload/x", "https://www.virustotal.com/_ah/upload/x"),
        ("http://127.0.0.1:8099/_ah/upload/x", "http://127.0.0.1:8099/_ah/upload/x"),
    ],
)
def test_virustotals_own_hosts_are_reached_over_tls(address: str, expected: str) -> None:
    assert checked_upload_url(address, "http://127.0.0.1:8099") == expected


def test_an_address_of_another_port_of_this_machine_is_refused() -> None:
    with pytest.raises(InvalidResponse):
        checked_upload_url("http://127.0.0.1:8100/x", "http://127.0.0.1:8099")


_MEASURE = """
import json, resource, sys
from vt_connectors.api_key import ApiKey
from vt_connectors.clock import SystemClock
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
url, path = sys.argv[1:]
settings = {"VT_API_URL": url, "VT_STATE": "memory", "VT_QUOTA": "none"}
core = build(settings_from(settings), lambda: ApiKey("k" * 64), SystemClock())
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
core.answer({"action": "scan_file", "params": {"content_base64": "YQ=="}})
before = peak()
answer = core.answer({"action": "scan_file", "params": {"path": path}})
print(json.dumps([answer["status"], peak() - before]))
"""


def test_memory_does_not_depend_on_the_files_size(tmp_path: Path) -> None:
    size = 50_000_000
    with SandboxServer(Quota.unlimited(), config=SandboxConfig(upload_limit=size + 4096)) as server:
        path = large_file(tmp_path, size)["params"]["path"]
        done = subprocess.run(
            [sys.executable, "-c", _MEASURE, server.url, path], capture_output=True, text=True, check=True, timeout=100
        )
    status, grown_kib = json.loads(done.stdout)
    assert status == "pending"
    assert grown_kib < 10_000
