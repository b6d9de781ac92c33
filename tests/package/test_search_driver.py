"""The driver plays splunkd to a command that the SDK runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from package.splunkd_driver.driver import Chunk, SearchInfo, SearchResult, run_search
from vtlookup_app.libraries import library_folders

from .commands import SDK_COMMAND

EVENTS: list[Chunk] = [
    [{"name": "ärger", "tags": ["a$;", "b"], "host": "x,y"}, {"name": 'it\'s "q"', "host": "two\nlines"}],
    [],
    [{"name": "last", "extra": "1"}],
]


@pytest.fixture
def sdk_command(tmp_path: Path) -> Path:
    script = tmp_path / "upper.py"
    script.write_text(SDK_COMMAND, "utf-8")
    return script


@pytest.fixture
def libraries(app: Path) -> dict[str, str]:
    """An environment in which libraries of the app are found that any Python can use, and no .pyc files are left."""
    folders = library_folders(app, minor=9)
    return {"PYTHONPATH": os.pathsep.join(folders), "PYTHONDONTWRITEBYTECODE": "1"}


def upper(
    script: Path, libraries: dict[str, str], python: str = sys.executable, select_fields: bool = True
) -> SearchResult:
    """The events of EVENTS after SDK_COMMAND."""
    info = SearchInfo(["field=name"], command="upper")
    return run_search(script, EVENTS, info, python=python, environment=libraries, select_fields=select_fields)


def test_selected_fields_are_sent_and_the_others_merged_back(
    python: str, sdk_command: Path, libraries: dict[str, str]
) -> None:
    result = upper(sdk_command, libraries, python=python)
    assert result.getinfo is not None
    assert result.getinfo.metadata == {"required_fields": ["name"], "type": "stateful"}
    assert result.records == [
        {
            "name": "ärger",
            "tags": ["a$;", "b"],
            "host": "x,y",
            "seen": "name",
            "upper": "ÄRGER",
        },
        {"name": 'it\'s "q"', "tags": "", "host": "two\nlines", "seen": "name", "upper": 'IT\'S "Q"'},
        {"name": "last", "extra": "1", "seen": "name", "upper": "LAST"},
    ]
    assert (result.complete, result.exit_code, result.stderr) == (True, 0, "")


def test_whole_events_give_the_same_events(python: str, sdk_command: Path, libraries: dict[str, str]) -> None:
    whole = upper(sdk_command, libraries, python=python, select_fields=False)
    selected = upper(sdk_command, libraries, python=python)
    assert whole.records[0]["seen"] == ["host", "name", "tags"]
    assert [{**record, "seen": ""} for record in whole.records] == [
        {**record, "seen": ""} for record in selected.records
    ]


def test_each_chunk_gets_one_reply_and_its_messages_are_kept(sdk_command: Path, libraries: dict[str, str]) -> None:
    result = upper(sdk_command, libraries)
    assert [len(reply.rows) for reply in result.replies] == [2, 0, 1, 0]
    assert [reply.finished for reply in result.replies] == [False, False, False, True]
    assert result.messages == [("WARN", "one chunk done")] * 4


def test_a_command_that_refuses_the_search_is_reported_not_raised(sdk_command: Path, libraries: dict[str, str]) -> None:
    info = SearchInfo(["field=forbidden"])
    result = run_search(sdk_command, EVENTS, info, environment=libraries)
    assert result.messages == [("ERROR", "this field is forbidden")]
    assert (result.replies, result.complete, result.exit_code) == ([], False, 1)


def test_a_command_that_fails_in_a_chunk_is_reported_not_raised(sdk_command: Path, libraries: dict[str, str]) -> None:
    chunks = [[{"name": "fine"}], [{"name": "boom"}], [{"name": "never sent"}]]
    result = run_search(sdk_command, chunks, SearchInfo(["field=name"]), environment=libraries)
    assert [record["name"] for record in result.records] == ["fine"]
    assert (result.complete, result.exit_code) == (False, 1)
    assert 'raise ValueError("boom")' in result.stderr
