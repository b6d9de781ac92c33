"""The alert action vt_alert_comment: one comment by users with the right, if the admin allows it."""

from __future__ import annotations

from typing import Any

import pytest

from vt_connectors.sandbox import SandboxServer
from vt_connectors.sandbox.accounts import key_digest

from .alerting import Alert
from .endpoint_harness import ANALYST, ENDPOINT, KEY, call
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup

WRITER = ANALYST | {"run_vtlookup_write"}


TOKENS = (
    *(
        "$result.host$",
        "$result.my field$",
        "$result.a{}.b$",
        "$name$",
        "$host$",
        "$trigger_date$",
        "$job.resultCount$",
    ),
    *("$alert.severity$", "$row.src_ip|u$", "$@field_value$", "$!result.host$"),
)
LITERAL = ("from $5 to $6", "$", "$$", "cost $5$6", "under $HOME/$USER", "a ^x$ and b$", "US$ and A$")


@pytest.fixture
def alert(keyless: Lookup, splunkd: FakeSplunkd) -> Alert:
    """The action of an alert; its owner may comment, and the admin allows it."""
    splunkd.settings = {**splunkd.settings, "comments_allowed": "true"}
    splunkd.users[SESSION] = WRITER
    return Alert("vt_alert_comment", keyless, splunkd)


def commented(sandbox: SandboxServer) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in sandbox.requests if request.method == "POST"]


@pytest.mark.parametrize("rights", [WRITER, EVERYTHING], ids=["by the endpoint", "with the key"])
def test_a_comment_is_made_once(
    rights: frozenset[str], alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.users[SESSION] = rights
    ran = alert([{"md5": EICAR_MD5}], indicator=EICAR_MD5, comment="Seen in a mail #eicar")
    assert (ran.status, ran.said) == (0, [])
    assert [method for method, _ in commented(sandbox)] == ["POST"]
    assert {request.key for request in sandbox.requests} == {key_digest(KEY)}
    assert (ran.logged["command"], ran.logged["written"], ran.logged["requests"]) == ("vt_alert_comment", 1, 1)
    assert (ENDPOINT in splunkd.asked) == (rights == WRITER)


@pytest.mark.parametrize("setting", ["", "false", "0", "maybe"])
def test_nothing_is_said_in_public_until_the_admin_allows_it(
    setting: str, alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.settings = {**splunkd.settings, "comments_allowed": setting}
    splunkd.users[SESSION] = EVERYTHING
    ran = alert([], indicator=EICAR_MD5, comment="no")
    assert (ran.status, ran.levels, sandbox.requests) == (2, ["ERROR"], [])
    assert ran.said == [
        "no comment was made: comments are not allowed: an admin can allow them on the app's setup page"
    ]


def test_users_without_the_write_right_cannot_comment(
    alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    for rights in (ANALYST, EVERYTHING - {"run_vtlookup_write"}):
        splunkd.users[SESSION] = rights
        ran = alert([], indicator=EICAR_MD5, comment="no")
        assert (ran.status, sandbox.requests) == (1, [])
        assert "your role needs the capability run_vtlookup_write" in ran.said[0]


@pytest.mark.parametrize(
    ("params", "reported"),
    [
        ({"comment": "x"}, "indicator is empty"),
        ({"indicator": EICAR_MD5, "comment": "  "}, "comment is empty"),
        ({"indicator": "$result.md5$", "comment": "x"}, "was not filled in"),
        ({"indicator": EICAR_MD5, "comment": "on $result.host$"}, "was not filled in"),
        *(
            ({"indicator": EICAR_MD5, "comment": f"seen {token} here"}, f"{token} was not filled in")
            for token in TOKENS
        ),
        ({"indicator": EICAR_MD5, "comment": "x", "type": "$result.type$"}, "was not filled in"),
        ({"indicator": EICAR_MD5, "comment": "x", "type": "file"}, "type='file': one of"),
    ],
)
def test_an_alert_that_says_too_little_comments_on_nothing(
    params: dict[str, str], reported: str, alert: Alert, sandbox: SandboxServer
) -> None:
    ran = alert([], **params)
    assert (ran.status, sandbox.requests) == (2, [])
    assert reported in ran.said[0]


@pytest.mark.parametrize("text", LITERAL)
def test_dollars_that_are_no_place_to_fill_in_are_said_as_they_are(
    text: str, alert: Alert, sandbox: SandboxServer
) -> None:
    ran = alert([], indicator=EICAR_MD5, comment=text)
    assert (ran.status, ran.said) == (0, [])
    assert len(commented(sandbox)) == 1


@pytest.mark.parametrize("rights", [WRITER, EVERYTHING], ids=["by the endpoint", "with the key"])
@pytest.mark.parametrize("place", ["value", "comment"])
def test_no_way_to_comment_says_what_was_not_filled_in(
    rights: frozenset[str], place: str, alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.users[SESSION] = rights
    given = {"value": EICAR_MD5, "comment": "x", place: "$row.md5$"}
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    result = alert.lookup.command("vtcomment")([], *(f"{name}={text}" for name, text in given.items()), **there)
    assert "$row.md5$ was not filled in" in result.messages[0][1]
    params = {"indicator": given["value"], "comment": given["comment"]}
    _, answer = call(splunkd, {"action": "add_comment", "params": params})
    assert "$row.md5$ was not filled in" in answer["responses"][0]["error"]["message"]
    assert answer["responses"][0]["error"]["code"] == "invalid_request"
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("indicator", "status", "reported"),
    [
        ("0" * 31 + "1", 0, "no comment was made: "),
        ("10.0.0.1", 0, "no comment was made: "),
        ("host.corp.example", 0, "no comment was made: "),
        ("no indicator", 1, "no comment was made: "),
    ],
    ids=["unknown to VirusTotal", "private", "never asked about", "no indicator"],
)
def test_a_comment_that_is_not_made_says_why(
    indicator: str, status: int, reported: str, alert: Alert, sandbox: SandboxServer
) -> None:
    ran = alert([], indicator=indicator, comment="x")
    assert ran.status == status
    assert ran.said[0].startswith(reported)
    assert ran.logged["written"] == 0


def test_the_setup_page_takes_yes_and_no_and_nothing_else(alert: Alert, splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION] = EVERYTHING
    for name in ("comments_allowed", "writes_allowed"):
        for given, status in (("false", 200), ("true", 200), ("perhaps", 400)):
            assert call(splunkd, {"settings": {name: given}}, "vtlookup/settings")[0] == status
        assert splunkd.settings[name] == "true"
