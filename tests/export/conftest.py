"""A shell for each version of the API, and a sandbox with a fixed clock whose scans finish at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.export.shell import Shell
from vt_connectors.sandbox import Licence, Quota, SandboxConfig, SandboxServer


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    config = SandboxConfig(
        queued_s=0, completed_s=0, private_keys=True, licences=frozenset({Licence.PREMIUM, Licence.PRIVATE})
    )
    with SandboxServer(Quota.unlimited(), lambda: 1_760_000_000.0, config=config) as server:
        yield server


@pytest.fixture(params=["3", "2"])
def shell(request: pytest.FixtureRequest, sandbox: SandboxServer, tmp_path: Path) -> Shell:
    return Shell(sandbox, tmp_path, request.param)
