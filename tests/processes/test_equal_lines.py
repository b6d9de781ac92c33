"""Equal lines and values of one batch are performed once, by every way in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.vtaction_process import RunnerProcess
from vt_connectors.sandbox import SandboxServer

SPELLINGS = ["http://evil.example/", "hxxp://evil[.]example", "HTTP://EVIL.example", " http://evil.example/ "]


def _posts(sandbox: SandboxServer) -> int:
    return len([request for request in sandbox.requests if request.method == "POST"])


def _line(action: str, **params: Any) -> dict[str, Any]:
    return {"action": action, "params": params}


WRITES = [
    _line("add_comment", indicator="example.com", comment="seen"),
    _line("scan_url", url="http://evil.example/"),
    _line("rescan_file", hash="44d88612fea8a8f36de82e1278abb02f"),
    _line("scan_file", content_base64="aGVsbG8=", filename="a.txt"),
]


@pytest.mark.parametrize("write", WRITES, ids=lambda write: str(write["action"]))
@pytest.mark.parametrize("workers", ["1", "8"])
def test_equal_lines_that_write_are_performed_once(
    workers: str, write: dict[str, Any], sandbox: SandboxServer, run: RunnerProcess
) -> None:
    done = run(*[write] * 5, arguments=("run", "--workers", workers))
    assert _posts(sandbox) == 1
    assert sorted(answer["meta"]["source"] for answer in done.lines) == ["api"] + ["shared"] * 4
    assert [answer["meta"]["source"] == "shared" for answer in done.lines] == [
        "sent once" in answer["summary"] for answer in done.lines
    ]


@pytest.mark.parametrize("cache", ["off", "refresh"])
@pytest.mark.parametrize("workers", ["1", "8"])
def test_lines_ask_for_one_indicator_once_however_it_is_spelt(
    workers: str, cache: str, sandbox: SandboxServer, run: RunnerProcess
) -> None:
    lines = [{**_line("lookup_url", url=url), "options": {"cache": cache}} for url in SPELLINGS]
    done = run(*lines, arguments=("run", "--workers", workers))
    assert len(done.lines) == len(SPELLINGS)
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("cache", ["off", "refresh"])
def test_values_of_a_command_line_are_asked_for_once(cache: str, sandbox: SandboxServer, run: RunnerProcess) -> None:
    done = run.text("lookup_url", *SPELLINGS, "--cache", cache)
    assert len(done.stdout.splitlines()) == len(SPELLINGS)
    assert len(sandbox.requests) == 1


def test_equal_urls_of_a_command_line_are_scanned_once(sandbox: SandboxServer, run: RunnerProcess) -> None:
    done = run.text("scan_url", *SPELLINGS)
    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["pending"] * len(SPELLINGS)
    assert _posts(sandbox) == 1


@pytest.mark.parametrize("cache", ["off", "refresh"])
def test_values_of_lookup_many_are_asked_for_once(
    cache: Any, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vt_connectors import connect

    with connect(api_url=sandbox.url, api_key="k" * 64, state="memory", quota="none") as vt:
        for side_by_side in (1, 4):
            before = len(sandbox.requests)
            assert len(list(vt.lookup_many(SPELLINGS, side_by_side=side_by_side, cache=cache))) == len(SPELLINGS)
            assert len(sandbox.requests) == before + 1
