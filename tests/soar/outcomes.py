"""A real response for each outcome, from the core in front of the sandbox."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.soar.servers import silent_server
from vt_connectors.adapters.soar import outcome
from vt_connectors.adapters.soar.exchange import request
from vt_connectors.adapters.soar.in_process import InProcess
from vt_connectors.sandbox import Quota, SandboxServer

KEY = "a-key-that-no-platform-shows"
EICAR = "44d88612fea8a8f36de82e1278abb02f"
UNKNOWN_HASH = "0" * 64


class Case(NamedTuple):
    """`kind` and `value` are what the platform was asked about."""

    kind: str
    value: str
    response: Mapping[str, Any]


def environment_for(url: str, folder: Path, **more: str) -> dict[str, str]:
    """Settings for a core in front of `url`."""
    return {"VT_API_URL": url, "VT_API_KEY": KEY, "VT_STATE": str(folder / "state.db"), "VT_QUOTA": "none", **more}


@functools.cache
def cases() -> Mapping[str, Case]:
    """One for each of `outcome.OUTCOMES`."""
    with SandboxServer(Quota.unlimited()) as sandbox, silent_server() as silent, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "empty").mkdir()
        working = environment_for(sandbox.url, folder)
        exhausted = {**environment_for(sandbox.url, folder / "empty"), "VT_QUOTA": "1/month"}
        answer_once(exhausted, request("lookup", {"value": "example.com"}))
        asked = {
            outcome.FOUND: ("hash", EICAR, working),
            outcome.UNKNOWN: ("hash", UNKNOWN_HASH, working),
            outcome.SKIPPED: ("ip", "10.0.0.1", working),
            outcome.OUT_OF_QUOTA: ("domain", "example.org", exhausted),
            outcome.UNREACHABLE: ("domain", "example.net", {**working, "VT_API_URL": silent, "VT_TIMEOUT": "1s"}),
            outcome.REFUSED: ("domain", "example.edu", {**working, "VT_API_KEY": "wrong-key"}),
            outcome.INVALID: ("hash", "../users/me", working),
        }
        found = {
            name: Case(
                kind, value, answer_once(settings, request("lookup", {"value": value, "type": kind}, max_wait_s=0))
            )
            for name, (kind, value, settings) in asked.items()
        }
        scan = request("scan_url", {"url": "https://example.com/new"})
        found[outcome.PENDING] = Case("url", "https://example.com/new", answer_once(working, scan))
        missing = request("scan_file", {"path": str(folder / "nothing-here")})
        found[outcome.FAILED] = Case("hash", EICAR, _as_failed(answer_once(working, missing)))
    for name, case in found.items():
        assert outcome.outcome_of(case.response) == name, (name, case.response)
    return found


def answer_once(environment: Mapping[str, str], document: Mapping[str, Any]) -> dict[str, Any]:
    """The response of a core of its own."""
    return InProcess(environment).answers([document], 30.0)[0]


def _as_failed(response: dict[str, Any]) -> dict[str, Any]:
    """The shape is the core's; a bug, which is what `internal` means, cannot be asked for."""
    error = {**response["error"], "code": "internal", "message": "an internal error; see the log for a1b2"}
    return {**response, "error": error}
