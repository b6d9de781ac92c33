"""The pack for Cortex XSOAR: executed on a stand-in for XSOAR, in front of a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from package.bundles.manifest import read_manifest
from package.bundles.xsoar.bundle import build
from package.bundles.xsoar.commands import commands
from package.bundles.xsoar.integration import integration
from tests.bundles.xsoar_process import ERROR, METRICS, NOTE, WARNING, context, instance, needed, run
from tests.http.serving import EVERYTHING, Serving, serving
from tests.soar.outcomes import EICAR, UNKNOWN_HASH
from vt_connectors.sandbox import SandboxConfig

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needed()
    return build(read_manifest(), tmp_path_factory.mktemp("pack"))


@pytest.fixture(scope="module")
def program(pack: Path) -> Path:
    return pack / "Integrations/VTLookup/VTLookup.py"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path) as server:
        yield server


def settings(server: Serving, **more: Any) -> dict[str, Any]:
    return {**instance(server.url, EVERYTHING), **more}


def test_a_list_is_answered_for_each_value_and_a_wrong_one_loses_nothing(program: Path, served: Serving) -> None:
    call = {"command": "file", "args": {"file": f"{EICAR},{UNKNOWN_HASH},../users/me,{EICAR}"}}
    (entries,) = run(program, {**call, "params": settings(served)})
    assert [entry["Type"] for entry in entries] == [NOTE, NOTE, WARNING, NOTE, METRICS]
    scores = [context(entries[place], "DBotScore")["Score"] for place in (0, 1, 3)]
    assert scores == [3, 0, 3]
    assert context(entries[0], "File")["Malicious"]["Vendor"] == "VTLookup"
    assert context(entries[1], "File") == {"SHA256": UNKNOWN_HASH}
    assert context(entries[2], "VTLookup.File")["error"]["code"] == "invalid_indicator"
    assert "invalid_indicator" in entries[2]["Contents"]
    assert entries[4]["APIExecutionMetrics"] == {"success": 3, "general_error": 1}
    assert all(entry["IgnoreAutoExtract"] for entry in entries[:4])
    assert len(served.sandbox.requests) == 2


def test_each_kind_of_indicator_has_its_class_and_its_relationships(program: Path, served: Serving) -> None:
    given = {"url": "http://example.com/", "domain": "example.com", "ip": "8.8.8.8", "file": EICAR}
    params = settings(served, create_relationships=True)
    calls = [{"command": name, "args": {name: value}, "params": params} for name, value in given.items()]
    roots = {"url": ("URL", "Data"), "domain": ("Domain", "Name"), "ip": ("IP", "Address"), "file": ("File", "MD5")}
    for (name, value), (entry, _) in zip(given.items(), run(program, *calls)):
        root, key = roots[name]
        assert context(entry, root)[key] == value
        assert context(entry, "DBotScore")["Type"] == name
        assert entry["Relationships"]
        assert {relationship["entityA"] for relationship in entry["Relationships"]} == {value}
    assert len(served.sandbox.requests) == 4


def test_a_failure_of_everything_is_an_error(program: Path, served: Serving) -> None:
    wrong = settings(served, credentials={"password": "not-a-token"})
    call = {"command": "domain", "args": {"domain": "example.com,example.org"}, "params": wrong}
    unknown = {"command": "no-such-command", "params": settings(served)}
    (refused, other) = run(program, call, unknown)
    assert [entry["Type"] for entry in refused] == [ERROR, ERROR, METRICS]
    assert refused[0]["Contents"].startswith("example.com: access_denied")
    assert refused[2]["APIExecutionMetrics"] == {"auth_error": 2}
    assert [entry["Type"] for entry in other] == [ERROR]
    assert "not-a-token" not in json.dumps([refused, other])


def test_a_scan_is_polled_until_its_end(program: Path, tmp_path: Path) -> None:
    args = {"url": "https://new.example/a,https://new.example/b", "polling": "true"}
    with serving(tmp_path, config=SandboxConfig(queued_s=0, completed_s=0)) as server:
        call = {"command": "vt-scan-url", "params": settings(server)}
        (begun,) = run(program, {**call, "args": args})
        assert [entry["Type"] for entry in begun] == [NOTE, METRICS]
        assert begun[0]["PollingCommand"] == "vt-scan-url"
        assert int(begun[0]["NextRun"]) >= 10
        (ended,) = run(program, {**call, "args": begun[0]["PollingArgs"]})
    assert [entry["Type"] for entry in ended] == [NOTE, NOTE, METRICS]
    assert context(ended[0], "VTLookup.ScanUrl")["analysis_status"] == "completed"


def test_files_come_from_the_war_room(program: Path, served: Serving, tmp_path: Path) -> None:
    files = {"1@1": "small.txt", "2@1": "large.bin", "3@1": "half.bin", "4@1": "other half.bin"}
    for name, size in zip(files.values(), (20, 2_000_000, 600_000, 700_000)):
        (tmp_path / name).write_bytes(name.encode() * (size // len(name)))
    paths = {entry: str(tmp_path / name) for entry, name in files.items()}
    args = {"entryID": [*files, "5@1"], "polling": "false"}
    (entries,) = run(program, {"command": "vt-scan-file", "args": args, "params": settings(served), "files": paths})
    assert [entry["Type"] for entry in entries] == [NOTE, WARNING, NOTE, NOTE, WARNING, METRICS]
    assert "at most" in entries[1]["Contents"]
    assert "5@1" in entries[4]["Contents"]


def test_enrichment_that_somebody_waits_for_does_not_wait_for_quota(program: Path, tmp_path: Path) -> None:
    with serving(tmp_path, quota="1/hour") as server:
        args = {"domain": "example.com,example.org"}
        call = {"command": "domain", "inline": True, "params": settings(server)}
        polling = {**args, "polling": "true", "timeout_in_seconds": "7200"}
        (first, second) = run(program, {**call, "args": args}, {**call, "args": polling})
        # Both are asked side by side, so either can have the one request.
        assert sorted(entry["Type"] for entry in first) == [NOTE, WARNING, METRICS]
        assert first[2]["APIExecutionMetrics"] == {"success": 1, "quota_error": 1}
        assert [entry["Type"] for entry in second] == [NOTE, NOTE, METRICS]
        (waits,) = json.loads(second[1]["PollingArgs"]["domain"])
        assert {waits, context(second[0], "VTLookup.Domain")["indicator"]} == {"example.com", "example.org"}


def test_the_test_button_tries_server_token_and_key(program: Path, served: Serving) -> None:
    right, wrong = settings(served), settings(served, credentials={"password": "nothing"})
    nowhere = settings(served, url="vt.example.com")
    calls = [{"command": "test-module", "params": params} for params in (right, wrong, nowhere)]
    answers = run(program, *calls)
    assert answers[0] == [{"Type": NOTE, "Contents": "ok"}]
    assert [entries[0]["Type"] for entries in answers[1:]] == [ERROR, ERROR]
    assert "http" in answers[2][0]["Contents"]


def test_what_comes_from_outside_is_no_markdown(program: Path, served: Serving) -> None:
    value = "![x](https://tracker.example/a.png)"
    (entries,) = run(program, {"command": "domain", "args": {"domain": [value]}, "params": settings(served)})
    assert "![x]" not in entries[0]["HumanReadable"]


def test_every_action_that_a_server_answers_has_a_command(pack: Path) -> None:
    manifest = read_manifest()
    made = {one.action.name: one.name for one in commands(manifest)}
    assert set(made) == {action.name for action in manifest.actions} - {"download_file"}
    assert {made[f"lookup_{kind}"] for kind in ("hash", "url", "domain", "ip")} == {"file", "url", "domain", "ip"}
    readme = (pack / "Integrations/VTLookup/README.md").read_text("utf-8")
    for command in integration(commands(manifest))["script"]["commands"]:
        assert f"`{command['name']}`" in readme
        assert all(argument["description"] for argument in command["arguments"])
