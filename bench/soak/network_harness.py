"""The real core with the drills' key against a scripted server, and checks of its answers."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.soak.drill import KEY
from tests.fake_clock import FakeClock
from tests.scripted_server import ScriptedServer, Step, json_answer
from vt_connectors.api_key import ApiKey
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.contract.validation import violation
from vt_connectors.core import Core

# The most a read or a write may cost.
MOST_READS, MOST_WRITES = 3, 1
# Answers are kept for a day, and the longest pause is an hour: after this a question is a new one.
LONG_AFTER_S = 2 * 86400.0


def core_at(url: str, clock: FakeClock, state: Path | None = None, **variables: str) -> Core:
    """`variables`: settings by their environment name. Without `state` it is kept in memory."""
    given = {
        "VT_API_URL": url,
        "VT_STATE": str(state) if state else "memory",
        "VT_QUOTA": "none",
        "VT_TIMEOUT": "5",
        **variables,
    }
    return build(settings_from(given), lambda: ApiKey(KEY), clock)


@contextlib.contextmanager
def own_environment(**variables: str) -> Iterator[None]:
    """No proxy and no certificates but those of `variables`."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def lookup(sha256: str) -> dict[str, Any]:
    return {"action": "lookup_hash", "params": {"hash": sha256}}


def comment(sha256: str) -> dict[str, Any]:
    return {"action": "add_comment", "params": {"indicator": sha256, "comment": "seen in a mail"}}


def file_object(sha256: str) -> dict[str, Any]:
    stats = {"malicious": 5, "undetected": 60}
    return {"data": {"type": "file", "id": sha256, "attributes": {"last_analysis_stats": stats}}}


def found(sha256: str) -> Step:
    return json_answer(200, file_object(sha256))


def commented(sha256: str) -> Step:
    return json_answer(200, {"data": {"type": "comment", "id": f"f-{sha256}-01234567"}})


def outcome_of(response: Mapping[str, Any]) -> str:
    """The error's code, else the status."""
    error = response.get("error")
    return str(error["code"] if error else response["status"])


class Asked:
    """One request of the core's: what came of it, and what is wrong with that."""

    def __init__(self, core: Core, server: ScriptedServer, request: Mapping[str, Any]) -> None:
        before = len(server.received)
        self.response: Mapping[str, Any] = {}
        self.raised = ""
        try:
            self.response = core.answer(request)
        except Exception as error:
            self.raised = f"{type(error).__name__}: {error}"
        self.seen = server.received[before:]
        self._most = MOST_WRITES if request["action"] == "add_comment" else MOST_READS

    def wrong(self, allowed: set[str], requests: int | None = None) -> str | None:
        """`allowed`: the codes and statuses that the contract has for it. `requests`: how many, where it is told."""
        if self.raised:
            return f"raised {self.raised}"
        broken = violation("response.json", self.response)
        if broken is not None:
            return f"violates the contract: {broken}"
        if KEY in json.dumps(self.response):
            return "the key is in the answer"
        outcome = outcome_of(self.response)
        if outcome not in allowed:
            return f"{outcome} and not {' or '.join(sorted(allowed))}: {self.response['summary']}"
        if len(self.seen) > self._most or (requests is not None and len(self.seen) != requests):
            return f"{len(self.seen)} requests"
        return None
