"""`vtaction enrich` as a process in a pipe: signals, ends, slow readers."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tests.enrich.events import KNOWN, events_of, line, md5, running
from tests.vtaction_process import EICAR, RunnerProcess, vtaction_process
from vt_connectors.sandbox import Quota, SandboxServer

# Long enough on any machine; nothing takes so long.
_MOST_S = 90.0


def _ends(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    out, err = process.communicate(timeout=_MOST_S)
    assert process.returncode == 0, err
    return out, err


def _stdin(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdin is not None
    return process.stdin


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], _MOST_S)[0]
    return process.stdout.readline()


@contextmanager
def _silent() -> Iterator[SandboxServer]:
    """A server that takes requests and does not answer them."""
    over = threading.Event()

    def stay(_: float) -> None:
        over.wait()

    with SandboxServer(Quota.unlimited(), latency_s=1, sleep=stay) as server:
        try:
            yield server
        finally:
            over.set()


def test_an_event_is_answered_while_the_input_stays_open(run: RunnerProcess) -> None:
    with running(run) as process:
        for _ in range(3):
            _stdin(process).write(KNOWN.encode())
            _stdin(process).flush()
            assert json.loads(_first_line(process))["vt_status"] == "ok"
        _ends(process)


def test_unless_told_to_no_event_waits_and_what_has_no_answer_is_queued(tmp_path: Path) -> None:
    with _silent() as slow:
        run = vtaction_process(slow, tmp_path)
        with run.start("enrich", "--field", "md5") as process:
            for number in range(3):
                _stdin(process).write(line(n=number, md5=md5(1)).encode())
                _stdin(process).flush()
                event = json.loads(_first_line(process))
                assert (event["n"], event["vt_status"], event["vt_queued"]) == (number, "pending", True)
                assert event["vt_error"].startswith("timeout: there is no answer yet")
            _ends(process)
    with SandboxServer(Quota.unlimited(), port=urlsplit(slow.url).port or 0) as fast:
        drained = json.loads(vtaction_process(fast, tmp_path).text("drain", "--keep", "0").stdout)
    assert drained["not_found"] + drained["answered"] == 1


def test_later_events_get_the_answer_that_the_first_did_not_wait_for(
    run: RunnerProcess, sandbox: SandboxServer
) -> None:
    give_up = time.monotonic() + _MOST_S
    with run.start("enrich", "--field", "md5") as process:
        status = "pending"
        while status == "pending":
            _stdin(process).write(KNOWN.encode())
            _stdin(process).flush()
            status = json.loads(_first_line(process))["vt_status"]
            assert time.monotonic() < give_up
        _ends(process)
    assert (status, len(sandbox.requests)) == ("ok", 1)
    drained = json.loads(run.text("drain", "--keep", "0").stdout)
    assert (drained["left"], len(sandbox.requests)) == (0, 1), "an answer takes its value from the queue"


def test_what_was_written_before_sigterm_comes_out_complete_and_in_order(run: RunnerProcess) -> None:
    with running(run) as process:
        _stdin(process).write(KNOWN.encode())
        _stdin(process).flush()
        first = _first_line(process)
        _stdin(process).write("".join(line(n=number, md5=EICAR) for number in range(2, 300)).encode())
        _stdin(process).flush()
        process.send_signal(signal.SIGTERM)
        out, _ = _ends(process)
    assert [event["n"] for event in events_of((first + out).decode())] == list(range(1, 300))


def test_a_lookup_in_flight_at_sigterm_is_pending_and_queued(tmp_path: Path) -> None:
    with _silent() as slow:
        run = vtaction_process(slow, tmp_path)
        with running(run) as process:
            _stdin(process).write((line(n=1, md5=md5(1)) + line(n=2, md5=md5(2))).encode())
            _stdin(process).flush()
            while not slow.all_requests:
                threading.Event().wait(0.02)
            process.send_signal(signal.SIGTERM)
            out, _ = _ends(process)
        events = events_of(out.decode())
        assert [(event["n"], event["vt_status"]) for event in events] == [(1, "pending"), (2, "pending")]
        assert {event["vt_error"].split(":")[0] for event in events} == {"cancelled"}
        assert [event["vt_queued"] for event in events] == [True, True]
    with SandboxServer(Quota.unlimited(), port=urlsplit(slow.url).port or 0) as fast:
        drained = json.loads(vtaction_process(fast, tmp_path).text("drain", "--keep", "0").stdout)
    assert drained["not_found"] + drained["answered"] == 2


def test_events_before_a_slow_lookup_come_out_before_its_answer(tmp_path: Path) -> None:
    with _silent() as slow, running(vtaction_process(slow, tmp_path)) as process:
        _stdin(process).write((line(n=0, md5="no hash") + line(n=1, md5=md5(1)) + line(n=2)).encode())
        _stdin(process).flush()
        assert json.loads(_first_line(process))["n"] == 0
        process.send_signal(signal.SIGTERM)
        out, _ = _ends(process)
    assert [event["n"] for event in events_of(out.decode())] == [1, 2]


def test_a_reader_that_does_not_read_holds_up_the_writer_and_loses_nothing(run: RunnerProcess) -> None:
    count, padding = 20_000, "x" * 400
    text = "".join(line(n=number, md5=EICAR, padding=padding) for number in range(count)).encode()
    all_written = threading.Event()
    with running(run, "--only", "verdict") as process:

        def write() -> None:
            _stdin(process).write(text)
            _stdin(process).close()
            all_written.set()

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        assert not all_written.wait(2), "what nobody reads would be in memory"
        assert process.stdout is not None
        events = events_of(process.stdout.read().decode())
        writer.join(_MOST_S)
        assert process.wait(_MOST_S) == 0
    assert [event["n"] for event in events] == list(range(count))
    assert {event["vt_verdict"] for event in events} == {"malicious"}


def test_a_reader_that_has_gone_ends_it_quietly(run: RunnerProcess) -> None:
    with running(run) as process:
        assert process.stdout is not None
        process.stdout.close()
        _stdin(process).write(KNOWN.encode())
        _stdin(process).close()
        assert process.wait(_MOST_S) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_logs_go_to_stderr_alone_and_never_have_the_key(run: RunnerProcess) -> None:
    done = run.text("enrich", "--field", "md5", "--log-level", "debug", "--log-json", stdin=KNOWN + "garbage\n")
    assert len(events_of(done.stdout.replace("garbage", "{}"))) == 2
    assert all(json.loads(told) for told in done.stderr.splitlines())
    assert run.environment["VT_API_KEY"] not in done.stdout + done.stderr
