"""The n8n node, built and linted by n8n's own tool and executed against a server; and the example workflow."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from package.bundles.manifest import read_manifest
from package.bundles.n8n.bundle import build
from package.bundles.n8n.workflow import workflow
from tests.http.serving import EVERYTHING, READER, Serving, serving
from tests.soar.outcomes import EICAR, UNKNOWN_HASH

from .installed import installed

STEP = Path(__file__).with_name("n8n_step.js")
# Who publishes it names an author and a home page; and n8n verifies nodes under the MIT licence only.
ALLOWED = {
    "@n8n/community-nodes/require-homepage",
    "@n8n/community-nodes/valid-author",
    "n8n-nodes-base/community-package-json-author-missing",
    "n8n-nodes-base/community-package-json-license-not-default",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the node after `n8n-node build`."""
    referee = installed("n8n")
    folder = build(read_manifest(), tmp_path_factory.mktemp("n8n"))
    (folder / "node_modules").symlink_to(referee.folder / "node_modules")
    done = tool(folder, "build")
    assert "Build successful" in done, done
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served


def tool(folder: Path, command: str) -> str:
    referee = installed("n8n")
    done = subprocess.run(
        [str(referee.folder / "node_modules/.bin/n8n-node"), command],
        cwd=folder,
        env=referee.environment(),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    return done.stdout + done.stderr


def execute(folder: Path, server: Serving, items: list[dict[str, Any]], token: str = EVERYTHING) -> Any:
    """What comes out of a step with these parameters."""
    referee = installed("n8n")
    given = json.dumps({"server": f"{server.url}/", "token": token, "items": items})
    command = [str(referee.program("node")), str(STEP), str(folder)]
    done = subprocess.run(
        command, input=given, env=referee.environment(), capture_output=True, text=True, timeout=120, check=True
    )
    return json.loads(done.stdout)


def lookup(value: str, **more: Any) -> dict[str, Any]:
    return {"operation": "lookup", "lookup_value": value, **more}


def test_n8ns_linter_finds_only_what_its_publisher_decides(built: Path) -> None:
    found = re.sub(r"\x1b\[\d+m", "", tool(built, "lint"))
    rules = re.findall(r"^ +\d+:\d+ .* (\S+)$", found, re.MULTILINE)
    assert set(rules) == ALLOWED, found


def test_each_item_gets_its_own_outcome_in_order(built: Path, server: Serving) -> None:
    values = [EICAR, UNKNOWN_HASH, "10.0.0.1", "not an indicator", EICAR]
    items = execute(built, server, [lookup(value) for value in values])
    assert [item["json"]["outcome"] for item in items] == ["found", "unknown", "skipped", "invalid", "found"]
    assert [item["pairedItem"]["item"] for item in items] == list(range(5))
    assert items[0]["json"]["data"]["verdict"] == "malicious"


def test_a_failure_stops_the_workflow_only_if_that_was_chosen(built: Path, server: Serving) -> None:
    items = [lookup(EICAR), lookup("not an indicator", onFailure="stop")]
    found = execute(built, server, items)
    assert found["item"] == 1
    assert found["error"].startswith("invalid_indicator: ")


def test_further_fields_and_lists_arrive_as_the_action_takes_them(built: Path, server: Serving) -> None:
    related = {"additionalFields": {"relationships": "contacted_domains, bundled_files"}}
    [item] = execute(built, server, [{"operation": "lookup_hash", "lookup_hash_hash": EICAR, **related}])
    assert set(item["json"]["data"]["relationships"]) == {"contacted_domains", "bundled_files"}


def test_an_operation_that_the_token_may_not_do_is_refused(built: Path, server: Serving) -> None:
    comment = {"operation": "add_comment", "add_comment_indicator": EICAR, "add_comment_comment": "seen"}
    [item] = execute(built, server, [comment], READER)
    assert item["json"]["outcome"] == "refused"
    [item] = execute(built, server, [comment])
    assert item["json"]["outcome"] == "found"


def test_the_node_offers_each_action_that_a_server_takes(tmp_path: Path) -> None:
    manifest = read_manifest()
    source = (build(manifest, tmp_path) / "nodes/VtConnectors/actions.ts").read_text("utf-8")
    offered = json.loads(source[source.index("= {") + 2 : source.rindex(";")])
    assert set(offered) == {action.name for action in manifest.actions} - {"download_file"}
    assert "path" not in offered["scan_file"]


def test_the_workflows_expressions_end_where_they_should() -> None:
    texts = [text for text in _texts(workflow()) if text.startswith("=")]
    assert len(texts) > 3
    for text in texts:
        for inner in re.findall(r"\{\{(.*?)\}\}", text):
            assert inner.count("{") == inner.count("}"), text
            assert inner.count("(") == inner.count(")"), text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
