"""Threads, processes and forks share what `vtaction` shares."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.python_api.conftest import KEY
from tests.vtaction_process import EICAR
from vt_connectors import VirusTotal
from vt_connectors.sandbox import SandboxServer

PROJECT = Path(__file__).resolve().parents[2]

ASK = """
import json, sys
from vt_connectors import RateLimited, connect
with connect(quota="2/minute") as vt:
    try:
        report = vt.lookup(sys.argv[1], max_wait_s=0)
    except RateLimited as error:
        print(json.dumps({"error": error.code}))
    else:
        print(json.dumps({"source": report.source, "used": vt.quota().windows["minute"].used}))
"""

FORK = """
import os, threading
from vt_connectors import connect
vt = connect()
first = vt.lookup_ip("8.8.8.8")
waiting = threading.Thread(target=lambda: list(vt.lookup_many(["1.1.1.1", "9.9.9.9"])))
waiting.start()
child = os.fork()
if child == 0:
    again, new = vt.lookup_ip("8.8.8.8"), vt.lookup_domain("example.com")
    many = [item.report.status for item in vt.lookup_many(["8.8.8.8", "1.1.1.1"])]
    vt.close()
    os._exit(0 if (again.source, new.status, many) == ("cache", "ok", ["ok", "ok"]) else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
waiting.join()
assert vt.lookup_domain("example.com").source == "cache"
vt.close()
"""

FORK_WITHIN_A_LOOP = """
import os
from vt_connectors import connect
vt = connect()
answers = vt.lookup_many(["8.8.8.8", "1.1.1.1", "9.9.9.9"])
next(answers)
child = os.fork()
if child == 0:
    try:
        next(answers)
    except RuntimeError as error:
        os._exit(0 if "forked" in str(error) else 1)
    os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert len(list(answers)) == 2
"""


@pytest.fixture
def environment(sandbox: SandboxServer, tmp_path: Path) -> dict[str, str]:
    ours = {"VT_API_URL": sandbox.url, "VT_API_KEY": KEY, "VT_STATE": str(tmp_path / "state.db"), "VT_QUOTA": "none"}
    return {**os.environ, **ours, "PYTHONPATH": str(PROJECT / "connectors")}


def _python(script: str, *arguments: str, env: dict[str, str]) -> str:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_two_processes_share_cache_and_quota(sandbox: SandboxServer, environment: dict[str, str]) -> None:
    def ask(value: str) -> Any:
        return json.loads(_python(ASK, value, env=environment))

    assert ask(EICAR) == {"source": "api", "used": 1}
    assert ask(EICAR.upper()) == {"source": "cache", "used": 1}
    assert ask("8.8.8.8") == {"source": "api", "used": 2}
    assert ask("1.1.1.1") == {"error": "rate_limited"}
    assert len(sandbox.requests) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_goes_on_by_itself(environment: dict[str, str]) -> None:
    _python(FORK, env=environment)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_loop_does_not_go_on_in_a_forked_process_and_says_so(environment: dict[str, str]) -> None:
    _python(FORK_WITHIN_A_LOOP, env=environment)


def test_many_threads_share_one_connection_and_one_request(vt: VirusTotal, sandbox: SandboxServer) -> None:
    found: list[str] = []
    together = threading.Barrier(12)

    def look_up() -> None:
        together.wait(60)
        found.append(vt.lookup_hash(EICAR).verdict)

    threads = [threading.Thread(target=look_up) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["malicious"] * 12
    assert len(sandbox.requests) == 1


def test_a_program_that_leaves_a_loop_half_done_ends(environment: dict[str, str]) -> None:
    script = """
import itertools
from vt_connectors import connect
answers = connect(quota="1/minute").lookup_many((f"h{n}.example" for n in itertools.count()), max_wait_s=3600)
next(answers)
"""
    _python(script, env=environment)
