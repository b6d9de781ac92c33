"""Searches, collections and threat lists."""

from __future__ import annotations

from typing import Any

import pytest

from vt_connectors.sandbox import SandboxServer

from .calling import EICAR_MD5, EICAR_SHA256, Caller, error_of


@pytest.fixture
def premium(sandbox: SandboxServer) -> Caller:
    return Caller(sandbox.url, key="premium-key")


@pytest.fixture
def gti(sandbox: SandboxServer) -> Caller:
    return Caller(sandbox.url, key="gti-key")


def search(caller: Caller, query: str, **options: Any) -> Any:
    answer = caller.get("intelligence/search", params={"query": query, **options})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("query", "ident"),
    [(EICAR_MD5, EICAR_SHA256), ("malicious.example", "malicious.example"), ("8.8.8.8", "8.8.8.8")],
)
def test_an_indicator_is_found(caller: Caller, query: str, ident: str) -> None:
    (row,) = caller.get("search", params={"query": query}).json()["data"]
    assert row["id"] == ident
    assert row["attributes"]["last_analysis_stats"]


def test_a_url_and_a_tag_are_found_and_nothing_is_an_empty_list(caller: Caller) -> None:
    (row,) = caller.get("search", params={"query": "http://malicious.example/payload.bin"}).json()["data"]
    assert row["type"] == "url"
    assert {row["type"] for row in caller.get("search", params={"query": "tag:phishing"}).json()["data"]} == {"comment"}
    for nothing in ("0" * 64, "unknown.example", "http://unknown.example/", "no words"):
        assert caller.get("search", params={"query": nothing}).json()["data"] == []
    assert error_of(caller.get("search"))[0] == 400


def test_a_public_key_has_no_intelligence_search(caller: Caller) -> None:
    assert error_of(caller.get("intelligence/search?query=p:5%2B"))[:2] == (403, "ForbiddenError")


@pytest.mark.parametrize(
    ("entity", "kind"), [("file", "file"), ("url", "url"), ("domain", "domain"), ("ip", "ip_address")]
)
def test_terms_select_and_orders_sort(premium: Caller, entity: str, kind: str) -> None:
    found = search(premium, f"entity:{entity} p:3+", order="positives-", limit=300)
    counts = [row["attributes"]["last_analysis_stats"]["malicious"] for row in found["data"]]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] >= 3
    assert {row["type"] for row in found["data"]} == {kind}
    assert found["meta"]["total_hits"] == len(counts)
    assert "positives" in found["meta"]["allowed_orders"]


def test_pages_of_three_hundred_cover_all_hits_once(premium: Caller) -> None:
    rows: list[Any] = []
    cursor = None
    while cursor != "":
        found = search(premium, "entity:file p:0+", limit=300, descriptors_only="true", cursor=cursor)
        rows += found["data"]
        cursor = found["meta"]["cursor"]
    assert len(rows) == len({row["id"] for row in rows}) == found["meta"]["total_hits"] > 300
    assert error_of(premium.get("intelligence/search?query=p:1&limit=301"))[0] == 400


def test_negated_terms_leave_out(premium: Caller) -> None:
    with_it = search(premium, "type:pdf p:1+")["meta"]["total_hits"]
    without = search(premium, "-type:pdf p:1+")["meta"]["total_hits"]
    assert with_it + without == search(premium, "p:1+")["meta"]["total_hits"]


def test_a_content_search_has_a_snippet_and_no_order(premium: Caller) -> None:
    found = search(premium, 'content:"invoice"', limit=1)
    context = found["data"][0]["context_attributes"]
    assert set(context) == {"confidence", "match_in_subfile", "snippet"}
    assert "begin_highlight" in premium.data(f"intelligence/search/snippets/{context['snippet']}")
    assert error_of(premium.get("intelligence/search/snippets/nothing")) == (400, "BadRequestError", "Invalid token")
    assert error_of(premium.get('intelligence/search?query=content:"invoice"&order=size-'))[0] == 400


def test_similar_files_have_a_score(premium: Caller) -> None:
    found = search(premium, f"similar-to:{EICAR_SHA256}", limit=1, descriptors_only="true")
    assert 0 < found["data"][0]["context_attributes"]["similarity_score"] <= 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "BadRequestError"),
        ("entity:person p:1", "BadRequestError"),
        ("p:many", "BadRequestError"),
        ('content:"ab"', "UnselectiveContentQueryError"),
        ('entity:url content:"invoice"', "UnsupportedContentQueryError"),
    ],
)
def test_impossible_queries_are_refused(premium: Caller, query: str, code: str) -> None:
    assert error_of(premium.get("intelligence/search", params={"query": query}))[:2] == (400, code)


def test_curated_collections_need_a_licence(caller: Caller, gti: Caller) -> None:
    assert {row["attributes"]["collection_type"] for row in caller.data("collections")} == {"collection"}
    rows = gti.data("collections?limit=40")
    assert len(rows) > len(caller.data("collections"))
    for row in rows:
        assert gti.data(f"collections/{row['id']}")["attributes"] == row["attributes"]
        is_plain = row["attributes"]["collection_type"] == "collection"
        assert caller.get(f"collections/{row['id']}").status_code == (200 if is_plain else 403)
    (only,) = gti.data("collections?filter=collection_type:vulnerability")
    assert only["id"] == "vulnerability--cve-2099-0001"
    assert [row["id"] for row in gti.data(f"collections/{rows[0]['id']}/domains")] == ["malicious.example"]
    assert caller.get(f"collections/{rows[0]['id']}/domains").status_code == 403
    assert gti.get(f"collections/{rows[0]['id']}/cousins").status_code == 404
    assert gti.get("collections/nothing").status_code == 404


def test_threat_lists_have_a_form_of_their_own(caller: Caller, gti: Caller) -> None:
    names = [row["id"] for row in gti.data("threat_lists")]
    for name in names:
        answer = gti.get(f"threat_lists/{name}/latest").json()
        assert set(answer) == {"iocs"}
        row = answer["iocs"][0]["data"]
        assert row["attributes"]["positives"] == row["attributes"]["last_analysis_stats"]["malicious"] > 0
        assert 0 not in row["attributes"]["last_analysis_stats"].values()
        assert row["context_attributes"] == {"threat_list_id": name}
        assert "contributing_factors" not in row["attributes"]["gti_assessment"]
    assert gti.get(f"threat_lists/{names[0]}/2025100911").json() == gti.get(f"threat_lists/{names[0]}/latest").json()
    assert gti.get("threat_lists/nothing/latest").status_code == 404
    assert gti.get(f"threat_lists/{names[0]}/yesterday").status_code == 400
    assert error_of(caller.get("threat_lists"))[:2] == (403, "ForbiddenError")
