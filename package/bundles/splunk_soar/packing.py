"""Packs the app with the platform's SDK: our wheel comes from an index of its own, all others from the registry."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from package.spl.build_error import BuildError

from .referee import REFEREES

_PROJECT = Path(__file__).resolve().parents[3]
_LONGEST_S = 900
_INDEX = """
[[tool.uv.index]]
name = "vt-connectors"
url = "{url}/simple"
explicit = true

[tool.uv.sources]
vt-connectors = {{ index = "vt-connectors" }}
"""


def pack(source: Path, out: Path) -> Path:
    """The package `out`, from the folder with the app's source. BuildError if a registry or the SDK refuses."""
    with tempfile.TemporaryDirectory() as made, _index(Path(made)) as url:
        # The SDK imports the folder as a package.
        app = Path(made) / "app"
        shutil.copytree(source, app)
        with (app / "pyproject.toml").open("a", encoding="utf-8") as project:
            project.write(_INDEX.format(url=url))
        sdk = REFEREES[0]
        _run([str(sdk.program("uv")), "lock"], app)
        packer = Path(__file__).with_name("sdk_packer.py")
        _run([str(sdk.python), str(packer), "package", "build", ".", "-o", str(out)], app)
    return out


@contextlib.contextmanager
def _index(folder: Path) -> Iterator[str]:
    """The address of a package index that has only our wheel."""
    wheels = folder / "index/simple/vt-connectors"
    wheels.mkdir(parents=True)
    _run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(wheels), str(_PROJECT)], folder)
    [wheel] = wheels.iterdir()
    # The SDK wants the hash of each wheel.
    link = f"{wheel.name}#sha256={hashlib.sha256(wheel.read_bytes()).hexdigest()}"
    (wheels / "index.html").write_text(f'<!DOCTYPE html><a href="{link}">{wheel.name}</a>', "utf-8")
    handler = functools.partial(_Quiet, directory=str(folder / "index"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Builds print what they made."""


def _run(command: list[str], folder: Path) -> None:
    # The SDK imports the app, which imports our package.
    ours = str(_PROJECT / "connectors")
    python = str(REFEREES[0].python)
    environment = {
        **os.environ,
        "PYTHONPATH": ours,
        "UV_PYTHON": python,
        "UV_PYTHON_DOWNLOADS": "never",
        # Errors without frames, which fill what is shown of them.
        "_TYPER_STANDARD_TRACEBACK": "1",
    }
    try:
        ended = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise BuildError(f"{Path(command[0]).name} did not end in {_LONGEST_S} s") from None
    if ended.returncode:
        raise BuildError(f"{' '.join(command[:3])} failed: {(ended.stderr or ended.stdout).strip()[-1500:]}")
