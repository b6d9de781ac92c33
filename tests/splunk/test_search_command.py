"""`| vtsearch` lists the results of a search at VirusTotal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vt_connectors.sandbox import SandboxServer

from .endpoint_harness import ANALYST, KEY
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, normal

PREMIUM = "premium-key-of-the-tests"
BY = pytest.mark.parametrize("rights", [ANALYST, EVERYTHING], ids=["by the endpoint", "with the key"])


@pytest.fixture
def search(lookup: Lookup) -> Lookup:
    return lookup.command("vtsearch")


def test_an_indicator_is_found_with_its_report(search: Lookup, python: str) -> None:
    [row] = normal(search.on(python)([], f"query={EICAR_MD5}")).records
    assert list(row)[:3] == ["query", "vt_type", "vt_indicator"]
    assert (row["query"], row["vt_type"], row["vt_verdict"]) == (EICAR_MD5, "hash", "malicious")
    assert (row["vt_detections"], row["vt_names"]) == ("62/68", ["eicar.com", "eicar.com.txt", "test_file.com"])


def test_comments_are_found_by_their_tag_with_their_text(search: Lookup) -> None:
    rows = search([], "query=#phishing", "limit=2").records
    assert {row["vt_type"] for row in rows} == {"comment"}
    assert all("text" in json.loads(str(row["vt_attributes"])) for row in rows)


@BY
def test_intelligence_is_searched_in_order_by_both_ways(
    rights: frozenset[str], keyless: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.users[SESSION], splunkd.password = rights, PREMIUM
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    args = ("query=entity:file p:5+", "intelligence=true", "order=positives-", "limit=5")
    result = keyless.command("vtsearch")([], *args, **there)
    counts = [int(str(row["vt_malicious"])) for row in result.records]
    assert counts == sorted(counts, reverse=True)
    assert len(counts) == 5
    assert result.messages == [("INFO", "vtsearch: there are more than 5: raise limit= to get them")]
    assert len(sandbox.requests) == 1
    assert PREMIUM not in repr(result)


@BY
def test_a_key_without_the_licence_for_intelligence_is_told_which(
    rights: frozenset[str], keyless: Lookup, splunkd: FakeSplunkd
) -> None:
    splunkd.users[SESSION] = rights
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    result = keyless.command("vtsearch")([], "query=entity:file", "intelligence=true", **there)
    [(level, text)] = result.messages
    assert (level, result.records) == ("ERROR", [])
    assert "needs a licence for VirusTotal Premium" in text
    assert KEY not in repr(result)


@pytest.mark.parametrize(
    ("query", "status", "reason", "message"),
    [
        ("nothing of the kind", "not_found", "", "no results"),
        ("10.0.0.1", "skipped", "private_address", "private or reserved"),
    ],
)
def test_a_search_without_results_is_a_row_and_a_message(
    query: str, status: str, reason: str, message: str, search: Lookup
) -> None:
    result = search([], f"query={query}")
    [(level, text)] = result.messages
    assert level == "INFO"
    assert message in text
    [row] = result.records
    assert (row["query"], row["vt_status"], row["vt_reason"]) == (query, status, reason)


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ([], "query= must be what to search for"),
        (["query= "], "query= must be"),
        (["query=a", "order=positives-"], "order= needs intelligence=true"),
        (["query=a", "intelligence=1", "order=a b"], "order='a b': the name of an order"),
        (["query=a", "intelligence=1", "order="], "order='': the name of an order"),
        (["query=a", "intelligence=1", "limit=3001"], "limit='3001': a number from 1 to 3000"),
        (["query=a", "limit=401"], "limit='401': a number from 1 to 400"),
        (["query=a", "intelligence=maybe"], "intelligence='maybe'"),
        (["query=a", "value=b"], "value= is not an option of this command"),
    ],
)
def test_wrong_options_refuse_the_search(
    search: Lookup, sandbox: SandboxServer, args: list[str], complaint: str
) -> None:
    result = search([], *args)
    assert (result.replies, result.exit_code, result.stderr) == ([], 1, "")
    assert complaint in result.messages[0][1]
    assert sandbox.all_requests == []
