"""The bundles as a whole: what they are generated from, and what they share."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from package.bundles.__main__ import main
from package.bundles.embedding import CLIENT, SOAR, embedded
from package.bundles.manifest import read_manifest
from package.bundles.platforms import platforms
from tests.soar.outcomes import EICAR
from tests.soar.servers import silent_server


def test_the_manifest_has_each_action_with_its_params_and_fields() -> None:
    manifest = read_manifest()
    lookup = manifest.action("lookup_url")
    assert [(param.name, param.type, param.required, param.writes) for param in lookup.params] == [
        ("url", "string", True, False),
        ("scan_if_missing", "boolean", False, True),
        ("relationships", "string", False, False),
    ]
    fields = {field.path: field for field in lookup.fields}
    assert fields["stats.malicious"].type == "integer"
    assert fields["detected_by.engine"].example == "ClamAV"
    assert fields["tags"].is_list
    assert all(field.description for action in manifest.actions for field in action.fields)


def test_what_is_embedded_runs_without_this_package(tmp_path: Path) -> None:
    module = tmp_path / "client.py"
    module.write_text(embedded(CLIENT, "A client."), "utf-8")
    with silent_server() as url:
        program = (
            "import client, sys\n"
            f"asked = client.request('lookup_hash', {{'hash': '{EICAR}'}})\n"
            f"answer, = client.ServeClient('{url}', 't').answers([asked], 0.5)\n"
            "print(answer['error']['code'], client.outcome_of(answer), 'vt_connectors' in sys.modules)\n"
        )
        ended = subprocess.run(
            [sys.executable, "-S", "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
        )
    assert ended.stdout.split() == ["timeout", "unreachable", "False"]


@pytest.mark.parametrize("path", sorted(SOAR.glob("*.py")), ids=lambda path: path.stem)
def test_codecs_import_only_each_other_and_the_standard_library(path: Path) -> None:
    if path.stem == "in_process":
        pytest.skip("the way in that needs this package")
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level < 2, f"line {node.lineno}"
        if isinstance(node, (ast.Import, ast.ImportFrom)) and not getattr(node, "level", 0):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [str(node.module)]
            for name in names:
                assert name.split(".")[0] in {*_standard(), "__future__"}, name


def _standard() -> frozenset[str]:
    if sys.version_info < (3, 10):
        pytest.skip("Python 3.9 cannot list its modules")
    return sys.stdlib_module_names


def test_an_unknown_platform_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), "nothing-of-ours"])
    message = capsys.readouterr().err
    assert all(name in message for name in platforms())
