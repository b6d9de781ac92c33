"""Damaged state with processes and real file systems: locks, full and read-only disks, and many simultaneous starts."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from bench.soak.drill import KEY, Effort, Tally
from bench.soak.kept_state import damaged_rows
from bench.soak.store_harness import hashes
from tests.vtaction_process import RunnerProcess, Running, lookup, vtaction_process
from vt_connectors.sandbox import Quota, SandboxServer

_CROWD = 8
_SETTLED = ("ok", "not_found")


def process_tallies(effort: Effort) -> Iterator[Tally]:
    with SandboxServer(Quota.unlimited()) as server:
        yield _locked(effort, server)
        yield _made_at_once(effort, server)
        if _has_mounts():
            yield _on_a_small_disk(effort, server)
            yield _on_a_read_only_disk(effort, server)


def _runner(server: SandboxServer, place: Path) -> RunnerProcess:
    runner = vtaction_process(server, place)
    # A book is kept, and is wide enough for all.
    runner.environment.update(VT_API_KEY=KEY, VT_QUOTA="100000/minute", XDG_RUNTIME_DIR=str(place.parent))
    return runner


def _lines(values: list[str]) -> bytes:
    return "".join(json.dumps(lookup(value, id=value)) + "\n" for value in values).encode()


def _losses(values: list[str], out: bytes, *, allowed: tuple[str, ...] = ()) -> list[str]:
    """What was not answered, or with an error whose code is not `allowed`."""
    answers = {line["id"]: line for line in map(json.loads, out.splitlines())}
    found = []
    for value in values:
        answer = answers.get(value)
        code = (answer or {}).get("error") and answer["error"]["code"]  # type: ignore[index]
        if answer is None or (answer["status"] not in _SETTLED and code not in allowed):
            found.append(f"{value}: {answer and answer['error']}")
    return found


def _locked(effort: Effort, server: SandboxServer) -> Tally:
    """Another process holds the lock for shorter, and for longer, than patience lasts."""
    tally = Tally("a state file locked by another process for long", "lookups not answered")
    chance = random.Random(effort.seed)
    # The cache is done without after 5 s; without the record of the quota nothing is asked for 30 s.
    holds = [("state.db", 1.0)] if not effort.is_long else [("state.db", 1.0), ("state.db", 8.0)] * 3
    holds += [("state-quota.db", 1.0)] * effort.times(1, 3) + [("state-quota.db", 33.0)] * effort.times(0, 1)
    for number, (name, seconds) in enumerate(holds):
        place = effort.place(f"locked-{number}")
        runner = _runner(server, place)
        _run(runner, hashes(2, f"first {number}"))
        values = hashes(chance.randrange(3, 6), f"locked {number}")
        held, release = threading.Event(), threading.Event()
        holder = threading.Thread(target=_hold, args=(place / name, held, release))
        holder.start()
        assert held.wait(60)
        threading.Timer(seconds, release.set).start()
        done = _run(runner, values)
        holder.join()
        allowed = ("unavailable",) if name == "state-quota.db" and seconds > 30 else ()
        tally.count(*_losses(values, done.stdout, allowed=allowed))
        tally.lost += len(later := _losses(values, _run(runner, values).stdout))
        tally.losses += later[:1]
    return tally


def _hold(path: Path, held: threading.Event, release: threading.Event) -> None:
    connection = sqlite3.connect(path, isolation_level=None, timeout=60)
    connection.execute("BEGIN EXCLUSIVE")
    held.set()
    release.wait(60)
    connection.execute("ROLLBACK")
    connection.close()


def _run(runner: RunnerProcess, values: list[str]) -> subprocess.CompletedProcess[bytes]:
    return runner.ended(["run"], {}, stdin=_lines(values))


def _made_at_once(effort: Effort, server: SandboxServer) -> Tally:
    tally = Tally(
        f"{_CROWD} processes that make the state at the same moment",
        "lookups not answered, or asked twice; damaged rows",
    )
    for number in range(effort.times(1, 15)):
        place = effort.place(f"made-at-once-{number}")
        runner = _runner(server, place)
        values = hashes(effort.times(6, 20), f"at once {number}")
        known = len(server.requests)
        workers = [runner.fork("run") for _ in range(_CROWD)]
        threads = [threading.Thread(target=_feed, args=(process, values)) for process in workers]
        for thread in threads:
            thread.start()
        outs = [_read(process) for process in workers]
        for thread in threads:
            thread.join()
        losses = [loss for out in outs for loss in _losses(values, out)]
        asked = len(server.requests) - known
        losses += [f"{asked} requests for {len(values)} hashes"] * (asked != len(values))
        tally.count(*losses, *damaged_rows(place / "state.db")[1])
    return tally


def _feed(process: Running, values: list[str]) -> None:
    assert process.stdin is not None
    process.stdin.write(_lines(values))
    process.stdin.close()


def _read(process: Running) -> bytes:
    assert process.stdout is not None
    out = process.stdout.read()
    process.wait(60)
    assert process.stderr is not None
    process.stderr.close()
    process.stdout.close()
    return out


def _has_mounts() -> bool:
    """Whether this user may have file systems of its own; where not, these drills are left out, and say so."""
    if (
        shutil.which("unshare")
        and subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
    ):
        return True
    print("no file systems of our own here: full and read-only disks are left out")
    return False


_ON_A_DISK = """
set -e
mount -t tmpfs -o size={size} tmpfs "$1"
{before}
shift
exec "$@"
"""


def _on_disk(runner: RunnerProcess, disk: Path, size: str, before: str, values: list[str]) -> bytes:
    """What a process says whose state is on a disk of its own."""
    script = _ON_A_DISK.format(size=size, before=before)
    command = ["unshare", "-m", "sh", "-c", script, "sh", str(disk), *runner.command("run")]
    environment = {**runner.environment, "VT_STATE": str(disk / "state.db")}
    done = subprocess.run(command, input=_lines(values), env=environment, capture_output=True, check=False, timeout=120)
    (disk.parent / "stderr").write_bytes(done.stderr)
    return done.stdout


def _on_a_small_disk(effort: Effort, server: SandboxServer) -> Tally:
    """The disk is full from the start, or gets full on the way."""
    tally = Tally("a disk that is or gets full", "lookups not answered")
    chance = random.Random(effort.seed)
    for number in range(effort.times(2, 30)):
        disk = effort.place(f"small-{number}/disk")
        size = chance.choice(("4k", "16k", "32k", "64k", "96k", "128k", "160k", "256k"))
        values = hashes(effort.times(30, 150), f"small {number}")
        out = _on_disk(_runner(server, disk), disk, size, "", values)
        tally.count(*(f"{size}: {loss}" for loss in _losses(values, out)))
    return tally


def _on_a_read_only_disk(effort: Effort, server: SandboxServer) -> Tally:
    tally = Tally("a state that can be read only, or is not there and cannot be made", "lookups not answered")
    for number in range(effort.times(2, 10)):
        place = effort.place(f"read-only-{number}")
        runner, disk = _runner(server, place), effort.place(f"read-only-{number}/disk")
        _run(runner, hashes(5, f"read-only {number}"))
        values = hashes(10, f"read-only {number}")
        copied = f'cp {place}/state*.db "$1"; ' if number % 2 else ""
        out = _on_disk(runner, disk, "8m", f'{copied}mount -o remount,ro "$1"', values)
        tally.count(*_losses(values, out))
    return tally
