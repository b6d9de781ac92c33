"""Printed lines of the calls that only API v3 has get what the action gets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.export.shell import KEY, Shell
from vt_connectors.actions import ACTIONS
from vt_connectors.export.further_plans import FURTHER_PLANS
from vt_connectors.sandbox import SandboxServer

EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"
URL = "http://phishing.example/login/verify?session=1"
# The arguments, and the place of the response's `data` in the action's.
READS: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("relationships", "malicious.example", "--relationship", "subdomains", "--limit", "3"), ("raw", "data")),
    (("relationships", URL, "--relationship", "network_location", "--full"), ("raw", "data", "0")),
    (("relationships", EICAR, "--relationship", "similar_files", "--full", "--limit", "2"), ("raw", "data")),
    (("behaviour", INVOICE, "--parts", "techniques"), ("raw", "techniques")),
    (("behaviour", INVOICE, "--parts", "summary"), ("raw", "summary")),
    (("get_votes", URL, "--limit", "3"), ("raw", "data")),
    (("search", EICAR), ("raw", "data")),
    (("search", "#phishing", "--limit", "2"), ("raw", "data")),
    (("intelligence_search", "entity:file p:5+ type:peexe", "--limit", "3"), ("raw", "data")),
    (("intelligence_search", 'name:"invoice"', "--order", "positives-", "--descriptors-only"), ("raw", "data")),
    (("ioc_stream", "--since", "2025-10-09T08:00:00Z", "--filter", "entity_type:file"), ("raw", "data")),
    (("vt_get", f"files/{EICAR}"), ("response", "data")),
    (("vt_get", "domains/malicious.example/subdomains", "--query", "limit=2"), ("response", "data")),
]


@pytest.fixture
def shell(sandbox: SandboxServer, tmp_path: Path) -> Shell:
    return Shell(sandbox, tmp_path, "3")


def _within(data: Mapping[str, Any], place: tuple[str, ...]) -> Any:
    found: Any = data
    for name in place:
        found = found[int(name) if isinstance(found, list) else name]
    return found


@pytest.mark.parametrize(("arguments", "place"), READS)
def test_a_read_gets_what_the_action_reads(shell: Shell, arguments: tuple[str, ...], place: tuple[str, ...]) -> None:
    expected = _within(shell.action(*arguments)["data"], place)
    assert expected
    assert shell.answer(*arguments)["data"] == expected


def test_each_part_of_the_behaviour_is_a_call(shell: Shell) -> None:
    done = shell.run(shell.printed("behaviour", INVOICE).text)
    decoder, text = json.JSONDecoder(), done.stdout
    summary, end = decoder.raw_decode(text)
    techniques, _ = decoder.raw_decode(text[end:].lstrip())
    assert {"summary": summary["data"], "techniques": techniques["data"]} == shell.action("behaviour", INVOICE)["data"][
        "raw"
    ]


def test_a_stream_without_a_position_is_the_newest_notifications(shell: Shell, sandbox: SandboxServer) -> None:
    number = str(sandbox.app.notify("file", EICAR, "my_rule"))
    newest = shell.answer("ioc_stream", "--limit", "1")["data"]
    assert [str(row["context_attributes"]["notification_id"]) for row in newest] == [number]


def test_a_page_holds_what_one_response_may_hold(shell: Shell) -> None:
    assert "limit=40" in shell.printed("relationships", EICAR, "--relationship", "votes", "--limit", "500").text
    assert "limit=300" in shell.printed("intelligence_search", "p:5+", "--limit", "500").text


@pytest.mark.parametrize("indicator", [EICAR, URL, "malicious.example", "8.8.8.8"])
def test_a_vote_is_cast_where_the_action_reads_it(shell: Shell, indicator: str) -> None:
    before = len(shell.action("get_votes", indicator, "--limit", "100")["data"]["votes"])
    answer = shell.answer("add_vote", indicator, "--verdict", "malicious")
    assert answer["data"]["attributes"]["verdict"] == "malicious"
    assert len(shell.action("get_votes", indicator, "--limit", "100")["data"]["votes"]) == before + 1
    assert shell.action("add_vote", indicator, "--verdict", "malicious")["data"]["already"] is True


def test_a_comment_is_read_and_deleted(shell: Shell, sandbox: SandboxServer) -> None:
    comment = shell.action("add_comment", "example.com", "--comment", "seen #drill")["data"]["comment_id"]
    assert shell.answer("get_comment", comment)["data"] == shell.action("get_comment", comment)["data"]["raw"]
    assert shell.run(shell.printed("delete_comment", comment).text).returncode == 0
    assert (sandbox.all_requests[-1].method, sandbox.all_requests[-1].status) == ("DELETE", 200)
    assert shell.action("get_comment", comment)["status"] == "not_found"


@pytest.mark.parametrize("indicator", ["malicious.example", "8.8.8.8"])
def test_names_and_addresses_are_scanned_again(shell: Shell, indicator: str) -> None:
    answer = shell.answer("rescan", indicator)
    assert answer["data"]["id"] == shell.action("rescan", indicator)["data"]["analysis_id"]


@pytest.mark.parametrize(
    "query",
    ["it's $(touch pwned) `touch pwned`", '"; touch pwned #', "#a&limit=1&x=[1-9]{a,b}", "grüße %41+", "-o pwned"],
)
def test_a_query_arrives_as_it_was_given(shell: Shell, sandbox: SandboxServer, query: str) -> None:
    assert shell.answer("search", "--", query)["data"] == []
    assert parse_qs(urlsplit(_asked(shell)).query)["query"] == [query]
    assert (sandbox.all_requests[-1].path, sandbox.all_requests[-1].status) == ("/api/v3/search", 200)
    assert not (shell.folder / "pwned").exists()


@pytest.mark.parametrize("path", ["files/$(touch pwned)'\"/x", "a/[b]{c}/%2e%2e%20", "ü/;touch pwned"])
def test_a_path_arrives_as_it_was_given(shell: Shell, sandbox: SandboxServer, path: str) -> None:
    query = ("--query", "a b=c&d'e", "--query", "f=")
    shell.answer("vt_get", path, *query)
    assert parse_qs(urlsplit(_asked(shell)).query, keep_blank_values=True) == {"a b": ["c&d'e"], "f": [""]}
    asked = sandbox.all_requests[-1].path
    shell.action("vt_get", path, *query)
    assert sandbox.all_requests[-1].path == asked
    assert asked.count("/") == path.count("/") + 3
    assert not (shell.folder / "pwned").exists()


def _asked(shell: Shell) -> str:
    """The URL that curl got."""
    return next(line for line in shell.arguments.splitlines() if line.startswith("http://"))


def test_calls_that_need_a_licence_say_so(shell: Shell) -> None:
    assert "licence for VirusTotal Premium" in shell.printed("intelligence_search", "p:5+").text
    assert "licence for VirusTotal Premium" in shell.printed("ioc_stream").text
    assert "licence for Google Threat Intelligence" in (
        shell.printed("relationships", EICAR, "--relationship", "malware_families").text
    )
    assert "licence" not in shell.printed("relationships", EICAR, "--relationship", "votes").text


@pytest.mark.parametrize(
    "arguments",
    [
        ("relationships", "10.0.0.1", "--relationship", "votes"),
        ("search", "10.0.0.1"),
        ("intelligence_search", "host.internal"),
        ("vt_get", "ip_addresses/10.0.0.1"),
        ("add_vote", "10.0.0.1", "--verdict", "harmless"),
        ("rescan", "10.0.0.1"),
    ],
)
def test_what_must_not_be_sent_is_a_comment(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert shell.printed(*arguments).text == f"# {shell.action(*arguments)['summary']}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("get_comment", "../users/me"),
        ("delete_comment", "no id"),
        ("vt_get", "../users/me"),
        ("vt_get", "files/upload_url"),
        ("ioc_stream", "--since", "yesterday"),
        ("search", " "),
    ],
)
def test_what_the_action_refuses_the_plan_refuses(shell: Shell, arguments: tuple[str, ...]) -> None:
    printed = shell.printed(*arguments)
    assert (printed.text, printed.exit_code) == ("", 2)
    assert printed.stderr == f"vtaction curl: {shell.action(*arguments)['error']['message']}\n"


def test_the_key_is_no_argument(shell: Shell) -> None:
    for arguments in (("add_vote", URL, "--verdict", "malicious"), ("ioc_stream",), ("vt_get", "threat_lists")):
        assert KEY not in shell.printed(*arguments).text
        shell.answer(*arguments)
    assert KEY not in shell.arguments


def test_api_v2_has_none_of_them(sandbox: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    shell = Shell(sandbox, tmp_path_factory.mktemp("v2"), "2")
    for name in (*FURTHER_PLANS, "add_vote", "get_votes"):
        params = ACTIONS[name].command_line.replace("'", "").split()[1:3]
        more = {
            "relationships": ["--relationship", "votes"],
            "add_vote": ["--verdict", "harmless"],
            "ioc_stream": ["--limit", "1"],
        }
        printed = shell.printed(*(params[:1] if name == "ioc_stream" else params), *more.get(name, []))
        assert (printed.text, printed.exit_code) == ("", 2), name
        assert "VT_API_VERSION=3" in printed.stderr
