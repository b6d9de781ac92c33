"""Splunk's packaging toolkit, ksconf, and the definitions of the Common Information Model (CIM).

`python -m package.spl.splunk_tools` creates their environment, .venv-splunk-tools, if it does not exist.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from package.spl.build_error import BuildError
from package.spl.own_environment import is_made, make_environment

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / ".venv-splunk-tools"
REQUIREMENTS = (Path(__file__).parent / "splunk-tools.txt").read_text("utf-8")
# The packaging toolkit names 3.13 as its newest Python.
PYTHONS = ("3.13", "3.12", "3.11", "3.10", "3.9")
_SLIM_LINE = re.compile(r"slim validate: \[(WARNING|ERROR|FATAL)\] (?:(\S+), line \d+: )?(.*)")
_KSCONF_LINE = re.compile(r"Error in file ([^:]+): +(.*)")


def find_tools() -> Path | None:
    """The folder with the programs, None if there is none with the required releases."""
    return FOLDER / "bin" if is_made(FOLDER, REQUIREMENTS) else None


def install() -> Path:
    """Create the environment unless it exists, and return the folder with its programs. Raises `BuildError`."""
    return make_environment(FOLDER, PYTHONS, REQUIREMENTS, ("--no-deps", "--require-hashes"))


def slim_findings(app: Path, tools: Path) -> list[str]:
    """Warnings and errors of `slim validate` about the app's folder. Raises `BuildError` if it does not finish.

    It compares each setting with Splunk's spec files, those of 2017, and with the app's own in README/.
    """
    lines = _output([str(tools / "slim"), "validate", str(app)])
    found = [match[3] for line in lines if (match := _SLIM_LINE.fullmatch(line))]
    if not found and not any("App validation complete" in line for line in lines):
        raise BuildError("slim did not finish:\n" + "\n".join(lines))
    return found


def ksconf_findings(files: Sequence[Path], tools: Path) -> list[str]:
    """Errors of `ksconf check` in the .conf and .meta files, as "name: message". Raises `BuildError`."""
    lines = _output([str(tools / "ksconf"), "check", *map(str, files)])
    if f"Completed checking {len(files)} files." not in " ".join(lines):
        raise BuildError("ksconf did not finish:\n" + "\n".join(lines))
    return [f"{Path(match[1]).name}: {match[2]}" for line in lines if (match := _KSCONF_LINE.fullmatch(line))]


def data_models(tools: Path) -> dict[str, dict[str, Any]]:
    """The CIM's datasets by "model.dataset", children included: pytest-splunk-addon has them as JSON files."""
    [folder] = tools.parent.glob("lib/python*/site-packages/pytest_splunk_addon/data_models")
    models = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    return {f"{model['model_name']}.{each['name']}": each for model in models for each in _datasets(model["objects"])}


def _datasets(objects: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in objects:
        yield each
        yield from _datasets(each["child_dataset"])


def _output(command: list[str]) -> list[str]:
    """All output. The exit status is not used, because `slim` returns 0 with warnings."""
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).splitlines()


def main() -> int:
    """Install the tools. Returns the exit status, 0 or 1."""
    try:
        print(f"Splunk's tools: {install()}")
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
