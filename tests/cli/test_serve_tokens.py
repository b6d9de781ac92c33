"""`vtaction serve token`: adding, listing and revoking from the command line."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.vtaction_process import RunnerProcess, clean_environment

from .streams import run_with

AT_ONCE = 16


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "made"
    folder.mkdir(0o700)
    return folder / "tokens.json"


def _add(run: RunnerProcess, file: Path, name: str, *options: str) -> str:
    done = run.text("serve", "token", "add", name, "--tokens", str(file), *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _listed(run: RunnerProcess, file: Path) -> list[dict[str, object]]:
    done = run.text("serve", "token", "list", "--json", "--tokens", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_add_prints_the_token_alone_and_list_never_shows_it(run: RunnerProcess, file: Path) -> None:
    printed = _add(run, file, "soar", "--rights", "submit, read", "--share", "30", "--max-wait", "2m")
    token = printed.strip()
    assert printed == f"{token}\n"
    assert token.startswith("vtc_")
    listed = _listed(run, file)
    assert token[4:] not in str(listed)
    del listed[0]["created"]
    assert listed == [{"name": "soar", "rights": ["read", "submit"], "share": 30, "max_wait_s": 120.0}]


def test_a_new_token_may_only_read(run: RunnerProcess, file: Path) -> None:
    _add(run, file, "soar")
    assert _listed(run, file)[0]["rights"] == ["read"]


def test_a_revoked_token_is_not_listed(run: RunnerProcess, file: Path) -> None:
    _add(run, file, "soar")
    done = run.text("serve", "token", "revoke", "soar", "--tokens", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "revoked soar\n")
    assert _listed(run, file) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "a b"), "is no name for a token"),
        (("add", "soar", "--rights", "read,root"), "unknown right 'root'"),
        (("add", "soar", "--share", "101"), "percentage"),
        (("add", "soar", "--max-wait", "2h"), "is not from 0 to 3600 s"),
        (("add", "soar", "--max-wait", "100000000s"), "a wait of 100000000 s is not from 0 to 3600 s"),
        (("add", "soar", "--tokens", ""), "--tokens names no file"),
        (("add", "soar", "--tokens", "/proc/none/tokens.json"), "there is no folder /proc/none"),
        (("add", "soar", "--tokens", "/proc/tokens.json"), "cannot be written"),
        (("revoke", "soar"), "there is no token 'soar'"),
        (("add",), "required: NAME"),
        ((), "required: add|list|revoke"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(
    run: RunnerProcess, arguments: tuple[str, ...], says: str
) -> None:
    done = run.text("serve", "token", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("operation", ["add", "revoke"])
@pytest.mark.parametrize("secret", ["vtc_" + "a" * 43, "k" * 64, "k" * 64 + "?"])
def test_a_key_or_token_in_the_place_of_a_name_is_not_repeated(
    run: RunnerProcess, file: Path, operation: str, secret: str
) -> None:
    done = run.text("serve", "token", operation, secret, "--tokens", str(file), VT_API_KEY="k" * 64)
    assert done.returncode == 2
    assert secret[:64] not in done.stderr


def test_the_default_file_is_beside_the_default_state(run: RunnerProcess, tmp_path: Path) -> None:
    done = run.text("serve", "token", "add", "soar", XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == 0
    place = tmp_path / "vt-connectors" / "serve-tokens.json"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_tokens_may_be_named_before_and_after_the_subcommand(run: RunnerProcess, file: Path) -> None:
    done = run.text("serve", "--tokens", str(file), "token", "add", "soar")
    assert done.returncode == 0
    assert [each["name"] for each in _listed(run, file)] == ["soar"]


def test_of_many_processes_that_add_at_once_none_is_lost(run: RunnerProcess, file: Path) -> None:
    names = [f"client-{number}" for number in range(AT_ONCE)]
    processes = [run.fork("serve", "token", "add", name, "--share", "6", "--tokens", str(file)) for name in names]
    tokens = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * AT_ONCE
    assert len(set(tokens)) == AT_ONCE
    assert sorted(str(each["name"]) for each in _listed(run, file)) == sorted(names)
    assert [each.name for each in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("stdout", ["terminal", "pipe", "file", "nonblocking"])
def test_the_token_is_printed_whatever_stdout_is(run: RunnerProcess, file: Path, stdout: str) -> None:
    command = ("serve", "token", "add", "soar", "--tokens", str(file))
    seen = run_with(run, *command, stdout=stdout)
    assert seen.exit_code == 0
    assert seen.stdout.strip().startswith("vtc_")
    assert "added soar" in seen.stderr


def test_with_stdout_closed_no_token_is_made(run: RunnerProcess, file: Path) -> None:
    seen = run_with(run, "serve", "token", "add", "soar", "--tokens", str(file), stdout="closed")
    assert seen.exit_code == 2
    assert not file.exists()


def test_a_token_that_could_not_be_printed_is_not_kept(run: RunnerProcess, file: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        process = run.fork("serve", "token", "add", "soar", "--tokens", str(file), stdout=full)
        stderr = process.communicate()[1]
    assert process.returncode == 2
    assert b"could not be printed, so soar was not added" in stderr
    assert _listed(run, file) == []


def test_a_token_that_nobody_reads_is_not_kept(run: RunnerProcess, file: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "wb", buffering=0) as unread:
        process = run.fork("serve", "token", "add", "soar", "--tokens", str(file), stdout=unread)
        process.communicate()
    assert process.returncode == 2
    assert _listed(run, file) == []


def test_list_is_a_table_on_a_terminal(run: RunnerProcess, file: Path) -> None:
    _add(run, file, "soar", "--share", "30")
    command = ("serve", "token", "list", "--tokens", str(file))
    seen = run_with(run, *command, stdout="terminal")
    assert seen.exit_code == 0
    assert "soar" in seen.stdout
    assert "30 %" in seen.stdout


def test_a_user_without_home_and_name_can_add_a_token() -> None:
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can start a process as another user, with setpriv")
    gone = ("HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "TEMP", "TMP")
    kept = {name: value for name, value in clean_environment().items() if name not in gone}
    as_unknown = ("setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups", sys.executable)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o1777)
        environment = {**kept, "TMPDIR": folder}
        probe = [*as_unknown, "-c", "import vt_connectors"]
        if subprocess.run(probe, env=environment, check=False, cwd="/").returncode != 0:
            pytest.skip("another user may not read this Python or this checkout")
        done = subprocess.run(
            [*as_unknown, "-m", "vt_connectors", "serve", "token", "add", "soar"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd="/",
        )
        assert done.returncode == 0, done.stderr
        place = Path(folder) / "vt-connectors-54321" / "serve-tokens.json"
        assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_commands_without_a_server_import_nothing_of_it() -> None:
    script = (
        "import sys\n"
        "from vt_connectors.adapters.cli.arguments import parse\n"
        "parse(['lookup_hash', '44d88612fea8a8f36de82e1278abb02f'])\n"
        "print([name for name in sys.modules if 'adapters.http' in name or 'waitress' in name or 'serve' in name])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=clean_environment(), capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
