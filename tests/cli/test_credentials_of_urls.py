"""The user name and password of a URL that is given to `vtaction` stand in nothing that it writes."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from tests.vtaction_process import RunnerProcess
from vt_connectors.sandbox import SandboxServer

_SECRET = "hunter2"
_GOOD = f"https://bob:{_SECRET}@malicious.example/payload.bin"
_BAD = [f"https://bob:{_SECRET}@intra net/", f"bob:{_SECRET}@host.example/", f"https://bob:hun/{_SECRET}@host/"]
_SPELT = [
    f"//bob:{_SECRET}@host.example/a",
    f"https://bob:{_SECRET}%40host.example/a",
    f"http://bob:{_SECRET}[at]host.example/",
]
_INNER = f"https://malicious.example/payload.bin?u=http://bob:{_SECRET}@foo.example/"


@pytest.mark.parametrize("value", [_GOOD, _INNER, *_BAD, *_SPELT])
@pytest.mark.parametrize(
    "arguments",
    [
        ["lookup_url", "--cache", "default"],
        ["lookup_url", "--cache", "only"],
        ["lookup_domain"],
        ["scan_url"],
        ["get_comments"],
        ["add_comment", "--comment", "seen"],
        ["curl", "lookup_url"],
    ],
    ids=" ".join,
)
def test_a_value_by_position_is_not_repeated_with_them(run: RunnerProcess, arguments: list[str], value: str) -> None:
    action = 2 if arguments[0] == "curl" else 1
    ran = run.text(*arguments[:action], value, *arguments[action:])
    assert ran.stdout + ran.stderr
    assert _SECRET not in ran.stdout + ran.stderr


def test_a_request_is_answered_with_what_was_removed_and_without_it(run: RunnerProcess, sandbox: SandboxServer) -> None:
    lines = [{"action": "lookup_url", "params": {"url": value}} for value in (_GOOD, *_BAD)]
    ran = run(*lines)
    assert [line["status"] for line in ran.lines] == ["ok", "error", "error", "error"]
    assert ran.lines[0]["data"]["removed"] == ["user", "password"]
    assert _SECRET not in str(ran.lines) + ran.stderr
    assert len(sandbox.requests) == 1


def test_files_on_the_disk_contain_no_credentials(run: RunnerProcess, tmp_path: Path) -> None:
    run({"action": "lookup_url", "params": {"url": _GOOD}, "options": {"include": ["raw", "engines"]}})
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not any(_SECRET.encode() in path.read_bytes() for path in files)


def test_those_of_a_url_inside_a_url_are_neither_sent_nor_kept(
    run: RunnerProcess, sandbox: SandboxServer, tmp_path: Path
) -> None:
    ran = run({"action": "lookup_url", "params": {"url": _INNER}})
    assert ran.lines[0]["data"]["removed"] == ["user", "password"]
    assert ran.lines[0]["data"]["indicator"] == _INNER.replace(f"bob:{_SECRET}@", "")
    with_them, without = (
        urlsafe_b64encode(url.encode()).decode().rstrip("=") for url in (_INNER, ran.lines[0]["data"]["indicator"])
    )
    assert without in str(sandbox.requests)
    assert with_them not in str(sandbox.requests)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not any(_SECRET.encode() in path.read_bytes() for path in files)
