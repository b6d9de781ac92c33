"""`/healthz`, `/readyz` and `vtaction serve --check`."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.http.served_process import served, serving_program, started, tokens_file
from tests.http.serving import KEY, Serving, serving
from vt_connectors.sandbox import Fault, Quota, SandboxConfig, SandboxServer

EICAR = {"action": "lookup_hash", "params": {"hash": "44d88612fea8a8f36de82e1278abb02f"}}
EICAR_PARAMS = {"indicator": "44d88612fea8a8f36de82e1278abb02f"}
_MOST_S = 30.0


def reason(server: Serving) -> Any:
    """Why it is not ready; None if it is."""
    reply = server.call("GET", "/readyz", None)
    assert reply.status_code == (200 if reply.json() == {"status": "ready"} else 503)
    assert set(reply.json()) <= {"status", "reason"}
    return reply.json().get("reason")


def becomes(server: Serving, expected: str | None) -> bool:
    """The result is a second old at most."""
    give_up = time.monotonic() + _MOST_S
    while reason(server) != expected:
        assert time.monotonic() < give_up, f"{reason(server)} instead of {expected}"
        time.sleep(0.05)
    return True


def test_health_and_readiness_need_no_token_and_tell_nothing_else(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        healthy, ready = server.call("GET", "/healthz", None), server.call("GET", "/readyz", None)
        assert (healthy.status_code, healthy.json()) == (200, {"status": "ok"})
        assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
        assert server.sandbox.requests == []
        assert server.call("POST", "/healthz", None).status_code == 405
        head = server.call("HEAD", "/readyz", None)
        assert (head.status_code, head.content) == (200, b"")


def test_a_server_without_a_key_is_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path, key="") as server:
        assert reason(server) == "no_key"
        assert server.call("GET", "/healthz", None).status_code == 200


def test_a_server_with_wrong_settings_is_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path, VT_CACHE_TTL="no time") as server:
        assert reason(server) == "settings"


@pytest.mark.parametrize("text", ['{"quota": ', '{"cache_ttl": "no time"}', '{"state": "kvstore"}'])
def test_a_settings_file_that_is_wrong_now_does_not_matter_to_a_server_with_earlier_ones(
    tmp_path: Path, text: str
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"state": str(tmp_path / "state.db")}))
    config.chmod(0o600)
    with serving(tmp_path, VT_CONFIG=str(config), VT_STATE="") as server:
        assert server.run(EICAR)["status"] == "ok"
        config.write_text(text)
        assert reason(server) is None
        assert server.run(EICAR)["status"] == "ok"


def test_the_state_of_the_settings_in_force_counts(tmp_path: Path) -> None:
    config, folder = tmp_path / "config.json", tmp_path / "folder"
    config.write_text(json.dumps({"state": str(folder / "state.db")}))
    config.chmod(0o600)
    with serving(tmp_path, VT_CONFIG=str(config), VT_STATE="") as server:
        assert server.run(EICAR)["status"] == "ok"
        shutil.rmtree(folder)
        folder.touch()
        config.write_text(json.dumps({"state": str(tmp_path / "other.db")}))
        assert reason(server) == "state"


def test_a_server_whose_state_cannot_be_used_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with serving(tmp_path, VT_STATE=str(tmp_path / "file" / "state.db")) as server:
        assert reason(server) == "state"


def test_a_write_that_could_not_be_recorded_does_not_count_as_a_failure_of_virustotal(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    comment = {"action": "add_comment", "params": {**EICAR_PARAMS, "comment": "seen"}}
    with serving(tmp_path, VT_STATE=str(tmp_path / "file" / "state.db")) as server:
        reply = server.call("POST", "/v1/run", headers={"Idempotency-Key": "one"}, json=comment).json()
        assert reply["error"]["code"] == "unavailable"
        (tmp_path / "file").unlink()
        assert becomes(server, None)


def test_a_server_whose_key_is_refused_is_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path, key="wrong" + KEY) as server:
        assert server.run(EICAR)["error"]["code"] == "access_denied"
        assert becomes(server, "key_refused")


def test_a_server_without_virustotal_is_not_ready(tmp_path: Path) -> None:
    config = SandboxConfig(faults=(Fault("503", 1.0),))
    with serving(tmp_path, config=config) as server:
        assert server.run(EICAR)["error"]["code"] == "unavailable"
        assert becomes(server, "upstream")


def test_a_server_whose_day_is_used_up_is_not_ready_until_then_it_is(tmp_path: Path) -> None:
    with serving(tmp_path, quota="1/day") as server:
        assert becomes(server, None)
        server.run(EICAR)
        assert becomes(server, "quota")


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited()) as server:
        yield server


def test_a_tokens_file_that_cannot_be_used_makes_it_not_ready_until_it_is_restored(
    sandbox: SandboxServer, tmp_path: Path
) -> None:
    with served(sandbox, tmp_path) as server:
        tokens = tmp_path / "tokens.json"
        assert server.get("/readyz").status_code == 200
        text = tokens.read_text()
        tokens.write_text("{}")
        give_up = time.monotonic() + _MOST_S
        while (ready := server.get("/readyz")).status_code == 200:
            assert time.monotonic() < give_up
            time.sleep(0.05)
        assert ready.json() == {"status": "not_ready", "reason": "tokens"}
        tokens.write_text(text)
        while server.get("/readyz").status_code != 200:
            assert time.monotonic() < give_up
            time.sleep(0.05)


def test_a_server_whose_disk_is_full_is_not_ready_and_answers(sandbox: SandboxServer, tmp_path: Path) -> None:
    path, token = tokens_file(tmp_path)
    program = serving_program(sandbox, tmp_path)
    command = program.command("serve", "--tokens", str(path), "--listen", "127.0.0.1:0", "--audit-indicator", "none")
    # As a full disk: no file may have more than 32 KiB.
    full = ["sh", "-c", 'ulimit -f 64; exec "$@"', "sh", *command]
    with started(full, program.environment, tmp_path, token) as server:
        assert server.get("/readyz").json() == {"status": "not_ready", "reason": "state"}
        assert server.run(EICAR).json()["status"] == "ok"
        assert server.get("/metrics", token).status_code == 200


def test_check_asks_the_running_server(sandbox: SandboxServer, tmp_path: Path) -> None:
    program = serving_program(sandbox, tmp_path)
    with served(sandbox, tmp_path) as server:
        place = server.address[len("http://") :]
        ready = program.text("serve", "--check", "--listen", place)
        assert (ready.returncode, ready.stdout) == (0, "ready\n")
        (tmp_path / "tokens.json").write_text("{}")
        give_up = time.monotonic() + _MOST_S
        while (checked := program.text("serve", "--check", "--listen", place)).returncode == 0:
            assert time.monotonic() < give_up
        assert (checked.returncode, checked.stdout) == (1, "not ready: tokens\n")
    gone = program.text("serve", "--check", "--listen", place)
    assert gone.returncode == 1
    assert gone.stdout.startswith(f"no answer from {place}: ")


def test_check_asks_at_a_socket_file(sandbox: SandboxServer, tmp_path: Path) -> None:
    program = serving_program(sandbox, tmp_path)
    path = str(tmp_path / "s")
    with served(sandbox, tmp_path, "--unix", path, listen=""):
        assert program.text("serve", "--check", "--unix", path).stdout == "ready\n"
    assert program.text("serve", "--check", "--unix", path).returncode == 1


def test_check_needs_a_port(sandbox: SandboxServer, tmp_path: Path) -> None:
    done = serving_program(sandbox, tmp_path).text("serve", "--check", "--listen", "127.0.0.1:0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--listen" in done.stderr
