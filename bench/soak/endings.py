"""`vtaction run` ends with an answer to each line, whatever fails: signals, threads, descriptors."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import pty
import random
import resource
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.soak.drill import KEY, Effort, Tally
from tests.runner.signal_storms import ended_by, losses
from tests.vtaction_process import RunnerProcess, lookup, vtaction_process
from vt_connectors.actions.request_batch import BatchAnswers
from vt_connectors.adapters.process.descriptors import Output
from vt_connectors.adapters.runner.json_lines import DocumentReader
from vt_connectors.adapters.runner.runner import Runner
from vt_connectors.clock import SystemClock
from vt_connectors.contract.documents import Cost, Outcome, error_response, refusal, response
from vt_connectors.contract.response import Response
from vt_connectors.errors import ConnectorError, RateLimited
from vt_connectors.quota.waiters import Claim
from vt_connectors.sandbox import Quota, SandboxServer

_LOST = "it did not end, a line without its answer, or an exit status that does not fit"
_MOST_S = 90.0
_DOCUMENTED = (0, 1, 2, 75)
_FAILURES = (ValueError, MemoryError, SystemExit, KeyboardInterrupt, RecursionError, GeneratorExit)


def tallies(effort: Effort) -> Iterator[Tally]:
    with SandboxServer(Quota.unlimited()) as server:
        runner = vtaction_process(server, effort.place("endings"))
        runner.environment["VT_API_KEY"] = KEY
        yield _signals(effort, runner)
        yield _descriptors(effort, runner)
    yield _threads(effort)
    yield _spread(effort)


def _signals(effort: Effort, runner: RunnerProcess) -> Tally:
    tally = Tally("signals right behind each other, while lines wait for quota", _LOST)
    for number in range(effort.times(4, 300)):
        seed = effort.seed + number
        tally.count(*(f"{loss} (seed {seed})" for loss in losses(*ended_by(runner, random.Random(seed)))))
    return tally


def _descriptors(effort: Effort, runner: RunnerProcess) -> Tally:
    tally = Tally("terminals that hang up, full disks, closed descriptors, little memory", _LOST)
    chance = random.Random(effort.seed)
    kinds = [_hung_up, _closed] + [_full] * Path("/dev/full").exists() + [_small] * (sys.platform == "linux")
    for number in range(effort.times(len(kinds), 40 * len(kinds))):
        kind = kinds[number % len(kinds)]
        loss = kind(runner, chance)
        tally.count(*[f"{kind.__name__.strip('_')}, number {number}: {loss} (seed {effort.seed})"] * bool(loss))
    return tally


def _lines(count: int) -> bytes:
    return b"".join(json.dumps(lookup(f"{number:032x}", id=number)).encode() + b"\n" for number in range(count))


def _hung_up(runner: RunnerProcess, chance: random.Random) -> str:
    """The terminal of its session, while lines wait for quota; its output may be elsewhere."""
    seen, had = pty.openpty()
    is_output = chance.random() < 0.5
    process = subprocess.Popen(
        runner.command("run"),
        stdin=had,
        stdout=had if is_output else subprocess.PIPE,
        stderr=had if is_output else subprocess.DEVNULL,
        env={**runner.environment, "VT_QUOTA": "1/hour"},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(had, termios.TIOCSCTTY, 0),
    )
    os.close(had)
    output = seen if process.stdout is None else process.stdout.fileno()
    os.write(seen, json.dumps({"action": "lookup_ip", "params": {"ip": "10.0.0.1"}}).encode() + b"\n")
    shown = b""
    while b"skipped" not in shown:
        shown += os.read(output, 1)
    for number in range(3):
        waiting = lookup(f"{number:032x}", options={"max_wait_s": 86400, "cache": "off"})
        os.write(seen, json.dumps(waiting).encode() + b"\n")
    time.sleep(chance.uniform(0.0, 1.0))
    os.close(seen)
    return _end_of(process, None, (0, 1, 75))


def _closed(runner: RunnerProcess, chance: random.Random) -> str:
    closed = [descriptor for descriptor in (0, 1, 2) if chance.random() < 0.5]

    def close() -> None:
        for descriptor in closed:
            os.close(descriptor)

    pipe = subprocess.PIPE
    process = subprocess.Popen(
        runner.command("run"), stdin=pipe, stdout=pipe, stderr=pipe, env=runner.environment, preexec_fn=close
    )
    expected = 2 if 1 in closed else 1 if 0 in closed else 0
    return _end_of(process, None if {0, 1} & set(closed) else 5, (expected,))


def _full(runner: RunnerProcess, chance: random.Random) -> str:
    with Path("/dev/full").open("wb") as full:
        errors = full if chance.random() < 0.5 else subprocess.DEVNULL
        process = subprocess.Popen(
            runner.command("run"), stdin=subprocess.PIPE, stdout=full, stderr=errors, env=runner.environment
        )
    return _end_of(process, None, (1,))


def _small(runner: RunnerProcess, chance: random.Random) -> str:
    limit = chance.randrange(40, 400) * 1024 * 1024
    process = subprocess.Popen(
        runner.command("run"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=runner.environment,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    loss = _end_of(process, 5, (0, 1))
    # Python itself may find no memory for its start, or for its own handling of errors.
    without_start = loss == "0 answers" and process.returncode == 1
    return "" if without_start or (loss and process.returncode < 0) else loss


def _end_of(process: subprocess.Popen[bytes], answers: int | None, statuses: Sequence[int]) -> str:
    """The errors at the end of a process that gets five lines; `answers` None: they cannot be counted."""
    try:
        out, _ = process.communicate(_lines(5) if process.stdin is not None else None, timeout=_MOST_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return "it did not end"
    if process.returncode not in statuses:
        return f"exit status {process.returncode}"
    found = len(out.splitlines()) if out else 0
    return f"{found} answers" if answers is not None and found != answers else ""


class _Failing:
    """A core that may fail anywhere at any time."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def within(self, batch: BatchAnswers) -> Any:
        return self

    def answer(self, document: Any, claim: Claim | None = None) -> Response:
        way = self._chance.randrange(4)
        if way == 0:
            raise self._chance.choice(_FAILURES)
        if way == 1:
            error = RateLimited("none left", retry_after=60.0, details={"source": "local", "window": "day"})
            return error_response("quota", document["id"], error)
        found = response("quota", document["id"], Outcome("ok", "done"), Cost(), 0.0)
        return {**found, "data": {"x": {1}}} if way == 2 else found

    def answers_at_hand(self, documents: Sequence[object], claim: Claim | None = None) -> list[Response | None]:
        if self._chance.random() < 0.2:
            raise self._chance.choice(_FAILURES)
        return [self.answer(document) if self._chance.random() < 0.5 else None for document in documents]

    def refuse(self, document: object, error: ConnectorError) -> Response:
        return refusal(document, error)

    @property
    def ends_at_once(self) -> bool:
        if self._chance.random() < 0.1:
            raise MemoryError
        return False

    def delivered(self, response: Response) -> None:
        if self._chance.random() < 0.1:
            raise MemoryError

    def end_batch(self) -> None:
        if self._chance.random() < 0.5:
            raise self._chance.choice(_FAILURES)


class _Pieces:
    """An input that comes in pieces with failures between them; the last failure may be permanent."""

    is_terminal = False

    def __init__(self, chance: random.Random, text: bytes) -> None:
        cuts = sorted(chance.sample(range(1, len(text)), 3))
        self._pieces: list[bytes | Exception] = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)])]
        for _ in range(chance.randrange(3)):
            self._pieces.insert(chance.randrange(len(self._pieces)), MemoryError())
        if chance.random() < 0.5:
            self._pieces.append(OSError(5, "Input/output error"))

    def read(self, wait_s: float) -> bytes | None:
        piece = self._pieces.pop(0) if self._pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece


def _threads(effort: Effort) -> Tally:
    tally = Tally("lines in whose reading, answering, answering together or writing anything fails", _LOST)
    logging.getLogger("vt_connectors").addHandler(logging.NullHandler())
    for number in range(effort.times(20, 1000)):
        chance = random.Random(effort.seed + number)
        lines = chance.randrange(2, 200)
        text = b"".join(json.dumps({"id": place}).encode() + b"\n" for place in range(lines))
        loss = _ran(_Failing(chance), _Pieces(chance, text), lines)
        tally.count(*[f"{loss} (seed {effort.seed + number})"] * bool(loss))
    return tally


def _ran(core: _Failing, stdin: _Pieces, lines: int) -> str:
    out, stdout = os.pipe()
    answers: list[bytes] = []
    codes: list[int] = []

    def run() -> None:
        codes.append(Runner(core, SystemClock(), 4).run(stdin, Output(stdout)))  # type: ignore[arg-type]
        os.close(stdout)

    def read() -> None:
        with os.fdopen(out, "rb") as written:
            answers.extend(written)

    threads = [threading.Thread(target=work, daemon=True) for work in (run, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_MOST_S)
    if not codes:
        return "it did not end"
    ids = [json.loads(answer)["id"] for answer in answers]
    # A line that was being read when reading failed is answered without its id.
    is_right = len(ids) == lines and all(id_ in (None, place) for place, id_ in enumerate(ids))
    return "" if is_right and codes[0] in _DOCUMENTED else f"{len(ids)} answers to {lines} lines, status {codes[0]}"


def _spread(effort: Effort) -> Tally:
    """Requests over thousands of lines: each character is read a few times, however many there are."""
    tally = Tally("requests spread over thousands of lines, and those that break off", "read more often than 8 times")
    chance = random.Random(effort.seed)
    for number in range(effort.times(5, 100)):
        document = {"id": number, "x": [{"a": [place] * 3} for place in range(chance.randrange(100, 4000))]}
        text = json.dumps(document, indent=chance.choice([0, 1, 4])).encode()
        text = text[: chance.randrange(len(text))] if chance.random() < 0.5 else text
        reader = DocumentReader()
        found = [*reader.feed(text + b"\n"), *reader.end()]
        loss = f"{reader.examined} characters of {len(text)}" if reader.examined > 8 * len(text) + 1000 else ""
        tally.count(*[f"document {number}: {loss or 'no answer'} (seed {effort.seed})"] * bool(loss or not found))
    return tally
