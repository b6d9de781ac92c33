"""The key, and the files that hold key, settings and state, leave by no action and are repeated by no answer."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import redis

from bench.soak.secrets_search import in_bytes
from tests.redis_process import RedisProcess
from tests.responses import error_of
from tests.vtaction_process import EICAR, RunnerProcess
from vt_connectors.api_key import ApiKey
from vt_connectors.clock import SystemClock
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.contract.documents import Options, Request
from vt_connectors.core import Core
from vt_connectors.errors import ConfigError
from vt_connectors.sandbox import SandboxServer

# As the drills', whose search finds it in every form.
from bench.soak.drill import KEY  # isort: skip

OTHER = "a17e" * 16
NAMES = {
    "lookup_hash": "hash",
    "lookup_url": "url",
    "lookup_domain": "domain",
    "lookup_ip": "ip",
    "rescan_file": "hash",
    "scan_url": "url",
    "passive_dns": "domain",
    "get_comments": "indicator",
    "get_analysis": "analysis_id",
}
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "upper": str.upper,
    "in a URL": lambda key: f"https://host.example/a?apikey={key}#x",
    "percent": lambda key: "https://host.example/" + "".join(f"%{ord(char):02x}" for char in key),
    "base64": lambda key: "https://host.example/" + base64.urlsafe_b64encode(key.encode()).decode(),
    "hex": lambda key: f"http://host.example/{key.encode().hex()}",
    "a name": lambda key: f"{key[:32]}{key[32:]}.host.example",
    "with more": lambda key: f" key={key} ",
}


@pytest.fixture
def core(sandbox: SandboxServer, tmp_path: Path) -> Iterator[Core]:
    found = core_at(sandbox, tmp_path)
    yield found
    found.close()


def core_at(sandbox: SandboxServer, folder: Path, key: str = KEY, **more: str) -> Core:
    given = {"VT_API_URL": sandbox.url, "VT_STATE": str(folder / "state.db"), "VT_QUOTA": "none", **more}
    return build(settings_from(given), lambda: ApiKey(key), SystemClock())


def refused(core: Core, sandbox: SandboxServer, document: dict[str, Any]) -> Mapping[str, Any]:
    """The error; no request was sent, and the key is not in the answer."""
    before = len(sandbox.all_requests)
    answer = core.answer(document)
    assert answer["error"] is not None, answer
    assert len(sandbox.all_requests) == before
    assert in_bytes(json.dumps(answer).encode()) == []
    return error_of(answer)


def left_by_key(folder: Path) -> list[str]:
    return [
        f"{path.name}: {form}" for path in folder.rglob("*") if path.is_file() for form in in_bytes(path.read_bytes())
    ]


@pytest.mark.parametrize("cache", ["default", "refresh", "off", "only"])
@pytest.mark.parametrize("action", NAMES)
def test_no_action_takes_a_value_with_the_key(
    core: Core, sandbox: SandboxServer, tmp_path: Path, action: str, cache: str
) -> None:
    for form in FORMS.values():
        document = {"action": action, "params": {NAMES[action]: form(KEY)}, "options": {"cache": cache}}
        error = refused(core, sandbox, document)
        assert error["code"] == ("invalid_request" if action == "get_analysis" else "invalid_indicator")
        assert error["details"]["path"] == f"/params/{NAMES[action]}"
        assert "API key" in error["message"]
    assert left_by_key(tmp_path) == []
    assert core.context.pending.stats()["entries"] == 0


def test_an_unread_key_is_recognised_by_its_form_and_its_use(sandbox: SandboxServer, tmp_path: Path) -> None:
    """A cached answer needs no key. The key is read for values that look like one, and before any request."""
    read: list[int] = []

    def find() -> ApiKey:
        read.append(1)
        return ApiKey(KEY)

    given = {"VT_API_URL": sandbox.url, "VT_STATE": str(tmp_path / "state.db"), "VT_QUOTA": "none"}
    core_at(sandbox, tmp_path).answer({"action": "lookup_hash", "params": {"hash": EICAR}})
    core = build(settings_from(given), find, SystemClock())
    assert core.answer({"action": "lookup_hash", "params": {"hash": EICAR}})["meta"]["source"] == "cache"
    assert core.look_up_at_hand("hash", [EICAR, "0" * 32], Options())
    assert read == []
    assert refused(core, sandbox, {"action": "lookup_hash", "params": {"hash": KEY}})["code"] == "invalid_indicator"
    assert read == [1]


def test_a_short_key_that_looks_like_nothing_is_still_never_asked(sandbox: SandboxServer, tmp_path: Path) -> None:
    core = core_at(sandbox, tmp_path, key="s3cr3t-k3y")
    for cache in ("default", "refresh", "off"):
        document = {
            "action": "lookup_url",
            "params": {"url": "https://h.example/s3cr3t-k3y"},
            "options": {"cache": cache},
        }
        answer = core.answer(document)
        assert error_of(answer)["code"] == "invalid_indicator"
        assert "s3cr3t-k3y" not in json.dumps(answer)
    assert sandbox.all_requests == []
    assert not any(b"s3cr3t-k3y" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_requests_own_key_and_the_configured_one_are_both_known(core: Core, sandbox: SandboxServer) -> None:
    for key in (KEY, OTHER):
        document = {"action": "lookup_hash", "params": {"hash": key}, "auth": {"api_key": OTHER}, "id": f"x{OTHER}"}
        answer = core.answer(document)
        assert error_of(answer)["code"] == "invalid_indicator"
        assert OTHER not in json.dumps(answer)
        assert answer["id"] == "x[key]"
    assert sandbox.all_requests == []


ELSEWHERE: dict[str, dict[str, Any]] = {
    "id": {"action": "lookup_hash", "params": {"hash": EICAR}, "id": KEY},
    "id in base64": {"action": "quota", "params": {}, "id": base64.b64encode(KEY.encode()).decode()},
    "id of a bad request": {"action": "lookup_hash", "params": {"hsah": 1}, "id": f"a {KEY.upper()}"},
    "action": {"action": KEY, "params": {}},
    "action with more": {"action": f"lookup_{KEY}", "params": {"hash": EICAR}},
    "name of a parameter": {"action": "lookup_hash", "params": {"hash": EICAR, KEY: 1}},
    "unknown key": {KEY: 1, "action": "lookup_hash", "params": {"hash": EICAR}},
    "unknown option": {"action": "lookup_hash", "params": {"hash": EICAR}, "options": {KEY: 1}},
    "unknown threshold": {"action": "lookup_hash", "params": {"hash": EICAR}, "options": {"thresholds": {KEY: 1}}},
    "cache": {"action": "lookup_hash", "params": {"hash": EICAR}, "options": {"cache": KEY}},
    "a value of a wrong type": {"action": "lookup_hash", "params": {"hash": [KEY, {"x": KEY}]}},
    "an indicator that is none": {"action": "lookup_ip", "params": {"ip": f"{'x' * 40}{KEY}"}},
    "comment": {"action": "add_comment", "params": {"indicator": EICAR, "comment": f"my key is {KEY}!"}},
    "comment in base64": {
        "action": "add_comment",
        "params": {"indicator": EICAR, "comment": base64.encodebytes(f"key: {KEY}".encode()).decode()},
    },
    "filename": {"action": "scan_file", "params": {"content_base64": "eA==", "filename": f"{KEY}.txt"}},
    "path": {"action": "scan_file", "params": {"path": f"/nowhere/{KEY}"}},
    "content": {"action": "scan_file", "params": {"content_base64": base64.b64encode(f"x={KEY}\n".encode()).decode()}},
    "wide content": {
        "action": "scan_file",
        "params": {"content_base64": base64.b64encode(KEY.encode("utf-16")).decode()},
    },
}


@pytest.mark.parametrize("place", ELSEWHERE)
def test_the_key_is_not_repeated_wherever_it_stands(
    core: Core, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture, tmp_path: Path, place: str
) -> None:
    answer = core.answer(ELSEWHERE[place])
    assert in_bytes(json.dumps(answer).encode()) == []
    assert in_bytes(caplog.text.encode()) == []
    assert left_by_key(tmp_path) == []
    assert not any(KEY in request.path for request in sandbox.all_requests)
    if not place.startswith(("id", "unknown key", "unknown option")):
        assert answer["error"] is not None
        assert sandbox.all_requests == []


def test_values_with_the_key_are_left_out_of_what_is_looked_up_in_bulk(core: Core) -> None:
    core.answer({"action": "quota", "params": {}})
    values = [EICAR, KEY, KEY.upper(), f"https://h.example/%35{KEY[1:]}", "example.com"]
    assert core.context.guard.without(values) == [EICAR, "example.com"]
    assert KEY not in core.look_up_at_hand(None, values, Options())
    for value in values[1:4]:
        response = core.look_up(None, value, Options())
        assert error_of(response)["code"] == "invalid_indicator"
        assert in_bytes(json.dumps(response).encode()) == []


def test_the_key_is_not_even_looked_up_at_a_shared_server(
    sandbox: SandboxServer, redis_process: RedisProcess, tmp_path: Path
) -> None:
    core = core_at(sandbox, tmp_path, VT_STATE=redis_process.url)
    client: Any = redis.Redis.from_url(redis_process.url)
    with client.monitor() as monitor:  # what the server is asked
        for value in FORMS.values():
            core.look_up(None, value(KEY), Options())
            core.look_up_at_hand(None, [value(KEY)], Options())
            core.run(Request("lookup_hash", {"hash": KEY}))
        core.look_up(None, EICAR, Options())
        seen = ""
        while EICAR not in seen:
            seen += str(monitor.next_command())
    assert KEY.lower() not in seen.lower()
    core.close()


# --- files


@pytest.fixture
def run_with_key_file(run: RunnerProcess, tmp_path: Path) -> RunnerProcess:
    """Key and settings in files; the state was used."""
    (tmp_path / "key").write_text(KEY + "\n", "utf-8")
    (tmp_path / "config.json").write_text(json.dumps({"timeout": 20}), "utf-8")
    for name in ("key", "config.json"):
        (tmp_path / name).chmod(0o600)
    run.environment.update(VT_API_KEY_FILE=str(tmp_path / "key"), VT_CONFIG=str(tmp_path / "config.json"))
    del run.environment["VT_API_KEY"]
    run({"action": "lookup_hash", "params": {"hash": EICAR}})
    (tmp_path / "state.db.bad-1700000000").write_bytes(b"damaged")
    (tmp_path / "sample.bin").write_bytes(b"a sample")
    return run


def _scan(path: object) -> dict[str, Any]:
    return {"action": "scan_file", "params": {"path": str(path)}}


def test_the_products_own_files_are_never_sent_under_any_name(
    run_with_key_file: RunnerProcess, sandbox: SandboxServer, tmp_path: Path
) -> None:
    own = [path for path in tmp_path.iterdir() if path.is_file() and path.name != "sample.bin"]
    assert {"key", "config.json", "state.db", "state-quota.db", "state.db.bad-1700000000"} <= {
        path.name for path in own
    }
    names: list[object] = []
    for number, path in enumerate(own):
        (tmp_path / f"soft{number}").symlink_to(path)
        (tmp_path / f"soft-soft{number}").symlink_to(tmp_path / f"soft{number}")
        names += [path, tmp_path / f"soft{number}", tmp_path / f"soft-soft{number}"]
        if path.name in ("key", "config.json"):  # a state with hard links is refused altogether
            os.link(path, tmp_path / f"hard{number}")
            names.append(tmp_path / f"hard{number}")
        names += [f"{tmp_path}/./x/../{path.name}", f"/proc/self/cwd/{path}", f"//{path}"]
    (tmp_path / "x").mkdir()
    before = len(sandbox.all_requests)
    ran = run_with_key_file(*(_scan(name) for name in names))
    assert [line["error"]["code"] for line in ran.lines] == ["invalid_request"] * len(names)
    assert {line["error"]["details"]["path"] for line in ran.lines} == {"/params/path"}
    assert ran.exit_code == 2
    os.link(tmp_path / "state.db", tmp_path / "hard-state")
    assert run_with_key_file(_scan(tmp_path / "hard-state")).lines[0]["error"]["code"] == "config_error"
    assert len(sandbox.all_requests) == before


def test_files_of_a_state_are_known_wherever_they_are(
    run_with_key_file: RunnerProcess, sandbox: SandboxServer, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("state.db", "state-quota.db", "state-leases.db"):
        shutil.copyfile(tmp_path / name, elsewhere / f"copy-of-{name}")
        shutil.move(tmp_path / name, elsewhere / f"moved-{name}")
        (elsewhere / f"link-to-{name}").symlink_to(elsewhere / f"moved-{name}")
    substitute = tmp_path / "runtime" / "vt-connectors" / "quota.db"
    substitute.parent.mkdir(parents=True)
    for suffix in ("", "-wal", "-shm"):
        substitute.with_name(substitute.name + suffix).write_bytes(b"anything")
    names = [*elsewhere.iterdir(), *substitute.parent.iterdir()]
    before = len(sandbox.all_requests)
    ran = run_with_key_file(*map(_scan, names), XDG_RUNTIME_DIR=str(tmp_path / "runtime"))
    assert [line["error"] and line["error"]["code"] for line in ran.lines] == ["invalid_request"] * len(names)
    assert len(sandbox.all_requests) == before


def test_a_refused_file_of_the_state_keeps_the_locks_that_this_process_has_on_it(core: Core, tmp_path: Path) -> None:
    """A process that closes a file loses all its locks on it."""
    core.answer({"action": "lookup_hash", "params": {"hash": EICAR}})
    held = [sqlite3.connect(tmp_path / name, isolation_level=None) for name in ("state.db", "state-quota.db")]
    for connection in held:
        connection.execute("BEGIN IMMEDIATE")
    for path in list(tmp_path.iterdir()):
        (tmp_path / f"link-{path.name}").symlink_to(path)
    for path in list(tmp_path.iterdir()):
        assert error_of(core.answer(_scan(path)))["code"] == "invalid_request"
    for name in ("state.db", "state-quota.db"):
        code = f"import sqlite3; sqlite3.connect({str(tmp_path / name)!r}, timeout=0).execute('BEGIN IMMEDIATE')"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)
        assert b"database is locked" in done.stderr
    for connection in held:
        connection.close()


def test_an_open_file_is_known_by_what_it_is_and_not_by_its_name(
    run_with_key_file: RunnerProcess, sandbox: SandboxServer, tmp_path: Path
) -> None:
    before = len(sandbox.all_requests)
    descriptor = os.open(tmp_path / "key", os.O_RDONLY)
    for name in (f"/proc/self/fd/{descriptor}", f"/dev/fd/{descriptor}"):
        done = subprocess.run(
            run_with_key_file.command("run"),
            input=json.dumps(_scan(name)).encode(),
            env=run_with_key_file.environment,
            capture_output=True,
            check=False,
            timeout=60,
            pass_fds=(descriptor,),
        )
        assert json.loads(done.stdout)["error"]["code"] == "invalid_request"
        assert KEY.encode() not in done.stdout + done.stderr
    os.close(descriptor)
    assert len(sandbox.all_requests) == before


def test_copies_of_the_key_and_the_environment_are_not_sent_either(
    run_with_key_file: RunnerProcess, sandbox: SandboxServer, tmp_path: Path
) -> None:
    copies = {
        "copy": KEY.encode(),
        "in the middle": b"x" * 1_048_540 + KEY.encode() + b"y" * 3_000_000,
        "at the end": b"\0" * 2_097_100 + KEY.encode(),
        "base64": base64.encodebytes(b"x" * 1_000_000 + KEY.encode()),
        "wide": b"\xff\xfe" + ("x" * 600_000 + KEY).encode("utf-16-le"),
    }
    for name, content in copies.items():
        (tmp_path / name).write_bytes(content)
    before = len(sandbox.all_requests)
    ran = run_with_key_file(*(_scan(tmp_path / name) for name in copies), _scan("/proc/self/environ"))
    assert [line["error"]["code"] for line in ran.lines] == ["invalid_request"] * 6
    assert len(sandbox.all_requests) == before
    [line] = run_with_key_file(_scan(tmp_path / "sample.bin")).lines
    assert line["status"] == "pending"


def test_only_files_below_the_named_folders_are_sent(
    run_with_key_file: RunnerProcess, sandbox: SandboxServer, tmp_path: Path
) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside, tmp_path / "in-beside"):
        folder.mkdir()
        (folder / "sample").write_bytes(b"sample in " + folder.name.encode())
    (inside / "deep").mkdir()
    (inside / "deep" / "sample").write_bytes(b"deep")
    (inside / "out").symlink_to(outside)
    (inside / "leads-out").symlink_to(outside / "sample")
    (outside / "leads-in").symlink_to(inside / "sample")
    (tmp_path / "root").symlink_to(inside)
    allowed = [inside / "sample", inside / "deep" / "sample", outside / "leads-in", tmp_path / "root" / "sample"]
    forbidden = [
        outside / "sample",
        inside / "out" / "sample",
        inside / "leads-out",
        inside / ".." / "out" / "sample",
        tmp_path / "in-beside" / "sample",
        "/etc/hostname",
    ]
    before = len(sandbox.all_requests)
    for roots in (str(inside), f"/nowhere{os.pathsep}{tmp_path / 'root'}{os.pathsep}"):
        ran = run_with_key_file(*map(_scan, forbidden), VT_SCAN_ROOTS=roots)
        assert {line["error"]["message"].rpartition("' ")[2] for line in ran.lines} == {
            "is not in a folder of VT_SCAN_ROOTS"
        }
        assert len(sandbox.all_requests) == before
    ran = run_with_key_file(*map(_scan, allowed), VT_SCAN_ROOTS=str(inside))
    assert [line["status"] for line in ran.lines] == ["pending"] * 4
    own = run_with_key_file(_scan(tmp_path / "key"), VT_SCAN_ROOTS=str(tmp_path)).lines[0]
    assert "vt-connectors' own files" in own["error"]["message"]


@pytest.mark.parametrize("roots", ["relative", ".", f"/a{os.pathsep}b", os.pathsep])
def test_folders_that_are_not_whole_paths_are_a_config_error(roots: str) -> None:
    with pytest.raises(ConfigError, match="VT_SCAN_ROOTS"):
        settings_from({"VT_SCAN_ROOTS": roots})


def test_a_file_that_was_moved_out_after_it_was_opened_is_not_sent(sandbox: SandboxServer, tmp_path: Path) -> None:
    from vt_connectors.actions.file_access import FileAccess

    inside = tmp_path / "in"
    inside.mkdir()
    sample = inside / "sample"
    sample.write_bytes(b"x")
    access = FileAccess(roots=[str(inside)])
    descriptor = os.open(sample, os.O_RDONLY)
    assert access.why_not(descriptor) is None
    sample.rename(tmp_path / "moved")
    sample.write_bytes(b"another")
    assert access.why_not(descriptor) is not None
    (tmp_path / "moved").unlink()
    assert access.why_not(descriptor) is not None
    os.close(descriptor)


# --- the command line


def test_printed_commands_have_neither_the_key_nor_a_file_of_ours(
    run_with_key_file: RunnerProcess, tmp_path: Path
) -> None:
    for words in (
        ("curl", "lookup_hash", KEY),
        ("curl", "lookup_url", f"https://h.example/?k={KEY}"),
        ("curl", "add_comment", EICAR, "--comment", KEY),
        ("curl", "scan_file", str(tmp_path / "key")),
        ("curl", "lookup_ip", KEY),
    ):
        done = run_with_key_file.text(*words)
        assert done.returncode == 2
        assert in_bytes((done.stdout + done.stderr).encode()) == []


def test_direct_commands_show_no_key(run_with_key_file: RunnerProcess, sandbox: SandboxServer) -> None:
    before = len(sandbox.all_requests)
    for words in (("lookup_hash", KEY), ("lookup_url", f"https://h.example/{KEY}", "--json"), ("lookup_ip", KEY)):
        done = run_with_key_file.text(*words)
        assert done.returncode in (1, 2)
        assert in_bytes((done.stdout + done.stderr).encode()) == []
    assert len(sandbox.all_requests) == before


def test_a_queued_value_with_the_key_leaves_the_queue_unasked_and_unsaid(
    core: Core, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """As an earlier version may have queued it."""
    from vt_connectors.actions.drain import DrainLimits

    core.context.pending.put(f"hash:{KEY}", frozenset())
    drained = core.drain(DrainLimits())
    assert (drained.failed, drained.left) == (1, 0)
    assert sandbox.all_requests == []
    assert in_bytes(caplog.text.encode() + (drained.message or "").encode()) == []


def test_a_stored_value_with_the_key_is_not_shown(core: Core) -> None:
    """As an earlier version may have stored it."""
    from vt_connectors.actions.cache_listing import listed, newest
    from vt_connectors.cache import Entry

    key = f"v{core.context.space}:url:https://h.example/{KEY}"
    stats = {"malicious": 0, "suspicious": 0, "total": 1}
    core.context.cache.put(key, Entry("ok", {"stats": stats}, core.context.clock.now()))
    shown = repr((listed(core.context, 9), newest(core.context, 9)))
    assert "https://h.example/[key]" in shown
    assert in_bytes(shown.encode()) == []


def test_a_key_from_a_pipe_is_read_once() -> None:
    from vt_connectors.config.credentials import find_key

    reader, writer = os.pipe()
    os.write(writer, KEY.encode())
    os.close(writer)
    environment = {"VT_API_KEY_FILE": f"/dev/fd/{reader}"}
    assert find_key(environment)[0] == ApiKey(KEY)
    os.close(reader)
    assert find_key(environment)[0] == ApiKey(KEY)
    from vt_connectors.config import config_file

    config_file._FROM_PIPES.clear()
