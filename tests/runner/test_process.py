"""The runner as a citizen of the operating system: descriptors, signals, exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.vtaction_process import EICAR, RunnerProcess, lookup
from vt_connectors.sandbox import Quota, SandboxServer


@pytest.mark.parametrize(
    ("documents", "code"),
    [
        ([lookup()], 0),
        ([lookup("0" * 32)], 0),
        ([{"action": "lookup_ip", "params": {"ip": "10.0.0.1"}}], 0),
        ([], 0),
        ([lookup("no hash")], 1),
        ([{"action": "lookup_everything", "params": {}}], 2),
        ([{"action": "lookup_hash", "params": {"hash": EICAR}, "v": 2}], 2),
        ([lookup(), "bad"], 2),
    ],
)
def test_the_exit_status_is_the_contracts(run: RunnerProcess, documents: list[object], code: int) -> None:
    assert run(*documents).exit_code == code
    assert run(*documents, arguments=("run", "--exit-zero")).exit_code == 0


def test_a_refused_key_is_a_failure_for_good_and_a_missing_one_a_configuration(run: RunnerProcess) -> None:
    refused = run(lookup(), VT_API_KEY="wrong-key")
    assert (refused.lines[0]["error"]["code"], refused.exit_code) == ("access_denied", 1)
    missing = run(lookup(), VT_API_KEY="")
    assert (missing.lines[0]["error"]["code"], missing.exit_code) == ("config_error", 2)


def test_only_retryable_failures_exit_75(run: RunnerProcess) -> None:
    ran = run(lookup(), VT_API_URL="http://127.0.0.1:9")
    assert (ran.lines[0]["error"]["code"], ran.exit_code) == ("unavailable", 75)


def test_wrong_settings_are_every_lines_answer(run: RunnerProcess) -> None:
    ran = run(lookup(id=1), lookup(id=2), VT_QUOTA="4 a minute")
    assert [line["error"]["code"] for line in ran.lines] == ["config_error", "config_error"]
    assert "VT_QUOTA" in ran.lines[0]["error"]["message"]


def test_what_a_library_prints_stays_out_of_stdout(run: RunnerProcess, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, os, sys\n"
        "import vt_connectors.core as core\n"
        "answer = core.Core.answer\n"
        "def noisy(self, *given):\n"
        "    print('from Python'); os.write(1, b'from C\\n')\n"
        "    return answer(self, *given)\n"
        "core.Core.answer = noisy\n",
        "utf-8",
    )
    ran = run(lookup(), PYTHONPATH=f"{tmp_path}{os.pathsep}{run.environment['PYTHONPATH']}")
    assert [line["status"] for line in ran.lines] == ["ok"]
    assert "from Python" in ran.stderr
    assert "from C" in ran.stderr


def test_a_closed_output_is_quiet(run: RunnerProcess) -> None:
    lines = "".join(json.dumps(lookup(id=number)) + "\n" for number in range(200))
    process = run.start("run")
    assert process.stdout is not None
    process.stdout.close()
    _, stderr = process.communicate(lines.encode(), timeout=30)
    assert stderr == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_answers_what_waits_as_cancelled_and_leaves(
    run: RunnerProcess, sandbox: SandboxServer, number: signal.Signals
) -> None:
    process = run.fork("run", VT_QUOTA="1/hour")
    assert process.stdin is not None
    assert process.stdout is not None
    requests = [lookup(f"{index:032x}", id=index, options={"max_wait_s": 86400}) for index in range(40)]
    process.stdin.write("".join(json.dumps(request) + "\n" for request in requests).encode())
    process.stdin.flush()
    first = json.loads(process.stdout.readline()) if _asked_first(sandbox) == 0 else None
    process.send_signal(number)
    rest = [json.loads(line) for line in process.communicate(timeout=30)[0].splitlines()]
    answers = [*([first] if first else []), *rest]
    assert [answer["id"] for answer in answers] == list(range(40))
    assert sum(answer["status"] in ("ok", "not_found") for answer in answers) == 1
    assert {answer["error"]["code"] for answer in answers if answer["error"]} == {"cancelled"}
    assert process.returncode == 75


def _asked_first(sandbox: SandboxServer) -> int:
    """Which of the numbered hashes got the one slot there is; the others wait from then on."""
    while not sandbox.requests:
        pass
    return int(sandbox.requests[0].path.rpartition("/")[2], 16)


def test_a_comment_cut_short_is_of_unknown_outcome(run: RunnerProcess) -> None:
    with SandboxServer(Quota.unlimited(), latency_s=20) as slow:
        process = run.fork("run", VT_API_URL=slow.url)
        assert process.stdin is not None
        comment = {"action": "add_comment", "params": {"indicator": EICAR, "comment": "x"}}
        process.stdin.write(json.dumps(comment).encode() + b"\n")
        process.stdin.flush()
        while not slow.all_requests:
            pass
        process.send_signal(signal.SIGTERM)
        [line] = process.communicate(timeout=30)[0].splitlines()
        assert json.loads(line)["error"]["code"] == "outcome_unknown"
        assert process.returncode == 1


def test_the_key_is_nowhere(run: RunnerProcess, tmp_path: Path) -> None:
    key = "wrong-0123456789abcdef"
    done = run.text("run", "--log-level", "debug", stdin=json.dumps(lookup()) + "\n", VT_API_KEY=key)
    assert "[key]" in done.stdout, "VirusTotal's 401 echoes the key"
    assert key not in done.stdout + done.stderr
    assert not any(key.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_logs_can_be_json_lines(run: RunnerProcess) -> None:
    done = run.text("run", "--log-json", stdin=json.dumps(lookup(surprise=1)) + "\n")
    [line] = done.stderr.splitlines()
    assert json.loads(line)["level"] == "warning"
    assert "surprise" in json.loads(line)["message"]


# Libraries that take long to import, and parts of ours that a cached lookup of a hash does not need.
_NOT_NEEDED = {
    *("requests", "urllib3", "urllib.parse", "jsonschema", "rich", "platformdirs", "idna", "cachetools"),
    *("publicsuffixlist", "ssl", "hashlib", "base64", "logging", "argparse", "dataclasses", "pathlib", "ipaddress"),
    *("contextlib", "queue", "signal", "weakref", "random", "heapq", "unicodedata"),
    *("vt_connectors.actions.file_access", "vt_connectors.actions.local_answers"),
    *("vt_connectors.actions.relationships", "vt_connectors.actions.request_batch"),
    *("vt_connectors.actions.same_object", "vt_connectors.actions.writes", "vt_connectors.adapters.cli.arguments"),
    *("vt_connectors.adapters.runner.json_lines", "vt_connectors.backends.memory.leases"),
    *("vt_connectors.backends.redis_url", "vt_connectors.backends.sqlite.leases"),
    *("vt_connectors.backends.sqlite.ledgers", "vt_connectors.coalescing", "vt_connectors.config.config_file"),
    *("vt_connectors.indicators.hosts", "vt_connectors.indicators.never_query", "vt_connectors.indicators.urls"),
    *("vt_connectors.misconfigured", "vt_connectors.pending", "vt_connectors.quota.limiter"),
    *("vt_connectors.quota.waiters", "vt_connectors.state.heartbeat", "vt_connectors.verdict.report"),
    *("vt_connectors.virustotal.account", "vt_connectors.virustotal.batching", "vt_connectors.virustotal.client"),
    *("vt_connectors.virustotal.http",),
}
# A few more than there are, so that a module may be split; each takes about a two-hundredth of the time.
_MOST_OF_OURS = 77


def test_a_cached_answer_imports_nothing_that_it_does_not_need(run: RunnerProcess, tmp_path: Path) -> None:
    run(lookup())
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "before = set(sys.modules)\n"
        "leave = os._exit\n"
        "def tell(code):\n"
        "    os.write(2, ' '.join(set(sys.modules) - before).encode())\n"
        "    leave(code)\n"
        "os._exit = tell\n",
        "utf-8",
    )
    ran = run(lookup(), PYTHONPATH=f"{tmp_path}{os.pathsep}{run.environment['PYTHONPATH']}")
    assert ran.lines[0]["meta"]["source"] == "cache"
    imported = set(ran.stderr.split())
    with_libraries = subprocess.run(
        [sys.executable, "-c", "import json, runpy, sqlite3, threading, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert imported & _NOT_NEEDED - set(with_libraries.stdout.split()) == set()
    assert len([name for name in imported if name.startswith("vt_connectors")]) <= _MOST_OF_OURS


def test_the_module_and_the_console_script_are_the_same(run: RunnerProcess) -> None:
    script = Path(sys.executable).with_name("vtaction")
    if not script.exists():
        pytest.skip("the distribution is not installed beside this Python")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == run.text("--version").stdout


def test_a_state_that_is_no_regular_file_is_refused_and_left_alone(run: RunnerProcess, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    ran = run(lookup(), VT_STATE=str(tmp_path / "pipe"))
    assert ran.lines[0]["error"]["code"] == "config_error"
    assert (tmp_path / "pipe").is_fifo()


def test_a_mark_of_byte_order_costs_no_line(run: RunnerProcess) -> None:
    ran = run("\ufeff" + json.dumps(lookup()), lookup())
    assert [line["status"] for line in ran.lines] == ["ok", "ok"]
