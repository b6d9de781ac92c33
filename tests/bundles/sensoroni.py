"""Security Onion's agent, as far as its analyzers see it: how it starts them, and what it takes from their output."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .setting import Setting, built

_MOST_S = 120
_NOT_SUPPORTED = 126


class Sensoroni(NamedTuple):
    """`analyzers`: the folder of all analyzers. `with_package`: whether vt-connectors is installed there."""

    analyzers: Path
    environment: dict[str, str]
    with_package: bool

    def analyze(self, artifact: Any, *options: str) -> dict[str, Any] | None:
        """The result; None if the analyzer is not for this artifact."""
        python = [sys.executable] if self.with_package else [sys.executable, "-S"]
        packages = f"{self.analyzers}:{self.analyzers}/vtconnectors/site-packages"
        ended = subprocess.run(
            [*python, "-m", "vtconnectors.vtconnectors", json.dumps(artifact), *options],
            env={**self.environment, "PYTHONPATH": packages},
            cwd="/",
            # As the agent does.
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_MOST_S,
        )
        if ended.returncode == _NOT_SUPPORTED:
            return None
        assert ended.returncode == 0, ended.stdout
        result: dict[str, Any] = json.loads(ended.stdout)
        assert isinstance(result["summary"], str)
        assert len(result["summary"]) <= 50
        return result


def sensoroni(setting: Setting, config: dict[str, str], *, with_package: bool) -> Sensoroni:
    """The agent with our analyzer, and `config` as what Salt wrote into its configuration."""
    analyzers = built("security_onion", setting.folder)
    (analyzers / "vtconnectors/vtconnectors.yaml").write_text(json.dumps(config), "utf-8")
    return Sensoroni(analyzers, setting.environment, with_package)


def ask(setting: Setting, values: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The verdicts on values with their kinds, from an analyzer that asks the server."""
    agent = sensoroni(setting, setting.config, with_package=False)
    setting.begin()
    found: dict[str, str] = {}
    for kind, value in values:
        result = agent.analyze({"artifactType": kind, "value": value})
        assert result is not None
        word = result["summary"].split()[0]
        found[value] = "undetected" if word == "harmless" else word
    return found
