"""A path means the same file for every process, or it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.vtaction_process import RunnerProcess, lookup
from vt_connectors.composition.state import state_place
from vt_connectors.config.credentials import find_key, own_files
from vt_connectors.config.settings import config_file, read_settings
from vt_connectors.errors import ConfigError

KEY = "k" * 64


def _state(environment: dict[str, str]) -> object:
    return state_place(read_settings(environment))


@pytest.mark.parametrize("value", ["state.db", "./state.db", "../state.db", "folder/state.db", "redis.db"])
def test_a_relative_state_is_refused_and_the_message_has_the_whole_path(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="VT_STATE") as refused:
        _state({"VT_STATE": value})
    assert str(tmp_path / value) in refused.value.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["$HOME/state.db", "${HOME}/state.db", "~/state.db"])
def test_the_home_folder_is_understood_as_a_shell_has_it(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _state({"VT_STATE": value}) == tmp_path / "state.db"


@pytest.mark.parametrize("value", ["$NOT_SET/state.db", "/data/${NOT_SET}/state.db", "~nobody_of_that_name/state.db"])
def test_what_cannot_be_replaced_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    with pytest.raises(ConfigError, match="VT_STATE"):
        _state({"VT_STATE": value})


def test_a_dollar_that_begins_no_name_stays() -> None:
    assert _state({"VT_STATE": "/data/a$/$1.db"}) == Path("/data/a$/$1.db")


@pytest.mark.parametrize("value", ["memory", "redis://localhost/0"])
def test_what_is_no_path_stays_as_it_is(value: str, tmp_path: Path) -> None:
    assert read_settings({"VT_STATE": value}).state == value
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"state": value}))
    assert read_settings({"VT_CONFIG": str(config)}).state == value


def test_paths_in_the_configuration_file_lead_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    (home / "key").write_text(KEY)
    (home / "config.json").write_text(json.dumps({"api_key_file": "key", "state": "state.db"}))
    for folder, config in ((home, "config.json"), (elsewhere, "../home/config.json"), (elsewhere, "$HOME/config.json")):
        monkeypatch.chdir(folder)
        monkeypatch.setenv("HOME", str(home))
        environment = {"VT_CONFIG": config, "HOME": str(home)}
        assert find_key(environment)[0].reveal() == KEY
        place = _state(environment)
        assert isinstance(place, Path)
        assert place.is_absolute()
        assert place.resolve() == (home / "state.db").resolve()
        assert {path.resolve() for path in own_files(environment)} == {home / "key", home / "config.json"}


@pytest.mark.parametrize("value", ["$HOME/key", "${HOME}/key", "~/key"])
def test_the_key_file_is_found_and_never_sent(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key").write_text(KEY)
    environment = {"VT_API_KEY_FILE": value, "HOME": str(tmp_path)}
    assert find_key(environment)[0].reveal() == KEY
    assert list(own_files(environment)) == [tmp_path / "key"]


@pytest.mark.parametrize("value", ["$NOT_SET/key", "~nobody_of_that_name/key"])
@pytest.mark.parametrize("variable", ["VT_API_KEY_FILE", "VT_CONFIG"])
def test_a_key_or_configuration_file_that_cannot_be_named_is_a_config_error(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    with pytest.raises(ConfigError, match=variable):
        find_key({variable: value})


@pytest.mark.parametrize("value", ["folder", "./folder", "$NOT_SET/folder"])
def test_a_relative_folder_to_scan_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match="VT_SCAN_ROOTS"):
        read_settings({"VT_SCAN_ROOTS": value})


def test_folders_to_scan_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_settings({"VT_SCAN_ROOTS": "$HOME/in:~/out"}).scan_roots == (f"{tmp_path}/in", f"{tmp_path}/out")


def test_a_file_with_an_unknown_home_in_it_is_reported(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"state": "$NOT_SET/state.db"}))
    with pytest.raises(ConfigError, match="VT_CONFIG, state"):
        config_file({"VT_CONFIG": str(config)})


def test_a_relative_state_is_a_config_error_of_each_request_and_bad_for_doctor(run: RunnerProcess) -> None:
    done = run(lookup(), VT_STATE="state.db")
    assert (done.lines[0]["error"]["code"], done.exit_code) == ("config_error", 2)
    findings = {each["about"]: each for each in json.loads(run.text("doctor", "--json", VT_STATE="state.db").stdout)}
    assert findings["state"]["ok"] is False
    assert "relative" in findings["state"]["text"]


@pytest.mark.parametrize("setting", ["state", "api_key_file"])
def test_a_path_with_a_nul_character_is_a_config_error(setting: str, run: RunnerProcess, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({setting: "/tmp/a\0b"}), "utf-8")
    config.chmod(0o600)
    environment = {name: value for name, value in run.environment.items() if name not in ("VT_STATE", "VT_API_KEY")}
    ran = RunnerProcess(environment)(lookup(), VT_CONFIG=str(config))
    assert (ran.exit_code, ran.lines[0]["error"]["code"]) == (2, "config_error")
    assert "NUL" in ran.lines[0]["error"]["message"]


@pytest.mark.parametrize("place", ["x" * 300 + ".db", "x" * 201, "folder/" * 700 + "state.db", "y" * 256 + "/state.db"])
def test_a_state_file_whose_path_is_too_long_is_a_config_error(place: str, run: RunnerProcess, tmp_path: Path) -> None:
    ran = run(lookup(), VT_STATE=str(tmp_path / place))
    assert (ran.exit_code, ran.lines[0]["error"]["code"]) == (2, "config_error")
    assert "too long" in ran.lines[0]["error"]["message"]
    looked_up = run.text("lookup_ip", "8.8.8.8", VT_STATE=str(tmp_path / place))
    assert (looked_up.returncode, "too long" in looked_up.stdout) == (2, True)
    found = run.text("doctor", "--json", VT_STATE=str(tmp_path / place))
    assert "too long" in found.stdout


def test_a_state_folder_whose_path_is_too_long_is_a_config_error(run: RunnerProcess, tmp_path: Path) -> None:
    environment = {name: value for name, value in run.environment.items() if name not in ("VT_STATE", "XDG_STATE_HOME")}
    ran = RunnerProcess(environment)(lookup(), XDG_STATE_HOME=f"/{'h' * 300}")
    assert [line["error"]["code"] for line in ran.lines] == ["config_error"]
