"""The search that `make bench` runs without the field `vt_detected_by` differs by this field only."""

from __future__ import annotations

from pathlib import Path

from bench.detected_by import without_the_field
from package.splunkd_driver.driver import Chunk, SearchInfo, run_search
from vt_connectors.sandbox import Quota, SandboxServer

from .conftest import splunks_python

EVENTS: list[Chunk] = [[{"md5": "44d88612fea8a8f36de82e1278abb02f"}, {"md5": "0" * 32}]]


def test_the_searches_with_and_without_the_field_differ_by_it_only(app: Path, tmp_path: Path) -> None:
    copy = without_the_field(app, tmp_path / "etc/apps/vtlookup")
    found = []
    with SandboxServer(Quota.unlimited()) as server:
        environment = {
            "SPLUNK_HOME": str(tmp_path),
            "VT_API_KEY": "sandbox",
            "VT_API_URL": server.url,
            "VT_QUOTA": "none",
            "VT_STATE": "memory",
        }
        for script in (app / "bin/vtlookup.py", copy / "bin/vtlookup.py"):
            info = SearchInfo(["hash=md5"], dispatch_dir=str(tmp_path))
            result = run_search(script, EVENTS, info, python=splunks_python("3.9"), environment=environment)
            assert result.complete, result.stderr
            found.append([record for reply in result.replies for record in reply.records])
    having, without = found
    assert having[0]["vt_detected_by"]
    for record in having:
        del record["vt_detected_by"]
    assert having == without
