"""Messages do not repeat a key that was set in the wrong place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vtaction_process import RunnerProcess

KEY = "0123456789abcdef" * 4
SETTINGS = ["VT_CONFIG", "VT_QUOTA", "VT_NEVER_QUERY", "VT_SCAN_ROOTS", "VT_API_VERSION", "VT_API_URL", "VT_STATE"]
COMMANDS = {
    "run": ["run"],
    "lookup": ["lookup_ip", "8.8.8.8", "--max-wait", "0"],
    "doctor": ["doctor"],
    "doctor as JSON": ["doctor", "--json"],
    "quota": ["quota"],
    "cache": ["cache", "stats"],
    "drain": ["drain"],
}
ARGUMENTS = [
    [KEY],
    ["lookup_ip", "8.8.8.8", "--max-wait", KEY],
    ["lookup_ip", "8.8.8.8", "--cache", KEY],
    ["lookup_ip", "8.8.8.8", f"--{KEY}"],
    ["sample", KEY],
    ["describe", KEY],
    ["curl", KEY],
    ["cache", KEY],
]


@pytest.fixture(params=["environment", "file"])
def run_with_key(request: pytest.FixtureRequest, run: RunnerProcess, tmp_path: Path) -> RunnerProcess:
    del run.environment["VT_API_KEY"]
    if request.param == "environment":
        run.environment["VT_API_KEY"] = KEY
        return run
    file = tmp_path / "key"
    file.write_text(KEY, "ascii")
    file.chmod(0o600)
    run.environment["VT_API_KEY_FILE"] = str(file)
    return run


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_setting_with_the_key_is_not_repeated(
    run_with_key: RunnerProcess, command: str, name: str, tmp_path: Path
) -> None:
    file = tmp_path / "a file"
    file.touch()
    value = str(file / KEY) if name == "VT_STATE" else KEY
    ran = run_with_key.text(*COMMANDS[command], stdin='{"action": "quota", "params": {}}\n', **{name: value})
    assert ran.stdout + ran.stderr, "something is said"
    assert KEY not in ran.stdout + ran.stderr


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=lambda arguments: " ".join(arguments).replace(KEY, "KEY"))
def test_an_argument_with_the_key_is_not_repeated(run_with_key: RunnerProcess, arguments: list[str]) -> None:
    ran = run_with_key.text(*arguments)
    assert ran.returncode != 0
    assert ran.stderr
    assert KEY not in ran.stdout + ran.stderr
