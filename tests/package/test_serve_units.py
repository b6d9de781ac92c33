"""The files in package/serve/ that start the server: systemd's units, the image and its compose file."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.http.served_process import started
from tests.http.test_sockets import ask
from tests.vtaction_process import vtaction_process
from vt_connectors.sandbox import Quota, SandboxServer

FILES = Path(__file__).resolve().parents[2] / "package/serve"
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is missing: apt-get install systemd")
# systemd-analyze takes tenths.
_MOST_EXPOSED = 20


@pytest.fixture
def units(tmp_path: Path) -> list[str]:
    """Copies of the units whose program exists."""
    program = tmp_path / "vtaction"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    made = []
    for name in ("vtaction.service", "vtaction.socket"):
        text = (FILES / name).read_text("utf-8").replace("/opt/vtaction/bin/vtaction", str(program))
        (tmp_path / name).write_text(text)
        made.append(str(tmp_path / name))
    return made


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(ANALYZE), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(units: list[str]) -> None:
    done = analyze("verify", *units)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_the_service_is_hardly_exposed(units: list[str]) -> None:
    done = analyze("security", "--offline=true", f"--threshold={_MOST_EXPOSED}", units[0])
    assert done.returncode == 0, done.stdout


def test_the_service_starts_with_options_that_exist(tmp_path: Path) -> None:
    text = (FILES / "vtaction.service").read_text("utf-8")
    found = re.search(r"^ExecStart=\S+ (.*)$", text, re.MULTILINE)
    assert found is not None
    options = found[1].replace("${STATE_DIRECTORY}", str(tmp_path)).split()
    with SandboxServer(Quota.unlimited()) as sandbox:
        program = vtaction_process(sandbox, tmp_path)
        command = program.command(*options, "--unix", str(tmp_path / "s"))
        with started(command, program.environment, tmp_path, "") as server:
            assert server.address == f"unix:{tmp_path / 's'}"
            assert (tmp_path / "tokens.json").exists()


def _instruction(name: str) -> str:
    """The rest of the last such instruction of the Dockerfile."""
    text = (FILES / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    return [line[len(name) :].strip() for line in text.splitlines() if line.startswith(f"{name} ")][-1]


def test_the_image_starts_with_options_that_exist_and_checks_that_server(tmp_path: Path) -> None:
    options = [*json.loads(_instruction("ENTRYPOINT")), *json.loads(_instruction("CMD"))]
    check = json.loads(_instruction("HEALTHCHECK").partition("CMD ")[2])
    assert options[0] == check[0] == "vtaction"
    at = options.index("--listen")
    assert options[at + 1].rpartition(":")[2] == check[check.index("--listen") + 1].rpartition(":")[2]
    options[options.index("--tokens") + 1] = str(tmp_path / "tokens.json")
    path = str(tmp_path / "s")
    with SandboxServer(Quota.unlimited()) as sandbox:
        program = vtaction_process(sandbox, tmp_path)
        command = program.command(*options[1:at], "--unix", path, *options[at + 2 :])
        with started(command, program.environment, tmp_path, ""):
            assert ask(path, "vtaction") == b"HTTP/1.1 200"
            checked = program.text(*check[1 : check.index("--listen")], "--unix", path)
            assert (checked.returncode, checked.stdout) == (0, "ready\n")


def test_the_image_runs_without_root_and_has_a_pinned_base() -> None:
    assert _instruction("USER").isdigit()
    assert int(_instruction("USER")) > 0
    assert re.fullmatch(r"python:3\.\d+-slim", _instruction("FROM"))
    compose = (FILES / "compose.yaml").read_text("utf-8")
    for needed in (
        "read_only: true",
        "cap_drop: [ALL]",
        "no-new-privileges:true",
        "noeviction",
        '"127.0.0.1:8300:8300"',
    ):
        assert needed in compose
