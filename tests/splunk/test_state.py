"""The cache and the quota's count are the search head's, in Splunk's own folder."""

from __future__ import annotations

import stat
from pathlib import Path

from vt_connectors.sandbox import SandboxServer

from .searching import EICAR_MD5, Lookup, normal, only_message, statuses


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_state_lies_in_splunks_var_for_splunks_user_alone(started_everywhere: Lookup) -> None:
    normal(started_everywhere([[{"x": EICAR_MD5}]], "hash=x"))
    folder = started_everywhere.home / "var/lib/vtlookup"
    assert mode(folder) == 0o700
    files = list(folder.iterdir())
    assert folder / "state.db" in files
    assert {mode(file) for file in files} == {0o600}
    assert all(b"test-key" not in file.read_bytes() for file in files)


def test_a_state_in_memory_leaves_nothing_on_the_disk(lookup: Lookup) -> None:
    normal(lookup.set(VT_STATE="memory")([[{"x": EICAR_MD5}]], "hash=x"))
    assert not (lookup.home / "var/lib").exists()


def test_a_state_that_cannot_be_written_is_reported_and_the_rows_are_answered(
    lookup: Lookup, sandbox: SandboxServer
) -> None:
    (lookup.home / "var/lib").write_text("a file where a folder should be")
    result = lookup([[{"x": EICAR_MD5}], [{"x": EICAR_MD5}]], "hash=x")
    assert statuses(result) == ["ok", "ok"]
    assert "working without the shared cache" in only_message(result)
    assert len(sandbox.requests) == 1


def test_searches_share_what_they_learn(lookup: Lookup, sandbox: SandboxServer) -> None:
    sources = [normal(lookup([[{"x": EICAR_MD5}]], "hash=x")).records[0]["vt_source"] for _ in range(2)]
    assert sources == ["api", "cache"]
    assert len(sandbox.requests) == 1


def test_a_server_for_the_state_is_not_supported_here(lookup: Lookup, sandbox: SandboxServer) -> None:
    result = lookup.set(VT_STATE="redis://:s3cr3t@redis.example")([[{"x": EICAR_MD5}]], "hash=x")
    assert statuses(result) == ["error"]
    assert "config_error: VT_STATE: redis:// is not available here; name a file" in result.records[0]["vt_error"]
    assert "s3cr3t" not in str(result)
    assert sandbox.requests == []
    assert not list((lookup.app / "lib").rglob("redis"))
