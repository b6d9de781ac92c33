"""Messages do not repeat a key that was set in the wrong place."""

from __future__ import annotations

import json
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
    assert KEY[:12] not in ran.stdout + ran.stderr


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=lambda arguments: " ".join(arguments).replace(KEY, "KEY"))
def test_an_argument_with_the_key_is_not_repeated(run_with_key: RunnerProcess, arguments: list[str]) -> None:
    ran = run_with_key.text(*arguments)
    assert ran.returncode != 0
    assert ran.stderr
    assert KEY[:12] not in ran.stdout + ran.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_key_in_place_of_a_settings_name_is_not_repeated(command: str, run: RunnerProcess, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({KEY: "api_key"}), "ascii")
    config.chmod(0o600)
    given = '{"action": "lookup_ip", "params": {"ip": "8.8.8.8"}}\n'
    done = run.text(*COMMANDS[command], stdin=given, VT_CONFIG=str(config))
    assert "unknown setting" in done.stdout + done.stderr
    assert KEY[:12] not in done.stdout + done.stderr


def test_an_error_code_stays_though_the_key_is_the_same_word(run: RunnerProcess) -> None:
    refused = json.loads(run.text("run", stdin='{"action": "x", "params": {}}\n', VT_API_KEY="unknown_action").stdout)
    assert refused["error"]["code"] == "unknown_action"
