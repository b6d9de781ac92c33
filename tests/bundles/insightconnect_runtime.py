"""Runs steps of the InsightConnect plugin, each in a process of its own, with Rapid7's runtime."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from package.bundles.insightconnect.spec import NAME

from .installed import installed
from .setting import Setting, built


class Runtime:
    """Rapid7's runtime, a process for each step."""

    def __init__(self, plugin: Path, server: str, token: str) -> None:
        self._plugin = plugin
        self._connection = {"address": server, "token": {"secretKey": token}}

    def step(self, action: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The body of what the runtime writes."""
        return self._run("run", {"action": action, "input": values})

    def tested(self) -> dict[str, Any]:
        """The test of the connection."""
        return self._run("test", {"action": "quota", "input": {}})

    def _run(self, command: str, body: Mapping[str, Any]) -> dict[str, Any]:
        asked = {"meta": {}, "connection": self._connection, "dispatcher": {"type": "stdout"}, **body}
        ended = subprocess.run(
            [str(installed("insightconnect_runtime").python), f"bin/icon_{NAME}", command],
            cwd=self._plugin,
            env={**os.environ, "PYTHONPATH": str(self._plugin)},
            input=json.dumps({"version": "v1", "type": "action_start", "body": asked}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        # Logs are on the same stream.
        begin = ended.stdout.find('{"body"')
        assert begin >= 0, ended.stdout + ended.stderr
        document, _ = json.JSONDecoder().raw_decode(ended.stdout[begin:])
        body = document["body"]
        assert isinstance(body, dict)
        return body


def ask(setting: Setting, values: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The verdict on each value, in a process each."""
    runtime = Runtime(built("insightconnect", setting.folder) / NAME, setting.server, setting.token)
    setting.begin()
    return {value: _verdict(runtime.step(f"lookup_{kind}", {kind: value})) for kind, value in values}


def _verdict(body: Mapping[str, Any]) -> str:
    assert body["status"] == "ok", body
    return str(body["output"]["verdict"])


def available() -> None:
    """Skips a test if the generator or the runtime is not installed."""
    installed("insightconnect_tool")
    installed("insightconnect_runtime")
