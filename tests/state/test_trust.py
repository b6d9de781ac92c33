"""Files that another user can change are not trusted: state, key and configuration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.state.test_lookups_go_on import Harness
from tests.vtaction_process import RunnerProcess, lookup
from vt_connectors.errors import ConfigError
from vt_connectors.state.trust import refuse_untrusted

_KEY = "5ec2e7" * 10
_ANOTHER_USER = 12345
needs_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="files of another user")

Expose = Callable[[Path], None]


def _file_for_all(path: Path) -> None:
    path.chmod(0o666)


def _folder_for_all(path: Path) -> None:
    path.parent.chmod(0o777)


def _another_users(path: Path) -> None:
    os.chown(path, _ANOTHER_USER, -1)


def _folder_of_another_user(path: Path) -> None:
    os.chown(path.parent, _ANOTHER_USER, -1)


def _for_a_group(path: Path) -> None:
    """A group with members."""
    os.chown(path, -1, _group_with_members())
    path.chmod(0o660)


def _group_with_members() -> int:
    import pwd

    return next(user.pw_gid for user in pwd.getpwall() if user.pw_uid not in (0, os.geteuid()))


EXPOSED = [
    pytest.param(_file_for_all),
    pytest.param(_folder_for_all),
    *(pytest.param(expose, marks=needs_root) for expose in (_another_users, _folder_of_another_user, _for_a_group)),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o755)
    return folder


@pytest.mark.parametrize("expose", EXPOSED)
def test_a_file_that_another_user_can_change_is_refused_and_by_links_too(folder: Path, expose: Expose) -> None:
    path, link = folder / "file", folder.parent / "link"
    path.write_text("content", "utf-8")
    link.symlink_to(path)
    refuse_untrusted(path, "the file")
    expose(path)
    for name in (path, link):
        with pytest.raises(ConfigError, match=r"another user|other users|every user") as caught:
            refuse_untrusted(name, "the file")
        assert str(folder) in caught.value.message


@needs_root
def test_a_link_that_another_user_made_is_refused(folder: Path) -> None:
    """In a folder such as /tmp, where all users may make files but not replace files of others."""
    (folder / "file").touch(0o600)
    (folder.parent / "link").symlink_to(folder / "file")
    os.lchown(folder.parent / "link", _ANOTHER_USER, -1)
    with pytest.raises(ConfigError, match="another user"):
        refuse_untrusted(folder.parent / "link", "the file")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o444, 0o400])
def test_a_file_that_others_may_read_at_most_is_trusted(folder: Path, mode: int) -> None:
    path = folder / "file"
    path.touch()
    path.chmod(mode)
    refuse_untrusted(path, "the file")


def test_a_folder_with_the_sticky_bit_is_trusted(folder: Path) -> None:
    (folder / "file").touch(0o600)
    folder.chmod(0o1777)
    refuse_untrusted(folder / "file", "the file")


def test_a_group_without_other_members_is_trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").touch()
    if os.geteuid() == 0:
        os.chown(folder / "file", -1, 54321)
    (folder / "file").chmod(0o660)
    if os.geteuid() == 0:
        refuse_untrusted(folder / "file", "the file")


@pytest.mark.parametrize("expose", EXPOSED)
@pytest.mark.parametrize("name", ["state.db", "state-quota.db", "state-leases.db"])
def test_a_state_that_others_can_write_is_a_config_error(folder: Path, expose: Expose, name: str) -> None:
    state = folder / "state.db"
    core = Harness(state, "9/minute").core()
    core.answer(lookup())
    core.close()
    expose(folder / name)
    harness = Harness(state, "9/minute")
    with pytest.raises(ConfigError, match="state file"):
        harness.core()
    assert harness.virustotal.asked == []


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_a_state_beside_another_users_file_is_refused(folder: Path, suffix: str) -> None:
    core = Harness(folder / "state.db", "9/minute").core()
    core.answer(lookup())
    core.close()
    left = folder / f"state.db{suffix}"
    left.touch()
    left.chmod(0o666)
    with pytest.raises(ConfigError, match="every user"):
        Harness(folder / "state.db", "9/minute").core()


@pytest.mark.parametrize("expose", EXPOSED)
def test_a_key_file_that_others_can_write_is_a_config_error(run: RunnerProcess, folder: Path, expose: Expose) -> None:
    path = folder / "key"
    path.write_text(_KEY, "utf-8")
    path.chmod(0o600)
    del run.environment["VT_API_KEY"]
    assert run(lookup(), VT_API_KEY_FILE=str(path)).lines[0]["error"] is None
    expose(path)
    ran = run(lookup("f" * 32), VT_API_KEY_FILE=str(path))
    assert ran.lines[0]["error"]["code"] == "config_error"
    assert str(path.parent) in ran.lines[0]["error"]["message"]
    assert _KEY not in ran.stderr


@pytest.mark.parametrize("expose", EXPOSED)
def test_a_writable_configuration_file_is_a_config_error(run: RunnerProcess, folder: Path, expose: Expose) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({"timeout": 5}), "utf-8")
    assert run(lookup(), VT_CONFIG=str(path)).lines[0]["error"] is None
    expose(path)
    ran = run(lookup("f" * 32), VT_CONFIG=str(path))
    assert (ran.exit_code, ran.lines[0]["error"]["code"]) == (2, "config_error")
    doctor = run.text("doctor", "--json", VT_CONFIG=str(path))
    assert doctor.returncode == 2
    assert str(path.parent) in doctor.stdout


def test_a_key_readable_by_every_user_causes_one_warning_and_one_in_doctor(run: RunnerProcess, folder: Path) -> None:
    path, config = folder / "key", folder / "config.json"
    path.write_text(_KEY, "utf-8")
    config.write_text(json.dumps({"api_key": _KEY}), "utf-8")
    del run.environment["VT_API_KEY"]
    for mode, warned in ((0o644, True), (0o640, False), (0o444, True)):
        path.chmod(mode)
        config.chmod(mode)
        for variable, file in (("VT_API_KEY_FILE", path), ("VT_CONFIG", config)):
            given: Any = {variable: str(file)}
            ran = run(lookup(options={"cache": "off"}), lookup("f" * 32, options={"cache": "off"}), **given)
            assert [line["error"] for line in ran.lines] == [None, None]
            assert ran.stderr.count("chmod 600") == warned
            findings = json.loads(run.text("doctor", "--json", **given).stdout)
            about_key = [
                finding for finding in findings if "warning" in finding["text"] and finding["about"] == "API key"
            ]
            assert bool(about_key) is warned


def test_one_file_for_two_purposes_is_refused(run: RunnerProcess, folder: Path) -> None:
    config = folder / "config.json"
    config.write_text('{"quota":"none"}', "utf-8")
    del run.environment["VT_API_KEY"]
    ran = run(lookup(), VT_CONFIG=str(config), VT_API_KEY_FILE=str(config))
    assert "name the same file" in ran.lines[0]["error"]["message"]
    run(lookup(), VT_API_KEY=_KEY)
    for name in ("VT_API_KEY_FILE", "VT_CONFIG"):
        before = (folder.parent / "state.db").read_bytes()
        given: Any = {name: str(folder.parent / "state.db")}
        ran = run(lookup("f" * 32), **given)
        assert ran.lines[0]["error"]["code"] == "config_error"
        assert (folder.parent / "state.db").read_bytes() == before
    key = folder / "key"
    key.write_text(_KEY, "utf-8")
    ran = run(lookup(), VT_API_KEY_FILE=str(key), VT_STATE=str(key))
    assert ran.lines[0]["error"]["code"] == "config_error"
    assert key.read_text("utf-8") == _KEY
    config.write_text(json.dumps({"api_key": _KEY, "api_key_file": str(key)}), "utf-8")
    assert "api_key and api_key_file" in run(lookup("9" * 32), VT_CONFIG=str(config)).lines[0]["error"]["message"]


@needs_root
def test_a_state_file_of_another_user_that_may_not_be_read_is_a_config_error(tmp_path: Path) -> None:
    """Root may read all files, so another user tries."""
    folder = tmp_path / "shared"
    folder.mkdir()
    Harness(folder / "state.db").answer()
    for parent in (folder, *folder.parents):
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o055)
    script = """
import os, sys
from pathlib import Path
from vt_connectors.errors import ConfigError
from vt_connectors.composition.state import state_files
import vt_connectors.backends.sqlite.answers
import vt_connectors.backends.sqlite.leases
import vt_connectors.backends.sqlite.record_file
os.setuid(12345)
try:
    state_files(Path(sys.argv[1]))
except Exception as error:
    print(type(error).__name__, error)
"""
    project = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", script, str(folder / "state.db")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project, check=False)
    assert "ConfigError" in done.stdout, done.stderr
    assert "may not be read by this user" in done.stdout


@needs_root
def test_a_state_in_an_inaccessible_folder_causes_a_warning_and_the_lookup_continues(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    script = """
import logging, os, sys
from vt_connectors.api_key import ApiKey
from vt_connectors.clock import SystemClock
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
import vt_connectors.actions.registry, vt_connectors.backends.sqlite.answers, vt_connectors.backends.sqlite.leases
import vt_connectors.backends.sqlite.record_file, vt_connectors.backends.sqlite.pending
os.setuid(12345)
core = build(settings_from({"VT_STATE": sys.argv[1]}), lambda: ApiKey("k" * 64), SystemClock())
lookup = {"action": "lookup_hash", "params": {"hash": "f" * 32}, "options": {"cache": "only"}}
print(core.answer(lookup)["data"]["reason"])
"""
    command = [sys.executable, "-c", script, str(closed / "state.db")]
    project = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project, check=False)
    assert done.stdout == "not_cached\n", done.stderr
    assert "cannot be used" in done.stderr
