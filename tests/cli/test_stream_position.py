"""The position in the IoC stream is kept when the answer was written, and only then: real processes, broken outputs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vtaction_process import RunnerProcess, vtaction_process
from vt_connectors.sandbox import Licence, Quota, SandboxConfig, SandboxServer

from .streams import into, small_pipe

INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"
# More than a page; and their answer is larger than a small pipe.
MANY = 50
POLL = json.dumps({"action": "ioc_stream", "params": {"limit": 500}}).encode() + b"\n"
WAYS = [("ioc_stream", "--limit", "500", "--json"), ("ioc_stream", "--limit", "500"), ("run",)]
each_way = pytest.mark.parametrize("way", WAYS, ids=" ".join)


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[RunnerProcess]:
    """A stream with many notifications, so that their answer does not fit into a pipe."""
    config = SandboxConfig(licences=frozenset({Licence.PREMIUM}), stream_every_s=0)
    with SandboxServer(Quota.unlimited(), config=config) as server:
        for _ in range(MANY):
            server.app.notify("file", INVOICE, "a_rule")
        yield vtaction_process(server, tmp_path)


def polled(stream: RunnerProcess) -> int:
    """How many notifications the next poll has."""
    return len(stream({"action": "ioc_stream", "params": {"limit": 500}}).lines[0]["data"]["notifications"])


@each_way
def test_a_poll_that_was_written_is_not_repeated(stream: RunnerProcess, way: tuple[str, ...]) -> None:
    done = stream.ended(way, {}, stdin=POLL)
    assert (done.returncode, done.stdout != b"") == (0, True)
    assert polled(stream) == 0


@each_way
def test_a_poll_whose_reader_left_is_repeated(stream: RunnerProcess, way: tuple[str, ...]) -> None:
    process = stream.fork(*way)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.close()
    process.communicate(POLL) if way == ("run",) else process.wait()
    assert polled(stream) == MANY


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@each_way
def test_a_poll_that_could_not_be_written_is_repeated(stream: RunnerProcess, way: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        into(full, stream, *way, given=POLL)
    assert polled(stream) == MANY


@each_way
def test_a_process_that_is_killed_while_it_writes_is_repeated(stream: RunnerProcess, way: tuple[str, ...]) -> None:
    reader, writer = small_pipe()
    with os.fdopen(writer, "wb", buffering=0) as theirs:
        process = stream.fork(*way, stdout=theirs)
    assert process.stdin is not None
    process.stdin.write(POLL)
    process.stdin.flush()
    # The answer has begun, and the rest does not fit into the pipe.
    assert os.read(reader, 1)
    process.kill()
    os.close(reader)
    process.communicate()
    assert polled(stream) == MANY
