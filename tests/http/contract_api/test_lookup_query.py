"""`GET /v1/lookup`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.http.serving import serving
from vt_connectors.adapters.http.contract_api.lookup_query import NAMES, document_of
from vt_connectors.contract.documents import read_request
from vt_connectors.errors import InvalidRequest


def test_a_query_is_the_same_lookup_as_its_document(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        first = server.call("GET", "/v1/lookup?value=https%3A%2F%2Fexample.com%2Fa%3Fb%3D1%26c").json()
        second = server.run({"action": "lookup", "params": {"value": "https://example.com/a?b=1&c"}})
    assert first["data"]["indicator"] == "https://example.com/a?b=1&c"
    assert (first["meta"]["source"], second["meta"]["source"]) == ("api", "cache")


def test_a_query_has_all_options_and_times_are_written_as_everywhere() -> None:
    query = {
        "value": "8.8.8.8",
        "type": "ip",
        "relationships": "resolutions,subdomains",
        "cache": "refresh",
        "max_age": "7d",
        "max_wait": "500ms",
        "include": "raw, engines",
        "trusted_engines": "A,B",
        "ignored_engines": "C",
        "verdict_by": "worst",
        "malicious": "3",
        "suspicious": "1",
        "url.malicious": "2",
    }
    document = document_of(query.items())
    assert document == {
        "action": "lookup",
        "params": {"value": "8.8.8.8", "type": "ip", "relationships": ["resolutions", "subdomains"]},
        "options": {
            "cache": "refresh",
            "max_age_s": 604800.0,
            "max_wait_s": 0.5,
            "include": ["raw", "engines"],
            "trusted_engines": ["A", "B"],
            "ignored_engines": ["C"],
            "verdict_by": "worst",
            "thresholds": {"malicious": 3, "suspicious": 1, "url": {"malicious": 2}},
        },
    }
    assert read_request(document).options.max_age_s == 604800.0


def test_empty_values_count_as_absent() -> None:
    empty = {"action": "lookup", "params": {"value": "8.8.8.8"}, "options": {}}
    assert document_of([("value", "8.8.8.8"), *((name, "") for name in NAMES if name != "value")]) == empty


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ([("value", "8.8.8.8"), ("max_ages", "7d")], "did you mean 'max_age'"),
        ([("value", "8.8.8.8"), ("max_age", "soon")], "'max_age' is not a time"),
        ([("value", "8.8.8.8"), ("malicious", "many")], "'malicious' is not a whole number"),
        ([("value", "8.8.8.8"), ("value", "9.9.9.9")], "'value' is given twice"),
        ([("value", "8.8.8.8"), ("include", ",".join(map(str, range(60))))], "more than 50 values"),
    ],
)
def test_a_wrong_query_is_an_invalid_request(query: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(InvalidRequest, match="query parameter") as caught:
        document_of(query)
    assert said in caught.value.message


def test_an_unknown_name_is_told_in_one_sentence_with_the_known_ones() -> None:
    with pytest.raises(InvalidRequest) as caught:
        document_of([("value", "8.8.8.8"), ("zzzzzz", "1")])
    assert caught.value.message.startswith("query parameter 'zzzzzz' is unknown; known names: value, type, ")


def test_without_quota_the_advice_names_the_parameter_of_the_query(tmp_path: Path) -> None:
    with serving(tmp_path, quota="1/minute") as server:
        server.call("GET", "/v1/lookup?value=8.8.8.8")
        refused = server.call("GET", "/v1/lookup?value=8.8.4.4&max_wait=0s").json()
    for text in (refused["error"]["message"], refused["summary"]):
        assert text.endswith("let it wait for longer with max_wait")


def test_a_wrong_query_is_answered_with_the_response_of_the_contract(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for query, status in (({"valu": "x"}, 200), ({"valu": "x", "http_status": "1"}, 400), ({}, 200)):
            reply = server.call("GET", f"/v1/lookup?{urlencode(query)}")
            assert (reply.status_code, reply.json()["error"]["code"]) == (status, "invalid_request")
