"""A file of a hundred megabytes is received without being stored."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vt_connectors.sandbox import SandboxConfig

from .calling import Caller, V2Caller

MEGABYTE = 1024 * 1024
BLOCK = bytes(range(256)) * 4096
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="big"\r\n\r\n'
TAIL = b'\r\n--b\r\nContent-Disposition: form-data; name="apikey"\r\n\r\ntest-key\r\n--b--\r\n'
SERVER = """
import threading
from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer
server = SandboxServer(Quota.unlimited(), config=SandboxConfig(private_keys=True))
with server:
    print(server.url, flush=True)
    threading.Event().wait()
"""


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    """A sandbox in a process of its own, whose first line is its address."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as started:
        yield started
        started.kill()


class MultipartBody:
    """A multipart body with a file of so many megabytes, made as it is sent."""

    def __init__(self, megabytes: int) -> None:
        self._megabytes = megabytes

    def __len__(self) -> int:
        return len(HEAD) + self._megabytes * MEGABYTE + len(TAIL)

    def __iter__(self) -> Iterator[bytes]:
        yield HEAD
        for _ in range(self._megabytes):
            yield BLOCK
        yield TAIL


def sha256_of_body(megabytes: int) -> str:
    measured = hashlib.sha256()
    for _ in range(megabytes):
        measured.update(BLOCK)
    return measured.hexdigest()


def peak_megabytes(process: subprocess.Popen[str]) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text("ascii")
    found = re.search(r"VmHWM:\s+([0-9]+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process's memory is read from /proc")
@pytest.mark.parametrize(("version", "megabytes"), [(3, 100), (2, 100)])
def test_a_large_upload_streams_with_flat_memory(process: subprocess.Popen[str], version: int, megabytes: int) -> None:
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    v2, v3 = V2Caller(url), Caller(url)
    address = v3.data("files/upload_url") if version == 3 else v2.told("file/scan/upload_url")["upload_url"]
    before = peak_megabytes(process)
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = v3.session.post(address, data=MultipartBody(megabytes), headers=headers, timeout=60)
    assert answer.status_code == 200
    assert peak_megabytes(process) - before < 10
    if version == 2:
        assert answer.json()["sha256"] == sha256_of_body(megabytes)


def test_files_of_650_mb_are_taken_at_an_upload_address() -> None:
    config = SandboxConfig()
    assert (config.direct_upload_limit, config.upload_limit) == (32 * MEGABYTE, 650 * MEGABYTE)


def test_only_the_beginning_of_a_field_that_is_not_a_file_is_stored(v2: V2Caller) -> None:
    fields = {"apikey": (None, "k"), "resource": (None, "http://malicious.example/payload.bin")}
    answer = v2.session.post(
        f"{v2.base}/comments/put", files={**fields, "comment": (None, "x" * 1_000_000)}, timeout=10
    )
    assert answer.json()["response_code"] == 1
    [said] = v2.told("comments/get", resource="http://malicious.example/payload.bin")["comments"]
    assert len(said["comment"]) == 65536
