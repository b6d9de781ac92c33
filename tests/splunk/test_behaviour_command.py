"""`| vtbehaviour` shows what a file did in sandboxes."""

from __future__ import annotations

from typing import Any

import pytest

from vt_connectors.sandbox import SandboxServer

from .endpoint_harness import ANALYST, KEY
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, normal

INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"
NEVER_RUN = "e90fbb283b4b568683efbb1419ddc702e628d0dd33ce1408318609c5a5755529"
TECHNIQUE = ("technique", "technique_name", "tactics", "severity", "sandboxes", "signatures", "status", "reason")
SEVERITIES = ("high", "medium", "low", "info", "unknown")


@pytest.fixture
def behaviour(lookup: Lookup) -> Lookup:
    return lookup.command("vtbehaviour")


def test_each_technique_is_a_row_and_the_worst_come_first(behaviour: Lookup, python: str) -> None:
    result = normal(behaviour.on(python)([], f"hash={INVOICE}"))
    assert [list(row) for row in result.records] == [["indicator", *(f"vt_{name}" for name in TECHNIQUE)]] * 8
    first = result.records[0]
    assert (first["vt_technique"], first["vt_technique_name"]) == ("T1055", "Process Injection")
    assert (first["vt_tactics"], first["vt_sandboxes"]) == ("Defense Evasion", ["Sandbox One", "Birdcage"])
    ranks = [SEVERITIES.index(str(row["vt_severity"])) for row in result.records]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) > 2


def test_the_summary_has_a_row_for_each_kind_of_thing_that_was_seen(behaviour: Lookup) -> None:
    rows = normal(behaviour([], f"hash={INVOICE}", "parts=summary")).records
    seen = {row["vt_kind"]: row for row in rows}
    assert seen["dns"]["vt_values"][0] == "malicious.example 93.6.173.11"
    assert seen["connections"]["vt_values"][0] == "203.0.113.66 443 TCP"
    assert seen["commands"]["vt_values"] == "cmd.exe /c whoami"
    assert [len(row["vt_values"]) for row in rows if int(str(row["vt_count"])) > 1] == [
        int(str(row["vt_count"])) for row in rows if int(str(row["vt_count"])) > 1
    ]
    assert {row["vt_status"] for row in rows} == {"ok"}


@pytest.mark.parametrize("rights", [ANALYST, EVERYTHING], ids=["by the endpoint", "with the key"])
@pytest.mark.parametrize("part", ["techniques", "summary"])
def test_a_file_that_no_sandbox_ran_is_a_row_and_a_message(
    part: str, rights: frozenset[str], keyless: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.users[SESSION] = rights
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    result = keyless.command("vtbehaviour")([], f"hash={NEVER_RUN}", f"parts={part}", **there)
    assert (result.complete, result.exit_code, result.stderr) == (True, 0, "")
    [(level, text)] = result.messages
    assert level == "INFO"
    assert "no sandbox has run it" in text
    [row] = result.records
    assert (row["indicator"], row["vt_status"], row["vt_reason"]) == (NEVER_RUN, "not_found", "no_behaviour")
    assert KEY not in repr(result)
    assert len(sandbox.requests) == 1


def test_a_file_without_techniques_that_ran_is_not_said_to_have_never_run(behaviour: Lookup) -> None:
    [(level, text)] = behaviour([], f"hash={EICAR_MD5}").messages
    assert level == "INFO"
    assert "no sandbox has run it, or none saw a technique" in text
    assert len(normal(behaviour([], f"hash={EICAR_MD5}", "parts=summary")).records) == 8


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ([], "hash= must be the MD5, SHA-1 or SHA-256 of a file"),
        (["hash= "], "hash= must be"),
        (["hash=a", "parts=all"], "parts='all': techniques or summary"),
        (["hash=a", "wait=-1"], "wait='-1'"),
        (["hash=a", "limit=1"], "limit= is not an option of this command"),
    ],
)
def test_wrong_options_refuse_the_search(behaviour: Lookup, args: list[str], complaint: str) -> None:
    result = behaviour([], *args)
    assert (result.replies, result.exit_code) == ([], 1)
    assert complaint in result.messages[0][1]


@pytest.mark.parametrize("value", ["{0} {}", "example.com", "$result.md5$"])
def test_what_is_no_hash_is_an_error_and_not_sent(value: str, behaviour: Lookup, sandbox: SandboxServer) -> None:
    result = behaviour([], f"hash={value}")
    [(level, _)] = result.messages
    assert (level, result.records, sandbox.all_requests) == ("ERROR", [], [])
