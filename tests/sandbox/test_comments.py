"""Comments and passive DNS: posting and paging."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from vt_connectors.sandbox import SandboxServer

from .calling import EICAR_MD5, EICAR_SHA256, NOON, Caller, base64_id, error_of

URL = "https://www.example.com/"
URL_ID = hashlib.sha256(URL.encode()).hexdigest()


def pages(caller: Caller, path: str, limit: int) -> list[Any]:
    """The pages of a collection, by the cursors in their meta."""
    found = [caller.get(path, params={"limit": limit}).json()]
    while found[-1]["meta"].get("cursor"):
        query = {"limit": str(limit), "cursor": found[-1]["meta"]["cursor"]}
        found.append(caller.get(path, params=query).json())
    return [page["data"] for page in found]


@pytest.mark.parametrize(
    ("collection", "ident", "prefix"),
    [
        ("files", EICAR_MD5, f"f-{EICAR_SHA256}-"),
        ("urls", URL_ID, f"u-{URL_ID}-"),
        ("domains", "example.com", "d-example.com-"),
        ("ip_addresses", "8.8.8.8", "i-8.8.8.8-"),
    ],
)
def test_comment_is_posted_and_read_back(caller: Caller, collection: str, ident: str, prefix: str) -> None:
    posted = caller.comment(collection, ident, "Seen <here> #Botnet x#y #c2").json()["data"]
    assert posted["id"].startswith(prefix)
    assert posted["attributes"]["date"] == int(NOON)
    assert posted["attributes"]["html"] == "Seen &lt;here&gt; #Botnet x#y #c2"
    assert posted["attributes"]["tags"] == ["botnet", "c2"]
    assert caller.data(f"{collection}/{ident}/comments")[0] == posted


def test_url_cannot_be_commented_on_by_its_base64_id(caller: Caller) -> None:
    ident = base64_id(URL)
    assert caller.data(f"urls/{ident}/comments") == []
    error = error_of(caller.comment("urls", ident, "x"))
    assert error == (404, "NotFoundError", f'Item "{ident}" type "URL" not found')


@pytest.mark.parametrize(
    ("collection", "ident"), [("files", "0" * 64), ("urls", "a" * 64), ("domains", "unknown.example")]
)
def test_unknown_objects_have_no_comments(caller: Caller, collection: str, ident: str) -> None:
    assert error_of(caller.comment(collection, ident, "x"))[:2] == (404, "NotFoundError")
    assert error_of(caller.get(f"{collection}/{ident}/comments"))[:2] == (404, "NotFoundError")


def test_same_text_by_the_same_key_is_a_conflict(caller: Caller, sandbox: SandboxServer) -> None:
    assert caller.comment("domains", "example.com", "x").status_code == 200
    assert error_of(caller.comment("domains", "example.com", "x"))[:2] == (409, "AlreadyExistsError")
    assert caller.comment("domains", "www.example.com", "x").status_code == 200
    assert Caller(sandbox.url, "other").comment("domains", "example.com", "x").status_code == 200
    ids = [row["id"] for row in caller.data("domains/example.com/comments")]
    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"text": "x"}',
        b'{"data": {"type": "vote", "attributes": {"text": "x"}}}',
        b'{"data": {"type": "comment", "attributes": {"text": " "}}}',
        b'{"data": {"type": "comment", "attributes": {"text": 5}}}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_malformed_comment_is_a_bad_request(caller: Caller, body: bytes) -> None:
    assert error_of(caller.post("domains/example.com/comments", data=body))[:2] == (400, "BadRequestError")


def test_comments_page_newest_first_and_without_gaps(caller: Caller) -> None:
    for number in range(7):
        caller.comment("domains", "example.com", f"comment {number}")
    found = pages(caller, "domains/example.com/comments", 3)
    assert [len(part) for part in found] == [3, 3, 1]
    texts = [row["attributes"]["text"] for part in found for row in part]
    assert texts == [f"comment {number}" for number in range(6, -1, -1)]


def test_comment_posted_between_two_pages_does_not_shift_rows(caller: Caller) -> None:
    for number in range(4):
        caller.comment("domains", "example.com", f"comment {number}")
    first = caller.get("domains/example.com/comments?limit=2").json()
    caller.comment("domains", "example.com", "meanwhile")
    second = caller.session.get(first["links"]["next"], timeout=60).json()
    assert [row["attributes"]["text"] for row in second["data"]] == ["comment 1", "comment 0"]
    assert "next" not in second["links"]


def test_empty_collection_has_an_empty_cursor(caller: Caller) -> None:
    answer = caller.get("domains/example.com/comments").json()
    assert (answer["data"], answer["meta"]) == ([], {"count": 0, "cursor": ""})


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=ten", "cursor=%21", "cursor=bm9uZQ=="])
def test_invalid_limit_and_cursor_are_refused(caller: Caller, query: str) -> None:
    assert caller.get(f"domains/example.com/comments?{query}").status_code == 400


def test_pages_have_ten_rows_unless_asked_and_more_than_forty_are_refused(caller: Caller) -> None:
    for number in range(45):
        caller.comment("domains", "example.com", str(number))
    assert len(caller.data("domains/example.com/comments")) == 10
    assert len(caller.data("domains/example.com/comments?limit=40")) == 40
    assert error_of(caller.get("domains/example.com/comments?limit=41"))[:2] == (400, "BadRequestError")


@pytest.mark.parametrize("path", ["domains/malicious.example", "ip_addresses/203.0.113.66", "domains/example.com"])
def test_resolutions_come_newest_first_over_all_pages(caller: Caller, path: str) -> None:
    rows = [row for part in pages(caller, f"{path}/resolutions", 4) for row in part]
    dates = [row["attributes"]["date"] for row in rows]
    assert dates == sorted(dates, reverse=True)
    assert len({row["id"] for row in rows}) == len(rows) > 0
    first = rows[0]["attributes"]
    assert rows[0]["id"] == first["ip_address"] + first["host_name"]
    assert set(first["host_name_last_analysis_stats"]) == set(first["ip_address_last_analysis_stats"])


def test_resolutions_agree_from_both_sides(caller: Caller) -> None:
    of_domain = caller.data("domains/malicious.example/resolutions?limit=40")
    of_address = caller.data("ip_addresses/203.0.113.66/resolutions?limit=40")
    shared = "203.0.113.66malicious.example"
    assert shared in {row["id"] for row in of_domain} & {row["id"] for row in of_address}


def test_stats_in_resolutions_are_those_of_the_reports(caller: Caller) -> None:
    row = caller.data("domains/malicious.example/resolutions")[0]["attributes"]
    stats = caller.data("domains/malicious.example")["attributes"]["last_analysis_stats"]
    assert row["host_name_last_analysis_stats"] == stats


def test_resolutions_of_an_unknown_domain_are_not_found(caller: Caller) -> None:
    assert error_of(caller.get("domains/unknown.example/resolutions"))[:2] == (404, "NotFoundError")
