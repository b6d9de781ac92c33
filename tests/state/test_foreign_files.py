"""A file that this product did not make stays unchanged, even if a setting names it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from pathlib import Path
from typing import Callable

import pytest

from tests.responses import error_of
from tests.state.files import DAMAGES
from tests.state.test_lookups_go_on import Harness
from tests.vtaction_process import RunnerProcess, lookup
from vt_connectors.backends.sqlite.answers import SCHEMA
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.errors import ConfigError
from vt_connectors.state import atomic_replace as placing
from vt_connectors.state.ownership import CACHE_ID, QUOTA_ID

Make = Callable[[Path], object]
Seen = dict[str, tuple[int, int, bytes]]


def seen_in(folder: Path) -> Seen:
    """Every file below `folder`: its inode number, mode and content."""
    return {
        str(path): (path.stat().st_ino, path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
        if not path.is_fifo()
    }


def _database(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in ("CREATE TABLE mail (text TEXT)", "INSERT INTO mail VALUES ('dear')", *statements):
        connection.execute(statement)
    connection.commit()
    connection.close()


def _database_in_use(path: Path) -> None:
    """A file of a killed process: its last changes are only in the write-ahead log."""
    _database(path, "PRAGMA user_version=1")
    held = sqlite3.connect(path)
    held.execute("PRAGMA journal_mode=WAL")
    held.execute("INSERT INTO mail VALUES ('in the log alone')")
    held.commit()
    left = path.with_name("left")
    left.mkdir()
    for suffix in ("", "-wal", "-shm"):
        shutil.copyfile(f"{path}{suffix}", left / f"{path.name}{suffix}")
    held.close()
    for file in left.iterdir():
        file.replace(path.with_name(file.name))
    left.rmdir()


def _of_the_other_kind(path: Path) -> None:
    _database(path, f"PRAGMA application_id={QUOTA_ID if 'quota' not in path.name else CACHE_ID}")


def _with_our_tables_and_others(path: Path) -> None:
    _database(path, *SCHEMA.split(";"), "PRAGMA user_version=1")


FOREIGN: dict[str, Make] = {
    "a text": lambda path: path.write_text("ssh-ed25519 AAAA me@example\n", "utf-8"),
    "an empty file": Path.touch,
    "the beginning of a database": lambda path: path.write_bytes(b"SQLite format 3\x00"),
    "something large": lambda path: path.write_bytes(os.urandom(300_000)),
    "a database": _database,
    "a database of version 1": lambda path: _database(path, "PRAGMA user_version=1"),
    "a database of a program that says its name": lambda path: _database(
        path, "PRAGMA user_version=1", "PRAGMA application_id=4711"
    ),
    "a database with a log beside it": _database_in_use,
    "a database with our tables and others": _with_our_tables_and_others,
    "one of ours for another use": _of_the_other_kind,
    "the source of our tables": lambda path: path.write_text(SCHEMA, "utf-8"),
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
}
NAMES = ("state.db", "state-quota.db")


def _used(state: Path, *values: str) -> None:
    """A process used it, and has ended."""
    core = Harness(state, "9/minute").core()
    for value in values or ("a" * 32,):
        assert core.answer(lookup(value))["status"] == "ok"
    core.close()


def _refused(state: Path) -> None:
    """Every use is a `config_error` that names the file."""
    harness = Harness(state)
    with pytest.raises(ConfigError, match=r"VT_STATE|state file") as caught:
        harness.core()
    assert str(state.parent) in caught.value.message
    assert harness.virustotal.asked == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("foreign", sorted(FOREIGN))
def test_a_foreign_file_is_a_config_error_and_stays_untouched(tmp_path: Path, foreign: str, name: str) -> None:
    FOREIGN[foreign](tmp_path / name)
    before = seen_in(tmp_path)
    _refused(tmp_path / "state.db")
    assert seen_in(tmp_path) == before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("foreign", sorted(FOREIGN))
def test_a_foreign_file_behind_a_link_stays_untouched(tmp_path: Path, foreign: str, name: str) -> None:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    FOREIGN[foreign](folder / f"precious{name}")
    (tmp_path / name).symlink_to(folder / f"precious{name}")
    before = seen_in(folder)
    _refused(tmp_path / "state.db")
    assert seen_in(folder) == before
    assert (tmp_path / name).is_symlink()


@pytest.mark.parametrize("foreign", sorted(FOREIGN))
def test_a_foreign_file_that_replaces_ours_stays_untouched(tmp_path: Path, foreign: str) -> None:
    harness = Harness(tmp_path / "state.db", "9/minute")
    _used(tmp_path / "state.db")
    core = harness.core()
    for path in list(tmp_path.iterdir()):
        path.unlink()
    for name in NAMES:
        FOREIGN[foreign](tmp_path / name)
    before = seen_in(tmp_path)
    assert error_of(core.answer(lookup("f" * 32)))["code"] == "config_error"
    _refused(tmp_path / "state.db")
    assert seen_in(tmp_path) == before


@pytest.mark.parametrize("name", NAMES)
def test_another_programs_database_written_over_ours_is_foreign(tmp_path: Path, name: str) -> None:
    _used(tmp_path / "state.db")
    _database(tmp_path / "mail.db", "PRAGMA user_version=1")
    (tmp_path / name).write_bytes((tmp_path / "mail.db").read_bytes())
    before = seen_in(tmp_path)[str(tmp_path / name)]
    answer = Harness(tmp_path / "state.db", "9/minute").answer("f" * 32)
    assert answer["error"]["code"] == "config_error"
    assert seen_in(tmp_path)[str(tmp_path / name)] == before


def _text(path: Path, precious: Path) -> None:
    path.write_text("mine", "utf-8")


def _link(path: Path, precious: Path) -> None:
    path.symlink_to(precious)


def _second_name(path: Path, precious: Path) -> None:
    os.link(precious, path)


def _folder(path: Path, precious: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("name", [f"{name}{suffix}" for name in NAMES for suffix in ("-wal", "-shm", "-journal")])
@pytest.mark.parametrize(
    ("make", "with_the_file"),
    [(_text, False), *((make, there) for make in (_link, _second_name, _folder) for there in (True, False))],
)
def test_names_that_sqlite_writes_to_are_not_followed_and_what_is_there_stays(
    tmp_path: Path, name: str, make: Callable[[Path, Path], None], with_the_file: bool
) -> None:
    state, precious = tmp_path / "state" / "state.db", tmp_path / "precious"
    _used(state)
    precious.write_text("precious", "utf-8")
    for path in state.parent.iterdir():
        if not with_the_file or path.name == name:
            path.unlink()
    make(state.parent / name, precious)
    before = seen_in(tmp_path)
    _refused(state)
    assert seen_in(tmp_path) == before


def _without_application_id(path: Path) -> None:
    """A file of an earlier version."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("PRAGMA application_id=0")
    connection.execute("DROP TABLE IF EXISTS quota_record")
    connection.commit()
    connection.close()
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


def test_files_of_an_earlier_version_are_taken_over_once(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    _used(state)
    harness = Harness(state, "1/minute")
    for name in NAMES:
        _without_application_id(tmp_path / name)
    before = {name: (tmp_path / name).stat().st_ino for name in NAMES}
    assert harness.answer("a" * 32)["meta"]["source"] == "cache"
    assert harness.answer("f" * 32)["error"]["code"] == "rate_limited", "and what was used is still known"
    assert {name: (tmp_path / name).stat().st_ino for name in NAMES} == before
    for name, application_id in zip(NAMES, (CACHE_ID, QUOTA_ID)):
        with sqlite3.connect(tmp_path / name) as connection:
            assert connection.execute("PRAGMA application_id").fetchone() == (application_id,)
        connection.close()


@pytest.mark.parametrize("damage", sorted(DAMAGES))
@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_of_ours_is_kept_under_another_name(tmp_path: Path, damage: str, name: str) -> None:
    _used(tmp_path / "state.db", *(f"{number:032x}" for number in range(9)))
    DAMAGES[damage](tmp_path / name)
    damaged = (tmp_path / name).stat().st_ino
    Harness(tmp_path / "state.db", "9/minute").answer("f" * 32)
    [bad] = tmp_path.glob("*.bad-*")
    assert bad.stat().st_ino == damaged


def test_without_extended_attributes_a_whole_file_is_ours_and_a_damaged_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object, **__: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", unsupported)
    monkeypatch.setattr(os, "getxattr", unsupported)
    state = tmp_path / "state.db"
    for _ in range(2):
        _used(state)
    DAMAGES["header"](state)
    before = seen_in(tmp_path)
    _refused(state)
    assert seen_in(tmp_path) == before
    state.unlink()
    _used(state)


def test_a_renamed_damaged_file_is_not_overwritten_by_the_next(tmp_path: Path) -> None:
    for number in range(4):
        _used(tmp_path / "state.db", f"{number:032x}")
        DAMAGES["header"](tmp_path / "state.db")
    assert len(list(tmp_path.glob("state.db.bad-*"))) == 3


def test_a_file_that_appears_between_check_and_move_is_not_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user of the folder swaps the file at each possible step."""
    path, precious = tmp_path / "state" / "state.db", tmp_path / "precious"
    for step in ("rename", "link", "unlink"):
        shutil.rmtree(path.parent, ignore_errors=True)
        file = SqliteFile(path, SCHEMA, "WAL")
        file.read(lambda db: None)
        file.close()
        DAMAGES["header"](path)
        precious.write_text("precious", "utf-8")
        real = getattr(os, step)

        def swapped(*names: str, **more: int) -> None:
            monkeypatch.setattr(os, step, real)  # noqa: B023
            path.unlink(missing_ok=True)
            os.link(precious, path)
            real(*names, **more)  # noqa: B023

        monkeypatch.setattr(os, step, swapped)
        with pytest.raises(ConfigError):
            file.read(lambda db: db.execute("SELECT count(*) FROM answer").fetchone())
        assert path.samefile(precious), step
        assert precious.read_text("utf-8") == "precious"
        assert list(path.parent.glob(".*")) == [], "nothing half made is left"


def test_nothing_happens_in_a_folder_that_was_swapped_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path leads to another folder as soon as the first one is locked."""
    folder, other = tmp_path / "folder", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    (other / "state.db").write_text("precious", "utf-8")
    (folder / "state.db").write_text("damaged", "utf-8")
    fresh = folder / ".state.db.fresh"
    fresh.write_text("fresh", "utf-8")
    damaged = (folder / "state.db").stat().st_ino
    real = placing._Folder.inode

    def swapped(self: placing._Folder, path: Path) -> int:
        if folder.is_dir() and not folder.is_symlink():
            folder.rename(tmp_path / "moved")
            folder.symlink_to(other)
        return real(self, path)

    monkeypatch.setattr(placing._Folder, "inode", swapped)
    assert placing.place(fresh, folder / "state.db", damaged, folder / "state.db.bad", 1.0)
    assert (other / "state.db").read_text("utf-8") == "precious"
    assert [path.name for path in other.iterdir()] == ["state.db"]


@pytest.mark.parametrize(
    "command", [("run",), ("cache", "stats"), ("cache", "clear"), ("cache", "list"), ("drain",), ("doctor",)]
)
@pytest.mark.parametrize("name", NAMES)
def test_each_command_refuses_it(run: RunnerProcess, tmp_path: Path, command: tuple[str, ...], name: str) -> None:
    folder = tmp_path / "of-others"
    folder.mkdir()
    (folder / name).write_text("ssh-ed25519 AAAA me@example\n", "utf-8")
    before = seen_in(folder)
    run.environment["VT_STATE"] = str(folder / "state.db")
    ran = run.text(*command, stdin='{"action": "lookup_ip", "params": {"ip": "8.8.8.8"}}\n')
    assert ran.returncode == 2, ran.stderr
    assert f"{folder / name}" in ran.stdout + ran.stderr
    assert seen_in(folder) == before


def test_a_second_name_for_the_state_file_is_refused(tmp_path: Path) -> None:
    """SQLite finds its log by name, so two names of a file would have two logs."""
    _used(tmp_path / "state.db")
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    os.link(tmp_path / "state.db", other / "named.db")
    for state in (tmp_path / "state.db", other / "named.db"):
        with pytest.raises(ConfigError, match="hard link"):
            Harness(state).core()
    (other / "named.db").unlink()
    assert Harness(tmp_path / "state.db").answer("a" * 32)["meta"]["source"] == "cache"


def test_a_second_name_left_by_a_killed_process_is_deleted(tmp_path: Path) -> None:
    _used(tmp_path / "state.db")
    left = tmp_path / ".state.db.0123456789abcdef"
    os.link(tmp_path / "state.db", left)
    assert Harness(tmp_path / "state.db").answer("a" * 32)["meta"]["source"] == "cache"
    assert not left.exists()
    assert stat.S_IMODE((tmp_path / "state.db").stat().st_mode) == 0o600
