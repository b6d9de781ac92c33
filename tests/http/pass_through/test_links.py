"""Which links of VirusTotal's responses are changed, and to which address."""

from __future__ import annotations

import io
from typing import Any

import pytest

from vt_connectors.adapters.http.messages import Call
from vt_connectors.adapters.http.pass_through.links import own_base, with_own_links

BASE = "http://own.example:8300"
THERE = "https://www.virustotal.com/api/v3/files/a"
HERE = f"{BASE}/api/v3/files/a"


def call(**headers: str) -> Call:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Call("GET", "/api/v3/files/a", "", {"host": "own.example:8300", **named}, io.BytesIO(), 0, "1")


def test_the_base_is_what_the_client_used_and_a_proxys_word_counts_only_behind_one() -> None:
    forwarded = call(x_forwarded_proto="https")
    assert own_base(forwarded, is_behind_proxy=False) == BASE
    assert own_base(forwarded, is_behind_proxy=True) == "https://own.example:8300"
    assert own_base(call(x_forwarded_proto="javascript"), is_behind_proxy=True) == BASE


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"links": {"next": THERE, "other": THERE}}, {"links": {"next": HERE, "other": THERE}}),
        ({"data": {"links": {"self": THERE}}}, {"data": {"links": {"self": HERE}}}),
        ({"data": [{"links": {"self": THERE}}, "text", None]}, {"data": [{"links": {"self": HERE}}, "text", None]}),
        (
            {"data": {"relationships": {"a": {"links": {"related": THERE}, "data": [{"links": {"self": THERE}}]}}}},
            {"data": {"relationships": {"a": {"links": {"related": HERE}, "data": [{"links": {"self": HERE}}]}}}},
        ),
        (
            {"data": {"relationships": {"a": {"data": {"links": {"self": THERE}}}}}},
            {"data": {"relationships": {"a": {"data": {"links": {"self": HERE}}}}}},
        ),
        ({"data": {"attributes": {"links": {"self": THERE}}}}, {"data": {"attributes": {"links": {"self": THERE}}}}),
        ({"links": {"self": "https://www.virustotal.com/ui/a", "next": 5}}, None),
        ({"links": {"self": "https://[broken/api/v3/a"}, "data": "text"}, None),
        ({"links": [THERE], "data": 5}, None),
        ([THERE], None),
    ],
)
def test_only_links_of_the_api_in_their_places_are_changed(document: Any, expected: Any) -> None:
    assert with_own_links(document, BASE) == (document if expected is None else expected)
