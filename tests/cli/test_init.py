"""`vtaction init`, and the configuration file that it writes."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from tests.cli.streams import all_of
from tests.vtaction_process import EICAR, RunnerProcess, lookup

KEY = "c0ffee" * 10 + "abcd"
OTHER = "facade" * 10 + "1234"


@pytest.fixture
def fresh(run: RunnerProcess, tmp_path: Path) -> RunnerProcess:
    """A user without a key, with a folder of its own for configuration."""
    del run.environment["VT_API_KEY"]
    run.environment["XDG_CONFIG_HOME"] = str(tmp_path / "config")
    return run


def config(fresh: RunnerProcess) -> Path:
    return Path(fresh.environment["XDG_CONFIG_HOME"]) / "vt-connectors" / "config.json"


def test_without_a_key_the_message_names_init_the_page_and_the_sandbox(fresh: RunnerProcess) -> None:
    message = fresh(lookup()).lines[0]["error"]["message"]
    for word in ("vtaction init", "https://www.virustotal.com/gui/my-apikey", "vtaction sandbox", "VT_API_KEY_FILE"):
        assert word in message


def test_a_stored_key_is_used_from_then_on_and_only_its_owner_can_read_it(fresh: RunnerProcess) -> None:
    done = fresh.text("init", stdin=f"{KEY}\n")
    assert done.returncode == 0
    assert str(config(fresh)) in done.stderr
    assert KEY not in done.stdout + done.stderr
    assert stat.S_IMODE(config(fresh).stat().st_mode) == 0o600
    assert stat.S_IMODE(config(fresh).parent.stat().st_mode) == 0o700
    assert fresh(lookup()).lines[0]["status"] == "ok"
    assert fresh(arguments=("lookup", EICAR)).lines[0]["status"] == "ok"


def test_the_key_is_typed_on_a_terminal_without_being_shown(fresh: RunnerProcess) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r+b", buffering=0) as end:
        process = fresh.fork("init", stdin=end, stdout=end, stderr=end)
    seen = b""
    while b"API key: " not in seen:
        seen += os.read(ours, 1024)
    os.write(ours, f"{KEY}\n".encode())
    seen += all_of(ours)
    assert process.wait(60) == 0
    assert KEY.encode() not in seen
    assert json.loads(config(fresh).read_text("utf-8")) == {"api_key": KEY}


def test_an_interrupt_at_the_prompt_stores_nothing_and_shows_what_is_typed_again(fresh: RunnerProcess) -> None:
    ours, theirs = pty.openpty()
    # Started, because in a forked process the signal does not interrupt the reading.
    process = subprocess.Popen(fresh.command("init"), stdin=theirs, stdout=theirs, stderr=theirs, env=fresh.environment)
    seen = b""
    while b"API key: " not in seen:
        seen += os.read(ours, 1024)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 75
    assert not config(fresh).exists()
    import termios

    assert termios.tcgetattr(theirs)[3] & termios.ECHO
    os.close(theirs)
    os.close(ours)


def test_a_key_is_replaced_only_on_request(fresh: RunnerProcess) -> None:
    fresh.text("init", stdin=KEY)
    refused = fresh.text("init", stdin=OTHER)
    assert refused.returncode == 2
    assert "--replace" in refused.stderr
    assert json.loads(config(fresh).read_text("utf-8"))["api_key"] == KEY
    assert fresh.text("init", "--replace", "--quota", "auto", stdin=OTHER).returncode == 0
    assert json.loads(config(fresh).read_text("utf-8")) == {"api_key": OTHER, "quota": "auto"}


def test_a_wrong_quota_is_refused_with_the_option_that_was_typed(fresh: RunnerProcess) -> None:
    done = fresh.text("init", "--quota", "unlimited", stdin=KEY)
    assert (done.returncode, config(fresh).exists()) == (2, False)
    assert "--quota: 'unlimited' is not a window" in done.stderr


def test_profiles_are_added_beside_what_the_file_has(fresh: RunnerProcess) -> None:
    fresh.text("init", stdin=KEY)
    config(fresh).write_text(json.dumps({"api_key": KEY, "never_query": ["corp.example"]}), "utf-8")
    assert fresh.text("init", "--profile", "work", stdin=OTHER).returncode == 0
    content = json.loads(config(fresh).read_text("utf-8"))
    assert content == {"api_key": KEY, "never_query": ["corp.example"], "profiles": {"work": {"api_key": OTHER}}}


def test_profiles_have_keys_of_their_own_and_the_settings_of_all(fresh: RunnerProcess) -> None:
    fresh.text("init", stdin=KEY)
    content = {"api_key": KEY, "never_query": ["corp.example"], "profiles": {"bad": {"api_key": "wrong-key"}}}
    config(fresh).write_text(json.dumps(content), "utf-8")
    plain = fresh(arguments=("lookup", "8.8.8.8"))
    chosen = fresh(arguments=("lookup", "9.9.9.9", "--profile", "bad"))
    named = fresh(arguments=("lookup", "9.9.9.9"), VT_PROFILE="bad")
    before = fresh(arguments=("--profile", "bad", "lookup", "9.9.9.9", "a.corp.example"))
    assert plain.lines[0]["status"] == "ok"
    for ran in (chosen, named, before):
        assert ran.lines[0]["error"]["code"] == "access_denied"
    assert before.lines[1]["data"]["reason"] == "never_query"


def test_an_unknown_profile_is_refused_with_the_known_ones(fresh: RunnerProcess) -> None:
    fresh.text("init", "--profile", "home", stdin=KEY)
    message = fresh(lookup(), arguments=("run", "--profile", "hmoe")).lines[0]["error"]["message"]
    assert "has no profile 'hmoe'; it has home" in message


def test_a_key_of_the_environment_does_not_replace_that_of_a_profile_unnoticed(fresh: RunnerProcess) -> None:
    fresh.text("init", "--profile", "work", stdin=KEY)
    ran = fresh(arguments=("lookup", "8.8.8.8", "--profile", "work"), VT_API_KEY=OTHER)
    assert "VT_API_KEY is set" in ran.lines[0]["error"]["message"]
    assert fresh(arguments=("lookup", "8.8.8.8"), VT_API_KEY=OTHER).lines[0]["status"] == "ok"


def test_an_empty_or_other_vt_config_turns_the_default_file_off(fresh: RunnerProcess, tmp_path: Path) -> None:
    fresh.text("init", stdin=KEY)
    assert "no API key" in fresh(lookup(), VT_CONFIG="").lines[0]["error"]["message"]
    other = tmp_path / "other.json"
    other.write_text('{"api_key": "wrong-key"}', "utf-8")
    other.chmod(0o600)
    assert fresh(lookup(), VT_CONFIG=str(other)).lines[0]["error"]["code"] == "access_denied"


def test_the_default_file_is_trusted_like_any_other(fresh: RunnerProcess) -> None:
    fresh.text("init", stdin=KEY)
    config(fresh).chmod(0o666)
    assert "can be written by every user" in fresh(lookup()).lines[0]["error"]["message"]
    assert fresh.text("init", "--replace", stdin=OTHER).returncode == 2


def test_the_default_file_and_the_key_files_of_all_profiles_are_never_sent(
    fresh: RunnerProcess, tmp_path: Path
) -> None:
    fresh.text("init", stdin=KEY)
    key_file = tmp_path / "other.key"
    key_file.write_text("0" * 64, "utf-8")
    key_file.chmod(0o600)
    content = {"api_key": KEY, "profiles": {"work": {"api_key_file": str(key_file)}}}
    config(fresh).write_text(json.dumps(content), "utf-8")
    ran = fresh(arguments=("scan_file", str(config(fresh)), str(key_file)))
    assert [line["error"]["code"] for line in ran.lines] == ["invalid_request"] * 2


@pytest.mark.parametrize("text", ["", "two words", "\n"])
def test_what_is_no_key_is_not_stored(fresh: RunnerProcess, text: str) -> None:
    done = fresh.text("init", stdin=text)
    assert done.returncode == 2
    assert "stdin or at the prompt" in done.stderr
    assert "VT_API_KEY" not in done.stderr
    assert not config(fresh).exists()


@pytest.mark.parametrize("profile", ["", "work", "a b", "it's"])
def test_every_command_that_init_prints_works_as_printed(fresh: RunnerProcess, profile: str) -> None:
    named = ("--profile", profile) if profile else ()
    told = fresh.text("init", *named, stdin=KEY).stderr
    commands = [shlex.split(text) for text in re.findall(r"vtaction ([a-z][^;\n]*)", told)]
    assert [command[0] for command in commands] == ["init", "doctor", "lookup"]
    for command in commands:
        assert fresh.text(*command, stdin=KEY).returncode == 0, command
    content = json.loads(config(fresh).read_text("utf-8"))
    section = content["profiles"][profile] if profile else content
    assert section["quota"] == "auto"


def test_the_python_api_does_not_read_the_default_file(fresh: RunnerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    from vt_connectors import ConfigError, connect

    fresh.text("init", stdin=KEY)
    monkeypatch.setenv("XDG_CONFIG_HOME", fresh.environment["XDG_CONFIG_HOME"])
    with pytest.raises(ConfigError, match="no API key"), connect() as vt:
        vt.lookup("8.8.8.8")
