"""What the README promises: its commands run, its links and figures are right, and it fits on a screen."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from bench.claims import block
from vt_connectors import __version__

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text("utf-8")
SANDBOX_PORT = "8099"
# Until something listens there. The lookup itself waits for a second or two, which a busy machine may exceed.
WAIT = """
import socket, sys, time
while socket.socket().connect_ex(('127.0.0.1', int(sys.argv[1]))):
    time.sleep(0.05)
"""


def test_its_three_lines_lead_to_a_verdict(tmp_path: Path) -> None:
    [lines] = re.findall(r"```sh no-run\n(.*?)```", README, re.DOTALL)
    demo, start, ask = lines.splitlines()
    # The first line installs what the other two use. The demonstration is run by itself, below.
    assert demo == "make demo"
    assert re.search(r"^demo: .*\n\t@\$\(BIN\)/python -m package\.demo$", (PROJECT / "Makefile").read_text(), re.M)
    _install_here(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    started = start.replace("sandbox &", f"sandbox --port {port} &")
    wait = f'"{sys.executable}" -c "{WAIT}" {port}'
    ask = ask.replace(SANDBOX_PORT, port)
    script = "\n".join((started, wait, ask, ask, "kill $!"))
    assert script.count(port) == 4
    home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    done = subprocess.run(["sh", "-c", script], env=home, cwd=tmp_path, capture_output=True, text=True, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [answer["data"]["verdict"] for answer in answers] == ["malicious", "malicious"], done.stderr
    assert [answer["meta"]["source"] for answer in answers] == ["api", "cache"], "they share the cache"


def _install_here(folder: Path) -> None:
    """As `make demo` leaves it: a command in .venv/bin."""
    command = folder / ".venv/bin/vtaction"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m vt_connectors "$@"\n', "utf-8")
    command.chmod(0o755)


def test_the_stand_in_listens_where_it_says() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "vt_connectors", "sandbox", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert f"default {SANDBOX_PORT}" in " ".join(shown.split())


def test_it_leads_to_every_other_page_that_a_reader_begins_with() -> None:
    pages = ("overview", "install", "settings", "errors", "README", "privacy", "quota", "splunk", "runner", "python")
    for page in (*pages, "state", "serve", "platforms"):
        assert f"(docs/{page}.md" in README, page


def test_it_fits_on_a_screen_with_one_picture() -> None:
    assert len(README.splitlines()) <= 65
    assert len(re.findall(r"!\[", README)) == 1


def test_the_changelog_has_the_version() -> None:
    assert f"## {__version__}" in (PROJECT / "CHANGELOG.md").read_text("utf-8")


def test_its_figures_are_those_that_were_measured() -> None:
    data = json.loads((PROJECT / "bench/results.json").read_text("utf-8"))
    assert block(data) in README
