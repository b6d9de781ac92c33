"""The check that the app's libraries are the newest: pip asks an index that the test has made."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from package.spl.build_error import BuildError
from package.spl.newest import NotAsked, Release, check, find_newest, outdated, updated
from package.spl.vendoring import Pin, read_list, read_lists

HASH = "0" * 64


def release(index: Path, name: str, version: str, needs: str = ">=3.9", tag: str = "py3-none-any") -> str:
    """Publish a wheel at the index that is the folder `index`, and return its hash."""
    index.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    path = index / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: {needs}\n"
        )
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only index that pip knows: a folder."""
    folder = tmp_path / "index"
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    release(folder, "thing", "1.0")
    return folder


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    return write_lists(tmp_path / "lists", {"3.9": ["thing==1.0"], "3.13": ["thing==1.0"]})


@pytest.fixture
def one_list(tmp_path: Path) -> Path:
    """For what does not depend on the Python: each list is a start of pip."""
    return write_lists(tmp_path / "lists", {"3.9": ["thing==1.0"]})


def write_lists(folder: Path, pins: dict[str, Sequence[str]]) -> Path:
    folder.mkdir()
    for python, lines in pins.items():
        text = "# Why it is here.\n--only-binary :all:\n"
        text += "".join(f"{line} \\\n    --hash=sha256:{HASH}\n" for line in lines)
        (folder / f"vendor-{python}.txt").write_text(text, "utf-8")
    return folder


def test_the_newest_releases_pass(index: Path, lists: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(lists) == 0
    assert capsys.readouterr().out == "Python 3.13: all are the newest\nPython 3.9: all are the newest\n"


def test_an_older_release_fails_and_is_named(index: Path, one_list: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release(index, "thing", "1.0.1")
    assert check(one_list) == 1
    assert "Python 3.9: thing 1.0 is older than 1.0.1" in capsys.readouterr().out


def test_a_release_that_needs_a_newer_python_counts_for_that_python_alone(
    index: Path, lists: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release(index, "thing", "2.0", needs=">=3.10")
    assert check(lists) == 1
    told = capsys.readouterr().out
    assert "Python 3.13: thing 1.0 is older than 2.0" in told
    assert "Python 3.9: all are the newest" in told


def test_compiled_releases_and_those_before_a_release_are_no_newer_ones(index: Path, one_list: Path) -> None:
    release(index, "thing", "1.1", tag="cp39-cp39-manylinux2014_x86_64")
    release(index, "thing", "2.0rc1")
    assert check(one_list) == 0


def test_a_release_that_is_newer_than_the_indexs_passes(index: Path, tmp_path: Path) -> None:
    assert check(write_lists(tmp_path / "ahead", {"3.9": ["thing==1.1"]})) == 0


def test_updating_writes_release_and_hash_and_leaves_the_rest_as_it_is(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release(index, "other_thing", "3.0")
    folder = write_lists(tmp_path / "old", {"3.9": ["other-thing==3.0", "thing==1.0"]})
    digest = release(index, "thing", "1.10")
    before = (folder / "vendor-3.9.txt").read_text("utf-8").splitlines()
    assert check(folder, update=True) == 0
    assert read_list(folder / "vendor-3.9.txt").pins[1] == Pin("thing", "1.10", frozenset({digest}))
    after = (folder / "vendor-3.9.txt").read_text("utf-8").splitlines()
    assert after[:3] == before[:3]
    assert check(folder) == 0


def test_an_index_that_cannot_be_reached_is_said_and_fails_nothing(
    lists: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    assert check(lists) == 0
    told = capsys.readouterr().out
    assert told.count("NOT CHECKED: libraries for Python") == 2
    assert "the newest" not in told


def fake_python(folder: Path, script: str) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
    return str(path)


def test_an_index_that_does_not_answer_in_time_is_not_waited_for(lists: Path, tmp_path: Path) -> None:
    slow = fake_python(tmp_path, "exec sleep 600")
    with pytest.raises(NotAsked, match="no answer within"):
        find_newest(read_lists(lists)[0], slow, patience_s=0.5)


def test_a_pip_that_does_not_know_an_option_fails(lists: Path, tmp_path: Path) -> None:
    other = fake_python(tmp_path, "echo 'no such option' >&2; exit 2")
    with pytest.raises(BuildError, match="no such option"):
        find_newest(read_lists(lists)[0], other)


@pytest.mark.parametrize(
    ("pinned", "newest", "is_older"),
    [
        ("1.9", "1.10", True),
        ("1.10", "1.9", False),
        ("2026.10.18", "2026.10.19.post1", True),
        ("2026.10.19", "2026.10.19.post1", True),
        ("2026.10.19.post1", "2026.10.19.post1", False),
        ("2.32.5", "2.34.2", True),
    ],
)
def test_releases_are_compared_by_their_numbers(pinned: str, newest: str, is_older: bool) -> None:
    told = list(outdated([Pin("thing", pinned, frozenset({HASH}))], {"thing": Release(newest, HASH)}))
    assert bool(told) is is_older


def test_updating_a_list_does_not_touch_a_name_that_begins_alike() -> None:
    text = f"thing==1 \\\n    --hash=sha256:{HASH}\nthing-more==1 \\\n    --hash=sha256:{HASH}\n"
    assert updated(text, {"thing": Release("2", "1" * 64)}).splitlines()[2:] == text.splitlines()[2:]


def test_the_builds_script_runs_the_check() -> None:
    project = Path(__file__).resolve().parents[2]
    assert "package.spl.newest" in (project / ".ci/run").read_text("utf-8")
    script = [sys.executable, "-m", "package.spl.newest", "--help"]
    assert "--update" in subprocess.run(script, cwd=project, capture_output=True, text=True, check=True).stdout


def test_data_that_is_released_by_the_day_may_be_some_weeks_old() -> None:
    pins = [Pin("names", "1.1.2.20261023", frozenset({HASH}))]
    assert list(outdated(pins, {"names": Release("1.1.2.20261223", "")})) == []
    assert list(outdated(pins, {"names": Release("1.1.2.20270223", "")})) == [
        "names 1.1.2.20261023 is older than 1.1.2.20270223"
    ]
