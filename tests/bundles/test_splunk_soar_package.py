"""The Splunk SOAR app as it is installed: the SDK's package, unpacked, with its own wheels and no registry."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from package.bundles.manifest import read_manifest
from package.bundles.splunk_soar.bundle import build
from package.bundles.splunk_soar.vocabulary import name_of
from package.spl.archive import unpack
from package.spl.build_error import BuildError
from package.spl.interpreters import find_python
from tests.soar.outcomes import EICAR
from vt_connectors.sandbox import SandboxServer

from .installed import installed
from .soar_app import SoarApp

MANIFEST = read_manifest()
# What the platform has: the SDK packs no wheels of these.
PROVIDED = (
    "beautifulsoup4",
    "certifi",
    "charset-normalizer",
    "idna",
    "parse",
    "python-dateutil",
    "requests",
    "sh",
    "six",
    "soupsieve",
    "urllib3",
    "xmltodict",
)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the app, from its package. It is only built where the SDK is installed."""
    installed("splunk_soar")
    folder = tmp_path_factory.mktemp("package")
    try:
        package = build(MANIFEST, folder)
    except BuildError as error:
        pytest.skip(f"the package cannot be built here: {error}")
    unpack(package, folder / "installed")
    [app] = (folder / "installed").iterdir()
    return app


@pytest.fixture(scope="module")
def platform_python(unpacked: Path) -> Path:
    """The platform's Python, with what it provides, and with the wheels of the package."""
    base = find_python("3.13")
    assert base is not None
    python = unpacked.parent / "venv/bin/python"
    subprocess.run([base, "-m", "venv", str(python.parents[1])], check=True, timeout=300)
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    provided = subprocess.run([*pip, *PROVIDED], capture_output=True, text=True, timeout=600, check=False)
    if provided.returncode:
        pytest.skip(f"the registry refuses: {provided.stderr[-500:]}")
    wheels = str(unpacked / "wheels/shared")
    offline = [*pip, "--no-index", "--find-links", wheels, "splunk-soar-sdk", "vt-connectors"]
    ended = subprocess.run(offline, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return python


def test_the_package_names_its_actions_fields_and_wheels(unpacked: Path) -> None:
    manifest = json.loads((unpacked / "manifest.json").read_text("utf-8"))
    actions = {action["identifier"]: action for action in manifest["actions"]}
    assert set(actions) == {"test_connectivity"} | {action.name for action in MANIFEST.actions}
    for action in MANIFEST.actions:
        assert actions[action.name]["action"] == name_of(action.name)
        assert actions[action.name]["read_only"] is not action.writes
    assert actions["lookup_hash"]["parameters"]["hash"]["contains"] == ["hash", "md5", "sha1", "sha256"]
    assert _columns(actions["lookup_hash"])[:3] == ["Indicator", "Verdict", "Malicious"]
    fields = manifest["configuration"]
    assert [name for name, field in fields.items() if field["data_type"] == "password"] == ["api_key", "token"]
    wheels = [unpacked / wheel["input_file"] for wheel in manifest["pip313_dependencies"]["wheel"]]
    assert all(wheel.is_file() for wheel in wheels)
    assert f"vt_connectors-{MANIFEST.version}-py3-none-any.whl" in {wheel.name for wheel in wheels}


def _columns(action: dict[str, Any]) -> list[str]:
    columns = [(field["column_order"], field["column_name"]) for field in action["output"] if "column_name" in field]
    return [name for _, name in sorted(columns)]


def test_what_the_package_has_is_no_secret_and_of_no_machine(unpacked: Path) -> None:
    """The address of a registry is in a lock file, which is not packed."""
    ours = [path for path in unpacked.rglob("*") if path.is_file() and path.suffix != ".whl"]
    text = "\n".join(path.read_text("utf-8") for path in ours if path.suffix != ".html")
    assert "127.0.0.1" not in text
    assert "pypi" not in text.lower()
    assert str(Path.home()) not in text


def test_the_app_that_was_installed_without_a_registry_runs(
    unpacked: Path, platform_python: Path, sandbox: SandboxServer, tmp_path: Path
) -> None:
    asset = {"api_key": "sandbox", "api_url": sandbox.url, "quota": "none"}
    app = SoarApp(unpacked, platform_python, asset, tmp_path)
    assert app.run("test_connectivity").success
    results = [app.run("file-reputation", {"hash": EICAR}) for _ in range(2)]
    assert [result.summary["source"] for result in results] == ["api", "cache"]
    assert results[0].data[0]["stats"]["malicious"] == results[0].summary["detections"]
