"""Very many lookups without quota: no request is sent, all get answers, and "queued" lookups are in the queue."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.soak.drill import KEY, Effort, Tally, side_by_side
from bench.soak.exhausted_states import Backend, backends, period
from bench.soak.splunk_harness import installed
from bench.soak.store_harness import hashes
from tests.vtaction_process import RunnerProcess, lookup, vtaction_process
from vt_connectors.contract.documents import Options
from vt_connectors.core import Core
from vt_connectors.sandbox import Quota, SandboxServer

_LOST = "a request, a value without its answer, a row that says it is queued and is not, or the other way round"
_AT_ONCE = Options(max_wait_s=0.0)
# The limit of each queue: fewer than there are values.
_ROOM_IN_BRIEF, _ROOM = 250, 1000


def tallies(effort: Effort) -> Iterator[Tally]:
    yield from side_by_side(effort, [lambda: _at_work(effort), lambda: _locked(effort)])


def _at_work(effort: Effort) -> Iterator[Tally]:
    with SandboxServer(Quota.unlimited()) as server:
        for backend in backends(effort, server, _room(effort)):
            yield _cores(effort, server, backend)
        yield _processes(effort, server)
        yield _searches(effort, server)


def _room(effort: Effort) -> int:
    return effort.times(_ROOM_IN_BRIEF, _ROOM)


def _cores(effort: Effort, server: SandboxServer, backend: Backend) -> Tally:
    """Two cores by turns, each value once by itself or with many; the second core sees what the first one queued."""
    tally = Tally(f"lookups in an exhausted {period()}, state in {backend.name}", _LOST)
    values = hashes(effort.times(300, 50_000), backend.name)
    first = backend.core()
    first.look_up("hash", "0" * 64, _AT_ONCE)
    asked = len(server.all_requests)
    told: list[tuple[str, bool | None]] = []
    for core, some in ((first, values[: len(values) // 2]), (backend.core(), values)):
        core.look_up("hash", some[0], _AT_ONCE)
        flags = _flags(core, some)
        told += [(value, flags.get(value)) for value in some]
        core.end_batch()
    queued = {entry.value for entry in first.context.pending.oldest(2 * _room(effort))}
    for value, flag in told:
        wrong = flag is not (value in queued)
        tally.count(*[f"{value}: told {flag}, queued {value in queued}"] * wrong)
    more = len(server.all_requests) - asked
    wrong = len(queued) != _room(effort)
    tally.count(*[f"{more} requests were sent"] * bool(more), *[f"{len(queued)} queued"] * wrong)
    return tally


def _flags(core: Core, values: Sequence[str]) -> dict[str, bool]:
    """The answer for each refused value; every fiftieth is a single lookup."""
    alone = values[::50]
    responses = dict(core.look_up_at_hand("hash", values, _AT_ONCE))
    responses.update((value, core.look_up("hash", value, _AT_ONCE)) for value in alone)
    for value in values:
        if value not in responses:
            responses[value] = core.look_up("hash", value, _AT_ONCE)
    return _told(responses)


def _told(responses: Mapping[str, Mapping[str, Any]]) -> dict[str, bool]:
    refused = {value: response["error"] for value, response in responses.items() if response["error"]}
    return {value: error["details"]["queued"] for value, error in refused.items() if error["code"] == "rate_limited"}


def _processes(effort: Effort, server: SandboxServer) -> Tally:
    """The runner and the command line at the same time, with one state."""
    tally = Tally(f"lines and arguments for processes in an exhausted {period()}", _LOST)
    room = _room(effort) // 2
    runner = _runner(effort.place("exhausted-processes"), server, room)
    values = hashes(effort.times(150, 50_000), "process")
    ways = (
        (("run",), "".join(json.dumps(lookup(value, id=value, options={"max_wait_s": 0})) + "\n" for value in values)),
        (("lookup_hash", "-", "--max-wait", "0"), "\n".join(reversed(values))),
    )
    asked = len(server.all_requests)
    outs: dict[int, str] = {}

    def run(number: int) -> None:
        arguments, stdin = ways[number]
        process = runner.fork(*arguments)
        outs[number] = process.communicate(stdin.encode(), timeout=900)[0].decode()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(ways))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queued = set(_queued(runner))
    for number, order in enumerate((values, values[::-1])):
        answers = [json.loads(line) for line in outs[number].splitlines()]
        in_order = [answer["id"] for answer in answers] == order
        tally.count(*[f"{ways[number][0][0]}: {len(answers)} answers, in order: {in_order}"] * (not in_order))
        told = _told({answer["id"]: answer for answer in answers})
        for value in values:
            # What the other process puts a moment later may be told as absent, never the other way round.
            wrong = value not in told or (told[value] and value not in queued)
            tally.count(*[f"{ways[number][0][0]}: {value}: told {told.get(value)}"] * wrong)
    more = len(server.all_requests) - asked
    tally.count(*[f"{more} requests were sent"] * bool(more), *[f"{len(queued)} queued"] * (len(queued) != room))
    return tally


def _runner(place: Path, server: SandboxServer, room: int) -> RunnerProcess:
    """A runner whose quota is used up."""
    runner = vtaction_process(server, place)
    runner.environment.update(VT_API_KEY=KEY, VT_QUOTA=f"1/{period()}", VT_PENDING_MAX=str(room))
    runner.text("lookup_hash", "0" * 64)
    return runner


def _queued(runner: RunnerProcess) -> list[str]:
    connection = sqlite3.connect(runner.environment["VT_STATE"])
    try:
        return [key.partition(":")[2] for (key,) in connection.execute("SELECT key FROM pending")]
    finally:
        connection.close()


def _searches(effort: Effort, server: SandboxServer) -> Tally:
    tally = Tally(f"rows of searches in an exhausted {period()}", _LOST)
    room = _room(effort)
    command = installed(effort, server).set(VT_QUOTA=f"1/{period()}", VT_PENDING_MAX=str(room))
    command([[{"x": "0" * 64}]], "hash=x")
    values = hashes(effort.times(600, 50_000), "search")
    asked = len(server.all_requests)
    chunks = [[{"x": value} for value in values[at : at + 10_000]] for at in range(0, len(values), 10_000)]
    queued: list[set[str]] = []
    for _ in range(2):
        rows = {str(row["x"]): row for row in command(chunks, "hash=x", "wait=0").records}
        for value in values:
            status = rows[value]["vt_status"] if value in rows else None
            tally.count(*[f"{value}: {status}"] * (status != "pending"))
        queued.append({value for value, row in rows.items() if row["vt_queued"] == "true"})
        tally.count(*[f"{len(queued[-1])} rows say that they are queued, not {room}"] * (len(queued[-1]) != room))
    tally.count(*["the second search says that others are queued"] * (queued[0] != queued[1]))
    more = len(server.all_requests) - asked
    left = command.set(VT_QUOTA="1/second").command("vtdrain")([], "keep=0").records[0]["left"]
    tally.count(*[f"{more} requests were sent"] * bool(more), *[f"{left} left"] * (int(str(left)) < room - 10))
    return tally


def _locked(effort: Effort) -> Iterator[Tally]:
    """A backup locks the state file while lookups find no quota. At its end, all of them are in the queue."""
    tally = Tally(
        "lookups without quota while another program holds the state's file for longer than patience lasts",
        "a value without its answer or not in the queue at the end, a row that says it is queued and is not",
    )
    with SandboxServer(Quota.unlimited()) as server:
        for number in range(effort.times(1, 5)):
            runner = _runner(effort.place(f"exhausted-locked-{number}"), server, _room(effort))
            values = hashes(40, f"locked {number}")
            backup = sqlite3.connect(runner.environment["VT_STATE"], isolation_level=None)
            backup.execute("BEGIN IMMEDIATE")
            process = runner.fork("run")
            assert process.stdin is not None
            process.stdin.write(
                "".join(json.dumps(lookup(v, id=v, options={"max_wait_s": 0})) + "\n" for v in values).encode()
            )
            process.stdin.flush()
            time.sleep(7.0)
            backup.execute("ROLLBACK")
            backup.close()
            out, _ = process.communicate(timeout=60)
            told = _told({answer["id"]: answer for answer in map(json.loads, out.splitlines())})
            queued = set(_queued(runner))
            for value in values:
                tally.count(*[f"{value}: told {told.get(value)}"] * (value not in told or value not in queued))
    yield tally
