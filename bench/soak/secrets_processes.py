"""Processes on their worst days, with the loudest log: what they write is left to be searched, and so is the table of
processes while they run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from bench.soak.drill import KEY, Effort, Tally
from bench.soak.network_harness import comment, lookup
from bench.soak.secrets_echoes import STEPS
from bench.soak.secrets_search import in_bytes
from tests.scripted_server import ScriptedServer, Step, stall
from tests.vtaction_process import RunnerProcess, Running, clean_environment

_HASH = "9d" * 32
_AT_ONCE = 3
_RUN = ("run", "--log-level", "debug")
_QUOTA = {"action": "quota", "params": {}}
_SCAN = {"action": "scan_file", "params": {"content_base64": "eA=="}}
_SOME = ("401 with the key", "200 with the key", "302 with the key", "reset before the headers")
_ALL: list[object] = [lookup(_HASH), comment(_HASH), _QUOTA, _SCAN]
# A key in places where none belongs, and one that is none.
_MISPLACED: list[object] = [
    *({**lookup(_HASH), "auth": auth} for auth in (KEY, [KEY], {"key": KEY}, {"api_key": [KEY]}, {"api_key": KEY * 9})),
    *({**lookup(_HASH), "auth": {"api_key": wrong}} for wrong in (f"{KEY} {KEY}", f"{KEY}\x00", f"{KEY}\u00e4")),
    {**lookup(_HASH), "api_key": KEY},
    {**lookup(_HASH), "v": KEY},
    {**lookup(_HASH), "options": {"max_wait_s": KEY, "cache": KEY}},
    {**lookup(_HASH), "options": KEY},
    '{"auth": {"api_key": "' + KEY + '"}, "action": ',
    '{"auth": {"api_key": "' + KEY,
    f"VT_API_KEY={KEY}",
    f'"{KEY}"',
    f'["{KEY}"]',
]


@dataclass(frozen=True)
class _Run:
    """`settings`: by environment name, beside the usual ones; `stops`: it gets a signal to end while it waits.

    `is_forked`: Python itself is not started, so its own command line is not seen; those of its children are.
    """

    name: str
    step: Step
    arguments: tuple[str, ...] = _RUN
    lines: list[object] = field(default_factory=lambda: _ALL)
    settings: dict[str, str] = field(default_factory=dict)
    stops: bool = False
    is_forked: bool = False


def tallies(effort: Effort) -> Iterator[Tally]:
    tally = Tally("command lines of running processes", "the key's text in one")
    # The keys themselves lie where nobody searches.
    with tempfile.TemporaryDirectory(prefix="vt-keys-") as keys, ThreadPoolExecutor(_AT_ONCE) as pool:
        place = effort.place("secrets")
        (Path(keys) / "key").write_text(KEY + "\n", "utf-8")
        runs = _runs(Path(keys), effort)
        if not effort.is_long:
            runs = (replace(run, is_forked=not run.stops) for run in runs)
        for lines in pool.map(lambda run: _take(run, Path(keys), place), runs):
            for losses in lines:
                tally.count(*losses)
    yield tally


def _runs(keys: Path, effort: Effort) -> Iterator[_Run]:
    everywhere = STEPS["401 with the key"]
    for version in ("3", "2")[: effort.times(1, 2)]:
        of = {"VT_API_VERSION": version}
        for name in list(STEPS) if effort.is_long else _SOME:
            yield _Run(f"v{version} {name}", STEPS[name], settings=of)
        yield _Run(f"v{version} JSON log", everywhere, (*_RUN, "--log-json"), settings=of)
        yield _Run(f"v{version} stopped", stall(), settings={**of, "VT_TIMEOUT": "30"}, stops=True)
    yield _Run("misplaced", everywhere, lines=_MISPLACED)
    for number, content in enumerate((f"{KEY}\n{KEY}\n", f"{KEY}\u00e4", f"{KEY}\x00", f"VT_API_KEY={KEY} # mine")):
        path = keys / f"bad-{number}"
        path.write_text(content, "utf-8")
        yield _Run(f"bad key file {number}", everywhere, settings={"VT_API_KEY_FILE": str(path)})
    for number, config in enumerate(
        ('{"api_key": "' + KEY, f'{{"api_key": ["{KEY}"]}}', f'{{"apikey": "{KEY}"}}', KEY)
    ):
        path = keys / f"config-{number}.json"
        path.write_text(config, "utf-8")
        yield _Run(f"bad configuration {number}", everywhere, settings={"VT_CONFIG": str(path), "VT_API_KEY_FILE": ""})
    for number, url in enumerate((f"https://{KEY}@127.0.0.1", f"http://127.0.0.1/?apikey={KEY}", f"http://{KEY}/api")):
        yield _Run(f"bad address {number}", everywhere, settings={"VT_API_URL": url})
    yield _Run("key twice", everywhere, settings={"VT_API_KEY": KEY})
    for words in ("doctor --online", "quota", f"lookup_hash {_HASH}", f"curl lookup_hash {_HASH}", "cache stats"):
        yield _Run(words.split()[0], everywhere, (*words.split(), "--log-level", "debug"), lines=[])


def _take(run: _Run, keys: Path, place: Path) -> list[list[str]]:
    """What is wrong with each command line that was seen."""
    output = place / run.name.replace(" ", "-")
    with ScriptedServer() as server, output.with_suffix(".out").open("wb") as out:
        server.script(run.step)
        environment = {
            **clean_environment(),
            "VT_API_URL": server.url,
            "VT_API_KEY_FILE": str(keys / "key"),
            "VT_STATE": str(output.with_suffix(".db")),
            "VT_QUOTA": "none",
            "VT_TIMEOUT": "0.5",
            "XDG_STATE_HOME": str(place),
            **run.settings,
        }
        process = _start(run, RunnerProcess(environment), out)
        assert process.stdin is not None
        process.stdin.write("".join(_line(line) + "\n" for line in run.lines).encode())
        process.stdin.flush()
        seen = _wrong_command_lines(process.pid, run.name)
        if run.stops:
            _wait_for_request(server)
            seen += _wrong_command_lines(process.pid, run.name)
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    return seen


def _start(run: _Run, runner: RunnerProcess, out: IO[bytes]) -> Running:
    if run.is_forked:
        return runner.fork(*run.arguments, stdout=out, stderr=out, new_session=True)
    return subprocess.Popen(
        runner.command(*run.arguments),
        stdin=subprocess.PIPE,
        stdout=out,
        stderr=subprocess.STDOUT,
        env=runner.environment,
        start_new_session=True,
    )


def _line(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _wait_for_request(server: ScriptedServer) -> None:
    for _ in range(500):
        if server.received:
            return
        time.sleep(0.01)


def _wrong_command_lines(session: int, name: str) -> list[list[str]]:
    """Of the process and of all that it has started."""
    found = []
    for pid, line in _command_lines():
        with contextlib.suppress(OSError):
            if os.getsid(pid) == session:
                found.append([f"{name}: {form}" for form in in_bytes(line)])
    return found


def _command_lines() -> Iterator[tuple[int, bytes]]:
    if Path("/proc/self/cmdline").exists():
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                yield int(path.parent.name), path.read_bytes()
            except OSError:
                continue
        return
    shown = subprocess.run(["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, check=True).stdout
    for row in shown.splitlines():
        pid, _, line = row.strip().partition(b" ")
        yield int(pid), line
