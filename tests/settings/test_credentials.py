"""Sources of the key, and the error if there is none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from vt_connectors.config.credentials import find_key
from vt_connectors.errors import ConfigError

_KEY = "5ec2e7" * 10


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(f"{_KEY}\n", "utf-8")
    return path


def test_a_key_comes_from_the_environment() -> None:
    key, source = find_key({"VT_API_KEY": f" {_KEY}\r\n"})
    assert (key.reveal(), source) == (_KEY, "VT_API_KEY")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_key_comes_from_a_file(mark: str, key_file: Path) -> None:
    key_file.write_text(f"{mark}{_KEY}\n", "utf-8")
    key, source = find_key({"VT_API_KEY_FILE": str(key_file), "VT_API_KEY": "  "})
    assert key.reveal() == _KEY
    assert str(key_file) in source


@pytest.mark.parametrize("environment", [{"VT_API_KEY": "from-the-environment"}, {}])
def test_a_key_in_the_configuration_file_comes_last(
    environment: dict[str, str], tmp_path: Path, key_file: Path
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"api_key": _KEY}), "utf-8")
    key, _ = find_key({"VT_CONFIG": str(config), **environment})
    assert key.reveal() == environment.get("VT_API_KEY", _KEY)
    config.write_text(json.dumps({"api_key_file": str(key_file)}), "utf-8")
    assert find_key({"VT_CONFIG": str(config)})[0].reveal() == _KEY


def test_both_variables_are_one_too_many(key_file: Path) -> None:
    with pytest.raises(ConfigError, match=r"VT_API_KEY and VT_API_KEY_FILE") as caught:
        find_key({"VT_API_KEY": _KEY, "VT_API_KEY_FILE": str(key_file)})
    assert _KEY not in caught.value.message


def test_no_key_at_all_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match="VT_API_KEY_FILE"):
        find_key({})


@pytest.mark.parametrize(
    "content", [b"", b" \n", b"\xff\xfe\x00", f"{_KEY}\n{_KEY}".encode(), f"{_KEY} x".encode(), b"\x00", b"x" * 5000]
)
def test_a_file_without_one_key_is_a_config_error_that_does_not_show_it(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        find_key({"VT_API_KEY_FILE": str(tmp_path / "key")})
    assert "5ec2e7" not in caught.value.message


@pytest.mark.parametrize("path", ["missing", ".", "~nobody-of-this-name/key", "key/inside", "a" * 5000])
def test_a_file_that_cannot_be_read_is_a_config_error_that_names_the_variable(
    path: str, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(key_file.parent)
    with pytest.raises(ConfigError, match="VT_API_KEY_FILE"):
        find_key({"VT_API_KEY_FILE": path})


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_must_not_be_read_is_a_config_error(key_file: Path) -> None:
    key_file.chmod(0)
    with pytest.raises(ConfigError, match="VT_API_KEY_FILE"):
        find_key({"VT_API_KEY_FILE": str(key_file)})
