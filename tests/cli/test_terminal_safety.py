"""No argument, setting or path controls the terminal by way of an error message or a log line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_direct_form import on_a_terminal
from tests.vtaction_process import RunnerProcess

# Sets the title of a terminal, clears it, reverses text, and begins a line of its own.
_ATTACK = "x\x1b]0;pwn\x07\x1b[2J\u202e\x9b2J\nforged"
_FORBIDDEN = ("\x1b]0", "\x1b[2J", "\x07", "\u202e", "\x9b", "\nforged")
# A device, so that nobody can make a folder in it.
_NO_FOLDER = f"/dev/null/{_ATTACK}"
_USAGE_ERRORS = {
    "no command": [f"--{_ATTACK}"],
    "unknown command": [_ATTACK],
    "unknown option": ["lookup", f"--{_ATTACK}"],
    "option of doctor": ["doctor", f"--{_ATTACK}"],
    "value too much": ["quota", _ATTACK],
    "value of run": ["run", _ATTACK],
    "value of describe": ["describe", _ATTACK],
    "choice": ["lookup", "8.8.8.8", "--cache", _ATTACK],
    "own type": ["lookup", "8.8.8.8", "--max-wait", _ATTACK],
    "sample": ["sample", _ATTACK],
    "curl": ["curl", _ATTACK],
}
_FAILURES = {
    "socket": ["serve", "--unix", _NO_FOLDER],
    "address": ["serve", "--listen", _ATTACK],
    "tokens": ["serve", "--tokens", _NO_FOLDER],
    "tokens of a command": ["serve", "token", "list", "--tokens", _NO_FOLDER],
    "folder of mcp": ["mcp", "--files", _NO_FOLDER],
    "fault": ["sandbox", "--fault", _ATTACK],
}
_ALL = {**_USAGE_ERRORS, **_FAILURES}


def check(text: str) -> None:
    assert text.strip(), "something is said"
    for each in _FORBIDDEN:
        assert each not in text


@pytest.mark.parametrize("name", _ALL)
def test_a_wrong_argument_does_not_control_the_terminal(run: RunnerProcess, name: str) -> None:
    done = run.text(*_ALL[name])
    check(done.stderr + done.stdout)


@pytest.mark.parametrize("name", ["unknown option", "socket"])
def test_the_same_on_a_terminal(run: RunnerProcess, name: str) -> None:
    check(on_a_terminal(run, *_ALL[name])[0])


@pytest.mark.parametrize("setting", ["VT_STATE", "VT_CONFIG", "VT_QUOTA", "VT_NEVER_QUERY", "VT_PROFILE"])
@pytest.mark.parametrize(
    "command",
    [["lookup", "8.8.8.8"], ["run"], ["doctor"], ["drain"], ["cache", "stats"], ["enrich"], ["curl", "quota"]],
    ids=" ".join,
)
def test_a_wrong_setting_does_not_control_the_terminal(
    run: RunnerProcess, tmp_path: Path, command: list[str], setting: str
) -> None:
    (tmp_path / "a file").touch()
    value = f"{tmp_path}/a file/{_ATTACK}" if setting in ("VT_STATE", "VT_CONFIG") else _ATTACK
    done = run.text(*command, stdin='{"action": "quota", "params": {}}\n', **{setting: value})
    check(done.stderr + done.stdout)


def test_a_log_line_is_one_line_and_its_traceback_stays_readable() -> None:
    import logging

    from vt_connectors.adapters.cli.logs import _Lines

    try:
        raise ValueError(_ATTACK)
    except ValueError as failure:
        kind = (type(failure), failure, failure.__traceback__)
    record = logging.LogRecord("vt_connectors.x", logging.ERROR, __file__, 1, "about %s", (_ATTACK,), kind)
    first, *traceback = _Lines().format(record).split("\n")
    assert "forged" in first
    check(first)
    assert len(traceback) > 2
    assert not any(each in "\n".join(traceback) for each in _FORBIDDEN[:-1])
