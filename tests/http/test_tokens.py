"""The tokens file, and a running server that reads it again."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from tests.fake_clock import START, FakeClock
from vt_connectors.adapters.http.callers import RIGHTS, Caller
from vt_connectors.adapters.http.own_keys import TokensOrKeys
from vt_connectors.adapters.http.token_file import (
    add_token,
    local_token_file,
    make_tokens_file,
    read_tokens,
    revoke_token,
)
from vt_connectors.adapters.http.tokens import FileTokens
from vt_connectors.errors import ConfigError

KEY = "0123456789abcdef" * 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens" / "serve-tokens.json"


def test_a_token_names_its_caller_with_rights_share_and_wait(path: Path) -> None:
    caller = Caller("soar", frozenset(RIGHTS), 30, 60.0)
    token = add_token(path, caller, START)
    tokens = FileTokens(path, FakeClock())
    assert tokens.find(token) == caller
    assert tokens.find(token + "x") is tokens.find("") is tokens.find("é" * 5000) is None


def test_the_file_has_the_hash_only_and_is_for_its_owner_only(path: Path) -> None:
    earlier = os.umask(0)
    try:
        token = add_token(path, Caller("soar"), START)
    finally:
        os.umask(earlier)
    assert token.startswith("vtc_")
    assert len(token) == 4 + 43
    text = path.read_text("utf-8")
    assert token[4:] not in text
    assert json.loads(text)["tokens"][0]["sha256"] == hashlib.sha256(token.encode()).hexdigest()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_revoked_token_is_no_longer_known_and_the_others_are(path: Path) -> None:
    first, second = add_token(path, Caller("first"), START), add_token(path, Caller("second"), START)
    revoke_token(path, "first")
    tokens = FileTokens(path, FakeClock())
    assert tokens.find(first) is None
    assert tokens.find(second) == Caller("second")
    with pytest.raises(ConfigError, match="there is no token 'first'"):
        revoke_token(path, "first")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "é", "a" * 65, "a" * 64, "a\n", "key:12345678", KEY, "vtc_abc"])
def test_a_name_that_may_be_a_secret_or_that_no_log_can_show_is_refused(path: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        add_token(path, Caller(name), START)
    assert not path.exists()


def test_a_name_is_given_once_and_the_shares_are_at_most_the_whole(path: Path) -> None:
    add_token(path, Caller("first", share=60), START)
    with pytest.raises(ConfigError, match="there is a token first already"):
        add_token(path, Caller("first"), START)
    with pytest.raises(ConfigError, match="40 percent are left"):
        add_token(path, Caller("second", share=41), START)
    add_token(path, Caller("second", share=40), START)
    assert [entry.caller.share for entry in read_tokens(path)] == [60, 40]


@pytest.mark.parametrize("share", [-1, 101])
def test_a_share_is_a_percentage(path: Path, share: int) -> None:
    with pytest.raises(ConfigError, match="percentage"):
        add_token(path, Caller("first", share=share), START)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602])
def test_a_file_that_others_may_read_or_write_is_refused_with_what_to_do(path: Path, mode: int) -> None:
    add_token(path, Caller("first"), START)
    path.chmod(mode)
    for use in (lambda: read_tokens(path), lambda: add_token(path, Caller("second"), START)):
        with pytest.raises(ConfigError, match="chmod 600"):
            use()


def test_a_file_of_another_user_is_refused(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    add_token(path, Caller("first"), START)
    os.chown(path, 54321, 54321)
    with pytest.raises(ConfigError, match="belongs to another user"):
        read_tokens(path)


def test_a_folder_where_others_may_replace_the_file_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o777)
    with pytest.raises(ConfigError, match="its files can be replaced"):
        add_token(path, Caller("first"), START)
    assert list(path.parent.iterdir()) == []


def test_what_is_not_a_regular_file_is_refused_without_waiting_for_a_writer(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path, 0o600)
    with pytest.raises(ConfigError, match="not a regular file"):
        read_tokens(path)


def test_a_link_to_the_file_stays_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    path.parent.mkdir()
    link.symlink_to(path)
    token = add_token(link, Caller("first"), START)
    assert link.is_symlink()
    assert FileTokens(path, FakeClock()).find(token) == Caller("first")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        "[" * 100_000,
        '{"version": 2, "tokens": []}',
        '{"version": 1}',
        '{"version": 1, "tokens": [1]}',
        '{"version": 1, "tokens": [], "tokens": []}',
        '{"version": 1, "tokens": [{"name": "a", "sha256": "short", "rights": []}]}',
        json.dumps({"version": 1, "tokens": [{"name": "a", "sha256": "0" * 64, "rights": ["root"]}]}),
        json.dumps({"version": 1, "tokens": [{"name": "a", "sha256": "0" * 64, "rights": [], "share": True}]}),
        json.dumps({"version": 1, "tokens": [{"name": "a", "sha256": "0" * 64, "rights": []}] * 2}),
        json.dumps(
            {"version": 1, "tokens": [{"name": n, "sha256": "0" * 64, "rights": [], "share": 51} for n in "ab"]}
        ),
        " " * (1024 * 1024 + 1),
    ],
)
def test_a_file_in_another_form_is_refused_and_left_as_it_is(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="the tokens file"):
        read_tokens(path)
    with pytest.raises(ConfigError, match="the tokens file"):
        add_token(path, Caller("first"), START)
    assert path.read_text("utf-8") == text


def test_a_server_without_a_tokens_file_makes_one_whose_token_is_in_a_second_file(path: Path) -> None:
    place = make_tokens_file(path, START)
    assert place == local_token_file(path)
    assert place is not None
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    token = place.read_text("utf-8").strip()
    assert FileTokens(path, FakeClock()).find(token) == Caller("local", frozenset(("read",)))
    assert make_tokens_file(path, START) is None
    assert place.read_text("utf-8").strip() == token
    revoke_token(path, "local")
    assert not place.exists()


def test_a_running_server_reads_a_change_within_a_second(path: Path) -> None:
    clock = FakeClock()
    first = add_token(path, Caller("first"), START)
    tokens = FileTokens(path, clock)
    second = add_token(path, Caller("second"), START)
    clock.advance(1.0)
    assert tokens.find(second) == Caller("second")
    revoke_token(path, "first")
    clock.advance(1.0)
    assert tokens.find(first) is None
    assert tokens.callers == (Caller("second"),)


def test_a_reload_reads_the_file_at_once(path: Path) -> None:
    add_token(path, Caller("first"), START)
    tokens = FileTokens(path, FakeClock())
    second = add_token(path, Caller("second"), START)
    tokens.reload()
    assert tokens.find(second) == Caller("second")


def _damage(path: Path) -> None:
    path.write_text("{", "utf-8")


def _open_to_all(path: Path) -> None:
    path.chmod(0o644)


@pytest.mark.parametrize("harm", [_damage, _open_to_all, Path.unlink])
def test_a_file_that_cannot_be_used_any_more_is_a_problem_but_its_last_tokens_stay_valid(
    path: Path, harm: object
) -> None:
    assert callable(harm)
    clock = FakeClock()
    token = add_token(path, Caller("first"), START)
    content = path.read_bytes()
    tokens = FileTokens(path, clock)
    assert tokens.problem is None
    harm(path)
    clock.advance(1.0)
    assert tokens.find(token) == Caller("first")
    assert str(path) in str(tokens.problem)
    path.write_bytes(content)
    path.chmod(0o600)
    clock.advance(1.0)
    assert tokens.problem is None


def test_a_problem_is_logged_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    add_token(path, Caller("first"), START)
    tokens = FileTokens(path, clock)
    path.unlink()
    for _ in range(3):
        clock.advance(1.0)
        assert tokens.problem is not None
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_key_is_accepted_only_if_it_is_no_token_and_has_the_form_of_one(path: Path) -> None:
    token = add_token(path, Caller("first"), START)
    callers = TokensOrKeys(FileTokens(path, FakeClock()))
    assert callers.find(token) == Caller("first")
    assert callers.find(KEY[:-1]) is callers.find(f"{KEY}0") is callers.find("g" * 64) is None
    caller = callers.find(KEY)
    assert caller is not None
    assert caller.api_key is not None
    assert caller.api_key.reveal() == KEY
    assert caller.rights == frozenset(RIGHTS) - {"metrics"}
    assert KEY[:8] not in repr(caller)
