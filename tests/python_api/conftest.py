"""A connection to the sandbox, and one to a fake core."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.python_api.fake_core import FakeCore, connected_to
from vt_connectors import VirusTotal, connect
from vt_connectors.sandbox import SandboxServer

Connect = Callable[..., VirusTotal]
KEY = "k" * 64


@pytest.fixture
def at_sandbox(sandbox: SandboxServer, tmp_path: Path) -> Iterator[Connect]:
    """`connect` with the sandbox as the default server; its connections are closed after the test."""
    made: list[VirusTotal] = []

    def to_sandbox(**settings: Any) -> VirusTotal:
        usual = {"api_key": KEY, "api_url": sandbox.url, "state": tmp_path / "state.db", "quota": "none"}
        made.append(connect(**{**usual, **settings}))
        return made[-1]

    yield to_sandbox
    for vt in made:
        vt.close()


@pytest.fixture
def vt(at_sandbox: Connect) -> VirusTotal:
    return at_sandbox()


@pytest.fixture
def core() -> FakeCore:
    return FakeCore()


@pytest.fixture
def vt_of(core: FakeCore) -> Iterator[VirusTotal]:
    """A connection to `core`."""
    with connected_to(core) as vt:
        yield vt
