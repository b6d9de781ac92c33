"""Where `vtaction serve` listens."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vtaction_process import RunnerProcess
from vt_connectors.sandbox import Quota, SandboxServer

from .served_process import served, serving_program, started, tokens_file

# A final dot is no part of the name.
HOSTS = ("VT.example", "other.example:443", "[FD00::1]", "dotted.example.", "172.17.0.1")
ALLOWED = [word for host in HOSTS for word in ("--allow-host", host)]
ACTIVATE = shutil.which("systemd-socket-activate")


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited()) as server:
        yield server


@pytest.fixture
def program(sandbox: SandboxServer, tmp_path: Path) -> RunnerProcess:
    return serving_program(sandbox, tmp_path)


def refusal(program: RunnerProcess, *options: str) -> str:
    """What it says when it refuses to start."""
    done = program.text("serve", "--tokens", program.environment["VT_STATE"] + ".tokens", *options)
    assert (done.returncode, done.stdout) == (2, ""), done
    return done.stderr


def ask(path: Path | str, host: str = "localhost") -> bytes:
    """The beginning of the reply at a socket file."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(path))
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: " + host.encode() + b"\r\nConnection: close\r\n\r\n")
        return client.recv(12)


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "[::1]:0", "localhost:0"])
def test_it_prints_the_address_where_it_listens(sandbox: SandboxServer, tmp_path: Path, listen: str) -> None:
    with served(sandbox, tmp_path, listen=listen) as server:
        assert server.address.startswith("http://[::1]:" if "::" in listen else "http://127.0.0.1:")
        assert server.get("/healthz").status_code == 200
        assert "warning" not in server.stderr


def test_all_addresses_need_consent_and_other_machines_cause_a_warning(
    sandbox: SandboxServer, program: RunnerProcess, tmp_path: Path
) -> None:
    for place in ("0.0.0.0:0", "[::]:0"):
        assert "--allow-any-address" in refusal(program, "--listen", place)
    with served(sandbox, tmp_path, "--allow-any-address", listen="0.0.0.0:0") as server:
        assert "not encrypted" in server.stderr
        port = server.address.rsplit(":", 1)[1]
        server.address = f"http://127.0.0.1:{port}"
        assert server.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "place", ["", "8300", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "example.com:80", "::1:80"]
)
def test_a_wrong_address_is_refused_with_an_example(program: RunnerProcess, place: str) -> None:
    assert "127.0.0.1:8300" in refusal(program, "--listen", place)


def test_an_address_in_use_is_refused(program: RunnerProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        place = f"127.0.0.1:{other.getsockname()[1]}"
        said = refusal(program, "--listen", place)
    assert f"cannot listen at {place}: Address already in use; stop what listens there" in said


def test_a_socket_file_that_cannot_be_made_is_refused_in_plain_words(program: RunnerProcess, tmp_path: Path) -> None:
    for path, words in ((tmp_path / "no" / "s", "make the folder"), (tmp_path / ("a" * 120), "less than 100")):
        said = refusal(program, "--unix", str(path))
        assert words in said
        assert "Errno" not in said
        assert "AF_UNIX" not in said


def test_a_check_without_a_server_says_what_to_do(program: RunnerProcess, tmp_path: Path) -> None:
    done = program.text("serve", "--check", "--unix", str(tmp_path / "s"))
    assert done.returncode == 1
    assert "start the server" in done.stdout
    assert "Errno" not in done.stdout


def test_further_names_in_the_host_header_are_allowed_by_option(sandbox: SandboxServer, tmp_path: Path) -> None:
    with served(sandbox, tmp_path, *ALLOWED) as server:
        port = server.address.rsplit(":", 1)[1]

        def status(host: str) -> bytes:
            with socket.create_connection(("127.0.0.1", int(port)), timeout=60) as client:
                client.sendall(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                return client.recv(12)[9:]

        accepted = ["vt.example", "VT.EXAMPLE", "vt.example.", f"vt.example:{port}", "other.example:443"]
        accepted += ["[fd00::1]", f"dotted.example:{port}", "172.17.0.1"]
        assert [status(host) for host in accepted] == [b"200"] * len(accepted)
        assert [status(host) for host in ("vt.example:1", "other.example", "example")] == [b"421"] * 3


def test_a_socket_file_is_for_its_user_only_and_removed_at_the_end(sandbox: SandboxServer, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with served(sandbox, tmp_path, "--unix", str(path), listen="") as server:
        assert server.address == f"unix:{path}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert ask(path) == b"HTTP/1.1 200"
        assert ask(path, "127.0.0.1") == b"HTTP/1.1 421"
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
        assert not path.exists()


def test_a_socket_file_may_be_for_its_group(sandbox: SandboxServer, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with served(sandbox, tmp_path, "--unix", str(path), "--unix-mode", "0660", listen=""):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_the_socket_of_a_killed_server_is_used_again_and_that_of_a_running_one_is_not(
    sandbox: SandboxServer, program: RunnerProcess, tmp_path: Path
) -> None:
    path = tmp_path / "s"
    with served(sandbox, tmp_path, "--unix", str(path), listen="") as server:
        assert "another process listens" in refusal(program, "--unix", str(path))
        server.signal(signal.SIGKILL)
        server.ended()
    assert path.exists()
    with served(sandbox, tmp_path, "--unix", str(path), listen=""):
        assert ask(path) == b"HTTP/1.1 200"


def test_what_is_not_a_socket_is_never_removed(program: RunnerProcess, tmp_path: Path) -> None:
    file, link, folder = tmp_path / "file", tmp_path / "link", tmp_path / "folder"
    file.write_text("text")
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "stale"))
    link.symlink_to(tmp_path / "stale")
    for path in (file, link, folder):
        assert "is not a socket" in refusal(program, "--unix", str(path))
    assert file.read_text() == "text"
    assert link.is_symlink()
    assert (tmp_path / "stale").exists()


def test_a_socket_file_in_a_folder_of_others_is_refused(program: RunnerProcess, tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    assert str(folder) in refusal(program, "--unix", str(folder / "s"))
    assert "cannot listen" in refusal(program, "--unix", str(tmp_path / "missing" / "s"))


@pytest.mark.skipif(ACTIVATE is None, reason="systemd-socket-activate is missing: apt-get install systemd")
@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_systemd_passes_the_socket(sandbox: SandboxServer, program: RunnerProcess, tmp_path: Path, kind: str) -> None:
    path = tokens_file(tmp_path)[0]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = str(tmp_path / "s") if kind == "unix" else f"127.0.0.1:{port}"
    names = [f"--setenv={name}" for name in program.environment]
    serve = program.command("serve", "--tokens", str(path))
    command = [str(ACTIVATE), f"--listen={place}", *names, *serve]
    process = subprocess.Popen(command, env=program.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stderr is not None
        assert b"Listening on" in process.stderr.readline()
        # The server starts with the first connection.
        if kind == "unix":
            assert ask(place) == b"HTTP/1.1 200"
        else:
            with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
                client.sendall(f"GET /healthz HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n".encode())
                assert client.recv(12) == b"HTTP/1.1 200"
        assert process.stdout is not None
        assert place.encode() in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


def test_sockets_that_were_passed_to_another_process_are_not_used(
    sandbox: SandboxServer, program: RunnerProcess, tmp_path: Path
) -> None:
    path, token = tokens_file(tmp_path)
    environment = {**program.environment, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    command = program.command("serve", "--tokens", str(path), "--listen", "127.0.0.1:0")
    with started(command, environment, tmp_path, token) as server:
        assert server.get("/healthz").status_code == 200


def test_a_passed_descriptor_that_does_not_listen_is_refused(program: RunnerProcess, tmp_path: Path) -> None:
    tokens_file(tmp_path)
    # The process number is not known before: a shell that is replaced by the server has it.
    script = f'LISTEN_FDS=1 LISTEN_PID=$$ exec "{sys.executable}" -m vt_connectors serve --tokens "$1" 3</dev/null'
    done = subprocess.run(
        ["sh", "-c", script, "sh", str(tmp_path / "tokens.json")],
        env=program.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "LISTEN_FDS" in done.stderr
