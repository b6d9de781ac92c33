"""One SQLite file, many processes, and all kinds of damage."""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Literal

import pytest

from tests.state.files import DAMAGES, REBUILT, SCHEMA, note, notes, state_file
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.backends.sqlite.own_file import OwnFile
from vt_connectors.state.fallback import StateUnavailable

PROJECT = Path(__file__).resolve().parents[2]
# Each of them while three threads write nearly all the time.
_FORKS = 5


def _filled(path: Path) -> None:
    file = state_file(path)
    for number in range(40):
        note(file, f"note {number}")
    file.close()


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_and_a_new_folder_are_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    path = tmp_path / "made" / "here" / "state.db"
    file = state_file(path)  # held: what lies beside it goes with its last connection
    note(file, "a")
    assert _mode(path.parent) == 0o700
    assert {entry.name: _mode(entry) for entry in path.parent.iterdir()} == {
        "state.db": 0o600,
        "state.db-wal": 0o600,
        "state.db-shm": 0o600,
    }
    assert _mode(tmp_path) == 0o755, "a folder that was there is left as it is"


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    file = state_file(tmp_path / "state.db")

    def broken(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO note VALUES ('a', '')")
        raise KeyError("in the middle")

    with pytest.raises(KeyError):
        file.write(broken)
    note(file, "b")
    assert notes(file) == ["b"]


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_a_file_damaged_during_use_works_or_is_made_again(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "state.db"
    _filled(path)
    file = state_file(path)
    assert len(notes(file)) == 40
    DAMAGES[damage](path)
    note(file, "after")
    seen = notes(state_file(path))
    assert "after" in seen
    assert REBUILT in seen or len(seen) == 41, "what the write-ahead log holds mends some damage"


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_a_damaged_file_is_renamed_and_made_again_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    path = tmp_path / "state.db"
    _filled(path)
    DAMAGES[damage](path)
    note(state_file(path), "after")
    other = state_file(path)
    assert {"after", REBUILT} <= set(notes(other)), "and the loss was reported"
    bad = list(tmp_path.glob("state.db.bad-*"))
    assert len(bad) == 1
    assert _mode(path) == 0o600
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "it was renamed to" in caplog.text


def test_no_damage_is_undetected(tmp_path: Path) -> None:
    """Damage at every place of the file: it works, or raises an error."""
    path = tmp_path / "state.db"
    _filled(path)
    whole = path.read_bytes()
    for place in range(0, len(whole), 997):
        for old in tmp_path.iterdir():
            if old != path:
                old.unlink()
        path.write_bytes(whole[:place] + b"\xff\x00\xa5\x5a" * 25 + whole[place + 100 :])
        file = state_file(path)
        try:
            notes(file)
            note(file, "after")
        except StateUnavailable:
            continue
        finally:
            file.close()


def test_a_file_with_a_changed_schema_is_damaged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "state.db"
    _filled(path)
    path.write_bytes(path.read_bytes().replace(b"name TEXT PRIMARY", b"nane TEXT PRIMARY"))
    assert notes(state_file(path)) == [REBUILT]
    assert "no such column: name" in caplog.text
    assert len(list(tmp_path.glob("state.db.bad-*"))) == 1


def test_the_log_of_an_earlier_file_is_not_applied_to_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    file = state_file(path)
    note(file, "old")
    for suffix in ("-wal", "-shm"):
        shutil.copy2(path.with_name(path.name + suffix), tmp_path / f"left{suffix}")
    file.close()
    path.unlink()
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"left{suffix}").rename(path.with_name(path.name + suffix))
    file = state_file(path)
    note(file, "new")
    assert notes(file) == ["new"]
    assert file.read(lambda db: db.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"


def test_a_file_deleted_while_it_is_open_is_made_again_and_the_loss_is_known(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    file = state_file(path)
    note(file, "before")
    for entry in list(tmp_path.iterdir()):
        entry.unlink()
    note(file, "after")
    assert notes(state_file(path)) == ["after", REBUILT]


def test_a_new_file_has_lost_nothing(tmp_path: Path) -> None:
    assert notes(state_file(tmp_path / "state.db")) == []


def test_a_newer_versions_file_is_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    _filled(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StateUnavailable, match="newer version"):
        notes(state_file(path))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.glob("*.bad-*")] == []


def _below_a_file(path: Path) -> Path:
    path.write_text("a file", "utf-8")
    return path / "state.db"


@pytest.mark.parametrize("make", [_below_a_file, lambda path: Path("/proc/no/state.db")])
def test_a_path_that_cannot_be_a_file_is_unavailable(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    file = state_file(make(tmp_path / "state.db"), patience_s=0.05)
    for use in (notes, lambda file: note(file, "a")):
        with pytest.raises(StateUnavailable, match="cannot be used"):
            use(file)


def test_a_file_locked_for_long_is_unavailable_and_free_again_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    file, other = state_file(path, patience_s=0.05), state_file(path)

    def meanwhile(_: sqlite3.Connection) -> None:
        failures: list[Exception] = []

        def attempt() -> None:
            try:
                note(file, "a")
            except StateUnavailable as failure:
                failures.append(failure)

        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
        assert "locked" in str(failures[0])

    other.write(meanwhile)
    note(file, "b")
    assert notes(file) == ["b"]


def test_a_full_disk_is_unavailable_and_what_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    _filled(path)
    script = """
import resource, signal, sys
from pathlib import Path
from vt_connectors.state.fallback import StateUnavailable
from tests.state.files import note, notes, state_file
path = Path(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, path.stat().st_size))
file = state_file(path, patience_s=0.05)
assert len(notes(file)) == 40
try:
    for number in range(1000):
        note(file, f"more {number}")
except StateUnavailable as failure:
    print(failure)
assert len(notes(file)) >= 40
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, cwd=PROJECT, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "cannot be used" in done.stdout
    assert "note 1" in notes(state_file(path))
    assert list(tmp_path.glob("*.bad-*")) == []


_EIGHT = """
import sys
from pathlib import Path
from tests.state.files import note, notes, state_file
sys.stdin.readline()
file = state_file(Path(sys.argv[1]))
for number in range(5):
    note(file, f"{sys.argv[2]} {number}")
"""


def _eight_at_once(path: Path) -> list[str]:
    """Eight processes write five notes each. Returns their output."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _EIGHT, str(path), str(number)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
        )
        for number in range(8)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, said
    return said


def test_eight_processes_may_make_the_file_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "state.db"
    assert _eight_at_once(path) == [""] * 8
    assert len(notes(state_file(path))) == 40
    assert [entry.name for entry in path.parent.iterdir() if not entry.name.startswith("state.db")] == []


def test_eight_processes_rename_a_damaged_file_once(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    _filled(path)
    DAMAGES["header"](path)
    said = _eight_at_once(path)
    assert notes(state_file(path)) == sorted([f"{each} {n}" for each in range(8) for n in range(5)] + [REBUILT])
    assert len(list(tmp_path.glob("state.db.bad-*"))) == 1
    assert sum("it was renamed to" in text for text in said) == 1


def test_a_file_that_another_process_begins_to_replace_before_it_is_opened_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.db"
    _filled(path)
    as_it_is = OwnFile.open

    def moved_first(own: OwnFile) -> sqlite3.Connection:
        if not list(tmp_path.glob("*.bad-*")):
            path.rename(tmp_path / "state.db.bad-1-abcd")
        return as_it_is(own)

    monkeypatch.setattr(OwnFile, "open", moved_first)
    note(state_file(path), "after")
    assert notes(state_file(path)) == ["after", REBUILT]


def test_opening_it_in_one_thread_leaves_the_locks_of_another_in_place(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    file = SqliteFile(path, SCHEMA, "TRUNCATE")
    script = """
import sys
from pathlib import Path
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.state.fallback import StateUnavailable
from tests.state.files import SCHEMA, note
try:
    note(SqliteFile(Path(sys.argv[1]), SCHEMA, "TRUNCATE", patience_s=0.05), "intruder")
except StateUnavailable:
    print("locked out")
"""

    def meanwhile(_: sqlite3.Connection) -> str:
        reader = threading.Thread(target=lambda: notes(file))
        reader.start()
        reader.join()
        command = [sys.executable, "-c", script, str(path)]
        return subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=True).stdout

    assert file.write(meanwhile) == "locked out\n"


def test_behind_a_link_the_file_it_points_to_is_made_and_mended(tmp_path: Path) -> None:
    link, real = tmp_path / "link.db", tmp_path / "other disk" / "state.db"
    link.symlink_to(real)
    note(state_file(link), "a")
    DAMAGES["empty"](real)
    note(state_file(link), "b")
    assert link.is_symlink()
    assert notes(state_file(real)) == ["b", REBUILT]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_opens_a_separate_connection(tmp_path: Path) -> None:
    file = state_file(tmp_path / "state.db")
    note(file, "parent")
    child = os.fork()
    if child == 0:
        note(file, "child")
        os._exit(0 if notes(file) == ["child", "parent"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    note(file, "parent again")
    assert notes(file) == ["child", "parent", "parent again"]
    assert file.read(lambda db: db.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"


def test_closing_all_closes_every_threads_connection_and_later_ones_open_again(tmp_path: Path) -> None:
    file = state_file(tmp_path / "state.db")
    note(file, "mine")
    noted, ended = threading.Event(), threading.Event()

    def other() -> None:
        note(file, "theirs")
        noted.set()
        ended.wait(60)
        note(file, "theirs again")

    thread = threading.Thread(target=other)
    thread.start()
    assert noted.wait(60)
    file.close_all()
    assert not any(path.name.startswith("state.db-") for path in tmp_path.iterdir()), "the last one out clears up"
    ended.set()
    thread.join()
    assert notes(file) == ["mine", "theirs", "theirs again"]


def test_a_thread_that_ends_leaves_no_connection_open(tmp_path: Path) -> None:
    file = state_file(tmp_path / "state.db")
    thread = threading.Thread(target=note, args=(file, "a"))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        thread.start()
        thread.join()
    assert not (tmp_path / "state.db-wal").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("journal", ["WAL", "TRUNCATE"])
def test_a_process_forked_while_other_threads_write_is_not_locked_out(
    tmp_path: Path, journal: Literal["WAL", "TRUNCATE"]
) -> None:
    file = SqliteFile(tmp_path / "state.db", SCHEMA, journal, patience_s=5)
    over = threading.Event()
    count = itertools.count()

    def write() -> None:
        while not over.is_set():
            note(file, f"parent {next(count)}")

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        for number in range(_FORKS):
            child = os.fork()
            if child == 0:
                note(file, f"child {number}")
                os._exit(0 if f"child {number}" in notes(file) else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        over.set()
        for writer in writers:
            writer.join()
    assert sum(name.startswith("child") for name in notes(file)) == _FORKS
    assert file.read(lambda db: db.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"
