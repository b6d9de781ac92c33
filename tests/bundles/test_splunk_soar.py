"""The Splunk SOAR app: its source, and its actions under the platform's SDK."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from package.bundles.manifest import Action, read_manifest
from package.bundles.splunk_soar.app_params import app_params
from package.bundles.splunk_soar.bundle import write_source
from package.bundles.splunk_soar.vocabulary import NAMES, SCANS, name_of
from tests.docs.pages import in_code, page
from tests.http.serving import EVERYTHING, serving
from tests.soar.outcomes import EICAR, UNKNOWN_HASH
from tests.soar.servers import silent_server
from tests.vtaction_process import EVERY_LICENCE
from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

from .fake_soar import soar_with_files
from .installed import installed
from .soar_app import PROJECT, SoarApp

MANIFEST = read_manifest()
VAULT_ID = "a" * 40
_FAST = SandboxConfig(queued_s=0.2, completed_s=0.5)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_source(MANIFEST, tmp_path_factory.mktemp("soar") / "app")


@pytest.fixture(scope="module")
def fast_sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited(), config=_FAST) as server:
        yield server


@pytest.fixture
def asset(fast_sandbox: SandboxServer, tmp_path: Path) -> dict[str, Any]:
    return {
        "api_key": EVERY_LICENCE,
        "quota": "none",
        "api_url": fast_sandbox.url,
        "state": str(tmp_path / "state.db"),
    }


def app_with(source: Path, scratch: Path, asset: dict[str, Any]) -> SoarApp:
    return SoarApp(source, installed("splunk_soar").python, asset, scratch, str(PROJECT / "connectors"))


def test_the_source_is_python_with_every_action(source: Path) -> None:
    for path in source.glob("src/*.py"):
        compile(path.read_text("utf-8"), str(path), "exec", dont_inherit=True)
    text = (source / "src/actions.py").read_text("utf-8")
    assert re.findall(r'^    identifier="(\w+)"', text, re.MULTILINE) == [action.name for action in MANIFEST.actions]
    assert set(NAMES) | SCANS <= {action.name for action in MANIFEST.actions}


def test_no_action_that_is_read_only_has_a_parameter_that_writes() -> None:
    for action in MANIFEST.actions:
        assert action.writes or not any(param.writes for param in app_params(action))
    assert [param.name for param in app_params(MANIFEST.action("lookup_url"))] == ["url", "relationships"]


def test_output_has_no_field_of_ours_twice() -> None:
    for action in MANIFEST.actions:
        assert not {"status", "vault_id"} & set(action.document["result"]["properties"])


def _asked(action: Action) -> dict[str, Any]:
    """The example of an action, as the platform has its parameters."""
    params = dict(action.document["examples"][0]["request"]["params"])
    if action.name == "scan_file":
        params = {"vault_id": VAULT_ID, "filename": "sample.txt"}
    for name in ("path", "since"):
        if action.name in ("download_file", "ioc_stream"):
            params.pop(name, None)
    if any(param.name == "wait_s" for param in action.params):
        params["wait_s"] = 0
    return {name: ",".join(value) if isinstance(value, list) else value for name, value in params.items()}


def _accepted(action: Action) -> set[str]:
    """The objects of some examples do not exist in the sandbox."""
    return {"pending"} if action.name in SCANS else {"ok", "not_found"}


@pytest.mark.parametrize("action", MANIFEST.actions, ids=lambda action: action.name)
def test_each_action_runs_in_the_sdk(action: Action, source: Path, asset: dict[str, Any], tmp_path: Path) -> None:
    app = app_with(source, tmp_path, asset)
    file = tmp_path / "sample.txt"
    file.write_text("hello world\n", "utf-8")
    with soar_with_files({VAULT_ID: file}) as platform:
        result = app.run(
            name_of(action.name).replace(" ", "-"), _asked(action), platform if "scan" in action.name else ""
        )
    assert result.success, result.printed
    assert result.summary["status"] in _accepted(action), result.message
    [row] = result.data
    assert row["status"] == result.summary["status"]
    fields = {name for name, value in row.items() if value is not None} - {"status", "vault_id"}
    assert fields
    assert fields <= set(action.document["result"]["properties"])
    assert EVERY_LICENCE not in result.printed


HASH_ASKED = {"hash": EICAR}


def test_the_asset_is_tested_by_a_call_that_costs_nothing(source: Path, asset: dict[str, Any], tmp_path: Path) -> None:
    assert app_with(source, tmp_path, asset).run("test_connectivity").success
    for wrong, code in (({"api_key": "wrong-key"}, "access_denied"), ({"api_key": ""}, "config_error")):
        result = app_with(source, tmp_path, {**asset, **wrong}).run("test_connectivity")
        assert not result.success
        assert result.message.startswith(f"Action failure in test connectivity: {code}: ")
        assert result.message.endswith("Check the settings of the asset.")
        assert "wrong-key" not in result.printed


def test_unknown_is_a_success_and_says_so(source: Path, asset: dict[str, Any], tmp_path: Path) -> None:
    result = app_with(source, tmp_path, asset).run("file-reputation", {"hash": UNKNOWN_HASH})
    assert result.success
    assert f"Result message: {result.message}\n" in page("docs/platforms/splunk-soar.md").text
    assert [result.data[0][name] for name in ("status", "verdict")] == ["not_found", "unknown"]


def test_a_file_that_virustotal_does_not_know_is_a_success_without_a_file(
    source: Path, asset: dict[str, Any], tmp_path: Path
) -> None:
    result = app_with(source, tmp_path, asset).run("get-file", {"hash": UNKNOWN_HASH})
    assert result.success, result.printed
    assert result.summary["status"] == "not_found"
    assert result.data[0].get("vault_id") is None


def test_failures_are_failures_with_code_parameters_and_what_to_do(
    source: Path, asset: dict[str, Any], tmp_path: Path
) -> None:
    exhausted = {**asset, "quota": "1/month"}
    assert app_with(source, tmp_path, exhausted).run("file-reputation", HASH_ASKED).success
    out_of_quota = app_with(source, tmp_path, exhausted).run("domain-reputation", {"domain": "example.com"})
    assert out_of_quota.summary["error_code"] == "rate_limited"
    assert re.search(r"Try again in \d+ s\.$", out_of_quota.message)
    unreachable = {**asset, "api_url": "http://127.0.0.1:1", "state": "memory"}
    down = app_with(source, tmp_path, unreachable).run("domain-reputation", {"domain": "example.com"})
    assert [down.summary[name] for name in ("error_code", "retryable")] == ["unavailable", True]
    malformed = app_with(source, tmp_path, asset).run("file-reputation", {"hash": "../users/me"})
    assert [malformed.summary[name] for name in ("error_code", "retryable")] == ["invalid_indicator", False]
    for failure in (out_of_quota, down, malformed):
        assert not failure.success
        assert failure.data == []
    assert '"hash": "../users/me"' in malformed.printed


def test_runs_share_cache_and_quota(source: Path, asset: dict[str, Any], tmp_path: Path) -> None:
    sources = [app_with(source, tmp_path, asset).run("file-reputation", HASH_ASKED).summary["source"] for _ in range(2)]
    assert sources == ["api", "cache"]


def test_a_detonation_waits_for_its_verdict(source: Path, asset: dict[str, Any], tmp_path: Path) -> None:
    result = app_with(source, tmp_path, asset).run("detonate-url", {"url": "https://example.com/detonated"})
    assert result.summary["status"] == "ok"
    assert result.summary["engines"] > 0


def test_a_file_that_the_vault_does_not_have_is_a_failure(source: Path, asset: dict[str, Any], tmp_path: Path) -> None:
    with soar_with_files({}) as platform:
        result = app_with(source, tmp_path, asset).run("detonate-file", {"vault_id": VAULT_ID}, platform)
    assert not result.success
    assert VAULT_ID in result.message


def test_with_a_server_the_app_needs_a_token_only(source: Path, tmp_path: Path) -> None:
    file = tmp_path / "sample.txt"
    file.write_text("hello world\n", "utf-8")
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(1_000_000))
    with serving(tmp_path) as server, soar_with_files({VAULT_ID: file, "b" * 40: large}) as platform:
        app = app_with(source, tmp_path, {"server": server.url, "token": EVERYTHING})
        assert app.run("test_connectivity").success
        assert app.run("file-reputation", HASH_ASKED).summary["verdict"] == "malicious"
        assert app.run("detonate-file", {"vault_id": VAULT_ID, "wait_s": 0}, platform).summary["status"] == "pending"
        assert "enter the key" in app.run("detonate-file", {"vault_id": "b" * 40}, platform).message
        assert app.run("get-file", HASH_ASKED).summary["error_code"] == "forbidden"
        wrong = app_with(source, tmp_path, {"server": server.url, "token": "not-a-token"}).run("test_connectivity")
    assert "access_denied" in wrong.message
    bad = app_with(source, tmp_path, {"server": "vt.example.com"}).run("file-reputation", HASH_ASKED)
    assert "http://" in bad.message
    assert bad.summary["error_code"] == "config_error"


LIMITED = """
import json, sys
from src.app import app
from src import running
running.LONGEST_RUN_S = running.IN_FLIGHT_S + float(sys.argv[1])
values = [{"domain": f"{name}.example"} for name in "abc"]
config = {"app_version": "1", "directory": ".", "main_module": "m", **json.loads(sys.argv[2])}
asked = {"action": "a", "identifier": "lookup_domain", "config": config, "parameters": values}
app(json.dumps(asked))
print([result.get_summary()["error_code"] for result in app.actions_manager.get_action_results()])
"""


def test_all_parameter_sets_of_a_run_share_its_time(source: Path, asset: dict[str, Any], tmp_path: Path) -> None:
    with silent_server() as silent:
        settings = {**asset, "api_url": silent, "api_key": None}
        environment = {
            "PYTHONPATH": f"{PROJECT / 'connectors'}:{source}",
            "HOME": str(tmp_path),
            "VT_API_KEY": "sandbox",
            "VT_TIMEOUT": "5s",
        }
        ended = subprocess.run(
            [str(installed("splunk_soar").python), "-c", LIMITED, "3", json.dumps(settings)],
            cwd=source,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    assert ended.stdout.splitlines()[-1] == str(["timeout"] * 3)


def test_the_page_has_the_names_that_differ() -> None:
    rows = page("docs/platforms/splunk-soar.md").rows
    told = {in_code(row[0])[0]: in_code(row[1])[0] for row in rows if len(row) == 2 and len(in_code(row[1])) == 1}
    assert {action: name for name, action in told.items() if action in NAMES} == NAMES
