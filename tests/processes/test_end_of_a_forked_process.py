"""A program that is forked ends as one that is started, whether or not the modules are freed at its end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.forked_process import ForkedProcess, Program, fork_server

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
_ODD = """
class Odd:
    def __del__(self):
        print('gone', flush=True)
"""
PROGRAMS = {
    "its output": "print('said')",
    "a status": "import sys; print('said'); sys.exit(3)",
    "a status above a byte": "import sys; sys.exit(259)",
    "no status": "import sys; sys.exit()",
    "a text for a status": "import sys; sys.exit('why')",
    "an error": "1 / 0",
    "an interrupt": "raise KeyboardInterrupt",
    "what is to be done at the end": "import atexit; atexit.register(print, 'last words')",
    "a thread that still runs": "import threading; threading.Timer(0.05, print, ['late']).start()",
    "an object that says so": _ODD + "kept = Odd()",
    "objects in a circle": _ODD + "it = Odd(); it.own = it",
    "an output that was put away": "import sys; kept, sys.stdout = sys.stdout, sys.stderr; kept.write('said')",
    "an output that takes nothing": "import os; print('said'); os.close(1)",
}


@pytest.mark.parametrize("frees_all", [True, False])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_forked_program_ends_as_a_started_one(name: str, frees_all: bool, tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(PROGRAMS[name], "utf-8")
    started = subprocess.run([sys.executable, str(script)], env={}, capture_output=True, timeout=60, check=False)
    server = fork_server(Program(sys.executable, ()))
    forked = server.run([str(script)], {}, timeout=60, frees_all=frees_all)
    assert (forked.returncode, forked.stdout) == (started.returncode, started.stdout)
    # The traceback's first lines differ: those of a forked program begin in the server.
    assert forked.stderr.splitlines()[-1:] == started.stderr.splitlines()[-1:]


def test_threads_that_fork_first_share_one_server(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text("print('said')", "utf-8")
    # A program of this test's own, so that nothing has forked it before.
    program = Program(sys.executable, (), path=(str(tmp_path),))
    together = threading.Barrier(8)

    def fork(_: int) -> ForkedProcess:
        together.wait(60)
        return fork_server(program).start([str(script)], {})

    with ThreadPoolExecutor(8) as pool:
        forked = list(pool.map(fork, range(8)))
    assert [(one.communicate(timeout=60)[0], one.returncode) for one in forked] == [(b"said\n", 0)] * 8
    for one in forked:
        one.end()
