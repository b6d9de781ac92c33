"""Without the SDK, or on a Python that is too old for it, `vtaction mcp` says what is missing."""

from __future__ import annotations

import subprocess
import sys

from tests.vtaction_process import RunnerProcess


def test_without_the_sdk_it_says_how_to_install_it(run: RunnerProcess) -> None:
    hidden = (
        "import sys; sys.modules['mcp_types'] = None; from vt_connectors.adapters.cli.main import main; main(['mcp'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", hidden], env=run.environment, capture_output=True, text=True, check=False, timeout=90
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'mcp>=2.3.0,<3'" in done.stderr
    assert "Python 3.10" in done.stderr
