"""The key and the configuration may come from a pipe, which says them once."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.vtaction_process import RunnerProcess, lookup

KEY = "k" * 64
COMMANDS = [
    ("run",),
    ("lookup_ip", "8.8.8.8"),
    ("doctor", "--json"),
    ("doctor", "--online", "--json"),
    ("cache", "stats", "--json"),
    ("quota",),
    ("drain",),
]


def _ran(
    run: RunnerProcess, arguments: tuple[str, ...], variable: str, content: bytes
) -> subprocess.CompletedProcess[bytes]:
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    environment = {name: value for name, value in run.environment.items() if name != "VT_API_KEY"}
    try:
        return subprocess.run(
            run.command(*arguments),
            input=json.dumps(lookup()).encode(),
            env={**environment, variable: f"/dev/fd/{reader}"},
            pass_fds=[reader],
            capture_output=True,
            check=False,
            timeout=60,
        )
    finally:
        os.close(reader)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("variable", ["VT_API_KEY_FILE", "VT_CONFIG"])
def test_every_command_takes_it_from_a_pipe(variable: str, arguments: tuple[str, ...], run: RunnerProcess) -> None:
    content = KEY if variable == "VT_API_KEY_FILE" else json.dumps({"api_key": KEY, "cache_ttl": 100})
    done = _ran(run, arguments, variable, content.encode() + b"\n")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert KEY.encode() not in done.stdout + done.stderr


def test_a_named_pipe_is_read_once_too(run: RunnerProcess, tmp_path: Path) -> None:
    pipe = tmp_path / "key"
    os.mkfifo(pipe, 0o600)
    environment = {name: value for name, value in run.environment.items() if name != "VT_API_KEY"}
    process = subprocess.Popen(
        run.command("lookup_ip", "8.8.8.8", "1.1.1.1", "9.9.9.9", "--cache", "off"),
        env={**environment, "VT_API_KEY_FILE": str(pipe)},
        stdout=subprocess.PIPE,
    )
    with pipe.open("w") as writer:
        writer.write(KEY)
    answers, _ = process.communicate(timeout=60)
    assert [json.loads(line)["status"] for line in answers.splitlines()] == ["ok"] * 3


def test_a_key_file_as_powershell_writes_it_is_read(run: RunnerProcess, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(f"{KEY}\r\n".encode("utf-16"))
    file.chmod(0o600)
    done = run(lookup(), VT_API_KEY="", VT_API_KEY_FILE=str(file))
    assert done.lines[0]["status"] == "ok"
