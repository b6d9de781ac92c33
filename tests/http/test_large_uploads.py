"""A file of 64 MB passes through the server without being in its memory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

from ..vtaction_process import EVERY_LICENCE
from .served_process import ServedProcess, served

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory of a process is read from /proc"),
]
MEGABYTE = 1024 * 1024
MEGABYTES = 64
BLOCK = bytes(range(256)) * 4096
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="big"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"
TYPE = {"Content-Type": "multipart/form-data; boundary=b"}
_MOST_S = 300.0


class Form:
    """A form with a file of that size, made as it is sent."""

    def __len__(self) -> int:
        return len(HEAD) + MEGABYTES * MEGABYTE + len(TAIL)

    def __iter__(self) -> Iterator[bytes]:
        yield HEAD
        yield from [BLOCK] * MEGABYTES
        yield TAIL


def memory(server: ServedProcess, figure: str) -> int:
    """In bytes; `VmRSS` is that in use, `VmHWM` the most that was."""
    status = Path(f"/proc/{server.process.pid}/status").read_text("ascii")
    found = re.search(rf"{figure}:\s+([0-9]+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def sha256() -> str:
    measured = hashlib.sha256()
    for _ in range(MEGABYTES):
        measured.update(BLOCK)
    return measured.hexdigest()


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited(), config=SandboxConfig(private_keys=True)) as server:
        yield server


def uploaded(server: ServedProcess, address: str) -> requests.Response:
    headers = {**TYPE, "x-apikey": server.token}
    return requests.post(address, data=Form(), headers=headers, timeout=_MOST_S)


@pytest.mark.parametrize("path", ["/api/v3/files/upload_url", "/vtapi/v2/file/scan/upload_url"])
def test_the_server_does_not_grow_by_a_file_that_it_passes_on(
    sandbox: SandboxServer, tmp_path: Path, path: str
) -> None:
    folder = tmp_path / "received"
    folder.mkdir()
    settings = {"VT_API_KEY": EVERY_LICENCE, "VT_QUOTA": "none", "TMPDIR": str(folder)}
    with served(sandbox, tmp_path, **settings) as server:
        told = requests.get(server.address + path, headers={"x-apikey": server.token}, timeout=60).json()
        before = memory(server, "VmRSS")
        reply = uploaded(server, told.get("data") or told["upload_url"])
        grown = memory(server, "VmHWM") - before
        assert reply.status_code == 200, reply.text
        found = server.run({"action": "lookup_hash", "params": {"hash": sha256()}}).json()
    assert found["data"]["hashes"]["sha256"] == sha256()
    assert grown < MEGABYTES * MEGABYTE / 4
