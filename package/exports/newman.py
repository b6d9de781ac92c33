"""Runs the Postman collection against the sandbox: `python -m package.exports.newman`.

Newman is Postman's own runner. npm installs a pinned version into .cache/newman, once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from package.exports import npm, postman
from package.spl.build_error import BuildError
from vt_connectors.sandbox import EVERY_LICENCE, Quota, SandboxConfig, SandboxServer

VERSION = "6.2.2"
_SCRIPT = "bin/newman.js"
_LONGEST_S = 300


@dataclass(frozen=True)
class Ran:
    """Newman's result of a run: the numbers of requests and assertions, and the messages of all failures."""

    requests: int
    assertions: int
    failures: tuple[str, ...]


def run(files: Path, names: Sequence[str], changes: Mapping[str, str]) -> Ran:
    """Run these folders of the collection with `changes` to its environment. BuildError if newman writes no report."""
    script = npm.installed("newman", VERSION) / _SCRIPT
    with tempfile.TemporaryDirectory() as scratch:
        environment, report = Path(scratch) / "environment.json", Path(scratch) / "report.json"
        environment.write_text(json.dumps(_changed(files, changes)), "utf-8")
        command = ["node", str(script), "run", str(files / postman.COLLECTION), "--environment", str(environment)]
        command += [part for name in names for part in ("--folder", name)]
        command += ["--working-dir", str(files), "--reporters", "json"]
        command += ["--reporter-json-export", str(report)]
        plain = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        result = subprocess.run(command, capture_output=True, text=True, check=False, env=plain, timeout=_LONGEST_S)
        if not report.is_file():
            raise BuildError(f"newman wrote no report:\n{result.stdout}\n{result.stderr}")
        return _read(json.loads(report.read_text("utf-8")))


def _changed(files: Path, changes: Mapping[str, str]) -> dict[str, Any]:
    environment: dict[str, Any] = json.loads((files / postman.ENVIRONMENT_FILE).read_text("utf-8"))
    for entry in environment["values"]:
        entry["value"] = changes.get(entry["key"], entry["value"])
    return environment


def _read(report: Mapping[str, Any]) -> Ran:
    ran = report["run"]
    failures = tuple(f"{fail['source'].get('name', '-')}: {fail['error']['message']}" for fail in ran["failures"])
    return Ran(ran["stats"]["requests"]["total"], ran["stats"]["assertions"]["total"], failures)


def run_on_sandbox(files: Path) -> Ran:
    """Run the folders of both API versions against a new sandbox."""
    config = SandboxConfig(queued_s=0, completed_s=0, private_keys=True, licences=EVERY_LICENCE)
    with SandboxServer(Quota.unlimited(), config=config) as server:
        return run(files, list(postman.NAMES.values()), {"base_url": server.url, "api_key": "sandbox"})


def main() -> int:
    """Make the collection, run it, and print the results. Returns the exit status, 0 or 1."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            postman.write(Path(folder))
            ran = run_on_sandbox(Path(folder))
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{ran.requests} requests, {ran.assertions} assertions, {len(ran.failures)} failed")
    print("".join(f"  {failure}\n" for failure in ran.failures), end="")
    return int(bool(ran.failures))


if __name__ == "__main__":
    sys.exit(main())
