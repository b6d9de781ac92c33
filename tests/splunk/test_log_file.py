"""Many processes write into one log: no line is lost or torn, and it does not grow without end."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import PROJECT
from vtlookup_app.logs.log_file import MOST_BYTES, SET_ASIDE, LogFile

_WRITE = """
import sys
from pathlib import Path
from vtlookup_app.logs.log_file import LogFile
path, writer, count, most, kept = Path(sys.argv[1]), int(sys.argv[2]), *map(int, sys.argv[3:])
log = LogFile(path, most, kept, patience_s=60)
sys.stdin.read(1)
for number in range(count):
    log.append(b'{"writer": %d, "number": %d, "text": "%s"}' % (writer, number, b"x" * (number * 37 % 300)))
"""


def writers(path: Path, processes: int, count: int, most: int, kept: int) -> list[subprocess.Popen[bytes]]:
    """Processes that are ready to write, and wait for a word."""
    return [
        subprocess.Popen(
            [sys.executable, "-c", _WRITE, str(path), *map(str, (writer, count, most, kept))],
            stdin=subprocess.PIPE,
            env={"PYTHONPATH": str(PROJECT / "splunk_app/bin")},
        )
        for writer in range(processes)
    ]


def files(path: Path) -> list[Path]:
    return sorted(path.parent.glob(path.name + "*"))


@pytest.mark.parametrize(("processes", "most"), [(16, 20_000), (4, 2_000)])
def test_no_line_of_many_processes_is_lost_or_torn(tmp_path: Path, processes: int, most: int) -> None:
    path, count = tmp_path / "vtlookup.log", 400
    started = writers(path, processes, count, most, 5000)
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
    assert [process.wait(60) for process in started] == [0] * processes
    found = [json.loads(line) for file in files(path) for line in file.read_bytes().splitlines()]
    seen = sorted((line["writer"], line["number"]) for line in found)
    assert seen == [(writer, number) for writer in range(processes) for number in range(count)]
    assert len(files(path)) > 10


def test_it_stays_bounded_while_many_write(tmp_path: Path) -> None:
    path, processes, most, kept = tmp_path / "vtlookup.log", 16, 5_000, 3
    started = writers(path, processes, 200, most, kept)
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
    assert [process.wait(60) for process in started] == [0] * processes
    assert [file.name for file in files(path)] == ["vtlookup.log", *(f"vtlookup.log.{n}" for n in (1, 2, 3))]
    # A process that opened the file before its rotation may still add one line.
    assert all(file.stat().st_size <= 2 * most + processes * 400 for file in files(path))
    assert {stat.S_IMODE(file.stat().st_mode) for file in files(path)} == {0o600}


def test_the_oldest_goes_and_the_newest_stays(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "a.log", most_bytes=30, set_aside=2)
    for number in range(10):
        log.append(b"line %02d...." % number)
    kept = [(tmp_path / name).read_text().split("\n")[:-1] for name in ("a.log.2", "a.log.1", "a.log")]
    assert kept == [["line 04....", "line 05...."], ["line 06....", "line 07...."], ["line 08....", "line 09...."]]


def test_a_process_that_died_while_renaming_a_file_blocks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    log = LogFile(path, most_bytes=30, set_aside=3)
    for number in range(2, 6):
        log.append(b"line %02d...." % number)
    # It had moved the older one, and not yet the newer.
    (tmp_path / "a.log.1").rename(tmp_path / "a.log.2")
    log.append(b"line 06....")
    assert [log_of(file) for file in files(path)] == [
        ["line 06...."],
        ["line 04....", "line 05...."],
        ["line 02....", "line 03...."],
    ]


def log_of(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_while_another_sets_it_aside_lines_go_on_and_only_so_far(tmp_path: Path) -> None:
    import fcntl

    path = tmp_path / "a.log"
    log = LogFile(path, most_bytes=100, set_aside=2, patience_s=0)
    log.append(b"x" * 98)
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        log.append(b"y" * 98)
        log.append(b"z" * 98)
        with pytest.raises(OSError, match="too large"):
            log.append(b"never")
        assert [file.name for file in files(path)] == ["a.log"]
    log.append(b"after")
    assert log_of(path) == ["after"]
    assert len(log_of(tmp_path / "a.log.1")) == 3


def test_all_files_together_are_bounded() -> None:
    assert MOST_BYTES * (SET_ASIDE + 1) <= 25_000_000
