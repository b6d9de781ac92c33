"""The InsightConnect plugin: Rapid7's generator and validators accept it, and their runtime executes its actions."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from package.bundles.insightconnect.bundle import build
from package.bundles.insightconnect.referee import RUNTIME
from package.bundles.insightconnect.spec import offered, spec
from package.bundles.manifest import Action, read_manifest
from tests.http.serving import EVERYTHING, READER, Serving, serving
from tests.soar.outcomes import EICAR, UNKNOWN_HASH

from .insightconnect_runtime import Runtime
from .installed import installed

MANIFEST = read_manifest()
ACTIONS = offered(MANIFEST)
SCANS = ("scan_file", "scan_url", "rescan", "rescan_file")
# They need a network or Docker.
LEFT_OUT = {
    "DockerValidator": "builds an image",
    "RuntimeValidator": "asks Docker Hub for the newest runtime",
    "UnapprovedKeywordsValidator": "asks Rapid7 for the keywords of its hub",
    "URLValidator": "asks every address of the help, also those of examples",
    "VersionValidator": "asks Rapid7 for the versions of its hub",
}


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the plugin."""
    installed("insightconnect_tool")
    return build(MANIFEST, tmp_path_factory.mktemp("insightconnect"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("serving")) as started:
        yield started


def test_without_the_generator_there_is_all_but_what_it_generates(tmp_path: Path) -> None:
    document = spec(MANIFEST)
    assert yaml.safe_load(yaml.safe_dump(document)) == document
    assert document["sdk"]["version"] == RUNTIME
    assert set(document["actions"]) == {action.name for action in MANIFEST.actions} - {"download_file"}


def test_each_field_has_a_type_that_exists() -> None:
    document = spec(MANIFEST)
    known = {"string", "integer", "float", "boolean", "object", "file", *document["types"]}
    objects = [*document["types"].values(), *(action["output"] for action in document["actions"].values())]
    for fields in objects:
        assert {field["type"].removeprefix("[]") for field in fields.values()} <= known
        assert all(field["description"] for field in fields.values())


def test_output_has_no_field_of_ours_twice() -> None:
    for action in ACTIONS:
        assert not {"status", "found", "message"} & set(action.document["result"]["properties"])


def test_all_validators_accept_the_plugin_that_can_run_here(plugin: Path) -> None:
    program = Path(__file__).with_name("insightconnect_validators.py")
    ended = subprocess.run(
        [str(installed("insightconnect_tool").python), str(program), str(plugin), *LEFT_OUT],
        capture_output=True,
        text=True,
        timeout=250,
        check=True,
    )
    results = dict(map(json.loads, ended.stdout.splitlines()))
    assert {name: why for name, why in results.items() if why not in ("passed", "left out")} == {}
    assert list(results.values()).count("passed") == 37
    assert {name for name, why in results.items() if why == "left out"} == set(LEFT_OUT)


def _input(action: Action) -> dict[str, Any]:
    values = dict(action.document["examples"][0]["request"]["params"])
    if action.name == "scan_file":
        values = {"file": {"filename": "hello.txt", "content": base64.b64encode(b"hello\n").decode()}}
    values.pop("since", None)
    return values


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_each_action_runs_in_the_runtime(action: Action, plugin: Path, server: Serving) -> None:
    body = Runtime(plugin, server.url, EVERYTHING).step(action.name, _input(action))
    if action.licence in ("premium", "private"):
        # The server's key has no licence for it.
        assert json.loads(body["exception"]["data"])["code"] == "forbidden"
        return
    assert body["status"] == "ok", body
    accepted = ("pending",) if action.name in SCANS else ("ok", "not_found")
    assert body["output"]["status"] in accepted
    assert body["output"]["message"]


def test_unknown_is_output_and_failures_are_causes_with_assistance(plugin: Path, server: Serving) -> None:
    runtime = Runtime(plugin, server.url, READER)
    found = runtime.step("lookup_hash", {"hash": EICAR})["output"]
    assert [found[name] for name in ("found", "status", "verdict")] == [True, "ok", "malicious"]
    unknown = runtime.step("lookup_hash", {"hash": UNKNOWN_HASH})["output"]
    assert [unknown[name] for name in ("found", "status", "verdict")] == [False, "not_found", "unknown"]
    malformed = runtime.step("lookup_hash", {"hash": "../users/me"})
    assert malformed["status"] == "error"
    assert malformed["exception"]["cause"].startswith("invalid_indicator: ")
    assert malformed["exception"]["assistance"] == "Correct the input of the step."
    refused = runtime.step("add_comment", {"indicator": "example.com", "comment": "seen"})
    assert refused["exception"]["cause"].startswith("forbidden: ")


def test_the_connection_is_tested_with_its_address_and_token(plugin: Path, server: Serving) -> None:
    assert Runtime(plugin, server.url, READER).tested()["status"] == "ok"
    wrong = Runtime(plugin, server.url, "not-a-token").tested()
    assert wrong["exception"]["cause"].startswith("access_denied: ")
    assert "not-a-token" not in json.dumps(wrong)
    down = Runtime(plugin, "http://127.0.0.1:1", READER).tested()
    assert json.loads(down["exception"]["data"]) == {"code": "unavailable", "retryable": True, "retry_after_s": None}
    assert "http://" in Runtime(plugin, "vt.example.com", READER).tested()["exception"]["cause"]
