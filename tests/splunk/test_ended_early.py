"""A cancelled search: its process ends within two seconds during any wait, and stores its answers."""

from __future__ import annotations

import contextlib
import io
import signal
import time
from collections.abc import Iterator, Sequence
from typing import IO, Any

import pytest

from package.splunkd_driver.csv_body import encode_body
from package.splunkd_driver.driver import Reply, SearchInfo
from package.splunkd_driver.wire import encode_frame, read_frame
from vt_connectors.sandbox import Quota, SandboxServer

from .searching import Lookup, md5

# Two seconds, on a machine that has nothing else to do. What it would wait for otherwise takes minutes.
SOON_S = 30.0
PATIENT = ("hash=x", "wait=600")
EVENTS = [{"x": md5(number)} for number in range(20)]


class Running:
    """A search's process, to be treated badly."""

    def __init__(self, lookup: Lookup, *args: str, **searchinfo: Any) -> None:
        self.process = lookup.running()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin: IO[bytes] = self.process.stdin
        self.stdout: IO[bytes] = self.process.stdout
        self.send(SearchInfo(args, dispatch_dir=str(lookup.home), **searchinfo).as_metadata())
        assert read_frame(self.stdout) is not None

    def send(self, metadata: dict[str, Any], body: bytes = b"") -> None:
        self.stdin.write(encode_frame(metadata, body))
        self.stdin.flush()

    def execute(self, events: Sequence[dict[str, str]], *, finished: bool = False) -> None:
        self.send({"action": "execute", "finished": finished}, encode_body(list(events[0]), events))

    def end(self, within_s: float = SOON_S) -> list[Reply]:
        """The replies that were still to come, when the process has ended well and soon."""
        began = time.monotonic()
        if not self.stdin.closed:
            self.stdin.close()
        output, errors = self.stdout.read(), (self.process.stderr or io.BytesIO()).read()
        code = self.process.wait(30)
        took = time.monotonic() - began
        assert (code, errors) == (0, b"")
        assert took < within_s
        source = io.BytesIO(output)
        return list(iter(lambda: read_frame(source), None))


@pytest.fixture
def running() -> Iterator[list[Running]]:
    """Whatever a test leaves behind is ended."""
    made: list[Running] = []
    yield made
    for each in made:
        each.process.kill()
        each.process.wait()
        for stream in (each.stdin, each.stdout, each.process.stderr):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()


def until_asked(server: SandboxServer, count: int = 1) -> None:
    give_up = time.monotonic() + 60
    while len(server.all_requests) < count:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    time.sleep(1.0)  # for the answer to be kept


def waiting(lookup: Lookup, sandbox: SandboxServer, running: list[Running]) -> Running:
    """A search that has an answer, and waits for quota for the others."""
    search = Running(lookup.set(VT_QUOTA="1/minute"), *PATIENT)
    running.append(search)
    search.execute(EVENTS)
    until_asked(sandbox)
    return search


def hang_up(search: Running) -> None:
    search.stdin.close()


def terminate(search: Running) -> None:
    search.process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("cancel", [hang_up, terminate])
def test_a_search_that_waits_for_quota_ends_and_gives_what_it_has(
    everywhere: Lookup, sandbox: SandboxServer, running: list[Running], cancel: Any
) -> None:
    search = waiting(everywhere, sandbox, running)
    cancel(search)
    (reply,) = search.end()
    rows = [(record["x"], record["vt_status"], record["vt_error"]) for record in reply.records]
    assert [value for value, _, _ in rows] == [event["x"] for event in EVENTS]
    assert [status for _, status, _ in rows].count("pending") == 19
    assert all(str(error).startswith("cancelled: ") for _, status, error in rows if status == "pending")
    assert len(sandbox.all_requests) == 1
    kept = everywhere([EVENTS], "hash=x", "cache=only")
    assert [record["vt_status"] for record in kept.records].count("skipped") == 19


@pytest.mark.parametrize("cancel", [hang_up, terminate])
def test_a_request_without_an_answer_is_not_waited_for(lookup: Lookup, running: list[Running], cancel: Any) -> None:
    with SandboxServer(Quota.unlimited(), latency_s=100) as slow:
        search = Running(lookup.set(VT_API_URL=slow.url), *PATIENT)
        running.append(search)
        search.execute(EVENTS)
        time.sleep(1.0)
        cancel(search)
        replies = search.end()
        assert [record["vt_status"] for reply in replies for record in reply.records] == ["pending"] * 20


def test_a_search_that_waits_for_its_next_chunk_ends(started_everywhere: Lookup, running: list[Running]) -> None:
    search = Running(started_everywhere, "hash=x", "cache=only")
    running.append(search)
    search.execute(EVENTS)
    assert read_frame(search.stdout) is not None
    terminate(search)
    assert search.process.wait(SOON_S) == 0
    assert search.end() == []


def test_an_unread_answer_keeps_no_process(lookup: Lookup, running: list[Running]) -> None:
    search = Running(lookup, "hash=x", "cache=only")
    running.append(search)
    search.execute([{"x": "", "text": "y" * 5_000_000}])
    time.sleep(1.0)
    terminate(search)
    search.process.wait(SOON_S)


def test_a_closed_pipe_is_not_an_error(lookup: Lookup, running: list[Running]) -> None:
    search = Running(lookup, "hash=x", "cache=only")
    running.append(search)
    search.stdout.close()
    search.execute([{"x": "", "text": "y" * 1_000_000}])
    assert search.process.wait(60) == 0
    assert search.process.stderr is not None
    assert search.process.stderr.read() == b""


@pytest.mark.parametrize("cut", [5, 40, 60])
def test_an_input_that_ends_within_a_chunk_ends_the_search(lookup: Lookup, running: list[Running], cut: int) -> None:
    search = Running(lookup, "hash=x")
    running.append(search)
    frame = encode_frame({"action": "execute", "finished": False}, encode_body(["x"], EVENTS))
    search.stdin.write(frame[:cut])
    assert search.end() == []


@pytest.mark.parametrize("finished", [[False, True], [True]])
def test_a_client_that_sends_all_lines_and_closes_gets_all_answers(
    lookup: Lookup, running: list[Running], finished: list[bool]
) -> None:
    search = Running(lookup.set(VT_QUOTA="2/1s"), "hash=x", "wait=20")
    running.append(search)
    for number, last in enumerate(finished):
        search.execute([{"x": md5(10 * number + event)} for event in range(4)], finished=last)
    search.stdin.close()
    replies = [read_frame(search.stdout) for _ in finished]
    statuses = [record["vt_status"] for reply in replies if reply for record in reply.records]
    assert len(statuses) == 4 * len(finished)
    assert {*statuses} <= {"ok", "not_found"}
    assert search.end() == []
