"""`make demo`: a search with the packaged `| vtlookup`, then the action runner, against the sandbox.

With VT_API_KEY or VT_API_KEY_FILE set, it sends a few requests to the real VirusTotal instead.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from package.spl.archive import unpack
from package.spl.build_spl import PROJECT, build
from package.splunkd_driver.driver import SearchInfo, SearchResult, run_search
from vt_connectors.sandbox import SandboxServer

EICAR = "44d88612fea8a8f36de82e1278abb02f"
# From the sandbox's catalogue; the real VirusTotal knows the first, but most others not.
EVENTS: Sequence[dict[str, str]] = (
    {"_time": "09:00:01", "host": "pc-17", "md5": EICAR},
    {"_time": "09:00:02", "host": "pc-17", "md5": "2e11eeab4b8d336deb51498c1e05966e"},
    {"_time": "09:00:02", "host": "pc-23", "md5": EICAR.upper()},
    {"_time": "09:00:05", "host": "pc-04", "md5": "0" * 32},
    {"_time": "09:00:07", "host": "pc-31", "md5": ""},
    {"_time": "09:00:09", "host": "pc-04", "md5": "not a hash"},
    {"_time": "09:00:12", "host": "pc-09", "md5": "201b8d4cff98757f4adf3bb556855ba6"},
)
LATER_EVENTS = [
    {"_time": f"09:01:0{number}", "host": "pc-12", "md5": hashlib.md5(name).hexdigest()}  # noqa: S324
    for number, name in enumerate((b"annual_report.pdf", b"setup.exe", b"notes.txt"))
]
SHOWN = ("host", "md5", "vt_status", "vt_verdict", "vt_detections", "vt_source")
COLORS = {"malicious": "bold red", "suspicious": "yellow", "undetected": "green", "pending": "cyan"}
console = Console()


def main() -> None:
    """Three searches, then the runner."""
    with tempfile.TemporaryDirectory(prefix="vtlookup-demo-") as folder, _virustotal(Path(folder)) as environment:
        command = _installed_command(Path(folder))
        console.rule("a Splunk search: ... | vtlookup hash=md5 wait=0")
        _search(command, EVENTS, environment)
        console.print("\nThe same search again: every answer comes from the cache and costs no quota.\n")
        _search(command, EVENTS, environment)
        console.print("\nThree new hashes in the same minute: the quota is used up, and the search says so.\n")
        _search(command, LATER_EVENTS, environment)
        console.print()
        console.rule("any SOAR platform: vtaction run")
        _run_actions(environment)
        console.print("\nA machine-readable description of all actions: vtaction describe. More: README.md and docs/")


@contextmanager
def _virustotal(folder: Path) -> Iterator[dict[str, str]]:
    """The environment for the programs: with the sandbox, or the user's own with the real VirusTotal."""
    environment = {**os.environ, "SPLUNK_HOME": str(folder), "VT_STATE": str(folder / "state.db")}
    if environment.get("VT_API_KEY") or environment.get("VT_API_KEY_FILE"):
        console.print("A key is set: a few requests are sent to the real VirusTotal.")
        yield environment
        return
    with SandboxServer() as server:
        console.print(f"No key is set, so a sandbox at {server.url} replaces VirusTotal, with the public quota.")
        yield {**environment, "VT_API_URL": server.url, "VT_API_KEY": "sandbox"}
        spent = len(server.requests)
        console.print(f"\nThe sandbox got {spent} requests in total, and refused {server.refused}.")


def _installed_command(folder: Path) -> Path:
    """The built app, unpacked like Splunk does it."""
    spl = build(PROJECT / "dist", report=lambda _: None)
    apps = folder / "etc" / "apps"
    unpack(spl, apps)
    return apps / "vtlookup" / "bin" / "vtlookup.py"


def _search(command: Path, events: Sequence[dict[str, str]], environment: dict[str, str]) -> None:
    result = run_search(command, [events], SearchInfo(["hash=md5", "wait=0"]), environment=environment)
    _show(result)
    for level, text in result.messages:
        console.print(Text(f"job message, {level}: {text}", "yellow"))


def _show(result: SearchResult) -> None:
    table = Table()
    for name in SHOWN:
        # On a narrow terminal, the hash is shortened.
        cells = [str(record.get(name, "")) for record in result.records]
        table.add_column(name.removeprefix("vt_"), min_width=None if name == "md5" else max(map(len, cells)))
    for record in result.records:
        texts = [str(record.get(name, "")) for name in SHOWN]
        table.add_row(*(Text(text, COLORS.get(text, ""), no_wrap=True, overflow="ellipsis") for text in texts))
    console.print(table)


def _run_actions(environment: dict[str, str]) -> None:
    requests = [
        {"id": 1, "action": "lookup_hash", "params": {"hash": EICAR}},
        {"id": 2, "action": "lookup_ip", "params": {"ip": "10.1.2.3"}},
        {"id": 3, "action": "lookup_domain", "params": {"domain": "example.com"}, "options": {"max_wait_s": 0}},
        {"id": 4, "action": "lookup_hash", "params": {"hsah": EICAR}},
    ]
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    command = [sys.executable, "-m", "vt_connectors", "run"]
    answer = subprocess.run(command, input=lines, env=environment, capture_output=True, text=True, check=False)
    for request, line in zip(requests, answer.stdout.splitlines()):
        response = json.loads(line)
        console.print(Text(f"-> {json.dumps(request)}", "dim"))
        source = response["meta"]["source"] or "-"
        console.print(f"<- status {response['status']}, source {source}", markup=False)
        console.print(f"   {response['summary']}", markup=False)
    console.print(f"exit status {answer.returncode}")


if __name__ == "__main__":
    main()
