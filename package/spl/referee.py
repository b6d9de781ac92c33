"""Splunk's packaging toolkit, ksconf, and the definitions of the Common Information Model (CIM), as a referee.

Nothing of them is committed or part of the app.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from package.referees.environments import Referee
from package.spl.build_error import BuildError

# pytest-splunk-addon has the data models as files. Only these are read, so it needs none of its requirements; the
# requirements of the other two are listed. The packaging toolkit names 3.13 as its newest Python.
SPLUNK = Referee(
    "splunk",
    (
        "--no-deps",
        *("splunk-packaging-toolkit==1.2.8", "semantic-version==2.10.0", "future==1.0.0", "setuptools==80.9.0"),
        *("ksconf==0.13.10", "pluggy==1.6.0"),
        "pytest-splunk-addon==7.0.5",
    ),
    ("3.13", "3.12", "3.11", "3.10", "3.9"),
)
REFEREES = (SPLUNK,)
_SLIM_LINE = re.compile(r"slim validate: \[(WARNING|ERROR|FATAL)\] (?:\S+, line \d+: )?(.*)")
_KSCONF_LINE = re.compile(r"Error in file ([^:]+): +(.*)")


def slim_findings(app: Path) -> list[str]:
    """Warnings and errors of `slim validate` about the app's folder. Raises `BuildError` if it does not finish.

    It compares each setting with Splunk's spec files, those of 2017, and with the app's own in README/.
    """
    lines = _output([str(SPLUNK.program("slim")), "validate", str(app)])
    found = [match[2] for line in lines if (match := _SLIM_LINE.fullmatch(line))]
    if not found and not any("App validation complete" in line for line in lines):
        raise BuildError("slim did not finish:\n" + "\n".join(lines))
    return found


def ksconf_findings(files: Sequence[Path]) -> list[str]:
    """Errors of `ksconf check` in the .conf and .meta files, as "name: message". Raises `BuildError`."""
    lines = _output([str(SPLUNK.program("ksconf")), "check", *map(str, files)])
    if f"Completed checking {len(files)} files." not in " ".join(lines):
        raise BuildError("ksconf did not finish:\n" + "\n".join(lines))
    return [f"{Path(match[1]).name}: {match[2]}" for line in lines if (match := _KSCONF_LINE.fullmatch(line))]


def data_models() -> dict[str, dict[str, Any]]:
    """The CIM's datasets by "model.dataset", children included: pytest-splunk-addon has them as JSON files."""
    [folder] = SPLUNK.folder.glob("lib/python*/site-packages/pytest_splunk_addon/data_models")
    models = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    return {f"{model['model_name']}.{each['name']}": each for model in models for each in _datasets(model["objects"])}


def _datasets(objects: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in objects:
        yield each
        yield from _datasets(each["child_dataset"])


def _output(command: list[str]) -> list[str]:
    """All output. The exit status is not used, because `slim` returns 0 with warnings."""
    done = subprocess.run(command, env=SPLUNK.environment(), capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).splitlines()
