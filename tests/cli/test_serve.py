"""`vtaction serve` as a process: its start, its tokens and its audit log."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
import requests

from tests.vtaction_process import EICAR, RunnerProcess, Running

_MOST_S = 60.0
NO_HOSTS = ["http://x", "a,b", "a b", "x/", "user@x", "::1", "*.example.com", "x:", "x:99999", "x:http", "", "-"]
LOOKUP = {"action": "lookup_hash", "params": {"hash": EICAR}}


class Server:
    def __init__(self, url: str, process: Running) -> None:
        self.url = url
        self.process = process

    def run(self, token: str, document: Any = LOOKUP) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.post(f"{self.url}/v1/run", json=document, headers=headers, timeout=_MOST_S)

    def status_becomes(self, token: str, status: int) -> None:
        give_up = time.monotonic() + _MOST_S
        while self.run(token).status_code != status:
            assert time.monotonic() < give_up
            time.sleep(0.05)


@contextlib.contextmanager
def server(run: RunnerProcess, *options: str, stderr: IO[bytes] | None = None) -> Iterator[Server]:
    process = run.fork("serve", "--listen", "127.0.0.1:0", *options, stderr=stderr)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        assert url, process.communicate()
        yield Server(url, process)
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_MOST_S)
        process.kill()
        process.wait()


def _ended(served: Server) -> str:
    """Its stderr, after its end."""
    served.process.send_signal(signal.SIGTERM)
    stderr = served.process.communicate(timeout=_MOST_S)[1].decode()
    assert served.process.returncode == 0, stderr
    return stderr


def test_a_first_start_makes_a_token_says_where_it_is_and_accepts_no_call_without_it(
    run: RunnerProcess, tmp_path: Path
) -> None:
    with server(run, "--tokens", str(tmp_path / "tokens.json")) as served:
        place = tmp_path / "tokens-local.token"
        token = place.read_text("utf-8").strip()
        assert served.run(token).json()["status"] == "ok"
        assert requests.post(f"{served.url}/v1/run", json=LOOKUP, timeout=_MOST_S).status_code == 401
        stderr = _ended(served)
    assert str(place) in stderr
    assert token not in stderr


def test_tokens_are_added_and_revoked_while_the_server_runs(run: RunnerProcess, tmp_path: Path) -> None:
    file = str(tmp_path / "tokens.json")
    with server(run, "--tokens", file) as served:
        token = run.text("serve", "token", "add", "soar", "--tokens", file).stdout.strip()
        served.status_becomes(token, 200)
        run.text("serve", "token", "revoke", "soar", "--tokens", file)
        served.status_becomes(token, 401)


def test_each_call_has_a_line_on_stderr(run: RunnerProcess, tmp_path: Path) -> None:
    file = str(tmp_path / "tokens.json")
    token = run.text("serve", "token", "add", "soar", "--tokens", file).stdout.strip()
    with server(run, "--tokens", file) as served:
        served.run(token)
        stderr = _ended(served)
    line = json.loads(stderr)
    assert (line["client"], line["action"], line["indicators"], line["status"]) == ("soar", "lookup_hash", [EICAR], 200)


def test_the_audit_file_has_hashed_indicators_on_request(run: RunnerProcess, tmp_path: Path) -> None:
    file, log = str(tmp_path / "tokens.json"), tmp_path / "audit.log"
    token = run.text("serve", "token", "add", "soar", "--tokens", file).stdout.strip()
    with server(run, "--tokens", file, "--audit", str(log), "--audit-indicator", "hash") as served:
        served.run(token)
        assert _ended(served) == ""
    assert json.loads(log.read_text("ascii"))["client"] == "soar"
    assert EICAR not in log.read_text("ascii")
    assert stat.S_IMODE((tmp_path / "serve-audit.key").stat().st_mode) == 0o600


def test_after_a_rename_and_sighup_the_audit_log_continues_in_a_new_file(run: RunnerProcess, tmp_path: Path) -> None:
    file, log, earlier = str(tmp_path / "tokens.json"), tmp_path / "audit.log", tmp_path / "audit.log.1"
    token = run.text("serve", "token", "add", "soar", "--tokens", file).stdout.strip()
    with server(run, "--tokens", file, "--audit", str(log)) as served:
        served.run(token)
        log.rename(earlier)
        served.process.send_signal(signal.SIGHUP)
        give_up = time.monotonic() + _MOST_S
        while not log.exists():
            assert time.monotonic() < give_up
            time.sleep(0.05)
        served.run(token)
        assert _ended(served) == ""
    assert [len(each.read_text("ascii").splitlines()) for each in (earlier, log)] == [1, 1]


def test_calls_are_answered_although_no_audit_line_can_be_written(run: RunnerProcess, tmp_path: Path) -> None:
    file = str(tmp_path / "tokens.json")
    token = run.text("serve", "token", "add", "soar", "--tokens", file).stdout.strip()
    with Path("/dev/full").open("wb") as full, server(run, "--tokens", file, stderr=full) as served:
        assert [served.run(token).json()["status"] for _ in range(3)] == ["ok"] * 3


def test_own_keys_are_accepted_on_request_only_and_never_logged(run: RunnerProcess, tmp_path: Path) -> None:
    file, key = str(tmp_path / "tokens.json"), "fedcba9876543210" * 4
    with server(run, "--tokens", file, "--accept-keys") as served:
        assert served.run(key).json()["status"] == "ok"
        stderr = _ended(served)
    assert key not in stderr
    assert '"client":"key:' in stderr
    with server(run, "--tokens", file) as served:
        assert served.run(key).status_code == 401


def test_a_tokens_file_that_others_may_read_ends_the_start_with_2(run: RunnerProcess, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    run.text("serve", "token", "add", "soar", "--tokens", str(file))
    file.chmod(0o644)
    done = run.text("serve", "--listen", "127.0.0.1:0", "--tokens", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert "chmod 600" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--listen", "127.0.0.1:0", "--unix", "/tmp/x"), "not allowed with"),
        (("--threads", "1"), "from 4 to 512"),
        (("--max-upload", "1T"), "is not a size"),
        (("--audit-indicator", "some"), "is not one of plain, hash, none"),
        (("--audit", ""), "--audit names no file"),
        *((("--allow-host", host), "is not a name such as vt.example.com") for host in NO_HOSTS),
    ],
)
def test_wrong_options_end_the_start_with_2(run: RunnerProcess, arguments: tuple[str, ...], says: str) -> None:
    place = () if "--listen" in arguments else ("--listen", "127.0.0.1:0")
    done = run.text("serve", *place, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_a_wrong_audit_log_is_named_although_the_port_is_taken(run: RunnerProcess, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run.text("serve", "--listen", place, "--audit", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"the audit log {tmp_path}" in done.stderr
    assert place not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("VT_QUOTA", "4/fortnight"), ("VT_STATE", "relative.db"), ("VT_STATE", "kvstore"), ("VT_NEVER_QUERY", "[::")],
)
def test_wrong_settings_end_the_start_with_2_before_any_file_is_made(
    run: RunnerProcess, tmp_path: Path, name: str, value: str
) -> None:
    tokens = tmp_path / "tokens.json"
    done = run.text("serve", "--listen", "127.0.0.1:0", "--tokens", str(tokens), **{name: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert name in done.stderr
    assert not tokens.exists()


@pytest.mark.parametrize("option", ["--tokens", "--audit"])
def test_a_file_in_a_folder_that_does_not_exist_ends_the_start_with_2_and_nothing_is_made(
    run: RunnerProcess, tmp_path: Path, option: str
) -> None:
    (tmp_path / "etc").mkdir()
    file, tokens = tmp_path / "ect" / "file", tmp_path / "etc" / "tokens.json"
    options = [option, str(file)] + (["--tokens", str(tokens)] if option != "--tokens" else [])
    done = run.text("serve", "--listen", "127.0.0.1:0", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{option} {file}: there is no folder {file.parent}" in done.stderr
    assert not file.parent.exists()
    assert list(tokens.parent.iterdir()) == []


@pytest.mark.parametrize("operation", [("add", "soar"), ("list",), ("revoke", "soar")])
def test_the_folder_of_a_named_tokens_file_is_not_made_by_a_command_for_tokens(
    run: RunnerProcess, tmp_path: Path, operation: tuple[str, ...]
) -> None:
    file = tmp_path / "ect" / "tokens.json"
    done = run.text("serve", "token", *operation, "--tokens", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"there is no folder {file.parent}" in done.stderr
    assert not file.parent.exists()


def test_without_a_key_the_server_says_so_and_serves(run: RunnerProcess, tmp_path: Path) -> None:
    tokens = str(tmp_path / "tokens.json")
    token = run.text("serve", "token", "add", "reader", "--tokens", tokens).stdout.strip()
    run.environment.pop("VT_API_KEY")
    with (tmp_path / "stderr").open("wb") as stderr, server(run, "--tokens", tokens, stderr=stderr) as started:
        assert started.run(token).json()["error"]["code"] == "config_error"
    stderr_text = (tmp_path / "stderr").read_text()
    assert "no API key" in stderr_text
    # No token has one.
    assert "shares" not in stderr_text


def test_without_the_server_library_the_message_names_what_to_install_and_tokens_can_be_managed(
    run: RunnerProcess, tmp_path: Path
) -> None:
    """The library is there, but as if it were not."""
    broken = tmp_path / "without" / "waitress"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'waitress'\", name='waitress')\n", "utf-8"
    )
    path = f"{broken.parent}{os.pathsep}{run.environment['PYTHONPATH']}"
    done = run.text("serve", "--listen", "127.0.0.1:0", PYTHONPATH=path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'waitress" in done.stderr
    assert run.text("serve", "token", "add", "soar", PYTHONPATH=path).returncode == 0


def test_the_help_has_examples(run: RunnerProcess) -> None:
    shown = run.text("serve", "--help").stdout
    assert "vtaction serve token add soar" in shown
    assert "raw " in run.text("serve", "token", "add", "--help").stdout
