"""Runs Splunk's AppInspect on the app: `python -m package.spl.appinspect dist/vtlookup-<version>.spl`.

Without an argument it only creates the tool's environment, .venv-appinspect, if it does not exist.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from package.spl.build_error import BuildError
from package.tool_environment import create, pip_install

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / ".venv-appinspect"
VERSION = "4.3.1"
# Splunk Cloud, private apps in it, and the rules of the next release.
TAGS = ("cloud", "private_victoria", "future")
# Its dependencies have no releases for other versions. It uses syntax tree classes that newer ones warn of each time,
# which takes a fifth of its time.
PYTHONS = ("3.11", "3.10", "3.12", "3.13")

_OPTIONS = (
    *("--mode", "precert", "--max-messages", "all", "--skip-trusted-libraries-update", "--data-format", "json"),
    *(part for tag in TAGS for part in ("--included-tags", tag)),
)
_WITHOUT_GC = "import gc, runpy, sys; del sys.argv[0]; gc.disable(); runpy.run_path(sys.argv[0], run_name='__main__')"
_REFUSED = ("error", "failure", "future_failure")

# The messages of findings, by result ("failure", "warning", ...) and name of the check.
Findings = Mapping[str, Mapping[str, list[str]]]


def find_appinspect() -> Path | None:
    """AppInspect's executable: the one in the variable APPINSPECT, or in .venv-appinspect; None if there is none."""
    named = os.environ.get("APPINSPECT")
    path = Path(named) if named else FOLDER / "bin/splunk-appinspect"
    return path if path.is_file() else None


def install() -> Path:
    """Create .venv-appinspect unless it exists, and return AppInspect's executable."""
    executable = FOLDER / "bin/splunk-appinspect"
    if not (executable.is_file() and _installed_version() == VERSION):
        create(FOLDER, PYTHONS, "AppInspect")
        pip_install(FOLDER, [f"splunk-appinspect=={VERSION}"])
    if _ask_environment("import magic") is None:
        raise BuildError("AppInspect needs the system's libmagic: install libmagic1 (Debian) or file-libs")
    return executable


def inspect(spl: Path, executable: Path) -> Findings:
    """AppInspect's findings in `spl` with the rules for Splunk Cloud, now and in the next release."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "report.json"
        command = [*_started(executable), "inspect", str(spl), *_OPTIONS, "--output-file", str(output)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if not output.is_file():
            raise BuildError(f"AppInspect wrote no report:\n{result.stdout}\n{result.stderr}")
        return _collect(json.loads(output.read_text("utf-8")))


def _started(executable: Path) -> list[str]:
    """The command for AppInspect. Ours collects no garbage: it keeps the syntax trees of all files until its end, and
    would look through them again and again, for a fifth of its time.
    """
    if FOLDER not in executable.parents:
        return [str(executable)]
    return [str(FOLDER / "bin/python"), "-c", _WITHOUT_GC, str(executable)]


def inspect_once(spl: Path, executable: Path, known: Path) -> Findings:
    """The same. If this AppInspect accepted these very bytes before, its findings are in the folder `known`."""
    installed = f"{executable.resolve()} {executable.stat().st_mtime_ns} {_OPTIONS}"
    digest = hashlib.sha256(spl.read_bytes() + installed.encode()).hexdigest()
    kept = known / f"appinspect-{digest[:32]}.json"
    if kept.is_file():
        before: Findings = json.loads(kept.read_text("utf-8"))
        return before
    findings = inspect(spl, executable)
    if not any(findings.get(result) for result in _REFUSED):
        known.mkdir(parents=True, exist_ok=True)
        for older in known.glob("appinspect-*.json"):
            older.unlink()
        kept.write_text(json.dumps(findings), "utf-8")
    return findings


def _collect(report: Mapping[str, Any]) -> Findings:
    findings: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for app in report["reports"]:
        for group in app["groups"]:
            for check in group["checks"]:
                messages = [str(message["message"]) for message in check["messages"]]
                findings[check["result"]][check["name"]] = messages
    return findings


def _installed_version() -> str | None:
    return _ask_environment("from importlib.metadata import version; print(version('splunk-appinspect'))")


def _ask_environment(script: str) -> str | None:
    """The output of `script` in .venv-appinspect, None if it fails."""
    command = [str(FOLDER / "bin/python"), "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if result.returncode else result.stdout.strip()


def _print(findings: Findings) -> None:
    for result, checks in sorted(findings.items()):
        print(f"{result}: {len(checks)}")
        if result in (*_REFUSED, "warning"):
            for name, messages in checks.items():
                print(f"  {name}")
                print("".join(f"    {message}\n" for message in messages), end="")


def main() -> int:
    """Install AppInspect and inspect the app on the command line. Returns the exit status, 0 or 1."""
    try:
        executable = find_appinspect() or install()
        print(f"AppInspect: {executable}")
        if len(sys.argv) < 2:
            return 0
        findings = inspect(Path(sys.argv[1]), executable)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    _print(findings)
    return int(any(findings.get(result) for result in _REFUSED))


if __name__ == "__main__":
    sys.exit(main())
