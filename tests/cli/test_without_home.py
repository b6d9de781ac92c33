"""A user without a home folder and without an entry in the list of users, as containers are given."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forked_process import fork_server, of_python
from tests.vtaction_process import PROGRAM, RunnerProcess, clean_environment
from vt_connectors.sandbox import SandboxServer

_AS_UNKNOWN_USER = ("setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups")
_OF_UNKNOWN_USER = PROGRAM._replace(under=_AS_UNKNOWN_USER)
_PYTHON_API = "from vt_connectors import connect; print(connect().lookup_ip('8.8.8.8').verdict)"


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where every user may put temporary files."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # pytest's own folders are root's alone
        Path(folder).chmod(0o1777)
        yield Path(folder)


class Homeless:
    """`home`: a home folder that does not exist, or None for a user without any."""

    def __init__(self, temporary: Path, url: str, home: str | None = None) -> None:
        gone = ("HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "TEMP", "TMP")
        kept = {name: value for name, value in clean_environment().items() if name not in gone}
        if home is not None:
            kept["HOME"] = home
        self._environment = {**kept, "TMPDIR": str(temporary), "VT_API_URL": url, "VT_API_KEY": "k" * 64}

    def started(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What became of a Python with these arguments."""
        return subprocess.run(
            [*_AS_UNKNOWN_USER, sys.executable, *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd="/",
        )

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """What became of `vtaction`, without the start of Python."""
        server = fork_server(_OF_UNKNOWN_USER, tuple(sorted(of_python(self._environment).items())))
        command = ["vtaction", *arguments]
        done = server.run(command, self._environment, stdin.encode(), timeout=60, folder=Path("/"))
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


_readable: list[bool] = []


def _may_be_read(homeless: Homeless) -> bool:
    """Asked once, because it takes as long as a test."""
    if not _readable:
        _readable.append(homeless.started("-c", "import vt_connectors, requests").returncode == 0)
    return _readable[0]


@pytest.fixture(params=["no home", "a missing home", "a missing home in a folder of others"])
def homeless(request: pytest.FixtureRequest, temporary: Path, tmp_path: Path, sandbox: SandboxServer) -> Homeless:
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can start a process as another user, with setpriv")
    homes = {"a missing home": temporary / "gone", "a missing home in a folder of others": tmp_path / "gone"}
    home = homes.get(request.param)
    found = Homeless(temporary, sandbox.url, None if home is None else str(home))
    if not _may_be_read(found):
        pytest.skip("another user may not read this Python or this checkout")
    return found


REQUEST = json.dumps({"action": "lookup_ip", "params": {"ip": "8.8.8.8"}}) + "\n"


def test_lookups_go_on_with_one_warning_and_one_cache_for_all_processes(
    homeless: Homeless, temporary: Path, sandbox: SandboxServer
) -> None:
    ran = [
        homeless.run("run", stdin=REQUEST),
        homeless.run("lookup_ip", "8.8.8.8"),
    ]
    for done in ran:
        (line,) = done.stdout.splitlines()
        assert json.loads(line)["status"] == "ok"
        assert (done.returncode, done.stderr.count("\n")) == (0, 1)
        assert "no home folder" in done.stderr
        assert str(temporary) in done.stderr
    assert len(sandbox.requests) == 1
    assert [json.loads(done.stdout)["meta"]["source"] for done in ran] == ["api", "cache"]


@pytest.mark.parametrize("command", [("doctor",), ("cache", "stats"), ("drain",), ("quota",), ("curl", "quota")])
def test_other_commands_work_too(homeless: Homeless, command: tuple[str, ...]) -> None:
    done = homeless.run(*command)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert done.stdout


def test_the_python_api_works_too(homeless: Homeless) -> None:
    done = homeless.started("-c", _PYTHON_API)
    assert (done.stdout, done.returncode) == ("undetected\n", 0)


def test_the_state_is_that_users_alone(homeless: Homeless, temporary: Path) -> None:
    homeless.run("run", stdin=REQUEST)
    (folder,) = temporary.iterdir()  # also: no home folder was made
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("umask", [0o277, 0o777, 0o000])
def test_a_state_made_with_any_umask_can_be_used_later(homeless: Homeless, temporary: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        made = homeless.started("-m", "vt_connectors", "lookup_ip", "8.8.8.8")
    finally:
        os.umask(before)
    assert json.loads(made.stdout)["meta"]["source"] == "api"
    assert json.loads(homeless.run("lookup_ip", "8.8.8.8").stdout)["meta"]["source"] == "cache"
    (folder,) = temporary.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_not_even_root_makes_a_missing_home_folder(run: RunnerProcess, tmp_path: Path) -> None:
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "VT_STATE", "VT_CONFIG"):
        run.environment.pop(name, None)
    (tmp_path / "temporary").mkdir()
    home = tmp_path / "gone"
    run.environment.update(HOME=str(home), TMPDIR=str(tmp_path / "temporary"), XDG_RUNTIME_DIR=str(tmp_path))
    assert run.text("lookup", "8.8.8.8").returncode == 0
    refused = run.text("init", stdin="k" * 64)
    assert "VT_CONFIG" in refused.stderr
    assert refused.returncode == 2
    assert not home.exists()


def test_doctor_says_what_to_do_about_a_state_that_cannot_be_written(run: RunnerProcess, tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    done = run.text("doctor", VT_STATE=str(tmp_path / "a file" / "state.db"))
    (found,) = (line for line in done.stdout.splitlines() if "a file" in line and "cannot be written" in line)
    assert "set VT_STATE to a file in a folder that this user may write" in found
