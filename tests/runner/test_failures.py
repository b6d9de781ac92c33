"""What fails inside the process: threads, memory, descriptors. Each line has its answer, and the process its end."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.responses import error_of
from tests.vtaction_process import RunnerProcess, lookup
from vt_connectors.actions import ACTIONS
from vt_connectors.actions.request_batch import BatchAnswers
from vt_connectors.adapters.process import workers
from vt_connectors.adapters.process.descriptors import Input, Output
from vt_connectors.adapters.runner.runner import NO_MEMORY, Runner
from vt_connectors.clock import SystemClock
from vt_connectors.contract import FAILED, MALFORMED, OK
from vt_connectors.contract.documents import Cost, Outcome, refusal, response
from vt_connectors.contract.response import Response
from vt_connectors.contract.validation import violation
from vt_connectors.errors import ConnectorError
from vt_connectors.quota.waiters import Claim
from vt_connectors.threads import WorkThread, a_thread_was_lost, start_thread

MOST_S = 60


class FakeCore:
    """Answers with the result of `work` for a document."""

    def __init__(self, work: Callable[[Any], object] = lambda document: None) -> None:
        self.work = work

    def within(self, batch: BatchAnswers) -> Any:
        return self

    def answer(self, document: Any, claim: Claim | None = None) -> Response:
        self.work(document)
        return response("quota", document["id"], Outcome("ok", "done"), Cost(), 0.0)

    def answers_at_hand(self, documents: Sequence[object], claim: Claim | None = None) -> list[Response | None]:
        return [None] * len(documents)

    def delivered(self, response: Response) -> None:
        return None

    ends_at_once = False

    def end_batch(self) -> None:
        return None

    def refuse(self, document: object, error: ConnectorError) -> Response:
        return refusal(document, error)


def ran(core: FakeCore, text: str, clock: SystemClock | None = None) -> tuple[list[Response], int]:
    """What a runner in this process writes, and its exit status. Fails if it hangs."""
    found: list[int] = []
    (stdin, feed), (out, stdout) = os.pipe(), os.pipe()
    os.write(feed, text.encode())
    os.close(feed)
    runner = Runner(core, clock or SystemClock(), 4)
    thread = threading.Thread(target=lambda: found.append(runner.run(Input(stdin), Output(stdout))), daemon=True)
    thread.start()
    thread.join(MOST_S)
    os.close(stdout)
    with os.fdopen(out, "rb") as written:
        answers = [json.loads(line) for line in written.read().splitlines()]
    os.close(stdin)
    assert found, "it hangs"
    return answers, found[0]


def lines(count: int) -> str:
    return "".join(json.dumps({"id": number}) + "\n" for number in range(count))


def codes(answers: list[Response]) -> list[str]:
    return [answer["error"]["code"] if answer["error"] else answer["status"] for answer in answers]


@pytest.mark.parametrize(
    "failure", [ValueError, MemoryError, SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError]
)
def test_an_exception_of_any_kind_costs_its_line_only(failure: type[BaseException]) -> None:
    def fails(document: Any) -> None:
        if document["id"] % 3 == 0:
            raise failure("unexpected")

    answers, code = ran(FakeCore(fails), lines(40))
    assert [answer["id"] for answer in answers] == list(range(40))
    assert codes(answers) == ["internal" if number % 3 == 0 else "ok" for number in range(40)]
    assert "unexpected" not in json.dumps(answers)
    assert code == FAILED


class _Unwritable(FakeCore):
    def answer(self, document: Any, claim: Claim | None = None) -> Response:
        found = super().answer(document)
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        found["data"] = {0: {"x": float("nan")}, 1: {"x": {1}}, 2: {"x": deep}}.get(document["id"])
        return found


def test_an_answer_that_cannot_be_written_is_an_internal_error() -> None:
    answers, code = ran(_Unwritable(), lines(4))
    assert codes(answers) == ["internal"] * 3 + ["ok"]
    assert [answer["id"] for answer in answers] == list(range(4))
    assert code == FAILED


@pytest.mark.parametrize(
    ("action", "params"),
    [
        *((action.name, {}) for action in ACTIONS.values() if action.writes),
        *((action.name, {name: True}) for action in ACTIONS.values() for name in action.write_params),
    ],
)
def test_a_write_whose_answer_is_lost_is_outcome_unknown(action: str, params: dict[str, Any]) -> None:
    document = json.dumps({"id": 1, "action": action, "params": params})
    for core in (_Unwritable(), FakeCore(_fails)):
        answers, code = ran(core, document)
        assert codes(answers) == ["outcome_unknown"]
        assert code == FAILED


def _fails(document: Any) -> None:
    raise MemoryError


def _no_thread(*_: Any) -> int:
    raise RuntimeError("can't start new thread")


def test_without_any_thread_lines_are_answered_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vt_connectors.threads._thread.start_new_thread", _no_thread)
    answers, code = ran(FakeCore(), lines(20))
    assert codes(answers) == ["ok"] * 20
    assert [answer["id"] for answer in answers] == list(range(20))
    assert code == 0


def test_with_fewer_threads_than_wanted_all_lines_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    def some(work: Callable[[], None], name: str) -> WorkThread | None:
        started.append(1)
        return start_thread(work, name) if len(started) <= 2 else None

    monkeypatch.setattr("vt_connectors.adapters.process.workers.start_thread", some)
    answers, _ = ran(FakeCore(), lines(30))
    assert codes(answers) == ["ok"] * 30
    assert len(started) == 3, "what was refused is not asked for again"


def test_a_thread_that_dies_with_a_line_in_hand_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one does that has no memory for its next step."""

    def dies(self: workers.Job) -> None:
        if not deaths:
            deaths.append(1)
            sys.exit()
        real(self)

    deaths: list[int] = []
    real = workers.Job.run
    monkeypatch.setattr(workers.Job, "run", dies)
    answers, _ = ran(FakeCore(), lines(10))
    assert sorted(codes(answers)) == ["internal"] + ["ok"] * 9


def test_when_memory_has_run_out_what_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_TROUBLED_S", 0.5)
    for_ever = threading.Event()

    def work(document: Any) -> None:
        if document["id"] == 0:
            for_ever.wait(MOST_S * 2)
        if document["id"] == 1:
            raise MemoryError

    answers, code = ran(FakeCore(work), lines(6))
    for_ever.set()
    assert codes(answers) == ["internal", "internal", "ok", "ok", "ok", "ok"]
    assert code == FAILED


def test_a_thread_without_memory_for_its_first_step_is_known_to_be_lost() -> None:
    def fails() -> None:
        raise KeyboardInterrupt  # as a `MemoryError` where nothing can catch it

    assert not a_thread_was_lost()
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        thread = start_thread(fails, "vt-test")
        assert thread is not None
        thread.join()
        assert a_thread_was_lost()
        assert thread.was_lost
    finally:
        sys.unraisablehook = hook
        from vt_connectors import threads

        threads._STARTED.discard(thread)


class _Breaking(Input):
    """Raises each of `failures` in turn, between pieces."""

    def __init__(self, pieces: list[bytes | BaseException]) -> None:
        self.is_terminal = False
        self._pieces = iter(pieces)

    def read(self, wait_s: float) -> bytes | None:
        piece = next(self._pieces, b"")
        if isinstance(piece, BaseException):
            raise piece
        return piece


def _answers_to(pieces: list[bytes | BaseException]) -> tuple[list[Response], int]:
    out, stdout = os.pipe()
    runner = Runner(FakeCore(), SystemClock(), 4)
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(runner.run(_Breaking(pieces), Output(stdout))), daemon=True)
    thread.start()
    thread.join(MOST_S)
    os.close(stdout)
    with os.fdopen(out, "rb") as written:
        return [json.loads(line) for line in written.read().splitlines()], (found or [-1])[0]


def test_lines_that_come_after_a_failure_of_reading_are_answered_internal() -> None:
    answers, code = _answers_to([b'{"id": 1}\n', ZeroDivisionError(), b'{"id": 2}\n\n{"id"', MemoryError(), b": 3}\nx"])
    assert codes(answers) == ["ok", "internal", "internal", "internal"]
    assert error_of(answers[1])["message"].startswith("a bug in vt-connectors; the log has")
    assert code == FAILED


def test_an_input_that_breaks_is_an_end_with_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    answers, code = _answers_to([b'{"id": 1}\n{"id": 2}', OSError(5, "Input/output error")])
    assert codes(answers) == ["ok", "ok"]
    assert code == FAILED
    assert "stdin cannot be read to its end" in caplog.text


def test_an_input_that_is_no_input_is_a_failure(run: RunnerProcess, tmp_path: Path) -> None:
    for_writing = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT, 0o600)
    done = subprocess.run(
        run.command("run"), stdin=for_writing, env=run.environment, capture_output=True, timeout=MOST_S, check=False
    )
    os.close(for_writing)
    assert (done.returncode, done.stdout) == (FAILED, b"")
    assert b"stdin cannot be read to its end" in done.stderr
    assert b"Traceback" not in done.stderr


CLOSED = {0: "stdin cannot be read to its end", 1: "stdout is closed"}


@pytest.mark.parametrize("descriptor", [0, 1, 2])
def test_a_descriptor_that_is_closed_is_reported_if_it_matters(run: RunnerProcess, descriptor: int) -> None:
    """A file that is opened later does not get its number, because libraries may print to it."""
    done = subprocess.run(
        run.command("run"),
        input=json.dumps({"action": "lookup_ip", "params": {"ip": "10.0.0.1"}}).encode(),
        env=run.environment,
        capture_output=True,
        timeout=MOST_S,
        check=False,
        preexec_fn=lambda: os.close(descriptor),
    )
    assert done.returncode == {0: FAILED, 1: MALFORMED, 2: OK}[descriptor]
    assert CLOSED.get(descriptor, "") in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert codes([json.loads(line) for line in done.stdout.splitlines()]) == ["skipped"] * (descriptor == 2)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_a_full_disk_is_a_failure_that_is_reported(run: RunnerProcess) -> None:
    text = "".join(json.dumps(lookup(f"{number:032x}")) + "\n" for number in range(100)).encode()
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            run.command("run"),
            input=text,
            env=run.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=MOST_S,
            check=False,
        )
    assert done.returncode == FAILED
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal: the end that people see, and the one that a process has."""
    seen, had = pty.openpty()
    yield seen, had
    for descriptor in (seen, had):
        with contextlib.suppress(OSError):
            os.close(descriptor)


@pytest.mark.parametrize("is_of_session", [True, False])
@pytest.mark.parametrize("output_too", [True, False])
def test_a_terminal_that_hangs_up_ends_it(
    run: RunnerProcess, terminal: tuple[int, int], is_of_session: bool, output_too: bool
) -> None:
    seen, had = terminal

    def take_terminal() -> None:
        import fcntl
        import termios

        if is_of_session:
            fcntl.ioctl(had, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        run.command("run"),
        stdin=had,
        stdout=had if output_too else subprocess.PIPE,
        stderr=had if output_too else subprocess.PIPE,
        env={**run.environment, "VT_QUOTA": "1/hour"},
        start_new_session=True,
        preexec_fn=take_terminal,
    )
    os.close(had)
    os.write(seen, json.dumps({"action": "lookup_ip", "params": {"ip": "10.0.0.1"}}).encode() + b"\n")
    shown = b""
    while b"skipped" not in shown:
        shown += os.read(seen, 4096) if output_too else process.stdout.readline()  # type: ignore[union-attr]
    os.write(seen, json.dumps(lookup("1" * 32, options={"max_wait_s": 86400, "cache": "off"})).encode() + b"\n")
    os.close(seen)
    rest, errors = process.communicate(timeout=MOST_S)
    # Where nothing can be written any more, or all was answered, the end is a quiet one.
    assert process.returncode in (0, 1, 75)
    if not output_too:
        assert len(rest.splitlines()) <= 1
        assert b"Traceback" not in errors


@pytest.mark.skipif(sys.platform != "linux", reason="the limit does not hold elsewhere")
@pytest.mark.parametrize("megabytes", [40, 64, 90, 128, 200, 300, 400])
def test_a_memory_limit_costs_answers_but_no_lines_and_no_end(run: RunnerProcess, megabytes: int) -> None:
    limit = megabytes * 1024 * 1024
    text = "".join(json.dumps(lookup(f"{number:032x}", id=number)) + "\n" for number in range(20))
    process = subprocess.Popen(
        run.command("run"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=run.environment,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    out, _ = process.communicate(text.encode(), timeout=100)
    if process.returncode < 0:
        pytest.skip("Python itself ended: its own handling of errors found no memory")
    answers = [json.loads(line) for line in out.splitlines()]
    # None: it could not even start. With the smallest limit there may be no memory for an error either; the exit status
    # then says that the lines are not complete.
    assert len(answers) in (20, 0) or (megabytes == 40 and process.returncode == 1)
    assert set(codes(answers)) <= {"ok", "not_found", "internal"}
    assert process.returncode == (0 if answers and "internal" not in codes(answers) else 1)


def test_the_last_resort_keeps_the_contract() -> None:
    assert violation("response.json", json.loads(NO_MEMORY)) is None


def _next_line(process: subprocess.Popen[bytes], found: list[bytes]) -> threading.Thread:
    assert process.stdout is not None
    stdout = process.stdout
    thread = threading.Thread(target=lambda: found.append(stdout.readline()), daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(
    "text", [b'{"action": "lookup_hash", \n', b'{"action": "lookup_hash", "params": {"hash": "44d88\n', b"{bad\n"]
)
def test_a_broken_line_is_answered_while_its_sender_waits(run: RunnerProcess, text: bytes) -> None:
    process = run.start("run")
    assert process.stdin is not None
    found: list[bytes] = []
    for number in range(2):
        process.stdin.write(text)
        process.stdin.flush()
        thread = _next_line(process, found)
        thread.join(MOST_S)
        assert len(found) == number + 1, "no answer"
    assert [json.loads(line)["error"]["details"]["line"] for line in found] == [1, 2]
    out, _ = process.communicate(json.dumps(lookup()).encode(), timeout=MOST_S)
    assert json.loads(out)["status"] == "ok"
    assert process.returncode == 2


def test_a_line_without_its_end_is_answered(run: RunnerProcess) -> None:
    process = run.start("run")
    assert process.stdin is not None
    found: list[bytes] = []
    process.stdin.write(json.dumps(lookup(id="x"), indent=2).encode())
    process.stdin.flush()
    _next_line(process, found).join(MOST_S)
    assert [json.loads(line)["id"] for line in found] == ["x"]
    process.stdin.close()
    assert process.wait(MOST_S) == 0


def test_a_slow_sender_of_a_spread_request_is_waited_for(run: RunnerProcess) -> None:
    process = run.start("run")
    assert process.stdin is not None
    for line in json.dumps(lookup(id="x"), indent=2).encode().splitlines(keepends=True)[:3]:
        process.stdin.write(line)
        process.stdin.flush()
        time.sleep(2.5)
    out, _ = process.communicate(
        b"".join(json.dumps(lookup(id="x"), indent=2).encode().splitlines(keepends=True)[3:]), 60
    )
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["x"]
    assert process.returncode == 0
