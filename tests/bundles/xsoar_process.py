"""Commands of the pack for Cortex XSOAR in processes of their own, on the stand-in for XSOAR."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from vt_connectors.adapters.soar.xsoar_indicators import CLASSES

from .setting import Setting, built

HOST = Path(__file__).parent / "xsoar_host"
NOTE, ERROR, WARNING, METRICS = 1, 4, 11, 19


def needed() -> None:
    """Skips the test if this Python is too old for the pack, which brings its own: its annotations are evaluated."""
    if sys.version_info < (3, 10):
        pytest.skip("the pack needs Python 3.10")


def instance(url: str, token: str) -> dict[str, Any]:
    """What an administrator sets."""
    return {"url": url, "credentials": {"password": token}, "integrationReliability": "C - Fairly reliable"}


def run(program: Path, *calls: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The entries that each call returned. XSOAR starts a container for them; here it is a process."""
    ended = subprocess.run(
        [sys.executable, str(HOST / "run.py"), str(program)],
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    answers: list[list[dict[str, Any]]] = json.loads(ended.stdout)
    return answers


def context(entry: dict[str, Any], root: str) -> Any:
    """What the entry writes below `root`, whatever the key."""
    (found,) = [value for path, value in entry["EntryContext"].items() if path.split("(")[0] == root]
    return found


def ask(setting: Setting, values: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The verdicts on values with their kinds, by the reputation commands."""
    program = built("xsoar", setting.folder) / "Packs/VTLookup/Integrations/VTLookup/VTLookup.py"
    params = instance(setting.server, setting.token)
    names = {kind: name.lower() for kind, name in CLASSES.items()}
    calls = [{"command": names[kind], "args": {names[kind]: value}, "params": params} for kind, value in values]
    setting.begin()
    found = {}
    for (kind, value), (entry, _) in zip(values, run(program, *calls)):
        found[value] = context(entry, f"VTLookup.{CLASSES[kind]}")["verdict"]
    return found
