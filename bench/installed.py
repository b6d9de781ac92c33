"""Our programs as users have them: the wheel, installed into an environment of its own."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
_PLACE = PROJECT / ".cache/bench"


@functools.cache
def programs() -> Path:
    """The folder of an environment's programs, with `python` and `vtaction` in it. The wheel is built once a process.

    An editable install starts slowly, and so does every other program of its environment.
    """
    venv = _PLACE / "venv"
    shutil.rmtree(venv, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="vt-wheel-") as folder:
        source = Path(folder) / "source"
        ignored = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")
        shutil.copytree(PROJECT, source, ignore=ignored)  # building in place would leave files there
        _run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, str(source))
        [wheel] = Path(folder).glob("*.whl")
        _run(sys.executable, "-m", "venv", str(venv))
        _run(str(venv / "bin/python"), "-m", "pip", "install", f"{wheel}[serve]")
    return venv / "bin"


def _run(*command: str) -> None:
    subprocess.run([*command, *(["--quiet"] if "pip" in command else [])], check=True)
