"""`| vtcomment` posts one public comment, for users with the right, if the admin allows it."""

from __future__ import annotations

from typing import Any

import pytest

from package.splunkd_driver.driver import SearchResult
from vt_connectors.sandbox import SandboxServer
from vt_connectors.sandbox.accounts import key_digest

from .endpoint_harness import ANALYST, KEY
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, normal

WRITER = ANALYST | {"run_vtlookup_write"}


@pytest.fixture
def command(keyless: Lookup, splunkd: FakeSplunkd) -> Lookup:
    """The command of a user with the right to comment, if the admin allows it."""
    splunkd.settings = {**splunkd.settings, "comments_allowed": "true"}
    splunkd.users[SESSION] = WRITER
    return keyless.command("vtcomment")


def run(command: Lookup, splunkd: FakeSplunkd, *args: str) -> SearchResult:
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    result = command([], *args, **there)
    assert KEY not in repr(result)
    return result


@pytest.mark.parametrize("rights", [WRITER, EVERYTHING], ids=["by the endpoint", "with the key"])
def test_a_comment_is_made_once_and_reported(
    rights: frozenset[str], command: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.users[SESSION] = rights
    [row] = normal(run(command, splunkd, f"value={EICAR_MD5}", "comment=Seen in a mail #eicar")).records
    assert list(row) == ["indicator", "type", "status", "comment_id", "summary"]
    assert (row["indicator"], row["type"], row["status"]) == (EICAR_MD5, "hash", "ok")
    assert row["comment_id"]
    assert [request.method for request in sandbox.requests] == ["POST"]
    assert {request.key for request in sandbox.requests} == {key_digest(KEY)}


def test_nothing_is_said_until_the_admin_allows_it(
    command: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.settings = {**splunkd.settings, "comments_allowed": "false"}
    splunkd.users[SESSION] = EVERYTHING
    result = run(command, splunkd, f"value={EICAR_MD5}", "comment=no")
    assert (result.records, sandbox.requests) == ([], [])
    assert result.messages == [
        ("ERROR", "vtcomment: comments are not allowed: an admin can allow them on the app's setup page")
    ]


def test_users_with_only_the_lookup_right_cannot_comment(
    command: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    for rights in (ANALYST, EVERYTHING - {"run_vtlookup_write"}):
        splunkd.users[SESSION] = rights
        ((_, text),) = run(command, splunkd, f"value={EICAR_MD5}", "comment=no").messages
        assert "your role needs the capability run_vtlookup_write" in text
    assert sandbox.requests == []


def test_without_splunkd_no_user_has_a_right(lookup: Lookup, sandbox: SandboxServer) -> None:
    result = lookup.command("vtcomment")([], f"value={EICAR_MD5}", "comment=no")
    assert (result.records, sandbox.requests) == ([], [])
    assert "no session" in result.messages[0][1]


@pytest.mark.parametrize("value", ["10.0.0.1", "0" * 31 + "1"], ids=["private", "unknown to VirusTotal"])
def test_a_comment_that_is_not_made_says_so(value: str, command: Lookup, splunkd: FakeSplunkd) -> None:
    [row] = normal(run(command, splunkd, f"value={value}", "comment=x")).records
    assert row["status"] in ("skipped", "not_found")
    assert row["comment_id"] == ""
    assert row["summary"]


@pytest.mark.parametrize(
    ("args", "reported"),
    [
        ([], "value= must be the indicator, and comment= the text of the comment"),
        ([f"value={EICAR_MD5}"], "comment= the text of the comment"),
        (["comment=x"], "value= must be"),
        ([f"value={EICAR_MD5}", "comment=x", "type=file"], "type='file': one of hash, url, domain, ip, ioc"),
    ],
)
def test_malformed_settings_are_reported(args: list[str], reported: str, command: Lookup, splunkd: FakeSplunkd) -> None:
    ((level, text),) = run(command, splunkd, *args).messages
    assert level == "ERROR"
    assert reported in text
