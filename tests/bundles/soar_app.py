"""Runs actions of the Splunk SOAR app, each in a process of its own, with the SDK's command line."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from package.bundles.manifest import read_manifest
from package.bundles.splunk_soar.bundle import write_source

from .installed import installed
from .setting import Setting

MANIFEST = read_manifest()
# What playbooks call the lookups.
_LOOKUPS = {"hash": "file-reputation", "url": "url-reputation", "domain": "domain-reputation", "ip": "ip-reputation"}
PROJECT = Path(__file__).resolve().parents[2]
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_RESULT = re.compile(
    r"Action success: (?P<success>\w+)\nResult data: (?P<data>.*)\nResult summary: (?P<summary>.*)\n"
    r"Result message: (?P<message>.*)\nObjects successful",
    re.DOTALL,
)
# Neither the machine's settings nor its home.
_OURS = re.compile(r"VT_|XDG_|HOME$")


class Result(NamedTuple):
    """What the SDK printed of one action. `printed`: all of it."""

    success: bool
    data: Any
    summary: Mapping[str, Any]
    message: str
    printed: str


class SoarApp:
    """`folder` has the app, `python` the SDK. `ours`: where our package is if it is not installed."""

    def __init__(self, folder: Path, python: Path, asset: Mapping[str, Any], scratch: Path, ours: str = "") -> None:
        self._folder, self._python, self._asset, self._scratch = folder, python, asset, scratch
        kept = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
        self._environment = {**kept, "HOME": str(scratch), "PYTHONPATH": ours}

    def run(self, action: str, params: Mapping[str, Any] | None = None, platform: str = "") -> Result:
        """`platform`: the address of the platform, if the action needs it."""
        command = [str(self._python), "-m", "src.app"]
        if platform:
            command += ["--soar-url", platform, "--soar-user", "u", "--soar-password", "p"]
        command += ["action", action, "-a", self._file("asset", self._asset)]
        if params is not None:
            command += ["-p", self._file("params", params)]
        ended = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
            check=False,
        )
        # The exit status is 0 after a failure too.
        printed = _COLOUR.sub("", ended.stdout)
        found = _RESULT.search(printed)
        assert found is not None, printed[-3000:]
        summary = ast.literal_eval(found["summary"])
        return Result(found["success"] == "True", json.loads(found["data"]), summary, found["message"], printed)

    def _file(self, name: str, content: Mapping[str, Any]) -> str:
        path = self._scratch / f"{name}.json"
        path.write_text(json.dumps(content), "utf-8")
        return str(path)


def ask(setting: Setting, values: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The verdict on each value, in a process each."""
    settings = setting.environment
    asset = {
        "api_key": settings["VT_API_KEY"],
        "api_url": settings["VT_API_URL"],
        "state": settings["VT_STATE"],
        "quota": settings["VT_QUOTA"],
    }
    source = write_source(MANIFEST, setting.folder / "app")
    app = SoarApp(source, installed("splunk_soar").python, asset, setting.folder, str(PROJECT / "connectors"))
    setting.begin()
    return {value: str(app.run(_LOOKUPS[kind], {kind: value}).summary["verdict"]) for kind, value in values}
