"""The state of the server: in memory, or where it cannot be written."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from vt_connectors.sandbox import SandboxServer

from .served_process import served
from .serving import EVERYTHING, READER, Serving, serving

COMMENT = {"action": "add_comment", "params": {"indicator": "44d88612fea8a8f36de82e1278abb02f", "comment": "seen"}}
V3_FILE, V2_FILE = "/api/v3/files/{:064x}", "/vtapi/v2/file/report?apikey={}&resource={:064x}"


def lookup(number: int) -> dict[str, Any]:
    return {"action": "lookup_hash", "params": {"hash": f"{number:064x}"}, "options": {"max_wait_s": 0}}


def test_in_memory_both_versions_of_the_api_share_the_quota_and_a_reload_keeps_it(tmp_path: Path) -> None:
    with serving(tmp_path, quota="2/3600s", VT_STATE="memory") as server:
        assert server.run(lookup(1))["status"] == "ok"
        assert server.call("GET", V2_FILE.format(READER, 2), None).status_code == 200
        assert server.call("GET", V2_FILE.format(READER, 3), None).status_code == 204
        server.service.reload()
        assert server.run(lookup(4))["error"]["code"] == "rate_limited"
        assert server.call("GET", V3_FILE.format(5), headers={"Prefer": "wait=0"}).status_code == 429
        # The cache is kept too.
        assert server.run(lookup(1))["meta"]["source"] == "cache"
        assert len(server.sandbox.requests) == 2


def _send(server: Serving) -> Any:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "one"}
    return server.call("POST", "/v1/run", EVERYTHING, headers, data=json.dumps(COMMENT)).json()["error"]


def test_without_a_state_a_write_with_a_key_is_refused_each_time_in_the_same_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with serving(tmp_path, VT_STATE=str(tmp_path / "file/state.db")) as server:
        errors = [_send(server) for _ in range(3)]
        assert server.sandbox.requests == []
    assert [error["code"] for error in errors] == ["unavailable"] * 3


def test_a_server_with_its_state_in_memory_says_what_that_means(sandbox: SandboxServer, tmp_path: Path) -> None:
    with served(sandbox, tmp_path, VT_STATE="memory") as server:
        assert server.get("/readyz").status_code == 200
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
        assert "VT_STATE is memory" in server.stderr
