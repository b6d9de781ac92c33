"""The pack under Cortex XSOAR's own SDK: its checks, its linter, and what it makes of the pack, executed."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from package.bundles.manifest import read_manifest
from package.bundles.xsoar.bundle import build
from tests.bundles.installed import installed
from tests.bundles.xsoar_process import NOTE, context, instance, needed, run
from tests.http.serving import EVERYTHING, serving
from tests.soar.outcomes import EICAR

pytestmark = pytest.mark.once

# The lists that the SDK would get from the network. Each has what the pack uses.
APPROVED = {
    "categories": {"approved_list": ["Data Enrichment & Threat Intelligence"]},
    "usecases": {"approved_list": []},
    "tags": {"approved_list": {"common": [], "xsoar": [], "marketplacev2": [], "xpanse": [], "platform": []}},
}
# All of the SDK's lists of checks for one path, except those about images on Docker Hub, which ask the network.
BEST = "xsoar_best_practices_path_based_validations"
LIST_CHECKS = f"""
import importlib.resources, json, sys
try:
    import tomllib
except ModuleNotFoundError:
    import tomli as tomllib
text = (importlib.resources.files("demisto_sdk") / "commands/validate/default_config.toml").read_text()
print(json.dumps([code for code in tomllib.loads(text)["{BEST}"]["select"] if not code.startswith("DO")]))
"""
Sdk = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK needs a repository of git, like XSOAR's content repository."""
    folder = tmp_path_factory.mktemp("content")
    build(read_manifest(), folder)
    (folder / "Config").mkdir()
    for name, approved in APPROVED.items():
        (folder / f"Config/approved_{name}.json").write_text(json.dumps(approved), "utf-8")
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    for command in (("init", "-q", "-b", "master"), ("add", "-A"), (*identity, "commit", "-q", "-m", "the pack")):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture(scope="module")
def sdk(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Sdk:
    """Runs a command of the SDK there."""
    needed()
    one = installed("demisto-sdk")
    home = tmp_path_factory.mktemp("home")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DEMISTO")},
        "HOME": str(home),
        "PATH": f"{one.folder / 'bin'}:{os.environ['PATH']}",
        "DEMISTO_SDK_IGNORE_CONTENT_WARNING": "1",
        "DEMISTO_SDK_SKIP_VERSION_CHECK": "1",
        "DEMISTO_SDK_LOG_FILE_PATH": str(home),
        "CONTENT_PATH": str(repository),
    }

    def call(*arguments: str, program: str = "demisto-sdk") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(one.program(program)), *arguments],
            cwd=repository,
            env=environment,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )

    return call


def checks(sdk: Sdk) -> list[str]:
    listed = sdk("-c", LIST_CHECKS, program="python")
    found: list[str] = json.loads(listed.stdout)
    return found


def configured(repository: Path, codes: list[str]) -> str:
    text = f"[path_based_validations]\nselect = {json.dumps(codes)}\nwarning = []\n"
    (repository / "checks.toml").write_text(text, "utf-8")
    return str(repository / "checks.toml")


def test_all_checks_of_the_sdk_pass_and_find_a_fault(repository: Path, sdk: Sdk) -> None:
    codes = checks(sdk)
    assert len(codes) == 88
    config = configured(repository, codes)
    ended = sdk("validate", "-i", "Packs/VTLookup", "--config-path", config)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    yml = repository / "Packs/VTLookup/Integrations/VTLookup/VTLookup.yml"
    right = yml.read_text("utf-8")
    yml.write_text(right.replace("name: integrationReliability", "name: trust"), "utf-8")
    try:
        ended = sdk("validate", "-i", "Packs/VTLookup", "--config-path", config)
    finally:
        yml.write_text(right, "utf-8")
    assert ended.returncode != 0
    assert "IN154" in ended.stdout + ended.stderr


def test_the_linter_finds_nothing(sdk: Sdk) -> None:
    ended = sdk("xsoar-lint", "Packs/VTLookup/Integrations/VTLookup")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "10.00/10" in ended.stdout + ended.stderr


def test_the_pack_is_zipped_for_upload(repository: Path, sdk: Sdk, tmp_path: Path) -> None:
    ended = sdk("zip-packs", "-i", "Packs/VTLookup", "-o", str(tmp_path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (found,) = tmp_path.rglob("VTLookup.zip")
    with zipfile.ZipFile(found) as archive:
        assert any(name.endswith("integration-VTLookup.yml") for name in archive.namelist())


def test_what_the_sdk_makes_of_it_runs(sdk: Sdk, tmp_path: Path) -> None:
    """One file with code and picture. XSOAR puts its own lines before the code, so its imports must not be first."""
    ended = sdk("prepare-content", "-i", "Packs/VTLookup/Integrations/VTLookup", "-o", str(tmp_path / "unified.yml"))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    document: dict[str, Any] = yaml.safe_load((tmp_path / "unified.yml").read_text("utf-8"))
    assert document["image"].startswith("data:image/png;base64,")
    before = [
        "import demistomock as demisto",
        "from CommonServerPython import *",
        "def __line__(): return 1",
        "def register_module_line(*given): pass",
    ]
    program = tmp_path / "unified.py"
    program.write_text("\n".join([*before, document["script"]["script"]]), "utf-8")
    with serving(tmp_path) as server:
        ((entry, _),) = run(
            program, {"command": "file", "args": {"file": EICAR}, "params": instance(server.url, EVERYTHING)}
        )
    assert entry["Type"] == NOTE
    assert context(entry, "DBotScore")["Score"] == 3
