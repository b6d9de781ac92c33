"""Generated requests, valid and invalid: a few of each kind. `make schemathesis` sends them for a minute."""

from __future__ import annotations

from pathlib import Path

import pytest

from package.http_api.fuzzing import find_schemathesis, run, server


@pytest.mark.once
@pytest.mark.skipif(find_schemathesis() is None, reason="no Schemathesis; `make schemathesis` installs it")
def test_generated_requests_get_what_the_description_says(tmp_path: Path) -> None:
    executable = find_schemathesis()
    assert executable is not None
    with server(tmp_path) as url:
        few = ["--phases=examples,fuzzing", "--max-examples=2", "--seed=1", "--generation-database=none"]
        done = run(executable, url, tmp_path, few)
    assert done.returncode == 0, done.stdout + done.stderr
